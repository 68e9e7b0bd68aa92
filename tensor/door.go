package tensor

import (
	"unsafe"

	"github.com/limpid-ml/limpid/internal/backstage"
)

// door is what nn, loss and train reach beyond the public API; see
// backstage.Tensor. The fused operations are in fuseddoor.go.
type door struct{}

func init() { backstage.RegisterTensor[Tensor, Scope, Rand](door{}) }

func (door) Scope(t Tensor) *Scope { return t.use("tensor").scope }

func (door) Leaf(s *Scope, v Tensor) Tensor { return s.leaf(v.use("tensor.Track")) }

func (door) Adopt(s *Scope, v Tensor) Tensor {
	h := v.use("tensor")
	if h.scope == s {
		return v
	}
	if h.scope != nil {
		twoPasses("nn.Pass", v)
	}
	out := s.header(h.dtype, h.dims())
	out.ptr, out.n = h.ptr, h.n
	out.borrow(h)
	return Tensor{out, out.gen}
}

func (door) Mark(s *Scope) int { return len(s.live) }

func (door) Release(s *Scope, mark int, kept Tensor) {
	if kept.h == nil || kept.h.scope != s { // a heap tensor may be read by others now
		s.release(mark)
		return
	}
	kept.h.flags |= keep
	s.release(mark)
	kept.h.flags &^= keep
}

func (door) ReleaseBut(s *Scope, mark int, kept []Tensor) {
	for _, t := range kept {
		if t.Valid() && t.h.scope == s {
			t.h.flags |= keep
		}
	}
	s.release(mark)
	for _, t := range kept {
		if t.Valid() && t.h.scope == s {
			t.h.flags &^= keep
		}
	}
}

func (door) SetLayer(s *Scope, layer string) string {
	old := s.layer
	s.layer = layer
	return old
}

func (door) WatchGrad(y Tensor, sink backstage.GradSink[Tensor], path string, call int) {
	h := y.use("tensor")
	if h.node == nil {
		return
	}
	s := h.scope
	var k *hook
	if n := len(s.hooks); n > 0 {
		k = s.hooks[n-1]
		s.hooks = s.hooks[:n-1]
	} else {
		s.allocs++
		k = &hook{}
	}
	k.sink, k.path, k.call, k.next = sink, path, call, nil
	last := &h.node.hook
	for *last != nil {
		last = &(*last).next
	}
	*last = k
}

func (door) Backward(s *Scope, y Tensor, xs, out []Tensor, reached []bool) {
	s.backward(y, xs, out, reached)
}

func (door) Recompute(s *Scope, x Tensor, f func(Tensor) Tensor, before func(bool), after func()) Tensor {
	return s.recompute(x, &recomputed{f, before, after})
}

func (door) Seed(r *Rand, s *Scope, seed, stream uint64, wide bool) {
	*r = Rand{seed: seed, stream: stream, scope: s, wide: wide}
}

func (door) Memory(t Tensor) ([]float32, []float64) {
	h := t.use("tensor")
	switch {
	case h.scope != nil || !h.dtype.float():
		panic("tensor: only a float tensor outside any scope has memory to write")
	case h.dtype == Float32:
		return unsafe.Slice((*float32)(h.ptr), h.n), nil
	}
	return nil, unsafe.Slice((*float64)(h.ptr), h.n)
}

func (door) Live(t Tensor) {
	h := t.use("tensor")
	h.lender, h.term = h, h.gen
	h.odd = true
}

func (door) Expire(t Tensor) Tensor {
	h := t.use("tensor")
	h.gen++
	h.term = h.gen
	return Tensor{h, h.gen}
}

func (door) Allocs(s *Scope) int { return s.allocs }

func (door) Bytes(s *Scope) int { return s.bytes }
