package optim

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

func TestUpdatesAllocateNothing(t *testing.T) {
	for name, r := range goldenRules {
		for _, rule := range []Rule64{r, Penalty{r, 1e-3, 1e-2}} {
			w, g, slots := start[float32](3000), make([]float32, 3000), newSlots[float32](rule, 3000)
			w64, g64, slots64 := start[float64](30), make([]float64, 30), newSlots[float64](rule, 30)
			step := 0
			if n := testing.AllocsPerRun(20, func() {
				step++
				rule.Update(w, g, slots, step, .1)
				rule.Update64(w64, g64, slots64, step, .1)
			}); n != 0 {
				t.Errorf("%s (%T): %g allocations", name, rule, n)
			}
		}
	}
}

func TestCheckNamesEveryFault(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		rule Checker
		want []string // nil: no error
	}{
		{SGD{LR: .1}, nil},
		{SGD{LR: .1, Momentum: .9, Nesterov: true}, nil},
		{Adam{LR: 1e-3, Betas: [2]float64{0, .9}}, nil},
		{AdamW{LR: 1e-3}, nil},
		{RMSprop{LR: 1e-3, Alpha: .9, Momentum: .9, Centered: true}, nil},
		{Adagrad{LR: .1}, nil},
		{Adadelta{LR: 1}, nil},
		{Penalty{Adam{LR: 1}, 1, 1}, nil},
		{SGD{LR: -1, Momentum: 1, Dampening: 2, Decay: -1}, []string{"SGD", "LR is -1", "Momentum is 1", "Dampening is 2", "Decay is -1"}},
		{SGD{LR: .1, Nesterov: true}, []string{"Nesterov needs Momentum"}},
		{SGD{LR: .1, Momentum: .9, Dampening: .1, Nesterov: true}, []string{"no Dampening"}},
		{SGD{}, []string{"LR is 0 or left out", "1e-3"}},
		{Adam{LR: nan, Betas: [2]float64{-.1, 1}, Eps: -1, Decay: math.Inf(1)}, []string{"Adam:", "LR is NaN", "Betas[0] is -0.1", "Betas[1] is 1", "Eps is -1", "Decay is +Inf"}},
		{AdamW{LR: .1, Betas: [2]float64{nan, .9}}, []string{"AdamW: Betas[0] is NaN, want a number from 0 to below 1"}},
		{RMSprop{LR: math.Inf(1), Alpha: 1, Eps: nan, Decay: -1, Momentum: -1}, []string{"LR is +Inf", "Alpha is 1", "Eps is NaN", "Decay is -1", "Momentum is -1"}},
		{Adagrad{LR: -.1, Eps: -1, Decay: -1, LRDecay: -1}, []string{"LR is -0.1", "Eps", "Decay", "LRDecay is -1"}},
		{Adadelta{LR: 0, Rho: 1.5, Eps: -1, Decay: -2}, []string{"LR is 0", "Rho is 1.5", "Eps is -1", "Decay is -2"}},
		{Penalty{SGD{LR: -1}, -2, nan}, []string{"L1 is -2", "L2 is NaN", "SGD: LR is -1"}},
		{Penalty{}, []string{"Rule is left out"}},
	} {
		err := c.rule.Check()
		if (err == nil) != (c.want == nil) {
			t.Errorf("%#v: %v", c.rule, err)
			continue
		}
		for _, part := range c.want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%#v: %q lacks %q", c.rule, err, part)
			}
		}
	}
}

// With an L2 penalty a rule does what its own Decay does.
func TestL2IsDecay(t *testing.T) {
	for name, pair := range map[string][2]Rule64{
		"SGD":      {SGD{LR: .1, Momentum: .9}, SGD{LR: .1, Momentum: .9, Decay: .05}},
		"Adam":     {Adam{LR: .01}, Adam{LR: .01, Decay: .05}},
		"RMSprop":  {RMSprop{LR: .01}, RMSprop{LR: .01, Decay: .05}},
		"Adagrad":  {Adagrad{LR: .1}, Adagrad{LR: .1, Decay: .05}},
		"Adadelta": {Adadelta{LR: 1}, Adadelta{LR: 1, Decay: .05}},
	} {
		p := Penalty{Rule: pair[0], L2: .05}
		for _, n := range []int{0, 1, 1024, 2500} { // around the size of the scratch
			got, want := run(p, p.Update64, start[float64](n), 9), run(pair[1], pair[1].Update64, start[float64](n), 9)
			for i := range want {
				if math.Abs(got[i]-want[i]) > 1e-12 {
					t.Fatalf("%s: weight %d of %d is %g, want %g", name, i, n, got[i], want[i])
				}
			}
		}
	}
}

// The minimum of (w − a)²/2 + L1·|w| is a moved by L1 towards 0, or 0 exactly.
func TestL1FindsTheSoftThreshold(t *testing.T) {
	a := []float64{3, -2, .5, -.3, .9, 0}
	want := []float64{2, -1, 0, 0, 0, 0}
	p := Penalty{Rule: SGD{LR: .5}, L1: 1}
	w, g := []float64{5, 5, 5, -5, 0, -1}, make([]float64, len(a))
	for step := range 100 {
		for i := range g {
			g[i] = w[i] - a[i]
		}
		p.Update64(w, g, nil, step+1, .5)
	}
	for i := range w {
		if math.Abs(w[i]-want[i]) > 1e-12 || want[i] == 0 && w[i] != 0 {
			t.Errorf("weight %d is %g, want %g", i, w[i], want[i])
		}
	}
}

func TestPenaltyLeavesTheGradientAndNaN(t *testing.T) {
	w, g := []float32{1, float32(math.NaN())}, []float32{.25, 1}
	Penalty{SGD{LR: .1}, 1, 1}.Update(w, g, nil, 1, .1)
	if !slices.Equal(g, []float32{.25, 1}) || w[1] == w[1] {
		t.Errorf("gradient %v, weights %v", g, w)
	}
}

type only32 struct{ SGD }

// Update64 of another signature hides SGD's.
func (only32) Update64() {}

func TestPenaltyOfARuleForFloat32(t *testing.T) {
	err := tensor.Try(func() { Penalty{only32{SGD{LR: 1}}, 0, 0}.Update64(nil, nil, nil, 1, 1) })
	if err == nil || !strings.Contains(err.Error(), "has no Update64") {
		t.Error(err)
	}
}

// A gradient that never changes has no variance: its estimate must not fall
// below 0 by rounding, whose root is NaN.
func TestCentredRMSpropOfAConstantGradient(t *testing.T) {
	r := RMSprop{LR: 1e-3, Alpha: .9, Centered: true}
	w, slots := make([]float32, 64), newSlots[float32](r, 64)
	g := make([]float32, 64)
	for i := range g {
		g[i] = .1 + float32(i)*.037
	}
	for step := range 3000 {
		r.Update(w, g, slots, step+1, r.LR)
	}
	for i, v := range w {
		if v != v {
			t.Fatalf("weight %d is NaN after a constant gradient of %g", i, g[i])
		}
	}
}

// Every rule goes downhill on a quadratic bowl.
func TestRulesDescend(t *testing.T) {
	for name, r := range goldenRules {
		w, g, slots := start[float64](9), make([]float64, 9), newSlots[float64](r, 9)
		height := func() (h float64) {
			for i, v := range w {
				h += float64(i+1) * v * v / 2
			}
			return h
		}
		before := height()
		for step := range 200 {
			for i := range g {
				g[i] = float64(i+1) * w[i]
			}
			r.Update64(w, g, slots, step+1, r.Rate())
		}
		if after := height(); !(after < .9*before) {
			t.Errorf("%s: from %g to %g", name, before, after)
		}
	}
}
