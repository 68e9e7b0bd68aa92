package tensor

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"
)

// torchCase is one case of testdata/torch_values.json, which PyTorch made: see
// the script beside it.
type torchCase struct {
	Op     string
	Ints   []int
	Floats []looseFloat
	In     []torchTensor
	Out    []torchTensor
	Grad   []torchTensor
}

// looseFloat is a number, or "nan", "inf", "-inf".
type looseFloat float64

func (f *looseFloat) UnmarshalJSON(text []byte) error {
	switch string(text) {
	case `"nan"`:
		*f = looseFloat(math.NaN())
	case `"inf"`:
		*f = looseFloat(math.Inf(1))
	case `"-inf"`:
		*f = looseFloat(math.Inf(-1))
	default:
		return json.Unmarshal(text, (*float64)(f))
	}
	return nil
}

// torchTensor is a tensor as [type, shape, values].
type torchTensor struct {
	dtype  string
	shape  []int
	values []looseFloat
}

func (t *torchTensor) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[]any{&t.dtype, &t.shape, &t.values})
}

// make returns the tensor, its floats as float32 or float64.
func (t torchTensor) make(float DType) Tensor {
	v := make([]float64, len(t.values))
	for i, x := range t.values {
		v[i] = float64(x)
	}
	out := alloc(nil, Float64, t.shape)
	copy(elems[float64](out.h), v)
	switch t.dtype {
	case "int32":
		return out.To(Int32)
	case "bool":
		return out.To(Bool)
	}
	return out.To(float)
}

func (c torchCase) String() string {
	var shapes [][]int
	for _, x := range c.In {
		shapes = append(shapes, x.shape)
	}
	return fmt.Sprint(c.Op, " of ", shapes, " ", c.Ints, " ", c.Floats)
}

// options are a case's whole and real options.
type options struct {
	i []int
	f []float64
}

// Shorthands for kinds of operations.
func unaryOf(f func(Tensor) Tensor) func([]Tensor, options) []Tensor {
	return func(x []Tensor, _ options) []Tensor { return []Tensor{f(x[0])} }
}

func pairOf(f func(x, y Tensor) Tensor) func([]Tensor, options) []Tensor {
	return func(x []Tensor, _ options) []Tensor { return []Tensor{f(x[0], x[1])} }
}

func over(f func(Tensor, ...int) Tensor) func([]Tensor, options) []Tensor {
	return func(x []Tensor, o options) []Tensor { return []Tensor{f(x[0], o.i...)} }
}

func along(f func(Tensor, int) Tensor) func([]Tensor, options) []Tensor {
	return func(x []Tensor, o options) []Tensor { return []Tensor{f(x[0], o.i[0])} }
}

func with(f func(Tensor, float64) Tensor) func([]Tensor, options) []Tensor {
	return func(x []Tensor, o options) []Tensor { return []Tensor{f(x[0], o.f[0])} }
}

func (o options) conv() Conv {
	return Conv{Stride: o.i[0], Dilation: o.i[1], Groups: o.i[2], Pad: o.i[3]}
}

// torchOps runs each operation that a case may name.
var torchOps = map[string]func([]Tensor, options) []Tensor{
	"Neg": unaryOf(Tensor.Neg), "Abs": unaryOf(Tensor.Abs), "Square": unaryOf(Tensor.Square), "Sqrt": unaryOf(Tensor.Sqrt), "Exp": unaryOf(Tensor.Exp), "Log": unaryOf(Tensor.Log),
	"Sin": unaryOf(Tensor.Sin), "Cos": unaryOf(Tensor.Cos), "Tanh": unaryOf(Tensor.Tanh), "Sigmoid": unaryOf(Tensor.Sigmoid), "ReLU": unaryOf(Tensor.ReLU),
	"GELU": unaryOf(Tensor.GELU), "Softplus": unaryOf(Tensor.Softplus), "Not": unaryOf(Tensor.Not), "Flatten": unaryOf(Tensor.Flatten), "T": unaryOf(Tensor.T),
	"Add": pairOf(Tensor.Add), "Sub": pairOf(Tensor.Sub), "Mul": pairOf(Tensor.Mul), "Div": pairOf(Tensor.Div), "Maximum": pairOf(Tensor.Maximum),
	"Eq": pairOf(Tensor.Eq), "Less": pairOf(Tensor.Less), "MatMul": pairOf(Tensor.MatMul),
	"Pow": with(Tensor.Pow), "Scale": with(Tensor.Scale), "Shift": with(Tensor.Shift), "LeakyReLU": with(Tensor.LeakyReLU),
	"Sum": over(Tensor.Sum), "Mean": over(Tensor.Mean), "Var": over(Tensor.Var), "Max": over(Tensor.Max), "Min": over(Tensor.Min),
	"Norm": over(Tensor.Norm), "LogSumExp": over(Tensor.LogSumExp), "Permute": over(Tensor.Permute), "Reshape": over(Tensor.Reshape),
	"BroadcastTo": over(Tensor.BroadcastTo),
	"Softmax":     along(Tensor.Softmax), "LogSoftmax": along(Tensor.LogSoftmax), "CumSum": along(Tensor.CumSum), "Flip": along(Tensor.Flip),
	"ArgMax": along(Tensor.ArgMax), "Squeeze": along(Tensor.Squeeze), "Unsqueeze": along(Tensor.Unsqueeze), "OneHot": along(Tensor.OneHot),
	"Clamp":  func(x []Tensor, o options) []Tensor { return []Tensor{x[0].Clamp(o.f[0], o.f[1])} },
	"Where":  func(x []Tensor, _ options) []Tensor { return []Tensor{Where(x[0], x[1], x[2])} },
	"Slice":  func(x []Tensor, o options) []Tensor { return []Tensor{x[0].Slice(o.i[0], o.i[1], o.i[2])} },
	"Index":  func(x []Tensor, o options) []Tensor { return []Tensor{x[0].Index(o.i[0], o.i[1])} },
	"Split":  func(x []Tensor, o options) []Tensor { return x[0].Split(o.i[0], o.i[1]) },
	"Pad":    func(x []Tensor, o options) []Tensor { return []Tensor{x[0].Pad(o.i[0], o.i[1], o.i[2])} },
	"Concat": func(x []Tensor, o options) []Tensor { return []Tensor{Concat(o.i[0], x...)} },
	"Stack":  func(x []Tensor, o options) []Tensor { return []Tensor{Stack(o.i[0], x...)} },
	"Take":   func(x []Tensor, o options) []Tensor { return []Tensor{x[0].Take(o.i[0], x[1])} },
	"Gather": func(x []Tensor, o options) []Tensor { return []Tensor{x[0].Gather(o.i[0], x[1])} },
	"ScatterAdd": func(x []Tensor, o options) []Tensor {
		return []Tensor{x[0].ScatterAdd(o.i[0], x[1], x[2])}
	},
	"TopK": func(x []Tensor, o options) []Tensor {
		v, ix := x[0].TopK(o.i[0])
		return []Tensor{v, ix}
	},
	"Conv2D":          func(x []Tensor, o options) []Tensor { return []Tensor{x[0].Conv2D(x[1], o.conv())} },
	"ConvTranspose2D": func(x []Tensor, o options) []Tensor { return []Tensor{x[0].ConvTranspose2D(x[1], o.conv())} },
	"MaxPool2D":       func(x []Tensor, o options) []Tensor { return []Tensor{x[0].MaxPool2D(o.i[0], o.i[1])} },
	"AvgPool2D":       func(x []Tensor, o options) []Tensor { return []Tensor{x[0].AvgPool2D(o.i[0], o.i[1])} },
	"Resize":          func(x []Tensor, o options) []Tensor { return []Tensor{x[0].Resize(o.i[0], o.i[1], o.i[2] == 1)} },
	"To float64":      func(x []Tensor, _ options) []Tensor { return []Tensor{x[0].To(Float64)} },
	"To int32":        func(x []Tensor, _ options) []Tensor { return []Tensor{x[0].To(Int32)} },
	"To bool":         func(x []Tensor, _ options) []Tensor { return []Tensor{x[0].To(Bool)} },
}

func torchCases(t *testing.T, file string) (all []torchCase) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// likeTorch fails unless got has the shape and the values of want.
func likeTorch(t *testing.T, what string, got Tensor, want torchTensor, tol float64) {
	t.Helper()
	if !slices.Equal(got.Shape(), want.shape) {
		t.Errorf("%s: shape %v, want %v", what, got.Shape(), want.shape)
		return
	}
	for i, w := range want.values {
		g, w := got.h.at(i), float64(w)
		if g != w && !(g != g && w != w) && !(math.Abs(g-w) <= tol*max(1, math.Abs(w))) {
			t.Errorf("%s: element %d is %v, want %v", what, i, g, w)
			return
		}
	}
}

// cosines weighs the elements of a result, as the script does.
func cosines(like Tensor) Tensor {
	w := alloc(nil, Float64, like.Shape())
	for i := range w.Len() {
		elems[float64](w.h)[i] = math.Cos(float64(i))
	}
	return w.To(like.DType())
}

// checkTorch runs a case in one type of floats: results outside any scope and
// tracked, gradients by VJP and by Backward.
func checkTorch(t *testing.T, run func([]Tensor, options) []Tensor, c torchCase, float DType, tol float64) {
	t.Helper()
	o := options{i: c.Ints}
	for _, f := range c.Floats {
		o.f = append(o.f, float64(f))
	}
	what := fmt.Sprint(c, " in ", float)
	s := NewScope()
	plain, tracked, leaves := []Tensor{}, []Tensor{}, []Tensor{}
	for _, in := range c.In {
		x := in.make(float)
		plain, tracked = append(plain, x), append(tracked, x)
		if in.dtype == "float64" {
			leaf := s.Track(x)
			tracked[len(tracked)-1] = leaf
			leaves = append(leaves, leaf)
		}
	}
	for _, operands := range [][]Tensor{plain, tracked} {
		got := run(operands, o)
		if len(got) != len(c.Out) {
			t.Errorf("%s: %d results, want %d", what, len(got), len(c.Out))
			return
		}
		for i, y := range got {
			likeTorch(t, fmt.Sprint(what, ", result ", i), y, c.Out[i], tol)
		}
	}
	if len(c.Grad) == 0 {
		return
	}
	y := run(tracked, o)[0]
	if !y.Tracked() { // a slice that is the whole, say, of constants
		t.Errorf("%s: the result is not tracked", what)
		return
	}
	gy := cosines(y)
	for i, g := range VJP(y, gy, leaves...) {
		likeTorch(t, fmt.Sprint(what, ", gradient ", i), g, c.Grad[i], 3*tol)
	}
	for i, g := range s.Backward(y.Mul(gy).Sum(), leaves...) {
		likeTorch(t, fmt.Sprint(what, ", gradient ", i, " by Backward"), g, c.Grad[i], 3*tol)
	}
}

// holdTorch runs the cases of a file in both types of floats. Each operation of
// the table must have a case.
func holdTorch(t *testing.T, file string, ops map[string]func([]Tensor, options) []Tensor) {
	t.Helper()
	seen := map[string]bool{}
	for _, c := range torchCases(t, file) {
		run := ops[c.Op]
		if run == nil {
			t.Errorf("%s: no such operation here", c.Op)
			continue
		}
		seen[c.Op] = true
		if err := Try(func() {
			checkTorch(t, run, c, Float64, 2e-7)
			checkTorch(t, run, c, Float32, 5e-5)
		}); err != nil {
			t.Errorf("%s: %v", c, err)
		}
	}
	for op := range ops {
		if !seen[op] {
			t.Errorf("no case tries %s", op)
		}
	}
}

// TestLikeTorch holds values and gradients of every operation, in float64 and
// float32, against those of PyTorch 2.6.
func TestLikeTorch(t *testing.T) { holdTorch(t, "testdata/torch_values.json", torchOps) }
