package kernel

import (
	"fmt"
	"math"
	"testing"

	"github.com/limpid-ml/limpid/internal/backstage"
)

// lines is a matrix [rows, cols] seen along one axis: rows are normalised by
// themselves (layer normalisation), or columns (batch normalisation).
type lines struct {
	rows, cols int
	byCols     bool
}

// count returns how many means and variances there are.
func (l lines) count() int {
	if l.byCols {
		return l.cols
	}
	return l.rows
}

// of returns which mean element i has.
func (l lines) of(i int) int {
	if l.byCols {
		return i % l.cols
	}
	return i / l.cols
}

// stats returns mean and variance of each line, in two passes.
func (l lines) stats(x []float64) (mean, variance []float64) {
	mean, variance = make([]float64, l.count()), make([]float64, l.count())
	n := float64(max(len(x), 1)) / float64(max(l.count(), 1))
	for i, v := range x {
		mean[l.of(i)] += v / n
	}
	for i, v := range x {
		d := v - mean[l.of(i)]
		variance[l.of(i)] += d * d / n
	}
	return mean, variance
}

// normalised is the definition: (x − mean)/√(variance + ε)·γ + β.
func (l lines) normalised(x, gamma, beta []float64, eps float64) []float64 {
	mean, variance := l.stats(x)
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = (v - mean[l.of(i)]) / math.Sqrt(variance[l.of(i)]+eps)
		if gamma != nil {
			y[i] *= gamma[i%l.cols]
		}
		if beta != nil {
			y[i] += beta[i%l.cols]
		}
	}
	return y
}

// The kernels under test, by axis.
func statsOf[T Float](l lines, mean, variance, x []T) {
	if l.byCols {
		NormStatsCols(mean, variance, x, l.rows, l.cols)
	} else {
		NormStatsRows(mean, variance, x, l.rows, l.cols)
	}
}

func normOf[T Float](l lines, y, x, mean, rstd, gamma, beta []T, act Act, slope float64) {
	if l.byCols {
		NormCols(y, x, mean, rstd, gamma, beta, l.rows, l.cols, act, slope)
	} else {
		NormRows(y, x, mean, rstd, gamma, beta, l.rows, l.cols, act, slope)
	}
}

func normGradOf[T Float](l lines, dx, dgamma, dbeta, dy, x, mean, rstd, gamma []T) {
	if l.byCols {
		NormColsGrad(dx, dgamma, dbeta, dy, x, mean, rstd, gamma, l.rows, l.cols)
	} else {
		NormRowsGrad(dx, dgamma, dbeta, dy, x, mean, rstd, gamma, l.rows, l.cols)
	}
}

const normEps = 1e-3

func rstdOf[T Float](variance []T) []T {
	r := make([]T, len(variance))
	for i, v := range variance {
		r[i] = T(1 / math.Sqrt(float64(v)+normEps))
	}
	return r
}

func normSizesOfLines() (all []lines) {
	for _, s := range [][2]int{{1, 1}, {2, 3}, {5, 7}, {8, 8}, {3, 16}, {16, 3}, {9, 33}, {33, 9}, {4, 130}, {130, 4}} {
		all = append(all, lines{s[0], s[1], false}, lines{s[0], s[1], true})
	}
	return all
}

func normForward[T Float](t *testing.T) {
	for _, l := range normSizesOfLines() {
		for _, shift := range []float64{0, 50} {
			n := l.rows * l.cols
			x, y := between[T](t, n, shift-2, shift+2), guarded[T](t, n)
			gamma, beta := guarded[T](t, l.cols), guarded[T](t, l.cols)
			mean, variance := guarded[T](t, l.count()), guarded[T](t, l.count())
			statsOf(l, mean, variance, x)
			wantMean, wantVariance := l.stats(to64(x))
			what := fmt.Sprintf("%+v around %g", l, shift)
			tol := slack[T]() * (1 + shift)
			agree(t, "mean of "+what, mean, wantMean, tol)
			agree(t, "variance of "+what, variance, wantVariance, tol)
			rstd := rstdOf(variance)
			for part := range 4 {
				g, b, g64, b64 := gamma, beta, to64(gamma), to64(beta)
				if part&1 > 0 {
					g, g64 = nil, nil
				}
				if part&2 > 0 {
					b, b64 = nil, nil
				}
				want := l.normalised(to64(x), g64, b64, normEps)
				normOf(l, y, x, mean, rstd, g, b, backstage.None, 0)
				agree(t, fmt.Sprint("normalised ", what, " form ", part), y, want, 10*tol)
				for i, v := range want {
					want[i] = math.Max(v, .5*v)
				}
				normOf(l, y, x, mean, rstd, g, b, backstage.LeakyReLU, .5)
				agree(t, fmt.Sprint("activated ", what, " form ", part), y, want, 10*tol)
			}
			normOf(l, x, x, mean, rstd, nil, beta, backstage.Tanh, 0)
			for _, v := range x {
				if !(v >= -1 && v <= 1) {
					t.Fatalf("%s in place: %v is outside the activation's range", what, v)
				}
			}
		}
	}
}

func TestNormalisationEqualsItsDefinition(t *testing.T) {
	bothTypes(t, normForward[float32], normForward[float64])
}

func normSlopes[T Float](t *testing.T) {
	for _, l := range []lines{{2, 3, false}, {2, 3, true}, {5, 4, false}, {5, 4, true}, {3, 9, false}, {9, 3, true}, {2, 17, false}, {4, 17, true}} {
		n := l.rows * l.cols
		x, dy, gamma := between[float64](t, n, -2, 2), between[float64](t, n, -1, 1), between[float64](t, l.cols, .5, 2)
		beta := make([]float64, l.cols)
		byX := slopesOf(x, dy, func(x []float64) []float64 { return l.normalised(x, gamma, beta, normEps) })
		byGamma := slopesOf(gamma, dy, func(g []float64) []float64 { return l.normalised(x, g, beta, normEps) })
		byBeta := slopesOf(beta, dy, func(b []float64) []float64 { return l.normalised(x, gamma, b, normEps) })
		plain := slopesOf(x, dy, func(x []float64) []float64 { return l.normalised(x, nil, nil, normEps) })

		narrow := func(v []float64) []T {
			out := guarded[T](t, len(v))
			for i, x := range v {
				out[i] = T(x)
			}
			return out
		}
		xs, dys, gs := narrow(x), narrow(dy), narrow(gamma)
		mean, variance := make([]T, l.count()), make([]T, l.count())
		statsOf(l, mean, variance, xs)
		rstd := rstdOf(variance)
		dx, dgamma, dbeta := guarded[T](t, n), guarded[T](t, l.cols), guarded[T](t, l.cols)
		normGradOf(l, dx, dgamma, dbeta, dys, xs, mean, rstd, gs)
		tol := 20*slack[T]() + 1e-6
		agree(t, fmt.Sprintf("%+v: by x", l), dx, byX, tol)
		agree(t, fmt.Sprintf("%+v: by gamma", l), dgamma, byGamma, tol)
		agree(t, fmt.Sprintf("%+v: by beta", l), dbeta, byBeta, tol)
		normGradOf(l, dx, nil, nil, dys, xs, mean, rstd, gs)
		agree(t, fmt.Sprintf("%+v: by x alone", l), dx, byX, tol)
		normGradOf(l, dys, nil, nil, dys, xs, mean, rstd, nil) // without gamma, in place
		agree(t, fmt.Sprintf("%+v: without gamma", l), dys, plain, tol)
	}
}

func TestNormalisationSlopesAreDerivatives(t *testing.T) {
	bothTypes(t, normSlopes[float32], normSlopes[float64])
}

// TestVarianceFarFromZero: a mean that is large against the spread must not
// cancel the variance away.
func TestVarianceFarFromZero(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, byCols := range []bool{false, true} {
			l := lines{64, 64, byCols}
			x := make([]float32, 64*64)
			for i := range x {
				x[i] = 1000 + float32((i%64+i/64)%2) // half 1000, half 1001 in each line
			}
			mean, variance := make([]float32, 64), make([]float32, 64)
			statsOf(l, mean, variance, x)
			for i := range 64 {
				if math.Abs(float64(mean[i])-1000.5) > 1e-3 || math.Abs(float64(variance[i])-.25) > .01 {
					t.Fatalf("%+v: line %d has mean %v and variance %v, want 1000.5 and 0.25", l, i, mean[i], variance[i])
				}
			}
		}
	})
}
