package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The files naive_*_test.go hold the kernels against loops that are written
// anew from the documentation, share no line with the kernels or their twins,
// and add up in float64.

// bothTypes runs f in both element types, and with every variant of kernels.
func bothTypes(t *testing.T, f32, f64 func(t *testing.T)) {
	t.Helper()
	eachVariant(t, func(t *testing.T) {
		t.Run("float32", f32)
		t.Run("float64", f64)
	})
}

// to64 returns x in float64; nil of nil.
func to64[T Float](x []T) []float64 {
	if x == nil {
		return nil
	}
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// slack is what one value of T next to size may differ by after few roundings.
func slack[T Float]() float64 {
	if wide[T]() {
		return 1e-12
	}
	return 2e-5
}

// agree fails unless got is want, element by element: within tol of the size of
// the number (or of 1), and equally infinite or no number.
func agree[T Float](t *testing.T, what string, got []T, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d elements, want %d", what, len(got), len(want))
	}
	for i, w := range want {
		g := float64(got[i])
		switch {
		case g == w, g != g && w != w:
		case math.IsInf(w, 0) && math.Abs(g) > 3e38 && (g > 0) == (w > 0):
		case !(math.Abs(g-w) <= tol*max(1, math.Abs(w))):
			t.Fatalf("%s: element %d of %d is %v, want %v", what, i, len(got), got[i], w)
		}
	}
}

// between returns n guarded numbers from lo to hi.
func between[T Float](t testing.TB, n int, lo, hi float64) []T {
	t.Helper()
	x := guarded[T](t, n)
	for i := range x {
		x[i] = T(lo + (hi-lo)*rand.Float64())
	}
	return x
}

// slopeOf returns f's derivative at x by differences of fourth order.
func slopeOf(f func(float64) float64, x float64) float64 {
	const h = 1e-3
	return (8*(f(x+h)-f(x-h)) - (f(x+2*h) - f(x-2*h))) / (12 * h)
}

// slopesOf returns the derivative of sum(weight·f(x)) by each element of x.
func slopesOf(x, weight []float64, f func(x []float64) []float64) []float64 {
	g := make([]float64, len(x))
	for i := range x {
		old := x[i]
		g[i] = slopeOf(func(v float64) (sum float64) {
			x[i] = v
			for k, y := range f(x) {
				sum += weight[k] * y
			}
			return sum
		}, old)
		x[i] = old
	}
	return g
}

// borders are lengths around the widths of vectors and loops over them.
var borders = []int{0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 23, 31, 32, 33, 47, 63, 64, 65, 127, 129, 255, 257, 1000}
