package tensor

import "fmt"

// Op is an operation of one's own. It may be used from several goroutines.
type Op struct {
	Name string
	// Forward computes the result; nothing in it is recorded. It may read its
	// operands with View and make its result with New.
	Forward func(in ...Tensor) Tensor
	// Backward returns one gradient for each operand, the zero Tensor where
	// none flows or need says none is wanted. gy is the result's gradient.
	// Written with the library's operations, it has derivatives of any order.
	Backward func(y, gy Tensor, in []Tensor, need []bool) []Tensor
}

var userOp = opDef{name: "Op", grad: userGrad}

// Apply runs the operation and records it if an operand is tracked.
func (o Op) Apply(in ...Tensor) Tensor {
	s := homeOf(o.Name, in)
	y := o.forward(s, in)
	if s == nil {
		return y
	}
	if n := record(&userOp, y, in...); n != nil {
		n.ext = &o
	}
	return y
}

func (o Op) forward(s *Scope, in []Tensor) Tensor {
	if s == nil {
		return o.Forward(in...)
	}
	mark := len(s.live)
	capture := s.capture
	s.quiet++
	s.capture = nil
	y := o.Forward(in...)
	s.quiet--
	s.capture = capture
	switch h := y.use(o.Name); {
	case h.scope == nil:
		y = copyInto(s, y)
	case h.slot < mark || h.node != nil:
		y = alias(h, h.dims()) // an operand itself: the result is a value of its own
	}
	y.h.flags |= keep
	s.release(mark)
	y.h.flags &^= keep
	return y
}

func userGrad(n *node, dy Tensor) {
	o := n.ext.(*Op)
	if o.Backward == nil {
		fail(&Error{Op: o.Name, Why: "this operation has no Backward", Fix: "give it one, or Detach its operands"})
	}
	in := make([]Tensor, n.nin)
	need := make([]bool, n.nin)
	for i := range in {
		in[i], need[i] = n.input(i), n.needs(i)
	}
	g := o.Backward(n.out, dy, in, need)
	if len(g) != len(in) {
		fail(&Error{Op: o.Name, Why: fmt.Sprintf("Backward returned %d gradients for %d operands", len(g), len(in)), Fix: "return one for each, the zero Tensor where none flows"})
	}
	for i := range g {
		if need[i] && g[i].h != nil {
			n.give(i, g[i])
		}
	}
}

// New returns a tensor of the given shape in like's home, of T's type; fill
// writes its elements, which hold old values at first. It is for Op.Forward.
func New[T Elem](like Tensor, shape []int, fill func(dst []T)) Tensor {
	h := like.use("tensor.New")
	out := alloc(h.scope, dtypeOf[T](), shape)
	fill(elems[T](out.h))
	return out
}
