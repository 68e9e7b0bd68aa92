package tensor

import (
	"fmt"
	"math"
	"testing"

	"github.com/limpid-ml/limpid/internal/backstage"
)

// lawful is a differentiable operation at one shape, with random operands.
type lawful struct {
	name string
	f    func(in []Tensor) Tensor
	in   []Tensor // float64
}

func normal64(seed uint64, shape ...int) Tensor {
	var r Rand
	door{}.Seed(&r, nil, seed, 1, true)
	return r.Normal(0, 1, shape...)
}

// apart64 returns numbers that differ by at least a tenth, so that small steps
// do not change which is greatest.
func apart64(seed uint64, shape ...int) Tensor {
	n := mul(shape)
	v := make([]float64, n)
	for i, p := range NewRand(seed).Perm(n) {
		v[i] = float64(p)*.1 - float64(n)*.05
	}
	return Of(v, shape...)
}

// weighed is Σ w·f, a scalar, with fixed random weights.
func weighed(y Tensor) Tensor { return y.Mul(normal64(99, y.h.dims()...)).Sum() }

// along returns x + h·v for all operands.
func along(in, v []Tensor, h float64) []Tensor {
	out := make([]Tensor, len(in))
	for i := range in {
		out[i] = in[i].Add(v[i].Scale(h))
	}
	return out
}

// slope is the derivative at 0 of f by its step, to the fourth order.
func slope(f func(h float64) float64) float64 {
	const h = 5e-4
	return (8*(f(h)-f(-h)) - (f(2*h) - f(-2*h))) / (12 * h)
}

func trackAll(s *Scope, in []Tensor) []Tensor {
	out := make([]Tensor, len(in))
	for i := range in {
		out[i] = s.Track(in[i])
	}
	return out
}

// derivative is Σ v·∂L/∂x, still to be differentiated, at the given place.
func (l *lawful) derivative(s *Scope, at, v []Tensor) (d Tensor, xs []Tensor) {
	xs = trackAll(s, at)
	return Dot(Grad(weighed(l.f(xs)), xs...), v), xs
}

func (l *lawful) check(t *testing.T) {
	t.Helper()
	var v, u []Tensor
	for i, x := range l.in {
		v = append(v, normal64(uint64(10+i), x.h.dims()...))
		u = append(u, normal64(uint64(20+i), x.h.dims()...))
	}
	s := NewScope()
	first, xs := l.derivative(s, l.in, v)
	l.near(t, "first derivative", first.Item(), slope(func(h float64) float64 { return weighed(l.f(along(l.in, v, h))).Item() }))
	second := Dot(Grad(first, xs...), u)
	l.near(t, "second derivative", second.Item(), slope(func(h float64) float64 {
		d, _ := l.derivative(NewScope(), along(l.in, u, h), v)
		return d.Item()
	}))
	third := Dot(Grad(second, xs...), v).Item()
	l.near(t, "third derivative", third, slope(func(h float64) float64 {
		d, xs := l.derivative(NewScope(), along(l.in, v, h), v)
		return Dot(Grad(d, xs...), u).Item()
	}))
	s = NewScope()
	xs = trackAll(s, l.in)
	l.near(t, "Backward", Dot(s.Backward(weighed(l.f(xs)), xs...), v).Item(), first.Item())
	s = NewScope()
	d, xs := l.derivative(s, l.in, v)
	l.near(t, "Backward of a gradient", Dot(s.Backward(d, xs...), u).Item(), second.Item())
}

func (l *lawful) near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if diff := math.Abs(got - want); !(diff <= 1e-7*max(math.Abs(want), 1e-2)) && !(math.IsNaN(got) && math.IsNaN(want)) {
		t.Errorf("%s, %s: %.12g, want %.12g", l.name, what, got, want)
	}
}

var fusedActs = []backstage.Act{backstage.None, backstage.Tanh, backstage.Sigmoid, backstage.SiLU}

func fusedCases() (c []lawful) {
	add := func(name string, f func(in []Tensor) Tensor, in ...Tensor) { c = append(c, lawful{name, f, in}) }
	mm := func(in []Tensor) Tensor { return in[0].MatMul(in[1]) }
	for i, s := range [][2][]int{{{3, 4}, {4, 2}}, {{1, 1}, {1, 1}}, {{2, 3, 4}, {2, 4, 5}}, {{2, 3, 4}, {4, 2}}, {{2, 2, 1, 3}, {2, 2, 3, 2}},
		{{4}, {4, 3}}, {{3, 4}, {4}}, {{4}, {4}}, {{2, 3, 4}, {4}}, {{0, 3}, {3, 2}}, {{2, 0}, {0, 3}}, {{3, 2}, {2, 0}}} {
		add(fmt.Sprint("MatMul ", s), mm, normal64(uint64(i), s[0]...), normal64(uint64(50+i), s[1]...))
	}
	for _, turn := range [][2]bool{{true, false}, {false, true}, {true, true}} {
		shape := func(t bool, m, k int) []int {
			if t {
				m, k = k, m
			}
			return []int{2, m, k}
		}
		add(fmt.Sprint("matmul turned ", turn), func(in []Tensor) Tensor { return matmul(in[0], in[1], turn[0], turn[1]) },
			normal64(1, shape(turn[0], 3, 4)...), normal64(2, shape(turn[1], 4, 5)...))
	}
	for _, act := range fusedActs {
		for _, lead := range [][]int{{3}, {2, 2}, {}, {0}, {1}} {
			f := func(in []Tensor) Tensor { return linear(in[0], in[1], in[2], act, 0) }
			add(fmt.Sprint("Linear ", act, lead), f, normal64(1, append(lead[:len(lead):len(lead)], 4)...), normal64(2, 3, 4), normal64(3, 3))
		}
	}
	add("Linear without bias", func(in []Tensor) Tensor { return linear(in[0], in[1], Tensor{}, backstage.Tanh, 0) }, normal64(1, 2, 3), normal64(2, 4, 3))
	c = append(c, convCases()...)
	c = append(c, poolCases()...)
	c = append(c, normCases()...)
	return append(c, rowCases()...)
}

func convCases() (c []lawful) {
	add := func(name string, f func(in []Tensor) Tensor, in ...Tensor) { c = append(c, lawful{name, f, in}) }
	for i, o := range []backstage.Conv{{}, {StrideH: 2, StrideW: 2, PadTop: 1, PadLeft: 1, PadBottom: 1, PadRight: 1}, {DilH: 2, PadLeft: 2, PadRight: 1},
		{Groups: 2}, {StrideH: 3, StrideW: 2, Groups: 2, PadTop: 1}} {
		g := max(o.Groups, 1)
		act := fusedActs[i%len(fusedActs)]
		x, w := normal64(1, 2, 5, 6, 2*g), normal64(2, 2*g, 3, 2, 2)
		add(fmt.Sprint("Conv ", o), func(in []Tensor) Tensor { return conv(in[0], in[1], in[2], o, act, 0) }, x, w, normal64(3, 2*g))
		if o.Groups != 2 {
			o.OutPadW = i % 2
		}
		add(fmt.Sprint("ConvTranspose ", o), func(in []Tensor) Tensor { return convTranspose(in[0], in[1], in[2], o, act, 0) },
			normal64(1, 2, 3, 4, 2*g), normal64(2, 2*g, 3, 3, 2), normal64(3, 2*g))
	}
	plain := func(in []Tensor) Tensor { return in[0].Conv2D(in[1], Conv{}) }
	add("Conv2D 1×1", plain, normal64(1, 1, 1, 1, 1), normal64(2, 1, 1, 1, 1))
	add("Conv2D of no images", plain, normal64(1, 0, 4, 4, 2), normal64(2, 3, 3, 3, 2))
	add("Conv2D without channels", plain, normal64(1, 2, 4, 4, 0), normal64(2, 3, 3, 3, 0))
	add("Conv2D without filters", plain, normal64(1, 2, 4, 4, 2), normal64(2, 0, 3, 3, 2))
	return c
}

func poolCases() (c []lawful) {
	for _, p := range []backstage.Pool{{KH: 2, KW: 2}, {KH: 3, KW: 2, StrideH: 1, StrideW: 2}, {KH: 3, KW: 3, StrideH: 2, StrideW: 2, PadTop: 1, PadLeft: 1, PadBottom: 1, PadRight: 1},
		{KH: 2, KW: 2, Ceil: true}, {KH: 5, KW: 5}, {KH: 1, KW: 1}} {
		for _, avg := range []bool{false, true} {
			for _, n := range []int{2, 0} {
				p := p
				p.Avg, p.CountPad = avg, n == 2
				f := func(in []Tensor) Tensor { y := pool(in[0], p); return y.Mul(y) }
				c = append(c, lawful{fmt.Sprintf("Pool %+v of %d", p, n), f, []Tensor{apart64(1, n, 5, 5, 3)}})
			}
		}
	}
	for _, near := range []bool{false, true} {
		for _, to := range [][2]int{{7, 3}, {2, 2}, {4, 5}, {1, 1}} {
			f := func(in []Tensor) Tensor { y := in[0].Resize(to[0], to[1], near); return y.Mul(y) }
			c = append(c, lawful{fmt.Sprint("Resize ", to, near), f, []Tensor{normal64(1, 2, 4, 5, 3)}})
		}
	}
	return c
}

func normCases() (c []lawful) {
	add := func(name string, f func(in []Tensor) Tensor, in ...Tensor) { c = append(c, lawful{name, f, in}) }
	for _, shape := range [][]int{{5, 3}, {2, 2, 3, 4}, {4, 1}, {2, 1}} {
		ch := shape[len(shape)-1]
		x, gamma, beta := normal64(1, shape...), normal64(2, ch), normal64(3, ch)
		for _, act := range fusedActs {
			add(fmt.Sprint("BatchNorm ", shape, act), func(in []Tensor) Tensor {
				y, _, _ := batchNorm(in[0], in[1], in[2], .1, act, 0)
				return y
			}, x, gamma, beta)
			mean, variance := normal64(4, ch), normal64(5, ch).Square()
			add(fmt.Sprint("Normalize ", shape, act), func(in []Tensor) Tensor {
				return normalize(in[0], mean, variance, in[1], in[2], .1, act, 0)
			}, x, gamma, beta)
		}
		add(fmt.Sprint("LayerNorm ", shape), func(in []Tensor) Tensor { return layerNorm(in[0], in[1], in[2], .1) }, x, gamma, beta)
		add(fmt.Sprint("LayerNorm alone ", shape), func(in []Tensor) Tensor { return layerNorm(in[0], Tensor{}, Tensor{}, .1) }, x)
		add(fmt.Sprint("BatchNorm alone ", shape), func(in []Tensor) Tensor {
			y, _, _ := batchNorm(in[0], Tensor{}, Tensor{}, .1, backstage.None, 0)
			return y
		}, x)
	}
	add("LayerNorm of a vector", func(in []Tensor) Tensor { return layerNorm(in[0], in[1], in[2], .1) }, normal64(1, 4), normal64(2, 4), normal64(3, 4))
	add("LayerNorm of nothing", func(in []Tensor) Tensor { return layerNorm(in[0], in[1], in[2], .1) }, normal64(1, 0, 4), normal64(2, 4), normal64(3, 4))
	return c
}

func rowCases() (c []lawful) {
	add := func(name string, f func(in []Tensor) Tensor, in ...Tensor) { c = append(c, lawful{name, f, in}) }
	for _, s := range [][]int{{3, 4}, {2, 3, 4}, {5}, {1, 1}, {0, 3}, {3, 0}} {
		for axis := -len(s); axis < 0; axis++ {
			add(fmt.Sprint("Softmax ", s, axis), func(in []Tensor) Tensor { return in[0].Softmax(axis) }, normal64(1, s...))
			add(fmt.Sprint("LogSoftmax ", s, axis), func(in []Tensor) Tensor { return in[0].LogSoftmax(axis) }, normal64(1, s...))
		}
	}
	for _, smoothing := range []float64{0, .1} {
		for _, weights := range []Tensor{{}, Of([]float64{.5, 1, 2, .1})} {
			f := func(in []Tensor) Tensor {
				l := crossEntropy(in[0], Of([]int32{0, 3, ignored, 1, 1, 2}, 2, 3), weights, smoothing)
				return l.Mul(l)
			}
			add(fmt.Sprint("CrossEntropy ", smoothing, weights.h != nil), f, normal64(1, 2, 3, 4))
		}
	}
	none := func(in []Tensor) Tensor { return crossEntropy(in[0], Of([]int32{ignored, ignored}), Tensor{}, 0) }
	add("CrossEntropy of nothing", none, normal64(1, 2, 3))
	add("Dropout", func(in []Tensor) Tensor {
		y := dropout(in[0], .4, NewRand(5))
		return y.Mul(y)
	}, normal64(1, 3, 7))
	return c
}

func TestFusedDerivatives(t *testing.T) {
	for _, l := range fusedCases() {
		t.Run(l.name, l.check)
	}
}
