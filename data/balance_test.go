package data

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/tensor"
)

// TestClassWeights: the values are scikit-learn 1.4.2's
// compute_class_weight("balanced", classes=[0,1,2], y=[0,0,0,0,1,1,2]).
func TestClassWeights(t *testing.T) {
	got := ClassWeights([]int{0, 0, 0, 0, 1, 1, 2, -100}, 3)
	for k, want := range []float64{0.5833333333333334, 1.1666666666666667, 2.3333333333333335} {
		if math.Abs(got[k]-want) > 1e-15 {
			t.Errorf("class %d: %g, want %g", k, got[k], want)
		}
	}
	if got := ClassWeights([]int{0, 2}, 4); !slices.Equal(got, []float64{1, 0, 1, 0}) {
		t.Errorf("classes without examples: %v", got)
	}
}

func TestLabels(t *testing.T) {
	set := numbered(6, 1, 1)
	for name, s := range map[string]Dataset{"direct": set, "subset": Subset(opaque{set}, []int{0, 1, 2, 3, 4, 5})} {
		if got, err := Labels(s); err != nil || !slices.Equal(got, indices(6)) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	images, err := NewImages([]uint8{1, 2, 3}, []uint8{7, 8, 9}, 1, 1, 1, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Labels(Subset(Subset(images, []int{2, 0}), []int{1, 0})); err != nil || !slices.Equal(got, []int{7, 9}) {
		t.Errorf("a subset of a subset: %v, %v", got, err)
	}
	_, err = Labels(FromTensors(tensor.Zeros(3, 2), tensor.Zeros(3)))
	wantError(t, err, "example 0", "float32")
}

// TestWeightsSayHowOften: over an epoch each example comes as often as its
// weight says, rounded up or down.
func TestWeightsSayHowOften(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 30).Draw(t, "n")
		weights := make([]float64, n)
		var total float64
		for i := range weights {
			weights[i] = float64(rapid.IntRange(0, 9).Draw(t, "weight"))
			total += weights[i]
		}
		if total == 0 {
			weights[0], total = 1, 1
		}
		l := &Loader{Data: numbered(n, 1, 1), Batch: n, Weights: weights, Seed: rapid.Uint64().Draw(t, "seed")}
		for b, err := range l.Epoch(t.Context(), 1) {
			if err != nil {
				t.Fatal(err)
			}
			counts := make([]int, n)
			for _, i := range b.Index {
				counts[i]++
			}
			for i, c := range counts {
				if want := weights[i] / total * float64(n); math.Abs(float64(c)-want) >= 1+1e-9 {
					t.Fatalf("example %d of weight %g comes %d times, want about %g", i, weights[i], c, want)
				}
			}
		}
	})
}

func TestBalancedShowsClassesEvenly(t *testing.T) {
	labels := slices.Repeat([]int{0}, 95)
	labels = append(labels, 1, 1, 1, 1, 1)
	y := make([]int32, 100)
	for i, l := range labels {
		y[i] = int32(l)
	}
	l := &Loader{Data: FromTensors(tensor.Zeros(100, 1), tensor.Of(y, 100)), Batch: 10, Weights: Balanced(labels), Seed: 5}
	seen, rare := map[int]bool{}, 0
	for b, err := range l.Batches(t.Context(), 0, 20) {
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range b.Index {
			rare += labels[i]
			seen[i] = true
		}
	}
	if rare < 98 || rare > 102 {
		t.Errorf("the rare class came %d times in 200", rare)
	}
	if len(seen) < 60 {
		t.Errorf("only %d examples came up in two epochs", len(seen))
	}
}

func TestWeightsAreChecked(t *testing.T) {
	for want, w := range map[string][]float64{"2 Weights for 3": {1, 2}, "weight -1 of example 1": {1, -1, 1}, "NaN": {1, 1, math.NaN()}, "add up to 0": {0, 0, 0}} {
		_, err := last(&Loader{Data: numbered(3, 1, 1), Weights: w}, t.Context(), 0, 1)
		wantError(t, err, want)
	}
}
