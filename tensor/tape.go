package tensor

import "fmt"

// opDef is a differentiable operation: its name and the rule that hands each
// input its share of the gradient dy by n.give. Rules use public operations,
// so that they are differentiable themselves, and need not undo broadcasting.
type opDef struct {
	name string
	grad func(n *node, dy Tensor)
}

// node is one recorded operation.
type node struct {
	op       *opDef
	scope    *Scope
	index    int // place on the tape
	out      Tensor
	in       [4]Tensor
	nin      int
	more     []Tensor  // inputs beyond the fourth
	aux      [4]Tensor // constants saved for the rule
	naux     int       // how many of them may be set
	ints     [maxRank]int
	f        [2]float64
	ext      any // what else a rule needs; a pointer or a small static value
	hook     *hook
	consumed bool
	walk     *walk // of the rule that runs now
}

// leafOp marks what Track made: it has no inputs.
var leafOp = opDef{name: "Track"}

// hook is a watcher of a node's gradient.
type hook struct {
	sink gradSink
	path string
	call int
	next *hook
}

type gradSink interface {
	Grad(path string, call int, g Tensor)
}

func (s *Scope) node(op *opDef, out *header) *node {
	var n *node
	if k := len(s.nodes); k > 0 {
		n = s.nodes[k-1]
		s.nodes = s.nodes[:k-1]
	} else {
		s.allocs++
		n = &node{scope: s}
	}
	n.op, n.index, n.out = op, len(s.tape), Tensor{out, out.gen}
	n.consumed = false
	out.node = n
	s.tape = append(s.tape, n)
	return n
}

func (s *Scope) recycleNode(n *node) {
	for h := n.hook; h != nil; {
		next := h.next
		*h = hook{}
		s.hooks = append(s.hooks, h)
		h = next
	}
	n.hook, n.ext = nil, nil
	for i := range min(n.nin, len(n.in)) {
		n.in[i] = Tensor{}
	}
	for i := range n.naux {
		n.aux[i] = Tensor{}
	}
	n.naux = 0
	n.more = n.more[:0]
	s.nodes = append(s.nodes, n)
}

// record puts op(in...) = out on the tape if an input is tracked; nil if not.
func record(op *opDef, out Tensor, in ...Tensor) *node {
	s := out.h.scope
	if s == nil || !tracked(s, in) {
		return nil
	}
	n := s.node(op, out.h)
	n.nin = len(in)
	for i, t := range in { // a loop, for copying pointers in bulk costs a call
		if i < len(n.in) {
			n.in[i] = t
		}
		t.pin()
	}
	if len(in) > len(n.in) {
		n.more = append(n.more[:0], in[len(n.in):]...)
	}
	return n
}

// pin keeps t's memory for a gradient when its frame ends. Heap tensors need
// none, and may be read by others at this moment.
func (t Tensor) pin() {
	if t.h != nil && t.h.scope != nil {
		t.h.flags |= pinned
	}
}

func tracked(s *Scope, in []Tensor) bool {
	if s.quiet > 0 {
		if s.capture != nil {
			s.capture.note(in)
		}
		return false
	}
	for _, t := range in {
		if t.h != nil && t.h.node != nil {
			return true
		}
	}
	return false
}

// input returns input i.
func (n *node) input(i int) Tensor {
	if i < len(n.in) {
		return n.in[i]
	}
	return n.more[i-len(n.in)]
}

// save keeps t for the rule.
func (n *node) save(i int, t Tensor) {
	t.pin()
	n.aux[i] = t
	n.naux = max(n.naux, i+1)
}

// home returns the scope of a result of the given operands; two scopes panic.
func home1(op string, x Tensor) (*header, *Scope) {
	h := x.use(op)
	return h, h.scope
}

func home2(op string, x, y Tensor) (hx, hy *header, s *Scope) {
	hx, hy = x.use(op), y.use(op)
	s = hx.scope
	if s == nil {
		s = hy.scope
	} else if hy.scope != nil && hy.scope != s {
		twoPasses(op, x, y)
	}
	return hx, hy, s
}

func homeOf(op string, ts []Tensor) *Scope {
	var s *Scope
	for _, t := range ts {
		if t.h == nil && t.gen == 0 {
			continue // an operand left out
		}
		h := t.use(op)
		if s == nil {
			s = h.scope
		} else if h.scope != nil && h.scope != s {
			twoPasses(op, ts...)
		}
	}
	return s
}

func twoPasses(op string, ts ...Tensor) {
	fail(&Error{Op: op, Shapes: ts[0].shapes(ts[1:]...), Why: "the operands belong to two passes",
		Fix: "Keep one of them, so that it is a constant outside both"})
}

// walk is one run back over the tape.
type walk struct {
	s     *Scope
	state []wanted // per node
	g     []Tensor // per node, the gradient so far
	fresh bool     // gradients are not recorded and die on use
	floor int      // nodes before it are inputs: they only collect
}

type wanted uint8

const (
	needed wanted = 1 << iota // lies between an x and y
	asked                     // is an x
)

func (s *Scope) startWalk(upto int) *walk {
	var w *walk
	if k := len(s.walks); k > 0 {
		w = s.walks[k-1]
		s.walks = s.walks[:k-1]
	} else {
		s.allocs++
		w = &walk{s: s}
	}
	if cap(w.state) < upto {
		w.state, w.g = make([]wanted, upto+upto/2), make([]Tensor, upto+upto/2)
	}
	w.state, w.g, w.floor = w.state[:upto], w.g[:upto], 0
	clear(w.state)
	clear(w.g)
	return w
}

// mark finds the nodes between the xs and y; it returns the first x's index.
func (w *walk) mark(op string, xs []Tensor, last int) int {
	lo := last + 1
	for _, x := range xs {
		h := x.use(op)
		if h.node == nil || h.scope != w.s {
			fail(&Error{Op: op, Shapes: x.shapes(), Why: "x is not tracked by y's pass, so y has no derivative by it",
				Fix: "use what Track returned (or p.Params()), not the tensor that was passed to Track"})
		}
		if i := h.node.index; i <= last {
			w.state[i] = needed | asked
			lo = min(lo, i)
		}
	}
	for i := lo; i <= last; i++ {
		n := w.s.tape[i]
		if n.consumed && n.op != &leafOp { // what it came of is gone: back stops there
			w.state[i] |= needed
			continue
		}
		for k := range n.nin {
			if in := n.input(k).h; in != nil && in.node != nil && in.node.index < i && w.state[in.node.index]&needed != 0 {
				w.state[i] |= needed
				break
			}
		}
	}
	return lo
}

// back carries y's gradient down to index lo.
func (w *walk) back(y, gy Tensor, lo int) {
	last := y.h.node.index
	w.g[last] = gy
	for i := last; i >= max(lo, w.floor); i-- {
		n := w.s.tape[i]
		if w.state[i]&needed == 0 || !w.g[i].Valid() {
			continue
		}
		if n.consumed {
			fail(&Error{Op: "tensor.Grad", Why: "this part of the tape was consumed by Backward",
				Fix: "use Grad instead of Backward where a gradient is differentiated again"})
		}
		if w.fresh && n.hook != nil {
			n.report(w.g[i])
		}
		if n.op.grad != nil {
			w.step(n, w.g[i])
		}
		if w.fresh {
			w.discard(n)
		}
	}
}

// step runs one node's rule.
func (w *walk) step(n *node, dy Tensor) {
	old, layer := n.walk, w.s.layer
	mark := len(w.s.live)
	n.walk = w
	n.op.grad(n, dy)
	n.walk = old
	w.s.layer = layer
	if w.fresh {
		w.s.release(mark)
	}
}

// discard frees a consumed node's value and gradient.
func (w *walk) discard(n *node) {
	n.consumed = true
	if w.state[n.index]&asked != 0 || n.op.grad == nil {
		return
	}
	if g := w.g[n.index]; g.Valid() {
		w.s.drop(g.h)
		w.g[n.index] = Tensor{}
	}
	if n.out.Valid() {
		w.s.drop(n.out.h)
	}
	for _, a := range n.aux[:n.naux] {
		if a.h != nil && a.Valid() && a.h.scope == w.s && a.h.node == nil {
			w.s.drop(a.h)
		}
	}
}

func (n *node) report(g Tensor) {
	for h := n.hook; h != nil; h = h.next {
		h.sink.Grad(h.path, h.call, g)
	}
}

// needs tells a rule whether input i wants a gradient.
func (n *node) needs(i int) bool {
	h := n.input(i).h
	return h != nil && h.node != nil && h.node.index < n.index && n.walk.state[h.node.index]&needed != 0
}

// give adds g to the gradient of input i, summed over the axes that the
// operation broadcast.
func (n *node) give(i int, g Tensor) {
	if !n.needs(i) {
		return
	}
	w, x := n.walk, n.input(i)
	g = unbroadcast(g, x.h)
	if w.fresh && (g.h.flags&(given|pinned) != 0 || g.h.node != nil || g.h.scope == nil) {
		g = alias(g.h, g.h.dims()) // one owner each
		if g.h.scope == nil {
			g = copyInto(w.s, g)
		}
	}
	at := x.h.node.index
	have := w.g[at]
	if have.h == nil {
		g.h.flags |= given
		w.g[at] = g
		return
	}
	if w.fresh && have.h.buf != nil && have.h.buf.refs == 1 {
		addInto(have.h, g.h)
		return
	}
	sum := have.Add(g)
	sum.h.flags |= given
	w.g[at] = sum
	if w.fresh {
		w.s.drop(have.h)
	}
}

func copyInto(s *Scope, x Tensor) Tensor {
	out := allocLike(s, x.h)
	copyBytes(out.h, x.h)
	return out
}

// unbroadcast sums g over the axes along which x was stretched to g's shape.
func unbroadcast(g Tensor, x *header) Tensor {
	hg := g.use("tensor.Grad")
	if sameDims(hg, x) {
		return g
	}
	lead := int(hg.rank) - int(x.rank)
	var axes [maxRank]int
	k := 0
	for a := range int(hg.rank) {
		if a < lead || x.shape[a-lead] == 1 && hg.shape[a] != 1 {
			axes[k] = a
			k++
		}
	}
	if k > 0 {
		g = g.Sum(axes[:k]...)
	}
	return g.Reshape(x.dims()...)
}

func sameDims(a, b *header) bool {
	if a.rank != b.rank || a.n != b.n {
		return false
	}
	for i, d := range a.dims() {
		if d != b.shape[i] {
			return false
		}
	}
	return true
}

// Grad returns the derivative of the scalar y by each x, recorded, so that it
// can be differentiated again. An x that y does not depend on gets zeros; one
// that is not tracked panics.
func Grad(y Tensor, xs ...Tensor) []Tensor {
	h := y.use("tensor.Grad")
	if h.n != 1 {
		fail(&Error{Op: "tensor.Grad", Shapes: y.shapes(), Why: "y must be a scalar", Fix: "reduce it first (Mean, Sum), or use VJP with a weight for each element"})
	}
	return VJP(y, y.Full(1, h.dims()...), xs...)
}

// VJP returns the derivative of Σ gy·y by each x, recorded. gy has y's shape
// and only weighs y: what gy itself depends on adds nothing.
func VJP(y, gy Tensor, xs ...Tensor) []Tensor {
	h, hg, s := home2("tensor.VJP", y, gy)
	if !sameDims(h, hg) || h.dtype != hg.dtype {
		fail(&Error{Op: "tensor.VJP", Shapes: y.shapes(gy), Why: "gy must have y's shape and type", Fix: "pass one weight per element of y"})
	}
	out := make([]Tensor, len(xs))
	if h.node == nil {
		zeroGrads(s, y, xs, out)
		return out
	}
	w := s.startWalk(h.node.index + 1)
	w.fresh = false
	w.back(y, gy, w.mark("tensor.Grad", xs, h.node.index))
	for i, x := range xs {
		if at := x.h.node.index; at < len(w.g) && w.g[at].h != nil {
			out[i] = w.g[at]
		} else {
			out[i] = x.Full(0, x.h.dims()...)
		}
	}
	s.walks = append(s.walks, w)
	return out
}

// zeroGrads is the answer for a y that nothing tracked led to.
func zeroGrads(s *Scope, y Tensor, xs, out []Tensor) {
	for i, x := range xs {
		if h := x.use("tensor.Grad"); h.node == nil {
			fail(&Error{Op: "tensor.Grad", Shapes: y.shapes(x), Why: "x is not tracked, so y has no derivative by it", Fix: "use what Track returned (or p.Params())"})
		}
		out[i] = x.Full(0, x.h.dims()...)
	}
}

// Backward returns the derivative of the scalar y by each x and uses the tape
// up: gradients are not recorded, values are freed on the way, and a later
// Grad over this part of the tape panics. y and the xs stay valid.
func (s *Scope) Backward(y Tensor, xs ...Tensor) []Tensor {
	out := make([]Tensor, len(xs))
	s.backward(y, xs, out, nil)
	for i, x := range xs {
		if out[i].h == nil {
			out[i] = x.Full(0, x.h.dims()...)
		}
	}
	return out
}

func (s *Scope) backward(y Tensor, xs, out []Tensor, reached []bool) {
	h := y.use("tensor.Backward")
	if h.n != 1 || !h.dtype.float() {
		fail(&Error{Op: "tensor.Backward", Shapes: y.shapes(), Why: "the loss must be a scalar", Fix: "reduce it first: Mean or Sum"})
	}
	clear(out)
	clear(reached)
	if h.node == nil {
		return
	}
	s.quiet++
	defer func() { s.quiet-- }()
	w := s.startWalk(h.node.index + 1)
	w.fresh = true
	w.state[h.node.index] |= asked
	gy := y.Full(1, h.dims()...)
	gy.h.flags |= given
	if gy.h.scope == nil {
		fail(&Error{Op: "tensor.Backward", Why: fmt.Sprint("y has no scope")})
	}
	w.back(y, gy, w.mark("tensor.Backward", xs, h.node.index))
	for i, x := range xs {
		if at := x.h.node.index; at < len(w.g) && w.g[at].h != nil {
			out[i] = w.g[at]
			if reached != nil {
				reached[i] = true
			}
		}
	}
	s.walks = append(s.walks, w)
}
