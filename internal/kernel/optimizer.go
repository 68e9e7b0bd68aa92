package kernel

import "math"

// The steps of the optimisers, each one pass over the weights w, their
// gradients g and the optimiser's slots, all of one length. They are
// PyTorch's; Decay is an L2 penalty added to the gradient, unless said
// otherwise.

// SGDStep holds the coefficients of [SGD]. Without momentum the slot may be
// nil. First says that the slot is yet empty: it takes the gradient whole.
type SGDStep struct {
	LR, Momentum, Dampening, Decay float64
	Nesterov, First                bool
}

// SGD steps along the gradient, or the momentum m.
func SGD[T Float](w, g, m []T, s *SGDStep) {
	g = g[:len(w)]
	fresh, id := 1-s.Dampening, passMomentum
	switch {
	case s.Momentum == 0:
		id, m = passSgd, w // not used
	case s.First:
		clear(m[:len(w)])
		fresh = 1
	}
	if m = m[:len(w)]; s.Nesterov && id == passMomentum {
		id = passNesterov
	}
	a := coefficients(s.LR, s.Decay, s.Momentum, fresh)
	a.stream = [7]*float32{stream(w), stream(g), stream(m)}
	if wide[T]() || !sharedPass(id, len(w), &a) {
		sgdGo(w, g, m, s, T(fresh))
	}
}

func sgdGo[T Float](w, g, m []T, s *SGDStep, fresh T) {
	if s.Momentum == 0 {
		for i, v := range w {
			w[i] = v - T(s.LR)*(g[i]+T(s.Decay)*v)
		}
		return
	}
	keep := T(s.Momentum)
	for i, v := range w {
		d := g[i] + T(s.Decay)*v
		m[i] = keep*m[i] + fresh*d
		if s.Nesterov {
			d += keep * m[i]
		} else {
			d = m[i]
		}
		w[i] = v - T(s.LR)*d
	}
}

// AdamStep holds the coefficients of [Adam]. Step counts from 1. Decoupled
// takes Decay·LR of the weights off instead of penalising the loss: AdamW.
type AdamStep struct {
	LR, Beta1, Beta2, Eps, Decay float64
	Step                         int
	Decoupled                    bool
}

// Adam steps by the mean m of the gradient over the root of the mean v of its
// square. Source: Kingma and Ba 2015; Loshchilov and Hutter 2019 (AdamW).
func Adam[T Float](w, g, m, v []T, s *AdamStep) {
	g, m, v = g[:len(w)], m[:len(w)], v[:len(w)]
	rate, root := s.LR/(1-math.Pow(s.Beta1, float64(s.Step))), 1/math.Sqrt(1-math.Pow(s.Beta2, float64(s.Step)))
	shrink, decay := 1.0, s.Decay
	if s.Decoupled {
		shrink, decay = 1-s.LR*s.Decay, 0
	}
	a := coefficients(rate, root, s.Beta1, s.Beta2, 1-s.Beta1, 1-s.Beta2, s.Eps, shrink, decay)
	a.stream = [7]*float32{stream(w), stream(g), stream(m), stream(v)}
	if wide[T]() || !sharedPass(passAdam, len(w), &a) {
		adamGo(w, g, m, v, s, T(rate), T(root), T(shrink), T(decay))
	}
}

func adamGo[T Float](w, g, m, v []T, s *AdamStep, rate, root, shrink, decay T) {
	b1, b2, c1, c2, eps := T(s.Beta1), T(s.Beta2), T(1-s.Beta1), T(1-s.Beta2), T(s.Eps)
	for i, x := range w {
		d := g[i] + decay*x
		m[i] = b1*m[i] + c1*d
		v[i] = b2*v[i] + c2*d*d
		w[i] = shrink*x - rate*m[i]/(sqrt(v[i])*root+eps)
	}
}

func sqrt[T Float](x T) T { return T(math.Sqrt(float64(x))) }

// RMSpropStep holds the coefficients of [RMSprop].
type RMSpropStep struct {
	LR, Alpha, Eps, Decay, Momentum float64
	Centered                        bool
}

// RMSprop steps by the gradient over the root of the mean v of its square,
// less the square of its own mean if centred. The slots of the momentum and of
// the gradient's mean may be nil where they are not used.
func RMSprop[T Float](w, g, v, momentum, mean []T, s *RMSpropStep) {
	g, v = g[:len(w)], v[:len(w)]
	a := coefficients(s.LR, s.Alpha, 1-s.Alpha, s.Eps, s.Decay, s.Momentum)
	a.stream = [7]*float32{stream(w), stream(g), stream(v)}
	id := passRmsprop
	if s.Momentum > 0 {
		id, a.stream[3] = passRmspropMomentum, stream(momentum[:len(w)])
	}
	if s.Centered {
		id, a.stream[4] = id+passRmspropCentered-passRmsprop, stream(mean[:len(w)])
	}
	if wide[T]() || !sharedPass(id, len(w), &a) {
		rmspropGo(w, g, v, momentum, mean, s)
	}
}

func rmspropGo[T Float](w, g, v, momentum, mean []T, s *RMSpropStep) {
	for i, x := range w {
		d := g[i] + T(s.Decay)*x
		v[i] = T(s.Alpha)*v[i] + T(1-s.Alpha)*d*d
		spread := v[i]
		if s.Centered {
			mean[i] = T(s.Alpha)*mean[i] + T(1-s.Alpha)*d
			spread = max(spread-mean[i]*mean[i], 0) // rounding may take it below
		}
		d /= sqrt(spread) + T(s.Eps)
		if s.Momentum > 0 {
			momentum[i] = T(s.Momentum)*momentum[i] + d
			d = momentum[i]
		}
		w[i] = x - T(s.LR)*d
	}
}

// AdagradStep holds the coefficients of [Adagrad]. LR is the rate of this
// step: its decay is the caller's.
type AdagradStep struct{ LR, Eps, Decay float64 }

// Adagrad steps by the gradient over the root of the sum of its squares.
func Adagrad[T Float](w, g, sum []T, s *AdagradStep) {
	g, sum = g[:len(w)], sum[:len(w)]
	a := coefficients(s.LR, s.Eps, s.Decay)
	a.stream = [7]*float32{stream(w), stream(g), stream(sum)}
	if wide[T]() || !sharedPass(passAdagrad, len(w), &a) {
		adagradGo(w, g, sum, s)
	}
}

func adagradGo[T Float](w, g, sum []T, s *AdagradStep) {
	for i, x := range w {
		d := g[i] + T(s.Decay)*x
		sum[i] += d * d
		w[i] = x - T(s.LR)*d/(sqrt(sum[i])+T(s.Eps))
	}
}

// AdadeltaStep holds the coefficients of [Adadelta].
type AdadeltaStep struct{ LR, Rho, Eps, Decay float64 }

// Adadelta steps by the gradient times the ratio of the roots of the mean
// squares of past steps, steps, and of the gradient, v.
func Adadelta[T Float](w, g, v, steps []T, s *AdadeltaStep) {
	g, v, steps = g[:len(w)], v[:len(w)], steps[:len(w)]
	a := coefficients(s.LR, s.Rho, 1-s.Rho, s.Eps, s.Decay)
	a.stream = [7]*float32{stream(w), stream(g), stream(v), stream(steps)}
	if wide[T]() || !sharedPass(passAdadelta, len(w), &a) {
		adadeltaGo(w, g, v, steps, s)
	}
}

func adadeltaGo[T Float](w, g, v, steps []T, s *AdadeltaStep) {
	for i, x := range w {
		d := g[i] + T(s.Decay)*x
		v[i] = T(s.Rho)*v[i] + T(1-s.Rho)*d*d
		d *= sqrt(steps[i]+T(s.Eps)) / sqrt(v[i]+T(s.Eps))
		steps[i] = T(s.Rho)*steps[i] + T(1-s.Rho)*d*d
		w[i] = x - T(s.LR)*d
	}
}
