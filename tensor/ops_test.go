package tensor

import (
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/internal/backstage"
)

// opCase is a differentiable operation with random operands. An operation is
// under test once a case of opCases records it: TestEveryOpHasACase.
type opCase struct {
	name string
	make func(d *dice) (f func(xs ...Tensor) Tensor, xs []Tensor)
}

// dice draws shapes and operands.
type dice struct{ *rand.Rand }

// dims returns a shape of the given rank; axes are 0 to 4 long.
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

// shape returns a shape of some rank.
func (d dice) shape(lowest, highest int) []int {
	return d.dims(lowest + d.Intn(highest-lowest+1))
}

// draw returns float64 elements made by f.
func (d dice) draw(shape []int, f func() float64) Tensor {
	v := make([]float64, mul(shape))
	for i := range v {
		v[i] = f()
	}
	return alloc(nil, Float64, shape).filled(v)
}

func (t Tensor) filled(v []float64) Tensor {
	copy(elems[float64](t.h), v)
	return t
}

func (d dice) normal(shape []int) Tensor { return d.draw(shape, d.NormFloat64) }

func (d dice) positive(shape []int) Tensor {
	return d.draw(shape, func() float64 { return .5 + 2*d.Float64() })
}

// off returns elements at least .1 away from every multiple of a half, where
// kinks and edges are put.
func (d dice) off(shape []int) Tensor {
	return d.draw(shape, func() float64 { return float64(d.Intn(16)-8)/2 + .1 + .3*d.Float64() })
}

// apart returns elements that differ by at least .1.
func (d dice) apart(shape []int) Tensor {
	p, i := d.Perm(mul(shape)), 0
	return d.draw(shape, func() float64 {
		i++
		return .2*float64(p[i-1]-len(p)/2) + .1*d.Float64()
	})
}

// stretchable returns two shapes that broadcast.
func (d dice) stretchable() (x, y []int) {
	x = d.shape(0, 4)
	y = append([]int{}, x...)
	if d.Intn(3) == 0 && len(x) > 0 { // a shorter one
		y = y[d.Intn(len(x)+1):]
		for i := range y {
			if d.Intn(3) == 0 {
				y[i] = 1
			}
		}
	} else {
		for i := range y {
			switch d.Intn(5) {
			case 0:
				x[i] = 1
			case 1:
				y[i] = 1
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

// index returns int32 places below n.
func (d dice) index(n int, shape []int) Tensor {
	ix := alloc(nil, Int32, shape)
	for i := range elems[int32](ix.h) {
		elems[int32](ix.h)[i] = int32(d.Intn(n))
	}
	return ix
}

func unaryCase(name string, operand func(d dice, shape []int) Tensor, f func(Tensor) Tensor) opCase {
	return opCase{name, func(d *dice) (func(...Tensor) Tensor, []Tensor) {
		return func(xs ...Tensor) Tensor { return f(xs[0]) }, []Tensor{operand(*d, d.shape(0, 4))}
	}}
}

func binaryCase(name string, left, right func(d dice, shape []int) Tensor, f func(x, y Tensor) Tensor) opCase {
	return opCase{name, func(d *dice) (func(...Tensor) Tensor, []Tensor) {
		a, b := d.stretchable()
		return func(xs ...Tensor) Tensor { return f(xs[0], xs[1]) }, []Tensor{left(*d, a), right(*d, b)}
	}}
}

func axesCase(name string, operand func(d dice, shape []int) Tensor, f func(x Tensor, axes ...int) Tensor) opCase {
	return opCase{name, func(d *dice) (func(...Tensor) Tensor, []Tensor) {
		shape := d.shape(0, 4)
		for i := range shape {
			shape[i] += b2i(shape[i] == 0 && !strings.HasPrefix(name, "Sum"))
		}
		axes := d.axes(len(shape))
		return func(xs ...Tensor) Tensor { return f(xs[0], axes...) }, []Tensor{operand(*d, shape)}
	}}
}

// shapedCase has an operand of rank 1 to 4 and a function made for its shape.
func shapedCase(name string, f func(d *dice, shape []int) func(x Tensor) Tensor) opCase {
	return opCase{name, func(d *dice) (func(...Tensor) Tensor, []Tensor) {
		shape := d.shape(1, 4)
		g := f(d, shape)
		return func(xs ...Tensor) Tensor { return g(xs[0]) }, []Tensor{d.normal(shape)}
	}}
}

func opCases() (all []opCase) {
	for _, group := range [][]opCase{unaryCases(), actCases(), binaryCases(), reduceCases(), shapeCases(), indexCases(), heavyCases()} {
		all = append(all, group...)
	}
	return all
}

func unaryCases() []opCase {
	normal, positive, off := dice.normal, dice.positive, dice.off
	return []opCase{
		unaryCase("Neg", normal, Tensor.Neg), unaryCase("Abs", off, Tensor.Abs),
		unaryCase("Square", normal, Tensor.Square), unaryCase("Sqrt", positive, Tensor.Sqrt),
		unaryCase("Exp", normal, Tensor.Exp), unaryCase("Log", positive, Tensor.Log),
		unaryCase("Sin", normal, Tensor.Sin), unaryCase("Cos", normal, Tensor.Cos),
		unaryCase("Scale", normal, func(x Tensor) Tensor { return x.Scale(-1.5) }),
		unaryCase("Shift", normal, func(x Tensor) Tensor { return x.Shift(2) }),
		unaryCase("Pow -1", positive, func(x Tensor) Tensor { return x.Pow(-1) }),
		unaryCase("Pow -.5", positive, func(x Tensor) Tensor { return x.Pow(-.5) }),
		unaryCase("Pow .5", positive, func(x Tensor) Tensor { return x.Pow(.5) }),
		unaryCase("Pow 0", normal, func(x Tensor) Tensor { return x.Pow(0) }),
		unaryCase("Pow 1", normal, func(x Tensor) Tensor { return x.Pow(1) }),
		unaryCase("Pow 2", normal, func(x Tensor) Tensor { return x.Pow(2) }),
		unaryCase("Pow 3", normal, func(x Tensor) Tensor { return x.Pow(3) }),
		unaryCase("Pow 2.7", positive, func(x Tensor) Tensor { return x.Pow(2.7) }),
		unaryCase("Clamp", off, func(x Tensor) Tensor { return x.Clamp(-1, 1.5).Square() }),
		unaryCase("To", normal, func(x Tensor) Tensor { return x.Square().To(Float64) }),
	}
}

func actCases() (all []opCase) {
	for act := backstage.ReLU; act <= backstage.Softsign; act++ {
		// ReLU and its kin have kinks at 0, HardSwish at −3 and 3.
		all = append(all, unaryCase(opActs[act].name, dice.off, func(x Tensor) Tensor { return activate(x, act, .7) }))
	}
	return append(all,
		unaryCase("Tanh", dice.normal, Tensor.Tanh), unaryCase("Sigmoid", dice.normal, Tensor.Sigmoid),
		unaryCase("GELU", dice.normal, Tensor.GELU), unaryCase("Softplus", dice.normal, Tensor.Softplus),
		unaryCase("ReLU of a square", dice.off, func(x Tensor) Tensor { return x.Mul(x.Abs()).ReLU() }),
		unaryCase("LeakyReLU", dice.off, func(x Tensor) Tensor { return x.LeakyReLU(-.3).Square() }),
		binaryCase("actGrad", dice.off, dice.off, func(x, y Tensor) Tensor { // a third derivative, seen from the fused side
			z := x.Add(y)
			return actGrad(z.Square(), activate(z, backstage.SiLU, 0), backstage.Tanh, 0)
		}))
}

func binaryCases() []opCase {
	normal, positive := dice.normal, dice.positive
	whole := func(d dice, shape []int) Tensor { return d.draw(shape, func() float64 { return float64(d.Intn(9)) }) }
	return []opCase{
		binaryCase("Add", normal, normal, Tensor.Add), binaryCase("Sub", normal, normal, Tensor.Sub),
		binaryCase("Mul", normal, normal, Tensor.Mul), binaryCase("Div", normal, positive, Tensor.Div),
		binaryCase("Maximum", whole, dice.off, func(x, y Tensor) Tensor { return x.Maximum(y).Square() }),
		binaryCase("Where", normal, normal, func(x, y Tensor) Tensor {
			return Where(x.Detach().Less(y.Detach()), x.Square(), y.Sin())
		}),
		{"Where by a row", func(d *dice) (func(...Tensor) Tensor, []Tensor) {
			shape := d.shape(1, 4)
			row := d.normal(shape[d.Intn(len(shape)):])
			return func(xs ...Tensor) Tensor {
				return Where(row.Less(row.Full(0)), xs[0].Square(), xs[0].Exp())
			}, []Tensor{d.normal(shape)}
		}},
		{"Dot", func(d *dice) (func(...Tensor) Tensor, []Tensor) {
			a, b := d.shape(0, 3), d.shape(0, 3)
			return func(xs ...Tensor) Tensor { return Dot(xs[:2], xs[2:]).Square() },
				[]Tensor{d.normal(a), d.normal(b), d.normal(a), d.normal(b)}
		}},
	}
}

func reduceCases() []opCase {
	return []opCase{
		axesCase("Sum", dice.normal, Tensor.Sum), axesCase("Mean", dice.normal, Tensor.Mean),
		axesCase("Sum of squares", dice.normal, func(x Tensor, axes ...int) Tensor { return x.Square().Sum(axes...).Square() }),
		axesCase("Var", dice.normal, Tensor.Var), axesCase("Norm", dice.positive, Tensor.Norm),
		axesCase("LogSumExp", dice.normal, Tensor.LogSumExp),
		axesCase("Max", dice.apart, func(x Tensor, axes ...int) Tensor { return x.Max(axes...).Square() }),
		axesCase("Min", dice.apart, func(x Tensor, axes ...int) Tensor { return x.Min(axes...).Square() }),
		shapedCase("CumSum", func(d *dice, shape []int) func(Tensor) Tensor {
			a := d.axis(shape)
			return func(x Tensor) Tensor { return x.CumSum(a).Square() }
		}),
	}
}

func shapeCases() []opCase {
	return []opCase{
		shapedCase("Reshape", func(d *dice, shape []int) func(Tensor) Tensor {
			return func(x Tensor) Tensor { return x.Reshape(mul(shape), 1).Square() }
		}),
		shapedCase("Flatten", func(*dice, []int) func(Tensor) Tensor {
			return func(x Tensor) Tensor { return x.Flatten().Square() }
		}),
		shapedCase("Permute", func(d *dice, shape []int) func(Tensor) Tensor {
			order := d.Perm(len(shape))
			return func(x Tensor) Tensor { return x.Permute(order...).Square() }
		}),
		shapedCase("T", func(d *dice, shape []int) func(Tensor) Tensor {
			return func(x Tensor) Tensor { return x.Unsqueeze(-1).T().Square() }
		}),
		shapedCase("Squeeze", func(d *dice, shape []int) func(Tensor) Tensor {
			a := d.Intn(len(shape) + 1)
			return func(x Tensor) Tensor { return x.Unsqueeze(a).Square().Squeeze(a) }
		}),
		shapedCase("Flip", func(d *dice, shape []int) func(Tensor) Tensor {
			a := d.axis(shape)
			return func(x Tensor) Tensor { return x.Flip(a).Mul(x) }
		}),
		shapedCase("Slice", func(d *dice, shape []int) func(Tensor) Tensor {
			a := d.Intn(len(shape))
			lo := d.Intn(shape[a] + 1)
			hi := lo + d.Intn(shape[a]-lo+1)
			return func(x Tensor) Tensor { return x.Slice(a, lo, hi).Square() }
		}),
		shapedCase("Pad", func(d *dice, shape []int) func(Tensor) Tensor {
			a, before, after := d.axis(shape), d.Intn(3), d.Intn(3)
			return func(x Tensor) Tensor { return x.Pad(a, before, after).Square() }
		}),
		{"BroadcastTo", func(d *dice) (func(...Tensor) Tensor, []Tensor) {
			to := d.shape(1, 4)
			from := append([]int{}, to[d.Intn(len(to)+1):]...)
			for i := range from {
				if d.Intn(2) == 0 {
					from[i] = 1
				}
			}
			return func(xs ...Tensor) Tensor { return xs[0].BroadcastTo(to...).Square() }, []Tensor{d.normal(from)}
		}},
		joinCase("Concat", func(d *dice, shape []int, a int) []int {
			s := append([]int{}, shape...)
			s[a] = d.Intn(4)
			return s
		}, Concat),
		joinCase("Stack", func(d *dice, shape []int, a int) []int { return shape }, Stack),
		{"Split", func(d *dice) (func(...Tensor) Tensor, []Tensor) {
			n, shape := 1+d.Intn(3), d.shape(1, 3)
			a := d.Intn(len(shape))
			shape[a] *= n
			return func(xs ...Tensor) Tensor {
				y := xs[0].Split(a, n)
				return y[0].Mul(y[n-1])
			}, []Tensor{d.normal(shape)}
		}},
	}
}

// joinCase joins one to six tensors, more than a node has room for.
func joinCase(name string, one func(d *dice, shape []int, axis int) []int, join func(int, ...Tensor) Tensor) opCase {
	return opCase{name, func(d *dice) (func(...Tensor) Tensor, []Tensor) {
		shape := d.shape(1, 3)
		a := d.Intn(len(shape))
		xs := make([]Tensor, 1+d.Intn(6))
		for i := range xs {
			xs[i] = d.normal(one(d, shape, a))
		}
		return func(xs ...Tensor) Tensor { return join(a, xs...).Square() }, xs
	}}
}

// indexed returns a shape of which the axis has some places.
func (d *dice) indexed() (shape []int, axis int) {
	shape = d.shape(1, 3)
	axis = d.Intn(len(shape))
	shape[axis] = max(shape[axis], 1)
	return shape, axis
}

func indexCases() []opCase {
	return []opCase{
		{"Index", func(d *dice) (func(...Tensor) Tensor, []Tensor) {
			shape, a := d.indexed()
			i := d.Intn(2*shape[a]) - shape[a]
			return func(xs ...Tensor) Tensor { return xs[0].Index(a, i).Square() }, []Tensor{d.normal(shape)}
		}},
		{"Take", func(d *dice) (func(...Tensor) Tensor, []Tensor) {
			shape, a := d.indexed()
			ix := d.index(shape[a], d.shape(0, 3))
			return func(xs ...Tensor) Tensor { return xs[0].Take(a, ix).Square() }, []Tensor{d.normal(shape)}
		}},
		{"Gather", func(d *dice) (func(...Tensor) Tensor, []Tensor) {
			shape, a := d.indexed()
			like := append([]int{}, shape...)
			like[a] = d.Intn(5)
			ix := d.index(shape[a], like)
			return func(xs ...Tensor) Tensor { return xs[0].Gather(a, ix).Square() }, []Tensor{d.normal(shape)}
		}},
		{"ScatterAdd", func(d *dice) (func(...Tensor) Tensor, []Tensor) {
			shape, a := d.indexed()
			like := append([]int{}, shape...)
			like[a] = d.Intn(5)
			ix := d.index(shape[a], like[a:a+1])
			return func(xs ...Tensor) Tensor { return xs[0].ScatterAdd(a, ix, xs[1]).Square() }, []Tensor{d.normal(shape), d.normal(like)}
		}},
		{"TopK", func(d *dice) (func(...Tensor) Tensor, []Tensor) {
			shape := d.shape(1, 3)
			k := d.Intn(shape[len(shape)-1] + 1)
			return func(xs ...Tensor) Tensor {
				v, _ := xs[0].TopK(k)
				return v.Square()
			}, []Tensor{d.apart(shape)}
		}},
	}
}

// full returns a shape without empty axes.
func (d *dice) full(rank int) []int {
	s := d.dims(rank)
	for i := range s {
		s[i] = max(s[i], 1)
	}
	return s
}

// heavyCases are those of products, normalisation and images; shapes and
// options they have more of in fused_test.go.
func heavyCases() []opCase {
	return []opCase{
		{"MatMul", func(d *dice) (func(...Tensor) Tensor, []Tensor) {
			lead, s := d.dims(d.Intn(3)), d.dims(3)
			x, y := append(append([]int{}, lead...), s[0], s[1]), append(append([]int{}, lead...), s[1], s[2])
			if d.Intn(3) == 0 {
				y = y[len(lead):]
			}
			return func(xs ...Tensor) Tensor { return xs[0].MatMul(xs[1]) }, []Tensor{d.normal(x), d.normal(y)}
		}},
		{"Linear", func(d *dice) (func(...Tensor) Tensor, []Tensor) {
			x, o := d.dims(1+d.Intn(3)), 1+d.Intn(4)
			act := []backstage.Act{backstage.None, backstage.Tanh, backstage.GELU, backstage.Sigmoid}[d.Intn(4)]
			return func(xs ...Tensor) Tensor { return linear(xs[0], xs[1], xs[2], act, 0) },
				[]Tensor{d.normal(x), d.normal([]int{o, x[len(x)-1]}), d.normal([]int{o})}
		}},
		rowCase("Softmax", func(x Tensor, a int) Tensor { return x.Softmax(a) }),
		rowCase("LogSoftmax", func(x Tensor, a int) Tensor { return x.LogSoftmax(a).Square() }),
		{"Conv2D", func(d *dice) (func(...Tensor) Tensor, []Tensor) {
			n, o := d.Intn(3), Conv{Stride: 1 + d.Intn(2), Pad: d.Intn(2)}
			k, c := 1+d.Intn(3), 1+d.Intn(3)
			x, w := []int{n, k + d.Intn(3), k + d.Intn(3), c}, []int{1 + d.Intn(3), k, k, c}
			return func(xs ...Tensor) Tensor { return xs[0].Conv2D(xs[1], o) }, []Tensor{d.normal(x), d.normal(w)}
		}},
		{"MaxPool2D", func(d *dice) (func(...Tensor) Tensor, []Tensor) {
			size, stride, c := 1+d.Intn(2), 1+d.Intn(2), 1+d.Intn(2)
			x := []int{d.Intn(3), 2 + d.Intn(2), 2 + d.Intn(2), c}
			return func(xs ...Tensor) Tensor { return xs[0].MaxPool2D(size, stride).Square() }, []Tensor{d.apart(x)}
		}},
		{"AvgPool2D", func(d *dice) (func(...Tensor) Tensor, []Tensor) {
			size, stride, c := 1+d.Intn(2), 1+d.Intn(2), 1+d.Intn(2)
			x := []int{d.Intn(3), 2 + d.Intn(2), 2 + d.Intn(2), c}
			return func(xs ...Tensor) Tensor { return xs[0].AvgPool2D(size, stride).Square() }, []Tensor{d.normal(x)}
		}},
		{"LayerNorm", func(d *dice) (func(...Tensor) Tensor, []Tensor) {
			x := append(d.full(1+d.Intn(2)), 2+d.Intn(4))
			c := x[len(x)-1:]
			return func(xs ...Tensor) Tensor { return layerNorm(xs[0], xs[1], xs[2], .1) }, []Tensor{d.normal(x), d.normal(c), d.normal(c)}
		}},
	}
}

func rowCase(name string, f func(x Tensor, axis int) Tensor) opCase {
	return shapedCase(name, func(d *dice, shape []int) func(Tensor) Tensor {
		a := d.axis(shape)
		return func(x Tensor) Tensor { return f(x, a) }
	})
}

func TestEveryDerivativeAtTwoOrders(t *testing.T) {
	draws := 30
	if testing.Short() {
		draws = 6
	}
	for _, c := range opCases() {
		t.Run(c.name, func(t *testing.T) {
			for seed := range draws {
				f, xs := c.make(&dice{rand.New(rand.NewSource(int64(seed)))})
				if err := CheckGrad(f, xs...); err != nil {
					t.Errorf("draw %d, operands %v: %v", seed, shapesOf(xs), err)
				}
			}
		})
	}
}

func shapesOf(xs []Tensor) (s [][]int) {
	for _, x := range xs {
		s = append(s, x.Shape())
	}
	return s
}

// TestEveryOpHasACase reads the names of all operations from the source and
// asks that a case records each: itself, or in a gradient's gradient.
func TestEveryOpHasACase(t *testing.T) {
	seen := map[string]bool{"Track": true, "Op": true, "Recompute": true} // theirs are tests of their own
	note := func(f func(xs ...Tensor) Tensor, xs []Tensor) {
		s := NewScope()
		in := trackAll(s, xs)
		y := f(in...)
		for _, g := range Grad(project(y, 1), in...) {
			if g.Tracked() {
				Grad(g.Square().Sum(), in...)
			}
		}
		for _, n := range s.tape {
			seen[n.op.name] = true
		}
	}
	for _, c := range opCases() {
		for seed := range int64(4) {
			f, xs := c.make(&dice{rand.New(rand.NewSource(seed))})
			note(f, xs)
		}
	}
	for _, l := range append(append(append(fusedCases(), convCases()...), poolCases()...), append(normCases(), rowCases()...)...) {
		note(func(xs ...Tensor) Tensor { return l.f(xs) }, l.in)
	}
	f32 := func(xs ...Tensor) Tensor { return xs[0].To(Float32).To(Float64) }
	note(f32, []Tensor{normal64(1, 2)})
	for _, name := range opNames(t) {
		if !seen[name] {
			t.Errorf("no case of opCases or fused_test.go records %q", name)
		}
	}
}

func opNames(t *testing.T) (names []string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\{name: "([^"]+)"`).FindAllSubmatch(text, -1) {
			names = append(names, string(m[1]))
		}
	}
	if len(names) < 50 {
		t.Fatalf("only %d operations found: %s", len(names), fmt.Sprint(names))
	}
	return names
}
