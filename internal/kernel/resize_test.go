package kernel

import (
	"math"
	"slices"
	"testing"
)

func TestResizeByHand(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		x := []float32{0, 4, 8, 12} // [1, 2, 2, 1]
		y := make([]float32, 16)
		Resize(&ResizeShape{N: 1, H: 2, W: 2, C: 1, OH: 4, OW: 4}, x, y)
		if want := []float32{0, 1, 3, 4, 2, 3, 5, 6, 6, 7, 9, 10, 8, 9, 11, 12}; !slices.Equal(y, want) {
			t.Errorf("bilinear %v, want %v", y, want)
		}
		Resize(&ResizeShape{N: 1, H: 2, W: 2, C: 1, OH: 4, OW: 4, Nearest: true}, x, y)
		if want := []float32{0, 0, 4, 4, 0, 0, 4, 4, 8, 8, 12, 12, 8, 8, 12, 12}; !slices.Equal(y, want) {
			t.Errorf("nearest %v, want %v", y, want)
		}
	})
}

// TestResizeGradientIsAdjoint: ⟨resize(x), dy⟩ = ⟨x, gradient(dy)⟩.
func TestResizeGradientIsAdjoint(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, s := range []ResizeShape{{N: 2, H: 5, W: 7, C: 3, OH: 9, OW: 4}, {N: 1, H: 8, W: 6, C: 17, OH: 3, OW: 13}, {N: 3, H: 4, W: 4, C: 1, OH: 8, OW: 8}} {
			for _, nearest := range []bool{false, true} {
				s.Nearest = nearest
				testResize[float32](t, &s)
				testResize[float64](t, &s)
			}
		}
	})
}

func testResize[T Float](t *testing.T, s *ResizeShape) {
	t.Helper()
	in, out := s.N*s.H*s.W*s.C, s.N*s.OH*s.OW*s.C
	x, dx, y, dy := guarded[T](t, in), guarded[T](t, in), guarded[T](t, out), guarded[T](t, out)
	Resize(s, x, y)
	ResizeGrad(s, dy, dx)
	if a, b := dot64(y, dy), dot64(x, dx); math.Abs(a-b) > tolerance[T](out) {
		t.Errorf("%+v: %g and %g", *s, a, b)
	}
}
