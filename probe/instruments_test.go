package probe_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/probe"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-6*(1+math.Abs(want))) {
		t.Errorf("%s: got %g, want %g", what, got, want)
	}
}

// fixed returns v in whatever network it stands, plus 0 times a parameter so
// that there is something to learn.
type fixed struct {
	W nn.Param
	v tensor.Tensor
}

func (f *fixed) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	return f.v.Add(p.Param(&f.W, nn.Zeros, 1))
}

// readingsOf returns what the instruments read of a layer that returns v.
func readingsOf(t *testing.T, v tensor.Tensor, in ...probe.Instrument) map[string]float64 {
	t.Helper()
	var o []nn.Option
	if v.DType() == tensor.Float64 {
		o = append(o, nn.Float64)
	}
	net := build(t, &nn.Sequential{&fixed{v: v}}, append(o, nn.Input(1))...)
	u := train.NewUpdater(net, optim.SGD{LR: 1e-9})
	eye := probe.Every(1, in...)
	u.Observe(eye)
	x := v.Full(0, 1, 1)
	steps(t, u, 1, func(p *nn.Pass) tensor.Tensor { return net.Forward(p, x).Sum() })
	got := map[string]float64{}
	for _, r := range read(eye) {
		if r.Path == "0" {
			got[r.Name] = r.Value
		}
	}
	return got
}

func TestActivationsOfKnownValues(t *testing.T) {
	for _, c := range []struct {
		what string
		v    []float32
		want map[string]float64 // of std, that it is read
	}{
		{"plain", []float32{-3, 1, 2, 4}, map[string]float64{"mean": 1, "std": 0, "zeros": 0}},
		{"rectified", []float32{0, 0, 0, 2}, map[string]float64{"mean": .5, "std": 0, "zeros": .75}},
		{"rectified, small", []float32{0, .5, 0, .999}, map[string]float64{"mean": .37475, "std": 0, "zeros": .5}},
		{"tanh", []float32{-1, .5, .999, -.2}, map[string]float64{"mean": .07475, "std": 0, "zeros": 0, "saturated": .5}},
		{"sigmoid", []float32{.001, .5, .999, .2}, map[string]float64{"mean": .425, "std": 0, "zeros": 0, "saturated": .5}},
		{"constant", []float32{7, 7, 7, 7}, map[string]float64{"mean": 7, "std": 0, "zeros": 0}},
	} {
		for _, wide := range []bool{false, true} {
			v := tensor.Of(c.v, 2, 2)
			if wide {
				v = v.To(tensor.Float64)
			}
			got := readingsOf(t, v, probe.Activations{})
			for name, want := range c.want {
				if name == "std" {
					want = std(c.v)
				}
				near(t, c.what+" "+name, got[name], want)
			}
			if len(got) != len(c.want) {
				t.Errorf("%s: got %v, want %v", c.what, got, c.want)
			}
		}
	}
}

// std is the definition.
func std(v []float32) float64 {
	var mean, square float64
	for _, x := range v {
		mean += float64(x) / float64(len(v))
	}
	for _, x := range v {
		square += (float64(x) - mean) * (float64(x) - mean) / float64(len(v))
	}
	return math.Sqrt(square)
}

func TestDeadUnitsOfKnownValues(t *testing.T) {
	for _, c := range []struct {
		what string
		v    tensor.Tensor
		want float64 // −1: no reading
	}{
		{"half", tensor.Of([]float32{0, 1, 0, 2}, 2, 2), .5},
		{"each lives once", tensor.Of([]float32{0, 1, 3, 0}, 2, 2), 0},
		{"all", tensor.Zeros(3, 4), 1},
		{"below 0", tensor.Of([]float32{0, 1, 0, -1}, 2, 2), -1},
		{"channels of images", tensor.Of([]float32{0, 1, 0, 0, 0, 0, 0, 0}, 1, 2, 2, 2), .5},
		{"not a number", tensor.Of([]float64{0, math.Inf(1)}, 1, 2), .5},
		{"no batch", tensor.Zeros(4), -1},
	} {
		got, ok := readingsOfDead(t, c.v)
		if !ok {
			got = -1
		}
		if got != c.want {
			t.Errorf("%s: got %g, want %g", c.what, got, c.want)
		}
	}
}

func readingsOfDead(t *testing.T, v tensor.Tensor) (float64, bool) {
	t.Helper()
	if v.DType() == tensor.Float64 && math.IsInf(v.Sum().Item(), 0) {
		v = v.Clamp(0, 1) // a step on an infinity fails
	}
	got, ok := readingsOf(t, v, probe.DeadUnits{})["dead"]
	return got, ok
}

// The gradient and the change of a linear network follow by hand.
func TestGradientsAndUpdatesByHand(t *testing.T) {
	model := &nn.Sequential{&nn.Linear{Out: 2, NoBias: true}, &nn.Linear{Out: 1, NoBias: true}}
	net := build(t, model, nn.Input(2))
	net.Params()[0].Set(tensor.Of([]float32{1, 0, 0, 2}, 2, 2))
	net.Params()[1].Set(tensor.Of([]float32{3, 4}, 1, 2))
	u := train.NewUpdater(net, optim.SGD{LR: .1})
	eye := probe.Every(1, probe.GradNorms{}, probe.UpdateRatio{})
	u.Observe(eye)
	x := tensor.Of([]float32{1, 1}, 1, 2)
	// y = 3·1·x₁ + 4·2·x₂ = 11. dL/dy = 1; dL/dh = (3, 4); h = (1, 2).
	steps(t, u, 1, func(p *nn.Pass) tensor.Tensor { return net.Forward(p, x).Sum() })
	got := read(eye)
	near(t, "gradient by the second layer's result", find(t, got, 1, "1", "grad"), 1)
	near(t, "gradient by the first layer's result", find(t, got, 1, "0", "grad"), 5)
	near(t, "change of the second layer", find(t, got, 1, "1", "update"), .1*math.Sqrt(5)/5)
	near(t, "change of the first layer", find(t, got, 1, "0", "update"), .1*math.Sqrt(3*3+3*3+4*4+4*4)/math.Sqrt(5))
	if i, j := slices.Index(names(got), "1 grad"), slices.Index(names(got), "0 grad"); i > j {
		t.Errorf("gradients come first layer first: %v", names(got))
	}
}

// Reordered parameters of one layer stay together.
type scattered struct {
	First nn.Param
	Inner nn.Linear
	Last  nn.Param
}

func (m *scattered) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	x = x.Mul(p.Param(&m.First, nn.Ones, 1))
	return p.Apply(x, &m.Inner).Mul(p.Param(&m.Last, nn.Ones, 1))
}

func TestParametersOfALayerStayTogether(t *testing.T) {
	net := build(t, &scattered{Inner: nn.Linear{Out: 1, Init: nn.Ones}}, nn.Input(2))
	u := train.NewUpdater(net, optim.SGD{LR: .1})
	eye := probe.Every(1, probe.UpdateRatio{})
	u.Observe(eye)
	x := tensor.Of([]float32{1, 2}, 1, 2)
	steps(t, u, 1, func(p *nn.Pass) tensor.Tensor { return net.Forward(p, x).Sum() })
	got := read(eye)
	if want := []string{". update", "inner update"}; !slices.Equal(names(got), want) {
		t.Fatalf("got %v, want %v", names(got), want)
	}
	near(t, "update of the model's own", find(t, got, 1, ".", "update"), .1*3) // both by 0.3, both 1 before
}

func TestZeroParametersHaveNoRatio(t *testing.T) {
	net := build(t, &nn.Linear{Out: 1, Init: nn.Zeros}, nn.Input(2))
	u := train.NewUpdater(net, optim.SGD{LR: .1})
	eye := probe.Every(1, probe.UpdateRatio{})
	u.Observe(eye)
	steps(t, u, 1, func(p *nn.Pass) tensor.Tensor { return net.Forward(p, tensor.Full(1, 1, 2)).Sum() })
	if got := read(eye); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

func TestPatternsChooseLayers(t *testing.T) {
	for _, c := range []struct{ match, want string }{
		{"", "0 1 2 3 4 ."}, {"*", "0 1 2 3 4 ."}, {"[03]", "0 3"}, {"4", "4"}, {".", "."},
	} {
		net, step := small(t)
		u := train.NewUpdater(net, optim.SGD{LR: .01})
		eye := probe.Every(1, probe.Activations{Match: c.match})
		u.Observe(eye)
		steps(t, u, 1, step)
		var got []string
		for _, r := range read(eye) {
			if r.Name == "mean" {
				got = append(got, r.Path)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q chose %v, want %s", c.match, got, c.want)
		}
	}
}

// A frozen layer is read like any other, but for its gradient.
func TestFrozenLayersAreRead(t *testing.T) {
	net, step := small(t)
	u := train.NewUpdater(net, optim.SGD{LR: .01})
	if err := u.Freeze("[02].*"); err != nil {
		t.Fatal(err)
	}
	eye := probe.Every(1, all()...)
	u.Observe(eye)
	steps(t, u, 1, step)
	got := read(eye)
	if v := find(t, got, 1, "0", "update"); v != 0 {
		t.Errorf("a frozen layer's update is %g", v)
	}
	if find(t, got, 1, "0", "std"); slices.Contains(names(got), "0 grad") {
		t.Error("a frozen layer has a gradient")
	}
}

// largest is an instrument of a user's own.
type largest struct{}

func (largest) Sample(s *probe.Sample) {
	most := 0.0
	s.Grads("*", func(_ string, g tensor.Tensor) { most = max(most, g.Abs().Max().Item()) })
	s.After(func() { s.Report(".", fmt.Sprintf("largest in step %d", s.Step()), most) })
}

func TestAnInstrumentOfOnesOwn(t *testing.T) {
	net := build(t, &nn.Linear{Out: 1}, nn.Input(2))
	u := train.NewUpdater(net, optim.SGD{LR: .01})
	eye := probe.Every(1, largest{})
	u.Observe(eye)
	x := tensor.Of([]float32{1, 2, 3, 4}, 2, 2)
	steps(t, u, 2, func(p *nn.Pass) tensor.Tensor { return loss.MSE(net.Forward(p, x), tensor.Full(100, 2, 1)) })
	if got := read(eye); len(got) != 2 || got[1].Name != "largest in step 2" || got[1].Value < 50 {
		t.Errorf("got %v", got)
	}
}
