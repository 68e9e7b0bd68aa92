package regularise

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/run"
	"github.com/limpid-ml/limpid/tensor"
)

// Each method sets one thing, has three strengths from weak to strong, and says
// what it set.
func TestMethods(t *testing.T) {
	if len(methods) != len(names)-2 {
		t.Fatalf("%d methods for %d names", len(methods), len(names))
	}
	for m, how := range methods {
		if len(how.strengths) != 3 {
			t.Errorf("%s has %d strengths", names[m+1], len(how.strengths))
		}
		seen := map[plan]bool{}
		for _, v := range how.strengths {
			var p plan
			how.set(&p, v)
			if p == (plan{}) || seen[p] {
				t.Errorf("%s: strength %g sets nothing new: %+v", names[m+1], v, p)
			}
			seen[p] = true
			if how.words(&p) == "" || p.words() != how.words(&p) {
				t.Errorf("%s: %g in words: %q and %q", names[m+1], v, how.words(&p), p.words())
			}
			for other := range methods {
				var none plan
				if other != m && methods[other].words(&p) != methods[other].words(&none) {
					t.Errorf("%s sets %s too", names[m+1], names[other+1])
				}
			}
		}
	}
	var none plan
	if none.words() != "nothing" || none.transform() != nil {
		t.Errorf("no plan: %q", none.words())
	}
	all := plan{l1: 1, l2: 2, drop: .5, patience: 3, augment: 1}
	if got := all.words(); got != "L1 1, L2 2, dropout 0.5, patience 3, shift by 1, light by 0.2" {
		t.Errorf("all: %q", got)
	}
}

// Files of different plans have different names, without a separator in them.
func TestFilesOfPlans(t *testing.T) {
	seen := map[string]plan{}
	for m, how := range methods {
		for _, rate := range []float64{1e-3, 2e-3} {
			for _, v := range how.strengths {
				p := plan{rate: rate}
				how.set(&p, v)
				if was, there := seen[p.file()]; there || strings.ContainsAny(p.file(), `/\ `) {
					t.Errorf("%s: %q is %+v and %+v", names[m+1], p.file(), was, p)
				}
				seen[p.file()] = p
			}
		}
	}
}

// Augmentation changes every picture in its own way, the more the stronger it
// is: all change light, and the strongest covers a part.
func TestTransforms(t *testing.T) {
	var pix []uint8
	for i := range 28 * 28 {
		pix = append(pix, uint8(i*37%251))
	}
	images, err := data.NewImages(pix, []uint8{0}, 28, 28, 1, []float64{0}, []float64{1})
	if err != nil {
		t.Fatal(err)
	}
	set := images.Pick(make([]int, 40))
	e, err := set.At(0)
	if err != nil {
		t.Fatal(err)
	}
	// changed returns how many pictures have another middle value than any that
	// lies around it, and the mean change of all pictures' means.
	changed := func(level int) (lights int, means float64) {
		p := plan{augment: level}
		l := data.Loader{Data: set, Batch: 40, Transform: p.transform(), Seed: 1}
		for b, err := range l.Batches(t.Context(), 0, 1) {
			if err != nil {
				t.Fatal(err)
			}
			for i := range 40 {
				x := b.X.Index(0, i)
				middle, known := x.At(14, 14, 0), false
				for dy := -1; dy <= 1; dy++ {
					for dx := -1; dx <= 1; dx++ {
						known = known || e.X.At(14+dy, 14+dx, 0) == middle
					}
				}
				if !known {
					lights++
				}
				means += math.Abs(x.Mean().Item()-e.X.Mean().Item()) / 40
			}
		}
		return lights, means
	}
	none, m0 := changed(0)
	some, m1 := changed(1)
	more, m2 := changed(2)
	most, m3 := changed(3)
	if none != 0 || some < 35 || more < 35 || most < 35 {
		t.Errorf("pictures in another light: %d, %d, %d, %d of 40", none, some, more, most)
	}
	if m0 != 0 || m1 == 0 || m2 < 1.3*m1 || m3 < m2 {
		t.Errorf("means change by %g, %g, %g, %g", m0, m1, m2, m3)
	}
}

// The best of a choice is that of the greatest accuracy, of equals that of the
// least loss, of those the first.
func TestBest(t *testing.T) {
	all := []trial{{choice: 1, accuracy: .9}, {choice: 2, accuracy: .5, loss: 2}, {choice: 2, accuracy: .6, loss: 3}, {choice: 2, accuracy: .6, loss: 1}, {choice: 2, accuracy: .6, loss: 1}}
	for choice, want := range map[int]int{0: -1, 1: 0, 2: 3} {
		if got := best(all, choice); got != want {
			t.Errorf("choice %d: %d, want %d", choice, got, want)
		}
	}
}

// A plan with a method more has the strength that was chosen for it, at every
// rate; then all are a strength weaker, but for those that are weakest already.
func TestWithAMethodMore(t *testing.T) {
	c := tiny()
	c.Tries = 3
	s := opened(t, c)
	for range names {
		s.choices[mlp] = append(s.choices[mlp], plan{rate: 7})
	}
	for m, how := range methods {
		how.set(&s.choices[mlp][m+1], how.strengths[2])
	}
	for _, level := range []int{0, 1} {
		before := plan{rate: 9, drop: methods[2].strengths[level]}
		for m, how := range methods {
			if m == 2 {
				continue
			}
			got := s.with(mlp, before, m)
			if len(got) != 6 {
				t.Fatalf("%d plans", len(got))
			}
			for i, p := range got {
				want := before
				want.rate = c.rates()[i%3]
				how.set(&want, how.strengths[2-i/3])
				if i >= 3 {
					want.drop = methods[2].strengths[0]
				}
				if p.plan != want || p.choice != len(names)-1 || p.added != m {
					t.Errorf("%s: %+v, want %+v", names[m+1], p, want)
				}
			}
		}
	}
	weakest := plan{drop: methods[2].strengths[0], l1: methods[0].strengths[0]}
	if got := s.weaker(weakest); got != weakest {
		t.Errorf("weaker than the weakest: %+v", got)
	}
}

// The run never makes more fits than it announces.
func TestMost(t *testing.T) {
	s, _ := once(t)
	n := len(s.finals)
	for body := range bodies {
		n += len(s.search[body]) * searchSeeds
	}
	if n > s.most() {
		t.Errorf("%d fits, %d announced", n, s.most())
	}
}

// made is a study in which the networks of each choice reached what is said, a
// list by seed.
func made(t *testing.T, by map[string][]float64) (*study, map[*final]reached) {
	t.Helper()
	c := tiny()
	c.Seeds = 3
	s := opened(t, c)
	all := map[*final]reached{}
	for _, f := range s.finals {
		values, there := by[names[f.choice]]
		if !there {
			values = []float64{.5, .5, .5}
		}
		v := values[f.seed-c.Seed]
		if f.body == mlp {
			v /= 2
		}
		all[f] = reached{test: v, learned: 1, zeros: .25}
	}
	return s, all
}

// Gains are differences by seed: their interval does not see what seeds have in
// common.
func TestGainsArePaired(t *testing.T) {
	s, all := made(t, map[string][]float64{"none": {.5, .6, .7}, "combination": {.53, .64, .74}})
	m := s.judge(all)
	gain, _ := m.Scores.Number("gain_of_best")
	low, _ := m.Scores.Number("gain_of_best_low")
	half := 4.303 * math.Sqrt((.0000444444+.0000111111+.0000111111)/2/3)
	if math.Abs(gain-.11/3) > 1e-12 || math.Abs(low-(.11/3-half)) > 1e-6 {
		t.Errorf("gain %g, at least %g; want %g and %g", gain, low, .11/3, .11/3-half)
	}
	if low <= 0 {
		t.Error("what is the same at each seed hides the gain")
	}
	if v, _ := m.Scores.Number("gain_of_best_mlp"); math.Abs(v-.11/6) > 1e-12 {
		t.Errorf("MLP's gain %g", v)
	}
	if wide := m.Scores["interval_by_choice"].(map[string]float64)["none"]; math.Abs(wide-4.303*.1/math.Sqrt(3)) > 1e-9 {
		t.Errorf("interval of none: %g", wide)
	}
	if gap := m.Scores["gap_by_choice"].(map[string]float64)["none"]; math.Abs(gap-.4) > 1e-12 {
		t.Errorf("gap of none: %g", gap)
	}
	if z := m.Scores["sparsity_by_choice"].(map[string]float64)["l1"]; z != .25 {
		t.Errorf("zeros: %g", z)
	}
	for _, g := range goals(func() *Config { c := defaults(); return &c }()) {
		if !g.Met(m.Scores) {
			t.Errorf("%v is not met by %g, %g", g, gain, low)
		}
	}
}

// Zeros are counted in matrices alone; histograms have a bar at 0 and leave out
// what is far away.
func TestZerosAndHistogram(t *testing.T) {
	net, err := nn.Build(&nn.Linear{Out: 2}, nn.Input(4))
	if err != nil {
		t.Fatal(err)
	}
	net.Params()[0].Set(tensor.Of([]float32{0, 0, .004, -.1, .1, .104, 5, 0}, 2, 4))
	if got := zeros(net); got != 3./8 {
		t.Errorf("zeros %g", got)
	}
	x, y := histogram(net)
	total := 0.0
	for i := range x {
		total += y[i]
	}
	at := func(v float64) float64 {
		return y[slices.IndexFunc(x, func(b float64) bool { return math.Abs(b-v) < 1e-9 })]
	}
	if len(x) != barCount || at(0) != .5 || at(.1) != .25 || at(-.1) != .125 || total != .875 {
		t.Errorf("at 0 %g, at 0.1 %g, at −0.1 %g, %g in all", at(0), at(.1), at(-.1), total)
	}
}

func TestSmallThings(t *testing.T) {
	if got := spoken(); !slices.Equal(got, []string{"none", "L1", "L2", "dropout", "early stopping", "augmentation", "combination"}) {
		t.Errorf("spoken: %q", got)
	}
	if got := below([]float64{1, 9, math.Inf(1)}, 3); !slices.Equal(got, []float64{1, 3, 3}) {
		t.Errorf("below: %v", got)
	}
	if got := plain([]run.Number{1, 2}); !slices.Equal(got, counting(2)) {
		t.Errorf("plain: %v", got)
	}
	c := Config{Common: recipe.Common{LR: .4}, Tries: 3}
	if got := c.rates(); !slices.Equal(got, []float64{.4, .2, .1}) {
		t.Errorf("rates: %v", got)
	}
	if got := c.atRates(plan{l1: 3}); len(got) != 3 || got[2] != (plan{rate: .1, l1: 3}) {
		t.Errorf("at rates: %+v", got)
	}
	if percent(.1234) != "12.3%" {
		t.Error(percent(.1234))
	}
	if r := (reached{test: .5, learned: .75}); r.gap() != .25 || gap(r) != .25 || test(r) != .5 || empty(r) != 0 {
		t.Errorf("gap %g", r.gap())
	}
}

// Both kinds of network have their shapes from their settings.
func TestShapes(t *testing.T) {
	c := tiny()
	for body, want := range [bodies]int{cnn: 9*3 + 3 + 9*3*6 + 6 + 3*3*6*10 + 10, mlp: 196*12 + 12 + 12*6 + 6 + 6*10 + 10} {
		for _, drop := range []float64{0, .5} {
			net, _, err := c.build(body, drop, 1)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, p := range net.Params() {
				n += p.Value().Len()
			}
			if n != want {
				t.Errorf("%s: %d parameters, want %d", bodyNames[body], n, want)
			}
		}
	}
}
