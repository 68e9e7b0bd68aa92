package tensor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/limpid-ml/limpid/internal/backstage"
)

// entry is a line of the registry: a differentiable operation, which laws_test.go
// holds to its laws on random draws. The first word of its name is the
// operation's; there may be several lines for one.
type entry struct {
	name string
	draw func(d *dice) drawing
}

// drawing is an operation with random operands.
type drawing struct {
	f    func(xs ...Tensor) Tensor
	xs   []Tensor                  // float64, where f is smooth
	twin func(xs ...Tensor) Tensor // the same of other operations; nil: it is as plain as can be
}

// registry lists every differentiable operation: TestRegistryIsComplete.
func registry() []entry {
	return slices.Concat(unaryEntries(), actEntries(), binaryEntries(), reduceEntries(), shapeEntries(), indexEntries(),
		productEntries(), imageEntries(), normEntries(), recurEntries(), ownEntries())
}

type (
	operand = func(d dice, shape []int) Tensor
	one     = func(x Tensor) Tensor
	two     = func(x, y Tensor) Tensor
)

func unary1(name string, x operand, f one, twin ...one) entry {
	return entry{name, func(d *dice) drawing {
		r := drawing{f: func(xs ...Tensor) Tensor { return f(xs[0]) }, xs: []Tensor{x(*d, d.shape(0, 4))}}
		for _, g := range twin {
			r.twin = func(xs ...Tensor) Tensor { return g(xs[0]) }
		}
		return r
	}}
}

func binary2(name string, x, y operand, f two, twin ...two) entry {
	return entry{name, func(d *dice) drawing {
		a, b := d.stretchable()
		r := drawing{f: func(xs ...Tensor) Tensor { return f(xs[0], xs[1]) }, xs: []Tensor{x(*d, a), y(*d, b)}}
		for _, g := range twin {
			r.twin = func(xs ...Tensor) Tensor { return g(xs[0], xs[1]) }
		}
		return r
	}}
}

// shaped has an operand of rank 1 to 4 and a function made for its shape.
func shaped(name string, f func(d *dice, shape []int) one) entry {
	return entry{name, func(d *dice) drawing {
		shape := d.shape(1, 4)
		g := f(d, shape)
		return drawing{f: func(xs ...Tensor) Tensor { return g(xs[0]) }, xs: []Tensor{d.normal(shape)}}
	}}
}

// like returns a constant in the type of x.
func like(x, c Tensor) Tensor {
	if c.h == nil {
		return c
	}
	return c.To(x.DType())
}

func unaryEntries() (all []entry) {
	normal, positive, off := dice.normal, dice.positive, dice.off
	for _, a := range []float64{-1, -.5, .5, 2.7} {
		all = append(all, unary1(fmt.Sprint("Pow ", a), positive, func(x Tensor) Tensor { return x.Pow(a) }, func(x Tensor) Tensor { return x.Log().Scale(a).Exp() }))
	}
	return append(all,
		unary1("Neg", normal, Tensor.Neg, func(x Tensor) Tensor { return x.Scale(-1) }),
		unary1("Abs", off, Tensor.Abs, func(x Tensor) Tensor { return x.Maximum(x.Neg()) }),
		unary1("Square", normal, Tensor.Square, func(x Tensor) Tensor { return x.Mul(x) }),
		unary1("Sqrt", positive, Tensor.Sqrt, func(x Tensor) Tensor { return x.Log().Scale(.5).Exp() }),
		unary1("Exp", normal, Tensor.Exp), unary1("Log", positive, Tensor.Log),
		unary1("Sin", normal, Tensor.Sin), unary1("Cos", normal, Tensor.Cos),
		unary1("Scale", normal, func(x Tensor) Tensor { return x.Scale(-1.5) }),
		unary1("Shift", normal, func(x Tensor) Tensor { return x.Shift(2).Square() }),
		unary1("Pow 0", normal, func(x Tensor) Tensor { return x.Pow(0) }),
		unary1("Pow 1", normal, func(x Tensor) Tensor { return x.Pow(1) }),
		unary1("Pow 2", normal, func(x Tensor) Tensor { return x.Pow(2) }, func(x Tensor) Tensor { return x.Mul(x) }),
		unary1("Pow 3", normal, func(x Tensor) Tensor { return x.Pow(3) }, func(x Tensor) Tensor { return x.Mul(x).Mul(x) }),
		unary1("Clamp", off, func(x Tensor) Tensor { return x.Clamp(-1, 1.5).Square() },
			func(x Tensor) Tensor { return x.Maximum(x.Full(-1)).Neg().Maximum(x.Full(-1.5)).Square() }),
	)
}

func actEntries() (all []entry) {
	for act := backstage.ReLU; act <= backstage.Softsign; act++ {
		name := opActs[act].name[len("tensor."):]
		all = append(all, entry{"Activate " + name, func(d *dice) drawing {
			param := 2*d.Float64() - .5
			return drawing{func(xs ...Tensor) Tensor { return door{}.Activate(xs[0], act, param) }, []Tensor{d.off(d.shape(0, 4))},
				func(xs ...Tensor) Tensor { return plainAct(xs[0], act, param) }}
		}})
	}
	plain := func(act backstage.Act) one { return func(x Tensor) Tensor { return plainAct(x, act, -.3) } }
	return append(all,
		unary1("Tanh", dice.normal, Tensor.Tanh, plain(backstage.Tanh)), unary1("Sigmoid", dice.normal, Tensor.Sigmoid, plain(backstage.Sigmoid)),
		unary1("GELU", dice.normal, Tensor.GELU, plain(backstage.GELU)), unary1("Softplus", dice.normal, Tensor.Softplus, plain(backstage.Softplus)),
		unary1("ReLU", dice.off, func(x Tensor) Tensor { return x.Mul(x.Abs()).ReLU() }),
		unary1("LeakyReLU", dice.off, func(x Tensor) Tensor { return x.LeakyReLU(-.3) }, plain(backstage.LeakyReLU)),
		binary2("Activate, its gradient", dice.off, dice.off, func(x, y Tensor) Tensor { // a third derivative, seen from the fused side
			z := x.Add(y)
			return actGrad(z.Square(), activate(z, backstage.SiLU, 0), backstage.Tanh, 0)
		}),
		unary1("Activate of nothing", dice.normal, func(x Tensor) Tensor { return door{}.Activate(x, backstage.None, 0).Square() }))
}

func binaryEntries() []entry {
	normal, positive := dice.normal, dice.positive
	whole := func(d dice, shape []int) Tensor { return d.fill(shape, func() float64 { return float64(d.Intn(9)) }) }
	return []entry{
		binary2("Add", normal, normal, Tensor.Add), binary2("Sub", normal, normal, Tensor.Sub), binary2("Mul", normal, normal, Tensor.Mul),
		binary2("Div", normal, positive, Tensor.Div, func(x, y Tensor) Tensor { return x.Mul(y.Pow(-1)) }),
		binary2("Maximum", whole, dice.off, func(x, y Tensor) Tensor { return x.Maximum(y).Square() },
			func(x, y Tensor) Tensor { return x.Add(y).Add(x.Sub(y).Abs()).Scale(.5).Square() }),
		binary2("Add to itself", normal, normal, func(x, y Tensor) Tensor { return x.Add(x).Mul(y).Sub(y) }),
		{"Where", func(d *dice) drawing {
			a, b := d.stretchable()
			out := Zeros(a...).Add(Zeros(b...)).Shape()
			cond := d.index(2, d.shrunk(out)).To(Bool)
			return drawing{f: func(xs ...Tensor) Tensor { return Where(cond, xs[0].Square(), xs[1].Sin()) }, xs: []Tensor{d.normal(a), d.normal(b)},
				twin: func(xs ...Tensor) Tensor {
					c := cond.To(Float64)
					return xs[0].Square().Add(Full(0, out...).To(Float64)).Mul(c).Add(xs[1].Sin().Add(Full(0, out...).To(Float64)).Mul(c.Neg().Shift(1)))
				}}
		}},
		{"Where by a mask", func(d *dice) drawing { // that stretches a and b
			shape := d.shape(0, 4)
			cond := d.index(2, shape).To(Bool)
			return drawing{f: func(xs ...Tensor) Tensor { return Where(cond, xs[0].Square(), xs[1].Exp()) },
				xs: []Tensor{d.normal(d.shrunk(shape)), d.normal(d.shrunk(shape)[:0])}}
		}},
		{"Dot", func(d *dice) drawing {
			a, b := d.shape(0, 3), d.shape(0, 3)
			return drawing{func(xs ...Tensor) Tensor { return Dot(xs[:2], xs[2:]).Square() },
				[]Tensor{d.normal(a), d.normal(b), d.normal(a), d.normal(b)},
				func(xs ...Tensor) Tensor { return xs[0].Mul(xs[2]).Sum().Add(xs[1].Mul(xs[3]).Sum()).Square() }}
		}},
	}
}

func reduceEntries() []entry {
	type over = func(x Tensor, axes ...int) Tensor
	// along reduces x over random axes; the twin is told how many elements
	// become one.
	along := func(name string, x operand, f over, twin func(n float64, x Tensor, axes ...int) Tensor) entry {
		return entry{name, func(d *dice) drawing {
			shape := d.shape(0, 4)
			if name == "Max" || name == "Min" {
				shape = d.full(len(shape)) // of nothing there is none
			}
			axes := d.axes(len(shape))
			r := drawing{f: func(xs ...Tensor) Tensor { return f(xs[0], axes...) }, xs: []Tensor{x(*d, shape)}}
			if n := float64(r.f(Full(1, shape...)).Len()); twin != nil && n > 0 {
				r.twin = func(xs ...Tensor) Tensor { return twin(float64(mul(shape))/n, xs[0], axes...) }
			}
			return r
		}}
	}
	return []entry{
		along("Sum", dice.normal, func(x Tensor, axes ...int) Tensor { return x.Sum(axes...).Square() }, nil),
		along("Mean", dice.normal, Tensor.Mean, func(n float64, x Tensor, axes ...int) Tensor { return x.Sum(axes...).Scale(1 / n) }),
		along("Var", dice.normal, Tensor.Var, func(n float64, x Tensor, axes ...int) Tensor {
			return x.Square().Sum(axes...).Scale(1 / n).Sub(x.Sum(axes...).Scale(1 / n).Square())
		}),
		along("Norm", dice.positive, Tensor.Norm, func(n float64, x Tensor, axes ...int) Tensor { return x.Square().Sum(axes...).Sqrt() }),
		along("LogSumExp", dice.normal, Tensor.LogSumExp, func(n float64, x Tensor, axes ...int) Tensor { return x.Exp().Sum(axes...).Log() }),
		along("Max", dice.apart, func(x Tensor, axes ...int) Tensor { return x.Max(axes...).Square() },
			func(n float64, x Tensor, axes ...int) Tensor { return x.Neg().Min(axes...).Square() }),
		along("Min", dice.apart, func(x Tensor, axes ...int) Tensor { return x.Min(axes...).Square() }, nil),
		shaped("CumSum", func(d *dice, shape []int) one {
			a := d.axis(shape)
			return func(x Tensor) Tensor { return x.CumSum(a).Square() }
		}),
	}
}

func shapeEntries() []entry {
	return []entry{
		shaped("Reshape", func(d *dice, shape []int) one {
			return func(x Tensor) Tensor { return x.Reshape(mul(shape), 1).Square() }
		}),
		shaped("Flatten", func(*dice, []int) one { return func(x Tensor) Tensor { return x.Flatten().Square() } }),
		shaped("Permute", func(d *dice, shape []int) one {
			order := d.Perm(len(shape))
			return func(x Tensor) Tensor { return x.Permute(order...).Square() }
		}),
		shaped("T", func(d *dice, shape []int) one { return func(x Tensor) Tensor { return x.Unsqueeze(-1).T().Square() } }),
		shaped("Squeeze", func(d *dice, shape []int) one {
			a := d.Intn(len(shape) + 1)
			return func(x Tensor) Tensor { return x.Unsqueeze(a).Square().Squeeze(a) }
		}),
		shaped("Unsqueeze", func(d *dice, shape []int) one {
			a := d.Intn(2*len(shape)+2) - len(shape) - 1
			return func(x Tensor) Tensor { return x.Unsqueeze(a).Square() }
		}),
		shaped("Flip", func(d *dice, shape []int) one {
			a := d.axis(shape)
			return func(x Tensor) Tensor { return x.Flip(a).Mul(x) }
		}),
		shaped("Slice", func(d *dice, shape []int) one {
			a := d.Intn(len(shape))
			lo := d.Intn(shape[a] + 1)
			hi := lo + d.Intn(shape[a]-lo+1)
			return func(x Tensor) Tensor { return x.Slice(a, lo, hi).Square() }
		}),
		shaped("Pad", func(d *dice, shape []int) one {
			a, before, after := d.axis(shape), d.Intn(3), d.Intn(3)
			return func(x Tensor) Tensor { return x.Pad(a, before, after).Square() }
		}),
		{"BroadcastTo", func(d *dice) drawing {
			to := d.shape(1, 4)
			return drawing{f: func(xs ...Tensor) Tensor { return xs[0].BroadcastTo(to...).Square() }, xs: []Tensor{d.normal(d.shrunk(to))},
				twin: func(xs ...Tensor) Tensor { return xs[0].Mul(Full(1, to...).To(Float64)).Square() }}
		}},
		joining("Concat", Concat, func(d *dice, shape []int, a int) []int {
			s := slices.Clone(shape)
			s[a] = d.Intn(4)
			return s
		}),
		joining("Stack", Stack, func(d *dice, shape []int, a int) []int { return shape }),
		{"Split", func(d *dice) drawing {
			n, shape := 1+d.Intn(3), d.shape(1, 3)
			a := d.Intn(len(shape))
			shape[a] *= n
			return drawing{f: func(xs ...Tensor) Tensor {
				y := xs[0].Split(a, n)
				return y[0].Mul(y[n-1])
			}, xs: []Tensor{d.normal(shape)}}
		}},
	}
}

// joining joins one to six tensors, more than a node has room for.
func joining(name string, join func(int, ...Tensor) Tensor, part func(d *dice, shape []int, axis int) []int) entry {
	return entry{name, func(d *dice) drawing {
		shape := d.shape(1, 3)
		a := d.Intn(len(shape))
		xs := make([]Tensor, 1+d.Intn(6))
		for i := range xs {
			xs[i] = d.normal(part(d, shape, a))
		}
		return drawing{f: func(xs ...Tensor) Tensor { return join(a, xs...).Square() }, xs: xs}
	}}
}

func indexEntries() []entry {
	return []entry{
		{"Index", func(d *dice) drawing {
			shape, a := d.indexed()
			i := d.Intn(2*shape[a]) - shape[a]
			return drawing{f: func(xs ...Tensor) Tensor { return xs[0].Index(a, i).Square() }, xs: []Tensor{d.normal(shape)}}
		}},
		{"Take", func(d *dice) drawing {
			shape, a := d.indexed()
			ix := d.index(shape[a], d.shape(0, 3))
			return drawing{f: func(xs ...Tensor) Tensor { return xs[0].Take(a, ix).Square() }, xs: []Tensor{d.normal(shape)}}
		}},
		{"Gather", func(d *dice) drawing {
			shape, a := d.indexed()
			to := slices.Clone(shape)
			to[a] = d.Intn(5)
			ix := d.index(shape[a], to)
			return drawing{f: func(xs ...Tensor) Tensor { return xs[0].Gather(a, ix).Square() }, xs: []Tensor{d.normal(shape)}}
		}},
		{"ScatterAdd", func(d *dice) drawing {
			shape, a := d.indexed()
			from := slices.Clone(shape)
			from[a] = d.Intn(5)
			ix := d.index(shape[a], from[a:a+1])
			return drawing{f: func(xs ...Tensor) Tensor { return xs[0].ScatterAdd(a, ix, xs[1]).Square() }, xs: []Tensor{d.normal(shape), d.normal(from)}}
		}},
		{"TopK", func(d *dice) drawing {
			shape := d.shape(1, 3)
			k := d.Intn(shape[len(shape)-1] + 1)
			return drawing{f: func(xs ...Tensor) Tensor {
				v, _ := xs[0].TopK(k)
				return v.Square()
			}, xs: []Tensor{d.apart(shape)}}
		}},
	}
}

func productEntries() []entry {
	return []entry{
		{"MatMul", func(d *dice) drawing {
			lead, s := d.dims(d.Intn(3)), d.dims(3)
			x, y := append(slices.Clone(lead), s[0], s[1]), append(slices.Clone(lead), s[1], s[2])
			switch d.Intn(6) {
			case 0:
				y = y[len(lead):] // one matrix for all
			case 1:
				y = s[1:2]
			case 2:
				x, y = s[1:2], s[1:]
			}
			return drawing{func(xs ...Tensor) Tensor { return xs[0].MatMul(xs[1]) }, []Tensor{d.normal(x), d.normal(y)},
				func(xs ...Tensor) Tensor { return matmulTwin(xs[0], xs[1]) }}
		}},
		{"MatMul, turned", func(d *dice) drawing { // as gradients of gradients have it
			lead, s := d.dims(d.Intn(3)), d.dims(3)
			x, y := append(slices.Clone(lead), s[0], s[1]), append(slices.Clone(lead), s[1], s[2])
			turnX, turnY := d.Intn(2) == 0, d.Intn(2) == 0
			order := []int{0, 1, 2, 3}[:len(x)]
			order[len(x)-2], order[len(x)-1] = len(x)-1, len(x)-2
			turn := func(t Tensor, is bool) Tensor {
				if is {
					t = t.Permute(order...)
				}
				return t
			}
			return drawing{func(xs ...Tensor) Tensor { return matmul(xs[0], xs[1], turnX, turnY) }, []Tensor{turn(d.normal(x), turnX), turn(d.normal(y), turnY)},
				func(xs ...Tensor) Tensor { return matmulTwin(turn(xs[0], turnX), turn(xs[1], turnY)) }}
		}},
		{"Linear", func(d *dice) drawing {
			x, o := d.dims(1+d.Intn(3)), d.some(4)
			xs, act, param := d.fused(x, []int{o, x[len(x)-1]}, []int{o})
			return drawing{func(xs ...Tensor) Tensor { return door{}.Linear(xs[0], xs[1], third(xs), act, param) }, xs,
				func(xs ...Tensor) Tensor { return biased(xs[0].MatMul(xs[1].T()), third(xs), act, param) }}
		}},
		shapedTwin("Softmax", Tensor.Softmax, func(x Tensor, a int) Tensor {
			e := x.Exp()
			return e.Div(e.Sum(a).Unsqueeze(a))
		}),
		shapedTwin("LogSoftmax", func(x Tensor, a int) Tensor { return x.LogSoftmax(a).Square() },
			func(x Tensor, a int) Tensor { return x.Sub(x.Exp().Sum(a).Log().Unsqueeze(a)).Square() }),
		{"CrossEntropy", func(d *dice) drawing {
			x := d.full(1 + d.Intn(3))
			c := x[len(x)-1]
			labels := d.index(c, x[:len(x)-1])
			for i := range labels.h.n {
				if d.Intn(4) == 0 {
					elems[int32](labels.h)[i] = ignored
				}
			}
			smoothing, weights := []float64{0, .1}[d.Intn(2)], Tensor{}
			if d.Intn(2) == 0 {
				weights = d.positive([]int{c})
			}
			return drawing{func(xs ...Tensor) Tensor {
				return door{}.CrossEntropy(xs[0], labels, like(xs[0], weights), smoothing).Square()
			}, []Tensor{d.normal(x)}, func(xs ...Tensor) Tensor { return crossEntropyTwin(xs[0], labels, weights, smoothing).Square() }}
		}},
		shaped("Dropout", func(d *dice, shape []int) one {
			rate, seed := d.Float64(), d.Uint64()
			return func(x Tensor) Tensor { return door{}.Dropout(x, rate, NewRand(seed)).Square() }
		}),
	}
}

// shapedTwin is an operation along one axis.
func shapedTwin(name string, f, twin func(x Tensor, axis int) Tensor) entry {
	return entry{name, func(d *dice) drawing {
		shape := d.shape(1, 4)
		a := d.Intn(len(shape))
		from := len(shape) * d.Intn(2) // counted from the end, or not
		return drawing{func(xs ...Tensor) Tensor { return f(xs[0], a-from) }, []Tensor{d.normal(shape)},
			func(xs ...Tensor) Tensor { return twin(xs[0], a) }}
	}}
}

func imageEntries() []entry {
	square := func(d *dice) (o Conv, x, w []int) {
		o = Conv{Stride: d.Intn(3), Pad: d.Intn(2), Dilation: d.Intn(3), Groups: d.Intn(3)}
		k, g := 1+d.Intn(3), max(o.Groups, 1)
		reach := max(o.Dilation, 1)*(k-1) + 1
		return o, []int{d.some(2), reach + d.Intn(3), reach + d.Intn(2), g * d.some(2)}, []int{g * d.some(2), k, k, 0}
	}
	return []entry{
		{"Conv2D", func(d *dice) drawing {
			o, x, w := square(d)
			w[3] = x[3] / max(o.Groups, 1)
			return drawing{func(xs ...Tensor) Tensor { return xs[0].Conv2D(xs[1], o) }, []Tensor{d.normal(x), d.normal(w)},
				func(xs ...Tensor) Tensor { return convTwin(xs[0], xs[1], o.perAxis()) }}
		}},
		{"ConvTranspose2D", func(d *dice) drawing {
			o, x, w := square(d)
			w[0], w[3] = x[3], d.some(2)
			x[1], x[2] = max(x[1]-2, 1+2*o.Pad), max(x[2]-2, 1+2*o.Pad)
			return drawing{func(xs ...Tensor) Tensor { return xs[0].ConvTranspose2D(xs[1], o) }, []Tensor{d.normal(x), d.normal(w)},
				func(xs ...Tensor) Tensor { return convTransposeTwin(xs[0], xs[1], o.perAxis()) }}
		}},
		{"Conv", func(d *dice) drawing {
			c, n, k, size, in, out := d.conv()
			out *= c.Groups
			xs, act, param := d.fused([]int{n, size[0], size[1], in * c.Groups}, []int{out, k[0], k[1], in}, []int{out})
			return drawing{func(xs ...Tensor) Tensor { return door{}.Conv(xs[0], xs[1], third(xs), c, act, param) }, xs,
				func(xs ...Tensor) Tensor { return biased(convTwin(xs[0], xs[1], c), third(xs), act, param) }}
		}},
		{"ConvTranspose", func(d *dice) drawing {
			c, n, k, size, in, out := d.conv()
			c.OutPadH, c.OutPadW = d.Intn(c.StrideH), d.Intn(c.StrideW)
			for i, l := range [2][4]int{{c.StrideH, c.PadTop + c.PadBottom, c.DilH, c.OutPadH}, {c.StrideW, c.PadLeft + c.PadRight, c.DilW, c.OutPadW}} {
				for size[i] = 1 + d.Intn(3); (size[i]-1)*l[0]-l[1]+l[2]*(k[i]-1)+1+l[3] < 1; size[i]++ {
				}
			}
			xs, act, param := d.fused([]int{n, size[0], size[1], in * c.Groups}, []int{in * c.Groups, k[0], k[1], out}, []int{out * c.Groups})
			return drawing{func(xs ...Tensor) Tensor { return door{}.ConvTranspose(xs[0], xs[1], third(xs), c, act, param) }, xs,
				func(xs ...Tensor) Tensor { return biased(convTransposeTwin(xs[0], xs[1], c), third(xs), act, param) }}
		}},
		pooled("MaxPool2D", false, func(p *backstage.Pool) {
			*p = backstage.Pool{KH: p.KH, KW: p.KH, StrideH: p.StrideH, StrideW: p.StrideH}
		}, func(x Tensor, p backstage.Pool) Tensor { return x.MaxPool2D(p.KH, p.StrideH) }),
		pooled("AvgPool2D", true, func(p *backstage.Pool) {
			*p = backstage.Pool{KH: p.KH, KW: p.KH, StrideH: p.StrideH, StrideW: p.StrideH, Avg: true}
		}, func(x Tensor, p backstage.Pool) Tensor { return x.AvgPool2D(p.KH, p.StrideH) }),
		pooled("Pool, greatest", false, func(*backstage.Pool) {}, door{}.Pool),
		pooled("Pool, mean", true, func(*backstage.Pool) {}, door{}.Pool),
		{"Resize", func(d *dice) drawing {
			x, h, w, nearest := []int{d.some(2), 1 + d.Intn(4), 1 + d.Intn(4), d.some(2)}, d.Intn(6), d.Intn(6), d.Intn(2) == 0
			return drawing{func(xs ...Tensor) Tensor { return xs[0].Resize(h, w, nearest).Square() }, []Tensor{d.normal(x)},
				func(xs ...Tensor) Tensor { return resizeTwin(xs[0], h, w, nearest).Square() }}
		}},
	}
}

func pooled(name string, avg bool, narrow func(p *backstage.Pool), f func(x Tensor, p backstage.Pool) Tensor) entry {
	return entry{name, func(d *dice) drawing {
		p, x := d.pool(avg)
		if narrow(&p); p.KW > x[2] {
			x[2] = p.KW
		}
		return drawing{func(xs ...Tensor) Tensor { return f(xs[0], p).Square() }, []Tensor{d.apart(x)},
			func(xs ...Tensor) Tensor { return poolTwin(xs[0], p).Square() }}
	}}
}

func normEntries() []entry {
	// draw returns x [..., C] and, mostly, gamma and beta [C].
	draw := func(d *dice, rank int) (xs []Tensor, act backstage.Act, param float64) {
		x := d.full(rank)
		x[0] *= b2i(d.Intn(14) > 0)
		c := x[len(x)-1:]
		xs = []Tensor{d.normal(x)}
		if d.Intn(4) == 0 {
			return xs, curved[d.Intn(len(curved))], 0
		}
		some, act, param := d.fused(c, c, c)
		if len(some) == 2 {
			some = append(some, d.normal(c))
		}
		some[1] = some[1].Scale(.2) // beside the shift, for activations with a kink
		return append(xs, some[1:]...), act, param
	}
	affine := func(xs []Tensor) (gamma, beta Tensor) {
		if len(xs) == 1 {
			return Tensor{}, Tensor{}
		}
		return xs[1], xs[2]
	}
	return []entry{
		{"BatchNorm", func(d *dice) drawing {
			xs, act, param := draw(d, 2+d.Intn(3))
			return drawing{func(xs ...Tensor) Tensor {
				gamma, beta := affine(xs)
				y, mean, variance := door{}.BatchNorm(xs[0], gamma, beta, .1, act, param)
				if mean.Tracked() || variance.Tracked() {
					Fail("BatchNorm", "the statistics are tracked")
				}
				return y
			}, xs, func(xs ...Tensor) Tensor {
				gamma, beta := affine(xs)
				return plainAct(batchNormTwin(xs[0], gamma, beta, .1), act, param)
			}}
		}},
		{"Normalize", func(d *dice) drawing {
			xs, act, param := draw(d, 1+d.Intn(3))
			c := []int{xs[0].Dim(-1)}
			if len(xs) == 3 { // small activations stay away from kinks
				xs[1] = xs[1].Scale(.2)
			}
			mean, variance := d.normal(c), d.positive(c)
			return drawing{func(xs ...Tensor) Tensor {
				gamma, beta := affine(xs)
				return door{}.Normalize(xs[0], like(xs[0], mean), like(xs[0], variance), gamma, beta, .1, act, param)
			}, xs, func(xs ...Tensor) Tensor {
				gamma, beta := affine(xs)
				return plainAct(normTwin(xs[0], mean, variance, gamma, beta, .1), act, param)
			}}
		}},
		{"LayerNorm", func(d *dice) drawing {
			xs, _, _ := draw(d, 1+d.Intn(3))
			return drawing{func(xs ...Tensor) Tensor {
				gamma, beta := affine(xs)
				return door{}.LayerNorm(xs[0], gamma, beta, .1)
			}, xs, func(xs ...Tensor) Tensor {
				gamma, beta := affine(xs)
				return layerNormTwin(xs[0], gamma, beta, .1)
			}}
		}},
	}
}

func recurEntries() (all []entry) {
	for name, cell := range map[string]backstage.Cell{"tanh": backstage.CellTanh, "ReLU": backstage.CellReLU, "LSTM": backstage.CellLSTM, "GRU": backstage.CellGRU} {
		all = append(all, entry{"Recur " + name, func(d *dice) drawing {
			steps, n, size, back := d.some(4), d.some(3), 1+d.Intn(2), d.Intn(2) == 0
			width := cell.Gates() * size
			xs := []Tensor{d.normal([]int{steps, n, width}), d.normal([]int{n, size}), d.normal([]int{width, size}), d.normal([]int{width})}
			if cell == backstage.CellReLU { // away from the kink
				xs[0], xs[2], xs[3] = d.off([]int{steps, n, width}), d.small([]int{width, size}).Scale(.1), d.small([]int{width})
			}
			if cell == backstage.CellLSTM {
				xs = append(xs, d.normal([]int{n, size}))
			}
			bias := d.Intn(3) > 0
			if !bias {
				xs = slices.Delete(xs, 3, 4)
			}
			var lens Tensor
			if d.Intn(2) == 0 {
				lens = d.index(steps+1, []int{n})
			}
			parts := func(xs []Tensor) (x, h, c, w, b Tensor) {
				if x, h, w = xs[0], xs[1], xs[2]; bias {
					b = xs[3]
				}
				if cell == backstage.CellLSTM {
					c = xs[len(xs)-1]
				}
				return x, h, c, w, b
			}
			return drawing{func(xs ...Tensor) Tensor {
				x, h, c, w, b := parts(xs)
				return door{}.Recur(cell, x, h, c, w, b, lens, back)
			}, xs, func(xs ...Tensor) Tensor {
				x, h, c, w, b := parts(xs)
				return recurTwin(cell, x, h, c, w, b, lens, back)
			}}
		}})
	}
	slices.SortFunc(all, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return all
}

// ownEntries are of what carries a rule of the user's.
func ownEntries() []entry {
	cube := Op{
		Name:    "cube",
		Forward: func(in ...Tensor) Tensor { return in[0].Square().Mul(in[0]).Mul(in[1]) },
		Backward: func(y, gy Tensor, in []Tensor, need []bool) []Tensor {
			return []Tensor{gy.Mul(in[0].Square()).Mul(in[1]).Scale(3), gy.Mul(in[0].Pow(3))}
		},
	}
	part := func(x Tensor) Tensor { return x.Sin().Mul(x).Tanh() }
	return []entry{
		binary2("Apply", dice.normal, dice.normal, func(x, y Tensor) Tensor { return cube.Apply(x, y) },
			func(x, y Tensor) Tensor { return x.Pow(3).Mul(y) }),
		unary1("Recompute", dice.normal, func(x Tensor) Tensor {
			if x.h.scope == nil {
				return part(x)
			}
			return door{}.Recompute(x.h.scope, x, part, func(bool) {}, func() {})
		}, part),
	}
}
