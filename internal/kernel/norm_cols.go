package kernel

import "github.com/limpid-ml/limpid/internal/par"

// The columns of x [rows, cols] are worked on in strips of so many whole rows
// that a vector operation has much to do even if there are few columns. What
// belongs to columns is repeated for each row of a strip. Some strips make a
// chunk; chunks are shared among the cores.
const (
	normStrip = 1 << 10 // elements, about
	normChunk = 1 << 14 // elements, about
)

// normPass is one walk over all rows.
type normPass int

const (
	normSum       normPass = iota // of each column
	normSquares                   // of the distances from the mean
	normApply                     // y = act((x − mean)·scale + shift)
	normGradSums                  // of dy, and of dy times normalised x
	normGradApply                 // dx = (dy − shift − (x − mean)·rstd)·scale
)

// normJob is one pass over the rows of x. Vectors are [strip].
type normJob[T Float] struct {
	pass                     normPass
	rows, cols               int
	strip, chunk             int // elements
	y, x, dy                 []T
	mean, rstd, scale, shift []T
	act                      Act
	slope                    float64
	sums                     []float64 // of each chunk: cols for each sum

	vectors [4]buffer
	partial buffer
}

var (
	normJobs32 pool[normJob[float32]]
	normJobs64 pool[normJob[float64]]
)

func normJobs[T Float]() *pool[normJob[T]] {
	if wide[T]() {
		return any(&normJobs64).(*pool[normJob[T]])
	}
	return any(&normJobs32).(*pool[normJob[T]])
}

// newNorm returns a job for x. Its borders depend on the shape alone.
func newNorm[T Float](x []T, rows, cols int) *normJob[T] {
	j := normJobs[T]().take()
	j.x, j.rows, j.cols = x[:rows*cols], rows, cols
	j.strip = cols * max(1, normStrip/max(cols, 1))
	j.chunk = j.strip * max(1, normChunk/max(j.strip, 1))
	return j
}

func (j *normJob[T]) done() {
	j.x, j.y, j.dy, j.mean, j.rstd, j.scale, j.shift = nil, nil, nil, nil, nil, nil, nil
	normJobs[T]().put(j)
}

// vector returns the i-th vector with the first row set by set, repeated.
func (j *normJob[T]) vector(i int, set func(row []T)) []T {
	v := columns[T](&j.vectors[i], j.strip)
	set(v[:j.cols])
	for n := j.cols; 0 < n && n < len(v); n *= 2 {
		copy(v[n:], v[:n])
	}
	return v
}

// run makes a pass that writes the given number of sums for each column.
func (j *normJob[T]) run(pass normPass, sums int) {
	j.pass = pass
	chunks := 0
	if j.chunk > 0 {
		chunks = parts(len(j.x), j.chunk)
	}
	j.sums = columns[float64](&j.partial, chunks*sums*j.cols)
	if chunks > 1 {
		par.Run(chunks, j)
	} else if chunks == 1 {
		j.Do(0)
	}
}

// total sets dst to the sums at place at of n, over all chunks in order,
// divided by by.
func (j *normJob[T]) total(dst []T, at, n int, by float64) {
	for c := range dst[:j.cols] {
		s := 0.0
		for i := at*j.cols + c; i < len(j.sums); i += n * j.cols {
			s += j.sums[i]
		}
		dst[c] = T(s / by)
	}
}

// Do does a chunk.
func (j *normJob[T]) Do(chunk int) {
	s := takeScratch()
	from := chunk * j.chunk
	to := min(from+j.chunk, len(j.x))
	switch j.pass {
	case normSum, normSquares:
		j.sum(s, from, to, j.sums[chunk*j.cols:][:j.cols])
	case normApply:
		j.apply(from, to)
	case normGradSums:
		j.gradSums(s, from, to, j.sums[2*chunk*j.cols:][:2*j.cols])
	case normGradApply:
		j.gradApply(from, to)
	}
	s.put()
}

func (j *normJob[T]) sum(s *scratch, from, to int, sums []float64) {
	block := columns[T](&s.b, j.strip)
	clear(block)
	for at := from; at < to; at += j.strip {
		if x := j.x[at:min(at+j.strip, to)]; j.pass == normSum {
			Axpy(1, x, block[:len(x)])
		} else {
			addSquares(block, x, j.mean)
		}
	}
	foldColumns(sums, block)
}

func (j *normJob[T]) apply(from, to int) {
	for at := from; at < to; at += j.strip {
		y := j.y[at:min(at+j.strip, to)]
		scaleLess(y, j.x[at:], j.mean, j.scale, j.shift)
		activateFast(j.act, j.slope, y)
	}
}

func (j *normJob[T]) gradSums(s *scratch, from, to int, sums []float64) {
	sum, dot := columns[T](&s.b, j.strip), columns[T](&s.c, j.strip)
	clear(sum)
	clear(dot)
	for at := from; at < to; at += j.strip {
		addDots(sum, dot, j.dy[at:min(at+j.strip, to)], j.x[at:], j.mean)
	}
	foldColumns(sums[:j.cols], sum)
	foldColumns(sums[j.cols:], dot)
	for c, v := range j.rstd[:j.cols] {
		sums[j.cols+c] *= float64(v)
	}
}

func (j *normJob[T]) gradApply(from, to int) {
	for at := from; at < to; at += j.strip {
		gradLess(j.y[at:min(at+j.strip, to)], j.dy[at:], j.x[at:], j.mean, j.rstd, j.shift, j.scale)
	}
}

// scaleLess sets y[i] to (x[i] − mean[i])·scale[i] + shift[i]. The difference
// comes first, for x may be far from 0.
func scaleLess[T Float](y, x, mean, scale, shift []T) {
	n := len(y)
	x, mean, scale, shift = x[:n], mean[:n], scale[:n], shift[:n]
	a := passArgs{stream: [7]*float32{stream(y), stream(x), stream(mean), stream(scale), stream(shift)}}
	if wide[T]() || !passVectors(passNormCols, n, &a) {
		for i, v := range x {
			y[i] = (v-mean[i])*scale[i] + shift[i]
		}
	}
}

// addSquares adds the square of x[i] − mean[i] to sum[i].
func addSquares[T Float](sum, x, mean []T) {
	n := len(x)
	sum, mean = sum[:n], mean[:n]
	a := passArgs{stream: [7]*float32{stream(sum), stream(x), stream(mean)}}
	if wide[T]() || !passVectors(passAddSquares, n, &a) {
		for i, v := range x {
			sum[i] += (v - mean[i]) * (v - mean[i])
		}
	}
}

// addDots adds dy[i] to sum[i] and dy[i]·(x[i] − mean[i]) to dot[i].
func addDots[T Float](sum, dot, dy, x, mean []T) {
	n := len(dy)
	sum, dot, x, mean = sum[:n], dot[:n], x[:n], mean[:n]
	a := passArgs{stream: [7]*float32{stream(sum), stream(dot), stream(dy), stream(x), stream(mean)}}
	if wide[T]() || !passVectors(passAddDots, n, &a) {
		for i, d := range dy {
			sum[i] += d
			dot[i] += d * (x[i] - mean[i])
		}
	}
}

// gradLess sets dx[i] to (dy[i] − shift[i] − (x[i] − mean[i])·slope[i])·scale[i].
func gradLess[T Float](dx, dy, x, mean, slope, shift, scale []T) {
	n := len(dx)
	dy, x, mean, slope, shift, scale = dy[:n], x[:n], mean[:n], slope[:n], shift[:n], scale[:n]
	a := passArgs{stream: [7]*float32{stream(dx), stream(dy), stream(x), stream(mean), stream(slope), stream(shift), stream(scale)}}
	if wide[T]() || !passVectors(passNormColsGrad, n, &a) {
		for i, d := range dy {
			dx[i] = (d - shift[i] - (x[i]-mean[i])*slope[i]) * scale[i]
		}
	}
}

// foldColumns sets sums[c] to the sum of column c of x.
func foldColumns[T Float](sums []float64, x []T) {
	clear(sums)
	for ; len(sums) > 0 && len(x) > 0; x = x[len(sums):] {
		for c, v := range x[:len(sums)] {
			sums[c] += float64(v)
		}
	}
}

// NormStatsCols sets mean and variance (biased) [cols] of the columns of x
// [rows, cols]: batch normalisation's statistics of channels.
func NormStatsCols[T Float](mean, variance, x []T, rows, cols int) {
	j := newNorm(x, rows, cols)
	j.run(normSum, 1)
	j.total(mean, 0, 1, float64(rows))
	j.mean = j.vector(0, func(v []T) { copy(v, mean) })
	j.run(normSquares, 1)
	j.total(variance, 0, 1, float64(rows))
	j.done()
}

// NormCols sets y to act((x − mean)·rstd·gamma + beta), all but x and y [cols]:
// one value a column. gamma and beta may be nil. y may be x.
func NormCols[T Float](y, x, mean, rstd, gamma, beta []T, rows, cols int, act Act, slope float64) {
	j := newNorm(x, rows, cols)
	j.y, j.act, j.slope = y, act, slope
	j.mean = j.vector(0, func(v []T) { copy(v, mean) })
	j.scale = j.vector(1, func(v []T) { product(v, rstd, gamma) })
	j.shift = j.vector(2, func(v []T) {
		clear(v)
		copy(v, beta)
	})
	j.run(normApply, 0)
	j.done()
}

// product sets v to a·b, to a if b is nil.
func product[T Float](v, a, b []T) {
	copy(v, a)
	for i := range b {
		v[i] *= b[i]
	}
}

// NormColsGrad sets dx, and dgamma and dbeta [cols], to the gradients of
// [NormCols] (before the activation) where mean and rstd come from x itself.
// gamma may be nil, and so may dgamma and dbeta. dx may be dy.
func NormColsGrad[T Float](dx, dgamma, dbeta, dy, x, mean, rstd, gamma []T, rows, cols int) {
	j := newNorm(x, rows, cols)
	j.y, j.dy = dx, dy
	j.mean = j.vector(0, func(v []T) { copy(v, mean) })
	j.rstd = j.vector(1, func(v []T) { copy(v, rstd) })
	j.run(normGradSums, 2)
	if dbeta != nil {
		j.total(dbeta, 0, 2, 1)
	}
	if dgamma != nil {
		j.total(dgamma, 1, 2, 1)
	}
	j.scale = j.vector(2, func(v []T) { product(v, rstd, gamma) })
	j.shift = j.vector(3, func(v []T) { j.total(v, 0, 2, float64(rows)) })
	j.rstd = j.vector(1, func(v []T) {
		j.total(v, 1, 2, float64(rows))
		product(v, v, rstd[:len(v)])
	})
	j.run(normGradApply, 0)
	j.done()
}
