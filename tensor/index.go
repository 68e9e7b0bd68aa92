package tensor

import (
	"fmt"
	"slices"

	"github.com/limpid-ml/limpid/internal/kernel"
)

// Take picks places of an axis: place ix[i] of x becomes place i of the
// result. ix is int32; its axes stand in the result where the axis stood.
//
//	x    [..., D, ...]
//	ix   any shape, 0…D−1
//	out  [..., ix's axes, ...]
func (x Tensor) Take(axis int, ix Tensor) Tensor {
	h, hi, s := home2("tensor.Take", x, ix)
	a := h.axis("tensor.Take", axis)
	checkIndex("tensor.Take", ix, x, h.shape[a])
	rank := int(h.rank+hi.rank) - 1
	if rank > maxRank {
		badShape(append(x.Shape(), ix.Shape()...))
	}
	var shape [maxRank]int
	copy(shape[:], h.shape[:a])
	copy(shape[a:], hi.dims())
	copy(shape[a+int(hi.rank):], h.shape[a+1:h.rank])
	out := alloc(s, h.dtype, shape[:rank])
	takeAny(out.h, h, elems[int32](hi), mul(h.shape[:a]), h.shape[a])
	if n := record(&opTake, out, x); n != nil {
		n.ints[0] = a
		n.save(0, constant(ix))
	}
	return out
}

func takeAny(out, h *header, ix []int32, outer, d int) {
	if out.n == 0 {
		return
	}
	switch h.dtype.size() {
	case 1:
		take(elems[uint8](out), elems[uint8](h), ix, outer, d)
	case 4:
		take(elems[uint32](out), elems[uint32](h), ix, outer, d)
	default:
		take(elems[uint64](out), elems[uint64](h), ix, outer, d)
	}
}

func take[T any](dst, x []T, ix []int32, outer, d int) {
	inner := len(x) / (outer * d)
	for o := range outer {
		block := x[o*d*inner:]
		for _, i := range ix {
			copy(dst[:inner], block[int(i)*inner:])
			dst = dst[inner:]
		}
	}
}

// ScatterAdd returns x with place i of v added to place ix[i] of an axis.
// Places named several times get several; ix is int32.
//
//	x    [..., D, ...]
//	ix   [L], 0…D−1
//	v    [..., L, ...]
func (x Tensor) ScatterAdd(axis int, ix, v Tensor) Tensor {
	h, hv, _ := home2("tensor.ScatterAdd", x, v)
	a := h.axis("tensor.ScatterAdd", axis)
	if h.dtype != hv.dtype || !h.dtype.float() {
		mixed("tensor.ScatterAdd", x, v)
	}
	checkIndex("tensor.ScatterAdd", ix, x, h.shape[a])
	want := h.shape
	want[a] = ix.h.n
	if ix.h.rank != 1 || !slices.Equal(want[:h.rank], hv.dims()) {
		fail(&Error{Op: "tensor.ScatterAdd", Shapes: x.shapes(ix, v), Why: "the index is not one place for each place of v along the axis",
			Fix: "v has x's shape but along the axis, where it is as long as the index"})
	}
	return x.Add(scatter(v, ix, a, h.shape[a]))
}

// scatter adds place i of v to place ix[i] of zeros of length d along an axis.
// ix may have any shape.
func scatter(v, ix Tensor, axis, d int) Tensor {
	h, hi, s := home2(opScatter.name, v, ix)
	shape := h.shape
	shape[axis] = d
	out := alloc(s, h.dtype, shape[:h.rank])
	fillWith(out.h, 0)
	switch outer := mul(h.shape[:axis]); {
	case h.n == 0:
	case h.dtype == Float32:
		scatterInto(elems[float32](out.h), elems[float32](h), elems[int32](hi), outer, d)
	default:
		scatterInto(elems[float64](out.h), elems[float64](h), elems[int32](hi), outer, d)
	}
	if n := record(&opScatter, out, v); n != nil {
		n.ints[0] = axis
		n.save(0, constant(ix))
	}
	return out
}

func scatterInto[T kernel.Float](dst, v []T, ix []int32, outer, d int) {
	inner := len(v) / (outer * len(ix))
	for o := range outer {
		block := dst[o*d*inner:]
		for _, i := range ix {
			kernel.Axpy(1, v[:inner], block[int(i)*inner:][:inner])
			v = v[inner:]
		}
	}
}

// Gather picks along an axis at each place of the other axes: element
// [i, j, k] of the result is x[i, ix[i, j, k], k] for axis 1.
//
//	x    [..., D, ...]
//	ix   [..., L, ...], int32 in 0…D−1; its other axes are x's
//	out  ix's shape
func (x Tensor) Gather(axis int, ix Tensor) Tensor {
	h, hi, s := home2("tensor.Gather", x, ix)
	a := h.axis("tensor.Gather", axis)
	checkIndex("tensor.Gather", ix, x, h.shape[a])
	want := hi.shape
	want[a] = h.shape[a]
	if hi.rank != h.rank || !slices.Equal(want[:h.rank], h.dims()) {
		fail(&Error{Op: "tensor.Gather", Shapes: x.shapes(ix), Why: "the index has other axes than x", Fix: "give it x's shape but along the axis; Take picks the same places everywhere"})
	}
	out := alloc(s, h.dtype, hi.dims())
	gatherAny(out.h, h, hi, a)
	if n := record(&opGather, out, x); n != nil {
		n.ints[0] = a
		n.save(0, constant(ix))
	}
	return out
}

func gatherAny(out, h, ix *header, axis int) {
	inner := mul(h.shape[axis+1 : h.rank])
	at, d, l := elems[int32](ix), h.shape[axis], ix.shape[axis]
	switch h.dtype.size() {
	case 1:
		gather(elems[uint8](out), elems[uint8](h), at, d, l, inner)
	case 4:
		gather(elems[uint32](out), elems[uint32](h), at, d, l, inner)
	default:
		gather(elems[uint64](out), elems[uint64](h), at, d, l, inner)
	}
}

func gather[T any](dst, x []T, ix []int32, d, l, inner int) {
	for i, at := range ix {
		dst[i] = x[(i/(l*inner)*d+int(at))*inner+i%inner]
	}
}

// ungather is Gather's reverse: it adds each element of v to the place of
// zeros of length d along the axis that ix names.
func ungather(v, ix Tensor, axis, d int) Tensor {
	h, hi, s := home2(opUngather.name, v, ix)
	shape := h.shape
	shape[axis] = d
	out := alloc(s, h.dtype, shape[:h.rank])
	fillWith(out.h, 0)
	inner := mul(h.shape[axis+1 : h.rank])
	if h.dtype == Float32 {
		ungatherInto(elems[float32](out.h), elems[float32](h), elems[int32](hi), d, h.shape[axis], inner)
	} else {
		ungatherInto(elems[float64](out.h), elems[float64](h), elems[int32](hi), d, h.shape[axis], inner)
	}
	if n := record(&opUngather, out, v); n != nil {
		n.ints[0] = axis
		n.save(0, constant(ix))
	}
	return out
}

func ungatherInto[T kernel.Float](dst, v []T, ix []int32, d, l, inner int) {
	for i, at := range ix {
		dst[(i/(l*inner)*d+int(at))*inner+i%inner] += v[i]
	}
}

// checkIndex panics unless ix is int32 in 0…d−1.
func checkIndex(op string, ix, x Tensor, d int) {
	if ix.use(op).dtype != Int32 {
		fail(&Error{Op: op, Shapes: x.shapes(ix), Why: "the index must be int32, not " + ix.h.dtype.String(), Fix: "make it with Ints, Arange or To(Int32)"})
	}
	for i, v := range elems[int32](ix.h) {
		if v < 0 || int(v) >= d {
			badIndex(op, ix, x, i, d)
		}
	}
}

//go:noinline
func badIndex(op string, ix, x Tensor, i, d int) {
	fail(&Error{Op: op, Shapes: x.shapes(ix), Why: fmt.Sprintf("element %d of the index is %d, outside 0…%d", i, elems[int32](ix.h)[i], d-1),
		Fix: "keep indices within the axis"})
}

// OneHot returns float32 rows that are 1 at the place x names, else 0: x is
// int32 of any shape in 0…n−1, the result has an axis of length n behind it.
func (x Tensor) OneHot(n int) Tensor {
	h, s := home1("tensor.OneHot", x)
	checkIndex("tensor.OneHot", x, x, n)
	shape := h.shape
	if int(h.rank) == maxRank {
		badShape(append(x.Shape(), n))
	}
	shape[h.rank] = n
	out := alloc(s, Float32, shape[:h.rank+1])
	fillWith(out.h, 0)
	dst := elems[float32](out.h)
	for i, v := range elems[int32](h) {
		dst[i*n+int(v)] = 1
	}
	return out
}

// TopK returns the k greatest elements along the last axis, greatest first,
// and their places as int32. Of equal ones the first comes first.
func (x Tensor) TopK(k int) (v, ix Tensor) {
	h, s := home1("tensor.TopK", x)
	last := h.axis("tensor.TopK", -1)
	d := h.shape[last]
	if k < 0 || k > d {
		fail(&Error{Op: "tensor.TopK", Shapes: x.shapes(), Why: fmt.Sprintf("%d greatest of %d", k, d), Fix: "ask for no more than the last axis holds"})
	}
	shape := h.shape
	shape[last] = k
	ix = alloc(s, Int32, shape[:h.rank])
	switch dst := elems[int32](ix.h); h.dtype {
	case Float32:
		topRows(dst, elems[float32](h), k, d)
	case Float64:
		topRows(dst, elems[float64](h), k, d)
	case Int32:
		topRows(dst, elems[int32](h), k, d)
	default:
		mixed("tensor.TopK", x)
	}
	return x.Gather(last, ix), ix
}

func topRows[T number](dst []int32, x []T, k, d int) {
	for len(dst) > 0 {
		topRow(dst[:k], x[:d])
		dst, x = dst[k:], x[d:]
	}
}

// topRow keeps the places found so far in order, greatest first.
func topRow[T number](best []int32, x []T) {
	n := 0
	for i, v := range x {
		at := n
		for at > 0 && before(v, x[best[at-1]]) {
			at--
		}
		if at == len(best) {
			continue
		}
		n = min(n+1, len(best))
		copy(best[at+1:n], best[at:n-1])
		best[at] = int32(i)
	}
}

// before tells whether v comes before w: it is greater, or no number while w
// is one.
func before[T number](v, w T) bool { return v > w || v != v && w == w }

// ArgMax returns the place of the greatest element along an axis, which is
// dropped, as int32. Of equal ones it is the first; what is not a number wins.
func (x Tensor) ArgMax(axis int) Tensor {
	h, s := home1("tensor.ArgMax", x)
	a := h.axis("tensor.ArgMax", axis)
	shape := without(h, a)
	out := alloc(s, Int32, shape[:h.rank-1])
	d := h.shape[a]
	if d == 0 && out.h.n > 0 {
		ofNothing("tensor.ArgMax", x)
	}
	inner := mul(h.shape[a+1 : h.rank])
	switch dst := elems[int32](out.h); h.dtype {
	case Float32:
		argMax(dst, elems[float32](h), d, inner)
	case Float64:
		argMax(dst, elems[float64](h), d, inner)
	case Int32:
		argMax(dst, elems[int32](h), d, inner)
	default:
		argMax(dst, elems[uint8](h), d, inner)
	}
	return out
}

func argMax[T number](dst []int32, x []T, d, inner int) {
	for i := range dst {
		line := x[i/inner*d*inner+i%inner:]
		best := 0
		for k := range d {
			if before(line[k*inner], line[best*inner]) {
				best = k
			}
		}
		dst[i] = int32(best)
	}
}

// CumSum returns running sums along an axis.
func (x Tensor) CumSum(axis int) Tensor {
	h, s := home1("tensor.CumSum", x)
	a := h.axis("tensor.CumSum", axis)
	out := allocLike(s, h)
	d, inner := h.shape[a], mul(h.shape[a+1:h.rank])
	switch h.dtype {
	case Float32:
		cumSum(elems[float32](out.h), elems[float32](h), d, inner)
	case Float64:
		cumSum(elems[float64](out.h), elems[float64](h), d, inner)
	case Int32:
		cumSum(elems[int32](out.h), elems[int32](h), d, inner)
	default:
		mixed("tensor.CumSum", x)
	}
	if n := record(&opCumSum, out, x); n != nil {
		n.ints[0] = a
	}
	return out
}

// cumSum sums in float64: float32 would lose the small behind the large.
func cumSum[T number](dst, x []T, d, inner int) {
	for start := range len(x) / max(d, 1) {
		at := start/inner*d*inner + start%inner
		total := 0.0
		for k := range d {
			total += float64(x[at+k*inner])
			dst[at+k*inner] = T(total)
		}
	}
}

var (
	opTake     = opDef{name: "tensor.Take"}
	opScatter  = opDef{name: "tensor.ScatterAdd"}
	opGather   = opDef{name: "tensor.Gather"}
	opUngather = opDef{name: "tensor.Gather's gradient"}
	opCumSum   = opDef{name: "tensor.CumSum"}
)

func init() { // here, for rules name operations
	opTake.grad, opScatter.grad, opCumSum.grad = takeGrad, scatterGrad, cumSumGrad
	opGather.grad, opUngather.grad = gatherGrad, ungatherGrad
}

func takeGrad(n *node, dy Tensor) {
	h, axis, ix := n.in[0].h, n.ints[0], n.aux[0]
	shape := h.shape
	shape[axis] = ix.h.n
	n.give(0, scatter(dy.Reshape(shape[:h.rank]...), ix, axis, h.shape[axis]))
}

func scatterGrad(n *node, dy Tensor) {
	n.give(0, dy.Take(n.ints[0], n.aux[0]).Reshape(n.in[0].h.dims()...))
}

func gatherGrad(n *node, dy Tensor) {
	axis := n.ints[0]
	n.give(0, ungather(dy, n.aux[0], axis, n.in[0].h.shape[axis]))
}

func ungatherGrad(n *node, dy Tensor) { n.give(0, dy.Gather(n.ints[0], n.aux[0])) }

func cumSumGrad(n *node, dy Tensor) {
	axis := n.ints[0]
	n.give(0, dy.Flip(axis).CumSum(axis).Flip(axis))
}
