package kernel

import (
	"math"

	"github.com/limpid-ml/limpid/internal/par"
)

// BinaryOp names a function of two numbers.
type BinaryOp uint8

// The functions of two numbers. Of those whose name begins with Grad, the
// first operand is the gradient of an activation's result, and the result that
// of its argument; the second operand is the activation's result up to
// GradSELU, its argument from GradGELU on.
const (
	Add BinaryOp = iota
	Sub
	Mul
	Div
	Max
	Min
	Eq   // 1 or 0
	Less // 1 or 0
	GradReLU
	GradLeaky // slope a
	GradTanh
	GradSigmoid
	GradELU // α is a
	GradSELU
	GradGELU
	GradGELUTanh
	GradSiLU
	GradSoftplus
	GradMish
	GradHardSwish
	GradSoftsign
	binaryOps
)

// Binary sets dst[i] to op(x[i], y[i]). dst may be x or y. Max and Min pass on
// what is not a number.
func Binary[T Float](op BinaryOp, dst, x, y []T, a float64) {
	dst, y = dst[:len(x)], y[:len(x)]
	if wide[T]() || !binaryVectors(op, as32(dst), as32(x), as32(y), a) {
		for i, v := range x {
			dst[i] = binary(op, v, y[i], a)
		}
	}
}

// BinaryScalar sets dst[i] to op(x[i], y), or to op(y, x[i]) if swap is set.
func BinaryScalar[T Float](op BinaryOp, dst, x []T, y T, swap bool) {
	dst = dst[:len(x)]
	if wide[T]() || !scalarVectors(op, as32(dst), as32(x), float32(y), swap) {
		scalarGo(op, dst, x, y, swap)
	}
}

func scalarGo[T Float](op BinaryOp, dst, x []T, y T, swap bool) {
	for i, v := range x {
		if swap {
			dst[i] = binary(op, y, v, 0)
		} else {
			dst[i] = binary(op, v, y, 0)
		}
	}
}

// BinaryRow sets dst[r, c] to op(x[r, c], row[c]), or with swap to
// op(row[c], x[r, c]): x has as many rows of len(row) as it holds.
func BinaryRow[T Float](op BinaryOp, dst, x, row []T, swap bool) {
	if len(row) == 0 {
		return
	}
	x = x[:len(x)/len(row)*len(row)]
	dst = dst[:len(x)]
	if len(x) < 4*len(row) || wide[T]() {
		binaryStrip(op, dst, x, row, swap)
		return
	}
	j := stripJobs.take()
	j.op, j.swap, j.dst, j.x = op, swap, as32(dst), as32(x)
	j.strip = columns[float32](&j.room, len(row)*max(normStrip/len(row), 1))
	for n := copy(j.strip, as32(row)); n < len(j.strip); n *= 2 {
		copy(j.strip[n:], j.strip[:n])
	}
	j.chunk = len(j.strip) * max(passChunk/len(j.strip), 1)
	if chunks := parts(len(x), j.chunk); chunks > 2 {
		par.Run(chunks, j)
	} else {
		binaryStrip(op, j.dst, j.x, j.strip, swap)
	}
	*j = stripJob{room: j.room}
	stripJobs.put(j)
}

// stripJob is an operation on many rows and one, which is repeated until it
// makes a strip that is worth a vector loop.
type stripJob struct {
	op     BinaryOp
	swap   bool
	dst, x []float32
	strip  []float32
	chunk  int // elements

	room buffer
}

var stripJobs pool[stripJob]

// Do does a chunk.
func (j *stripJob) Do(chunk int) {
	from, to := chunk*j.chunk, min((chunk+1)*j.chunk, len(j.x))
	binaryStrip(j.op, j.dst[from:to], j.x[from:to], j.strip, j.swap)
}

// binaryStrip combines each part of x as long as strip, and what is left, with
// strip.
func binaryStrip[T Float](op BinaryOp, dst, x, strip []T, swap bool) {
	for len(x) > 0 {
		n := min(len(strip), len(x))
		if swap {
			Binary(op, dst[:n], strip[:n], x[:n], 0)
		} else {
			Binary(op, dst[:n], x[:n], strip[:n], 0)
		}
		dst, x = dst[n:], x[n:]
	}
}

// BinaryCol sets dst[r, c] to op(x[r, c], col[r]), or with swap to
// op(col[r], x[r, c]): x is [len(col), cols].
func BinaryCol[T Float](op BinaryOp, dst, x, col []T, cols int, swap bool) {
	j := newRows[T](rowsBinary, len(col), cols)
	j.dst, j.x, j.a, j.binary, j.swap = dst, x, col, op, swap
	j.run()
	j.free()
}

// Axpy adds a·x to y.
func Axpy[T Float](a T, x, y []T) {
	y = y[:len(x)]
	if wide[T]() || !axpyVectors(float32(a), as32(x), as32(y)) {
		for i, v := range x {
			y[i] += a * v
		}
	}
}

func binary[T Float](op BinaryOp, x, y T, a float64) T {
	switch op {
	case Add:
		return x + y
	case Sub:
		return x - y
	case Mul:
		return x * y
	case Div:
		return x / y
	case Max:
		return max(x, y)
	case Min:
		return min(x, y)
	case Eq:
		return truth[T](x == y)
	case Less:
		return truth[T](x < y)
	}
	if op < GradGELU {
		return x * T(slopeOfResult(op, float64(y), a))
	}
	return x * T(slope(op, float64(y)))
}

func truth[T Float](b bool) T {
	if b {
		return 1
	}
	return 0
}

// slopeOfResult returns an activation's slope where its result is y.
func slopeOfResult(op BinaryOp, y, a float64) float64 {
	low := y <= 0
	switch op {
	case GradTanh:
		return 1 - y*y
	case GradSigmoid:
		return y * (1 - y)
	case GradELU:
		if low {
			return y + a
		}
	case GradSELU:
		if low {
			return y + seluScale*seluAlpha
		}
		return seluScale
	case GradLeaky:
		if low {
			return a
		}
	case GradReLU:
		if low {
			return 0
		}
	}
	return 1
}

// slope returns an activation's slope at x.
func slope(op BinaryOp, x float64) float64 {
	s := 1 / (1 + math.Exp(-x))
	switch op {
	case GradGELU:
		return math.Erfc(-x/math.Sqrt2)/2 + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)
	case GradGELUTanh:
		k := math.Sqrt(2 / math.Pi)
		t := math.Tanh(k * (x + 0.044715*x*x*x))
		return (1+t)/2 + x/2*(1-t*t)*k*(1+3*0.044715*x*x)
	case GradSiLU:
		return s * (1 + x*(1-s))
	case GradSoftplus:
		return s
	case GradMish:
		t := math.Tanh(max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))))
		return t + x*s*(1-t*t)
	case GradHardSwish:
		return hardSwishSlope(x)
	}
	d := 1 + math.Abs(x)
	return 1 / (d * d)
}

func hardSwishSlope(x float64) float64 {
	switch {
	case x <= -3:
		return 0
	case x >= 3:
		return 1
	}
	return x/3 + 0.5
}
