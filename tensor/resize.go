package tensor

import (
	"fmt"

	"github.com/limpid-ml/limpid/internal/kernel"
)

// Resize returns images of h rows and w columns: bilinear, with half-pixel
// centres, or the nearest pixel if nearest is true. Making images smaller does
// not smooth them first.
//
//	x    [N, H, W, C]
//	out  [N, h, w, C]
func (x Tensor) Resize(h, w int, nearest ...bool) Tensor {
	hx := x.use("tensor.Resize")
	if hx.rank != 4 || !hx.dtype.float() || h < 0 || w < 0 || hx.n == 0 && h*w > 0 && hx.shape[0]*hx.shape[3] > 0 {
		fail(&Error{Op: "tensor.Resize", Shapes: x.shapes(), Why: fmt.Sprintf("%v cannot be resized to %d rows and %d columns", hx.dtype, h, w), Fix: "give float images [N, H, W, C] with pixels"})
	}
	return resize(x, h, w, len(nearest) > 0 && nearest[0], false)
}

var opResize = opDef{name: "Resize"}

func init() { opResize.grad = resizeGrad }

// resize computes the images, or, if back is set, the gradient for images of
// h by w of a resizing whose result has the gradient x.
func resize(x Tensor, h, w int, nearest, back bool) Tensor {
	hx, s := home1("tensor.Resize", x)
	out := alloc(s, hx.dtype, []int{hx.shape[0], h, w, hx.shape[3]})
	small, large := hx, out.h
	if back {
		small, large = large, small
	}
	shape := kernel.ResizeShape{N: hx.shape[0], H: small.shape[1], W: small.shape[2], C: hx.shape[3],
		OH: large.shape[1], OW: large.shape[2], Nearest: nearest}
	if hx.dtype == Float32 {
		resizeInto[float32](&shape, hx, out.h, back)
	} else {
		resizeInto[float64](&shape, hx, out.h, back)
	}
	if n := record(&opResize, out, x); n != nil {
		n.ints[0], n.ints[1] = b2i(nearest), b2i(back)
	}
	return out
}

func resizeInto[T kernel.Float](s *kernel.ResizeShape, x, out *header, back bool) {
	if back {
		kernel.ResizeGrad(s, elems[T](x), elems[T](out))
	} else {
		kernel.Resize(s, elems[T](x), elems[T](out))
	}
}

func resizeGrad(n *node, dy Tensor) {
	to := n.in[0].h.shape
	n.give(0, resize(dy, to[1], to[2], n.ints[0] != 0, n.ints[1] == 0))
}
