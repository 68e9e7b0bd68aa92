package nn

import (
	"fmt"
	"unsafe"

	"github.com/limpid-ml/limpid/tensor"
)

// Layer is what a network is made of. Forward may call other layers with
// [Pass.Apply]; a layer with several inputs or results has a method of its own
// and starts it with [Pass.Enter].
type Layer interface {
	Forward(p *Pass, x tensor.Tensor) tensor.Tensor
}

// Pass is one run of a network, with everything that may differ between runs:
// the memory, what is recorded, training or inference, randomness, weights
// used instead of the network's own, and who watches. One goroutine uses it,
// until the function that it was given to returns.
type Pass struct {
	net      *Net
	scope    *tensor.Scope
	seed     uint64 // of this pass's random numbers
	training bool
	noise    bool
	learns   bool // a training step: statistics are collected
	survey   bool // statistics are those of the batch alone
	running  bool
	frozen   []bool // by value number, or nil
	watchers []Watcher

	leaves  []tensor.Tensor // tracked parameters, and
	trained []int           // their numbers
	leaf    []tensor.Tensor // by parameter number; zero: not tracked
	swapped []tensor.Tensor // by value number; zero: the network's own; nil: none

	set   []bool          // by statistic number: set in this pass
	fresh []tensor.Tensor // and its new value, in memory of the pass

	frames []*frame
	depth  int
	visits []*visit // networks met in this pass, the first its own
	met    int

	wanted     []*place // to remember
	remembered []tensor.Tensor
	keep       []tensor.Tensor // scratch

	logNames  []string
	logValues []float64
	lone      string // a BatchNorm that met one value of each channel; ""
	replaying int
	build     *builder // set while Build runs

	weightNoise float64 // the standard deviation that WeightNoise asks for
}

// Watcher sees what happens inside a network, layer by layer. Path is the
// layer's, "." for the model itself; call counts the layer's runs in this
// pass, from 0. Tensors are valid during the call.
type Watcher interface {
	// Value is called when a layer returns.
	Value(path string, call int, y tensor.Tensor)
	// Grad is called while a training step goes back over the layer's result.
	Grad(path string, call int, g tensor.Tensor)
}

// key identifies a layer without asking that its type be comparable.
type key struct{ typ, ptr unsafe.Pointer }

func keyOf(layer any) key { return *(*key)(unsafe.Pointer(&layer)) }

// frame is a layer's stay.
type frame struct {
	place   *place // of the nearest layer that the walk knows; nil: none
	visit   *visit
	key     key
	call    int
	mark    int
	depth   int
	applied bool // Apply opened it: the layer's own Enter takes it over
	known   bool // place is the layer's own
	before  string
	rand    tensor.Rand
	seeded  bool
}

// visit counts the calls of one network's layers in one pass.
type visit struct {
	net     *Net
	ordinal int
	calls   []int32
}

func newPass(n *Net) *Pass {
	p := &Pass{net: n, scope: tensor.NewScope()}
	p.leaf = make([]tensor.Tensor, len(n.params))
	p.set = make([]bool, len(n.states))
	p.fresh = make([]tensor.Tensor, len(n.states))
	return p
}

// start makes the pass ready. track tells which parameters are leaves.
func (p *Pass) start(track func(p *Pass, i int) bool) {
	p.end()
	p.running = true
	p.base()
	if track == nil {
		return
	}
	for i, w := range p.net.params {
		if track(p, i) {
			t := engine.Leaf(p.scope, p.source(&w.variable, i))
			p.leaf[i] = t
			p.leaves = append(p.leaves, t)
			p.trained = append(p.trained, i)
		}
	}
}

// source returns the heap tensor that stands for value i in this pass.
func (p *Pass) source(w *variable, i int) tensor.Tensor {
	if p.swapped != nil && p.swapped[i].Valid() {
		return p.swapped[i]
	}
	return w.value
}

func (p *Pass) end() {
	if !p.running {
		return
	}
	p.running = false
	p.scope.Reset()
	clear(p.leaf)
	clear(p.set)
	clear(p.remembered)
	p.leaves, p.trained = p.leaves[:0], p.trained[:0]
	p.logNames, p.logValues = p.logNames[:0], p.logValues[:0]
	p.depth, p.met, p.replaying, p.weightNoise, p.lone = 0, 0, 0, 0, ""
}

// base opens the outermost frame, which belongs to no layer.
func (p *Pass) base() {
	v := p.visit(p.net)
	f := p.frame()
	f.visit, f.place, f.known, f.applied, f.key, f.call, f.mark = v, nil, true, false, key{}, 0, 0
	f.before = engine.SetLayer(p.scope, "")
}

// visit returns this pass's counters for n.
func (p *Pass) visit(n *Net) *visit {
	for _, v := range p.visits[:p.met] {
		if v.net == n {
			return v
		}
	}
	i := p.met
	for i < len(p.visits) && p.visits[i].net != n {
		i++
	}
	if i == len(p.visits) {
		p.visits = append(p.visits, &visit{net: n, calls: make([]int32, len(n.places))})
	}
	p.visits[i], p.visits[p.met] = p.visits[p.met], p.visits[i]
	v := p.visits[p.met]
	v.ordinal = p.met
	clear(v.calls)
	p.met++
	return v
}

// frame takes the next frame of the stack.
func (p *Pass) frame() *frame {
	if p.depth == len(p.frames) {
		p.frames = append(p.frames, &frame{})
	}
	f := p.frames[p.depth]
	f.depth = p.depth
	f.seeded = false
	p.depth++
	return f
}

func (p *Pass) top() *frame {
	if p.depth == 0 {
		fail(&tensor.Error{Op: "nn.Pass", Why: "the pass ended", Fix: "use a pass within the function it was given to only"})
	}
	return p.frames[p.depth-1]
}

// label says which layer runs, for errors.
func (p *Pass) label() string {
	if p.depth == 0 || p.top().place == nil {
		return ""
	}
	return p.top().place.label
}

// find looks a layer up, first in the network whose layer runs now.
func (p *Pass) find(k key) (*place, *visit) {
	now := p.top().visit
	if pl := now.net.at[k]; pl != nil {
		return pl, now
	}
	for _, v := range p.visits[:p.met] {
		if pl := v.net.at[k]; pl != nil {
			return pl, v
		}
	}
	return nil, now
}

// push opens the frame of layer k at pl, which find tells if it is nil.
func (p *Pass) push(k key, pl *place, mark int) *frame {
	if k.ptr == nil {
		fail(&tensor.Error{Op: "nn.Pass", Layer: p.label(), Why: "a layer that it calls is nil", Fix: "put a layer there, or do not call it"})
	}
	up := p.top()
	v := up.visit
	if pl == nil {
		pl, v = p.find(k)
	}
	return p.open(k, pl, v, mark)
}

func (p *Pass) open(k key, pl *place, v *visit, mark int) *frame {
	up := p.top()
	f := p.frame()
	f.key, f.mark, f.visit, f.applied = k, mark, v, false
	if f.known = pl != nil; !f.known {
		f.place, f.call = up.place, up.call
	} else {
		f.place, f.call = pl, int(v.calls[pl.index])
		v.calls[pl.index]++
		if p.build != nil {
			p.build.came(v.net, pl)
		}
	}
	f.before = engine.SetLayer(p.scope, p.label())
	return f
}

// pop ends a layer's stay: what it made goes, but for y, more, what is tracked
// and what is remembered.
func (p *Pass) pop(f *frame, y tensor.Tensor, more []tensor.Tensor) tensor.Tensor {
	if f.known && f.place != nil {
		p.announce(f, y)
	}
	if len(more) == 0 && len(p.wanted) == 0 {
		engine.Release(p.scope, f.mark, y)
	} else {
		p.keep = append(append(append(p.keep[:0], y), more...), p.remembered...)
		engine.ReleaseBut(p.scope, f.mark, p.keep)
	}
	engine.SetLayer(p.scope, f.before)
	p.depth = f.depth
	return y
}

// announce shows a layer's result to whoever looks.
func (p *Pass) announce(f *frame, y tensor.Tensor) {
	if p.build != nil {
		p.build.returned(f, y)
	}
	for i, pl := range p.wanted {
		if pl == f.place && p.replaying == 0 {
			p.remembered[i] = y
		}
	}
	for _, w := range p.watchers {
		if p.replaying == 0 {
			w.Value(f.place.path, f.call, y)
		}
		if y.Tracked() {
			engine.WatchGrad(y, w, f.place.path, f.call)
		}
	}
}

// Apply runs x through the layers, left to right. It is how a layer calls
// others: their results have paths, and the memory that each needed goes when
// the next has run.
func (p *Pass) Apply(x tensor.Tensor, layers ...Layer) tensor.Tensor {
	x = engine.Adopt(p.scope, x)
	mark := engine.Mark(p.scope)
	for _, l := range layers {
		x = p.run(l, nil, x, mark)
	}
	return x
}

// run is one link of a chain that began at mark.
func (p *Pass) run(l Layer, pl *place, x tensor.Tensor, mark int) tensor.Tensor {
	f := p.push(keyOf(any(l)), pl, mark)
	f.applied = true
	y := l.Forward(p, x)
	return p.pop(f, y, nil)
}

// Frame is a layer's stay in a pass: from [Pass.Enter] to [Frame.Return].
type Frame struct {
	p *Pass
	f *frame // nil: Apply opened it, and closes it
}

// Enter is the first line of a layer that others call directly rather than by
// [Pass.Apply]: one with several inputs or results. The layer's untracked
// tensors go at [Frame.Return], its last line.
func (p *Pass) Enter(layer any) Frame {
	k := keyOf(layer)
	if top := p.top(); top.applied && top.key == k {
		top.applied = false
		return Frame{p, nil}
	}
	return Frame{p, p.push(k, nil, engine.Mark(p.scope))}
}

// Return ends the layer's stay and returns y, its main result; more are other
// results that live on.
func (f Frame) Return(y tensor.Tensor, more ...tensor.Tensor) tensor.Tensor {
	if f.f == nil {
		return y
	}
	return f.p.pop(f.f, y, more)
}

// Track returns x as a tracked leaf of the pass, to differentiate by it.
func (p *Pass) Track(x tensor.Tensor) tensor.Tensor { return p.scope.Track(x) }

// Log puts the scalar v in the step's event under name. It panics with a
// [*tensor.Error] that names it if v is no scalar.
func (p *Pass) Log(name string, v tensor.Tensor) {
	if p.replaying > 0 {
		return
	}
	if !v.Valid() || v.Len() != 1 {
		e := &tensor.Error{Op: "nn.Pass.Log", Layer: p.label(), Why: fmt.Sprintf("%q is no tensor, or its pass ended", name), Fix: "log a scalar of this pass"}
		if v.Valid() {
			e.Shapes, e.Why, e.Fix = [][]int{v.Shape()}, fmt.Sprintf("%q has %d elements, want a scalar", name, v.Len()), "reduce it first (Mean, Sum)"
		}
		fail(e)
	}
	p.logNames = append(p.logNames, name)
	p.logValues = append(p.logValues, v.Item())
}

// Value returns the last result of the layer at path, if [Remember] asked for
// it and the layer has run.
func (p *Pass) Value(path string) (tensor.Tensor, bool) {
	for i, pl := range p.wanted {
		if pl.path == path {
			return p.remembered[i], p.remembered[i].Valid()
		}
	}
	return tensor.Tensor{}, false
}
