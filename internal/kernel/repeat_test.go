package kernel

import (
	"fmt"
	"math/rand"
	"testing"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/internal/par"
)

func drawn[T Float](r *rand.Rand, n int) []T {
	x := make([]T, n)
	for i := range x {
		x[i] = T(r.NormFloat64())
	}
	return x
}

func farthest[T Float](a, b []T) (d float64) {
	for i := range a {
		d = max(d, max(float64(a[i]-b[i]), float64(b[i]-a[i])))
	}
	return d
}

func testRepeat[T Float](t *testing.T, tol float64) {
	r := rand.New(rand.NewSource(1))
	for _, m := range []int{0, 1, 3, 4, 5, 32, 37} {
		for _, n := range []int{1, 7, 64, 100} {
			for _, k := range []int{0, 1, 33, 128} {
				for _, transB := range []bool{false, true} {
					for _, ep := range []Epilogue[T]{{}, {Bias: drawn[T](r, n)}, {Add: true}} {
						b := drawn[T](r, n*k)
						p := repeat(3, transB, m, n, k, b, ep)
						for range 3 {
							a, c := drawn[T](r, m*k), drawn[T](r, m*n)
							want := append([]T{}, c...)
							gemmGo(false, transB, m, n, k, a, k, b, stored(transB, k, n)[1], want, n, ep)
							p.do(a, c)
							if d := farthest(c, want); d > tol {
								t.Errorf("%d×%d×%d, transposed %t: off by %g", m, n, k, transB, d)
							}
						}
						p.free()
					}
				}
			}
		}
	}
}

func TestRepeatedProducts(t *testing.T) {
	t.Run("float32", func(t *testing.T) { testRepeat[float32](t, 1e-4) })
	t.Run("float64", func(t *testing.T) { testRepeat[float64](t, 1e-12) })
}

// recurred runs a recurrence and its gradient and returns all results.
func recurred[T Float](r Recurrence, seed int64) [][]T {
	d := rand.New(rand.NewSource(seed))
	size, width := r.N*r.H, r.N*r.width()
	y, gates, carry := make([]T, r.T*size), make([]T, r.T*width), make([]T, r.T*size)
	x, h0, w, b, dy := drawn[T](d, r.T*width), drawn[T](d, size), drawn[T](d, r.width()*r.H), drawn[T](d, r.width()), drawn[T](d, r.T*size)
	var c0, dc []T
	if r.Cell == backstage.CellLSTM {
		c0, dc = drawn[T](d, size), drawn[T](d, size)
	}
	for i := range w {
		w[i] *= .1
	}
	Recur(&r, y, gates, carry, x, h0, c0, w, b)
	dx, dp, dh := make([]T, r.T*width), make([]T, r.T*width), make([]T, size)
	RecurGrad(&r, dx, dp, dh, dc, dy, y, gates, carry, h0, c0, w)
	return [][]T{y, dx, dp, dh, dc}
}

// TestRecurrence: float32 follows float64, and the number of workers changes
// nothing. What it computes is held against plain operations in package tensor.
func TestRecurrence(t *testing.T) {
	for cell := backstage.CellTanh; cell <= backstage.CellGRU; cell++ {
		for _, back := range []bool{false, true} {
			r := Recurrence{Cell: cell, T: 6, N: 37, H: 40, Back: back, Keep: true}
			for i := range r.N {
				r.Lens = append(r.Lens, int32(i%(r.T+1)))
			}
			what := fmt.Sprint("cell ", cell, ", back ", back)
			wide, narrow := recurred[float64](r, 3), recurred[float32](r, 3)
			par.SetWorkers(1)
			alone := recurred[float32](r, 3)
			par.SetWorkers(0)
			for i := range wide {
				for k, v := range wide[i] {
					if d := float64(narrow[i][k]) - v; d > 2e-4 || d < -2e-4 {
						t.Fatalf("%s: result %d, element %d is %g, want %g", what, i, k, narrow[i][k], v)
					}
					if narrow[i][k] != alone[i][k] {
						t.Fatalf("%s: result %d differs with one worker", what, i)
					}
				}
			}
		}
	}
}
