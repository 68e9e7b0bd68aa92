package kernel

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/limpid-ml/limpid/internal/backstage"
)

// number is one weight's state in an optimiser, in float64.
type number struct{ w, a, b, c float64 }

// stepForm is an optimiser with coefficients: the step of one number, as
// PyTorch's documentation writes it, and the kernel.
type stepForm[T Float] struct {
	name  string
	one   func(n *number, g float64, step int)
	slots int
	all   func(w, g []T, s [3][]T, step int)
}

func sgdForm[T Float](momentum, dampening, decay float64, nesterov bool) stepForm[T] {
	const lr = .1
	return stepForm[T]{fmt.Sprint("SGD ", momentum, dampening, decay, nesterov), func(n *number, g float64, step int) {
		g += decay * n.w
		if momentum != 0 {
			if step == 1 {
				n.a = g
			} else {
				n.a = momentum*n.a + (1-dampening)*g
			}
			if nesterov {
				g += momentum * n.a
			} else {
				g = n.a
			}
		}
		n.w -= lr * g
	}, 1, func(w, g []T, s [3][]T, step int) {
		SGD(w, g, s[0], &SGDStep{LR: lr, Momentum: momentum, Dampening: dampening, Decay: decay, Nesterov: nesterov, First: step == 1})
	}}
}

func adamForm[T Float](b1, b2, decay float64, decoupled bool) stepForm[T] {
	const lr, eps = .01, 1e-6
	return stepForm[T]{fmt.Sprint("Adam ", b1, b2, decay, decoupled), func(n *number, g float64, step int) {
		if decoupled {
			n.w -= lr * decay * n.w
		} else {
			g += decay * n.w
		}
		n.a = b1*n.a + (1-b1)*g
		n.b = b2*n.b + (1-b2)*g*g
		mean := n.a / (1 - math.Pow(b1, float64(step)))
		square := n.b / (1 - math.Pow(b2, float64(step)))
		n.w -= lr * mean / (math.Sqrt(square) + eps)
	}, 2, func(w, g []T, s [3][]T, step int) {
		Adam(w, g, s[0], s[1], &AdamStep{LR: lr, Beta1: b1, Beta2: b2, Eps: eps, Decay: decay, Decoupled: decoupled, Step: step})
	}}
}

func rmspropForm[T Float](momentum, decay float64, centred bool) stepForm[T] {
	const lr, alpha, eps = .01, .9, 1e-3
	return stepForm[T]{fmt.Sprint("RMSprop ", momentum, decay, centred), func(n *number, g float64, _ int) {
		g += decay * n.w
		n.a = alpha*n.a + (1-alpha)*g*g
		square := n.a
		if centred {
			n.c = alpha*n.c + (1-alpha)*g
			square -= n.c * n.c
		}
		d := g / (math.Sqrt(math.Max(square, 0)) + eps)
		if momentum > 0 {
			n.b = momentum*n.b + d
			d = n.b
		}
		n.w -= lr * d
	}, 3, func(w, g []T, s [3][]T, _ int) {
		RMSprop(w, g, s[0], s[1], s[2], &RMSpropStep{LR: lr, Alpha: alpha, Eps: eps, Decay: decay, Momentum: momentum, Centered: centred})
	}}
}

func adaForms[T Float](decay float64) []stepForm[T] {
	return []stepForm[T]{
		{fmt.Sprint("Adagrad ", decay), func(n *number, g float64, _ int) {
			g += decay * n.w
			n.a += g * g
			n.w -= .1 * g / (math.Sqrt(n.a) + 1e-6)
		}, 1, func(w, g []T, s [3][]T, _ int) {
			Adagrad(w, g, s[0], &AdagradStep{LR: .1, Eps: 1e-6, Decay: decay})
		}},
		{fmt.Sprint("Adadelta ", decay), func(n *number, g float64, _ int) {
			g += decay * n.w
			n.a = .9*n.a + .1*g*g
			d := math.Sqrt(n.b+1e-4) / math.Sqrt(n.a+1e-4) * g
			n.b = .9*n.b + .1*d*d
			n.w -= .5 * d
		}, 2, func(w, g []T, s [3][]T, _ int) {
			Adadelta(w, g, s[0], s[1], &AdadeltaStep{LR: .5, Rho: .9, Eps: 1e-4, Decay: decay})
		}},
	}
}

func stepForms[T Float]() (all []stepForm[T]) {
	for _, decay := range []float64{0, .1} {
		all = append(all, adaForms[T](decay)...)
		for _, flag := range []bool{false, true} {
			all = append(all, adamForm[T](.9, .99, decay, flag), adamForm[T](0, .5, decay, flag))
			for _, momentum := range []float64{0, .8} {
				all = append(all, sgdForm[T](momentum, 0, decay, flag), rmspropForm[T](momentum, decay, flag))
			}
		}
		all = append(all, sgdForm[T](.8, .5, decay, false))
	}
	return all
}

func optimiserSteps[T Float](t *testing.T) {
	for _, form := range stepForms[T]() {
		for _, n := range []int{0, 1, 5, 8, 16, 19, 33} {
			w := guarded[T](t, n)
			slots := [3][]T{guarded[T](t, n), guarded[T](t, n), guarded[T](t, n)}
			state := make([]number, n)
			for i, v := range w {
				state[i].w = float64(v)
			}
			for _, s := range slots {
				clear(s)
			}
			for step := 1; step <= 6; step++ {
				g := guarded[T](t, n)
				form.all(w, g, slots, step)
				want := make([]float64, n)
				for i := range state {
					form.one(&state[i], float64(g[i]), step)
					want[i] = state[i].w
				}
				agree(t, fmt.Sprint(form.name, ", ", n, " weights, step ", step), w, want, 3*slack[T]())
			}
			for i := range form.slots {
				want := make([]float64, n)
				for k, s := range state {
					want[k] = [3]float64{s.a, s.b, s.c}[i]
				}
				agree(t, fmt.Sprint(form.name, ", slot ", i), slots[i], want, 10*slack[T]())
			}
		}
	}
}

func TestOptimisersEqualTheirDefinition(t *testing.T) {
	bothTypes(t, optimiserSteps[float32], optimiserSteps[float64])
}

// TestOptimisersStandStillWithoutGradient: at a gradient of 0, without decay
// and from empty slots, no weight moves.
func TestOptimisersStandStillWithoutGradient(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for name, step := range optimizers[float32]() {
			if !containsZeroDecay(name) {
				continue
			}
			w, g := guarded[float32](t, 21), make([]float32, 21)
			want := to64(w)
			step(w, g, [3][]float32{make([]float32, 21), make([]float32, 21), make([]float32, 21)}, 1)
			agree(t, name, w, want, 0)
		}
	})
}

// containsZeroDecay tells by a name of optimizers that its decay is 0.
func containsZeroDecay(name string) bool {
	var what string
	var decay float64
	fmt.Sscan(name, &what, &decay)
	return decay == 0
}

// cellStep is one step of one row of a recurrent layer: x holds the gates'
// input, m what they have of h, both in PyTorch's order.
func cellStep(cell backstage.Cell, x, m, h, c []float64) (nextH, nextC []float64) {
	n := len(h)
	nextH, nextC = make([]float64, n), make([]float64, n)
	for k := range n {
		gate := func(g int) float64 { return x[g*n+k] + m[g*n+k] }
		switch cell {
		case backstage.CellTanh:
			nextH[k] = math.Tanh(gate(0))
		case backstage.CellReLU:
			nextH[k] = math.Max(gate(0), 0)
		case backstage.CellLSTM:
			nextC[k] = sigmoidOf(gate(1))*c[k] + sigmoidOf(gate(0))*math.Tanh(gate(2))
			nextH[k] = sigmoidOf(gate(3)) * math.Tanh(nextC[k])
		case backstage.CellGRU:
			candidate := math.Tanh(x[2*n+k] + sigmoidOf(gate(0))*m[2*n+k])
			z := sigmoidOf(gate(1))
			nextH[k] = (1-z)*candidate + z*h[k]
		}
	}
	return nextH, nextC
}

// plainRecur is a recurrence by its definition; it returns all states and the
// last c.
func plainRecur(r *Recurrence, x, h0, c0, w, b []float64) (y, c []float64) {
	width := r.Cell.Gates() * r.H
	y, c = make([]float64, r.T*r.N*r.H), make([]float64, r.N*r.H)
	for n := range r.N {
		h := append([]float64{}, h0[n*r.H:][:r.H]...)
		carry := make([]float64, r.H)
		if c0 != nil {
			copy(carry, c0[n*r.H:])
		}
		for k := range r.T {
			t := k
			if r.Back {
				t = r.T - 1 - k
			}
			if r.Lens == nil || t < int(r.Lens[n]) {
				m := make([]float64, width)
				for g := range m {
					if b != nil {
						m[g] = b[g]
					}
					for i := range h {
						m[g] += w[g*r.H+i] * h[i]
					}
				}
				h, carry = cellStep(r.Cell, x[(t*r.N+n)*width:][:width], m, h, carry)
			}
			copy(y[(t*r.N+n)*r.H:], h)
		}
		copy(c[n*r.H:], carry)
	}
	return y, c
}

// recurrences go through all cells, directions, lengths and sizes.
func recurrences(f func(r Recurrence)) {
	for cell := backstage.CellTanh; cell <= backstage.CellGRU; cell++ {
		for _, back := range []bool{false, true} {
			for _, size := range [][3]int{{1, 1, 1}, {4, 3, 5}, {3, 2, 8}, {2, 9, 17}} {
				r := Recurrence{Cell: cell, T: size[0], N: size[1], H: size[2], Back: back, Keep: true}
				f(r)
				for i := range r.N {
					r.Lens = append(r.Lens, int32((i*2+1)%(r.T+1)))
				}
				f(r)
			}
		}
	}
}

func recurrencesAgree[T Float](t *testing.T) {
	recurrences(func(r Recurrence) {
		size, width := r.N*r.H, r.N*r.Cell.Gates()*r.H
		x, h0, c0 := guarded[T](t, r.T*width), guarded[T](t, size), guarded[T](t, size)
		w, b := guarded[T](t, r.Cell.Gates()*r.H*r.H), guarded[T](t, r.Cell.Gates()*r.H)
		if r.Cell != backstage.CellLSTM {
			c0 = nil
		}
		for _, bias := range [][]T{b, nil} {
			var bias64 []float64
			if bias != nil {
				bias64 = to64(bias)
			}
			want, wantC := plainRecur(&r, to64(x), to64(h0), to64(c0), to64(w), bias64)
			what := fmt.Sprintf("%+v, bias %v", r, bias != nil)
			y, gates, carry := guarded[T](t, r.T*size), guarded[T](t, r.T*width), guarded[T](t, r.T*size)
			Recur(&r, y, gates, carry, x, h0, c0, w, bias)
			agree(t, what, y, want, 3*slack[T]())
			last := r.T - 1
			if r.Back {
				last = 0
			}
			if r.Cell == backstage.CellLSTM {
				agree(t, what+": c", carry[last*size:][:size], wantC, 3*slack[T]())
			}
			once := r
			once.Keep = false
			again := guarded[T](t, r.T*size)
			Recur(&once, again, guarded[T](t, width), guarded[T](t, size), x, h0, c0, w, bias)
			agree(t, what+" that keeps nothing", again, to64(y), 0)
		}
	})
}

func TestRecurrencesEqualTheirDefinition(t *testing.T) {
	bothTypes(t, recurrencesAgree[float32], recurrencesAgree[float64])
}

// TestRecurrenceSlopesAreDerivatives holds the gradients of x, of the first
// states and, of the product's, of the bias against differences.
func TestRecurrenceSlopesAreDerivatives(t *testing.T) {
	recurrences(func(r Recurrence) {
		if r.N > 3 || r.Cell == backstage.CellReLU { // which bends
			return
		}
		size, width := r.N*r.H, r.N*r.Cell.Gates()*r.H
		x, h0, w := guarded[float64](t, r.T*width), guarded[float64](t, size), guarded[float64](t, r.Cell.Gates()*r.H*r.H)
		b, dy := guarded[float64](t, r.Cell.Gates()*r.H), guarded[float64](t, r.T*size)
		var c0, dc []float64
		if r.Cell == backstage.CellLSTM {
			c0, dc = guarded[float64](t, size), make([]float64, size)
		}
		y, gates, carry := make([]float64, r.T*size), make([]float64, r.T*width), make([]float64, r.T*size)
		Recur(&r, y, gates, carry, x, h0, c0, w, b)
		dx, dprod, dh := guarded[float64](t, r.T*width), guarded[float64](t, r.T*width), make([]float64, size)
		RecurGrad(&r, dx, dprod, dh, dc, dy, y, gates, carry, h0, c0, w)

		states := func(x, h0, c0, b []float64) []float64 { y, _ := plainRecur(&r, x, h0, c0, w, b); return y }
		what := fmt.Sprintf("%+v", r)
		agree(t, what+": by x", dx, slopesOf(x, dy, func(x []float64) []float64 { return states(x, h0, c0, b) }), 1e-8)
		agree(t, what+": by h0", dh, slopesOf(h0, dy, func(h []float64) []float64 { return states(x, h, c0, b) }), 1e-8)
		if c0 != nil {
			agree(t, what+": by c0", dc, slopesOf(c0, dy, func(c []float64) []float64 { return states(x, h0, c, b) }), 1e-8)
		}
		sum := make([]float64, len(b))
		for i, v := range dprod {
			sum[i%len(b)] += v
		}
		agree(t, what+": by b", sum, slopesOf(b, dy, func(b []float64) []float64 { return states(x, h0, c0, b) }), 1e-8)
	})
}

// plainPhilox is Philox4x32-10 as its authors' paper writes it, on arrays.
func plainPhilox(counter [4]uint32, key [2]uint32) [4]uint32 {
	multipliers, weyl := [2]uint32{0xD2511F53, 0xCD9E8D57}, [2]uint32{0x9E3779B9, 0xBB67AE85}
	for round := range 10 {
		if round > 0 {
			key[0] += weyl[0]
			key[1] += weyl[1]
		}
		p0, p1 := uint64(multipliers[0])*uint64(counter[0]), uint64(multipliers[1])*uint64(counter[2])
		counter = [4]uint32{uint32(p1>>32) ^ counter[1] ^ key[0], uint32(p1), uint32(p0>>32) ^ counter[3] ^ key[1], uint32(p0)}
	}
	return counter
}

func TestPhiloxEqualsItsPaper(t *testing.T) {
	for range 2000 {
		key, stream, block := rand.Uint64(), rand.Uint64(), rand.Uint64()
		var got [4]uint32
		got[0], got[1], got[2], got[3] = Philox(key, stream, block)
		want := plainPhilox([4]uint32{uint32(block), uint32(block >> 32), uint32(stream), uint32(stream >> 32)}, [2]uint32{uint32(key), uint32(key >> 32)})
		if got != want {
			t.Fatalf("Philox(%#x, %#x, %#x) = %#x, want %#x", key, stream, block, got, want)
		}
	}
}

// TestPhiloxAvalanche: one bit of key, stream or block turns about half of the
// 128 bits of a block.
func TestPhiloxAvalanche(t *testing.T) {
	turned, draws := 0, 0
	for range 50 {
		in := [3]uint64{rand.Uint64(), rand.Uint64(), rand.Uint64()}
		a0, a1, a2, a3 := Philox(in[0], in[1], in[2])
		for bit := range 192 {
			other := in
			other[bit/64] ^= 1 << (bit % 64)
			b0, b1, b2, b3 := Philox(other[0], other[1], other[2])
			n := bits.OnesCount32(a0^b0) + bits.OnesCount32(a1^b1) + bits.OnesCount32(a2^b2) + bits.OnesCount32(a3^b3)
			if n < 20 || n > 108 { // 8 standard deviations
				t.Fatalf("bit %d turns %d of 128", bit, n)
			}
			turned, draws = turned+n, draws+1
		}
	}
	if mean := float64(turned) / float64(draws); math.Abs(mean-64) > .5 {
		t.Errorf("a bit turns %.2f of 128 on average, want 64", mean)
	}
}

func TestRandomBitsAreThePhiloxHalves(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, n := range []int{1, 3, 8, 31, 32, 33, 100} {
			for _, p := range []float64{0, .1, .5, .9, 1} {
				key, stream, block := rand.Uint64(), rand.Uint64(), rand.Uint64()
				dst := make([]uint8, n)
				RandomBits(dst, key, stream, block, p)
				for i, got := range dst {
					at := block + uint64(i) // over the end it goes on from 0
					words := plainPhilox([4]uint32{uint32(at), uint32(at >> 32), uint32(stream), uint32(stream >> 32)}, [2]uint32{uint32(key), uint32(key >> 32)})
					for bit := range 8 {
						half := words[bit/2] >> (16 * (bit % 2)) & 0xffff
						if want := float64(half) < math.Round(p*65536); want != (got>>bit&1 == 1) {
							t.Fatalf("p=%v, byte %d of %d, bit %d: half %#x gives %v", p, i, n, bit, half, !want)
						}
					}
				}
			}
		}
	})
}

func masking[T Float](t *testing.T) {
	for _, n := range borders {
		x, dst, mask := guarded[T](t, n), guarded[T](t, n), make([]uint8, n/8+1)
		for i := range mask {
			mask[i] = uint8(rand.Uint32())
		}
		if n > 3 {
			x[1], x[n-2] = T(math.NaN()), T(math.Inf(1))
		}
		want := make([]float64, n)
		for i, v := range x {
			if mask[i/8]&(1<<(i%8)) > 0 {
				want[i] = 1.25 * float64(v)
			}
		}
		Masked(dst, x, mask, 1.25)
		agree(t, fmt.Sprint("masked ", n), dst, want, slack[T]())
		Masked(x, x, mask, 1.25)
		agree(t, "masked in place", x, want, slack[T]())
	}
}

func TestMaskedEqualsItsDefinition(t *testing.T) {
	bothTypes(t, masking[float32], masking[float64])
}
