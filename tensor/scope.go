package tensor

import (
	"math/bits"
	"unsafe"
)

// Scope is the arena and the tape of one forward and backward pass. One
// goroutine uses it at a time. Memory that a scope has taken from the Go heap
// it keeps: after the first passes a pass of the same shapes allocates nothing.
type Scope struct {
	free    [classes][]*buffer
	spare   []*header // recycled headers
	live    []*header // every header in use, oldest first; freed ones are nil
	tape    []*node   // nodes in use, in order of recording
	nodes   []*node   // recycled nodes
	walks   []*walk   // recycled walks
	hooks   []*hook   // recycled hooks
	layer   string    // what runs now, for errors
	quiet   int       // above 0: nothing is recorded
	capture *capture  // set while a recomputed part runs for the first time
	allocs  int
	bytes   int
}

// NewScope returns an empty scope.
func NewScope() *Scope { return &Scope{} }

// Reset ends the pass: every tensor of the scope becomes invalid and its
// memory is free for the next pass.
func (s *Scope) Reset() {
	for _, n := range s.tape {
		s.recycleNode(n)
	}
	s.tape = s.tape[:0]
	for _, h := range s.live {
		if h != nil {
			s.recycle(h)
		}
	}
	s.live = s.live[:0]
	s.quiet, s.capture, s.layer = 0, nil, ""
}

// Track returns a tracked leaf with x's elements, in s. Operations on it, and
// on what follows from it, are recorded.
func (s *Scope) Track(x Tensor) Tensor {
	h := x.use("tensor.Track")
	if !h.dtype.float() {
		fail(&Error{Op: "tensor.Track", Shapes: x.shapes(), Why: h.dtype.String() + " has no derivative", Fix: "track a float32 or float64 tensor"})
	}
	if h.scope != nil && h.scope != s {
		twoPasses("tensor.Track", x)
	}
	return s.leaf(h)
}

// leaf returns a tracked alias of h in s.
func (s *Scope) leaf(h *header) Tensor {
	out := s.header(h.dtype, h.dims())
	out.ptr, out.n = h.ptr, h.n
	out.borrow(h)
	if out.buf = h.buf; out.buf != nil {
		out.buf.refs++
	}
	n := s.node(&leafOp, out)
	n.nin = 0
	return Tensor{out, out.gen}
}

// buffer is counted memory of a scope.
type buffer struct {
	ptr   unsafe.Pointer
	refs  int32
	class int32
	bytes int
}

// A class is a quarter of a power of two, from 64 bytes up.
const (
	minBits = 6
	classes = (48 - minBits) * 4
	line    = 64 // buffers start on a cache line
)

// classOf returns the class that holds n bytes and its size.
func classOf(n int) (class, size int) {
	if n <= 1<<minBits {
		return 0, 1 << minBits
	}
	top := bits.Len(uint(n-1)) - 1 // 2^top < n ≤ 2^(top+1)
	step := 1 << (top - 2)
	q := (n - 1 - 1<<top) / step // 0…3
	return (top-minBits)*4 + q + 1, 1<<top + (q+1)*step
}

func (s *Scope) buffer(bytes int) *buffer {
	c, size := classOf(bytes)
	if f := s.free[c]; len(f) > 0 {
		b := f[len(f)-1]
		s.free[c] = f[:len(f)-1]
		b.refs = 1
		return b
	}
	s.allocs++
	s.bytes += size
	return &buffer{ptr: lined(size), refs: 1, class: int32(c), bytes: size}
}

// lined returns memory that starts on a cache line.
func lined(bytes int) unsafe.Pointer {
	mem := make([]byte, bytes+line)
	off := -uintptr(unsafe.Pointer(&mem[0])) & (line - 1)
	return unsafe.Pointer(&mem[off])
}

// header returns a fresh header in s without memory.
func (s *Scope) header(d DType, shape []int) *header {
	h := s.blank(d)
	h.rank = uint8(len(shape))
	copy(h.shape[:], shape)
	return h
}

// blank returns a fresh header in s without memory or shape.
func (s *Scope) blank(d DType) *header {
	var h *header
	if k := len(s.spare); k > 0 {
		h = s.spare[k-1]
		s.spare = s.spare[:k-1]
	} else {
		s.allocs++
		h = &header{scope: s}
	}
	h.dtype, h.slot = d, len(s.live)
	s.live = append(s.live, h)
	return h
}

// recycle takes h out of use: handles to it become invalid, and its memory is
// free once no other header shares it.
func (s *Scope) recycle(h *header) {
	h.gen++
	h.node, h.flags = nil, 0
	if b := h.buf; b != nil {
		if b.refs--; b.refs == 0 {
			poison(b)
			s.free[b.class] = append(s.free[b.class], b)
		}
		h.buf = nil
	}
	h.ptr, h.lender, h.odd = nil, nil, false
	s.spare = append(s.spare, h)
}

// drop recycles h before the scope ends.
func (s *Scope) drop(h *header) {
	s.live[h.slot] = nil
	s.recycle(h)
}

// release is the end of a memory frame: what was made since mark goes, unless
// it is tracked, pinned, or flagged keep or given, or was freed already.
func (s *Scope) release(mark int) {
	k := mark
	for _, h := range s.live[mark:] {
		switch {
		case h == nil:
		case h.node == nil && h.flags == 0:
			s.recycle(h)
		default:
			h.slot = k
			s.live[k] = h
			k++
		}
	}
	s.live = s.live[:k]
}

// alloc returns a tensor with memory that is not cleared, in s or, if s is
// nil, on the Go heap (cleared, as Go does).
func alloc(s *Scope, d DType, shape []int) Tensor {
	n := mul(shape)
	if n < 0 || len(shape) > maxRank {
		badShape(shape)
	}
	if s == nil {
		h := &header{dtype: d, rank: uint8(len(shape)), n: n}
		copy(h.shape[:], shape)
		if n > 0 {
			h.ptr = lined(n * d.size())
		}
		return Tensor{h, 0}
	}
	h := s.header(d, shape)
	if h.n = n; n > 0 {
		h.buf = s.buffer(n * d.size())
		h.ptr = h.buf.ptr
	}
	return Tensor{h, h.gen}
}

// borrow notes that h lies over from's memory, if that is written again.
func (h *header) borrow(from *header) {
	if from.lender != nil {
		h.lender, h.term = from.lender, from.term
		h.odd = true
	}
}

// allocLike returns a tensor of x's type and shape with memory that is not
// cleared, in s or on the heap. It is alloc without looking at each axis.
func allocLike(s *Scope, x *header) Tensor {
	if s == nil {
		return alloc(nil, x.dtype, x.dims())
	}
	h := s.blank(x.dtype)
	h.rank, h.shape, h.n = x.rank, x.shape, x.n
	if h.n > 0 {
		h.buf = s.buffer(h.n * h.dtype.size())
		h.ptr = h.buf.ptr
	}
	return Tensor{h, h.gen}
}

// alias returns an untracked tensor over h's memory with another shape of the
// same number of elements, in h's home.
func alias(h *header, shape []int) Tensor { return window(h, 0, shape) }

// window returns an untracked tensor over part of h's memory, from element
// from on, in h's home.
func window(h *header, from int, shape []int) Tensor {
	var out *header
	if h.scope == nil {
		out = &header{dtype: h.dtype, rank: uint8(len(shape))}
		copy(out.shape[:], shape)
	} else {
		out = h.scope.header(h.dtype, shape)
		if out.buf = h.buf; out.buf != nil {
			out.buf.refs++
		}
	}
	out.borrow(h)
	if out.n = mul(shape); out.n > 0 {
		out.ptr = unsafe.Add(h.ptr, from*h.dtype.size())
	}
	return Tensor{out, out.gen}
}
