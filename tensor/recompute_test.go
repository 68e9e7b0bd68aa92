package tensor

import (
	"slices"
	"testing"
)

// framed runs f as a layer does: what it made goes when it returns, but y.
func framed(s *Scope, f func() Tensor) Tensor {
	mark := door{}.Mark(s)
	y := f()
	door{}.Release(s, mark, y)
	return y
}

// A recomputed part may read constants of the frames around it, which end
// before the gradient runs it again.
func TestRecomputeReadsAConstantAround(t *testing.T) {
	parts := map[string]func(x, c Tensor) Tensor{
		"as an operand": func(x, c Tensor) Tensor { return x.Mul(c) },
		"alone first":   func(x, c Tensor) Tensor { return x.Mul(c.Shift(0)) },
		"reshaped":      func(x, c Tensor) Tensor { return x.Mul(c.Reshape(3, 1).Reshape(3)) },
		"as labels": func(x, c Tensor) Tensor {
			return door{}.CrossEntropy(x.Reshape(1, 3), c.Sum().Reshape(1).To(Int32).Shift(-4), Tensor{}, 0)
		},
		"as a view": func(x, c Tensor) Tensor { return x.Scale(float64(View[float32](c)[1])) },
	}
	for name, part := range parts {
		grad := func(recomputed bool) []float32 {
			s := NewScope()
			x := s.Track(Of([]float32{1, 2, 3}))
			y := framed(s, func() Tensor {
				c := x.Detach().Scale(2).Shift(-2) // 0 2 4, gone with this frame
				f := func(x Tensor) Tensor { return part(x, c) }
				if !recomputed {
					return f(x)
				}
				return door{}.Recompute(s, x, f, func(bool) {}, func() {})
			})
			for range 4 { // takes what memory went back
				x.Detach().Scale(99)
			}
			return Data[float32](s.Backward(y.Sum(), x)[0])
		}
		if got, want := grad(true), grad(false); !slices.Equal(got, want) {
			t.Errorf("%s: recomputed %v, want %v", name, got, want)
		}
	}
}

// What the part made itself still goes at once.
func TestRecomputeHoldsNothingOfItsOwn(t *testing.T) {
	s := NewScope()
	x := s.Track(Of([]float32{1, 2, 3}))
	var inside, outside Tensor
	framed(s, func() Tensor {
		outside = x.Detach().Shift(1)
		return door{}.Recompute(s, x, func(x Tensor) Tensor {
			inside = outside.Shift(1)
			return x.Mul(inside)
		}, func(bool) {}, func() {})
	})
	if inside.Valid() || !outside.Valid() {
		t.Errorf("inside valid %v, outside %v, want false, true", inside.Valid(), outside.Valid())
	}
}
