package tensor

// capture collects the tracked tensors that a recomputed part reads.
type capture struct {
	seen []Tensor
	mark int // what is older was made outside the part
}

// hold keeps an untracked tensor from outside for when the part runs again;
// the frame that made it may have ended by then.
func (c *capture) hold(h *header) {
	if h.slot < c.mark && h.node == nil {
		h.flags |= pinned
	}
}

func (c *capture) note(in []Tensor) {
	for _, t := range in {
		if t.h != nil && t.h.node != nil && !c.has(t) {
			c.seen = append(c.seen, t)
		}
	}
}

func (c *capture) has(t Tensor) bool {
	for _, s := range c.seen {
		if s == t {
			return true
		}
	}
	return false
}

// recomputed is what its gradient needs to run a part again.
type recomputed struct {
	f      func(Tensor) Tensor
	before func(replay bool)
	after  func()
}

var recomputeOp = opDef{name: "Recompute"}

func init() { recomputeOp.grad = recomputeGrad } // its rule walks the tape, which names it

// recompute runs f(x) without recording; its gradient runs f again, recorded.
//
// Source: Chen et al. 2016, "Training deep nets with sublinear memory cost".
func (s *Scope) recompute(x Tensor, r *recomputed) Tensor {
	r.before(false)
	defer r.after()
	if s.quiet > 0 {
		return r.f(x)
	}
	mark := len(s.live)
	c := &capture{mark: mark}
	s.quiet, s.capture = s.quiet+1, c
	s.watch(mark, true)
	y := r.f(x)
	s.watch(mark, false)
	s.quiet, s.capture = s.quiet-1, nil
	if y.use("nn.Recompute").slot < mark || y.h.scope == nil || y.h.node != nil {
		y = y.Detach().Shift(0)
	}
	y.h.flags |= keep
	s.release(mark)
	y.h.flags &^= keep
	in := []Tensor{x}
	for _, t := range c.seen {
		if t != x {
			in = append(in, t)
		}
	}
	if n := record(&recomputeOp, y, in...); n != nil {
		n.ext = r
	}
	return y
}

// watch has every use of an untracked tensor made before mark looked at, or no
// longer.
func (s *Scope) watch(mark int, on bool) {
	for _, h := range s.live[:mark] {
		switch {
		case h == nil || h.node != nil:
		case on:
			h.odd = true
		case h.lender == nil:
			h.odd = false
		}
	}
}

func recomputeGrad(n *node, dy Tensor) {
	s, r, outer := n.scope, n.ext.(*recomputed), n.walk
	quiet, from, mark := s.quiet, len(s.tape), len(s.live)
	s.quiet = 0
	r.before(true)
	y := r.f(n.in[0])
	r.after()
	if y.h.node == nil { // it depends on none of them
		s.quiet = quiet
		if outer.fresh {
			s.forget(from, mark)
		}
		return
	}
	if outer.fresh {
		s.quiet = 1
	}
	w := s.startWalk(y.h.node.index + 1)
	w.fresh, w.floor = outer.fresh, from
	xs := make([]Tensor, 0, n.nin)
	for i := range n.nin {
		if n.needs(i) {
			xs = append(xs, n.input(i))
		}
	}
	w.back(y, dy, w.mark("nn.Recompute", xs, y.h.node.index))
	s.quiet = quiet
	for i := range n.nin {
		if n.needs(i) {
			if g := w.g[n.input(i).h.node.index]; g.h != nil {
				n.give(i, g)
			}
		}
	}
	s.walks = append(s.walks, w)
	if outer.fresh {
		s.forget(from, mark)
	}
}

// forget takes back the tape from node from on and what was made since mark,
// but for gradients that were given.
func (s *Scope) forget(from, mark int) {
	for _, n := range s.tape[from:] {
		if n.out.Valid() {
			s.drop(n.out.h)
		}
		s.recycleNode(n)
	}
	s.tape = s.tape[:from]
	for _, h := range s.live[mark:] {
		if h != nil && h.flags&given == 0 {
			s.drop(h)
		}
	}
}
