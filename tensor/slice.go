package tensor

import (
	"fmt"
	"slices"
)

// Slice returns the places from…to−1 of an axis. Negative places count from
// the end. Along the first axis it shares x's memory.
func (x Tensor) Slice(axis, from, to int) Tensor {
	h := x.use("tensor.Slice")
	a := h.axis("tensor.Slice", axis)
	d := h.shape[a]
	lo, hi := from+d*b2i(from < 0), to+d*b2i(to < 0)
	if lo < 0 || hi > d || lo > hi {
		fail(&Error{Op: "tensor.Slice", Shapes: x.shapes(), Why: fmt.Sprintf("places %d to %d of axis %d, which has length %d", from, to, a, d),
			Fix: "stay within the axis, and end no earlier than you start"})
	}
	shape := h.shape
	shape[a] = hi - lo
	return part(&opSlice, x, a, lo, hi, shape[:h.rank])
}

// Index returns place i of an axis, without the axis. A negative i counts from
// the end.
func (x Tensor) Index(axis, i int) Tensor {
	h := x.use("tensor.Index")
	a := h.axis("tensor.Index", axis)
	d := h.shape[a]
	at := i + d*b2i(i < 0)
	if at < 0 || at >= d {
		fail(&Error{Op: "tensor.Index", Shapes: x.shapes(), Why: fmt.Sprintf("place %d of axis %d, which has length %d", i, a, d), Fix: "stay within the axis"})
	}
	shape := without(h, a)
	return part(&opIndex, x, a, at, at+1, shape[:h.rank-1])
}

// part returns places lo…hi−1 of an axis, in the given shape. A node keeps
// axis and lo.
func part(op *opDef, x Tensor, axis, lo, hi int, shape []int) Tensor {
	h := x.h
	inner := mul(h.shape[axis+1 : h.rank])
	var out Tensor
	if outer := mul(h.shape[:axis]); outer == 1 {
		out = window(h, lo*inner, shape)
	} else {
		out = alloc(h.scope, h.dtype, shape)
		var g grid
		g.pos[1] = lo * inner
		g.axis(outer, (hi-lo)*inner, h.shape[axis]*inner, 0)
		g.axis((hi-lo)*inner, 1, 1, 0)
		g.move(out.h, h)
	}
	if n := record(op, out, x); n != nil {
		n.ints[0], n.ints[1] = axis, lo
	}
	return out
}

// Split cuts an axis into n equal parts.
func (x Tensor) Split(axis, n int) []Tensor {
	h := x.use("tensor.Split")
	a := h.axis("tensor.Split", axis)
	if n < 1 || h.shape[a]%n != 0 {
		fail(&Error{Op: "tensor.Split", Shapes: x.shapes(), Why: fmt.Sprintf("axis %d of length %d cannot be cut into %d equal parts", a, h.shape[a], n),
			Fix: "choose a divisor, or use Slice"})
	}
	size := h.shape[a] / n
	parts := make([]Tensor, n)
	for i := range parts {
		parts[i] = x.Slice(a, i*size, i*size+size)
	}
	return parts
}

// Pad adds zeros before and after an axis.
func (x Tensor) Pad(axis, before, after int) Tensor {
	h, s := home1("tensor.Pad", x)
	a := h.axis("tensor.Pad", axis)
	if before < 0 || after < 0 {
		fail(&Error{Op: "tensor.Pad", Shapes: x.shapes(), Why: fmt.Sprintf("padding of %d and %d", before, after), Fix: "pad by 0 or more; Slice cuts"})
	}
	shape := h.shape
	shape[a] += before + after
	out := alloc(s, h.dtype, shape[:h.rank])
	if before+after > 0 {
		fillWith(out.h, 0)
	}
	place(out.h, h, a, before)
	if n := record(&opPad, out, x); n != nil {
		n.ints[0], n.ints[1] = a, before
	}
	return out
}

// place copies h into dst from place at of an axis on.
func place(dst, h *header, axis, at int) {
	if h.n == 0 {
		return
	}
	outer := mul(dst.shape[:axis])
	inner := mul(dst.shape[axis+1 : dst.rank])
	run := h.n / outer
	var g grid
	g.pos[0] = at * inner
	g.axis(outer, dst.shape[axis]*inner, run, 0)
	g.axis(run, 1, 1, 0)
	g.move(dst, h)
}

// Concat joins tensors along an axis; their other axes are equal.
func Concat(axis int, ts ...Tensor) Tensor {
	s, first := joined("tensor.Concat", ts)
	h := first.h
	a := h.axis("tensor.Concat", axis)
	shape := h.shape
	shape[a] = 0
	for _, t := range ts {
		if t.h.dtype != h.dtype {
			mixed("tensor.Concat", first, t)
		}
		shape[a] += t.h.shape[a]
		same := t.h.shape
		same[a] = h.shape[a]
		if t.h.rank != h.rank || same != h.shape && !slices.Equal(same[:h.rank], h.dims()) {
			badJoin("tensor.Concat", ts, "all axes but the joined one must be equal")
		}
	}
	out := alloc(s, h.dtype, shape[:h.rank])
	at := 0
	for _, t := range ts {
		place(out.h, t.h, a, at)
		at += t.h.shape[a]
	}
	if n := record(&opConcat, out, ts...); n != nil {
		n.ints[0] = a
	}
	return out
}

// Stack joins tensors of one shape along a new axis.
func Stack(axis int, ts ...Tensor) Tensor {
	s, first := joined("tensor.Stack", ts)
	h := first.h
	a := h.newAxis("tensor.Stack", axis)
	var shape [maxRank]int
	copy(shape[:], h.shape[:a])
	shape[a] = len(ts)
	copy(shape[a+1:], h.shape[a:h.rank])
	out := alloc(s, h.dtype, shape[:h.rank+1])
	for i, t := range ts {
		if t.h.dtype != h.dtype {
			mixed("tensor.Stack", first, t)
		}
		if !sameDims(t.h, h) {
			badJoin("tensor.Stack", ts, "all shapes must be equal")
		}
		place(out.h, t.h, a, i)
	}
	if n := record(&opStack, out, ts...); n != nil {
		n.ints[0] = a
	}
	return out
}

// joined returns the home and the first of tensors to be joined.
func joined(op string, ts []Tensor) (*Scope, Tensor) {
	if len(ts) == 0 {
		Fail(op, "no tensors to join")
	}
	for _, t := range ts {
		t.use(op)
	}
	return homeOf(op, ts), ts[0]
}

//go:noinline
func badJoin(op string, ts []Tensor, why string) {
	more := slices.Clone(ts[1:])
	fail(&Error{Op: op, Shapes: ts[0].shapes(more...), Why: why, Fix: "Reshape, Slice or Pad them to agree"})
}

var (
	opSlice  = opDef{name: "tensor.Slice"}
	opIndex  = opDef{name: "tensor.Index"}
	opPad    = opDef{name: "tensor.Pad"}
	opConcat = opDef{name: "tensor.Concat"}
	opStack  = opDef{name: "tensor.Stack"}
)

func init() { // here, for rules name operations
	opSlice.grad, opIndex.grad, opPad.grad = sliceGrad, indexGrad, padGrad
	opConcat.grad, opStack.grad = concatGrad, stackGrad
}

func sliceGrad(n *node, dy Tensor) {
	axis, lo := n.ints[0], n.ints[1]
	n.give(0, dy.Pad(axis, lo, n.in[0].h.shape[axis]-lo-dy.h.shape[axis]))
}

func indexGrad(n *node, dy Tensor) {
	axis, at := n.ints[0], n.ints[1]
	n.give(0, dy.Unsqueeze(axis).Pad(axis, at, n.in[0].h.shape[axis]-at-1))
}

func padGrad(n *node, dy Tensor) {
	axis, before := n.ints[0], n.ints[1]
	n.give(0, dy.Slice(axis, before, before+n.in[0].h.shape[axis]))
}

func concatGrad(n *node, dy Tensor) {
	axis, at := n.ints[0], 0
	for i := range n.nin {
		d := n.input(i).h.shape[axis]
		if n.needs(i) {
			n.give(i, dy.Slice(axis, at, at+d))
		}
		at += d
	}
}

func stackGrad(n *node, dy Tensor) {
	for i := range n.nin {
		if n.needs(i) {
			n.give(i, dy.Index(n.ints[0], i))
		}
	}
}
