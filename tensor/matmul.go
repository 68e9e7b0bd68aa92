package tensor

import (
	"fmt"
	"slices"

	"github.com/limpid-ml/limpid/internal/kernel"
)

// MatMul returns the matrix product x·y.
//
//	x    [..., M, K], or a vector [K]
//	y    [..., K, N], or one [K, N] for all matrices of x, or a vector [K]
//	out  [..., M, N], without the axis of a vector
//
// Leading axes are equal. It panics if the inner sizes, the leading axes or
// the types differ.
func (x Tensor) MatMul(y Tensor) Tensor {
	hx, hy, _ := home2("tensor.MatMul", x, y)
	checkMatMul(x, y)
	switch rx, ry := hx.rank, hy.rank; {
	case rx == 1:
		p := x.Reshape(1, hx.n).MatMul(y)
		return p.Squeeze(int(p.h.rank) - 1 - b2i(ry > 1))
	case ry == 1:
		return x.MatMul(y.Reshape(hy.n, 1)).Squeeze(-1)
	case rx > 2 && ry == 2:
		m, k := mul(hx.shape[:rx-1]), hx.shape[rx-1]
		out := hx.shape
		out[rx-1] = hy.shape[1]
		return matmul(x.Reshape(m, k), y, false, false).Reshape(out[:rx]...)
	}
	return matmul(x, y, false, false)
}

// checkMatMul panics unless x·y is defined.
func checkMatMul(x, y Tensor) {
	hx, hy := x.h, y.h
	if hx.dtype != hy.dtype || !hx.dtype.float() {
		mixed("tensor.MatMul", x, y)
	}
	rx, ry := int(hx.rank), int(hy.rank)
	if rx == 0 || ry == 0 {
		fail(&Error{Op: "tensor.MatMul", Shapes: x.shapes(y), Why: "a scalar is no matrix", Fix: "use Mul, or Scale"})
	}
	if k := hx.shape[rx-1]; k != hy.shape[max(ry-2, 0)] {
		fail(&Error{Op: "tensor.MatMul", Shapes: x.shapes(y), Why: "inner sizes differ",
			Fix: fmt.Sprintf("make the last axis of the left (%d) and the last but one of the right (%d) equal; Permute turns a matrix", k, hy.shape[max(ry-2, 0)])})
	}
	if rx > 1 && ry > 2 && !slices.Equal(hx.shape[:rx-2], hy.shape[:ry-2]) || rx == 1 && ry > 2 {
		fail(&Error{Op: "tensor.MatMul", Shapes: x.shapes(y), Why: "leading axes differ",
			Fix: "give both the same leading axes (BroadcastTo), or a right side of two axes, which serves all"})
	}
}

// mixed panics about the types of operands.
func mixed(op string, x Tensor, more ...Tensor) {
	types := x.h.dtype.String()
	for _, t := range more {
		if t.h != nil {
			types += ", " + t.h.dtype.String()
		}
	}
	fail(&Error{Op: op, Shapes: x.shapes(more...), Why: "it wants one float type, and these dtypes are " + types,
		Fix: "convert with To: dtypes never mix"})
}

var opMatMul = opDef{name: "MatMul"}

func init() { opMatMul.grad = matmulGrad } // which multiplies again

// matmul computes op(x)·op(y), where op turns the last two axes or does not.
// Ranks and leading axes are equal.
func matmul(x, y Tensor, turnX, turnY bool) Tensor {
	hx, hy, s := home2("tensor.MatMul", x, y)
	r := int(hx.rank)
	m, k, n := hx.shape[r-2], hx.shape[r-1], hy.shape[r-1]
	if turnX {
		m, k = k, m
	}
	if turnY {
		n = hy.shape[r-2]
	}
	shape := hx.shape
	shape[r-2], shape[r-1] = m, n
	out := alloc(s, hx.dtype, shape[:r])
	batch := mul(hx.shape[:r-2])
	if hx.dtype == Float32 {
		products[float32](batch, turnX, turnY, m, n, k, hx, hy, out.h)
	} else {
		products[float64](batch, turnX, turnY, m, n, k, hx, hy, out.h)
	}
	if node := record(&opMatMul, out, x, y); node != nil {
		node.ints[0], node.ints[1] = b2i(turnX), b2i(turnY)
	}
	return out
}

func products[T kernel.Float](batch int, turnX, turnY bool, m, n, k int, x, y, out *header) {
	c := elems[T](out)
	switch {
	case k == 0:
		clear(c)
	case batch == 1:
		lda, ldb := k, n
		if turnX {
			lda = m
		}
		if turnY {
			ldb = k
		}
		kernel.Gemm(turnX, turnY, m, n, k, elems[T](x), lda, elems[T](y), ldb, c, n, kernel.Epilogue[T]{})
	default:
		kernel.GemmBatch(batch, turnX, turnY, m, n, k, elems[T](x), m*k, elems[T](y), k*n, c, m*n)
	}
}

// matmulGrad: of C = A·B, dA = dC·Bᵀ and dB = Aᵀ·dC, turned where A and B are.
func matmulGrad(n *node, dy Tensor) {
	x, y := n.in[0], n.in[1]
	turnX, turnY := n.ints[0] != 0, n.ints[1] != 0
	if n.needs(0) {
		if turnX {
			n.give(0, matmul(y, dy, turnY, true))
		} else {
			n.give(0, matmul(dy, y, false, !turnY))
		}
	}
	if n.needs(1) {
		if turnY {
			n.give(1, matmul(dy, x, true, turnX))
		} else {
			n.give(1, matmul(x, dy, !turnX, false))
		}
	}
}
