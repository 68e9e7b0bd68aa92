package tensor

import (
	"math/rand"

	"github.com/limpid-ml/limpid/internal/backstage"
)

// dice draws shapes, operands and options of operations.
type dice struct{ *rand.Rand }

func newDice(seed int) *dice { return &dice{rand.New(rand.NewSource(int64(seed)))} }

// dims returns a shape of the given rank; axes are 1 to 5 long, now and then
// empty.
func (d dice) dims(rank int) []int {
	s := make([]int, rank)
	for i := range s {
		s[i] = [...]int{1, 1, 2, 2, 3, 3, 4, 5}[d.Intn(8)]
		if d.Intn(14) == 0 {
			s[i] = 0
		}
	}
	return s
}

// full returns a shape without empty axes.
func (d dice) full(rank int) []int {
	s := d.dims(rank)
	for i := range s {
		s[i] = max(s[i], 1)
	}
	return s
}

// shape returns a shape of some rank.
func (d dice) shape(lowest, highest int) []int {
	return d.dims(lowest + d.Intn(highest-lowest+1))
}

// some returns a length from 1 to n, and 0 in one of 14 draws.
func (d dice) some(n int) int {
	if d.Intn(14) == 0 {
		return 0
	}
	return 1 + d.Intn(n)
}

// fill returns float64 elements made by f.
func (d dice) fill(shape []int, f func() float64) Tensor {
	t := alloc(nil, Float64, shape)
	for i := range elems[float64](t.h) {
		elems[float64](t.h)[i] = f()
	}
	return t
}

func (d dice) normal(shape []int) Tensor { return d.fill(shape, d.NormFloat64) }

func (d dice) positive(shape []int) Tensor {
	return d.fill(shape, func() float64 { return .5 + 2*d.Float64() })
}

// small returns elements of which a few dozen products sum to less than .1.
func (d dice) small(shape []int) Tensor {
	return d.fill(shape, func() float64 { return .08*d.Float64() - .04 })
}

// off returns elements at least .1 away from every multiple of a half, where
// kinks and edges are put.
func (d dice) off(shape []int) Tensor {
	return d.fill(shape, func() float64 { return float64(d.Intn(16)-8)/2 + .1 + .3*d.Float64() })
}

// apart returns elements that differ by at least .1.
func (d dice) apart(shape []int) Tensor {
	p, i := d.Perm(mul(shape)), 0
	return d.fill(shape, func() float64 {
		i++
		return .2*float64(p[i-1]-len(p)/2) + .1*d.Float64()
	})
}

// shrunk returns a shape that broadcasts to the given one: the same rank with
// some axes of length 1, or a shorter one.
func (d dice) shrunk(shape []int) []int {
	from := 0
	if d.Intn(3) == 0 {
		from = d.Intn(len(shape) + 1)
	}
	s := append([]int{}, shape[from:]...)
	for i := range s {
		if d.Intn(3) == 0 {
			s[i] = 1
		}
	}
	return s
}

// stretchable returns two shapes that broadcast: axes of length 1 on either
// side, or one of lower rank.
func (d dice) stretchable() (x, y []int) {
	x = d.shape(0, 4)
	y = d.shrunk(x)
	if len(x) == len(y) {
		for i := range y {
			if y[i] == x[i] && d.Intn(5) == 0 {
				x[i] = 1
			}
		}
	}
	if d.Intn(2) == 0 {
		return y, x
	}
	return x, y
}

func (d dice) axis(shape []int) int { return d.Intn(2*len(shape)) - len(shape) }

// axes returns some of the axes of a shape, none for all.
func (d dice) axes(rank int) []int {
	if rank == 0 {
		return nil
	}
	return d.Perm(rank)[:d.Intn(rank+1)]
}

// indexed returns a shape of which the axis has some places.
func (d dice) indexed() (shape []int, axis int) {
	shape = d.shape(1, 3)
	axis = d.Intn(len(shape))
	shape[axis] = max(shape[axis], 1)
	return shape, axis
}

// index returns int32 places below n.
func (d dice) index(n int, shape []int) Tensor {
	ix := alloc(nil, Int32, shape)
	for i := range elems[int32](ix.h) {
		elems[int32](ix.h)[i] = int32(d.Intn(n))
	}
	return ix
}

// kinked are the activations with a kink, in themselves or in their slope.
var kinked = []backstage.Act{backstage.ReLU, backstage.LeakyReLU, backstage.ELU, backstage.SELU, backstage.HardSwish, backstage.Softsign}

var curved = []backstage.Act{backstage.None, backstage.Tanh, backstage.Sigmoid, backstage.GELU, backstage.GELUTanh, backstage.SiLU, backstage.Softplus, backstage.Mish}

// fused draws the operands of act(f(x, w) + b) of which x and w multiply. One
// of three has an activation with a kink: then b is far from the kinks and the
// products are small; else b may be left out.
func (d dice) fused(x, w, b []int) (xs []Tensor, act backstage.Act, param float64) {
	param = 2*d.Float64() - .5
	if d.Intn(3) == 0 {
		return []Tensor{d.small(x), d.small(w), d.off(b)}, kinked[d.Intn(len(kinked))], param
	}
	xs = []Tensor{d.normal(x), d.normal(w)}
	if d.Intn(3) > 0 {
		xs = append(xs, d.normal(b))
	}
	return xs, curved[d.Intn(len(curved))], param
}

// third returns the third tensor of a fused operation's operands, or none.
func third(xs []Tensor) Tensor {
	if len(xs) > 2 {
		return xs[2]
	}
	return Tensor{}
}

// conv draws the options of a convolution and the lengths of its axes. large
// are the axes of the larger images, those that the filters slide over.
func (d dice) conv() (c backstage.Conv, n int, k, large [2]int, in, out int) {
	c = backstage.Conv{StrideH: 1 + d.Intn(3), StrideW: 1 + d.Intn(2), DilH: 1 + d.Intn(2), DilW: 1 + d.Intn(2), Groups: 1 + d.Intn(2),
		PadTop: d.Intn(2), PadLeft: d.Intn(3), PadBottom: d.Intn(3), PadRight: d.Intn(2)}
	k = [2]int{1 + d.Intn(3), 1 + d.Intn(2)}
	large[0] = max(c.DilH*(k[0]-1)+1-c.PadTop-c.PadBottom, 1) + d.Intn(3)
	large[1] = max(c.DilW*(k[1]-1)+1-c.PadLeft-c.PadRight, 1) + d.Intn(3)
	return c, d.some(2), k, large, d.some(2), d.some(2)
}

// pool draws a pooling and the shape of its images.
func (d dice) pool(avg bool) (p backstage.Pool, x []int) {
	p = backstage.Pool{KH: 1 + d.Intn(3), KW: 1 + d.Intn(3), StrideH: d.Intn(3), StrideW: d.Intn(3), Ceil: d.Intn(2) == 0, Avg: avg, CountPad: d.Intn(2) == 0}
	p.PadTop, p.PadBottom, p.PadLeft, p.PadRight = d.Intn(p.KH), d.Intn(p.KH), d.Intn(p.KW), d.Intn(p.KW)
	return p, []int{d.some(2), p.KH + d.Intn(3), p.KW + d.Intn(3), d.some(2)}
}

func normal64(seed uint64, shape ...int) Tensor {
	var r Rand
	door{}.Seed(&r, nil, seed, 1, true)
	return r.Normal(0, 1, shape...)
}

func trackAll(s *Scope, in []Tensor) []Tensor {
	out := make([]Tensor, len(in))
	for i := range in {
		out[i] = s.Track(in[i])
	}
	return out
}

func shapesOf(xs []Tensor) (s [][]int) {
	for _, x := range xs {
		s = append(s, x.Shape())
	}
	return s
}
