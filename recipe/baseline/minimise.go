package baseline

import "math"

// How exactly minimise works: it stops when no entry of the gradient is above
// slope, or after so many rounds.
const (
	slope      = 1e-6
	mostRounds = 500
	memory     = 10 // pairs of steps and changes of the gradient
)

// minimise moves w to where f, which returns its value and fills in its
// gradient, is least: by limited-memory BFGS and backtracking.
//
// Source: Liu and Nocedal 1989, "On the limited memory BFGS method for large
// scale optimization".
func minimise(w []float64, f func(w, grad []float64) float64) {
	n := len(w)
	grad, next, nextGrad := make([]float64, n), make([]float64, n), make([]float64, n)
	value := f(w, grad)
	var past history
	for range mostRounds {
		if largest(grad) < slope {
			return
		}
		dir := past.direction(grad)
		down := dot(dir, grad)
		if down >= 0 { // the memory misleads: go straight down
			past = history{}
			dir = past.direction(grad)
			down = dot(dir, grad)
		}
		step, found := 1.0, 0.0
		if len(past.s) == 0 {
			step = min(1, 1/math.Sqrt(-down))
		}
		for ; ; step /= 2 {
			for i := range w {
				next[i] = w[i] + step*dir[i]
			}
			if found = f(next, nextGrad); found <= value+1e-4*step*down {
				break
			}
			if step < 1e-12 { // the value cannot be told from its neighbours
				return
			}
		}
		past.add(w, next, grad, nextGrad)
		copy(w, next)
		copy(grad, nextGrad)
		value = found
	}
}

func largest(v []float64) (m float64) {
	for _, x := range v {
		m = max(m, math.Abs(x))
	}
	return m
}

// history holds the last steps s, changes y of the gradient, and 1/(y·s).
type history struct {
	s, y [][]float64
	rho  []float64
}

// add notes a step; one along which the slope did not grow is left out.
func (h *history) add(w, next, grad, nextGrad []float64) {
	s, y := make([]float64, len(w)), make([]float64, len(w))
	for i := range w {
		s[i], y[i] = next[i]-w[i], nextGrad[i]-grad[i]
	}
	sy := dot(s, y)
	if sy <= 1e-14*dot(y, y) {
		return
	}
	if len(h.s) == memory {
		h.s, h.y, h.rho = h.s[1:], h.y[1:], h.rho[1:]
	}
	h.s, h.y, h.rho = append(h.s, s), append(h.y, y), append(h.rho, 1/sy)
}

// direction is minus the gradient times what the history says of the inverse
// Hessian.
func (h *history) direction(grad []float64) []float64 {
	d := make([]float64, len(grad))
	for i, g := range grad {
		d[i] = -g
	}
	alpha := make([]float64, len(h.s))
	for k := len(h.s) - 1; k >= 0; k-- {
		alpha[k] = h.rho[k] * dot(h.s[k], d)
		axpy(-alpha[k], h.y[k], d)
	}
	if last := len(h.s) - 1; last >= 0 {
		scale := 1 / (h.rho[last] * dot(h.y[last], h.y[last]))
		for i := range d {
			d[i] *= scale
		}
	}
	for k := range h.s {
		axpy(alpha[k]-h.rho[k]*dot(h.y[k], d), h.s[k], d)
	}
	return d
}

// axpy adds a·x to y.
func axpy(a float64, x, y []float64) {
	for i, v := range x {
		y[i] += a * v
	}
}
