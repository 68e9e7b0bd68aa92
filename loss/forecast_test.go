package loss

import (
	"math"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

func TestForecastLossesNameTheirFix(t *testing.T) {
	x, y := tensor.Zeros(4, 3), tensor.Zeros(4)
	for _, q := range []float64{0, 1, -.5, math.NaN()} {
		fails(t, "level", func() { Quantile(.5, q, .75)(x, y) }, "loss.Quantile", "level", "between 0 and 1")
	}
	fails(t, "no levels", func() { Quantile()(x, y) }, "no levels")
	fails(t, "levels", func() { Quantile(.5)(x, y) }, "[4 3]", "3 values", "want 1")
	fails(t, "pairs", func() { GaussianNLL(x, y) }, "loss.GaussianNLL", "3 values", "want 2", "variance")
	for _, target := range [][]int{{4, 2}, {4, 1}, {1, 4}, {3}, {}} {
		fails(t, "broadcast", func() { GaussianNLL(tensor.Zeros(4, 2), tensor.Zeros(target...)) }, "never broadcasts", "[4]")
	}
	fails(t, "types", func() { GaussianNLL(tensor.Zeros(4, 2), y.To(tensor.Float64)) }, "To(tensor.Float32)")
	fails(t, "scalar", func() { GaussianNLL(tensor.Zeros(), tensor.Zeros()) }, "scalar")
}

// At its best a quantile has its share of the targets below, and the Gaussian
// is that of the targets' mean and variance.
func TestForecastLossesAreLeastWhereTheyShouldBe(t *testing.T) {
	targets := tensor.Of([]float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 30}, 10)
	at := func(f Func, v ...float64) float64 {
		return f(tensor.Of(v, 1, len(v)).BroadcastTo(10, len(v)), targets).Item()
	}
	for _, tt := range []struct{ q, best float64 }{{.15, 2}, {.55, 6}, {.95, 30}} {
		for _, off := range []float64{-1, -.1, .1, 1} {
			if a, b := at(Quantile(tt.q), tt.best), at(Quantile(tt.q), tt.best+off); a >= b {
				t.Errorf("level %g: %g at %g, %g at %g", tt.q, a, tt.best, b, tt.best+off)
			}
		}
	}
	flat := tensor.Full(4, 10).To(tensor.Float64)
	if half, whole := at(Quantile(.5), 4), MAE(flat, targets).Item(); math.Abs(2*half-whole) > 1e-12 {
		t.Errorf("the median's loss %g is not half of %g", half, whole)
	}
	mean, variance := 7.5, 62.25
	best := at(GaussianNLL, mean, math.Log(variance))
	if want := .5 * (math.Log(variance) + 1); math.Abs(best-want) > 1e-9 {
		t.Errorf("got %g, want %g", best, want)
	}
	for _, off := range [][2]float64{{.5, 0}, {-.5, 0}, {0, .1}, {0, -.1}} {
		if v := at(GaussianNLL, mean+off[0], math.Log(variance)+off[1]); v <= best {
			t.Errorf("%v away it is %g, at the best %g", off, v, best)
		}
	}
}
