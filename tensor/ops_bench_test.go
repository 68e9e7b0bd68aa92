package tensor

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkNode is one operation on 16 elements, recorded and reversed: a
// chain of them, so that the rest of a pass weighs little. What the operation
// takes by itself, not recorded, is measured in turn with it; overhead-ns is
// what recording and reversing add.
func BenchmarkNode(b *testing.B) {
	for _, c := range []struct {
		name string
		f    func(x, w Tensor) Tensor
	}{
		{"Add", Tensor.Add},
		{"Mul", Tensor.Mul},
		{"Scale", func(x, _ Tensor) Tensor { return x.Scale(.9) }},
		{"Tanh", func(x, _ Tensor) Tensor { return x.Tanh() }},
		{"ReLU", func(x, _ Tensor) Tensor { return x.ReLU() }},
		{"Reshape", func(x, _ Tensor) Tensor { return x.Reshape(16) }},
	} {
		b.Run(c.name, func(b *testing.B) { benchmarkNode(b, c.f) })
	}
}

func benchmarkNode(b *testing.B, f func(x, w Tensor) Tensor) {
	const chain = 64
	s, w := NewScope(), Full(.5, 16)
	xs, grads := make([]Tensor, 1), make([]Tensor, 1)
	var plain time.Duration
	for b.Loop() {
		s.Reset()
		xs[0] = s.leaf(w.h)
		y := xs[0]
		for range chain {
			y = f(y, w)
		}
		s.backward(y.Sum(), xs, grads, nil)

		begin := time.Now()
		s.Reset()
		y = alias(s.leaf(w.h).h, []int{16})
		for range chain {
			y = f(y, w)
		}
		y.Sum()
		plain += time.Since(begin)
	}
	perNode := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / float64(b.N) / chain }
	b.ReportMetric(perNode(b.Elapsed()-plain), "ns/node")
	b.ReportMetric(perNode(b.Elapsed()-2*plain), "overhead-ns")
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
