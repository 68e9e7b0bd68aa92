package nn

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"

	"github.com/limpid-ml/limpid/tensor"
)

// Net is a network that [Build] made of a model: its parameters by name. Any
// number of Do and Predict may run at once, but not while a training step of
// its own does; use [With] and a copy of the weights for that.
type Net struct {
	name  string
	seed  uint64
	wide  bool
	root  Layer // nil: the model has no Forward
	input []int

	params []*Param
	states []*State
	names  []string // of the parameters, then of the statistics
	places []*place
	at     map[key]*place
	top    *place // of the model
	rows   []row  // for Summary

	paramAt map[*Param]int
	stateAt map[*State]int

	mu   sync.Mutex
	idle []*Pass

	sums  [][]float64 // per statistic, over the parts of a step
	parts []int
}

// paramIndex returns w's number in n, or −1. Networks may share layers, so
// the number that w remembers need not be n's.
func (n *Net) paramIndex(w *Param) int {
	if w.index < len(n.params) && n.params[w.index] == w {
		return w.index
	}
	if i, ok := n.paramAt[w]; ok {
		return i
	}
	return -1
}

func (n *Net) stateIndex(s *State) int {
	if s.index < len(n.states) && n.states[s.index] == s {
		return s.index
	}
	if i, ok := n.stateAt[s]; ok {
		return i
	}
	return -1
}

// variable returns value i: a parameter or, past those, a statistic.
func (n *Net) variable(i int) *variable {
	if i < len(n.params) {
		return &n.params[i].variable
	}
	return &n.states[i-len(n.params)].variable
}

// Params returns the parameters in the order of the model's fields.
func (n *Net) Params() []*Param { return append([]*Param(nil), n.params...) }

// Forward runs the whole model on x [N, …] in p, which may be another
// network's pass: n's parameters are constants there.
func (n *Net) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	if n == nil {
		tensor.Fail("nn.Net.Forward", "the network is nil: build it with nn.Build, and look at its error")
	}
	if n.root == nil {
		tensor.Fail("nn.Net.Forward", "the model has no method Forward(p, x): call its own methods in Do or Step instead")
	}
	x = engine.Adopt(p.scope, x)
	f := p.open(keyOf(any(n.root)), n.top, p.visit(n), engine.Mark(p.scope))
	f.applied = true
	return p.pop(f, n.root.Forward(p, x), nil)
}

// Predict runs the model on x in a pass of its own, as inference, and returns
// a result that lives on. It may be called from many goroutines at once.
func (n *Net) Predict(x tensor.Tensor, o ...PassOption) (tensor.Tensor, error) {
	var y tensor.Tensor
	err := n.Do(func(p *Pass) error {
		y = n.Forward(p, x).Keep()
		return nil
	}, o...)
	return y, err
}

// Do runs f in a pass: inference without noise or recording, unless options
// say otherwise. Results leave it by Keep or Data. A [*tensor.Error] that f
// panics with is returned. It may be called from many goroutines at once.
func (n *Net) Do(f func(p *Pass) error, o ...PassOption) error {
	switch {
	case n == nil:
		return errors.New("nn: the network is nil: build it with nn.Build, and look at its error")
	case f == nil:
		return errors.New("nn.Net.Do: the function is nil: give it what shall run in the pass")
	}
	var c passOptions
	for _, set := range o {
		set(&c)
	}
	p := n.take()
	defer n.put(p)
	if err := p.prepare(&c); err != nil {
		return err
	}
	return p.try(f)
}

// try runs f and returns what it returns or the *tensor.Error it panics with.
func (p *Pass) try(f func(*Pass) error) error {
	var own error
	err := tensor.Try(func() { own = f(p) })
	if err == nil {
		return own
	}
	if e := err.(*tensor.Error); e.Layer == "" {
		e.Layer = p.label()
	}
	return err
}

func (n *Net) take() *Pass {
	n.mu.Lock()
	defer n.mu.Unlock()
	if k := len(n.idle); k > 0 {
		p := n.idle[k-1]
		n.idle = n.idle[:k-1]
		return p
	}
	return newPass(n)
}

func (n *Net) put(p *Pass) {
	p.end()
	p.training, p.noise, p.frozen, p.watchers, p.swapped = false, false, nil, nil, nil
	p.wanted, p.remembered = nil, nil
	if len(p.visits) > 1 { // let go of other networks
		clear(p.visits[1:])
		p.visits = p.visits[:1]
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.idle = append(n.idle, p)
}

// PassOption changes one pass of [Net.Do] or [Net.Predict].
type PassOption func(*passOptions)

type passOptions struct {
	training, noise, track bool
	seed                   uint64
	patterns               []string
	weights                Weights
	watchers               []Watcher
	remember               []string
}

// Training runs layers as in training: batch normalisation uses the batch's
// statistics. Nothing is stored, and dropout stays off without [Noise].
func Training(o *passOptions) { o.training = true }

// Noise turns on dropout and its like, drawn from seed.
func Noise(seed uint64) PassOption {
	return func(o *passOptions) { o.noise, o.seed = true, seed }
}

// With runs the pass with these weights (and statistics) instead of the
// network's own: an average, a snapshot. Names that w lacks keep the network's;
// a name or shape that the network does not have is an error.
func With(w Weights) PassOption { return func(o *passOptions) { o.weights = w } }

// TrackParams records operations on the parameters that match one of the
// patterns ("head.*", see path.Match; none: all), so that [Pass.Params] returns
// them and tensor.Grad can differentiate by them.
func TrackParams(patterns ...string) PassOption {
	return func(o *passOptions) { o.track, o.patterns = true, patterns }
}

// Watch shows every layer's result to w.
func Watch(w ...Watcher) PassOption {
	return func(o *passOptions) { o.watchers = append(o.watchers, w...) }
}

// Remember keeps the results of the layers at these paths for [Pass.Value].
func Remember(paths ...string) PassOption {
	return func(o *passOptions) { o.remember = append(o.remember, paths...) }
}

// prepare starts the pass as the options say.
func (p *Pass) prepare(o *passOptions) error {
	n := p.net
	p.training, p.noise, p.watchers = o.training, o.noise, o.watchers
	p.seed = mix(o.seed, n.seed)
	if o.noise {
		p.seed = o.seed
	}
	track, err := n.matching(o)
	if err = errors.Join(err, p.remember(o.remember), p.swap(o.weights)); err != nil {
		return err
	}
	p.start(func(_ *Pass, i int) bool { return track != nil && track[i] })
	return nil
}

// matching returns by number which parameters TrackParams asks for.
func (n *Net) matching(o *passOptions) ([]bool, error) {
	if !o.track {
		return nil, nil
	}
	track := make([]bool, len(n.params))
	patterns := o.patterns
	if len(patterns) == 0 {
		patterns = []string{"*"}
	}
	for _, pattern := range patterns {
		any := len(n.params) == 0
		for i := range n.params {
			if ok, err := path.Match(pattern, n.names[i]); err != nil {
				return nil, fmt.Errorf("nn: pattern %q: %w", pattern, err)
			} else if ok {
				track[i], any = true, true
			}
		}
		if !any {
			return nil, fmt.Errorf("nn: TrackParams: no parameter matches %q; there are %s", pattern, some(n.names[:len(n.params)]))
		}
	}
	return track, nil
}

func (p *Pass) remember(paths []string) error {
	for _, want := range paths {
		var found *place
		for _, pl := range p.net.places {
			if pl.path == want && found == nil {
				found = pl
			}
		}
		if found == nil {
			return fmt.Errorf("nn: Remember: no layer is at %q; there are %s", want, some(p.net.paths()))
		}
		p.wanted = append(p.wanted, found)
	}
	p.remembered = make([]tensor.Tensor, len(p.wanted))
	return nil
}

func (n *Net) paths() []string {
	var all []string
	for _, pl := range n.places {
		all = append(all, pl.path)
	}
	return all
}

func (p *Pass) swap(w Weights) error {
	if w == nil {
		return nil
	}
	p.swapped = make([]tensor.Tensor, len(p.net.names))
	used := 0
	for i, name := range p.net.names {
		v, ok := w[name]
		if !ok {
			continue
		}
		used++
		own := p.net.variable(i)
		if !v.Valid() || v.DType() != own.value.DType() || !own.fits(v.Shape()) {
			return fmt.Errorf("nn: With: %s is %v, the network's is %v %v", name, v, own.value.DType(), own.shape)
		}
		p.swapped[i] = v
	}
	if used < len(w) {
		return fmt.Errorf("nn: With: %s", strays(w, p.net.names))
	}
	return nil
}

// some lists names for a message, not too many.
func some(names []string) string {
	const most = 12
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" … (%d in all)", len(names))
	}
	return strings.Join(names, ", ")
}
