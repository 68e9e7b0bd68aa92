package optim

import (
	"math"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

func TestSchedulesStayAtTheirEnd(t *testing.T) {
	for name, c := range map[string]struct {
		s    Schedule
		want float64
	}{
		"cosine":    {Cosine(10), 0},
		"one-cycle": {OneCycle(10), 1. / 250000},
		"warm-up":   {Warmup(3, Cosine(10)), 0},
		"constant":  {Constant(), 1},
	} {
		for _, step := range []int{13, 14, 1000} {
			if got := c.s(step); math.Abs(got-c.want) > 1e-15 {
				t.Errorf("%s: factor %g at step %d, want %g", name, got, step, c.want)
			}
		}
	}
}

// Whatever the length, a factor is a number of 0…1, the peak is 1 or near it.
func TestSchedulesOfAnyLength(t *testing.T) {
	for total := -1; total < 60; total++ {
		for name, s := range map[string]Schedule{
			"cosine": Cosine(total), "one-cycle": OneCycle(total), "step": Step(total, .5),
			"warm-up": Warmup(total, Constant()), "warm cycle": Warmup(3, OneCycle(total)),
		} {
			for step := range 70 {
				if f := s(step); !(f >= 0 && f <= 1) {
					t.Errorf("%s of %d: factor %g at step %d", name, total, f, step)
				}
			}
		}
	}
}

func TestWarmupRisesFromOneNth(t *testing.T) {
	s := Warmup(4, Step(2, .1))
	for step, want := range []float64{.25, .5, .75, 1, 1, 1, .1, .1, .01} {
		if got := s(step); math.Abs(got-want) > 1e-15 {
			t.Errorf("factor %g at step %d, want %g", got, step, want)
		}
	}
}

func TestStepRefusesABadFactor(t *testing.T) {
	for _, f := range []float64{-1, math.NaN(), math.Inf(1)} {
		err := tensor.Try(func() { Step(1, f)(0) })
		if err == nil || !strings.Contains(err.Error(), "the factor is") {
			t.Errorf("factor %g: %v", f, err)
		}
	}
}
