package main

// passes lists all passes. What they compute is said where package kernel
// calls them.
var passes = []pass{
	{name: "sgd", reads: []int{0, 1}, writes: []int{0}, c: 2, unroll: 2, f: sgd},
	{name: "momentum", reads: []int{0, 1, 2}, writes: []int{0, 2}, c: 4, unroll: 1, f: momentum},
	{name: "nesterov", reads: []int{0, 1, 2}, writes: []int{0, 2}, c: 4, unroll: 1, f: nesterov},
	{name: "adam", reads: []int{0, 1, 2, 3}, writes: []int{0, 2, 3}, c: 9, unroll: 1, f: adam},
	{name: "rmsprop", reads: []int{0, 1, 2}, writes: []int{0, 2}, c: 5, unroll: 1, f: rmsprop{}.step},
	{name: "rmspropMomentum", reads: []int{0, 1, 2, 3}, writes: []int{0, 2, 3}, c: 6, unroll: 1, f: rmsprop{momentum: true}.step},
	{name: "rmspropCentered", reads: []int{0, 1, 2, 4}, writes: []int{0, 2, 4}, c: 5, unroll: 1, f: rmsprop{centered: true}.step},
	{name: "rmspropBoth", reads: []int{0, 1, 2, 3, 4}, writes: []int{0, 2, 3, 4}, c: 6, unroll: 1, f: rmsprop{true, true}.step},
	{name: "adagrad", reads: []int{0, 1, 2}, writes: []int{0, 2}, c: 3, unroll: 1, f: adagrad},
	{name: "adadelta", reads: []int{0, 1, 2, 3}, writes: []int{0, 2, 3}, c: 5, unroll: 1, f: adadelta},

	{name: "normCols", reads: []int{1, 2, 3, 4}, writes: []int{0}, unroll: 2, f: func(w *work) []vec {
		return []vec{w.fma(w.sub(w.in[1], w.in[2]), w.in[3], w.in[4])}
	}},
	{name: "addSquares", reads: []int{0, 1, 2}, writes: []int{0}, unroll: 2, f: func(w *work) []vec {
		d := w.sub(w.in[1], w.in[2])
		return []vec{w.fma(d, d, w.in[0])}
	}},
	{name: "addDots", reads: []int{0, 1, 2, 3, 4}, writes: []int{0, 1}, unroll: 2, f: func(w *work) []vec {
		return []vec{w.add(w.in[0], w.in[2]), w.fma(w.in[2], w.sub(w.in[3], w.in[4]), w.in[1])}
	}},
	{name: "normColsGrad", reads: []int{1, 2, 3, 4, 5, 6}, writes: []int{0}, unroll: 1, f: func(w *work) []vec {
		return []vec{w.mul(w.fnma(w.sub(w.in[2], w.in[3]), w.in[4], w.sub(w.in[1], w.in[5])), w.in[6])}
	}},

	{name: "squaresLess", reads: []int{1}, c: 1, sums: 1, unroll: 4, f: func(w *work) []vec {
		d := w.sub(w.in[1], w.c(0))
		w.addTo(0, w.mul(d, d))
		return nil
	}},
	{name: "normRow", reads: []int{1, 2, 3}, writes: []int{0}, c: 2, unroll: 2, f: func(w *work) []vec {
		return []vec{w.fma(w.mul(w.sub(w.in[1], w.c(0)), w.c(1)), w.in[2], w.in[3])}
	}},
	{name: "normRowSums", reads: []int{1, 2, 3}, c: 1, sums: 2, unroll: 2, f: func(w *work) []vec {
		scaled := w.mul(w.in[1], w.in[3])
		w.addTo(0, scaled)
		w.addTo(1, w.mul(scaled, w.sub(w.in[2], w.c(0))))
		return nil
	}},
	{name: "normRowGrad", reads: []int{1, 2, 3, 4, 5}, writes: []int{0, 4, 5}, c: 4, unroll: 1, f: normRowGrad},

	{name: "expSum", reads: []int{1}, writes: []int{0}, c: 1, sums: 1, unroll: 1, f: func(w *work) []vec {
		e := w.exp(w.sub(w.in[1], w.c(0)))
		w.addTo(0, e)
		return []vec{e}
	}},
	{name: "sumOfExp", reads: []int{1}, c: 1, sums: 1, unroll: 1, f: func(w *work) []vec {
		w.addTo(0, w.exp(w.sub(w.in[1], w.c(0))))
		return nil
	}},
	{name: "lessTwo", reads: []int{1}, writes: []int{0}, c: 2, unroll: 2, f: func(w *work) []vec {
		return []vec{w.sub(w.sub(w.in[1], w.c(0)), w.c(1))}
	}},
	{name: "softmaxGrad", reads: []int{1, 2}, writes: []int{0}, c: 1, unroll: 2, f: func(w *work) []vec {
		return []vec{w.mul(w.in[1], w.sub(w.in[2], w.c(0)))}
	}},
}

// sgd has the coefficients rate and decay; in the optimisers stream 0 is the
// weights, stream 1 the gradient.
func sgd(w *work) []vec {
	d := w.fma(w.in[0], w.c(1), w.in[1])
	return []vec{w.fnma(d, w.c(0), w.in[0])}
}

// gathered returns the gradient with its decay, and the new momentum, of the
// coefficients rate, decay, keep, fresh.
func gathered(w *work) (d, m vec) {
	d = w.fma(w.in[0], w.c(1), w.in[1])
	return d, w.fma(w.in[2], w.c(2), w.mul(d, w.c(3)))
}

func momentum(w *work) []vec {
	_, m := gathered(w)
	return []vec{w.fnma(m, w.c(0), w.in[0]), m}
}

func nesterov(w *work) []vec {
	d, m := gathered(w)
	return []vec{w.fnma(w.fma(m, w.c(2), d), w.c(0), w.in[0]), m}
}

// adam has the coefficients rate, root, β₁, β₂, 1−β₁, 1−β₂, ε, shrink, decay.
func adam(w *work) []vec {
	d := w.fma(w.in[0], w.c(8), w.in[1])
	m := w.fma(w.in[2], w.c(2), w.mul(d, w.c(4)))
	v := w.fma(w.in[3], w.c(3), w.mul(w.mul(d, d), w.c(5)))
	under := w.fma(w.sqrt(v), w.c(1), w.copy(w.c(6)))
	return []vec{w.fnma(w.div(m, under), w.c(0), w.mul(w.in[0], w.c(7))), m, v}
}

type rmsprop struct{ momentum, centered bool }

// step has the coefficients rate, α, 1−α, ε, decay and momentum, and the
// streams v, momentum and mean.
func (r rmsprop) step(w *work) []vec {
	d := w.fma(w.in[0], w.c(4), w.in[1])
	v := w.fma(w.in[2], w.c(1), w.mul(w.mul(d, d), w.c(2)))
	spread := v
	var mean vec
	if r.centered {
		mean = w.fma(w.in[4], w.c(1), w.mul(d, w.c(2)))
		spread = w.fnma(mean, mean, w.copy(v))
	}
	d = w.div(d, w.add(w.sqrt(spread), w.c(3)))
	if r.momentum {
		d = w.fma(w.in[3], w.c(5), d)
	}
	out := []vec{w.fnma(d, w.c(0), w.in[0]), v}
	if r.momentum {
		out = append(out, d)
	}
	if r.centered {
		out = append(out, mean)
	}
	return out
}

// adagrad has the coefficients rate, ε, decay.
func adagrad(w *work) []vec {
	d := w.fma(w.in[0], w.c(2), w.in[1])
	sum := w.fma(d, d, w.in[2])
	d = w.div(d, w.add(w.sqrt(sum), w.c(1)))
	return []vec{w.fnma(d, w.c(0), w.in[0]), sum}
}

// adadelta has the coefficients rate, ρ, 1−ρ, ε, decay.
func adadelta(w *work) []vec {
	d := w.fma(w.in[0], w.c(4), w.in[1])
	mean := func(of, d vec) vec { return w.fma(of, w.c(1), w.mul(w.mul(d, d), w.c(2))) }
	v := mean(w.in[2], d)
	eps := w.c(3)
	d = w.mul(d, w.div(w.sqrt(w.add(w.in[3], eps)), w.sqrt(w.add(v, eps))))
	steps := mean(w.in[3], d)
	return []vec{w.fnma(d, w.c(0), w.in[0]), v, steps}
}

// normRowGrad has the coefficients mean, rstd, and the means of the scaled
// gradient and of its product with normalised x.
func normRowGrad(w *work) []vec {
	hat := w.mul(w.sub(w.in[2], w.c(0)), w.c(1))
	gamma := w.fma(w.in[1], hat, w.in[4])
	beta := w.add(w.in[5], w.in[1])
	d := w.fnma(hat, w.c(3), w.sub(w.mul(w.in[1], w.in[3]), w.c(2)))
	return []vec{w.mul(d, w.c(1)), gamma, beta}
}
