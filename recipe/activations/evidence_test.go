package activations

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/probe/signal"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
)

// signalRating is short for what is ranked.
type signalRating = signal.Rating

// byHand are the activations written out.
var byHand = map[string]func(x float64) float64{
	"sigmoid":    func(x float64) float64 { return 1 / (1 + math.Exp(-x)) },
	"tanh":       math.Tanh,
	"relu":       func(x float64) float64 { return max(x, 0) },
	"leaky-relu": func(x float64) float64 { return max(x, 0.01*x) },
	"elu":        func(x float64) float64 { return below(x, 1) },
	"selu":       func(x float64) float64 { return 1.0507009873554805 * below(x, 1.6732632423543772) },
	"gelu":       func(x float64) float64 { return x * (1 + math.Erf(x/math.Sqrt2)) / 2 },
	"silu":       func(x float64) float64 { return x / (1 + math.Exp(-x)) },
}

func below(x, alpha float64) float64 {
	if x > 0 {
		return x
	}
	return alpha * (math.Exp(x) - 1)
}

// Each name has the function that it says, and as its greatest slope what
// differences find.
func TestKindsByHand(t *testing.T) {
	var xs []float64
	for x := -8.0; x <= 8; x += 1. / 64 {
		xs = append(xs, x+1e-3)
	}
	for _, k := range kinds {
		f := byHand[k.name]
		if f == nil {
			t.Errorf("%s is not written out", k.name)
			continue
		}
		net, err := nn.Build(&nn.Sequential{k.act}, nn.Input(len(xs)), nn.Float64)
		if err != nil {
			t.Fatal(err)
		}
		y, err := net.Predict(tensor.Of(xs, 1, len(xs)))
		if err != nil {
			t.Fatal(err)
		}
		steep := 0.0
		for i, v := range tensor.Data[float64](y) {
			if math.Abs(v-f(xs[i])) > 1e-12 {
				t.Errorf("%s(%g) is %g, want %g", k.name, xs[i], v, f(xs[i]))
			}
			steep = max(steep, (f(xs[i]+1e-6)-f(xs[i]-1e-6))/2e-6)
		}
		if math.Abs(steep-k.steep) > 3e-2 {
			t.Errorf("%s: greatest slope %g, written as %g", k.name, steep, k.steep)
		}
		if k.formula == "" {
			t.Errorf("%s has no formula", k.name)
		}
	}
	if kinds[reluAt].name != "relu" {
		t.Errorf("ReLU's place is %s's", kinds[reluAt].name)
	}
}

// First weights have the variances that their rules say.
func TestWeightsByTheirRules(t *testing.T) {
	want := map[string]float64{"glorot": 2. / (300 + 200), "he": 2. / 300, "lecun": 1. / 300}
	for _, w := range weights {
		v := w.init(tensor.NewRand(1), []int{200, 300}).Square().Mean().Item()
		if math.Abs(v/want[w.name]-1) > .03 || w.rule == "" {
			t.Errorf("%s: variance %g, want %g", w.name, v, want[w.name])
		}
	}
}

// set gives all layers of a network one bias and, times a factor, other weights.
func set(net *nn.Net, bias float32, factor float64) {
	for _, p := range net.Params() {
		if p.Value().Rank() == 1 {
			b := make([]float32, p.Value().Len())
			for i := range b {
				b[i] = bias
			}
			p.Set(tensor.Of(b, len(b)))
		} else {
			p.Set(p.Value().Scale(factor))
		}
	}
}

func named(t *testing.T, name string) *kind {
	t.Helper()
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })
	if i < 0 {
		t.Fatal(name)
	}
	return &kinds[i]
}

// Habits of networks in states that are known: all off, all on, all flat.
func TestHabitsOfKnownStates(t *testing.T) {
	x := tensor.NewRand(1).Normal(0, 1, 20, 28, 28, 1)
	c := tiny()
	for _, s := range []struct {
		what, kind   string
		bias         float32
		factor       float64
		want         habits
		centreWithin float64
	}{
		{"all off", "relu", -1e4, 1, habits{flat: 1, dead: 1, zeros: 1, centre: 0}, 0},
		{"all on", "relu", 1e4, 1e-3, habits{flat: 0, dead: 0, zeros: 0, centre: 1}, 1e-3},
		{"leaking", "leaky-relu", -1e4, 1e-3, habits{flat: 1, dead: 1, zeros: 0, centre: -1}, 1e-3},
		{"full", "sigmoid", 50, 0, habits{flat: 1, dead: 1, zeros: 0, centre: 1}, 1e-3},
		{"in the middle", "sigmoid", 0, 0, habits{flat: 0, dead: 0, zeros: 0, centre: 1}, 1e-3},
		{"at the bottom", "tanh", -50, 0, habits{flat: 1, dead: 1, zeros: 0, centre: -1}, 1e-3},
	} {
		k := named(t, s.kind)
		net, _, err := c.build(k.act, nn.He, 3, 1)
		if err != nil {
			t.Fatal(err)
		}
		set(net, s.bias, s.factor)
		got, err := habitsOf(k, net, x)
		if err != nil {
			t.Fatal(err)
		}
		for what, pair := range map[string][2]float64{"flat": {got.flat, s.want.flat}, "dead": {got.dead, s.want.dead}, "zeros": {got.zeros, s.want.zeros}} {
			if math.Abs(pair[0]-pair[1]) > 1e-6 {
				t.Errorf("%s: %s %g, want %g", s.what, what, pair[0], pair[1])
			}
		}
		if math.Abs(got.centre-s.want.centre) > s.centreWithin {
			t.Errorf("%s: centre %g, want %g", s.what, got.centre, s.want.centre)
		}
	}
}

// At He's first weights about half of ReLU's values are 0; tanh is centred and
// the sigmoid is not.
func TestHabitsAtFirst(t *testing.T) {
	x := tensor.NewRand(1).Normal(0, 1, 60, 28, 28, 1)
	c := tiny()
	c.Width = 64
	look := func(name string) habits {
		k := named(t, name)
		net, _, err := c.build(k.act, nn.He, 3, 4)
		if err != nil {
			t.Fatal(err)
		}
		h, err := habitsOf(k, net, x)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	if h := look("relu"); math.Abs(h.zeros-.5) > .1 || h.flat != h.zeros {
		t.Errorf("relu: %+v", h)
	}
	if h := look("tanh"); math.Abs(h.centre) > .15 || h.zeros != 0 {
		t.Errorf("tanh: %+v", h)
	}
	if h := look("sigmoid"); h.centre < .5 {
		t.Errorf("sigmoid: %+v", h)
	}
}

// Costs are times: above 0, and ReLU is none of the dearest.
func TestCosts(t *testing.T) {
	all := costs()
	if len(all) != len(kinds) {
		t.Fatalf("%d costs", len(all))
	}
	for a, v := range all {
		if !(v > 0) || v > 10 {
			t.Errorf("%s took %g s", kinds[a].name, v)
		}
	}
}

// What travels: as many layers as are deepest, the last gradient 1, and the
// sigmoid's gone at the first.
func TestTravels(t *testing.T) {
	c := tiny()
	c.Deepest = 12
	s, _ := opened(t, c)
	all, err := s.travels()
	if err != nil {
		t.Fatal(err)
	}
	for a := range kinds {
		for w := range weights {
			f := all[a][w]
			if len(f.grad) != 12 || len(f.variance) != 12 || len(f.alike) != 12 || math.Abs(f.grad[11]-1) > 1e-12 {
				t.Errorf("%s, %s: %d layers, last gradient %g", kinds[a].name, weights[w].name, len(f.grad), f.grad[len(f.grad)-1])
			}
			for i, v := range f.alike {
				if v < -1 || v > 1+1e-9 || f.variance[i] < 0 {
					t.Errorf("%s: layer %d: alike by %g, variance %g", kinds[a].name, i, v, f.variance[i])
				}
			}
			if kinds[a].name == "sigmoid" && f.grad[0] > 1e-3 {
				t.Errorf("sigmoid, %s: gradient %g", weights[w].name, f.grad[0])
			}
		}
	}
}

// judged is a study with made-up accuracies: those of the pick, of the best and
// of all others, by seed.
func judged(t *testing.T, pick, best []float64, other float64) (*study, map[*final]float64, int) {
	t.Helper()
	c := tiny()
	c.Seeds = len(pick)
	s, _ := opened(t, c)
	at := (s.pick + 1) % len(kinds)
	acc := map[*final]float64{}
	for _, f := range s.finals {
		acc[f] = other
		if i := int(f.seed - c.Seed); f.depth == c.Depth && f.act == s.pick {
			acc[f] = pick[i]
		} else if f.depth == c.Depth && f.act == at {
			acc[f] = best[i]
		}
	}
	return s, acc, at
}

// The shortfall is the mean difference from the best less a point, or less two
// standard errors of that difference if they are more.
func TestShortfall(t *testing.T) {
	for _, c := range []struct {
		pick, best   []float64
		off, allowed float64
	}{
		{[]float64{.8, .8}, []float64{.81, .81}, .01, .01},
		{[]float64{.8, .8, .8}, []float64{.85, .85, .85}, .05, .01},
		{[]float64{.70, .80}, []float64{.90, .84}, .12, .16}, // differences .20 and .04: deviation .1131, error .08
		{[]float64{.9, .9}, []float64{.5, .5}, 0, .01},       // the pick is the best
	} {
		s, acc, at := judged(t, c.pick, c.best, .3)
		if recipe.Mean(c.pick) > recipe.Mean(c.best) {
			at = s.pick
		}
		m := s.judge(acc)
		ref := m.Reference.(map[string]any)
		got, _ := m.Scores.Number(shortfall)
		if math.Abs(ref["behind_best"].(float64)-c.off) > 1e-12 || math.Abs(ref["allowed"].(float64)-c.allowed) > 1e-12 || math.Abs(got-(c.off-c.allowed)) > 1e-12 {
			t.Errorf("%v against %v: %v, shortfall %g, want %g less %g", c.pick, c.best, ref, got, c.off, c.allowed)
		}
		if ref["best"] != kinds[at].name {
			t.Errorf("%v against %v: best is %v", c.pick, c.best, ref["best"])
		}
	}
}

// Of a grid the best of each activation is chosen, of equals the first.
func TestChoose(t *testing.T) {
	var grid []trial
	for a := range kinds {
		grid = append(grid, trial{act: a, weights: 0, rate: 4, accuracy: .3}, trial{act: a, weights: 1, rate: 2, accuracy: .5}, trial{act: a, weights: 2, rate: 1, accuracy: .5})
	}
	grid[2].accuracy = .6
	for a, c := range choose(grid) {
		want := chosen{1, 2, .5}
		if a == 0 {
			want = chosen{2, 1, .6}
		}
		if c != want {
			t.Errorf("%s: %+v, want %+v", kinds[a].name, c, want)
		}
	}
}

func TestRatesHalve(t *testing.T) {
	c := Config{Common: recipe.Common{LR: 0.8}, Tries: 4}
	if got := c.rates(); !slices.Equal(got, []float64{.8, .4, .2, .1}) {
		t.Errorf("%v", got)
	}
}

// Words name figures that are there, whatever these are.
func TestWords(t *testing.T) {
	for _, grad := range []float64{0, 1e-20, .5, 2, 1e9} {
		f := facts{evidence: evidence{first: habits{flat: .1}, last: habits{flat: .25, dead: .125, zeros: .5, centre: .75}, cost: 1.5}, here: .8, deepest: .7, shallow: .9, gradient: grad, depths: [3]int{2, 10, 30}}
		for _, k := range kinds {
			plus, minus := f.words(k.name)
			both := plus + " " + minus
			if len(plus) < 40 || len(minus) < 40 || strings.Contains(both, "%!") || strings.Contains(both, "NaN") {
				t.Errorf("%s: %q, %q", k.name, plus, minus)
			}
			if !strings.Contains(both, "90.0% at 2 layers, 80.0% at 10, 70.0% at 30") {
				t.Errorf("%s does not tell its accuracy by depth: %s", k.name, both)
			}
		}
	}
	for v, want := range map[float64]string{0: "0", 1e-18: "10^-18", .25: "0.25", 1: "1", 3e5: "10^5"} {
		if got := power(v); got != want {
			t.Errorf("%g is %q, want %q", v, got, want)
		}
	}
	for v, want := range map[float64]string{0: "1", math.Inf(-1): "0", math.NaN(): "0", math.Log(2): "2"} {
		if got := factor(v); got != want {
			t.Errorf("e^%g is %q, want %q", v, got, want)
		}
	}
	if u := unlike([]float64{1, .5}); u[0] != 1e-16 || u[1] != .5 {
		t.Errorf("unlike: %v", u)
	}
	text := fmt.Sprint(aboutChoosing().Text)
	for _, want := range []string{"ReLU", "SELU", "--activation auto", "Schoenholz"} {
		if !strings.Contains(text, want) {
			t.Errorf("the advice lacks %s", want)
		}
	}
}
