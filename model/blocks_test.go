package model

import (
	"math"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// noisy runs a layer on x as in training, with a seed of its own.
func noisy(t *testing.T, l nn.Layer, x T, seed uint64) T {
	t.Helper()
	net := build(t, l, nn.Input(x.Shape()[1:]...))
	y, err := net.Predict(x, nn.Training, nn.Noise(seed))
	if err != nil {
		t.Fatal(err)
	}
	return y
}

func TestStochasticDepth(t *testing.T) {
	const n, rate = 4000, .3
	x := tensor.Full(2, n, 1, 3, 2)
	y := noisy(t, &StochasticDepth{Rate: rate}, x, 1)
	v, gone := tensor.View[float32](y), 0
	for i := range n {
		row := v[6*i : 6*i+6]
		for _, e := range row {
			if e != row[0] || e != 0 && math.Abs(float64(e)-2/(1-rate)) > 1e-6 {
				t.Fatalf("example %d is %v; want all 0, or all %g", i, row, 2/(1-rate))
			}
		}
		if row[0] == 0 {
			gone++
		}
	}
	if share := float64(gone) / n; math.Abs(share-rate) > 4*math.Sqrt(rate*(1-rate)/n) {
		t.Errorf("%g of the examples are gone, want %g", share, rate)
	}
	if d := noisy(t, &StochasticDepth{Rate: rate}, x, 1).Sub(y).Abs().Sum().Item(); d != 0 {
		t.Error("the same noise gives another result")
	}
	if flat := noisy(t, &StochasticDepth{Rate: rate}, x.Reshape(n, 6), 1); !slices.Equal(tensor.View[float32](flat), v) {
		t.Error("rows of numbers are treated otherwise than pictures")
	}
	if noisy(t, &StochasticDepth{Rate: rate}, x, 2).Sub(y).Abs().Sum().Item() == 0 {
		t.Error("other noise gives the same result")
	}
}

func TestDropBlock(t *testing.T) {
	const size = 3
	x := tensor.Full(1, 40, 20, 17, 4)
	y := noisy(t, &DropBlock{Rate: .1, Size: size}, x, 5)
	v := tensor.View[float32](y)
	at := func(n, y, x, c int) bool { return v[((n*20+y)*17+x)*4+c] == 0 }
	gone, sum := 0, 0.
	for i, e := range v {
		sum += float64(e)
		if e != 0 {
			continue
		}
		gone++
		n, c := i/(20*17*4), i%4
		if !inSquare(at, n, i/4/17%20, i/4%17, c, 20, 17, size) {
			t.Fatalf("place %d is gone alone", i)
		}
	}
	if share := float64(gone) / float64(len(v)); share < .08 || share > .1 { // overlaps make it less
		t.Errorf("%g of the places are gone, want nearly 0.1", share)
	}
	if math.Abs(sum/float64(len(v))-1) > 1e-4 {
		t.Errorf("the mean is %g, want 1", sum/float64(len(v)))
	}
}

// inSquare tells whether (y, x) lies in a square that is gone as a whole.
func inSquare(gone func(n, y, x, c int) bool, n, y, x, c, h, w, size int) bool {
	for y0 := max(y-size+1, 0); y0 <= min(y, h-size); y0++ {
		for x0 := max(x-size+1, 0); x0 <= min(x, w-size); x0++ {
			all := true
			for k := range size * size {
				all = all && gone(n, y0+k/size, x0+k%size, c)
			}
			if all {
				return true
			}
		}
	}
	return false
}

func TestDropBlockOfWholePictures(t *testing.T) {
	y := noisy(t, &DropBlock{Rate: .5}, tensor.Full(1, 200, 2, 2, 1), 3) // 7×7 is more than there is
	for i, v := range tensor.View[float32](y) {
		if w := tensor.View[float32](y)[i/4*4]; v != w {
			t.Fatalf("picture %d is gone in part", i/4)
		}
	}
}

func TestNoNoiseInInference(t *testing.T) {
	x := tensor.NewRand(1).Normal(0, 1, 3, 8, 8, 2)
	for _, l := range []nn.Layer{&StochasticDepth{Rate: .5}, &DropBlock{Rate: .5, Size: 3}, &StochasticDepth{}, &DropBlock{}} {
		net := build(t, l, nn.Input(8, 8, 2))
		if y, err := net.Predict(x); err != nil || y.Sub(x).Abs().Sum().Item() != 0 {
			t.Errorf("%T changes its input in inference; error %v", l, err)
		}
	}
}

func TestUpsample(t *testing.T) {
	x := tensor.Of([]float32{0, 1, 2, 3}, 1, 2, 2, 1)
	near, err := build(t, &Upsample{Nearest: true}, nn.Input(2, 2, 1)).Predict(x)
	if err != nil || near.At(0, 1, 1, 0) != 0 || near.At(0, 2, 1, 0) != 2 || near.Dim(1) != 4 {
		t.Errorf("nearest: %v, %v", near, err)
	}
	wide, err := build(t, &Upsample{Factor: 3}, nn.Input(2, 2, 1)).Predict(x)
	if err != nil || wide.Dim(2) != 6 || wide.At(0, 0, 0, 0) != 0 || math.Abs(wide.Mean().Item()-1.5) > 1e-6 {
		t.Errorf("bilinear: %v, %v", wide, err)
	}
}

func TestReLU6(t *testing.T) {
	y, err := build(t, ReLU6, nn.Input(3)).Predict(tensor.Of([]float32{-1, 2, 9}, 1, 3))
	if err != nil || y.At(0, 0) != 0 || y.At(0, 1) != 2 || y.At(0, 2) != 6 {
		t.Errorf("got %v, %v", y, err)
	}
}

// Gradients of what these layers compute, to second order, against central
// differences along one direction.
func TestBlockGradients(t *testing.T) {
	x := tensor.NewRand(3).Normal(0, 1, 2, 3, 4, 3).To(tensor.Float64)
	r := tensor.NewRand(4).Normal(0, 1, 2, 3, 4, 3).To(tensor.Float64)
	for _, l := range []nn.Layer{
		&SqueezeExcite{Ratio: 2}, &Upsample{}, ReLU6, &StochasticDepth{Rate: .4}, &DropBlock{Rate: .2, Size: 2},
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
