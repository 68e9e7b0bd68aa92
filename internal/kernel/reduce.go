package kernel

import "math"

// ReduceOp names what becomes of many numbers.
type ReduceOp uint8

// The reductions. Sums of nothing are 0, the greatest of nothing is −∞, the
// least +∞. MaxOf and MinOf pass on what is not a number.
const (
	SumOf ReduceOp = iota
	MaxOf
	MinOf
	SumSquares
	SumAbs
)

// reduceBlock is how many numbers are reduced in T; longer slices are cut into
// blocks of this many, whose results are combined in float64.
const reduceBlock = 1 << 12

// start returns the reduction of nothing.
func (op ReduceOp) start() float64 {
	switch op {
	case MaxOf:
		return math.Inf(-1)
	case MinOf:
		return math.Inf(1)
	}
	return 0
}

// join combines the results of two parts.
func (op ReduceOp) join(x, y float64) float64 {
	switch op {
	case MaxOf:
		return max(x, y)
	case MinOf:
		return min(x, y)
	}
	return x + y
}

// of returns what one number adds.
func (op ReduceOp) of(x float64) float64 {
	switch op {
	case SumSquares:
		return x * x
	case SumAbs:
		return math.Abs(x)
	}
	return x
}

// Reduce returns the reduction of x, its blocks combined in float64.
func Reduce[T Float](op ReduceOp, x []T) float64 {
	total := op.start()
	for len(x) > reduceBlock {
		total = op.join(total, reduceOne(op, x[:reduceBlock]))
		x = x[reduceBlock:]
	}
	return op.join(total, reduceOne(op, x))
}

func reduceOne[T Float](op ReduceOp, x []T) float64 {
	if !wide[T]() {
		if v, done := reduceVectors(op, as32(x)); done {
			return v
		}
	}
	total := op.start()
	for _, v := range x {
		total = op.join(total, op.of(float64(v)))
	}
	return total
}

// ReduceRows sets dst[r] to the reduction of row r of x [rows, cols].
func ReduceRows[T Float](op ReduceOp, dst, x []T, rows, cols int) {
	for r := range rows {
		dst[r] = T(Reduce(op, x[r*cols:][:cols]))
	}
}

// Dot returns the sum of x[i]·y[i].
func Dot[T Float](x, y []T) float64 {
	y = y[:len(x)]
	total := 0.0
	for len(x) > reduceBlock {
		total += dotOne(x[:reduceBlock], y[:reduceBlock])
		x, y = x[reduceBlock:], y[reduceBlock:]
	}
	return total + dotOne(x, y)
}

func dotOne[T Float](x, y []T) float64 {
	if !wide[T]() {
		if v, done := dotVectors(as32(x), as32(y)); done {
			return v
		}
	}
	total := 0.0
	for i, v := range x {
		total += float64(v) * float64(y[i])
	}
	return total
}

// RowDot sets dst[r] to the product of rows r of x and y [rows, cols].
func RowDot[T Float](dst, x, y []T, rows, cols int) {
	for r := range rows {
		dst[r] = T(Dot(x[r*cols:][:cols], y[r*cols:][:cols]))
	}
}
