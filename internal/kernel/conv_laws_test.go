package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/internal/par"
)

// dot64 is the inner product, summed in float64.
func dot64[T Float](x, y []T) (sum float64) {
	for i := range x {
		sum += float64(x[i]) * float64(y[i])
	}
	return sum
}

// TestConvGradientsAreAdjoint holds the three convolutions to the law that
// ties them: ⟨conv(x, w), dy⟩ = ⟨x, data(dy, w)⟩ = ⟨w, filter(x, dy)⟩. It
// needs no twin, so sizes can be those of real models.
func TestConvGradientsAreAdjoint(t *testing.T) {
	shapes := []ConvShape{
		square(4, 28, 1, 32, 3, 1, 0), square(3, 26, 32, 64, 3, 1, 0), square(2, 56, 64, 64, 3, 1, 1), square(2, 32, 3, 64, 7, 2, 3),
		square(2, 14, 128, 128, 3, 1, 1), square(2, 7, 256, 128, 3, 1, 1), square(2, 16, 64, 128, 1, 2, 0), square(1, 8, 256, 512, 1, 1, 0),
		sized(ConvShape{N: 2, H: 28, W: 28, C: 64, O: 64, KH: 3, KW: 3, Groups: 32, PadTop: 1, PadLeft: 1, PadBottom: 1, PadRight: 1}),
		sized(ConvShape{N: 2, H: 28, W: 28, C: 96, O: 96, KH: 5, KW: 5, Groups: 96, StrideH: 2, StrideW: 2, PadTop: 2, PadLeft: 2, PadBottom: 2, PadRight: 2}),
		sized(ConvShape{N: 1, H: 33, W: 31, C: 48, O: 32, KH: 3, KW: 3, DilH: 2, DilW: 2, PadTop: 2, PadLeft: 2, PadBottom: 2, PadRight: 2}),
		sized(ConvShape{N: 2, H: 20, W: 21, C: 32, O: 32, KH: 3, KW: 3, PadTop: 2, PadLeft: 0, PadBottom: 1, PadRight: 2}), // uneven padding
	}
	eachVariant(t, func(t *testing.T) {
		for _, s := range shapes {
			if Variant() == "go" && s.N*s.OH*s.OW*s.O*s.KH*s.KW*s.C/s.Groups > 30e6 {
				continue
			}
			x, w, dy := convOperands[float32](t, &s)
			y, dx, dw := guarded[float32](t, len(dy)), guarded[float32](t, len(x)), guarded[float32](t, len(w))
			ConvForward(&s, x, w, y, Epilogue[float32]{})
			ConvData(&s, dy, w, dx)
			ConvFilter(&s, x, dy, dw)
			a, b, c := dot64(y, dy), dot64(x, dx), dot64(w, dw)
			size := math.Sqrt(dot64(y, y) * dot64(dy, dy))
			if math.Abs(a-b) > 1e-6*size || math.Abs(a-c) > 1e-6*size {
				t.Errorf("%+v: ⟨y, dy⟩ = %g, ⟨x, dx⟩ = %g, ⟨w, dw⟩ = %g, of size %g", s, a, b, c, size)
			}
		}
	})
}

// TestWinogradAccuracy holds the fast way to within 4·10⁻⁶ of the greatest
// result, computed in float64: the plain sum in float32 has some 10⁻⁶.
func TestWinogradAccuracy(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, s := range []ConvShape{square(2, 12, 64, 32, 3, 1, 1), square(1, 16, 128, 64, 3, 1, 1), square(3, 14, 16, 48, 3, 1, 0)} {
			x, w, y := convOperands[float32](t, &s)
			x64, w64, y64 := widen(x), widen(w), widen(y)
			dx, dw := make([]float32, len(x)), make([]float32, len(w))
			dx64, dw64 := make([]float64, len(x)), make([]float64, len(w))
			ConvData(&s, y, w, dx)
			ConvData(&s, y64, w64, dx64)
			closeTo(t, "data gradient", dx, dx64)
			ConvFilter(&s, x, y, dw)
			ConvFilter(&s, x64, y64, dw64)
			closeTo(t, "filter gradient", dw, dw64)
			ConvForward(&s, x, w, y, Epilogue[float32]{})
			ConvForward(&s, x64, w64, y64, Epilogue[float64]{})
			closeTo(t, "forward", y, y64)
		}
	})
}

func widen(x []float32) []float64 {
	w := make([]float64, len(x))
	for i, v := range x {
		w[i] = float64(v)
	}
	return w
}

func closeTo(t *testing.T, what string, got []float32, want []float64) {
	t.Helper()
	greatest := max(slices.Max(want), -slices.Min(want))
	if d, at := maxDiff(widen(got), want); !(d <= 4e-6*greatest) {
		t.Errorf("%s: off by %.2g of the greatest, at %d", what, d/greatest, at)
	}
}

// TestWinogradRunsWhereItShould guards the choice itself: a slip there would
// only show as slowness.
func TestWinogradRunsWhereItShould(t *testing.T) {
	fits := func(s ConvShape) bool {
		j := newSlide[float32](&s)
		defer j.free()
		j.inC = s.C
		j.v.forwardTaps(s.H, s.OH, s.KH, s.StrideH, s.DilH, s.PadTop)
		j.h.forwardTaps(s.W, s.OW, s.KW, s.StrideW, s.DilW, s.PadLeft)
		return winogradFits(&j.window, s.O, s.Groups)
	}
	dilated := sized(ConvShape{N: 1, H: 16, W: 16, C: 32, O: 32, KH: 3, KW: 3, DilH: 2})
	eachVariant(t, func(t *testing.T) {
		fast := Variant() != "go"
		for _, c := range []struct {
			s    ConvShape
			want bool
		}{
			{square(1, 24, 32, 64, 3, 1, 1), fast}, {square(1, 24, 64, 64, 3, 1, 0), fast},
			{square(1, 24, 3, 64, 3, 1, 1), false}, {square(1, 24, 32, 64, 3, 2, 1), false}, {square(1, 24, 32, 64, 5, 1, 1), false},
			{square(1, 3, 32, 64, 3, 1, 0), false}, {square(1, 24, 512, 512, 3, 1, 1), false}, {dilated, false},
		} {
			if got := fits(c.s); got != c.want {
				t.Errorf("%+v: by tiles %v, want %v", c.s, got, c.want)
			}
		}
	})
}

// TestConvShiftsWithItsInput: a convolution of a shifted image is the shifted
// convolution, away from the edges.
func TestConvShiftsWithItsInput(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		s := square(1, 20, 16, 16, 3, 1, 1)
		x, w, y := convOperands[float32](t, &s)
		shifted, ys := make([]float32, len(x)), make([]float32, len(y))
		copy(shifted[s.W*s.C:], x) // one row down
		ConvForward(&s, x, w, y, Epilogue[float32]{})
		ConvForward(&s, shifted, w, ys, Epilogue[float32]{})
		row := s.OW * s.O
		if d, at := maxDiff(ys[2*row:19*row], y[row:18*row]); !(d < 5e-5) {
			t.Errorf("off by %g at %d", d, at)
		}
	})
}

// TestConvOfOnePixelIsGemm: a 1x1 convolution is a matrix product.
func TestConvOfOnePixelIsGemm(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		s := square(2, 9, 20, 33, 1, 1, 0)
		x, w, y := convOperands[float32](t, &s)
		want := make([]float32, len(y))
		ConvForward(&s, x, w, y, Epilogue[float32]{})
		gemmGo(false, true, 2*81, 33, 20, x, 20, w, 20, want, 33, Epilogue[float32]{})
		if d, at := maxDiff(y, want); !(d < tolerance[float32](20)) {
			t.Errorf("off by %g at %d", d, at)
		}
	})
}

// TestConvImagesDoNotDependOnOthers: what an image gives is the same to the
// bit, whatever else is in its batch.
func TestConvImagesDoNotDependOnOthers(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, one := range []ConvShape{square(1, 12, 16, 32, 3, 1, 1), square(1, 12, 1, 8, 3, 1, 0), square(1, 12, 8, 8, 5, 2, 2)} {
			many := one
			many.N = 37
			x, w, y := convOperands[float32](t, &many)
			ConvForward(&many, x, w, y, Epilogue[float32]{})
			alone := make([]float32, len(y)/37)
			for _, n := range []int{0, 1, 36} {
				ConvForward(&one, x[n*len(x)/37:], w, alone, Epilogue[float32]{})
				if !slices.Equal(alone, y[n*len(alone):(n+1)*len(alone)]) {
					t.Errorf("%+v: image %d differs from itself alone", one, n)
				}
			}
		}
	})
}

// TestKernelsAtOnce runs kernels from several goroutines: they share scratch
// and workers, and must not share more.
func TestKernelsAtOnce(t *testing.T) {
	par.SetWorkers(3)
	defer par.SetWorkers(0)
	s := square(4, 16, 16, 32, 3, 1, 1)
	x, w, y := convOperands[float32](t, &s)
	ConvForward(&s, x, w, y, Epilogue[float32]{})
	dw := make([]float32, len(w))
	ConvFilter(&s, x, y, dw)
	done := make(chan string, 8)
	for range 8 {
		go func() {
			out, dout := make([]float32, len(y)), make([]float32, len(w))
			for range 20 {
				ConvForward(&s, x, w, out, Epilogue[float32]{})
				ConvFilter(&s, x, y, dout)
				if !slices.Equal(out, y) || !slices.Equal(dout, dw) {
					done <- "a result differs from the one computed alone"
					return
				}
			}
			done <- ""
		}()
	}
	for range 8 {
		if fault := <-done; fault != "" {
			t.Error(fault)
		}
	}
}

// TestAxisTaps holds the backward taps to their definition: input element i
// meets output o through filter element k iff i = o·stride + k·dil − pad.
func TestAxisTaps(t *testing.T) {
	for range 300 {
		in, kernel, stride := 1+rand.IntN(20), 1+rand.IntN(5), 1+rand.IntN(4)
		dil, pad := 1+rand.IntN(3), rand.IntN(4)
		out := (in+2*pad-(kernel-1)*dil-1)/stride + 1
		if out < 1 || in+2*pad < (kernel-1)*dil+1 {
			continue
		}
		var want, got [][3]int
		for i := range in {
			for k := kernel - 1; k >= 0; k-- {
				if at := i + pad - k*dil; at%stride == 0 && at >= 0 && at/stride < out {
					want = append(want, [3]int{i, k, at / stride})
				}
			}
		}
		for i := range in {
			var a axis
			a.backwardTaps(in, out, kernel, stride, dil, pad, i%stride)
			for t, tap := range a.taps {
				if o := i/stride + tap; o >= 0 && o < out {
					got = append(got, [3]int{i, a.filter[t], o})
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("in %d, kernel %d, stride %d, dilation %d, padding %d: got %v, want %v", in, kernel, stride, dil, pad, got, want)
		}
	}
}

// TestConvByHand fixes the conventions: order of axes, no flip, padding.
func TestConvByHand(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		s := sized(ConvShape{N: 1, H: 2, W: 3, C: 1, O: 2, KH: 2, KW: 2, PadRight: 1})
		x := []float32{1, 2, 3, 4, 5, 6}
		w := []float32{1, 10, 100, 1000, 0, 0, 0, 1} // [2, 2, 2, 1]
		y := make([]float32, 1*3*2)
		ConvForward(&s, x, w, y, Epilogue[float32]{Bias: []float32{0.5, -5}})
		if want := []float32{5421.5, 0, 6532.5, 1, 603.5, -5}; !slices.Equal(y, want) {
			t.Errorf("got %v, want %v", y, want)
		}
	})
}
