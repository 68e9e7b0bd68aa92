package signal_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/probe/signal"
	"github.com/limpid-ml/limpid/tensor"
)

// deep builds so many layers, and names them.
func deep(depth, width int, act nn.Act, init nn.Init, seed uint64, o ...nn.Option) (*nn.Net, []string, error) {
	var m nn.Sequential
	var paths []string
	for range depth {
		paths = append(paths, fmt.Sprint(len(m)))
		m = append(m, &nn.Linear{Out: width, Act: act, Init: init})
	}
	m = append(m, &nn.Linear{Out: 5})
	net, err := nn.Build(&m, append(o, nn.Input(width), nn.Seed(seed))...)
	return net, paths, err
}

// scaled is N(0, variance/inputs).
func scaled(variance float64) nn.Init {
	return func(r *tensor.Rand, shape []int) tensor.Tensor {
		return r.Normal(0, math.Sqrt(variance/float64(shape[1])), shape...)
	}
}

func look(t *testing.T, depth, width int, act nn.Act, init nn.Init, n int) []signal.Layer {
	t.Helper()
	net, paths, err := deep(depth, width, act, init, 3)
	if err != nil {
		t.Fatal(err)
	}
	all, err := signal.Look(net, tensor.NewRand(5).Normal(0, 1, n, width), paths...)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// With ReLU and N(0, v/n) the mean square halves times v in each layer, and so
// does the squared gradient on its way back (He et al. 2015).
func TestReLUHalvesTheSquare(t *testing.T) {
	for _, v := range []float64{1, 2, 3} {
		all := look(t, 12, 512, nn.ReLU, scaled(v), 24)
		last := len(all) - 1
		forward := math.Log(all[last].Square/all[0].Square) / float64(last)
		back := 2 * math.Log(all[0].Grad/all[last].Grad) / float64(last)
		if want := math.Log(v / 2); math.Abs(forward-want) > .05 || math.Abs(back-want) > .05 {
			t.Errorf("weights of variance %g/n: squares grow by %.3f a layer in logarithm, gradients by %.3f, want %.3f", v, forward, back, want)
		}
		if z := all[last].Zeros; math.Abs(z-.5) > .05 {
			t.Errorf("%g: %.3f zeros, want half", v, z)
		}
	}
}

// The cosine of two inputs follows the arc-cosine map through layers of ReLU.
//
// Source: Cho and Saul 2009, "Kernel methods for deep learning".
func TestReLUMakesInputsAlike(t *testing.T) {
	all := look(t, 10, 1024, nn.ReLU, nn.He, 12)
	c := 0.0 // random inputs are at right angles
	for i, l := range all {
		c = (math.Sqrt(1-c*c) + c*(math.Pi-math.Acos(c))) / math.Pi
		if math.Abs(l.Alike-c) > .03 {
			t.Errorf("layer %d: inputs alike by %.3f, want %.3f", i+1, l.Alike, c)
		}
	}
}

// A linear network keeps angles; its gradients change as weights say.
func TestLinearKeepsAngles(t *testing.T) {
	all := look(t, 6, 512, 0, scaled(1), 8)
	for i, l := range all {
		if math.Abs(l.Alike) > .05 || math.Abs(l.Mean) > .1 || l.Dead != 0 || l.Zeros != 0 {
			t.Errorf("layer %d: %+v", i+1, l)
		}
		if math.Abs(l.Grad/all[5].Grad-1) > .1 || math.Abs(l.Variance-1) > .2 {
			t.Errorf("layer %d: gradient %.3f times the last's, variance %.3f", i+1, l.Grad/all[5].Grad, l.Variance)
		}
	}
}

// tanh with large weights is chaotic: inputs that are nearly the same come
// apart; with small ones they are not told apart by more than before, and the
// gradient goes.
func TestOrderAndChaos(t *testing.T) {
	net := func(v float64) signal.Choice {
		return signal.Choice{Name: fmt.Sprint(v), Build: func(seed uint64) (*nn.Net, []string, error) {
			return deep(15, 256, nn.Tanh, scaled(v), seed)
		}}
	}
	r := tensor.NewRand(1)
	x := r.Normal(0, 1, 1, 256).Add(r.Normal(0, .1, 16, 256)) // nearly the same
	all, err := signal.Rank(x, 2, []signal.Choice{net(4), net(1.05), net(.3)})
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]signal.Rating{}
	for _, c := range all {
		by[c.Name] = c
	}
	if all[0].Name != "1.05" || all[0].At != 1 {
		t.Errorf("at the edge of chaos lies %q (given as %d): %+v", all[0].Name, all[0].At, all)
	}
	if c := by["4"]; c.Forward < 2 || c.Back < 1 {
		t.Errorf("chaos: %+v", c)
	}
	if c := by["0.3"]; c.Back > -5 {
		t.Errorf("order: %+v", c)
	}
}

// A signal that does not arrive is infinitely far off, and last.
func TestWhatNeverArrives(t *testing.T) {
	dead := signal.Choice{Name: "dead", Build: func(seed uint64) (*nn.Net, []string, error) {
		return deep(4, 8, nn.ReLU, nn.Zeros, seed)
	}}
	fine := signal.Choice{Name: "fine", Build: func(seed uint64) (*nn.Net, []string, error) {
		return deep(4, 8, nn.SELU, nn.LeCun, seed)
	}}
	all, err := signal.Rank(tensor.NewRand(1).Normal(0, 1, 6, 8), 3, []signal.Choice{dead, fine})
	if err != nil || all[1].Name != "dead" || !math.IsInf(all[1].Off, 1) || math.IsInf(all[0].Off, 0) {
		t.Errorf("%+v, %v", all, err)
	}
	net, paths, _ := deep(2, 8, nn.ReLU, nn.Zeros, 1)
	l, err := signal.Look(net, tensor.NewRand(1).Normal(0, 1, 6, 8), paths...)
	if err != nil || l[0].Dead != 1 || l[0].Zeros != 1 || l[0].Alike != 1 || l[0].Grad != 0 {
		t.Errorf("%+v, %v", l, err)
	}
}

// What is measured has its definition, worked out one by one.
func TestByDefinition(t *testing.T) {
	net, paths, err := deep(1, 4, nn.ReLU, nn.He, 2, nn.Float64)
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.NewRand(9).Normal(0, 1, 7, 4).To(tensor.Float64)
	got, err := signal.Look(net, x, paths...)
	if err != nil {
		t.Fatal(err)
	}
	w := tensor.Data[float64](net.Params()[0].Value())
	in := tensor.Data[float64](x)
	h := make([]float64, 7*4)
	for i := range 7 {
		for j := range 4 {
			for k := range 4 {
				h[i*4+j] += in[i*4+k] * w[j*4+k]
			}
			h[i*4+j] = max(h[i*4+j], 0)
		}
	}
	var mean, square, cos float64
	for _, v := range h {
		mean, square = mean+v/28, square+v*v/28
	}
	for a := range 7 {
		for b := range 7 {
			if a != b {
				cos += cosine(h[a*4:a*4+4], h[b*4:b*4+4]) / 42
			}
		}
	}
	for what, pair := range map[string][2]float64{"mean": {got[0].Mean, mean}, "square": {got[0].Square, square}, "cosine": {got[0].Alike, cos}, "variance": {got[0].Variance, square - mean*mean}} {
		if math.Abs(pair[0]-pair[1]) > 1e-12 {
			t.Errorf("%s %g, want %g", what, pair[0], pair[1])
		}
	}
}

// cosine counts two rows of zeros as the same, and one as at no angle to others.
func cosine(a, b []float64) float64 {
	var ab, aa, bb float64
	for i := range a {
		ab, aa, bb = ab+a[i]*b[i], aa+a[i]*a[i], bb+b[i]*b[i]
	}
	if aa == 0 || bb == 0 {
		return 1
	}
	return ab / math.Sqrt(aa*bb)
}

// Looking changes no weight, and says the same again.
func TestLookingOnlyLooks(t *testing.T) {
	net, err := nn.Build(&nn.Sequential{&nn.Linear{Out: 6}, &nn.BatchNorm{Act: nn.SiLU}, &nn.Dropout{Rate: .5}, &nn.Linear{Out: 2}}, nn.Input(3), nn.Seed(1))
	if err != nil {
		t.Fatal(err)
	}
	before := net.Weights()
	x := tensor.NewRand(1).Normal(0, 1, 9, 3)
	a, err := signal.Look(net, x, "1", "3")
	b, err2 := signal.Look(net, x, "1", "3")
	if err != nil || err2 != nil || !slices.Equal(a, b) {
		t.Errorf("%+v, then %+v; %v, %v", a, b, err, err2)
	}
	for name, w := range net.Weights() {
		if !slices.Equal(tensor.Data[float32](w), tensor.Data[float32](before[name])) {
			t.Errorf("%s has changed", name)
		}
	}
}

func TestBadQuestions(t *testing.T) {
	net, paths, err := deep(2, 4, nn.ReLU, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.NewRand(1).Normal(0, 1, 3, 4)
	broken := signal.Choice{Name: "broken", Build: func(uint64) (*nn.Net, []string, error) { return nil, nil, errors.New("no net") }}
	lone := signal.Choice{Name: "lone", Build: func(s uint64) (*nn.Net, []string, error) { return net, paths[:1], nil }}
	ask := func(x tensor.Tensor, paths ...string) error { _, err := signal.Look(net, x, paths...); return err }
	rank := func(n int, c ...signal.Choice) error { _, err := signal.Rank(x, n, c); return err }
	for want, err := range map[string]error{
		"two examples":  ask(tensor.Zeros(1, 4), "0"),
		"no layer":      ask(x),
		`"nowhere"`:     ask(x, "nowhere"),
		"shape":         ask(tensor.Zeros(3, 9), "0"),
		"0 draws":       rank(0, broken),
		"broken: no ne": rank(1, broken),
		"names 1 layer": rank(1, lone),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
