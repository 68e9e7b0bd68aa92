package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/limpid-ml/limpid/internal/par"
)

// eachVariant runs f with every variant that this CPU has, and plain Go.
func eachVariant(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	for _, name := range Variants() {
		t.Run(name, func(t *testing.T) {
			restore, err := Use(name)
			if err != nil {
				t.Fatal(err)
			}
			defer restore()
			f(t)
		})
	}
}

// guard is the number of elements on both sides of a guarded slice.
const guard = 64

// guarded returns a slice of n random elements; the test fails if anything is
// written just outside it.
func guarded[T Float](t testing.TB, n int) []T {
	t.Helper()
	mark := T(1234567)
	all := make([]T, n+2*guard)
	for i := range all {
		all[i] = mark
	}
	x := all[guard : guard+n : guard+n]
	for i := range x {
		x[i] = T(rand.Float64()*2 - 1)
	}
	t.Cleanup(func() {
		for i := range guard {
			if all[i] != mark || all[guard+n+i] != mark {
				t.Errorf("a write outside a slice of %d: %d before or after its ends", n, guard-i)
				return
			}
		}
	})
	return x
}

// maxDiff returns the greatest difference of two slices, and where it is. Two
// values that are not numbers are equal.
func maxDiff[T Float](got, want []T) (diff float64, at int) {
	if len(got) != len(want) {
		return math.Inf(1), -1
	}
	for i := range got {
		d := math.Abs(float64(got[i]) - float64(want[i]))
		if got[i] == want[i] || got[i] != got[i] && want[i] != want[i] {
			d = 0
		}
		if !(d <= diff) {
			diff, at = d, i
		}
	}
	return diff, at
}

// sameBits runs f, which returns what it computed, with several numbers of
// workers and fails unless all results are equal to the bit.
func sameBits[T Float](t *testing.T, f func() []T) {
	t.Helper()
	before := par.Workers()
	defer par.SetWorkers(before)
	var want []T
	for _, n := range []int{1, 2, 3, 7} {
		par.SetWorkers(n)
		got := f()
		if want == nil {
			want = got
			continue
		}
		for i := range got {
			if math.Float64bits(float64(got[i])) != math.Float64bits(float64(want[i])) {
				t.Errorf("%d workers: element %d is %v, with 1 worker %v", n, i, got[i], want[i])
				return
			}
		}
	}
}

// tolerance is what sums of n products in [-1, 1] may differ by in T.
func tolerance[T Float](n int) float64 {
	if wide[T]() {
		return 1e-14 * float64(n+1)
	}
	return 1e-6 * math.Sqrt(float64(n+1)) * 4
}
