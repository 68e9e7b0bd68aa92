package data

import (
	"math"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// mixed is the batches of a loader that mixes: X and Y.
func mixed(t *testing.T, m BatchTransform, workers int) (x, y [][]float32) {
	t.Helper()
	l := &Loader{Data: numbered(8, 4, 4), Batch: 4, Shuffle: true, Seed: 2, Mix: m, Workers: workers}
	for b, err := range l.Batches(t.Context(), 0, 6) {
		if err != nil {
			t.Fatal(err)
		}
		x, y = append(x, tensor.Data[float32](b.X)), append(y, tensor.Data[float32](b.Y))
	}
	return x, y
}

// TestMixedLabelsFollowThePixels: each picture's pixels are its number, so the
// labels' mean is the pixels' mean.
func TestMixedLabelsFollowThePixels(t *testing.T) {
	for name, m := range map[string]BatchTransform{
		"mixup": Mixup{Alpha: .4, Classes: 8}.Transform(), "cutmix": CutMix{Classes: 8}.Transform(),
	} {
		x, y := mixed(t, m, -1)
		changed := false
		for b := range x {
			for i := range 4 {
				var pixels, labels, sum float64
				for _, v := range x[b][16*i : 16*i+16] {
					pixels += float64(v) / 16
				}
				for k, v := range y[b][8*i : 8*i+8] {
					labels += float64(k) * float64(v)
					sum += float64(v)
					changed = changed || v > 0.01 && v < 0.99
				}
				if math.Abs(sum-1) > 1e-6 || math.Abs(pixels-labels) > 1e-4 {
					t.Fatalf("%s: pixels %g, labels %g, shares add up to %g", name, pixels, labels, sum)
				}
			}
		}
		if !changed {
			t.Errorf("%s mixed nothing", name)
		}
		wx, wy := mixed(t, m, 3)
		if !slices.EqualFunc(x, wx, slices.Equal) || !slices.EqualFunc(y, wy, slices.Equal) {
			t.Errorf("%s: other batches with three workers", name)
		}
	}
}

func TestMixErrors(t *testing.T) {
	_, err := last(&Loader{Data: numbered(4, 2, 2), Mix: Mixup{Classes: 3}.Transform()}, t.Context(), 0, 1)
	wantError(t, err, "example 3", "0 to 2")
	_, err = last(&Loader{Data: FromTensors(tensor.Zeros(4, 2), tensor.Of([]int32{0, 1, 0, 1}, 4)), Mix: CutMix{Classes: 3}.Transform()}, t.Context(), 0, 1)
	wantError(t, err, "data.CutMix", "[N, H, W, C]")
	if err := tensor.Try(func() { Mixup{}.Transform() }); err == nil {
		t.Error("no classes")
	}
}

// TestBetaHasItsMoments: mean 1/2 and variance 1/(4(2a+1)).
func TestBetaHasItsMoments(t *testing.T) {
	for _, a := range []float64{.2, .5, 1, 2, 7} {
		r := tensor.NewRand(11)
		var sum, square float64
		const n = 20000
		for range n {
			v := beta(r, a)
			if !(v >= 0 && v <= 1) {
				t.Fatalf("Beta(%g): %g", a, v)
			}
			sum += v
			square += (v - .5) * (v - .5)
		}
		if want := 1 / (4 * (2*a + 1)); math.Abs(sum/n-.5) > .01 || math.Abs(square/n/want-1) > .05 {
			t.Errorf("Beta(%g): mean %g, variance %g, want 0.5 and %g", a, sum/n, square/n, want)
		}
	}
}
