package tensor

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// misuse is one mistake and the error that it must give.
type misuse struct {
	f      func() // on one line: the error must name it
	op     string
	shapes string // of the operands, as fmt prints them
	why    string // part of it
	fix    string // part of it; "-" if there is nothing to say
}

// lineOf returns file:line of a function literal.
func lineOf(f any) string {
	pc := reflect.ValueOf(f).Pointer()
	file, line := runtime.FuncForPC(pc).FileLine(pc)
	return fmt.Sprintf("%s:%d", filepath.Base(file), line)
}

// check runs the mistake. places are other functions that may be named as its
// place.
func (m misuse) check(t *testing.T, places ...any) {
	t.Helper()
	at := lineOf(m.f)
	err := Try(m.f)
	var e *Error
	if !errors.As(err, &e) {
		t.Errorf("%s (%s): no error but %v", at, m.op, err)
		return
	}
	if e.Op != m.op || !strings.Contains(e.Why, m.why) || fmt.Sprint(e.Shapes) != m.shapes {
		t.Errorf("%s: got %q, %v, %q; want %q, %s, …%s…", at, e.Op, e.Shapes, e.Why, m.op, m.shapes, m.why)
	}
	if m.fix == "-" {
		m.fix = ""
	} else if e.Fix == "" {
		t.Errorf("%s: no word on what to do", at)
	}
	if !strings.Contains(e.Fix, m.fix) {
		t.Errorf("%s: advice %q, want …%s…", at, e.Fix, m.fix)
	}
	ok := filepath.Base(e.At) == at
	for _, p := range places {
		ok = ok || filepath.Base(e.At) == lineOf(p)
	}
	if !ok {
		t.Errorf("%s: %v names the place %s", at, e.Op, e.At)
	}
	first, _, _ := strings.Cut(e.Error(), "\n")
	if !strings.HasPrefix(first, m.op+": ") || !strings.Contains(e.Error(), "\n\tin ") {
		t.Errorf("%s: the message is\n%v", at, e)
	}
}

func checkAll(t *testing.T, all []misuse, places ...any) {
	t.Helper()
	for _, m := range all {
		m.check(t, places...)
	}
}

func TestMisuseOfConstructorsAndAccess(t *testing.T) {
	x, ints := Zeros(2, 3), Ints(1, 2)
	checkAll(t, []misuse{
		{func() { Of([]float32{1, 2}, 3) }, "tensor.Of", "[[3]]", "2 values for a shape of 3 elements", "product"},
		{func() { Of([]bool{}, 1) }, "tensor.Of", "[[1]]", "0 values for a shape of 1", "product"},
		{func() { Of([]int32{1}, -1) }, "tensor.Of", "[[-1]]", "1 values", "product"},
		{func() { Zeros(2, -1) }, "tensor", "[[2 -1]]", "none negative", "sizes"},
		{func() { Full(1, 1<<30, 1<<30) }, "tensor", "[[1073741824 1073741824]]", "2^44", "sizes"},
		{func() { Zeros(1, 1, 1, 1, 1, 1, 1, 1, 1) }, "tensor", "[[1 1 1 1 1 1 1 1 1]]", "at most 8 axes", "sizes"},
		{func() { Arange(-1) }, "tensor", "[[-1]]", "none negative", "sizes"},
		{func() { x.Full(0, -2) }, "tensor", "[[-2]]", "none negative", "sizes"},
		{func() { NewRand(1).Uniform(0, 1, -2) }, "tensor", "[[-2]]", "none negative", "sizes"},
		{func() { NewRand(1).Normal(0, -1, 2) }, "tensor.Rand.Normal", "[]", "-1 is negative", "deviation"},
		{func() { NewRand(1).IntN(0) }, "tensor.Rand.IntN", "[]", "n is 0", "-"},
		{func() { x.Dim(2) }, "tensor.Dim", "[[2 3]]", "no axis 2 in a tensor of rank 2", "from -2 to 1"},
		{func() { x.Dim(-3) }, "tensor.Dim", "[[2 3]]", "no axis -3", "from -2 to 1"},
		{func() { Zeros().Dim(0) }, "tensor.Dim", "[[]]", "no axis 0 in a tensor of rank 0", "-"},
		{func() { x.Item() }, "tensor.Item", "[[2 3]]", "6 elements, want one", "Mean, Sum"},
		{func() { Zeros(0).Item() }, "tensor.Item", "[[0]]", "0 elements, want one", "reduce"},
		{func() { x.At(0) }, "tensor.At", "[[2 3]]", "1 indices for 2 axes", "one index per axis"},
		{func() { x.At(0, 0, 0) }, "tensor.At", "[[2 3]]", "3 indices for 2 axes", "one index per axis"},
		{func() { x.At(2, 0) }, "tensor.At", "[[2 3]]", "index 2 on axis 0 of length 2", "within"},
		{func() { x.At(0, -4) }, "tensor.At", "[[2 3]]", "index -4 on axis 1 of length 3", "within"},
		{func() { View[float64](x) }, "tensor.View", "[[2 3]]", "holds float32, not float64", "ask for float32"},
		{func() { Data[bool](ints) }, "tensor.View", "[[2]]", "holds int32, not bool", "convert with To"},
	})
}

func TestMisuseOfElementwise(t *testing.T) {
	x, wide, ints, mask, u8 := Zeros(2, 3), Zeros(2, 3).To(Float64), Ints(1, 2), Of([]bool{true}), Of([]uint8{1})
	var all []misuse
	for name, f := range map[string]func(x, y Tensor) Tensor{"Add": Tensor.Add, "Sub": Tensor.Sub, "Mul": Tensor.Mul, "Div": Tensor.Div, "Maximum": Tensor.Maximum, "Eq": Tensor.Eq, "Less": Tensor.Less} {
		op := "tensor." + name
		all = append(all,
			misuse{func() { f(x, wide) }, op, "[[2 3] [2 3]]", "dtypes are float32, float64", "To"},
			misuse{func() { f(ints, Zeros(2)) }, op, "[[2] [2]]", "dtypes are int32, float32", "To"},
			misuse{func() { f(x, Zeros(4)) }, op, "[[2 3] [4]]", "do not broadcast", "Unsqueeze"},
			misuse{func() { f(x, Zeros(2)) }, op, "[[2 3] [2]]", "do not broadcast", "Unsqueeze"},
			misuse{func() { f(x, Zeros(3, 2)) }, op, "[[2 3] [3 2]]", "do not broadcast", "equal or 1"},
			misuse{func() { f(Zeros(3), Zeros(2, 1)) }, op, "[[3] [2 1]]", "do not broadcast", "lower rank"},
			misuse{func() { f(Zeros(0), Zeros(2)) }, op, "[[0] [2]]", "do not broadcast", "equal or 1"},
		)
		if name != "Eq" && name != "Less" {
			all = append(all, misuse{func() { f(mask, mask) }, op, "[[1] [1]]", "dtypes are bool", "To"}, misuse{func() { f(u8, u8) }, op, "[[1] [1]]", "dtypes are uint8", "To"})
		}
	}
	all = append(all, misuse{func() { ints.Div(ints) }, "tensor.Div", "[[2] [2]]", "dtypes are int32", "To"})
	for name, f := range map[string]func(Tensor) Tensor{"Sqrt": Tensor.Sqrt, "Exp": Tensor.Exp, "Log": Tensor.Log, "Sin": Tensor.Sin, "Cos": Tensor.Cos,
		"Tanh": Tensor.Tanh, "Sigmoid": Tensor.Sigmoid, "ReLU": Tensor.ReLU, "GELU": Tensor.GELU, "Softplus": Tensor.Softplus,
		"LeakyReLU": func(x Tensor) Tensor { return x.LeakyReLU(.1) }, "Pow": func(x Tensor) Tensor { return x.Pow(2) }, "LogSoftmax": func(x Tensor) Tensor { return x.LogSoftmax(0) }, "Softmax": func(x Tensor) Tensor { return x.Softmax(0) }} {
		checkAll(t, []misuse{
			{func() { f(ints) }, "tensor." + name, "[[2]]", "int32", "To"},
			{func() { f(mask) }, "tensor." + name, "[[1]]", "bool", "To"},
		}, f)
	}
	checkAll(t, append(all,
		misuse{func() { mask.Neg() }, "tensor.Neg", "[[1]]", "bool", "To"},
		misuse{func() { u8.Scale(2) }, "tensor.Scale", "[[1]]", "uint8", "To"},
		misuse{func() { u8.Shift(2) }, "tensor.Shift", "[[1]]", "uint8", "To"},
		misuse{func() { x.Not() }, "tensor.Not", "[[2 3]]", "not float32", "Eq or Less"},
		misuse{func() { ints.Not() }, "tensor.Not", "[[2]]", "not int32", "Eq or Less"},
		misuse{func() { x.Clamp(1, 0) }, "tensor.Clamp", "[]", "lower edge 1 is not below the upper edge 0", "-"},
		misuse{func() { Where(x, x, x) }, "tensor.Where", "[[2 3] [2 3] [2 3]]", "must be bool, not float32", "Eq or Less"},
		misuse{func() { Where(mask, x, wide) }, "tensor.Where", "[[2 3] [2 3]]", "float32, float64", "To"},
		misuse{func() { Where(mask, x, Zeros(4)) }, "tensor.Where", "[[2 3] [4]]", "do not broadcast", "Unsqueeze"},
		misuse{func() { Where(Of([]bool{true, false}), x, x) }, "tensor.Where", "[[2] [2 3]]", "do not broadcast", "Unsqueeze"},
	))
}

func TestMisuseOfAxes(t *testing.T) {
	x := Zeros(2, 3)
	for name, f := range map[string]func(x Tensor, axis int){
		"Softmax": func(x Tensor, a int) { x.Softmax(a) }, "LogSoftmax": func(x Tensor, a int) { x.LogSoftmax(a) },
		"CumSum": func(x Tensor, a int) { x.CumSum(a) }, "Flip": func(x Tensor, a int) { x.Flip(a) }, "ArgMax": func(x Tensor, a int) { x.ArgMax(a) },
		"Squeeze": func(x Tensor, a int) { x.Squeeze(a) }, "Slice": func(x Tensor, a int) { x.Slice(a, 0, 1) }, "Index": func(x Tensor, a int) { x.Index(a, 0) },
		"Split": func(x Tensor, a int) { x.Split(a, 1) }, "Pad": func(x Tensor, a int) { x.Pad(a, 1, 1) }, "Concat": func(x Tensor, a int) { Concat(a, x, x) },
		"Take": func(x Tensor, a int) { x.Take(a, Ints(0)) }, "Gather": func(x Tensor, a int) { x.Gather(a, Ints(0)) },
		"ScatterAdd": func(x Tensor, a int) { x.ScatterAdd(a, Ints(0), x) },
		"Sum":        func(x Tensor, a int) { x.Sum(a) }, "Mean": func(x Tensor, a int) { x.Mean(a) }, "Max": func(x Tensor, a int) { x.Max(a) },
		"Min": func(x Tensor, a int) { x.Min(a) }, "Norm": func(x Tensor, a int) { x.Norm(a) }, "LogSumExp": func(x Tensor, a int) { x.LogSumExp(a) },
	} {
		checkAll(t, []misuse{
			{func() { f(x, 2) }, "tensor." + name, "[[2 3]]", "no axis 2 in a tensor of rank 2", "from -2 to 1"},
			{func() { f(x, -3) }, "tensor." + name, "[[2 3]]", "no axis -3", "from -2 to 1"},
			{func() { f(Zeros(), 0) }, "tensor." + name, "[[]]", "rank 0", ""},
		}, f)
	}
	checkAll(t, []misuse{
		{func() { x.Sum(0, 0) }, "tensor.Sum", "[[2 3]]", "named twice in [0 0]", "once"},
		{func() { x.Norm(1, -1) }, "tensor.Norm", "[[2 3]]", "named twice in [1 -1]", "once"},
		{func() { x.Unsqueeze(3) }, "tensor.Unsqueeze", "[[2 3]]", "no place 3", "from -3 to 2"},
		{func() { x.Unsqueeze(-4) }, "tensor.Unsqueeze", "[[2 3]]", "no place -4", "from -3 to 2"},
		{func() { Zeros(1, 1, 1, 1, 1, 1, 1, 1).Unsqueeze(0) }, "tensor", "[[1 1 1 1 1 1 1 1 1]]", "at most 8 axes", "sizes"},
		{func() { x.Squeeze(0) }, "tensor.Squeeze", "[[2 3]]", "axis 0 has length 2", "Index"},
		{func() { Ints(1, 2).Mean() }, "tensor.Mean", "[[2]]", "int32", "To"},
		{func() { Ints(1, 2).Norm() }, "tensor.Norm", "[[2]]", "int32", "To"},
		{func() { Ints(1, 2).LogSumExp() }, "tensor.LogSumExp", "[[2]]", "int32", "To"},
		{func() { Of([]bool{true}).Sum() }, "tensor.Sum", "[[1]]", "bool", "To"},
		{func() { Zeros(2, 0).Max(1) }, "tensor.Max", "[[2 0]]", "no elements", "empty"},
		{func() { Zeros(0).Min() }, "tensor.Min", "[[0]]", "no elements", "empty"},
		{func() { Zeros(0, 2).ArgMax(0) }, "tensor.ArgMax", "[[0 2]]", "no elements", "empty"},
		{func() { Of([]bool{true}).CumSum(0) }, "tensor.CumSum", "[[1]]", "bool", "To"},
		{func() { x.TopK(4) }, "tensor.TopK", "[[2 3]]", "4 greatest of 3", "no more"},
		{func() { x.TopK(-1) }, "tensor.TopK", "[[2 3]]", "-1 greatest of 3", "no more"},
		{func() { Zeros().TopK(1) }, "tensor.TopK", "[[]]", "no axis -1", ""},
	})
}

func TestMisuseOfMoves(t *testing.T) {
	x := Zeros(2, 3)
	checkAll(t, []misuse{
		{func() { x.Reshape(5) }, "tensor.Reshape", "[[2 3] [5]]", "6 elements do not fit", "−1"},
		{func() { x.Reshape(-1, 4) }, "tensor.Reshape", "[[2 3] [-1 4]]", "6 elements do not fit", "−1"},
		{func() { x.Reshape(-1, -1) }, "tensor.Reshape", "[[2 3] [-1 -1]]", "do not fit", "product"},
		{func() { x.Reshape(-2, -3) }, "tensor.Reshape", "[[2 3] [-2 -3]]", "do not fit", "product"},
		{func() { x.Reshape() }, "tensor.Reshape", "[[2 3] []]", "do not fit", "product"},
		{func() { Zeros(0).Reshape(-1, 0) }, "tensor.Reshape", "[[0] [-1 0]]", "do not fit", "product"},
		{func() { x.Reshape(1, 1, 1, 1, 1, 1, 1, 2, 3) }, "tensor", "[[1 1 1 1 1 1 1 2 3]]", "at most 8 axes", "sizes"},
		{func() { x.Permute(1) }, "tensor.Permute", "[[2 3]]", "[1] does not name each axis once", "exactly once"},
		{func() { x.Permute(1, 1) }, "tensor.Permute", "[[2 3]]", "[1 1] does not name", "exactly once"},
		{func() { x.Permute(0, -2) }, "tensor.Permute", "[[2 3]]", "[0 -2] does not name", "exactly once"},
		{func() { x.Permute(0, 2) }, "tensor.Permute", "[[2 3]]", "no axis 2", "from -2 to 1"},
		{func() { x.Permute() }, "tensor.Permute", "[[2 3]]", "[] does not name", "exactly once"},
		{func() { Zeros(3).T() }, "tensor.T", "[[3]]", "last two axes", "Unsqueeze"},
		{func() { x.BroadcastTo(3) }, "tensor.BroadcastTo", "[[2 3] [3]]", "do not broadcast", "length 1"},
		{func() { x.BroadcastTo(4, 3) }, "tensor.BroadcastTo", "[[2 3] [4 3]]", "do not broadcast", "length 1"},
		{func() { x.BroadcastTo(2, 3, 1) }, "tensor.BroadcastTo", "[[2 3] [2 3 1]]", "do not broadcast", "leading"},
		{func() { x.BroadcastTo(2, -3) }, "tensor", "[[2 -3]]", "none negative", "sizes"},
		{func() { x.Slice(1, 0, 4) }, "tensor.Slice", "[[2 3]]", "places 0 to 4 of axis 1, which has length 3", ""},
		{func() { x.Slice(1, 2, 1) }, "tensor.Slice", "[[2 3]]", "places 2 to 1 of axis 1", ""},
		{func() { x.Slice(0, -3, 1) }, "tensor.Slice", "[[2 3]]", "of axis 0, which has length 2", ""},
		{func() { x.Index(0, 2) }, "tensor.Index", "[[2 3]]", "place 2 of axis 0, which has length 2", "within"},
		{func() { x.Index(1, -4) }, "tensor.Index", "[[2 3]]", "place -4 of axis 1", "within"},
		{func() { x.Split(1, 2) }, "tensor.Split", "[[2 3]]", "axis 1 of length 3 cannot be cut into 2 equal parts", ""},
		{func() { x.Split(0, 0) }, "tensor.Split", "[[2 3]]", "into 0 equal parts", ""},
		{func() { x.Split(0, -1) }, "tensor.Split", "[[2 3]]", "into -1 equal parts", ""},
		{func() { x.Pad(0, -1, 2) }, "tensor.Pad", "[[2 3]]", "padding of -1 and 2", "Slice cuts"},
		{func() { x.Pad(0, 0, -2) }, "tensor.Pad", "[[2 3]]", "padding of 0 and -2", "Slice cuts"},
		{func() { Concat(0) }, "tensor.Concat", "[]", "no tensors to join", "-"},
		{func() { Stack(0) }, "tensor.Stack", "[]", "no tensors to join", "-"},
		{func() { Concat(0, x, Zeros(2, 2)) }, "tensor.Concat", "[[2 3] [2 2]]", "axes", "agree"},
		{func() { Concat(1, x, Zeros(2)) }, "tensor.Concat", "[[2 3] [2]]", "axes", "agree"},
		{func() { Concat(0, x, x.To(Int32)) }, "tensor.Concat", "[[2 3] [2 3]]", "dtypes", ""},
		{func() { Stack(0, x, Zeros(3, 2)) }, "tensor.Stack", "[[2 3] [3 2]]", "equal", "agree"},
		{func() { Stack(3, x, x) }, "tensor.Stack", "[[2 3]]", "no place 3", "from -3 to 2"},
	})
}

func TestMisuseOfIndices(t *testing.T) {
	x, ix := Zeros(2, 3), Ints(0, 1)
	checkAll(t, []misuse{
		{func() { x.Take(0, Zeros(2)) }, "tensor.Take", "[[2 3] [2]]", "must be int32, not float32", "Ints"},
		{func() { x.Take(0, Of([]bool{true})) }, "tensor.Take", "[[2 3] [1]]", "must be int32, not bool", "Ints"},
		{func() { x.Take(0, Ints(0, 2)) }, "tensor.Take", "[[2 3] [2]]", "element 1 of the index is 2, outside 0…1", "within"},
		{func() { x.Take(0, Ints(-1)) }, "tensor.Take", "[[2 3] [1]]", "element 0 of the index is -1", "within"},
		{func() { Zeros(1, 1, 1, 1, 1, 1).Take(0, Zeros(1, 1, 1, 1).To(Int32)) }, "tensor", "[[1 1 1 1 1 1 1 1 1 1]]", "at most 8 axes", "sizes"},
		{func() { x.Gather(1, ix) }, "tensor.Gather", "[[2 3] [2]]", "other axes than x", "Take"},
		{func() { x.Gather(1, Ints(0, 0, 0).Reshape(3, 1)) }, "tensor.Gather", "[[2 3] [3 1]]", "other axes than x", "Take"},
		{func() { x.Gather(1, Ints(0, 3).Reshape(2, 1)) }, "tensor.Gather", "[[2 3] [2 1]]", "element 1 of the index is 3", "within"},
		{func() { x.Gather(1, x) }, "tensor.Gather", "[[2 3] [2 3]]", "must be int32", "Ints"},
		{func() { x.ScatterAdd(0, ix, Zeros(3, 3)) }, "tensor.ScatterAdd", "[[2 3] [2] [3 3]]", "one place for each place of v", "as long as the index"},
		{func() { x.ScatterAdd(0, ix, Zeros(2, 2)) }, "tensor.ScatterAdd", "[[2 3] [2] [2 2]]", "one place for each place of v", "x's shape"},
		{func() { x.ScatterAdd(0, ix.Reshape(1, 2), x) }, "tensor.ScatterAdd", "[[2 3] [1 2] [2 3]]", "one place", "x's shape"},
		{func() { x.ScatterAdd(0, Ints(0, 9), x) }, "tensor.ScatterAdd", "[[2 3] [2]]", "element 1 of the index is 9", "within"},
		{func() { x.ScatterAdd(0, ix, x.To(Float64)) }, "tensor.ScatterAdd", "[[2 3] [2 3]]", "float32, float64", "To"},
		{func() { ix.ScatterAdd(0, ix, ix) }, "tensor.ScatterAdd", "[[2] [2]]", "int32", "To"},
		{func() { Ints(0, 3).OneHot(3) }, "tensor.OneHot", "[[2] [2]]", "element 1 of the index is 3, outside 0…2", "within"},
		{func() { x.OneHot(3) }, "tensor.OneHot", "[[2 3] [2 3]]", "must be int32", "Ints"},
		{func() { Of([]bool{true}).TopK(1) }, "tensor.TopK", "[[1]]", "bool", "To"},
	})
}

func TestMisuseOfProductsAndImages(t *testing.T) {
	x, w := Zeros(1, 5, 5, 4), Zeros(4, 3, 3, 4)
	checkAll(t, []misuse{
		{func() { Zeros(2, 3).MatMul(Zeros(2, 3)) }, "tensor.MatMul", "[[2 3] [2 3]]", "inner sizes differ", "Permute"},
		{func() { Zeros(3).MatMul(Zeros(4)) }, "tensor.MatMul", "[[3] [4]]", "inner sizes differ", ""},
		{func() { Zeros(2, 2, 3).MatMul(Zeros(3, 3, 4)) }, "tensor.MatMul", "[[2 2 3] [3 3 4]]", "leading axes differ", ""},
		{func() { Zeros(2, 3).MatMul(Zeros()) }, "tensor.MatMul", "[[2 3] []]", "a scalar is no matrix", "Mul"},
		{func() { Zeros(2, 3).MatMul(Zeros(3, 2).To(Float64)) }, "tensor.MatMul", "[[2 3] [3 2]]", "float32, float64", "To"},
		{func() { Ints(1).MatMul(Ints(1)) }, "tensor.MatMul", "[[1] [1]]", "int32", "To"},
		{func() { Dot(nil, nil) }, "tensor.Dot", "[]", "lists of 0 and 0 tensors", "-"},
		{func() { Dot([]Tensor{x}, []Tensor{x, x}) }, "tensor.Dot", "[]", "lists of 1 and 2 tensors", "-"},
		{func() { Dot([]Tensor{x}, []Tensor{w}) }, "tensor.Dot", "[[1 5 5 4] [4 3 3 4]]", "shapes differ", "one by one"},
		{func() { Dot([]Tensor{Ints(1)}, []Tensor{Ints(1)}) }, "tensor.Dot", "[[1] [1]]", "int32", "To"},
		{func() { x.Conv2D(Zeros(4, 3, 3, 2), Conv{}) }, "tensor.Conv2D", "[[1 5 5 4] [4 3 3 2]]", "the images have 4, the filters are for 2", "Permute"},
		{func() { x.Conv2D(Zeros(4, 6, 3, 4), Conv{}) }, "tensor.Conv2D", "[[1 5 5 4] [4 6 3 4]]", "6 rows do not fit into 5", ""},
		{func() { x.Conv2D(w, Conv{Dilation: 3}) }, "tensor.Conv2D", "[[1 5 5 4] [4 3 3 4]]", "7 rows do not fit into 5", ""},
		{func() { Zeros(5, 5, 4).Conv2D(w, Conv{}) }, "tensor.Conv2D", "[[5 5 4] [4 3 3 4]]", "four axes", "Unsqueeze"},
		{func() { x.Conv2D(w.To(Float64), Conv{}) }, "tensor.Conv2D", "[[1 5 5 4] [4 3 3 4]]", "float32, float64", "To"},
		{func() { x.ConvTranspose2D(Zeros(3, 3, 3, 2), Conv{}) }, "tensor.ConvTranspose2D", "[[1 5 5 4] [3 3 3 2]]", "3 channels", ""},
		{func() { Zeros(1, 1, 1, 4).ConvTranspose2D(w, Conv{Pad: 2}) }, "tensor.ConvTranspose2D", "[[1 1 1 4] [4 3 3 4]]", "leaves -1 rows", "pad less"},
		{func() { x.ConvTranspose2D(Zeros(4), Conv{}) }, "tensor.ConvTranspose2D", "[[1 5 5 4] [4]]", "four axes", "[N, H, W, C]"},
		{func() { x.Conv2D(w, Conv{Stride: -2}) }, "tensor.Conv2D", "[]", "Stride is -2, want 0 or more", "leave it out"},
		{func() { x.Conv2D(w, Conv{Dilation: -1}) }, "tensor.Conv2D", "[]", "Dilation is -1", ""},
		{func() { x.Conv2D(w, Conv{Groups: -2}) }, "tensor.Conv2D", "[]", "Groups is -2", ""},
		{func() { x.Conv2D(w, Conv{Pad: -1}) }, "tensor.Conv2D", "[]", "Pad is -1", ""},
		{func() { x.ConvTranspose2D(w, Conv{Stride: -2}) }, "tensor.ConvTranspose2D", "[]", "Stride is -2", ""},
		{func() { x.ConvTranspose2D(w, Conv{Pad: -2}) }, "tensor.ConvTranspose2D", "[]", "Pad is -2", ""},
		{func() { x.MaxPool2D(6, 1) }, "tensor.Pool", "[[1 5 5 4]]", "6 rows do not fit into 5", "smaller"},
		{func() { x.AvgPool2D(2, -1) }, "tensor.Pool", "[[1 5 5 4]]", "strides of -1×-1", "at least 1"},
		{func() { x.AvgPool2D(2, -1) }, "tensor.Pool", "[[1 5 5 4]]", "strides of -1×-1", "at least 1"},
		{func() { x.MaxPool2D(0, 1) }, "tensor.Pool", "[[1 5 5 4]]", "windows of 0×0", "at least 1"},
		{func() { Zeros(5, 5).AvgPool2D(2, 2) }, "tensor.Pool", "[[5 5]]", "[N, H, W, C]", "Unsqueeze"},
		{func() { x.To(Int32).MaxPool2D(2, 2) }, "tensor.Pool", "[[1 5 5 4]]", "not int32", "To"},
		{func() { Zeros(1, 0, 5, 4).Resize(2, 3) }, "tensor.Resize", "[[1 0 5 4]]", "2 rows and 3 columns", "pixels"},
		{func() { x.Resize(3, -1) }, "tensor.Resize", "[[1 5 5 4]]", "3 rows and -1 columns", "pixels"},
		{func() { Zeros(5, 5).Resize(3, 3) }, "tensor.Resize", "[[5 5]]", "cannot be resized", "[N, H, W, C]"},
		{func() { x.To(Uint8).Resize(3, 3) }, "tensor.Resize", "[[1 5 5 4]]", "uint8 cannot be resized", "float"},
	})
}

func TestMisuseOfDerivatives(t *testing.T) {
	s, other := NewScope(), NewScope()
	x, foreign, plain := s.Track(Full(2, 3)), other.Track(Full(2, 3)), Full(2, 3)
	y := x.Mul(x).Sum()
	used := s.Track(Full(1, 2))
	z := used.Mul(used).Sum()
	s.Backward(z, used)
	noBackward := Op{Name: "mine", Forward: func(in ...Tensor) Tensor { return in[0].Scale(1) }}.Apply(x).Sum()
	tooMany := Op{Name: "mine", Forward: func(in ...Tensor) Tensor { return in[0].Scale(1) },
		Backward: func(y, gy Tensor, in []Tensor, need []bool) []Tensor { return []Tensor{gy, gy} }}.Apply(x).Sum()
	checkAll(t, []misuse{
		{func() { Grad(x, x) }, "tensor.Grad", "[[3]]", "y must be a scalar", "VJP"},
		{func() { Grad(y, plain) }, "tensor.Grad", "[[3]]", "not tracked", "Track returned"},
		{func() { Grad(y, foreign) }, "tensor.Grad", "[[3]]", "not tracked by y's pass", "Track returned"},
		{func() { Grad(z, used) }, "tensor.Grad", "[]", "consumed by Backward", "Grad instead of Backward"},
		{func() { VJP(x, Full(1, 2), x) }, "tensor.VJP", "[[3] [2]]", "y's shape and type", "one weight per element"},
		{func() { VJP(x, x.To(Float64), x) }, "tensor.VJP", "[[3] [3]]", "y's shape and type", "one weight per element"},
		{func() { s.Backward(x, x) }, "tensor.Backward", "[[3]]", "must be a scalar", "Mean or Sum"},
		{func() { s.Track(Ints(1)) }, "tensor.Track", "[[1]]", "int32 has no derivative", "float32 or float64"},
		{func() { s.Track(foreign) }, "tensor.Track", "[[3]]", "two passes", "Keep"},
		{func() { x.Add(foreign) }, "tensor.Add", "[[3] [3]]", "two passes", "Keep one"},
		{func() { Concat(0, x, foreign) }, "tensor.Concat", "[[3] [3]]", "two passes", "Keep one"},
		{func() { Where(foreign.Eq(foreign), x, x) }, "tensor.Where", "[[3] [3] [3]]", "two passes", "Keep one"},
		{func() { x.MatMul(foreign) }, "tensor.MatMul", "[[3] [3]]", "two passes", "Keep one"},
		{func() { x.Take(0, foreign.ArgMax(0).Reshape(1)) }, "tensor.Take", "[[3] [1]]", "two passes", "Keep one"},
		{func() { Grad(noBackward, x) }, "mine", "[]", "no Backward", "Detach"},
		{func() { Grad(tooMany, x) }, "mine", "[]", "2 gradients for 1 operands", "zero Tensor"},
		{func() { Fail("me.Op", "%d is odd", 3) }, "me.Op", "[]", "3 is odd", "-"},
	})
}

// everyMethod uses each method of Tensor once. Those that tell about a handle
// itself are not among them.
var everyMethod = map[string]func(x Tensor){
	"Shape": func(x Tensor) { x.Shape() }, "Dim": func(x Tensor) { x.Dim(0) }, "Rank": func(x Tensor) { x.Rank() }, "Len": func(x Tensor) { x.Len() },
	"DType": func(x Tensor) { x.DType() }, "Item": func(x Tensor) { x.Item() }, "At": func(x Tensor) { x.At(0, 0, 0, 0) }, "Tracked": func(x Tensor) { x.Tracked() },
	"Neg": func(x Tensor) { x.Neg() }, "Abs": func(x Tensor) { x.Abs() }, "Square": func(x Tensor) { x.Square() }, "Sqrt": func(x Tensor) { x.Sqrt() },
	"Exp": func(x Tensor) { x.Exp() }, "Log": func(x Tensor) { x.Log() }, "Sin": func(x Tensor) { x.Sin() }, "Cos": func(x Tensor) { x.Cos() },
	"Tanh": func(x Tensor) { x.Tanh() }, "Sigmoid": func(x Tensor) { x.Sigmoid() }, "ReLU": func(x Tensor) { x.ReLU() }, "GELU": func(x Tensor) { x.GELU() },
	"Softplus": func(x Tensor) { x.Softplus() }, "Not": func(x Tensor) { x.Not() }, "Flatten": func(x Tensor) { x.Flatten() }, "T": func(x Tensor) { x.T() },
	"Detach": func(x Tensor) { x.Detach() }, "Keep": func(x Tensor) { x.Keep() }, "Full": func(x Tensor) { x.Full(1) },
	"Add": func(x Tensor) { x.Add(x) }, "Sub": func(x Tensor) { x.Sub(x) }, "Mul": func(x Tensor) { x.Mul(x) }, "Div": func(x Tensor) { x.Div(x) },
	"MatMul": func(x Tensor) { x.MatMul(x) }, "Maximum": func(x Tensor) { x.Maximum(x) }, "Eq": func(x Tensor) { x.Eq(x) }, "Less": func(x Tensor) { x.Less(x) },
	"Scale": func(x Tensor) { x.Scale(2) }, "Shift": func(x Tensor) { x.Shift(2) }, "Pow": func(x Tensor) { x.Pow(2) }, "LeakyReLU": func(x Tensor) { x.LeakyReLU(.1) },
	"Sum": func(x Tensor) { x.Sum() }, "Mean": func(x Tensor) { x.Mean() }, "Var": func(x Tensor) { x.Var() }, "Max": func(x Tensor) { x.Max() }, "Min": func(x Tensor) { x.Min() },
	"Norm": func(x Tensor) { x.Norm() }, "LogSumExp": func(x Tensor) { x.LogSumExp() }, "ArgMax": func(x Tensor) { x.ArgMax(0) }, "CumSum": func(x Tensor) { x.CumSum(0) },
	"Softmax": func(x Tensor) { x.Softmax(0) }, "LogSoftmax": func(x Tensor) { x.LogSoftmax(0) }, "Squeeze": func(x Tensor) { x.Squeeze(0) }, "Unsqueeze": func(x Tensor) { x.Unsqueeze(0) },
	"Flip": func(x Tensor) { x.Flip(0) }, "Reshape": func(x Tensor) { x.Reshape(-1) }, "Permute": func(x Tensor) { x.Permute(0, 1, 2, 3) }, "BroadcastTo": func(x Tensor) { x.BroadcastTo(1, 1, 1, 1) },
	"Slice": func(x Tensor) { x.Slice(0, 0, 1) }, "Index": func(x Tensor) { x.Index(0, 0) }, "Split": func(x Tensor) { x.Split(0, 1) }, "Pad": func(x Tensor) { x.Pad(0, 1, 1) },
	"Gather": func(x Tensor) { x.Gather(0, Ints(0)) }, "Take": func(x Tensor) { x.Take(0, Ints(0)) }, "ScatterAdd": func(x Tensor) { x.ScatterAdd(0, Ints(0), x) },
	"OneHot": func(x Tensor) { x.OneHot(2) }, "TopK": func(x Tensor) { x.TopK(1) }, "Clamp": func(x Tensor) { x.Clamp(0, 1) }, "To": func(x Tensor) { x.To(Int32) },
	"Resize": func(x Tensor) { x.Resize(1, 1) }, "Conv2D": func(x Tensor) { x.Conv2D(x, Conv{}) }, "ConvTranspose2D": func(x Tensor) { x.ConvTranspose2D(x, Conv{}) },
	"MaxPool2D": func(x Tensor) { x.MaxPool2D(1, 1) }, "AvgPool2D": func(x Tensor) { x.AvgPool2D(1, 1) },
}

// TestEveryMethodRefusesWhatIsGone: a stale handle and the zero Tensor panic
// with an *Error that says so, whatever is asked of them, and names the line.
func TestEveryMethodRefusesWhatIsGone(t *testing.T) {
	s := NewScope()
	stale := s.Track(Full(1, 1, 1, 1, 1))
	s.Reset()
	s.Track(Full(2, 1, 1, 1, 1)) // in the same header
	typ := reflect.TypeFor[Tensor]()
	for i := range typ.NumMethod() {
		name := typ.Method(i).Name
		if slices.Contains([]string{"Valid", "String"}, name) {
			continue
		}
		f := everyMethod[name]
		if f == nil {
			t.Errorf("no use of %s here", name)
			continue
		}
		for what, x := range map[string]Tensor{"an operand's pass ended": stale, "an operand is the zero Tensor": {}} {
			err := Try(func() { f(x) })
			var e *Error
			if !errors.As(err, &e) || !strings.Contains(e.Why, what) || !strings.HasPrefix(e.Op, "tensor.") || e.Fix == "" || !strings.Contains(e.At, "misuse_test.go:") {
				t.Errorf("%s: got %v, want …%s… and the line", name, err, what)
			}
		}
	}
	if stale.Valid() || (Tensor{}).Valid() || stale.String() != "tensor (not valid)" {
		t.Error("a stale handle looks valid")
	}
}

// TestEveryMethodWorksInAScope: on the operand that the walk above refuses,
// each method that takes floats runs, and its results live in the scope.
func TestEveryMethodWorksInAScope(t *testing.T) {
	s := NewScope()
	x := s.Track(Full(.5, 1, 1, 1, 1))
	for name, f := range everyMethod {
		err := Try(func() { f(x) })
		wrongType := name == "Not" || name == "OneHot" || name == "Gather"
		if (err != nil) != wrongType {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTryPassesOnOtherPanics(t *testing.T) {
	defer func() {
		if got := recover(); got != "mine" {
			t.Errorf("recovered %v, want the panic as it was", got)
		}
	}()
	if err := Try(func() {}); err != nil {
		t.Errorf("an error of nothing: %v", err)
	}
	_ = Try(func() { panic("mine") })
	t.Error("Try swallowed a panic")
}

func TestErrorText(t *testing.T) {
	e := &Error{Op: "tensor.MatMul", Layer: "head.fc2 (nn.Linear)", Shapes: [][]int{{2, 3}, {4}}, Why: "inner sizes differ", Fix: "mind the gap", At: "main.go:7"}
	want := "tensor.MatMul: inner sizes differ: [2 3] · [4]\n\tat head.fc2 (nn.Linear)\n\tin main.go:7\n\tfix: mind the gap"
	if e.Error() != want {
		t.Errorf("got\n%s\nwant\n%s", e, want)
	}
	if got := (&Error{Op: "a", Why: "b"}).Error(); got != "a: b" {
		t.Errorf("got %q, want %q", got, "a: b")
	}
}
