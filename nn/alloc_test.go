package nn

import (
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// stepOf returns a whole training pass of n on x, without an optimiser.
func stepOf(n *Net, x T) func() {
	p := steps.NewPass(n)
	grads := make([]T, len(n.params))
	at := 0
	return func() {
		steps.ResetStates(n)
		steps.Begin(p, 1, at, 0, nil, nil)
		at++
		y := n.Forward(p, x).Square().Mean()
		engine.Backward(steps.Scope(p), y, steps.Leaves(p), grads, nil)
		steps.GatherStates(p)
		steps.End(p)
		steps.CommitStates(n)
	}
}

var steady = map[string]struct {
	model Layer
	x     T
}{
	"MLP": {&Sequential{&Linear{Out: 16, Act: Tanh}, &Dropout{Rate: .3}, &Linear{Out: 16, Act: GELU}, &LayerNorm{}, &Linear{Out: 1}}, normal(1, 32, 2)},
	"CNN": {&Sequential{&Conv2D{Out: 4, Kernel: 3, Pad: Same, NoBias: true}, &BatchNorm{Act: ReLU}, &MaxPool2D{Size: 2},
		&Conv2D{Out: 8, Kernel: 3, Act: LeakyReLU(.1)}, SiLU, &AvgPool2D{Size: 2}, &Dropout{Rate: .25}, &Flatten{}, &Linear{Out: 3}}, normal(1, 4, 12, 12, 1)},
	"LSTM":   {&Sequential{&LSTM{Hidden: 8, Layers: 2, Bidirectional: true}, &GRU{Hidden: 4, WeightDrop: .3}, &Linear{Out: 2}}, normal(1, 3, 7, 4)},
	"blocks": {&Sequential{&Conv1D{Out: 8, Kernel: 3, Causal: true}, &Positions{Learned: true}, &EncoderBlock{Heads: 2, Causal: true, Dropout: .1, NormFirst: true}, &GlobalAvgPool{}}, normal(1, 3, 7, 4)},
	"pooled": {&Sequential{&Conv2D{Out: 4, Kernel: 3}, &GlobalAvgPool{}, &Reshape{To: []int{2, 2}}, &Flatten{}, &Linear{Out: 2, Act: Softmax}}, normal(1, 4, 8, 8, 2)},
}

func TestASteadyStepAllocatesNothing(t *testing.T) {
	for name, c := range steady {
		run := stepOf(build(t, c.model, Input(c.x.Shape()[1:]...)), c.x)
		for range 3 {
			run()
		}
		if n := testing.AllocsPerRun(20, run); n != 0 {
			t.Errorf("%s: %g allocations a step", name, n)
		}
	}
}

func TestASteadyForwardAllocatesNothing(t *testing.T) {
	for name, c := range steady {
		n := build(t, c.model, Input(c.x.Shape()[1:]...))
		p := newPass(n)
		run := func() {
			p.start(nil)
			n.Forward(p, c.x)
			p.end()
		}
		run()
		if n := testing.AllocsPerRun(20, run); n != 0 {
			t.Errorf("%s: %g allocations a pass", name, n)
		}
	}
}

// BenchmarkStep is forward and backward, without an optimiser.
func BenchmarkStep(b *testing.B) {
	n := build(b, &Sequential{&Linear{Out: 16, Act: Tanh}, &Linear{Out: 16, Act: Tanh}, &Linear{Out: 1}}, Input(2))
	run := stepOf(n, normal(1, 32, 2))
	b.ReportAllocs()
	for b.Loop() {
		run()
	}
}

// BenchmarkChain shows what a layer costs beyond its work.
func BenchmarkChain(b *testing.B) {
	const layers = 20
	var q Sequential
	for range layers {
		q = append(q, Func(func(_ *Pass, x tensor.Tensor) tensor.Tensor { return x }))
	}
	n := build(b, &q, Input(2))
	p := newPass(n)
	x := normal(1, 1, 2)
	for b.Loop() {
		p.start(nil)
		n.Forward(p, x)
		p.end()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*layers), "ns/layer")
}
