package tensor

import (
	"fmt"
	"math"
	"slices"

	"github.com/limpid-ml/limpid/internal/kernel"
)

// Sum returns the sum over axes, which are dropped; without axes over all. The
// sum of nothing is 0.
func (x Tensor) Sum(axes ...int) Tensor { return reduce(&opSum, kernel.SumOf, x, axes) }

// Mean returns the mean over axes, which are dropped; without axes over all.
func (x Tensor) Mean(axes ...int) Tensor { return reduce(&opMean, kernel.SumOf, x, axes) }

// Max returns the greatest element over axes, which are dropped; without axes
// over all. Equal ones share the gradient evenly. It panics if there is none.
func (x Tensor) Max(axes ...int) Tensor { return reduce(&opMax, kernel.MaxOf, x, axes) }

// Min returns the least element over axes, which are dropped; without axes
// over all. Equal ones share the gradient evenly. It panics if there is none.
func (x Tensor) Min(axes ...int) Tensor { return reduce(&opMin, kernel.MinOf, x, axes) }

// Norm returns the root of the sum of squares over axes, which are dropped;
// without axes over all. Its slope at 0 is 0.
func (x Tensor) Norm(axes ...int) Tensor { return reduce(&opNorm, kernel.SumSquares, x, axes) }

// Var returns the mean squared distance from the mean over axes, which are
// dropped; without axes over all. It divides by the number of elements.
func (x Tensor) Var(axes ...int) Tensor {
	m := x.Mean(axes...)
	r := x.h.reduction("tensor.Var", axes)
	return x.Sub(m.Reshape(r.kept[:r.rank]...)).Square().Mean(axes...)
}

// LogSumExp returns the logarithm of the sum of eˣ over axes, which are
// dropped; without axes over all. No element overflows.
func (x Tensor) LogSumExp(axes ...int) Tensor { return reduce(&opLogSumExp, logSumExp, x, axes) }

// logSumExp stands beside the kernel's reductions.
const logSumExp kernel.ReduceOp = 255

// reduction says which axes go and how the others lie.
type reduction struct {
	mask              uint         // of the axes that go
	rank              int          // of the operand
	shape             [maxRank]int // of the result
	left              int          // its rank
	kept              [maxRank]int // the operand's shape with 1 for axes that go
	outer, mid, inner int          // the operand as [outer, mid, inner], of which mid goes
	whole             bool         // it can be seen so
}

func (h *header) reduction(op string, axes []int) reduction {
	r := reduction{rank: int(h.rank), outer: 1, mid: 1, inner: 1, whole: true, kept: h.shape}
	for _, a := range axes {
		bit := uint(1) << h.axis(op, a)
		if r.mask&bit != 0 {
			twice(op, h, axes)
		}
		r.mask |= bit
	}
	if len(axes) == 0 {
		r.mask = 1<<r.rank - 1
	}
	stage := 0 // of outer, mid, inner
	for a, d := range h.dims() {
		gone := r.mask>>a&1 != 0
		if gone {
			r.kept[a] = 1
		} else {
			r.shape[r.left] = d
			r.left++
		}
		switch {
		case d == 1:
		case gone:
			r.whole = r.whole && stage < 2
			r.mid *= d
			stage = max(stage, 1)
		case stage == 0:
			r.outer *= d
		default:
			r.inner *= d
			stage = 2
		}
	}
	return r
}

//go:noinline
func twice(op string, h *header, axes []int) {
	fail(&Error{Op: op, Shapes: [][]int{slices.Clone(h.dims())}, Why: fmt.Sprintf("an axis is named twice in %v", slices.Clone(axes)), Fix: "name each axis once"})
}

// reduce reduces x over axes. A node keeps the mask of the axes and the number
// of elements that became one.
func reduce(op *opDef, k kernel.ReduceOp, x Tensor, axes []int) Tensor {
	h, s := home1(op.name, x)
	if !h.dtype.float() && (h.dtype != Int32 || k == kernel.SumSquares || k == logSumExp || op == &opMean) {
		mixed(op.name, x)
	}
	r := h.reduction(op.name, axes)
	out := alloc(s, h.dtype, r.shape[:r.left])
	if h.n == 0 && out.h.n > 0 && (k == kernel.MaxOf || k == kernel.MinOf) {
		ofNothing(op.name, x)
	}
	from := h
	if !r.whole {
		from = r.gather(h, s).h
	}
	switch h.dtype {
	case Float32:
		reduceFloats[float32](op, k, out.h, from, &r)
	case Float64:
		reduceFloats[float64](op, k, out.h, from, &r)
	default:
		reduceInts(k, elems[int32](out.h), elems[int32](from), r.outer, r.mid, r.inner)
	}
	if from != h && s != nil {
		s.drop(from)
	}
	if n := record(op, out, x); n != nil {
		n.ints[0], n.ints[1] = int(r.mask), r.mid
	}
	return out
}

//go:noinline
func ofNothing(op string, x Tensor) {
	fail(&Error{Op: op, Shapes: x.shapes(), Why: "there is no greatest or least of no elements", Fix: "check for an empty axis first"})
}

// gather copies h so that the axes that go come last, and says so in r.
func (r *reduction) gather(h *header, s *Scope) Tensor {
	var order [maxRank]int
	k := 0
	for _, gone := range [2]uint{0, 1} {
		for a := range r.rank {
			if r.mask>>a&1 == gone {
				order[k] = a
				k++
			}
		}
	}
	r.outer, r.inner = r.outer*r.inner, 1
	return permuted(h, s, order[:r.rank])
}

func reduceFloats[T kernel.Float](op *opDef, k kernel.ReduceOp, out, h *header, r *reduction) {
	dst, x := elems[T](out), elems[T](h)
	switch {
	case len(dst) == 0:
		return
	case len(x) == 0:
		fillWith(out, 0)
		if k == logSumExp {
			fillWith(out, math.Inf(-1))
		}
	case k == logSumExp:
		logSumExpInto(dst, x, r)
	case r.inner == 1:
		kernel.ReduceRows(k, dst, x, r.outer, r.mid)
	default:
		size := r.mid * r.inner
		for o := range r.outer {
			kernel.ReduceCols(k, dst[o*r.inner:][:r.inner], x[o*size:][:size], r.mid, r.inner)
		}
	}
	switch op {
	case &opMean:
		kernel.Unary(kernel.Scale, dst, dst, 1/float64(r.mid), 0)
	case &opNorm:
		kernel.Unary(kernel.Sqrt, dst, dst, 0, 0)
	}
}

// logSumExpInto works on rows; other axes are walked one by one.
func logSumExpInto[T kernel.Float](dst, x []T, r *reduction) {
	if r.inner == 1 {
		kernel.LogSumExpRows(dst, x, r.outer, r.mid)
		return
	}
	for i := range dst {
		line := x[i/r.inner*r.mid*r.inner+i%r.inner:]
		top, total := math.Inf(-1), 0.0
		for m := range r.mid {
			top = max(top, float64(line[m*r.inner]))
		}
		if math.IsInf(top, 0) {
			dst[i] = T(top)
			continue
		}
		for m := range r.mid {
			total += math.Exp(float64(line[m*r.inner]) - top)
		}
		dst[i] = T(top + math.Log(total))
	}
}

// unreduced returns t, one of a reduction's results, with the axes that went
// as axes of length 1.
func (n *node) unreduced(t Tensor) Tensor {
	h := n.in[0].h
	shape := h.shape
	for a := range int(h.rank) {
		if n.ints[0]>>a&1 != 0 {
			shape[a] = 1
		}
	}
	return t.Reshape(shape[:h.rank]...)
}

var (
	opSum       = opDef{name: "tensor.Sum"}
	opMean      = opDef{name: "tensor.Mean"}
	opMax       = opDef{name: "tensor.Max"}
	opMin       = opDef{name: "tensor.Min"}
	opNorm      = opDef{name: "tensor.Norm"}
	opLogSumExp = opDef{name: "tensor.LogSumExp"}
	opDot       = opDef{name: "tensor.Dot"}
)

func init() { // here, for rules name operations
	opSum.grad = func(n *node, dy Tensor) { n.give(0, n.spread(dy)) }
	opMean.grad = func(n *node, dy Tensor) { n.give(0, n.spread(dy.Scale(1/float64(n.ints[1])))) }
	opMax.grad, opMin.grad = extremeGrad, extremeGrad
	opNorm.grad, opLogSumExp.grad, opDot.grad = normGrad, logSumExpGrad, mulGrad
}

// spread gives each element of the operand its result's element of dy.
func (n *node) spread(dy Tensor) Tensor {
	return n.unreduced(dy).BroadcastTo(n.in[0].h.dims()...)
}

// extremeGrad shares among the elements that are as great as the result.
func extremeGrad(n *node, dy Tensor) {
	x := n.in[0].Detach()
	hit := x.Eq(n.unreduced(n.out.Detach())).To(dy.h.dtype)
	count := hit
	if axes, k := n.axes(); k > 0 { // no axes would mean all
		count = hit.Sum(axes[:k]...)
	}
	n.give(0, hit.Mul(n.unreduced(dy.Div(count))))
}

// axes returns the axes that a reduction dropped.
func (n *node) axes() (axes [maxRank]int, k int) {
	for a := range int(n.in[0].h.rank) {
		if n.ints[0]>>a&1 != 0 {
			axes[k] = a
			k++
		}
	}
	return axes, k
}

// normGrad is dy·x/‖x‖, and 0 where the norm is.
func normGrad(n *node, dy Tensor) {
	some := constantOf(kernel.Sign, n.out, 0, 0) // 0 where the norm is, else 1
	none := some.Neg().Shift(1)
	n.give(0, n.in[0].Mul(n.unreduced(dy.Mul(some).Div(n.out.Add(none)))))
}

func logSumExpGrad(n *node, dy Tensor) {
	n.give(0, n.in[0].Sub(n.unreduced(n.out)).Exp().Mul(n.unreduced(dy)))
}

// Dot returns the sum of products of all elements of a and b, lists of tensors
// of equal shapes, seen as two long vectors.
func Dot(a, b []Tensor) Tensor {
	if len(a) != len(b) || len(a) == 0 {
		Fail("tensor.Dot", "lists of %d and %d tensors", len(a), len(b))
	}
	total := dot(a[0], b[0])
	for i := range a[1:] {
		total = total.Add(dot(a[i+1], b[i+1]))
	}
	return total
}

func dot(x, y Tensor) Tensor {
	hx, hy, s := home2(opDot.name, x, y)
	switch {
	case hx.dtype != hy.dtype || !hx.dtype.float():
		mixed(opDot.name, x, y)
	case !sameDims(hx, hy):
		fail(&Error{Op: opDot.name, Shapes: x.shapes(y), Why: "shapes differ", Fix: "pass lists that match one by one"})
	}
	out := alloc(s, hx.dtype, nil)
	if hx.dtype == Float32 {
		elems[float32](out.h)[0] = float32(kernel.Dot(elems[float32](hx), elems[float32](hy)))
	} else {
		elems[float64](out.h)[0] = kernel.Dot(elems[float64](hx), elems[float64](hy))
	}
	record(&opDot, out, x, y)
	return out
}
