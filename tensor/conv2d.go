package tensor

import (
	"fmt"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/internal/kernel"
)

// Conv holds a convolution's options, the same for rows and columns. Zero
// Stride, Dilation and Groups mean 1. Pad is zeros at each side.
type Conv struct{ Stride, Dilation, Groups, Pad int }

func (o Conv) perAxis() backstage.Conv {
	return backstage.Conv{StrideH: o.Stride, StrideW: o.Stride, DilH: o.Dilation, DilW: o.Dilation, Groups: o.Groups,
		PadTop: o.Pad, PadLeft: o.Pad, PadBottom: o.Pad, PadRight: o.Pad}
}

// natural panics if the option v is negative.
func natural(op, option string, v int) {
	if v < 0 {
		fail(&Error{Op: op, Why: fmt.Sprintf("%s is %d, want 0 or more", option, v), Fix: "correct " + option + ", or leave it out"})
	}
}

// Conv2D slides the filters w over the images x and sums the products.
//
//	x    [N, H, W, C]
//	w    [O, KH, KW, C/Groups]
//	out  [N, H', W', O]   H' = (H + 2·Pad − Dilation·(KH−1) − 1)/Stride + 1, rounded down
//
// It panics with an [*Error] if x and w differ in channels, if the filters are
// larger than the padded images, or if an option is negative. Its gradients are made of convolutions
// again, so they have gradients too.
//
// Source: Dumoulin and Visin 2016, "A guide to convolution arithmetic", rel. 6.
func (x Tensor) Conv2D(w Tensor, o Conv) Tensor {
	natural("tensor.Conv2D", "Pad", o.Pad)
	return conv(x, w, Tensor{}, o.perAxis(), backstage.None, 0)
}

// ConvTranspose2D spreads each pixel of x over a window of the result, weighed
// by w: the gradient of [Tensor.Conv2D] for its images.
//
//	x    [N, H, W, C]
//	w    [C, KH, KW, O/Groups]
//	out  [N, H', W', O]   H' = (H−1)·Stride − 2·Pad + Dilation·(KH−1) + 1
//
// Source: Dumoulin and Visin 2016, rel. 14.
func (x Tensor) ConvTranspose2D(w Tensor, o Conv) Tensor {
	natural("tensor.ConvTranspose2D", "Pad", o.Pad)
	return convTranspose(x, w, Tensor{}, o.perAxis(), backstage.None, 0)
}

// The three operations of convolution are linear in each operand, and each
// one's gradients are the other two. Their options are in a node's ints.
const (
	convStrideH = iota
	convStrideW
	convDilH
	convDilW
	convPadTop
	convPadLeft
	convGroups
	// 7 is the activation: see keepAct
)

var (
	opConv       = opDef{name: "Conv2D"}
	opConvData   = opDef{name: "ConvTranspose2D"}
	opConvFilter = opDef{name: "Conv2D's gradient by its filters"}
)

func init() { // here, for they name each other
	opConv.grad, opConvData.grad, opConvFilter.grad = convGrad, convDataGrad, convFilterGrad
}

type convInts = [maxRank]int

func convOptions(c backstage.Conv) convInts {
	return convInts{max(c.StrideH, 1), max(c.StrideW, 1), max(c.DilH, 1), max(c.DilW, 1), c.PadTop, c.PadLeft, max(c.Groups, 1)}
}

// convNatural panics if what convOptions takes is negative. Padding may be:
// a gradient cuts off what a convolution did not see.
func convNatural(op string, c *backstage.Conv) {
	natural(op, "Stride", min(c.StrideH, c.StrideW))
	natural(op, "Dilation", min(c.DilH, c.DilW))
	natural(op, "Groups", c.Groups)
}

// convShape gathers the shape of a convolution from its three arrays.
func convShape(o *convInts, x, w, y *[maxRank]int) kernel.ConvShape {
	return kernel.ConvShape{
		N: x[0], H: x[1], W: x[2], C: x[3], O: w[0], KH: w[1], KW: w[2], OH: y[1], OW: y[2],
		StrideH: o[convStrideH], StrideW: o[convStrideW], DilH: o[convDilH], DilW: o[convDilW],
		PadTop: o[convPadTop], PadLeft: o[convPadLeft], Groups: o[convGroups],
	}
}

// conv computes act(conv(x, w) + b); b may be none.
func conv(x, w, b Tensor, c backstage.Conv, act backstage.Act, param float64) Tensor {
	if !seesOutput(act, param) {
		return activate(conv(x, w, b, c, backstage.None, 0), act, param)
	}
	hx, hw, s := home2("tensor.Conv2D", x, w)
	o := convOptions(c)
	checkImages("tensor.Conv2D", x, w)
	convNatural("tensor.Conv2D", &c)
	if hx.shape[3] != hw.shape[3]*o[convGroups] || hw.shape[0]%o[convGroups] != 0 {
		badChannels(x, w, o[convGroups])
	}
	y := [maxRank]int{hx.shape[0], 0, 0, hw.shape[0]}
	y[1] = convSize(x, w, 1, c.PadTop+c.PadBottom, o[convDilH], o[convStrideH])
	y[2] = convSize(x, w, 2, c.PadLeft+c.PadRight, o[convDilW], o[convStrideW])
	s = withBias("tensor.Conv2D", s, x, b, hw.shape[0])
	out := alloc(s, hx.dtype, y[:4])
	shape := convShape(&o, &hx.shape, &hw.shape, &y)
	if hx.dtype == Float32 {
		convInto[float32](&shape, hx, hw, b.h, out.h, act, param)
	} else {
		convInto[float64](&shape, hx, hw, b.h, out.h, act, param)
	}
	if n := record(&opConv, out, x, w, b); n != nil {
		n.ints = o
		n.keepAct(act, param)
	}
	return out
}

func convInto[T kernel.Float](s *kernel.ConvShape, x, w, b, out *header, act backstage.Act, param float64) {
	ep := kernel.Epilogue[T]{Act: act, Param: param}
	if b != nil {
		ep.Bias = elems[T](b)
	}
	kernel.ConvForward(s, elems[T](x), elems[T](w), elems[T](out), ep)
}

func convGrad(n *node, dy Tensor) {
	x, w := n.in[0], n.in[1]
	dz := n.beforeAct(dy)
	if n.needs(2) {
		n.give(2, asRows(dz).Sum(0))
	}
	if n.needs(1) {
		n.give(1, convFilter(x, dz, n.ints, w.h.shape))
	}
	if n.needs(0) {
		n.give(0, convData(dz, w, n.ints, x.h.shape))
	}
}

// convData is the gradient for the images, of shape to, of a convolution with
// w whose result has the gradient dy.
func convData(dy, w Tensor, o convInts, to [maxRank]int) Tensor {
	hy, hw, s := home2("tensor.ConvTranspose2D", dy, w)
	out := alloc(s, hy.dtype, to[:4])
	shape := convShape(&o, &to, &hw.shape, &hy.shape)
	if hy.dtype == Float32 {
		kernel.ConvData(&shape, elems[float32](hy), elems[float32](hw), elems[float32](out.h))
	} else {
		kernel.ConvData(&shape, elems[float64](hy), elems[float64](hw), elems[float64](out.h))
	}
	if n := record(&opConvData, out, dy, w); n != nil {
		n.ints = o
		n.keepAct(backstage.None, 0)
	}
	return out
}

func convDataGrad(n *node, g Tensor) {
	dy, w := n.in[0], n.in[1]
	if n.needs(0) {
		n.give(0, convAgain(g, w, n.ints, dy.h.shape))
	}
	if n.needs(1) {
		n.give(1, convFilter(g, dy, n.ints, w.h.shape))
	}
}

// convFilter is the gradient for the filters, of shape to, of a convolution of
// x whose result has the gradient dy.
func convFilter(x, dy Tensor, o convInts, to [maxRank]int) Tensor {
	hx, hy, s := home2("tensor.Conv2D", x, dy)
	out := alloc(s, hx.dtype, to[:4])
	shape := convShape(&o, &hx.shape, &to, &hy.shape)
	if hx.dtype == Float32 {
		kernel.ConvFilter(&shape, elems[float32](hx), elems[float32](hy), elems[float32](out.h))
	} else {
		kernel.ConvFilter(&shape, elems[float64](hx), elems[float64](hy), elems[float64](out.h))
	}
	if n := record(&opConvFilter, out, x, dy); n != nil {
		n.ints = o
		n.keepAct(backstage.None, 0)
	}
	return out
}

func convFilterGrad(n *node, g Tensor) {
	x, dy := n.in[0], n.in[1]
	if n.needs(0) {
		n.give(0, convData(dy, g, n.ints, x.h.shape))
	}
	if n.needs(1) {
		n.give(1, convAgain(x, g, n.ints, dy.h.shape))
	}
}

// convAgain convolves x with w by the options of a node, into the shape to.
func convAgain(x, w Tensor, o convInts, to [maxRank]int) Tensor {
	// Bottom and right padding are what gives the size of the result.
	last := func(axis, stride, dil, before int) int {
		return (to[axis]-1)*stride + dil*(w.h.shape[axis]-1) + 1 - x.h.shape[axis] - before
	}
	return conv(x, w, Tensor{}, backstage.Conv{
		StrideH: o[convStrideH], StrideW: o[convStrideW], DilH: o[convDilH], DilW: o[convDilW],
		PadTop: o[convPadTop], PadLeft: o[convPadLeft], Groups: o[convGroups],
		PadBottom: last(1, o[convStrideH], o[convDilH], o[convPadTop]),
		PadRight:  last(2, o[convStrideW], o[convDilW], o[convPadLeft]),
	}, backstage.None, 0)
}

// convTranspose computes act(transposed conv(x, w) + b); b may be none.
func convTranspose(x, w, b Tensor, c backstage.Conv, act backstage.Act, param float64) Tensor {
	hx, hw, _ := home2("tensor.ConvTranspose2D", x, w)
	o := convOptions(c)
	checkImages("tensor.ConvTranspose2D", x, w)
	convNatural("tensor.ConvTranspose2D", &c)
	if hx.shape[3] != hw.shape[0] || hx.shape[3]%o[convGroups] != 0 {
		fail(&Error{Op: "tensor.ConvTranspose2D", Shapes: x.shapes(w),
			Why: fmt.Sprintf("the filters are for %d channels in %d groups, the images have %d", hw.shape[0], o[convGroups], hx.shape[3]),
			Fix: "filters are [C, KH, KW, O/Groups], images [N, H, W, C]"})
	}
	to := [maxRank]int{hx.shape[0], 0, 0, hw.shape[3] * o[convGroups]}
	to[1] = (hx.shape[1]-1)*o[convStrideH] - c.PadTop - c.PadBottom + o[convDilH]*(hw.shape[1]-1) + 1 + c.OutPadH
	to[2] = (hx.shape[2]-1)*o[convStrideW] - c.PadLeft - c.PadRight + o[convDilW]*(hw.shape[2]-1) + 1 + c.OutPadW
	if to[1] < 0 || to[2] < 0 {
		fail(&Error{Op: "tensor.ConvTranspose2D", Shapes: x.shapes(w), Why: fmt.Sprintf("the padding leaves %d rows and %d columns", to[1], to[2]), Fix: "pad less"})
	}
	y := convData(x, w, o, to)
	if b.h != nil {
		withBias("tensor.ConvTranspose2D", y.h.scope, y, b, to[3])
		y = y.Add(b)
	}
	return activate(y, act, param)
}

// checkImages panics unless x and w have four axes and one float type.
func checkImages(op string, x, w Tensor) {
	if x.h.rank != 4 || w.h.rank != 4 {
		fail(&Error{Op: op, Shapes: x.shapes(w), Why: "images and filters have four axes", Fix: "images are [N, H, W, C]; Unsqueeze adds an axis"})
	}
	if x.h.dtype != w.h.dtype || !x.h.dtype.float() {
		mixed(op, x, w)
	}
}

func badChannels(x, w Tensor, groups int) {
	e := &Error{Op: "tensor.Conv2D", Shapes: x.shapes(w), Fix: "images are [N, H, W, C], filters [O, KH, KW, C/Groups]; Permute(0, 2, 3, 1) turns [N, C, H, W]"}
	if groups == 1 {
		e.Why = fmt.Sprintf("channels differ: the images have %d, the filters are for %d", x.h.shape[3], w.h.shape[3])
	} else {
		e.Why = fmt.Sprintf("channels differ: the images have %d, %d groups of filters are for %d each, and there are %d filters", x.h.shape[3], groups, w.h.shape[3], w.h.shape[0])
	}
	fail(e)
}

// convSize returns how often the filters fit along an axis.
func convSize(x, w Tensor, axis, pad, dil, stride int) int {
	size, reach := x.h.shape[axis]+pad, dil*(w.h.shape[axis]-1)+1
	if size < reach || w.h.shape[axis] == 0 {
		fail(&Error{Op: "tensor.Conv2D", Shapes: x.shapes(w),
			Why: fmt.Sprintf("filters that reach over %d %s do not fit into %d with padding", reach, [...]string{1: "rows", 2: "columns"}[axis], size),
			Fix: "use smaller filters, larger images or more padding"})
	}
	return (size-reach)/stride + 1
}
