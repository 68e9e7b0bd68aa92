package train

import (
	"fmt"
	"slices"

	"github.com/limpid-ml/limpid/internal/kernel"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/tensor"
)

// param is a parameter of an updater's network, with the optimiser's state.
// Of each pair of slices the one of the network's float type is used.
type param struct {
	name   string
	value  tensor.Tensor // live
	rule   optim.Rule    // its own, nil: the updater's
	factor float64       // of the learning rate
	steps  int           // updates done
	slots  []tensor.Tensor

	sum     tensor.Tensor // memory for a gradient that is added up or clipped
	reached bool          // the loss depends on it, in this step

	narrow memory[float32]
	wide   memory[float64]
}

// memory is the elements of a parameter, of its gradient in this step, and of
// the memory for sums.
type memory[T kernel.Float] struct{ w, g, sum []T }

func newParam(name string, value tensor.Tensor) *param {
	p := &param{name: name, value: value, factor: 1}
	p.narrow.w, p.wide.w = engine.Memory(value)
	return p
}

// open makes the optimiser's state, if it is not there yet.
func (p *param) open(slots int) {
	for len(p.slots) < slots {
		p.slots = append(p.slots, p.value.Full(0, p.value.Shape()...))
	}
	p.slots = p.slots[:slots]
}

// openSum makes the memory for sums, if it is not there yet.
func (p *param) openSum() {
	if !p.sum.Valid() {
		p.sum = p.value.Full(0, p.value.Shape()...)
		p.narrow.sum, p.wide.sum = engine.Memory(p.sum)
	}
}

// take uses g as the gradient, where it lies.
func (p *param) take(g tensor.Tensor) {
	p.reached = true
	if g.DType() == tensor.Float32 {
		p.narrow.g = tensor.View[float32](g)
	} else {
		p.wide.g = tensor.View[float64](g)
	}
}

// drop lets go of a gradient.
func (p *param) drop() { p.narrow.g, p.wide.g = nil, nil }

// given tells whether there is a gradient.
func (p *param) given() bool { return p.narrow.g != nil || p.wide.g != nil }

// useSum takes the memory for sums as the gradient.
func (p *param) useSum() { p.narrow.g, p.wide.g = p.narrow.sum, p.wide.sum }

// clearSum starts a sum.
func (p *param) clearSum() {
	clear(p.narrow.sum)
	clear(p.wide.sum)
}

// replace copies g into the memory for sums, unless it is that.
func (p *param) replace(g tensor.Tensor) error {
	if g == p.sum {
		return nil
	}
	if !g.Valid() || g.DType() != p.value.DType() || !slices.Equal(g.Shape(), p.value.Shape()) {
		return fmt.Errorf("train: Reduce put %v in the place of the gradient of %s, which is %v: want the same shape and type", g, p.name, p.sum)
	}
	if p.narrow.sum != nil {
		copy(p.narrow.sum, tensor.View[float32](g))
	} else {
		copy(p.wide.sum, tensor.View[float64](g))
	}
	return nil
}

// assign copies src into the memory of the heap tensor dst.
func assign(dst, src tensor.Tensor) {
	if narrow, wide := engine.Memory(dst); narrow != nil {
		copy(narrow, tensor.View[float32](src))
	} else if wide != nil {
		copy(wide, tensor.View[float64](src))
	}
}
