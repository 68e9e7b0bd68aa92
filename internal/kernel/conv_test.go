package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/internal/par"
)

// sized fills in the output size of a convolution.
func sized(s ConvShape) ConvShape {
	s.StrideH, s.StrideW = max(s.StrideH, 1), max(s.StrideW, 1)
	s.DilH, s.DilW, s.Groups = max(s.DilH, 1), max(s.DilW, 1), max(s.Groups, 1)
	s.OH = (s.H+s.PadTop+s.PadBottom-(s.KH-1)*s.DilH-1)/s.StrideH + 1
	s.OW = (s.W+s.PadLeft+s.PadRight-(s.KW-1)*s.DilW-1)/s.StrideW + 1
	return s
}

// square is the shape of an ordinary convolution.
func square(n, size, c, o, kernel, stride, pad int) ConvShape {
	return sized(ConvShape{N: n, H: size, W: size, C: c, O: o, KH: kernel, KW: kernel, StrideH: stride, StrideW: stride,
		PadTop: pad, PadBottom: pad, PadLeft: pad, PadRight: pad})
}

// convShapes are ordinary shapes, odd ones, and random ones.
func convShapes() []ConvShape {
	shapes := []ConvShape{
		square(2, 8, 16, 16, 3, 1, 1), square(1, 9, 3, 33, 3, 2, 1), square(3, 6, 5, 4, 1, 1, 0),
		square(2, 12, 1, 32, 3, 1, 0), square(1, 7, 8, 8, 5, 3, 2), square(1, 5, 2, 3, 2, 4, 0),
		square(0, 8, 4, 4, 3, 1, 1), square(2, 4, 0, 3, 3, 1, 1), square(9, 14, 4, 6, 1, 2, 0), square(20, 6, 8, 17, 3, 1, 1), square(1, 40, 6, 17, 3, 1, 1),
		square(2, 13, 16, 32, 3, 1, 1), square(1, 10, 32, 48, 3, 1, 0), square(9, 7, 16, 16, 3, 1, 2), square(1, 14, 48, 64, 3, 1, 1),
		sized(ConvShape{N: 2, H: 9, W: 7, C: 12, O: 8, KH: 3, KW: 2, Groups: 4, PadTop: 2, PadLeft: 1, PadRight: 3}),
		sized(ConvShape{N: 1, H: 10, W: 10, C: 6, O: 6, KH: 3, KW: 3, Groups: 6, PadTop: 1, PadLeft: 1, PadBottom: 1, PadRight: 1}),
		sized(ConvShape{N: 1, H: 10, W: 9, C: 6, O: 12, KH: 3, KW: 3, Groups: 6, StrideH: 2, StrideW: 1}),
		sized(ConvShape{N: 3, H: 10, W: 11, C: 37, O: 37, KH: 3, KW: 3, Groups: 37, PadTop: 1, PadLeft: 2, PadBottom: 1, PadRight: 3}),
		sized(ConvShape{N: 9, H: 12, W: 10, C: 16, O: 16, KH: 5, KW: 3, Groups: 16, StrideH: 2, StrideW: 3, DilH: 2, DilW: 1, PadTop: 9, PadBottom: 9}),
		sized(ConvShape{N: 2, H: 11, W: 12, C: 4, O: 5, KH: 3, KW: 3, DilH: 2, DilW: 3, PadTop: 2, PadLeft: 3}),
		sized(ConvShape{N: 1, H: 11, W: 12, C: 3, O: 5, KH: 2, KW: 3, StrideH: 2, StrideW: 4, DilH: 2, DilW: 2}),
		sized(ConvShape{N: 1, H: 1, W: 1, C: 3, O: 2, KH: 3, KW: 3, PadTop: 4, PadLeft: 5, PadBottom: 4, PadRight: 5}),
	}
	for len(shapes) < 36 {
		g := 1 + rand.IntN(2)
		s := sized(ConvShape{
			N: 1 + rand.IntN(3), H: 1 + rand.IntN(12), W: 1 + rand.IntN(18), C: g * (1 + rand.IntN(9)), O: g * (1 + rand.IntN(20)),
			KH: 1 + rand.IntN(4), KW: 1 + rand.IntN(4), StrideH: 1 + rand.IntN(3), StrideW: 1 + rand.IntN(3),
			PadTop: rand.IntN(3), PadLeft: rand.IntN(3), PadBottom: rand.IntN(3), PadRight: rand.IntN(3),
			DilH: 1 + rand.IntN(2), DilW: 1 + rand.IntN(2), Groups: g,
		})
		if s.OH > 0 && s.OW > 0 && s.H+s.PadTop+s.PadBottom > (s.KH-1)*s.DilH && s.W+s.PadLeft+s.PadRight > (s.KW-1)*s.DilW {
			shapes = append(shapes, s)
		}
	}
	return shapes
}

// convOperands makes x, w and y for a shape.
func convOperands[T Float](t testing.TB, s *ConvShape) (x, w, y []T) {
	t.Helper()
	return guarded[T](t, s.N*s.H*s.W*s.C), guarded[T](t, s.O*s.KH*s.KW*s.C/s.Groups), guarded[T](t, s.N*s.OH*s.OW*s.O)
}

func TestConvAgreesWithTwins(t *testing.T) {
	shapes := convShapes()
	eachVariant(t, func(t *testing.T) {
		for _, s := range shapes {
			testConv[float32](t, &s)
			testConv[float64](t, &s)
		}
	})
}

func testConv[T Float](t *testing.T, s *ConvShape) {
	t.Helper()
	check := func(what string, got, want []T, terms int) {
		t.Helper()
		if d, at := maxDiff(got, want); !(d <= tolerance[T](terms)) {
			t.Errorf("%s of %T, %+v: off by %g at %d: got %v, want %v", what, T(0), *s, d, at, got[at], want[at])
		}
	}
	taps := s.KH * s.KW
	x, w, y := convOperands[T](t, s)
	ep := Epilogue[T]{Add: rand.IntN(2) > 0, Act: Act(rand.IntN(int(backstage.Softsign) + 1)), Param: 0.2}
	if rand.IntN(2) > 0 {
		ep.Bias = guarded[T](t, s.O)
	}
	want := slices.Clone(y)
	convForwardGo(s, x, w, want, ep)
	ConvForward(s, x, w, y, ep)
	check(fmt.Sprintf("forward, activation %d", ep.Act), y, want, taps*s.C/s.Groups)

	dx, wantX := guarded[T](t, len(x)), make([]T, len(x))
	convDataGo(s, y, w, wantX)
	ConvData(s, y, w, dx)
	check("data gradient", dx, wantX, 100*taps*s.O/s.Groups)

	dw, wantW := guarded[T](t, len(w)), make([]T, len(w))
	convFilterGo(s, x, y, wantW)
	ConvFilter(s, x, y, dw)
	check("filter gradient", dw, wantW, 100*s.N*s.OH*s.OW)
}

func TestConvSameBitsAtAnyWorkers(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, s := range []ConvShape{square(8, 12, 16, 32, 3, 1, 1), square(3, 30, 8, 40, 3, 2, 1), square(20, 14, 1, 32, 3, 1, 0)} {
			x, w, y := convOperands[float32](t, &s)
			sameBits(t, func() []float32 {
				out := make([]float32, len(y))
				ConvForward(&s, x, w, out, Epilogue[float32]{Act: backstage.Tanh})
				return out
			})
			sameBits(t, func() []float32 {
				dx := make([]float32, len(x))
				ConvData(&s, y, w, dx)
				return dx
			})
			sameBits(t, func() []float32 {
				dw := make([]float32, len(w))
				ConvFilter(&s, x, y, dw)
				return dw
			})
		}
	})
}

func TestConvAllocatesNothing(t *testing.T) {
	par.SetWorkers(2)
	defer par.SetWorkers(0)
	for _, s := range []ConvShape{square(8, 12, 16, 32, 3, 1, 1), square(2, 28, 1, 32, 3, 1, 0), square(4, 16, 8, 8, 3, 2, 1)} {
		x, w, y := convOperands[float32](t, &s)
		n := testing.AllocsPerRun(20, func() {
			ConvForward(&s, x, w, y, Epilogue[float32]{Act: backstage.ReLU})
			ConvFilter(&s, x, y, w)
			ConvData(&s, y, w, x)
		})
		if n != 0 {
			t.Errorf("a convolution %+v allocates %v times", s, n)
		}
	}
}

func TestConvRefusesShortSlices(t *testing.T) {
	s := square(1, 6, 2, 3, 3, 1, 1)
	for short := range 3 {
		size := []int{6 * 6 * 2, 3 * 3 * 3 * 2, 6 * 6 * 3}
		size[short]--
		x, w, y := make([]float32, size[0]), make([]float32, size[1]), make([]float32, size[2])
		for name, f := range map[string]func(){
			"forward": func() { ConvForward(&s, x, w, y, Epilogue[float32]{}) },
			"data":    func() { ConvData(&s, y, w, x) },
			"filter":  func() { ConvFilter(&s, x, y, w) },
		} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s: no panic with sizes %v", name, size)
					}
				}()
				f()
			}()
		}
	}
}

func BenchmarkConv(b *testing.B) {
	for name, s := range map[string]ConvShape{
		"8x56x56x64": square(8, 56, 64, 64, 3, 1, 1), "mnist1": square(64, 28, 1, 32, 3, 1, 0), "mnist2": square(64, 26, 32, 64, 3, 1, 0),
		"7x7x512": square(8, 7, 512, 512, 3, 1, 1), "stride2": square(8, 56, 64, 128, 3, 2, 1), "28x28x128": square(8, 28, 128, 128, 3, 1, 1), "14x14x256": square(8, 14, 256, 256, 3, 1, 1), "32x32x16": square(16, 32, 16, 16, 3, 1, 1), "stem": square(8, 112, 3, 64, 7, 2, 3), "depthwise": sized(ConvShape{N: 8, H: 56, W: 56, C: 64, O: 64, Groups: 64, KH: 3, KW: 3, PadTop: 1, PadLeft: 1, PadBottom: 1, PadRight: 1}),
	} {
		x, w, y := convOperands[float32](b, &s)
		dx, dw := make([]float32, len(x)), make([]float32, len(w))
		flop := 2 * len(y) * s.KH * s.KW * s.C / s.Groups
		b.Run(name+"/forward", func(b *testing.B) {
			againstPeak[float32](b, flop, func() { ConvForward(&s, x, w, y, Epilogue[float32]{Act: backstage.ReLU}) })
		})
		b.Run(name+"/data", func(b *testing.B) {
			againstPeak[float32](b, flop, func() { ConvData(&s, y, w, dx) })
		})
		b.Run(name+"/filter", func(b *testing.B) {
			againstPeak[float32](b, flop, func() { ConvFilter(&s, x, y, dw) })
		})
	}
}
