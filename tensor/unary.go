package tensor

import "github.com/limpid-ml/limpid/internal/kernel"

// Neg returns −x.
func (x Tensor) Neg() Tensor { return unary(&opNeg, kernel.Neg, x, 0, 0) }

// Abs returns |x|; its slope at 0 is 0.
func (x Tensor) Abs() Tensor { return unary(&opAbs, kernel.Abs, x, 0, 0) }

// Square returns x².
func (x Tensor) Square() Tensor { return unary(&opSquare, kernel.Square, x, 0, 0) }

// Sqrt returns the square root.
func (x Tensor) Sqrt() Tensor { return unary(&opSqrt, kernel.Sqrt, x, 0, 0) }

// Exp returns eˣ.
func (x Tensor) Exp() Tensor { return unary(&opExp, kernel.Exp, x, 0, 0) }

// Log returns the natural logarithm.
func (x Tensor) Log() Tensor { return unary(&opLog, kernel.Log, x, 0, 0) }

// Sin returns the sine of x in radians.
func (x Tensor) Sin() Tensor { return unary(&opSin, kernel.Sin, x, 0, 0) }

// Cos returns the cosine of x in radians.
func (x Tensor) Cos() Tensor { return unary(&opCos, kernel.Cos, x, 0, 0) }

// Scale returns a·x. Of int32 it returns the products rounded down.
func (x Tensor) Scale(a float64) Tensor { return unary(&opScale, kernel.Scale, x, a, 0) }

// Shift returns x + a. Of int32 it returns the sums rounded down.
func (x Tensor) Shift(a float64) Tensor { return unary(&opShift, kernel.Shift, x, a, 0) }

// Pow returns xᵃ.
func (x Tensor) Pow(a float64) Tensor {
	k := kernel.Pow
	switch a { // exact, and much faster
	case -1:
		k = kernel.Recip
	case -.5:
		k = kernel.Rsqrt
	case .5:
		k = kernel.Sqrt
	case 2:
		k = kernel.Square
	}
	return unary(&opPow, k, x, a, 0)
}

// Clamp returns x limited to lo…hi. The slope is 1 from edge to edge, edges
// included, and 0 outside.
func (x Tensor) Clamp(lo, hi float64) Tensor {
	if !(lo <= hi) {
		badClamp(x, lo, hi)
	}
	return unary(&opClamp, kernel.Clamp, x, lo, hi)
}

//go:noinline
func badClamp(x Tensor, lo, hi float64) {
	x.use("tensor.Clamp")
	Fail("tensor.Clamp", "the lower edge %g is not below the upper edge %g", lo, hi)
}

var (
	opNeg    = opDef{name: "tensor.Neg"}
	opAbs    = opDef{name: "tensor.Abs"}
	opSquare = opDef{name: "tensor.Square"}
	opSqrt   = opDef{name: "tensor.Sqrt"}
	opExp    = opDef{name: "tensor.Exp"}
	opLog    = opDef{name: "tensor.Log"}
	opSin    = opDef{name: "tensor.Sin"}
	opCos    = opDef{name: "tensor.Cos"}
	opScale  = opDef{name: "tensor.Scale"}
	opShift  = opDef{name: "tensor.Shift"}
	opPow    = opDef{name: "tensor.Pow"}
	opClamp  = opDef{name: "tensor.Clamp"}
)

func init() { // here, for rules name operations
	opNeg.grad = func(n *node, dy Tensor) { n.give(0, dy.Neg()) }
	opAbs.grad = func(n *node, dy Tensor) { n.give(0, dy.Mul(signs(n.in[0]))) }
	opSquare.grad = func(n *node, dy Tensor) { n.give(0, dy.Mul(n.in[0]).Scale(2)) }
	opSqrt.grad = func(n *node, dy Tensor) { n.give(0, dy.Div(n.out).Scale(.5)) }
	opExp.grad = func(n *node, dy Tensor) { n.give(0, dy.Mul(n.out)) }
	opLog.grad = func(n *node, dy Tensor) { n.give(0, dy.Div(n.in[0])) }
	opSin.grad = func(n *node, dy Tensor) { n.give(0, dy.Mul(n.in[0].Cos())) }
	opCos.grad = func(n *node, dy Tensor) { n.give(0, dy.Mul(n.in[0].Sin()).Neg()) }
	opScale.grad = func(n *node, dy Tensor) { n.give(0, dy.Scale(n.f[0])) }
	opShift.grad = func(n *node, dy Tensor) { n.give(0, dy) }
	opPow.grad = powGrad
	opClamp.grad = func(n *node, dy Tensor) { n.give(0, dy.Mul(inside01(n.in[0], n.f[0], n.f[1]))) }
}

func powGrad(n *node, dy Tensor) {
	switch a := n.f[0]; a { // at 0, x^(a−1) may have no value where its factor is 0
	case 0:
	case 1:
		n.give(0, dy)
	default:
		n.give(0, dy.Mul(n.in[0].Pow(a-1)).Scale(a))
	}
}

// unary applies one kernel. A node keeps a and b in f.
func unary(op *opDef, k kernel.UnaryOp, x Tensor, a, b float64) Tensor {
	h, s := home1(op.name, x)
	if !h.dtype.float() && (h.dtype != Int32 || k != kernel.Scale && k != kernel.Shift && k != kernel.Neg && k != kernel.Abs) {
		mixed(op.name, x)
	}
	out := allocLike(s, h)
	mapUnary(k, out.h, h, a, b)
	if n := record(op, out, x); n != nil {
		n.f[0], n.f[1] = a, b
	}
	return out
}

func mapUnary(k kernel.UnaryOp, out, h *header, a, b float64) {
	switch h.dtype {
	case Float32:
		kernel.Unary(k, elems[float32](out), elems[float32](h), a, b)
	case Float64:
		kernel.Unary(k, elems[float64](out), elems[float64](h), a, b)
	case Int32:
		unaryInts(k, elems[int32](out), elems[int32](h), a)
	}
}

// constantOf applies a kernel whose slope is 0 wherever it has one.
func constantOf(k kernel.UnaryOp, x Tensor, a, b float64) Tensor {
	h := x.h
	out := allocLike(h.scope, h)
	mapUnary(k, out.h, h, a, b)
	return out
}

// signs returns −1, 0 or 1, a constant.
func signs(x Tensor) Tensor { return constantOf(kernel.Sign, x, 0, 0) }

// inside01 returns 1 where lo ≤ x ≤ hi and 0 elsewhere, a constant.
func inside01(x Tensor, lo, hi float64) Tensor {
	out := allocLike(x.h.scope, x.h)
	if x.h.dtype == Float32 {
		markInside(elems[float32](out.h), elems[float32](x.h), float32(lo), float32(hi))
	} else {
		markInside(elems[float64](out.h), elems[float64](x.h), lo, hi)
	}
	return out
}

func markInside[T kernel.Float](dst, x []T, lo, hi T) {
	for i, v := range x {
		dst[i] = T(b2i(v >= lo && v <= hi))
	}
}
