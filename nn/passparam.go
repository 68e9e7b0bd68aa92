package nn

import (
	"fmt"

	"github.com/limpid-ml/limpid/tensor"
)

// Param returns the layer's parameter w. At Build it is made by init, of the
// network's float type; later its shape is checked. A parameter that the pass
// trains is tracked, any other a constant.
func (p *Pass) Param(w *Param, init Init, shape ...int) tensor.Tensor {
	if p.build != nil {
		p.build.param(p, w, init, shape)
	}
	if w.self != &w.variable {
		p.unbuilt(&w.variable)
	}
	if !w.fits(shape) {
		p.misfit(&w.variable, append([]int(nil), shape...))
	}
	return p.blurred(p.param(w))
}

// blurred adds what a [WeightNoise] around the running layer asks for.
func (p *Pass) blurred(v tensor.Tensor) tensor.Tensor {
	if p.weightNoise == 0 || !p.noise {
		return v
	}
	return v.Add(p.normal("nn.WeightNoise", p.weightNoise, v.Shape()))
}

// Use returns another layer's parameter: tied weights.
func (p *Pass) Use(w *Param) tensor.Tensor {
	if w.self == nil && p.net.paramIndex(w) >= 0 {
		fail(&tensor.Error{Op: "nn.Use", Layer: p.label(), Why: fmt.Sprintf("%s has no value yet", p.net.names[p.net.paramIndex(w)]),
			Fix: "run the layer that owns it first; it makes the parameter"})
	}
	if w.self != &w.variable {
		p.unbuilt(&w.variable)
	}
	return p.param(w)
}

// param returns w as this pass sees it.
func (p *Pass) param(w *Param) tensor.Tensor {
	i := p.net.paramIndex(w)
	if i < 0 {
		return engine.Adopt(p.scope, w.value)
	}
	if p.leaf[i].Valid() {
		return p.leaf[i]
	}
	return engine.Adopt(p.scope, p.source(&w.variable, i))
}

// Params returns the parameters that the pass trains, as tracked tensors. The
// slice is the pass's.
func (p *Pass) Params() []tensor.Tensor { return p.leaves }

// State returns the layer's running statistic s: what this pass set, else what
// is stored. At Build it is made by init.
func (p *Pass) State(s *State, init Init, shape ...int) tensor.Tensor {
	if p.build != nil {
		p.build.state(p, s, init, shape)
	}
	if s.self != &s.variable {
		p.unbuilt(&s.variable)
	}
	if !s.fits(shape) {
		p.misfit(&s.variable, append([]int(nil), shape...))
	}
	i := p.net.stateIndex(s)
	switch {
	case i < 0:
		return engine.Adopt(p.scope, s.value)
	case p.set[i]:
		return engine.Adopt(p.scope, p.fresh[i]).Shift(0) // a later SetState writes there
	}
	return engine.Adopt(p.scope, p.source(&s.variable, len(p.net.params)+i))
}

// SetState gives s a new value: seen at once in this pass, and stored if the
// training step succeeds; the parts of one step are averaged. Statistics of
// frozen layers and of networks that the pass does not train stay as they are.
func (p *Pass) SetState(s *State, v tensor.Tensor) {
	if s.self != &s.variable {
		p.unbuilt(&s.variable)
	}
	if i := p.writable(s); i >= 0 {
		(&variable{path: s.path, shape: s.shape, value: p.fresh[i]}).set("nn.Pass.SetState", v)
		p.set[i] = true
	}
}

// writable returns the number of a statistic that this pass may set, with
// memory for it, or −1.
func (p *Pass) writable(s *State) int {
	i := p.net.stateIndex(s)
	if i < 0 || p.replaying > 0 || p.frozen != nil && p.frozen[len(p.net.params)+i] {
		return -1
	}
	if !p.fresh[i].Valid() {
		p.fresh[i] = s.value.Scale(1)
	}
	return i
}

// moved returns the memory of s in this pass to write, holding its value so
// far: one of the slices, or none if s is not to be written.
func (p *Pass) moved(s *State) (narrow []float32, wide []float64) {
	i := p.writable(s)
	if i < 0 {
		return nil, nil
	}
	if !p.set[i] {
		assign(p.fresh[i], p.source(&s.variable, len(p.net.params)+i))
		p.set[i] = true
	}
	return engine.Memory(p.fresh[i])
}

// Training tells whether the layer that runs should use the statistics of the
// batch. It is false in inference and in a layer of which all is frozen.
func (p *Pass) Training() bool {
	if !p.training {
		return false
	}
	f := p.top()
	if p.frozen == nil || f.place == nil || f.visit.net != p.net {
		return true
	}
	return !f.place.frozen(p.frozen, len(p.net.params))
}

// Noisy tells whether dropout and its like are on.
func (p *Pass) Noisy() bool { return p.noise }
