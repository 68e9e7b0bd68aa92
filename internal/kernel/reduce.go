package kernel

import (
	"math"

	"github.com/limpid-ml/limpid/internal/par"
)

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

// reduceJob is a reduction of a long slice, or a product of two, shared among
// the cores.
type reduceJob[T Float] struct {
	op    ReduceOp
	x, y  []T
	parts []float64 // the result of each chunk

	room buffer
}

var (
	reduceJobs32 pool[reduceJob[float32]]
	reduceJobs64 pool[reduceJob[float64]]
)

func reduceJobs[T Float]() *pool[reduceJob[T]] {
	if wide[T]() {
		return any(&reduceJobs64).(*pool[reduceJob[T]])
	}
	return any(&reduceJobs32).(*pool[reduceJob[T]])
}

// reduceChunk is how many numbers one core reduces at a time.
const reduceChunk = 8 * reduceBlock

// Do does a chunk.
func (j *reduceJob[T]) Do(chunk int) {
	from, to := chunk*reduceChunk, min((chunk+1)*reduceChunk, len(j.x))
	if j.y != nil {
		j.parts[chunk] = dotFew(j.x[from:to], j.y[from:to])
	} else {
		j.parts[chunk] = reduceFew(j.op, j.x[from:to])
	}
}

// reduceShared reduces x, or multiplies it by y, and joins the chunks in order.
func reduceShared[T Float](op ReduceOp, x, y []T) float64 {
	j := reduceJobs[T]().take()
	chunks := parts(len(x), reduceChunk)
	j.op, j.x, j.y, j.parts = op, x, y, columns[float64](&j.room, chunks)
	par.Run(chunks, j)
	total := op.start()
	for _, v := range j.parts {
		total = op.join(total, v)
	}
	*j = reduceJob[T]{room: j.room}
	reduceJobs[T]().put(j)
	return total
}

// Reduce returns the reduction of x, its blocks combined in float64.
func Reduce[T Float](op ReduceOp, x []T) float64 {
	if len(x) > 2*reduceChunk {
		return reduceShared(op, x, nil)
	}
	return reduceFew(op, x)
}

func reduceFew[T Float](op ReduceOp, x []T) float64 {
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
	j := newRows[T](rowsReduce, rows, cols)
	j.dst, j.x, j.op = dst, x, op
	j.run()
	j.free()
}

// Dot returns the sum of x[i]·y[i].
func Dot[T Float](x, y []T) float64 {
	if y = y[:len(x)]; len(x) > 2*reduceChunk {
		return reduceShared(SumOf, x, y)
	}
	return dotFew(x, y)
}

func dotFew[T Float](x, y []T) float64 {
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
