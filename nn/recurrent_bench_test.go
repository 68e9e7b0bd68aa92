package nn

import (
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// charLSTM is a language model of characters: 96 of them, 64 values each, 256
// states.
type charLSTM struct {
	Words Embedding
	RNN   LSTM
	Head  Linear
}

func (m *charLSTM) Forward(p *Pass, ids T) T { return p.Apply(ids, &m.Words, &m.RNN, &m.Head) }

func charModel(t testing.TB) *Net {
	return build(t, &charLSTM{Embedding{Count: 96, Dim: 64}, LSTM{Hidden: 256}, Linear{Out: 96}}, Input(64))
}

// BenchmarkCharLSTM is a training step without its optimiser, of 32 texts of 64
// characters.
func BenchmarkCharLSTM(b *testing.B) {
	n := charModel(b)
	v := make([]int, 32*64)
	for i := range v {
		v[i] = i * i % 96
	}
	ids := tensor.Ints(v...)
	p, grads := steps.NewPass(n), make([]T, len(n.params))
	b.ReportAllocs()
	for b.Loop() {
		steps.ResetStates(n)
		steps.Begin(p, 1, 0, 0, nil, nil)
		y := n.Forward(p, ids.Reshape(32, 64))
		loss := engine.CrossEntropy(y.Reshape(32*64, 96), ids, T{}, 0)
		engine.Backward(steps.Scope(p), loss, steps.Leaves(p), grads, nil)
		steps.End(p)
	}
	flop := 3 * 32 * 64 * 2.0 * ((64+256)*1024 + 256*96)
	b.ReportMetric(flop*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

// BenchmarkGenerate is one character from the same model at a time.
func BenchmarkGenerate(b *testing.B) {
	n := charModel(b)
	m := n.root.(*charLSTM)
	id := tensor.Ints(5)
	var mem Memory
	b.ReportAllocs()
	for b.Loop() {
		do(b, n, func(p *Pass) {
			y, next := m.RNN.Run(p, p.Apply(id, &m.Words), mem)
			p.Apply(y, &m.Head)
			mem = next.Keep()
		})
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "characters/s")
}

// BenchmarkBlocks is a training step without its optimiser of two causal
// blocks, on 16 texts of 128 places.
func BenchmarkBlocks(b *testing.B) {
	block := func() Layer { return &EncoderBlock{Heads: 4, Causal: true, NormFirst: true, Act: GELU} }
	x := normal(1, 16, 128, 128)
	run := stepOf(build(b, &Sequential{block(), block()}, Input(128, 128)), x)
	b.ReportAllocs()
	for b.Loop() {
		run()
	}
}
