package kernel

import (
	"sync"
	"unsafe"
)

// scratch is the working memory of one worker while it does a chunk. Chunks
// take it from a list and put it back, so that it is made only as often as
// chunks ever ran at once, and grows only until it fits the largest.
type scratch struct {
	tile    tileArgs
	offsets [][2]int
	a, b, c buffer
	a2      buffer
	next    *scratch

	// What a chunk of a convolution works on: see window.at.
	images, rows      span           // images, and rows of the output
	base              unsafe.Pointer // the first tap of the first output
	pitch, imagePitch int            // bytes between rows, and between images

	pool poolArgs
	taps []int

	winograd winogradArgs
	vectors  [winogradPoints * cacheLine]byte // what a transformation holds on the way
}

var scratches struct {
	sync.Mutex
	free *scratch
}

func takeScratch() *scratch {
	l := &scratches
	l.Lock()
	s := l.free
	if s != nil {
		l.free = s.next
	}
	l.Unlock()
	if s == nil {
		s = new(scratch)
	}
	return s
}

func (s *scratch) put() {
	s.tile, s.pool, s.winograd, s.base = tileArgs{}, poolArgs{}, winogradArgs{}, nil // it must not keep a caller's tensors alive
	l := &scratches
	l.Lock()
	s.next = l.free
	l.free = s
	l.Unlock()
}

// buffer is memory that grows and is never given back.
type buffer struct{ words []uint64 }

const cacheLine = 64

// bytes returns n bytes and a little more, aligned to a cache line. What they
// held before is undefined.
func (b *buffer) bytes(n int) unsafe.Pointer {
	const slack = 4 * cacheLine // tiles may read, not use, a vector past the end
	if need := (n + slack) / 8; len(b.words) < need {
		b.words = make([]uint64, need+need/8)
	}
	p := unsafe.Pointer(unsafe.SliceData(b.words))
	return unsafe.Add(p, -uintptr(p)&(cacheLine-1))
}

// pool keeps jobs for reuse. A job must clear its pointers before it returns.
type pool[J any] struct {
	mu   sync.Mutex
	free []*J
}

func (p *pool[J]) take() *J {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.free)
	if n == 0 {
		return new(J)
	}
	j := p.free[n-1]
	p.free = p.free[:n-1]
	return j
}

func (p *pool[J]) put(j *J) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, j)
}

// columns returns n elements of b. What they held before is undefined.
func columns[T Float](b *buffer, n int) []T { return unsafe.Slice((*T)(b.bytes(8*n)), n) }
