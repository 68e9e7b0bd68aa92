package main

import (
	"math"
	"testing"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// Of four times the steps the whole takes about four times the memory,
// recomputed about twice.
func TestGrowth(t *testing.T) {
	whole, parts, err := curves([]int{225, 900}, 32)
	if err != nil {
		t.Fatal(err)
	}
	if by := whole.Y[1] / whole.Y[0]; by < 3 || by > 5 {
		t.Errorf("whole: %.1f to %.1f MB, %.2f times", whole.Y[0], whole.Y[1], by)
	}
	if by := parts.Y[1] / parts.Y[0]; by > 3 {
		t.Errorf("recomputed: %.1f to %.1f MB, %.2f times", parts.Y[0], parts.Y[1], by)
	}
	if whole.Y[1] < 3*parts.Y[1] {
		t.Errorf("of 900 steps the whole takes %.1f MB, recomputed %.1f", whole.Y[1], parts.Y[1])
	}
}

// Both ways come to the same state.
func TestSameState(t *testing.T) {
	l := &nn.LSTM{Hidden: 5}
	net, err := nn.Build(l, nn.Input(2, features), nn.Seed(1))
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.NewRand(1).Normal(0, 1, batch, 50, features)
	err = net.Do(func(p *nn.Pass) error {
		if off := last(p, l, x, 0).Sub(last(p, l, x, 7)).Abs().Max().Item(); off > 1e-6 || math.IsNaN(off) {
			t.Errorf("off by %g", off)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
