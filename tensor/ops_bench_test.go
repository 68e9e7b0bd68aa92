package tensor

import (
	"fmt"
	"testing"
)

// BenchmarkNode is one operation on 16 elements, recorded and reversed: a
// chain of them, so that the rest of a pass weighs little.
func BenchmarkNode(b *testing.B) {
	const chain = 64
	s, w := NewScope(), Full(.5, 16)
	xs, grads := make([]Tensor, 1), make([]Tensor, 1)
	for _, c := range []struct {
		name string
		f    func(x Tensor) Tensor
	}{
		{"Add", func(x Tensor) Tensor { return x.Add(w) }},
		{"Mul", func(x Tensor) Tensor { return x.Mul(w) }},
		{"Scale", func(x Tensor) Tensor { return x.Scale(.9) }},
		{"Tanh", Tensor.Tanh},
		{"ReLU", Tensor.ReLU},
		{"Reshape", func(x Tensor) Tensor { return x.Reshape(16) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				s.Reset()
				xs[0] = s.leaf(w.h)
				y := xs[0]
				for range chain {
					y = c.f(y)
				}
				s.backward(y.Sum(), xs, grads, nil)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/chain, "ns/node")
		})
	}
}

// BenchmarkForward is one operation in a scope, not recorded.
func BenchmarkForward(b *testing.B) {
	for _, n := range []int{16, 512} {
		s := NewScope()
		x := alloc(s, Float32, []int{n / 16, 16})
		row := Full(2, 16)
		fillWith(x.h, .5)
		for _, c := range []struct {
			name string
			f    func(x Tensor) Tensor
		}{
			{"Add", func(x Tensor) Tensor { return x.Add(x) }},
			{"AddRow", func(x Tensor) Tensor { return x.Add(row) }},
			{"ReLU", Tensor.ReLU},
			{"Sum0", func(x Tensor) Tensor { return x.Sum(0) }},
			{"Mean", func(x Tensor) Tensor { return x.Mean() }},
		} {
			b.Run(fmt.Sprint(c.name, n), func(b *testing.B) {
				mark := len(s.live)
				for b.Loop() {
					c.f(x)
					s.release(mark)
				}
			})
		}
	}
}
