package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/internal/par"
)

// Sizes around the borders of strips and chunks.
var normSizes = [][2]int{{0, 3}, {1, 1}, {7, 5}, {64, 16}, {65, 16}, {1023, 1}, {1024, 3}, {5000, 8}, {3, 1500}, {40, 700}, {6272, 33}}

func randomOf[T Float](r *rand.Rand, n int, mean float64) []T {
	v := make([]T, n)
	for i := range v {
		v[i] = T(mean + r.NormFloat64())
	}
	return v
}

// normGo is normalisation of columns and its gradient, for reading.
type normGo struct{ mean, variance, y, dx, dgamma, dbeta []float64 }

func newNormGo[T Float](x, dy, gamma, beta []T, rows, cols int, eps float64) *normGo {
	g := &normGo{make([]float64, cols), make([]float64, cols), make([]float64, len(x)), make([]float64, len(x)), make([]float64, cols), make([]float64, cols)}
	for c := range cols {
		each := func(f func(i int)) {
			for i := c; i < rows*cols; i += cols {
				f(i)
			}
		}
		n := float64(rows)
		each(func(i int) { g.mean[c] += float64(x[i]) / n })
		each(func(i int) { g.variance[c] += math.Pow(float64(x[i])-g.mean[c], 2) / n })
		rstd := 1 / math.Sqrt(g.variance[c]+eps)
		hat := func(i int) float64 { return (float64(x[i]) - g.mean[c]) * rstd }
		each(func(i int) {
			g.y[i] = hat(i)*float64(gamma[c]) + float64(beta[c])
			g.dbeta[c] += float64(dy[i])
			g.dgamma[c] += float64(dy[i]) * hat(i)
		})
		each(func(i int) {
			g.dx[i] = (float64(dy[i]) - g.dbeta[c]/n - hat(i)*g.dgamma[c]/n) * rstd * float64(gamma[c])
		})
	}
	return g
}

func closeAll[T Float](t *testing.T, name string, got []T, want []float64, tol float64) {
	t.Helper()
	scale := 1e-30
	for _, v := range want {
		scale = max(scale, math.Abs(v))
	}
	for i, w := range want {
		if d := math.Abs(float64(got[i]) - w); !(d <= tol*scale) {
			t.Fatalf("%s: element %d is %g, want %g", name, i, got[i], w)
		}
	}
}

func testNormCols[T Float](t *testing.T, tol float64) {
	for _, size := range normSizes {
		rows, cols := size[0], size[1]
		r := rand.New(rand.NewPCG(1, uint64(rows*cols)))
		x, dy := randomOf[T](r, rows*cols, 3), randomOf[T](r, rows*cols, 0)
		gamma, beta := randomOf[T](r, cols, 1), randomOf[T](r, cols, 0)
		want := newNormGo(x, dy, gamma, beta, rows, cols, 1e-3)
		mean, variance, rstd := make([]T, cols), make([]T, cols), make([]T, cols)
		NormStatsCols(mean, variance, x, rows, cols)
		if rows == 0 {
			continue
		}
		for c := range rstd {
			rstd[c] = T(1 / math.Sqrt(float64(variance[c])+1e-3))
		}
		y, dgamma, dbeta := make([]T, rows*cols), make([]T, cols), make([]T, cols)
		NormCols(y, x, mean, rstd, gamma, beta, rows, cols, backstage.None, 0)
		NormColsGrad(dy, dgamma, dbeta, dy, x, mean, rstd, gamma, rows, cols) // in place
		name := fmt.Sprintf("%d × %d", rows, cols)
		closeAll(t, name+": mean", mean, want.mean, tol)
		closeAll(t, name+": variance", variance, want.variance, tol)
		closeAll(t, name+": y", y, want.y, 4*tol)
		closeAll(t, name+": dgamma", dgamma, want.dgamma, 30*tol)
		closeAll(t, name+": dbeta", dbeta, want.dbeta, 30*tol)
		closeAll(t, name+": dx", dy, want.dx, 30*tol)
	}
}

func TestNormCols(t *testing.T) {
	t.Run("float32", func(t *testing.T) { testNormCols[float32](t, 1e-6) })
	t.Run("float64", func(t *testing.T) { testNormCols[float64](t, 1e-13) })
}

func TestNormColsActivatesAndDoesWithoutGammaAndBeta(t *testing.T) {
	x := []float32{1, -4, 3, 4}
	NormCols(x, x, []float32{2, 0}, []float32{1, .5}, nil, nil, 2, 2, backstage.ReLU, 0)
	if !slices.Equal(x, []float32{0, 0, 1, 2}) {
		t.Errorf("got %v", x)
	}
	dx := make([]float32, 4)
	NormColsGrad(dx, nil, nil, []float32{1, 2, 3, 5}, []float32{0, 1, 2, 5}, []float32{2}, []float32{2}, nil, 4, 1)
	// Σdy/4 = 2.75, hat = −4 −2 0 6, Σdy·hat/4 = 5.5
	if want := []float32{2 * (1 - 2.75 + 22), 2 * (2 - 2.75 + 11), .5, 2 * (5 - 2.75 - 33)}; !slices.Equal(dx, want) {
		t.Errorf("gradient %v, want %v", dx, want)
	}
}

func TestNormColsGivesTheSameBitsOnAnyNumberOfWorkers(t *testing.T) {
	defer par.SetWorkers(0)
	const rows, cols = 9001, 24
	r := rand.New(rand.NewPCG(5, 6))
	x, dy := randomOf[float32](r, rows*cols, 1), randomOf[float32](r, rows*cols, 0)
	var first []float32
	for _, workers := range []int{1, 2, 3, 7} {
		par.SetWorkers(workers)
		mean, variance, dgamma, dbeta := make([]float32, cols), make([]float32, cols), make([]float32, cols), make([]float32, cols)
		dx := make([]float32, rows*cols)
		NormStatsCols(mean, variance, x, rows, cols)
		NormColsGrad(dx, dgamma, dbeta, dy, x, mean, variance, nil, rows, cols)
		all := slices.Concat(mean, variance, dgamma, dbeta, dx)
		if first == nil {
			first = all
		}
		if !slices.Equal(all, first) {
			t.Errorf("%d workers give other bits", workers)
		}
	}
}

func TestNormColsAllocatesNothing(t *testing.T) {
	const rows, cols = 4000, 16
	x := randomOf[float32](rand.New(rand.NewPCG(1, 1)), rows*cols, 0)
	v := make([]float32, 4*cols)
	n := testing.AllocsPerRun(10, func() {
		NormStatsCols(v[:cols], v[cols:2*cols], x, rows, cols)
		NormCols(x, x, v[:cols], v[:cols], nil, nil, rows, cols, backstage.None, 0)
		NormColsGrad(x, v[2*cols:3*cols], v[3*cols:], x, x, v[:cols], v[:cols], nil, rows, cols)
	})
	if n != 0 {
		t.Errorf("%g allocations", n)
	}
}
