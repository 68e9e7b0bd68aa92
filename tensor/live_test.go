package tensor

import (
	"slices"
	"strings"
	"testing"
)

// lent is a tensor whose memory is written again in place, as a batch's.
func lent(v ...float32) Tensor {
	t := Of(v)
	door{}.Live(t)
	return t
}

func write(t Tensor, v ...float32) {
	narrow, _ := door{}.Memory(t)
	copy(narrow, v)
}

// What Keep returns stays as it is when the memory is written again.
func TestKeepCopiesWhatIsWrittenAgain(t *testing.T) {
	s := NewScope()
	for name, view := range map[string]func(x Tensor) Tensor{
		"itself":    func(x Tensor) Tensor { return x },
		"detached":  Tensor.Detach,
		"reshaped":  func(x Tensor) Tensor { return x.Reshape(2, 2) },
		"cut":       func(x Tensor) Tensor { return x.Slice(0, 0, 4) },
		"cut twice": func(x Tensor) Tensor { return x.Reshape(1, 4).Slice(0, 0, 1).Reshape(4) },
		"converted": func(x Tensor) Tensor { return x.To(Float32) },
		"adopted":   func(x Tensor) Tensor { return door{}.Adopt(s, x) },
		"tracked":   s.Track,
	} {
		x := lent(1, 2, 3, 4)
		kept := view(x).Keep()
		write(x, 5, 6, 7, 8)
		if got := Data[float32](kept); !slices.Equal(got, []float32{1, 2, 3, 4}) {
			t.Errorf("%s: kept %v", name, got)
		}
		if again := kept.Keep(); again != kept {
			t.Errorf("%s: what is kept is copied again", name)
		}
	}
	if x := Of([]float32{1}); x.Keep() != x {
		t.Error("a plain heap tensor is copied")
	}
}

// Expire ends a tensor and all that lies over its memory, in any home.
func TestExpireEndsViews(t *testing.T) {
	s := NewScope()
	for name, view := range map[string]func(x Tensor) Tensor{
		"itself":   func(x Tensor) Tensor { return x },
		"reshaped": func(x Tensor) Tensor { return x.Reshape(2, 2) },
		"split":    func(x Tensor) Tensor { return x.Slice(0, 0, 2) },
		"adopted":  func(x Tensor) Tensor { return door{}.Adopt(s, x) },
		"tracked":  s.Track,
		"in scope": func(x Tensor) Tensor { return door{}.Adopt(s, x).Reshape(2, 2) },
	} {
		x := lent(1, 2, 3, 4)
		v, copied := view(x), view(x).Shift(1)
		fresh := door{}.Expire(x)
		if v.Valid() || !copied.Valid() || !fresh.Valid() {
			t.Errorf("%s: valid %v, a copy %v, the new handle %v", name, v.Valid(), copied.Valid(), fresh.Valid())
		}
		for op, use := range map[string]func(){"Sum": func() { v.Sum() }, "Keep": func() { v.Keep() }, "View": func() { View[float32](v) }} {
			if err := Try(use); err == nil || !strings.Contains(err.Error(), "the batch ended") || !strings.Contains(err.Error(), "Keep it") {
				t.Errorf("%s: %s of it: %v", name, op, err)
			}
		}
		if got := fresh.Sum().Item(); got != 10 {
			t.Errorf("%s: the new handle sums to %v", name, got)
		}
		s.Reset()
	}
}

// A gradient that needs a batch which ended says so, and is not of the next.
func TestGradOverAnEndedBatch(t *testing.T) {
	s := NewScope()
	w, x := s.Track(Of([]float32{1, 1})), lent(3, 4)
	y := door{}.Adopt(s, x).Mul(w).Sum()
	door{}.Expire(x)
	if err := Try(func() { Grad(y, w) }); err == nil || !strings.Contains(err.Error(), "the batch ended") {
		t.Errorf("the gradient: %v", err)
	}
}

// Headers that borrowed forget it when they are used again.
func TestRecycledHeaderBorrowsNothing(t *testing.T) {
	s := NewScope()
	x := lent(1, 2)
	old := door{}.Adopt(s, x)
	s.Reset()
	own := door{}.Adopt(s, Of([]float32{5, 6}))
	door{}.Expire(x)
	if own.h != old.h || !own.Valid() || old.Valid() {
		t.Fatalf("same header %v, new valid %v, old valid %v", own.h == old.h, own.Valid(), old.Valid())
	}
	if err := Try(func() { old.Sum() }); err == nil || !strings.Contains(err.Error(), "pass ended") {
		t.Errorf("the old handle: %v", err)
	}
}
