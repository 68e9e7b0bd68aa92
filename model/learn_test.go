package model

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// narrow is each architecture in small, with pictures for it.
var narrow = map[string]struct {
	make func() nn.Layer
	in   []int
	mask bool // a label for each pixel
}{
	"MLP":                {func() nn.Layer { return MLP{Widths: []int{16}, Classes: 3}.New() }, []int{8, 8, 1}, false},
	"MLP, normalised":    {func() nn.Layer { return MLP{Widths: []int{16, 16}, Classes: 3, Norm: true}.New() }, []int{8, 8, 1}, false},
	"LeNet":              {func() nn.Layer { return LeNet{Classes: 3, Pad: 2}.New() }, []int{28, 28, 1}, false},
	"VGG":                {func() nn.Layer { return VGG{Width: 4, Norm: true, Small: true, Classes: 3}.New() }, []int{32, 32, 1}, false},
	"ResNet-20":          {func() nn.Layer { return ResNet{Depth: 20, Width: 4, Classes: 3}.New() }, []int{12, 12, 3}, false},
	"ResNet-18":          {func() nn.Layer { return ResNet{Width: 4, Classes: 3, SqueezeExcite: 2}.New() }, []int{32, 32, 3}, false},
	"ResNet-50":          {func() nn.Layer { return ResNet{Depth: 50, Width: 2, Classes: 3}.New() }, []int{32, 32, 1}, false},
	"MobileNet":          {func() nn.Layer { return MobileNet{Scale: .1, Small: true, Classes: 3}.New() }, []int{12, 12, 3}, false},
	"U-Net":              {func() nn.Layer { return UNet{Width: 4, Levels: 2, Classes: 3}.New() }, []int{12, 10, 3}, true},
	"U-Net, bilinear":    {func() nn.Layer { return UNet{Width: 4, Levels: 2, Classes: 3, Bilinear: true}.New() }, []int{12, 10, 1}, true},
	"U-Net at half size": {func() nn.Layer { return UNet{Width: 4, Levels: 1, Classes: 3, Stride: 2}.New() }, []int{12, 10, 1}, true},
}

// pictures returns n pictures whose class, the same for all pixels, is how
// bright they are.
func pictures(n int, in []int, mask bool) (x, y T) {
	labels := make([]int, n)
	for i := range labels {
		labels[i] = i % 3
	}
	y = tensor.Ints(labels...)
	shape := append([]int{n}, in...)
	light := y.To(tensor.Float32).Shift(-1).Reshape(n, 1, 1, 1)
	x = tensor.NewRand(1).Normal(0, .3, shape...).Add(light.BroadcastTo(shape...))
	if mask {
		y = y.Reshape(n, 1, 1).BroadcastTo(n, in[0], in[1])
	}
	return x, y
}

// Each architecture learns, and every parameter takes part.
func TestModelsLearn(t *testing.T) {
	for name, c := range narrow {
		net := build(t, c.make(), nn.Input(c.in...), nn.Seed(2))
		x, y := pictures(12, c.in, c.mask)
		before := net.Weights()
		a := newAdam(net, .01)
		var first, last float64
		for step := range 8 {
			last = a.step(t, func(p *nn.Pass) T { return loss.CrossEntropy(net.Forward(p, x), y) })
			if step == 0 {
				first = last
			}
		}
		if !(last < .8*first) {
			t.Errorf("%s: the loss went from %g to %g", name, first, last)
		}
		for _, p := range net.Params() {
			if slices.Equal(tensor.View[float32](p.Value()), tensor.View[float32](before[p.Path()])) {
				t.Errorf("%s: %s did not move", name, p.Path())
			}
		}
	}
}

// What is saved is what is loaded; what float64 computes is what float32 does;
// first values follow from the seed alone.
func TestModelsKeepAndRepeat(t *testing.T) {
	for name, c := range narrow {
		a, b := build(t, c.make(), nn.Input(c.in...), nn.Seed(3)), build(t, c.make(), nn.Input(c.in...), nn.Seed(3))
		wide := build(t, c.make(), nn.Input(c.in...), nn.Seed(4), nn.Float64)
		x, _ := pictures(3, c.in, false)
		want := predict(t, a, x)
		if off := far(want, predict(t, b, x)); off != 0 {
			t.Errorf("%s: the same seed differs by %g", name, off)
		}
		file := filepath.Join(t.TempDir(), "w.safetensors")
		if err := a.Save(file); err != nil {
			t.Fatal(err)
		}
		if err := wide.Load(file); err != nil {
			t.Fatal(err)
		}
		got := predict(t, wide, x.To(tensor.Float64))
		if off := far(want, got); off > 1e-4 {
			t.Errorf("%s: float64 with the same weights is off by %g", name, off)
		}
		// One picture's result is its own in inference.
		if off := far(want.Slice(0, 1, 2), predict(t, a, x.Slice(0, 1, 2))); off > 1e-5 {
			t.Errorf("%s: a picture alone is off by %g", name, off)
		}
	}
}

func predict(t *testing.T, net *nn.Net, x T) T {
	t.Helper()
	y, err := net.Predict(x)
	if err != nil {
		t.Fatal(err)
	}
	return y
}

// far returns the greatest difference, as a share of the greatest value.
func far(a, b T) float64 {
	a, b = a.To(tensor.Float64), b.To(tensor.Float64)
	return a.Sub(b).Abs().Max().Item() / math.Max(1, a.Abs().Max().Item())
}

// Detections are the peaks that pooling finds: a second way to the same.
func TestPeaksAreWherePoolingFindsThem(t *testing.T) {
	d := CenterNet{Classes: 3, Score: .2, Overlap: 1}.New()
	r := tensor.NewRand(6)
	for range 20 {
		heat := r.Normal(-1, 2, 1, 9, 7, 3)
		m := Maps{Heat: heat, Size: r.Uniform(1, 4, 1, 9, 7, 2), Offset: r.Uniform(0, 1, 1, 9, 7, 2)}
		p := heat.Sigmoid()
		peak := p.Pad(1, 1, 1).Pad(2, 1, 1).MaxPool2D(3, 1).Eq(p)
		want := 0
		for y := range 9 {
			for x := range 7 {
				for c := range 3 {
					if peak.At(0, y, x, c) == 1 && p.At(0, y, x, c) >= .2 {
						want++
					}
				}
			}
		}
		found := d.Decode(m)[0]
		if len(found) != want {
			t.Errorf("%d peaks, want %d", len(found), want)
		}
		for i, f := range found {
			if i > 0 && f.Score > found[i-1].Score {
				t.Errorf("%g comes after %g", f.Score, found[i-1].Score)
			}
			x, y := int((f.X1+f.X2)/2/stride), int((f.Y1+f.Y2)/2/stride)
			if inside := f.X1 > 0 && f.Y1 > 0 && f.X2 < 28 && f.Y2 < 36; inside && math.Abs(p.At(0, y, x, f.Label)-f.Score) > 1e-6 {
				t.Errorf("%+v is centred where the map has %g", f, p.At(0, y, x, f.Label))
			}
		}
	}
}

// A hill falls evenly to all sides, ends at the map's edge, and where two meet
// the higher one counts.
func TestHills(t *testing.T) {
	f := field{heat: make([]float32, 81), h: 9, w: 9, c: 1}
	f.hill(0, 4, 4, 0, 3.5)
	for i := range 81 {
		y, x := i/9, i%9
		if f.heat[i] != f.heat[(8-y)*9+x] || f.heat[i] != f.heat[y*9+8-x] || f.heat[i] != f.heat[x*9+y] {
			t.Fatalf("place %d, %d: %g", y, x, f.heat[i])
		}
		if in := max(y-4, 4-y) <= 3 && max(x-4, 4-x) <= 3; in != (f.heat[i] > 0) {
			t.Errorf("place %d, %d is %g", y, x, f.heat[i])
		}
	}
	one := slices.Clone(f.heat)
	f.hill(0, 0, 8, 0, 6)
	if f.heat[8] != 1 || f.heat[40] != 1 {
		t.Errorf("peaks are %g and %g", f.heat[8], f.heat[40])
	}
	for i, v := range f.heat {
		if v < one[i] {
			t.Errorf("place %d fell from %g to %g", i, one[i], v)
		}
	}
	f.hill(0, 8, 0, 0, 0) // a dot
	if f.heat[72] != 1 || f.heat[73] != 0 {
		t.Errorf("a dot is %g beside %g", f.heat[72], f.heat[73])
	}
}
