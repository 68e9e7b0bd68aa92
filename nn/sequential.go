package nn

import "github.com/limpid-ml/limpid/tensor"

// Sequential runs layers one after the other. Its parts are named by number:
// "0.weight".
type Sequential []Layer

// Forward runs x through the layers, first to last.
func (s *Sequential) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	stay := p.Enter(s)
	kids := p.kids(s)
	mark := engine.Mark(p.scope)
	for i, l := range *s {
		x = p.run(l, kid(kids, i, l), x, mark)
	}
	return stay.Return(x)
}

// kids returns the places of the running Sequential's layers.
func (p *Pass) kids(s *Sequential) []*place {
	if f := p.top(); f.known && f.place != nil && len(f.place.kids) == len(*s) {
		return f.place.kids
	}
	return nil
}

// kid returns the place of layer i, if it is the one that Build saw there. A
// layer without an address of its own (an activation, a Func) is taken to be.
func kid(kids []*place, i int, l Layer) *place {
	if kids == nil || kids[i] == nil {
		return nil
	}
	if k := kids[i].key; k != (key{}) && k != keyOf(any(l)) {
		return nil
	}
	return kids[i]
}

// Func is a layer without parameters.
type Func func(p *Pass, x tensor.Tensor) tensor.Tensor

// Forward calls f.
func (f Func) Forward(p *Pass, x tensor.Tensor) tensor.Tensor { return f(p, x) }

// Share marks a layer that stands in several places of a model on purpose:
// its parameters are one and learn from every use. Their names are those of
// the first place.
func Share(l Layer) Layer { return &shared{layer: l} }

type shared struct {
	layer Layer
}

// Forward runs the layer under its own path.
func (s *shared) Forward(p *Pass, x tensor.Tensor) tensor.Tensor { return p.Apply(x, s.layer) }
