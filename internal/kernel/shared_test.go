package kernel

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/internal/par"
)

// job is one kernel on operands long enough to be shared among workers. run
// begins with the same operands each time.
type job[T Float] struct {
	name string
	run  func() [][]T
	once func() // the kernel alone

	operands [][]T // of all jobs: what they hold before any
}

// jobs are all kernels that share their work.
func jobs[T Float](t *testing.T) (all []job[T]) {
	var made [][]T         // all operands
	var start = new([][]T) // and what they hold before any job
	g := func(n int) []T {
		made = append(made, guarded[T](t, n))
		return made[len(made)-1]
	}
	add := func(name string, f func(), out ...[]T) {
		all = append(all, job[T]{name, func() (results [][]T) {
			for i := range made {
				copy(made[i], (*start)[i])
			}
			f()
			for i := range out {
				results = append(results, slices.Clone(out[i]))
			}
			return results
		}, f, nil})
	}
	const n = 3*passChunk + 11
	x, y, z := g(n), g(n), g(n)
	add("Unary", func() { Unary(GELU, z, x, 0, 0) }, z)
	add("Binary", func() { Binary(Mul, z, x, y, 0) }, z)
	add("Axpy", func() { Axpy(.5, x, z) }, z)
	add("BinaryRow", func() { BinaryRow(Add, z[:n/9*9], x[:n/9*9], y[:9], false) }, z)
	add("BinaryCol", func() { BinaryCol(Add, z[:n/9*9], x[:n/9*9], y[:n/9], 9, true) }, z)

	const rows, cols = 400, 130
	m, big, prob, line, line2, line3, row := g(rows*cols), g(rows*cols), g(rows*cols), g(rows), g(rows), g(cols), g(cols)
	labels := make([]int32, rows)
	for i := range labels {
		labels[i] = int32(i % cols)
	}
	add("ReduceRows", func() { ReduceRows(SumOf, line, m, rows, cols) }, line)
	add("ReduceCols", func() { ReduceCols(SumSquares, row, m, rows, cols) }, row)
	add("Softmax", func() { Softmax(prob, m, rows, cols) }, prob)
	add("LogSoftmax", func() { LogSoftmax(prob, m, rows, cols) }, prob)
	add("LogSumExpRows", func() { LogSumExpRows(line, m, rows, cols) }, line)
	add("CrossEntropy", func() { CrossEntropy(line, prob, m, labels, rows, cols) }, line, prob)
	add("CrossEntropyGrad", func() { CrossEntropyGrad(prob, m, labels, line, rows, cols) }, prob)
	add("SoftmaxGrad", func() { SoftmaxGrad(prob, m, big, rows, cols) }, prob)
	add("NormStatsRows", func() { NormStatsRows(line, line2, m, rows, cols) }, line, line2)
	add("NormStatsCols", func() { NormStatsCols(row, line3, m, rows, cols) }, row, line3)
	add("NormRows", func() { NormRows(prob, m, line, line2, row, line3, rows, cols, backstage.SiLU, 0) }, prob)
	add("NormCols", func() { NormCols(prob, m, row, line3, row, line3, rows, cols, backstage.ReLU, 0) }, prob)
	dgamma, dbeta := g(cols), g(cols)
	add("NormRowsGrad", func() { NormRowsGrad(prob, dgamma, dbeta, big, m, line, line2, row, rows, cols) }, prob, dgamma, dbeta)
	add("NormColsGrad", func() { NormColsGrad(prob, dgamma, dbeta, big, m, row, line3, row, rows, cols) }, prob, dgamma, dbeta)
	mask := make([]uint8, n/8+1)
	add("RandomBits and Masked", func() { RandomBits(mask, 1, 2, 3, .4); Masked(z, x, mask, 2) }, z)

	a, b, c := g(150*90), g(90*70), g(150*70)
	add("Gemm", func() { Gemm(false, false, 150, 70, 90, a, 90, b, 70, c, 70, Epilogue[T]{Act: backstage.ReLU}) }, c)
	add("GemmBatch", func() { GemmBatch(30, false, true, 12, 14, 16, x, 12*16, y, 14*16, z, 12*14) }, z)

	s := square(6, 14, 8, 12, 3, 1, 1)
	ix, iw, iy := g(6*14*14*8), g(12*9*8), g(6*14*14*12)
	add("ConvForward", func() { ConvForward(&s, ix, iw, iy, Epilogue[T]{}) }, iy)
	add("ConvData", func() { ConvData(&s, iy, iw, ix) }, ix)
	add("ConvFilter", func() { ConvFilter(&s, ix, iy, iw) }, iw)
	d := sized(ConvShape{N: 6, H: 14, W: 14, C: 8, O: 8, KH: 3, KW: 3, Groups: 8})
	dx, dw, dy := g(6*14*14*8), g(8*9), g(6*12*12*8)
	add("depthwise", func() { ConvForward(&d, dx, dw, dy, Epilogue[T]{}) }, dy)

	p := PoolShape{N: 6, H: 16, W: 16, C: 9, KH: 3, KW: 3, StrideH: 2, StrideW: 2, OH: 7, OW: 7}
	px, py, arg := g(6*16*16*9), g(6*7*7*9), make([]int32, 6*7*7*9)
	MaxPool(&p, px, py, arg)
	add("MaxPool", func() { MaxPool(&p, px, py, arg) }, py)
	add("MaxPoolGrad", func() { MaxPoolGrad(&p, py, arg, px) }, px)
	add("AvgPool", func() { AvgPool(&p, px, py) }, py)
	add("AvgPoolGrad", func() { AvgPoolGrad(&p, py, px) }, px)
	r := ResizeShape{N: 6, H: 7, W: 7, C: 9, OH: 16, OW: 16}
	add("Resize", func() { Resize(&r, py, px) }, px)
	add("ResizeGrad", func() { ResizeGrad(&r, px, py) }, py)

	adam := AdamStep{LR: .1, Beta1: .9, Beta2: .99, Eps: 1e-8, Step: 3}
	v := g(n)
	for i := range v {
		v[i] *= v[i] // a mean of squares
	}
	add("Adam", func() { Adam(x, y, z, v, &adam) }, x, z, v)
	q := Recurrence{Cell: backstage.CellLSTM, T: 4, N: 40, H: 32, Keep: true}
	size, width := q.N*q.H, q.N*q.width()
	h, gates, carry, in, w := g(q.T*size), g(q.T*width), g(q.T*size), g(q.T*width), g(q.width()*q.H)
	first, dh, dc := g(size), g(size), g(size)
	add("Recur", func() { Recur(&q, h, gates, carry, in, first, first, w, nil) }, h, gates, carry)
	add("RecurGrad", func() { RecurGrad(&q, in, in, dh, dc, h, h, gates, carry, first, first, w) }, in, dh, dc)
	for _, x := range made {
		*start = append(*start, slices.Clone(x))
	}
	for i := range all {
		all[i].operands = *start
	}
	return all
}

func sameAtAnyWorkers[T Float](t *testing.T) {
	before := par.Workers()
	defer par.SetWorkers(before)
	for _, j := range jobs[T](t) {
		par.SetWorkers(1)
		want := j.run()
		for _, workers := range []int{2, 3, 7} {
			par.SetWorkers(workers)
			for i, got := range j.run() {
				for k, v := range got {
					if v != want[i][k] && (v == v || want[i][k] == want[i][k]) {
						t.Errorf("%s: result %d, element %d is %v with %d workers, %v with one", j.name, i, k, v, workers, want[i][k])
						break
					}
				}
			}
		}
	}
}

// TestEveryKernelGivesTheSameBits holds all kernels that share their work, in
// both types and all variants, to the bits of one worker.
func TestEveryKernelGivesTheSameBits(t *testing.T) {
	bothTypes(t, sameAtAnyWorkers[float32], sameAtAnyWorkers[float64])
}

func allocatesNothing[T Float](t *testing.T) {
	par.SetWorkers(2)
	defer par.SetWorkers(0)
	for _, j := range jobs[T](t) {
		j.once()
		if n := testing.AllocsPerRun(3, j.once); n != 0 {
			t.Errorf("%s allocates %v times", j.name, n)
		}
	}
}

func TestEveryKernelAllocatesNothing(t *testing.T) {
	bothTypes(t, allocatesNothing[float32], allocatesNothing[float64])
}

// TestKernelsShareNoScratch runs different kernels at once from several
// goroutines, in random order: none sees another's working memory.
func TestKernelsShareNoScratch(t *testing.T) {
	par.SetWorkers(3)
	defer par.SetWorkers(0)
	var all sync.WaitGroup
	for i := range 4 {
		own := jobs[float32](t)
		want := make([][][]float32, len(own))
		for k, j := range own {
			want[k] = j.run()
		}
		order := rand.New(rand.NewPCG(1, uint64(i))).Perm(len(own))
		all.Go(func() {
			for _, k := range order {
				for r, got := range own[k].run() {
					if d, at := maxDiff(got, want[k][r]); d != 0 {
						t.Errorf("%s beside others: result %d differs by %g at %d", own[k].name, r, d, at)
					}
				}
			}
		})
	}
	all.Wait()
}
