package kernel

import "github.com/limpid-ml/limpid/internal/backstage"

// NormStatsCols sets mean and variance (biased) [cols] of the columns of x
// [rows, cols]: batch normalisation's statistics of channels.
func NormStatsCols[T Float](mean, variance, x []T, rows, cols int) {
	ReduceCols(SumOf, mean[:cols], x, rows, cols)
	Unary(Scale, mean[:cols], mean[:cols], 1/float64(rows), 0)
	w := colSumsPool.take()
	total, diff := columns[float64](&w.sum, cols), columns[T](&w.block, 2*cols)
	diff, block := diff[:cols], diff[cols:]
	clear(total)
	for r := 0; r < rows; r += colBlockRows {
		clear(block)
		for at := r * cols; at < min(r+colBlockRows, rows)*cols; at += cols {
			Binary(Sub, diff, x[at:at+cols], mean[:cols], 0)
			mulAdd(block, diff, diff)
		}
		for c, v := range block {
			total[c] += float64(v)
		}
	}
	for c, v := range total {
		variance[c] = T(v / float64(rows))
	}
	colSumsPool.put(w)
}

// NormStatsRows sets mean and variance (biased) [rows] of the rows of x
// [rows, cols]: layer normalisation's statistics.
func NormStatsRows[T Float](mean, variance, x []T, rows, cols int) {
	w := colSumsPool.take()
	diff := columns[T](&w.block, cols)
	for r := range rows {
		row := x[r*cols:][:cols]
		m := Reduce(SumOf, row) / float64(cols)
		Unary(Shift, diff, row, -m, 0)
		mean[r], variance[r] = T(m), T(Reduce(SumSquares, diff)/float64(cols))
	}
	colSumsPool.put(w)
}

// NormCols sets y to act((x − mean)·rstd·gamma + beta), all but x and y [cols]:
// one value a column. gamma and beta may be nil. y may be x.
func NormCols[T Float](y, x, mean, rstd, gamma, beta []T, rows, cols int, act Act, slope float64) {
	w := colSumsPool.take()
	scale, shift := columns[T](&w.block, 2*cols)[:cols], columns[T](&w.block, 2*cols)[cols:]
	for c := range cols {
		scale[c] = rstd[c]
		if gamma != nil {
			scale[c] *= gamma[c]
		}
		shift[c] = 0
		if beta != nil {
			shift[c] = beta[c]
		}
	}
	for at := 0; at < rows*cols; at += cols {
		row := y[at : at+cols]
		Binary(Sub, row, x[at:at+cols], mean[:cols], 0) // first, for x may be far from 0
		scaleShift(row, row, scale, shift)
		activateFast(act, slope, row)
	}
	colSumsPool.put(w)
}

// scaleShift sets dst[i] to x[i]·scale[i] + shift[i].
func scaleShift[T Float](dst, x, scale, shift []T) {
	Binary(Mul, dst, x, scale, 0)
	Binary(Add, dst, dst, shift, 0)
}

// NormRows sets y to act((x − mean)·rstd·gamma + beta), where mean and rstd
// [rows] belong to rows, gamma and beta [cols], which may be nil, to columns.
// y may be x.
func NormRows[T Float](y, x, mean, rstd, gamma, beta []T, rows, cols int, act Act, slope float64) {
	for r := range rows {
		row := y[r*cols:][:cols]
		Unary(Shift, row, x[r*cols:][:cols], -float64(mean[r]), 0)
		Unary(Scale, row, row, float64(rstd[r]), 0)
		if gamma != nil {
			Binary(Mul, row, row, gamma[:cols], 0)
		}
		if beta != nil {
			Binary(Add, row, row, beta[:cols], 0)
		}
		activateFast(act, slope, row)
	}
}

// actOps tells which operation an activation is.
var actOps = [...]UnaryOp{
	backstage.ReLU: ReLU, backstage.LeakyReLU: LeakyReLU, backstage.Tanh: Tanh,
	backstage.Sigmoid: Sigmoid, backstage.GELU: GELU, backstage.GELUTanh: GELUTanh,
	backstage.SiLU: SiLU, backstage.ELU: ELU, backstage.SELU: SELU,
	backstage.Softplus: Softplus, backstage.Mish: Mish,
	backstage.HardSwish: HardSwish, backstage.Softsign: Softsign,
}

// activateFast applies an activation in place.
func activateFast[T Float](act Act, param float64, x []T) {
	if act != backstage.None {
		Unary(actOps[act], x, x, param, 0)
	}
}

// NormColsGrad sets dx, and dgamma and dbeta [cols], to the gradients of
// [NormCols] (before the activation) where mean and rstd come from x itself.
// gamma may be nil, and so may dgamma and dbeta. dx may be dy.
func NormColsGrad[T Float](dx, dgamma, dbeta, dy, x, mean, rstd, gamma []T, rows, cols int) {
	w := colSumsPool.take()
	memory := columns[T](&w.sum, 4*cols) // w.block is free for others, but they take their own
	sum, dot, hat, scale := memory[:cols], memory[cols:2*cols], memory[2*cols:3*cols], memory[3*cols:]
	ReduceCols(SumOf, sum, dy, rows, cols)
	normColsDot(dot, hat, dy, x, mean, rstd, rows, cols)
	if dgamma != nil {
		copy(dgamma, dot)
	}
	if dbeta != nil {
		copy(dbeta, sum)
	}
	Unary(Scale, sum, sum, 1/float64(rows), 0)
	Unary(Scale, dot, dot, 1/float64(rows), 0)
	copy(scale, rstd)
	if gamma != nil {
		Binary(Mul, scale, scale, gamma[:cols], 0)
	}
	for at := 0; at < rows*cols; at += cols {
		out := dx[at : at+cols]
		normalise(hat, x[at:at+cols], mean, rstd)
		Binary(Mul, hat, hat, dot, 0)
		Binary(Sub, out, dy[at:at+cols], sum, 0)
		Binary(Sub, out, out, hat, 0)
		Binary(Mul, out, out, scale, 0)
	}
	colSumsPool.put(w)
}

// normalise sets hat[i] to (x[i] − mean[i])·rstd[i].
func normalise[T Float](hat, x, mean, rstd []T) {
	Binary(Sub, hat, x, mean[:len(x)], 0)
	Binary(Mul, hat, hat, rstd[:len(x)], 0)
}

// normColsDot sets dot[c] to the sum of dy times normalised x in column c.
func normColsDot[T Float](dot, hat, dy, x, mean, rstd []T, rows, cols int) {
	w := colSumsPool.take()
	total, block := columns[float64](&w.sum, cols), columns[T](&w.block, cols)
	clear(total)
	for r := 0; r < rows; r += colBlockRows {
		clear(block)
		for at := r * cols; at < min(r+colBlockRows, rows)*cols; at += cols {
			normalise(hat, x[at:at+cols], mean, rstd)
			mulAdd(block, hat, dy[at:at+cols])
		}
		for c, v := range block {
			total[c] += float64(v)
		}
	}
	for c, v := range total {
		dot[c] = T(v)
	}
	colSumsPool.put(w)
}

// NormRowsGrad sets dx, and dgamma and dbeta [cols], to the gradients of
// [NormRows] (before the activation) where mean and rstd come from x itself.
// gamma may be nil, and so may dgamma and dbeta. dx may be dy.
func NormRowsGrad[T Float](dx, dgamma, dbeta, dy, x, mean, rstd, gamma []T, rows, cols int) {
	w := colSumsPool.take()
	hat, scaled := columns[T](&w.block, 2*cols)[:cols], columns[T](&w.block, 2*cols)[cols:]
	totals := columns[float64](&w.sum, 2*cols)
	clear(totals)
	for r := range rows {
		dyRow, out := dy[r*cols:][:cols], dx[r*cols:][:cols]
		Unary(Shift, hat, x[r*cols:][:cols], -float64(mean[r]), 0)
		Unary(Scale, hat, hat, float64(rstd[r]), 0)
		for c, v := range dyRow {
			totals[c] += float64(v)
			totals[cols+c] += float64(v * hat[c])
		}
		copy(scaled, dyRow)
		if gamma != nil {
			Binary(Mul, scaled, scaled, gamma[:cols], 0)
		}
		m, d := Reduce(SumOf, scaled)/float64(cols), Dot(scaled, hat)/float64(cols)
		Unary(Shift, out, scaled, -m, 0)
		Axpy(T(-d), hat, out)
		Unary(Scale, out, out, float64(rstd[r]), 0)
	}
	narrow(dbeta, totals[:cols])
	narrow(dgamma, totals[cols:])
	colSumsPool.put(w)
}

// narrow sets dst, unless it is nil, to x.
func narrow[T Float](dst []T, x []float64) {
	for i := range dst {
		dst[i] = T(x[i])
	}
}
