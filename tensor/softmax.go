package tensor

import "github.com/limpid-ml/limpid/internal/kernel"

// Softmax returns eˣ over its sum along an axis; negative axes count from the
// end. No element overflows.
func (x Tensor) Softmax(axis int) Tensor { return alongLast(x, "tensor.Softmax", axis, softmax) }

// LogSoftmax returns x minus the logarithm of the sum of eˣ along an axis.
func (x Tensor) LogSoftmax(axis int) Tensor {
	return alongLast(x, "tensor.LogSoftmax", axis, logSoftmax)
}

var (
	opSoftmax    = opDef{name: "Softmax", grad: softmaxGrad}
	opLogSoftmax = opDef{name: "LogSoftmax", grad: logSoftmaxGrad}
)

// alongLast applies f, which works on the last axis, to another one.
func alongLast(x Tensor, op string, axis int, f func(Tensor) Tensor) Tensor {
	h := x.use(op)
	if !h.dtype.float() {
		mixed(op, x)
	}
	axis = h.axis(op, axis)
	if axis == int(h.rank)-1 {
		return f(x)
	}
	var order [maxRank]int
	for i := range order {
		order[i] = i
	}
	last := int(h.rank) - 1
	order[axis], order[last] = last, axis
	return f(x.Permute(order[:h.rank]...)).Permute(order[:h.rank]...)
}

func softmax(x Tensor) Tensor {
	h, s := home1("tensor.Softmax", x)
	out := allocLike(s, h)
	cols := h.shape[h.rank-1]
	if h.dtype == Float32 {
		kernel.Softmax(elems[float32](out.h), elems[float32](h), h.n/max(cols, 1), cols)
	} else {
		kernel.Softmax(elems[float64](out.h), elems[float64](h), h.n/max(cols, 1), cols)
	}
	record(&opSoftmax, out, x)
	return out
}

func softmaxGrad(n *node, dy Tensor) {
	if !n.walk.fresh {
		n.give(0, dy.Sub(dy.Mul(n.out).Sum(-1).Unsqueeze(-1)).Mul(n.out))
		return
	}
	y, d := n.out.h, dy.h
	dx := allocLike(n.scope, y)
	cols := y.shape[y.rank-1]
	if y.dtype == Float32 {
		kernel.SoftmaxGrad(elems[float32](dx.h), elems[float32](y), elems[float32](d), y.n/max(cols, 1), cols)
	} else {
		kernel.SoftmaxGrad(elems[float64](dx.h), elems[float64](y), elems[float64](d), y.n/max(cols, 1), cols)
	}
	n.give(0, dx)
}

func logSoftmax(x Tensor) Tensor {
	h, s := home1("tensor.LogSoftmax", x)
	out := allocLike(s, h)
	cols := h.shape[h.rank-1]
	if h.dtype == Float32 {
		kernel.LogSoftmax(elems[float32](out.h), elems[float32](h), h.n/max(cols, 1), cols)
	} else {
		kernel.LogSoftmax(elems[float64](out.h), elems[float64](h), h.n/max(cols, 1), cols)
	}
	record(&opLogSoftmax, out, x)
	return out
}

func logSoftmaxGrad(n *node, dy Tensor) {
	n.give(0, dy.Sub(n.out.Exp().Mul(dy.Sum(-1).Unsqueeze(-1))))
}
