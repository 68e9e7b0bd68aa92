package tensor

import (
	"fmt"
	"slices"
)

// Reshape returns x with another shape of as many elements, in the same
// memory. One axis may be −1: its length follows from the others.
func (x Tensor) Reshape(shape ...int) Tensor {
	h, _ := home1("tensor.Reshape", x)
	if len(shape) > maxRank {
		badShape(shape)
	}
	var dims [maxRank]int
	copy(dims[:], shape)
	rank, open, known := len(shape), -1, 1
	for a, d := range dims[:rank] {
		if d == -1 && open < 0 {
			open = a
			dims[a] = 1
		}
	}
	if known = mul(dims[:rank]); open >= 0 && known > 0 {
		dims[open] = h.n / known
		known *= dims[open]
	}
	if known != h.n || open >= 0 && dims[open] == 1 && known == 0 {
		badReshape(x, shape)
	}
	return reshaped(x, dims[:rank])
}

//go:noinline
func badReshape(x Tensor, shape []int) {
	fail(&Error{Op: "tensor.Reshape", Shapes: append(x.shapes(), slices.Clone(shape)),
		Why: fmt.Sprintf("%d elements do not fit the new shape", x.h.n), Fix: "keep the product of the axes; −1 for one axis has it computed"})
}

func reshaped(x Tensor, shape []int) Tensor {
	out := alias(x.h, shape)
	record(&opReshape, out, x)
	return out
}

// Flatten makes all axes but the first into one: [N, H, W, C] becomes
// [N, H·W·C], [N] becomes [N, 1].
func (x Tensor) Flatten() Tensor {
	h := x.use("tensor.Flatten")
	if h.rank == 0 {
		return x.Reshape(1, 1)
	}
	return x.Reshape(h.shape[0], mul(h.shape[1:h.rank]))
}

// Squeeze drops an axis of length 1.
func (x Tensor) Squeeze(axis int) Tensor {
	h := x.use("tensor.Squeeze")
	a := h.axis("tensor.Squeeze", axis)
	if h.shape[a] != 1 {
		fail(&Error{Op: "tensor.Squeeze", Shapes: x.shapes(), Why: fmt.Sprintf("axis %d has length %d, want 1", a, h.shape[a]),
			Fix: "choose an axis of length 1; Index takes one place of a longer one"})
	}
	shape := without(h, a)
	return reshaped(x, shape[:h.rank-1])
}

// without returns h's shape without an axis.
func without(h *header, axis int) [maxRank]int {
	var s [maxRank]int
	copy(s[:], h.shape[:axis])
	copy(s[axis:], h.shape[axis+1:h.rank])
	return s
}

// Unsqueeze adds an axis of length 1 so that it becomes the given one, which
// may be negative: −1 adds one behind the last.
func (x Tensor) Unsqueeze(axis int) Tensor {
	h := x.use("tensor.Unsqueeze")
	a := h.newAxis("tensor.Unsqueeze", axis)
	var s [maxRank]int
	copy(s[:], h.shape[:a])
	s[a] = 1
	copy(s[a+1:], h.shape[a:h.rank])
	return reshaped(x, s[:h.rank+1])
}

// newAxis resolves the place of an axis to be added.
func (h *header) newAxis(op string, axis int) int {
	rank := int(h.rank) + 1
	if rank > maxRank {
		badShape(append(slices.Clone(h.dims()), 1))
	}
	a := axis + rank*b2i(axis < 0)
	if a < 0 || a >= rank {
		fail(&Error{Op: op, Shapes: [][]int{slices.Clone(h.dims())}, Why: fmt.Sprintf("there is no place %d for a new axis", axis),
			Fix: fmt.Sprintf("use a place from %d to %d", -rank, rank-1)})
	}
	return a
}

// T swaps the last two axes.
func (x Tensor) T() Tensor {
	h := x.use("tensor.T")
	r := int(h.rank)
	if r < 2 {
		fail(&Error{Op: "tensor.T", Shapes: x.shapes(), Why: "it swaps the last two axes, and there are fewer", Fix: "Unsqueeze it first"})
	}
	order := [maxRank]int{0, 1, 2, 3, 4, 5, 6, 7}
	order[r-1], order[r-2] = r-2, r-1
	return permute(x, order[:r])
}

// Permute returns x with its axes in another order: axis i of the result is
// axis axes[i] of x.
func (x Tensor) Permute(axes ...int) Tensor {
	h := x.use("tensor.Permute")
	var order [maxRank]int
	seen := uint(0)
	if len(axes) != int(h.rank) {
		badPermute(x, axes)
	}
	for i, a := range axes {
		order[i] = h.axis("tensor.Permute", a)
		seen |= 1 << order[i]
	}
	if seen != 1<<h.rank-1 {
		badPermute(x, axes)
	}
	return permute(x, order[:h.rank])
}

//go:noinline
func badPermute(x Tensor, axes []int) {
	fail(&Error{Op: "tensor.Permute", Shapes: x.shapes(), Why: fmt.Sprintf("%v does not name each axis once", slices.Clone(axes)),
		Fix: "give every axis of the tensor exactly once"})
}

// permute keeps the order in ints.
func permute(x Tensor, order []int) Tensor {
	out := permuted(x.h, x.h.scope, order)
	if n := record(&opPermute, out, x); n != nil {
		copy(n.ints[:], order)
	}
	return out
}

// permuted copies h with its axes in another order, unrecorded.
func permuted(h *header, s *Scope, order []int) Tensor {
	var shape [maxRank]int
	for i, a := range order {
		shape[i] = h.shape[a]
	}
	out := alloc(s, h.dtype, shape[:len(order)])
	from, to := h.strides(), out.h.strides()
	var g grid
	for i, a := range order {
		g.axis(shape[i], to[i], from[a], 0)
	}
	g.move(out.h, h)
	return out
}

// BroadcastTo stretches x to a shape, by the rules of [Tensor.Add].
func (x Tensor) BroadcastTo(shape ...int) Tensor {
	h, s := home1("tensor.BroadcastTo", x)
	out := alloc(s, h.dtype, shape)
	lead := len(shape) - int(h.rank)
	if lead < 0 {
		badBroadcastTo(x, shape)
	}
	for a, d := range h.dims() {
		if d != 1 && d != shape[a+lead] {
			badBroadcastTo(x, shape)
		}
	}
	from, to := h.stretched(len(shape)), out.h.strides()
	var g grid
	for a, d := range out.h.dims() {
		g.axis(d, to[a], from[a], 0)
	}
	g.move(out.h, h)
	record(&opBroadcastTo, out, x)
	return out
}

//go:noinline
func badBroadcastTo(x Tensor, shape []int) {
	fail(&Error{Op: "tensor.BroadcastTo", Shapes: append(x.shapes(), slices.Clone(shape)), Why: "shapes do not broadcast",
		Fix: "only axes of length 1, and new leading ones, can be stretched"})
}

// Flip reverses the order along an axis.
func (x Tensor) Flip(axis int) Tensor {
	h, s := home1("tensor.Flip", x)
	a := h.axis("tensor.Flip", axis)
	out := allocLike(s, h)
	from, to := h.strides(), h.strides()
	var g grid
	g.pos[1] = from[a] * (h.shape[a] - 1)
	from[a] = -from[a]
	for i, d := range h.dims() {
		g.axis(d, to[i], from[i], 0)
	}
	g.move(out.h, h)
	if n := record(&opFlip, out, x); n != nil {
		n.ints[0] = a
	}
	return out
}

var (
	opReshape     = opDef{name: "tensor.Reshape"}
	opPermute     = opDef{name: "tensor.Permute"}
	opBroadcastTo = opDef{name: "tensor.BroadcastTo"}
	opFlip        = opDef{name: "tensor.Flip"}
)

func init() { // here, for rules name operations
	opReshape.grad = func(n *node, dy Tensor) { n.give(0, dy.Reshape(n.in[0].h.dims()...)) }
	opPermute.grad = permuteGrad
	opBroadcastTo.grad = func(n *node, dy Tensor) { n.give(0, dy) } // the walk sums
	opFlip.grad = func(n *node, dy Tensor) { n.give(0, dy.Flip(n.ints[0])) }
}

func permuteGrad(n *node, dy Tensor) {
	var back [maxRank]int
	rank := int(n.out.h.rank)
	for i, a := range n.ints[:rank] {
		back[a] = i
	}
	n.give(0, permute(dy, back[:rank]))
}
