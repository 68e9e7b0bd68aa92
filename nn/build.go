package nn

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/limpid-ml/limpid/tensor"
)

// Option says how [Build] makes a network.
type Option func(*options)

type options struct {
	input []int
	fed   bool
	trace func(*Pass)
	seed  uint64
	name  string
	wide  bool
}

// Input gives the shape of one example, without the batch axis: Input(28, 28, 1).
// Build runs two of zeros.
func Input(dims ...int) Option {
	return func(o *options) { o.input, o.fed = slices.Clone(dims), true }
}

// Trace has Build run f instead of the model's Forward, for models with several
// inputs or results. f runs them all once, on a batch of 2 of any content.
func Trace(f func(p *Pass)) Option { return func(o *options) { o.trace = f } }

// Seed chooses the first values.
func Seed(s uint64) Option { return func(o *options) { o.seed = s } }

// Name names the network in events and checkpoints that hold several.
func Name(s string) Option { return func(o *options) { o.name = s } }

// Float64 makes the network compute, differentiate and learn in float64, for
// gradient checks and theory. Inputs must be float64 then.
func Float64(o *options) { o.wide = true }

// Build makes a network of a model: a pointer to a struct, a [Sequential], a
// map of pointers. It names what the model's fields hold, then runs a batch of
// two as inference and as training, so that every layer makes its parameters.
// A model that was built before keeps the parameters it has.
//
// The error names the layer where a shape does not fit; a parameter that the
// walk over the fields cannot reach, for it would never learn; a layer that
// never ran; and one that stands in two places without [Share].
func Build(model any, o ...Option) (*Net, error) {
	var c options
	for _, set := range o {
		set(&c)
	}
	if err := c.check(model); err != nil {
		return nil, err
	}
	w := walk(model)
	if len(w.errs) > 0 {
		return nil, fmt.Errorf("nn.Build: %s", strings.Join(w.errs, "; "))
	}
	b := &builder{wide: c.wide, cameBy: map[*place]bool{}, used: map[*variable]bool{}, saved: map[*variable]variable{}}
	b.net = w.net(&c)
	b.net.root, _ = model.(Layer)
	err := b.run(&c)
	if err == nil {
		err = b.missing()
	}
	if err != nil {
		b.undo()
		return nil, err
	}
	b.finish()
	return b.net, nil
}

// check tells what is wrong with a model and its input at first sight.
func (c *options) check(model any) error {
	v := reflect.ValueOf(model)
	s, _ := model.(*Sequential)
	_, isLayer := model.(Layer)
	switch {
	case model == nil:
		return errors.New("nn.Build: the model is nil: pass a pointer to a layer, or to a struct of layers")
	case none(v):
		return fmt.Errorf("nn.Build: the model is a nil %T: make one, &nn.Linear{Out: 10} for example", model)
	case s != nil && len(*s) == 0:
		return errors.New("nn.Build: the model is a Sequential without layers: put some in")
	case !isLayer && !slices.Contains(modelKinds, v.Kind()):
		return fmt.Errorf("nn.Build: %v is of type %T, and no model: pass a pointer to a layer, or to a struct of layers", model, model)
	}
	for _, d := range c.input {
		if d < 1 {
			return fmt.Errorf("nn.Build: nn.Input is %v: want at least 1 on each axis of one example", c.input)
		}
	}
	return nil
}

// modelKinds are what may hold layers, besides a layer itself.
var modelKinds = []reflect.Kind{reflect.Pointer, reflect.Struct, reflect.Map, reflect.Slice, reflect.Array}

// net returns the network of what the walk found, values still missing.
func (w *walker) net(c *options) *Net {
	n := &Net{name: c.name, seed: c.seed, wide: c.wide, input: c.input, params: w.params, states: w.states,
		places: w.places, at: w.at, paramAt: map[*Param]int{}, stateAt: map[*State]int{}}
	for i, pl := range n.places {
		pl.index = i
		if pl.path == "." && n.top == nil {
			n.top = pl
		}
	}
	for i, p := range n.params {
		n.paramAt[p] = i
		n.names = append(n.names, w.paths[p])
	}
	for i, s := range n.states {
		n.stateAt[s] = i
		n.names = append(n.names, w.named[s])
	}
	return n
}

// builder is what Build's passes find out.
type builder struct {
	net    *Net
	wide   bool
	cameBy map[*place]bool
	used   map[*variable]bool
	saved  map[*variable]variable // as they were before
	first  bool                   // the first run, which fills the summary
	rows   map[*place]*row
}

// run runs the model as inference and as training.
func (b *builder) run(c *options) error {
	switch {
	case c.trace == nil && !c.fed:
		return errors.New("nn.Build: say what goes in: nn.Input(dims...) of one example, or nn.Trace for several inputs")
	case c.trace == nil && b.net.root == nil:
		return errors.New("nn.Build: the model has no method Forward(p, x) on the type that was passed: pass a pointer, or use nn.Trace")
	}
	b.rows = map[*place]*row{}
	for _, training := range [...]bool{false, true} {
		b.first = !training
		p := newPass(b.net)
		p.build, p.training, p.noise, p.seed = b, training, training, b.net.seed
		p.start(func(_ *Pass, i int) bool { return training && b.used[&b.net.params[i].variable] })
		err := p.try(func(p *Pass) error {
			if c.trace != nil {
				c.trace(p)
			} else {
				b.net.Forward(p, b.zeros(p, c.input))
			}
			return nil
		})
		p.end()
		if err != nil {
			return fmt.Errorf("nn.Build: %w", err)
		}
	}
	return nil
}

// zeros is a batch of two in the pass, of the network's type.
func (b *builder) zeros(p *Pass, dims []int) tensor.Tensor {
	x := tensor.Zeros(append([]int{2}, dims...)...)
	if b.wide {
		x = x.To(tensor.Float64)
	}
	return engine.Adopt(p.scope, x)
}

// came notes that the layer at pl ran.
func (b *builder) came(n *Net, pl *place) {
	if n == b.net {
		b.cameBy[pl] = true
	}
}

func (b *builder) param(p *Pass, w *Param, init Init, shape []int) {
	if i := b.net.paramIndex(w); i >= 0 {
		b.make(p, &w.variable, b.net.names[i], i, init, shape)
	}
}

func (b *builder) state(p *Pass, s *State, init Init, shape []int) {
	if i := b.net.stateIndex(s); i >= 0 {
		b.make(p, &s.variable, b.net.names[len(b.net.params)+i], i, init, shape)
	}
}

// make gives a variable its first value, or adopts the one it has.
func (b *builder) make(p *Pass, v *variable, path string, index int, init Init, shape []int) {
	if b.used[v] {
		return
	}
	if v.self != nil && v.self != v {
		p.unbuilt(v)
	}
	b.used[v] = true
	b.saved[v] = *v
	if !v.value.Valid() {
		v.value = b.first1(path, init, slices.Clone(shape))
	}
	v.self, v.path, v.index, v.shape = v, path, index, v.value.Shape()
	if want := b.dtype(); v.value.DType() != want {
		v.value = v.value.To(want)
	}
	engine.Live(v.value)
}

func (b *builder) dtype() tensor.DType {
	if b.wide {
		return tensor.Float64
	}
	return tensor.Float32
}

// first1 draws a first value from the variable's own stream.
func (b *builder) first1(path string, init Init, shape []int) tensor.Tensor {
	var r tensor.Rand
	engine.Seed(&r, nil, b.net.seed, hash(path), b.wide)
	v := init(&r, shape)
	if !slices.Equal(v.Shape(), shape) {
		tensor.Fail("nn.Init", "the first value of %s has shape %v, want %v", path, v.Shape(), shape)
	}
	return v.Keep().To(b.dtype()).Scale(1) // of its own: v may be somebody's
}

// missing reports layers that hold parameters and never ran.
func (b *builder) missing() error {
	var never []string
	for _, pl := range b.net.places {
		if pl.owns && !b.cameBy[pl] && !b.touched(pl) {
			never = append(never, "never came to "+pl.label)
		}
	}
	if len(never) == 0 {
		return nil
	}
	return fmt.Errorf("nn.Build: the run %s: a layer that does not run does not learn; call it, leave it out, or have nn.Trace take every branch", strings.Join(never, ", "))
}

// touched tells whether a variable at or below pl was used, by a layer that
// does not announce itself.
func (b *builder) touched(pl *place) bool {
	for i := pl.params[0]; i < pl.params[1]; i++ {
		if b.used[&b.net.params[i].variable] {
			return true
		}
	}
	for i := pl.states[0]; i < pl.states[1]; i++ {
		if b.used[&b.net.states[i].variable] {
			return true
		}
	}
	return false
}

// undo puts back what a failed Build changed.
func (b *builder) undo() {
	for v, old := range b.saved {
		*v = old
	}
}

// finish leaves out what no layer asked for (a bias that is not wanted) and
// numbers the rest.
func (b *builder) finish() {
	n := b.net
	params, states := n.params, n.states
	n.params, n.states, n.names = nil, nil, nil
	before, beforeStates := make([]int, len(params)+1), make([]int, len(states)+1)
	n.paramAt, n.stateAt = map[*Param]int{}, map[*State]int{}
	for i, w := range params {
		before[i] = len(n.params)
		if b.used[&w.variable] {
			w.index = len(n.params)
			n.paramAt[w] = w.index
			n.params = append(n.params, w)
			n.names = append(n.names, w.path)
		}
	}
	for i, s := range states {
		beforeStates[i] = len(n.states)
		if b.used[&s.variable] {
			s.index = len(n.states)
			n.stateAt[s] = s.index
			n.states = append(n.states, s)
			n.names = append(n.names, s.path)
		}
	}
	before[len(params)], beforeStates[len(states)] = len(n.params), len(n.states)
	for _, pl := range n.places {
		pl.params = [2]int{before[pl.params[0]], before[pl.params[1]]}
		pl.states = [2]int{beforeStates[pl.states[0]], beforeStates[pl.states[1]]}
	}
	n.sums, n.parts = make([][]float64, len(n.states)), make([]int, len(n.states))
	for i, s := range n.states {
		n.sums[i] = make([]float64, s.value.Len())
	}
	b.summarise()
}
