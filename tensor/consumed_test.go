package tensor

import "testing"

// TestGradOverAConsumedTape: after Backward a gradient that would pass through
// what it used up is refused; it must not come out as zeros.
func TestGradOverAConsumedTape(t *testing.T) {
	fresh := func() (s *Scope, x, other, y Tensor) {
		s = NewScope()
		x, other = s.Track(Of([]float64{1, 2})), s.Track(Of([]float64{3, 4}))
		y = x.Mul(x).Mul(other).Sum()
		s.Backward(y, x)
		return s, x, other, y
	}
	for name, f := range map[string]func(s *Scope, x, other, y Tensor){
		"y itself":         func(s *Scope, x, other, y Tensor) { Grad(y, x) },
		"y, by another":    func(s *Scope, x, other, y Tensor) { Grad(y, other) },
		"what follows":     func(s *Scope, x, other, y Tensor) { Grad(y.Scale(2).Square(), x) },
		"VJP":              func(s *Scope, x, other, y Tensor) { VJP(y.Scale(2), y.Full(1), x, other) },
		"Backward again":   func(s *Scope, x, other, y Tensor) { s.Backward(y, x) },
		"a sum of both":    func(s *Scope, x, other, y Tensor) { Grad(y.Add(x.Sum()), other) },
		"Backward of more": func(s *Scope, x, other, y Tensor) { s.Backward(y.Square(), other) },
	} {
		s, x, other, y := fresh()
		wantError(t, Try(func() { f(s, x, other, y) }), "tensor.Grad: this part of the tape was consumed by Backward", "fix: ")
		if !y.Valid() || !x.Valid() {
			t.Errorf("%s: y or x is gone", name)
		}
	}
	s, _, other, y := fresh()
	if g := Grad(other.Square().Mul(y.Detach()).Sum(), other)[0]; g.At(0) != 6*y.Item() {
		t.Errorf("a part of its own: gradient %v, want %g first", g, 6*y.Item())
	}
	if g := s.Backward(other.Sum(), other)[0]; g.At(1) != 1 {
		t.Errorf("a second Backward, of another part: %v", g)
	}
}

// TestRecomputeOfAConstant: a part that reads tracked values and returns what
// does not depend on them has no gradient, and is no fault.
func TestRecomputeOfAConstant(t *testing.T) {
	for name, f := range map[string]func(x Tensor) Tensor{
		"detached": func(x Tensor) Tensor { return x.Exp().Detach().Scale(2) },
		"compared": func(x Tensor) Tensor { return x.Less(x.Scale(2)).To(Float64) },
		"outside":  func(x Tensor) Tensor { x.Exp(); return Of([]float64{5, 6}) },
	} {
		for _, backward := range []bool{false, true} {
			s := NewScope()
			x := s.Track(Of([]float64{1, 2}))
			y := s.recompute(x, &recomputed{f, func(bool) {}, func() {}}).Mul(x).Sum()
			want := floatsOf(f(Of([]float64{1, 2})))
			var g Tensor
			if backward {
				g = s.Backward(y, x)[0]
			} else {
				g = Grad(y, x)[0]
			}
			wantValues(t, name, g, []int{2}, want...)
		}
	}
}
