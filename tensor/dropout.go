package tensor

import (
	"fmt"

	"github.com/limpid-ml/limpid/internal/kernel"
)

var opDropout = opDef{name: "Dropout"}

func init() { opDropout.grad = dropoutGrad }

// dropout zeroes each element with probability rate, to 16 bits, and scales
// the rest by 1/(1 − rate). A bit an element says which stay.
func dropout(x Tensor, rate float64, r *Rand) Tensor {
	h, s := home1("tensor.Dropout", x)
	if !h.dtype.float() || !(rate >= 0 && rate < 1) {
		fail(&Error{Op: "tensor.Dropout", Shapes: x.shapes(), Why: fmt.Sprintf("rate %g of %v elements", rate, h.dtype), Fix: "give floats, and a rate from 0 to below 1"})
	}
	bits := alloc(s, Uint8, []int{(h.n + 7) / 8})
	mask := elems[uint8](bits.h)
	kernel.RandomBits(mask, r.seed, r.stream, r.block, 1-rate)
	r.block += uint64(len(mask))
	return masked(x, bits, 1/(1-rate))
}

// masked multiplies the elements whose bit is set by scale, and zeroes the rest.
func masked(x, bits Tensor, scale float64) Tensor {
	h, s := home1("tensor.Dropout", x)
	out := allocLike(s, h)
	if h.dtype == Float32 {
		kernel.Masked(elems[float32](out.h), elems[float32](h), elems[uint8](bits.h), float32(scale))
	} else {
		kernel.Masked(elems[float64](out.h), elems[float64](h), elems[uint8](bits.h), scale)
	}
	if n := record(&opDropout, out, x); n != nil {
		n.f[0] = scale
		n.save(0, bits)
	}
	return out
}

func dropoutGrad(n *node, dy Tensor) { n.give(0, masked(dy, constant(n.aux[0]), n.f[0])) }
