package kernel

import "github.com/limpid-ml/limpid/internal/backstage"

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
