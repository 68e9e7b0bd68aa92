package nn

import (
	"math"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

func TestDropout(t *testing.T) {
	n := build(t, &Dropout{Rate: .25}, Input(1000))
	y := floats(must(n.Predict(tensor.Full(3, 8, 1000), Noise(1))))
	kept := 0
	for _, v := range y {
		if v != 0 {
			kept++
			if v < 3.99999 || v > 4.00001 {
				t.Fatalf("kept value %g, want 4", v)
			}
		}
	}
	if share := float64(kept) / 8000; share < .73 || share > .77 {
		t.Errorf("%.3f are kept", share)
	}
}

// perGroup counts the groups of y (of ones) that are dropped and checks that a
// group is dropped or kept as a whole; at gives element i's group.
func perGroup(t *testing.T, what string, y T, groups int, at func(i int) int) (dropped int) {
	t.Helper()
	first := make([]float64, groups)
	for i := range first {
		first[i] = math.NaN()
	}
	for i, v := range floats(y) {
		g := at(i)
		if math.IsNaN(first[g]) {
			if first[g] = v; v == 0 {
				dropped++
			}
		} else if first[g] != v {
			t.Fatalf("%s: element %d is %g, its group is %g", what, i, v, first[g])
		}
	}
	return dropped
}

func TestDroppingWholes(t *testing.T) {
	const n, places, c = 40, 6, 50
	x := tensor.Full(1, n, 2, 3, c)
	y := must(build(t, &Dropout{Rate: .25, Channels: true}, Input(2, 3, c)).Predict(x, Noise(1)))
	if d := perGroup(t, "channels", y, n*c, func(i int) int { return i/(places*c)*c + i%c }); d < 400 || d > 600 {
		t.Errorf("%d of %d channels are dropped", d, n*c)
	}
	x = tensor.Full(1, 2000, 3)
	for name, l := range map[string]Layer{"DropPath": &DropPath{Rate: .25}, "Residual": &Sequential{&Residual{Body: ReLU, Drop: .25}, Func(func(_ *Pass, x T) T { return x.Shift(-1) })}} {
		y = must(build(t, l, Input(3)).Predict(x, Noise(1)))
		if d := perGroup(t, name, y, 2000, func(i int) int { return i / 3 }); d < 430 || d > 570 {
			t.Errorf("%s: %d of 2000 examples are dropped", name, d)
		}
		if m := y.Max().Item(); math.Abs(m-4./3) > 1e-5 {
			t.Errorf("%s: what is kept becomes %g", name, m)
		}
	}
	_, err := Build(&DropPath{Rate: 1}, Input(3))
	wantErr(t, err, "Rate is 1", "nn.DropPath")
}

// TestDropBlock: what is dropped is made of whole blocks, about Rate of all,
// and the mean stays.
func TestDropBlock(t *testing.T) {
	x := tensor.Full(2, 30, 12, 12, 4)
	y := must(build(t, &DropBlock{Rate: .2, Size: 3}, Input(12, 12, 4)).Predict(x, Noise(1)))
	gone := y.Eq(y.Full(0, y.Shape()...)).To(tensor.Float32)
	if share := gone.Mean().Item(); share < .12 || share > .22 {
		t.Errorf("%.3f are dropped", share)
	}
	if m := y.Mean().Item(); math.Abs(m-2) > 1e-4 {
		t.Errorf("the mean becomes %g", m)
	}
	opened := gone.Neg().Shift(1).MaxPool2D(3, 1).Neg().Shift(1) // blocks that are gone as a whole
	back := opened.Pad(1, 2, 2).Pad(2, 2, 2).MaxPool2D(3, 1)
	same(t, "the union of whole blocks", back, gone, 0)
	y = must(build(t, &DropBlock{Rate: .2, Size: 3}, Input(12, 4)).Predict(tensor.Full(2, 30, 12, 4), Noise(1)))
	if least := y.Min().Item(); least != 0 || y.Rank() != 3 {
		t.Error("nothing is dropped of a sequence", y)
	}
}

func TestNoiseOnInputsAndWeights(t *testing.T) {
	x := tensor.Full(3, 100, 100)
	n := build(t, &GaussianNoise{Std: .5}, Input(100))
	y := must(n.Predict(x, Noise(1)))
	if m, v := y.Mean().Item(), y.Var().Item(); math.Abs(m-3) > .02 || math.Abs(v-.25) > .01 {
		t.Errorf("mean %g, variance %g", m, v)
	}
	same(t, "in inference", must(n.Predict(x)), x, 0)

	l := &WeightNoise{&Linear{Out: 100, Init: Zeros}, .5}
	n = build(t, l, Input(100))
	y = must(n.Predict(tensor.Full(1, 1, 100), Noise(1)))
	if v := y.Var().Item(); v < 15 || v > 40 { // 101 weights of variance 1/4
		t.Errorf("the variance is %g", v)
	}
	same(t, "in inference", must(n.Predict(x)), x.Full(0, 100, 100), 0)
	if v := l.Layer.(*Linear).Weight.Value().Abs().Max().Item(); v != 0 {
		t.Error("the noise stays in the weight")
	}
	_, err := n.Predict(x, Noise(1))
	if err != nil {
		t.Error(err)
	}
	l.Std = -1
	_, err = n.Predict(x, Noise(1))
	wantErr(t, err, "Std is -1")
}

// TestWeightNoiseInARecomputedPart: the second run has the noise of the first,
// for the gradient of Σy² is 2·yᵀ·x.
func TestWeightNoiseInARecomputedPart(t *testing.T) {
	l := &WeightNoise{Layer: &recomputing{L: &Sequential{&Linear{Out: 3}}}, Std: .5}
	n, x := build(t, l, Input(3), Seed(1)), normal(1, 4, 3)
	do(t, n, func(p *Pass) {
		y := n.Forward(p, x)
		g := tensor.Grad(y.Square().Sum(), p.Params()...)
		same(t, "gradient", g[0], y.T().MatMul(x).Scale(2), 1e-5)
		if clean := must(n.Predict(x)); clean.Sub(y.Keep()).Abs().Max().Item() < .1 {
			t.Error("no noise")
		}
	}, TrackParams(), Noise(3))
}

type recomputing struct{ L *Sequential }

func (r *recomputing) Forward(p *Pass, x T) T {
	return p.Recompute(x, func(x T) T { return p.Apply(x, r.L) })
}

func TestBlocksComplain(t *testing.T) {
	for what, c := range map[string]struct {
		layer Layer
		in    []int
		parts []string
	}{
		"no body":         {&Residual{}, []int{3}, []string{"no Body"}},
		"other shape":     {&Residual{Body: &Linear{Out: 2}}, []int{3}, []string{"different shapes", "[2 3]", "[2 2]"}},
		"causal and pad":  {&Conv1D{Out: 2, Kernel: 3, Pad: 1, Causal: true}, []int{5, 3}, []string{"Causal pads by itself"}},
		"images":          {&Conv1D{Out: 2, Kernel: 3}, []int{5, 5, 3}, []string{"[N, T, C]"}},
		"groups":          {&Conv1D{Out: 2, Kernel: 3, Groups: 2}, []int{5, 3}, []string{"2 groups do not divide 3"}},
		"no size":         {&MaxPool1D{}, []int{5, 3}, []string{"Size is 0"}},
		"no factor":       {&Upsample{}, []int{5, 5, 3}, []string{"Factor is 0"}},
		"no places":       {&Upsample{To: [2]int{3, -1}}, []int{5, 5, 3}, []string{"3 × -1"}},
		"rows":            {&Upsample{Factor: 2}, []int{5}, []string{"[N, H, W, C] or [N, T, C]"}},
		"odd":             {&GLU{}, []int{5}, []string{"even number"}},
		"groups of norm":  {&LayerNorm{Groups: -2}, []int{5, 4}, []string{"-2 groups divide"}},
		"blocks of rows":  {&DropBlock{}, []int{5}, []string{"[N, H, W, C]"}},
		"blocks of less":  {&DropBlock{Size: -1}, []int{8, 8, 1}, []string{"nn.DropBlock", "Size is -1"}},
		"channels of one": {&Dropout{Rate: 2}, []int{5}, []string{"Rate is 2"}},
	} {
		_, err := Build(c.layer, Input(c.in...))
		if err == nil {
			t.Error(what, "is built")
			continue
		}
		wantErr(t, err, c.parts...)
	}
}

// TestConv1DFilesAreTurned: a file holds [Out, C, Kernel].
func TestConv1DFilesAreTurned(t *testing.T) {
	l := &Conv1D{Out: 2, Kernel: 3}
	n := build(t, l, Input(5, 4))
	file := t.TempDir() + "/w.safetensors"
	if err := n.Save(file); err != nil {
		t.Fatal(err)
	}
	same(t, "saved", must(readFile(file))["weight"], l.Weight.Value().Permute(0, 2, 1), 0)
	again := &Conv1D{Out: 2, Kernel: 3}
	m := build(t, again, Input(5, 4), Seed(9))
	if err := m.Load(file); err != nil {
		t.Fatal(err)
	}
	same(t, "loaded", again.Weight.Value(), l.Weight.Value(), 0)
}

// A temperature divides in inference by what it holds, 1 at first, and lets
// training's scores pass.
func TestTemperature(t *testing.T) {
	last := &Temperature{}
	net := build(t, &Sequential{&Linear{Out: 3}, last}, Input(2))
	plain := build(t, &Linear{Out: 3}, Input(2))
	for i, p := range plain.Params() {
		p.Set(net.Params()[i].Value())
	}
	x := tensor.NewRand(1).Normal(0, 1, 4, 2)
	scores := func(net *Net, o ...PassOption) []float32 {
		y, err := net.Predict(x, o...)
		if err != nil {
			t.Fatal(err)
		}
		return tensor.Data[float32](y)
	}
	want := scores(plain)
	if got := scores(net); !slices.Equal(got, want) {
		t.Errorf("at first %v, want %v", got, want)
	}
	assign(last.Value.Value(), tensor.Of([]float32{4}, 1))
	for i, v := range scores(net) {
		if v != want[i]/4 {
			t.Errorf("score %d is %g, want %g", i, v, want[i]/4)
		}
	}
	if got := scores(net, Training); !slices.Equal(got, want) {
		t.Errorf("in training %v, want %v", got, want)
	}
}
