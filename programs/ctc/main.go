// Ctc learns to write down what it hears, from pairs of spectrogram and text
// that nobody has aligned: strings of tones here, speech is the same.
package main

import (
	"context"
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

// The tones are labels 1 to tones; 0 is CTC's blank.
const (
	tones = 6
	bands = 16
)

// Heard is strings of tones: each lasts a while, with noise and silence around.
type Heard struct {
	N    int
	Seed uint64
}

// Len returns the number of recordings.
func (h Heard) Len() int { return h.N }

// At returns recording i, a spectrogram [T, bands, 1], and its text.
func (h Heard) At(i int) (data.Example, error) {
	r := tensor.NewRand(h.Seed + uint64(i)*7919)
	var sound []float32
	frames := func(n, tone int) {
		for range n {
			for b := range bands {
				v := r.Float64() * .5
				if tone > 0 && (b == 2*tone || b == 2*tone+1) {
					v++
				}
				sound = append(sound, float32(v))
			}
		}
	}
	var text []int
	frames(1+r.IntN(5), 0)
	for range 1 + r.IntN(6) {
		tone := 1 + r.IntN(tones)
		text = append(text, tone)
		frames(4+r.IntN(6), tone)
		frames(2+r.IntN(4), 0)
	}
	return data.Example{X: tensor.Of(sound, len(sound)/bands, bands, 1), More: map[string]tensor.Tensor{"text": tensor.Ints(text...)}}, nil
}

// Speech is a convolution that halves time, a GRU both ways, and a label at
// each step that is left.
type Speech struct {
	Conv nn.Conv2D
	RNN  nn.GRU
	Head nn.Linear
}

// Run takes spectrograms (N,T,F,1), of which each has a length, to logits
// (N,T/2,C) and their lengths.
func (m *Speech) Run(p *nn.Pass, x, lens tensor.Tensor) (logits, steps tensor.Tensor) {
	h := p.Apply(x, &m.Conv)
	steps = lens.Shift(1).Scale(.5) // integers: rounded down
	y, _ := m.RNN.Run(p, h.Reshape(h.Dim(0), h.Dim(1), -1), nn.Memory{}, steps)
	return p.Apply(y, &m.Head), steps
}

// read returns the greedy reading of each example: repeats and blanks go.
func read(logits, steps tensor.Tensor) [][]int32 {
	best, lens := tensor.Data[int32](logits.ArgMax(-1)), tensor.Data[int32](steps)
	texts := make([][]int32, len(lens))
	for i := range texts {
		last := int32(0)
		for _, l := range best[i*logits.Dim(1):][:lens[i]] {
			if l != last && l != 0 {
				texts[i] = append(texts[i], l)
			}
			last = l
		}
	}
	return texts
}

func learn(ctx context.Context, set data.Dataset, epochs int, o ...train.Observer) (*nn.Net, *Speech, error) {
	m := &Speech{
		Conv: nn.Conv2D{Out: 8, Kernel: 3, Stride: 2, Pad: nn.Same, Act: nn.ReLU},
		RNN:  nn.GRU{Hidden: 24, Bidirectional: true},
		Head: nn.Linear{Out: 1 + tones},
	}
	net, err := nn.Build(m, nn.Seed(1), nn.Trace(func(p *nn.Pass) {
		m.Run(p, tensor.Zeros(2, 40, bands, 1), tensor.Ints(40, 30))
	}))
	if err != nil {
		return nil, nil, err
	}
	_, err = train.Fit(ctx, net, train.Config{
		Data: set, Batch: 16, Epochs: epochs, Clip: 5, Optimizer: optim.Adam{LR: 5e-3}, Observers: o,
		Collate: data.PadBatch, // adds "x.len" and "text.len"
		Objective: func(p *nn.Pass, _ *nn.Net, b data.Batch) tensor.Tensor {
			logits, steps := m.Run(p, b.X, b.More["x.len"])
			return loss.CTC(logits, steps, b.More["text"], b.More["text.len"])
		},
	})
	return net, m, err
}

// listen returns how many recordings of the set are read without a mistake.
func listen(net *nn.Net, m *Speech, set data.Dataset) (right int, err error) {
	for i := range set.Len() {
		e, err := set.At(i)
		if err != nil {
			return 0, err
		}
		err = net.Do(func(p *nn.Pass) error {
			got := read(m.Run(p, e.X.Unsqueeze(0), tensor.Ints(e.X.Dim(0))))
			if fmt.Sprint(got[0]) == fmt.Sprint(tensor.Data[int32](e.More["text"])) {
				right++
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return right, nil
}

func main() {
	net, m, err := learn(context.Background(), Heard{N: 800, Seed: 1}, 12, train.Progress(os.Stderr))
	if err != nil {
		log.Fatal(err)
	}
	right, err := listen(net, m, Heard{N: 200, Seed: 1 << 40})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d of 200 new recordings are read without a mistake\n", right)
}
