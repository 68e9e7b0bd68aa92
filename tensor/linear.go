package tensor

import (
	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/internal/kernel"
)

// seesOutput tells whether an activation's slope follows from its result
// alone, so that a fused operation need not keep what went in.
func seesOutput(act backstage.Act, param float64) bool {
	switch act {
	case backstage.None, backstage.ReLU, backstage.Tanh, backstage.Sigmoid, backstage.SELU:
		return true
	case backstage.LeakyReLU, backstage.ELU:
		return param >= 0 // below, the result hides x's sign
	}
	return false
}

// beforeAct carries the gradient of a fused operation's result back through
// its activation, kept in ints[7] and f[0].
func (n *node) beforeAct(dy Tensor) Tensor {
	if act := backstage.Act(n.ints[7]); act != backstage.None {
		return actGrad(dy, n.out, act, n.f[0])
	}
	return dy
}

func (n *node) keepAct(act backstage.Act, param float64) { n.ints[7], n.f[0] = int(act), param }

var opLinear = opDef{name: "Linear", grad: linearGrad}

// linear computes act(x·wᵀ + b): x [..., In], w [Out, In], b [Out] or none.
func linear(x, w, b Tensor, act backstage.Act, param float64) Tensor {
	if !seesOutput(act, param) {
		return activate(linear(x, w, b, backstage.None, 0), act, param)
	}
	hx, hw, s := home2("tensor.Linear", x, w)
	r := int(hx.rank)
	if r == 0 || hw.rank != 2 || hx.shape[r-1] != hw.shape[1] || hx.dtype != hw.dtype || !hx.dtype.float() {
		badLinear(x, w)
	}
	s = withBias("tensor.Linear", s, x, b, hw.shape[0])
	shape := hx.shape
	shape[r-1] = hw.shape[0]
	out := alloc(s, hx.dtype, shape[:r])
	rows := mul(hx.shape[:r-1])
	if hx.dtype == Float32 {
		linearInto[float32](rows, hx, hw, b.h, out.h, act, param)
	} else {
		linearInto[float64](rows, hx, hw, b.h, out.h, act, param)
	}
	if n := record(&opLinear, out, x, w, b); n != nil {
		n.keepAct(act, param)
	}
	return out
}

func linearInto[T kernel.Float](rows int, x, w, b, out *header, act backstage.Act, param float64) {
	ep := kernel.Epilogue[T]{Act: act, Param: param}
	if b != nil {
		ep.Bias = elems[T](b)
	}
	o, in := w.shape[0], w.shape[1]
	kernel.Gemm(false, true, rows, o, in, elems[T](x), in, elems[T](w), in, elems[T](out), o, ep)
}

// withBias checks the bias, if there is one, and returns the home with it.
func withBias(op string, s *Scope, x, b Tensor, size int) *Scope {
	if b.h == nil {
		return s
	}
	h := b.use(op)
	if h.rank != 1 || h.n != size || h.dtype != x.h.dtype {
		fail(&Error{Op: op, Shapes: x.shapes(b), Why: "the bias must be one value of x's type for each output", Fix: "give it as many elements as the weight has rows"})
	}
	if s == nil {
		return h.scope
	}
	if h.scope != nil && h.scope != s {
		twoPasses(op, x, b)
	}
	return s
}

func badLinear(x, w Tensor) {
	if x.h.dtype != w.h.dtype || !x.h.dtype.float() {
		mixed("tensor.Linear", x, w)
	}
	fail(&Error{Op: "tensor.Linear", Shapes: x.shapes(w), Why: "inner sizes differ", Fix: "the weight is [Out, In], and x's last axis is In"})
}

func linearGrad(n *node, dy Tensor) {
	x, w := n.in[0], n.in[1]
	dz := asRows(n.beforeAct(dy))
	if n.needs(0) {
		n.give(0, reshapeLike(matmul(dz, w, false, false), x.h))
	}
	if n.needs(1) {
		n.give(1, matmul(dz, asRows(x), true, false))
	}
	if n.needs(2) {
		n.give(2, dz.Sum(0))
	}
}

// asRows returns x as a matrix of rows along its last axis.
func asRows(x Tensor) Tensor {
	r := int(x.h.rank)
	if r == 2 {
		return x
	}
	return x.Reshape(mul(x.h.shape[:r-1]), x.h.shape[r-1])
}

func reshapeLike(x Tensor, like *header) Tensor {
	if sameDims(x.h, like) {
		return x
	}
	return x.Reshape(like.dims()...)
}
