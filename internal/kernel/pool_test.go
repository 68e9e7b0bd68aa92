package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/internal/par"
)

func poolShapes() []PoolShape {
	shapes := []PoolShape{
		{N: 2, H: 8, W: 8, C: 16, KH: 2, KW: 2, StrideH: 2, StrideW: 2, OH: 4, OW: 4},
		{N: 1, H: 9, W: 7, C: 33, KH: 3, KW: 3, StrideH: 2, StrideW: 2, PadTop: 1, PadLeft: 1, OH: 5, OW: 4},
		{N: 3, H: 5, W: 5, C: 7, KH: 5, KW: 5, StrideH: 1, StrideW: 1, OH: 1, OW: 1},
		{N: 1, H: 4, W: 4, C: 20, KH: 2, KW: 2, StrideH: 4, StrideW: 4, PadTop: 2, PadLeft: 2, OH: 2, OW: 2}, // empty windows
		{N: 1, H: 7, W: 7, C: 5, KH: 2, KW: 2, StrideH: 2, StrideW: 2, OH: 4, OW: 4},                         // over the edge
		{N: 2, H: 0, W: 3, C: 8, KH: 2, KW: 2, StrideH: 1, StrideW: 1, PadTop: 1, PadLeft: 1, OH: 1, OW: 4},
		{N: 0, H: 4, W: 4, C: 8, KH: 2, KW: 2, StrideH: 2, StrideW: 2, OH: 2, OW: 2},
		{N: 9, H: 40, W: 12, C: 8, KH: 2, KW: 2, StrideH: 2, StrideW: 2, OH: 20, OW: 6},
		{N: 2, H: 2, W: 2, C: 64, KH: 5, KW: 5, StrideH: 1, StrideW: 1, PadTop: 2, PadLeft: 2, OH: 2, OW: 2},
	}
	for range 40 {
		s := PoolShape{N: 1 + rand.IntN(3), H: 1 + rand.IntN(9), W: 1 + rand.IntN(9), C: 1 + rand.IntN(40),
			KH: 1 + rand.IntN(3), KW: 1 + rand.IntN(3), StrideH: 1 + rand.IntN(3), StrideW: 1 + rand.IntN(3), CountPad: rand.IntN(2) > 0, PadBottom: rand.IntN(2), PadRight: rand.IntN(2)}
		s.PadTop, s.PadLeft = rand.IntN(s.KH), rand.IntN(s.KW)
		s.OH, s.OW = (s.H+s.PadTop)/s.StrideH+1, (s.W+s.PadLeft)/s.StrideW+1
		shapes = append(shapes, s)
	}
	return shapes
}

func TestPoolAgreesWithTwins(t *testing.T) {
	shapes := poolShapes()
	eachVariant(t, func(t *testing.T) {
		for _, s := range shapes {
			testMaxPool[float32](t, &s)
			testMaxPool[float64](t, &s)
			testAvgPool[float32](t, &s)
			testAvgPool[float64](t, &s)
		}
	})
}

func testMaxPool[T Float](t *testing.T, s *PoolShape) {
	t.Helper()
	in, out := s.N*s.H*s.W*s.C, s.N*s.OH*s.OW*s.C
	x, y := guarded[T](t, in), guarded[T](t, out)
	for i := range x { // ties, and what is not a number
		switch rand.IntN(8) {
		case 0:
			x[i] = 0.5
		case 1:
			x[i] = T(math.NaN())
		case 2:
			x[i] = T(math.Inf(-1))
		}
	}
	arg, wantY, wantArg := make([]int32, out), make([]T, out), make([]int32, out)
	maxPoolGo(s, x, wantY, wantArg, 0, out)
	MaxPool(s, x, y, arg)
	if d, at := maxDiff(y, wantY); d != 0 || !slices.Equal(arg, wantArg) {
		t.Fatalf("MaxPool %T %+v: off by %g at %d: got %v, want %v; index %v, want %v", T(0), *s, d, at, y[at], wantY[at], arg[at], wantArg[at])
	}
	clear(y)
	MaxPool(s, x, y, nil)
	if d, at := maxDiff(y, wantY); d != 0 {
		t.Errorf("MaxPool without indices %+v: off by %g at %d", *s, d, at)
	}
	dy, dx, want := guarded[T](t, out), guarded[T](t, in), make([]T, in)
	maxPoolGradGo(dy, arg, want, 0, out)
	MaxPoolGrad(s, dy, arg, dx)
	if d, at := maxDiff(dx, want); !(d < 1e-5) {
		t.Errorf("MaxPoolGrad %T %+v: off by %g at %d", T(0), *s, d, at)
	}
	picked := guarded[T](t, out)
	Pick(picked, dx, arg)
	for i, at := range arg {
		if at >= 0 && picked[i] != dx[at] || at < 0 && picked[i] != 0 {
			t.Fatalf("Pick %d from index %d: got %v", i, at, picked[i])
		}
	}
}

func testAvgPool[T Float](t *testing.T, s *PoolShape) {
	t.Helper()
	in, out := s.N*s.H*s.W*s.C, s.N*s.OH*s.OW*s.C
	x, y, want := guarded[T](t, in), guarded[T](t, out), make([]T, out)
	avgPoolGo(s, x, want, 0, out)
	AvgPool(s, x, y)
	if d, at := maxDiff(y, want); !(d < 1e-6) {
		t.Errorf("AvgPool %T %+v: off by %g at %d: got %v, want %v", T(0), *s, d, at, y[at], want[at])
	}
	dx, wantX := guarded[T](t, in), make([]T, in)
	avgPoolGradGo(s, y, wantX, 0, out)
	AvgPoolGrad(s, y, dx)
	if d, at := maxDiff(dx, wantX); !(d < 1e-5) {
		t.Errorf("AvgPoolGrad %T %+v: off by %g at %d", T(0), *s, d, at)
	}
}

// TestMaxPoolByHand fixes what ties and NaNs do, which the twin could get
// wrong together with the assembly.
func TestMaxPoolByHand(t *testing.T) {
	nan := float32(math.NaN())
	eachVariant(t, func(t *testing.T) {
		s := &PoolShape{N: 1, H: 2, W: 2, C: 4, KH: 2, KW: 2, StrideH: 2, StrideW: 2, OH: 1, OW: 1}
		x := []float32{1, 5, nan, -3, 2, 5, 9, -2, 3, 4, 1, -1, 0, 5, 2, -9}
		y, arg := make([]float32, 4), make([]int32, 4)
		MaxPool(s, x, y, arg)
		if y[0] != 3 || y[1] != 5 || y[2] == y[2] || y[3] != -1 || !slices.Equal(arg, []int32{8, 1, 2, 11}) {
			t.Errorf("got %v at %v, want [3 5 NaN -1] at [8 1 2 11]", y, arg)
		}
	})
}

func TestPoolSameBitsAndNoAllocation(t *testing.T) {
	s := PoolShape{N: 7, H: 30, W: 30, C: 20, KH: 3, KW: 3, StrideH: 2, StrideW: 2, PadTop: 1, PadLeft: 1, OH: 15, OW: 15}
	x, y := guarded[float32](t, 7*30*30*20), guarded[float32](t, 7*15*15*20)
	arg := make([]int32, len(y))
	MaxPool(&s, x, y, arg)
	sameBits(t, func() []float32 { dx := make([]float32, len(x)); MaxPoolGrad(&s, y, arg, dx); return dx })
	sameBits(t, func() []float32 { dx := make([]float32, len(x)); AvgPoolGrad(&s, y, dx); return dx })
	sameBits(t, func() []float32 { y := make([]float32, len(y)); AvgPool(&s, x, y); return y })
	par.SetWorkers(2)
	defer par.SetWorkers(0)
	n := testing.AllocsPerRun(20, func() {
		MaxPool(&s, x, y, arg)
		MaxPool(&s, x, y, nil)
		MaxPoolGrad(&s, y, arg, x)
		AvgPool(&s, x, y)
		AvgPoolGrad(&s, y, x)
	})
	if n != 0 {
		t.Errorf("pooling allocates %v times", n)
	}
}

func BenchmarkPool(b *testing.B) {
	s := PoolShape{N: 64, H: 24, W: 24, C: 64, KH: 2, KW: 2, StrideH: 2, StrideW: 2, OH: 12, OW: 12}
	x, y := make([]float32, 64*24*24*64), make([]float32, 64*12*12*64)
	arg := make([]int32, len(y))
	for name, f := range map[string]func(){
		"max": func() { MaxPool(&s, x, y, arg) }, "maxGrad": func() { MaxPoolGrad(&s, y, arg, x) },
		"avg": func() { AvgPool(&s, x, y) }, "avgGrad": func() { AvgPoolGrad(&s, y, x) },
	} {
		b.Run(fmt.Sprint(name, " 64x24x24x64"), func(b *testing.B) {
			for b.Loop() {
				f()
			}
			b.ReportMetric(float64(len(x)*b.N)/b.Elapsed().Seconds()/1e9, "Gelem/s")
		})
	}
}
