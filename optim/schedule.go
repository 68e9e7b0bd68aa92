package optim

import (
	"math"

	"github.com/limpid-ml/limpid/tensor"
)

// Schedule maps a step, from 0, to a factor of the base learning rate. It is a
// function of the step alone, so that a resumed run needs no state of it.
type Schedule func(step int) float64

// Constant leaves the rate as it is.
func Constant() Schedule { return func(int) float64 { return 1 } }

// Step multiplies the rate by factor after each so many steps.
func Step(every int, factor float64) Schedule {
	every = max(every, 1)
	return func(step int) float64 {
		if !(factor >= 0 && factor <= math.MaxFloat64) {
			tensor.Fail("optim.Step", "the factor is %g; it multiplies the learning rate: give a number of at least 0, such as 0.1", factor)
		}
		return math.Pow(factor, float64(step/every))
	}
}

// Cosine lets the rate fall along half a cosine, from 1 at step 0 to 0 at step
// total, where it stays.
//
// Source: Loshchilov and Hutter 2017, "SGDR: stochastic gradient descent with
// warm restarts", without restarts.
func Cosine(total int) Schedule {
	total = max(total, 1)
	return func(step int) float64 {
		return anneal(1, 0, float64(min(step, total))/float64(total))
	}
}

// anneal goes from a to b along half a cosine as x goes from 0 to 1.
func anneal(a, b, x float64) float64 { return b + (a-b)/2*(1+math.Cos(math.Pi*x)) }

// The shape of [OneCycle]: PyTorch's defaults.
const (
	cycleRise  = .3        // of the steps
	cycleStart = 1. / 25   // the first factor
	cycleEnd   = 1e-4 / 25 // the last
)

// OneCycle lets the rate rise from 1/25 to 1 over the first 30% of total steps,
// and fall to 1/250,000 at the last, where it stays; both along half a cosine.
// The base rate is the peak.
//
// Source: Smith and Topin 2018, "Super-convergence"; PyTorch's OneCycleLR with
// its defaults.
func OneCycle(total int) Schedule {
	total = max(total, 1)
	peak, last := cycleRise*float64(total)-1, float64(total-1)
	return func(step int) float64 {
		switch s := float64(step); {
		case s >= last:
			return cycleEnd
		case s <= peak:
			return anneal(cycleStart, 1, s/peak)
		default:
			return anneal(1, cycleEnd, (s-peak)/(last-peak))
		}
	}
}

// Warmup lets the rate rise evenly over so many steps, the first factor being
// 1/steps of the next schedule's first, and then follows the next schedule from
// its step 0: a run of n steps is Warmup(w, Cosine(n-w)).
func Warmup(steps int, then Schedule) Schedule {
	return func(step int) float64 {
		if step < steps {
			return float64(step+1) / float64(steps) * then(0)
		}
		return then(step - max(steps, 0))
	}
}
