package kernel

import "github.com/limpid-ml/limpid/internal/backstage"

// NormStatsRows sets mean and variance (biased) [rows] of the rows of x
// [rows, cols]: layer normalisation's statistics.
func NormStatsRows[T Float](mean, variance, x []T, rows, cols int) {
	j := newRows[T](rowsStats, rows, cols)
	j.a, j.b, j.x = mean, variance, x
	j.run()
	j.free()
}

func statsRow[T Float](x []T) (mean, variance T) {
	m := Reduce(SumOf, x) / float64(len(x))
	return T(m), T(squaresLess(x, T(m)) / float64(len(x)))
}

// squaresLess returns the sum of the squares of x[i] − mean.
func squaresLess[T Float](x []T, mean T) (sum float64) {
	for len(x) > 0 {
		n := min(len(x), reduceBlock)
		a := coefficients(float64(mean))
		a.stream[1] = stream(x)
		if !wide[T]() && passVectors(passSquaresLess, n, &a) {
			sum += float64(a.sum[0])
		} else {
			for _, v := range x[:n] {
				sum += float64(v-mean) * float64(v-mean)
			}
		}
		x = x[n:]
	}
	return sum
}

// NormRows sets y to act((x − mean)·rstd·gamma + beta), where mean and rstd
// [rows] belong to rows, gamma and beta [cols], which may be nil, to columns.
// y may be x.
func NormRows[T Float](y, x, mean, rstd, gamma, beta []T, rows, cols int, act Act, slope float64) {
	j := newRows[T](rowsNorm, rows, cols)
	j.dst, j.x, j.a, j.b, j.act, j.slope = y, x, mean, rstd, act, slope
	j.gamma, j.beta = orConstant(gamma, &j.ones, 1, cols), orConstant(beta, &j.partial, 0, cols)
	j.run()
	j.free()
}

// normRow sets y[i] to (x[i] − mean)·rstd·gamma[i] + beta[i].
func normRow[T Float](y, x, gamma, beta []T, mean, rstd T) {
	a := coefficients(float64(mean), float64(rstd))
	a.stream = [7]*float32{stream(y), stream(x), stream(gamma), stream(beta)}
	if wide[T]() || !passVectors(passNormRow, len(x), &a) {
		for i, v := range x {
			y[i] = (v-mean)*rstd*gamma[i] + beta[i]
		}
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
	j := newRows[T](rowsNormGrad, rows, cols)
	j.dst, j.y, j.x, j.a, j.b = dx, dy, x, mean, rstd
	j.gamma = orConstant(gamma, &j.ones, 1, cols)
	j.sums = columns[float64](&j.partial, 2*cols*parts(rows, j.chunk))
	j.run()
	addChunks(dgamma, j.sums, cols, 0)
	addChunks(dbeta, j.sums, cols, 1)
	j.free()
}

// addChunks sets dst, unless it is nil, to the sums over all chunks, in order,
// of vector which of the two in each.
func addChunks[T Float](dst []T, sums []float64, cols, which int) {
	for c := range dst {
		total := 0.0
		for i := which*cols + c; i < len(sums); i += 2 * cols {
			total += sums[i]
		}
		dst[c] = T(total)
	}
}

// normGrad does rows from to to and sets sums [2, cols] to what they add to
// the gradients of gamma and beta: some rows at a time in T.
func (j *rowsJob[T]) normGrad(from, to int, sums []float64) {
	s := takeScratch()
	block := columns[T](&s.a, 2*j.cols)
	clear(sums)
	for r := from; r < to; r++ {
		if (r-from)%colBlockRows == 0 {
			clear(block)
		}
		normRowGrad(j.row(j.dst, r), j.row(j.y, r), j.row(j.x, r), j.gamma, block[:j.cols], block[j.cols:], j.a[r], j.b[r])
		if (r-from)%colBlockRows == colBlockRows-1 || r == to-1 {
			for i, v := range block {
				sums[i] += float64(v)
			}
		}
	}
	s.put()
}

// normRowGrad does one row, and adds what it gives gamma and beta.
func normRowGrad[T Float](dx, dy, x, gamma, dgamma, dbeta []T, mean, rstd T) {
	sum, dot := normRowSums(dy, x, gamma, mean)
	n := float64(len(x))
	m, d := sum/n, dot*float64(rstd)/n
	a := coefficients(float64(mean), float64(rstd), m, d)
	a.stream = [7]*float32{stream(dx), stream(dy), stream(x), stream(gamma), stream(dgamma), stream(dbeta)}
	if !wide[T]() && passVectors(passNormRowGrad, len(x), &a) {
		return
	}
	for i, v := range dy {
		hat := (x[i] - mean) * rstd
		dgamma[i] += v * hat
		dbeta[i] += v
		dx[i] = (v*gamma[i] - T(m) - hat*T(d)) * rstd
	}
}

// normRowSums returns the sums of dy[i]·gamma[i], and of these times x[i] − mean.
func normRowSums[T Float](dy, x, gamma []T, mean T) (sum, dot float64) {
	for len(x) > 0 {
		n := min(len(x), reduceBlock)
		a := coefficients(float64(mean))
		a.stream = [7]*float32{1: stream(dy), 2: stream(x), 3: stream(gamma)}
		if !wide[T]() && passVectors(passNormRowSums, n, &a) {
			sum, dot = sum+float64(a.sum[0]), dot+float64(a.sum[1])
		} else {
			for i, v := range dy[:n] {
				scaled := float64(v) * float64(gamma[i])
				sum, dot = sum+scaled, dot+scaled*float64(x[i]-mean)
			}
		}
		dy, x, gamma = dy[n:], x[n:], gamma[n:]
	}
	return sum, dot
}
