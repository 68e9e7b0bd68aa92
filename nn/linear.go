package nn

import (
	"fmt"

	"github.com/limpid-ml/limpid/tensor"
)

// Linear multiplies by a matrix and adds a bias.
//
//	x    [..., In]
//	out  [..., Out] = Act(x·Weightᵀ + Bias)
//
// In is found at Build.
type Linear struct {
	Out      int
	NoBias   bool
	Act      Act
	Init     Init // of Weight; left out: by Act
	BiasInit Init // left out: Zeros

	Weight Param // [Out, In]
	Bias   Param // [Out]
}

// Forward acts on x's last axis.
func (l *Linear) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	stay := p.Enter(l)
	if p.build != nil {
		l.check(p, x)
	}
	w := p.Param(&l.Weight, orDefault(l.Init, l.Act), l.Out, x.Dim(-1))
	b := p.bias(&l.Bias, l.NoBias, l.BiasInit, l.Out)
	kind, param := l.Act.split()
	return stay.Return(l.Act.rest(engine.Linear(x, w, b, kind, param)))
}

func (l *Linear) check(p *Pass, x tensor.Tensor) {
	p.positive("nn.Linear", "Out", l.Out)
	if x.Rank() == 0 {
		p.wants("nn.Linear", x, "at least one axis, the last of which it multiplies")
	}
	p.work(x.Dim(0), x.Len(), l.Out)
}

// bias returns a layer's bias, or no tensor if it has none.
func (p *Pass) bias(b *Param, none bool, init Init, n int) tensor.Tensor {
	if none {
		return tensor.Tensor{}
	}
	if init == nil {
		init = Zeros
	}
	return p.Param(b, init, n)
}

// positive panics unless the option is at least 1.
func (p *Pass) positive(layer, option string, v int) {
	if v < 1 {
		fail(&tensor.Error{Op: layer, Layer: p.label(), Why: fmt.Sprintf("%s is %d, want at least 1", option, v),
			Fix: "set " + option + " in the layer's literal"})
	}
}

// natural panics if an option of which 0 means the usual is less.
func (p *Pass) natural(layer, option string, v int) {
	if v < 0 {
		fail(&tensor.Error{Op: layer, Layer: p.label(), Why: fmt.Sprintf("%s is %d, want 0 or more", option, v),
			Fix: "correct " + option + " in the layer's literal, or leave it out"})
	}
}

// padded panics if a padding is negative and not Same.
func (p *Pass) padded(layer string, pad [2]int) {
	if v := min(pad[0], pad[1]); v < Same {
		fail(&tensor.Error{Op: layer, Layer: p.label(), Why: fmt.Sprintf("Pad is %d, want 0 or more, or nn.Same", v),
			Fix: "correct Pad in the layer's literal"})
	}
}

// wants panics: x does not have the form that the layer takes.
func (p *Pass) wants(layer string, x tensor.Tensor, what string) {
	fail(&tensor.Error{Op: layer, Layer: p.label(), Shapes: [][]int{x.Shape()}, Why: "the input needs " + what,
		Fix: "look at the layer before it, or reshape: nn.Flatten, nn.Reshape"})
}
