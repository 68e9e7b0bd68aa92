package tensor

import (
	"fmt"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/internal/kernel"
)

var opRecur = opDef{name: "Recur"}

func init() { opRecur.grad = recurGrad } // its rule walks the tape, which names it

// The operands of a recurrence, and what it saves; the kind of cell and the
// direction are in ints[0] and ints[1].
const (
	recurX = iota
	recurH
	recurC
	recurW
	recurB

	recurGates = 0
	recurCarry = 1
	recurLens  = 2
)

// recur runs a recurrent layer over whole sequences: see backstage.Tensor.
func recur(cell backstage.Cell, x, h, c, w, b, lens Tensor, back bool) Tensor {
	in := [5]Tensor{x, h, c, w, b}
	s := recurHome(cell, in[:], lens)
	r := kernel.Recurrence{Cell: cell, T: x.h.shape[0], N: x.h.shape[1], H: h.h.shape[1], Back: back, Lens: indices(lens)}
	r.Keep = s != nil && tracked(s, in[:])
	shape, kept := []int{r.T, r.N, r.H}, []int{1, r.N, 0}
	if cell == backstage.CellLSTM {
		shape[0]++
	}
	if r.Keep {
		kept[0] = r.T
	}
	var gates, carry Tensor
	out := alloc(s, x.h.dtype, shape)
	kept[2] = cell.Gates() * r.H
	gates = alloc(s, x.h.dtype, kept)
	if cell.Carries() {
		kept[2] = r.H
		carry = alloc(s, x.h.dtype, kept)
	}
	if x.h.dtype == Float32 {
		recurInto[float32](&r, in[:], gates.h, carry.h, out.h)
	} else {
		recurInto[float64](&r, in[:], gates.h, carry.h, out.h)
	}
	if n := record(&opRecur, out, in[:]...); n != nil {
		n.ints[0], n.ints[1] = int(cell), b2i(back)
		n.save(recurGates, gates)
		if carry.h != nil {
			n.save(recurCarry, carry)
		}
		if lens.h != nil {
			n.save(recurLens, constant(lens))
		}
	}
	return out
}

func recurInto[T kernel.Float](r *kernel.Recurrence, in []Tensor, gates, carry, out *header) {
	y := elems[T](out)
	c0 := optional[T](in[recurC].h)
	kernel.Recur(r, y, elems[T](gates), optional[T](carry), elems[T](in[recurX].h), elems[T](in[recurH].h), c0, elems[T](in[recurW].h), optional[T](in[recurB].h))
	if r.Cell != backstage.CellLSTM {
		return
	}
	last := c0
	if size := r.N * r.H; r.T > 0 {
		if last = elems[T](carry); r.Keep && !r.Back {
			last = last[(r.T-1)*size:]
		}
	}
	copy(y[r.T*r.N*r.H:], last)
}

// recurHome checks the operands and returns their home.
func recurHome(cell backstage.Cell, in []Tensor, lens Tensor) *Scope {
	const op = "tensor.Recur"
	s := homeOf(op, in)
	x, h, w := in[recurX].h, in[recurH].h, in[recurW].h
	bad := func(why string) {
		fail(&Error{Op: op, Shapes: in[0].shapes(in[1], in[3]), Why: why, Fix: "x is [T, N, gates·H], the state [N, H], the weight [gates·H, H], lengths int32 [N]"})
	}
	if x.rank != 3 || h.rank != 2 || w.rank != 2 || !x.dtype.float() {
		bad(fmt.Sprintf("operands of ranks %d, %d and %d, of %v", x.rank, h.rank, w.rank, x.dtype))
	}
	n, size := h.shape[0], h.shape[1]
	if x.shape[1] != n || x.shape[2] != cell.Gates()*size || w.shape[0] != x.shape[2] || w.shape[1] != size {
		bad("the operands' sizes do not fit")
	}
	for _, t := range in {
		if t.h != nil && t.h.dtype != x.dtype {
			mixed(op, in[0], t)
		}
	}
	if c, b := in[recurC].h, in[recurB].h; (c != nil) != (cell == backstage.CellLSTM) || c != nil && !sameDims(c, h) || b != nil && (b.rank != 1 || b.n != x.shape[2]) {
		bad("the second state or the bias does not fit")
	}
	if lens.h != nil {
		if l := lens.use(op); l.rank != 1 || l.n != n || l.dtype != Int32 {
			bad(fmt.Sprintf("the lengths are %v %v", l.dtype, l.dims()))
		}
	}
	return s
}

func recurGrad(n *node, dy Tensor) {
	if n.walk.fresh {
		n.recurBack(dy)
		return
	}
	s := n.scope
	from := len(s.tape)
	var in [5]Tensor
	var xs []Tensor
	for i := range in {
		if in[i] = n.input(i); n.needs(i) {
			xs = append(xs, in[i])
		}
	}
	y := recurSteps(backstage.Cell(n.ints[0]), in[:], n.aux[recurLens], n.ints[1] != 0)
	if y.h.node == nil {
		return // of no steps
	}
	w := s.startWalk(y.h.node.index + 1)
	w.fresh, w.floor = false, from
	w.back(y, dy, w.mark("tensor.Recur", xs, y.h.node.index))
	for i := range in {
		if n.needs(i) {
			if g := w.g[in[i].h.node.index]; g.h != nil {
				n.give(i, g)
			}
		}
	}
	s.walks = append(s.walks, w)
}

// recurSteps is recur in plain operations, step by step: its gradients are
// those of gradients.
func recurSteps(cell backstage.Cell, in []Tensor, lens Tensor, back bool) Tensor {
	x, h, c := in[recurX], in[recurH], in[recurC]
	steps := x.h.shape[0]
	ys := make([]Tensor, steps, steps+1)
	for k := range ys {
		t := k
		if back {
			t = steps - 1 - k
		}
		nextH, nextC := stepOf(cell, x.Index(0, t), h, c, in[recurW], in[recurB])
		if lens.h != nil {
			on := lens.Full(float64(t), lens.h.n).Less(lens).Unsqueeze(1)
			if nextH = Where(on, nextH, h); c.h != nil {
				nextC = Where(on, nextC, c)
			}
		}
		h, c = nextH, nextC
		ys[t] = h
	}
	if c.h != nil {
		ys = append(ys, c)
	}
	if len(ys) == 0 {
		return x.Full(0, 0, h.h.shape[0], h.h.shape[1])
	}
	return Stack(0, ys...)
}

// stepOf is one step of a cell in plain operations.
func stepOf(cell backstage.Cell, x, h, c, w, b Tensor) (nextH, nextC Tensor) {
	n := h.h.shape[1]
	product := linear(h, w, b, backstage.None, 0)
	gate := func(t Tensor, i int) Tensor { return t.Slice(1, i*n, i*n+n) }
	switch cell {
	case backstage.CellLSTM:
		g := product.Add(x)
		nextC = gate(g, 1).Sigmoid().Mul(c).Add(gate(g, 0).Sigmoid().Mul(gate(g, 2).Tanh()))
		return gate(g, 3).Sigmoid().Mul(nextC.Tanh()), nextC
	case backstage.CellGRU:
		reset := gate(x, 0).Add(gate(product, 0)).Sigmoid()
		update := gate(x, 1).Add(gate(product, 1)).Sigmoid()
		cand := gate(x, 2).Add(reset.Mul(gate(product, 2))).Tanh()
		return cand.Add(update.Mul(h.Sub(cand))), c
	case backstage.CellReLU:
		return product.Add(x).ReLU(), c
	}
	return product.Add(x).Tanh(), c
}

// recurBack gives the gradients by kernels: back over the steps, then one
// product for the weight.
func (n *node) recurBack(dy Tensor) {
	x, h := n.in[recurX].h, n.in[recurH].h
	r := kernel.Recurrence{Cell: backstage.Cell(n.ints[0]), T: x.shape[0], N: x.shape[1], H: h.shape[1], Back: n.ints[1] != 0, Keep: true, Lens: indices(n.aux[recurLens])}
	var g [5]Tensor
	for i := range g {
		if in := n.input(i).h; in != nil {
			g[i] = alloc(n.scope, x.dtype, in.dims())
		}
	}
	dprod := g[recurX]
	if r.Cell == backstage.CellGRU {
		dprod = allocLike(n.scope, x)
	}
	if x.dtype == Float32 {
		recurBackInto[float32](n, &r, g[:], dprod.h, dy.h)
	} else {
		recurBackInto[float64](n, &r, g[:], dprod.h, dy.h)
	}
	for i, d := range g {
		if d.h != nil {
			n.give(i, d)
		}
	}
}

func recurBackInto[T kernel.Float](n *node, r *kernel.Recurrence, g []Tensor, dprod, dy *header) {
	size, rows, width := r.N*r.H, r.T*r.N, r.Cell.Gates()*r.H
	dys, y, dp := elems[T](dy), elems[T](n.out.h), elems[T](dprod)
	dh, dc, h0 := elems[T](g[recurH].h), optional[T](g[recurC].h), elems[T](n.in[recurH].h)
	clear(dh)
	copy(dc, dys[rows*r.H:])
	kernel.RecurGrad(r, elems[T](g[recurX].h), dp, dh, dc, dys, y, elems[T](n.aux[recurGates].h), optional[T](n.aux[recurCarry].h), h0, optional[T](n.in[recurC].h), elems[T](n.in[recurW].h))
	if g[recurB].h != nil {
		kernel.ReduceCols(kernel.SumOf, elems[T](g[recurB].h), dp, rows, width)
	}
	dw := elems[T](g[recurW].h)
	if clear(dw); r.T == 0 {
		return
	}
	// The states before are y, shifted by one step, and h0.
	edge, late, early := 0, dp[r.N*width:], y[:rows*r.H-size]
	if r.Back {
		edge, late, early = (r.T-1)*r.N*width, dp[:(r.T-1)*r.N*width], y[size:]
	}
	kernel.Gemm(true, false, width, r.H, r.N, dp[edge:], width, h0, r.H, dw, r.H, kernel.Epilogue[T]{})
	kernel.Gemm(true, false, width, r.H, rows-r.N, late, width, early, r.H, dw, r.H, kernel.Epilogue[T]{Add: true})
}
