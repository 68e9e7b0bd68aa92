package tensor

import (
	"fmt"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/internal/kernel"
)

// MaxPool2D takes the greatest value of each window of size×size pixels; a
// stride of 0 is the size. Of equal values the first has the gradient.
//
//	x    [N, H, W, C]
//	out  [N, H', W', C]   H' = (H − size)/stride + 1, rounded down
func (x Tensor) MaxPool2D(size, stride int) Tensor {
	return pool(x, backstage.Pool{KH: size, KW: size, StrideH: stride, StrideW: stride})
}

// AvgPool2D takes the mean of each window; shapes are [Tensor.MaxPool2D]'s.
func (x Tensor) AvgPool2D(size, stride int) Tensor {
	return pool(x, backstage.Pool{KH: size, KW: size, StrideH: stride, StrideW: stride, Avg: true})
}

var (
	opMaxPool     = opDef{name: "MaxPool2D"}
	opMaxPoolBack = opDef{name: "MaxPool2D's gradient"}
	opPick        = opDef{name: "Pick"}
	opAvgPool     = opDef{name: "AvgPool2D"}
	opAvgPoolBack = opDef{name: "AvgPool2D's gradient"}
)

func init() { // here, for they name each other
	opMaxPool.grad, opMaxPoolBack.grad, opPick.grad = maxPoolGrad, maxPoolBackGrad, pickGrad
	opAvgPool.grad, opAvgPoolBack.grad = avgPoolGrad, avgPoolBackGrad
}

// pool pools x. A node keeps the options in ints, in the order of poolInts.
func pool(x Tensor, p backstage.Pool) Tensor {
	hx, s := home1("tensor.Pool", x)
	o := poolInts(x, &p)
	y := [maxRank]int{hx.shape[0], poolSize(x, 1, &p), poolSize(x, 2, &p), hx.shape[3]}
	out := alloc(s, hx.dtype, y[:4])
	if p.Avg {
		averages(x, out, &o)
		return out
	}
	var arg Tensor // which pixel each maximum is
	if s != nil && tracked(s, []Tensor{x}) {
		arg = alloc(s, Int32, y[:4])
	}
	shape := poolShape(&o, &hx.shape, &y)
	if hx.dtype == Float32 {
		kernel.MaxPool(&shape, elems[float32](hx), elems[float32](out.h), indices(arg))
	} else {
		kernel.MaxPool(&shape, elems[float64](hx), elems[float64](out.h), indices(arg))
	}
	if n := record(&opMaxPool, out, x); n != nil {
		n.ints = o
		n.save(0, arg)
	}
	return out
}

func indices(arg Tensor) []int32 {
	if arg.h == nil {
		return nil
	}
	return elems[int32](arg.h)
}

// poolInts checks a pooling and gathers its options.
func poolInts(x Tensor, p *backstage.Pool) [maxRank]int {
	if x.h.rank != 4 || !x.h.dtype.float() {
		fail(&Error{Op: "tensor.Pool", Shapes: x.shapes(), Why: "pooling wants float images [N, H, W, C], not " + x.h.dtype.String(), Fix: "Unsqueeze adds an axis, To converts"})
	}
	if p.StrideH == 0 {
		p.StrideH = p.KH
	}
	if p.StrideW == 0 {
		p.StrideW = p.KW
	}
	natural("tensor.Pool", "Pad", min(p.PadTop, p.PadLeft, p.PadBottom, p.PadRight))
	if min(p.StrideH, p.StrideW) < 1 || min(p.KH, p.KW) < 1 && x.h.n > 0 {
		fail(&Error{Op: "tensor.Pool", Shapes: x.shapes(), Why: fmt.Sprintf("windows of %d×%d at strides of %d×%d", p.KH, p.KW, p.StrideH, p.StrideW), Fix: "make size and stride at least 1"})
	}
	// The last two are one more than the padding behind the image if it counts.
	return [maxRank]int{p.KH, p.KW, p.StrideH, p.StrideW, p.PadTop, p.PadLeft, b2i(p.CountPad) * (p.PadBottom + 1), b2i(p.CountPad) * (p.PadRight + 1)}
}

func poolShape(o, x, y *[maxRank]int) kernel.PoolShape {
	return kernel.PoolShape{N: x[0], H: x[1], W: x[2], C: x[3], OH: y[1], OW: y[2],
		KH: o[0], KW: o[1], StrideH: o[2], StrideW: o[3], PadTop: o[4], PadLeft: o[5], CountPad: o[6] != 0, PadBottom: o[6] - 1, PadRight: o[7] - 1}
}

// poolSize returns how many windows there are along an axis. Rounded up, the
// last one still starts in the image or the padding before it.
func poolSize(x Tensor, axis int, p *backstage.Pool) int {
	size, k, stride, before, after := x.h.shape[1], p.KH, p.StrideH, p.PadTop, p.PadBottom
	if axis == 2 {
		size, k, stride, before, after = x.h.shape[2], p.KW, p.StrideW, p.PadLeft, p.PadRight
	}
	room := size + before + after - k
	if room < 0 {
		fail(&Error{Op: "tensor.Pool", Shapes: x.shapes(),
			Why: fmt.Sprintf("windows of %d %s do not fit into %d with padding", k, [...]string{1: "rows", 2: "columns"}[axis], room+k),
			Fix: "use smaller windows, larger images or more padding"})
	}
	if p.Ceil {
		room += stride - 1
		if room/stride*stride >= size+before && room/stride > 0 {
			return room / stride
		}
	}
	return room/stride + 1
}

func maxPoolGrad(n *node, dy Tensor) { n.give(0, maxPoolBack(dy, n.aux[0], n.ints, n.in[0].h.shape)) }

// maxPoolBack adds each element of dy to the pixel that arg names.
func maxPoolBack(dy, arg Tensor, o, to [maxRank]int) Tensor {
	h, s := home1("tensor.Pool", dy)
	out := alloc(s, h.dtype, to[:4])
	shape := poolShape(&o, &to, &h.shape)
	if h.dtype == Float32 {
		kernel.MaxPoolGrad(&shape, elems[float32](h), elems[int32](arg.h), elems[float32](out.h))
	} else {
		kernel.MaxPoolGrad(&shape, elems[float64](h), elems[int32](arg.h), elems[float64](out.h))
	}
	if n := record(&opMaxPoolBack, out, dy); n != nil {
		n.ints = o
		n.save(0, constant(arg))
	}
	return out
}

func maxPoolBackGrad(n *node, g Tensor) { n.give(0, pick(g, n.aux[0], n.ints)) }

// pick returns the pixels of x that arg names.
func pick(x, arg Tensor, o [maxRank]int) Tensor {
	h, s := home1("tensor.Pool", x)
	out := alloc(s, h.dtype, arg.h.dims())
	if h.dtype == Float32 {
		kernel.Pick(elems[float32](out.h), elems[float32](h), elems[int32](arg.h))
	} else {
		kernel.Pick(elems[float64](out.h), elems[float64](h), elems[int32](arg.h))
	}
	if n := record(&opPick, out, x); n != nil {
		n.ints = o
		n.save(0, constant(arg))
	}
	return out
}

func pickGrad(n *node, g Tensor) { n.give(0, maxPoolBack(g, n.aux[0], n.ints, n.in[0].h.shape)) }

// averages fills out with the means of x's windows.
func averages(x, out Tensor, o *[maxRank]int) {
	shape := poolShape(o, &x.h.shape, &out.h.shape)
	if x.h.dtype == Float32 {
		kernel.AvgPool(&shape, elems[float32](x.h), elems[float32](out.h))
	} else {
		kernel.AvgPool(&shape, elems[float64](x.h), elems[float64](out.h))
	}
	if n := record(&opAvgPool, out, x); n != nil {
		n.ints = *o
	}
}

func avgPoolGrad(n *node, dy Tensor) {
	h, s := home1("tensor.Pool", dy)
	to := n.in[0].h
	out := alloc(s, h.dtype, to.dims())
	shape := poolShape(&n.ints, &to.shape, &h.shape)
	if h.dtype == Float32 {
		kernel.AvgPoolGrad(&shape, elems[float32](h), elems[float32](out.h))
	} else {
		kernel.AvgPoolGrad(&shape, elems[float64](h), elems[float64](out.h))
	}
	if back := record(&opAvgPoolBack, out, dy); back != nil {
		back.ints = n.ints
	}
	n.give(0, out)
}

func avgPoolBackGrad(n *node, g Tensor) {
	h, s := home1("tensor.Pool", g)
	out := alloc(s, h.dtype, n.in[0].h.dims())
	averages(g, out, &n.ints)
	n.give(0, out)
}
