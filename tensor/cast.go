package tensor

// To converts the elements to another type; x itself if it has it. Numbers are
// cut towards 0 on the way to an integer, everything but 0 is true, and true
// is 1. From one float type to another it has a gradient.
func (x Tensor) To(d DType) Tensor {
	h, s := home1("tensor.To", x)
	if h.dtype == d {
		return x
	}
	out := alloc(s, d, h.dims())
	switch h.dtype {
	case Float32:
		castFrom(out.h, elems[float32](h))
	case Float64:
		castFrom(out.h, elems[float64](h))
	case Int32:
		castFrom(out.h, elems[int32](h))
	default: // a bool is 0 or 1
		castFrom(out.h, elems[uint8](h))
	}
	if d.float() {
		record(&opTo, out, x)
	}
	return out
}

type number interface {
	float32 | float64 | int32 | uint8
}

func castFrom[T number](out *header, x []T) {
	switch out.dtype {
	case Float32:
		castAll(elems[float32](out), x)
	case Float64:
		castAll(elems[float64](out), x)
	case Int32:
		castAll(elems[int32](out), x)
	case Uint8:
		castAll(elems[uint8](out), x)
	case Bool:
		dst := elems[bool](out)
		for i, v := range x {
			dst[i] = v != 0
		}
	}
}

func castAll[D, S number](dst []D, x []S) {
	for i, v := range x {
		dst[i] = D(v)
	}
}

var opTo = opDef{name: "tensor.To"}

func init() {
	opTo.grad = func(n *node, dy Tensor) { n.give(0, dy.To(n.in[0].h.dtype)) }
}
