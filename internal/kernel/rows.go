package kernel

import "github.com/limpid-ml/limpid/internal/par"

// rowChunk is how many elements, about, of rows that are worked on one by one
// make a chunk for one core.
const rowChunk = 1 << 14

// rowsKind says what a rowsJob does with each row.
type rowsKind uint8

const (
	rowsSoftmax rowsKind = iota
	rowsLogSoftmax
	rowsLogSumExp
	rowsSoftmaxGrad
	rowsCrossEntropy
	rowsCrossEntropyGrad
	rowsStats
	rowsNorm
	rowsNormGrad
	rowsReduce
	rowsBinary
)

// rowsJob is work on the rows of matrices [rows, cols], shared among the cores.
// What the fields hold is each kind's affair.
type rowsJob[T Float] struct {
	kind        rowsKind
	rows, cols  int
	chunk       int // rows
	dst, x, y   []T // [rows, cols]
	a, b        []T // [rows]
	gamma, beta []T // [cols]
	labels      []int32
	op          ReduceOp
	binary      BinaryOp
	swap        bool
	act         Act
	slope       float64
	sums        []float64 // of each chunk: [2, cols]

	partial, ones buffer
}

var (
	rowsJobs32 pool[rowsJob[float32]]
	rowsJobs64 pool[rowsJob[float64]]
)

func rowsJobs[T Float]() *pool[rowsJob[T]] {
	if wide[T]() {
		return any(&rowsJobs64).(*pool[rowsJob[T]])
	}
	return any(&rowsJobs32).(*pool[rowsJob[T]])
}

// newRows returns a job. Its borders depend on the shape alone.
func newRows[T Float](kind rowsKind, rows, cols int) *rowsJob[T] {
	j := rowsJobs[T]().take()
	j.kind, j.rows, j.cols = kind, rows, cols
	j.chunk = max(rowChunk/max(cols, 1), 1)
	return j
}

// run does all rows and gives the job back.
func (j *rowsJob[T]) run() {
	if chunks := parts(j.rows, j.chunk); chunks > 1 {
		par.Run(chunks, j)
	} else if chunks == 1 {
		j.Do(0)
	}
}

func (j *rowsJob[T]) free() {
	*j = rowsJob[T]{partial: j.partial, ones: j.ones}
	rowsJobs[T]().put(j)
}

// row returns row r of x.
func (j *rowsJob[T]) row(x []T, r int) []T { return x[r*j.cols:][:j.cols] }

// Do does a chunk.
func (j *rowsJob[T]) Do(chunk int) {
	from, to := chunk*j.chunk, min((chunk+1)*j.chunk, j.rows)
	if j.kind == rowsNormGrad {
		j.normGrad(from, to, j.sums[2*chunk*j.cols:][:2*j.cols])
		return
	}
	for r := from; r < to; r++ {
		j.one(r)
	}
}

func (j *rowsJob[T]) one(r int) {
	switch j.kind {
	case rowsReduce:
		j.dst[r] = T(Reduce(j.op, j.row(j.x, r)))
	case rowsBinary:
		BinaryScalar(j.binary, j.row(j.dst, r), j.row(j.x, r), j.a[r], j.swap)
	case rowsSoftmax:
		softmaxRow(j.row(j.dst, r), j.row(j.x, r))
	case rowsLogSoftmax:
		logSoftmaxRow(j.row(j.dst, r), j.row(j.x, r))
	case rowsLogSumExp:
		top, logSum := logSumExp(j.row(j.x, r))
		j.dst[r] = T(top + logSum)
	case rowsSoftmaxGrad:
		softmaxGradRow(j.row(j.dst, r), j.row(j.y, r), j.row(j.x, r))
	case rowsCrossEntropy:
		j.a[r] = crossEntropyRow(j.row(j.dst, r), j.row(j.x, r), j.labels[r])
	case rowsCrossEntropyGrad:
		crossEntropyGradRow(j.row(j.dst, r), j.row(j.x, r), j.labels[r], j.a[r])
	case rowsStats:
		j.a[r], j.b[r] = statsRow(j.row(j.x, r))
	case rowsNorm:
		y := j.row(j.dst, r)
		normRow(y, j.row(j.x, r), j.gamma, j.beta, j.a[r], j.b[r])
		activateFast(j.act, j.slope, y)
	}
}

// orConstant returns x, or cols times v if x is nil, kept in b.
func orConstant[T Float](x []T, b *buffer, v T, cols int) []T {
	if x != nil {
		return x[:cols]
	}
	x = columns[T](b, cols)
	for i := range x {
		x[i] = v
	}
	return x
}
