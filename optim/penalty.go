package optim

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/limpid-ml/limpid/internal/kernel"
	"github.com/limpid-ml/limpid/tensor"
)

// Penalty makes a rule pay for large weights: L2/2·Σw² is added to the loss by
// its gradient, and L1·Σ|w| by a proximal step: after the rule's own step each
// weight moves lr·L1 towards 0 and stays there when it arrives, so that weights
// become exactly 0.
//
// Source: Parikh and Boyd 2014, "Proximal algorithms", section 6.5.2.
type Penalty struct {
	Rule
	L1, L2 float64
}

// Check names every field whose value makes no sense, the rule's own included.
func (p Penalty) Check() error {
	f := faults{rule: "Penalty"}
	f.positive("L1", p.L1)
	f.positive("L2", p.L2)
	switch c := p.Rule.(type) {
	case nil:
		f.all = append(f.all, "Rule is left out; give it a rule, such as SGD{LR: 0.1}")
	case Checker:
		return errors.Join(f.error(), c.Check())
	}
	return f.error()
}

// Update moves float32 weights.
func (p Penalty) Update(w, g []float32, slots [][]float32, step int, lr float64) {
	if p.L2 == 0 {
		p.Rule.Update(w, g, slots, step, lr)
	} else {
		scratch := scratch32.Get().(*scratch[float32])
		scratch.penalised(p.Rule.Update, p.L2, w, g, slots, step, lr)
		scratch32.Put(scratch)
	}
	shrink(w, p.L1*lr)
}

// Update64 moves float64 weights. It panics if the rule is no [Rule64].
func (p Penalty) Update64(w, g []float64, slots [][]float64, step int, lr float64) {
	r, ok := p.Rule.(Rule64)
	if !ok {
		tensor.Fail("optim.Penalty", "its rule %s has no Update64, and the weights are float64; write one, or build the network without Float64", strings.TrimPrefix(fmt.Sprintf("%T", p.Rule), "*"))
	}
	if p.L2 == 0 {
		r.Update64(w, g, slots, step, lr)
	} else {
		scratch := scratch64.Get().(*scratch[float64])
		scratch.penalised(r.Update64, p.L2, w, g, slots, step, lr)
		scratch64.Put(scratch)
	}
	shrink(w, p.L1*lr)
}

// scratch is where a piece of the gradient is changed: the gradient itself may
// be shared.
type scratch[T kernel.Float] struct {
	g     [1024]T
	slots [][]T
}

var (
	scratch32 = sync.Pool{New: func() any { return new(scratch[float32]) }}
	scratch64 = sync.Pool{New: func() any { return new(scratch[float64]) }}
)

// penalised updates piece by piece with g + l2·w for the gradient.
func (s *scratch[T]) penalised(update func(w, g []T, slots [][]T, step int, lr float64), l2 float64, w, g []T, slots [][]T, step int, lr float64) {
	for from := 0; from < len(w); from += len(s.g) {
		to := min(from+len(s.g), len(w))
		piece := s.g[:to-from]
		for i := range piece {
			piece[i] = g[from+i] + T(l2)*w[from+i]
		}
		s.slots = s.slots[:0]
		for _, slot := range slots {
			s.slots = append(s.slots, slot[from:to])
		}
		update(w[from:to], piece, s.slots, step, lr)
	}
	clear(s.slots)
}

// shrink moves each weight by d towards 0, at most to 0.
func shrink[T kernel.Float](w []T, d float64) {
	if d == 0 {
		return
	}
	by := T(d)
	for i, v := range w {
		switch {
		case v > by:
			w[i] = v - by
		case v < -by:
			w[i] = v + by
		case v == v: // a NaN is not hidden
			w[i] = 0
		}
	}
}
