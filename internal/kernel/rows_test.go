package kernel

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/internal/backstage"
)

// rowSizes are tails of vectors, rows longer than a block, and so many rows
// that they are shared.
var rowSizes = [][2]int{{3, 1}, {5, 7}, {4, 8}, {3, 10}, {2, 31}, {3, 33}, {2, 100}, {2, 5000}, {700, 65}, {0, 4}}

// rowResults are what the kernels of rows give for the same operands.
type rowResults[T Float] struct {
	softmax, logSoftmax, logSum, softmaxGrad, loss, prob, dlogits []T
	mean, variance, y, dx, dgamma, dbeta                          []T
}

func runRows[T Float](t *testing.T, x, dy, gamma, beta []T, labels []int32, rows, cols int) *rowResults[T] {
	all := func() []T { return guarded[T](t, rows*cols) }
	r := &rowResults[T]{all(), all(), guarded[T](t, rows), all(), guarded[T](t, rows), all(), all(),
		guarded[T](t, rows), guarded[T](t, rows), all(), all(), guarded[T](t, cols), guarded[T](t, cols)}
	Softmax(r.softmax, x, rows, cols)
	LogSoftmax(r.logSoftmax, x, rows, cols)
	LogSumExpRows(r.logSum, x, rows, cols)
	SoftmaxGrad(r.softmaxGrad, r.softmax, dy, rows, cols)
	CrossEntropy(r.loss, r.prob, x, labels, rows, cols)
	CrossEntropyGrad(r.dlogits, r.prob, labels, dy[:rows], rows, cols)
	NormStatsRows(r.mean, r.variance, x, rows, cols)
	rstd := make([]T, rows)
	for i, v := range r.variance {
		rstd[i] = T(1 / math.Sqrt(float64(v)+1e-3))
	}
	NormRows(r.y, x, r.mean, rstd, gamma, beta, rows, cols, backstage.LeakyReLU, 0.5)
	NormRowsGrad(r.dx, r.dgamma, r.dbeta, dy, x, r.mean, rstd, gamma, rows, cols)
	return r
}

// each calls f with each pair of results.
func (r *rowResults[T]) each(want *rowResults[float64], f func(name string, got []T, want []float64)) {
	f("softmax", r.softmax, want.softmax)
	f("log softmax", r.logSoftmax, want.logSoftmax)
	f("log sum", r.logSum, want.logSum)
	f("softmax gradient", r.softmaxGrad, want.softmaxGrad)
	f("loss", r.loss, want.loss)
	f("probabilities", r.prob, want.prob)
	f("logits' gradient", r.dlogits, want.dlogits)
	f("mean", r.mean, want.mean)
	f("variance", r.variance, want.variance)
	f("normalised", r.y, want.y)
	f("x's gradient", r.dx, want.dx)
	f("gamma's gradient", r.dgamma, want.dgamma)
	f("beta's gradient", r.dbeta, want.dbeta)
}

// TestRowsAgreeWithTwins compares float32 with float64, which is plain Go.
func TestRowsAgreeWithTwins(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, size := range rowSizes {
			rows, cols := size[0], size[1]
			x, dy := guarded[float32](t, rows*cols), guarded[float32](t, rows*cols+rows)
			gamma, beta := guarded[float32](t, cols), guarded[float32](t, cols)
			labels := make([]int32, rows)
			for i := range labels {
				labels[i] = int32(i%(cols+1)) - 1
			}
			for i := range x {
				x[i] = 4*x[i] + 3
			}
			got := runRows(t, x, dy, gamma, beta, labels, rows, cols)
			want := runRows(t, widen(x), widen(dy), widen(gamma), widen(beta), labels, rows, cols)
			got.each(want, func(name string, got []float32, want []float64) {
				closeAll(t, fmt.Sprintf("%s [%d %d]", name, rows, cols), got, want, 1e-5)
			})
		}
	})
}

// TestRowsByHand fixes the definitions.
func TestRowsByHand(t *testing.T) {
	ln := func(v float64) float64 { return math.Log(v) }
	x := []float64{0, ln(2), ln(5), 0, 0, ln(2)}
	r := runRows(t, x, []float64{1, 2, 4, 0, 0, 1}, nil, nil, []int32{2, -1}, 2, 3)
	closeAll(t, "softmax", r.softmax, []float64{1. / 8, 2. / 8, 5. / 8, 1. / 4, 1. / 4, 1. / 2}, 1e-15)
	closeAll(t, "log sum", r.logSum, []float64{ln(8), ln(4)}, 1e-15)
	closeAll(t, "loss", r.loss, []float64{-ln(5. / 8), 0}, 1e-15)
	closeAll(t, "logits' gradient", r.dlogits, []float64{1. / 8, 2. / 8, 5./8 - 1, 0, 0, 0}, 1e-15)
	dot := 1./8 + 4./8 + 20./8
	closeAll(t, "softmax gradient", r.softmaxGrad, []float64{(1 - dot) / 8, (2 - dot) * 2 / 8, (4 - dot) * 5 / 8, -1. / 8, -1. / 8, 1. / 4}, 1e-15)
	closeAll(t, "beta's gradient", r.dbeta, []float64{1, 2, 5}, 1e-15)
}

// TestRowsInPlace: where the result may be an operand, it gives the same.
func TestRowsInPlace(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		const rows, cols = 7, 19
		x, dy := guarded[float32](t, rows*cols), guarded[float32](t, rows*cols)
		mean, rstd := guarded[float32](t, rows), guarded[float32](t, rows)
		loss, labels := make([]float32, rows), make([]int32, rows)
		for name, f := range map[string]func(dst, x []float32){
			"softmax":     func(dst, x []float32) { Softmax(dst, x, rows, cols) },
			"log softmax": func(dst, x []float32) { LogSoftmax(dst, x, rows, cols) },
			"gradient":    func(dst, x []float32) { SoftmaxGrad(dst, dy, x, rows, cols) },
			"entropy":     func(dst, x []float32) { CrossEntropy(loss, dst, x, labels, rows, cols) },
			"entropy's":   func(dst, x []float32) { CrossEntropyGrad(dst, x, labels, mean, rows, cols) },
			"norm":        func(dst, x []float32) { NormRows(dst, x, mean, rstd, nil, nil, rows, cols, backstage.ReLU, 0) },
			"norm's":      func(dst, x []float32) { NormRowsGrad(dst, nil, nil, x, dy, mean, rstd, nil, rows, cols) },
		} {
			want, got := make([]float32, len(x)), slices.Clone(x)
			f(want, x)
			if f(got, got); !slices.Equal(got, want) {
				t.Errorf("%s in place differs", name)
			}
		}
	})
}

// TestSoftmaxOfInfinities: a masked place gets nothing, a masked row what is
// no number, and large logits do not overflow.
func TestSoftmaxOfInfinities(t *testing.T) {
	inf := float32(math.Inf(1))
	eachVariant(t, func(t *testing.T) {
		x := []float32{-inf, 3, -inf, 3, 1e38, -1e38, 1e38, 0, -inf, -inf, -inf, -inf}
		y, sum := make([]float32, 12), make([]float32, 3)
		Softmax(y, x, 3, 4)
		LogSumExpRows(sum, x, 3, 4)
		if !slices.Equal(y[:8], []float32{0, .5, 0, .5, .5, 0, .5, 0}) || y[8] == y[8] {
			t.Errorf("softmax %v", y)
		}
		if math.Abs(float64(sum[0])-3-math.Ln2) > 1e-6 || sum[1] != 1e38 || sum[2] != -inf {
			t.Errorf("logarithms of sums %v", sum)
		}
	})
}

func TestRowsSameBitsAtAnyWorkers(t *testing.T) {
	const rows, cols = 2000, 37
	x, dy, gamma := guarded[float32](t, rows*cols), guarded[float32](t, rows*cols), guarded[float32](t, cols)
	eachVariant(t, func(t *testing.T) {
		sameBits(t, func() []float32 {
			r := runRows(t, x, dy, gamma, nil, make([]int32, rows), rows, cols)
			return slices.Concat(r.softmax, r.logSum, r.loss, r.y, r.dx, r.dgamma, r.dbeta)
		})
	})
}

func TestRowsAllocateNothing(t *testing.T) {
	const rows, cols = 600, 64
	x, a := make([]float32, rows*cols), make([]float32, rows)
	labels := make([]int32, rows)
	n := testing.AllocsPerRun(10, func() {
		CrossEntropy(a, x, x, labels, rows, cols)
		CrossEntropyGrad(x, x, labels, a, rows, cols)
		NormStatsRows(a, a, x, rows, cols)
		NormRows(x, x, a, a, nil, nil, rows, cols, backstage.None, 0)
		NormRowsGrad(x, a[:cols], a[:cols], x, x, a, a, nil, rows, cols)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRows(b *testing.B) {
	const rows, cols = 1024, 1024
	x, y, a := make([]float32, rows*cols), make([]float32, rows*cols), make([]float32, rows)
	for name, f := range map[string]func(){
		"softmax": func() { Softmax(y, x, rows, cols) },
		"layernorm": func() {
			NormStatsRows(a, a, x, rows, cols)
			NormRows(y, x, a, a, a, a, rows, cols, backstage.None, 0)
		},
		"layernorm-gradient": func() { NormRowsGrad(y, a, a, y, x, a, a, a, rows, cols) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				f()
			}
		})
	}
}
