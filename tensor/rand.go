package tensor

import (
	"fmt"
	"math"

	"github.com/limpid-ml/limpid/internal/kernel"
)

// Rand is a stream of random numbers. Number n of a stream depends on seed,
// stream and n alone (Philox), so that what is drawn is the same at any number
// of threads and after a resume. One goroutine uses it at a time.
type Rand struct {
	seed, stream uint64
	block        uint64 // the next block of four words
	scope        *Scope
	wide         bool // tensors are float64
}

// NewRand returns the stream of a seed; its tensors are float32 on the heap.
func NewRand(seed uint64) *Rand { return &Rand{seed: seed} }

// next returns two 64-bit words and moves on.
func (r *Rand) next() (a, b uint64) {
	x0, x1, x2, x3 := kernel.Philox(r.seed, r.stream, r.block)
	r.block++
	return uint64(x0)<<32 | uint64(x1), uint64(x2)<<32 | uint64(x3)
}

// unit turns a word into a number in [0, 1) with 53 random bits.
func unit(w uint64) float64 { return float64(w>>11) * 0x1p-53 }

// Float64 returns a number in [0, 1).
func (r *Rand) Float64() float64 {
	a, _ := r.next()
	return unit(a)
}

// IntN returns a number in 0…n−1, each equally likely. It panics if n < 1.
func (r *Rand) IntN(n int) int {
	if n < 1 {
		Fail("tensor.Rand.IntN", "n is %d, want at least 1", n)
	}
	limit := math.MaxUint64 - math.MaxUint64%uint64(n)
	for {
		a, b := r.next()
		for _, w := range [2]uint64{a, b} {
			if w < limit {
				return int(w % uint64(n))
			}
		}
	}
}

// Perm returns the numbers 0…n−1 in random order (Fisher and Yates).
func (r *Rand) Perm(n int) []int {
	p := make([]int, n)
	for i := range p {
		j := r.IntN(i + 1)
		p[i] = p[j]
		p[j] = i
	}
	return p
}

// Normal returns a tensor of normal numbers (Box and Muller 1958).
func (r *Rand) Normal(mean, std float64, shape ...int) Tensor {
	if std < 0 {
		fail(&Error{Op: "tensor.Rand.Normal", Why: fmt.Sprintf("standard deviation %g is negative", std), Fix: "pass the deviation, not a log or a difference"})
	}
	return r.pairs(shape, mean, std, func(a, b uint64) (float64, float64) {
		radius := math.Sqrt(-2 * math.Log(1-unit(a)))
		sin, cos := math.Sincos(2 * math.Pi * unit(b))
		return radius * cos, radius * sin
	})
}

// Uniform returns a tensor of numbers in [lo, hi).
func (r *Rand) Uniform(lo, hi float64, shape ...int) Tensor {
	out := r.pairs(shape, lo, hi-lo, func(a, b uint64) (float64, float64) { return unit(a), unit(b) })
	if r.wide {
		below(elems[float64](out.h), lo, hi, math.Nextafter)
	} else {
		below(elems[float32](out.h), lo, hi, math.Nextafter32)
	}
	return out
}

// below brings what was rounded up to hi back to the number before.
func below[T float32 | float64](dst []T, lo, hi float64, after func(x, y T) T) {
	if !(lo < hi) {
		return
	}
	for i, v := range dst {
		if float64(v) >= hi {
			dst[i] = max(after(v, T(math.Inf(-1))), T(lo))
		}
	}
}

// Bernoulli returns a tensor of ones with probability p, and zeros.
func (r *Rand) Bernoulli(p float64, shape ...int) Tensor {
	return r.pairs(shape, 0, 1, func(a, b uint64) (float64, float64) {
		return float64(b2i(unit(a) < p)), float64(b2i(unit(b) < p))
	})
}

// pairs fills a tensor with from + scale·draw, two elements a block.
func (r *Rand) pairs(shape []int, from, scale float64, draw func(a, b uint64) (float64, float64)) Tensor {
	d := Float32
	if r.wide {
		d = Float64
	}
	out := alloc(r.scope, d, shape)
	if r.wide {
		fillPairs(r, elems[float64](out.h), from, scale, draw)
	} else {
		fillPairs(r, elems[float32](out.h), from, scale, draw)
	}
	return out
}

func fillPairs[T float32 | float64](r *Rand, dst []T, from, scale float64, draw func(a, b uint64) (float64, float64)) {
	for i := 0; i < len(dst); i += 2 {
		u, v := draw(r.next())
		dst[i] = T(from + scale*u)
		if i+1 < len(dst) {
			dst[i+1] = T(from + scale*v)
		}
	}
}
