package main

import (
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

func TestBatch(t *testing.T) {
	src, in, want := batch(tensor.NewRand(1), 2, 3)
	s, i, w := tensor.Data[int32](src), tensor.Data[int32](in), tensor.Data[int32](want)
	if !slices.Equal(w, []int32{s[2], s[1], s[0], s[5], s[4], s[3]}) {
		t.Errorf("of %v is wanted %v", s, w)
	}
	if !slices.Equal(i, []int32{start, w[0], w[1], start, w[3], w[4]}) {
		t.Errorf("of %v the decoder is given %v", w, i)
	}
}

// Sequences of two out of a few are learned at once.
func TestItLearnsToTurnAround(t *testing.T) {
	m := New(vocab, 32)
	net, err := nn.Build(m, nn.Trace(func(p *nn.Pass) {
		ids := tensor.Ints(0, 0, 0, 0).Reshape(2, 2)
		enc, mem := m.Encode(p, ids)
		m.Decode(p, enc, ids, mem)
	}), nn.Seed(1))
	if err != nil {
		t.Fatal(err)
	}
	first, err := learn(net, m, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	last, err := learn(net, m, 250, 2)
	if err != nil || last > first/4 {
		t.Errorf("the loss went from %g to %g, error %v", first, last, err)
	}
	out, err := translate(net, m, tensor.Ints(7, 9).Reshape(1, 2))
	if err != nil || len(out) != 2 {
		t.Errorf("got %v, error %v", out, err)
	}
}
