package tensor

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"unsafe"
)

// maxRank bounds the number of axes, so that a shape needs no allocation.
const maxRank = 8

// Tensor is an immutable array: a small value that points to its header. It
// may be copied freely and read from any goroutine while it lives. The zero
// Tensor is no tensor; [Tensor.Valid] tells.
type Tensor struct {
	h   *header
	gen uint32 // of the header, when this handle was made
}

// header is what a handle points to. In a scope headers are recycled: a
// handle whose generation is behind its header's is stale.
type header struct {
	gen   uint32
	dtype DType
	rank  uint8
	flags flags
	odd   bool // has a lender, or a recomputed part may read it: see look
	n     int
	shape [maxRank]int
	ptr   unsafe.Pointer // first element; nil if n is 0
	buf   *buffer        // counted memory of the scope; nil: not the scope's
	scope *Scope         // nil: the Go heap
	node  *node          // nil: untracked
	slot  int            // place in scope.live

	// Whose memory this is, if it is written again in place: a batch's, a
	// parameter's, and what lies over them. term is the lender's generation.
	lender *header
	term   uint32
}

type flags uint8

const (
	pinned flags = 1 << iota // saved for a gradient: frames let it live
	given                    // handed to an input as its gradient
	keep                     // a frame's result
)

// DType is the type of a tensor's elements.
type DType uint8

// The element types. Float32 is for work, Float64 for checks and theory, Int32
// for indices and labels, Uint8 for images, Bool for masks.
const (
	Float32 DType = iota
	Float64
	Int32
	Uint8
	Bool
)

var dtypeNames = [...]string{"float32", "float64", "int32", "uint8", "bool"}

// String returns Go's name of the type.
func (d DType) String() string { return dtypeNames[d] }

func (d DType) size() int { return [...]int{4, 8, 4, 1, 1}[d] }

func (d DType) float() bool { return d <= Float64 }

// Elem is what a tensor can hold.
type Elem interface {
	float32 | float64 | int32 | uint8 | bool
}

func dtypeOf[T Elem]() DType {
	var v T
	switch any(v).(type) {
	case float32:
		return Float32
	case float64:
		return Float64
	case int32:
		return Int32
	case uint8:
		return Uint8
	}
	return Bool
}

// Of returns a tensor on the heap with a copy of v; its type follows from v's.
// Without a shape it is [len(v)]. It panics if the sizes differ.
func Of[T Elem](v []T, shape ...int) Tensor {
	if len(shape) == 0 {
		shape = []int{len(v)}
	}
	if n := mul(shape); n != len(v) {
		fail(&Error{Op: "tensor.Of", Shapes: [][]int{slices.Clone(shape)},
			Why: fmt.Sprintf("%d values for a shape of %d elements", len(v), n),
			Fix: "make the shape's product equal to the number of values"})
	}
	t := alloc(nil, dtypeOf[T](), shape)
	copy(elems[T](t.h), v)
	return t
}

// Ints returns an int32 tensor [len(v)] on the heap.
func Ints(v ...int) Tensor {
	t := alloc(nil, Int32, []int{len(v)})
	for i, x := range v {
		elems[int32](t.h)[i] = int32(x)
	}
	return t
}

// Zeros returns float32 zeros on the heap. Without a shape it is a scalar.
func Zeros(shape ...int) Tensor { return Full(0, shape...) }

// Full returns a float32 tensor on the heap with every element v. In a layer
// use [Tensor.Full], which follows its receiver's type and home.
func Full(v float64, shape ...int) Tensor {
	t := alloc(nil, Float32, shape)
	fillWith(t.h, v)
	return t
}

// Arange returns the int32 tensor 0, 1, …, n−1 on the heap.
func Arange(n int) Tensor {
	t := alloc(nil, Int32, []int{n})
	for i := range n {
		elems[int32](t.h)[i] = int32(i)
	}
	return t
}

// Full returns a tensor of the given shape with every element v, of t's type
// and in t's home, untracked.
func (t Tensor) Full(v float64, shape ...int) Tensor {
	h := t.use("tensor.Full")
	out := alloc(h.scope, h.dtype, shape)
	fillWith(out.h, v)
	return out
}

func fillWith(h *header, v float64) {
	switch h.dtype {
	case Float32:
		fill(elems[float32](h), float32(v))
	case Float64:
		fill(elems[float64](h), v)
	case Int32:
		fill(elems[int32](h), int32(v))
	case Uint8:
		fill(elems[uint8](h), uint8(v))
	case Bool:
		fill(elems[bool](h), v != 0)
	}
}

func fill[T any](dst []T, v T) {
	for i := range dst {
		dst[i] = v
	}
}

// Data returns a copy of t's elements in row-major order. It panics if T is
// not t's type.
func Data[T Elem](t Tensor) []T { return slices.Clone(View[T](t)) }

// View returns t's elements without a copy. They must not be written, and not
// be read after t's pass has ended. It panics if T is not t's type.
func View[T Elem](t Tensor) []T {
	h := t.use("tensor.View")
	if d := dtypeOf[T](); d != h.dtype {
		fail(&Error{Op: "tensor.View", Shapes: t.shapes(),
			Why: fmt.Sprintf("the tensor holds %v, not %v", h.dtype, d),
			Fix: fmt.Sprintf("ask for %v, or convert with To first", h.dtype)})
	}
	return elems[T](h)
}

func elems[T any](h *header) []T {
	if h.n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(h.ptr), h.n)
}

// use returns t's header, or panics if t is no tensor or its pass has ended.
func (t Tensor) use(op string) *header {
	if t.h == nil || t.h.gen != t.gen || t.h.odd {
		t.look(op)
	}
	return t.h
}

// look is the rest of use, apart so that use is inlined.
func (t Tensor) look(op string) {
	if !t.Valid() {
		t.stale(op)
	}
	if s := t.h.scope; s != nil && s.capture != nil {
		s.capture.hold(t.h)
	}
}

func (t Tensor) stale(op string) {
	if t.h == nil {
		fail(&Error{Op: op, Why: "an operand is the zero Tensor", Fix: "pass a tensor that was made by an operation or a constructor"})
	}
	if l := t.h.lender; l != nil && (l == t.h || l.gen != t.h.term) {
		fail(&Error{Op: op, Why: "the batch ended that an operand belongs to, and its memory is written again for the next",
			Fix: "Keep it (or take its Data) before the next batch is asked for"})
	}
	fail(&Error{Op: op, Why: "an operand's pass ended, or its layer returned, and its memory went back",
		Fix: "Keep it (or take its Data) before the pass or the layer ends; only its results live on when a layer returns"})
}

// Shape returns a copy of t's shape.
func (t Tensor) Shape() []int {
	h := t.use("tensor.Shape")
	return slices.Clone(h.dims())
}

func (h *header) dims() []int { return h.shape[:h.rank] }

// Dim returns the length of axis i; negative axes count from the end.
func (t Tensor) Dim(i int) int {
	h := t.use("tensor.Dim")
	return h.shape[h.axis("tensor.Dim", i)]
}

// axis resolves a negative axis and panics if there is no such one.
func (h *header) axis(op string, i int) int {
	if a := i + int(h.rank)*b2i(i < 0); a >= 0 && a < int(h.rank) {
		return a
	}
	fail(&Error{Op: op, Shapes: [][]int{slices.Clone(h.dims())},
		Why: fmt.Sprintf("there is no axis %d in a tensor of rank %d", i, h.rank),
		Fix: fmt.Sprintf("use an axis from %d to %d", -int(h.rank), int(h.rank)-1)})
	return 0
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Rank returns the number of axes: 0 for a scalar.
func (t Tensor) Rank() int { return int(t.use("tensor.Rank").rank) }

// Len returns the number of elements.
func (t Tensor) Len() int { return t.use("tensor.Len").n }

// DType returns the type of the elements.
func (t Tensor) DType() DType { return t.use("tensor.DType").dtype }

// Valid tells whether t may be used: it is a tensor and its memory is still
// its own.
func (t Tensor) Valid() bool {
	return t.h != nil && t.h.gen == t.gen && (t.h.lender == nil || t.h.lender.gen == t.h.term)
}

// Tracked tells whether operations on t are recorded.
func (t Tensor) Tracked() bool { return t.use("tensor.Tracked").node != nil }

// Item returns the only element of t as a float64; it panics if there is not
// exactly one.
func (t Tensor) Item() float64 {
	h := t.use("tensor.Item")
	if h.n != 1 {
		fail(&Error{Op: "tensor.Item", Shapes: t.shapes(), Why: fmt.Sprintf("%d elements, want one", h.n),
			Fix: "reduce it first (Mean, Sum), or use At or Data"})
	}
	return h.at(0)
}

// At returns one element as a float64; negative indices count from the end.
func (t Tensor) At(ix ...int) float64 {
	h := t.use("tensor.At")
	if len(ix) != int(h.rank) {
		fail(&Error{Op: "tensor.At", Shapes: t.shapes(), Why: fmt.Sprintf("%d indices for %d axes", len(ix), h.rank), Fix: "give one index per axis"})
	}
	pos := 0
	for a, i := range ix {
		d := h.shape[a]
		if i < 0 {
			i += d
		}
		if i < 0 || i >= d {
			fail(&Error{Op: "tensor.At", Shapes: t.shapes(), Why: fmt.Sprintf("index %d on axis %d of length %d", ix[a], a, d), Fix: "stay within the axis"})
		}
		pos = pos*d + i
	}
	return h.at(pos)
}

// at returns element i in row-major order, bools as 0 and 1.
func (h *header) at(i int) float64 {
	switch h.dtype {
	case Float32:
		return float64(elems[float32](h)[i])
	case Float64:
		return elems[float64](h)[i]
	case Int32:
		return float64(elems[int32](h)[i])
	case Uint8:
		return float64(elems[uint8](h)[i])
	}
	return float64(b2i(elems[bool](h)[i]))
}

// String returns type, shape and the first elements: "float32 [2 3] {1 2 3 …}".
func (t Tensor) String() string {
	if !t.Valid() {
		return "tensor (not valid)"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%v %v {", t.h.dtype, t.h.dims())
	for i := range min(t.h.n, 8) {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%.4g", t.h.at(i))
	}
	if t.h.n > 8 {
		b.WriteString(" …")
	}
	b.WriteByte('}')
	return b.String()
}

// Detach returns t as a constant: the same memory, not tracked.
func (t Tensor) Detach() Tensor {
	h := t.use("tensor.Detach")
	if h.node == nil {
		return t
	}
	return alias(h, h.dims())
}

// Keep returns t's elements as a tensor that lives on, untracked: it copies t
// out of its scope to the Go heap, and copies what is written again in place:
// a batch, a parameter's or statistic's value, and what shares their memory.
// Any other heap tensor is returned as it is.
func (t Tensor) Keep() Tensor {
	h := t.use("tensor.Keep")
	if h.scope == nil && h.lender == nil {
		return t
	}
	out := allocLike(nil, h)
	copyBytes(out.h, h)
	return out
}

func copyBytes(dst, src *header) {
	if n := src.n * src.dtype.size(); n > 0 {
		copy(unsafe.Slice((*byte)(dst.ptr), n), unsafe.Slice((*byte)(src.ptr), n))
	}
}

// mul returns the product of a shape's axes, −1 if an axis is negative or the
// product is beyond any memory.
func mul(shape []int) int {
	n := uint64(1)
	for _, d := range shape {
		hi, lo := bits.Mul64(n, uint64(d))
		if d < 0 || hi != 0 || lo > 1<<44 {
			return -1
		}
		n = lo
	}
	return int(n)
}

func badShape(shape []int) {
	fail(&Error{Op: "tensor", Shapes: [][]int{slices.Clone(shape)}, Why: fmt.Sprintf("no tensor can have this shape (at most %d axes, none negative, 2^44 elements)", maxRank),
		Fix: "check the sizes that the shape is computed from"})
}

// shapes lists operands' shapes for an Error.
func (t Tensor) shapes(more ...Tensor) [][]int {
	s := [][]int{slices.Clone(t.h.dims())}
	for _, m := range more {
		if m.h != nil {
			s = append(s, slices.Clone(m.h.dims()))
		}
	}
	return s
}
