package tensor

// Eq tells where x and y are equal; they are broadcast as by [Tensor.Add]. The
// result is bool.
func (x Tensor) Eq(y Tensor) Tensor { return compare("tensor.Eq", x, y, false) }

// Less tells where x is less than y; they are broadcast as by [Tensor.Add].
// The result is bool.
func (x Tensor) Less(y Tensor) Tensor { return compare("tensor.Less", x, y, true) }

func compare(op string, x, y Tensor, less bool) Tensor {
	hx, hy, s := home2(op, x, y)
	if hx.dtype != hy.dtype {
		mixed(op, x, y)
	}
	shape, rank := broadcast(op, x, y)
	out := alloc(s, Bool, shape[:rank])
	if out.h.n == 0 {
		return out
	}
	var g grid
	g.over(out.h, hx, hy, nil)
	dst := elems[bool](out.h)
	switch hx.dtype {
	case Float32:
		compareAll(&g, dst, elems[float32](hx), elems[float32](hy), less)
	case Float64:
		compareAll(&g, dst, elems[float64](hx), elems[float64](hy), less)
	case Int32:
		compareAll(&g, dst, elems[int32](hx), elems[int32](hy), less)
	default: // a bool is 0 or 1
		compareAll(&g, dst, elems[uint8](hx), elems[uint8](hy), less)
	}
	return out
}

func compareAll[T number](g *grid, dst []bool, x, y []T, less bool) {
	d, a, b, _ := g.last()
	for more := true; more; more = g.next(g.n - 1) {
		px, py := g.pos[0], g.pos[1]
		for i := range dst[:d] {
			v, w := x[px+i*a], y[py+i*b]
			dst[i] = less && v < w || !less && v == w
		}
		dst = dst[d:]
	}
}

// Not returns the opposite of a mask.
func (x Tensor) Not() Tensor {
	h, s := home1("tensor.Not", x)
	if h.dtype != Bool {
		fail(&Error{Op: "tensor.Not", Shapes: x.shapes(), Why: "it wants a bool mask, not " + h.dtype.String(), Fix: "compare first: Eq or Less"})
	}
	out := alloc(s, Bool, h.dims())
	dst := elems[bool](out.h)
	for i, v := range elems[bool](h) {
		dst[i] = !v
	}
	return out
}

// Where returns a where cond is true and b elsewhere. cond is bool; the three
// are broadcast as by [Tensor.Add].
func Where(cond, a, b Tensor) Tensor {
	const op = "tensor.Where"
	ha, hb, s := home2(op, a, b)
	hc := cond.use(op)
	if hc.dtype != Bool || ha.dtype != hb.dtype {
		badWhere(cond, a, b)
	}
	if s == nil {
		s = hc.scope
	} else if hc.scope != nil && hc.scope != s {
		twoPasses(op, cond, a, b)
	}
	shape, rank := broadcast(op, a, b)
	with := header{rank: uint8(rank), shape: shape}
	shape, rank = broadcast(op, cond, Tensor{&with, 0})
	out := alloc(s, ha.dtype, shape[:rank])
	var g grid
	g.over(out.h, hc, ha, hb)
	choose(&g, out.h, hc, ha, hb)
	if n := record(&opWhere, out, a, b); n != nil {
		n.save(0, constant(cond))
	}
	return out
}

//go:noinline
func badWhere(cond, a, b Tensor) {
	if cond.h.dtype != Bool {
		fail(&Error{Op: "tensor.Where", Shapes: cond.shapes(a, b), Why: "the condition must be bool, not " + cond.h.dtype.String(), Fix: "compare first: Eq or Less"})
	}
	mixed("tensor.Where", a, b)
}

func choose(g *grid, out, c, a, b *header) {
	if out.n == 0 {
		return
	}
	cond := elems[bool](c)
	switch out.dtype.size() {
	case 1:
		chooseAll(g, elems[uint8](out), cond, elems[uint8](a), elems[uint8](b))
	case 4:
		chooseAll(g, elems[uint32](out), cond, elems[uint32](a), elems[uint32](b))
	default:
		chooseAll(g, elems[uint64](out), cond, elems[uint64](a), elems[uint64](b))
	}
}

func chooseAll[T any](g *grid, dst []T, cond []bool, x, y []T) {
	d, c, a, b := g.last()
	for more := true; more; more = g.next(g.n - 1) {
		for i := range dst[:d] {
			if cond[g.pos[0]+i*c] {
				dst[i] = x[g.pos[1]+i*a]
			} else {
				dst[i] = y[g.pos[2]+i*b]
			}
		}
		dst = dst[d:]
	}
}

var opWhere = opDef{name: "tensor.Where"}

func init() { opWhere.grad = whereGrad } // which chooses again

func whereGrad(n *node, dy Tensor) {
	zero := dy.Full(0)
	if n.needs(0) {
		n.give(0, Where(n.aux[0], dy, zero))
	}
	if n.needs(1) {
		n.give(1, Where(n.aux[0], zero, dy))
	}
}
