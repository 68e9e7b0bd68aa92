package kernel

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// optimizers runs one step of each optimiser in all its forms; slots are the
// three vectors that it may keep.
func optimizers[T Float]() map[string]func(w, g []T, slots [3][]T, step int) {
	all := map[string]func(w, g []T, slots [3][]T, step int){}
	for _, decay := range []float64{0, 0.03} {
		for _, decoupled := range []bool{false, true} {
			all[fmt.Sprint("Adam ", decay, decoupled)] = func(w, g []T, s [3][]T, step int) {
				Adam(w, g, s[0], s[1], &AdamStep{LR: 0.01, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, Decay: decay, Decoupled: decoupled, Step: step})
			}
		}
		for _, momentum := range []float64{0, 0.9} {
			for _, flag := range []bool{false, true} {
				all[fmt.Sprint("SGD ", decay, momentum, flag)] = func(w, g []T, s [3][]T, step int) {
					SGD(w, g, s[0], &SGDStep{LR: 0.1, Momentum: momentum, Dampening: 0.1, Decay: decay, Nesterov: flag, First: step == 1})
				}
				all[fmt.Sprint("RMSprop ", decay, momentum, flag)] = func(w, g []T, s [3][]T, _ int) {
					RMSprop(w, g, s[0], s[1], s[2], &RMSpropStep{LR: 0.01, Alpha: 0.95, Eps: 1e-3, Decay: decay, Momentum: momentum, Centered: flag})
				}
			}
		}
		all[fmt.Sprint("Adagrad ", decay)] = func(w, g []T, s [3][]T, _ int) {
			Adagrad(w, g, s[0], &AdagradStep{LR: 0.1, Eps: 1e-8, Decay: decay})
		}
		all[fmt.Sprint("Adadelta ", decay)] = func(w, g []T, s [3][]T, _ int) {
			Adadelta(w, g, s[0], s[1], &AdadeltaStep{LR: 1, Rho: 0.9, Eps: 1e-6, Decay: decay})
		}
	}
	return all
}

// TestOptimizersAgreeWithTwins takes five steps in float32 and in float64,
// which is plain Go, on every tail of a vector and on a length that is shared.
func TestOptimizersAgreeWithTwins(t *testing.T) {
	twins := optimizers[float64]()
	eachVariant(t, func(t *testing.T) {
		for name, step := range optimizers[float32]() {
			for _, n := range []int{0, 1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 40, 3*passChunk + 5} {
				w, g := guarded[float32](t, n), guarded[float32](t, n)
				slots := [3][]float32{guarded[float32](t, n), guarded[float32](t, n), guarded[float32](t, n)}
				for _, s := range slots {
					clear(s)
				}
				w64, slots64 := widen(w), [3][]float64{make([]float64, n), make([]float64, n), make([]float64, n)}
				for i := range 5 {
					step(w, g, slots, i+1)
					twins[name](w64, widen(g), slots64, i+1)
				}
				for i, got := range [][]float32{w, slots[0], slots[1], slots[2]} {
					want := [][]float64{w64, slots64[0], slots64[1], slots64[2]}[i]
					if d, at := maxDiff(widen(got), want); d > 2e-5 {
						t.Fatalf("%s, n=%d, vector %d: off by %g at %d: got %v, want %v", name, n, i, d, at, got[at], want[at])
					}
				}
			}
		}
	})
}

// TestOptimizersByHand fixes the first step of each on one number.
func TestOptimizersByHand(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for name, want := range map[string]float64{
			"SGD 0 0 false": 1 - 0.1*0.5, "SGD 0 0.9 false": 1 - 0.1*0.5, "SGD 0 0.9 true": 1 - 0.1*(0.5+0.9*0.5),
			"Adam 0 false": 1 - 0.01, "Adam 0.03 true": 1 - 0.01*0.03 - 0.01, "Adagrad 0": 1 - 0.1,
			"RMSprop 0 0 false":  1 - 0.01*0.5/(math.Sqrt(0.05*0.25)+1e-3),
			"RMSprop 0 0.9 true": 1 - 0.01*0.5/(math.Sqrt(0.05*0.25-0.025*0.025)+1e-3),
			"Adadelta 0":         1 - 0.5*math.Sqrt(1e-6)/math.Sqrt(0.1*0.25+1e-6),
		} {
			w, g := []float32{1}, []float32{0.5}
			optimizers[float32]()[name](w, g, [3][]float32{{0}, {0}, {0}}, 1)
			if math.Abs(float64(w[0])-want) > 1e-6 {
				t.Errorf("%s: %v, want %v", name, w[0], want)
			}
		}
	})
}

func TestOptimizersSameBitsAtAnyWorkers(t *testing.T) {
	const n = 5*passChunk + 3
	w, g := guarded[float32](t, n), guarded[float32](t, n)
	eachVariant(t, func(t *testing.T) {
		for _, step := range optimizers[float32]() {
			sameBits(t, func() []float32 {
				w := slices.Clone(w)
				step(w, g, [3][]float32{make([]float32, n), make([]float32, n), make([]float32, n)}, 1)
				return w
			})
		}
	})
}

func TestOptimizersAllocateNothing(t *testing.T) {
	const n = 3 * passChunk
	w, g := make([]float32, n), make([]float32, n)
	slots := [3][]float32{make([]float32, n), make([]float32, n), make([]float32, n)}
	for name, step := range optimizers[float32]() {
		step(w, g, slots, 1)
		if a := testing.AllocsPerRun(10, func() { step(w, g, slots, 2) }); a != 0 {
			t.Errorf("%s: %v allocations a step", name, a)
		}
	}
}

func BenchmarkAdam(b *testing.B) {
	const n = 535_818
	w, g, m, v := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
	for b.Loop() {
		Adam(w, g, m, v, &AdamStep{LR: 1e-3, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Step: 10})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/element")
}
