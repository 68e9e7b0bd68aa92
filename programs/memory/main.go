// Memory measures what a training step of an LSTM holds in memory by the length
// of the sequence: whole, where it grows with the steps, and recomputed in
// stretches, where it grows as their square root. It draws both.
//
// Source: Chen et al. 2016, "Training deep nets with sublinear memory cost".
package main

import (
	"fmt"
	"log"
	"math"
	"os"
	"runtime"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/recipe/report"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

const batch, features = 16, 32

func main() {
	whole, parts, err := curves([]int{100, 200, 300, 400, 500, 600, 700, 800, 900, 1000}, 128)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("steps      whole  recomputed")
	for i, steps := range whole.X {
		fmt.Printf("%5.0f %7.1f MB %7.1f MB\n", steps, whole.Y[i], parts.Y[i])
	}
	page := report.Page{Title: "Memory of an LSTM's training step", Lead: "By the length of the sequence, whole and recomputed in stretches of its square root.",
		Sections: []report.Section{{Title: "Measured", Body: []report.Figure{report.Lines(report.Chart{Title: "memory", X: "steps", Y: "MB"}, whole, parts)}}}}
	f, err := os.Create("memory.html")
	if err != nil {
		log.Fatal(err)
	}
	if err := page.Write(f); err != nil {
		log.Fatal(err)
	}
	if err := f.Close(); err != nil {
		log.Fatal(err)
	}
}

// curves measures both ways for sequences of some lengths, in megabytes.
func curves(lengths []int, hidden int) (whole, parts report.Line, err error) {
	whole, parts = report.Line{Name: "whole", Dots: true}, report.Line{Name: "recomputed", Dots: true}
	for _, steps := range lengths {
		a, err := megabytes(hidden, steps, 0)
		if err != nil {
			return whole, parts, err
		}
		b, err := megabytes(hidden, steps, int(math.Sqrt(float64(steps))))
		if err != nil {
			return whole, parts, err
		}
		whole.X, whole.Y = append(whole.X, float64(steps)), append(whole.Y, a)
		parts.X, parts.Y = append(parts.X, float64(steps)), append(parts.Y, b)
	}
	return whole, parts, nil
}

// megabytes takes a training step and returns by how much the heap has grown,
// which keeps what a step needs for the next one. Stretch is how many steps are
// run as one and forgotten until their gradient is due; 0: none are.
func megabytes(hidden, steps, stretch int) (float64, error) {
	l := &nn.LSTM{Hidden: hidden}
	net, err := nn.Build(l, nn.Input(2, features), nn.Seed(1))
	if err != nil {
		return 0, err
	}
	x := tensor.NewRand(1).Normal(0, 1, batch, steps, features)
	u := train.NewUpdater(net, optim.SGD{LR: 0.1})
	before := heap()
	_, err = u.Step(func(p *nn.Pass) tensor.Tensor { return last(p, l, x, stretch).Square().Mean() })
	grown := float64(heap()-before) / 1e6
	runtime.KeepAlive(u)
	return grown, err
}

// last returns the state after the whole sequence.
func last(p *nn.Pass, l *nn.LSTM, x tensor.Tensor, stretch int) tensor.Tensor {
	if stretch == 0 {
		_, m := l.Run(p, x, nn.Memory{})
		return m.H
	}
	state := tensor.Zeros(2, batch, l.Hidden) // h and c
	for at := 0; at < x.Dim(1); at += stretch {
		part := x.Slice(1, at, min(at+stretch, x.Dim(1)))
		state = p.Recompute(state, func(s tensor.Tensor) tensor.Tensor {
			_, m := l.Run(p, part, nn.Memory{H: s.Slice(0, 0, 1), C: s.Slice(0, 1, 2)})
			return tensor.Concat(0, m.H, m.C)
		})
	}
	return state.Slice(0, 0, 1)
}

// heap is what the Go heap holds.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
