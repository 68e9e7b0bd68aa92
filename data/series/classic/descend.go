package classic

import (
	"math"
	"slices"
)

// point is a place and what it costs.
type point struct {
	x []float64
	v float64
}

// descend looks for the least value of f near from, without its slope: the
// corners of a simplex take turns in leaving the worst place. It ends after so
// many values or when all corners, and what lies between, cost the same.
//
// Source: Nelder and Mead 1965, "A simplex method for function minimization".
func descend(f func(x []float64) float64, from []float64, values int) ([]float64, float64) {
	n := len(from)
	all := []point{{slices.Clone(from), f(from)}}
	for i := range n {
		x := slices.Clone(from)
		x[i]++
		all = append(all, point{x, f(x)})
	}
	for used := n + 1; used < values; {
		slices.SortStableFunc(all, func(a, b point) int {
			if a.v < b.v {
				return -1
			}
			if a.v > b.v {
				return 1
			}
			return 0
		})
		if !flat(all) {
			used += turn(f, all)
			continue
		}
		// Corners on both sides of a valley may cost the same: look between.
		if used += shrink(f, all); flat(all) {
			break
		}
	}
	best := all[0]
	for _, p := range all {
		if p.v < best.v {
			best = p
		}
	}
	return best.x, best.v
}

// turn moves the worst corner, the last, or draws all to the best, the first.
// It returns how many values it took.
func turn(f func(x []float64) float64, all []point) int {
	n := len(all) - 1
	middle := make([]float64, n)
	for _, p := range all[:n] {
		for i, v := range p.x {
			middle[i] += v / float64(n)
		}
	}
	along := func(t float64) point {
		x := make([]float64, n)
		for i := range x {
			x[i] = middle[i] + t*(all[n].x[i]-middle[i])
		}
		return point{x, f(x)}
	}
	mirrored := along(-1)
	switch {
	case mirrored.v < all[0].v:
		if far := along(-2); far.v < mirrored.v {
			mirrored = far
		}
		all[n] = mirrored
		return 2
	case mirrored.v < all[n-1].v:
		all[n] = mirrored
		return 1
	}
	t := 0.5
	if mirrored.v < all[n].v {
		t = -0.5
	}
	if inner := along(t); inner.v < min(all[n].v, mirrored.v) {
		all[n] = inner
		return 2
	}
	return 2 + shrink(f, all)
}

// shrink draws all corners half-way to the first, and returns how many values it
// took.
func shrink(f func(x []float64) float64, all []point) int {
	for k := range all[1:] {
		p := &all[k+1]
		for i := range p.x {
			p.x[i] = (p.x[i] + all[0].x[i]) / 2
		}
		p.v = f(p.x)
	}
	return len(all) - 1
}

// flat tells whether all corners cost the same.
func flat(all []point) bool {
	low, high := all[0].v, all[0].v
	for _, p := range all {
		low, high = min(low, p.v), max(high, p.v)
	}
	return high-low <= 1e-10*math.Abs(low)
}
