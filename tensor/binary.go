package tensor

import "github.com/limpid-ml/limpid/internal/kernel"

// Add returns x + y.
//
// Here and below, operands of equal rank are stretched along axes of length 1,
// and a shorter shape is stretched along the leading axes of a longer one,
// which itself is not stretched then.
func (x Tensor) Add(y Tensor) Tensor { return binary(&opAdd, kernel.Add, x, y) }

// Sub returns x − y.
func (x Tensor) Sub(y Tensor) Tensor { return binary(&opSub, kernel.Sub, x, y) }

// Mul returns x·y, element by element.
func (x Tensor) Mul(y Tensor) Tensor { return binary(&opMul, kernel.Mul, x, y) }

// Div returns x/y, element by element.
func (x Tensor) Div(y Tensor) Tensor { return binary(&opDiv, kernel.Div, x, y) }

// Maximum returns the greater of x and y; where they are equal, each has half
// of the gradient.
func (x Tensor) Maximum(y Tensor) Tensor { return binary(&opMaximum, kernel.Max, x, y) }

var (
	opAdd     = opDef{name: "tensor.Add"}
	opSub     = opDef{name: "tensor.Sub"}
	opMul     = opDef{name: "tensor.Mul"}
	opDiv     = opDef{name: "tensor.Div"}
	opMaximum = opDef{name: "tensor.Maximum"}
)

func init() { // here, for rules name operations
	opAdd.grad = func(n *node, dy Tensor) {
		n.give(0, dy)
		n.give(1, dy)
	}
	opSub.grad, opMul.grad, opDiv.grad, opMaximum.grad = subGrad, mulGrad, divGrad, maximumGrad
}

func subGrad(n *node, dy Tensor) {
	n.give(0, dy)
	if n.needs(1) {
		n.give(1, dy.Neg())
	}
}

func mulGrad(n *node, dy Tensor) {
	if n.needs(0) {
		n.give(0, dy.Mul(n.in[1]))
	}
	if n.needs(1) {
		n.give(1, dy.Mul(n.in[0]))
	}
}

func divGrad(n *node, dy Tensor) {
	q := dy.Div(n.in[1])
	if n.needs(1) {
		n.give(1, q.Mul(n.out).Neg())
	}
	n.give(0, q)
}

func maximumGrad(n *node, dy Tensor) {
	share := signs(n.in[0].Detach().Sub(n.in[1].Detach())) // −1, 0 or 1
	if n.needs(0) {
		n.give(0, dy.Mul(share.Shift(1).Scale(.5)))
	}
	if n.needs(1) {
		n.give(1, dy.Mul(share.Neg().Shift(1).Scale(.5)))
	}
}

// binary applies one kernel to operands that may be broadcast.
func binary(op *opDef, k kernel.BinaryOp, x, y Tensor) Tensor {
	hx, hy, s := home2(op.name, x, y)
	if hx.dtype != hy.dtype || hx.dtype > Int32 || hx.dtype == Int32 && k == kernel.Div {
		mixed(op.name, x, y)
	}
	var out Tensor
	if sameDims(hx, hy) {
		out = allocLike(s, hx)
	} else {
		shape, rank := broadcast(op.name, x, y)
		out = alloc(s, hx.dtype, shape[:rank])
	}
	switch hx.dtype {
	case Float32:
		combine[float32](k, out.h, hx, hy)
	case Float64:
		combine[float64](k, out.h, hx, hy)
	default:
		if out.h.n > 0 {
			var g grid
			g.over(out.h, hx, hy, nil)
			binaryInts(k, &g, elems[int32](out.h), elems[int32](hx), elems[int32](hy))
		}
	}
	record(op, out, x, y)
	return out
}

// combine finds the kernel for how x and y lie to each other.
func combine[T kernel.Float](k kernel.BinaryOp, out, x, y *header) {
	switch last := int(x.rank) - 1; {
	case out.n == 0:
	case sameDims(x, y):
		kernel.Binary(k, elems[T](out), elems[T](x), elems[T](y), 0)
	case y.rank == 1 && last > 0 && y.n == x.shape[last]:
		kernel.BinaryRow(k, elems[T](out), elems[T](x), elems[T](y), false)
	default:
		var g grid
		g.over(out, x, y, nil)
		combineGrid(k, &g, elems[T](out), elems[T](x), elems[T](y))
	}
}

func combineGrid[T kernel.Float](k kernel.BinaryOp, g *grid, dst, x, y []T) {
	d, a, b, _ := g.last()
	rows := 1
	inner := max(g.n-1, 0)
	if p := g.n - 2; p >= 0 && (a == 1 && g.step[0][p] == d && b+g.step[1][p] == 1 || b == 1 && g.step[1][p] == d && a+g.step[0][p] == 1) {
		rows, inner = g.dim[p], p // a row or a column against a matrix
	}
	for more := true; more; more = g.next(inner) {
		px, py := x[g.pos[0]:], y[g.pos[1]:]
		to := dst[:rows*d]
		switch {
		case rows == 1 && a == b && d > 1:
			kernel.Binary(k, to, px[:d], py[:d], 0)
		case rows == 1 && b == 0 && a == 1:
			kernel.BinaryScalar(k, to, px[:d], py[0], false)
		case rows == 1 && d > 1:
			kernel.BinaryScalar(k, to, py[:d], px[0], true)
		case rows == 1:
			kernel.BinaryScalar(k, to, px[:1], py[0], false)
		case a == 0:
			kernel.BinaryCol(k, to, py[:rows*d], px[:rows], d, true)
		case b == 0:
			kernel.BinaryCol(k, to, px[:rows*d], py[:rows], d, false)
		case g.step[0][inner] == 0:
			kernel.BinaryRow(k, to, py[:rows*d], px[:d], true)
		default:
			kernel.BinaryRow(k, to, px[:rows*d], py[:d], false)
		}
		dst = dst[rows*d:]
	}
}

// broadcast returns the shape of a result of x and y.
func broadcast(op string, x, y Tensor) (shape [maxRank]int, rank int) {
	long, short := x.h, y.h
	if long.rank < short.rank {
		long, short = short, long
	}
	shape, rank = long.shape, int(long.rank)
	lead := rank - int(short.rank)
	for a := lead; a < rank; a++ {
		d, e := long.shape[a], short.shape[a-lead]
		if d == 1 && lead == 0 {
			shape[a] = e
		} else if d != e && e != 1 {
			noBroadcast(op, x, y)
		}
	}
	return shape, rank
}

//go:noinline
func noBroadcast(op string, x Tensor, more ...Tensor) {
	fail(&Error{Op: op, Shapes: x.shapes(more...), Why: "shapes do not broadcast",
		Fix: "make each axis equal or 1; a shape of lower rank must not stretch the longer one, so Unsqueeze it to say which axis you mean"})
}

// addInto adds g to have, of the same shape and type.
func addInto(have, g *header) {
	if have.dtype == Float32 {
		kernel.Axpy(1, elems[float32](g), elems[float32](have))
	} else {
		kernel.Axpy(1, elems[float64](g), elems[float64](have))
	}
}
