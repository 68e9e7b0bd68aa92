package model

import (
	"math"
	"testing"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

func TestReLU6(t *testing.T) {
	y, err := build(t, ReLU6, nn.Input(3)).Predict(tensor.Of([]float32{-1, 2, 9}, 1, 3))
	if err != nil || y.At(0, 0) != 0 || y.At(0, 1) != 2 || y.At(0, 2) != 6 {
		t.Errorf("got %v, %v", y, err)
	}
}

// Gradients of blocks, to second order, against central
// differences along one direction.
func TestBlockGradients(t *testing.T) {
	x := tensor.NewRand(3).Normal(0, 1, 2, 3, 4, 3).To(tensor.Float64)
	r := tensor.NewRand(4).Normal(0, 1, 2, 3, 4, 3).To(tensor.Float64)
	for _, l := range []nn.Layer{
		ReLU6,
		block{in: 3, out: 3, stride: 1, se: 2, drop: .2}.layer(), block{in: 3, out: 4, stride: 2, small: true}.layer(),
	} {
		net := build(t, l, nn.Input(3, 4, 3), nn.Float64)
		const h = 1e-6
		_, first, second := slopes(t, net, x, r)
		up, upFirst, _ := slopes(t, net, x.Add(r.Scale(h)), r)
		down, downFirst, _ := slopes(t, net, x.Sub(r.Scale(h)), r)
		if want := (up - down) / (2 * h); math.Abs(first-want) > 1e-5*max(1, math.Abs(want)) {
			t.Errorf("%T: slope %g, differences give %g", l, first, want)
		}
		if want := (upFirst - downFirst) / (2 * h); math.Abs(second-want) > 1e-4*max(1, math.Abs(want)) {
			t.Errorf("%T: bend %g, differences give %g", l, second, want)
		}
	}
}

// slopes returns the sum of the squared result, its slope along r, and the
// slope of that.
func slopes(t *testing.T, net *nn.Net, at, r T) (value, first, second float64) {
	t.Helper()
	err := net.Do(func(p *nn.Pass) error {
		x := p.Track(at)
		y := net.Forward(p, x).Square().Sum()
		along := tensor.Grad(y, x)[0].Mul(r).Sum()
		value, first = y.Item(), along.Item()
		second = tensor.Grad(along, x)[0].Mul(r).Sum().Item()
		return nil
	}, nn.Training, nn.Noise(7))
	if err != nil {
		t.Fatal(err)
	}
	return value, first, second
}

func (b block) layer() nn.Layer {
	l, _ := b.make(false)
	return l
}
