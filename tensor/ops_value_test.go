package tensor

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/internal/par"
)

func floatsOf(x Tensor) []float64 { return Data[float64](x.To(Float64)) }

func wantValues(t *testing.T, what string, got Tensor, shape []int, want ...float64) {
	t.Helper()
	if !slices.Equal(got.Shape(), shape) {
		t.Errorf("%s: shape %v, want %v", what, got.Shape(), shape)
		return
	}
	for i, v := range floatsOf(got) {
		if math.Abs(v-want[i]) > 1e-5*(1+math.Abs(want[i])) || math.IsNaN(v) != math.IsNaN(want[i]) {
			t.Errorf("%s: element %d is %g, want %g", what, i, v, want[i])
			return
		}
	}
}

// TestBinaryEqualsItsDefinition holds every way operands can lie to each other
// against element-wise access.
func TestBinaryEqualsItsDefinition(t *testing.T) {
	at := func(x Tensor, place []int) float64 {
		ix := slices.Clone(place[len(place)-x.Rank():])
		for a := range ix {
			if x.Dim(a) == 1 {
				ix[a] = 0
			}
		}
		return x.At(ix...)
	}
	ops := []struct {
		name string
		f    func(x, y Tensor) Tensor
		want func(x, y float64) float64
	}{
		{"Add", Tensor.Add, func(x, y float64) float64 { return x + y }},
		{"Sub", Tensor.Sub, func(x, y float64) float64 { return x - y }},
		{"Mul", Tensor.Mul, func(x, y float64) float64 { return x * y }},
		{"Maximum", Tensor.Maximum, math.Max},
		{"Eq", Tensor.Eq, func(x, y float64) float64 { return float64(b2i(x == y)) }},
		{"Less", Tensor.Less, func(x, y float64) float64 { return float64(b2i(x < y)) }},
		{"Where", func(x, y Tensor) Tensor { return Where(x.Less(y), y, x) }, math.Max},
	}
	for seed := range 300 {
		d := newDice(seed)
		a, b := d.stretchable()
		whole := func() float64 { return float64(d.Intn(7) - 3) }
		x, y := d.fill(a, whole), d.fill(b, whole)
		for _, op := range ops {
			for _, dt := range []DType{Float32, Float64, Int32} {
				z := op.f(x.To(dt), y.To(dt))
				for i := range z.Len() {
					place := z.h.place(i)
					if want := op.want(at(x, place), at(y, place)); z.h.at(i) != want {
						t.Fatalf("%s of %v %v %v at %v: %g, want %g", op.name, dt, a, b, place, z.h.at(i), want)
					}
				}
			}
		}
	}
}

func TestReductionsEqualTheirDefinition(t *testing.T) {
	for seed := range 200 {
		d := newDice(seed)
		shape := d.full(d.Intn(5))
		x, axes := d.normal(shape), d.axes(len(shape))
		sums, tops, squares, exps := map[string]float64{}, map[string]float64{}, map[string]float64{}, map[string]float64{}
		count := 0
		for i := range x.Len() {
			place := x.h.place(i)
			for a := range place {
				if len(axes) == 0 || slices.Contains(axes, a) {
					place[a] = -1
				}
			}
			key, v := fmt.Sprint(place), x.h.at(i)
			if _, is := tops[key]; !is {
				tops[key] = math.Inf(-1)
			}
			sums[key] += v
			tops[key] = max(tops[key], v)
			squares[key] += v * v
			exps[key] += math.Exp(v)
			count = x.Len() / len(tops)
		}
		for _, dt := range []DType{Float32, Float64} {
			x := x.To(dt)
			got := [...]Tensor{x.Sum(axes...), x.Mean(axes...), x.Max(axes...), x.Norm(axes...), x.Neg().Min(axes...), x.LogSumExp(axes...), x.Var(axes...)}
			k := 0
			seen := map[string]bool{}
			for i := range x.Len() {
				place := x.h.place(i)
				for a := range place {
					if len(axes) == 0 || slices.Contains(axes, a) {
						place[a] = -1
					}
				}
				key := fmt.Sprint(place)
				if seen[key] {
					continue
				}
				seen[key] = true
				n := float64(count)
				mean := sums[key] / n
				want := [...]float64{sums[key], mean, tops[key], math.Sqrt(squares[key]), -tops[key], math.Log(exps[key]), squares[key]/n - mean*mean}
				for w, g := range got {
					near(t, fmt.Sprintf("reduction %d of %v over %v at %s", w, shape, axes, key), g.h.at(k), want[w], 2e-5)
				}
				k++
			}
			if k != got[0].Len() {
				t.Fatalf("%v over %v gives %v", shape, axes, got[0].Shape())
			}
		}
	}
}

func TestMovesEqualTheirDefinition(t *testing.T) {
	for seed := range 200 {
		d := newDice(seed)
		shape := d.full(1 + d.Intn(4))
		for _, dt := range []DType{Float32, Float64, Uint8} {
			x := d.index(200, shape).To(dt)
			order := d.Perm(len(shape))
			p := x.Permute(order...)
			a := d.Intn(len(shape))
			f := x.Flip(a)
			for i := range p.Len() {
				place, from := p.h.place(i), make([]int, len(shape))
				for k, o := range order {
					from[o] = place[k]
				}
				if p.h.at(i) != x.At(from...) {
					t.Fatalf("Permute %v of %v", order, shape)
				}
				place = f.h.place(i)
				place[a] = shape[a] - 1 - place[a]
				if f.h.at(i) != x.At(place...) {
					t.Fatalf("Flip %d of %v", a, shape)
				}
			}
			lo := d.Intn(shape[a] + 1)
			joined := Concat(a, x.Slice(a, 0, lo), x.Slice(a, lo, shape[a]))
			back := x.Pad(a, 2, 1).Slice(a, 2, -1)
			parts := make([]Tensor, shape[a])
			for i := range parts {
				parts[i] = x.Index(a, i)
			}
			for _, y := range []Tensor{joined, back, Stack(a, parts...), x.Take(a, Arange(shape[a]))} {
				if !slices.Equal(floatsOf(y), floatsOf(x)) || !slices.Equal(y.Shape(), shape) {
					t.Fatalf("cut and joined along %d, %v became %v", a, shape, y.Shape())
				}
			}
		}
	}
}

// TestLikeNumPy has values from NumPy 2.3 and PyTorch 2.15.
func TestLikeNumPy(t *testing.T) {
	x := Of([]float32{1, -2, 3, 4, 5, -6}, 2, 3)
	nan := math.NaN()
	for _, c := range []struct {
		name  string
		got   Tensor
		shape []int
		want  []float64
	}{
		{"Sum", x.Sum(), nil, []float64{5}},
		{"Sum 0", x.Sum(0), []int{3}, []float64{5, 3, -3}},
		{"Mean -1", x.Mean(-1), []int{2}, []float64{2. / 3, 1}},
		{"Var 0", x.Var(0), []int{3}, []float64{2.25, 12.25, 20.25}},
		{"Max", x.Max(1), []int{2}, []float64{3, 5}},
		{"Min of ints", Ints(4, -2, 7).Min(), nil, []float64{-2}},
		{"Sum of ints", Ints(4, -2, 7).Sum(0), nil, []float64{9}},
		{"Norm", x.Norm(), nil, []float64{math.Sqrt(91)}},
		{"LogSumExp", Of([]float64{1000, 1000}).LogSumExp(), nil, []float64{1000.6931471805599}},
		{"LogSumExp by columns", Of([]float64{1, 2, 3, 4}, 2, 2).LogSumExp(0), []int{2}, []float64{3.126928011, 4.126928011}},
		{"LogSumExp of nothing", Zeros(2, 0).LogSumExp(1).Exp(), []int{2}, []float64{0, 0}},
		{"Sum of nothing", Zeros(2, 0).Sum(1), []int{2}, []float64{0, 0}},
		{"Mean of nothing", Zeros(0).Mean(), nil, []float64{nan}},
		{"ArgMax", x.ArgMax(1), []int{2}, []float64{2, 1}},
		{"ArgMax of ties", Of([]float32{1, 3, 3}).ArgMax(0), nil, []float64{1}},
		{"ArgMax of NaN", Of([]float64{1, nan, 3}).ArgMax(0), nil, []float64{1}},
		{"CumSum", x.CumSum(0), []int{2, 3}, []float64{1, -2, 3, 5, 3, -3}},
		{"CumSum of ints", Ints(1, 2, 3).CumSum(-1), []int{3}, []float64{1, 3, 6}},
		{"OneHot", Ints(2, 0).OneHot(3), []int{2, 3}, []float64{0, 0, 1, 1, 0, 0}},
		{"Take", x.Take(1, Ints(2, 2, 0)), []int{2, 3}, []float64{3, 3, 1, -6, -6, 4}},
		{"Take a matrix", Ints(7, 8, 9).Take(0, Ints(1, 2, 0, 0).Reshape(2, 2)), []int{2, 2}, []float64{8, 9, 7, 7}},
		{"Gather", x.Gather(1, Ints(2, 0).Reshape(2, 1)), []int{2, 1}, []float64{3, 4}},
		{"ScatterAdd", Zeros(3, 2).ScatterAdd(0, Ints(2, 2, 0), Of([]float32{1, 2, 3, 4, 5, 6}, 3, 2)), []int{3, 2}, []float64{5, 6, 0, 0, 4, 6}},
		{"Pad", Ints(1, 2).Pad(0, 1, 2), []int{5}, []float64{0, 1, 2, 0, 0}},
		{"T", x.T(), []int{3, 2}, []float64{1, 4, -2, 5, 3, -6}},
		{"Slice from the end", x.Slice(1, -2, -1), []int{2, 1}, []float64{-2, 5}},
		{"Reshape", x.Reshape(-1, 2), []int{3, 2}, []float64{1, -2, 3, 4, 5, -6}},
		{"Reshape nothing", Zeros(0, 3).Reshape(-1, 3), []int{0, 3}, nil},
		{"Flatten a vector", Ints(1, 2).Flatten(), []int{2, 1}, []float64{1, 2}},
		{"BroadcastTo", Ints(1, 2).BroadcastTo(2, 2), []int{2, 2}, []float64{1, 2, 1, 2}},
		{"Scale halves and floors", Ints(5, -5, 4).Scale(.5), []int{3}, []float64{2, -3, 2}},
		{"Shift", Ints(5, -5).Shift(-1), []int{2}, []float64{4, -6}},
		{"Neg of ints", Ints(5, -5).Neg().Abs(), []int{2}, []float64{5, 5}},
		{"Clamp", x.Clamp(-1, 3), []int{2, 3}, []float64{1, -1, 3, 3, 3, -1}},
		{"Pow", Of([]float64{0, 4}).Pow(.5), []int{2}, []float64{0, 2}},
		{"To bool", x.Clamp(0, 1).To(Bool), []int{2, 3}, []float64{1, 0, 1, 1, 1, 0}},
		{"To int cuts", Of([]float32{1.9, -1.9}).To(Int32), []int{2}, []float64{1, -1}},
		{"bool to float", Of([]bool{true, false}).To(Float32), []int{2}, []float64{1, 0}},
		{"Not", Of([]bool{true, false}).Not(), []int{2}, []float64{0, 1}},
		{"Where of masks", Where(Of([]bool{true, false}), Of([]bool{true, true}), Of([]bool{false, false})), []int{2}, []float64{1, 0}},
		{"GELU", Of([]float32{-1, 0, 1, 2}).GELU(), []int{4}, []float64{-0.15865526, 0, 0.84134475, 1.9544997}},
		{"Softplus", Of([]float32{-1, 0, 30}).Softplus(), []int{3}, []float64{0.31326169, 0.69314718, 30}},
		{"Sigmoid", Of([]float32{-100, 0, 2}).Sigmoid(), []int{3}, []float64{0, .5, 0.880797}},
		{"SELU", activate(Of([]float32{-1, 2}), backstage.SELU, 0), []int{2}, []float64{-1.1113307, 2.101402}},
		{"ELU", activate(Of([]float32{-1, 2}), backstage.ELU, 2), []int{2}, []float64{-1.2642411, 2}},
		{"Mish", activate(Of([]float32{-1, 2}), backstage.Mish, 0), []int{2}, []float64{-0.30340144, 1.943959}},
		{"HardSwish", activate(Of([]float32{-4, -1, 4}), backstage.HardSwish, 0), []int{3}, []float64{0, -1. / 3, 4}},
	} {
		wantValues(t, c.name, c.got, c.shape, c.want...)
	}
	v, ix := Of([]float64{3, 1, 4, 1, 5, 4}, 2, 3).TopK(2)
	wantValues(t, "TopK", v, []int{2, 2}, 4, 3, 5, 4)
	wantValues(t, "TopK's places", ix, []int{2, 2}, 2, 0, 1, 2)
}

func TestSlopesAtKinks(t *testing.T) {
	at := func(f func(x Tensor) Tensor, v ...float64) []float64 {
		s := NewScope()
		x := s.Track(Of(v))
		return floatsOf(Grad(f(x).Sum(), x)[0])
	}
	for _, c := range []struct {
		name      string
		got, want []float64
	}{
		{"ReLU", at(Tensor.ReLU, -1, 0, 1), []float64{0, 0, 1}},
		{"Abs", at(Tensor.Abs, -1, 0, 1), []float64{-1, 0, 1}},
		{"Norm", at(func(x Tensor) Tensor { return x.Norm() }, 0, 0), []float64{0, 0}},
		{"Norm by rows", at(func(x Tensor) Tensor { return x.Reshape(2, 2).Norm(1) }, 0, 0, 3, 4), []float64{0, 0, .6, .8}},
		{"Clamp", at(func(x Tensor) Tensor { return x.Clamp(0, 1) }, -.1, 0, .5, 1, 1.1), []float64{0, 1, 1, 1, 0}},
		{"Max", at(func(x Tensor) Tensor { return x.Max() }, 2, 1, 2), []float64{.5, 0, .5}},
		{"Min by rows", at(func(x Tensor) Tensor { return x.Reshape(2, 2).Min(1) }, 2, 2, 1, 3), []float64{.5, .5, 1, 0}},
		{"Maximum", at(func(x Tensor) Tensor { return x.Maximum(Of([]float64{1, 1, 1})) }, 0, 1, 2), []float64{0, .5, 1}},
		{"Pow 0", at(func(x Tensor) Tensor { return x.Pow(0) }, 0), []float64{0}},
		{"Pow 1", at(func(x Tensor) Tensor { return x.Pow(1) }, 0), []float64{1}},
		{"Pow 2", at(func(x Tensor) Tensor { return x.Pow(2) }, 0), []float64{0}},
		{"LeakyReLU", at(func(x Tensor) Tensor { return x.LeakyReLU(-.5) }, -1, 0, 1), []float64{-.5, -.5, 1}},
	} {
		wantValues(t, c.name, Of(c.got), []int{len(c.want)}, c.want...)
	}
	s := NewScope()
	x := s.Track(Of([]float64{0, 0}))
	if g := Grad(Grad(x.Norm(), x)[0].Sum(), x)[0]; g.At(0) != 0 || g.At(1) != 0 {
		t.Error("second derivative of Norm at 0:", g)
	}
}

func TestMistakesInOperations(t *testing.T) {
	x, ix := Zeros(2, 3), Ints(0, 1)
	for _, c := range []struct {
		f    func()
		want []string
	}{
		{func() { Zeros(3, 1).Add(Zeros(3)) }, []string{"tensor.Add", "do not broadcast", "[3 1] · [3]", "Unsqueeze"}},
		{func() { x.Mul(Zeros(2)) }, []string{"tensor.Mul", "do not broadcast"}},
		{func() { x.Add(x.To(Float64)) }, []string{"tensor.Add", "dtypes", "float32, float64"}},
		{func() { ix.Div(ix) }, []string{"tensor.Div", "dtypes"}},
		{func() { ix.Exp() }, []string{"tensor.Exp", "int32"}},
		{func() { ix.ReLU() }, []string{"tensor.ReLU", "int32"}},
		{func() { ix.Mean() }, []string{"tensor.Mean", "int32"}},
		{func() { x.Eq(ix) }, []string{"tensor.Eq", "dtypes"}},
		{func() { x.Less(Zeros(4)) }, []string{"tensor.Less", "do not broadcast"}},
		{func() { x.Not() }, []string{"tensor.Not", "bool"}},
		{func() { Where(x, x, x) }, []string{"tensor.Where", "bool"}},
		{func() { Where(x.Eq(x), x, x.To(Float64)) }, []string{"tensor.Where", "dtypes"}},
		{func() { x.Clamp(2, 1) }, []string{"tensor.Clamp", "2", "1"}},
		{func() { x.Sum(2) }, []string{"tensor.Sum", "no axis 2"}},
		{func() { x.Sum(0, -2) }, []string{"tensor.Sum", "twice in [0 -2]"}},
		{func() { Zeros(2, 0).Max(1) }, []string{"tensor.Max", "no elements", "[2 0]"}},
		{func() { Zeros(2, 0).ArgMax(1) }, []string{"tensor.ArgMax", "no elements"}},
		{func() { x.Reshape(4) }, []string{"tensor.Reshape", "6 elements", "[2 3] · [4]"}},
		{func() { x.Reshape(-1, 4) }, []string{"tensor.Reshape", "6 elements"}},
		{func() { x.Reshape(-1, -1) }, []string{"tensor.Reshape"}},
		{func() { Zeros(0).Reshape(-1, 0) }, []string{"tensor.Reshape"}},
		{func() { x.Permute(0) }, []string{"tensor.Permute", "[0]"}},
		{func() { x.Permute(0, 0) }, []string{"tensor.Permute", "each axis once"}},
		{func() { Ints(1).T() }, []string{"tensor.T", "two axes"}},
		{func() { x.BroadcastTo(3, 3) }, []string{"tensor.BroadcastTo", "do not broadcast"}},
		{func() { x.BroadcastTo(3) }, []string{"tensor.BroadcastTo", "do not broadcast"}},
		{func() { x.Squeeze(0) }, []string{"tensor.Squeeze", "length 2"}},
		{func() { x.Unsqueeze(4) }, []string{"tensor.Unsqueeze", "no place 4"}},
		{func() { x.Slice(1, 2, 4) }, []string{"tensor.Slice", "length 3"}},
		{func() { x.Slice(1, 2, 1) }, []string{"tensor.Slice"}},
		{func() { x.Index(0, 2) }, []string{"tensor.Index", "place 2"}},
		{func() { x.Split(1, 2) }, []string{"tensor.Split", "2 equal parts"}},
		{func() { x.Pad(0, -1, 0) }, []string{"tensor.Pad", "-1"}},
		{func() { Concat(0) }, []string{"tensor.Concat", "no tensors"}},
		{func() { Concat(0, x, Zeros(2, 2)) }, []string{"tensor.Concat", "all axes but"}},
		{func() { Concat(0, x, x.To(Float64)) }, []string{"tensor.Concat", "dtypes"}},
		{func() { Stack(0, x, Zeros(3, 2)) }, []string{"tensor.Stack", "shapes must be equal"}},
		{func() { Stack(0, x, Tensor{}) }, []string{"zero Tensor"}},
		{func() { x.Take(0, x) }, []string{"tensor.Take", "int32"}},
		{func() { x.Take(0, Ints(0, 2)) }, []string{"tensor.Take", "element 1 of the index is 2", "0…1"}},
		{func() { x.Gather(1, Ints(0, 1, 2).Reshape(3, 1)) }, []string{"tensor.Gather", "other axes"}},
		{func() { x.ScatterAdd(0, Ints(0, 1, 1), x) }, []string{"tensor.ScatterAdd"}},
		{func() { x.ScatterAdd(0, ix, x.To(Float64)) }, []string{"dtypes"}},
		{func() { Ints(3).OneHot(3) }, []string{"tensor.OneHot", "is 3, outside 0…2"}},
		{func() { x.TopK(4) }, []string{"tensor.TopK", "4 greatest of 3"}},
		{func() { Dot([]Tensor{x}, nil) }, []string{"tensor.Dot", "lists of 1 and 0"}},
		{func() { Dot([]Tensor{x}, []Tensor{x.T()}) }, []string{"tensor.Dot", "shapes differ"}},
		{func() { Zeros(1, 1, 1, 1, 1, 1, 1, 1).Unsqueeze(0) }, []string{"at most 8 axes"}},
	} {
		err := Try(c.f)
		wantError(t, err, append(c.want, "ops_value_test.go:")...)
	}
}

func TestCheckGradFindsMistakes(t *testing.T) {
	x := Of([]float64{.5, -.7, 1.1})
	for _, c := range []struct {
		f    func(xs ...Tensor) Tensor
		want []string
	}{
		{func(xs ...Tensor) Tensor { return xs[0].Mul(xs[0].Detach()).Sum() }, []string{"order 1, input 0 [3], element [0]"}},
		{func(xs ...Tensor) Tensor { return xs[0].Mul(Full(2, 3)) }, []string{"dtypes"}},
		{func(xs ...Tensor) Tensor {
			return (Op{
				Name:    "wrong at second order",
				Forward: func(in ...Tensor) Tensor { return in[0].Square() },
				Backward: func(y, gy Tensor, in []Tensor, need []bool) []Tensor {
					return []Tensor{gy.Mul(in[0].Detach()).Scale(2)}
				},
			}).Apply(xs[0])
		}, []string{"order 2, input 0"}},
	} {
		wantError(t, CheckGrad(c.f, x), c.want...)
	}
	if err := CheckGrad(func(xs ...Tensor) Tensor { return xs[0].Take(0, xs[1]).Square() }, x.To(Float32), Ints(1, 1)); err != nil {
		t.Error(err)
	}
	if floatsOf(x)[1] != -.7 {
		t.Error("CheckGrad changed its operand")
	}
}

func TestFloat32SumsKeepTheSmall(t *testing.T) {
	n := 1 << 20
	for _, x := range []Tensor{Full(.1, n), Full(.1, n, 1), Full(.1, n/2, 2)} {
		for _, axes := range [][]int{nil, {0}} {
			got := x.Sum(axes...).h.at(0)
			want := float64(float32(.1)) * float64(n) / float64(x.Sum(axes...).Len())
			near(t, fmt.Sprint("sum of ", x.Shape(), " over ", axes), got, want, 5e-6)
		}
	}
}

// everything runs most operations once, forward and back.
func everything(s *Scope, xs, grads []Tensor, c constants) {
	s.Reset()
	a, b := s.leaf(c.a.h), s.leaf(c.b.h)
	xs[0], xs[1] = a, b
	y := a.Mul(b).Add(b).Sub(a).Div(b.Square().Shift(1)).Maximum(b)
	y = y.Tanh().Add(y.GELU()).Add(y.Sigmoid()).Add(y.Clamp(-1, 1)).Add(y.Abs()).Add(y.LeakyReLU(.1))
	y = y.Add(Where(c.mask, y, b)).Add(y.Mean(0)).Add(y.Max(1).Unsqueeze(1)).Add(y.Norm(1).Reshape(4, 1))
	y = y.Permute(1, 0).Flip(0).T().Add(y.Var(0)).Add(y.LogSumExp())
	y = y.Take(0, c.ix).Pad(0, 1, 1).Slice(0, 1, 4).Index(0, 1).Add(y.CumSum(1).Sum(0))
	y = y.Add(y.BroadcastTo(2, 3).Sum(0)).Scale(.001).Softplus().Pow(1.5).Exp().Shift(1).Log().Sqrt()
	s.backward(y.Scale(2).Sum(), xs, grads, nil)
}

type constants struct{ a, b, mask, ix Tensor }

func newConstants() constants {
	a := Of([]float32{.1, -.2, .3, .4, -.5, .6, .7, .8, -.9, 1, 1.1, 1.2}, 4, 3)
	return constants{a, a.Flip(0).Scale(.5), a.Less(a.Full(.2)), Ints(0, 3, 1, 1)}
}

func TestOperationsAllocateNothing(t *testing.T) {
	s, c := NewScope(), newConstants()
	xs, grads := make([]Tensor, 2), make([]Tensor, 2)
	everything(s, xs, grads, c)
	before := s.allocs
	if n := testing.AllocsPerRun(50, func() { everything(s, xs, grads, c) }); n != 0 {
		t.Errorf("%g allocations a pass", n)
	}
	if s.allocs != before {
		t.Errorf("the scope took %d more pieces", s.allocs-before)
	}
	for _, g := range grads {
		for _, v := range floatsOf(g) {
			if math.IsNaN(v) {
				t.Fatal("a gradient is not a number:", g)
			}
		}
	}
}

func TestSameBitsAtAnyNumberOfWorkers(t *testing.T) {
	x := NewRand(3).Normal(0, 1, 300, 257)
	var want []float32
	for _, workers := range []int{1, 2, 3, 7} {
		par.SetWorkers(workers)
		s := NewScope()
		a := s.Track(x)
		y := a.Tanh().Mul(a.Mean(0)).Add(a.LogSumExp(1).Unsqueeze(1)).GELU()
		got := Data[float32](s.Backward(y.Mul(y).Sum(), a)[0])
		if want == nil {
			want = got
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d workers give other bits", workers)
		}
	}
	par.SetWorkers(0)
}

// TestSlicesShareWhatLivesOn: a window outlives its source's frame, and
// writing elsewhere does not touch it.
func TestSlicesShareWhatLivesOn(t *testing.T) {
	s, d := NewScope(), door{}
	x := alloc(s, Float32, []int{4, 2})
	fillWith(x.h, 3)
	mark := d.Mark(s)
	y := x.Scale(2).Slice(0, 1, 3)
	d.Release(s, mark, y)
	for range 4 {
		x.Scale(9)
	}
	wantValues(t, "window", y, []int{2, 2}, 6, 6, 6, 6)
	if p := x.Slice(0, 1, 3); p.h.ptr == x.h.ptr || p.h.buf != x.h.buf {
		t.Error("a slice of the first axis is no window")
	}
}

// TestConstantsOutliveBackward: what the user holds is not freed with a node
// that saved it.
func TestConstantsOutliveBackward(t *testing.T) {
	s := NewScope()
	x := s.Track(Of([]float64{1, -2, 3}))
	mask, ix := x.Less(x.Full(0)), alloc(s, Int32, []int{2})
	fillWith(ix.h, 1)
	y := Where(mask, x, x.Square()).Take(0, ix).Add(x.Take(0, ix)).Sum().Add(Where(mask, x.Exp(), x).Sum())
	s.Backward(y, x)
	if !mask.Valid() || !ix.Valid() || mask.At(1) != 1 {
		t.Error("an index or a mask went with the tape")
	}
}
