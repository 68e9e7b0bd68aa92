package tensor

import (
	"math"
	"strings"
	"testing"
	"unsafe"
)

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if err == nil || !strings.Contains(err.Error(), p) {
			t.Errorf("got %v, want …%s…", err, p)
		}
	}
}

func TestClassesHoldWhatTheyPromise(t *testing.T) {
	last := -1
	for n := range 70_000 {
		c, size := classOf(n)
		if size < n || n > 64 && float64(size) > 1.25*float64(n)+1 {
			t.Fatalf("%d bytes go to a class of %d", n, size)
		}
		if c < last || c > last+1 {
			t.Fatalf("class of %d bytes is %d after %d", n, c, last)
		}
		last = c
	}
	for _, n := range []int{1 << 30, 1<<30 + 1, 1 << 40, 1<<44 + 5} {
		if c, size := classOf(n); size < n || c >= classes {
			t.Errorf("classOf(%d) = %d, %d", n, c, size)
		}
	}
}

func TestBuffersStartOnACacheLine(t *testing.T) {
	s := NewScope()
	for n := 1; n < 5000; n += 37 {
		for _, h := range []*header{alloc(s, Float32, []int{n}).h, alloc(nil, Uint8, []int{n}).h} {
			if uintptr(unsafe.Pointer(h.ptr))%line != 0 {
				t.Fatalf("%d elements start at %p", n, h.ptr)
			}
		}
	}
}

func TestHandlesGoStale(t *testing.T) {
	s := NewScope()
	x := s.Track(Full(2, 2))
	y := x.Add(x)
	s.Reset()
	wantError(t, Try(func() { y.Add(y) }), "pass ended", "Keep it")
	z := s.Track(Full(3, 2)).Add(Full(1, 2))
	if y.Valid() || x.Valid() || !z.Valid() {
		t.Error("a stale handle is valid again, or a live one is not")
	}
	if got := z.At(1); got != 4 {
		t.Errorf("got %g, want 4", got)
	}
	wantError(t, Try(func() { (Tensor{}).Add(z) }), "zero Tensor")
}

func TestASteadyPassAllocatesNothing(t *testing.T) {
	s := NewScope()
	w, x := Full(.5, 3, 4), Full(1, 5, 3)
	var grads [1]Tensor
	var xs [1]Tensor
	pass := func() {
		s.Reset()
		xs[0] = s.leaf(w.h)
		y := x.MatMul(xs[0]).Tanh().Mul(Full1).Sum()
		s.backward(y, xs[:], grads[:], nil)
	}
	pass()
	before := s.allocs
	if n := testing.AllocsPerRun(100, pass); n != 0 {
		t.Errorf("%g allocations a pass", n)
	}
	if s.allocs != before {
		t.Errorf("the scope took %d more pieces", s.allocs-before)
	}
}

// Full1 is a constant outside any scope.
var Full1 = Full(2, 4)

func TestFramesFreeWhatIsNotTheirResult(t *testing.T) {
	s := NewScope()
	d := door{}
	x := alloc(s, Float32, []int{8})
	fillWith(x.h, 1)
	mark := d.Mark(s)
	a := x.Add(x)
	b := a.Mul(a).Reshape(2, 4)
	d.Release(s, mark, b)
	if a.Valid() || !b.Valid() || b.At(1, 3) != 4 {
		t.Error("after the frame: temporary", a.Valid(), "result", b)
	}
	if again := x.Scale(3); again.h.ptr == b.h.ptr {
		t.Error("the result's memory was given away")
	}
	mark = d.Mark(s)
	c, e := x.Scale(2), x.Scale(3)
	gone := x.Scale(4)
	d.ReleaseBut(s, mark, []Tensor{c, e, {}})
	if !c.Valid() || !e.Valid() || gone.Valid() {
		t.Error("several results")
	}
}

func TestFramesKeepWhatAGradientNeeds(t *testing.T) {
	s := NewScope()
	d := door{}
	x := s.Track(Of([]float64{1, 2, 3}))
	mark := d.Mark(s)
	factor := Of([]float64{2, 2, 2}).Add(x.Detach()) // a constant of the scope
	y := x.Mul(factor)
	d.Release(s, mark, y)
	for range 5 {
		x.Detach().Scale(100) // would overwrite freed memory
	}
	g := Grad(y.Sum(), x)[0]
	for i, want := range []float64{3, 4, 5} {
		if g.At(i) != want {
			t.Errorf("g[%d] = %g, want %g", i, g.At(i), want)
		}
	}
}

func TestTwoScopesDoNotMix(t *testing.T) {
	a, b := NewScope(), NewScope()
	x, y := a.Track(Full(1, 2)), b.Track(Full(1, 2))
	wantError(t, Try(func() { x.Add(y) }), "two passes", "Keep one")
	wantError(t, Try(func() { a.Track(y) }), "two passes")
	if got := x.Add(y.Keep()); got.At(0) != 2 || !got.Tracked() {
		t.Error(got)
	}
}

func TestKeepAndDetach(t *testing.T) {
	s := NewScope()
	x := s.Track(Of([]float32{1, 2}))
	y := x.Scale(2)
	k, d := y.Keep(), y.Detach()
	if d.Tracked() || k.Tracked() || !y.Tracked() {
		t.Error("tracking")
	}
	s.Reset()
	s.Track(Of([]float32{9, 9})).Scale(9)
	if d.Valid() || k.At(1) != 4 {
		t.Error("after the pass", d.Valid(), k)
	}
	if h := Full(1, 3); h.Keep() != h || h.Detach() != h {
		t.Error("a heap tensor is kept as it is")
	}
}

func TestConstructorsAndAccessors(t *testing.T) {
	x := Of([]int32{1, 2, 3, 4, 5, 6}, 2, 3)
	if x.At(1, -1) != 6 || x.Dim(-1) != 3 || x.Rank() != 2 || x.Len() != 6 || x.DType() != Int32 {
		t.Error(x)
	}
	if got := x.String(); got != "int32 [2 3] {1 2 3 4 5 6}" {
		t.Error(got)
	}
	if got := Zeros(); got.Rank() != 0 || got.Item() != 0 {
		t.Error(got)
	}
	if got := Arange(4); got.At(3) != 3 || got.DType() != Int32 {
		t.Error(got)
	}
	if got := Of([]bool{true, false}); got.At(0) != 1 || got.At(1) != 0 {
		t.Error(got)
	}
	if got := Of([]float64{1, 2}).Full(7, 2, 2); got.DType() != Float64 || got.At(1, 1) != 7 {
		t.Error(got)
	}
	v := []float32{1, 2}
	y := Of(v)
	v[0] = 9
	Data[float32](y)[1] = 9
	if y.At(0) != 1 || y.At(1) != 2 {
		t.Error("not immutable:", y)
	}
}

func TestMistakesAreNamed(t *testing.T) {
	x := Zeros(2, 3)
	for _, c := range []struct {
		f    func()
		want string
	}{
		{func() { Of([]float32{1, 2, 3}, 2, 2) }, "3 values for a shape of 4"},
		{func() { x.Dim(2) }, "no axis 2"},
		{func() { x.Dim(-3) }, "no axis -3"},
		{func() { x.Item() }, "6 elements, want one"},
		{func() { x.At(1) }, "1 indices for 2 axes"},
		{func() { x.At(0, 3) }, "index 3 on axis 1 of length 3"},
		{func() { View[float64](x) }, "holds float32, not float64"},
		{func() { Zeros(-1) }, "no tensor can have this shape"},
		{func() { Zeros(1<<40, 1<<40) }, "no tensor can have this shape"},
		{func() { NewScope().Track(Ints(1)) }, "int32 has no derivative"},
		{func() { Grad(x, x) }, "must be a scalar"},
	} {
		err := Try(c.f)
		wantError(t, err, c.want)
		if e, ok := err.(*Error); !ok || !strings.Contains(e.At, "scope_test.go:") {
			t.Errorf("%v does not name the caller's line", err)
		}
	}
}

func TestPoisonShowsAStaleRead(t *testing.T) {
	s := NewScope()
	x := alloc(s, Float32, []int{4})
	fillWith(x.h, 1)
	stale := View[float32](x)
	s.Reset()
	b := s.free[0][0]
	before := stale[0]
	poison(b)
	if after := float64(stale[0]); !math.IsNaN(after) && float32(after) != before {
		t.Error("memory changed to", after)
	}
}
