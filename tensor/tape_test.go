package tensor

import (
	"math"
	"testing"
)

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > tol*(1+math.Abs(want)) {
		t.Errorf("%s: %g, want %g", what, got, want)
	}
}

func TestHigherOrders(t *testing.T) {
	s := NewScope()
	x := s.Track(Of([]float64{3}))
	y := x.Mul(x).Mul(x).Mul(x).Sum() // x⁴
	for i, want := range []float64{108, 108, 72, 24, 0} {
		g := Grad(y, x)[0]
		near(t, "derivative", g.Item(), want, 1e-12)
		if i < 3 && !g.Tracked() { // the fourth is a constant
			t.Fatalf("derivative %d is not recorded", i+1)
		}
		y = g.Sum()
	}
}

func TestUnrelatedGetsZerosUntrackedPanics(t *testing.T) {
	s := NewScope()
	x, y := s.Track(Full(1, 2)), s.Track(Full(1, 3))
	g := Grad(x.Sum(), x, y)
	if g[1].Len() != 3 || g[1].At(0) != 0 || g[0].At(1) != 1 {
		t.Error(g)
	}
	wantError(t, Try(func() { Grad(x.Sum(), Full(1, 2)) }), "not tracked")
	wantError(t, Try(func() { Grad(Full(1), Full(1, 2)) }), "not tracked")
}

func TestVJPOnlyWeighs(t *testing.T) {
	s := NewScope()
	x := s.Track(Of([]float64{2, 3}))
	gy := x.Mul(x) // depends on x, which adds nothing to the first derivative
	g := VJP(x.Mul(x), gy, x)[0]
	near(t, "2x·x²", g.At(0), 16, 1e-12)
	near(t, "but its derivative sees it", Grad(g.Sum(), x)[0].At(0), 24, 1e-12) // d(2x³)
	wantError(t, Try(func() { VJP(x, Full(1, 2), x) }), "y's shape and type")
}

func TestBackwardUsesTheTapeUp(t *testing.T) {
	s := NewScope()
	x := s.Track(Of([]float64{1, 2, 3}))
	mid := x.Mul(x)
	y := mid.Sum()
	g := s.Backward(y, x)[0]
	if mid.Valid() {
		t.Error("an intermediate value outlived Backward")
	}
	if g.Tracked() || g.At(2) != 6 || y.Item() != 14 || x.At(1) != 2 {
		t.Error(g, y, x)
	}
	wantError(t, Try(func() { Grad(g.Mul(x).Sum(), x) }), "consumed by Backward")
}

func TestGradientsAreNotShared(t *testing.T) {
	// x.Add(z) hands the same dy to both; each must own its gradient.
	s := NewScope()
	x, z := s.Track(Of([]float64{1, 2})), s.Track(Of([]float64{3, 4}))
	y := x.Add(z).Mul(x).Sum()
	g := s.Backward(y, x, z)
	for i, want := range [][2]float64{{5, 8}, {1, 2}} {
		near(t, "first", g[i].At(0), want[0], 1e-12)
		near(t, "second", g[i].At(1), want[1], 1e-12)
	}
}

func TestBackwardEqualsGrad(t *testing.T) {
	a, b := NewRand(1).Normal(0, 1, 4, 3).To(Float64), NewRand(2).Normal(0, 1, 3).To(Float64)
	f := func(x, y Tensor) Tensor {
		h := x.Mul(y).Tanh()
		return h.Add(h.Mul(x)).Add(x.Sum(0)).Mean()
	}
	s := NewScope()
	x, y := s.Track(a), s.Track(b)
	want := Grad(f(x, y), x, y)
	for i := range want {
		want[i] = want[i].Keep()
	}
	s.Reset()
	x, y = s.Track(a), s.Track(b)
	got := s.Backward(f(x, y), x, y)
	for i := range want {
		for k := range want[i].Len() {
			near(t, "element", got[i].Flatten().Reshape(-1).At(k), want[i].Reshape(-1).At(k), 1e-14)
		}
	}
}

func TestBackwardReachesIntermediateValues(t *testing.T) {
	s := NewScope()
	x := s.Track(Of([]float64{1, 2}))
	h := x.Mul(x)
	g := s.Backward(h.Mul(h).Sum(), h, x)
	near(t, "by h", g[0].At(1), 8, 1e-12)
	near(t, "by x", g[1].At(1), 32, 1e-12)
}

type sink struct{ seen []string }

func (s *sink) Grad(path string, call int, g Tensor) {
	s.seen = append(s.seen, path+g.Keep().String())
}

func TestWatchersSeeGradients(t *testing.T) {
	s := NewScope()
	x := s.Track(Of([]float64{3}))
	h := x.Mul(x)
	w := &sink{}
	door{}.WatchGrad(h, w, "h ", 0)
	door{}.WatchGrad(h, w, "again ", 0)
	door{}.WatchGrad(Full(1), w, "constant ", 0)
	s.Backward(h.Scale(2).Sum(), x)
	if len(w.seen) != 2 || w.seen[0] != "h float64 [1] {2}" || w.seen[1] != "again float64 [1] {2}" {
		t.Errorf("%q", w.seen)
	}
}

func TestRecomputeIsTheSame(t *testing.T) {
	w0 := NewRand(3).Normal(0, 1, 4, 4).To(Float64)
	x0 := NewRand(4).Normal(0, 1, 2, 4).To(Float64)
	run := func(re, backward bool) (y, g, gg float64) {
		s := NewScope()
		w, x := s.Track(w0), s.Track(x0)
		runs := 0
		f := func(x Tensor) Tensor { runs++; return x.MatMul(w).Tanh().MatMul(w).Tanh() }
		h := x.Scale(1)
		if re {
			h = s.recompute(h, &recomputed{f, func(bool) {}, func() {}})
		} else {
			h = f(h)
		}
		loss := h.Mul(h).Sum()
		y = loss.Item()
		if backward {
			grads := s.Backward(loss, w, x)
			return y, Dot(grads, grads).Item(), 0
		}
		grads := Grad(loss, w, x)
		d := Dot(grads, grads)
		again := Grad(d, w, x)
		if re && runs < 2 {
			t.Error("not run again")
		}
		return y, d.Item(), Dot(again, again).Item()
	}
	y, g, gg := run(false, false)
	for _, backward := range []bool{false, true} {
		y2, g2, gg2 := run(true, backward)
		near(t, "value", y2, y, 1e-13)
		near(t, "first order", g2, g, 1e-12)
		if !backward {
			near(t, "second order", gg2, gg, 1e-12)
		}
	}
}

func TestRecomputeSavesMemory(t *testing.T) {
	s := NewScope()
	bytes := func(re bool) int {
		s := NewScope()
		x := s.Track(Full(.1, 1000))
		for range 8 {
			f := func(x Tensor) Tensor {
				for range 8 {
					x = x.Tanh().Scale(1.1)
				}
				return x
			}
			if re {
				x = s.recompute(x, &recomputed{f, func(bool) {}, func() {}})
			} else {
				x = f(x)
			}
		}
		s.Backward(x.Sum(), x)
		return s.bytes
	}
	s.Reset()
	plain, re := bytes(false), bytes(true)
	if re*2 > plain {
		t.Errorf("%d bytes with recomputation, %d without", re, plain)
	}
}

func TestUserOps(t *testing.T) {
	square := Op{Name: "square",
		Forward: func(in ...Tensor) Tensor {
			src := View[float64](in[0])
			return New(in[0], in[0].Shape(), func(dst []float64) {
				for i, v := range src {
					dst[i] = v * v
				}
			})
		},
		Backward: func(y, gy Tensor, in []Tensor, need []bool) []Tensor {
			return []Tensor{gy.Mul(in[0]).Scale(2)}
		}}
	s := NewScope()
	x := s.Track(Of([]float64{3}))
	y := square.Apply(square.Apply(x)).Sum()
	near(t, "value", y.Item(), 81, 1e-12)
	g := Grad(y, x)[0]
	near(t, "first", g.Item(), 108, 1e-12)
	near(t, "second", Grad(g.Sum(), x)[0].Item(), 108, 1e-12)
	if got := square.Apply(Of([]float64{4})); got.Item() != 16 || got.Tracked() {
		t.Error(got)
	}
	same := Op{Name: "same", Forward: func(in ...Tensor) Tensor { return in[0] }}
	z := same.Apply(x)
	if z == x || z.Item() != 3 {
		t.Error("the result must be a value of its own")
	}
	wantError(t, Try(func() { Grad(z.Sum(), x) }), "no Backward")
}

func TestRandIsCounted(t *testing.T) {
	a, b := NewRand(5), NewRand(5)
	if a.Normal(0, 1, 7).String() != b.Normal(0, 1, 7).String() {
		t.Error("same seed, other numbers")
	}
	if NewRand(5).Uniform(0, 1, 3).String() == NewRand(6).Uniform(0, 1, 3).String() {
		t.Error("other seed, same numbers")
	}
	x := NewRand(1).Normal(2, 3, 100_000)
	near(t, "mean", x.Mean().Item(), 2, .02)
	near(t, "deviation", math.Sqrt(x.Var().Item()), 3, .02)
	u := NewRand(2).Uniform(-1, 1, 100_000)
	near(t, "uniform mean", u.Mean().Item(), 0, .01)
	near(t, "uniform variance", u.Var().Item(), 1./3, .01)
	near(t, "bernoulli", NewRand(3).Bernoulli(.3, 100_000).Mean().Item(), .3, .01)
	seen := map[int]bool{}
	for _, i := range NewRand(4).Perm(50) {
		seen[i] = true
	}
	if len(seen) != 50 {
		t.Error("Perm is no permutation")
	}
	counts := [3]int{}
	r := NewRand(9)
	for range 30_000 {
		counts[r.IntN(3)]++
	}
	for _, c := range counts {
		near(t, "IntN", float64(c), 10_000, .03)
	}
	wantError(t, Try(func() { r.IntN(0) }), "n is 0")
	wantError(t, Try(func() { r.Normal(0, -1, 2) }), "negative")
}

func BenchmarkTinyNode(b *testing.B) {
	s := NewScope()
	v := Full(.5, 8)
	xs, out := make([]Tensor, 1), make([]Tensor, 1)
	const chain = 64
	for b.Loop() {
		s.Reset()
		x := s.leaf(v.h)
		xs[0] = x
		y := x
		for range chain {
			y = y.Scale(1.01)
		}
		s.backward(y.Sum(), xs, out, nil)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/chain, "ns/node")
}
