package tensor

import (
	"math"
	"math/rand"
	"slices"
	"strings"
	"testing"
)

// eachDraw runs check on some draws of every case, those of fused operations
// included.
func eachDraw(t *testing.T, draws int, check func(t *testing.T, f func(xs ...Tensor) Tensor, xs []Tensor)) {
	t.Helper()
	for _, c := range opCases() {
		t.Run(c.name, func(t *testing.T) {
			for seed := range draws {
				f, xs := c.make(&dice{rand.New(rand.NewSource(int64(100 + seed)))})
				check(t, f, xs)
			}
		})
	}
	for _, l := range slices.Concat(fusedCases(), convCases(), poolCases(), normCases(), rowCases()) {
		t.Run(l.name, func(t *testing.T) {
			check(t, func(xs ...Tensor) Tensor { return l.f(xs) }, l.in)
		})
	}
}

// farther returns the greatest distance of two tensors' elements over the
// greatest magnitude (at least 1).
func farther(x, y Tensor) float64 {
	a, b := floatsOf(x), floatsOf(y)
	far, size := 0.0, 1.0
	for i := range a {
		far, size = max(far, math.Abs(a[i]-b[i])), max(size, math.Abs(b[i]))
	}
	return far / size
}

// TestBackwardEqualsGradOfEveryOp: freeing values and gradients on the way
// changes nothing. Under the tag poison, what is freed too early is NaN.
func TestBackwardEqualsGradOfEveryOp(t *testing.T) {
	s := NewScope()
	eachDraw(t, 6, func(t *testing.T, f func(xs ...Tensor) Tensor, xs []Tensor) {
		loss := func(in []Tensor) Tensor {
			y := f(in...)
			return y.Mul(y).Sum().Add(project(y, 1))
		}
		s.Reset()
		in := trackAll(s, xs)
		want := Grad(loss(in), in...)
		for i := range want {
			want[i] = want[i].Keep()
		}
		s.Reset()
		in = trackAll(s, xs)
		for i, g := range s.Backward(loss(in), in...) {
			if d := farther(g, want[i]); !(d <= 1e-12) {
				t.Errorf("operands %v: gradient %d is off by %g", shapesOf(xs), i, d)
			}
		}
	})
}

// TestFloat32FollowsFloat64 holds values and gradients of the fast kernels
// against those of float64.
func TestFloat32FollowsFloat64(t *testing.T) {
	eachDraw(t, 6, func(t *testing.T, f func(xs ...Tensor) Tensor, xs []Tensor) {
		run := func(d DType) (y Tensor, grads []Tensor) {
			s := NewScope()
			in := make([]Tensor, len(xs))
			for i, x := range xs {
				in[i] = s.Track(x.To(Float32).To(d)) // the same numbers for both
			}
			y = f(in...)
			return y, Grad(y.Mul(y).Mean(), in...)
		}
		wantY, wants := run(Float64)
		var y Tensor
		var grads []Tensor
		if err := Try(func() { y, grads = run(Float32) }); err != nil {
			if strings.Contains(err.Error(), "type") {
				t.Skip("the case has float64 constants")
			}
			t.Fatal(err)
		}
		if wantY.Len() == 0 {
			return // the mean of nothing
		}
		if d := farther(y, wantY); !(d <= 1e-5) {
			t.Errorf("operands %v: value off by %g", shapesOf(xs), d)
		}
		for i := range wants {
			if d := farther(grads[i], wants[i]); !(d <= 1e-5) {
				t.Errorf("operands %v: gradient %d is off by %g", shapesOf(xs), i, d)
			}
		}
	})
}

// TestUntrackedOperandsGetNothing: a rule asks which inputs want a gradient.
func TestUntrackedOperandsGetNothing(t *testing.T) {
	eachDraw(t, 3, func(t *testing.T, f func(xs ...Tensor) Tensor, xs []Tensor) {
		for k := range xs {
			s := NewScope()
			in := slices.Clone(xs)
			in[k] = s.Track(xs[k])
			y := f(in...)
			if !y.Tracked() {
				continue // that operand does not matter
			}
			got := Grad(project(y, 1), in[k])[0].Keep()
			s.Reset()
			all := trackAll(s, xs)
			want := Grad(project(f(all...), 1), all...)[k]
			if d := farther(got, want); !(d <= 1e-12) {
				t.Errorf("operand %d of %v alone: off by %g", k, shapesOf(xs), d)
			}
		}
	})
}

// TestUnrecordedIsUntracked: constants stay constants, on the heap and in a
// scope, and lie where their operands do.
func TestUnrecordedIsUntracked(t *testing.T) {
	eachDraw(t, 2, func(t *testing.T, f func(xs ...Tensor) Tensor, xs []Tensor) {
		if y := f(xs...); y.Tracked() || y.h.scope != nil {
			t.Error("heap operands: tracked", y.Tracked())
		}
		s := NewScope()
		in := make([]Tensor, len(xs))
		for i, x := range xs {
			in[i] = door{}.Adopt(s, x)
		}
		if y := f(in...); y.Tracked() || y.h.scope != s || len(s.tape) != 0 {
			t.Errorf("constants of a scope: %d nodes", len(s.tape))
		}
	})
}
