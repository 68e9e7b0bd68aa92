// Seq2seq learns to turn sequences around, by an encoder, a decoder and
// attention.
package main

import (
	"fmt"
	"log"

	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

type Seq2Seq struct {
	EmbedIn, EmbedOut nn.Embedding
	Encoder, Decoder  nn.LSTM
	Attend            nn.Attention
	Head              nn.Linear
}

func New(vocab, dim int) *Seq2Seq {
	return &Seq2Seq{
		EmbedIn:  nn.Embedding{Count: vocab, Dim: dim},
		EmbedOut: nn.Embedding{Count: vocab, Dim: dim},
		Encoder:  nn.LSTM{Hidden: dim}, Decoder: nn.LSTM{Hidden: dim},
		Attend: nn.Attention{Heads: 1, Dim: dim},
		Head:   nn.Linear{Out: vocab},
	}
}

func (m *Seq2Seq) Encode(p *nn.Pass, src tensor.Tensor) (tensor.Tensor, nn.Memory) {
	return m.Encoder.Run(p, p.Apply(src, &m.EmbedIn), nn.Memory{})
}

func (m *Seq2Seq) Decode(p *nn.Pass, enc, dst tensor.Tensor, mem nn.Memory) (logits, look tensor.Tensor, next nn.Memory) {
	h, next := m.Decoder.Run(p, p.Apply(dst, &m.EmbedOut), mem)
	c, look := m.Attend.Attend(p, h, enc, tensor.Tensor{})
	return p.Apply(tensor.Concat(-1, h, c), &m.Head), look, next
}

const vocab, start = 40, 1

// batch draws n sequences of length t: turned around is what is wanted, and
// what the decoder is given is that, one place late.
func batch(r *tensor.Rand, n, t int) (src, in, want tensor.Tensor) {
	ids := make([]int32, n*t)
	for i := range ids {
		ids[i] = int32(2 + r.IntN(vocab-2))
	}
	src = tensor.Of(ids, n, t)
	want = src.Flip(1)
	first := tensor.Zeros(n, 1).Shift(start).To(tensor.Int32)
	return src, tensor.Concat(1, first, want.Slice(1, 0, t-1)), want
}

func main() {
	m := New(vocab, 64)
	net, err := nn.Build(m, nn.Trace(func(p *nn.Pass) {
		ids := tensor.Ints(0, 0, 0, 0).Reshape(2, 2)
		enc, mem := m.Encode(p, ids)
		m.Decode(p, enc, ids, mem)
	}))
	if err != nil {
		log.Fatal(err)
	}
	l, err := learn(net, m, 1000, 8)
	if err != nil {
		log.Fatal(err)
	}
	src, _, want := batch(tensor.NewRand(2), 1, 8)
	out, err := translate(net, m, src)
	fmt.Println("loss", l, "want", tensor.Data[int32](want), "got", out, err)
}

// learn returns the last step's loss.
func learn(net *nn.Net, m *Seq2Seq, steps, length int) (l float64, err error) {
	u := train.NewUpdater(net, optim.Adam{LR: 3e-3})
	r := tensor.NewRand(1)
	for range steps {
		src, in, want := batch(r, 32, length)
		l, err = u.Step(func(p *nn.Pass) tensor.Tensor {
			enc, mem := m.Encode(p, src)
			logits, _, _ := m.Decode(p, enc, in, mem)
			return loss.CrossEntropy(logits.Reshape(-1, vocab), want.Reshape(-1))
		})
		if err != nil {
			return 0, err
		}
	}
	return l, nil
}

// translate decodes one sequence, each time by the likeliest next.
func translate(net *nn.Net, m *Seq2Seq, src tensor.Tensor) (out []int32, err error) {
	err = net.Do(func(p *nn.Pass) error { // within one pass: nothing to keep
		enc, mem := m.Encode(p, src)
		last := tensor.Ints(start).Reshape(1, 1)
		for range src.Dim(1) {
			var logits tensor.Tensor
			logits, _, mem = m.Decode(p, enc, last, mem)
			last = logits.ArgMax(-1)
			out = append(out, tensor.Data[int32](last)...)
		}
		return nil
	})
	return out, err
}
