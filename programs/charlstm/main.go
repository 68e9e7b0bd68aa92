// Charlstm learns to write like a text, character by character, and carries
// its memory from window to window.
package main

import (
	"fmt"
	"log"
	"os"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

type CharLM struct {
	Embed nn.Embedding
	RNN   nn.LSTM
	Head  nn.Linear
}

func (m *CharLM) Run(p *nn.Pass, ids tensor.Tensor, mem nn.Memory) (tensor.Tensor, nn.Memory) {
	h, mem := m.RNN.Run(p, m.Embed.Forward(p, ids), mem)
	n, t := ids.Dim(0), ids.Dim(1)
	return p.Apply(h.Reshape(n*t, -1), &m.Head).Reshape(n, t, -1), mem
}

func main() {
	if err := run(20); err != nil {
		log.Fatal(err)
	}
}

func run(epochs int) error {
	f, err := os.Open("tiny.txt")
	if err != nil {
		return err
	}
	defer f.Close()
	text, ids, err := data.NewText(f)
	if err != nil {
		return err
	}
	v := len(text.Vocab)
	m := &CharLM{
		Embed: nn.Embedding{Count: v, Dim: 64},
		RNN:   nn.LSTM{Hidden: 256},
		Head:  nn.Linear{Out: v},
	}
	net, err := nn.Build(m, nn.Trace(func(p *nn.Pass) {
		m.Run(p, tensor.Ints(0, 0).Reshape(1, 2), nn.Memory{})
	}))
	if err != nil {
		return err
	}
	u := train.NewUpdater(net, optim.Adam{LR: 2e-3})
	u.Clip = 1
	for epoch := range epochs {
		var mem nn.Memory
		for _, b := range data.Windows(ids, 32, 100) {
			l, err := u.Step(func(p *nn.Pass) tensor.Tensor {
				logits, next := m.Run(p, b.X, mem)
				mem = next.Keep() // out of this pass: the gradient stops here
				return loss.CrossEntropy(logits.Reshape(-1, v), b.Y.Reshape(-1))
			})
			if err != nil {
				return err
			}
			_ = l
		}
		s, err := sample(net, m, text, "The ", 200, .8, uint64(epoch))
		if err != nil {
			return err
		}
		fmt.Println(s)
	}
	return nil
}

func sample(net *nn.Net, m *CharLM, text *data.Text, start string, n int, temp float64, seed uint64) (string, error) {
	rng := tensor.NewRand(seed)
	ids := text.Encode(start)
	out := tensor.Data[int32](ids)
	x, mem := ids.Reshape(1, -1), nn.Memory{}
	for range n {
		err := net.Do(func(p *nn.Pass) error {
			logits, next := m.Run(p, x, mem)
			mem = next.Keep()
			last := logits.Index(1, -1).Scale(1 / temp).Softmax(-1)
			out = append(out, int32(pick(rng, tensor.Data[float32](last))))
			return nil
		})
		if err != nil {
			return "", err
		}
		x = tensor.Of(out[len(out)-1:], 1, 1)
	}
	return text.Decode(out), nil
}

func pick(r *tensor.Rand, p []float32) int {
	u := r.Float64()
	for i, q := range p {
		if u -= float64(q); u < 0 {
			return i
		}
	}
	return len(p) - 1
}
