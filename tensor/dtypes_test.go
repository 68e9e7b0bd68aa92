package tensor

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
)

// edgeShapes are shapes of every rank, with lengths of 0 and 1 in each place.
var edgeShapes = [][]int{
	{}, {0}, {1}, {4}, {0, 3}, {3, 0}, {1, 3}, {3, 1}, {2, 3}, {0, 0}, {2, 0, 3}, {0, 2, 3}, {2, 3, 0}, {1, 1, 1}, {2, 1, 3}, {2, 3, 4},
	{1, 2, 0, 3}, {2, 1, 2, 1}, {2, 3, 1, 2}, {1, 1, 2, 1, 3}, {1, 2, 1, 1, 1, 1, 1, 2},
}

// counted returns a tensor of whole numbers from −3 to 5, in a type; of uint8
// and bool from 0.
func counted(d DType, shape []int) Tensor {
	x := alloc(nil, Float64, shape)
	for i := range elems[float64](x.h) {
		elems[float64](x.h)[i] = float64(i*7%9 - 3*b2i(d <= Int32))
	}
	return x.To(d)
}

// typedOp is an operation that takes some types of elements, and means the same
// in each.
type typedOp struct {
	name  string
	upto  DType // the last type that it takes
	least int   // rank
	f     func(x Tensor) Tensor
}

var typedOps = []typedOp{
	{"Neg", Int32, 0, Tensor.Neg},
	{"Abs", Int32, 0, Tensor.Abs},
	{"Scale", Int32, 0, func(x Tensor) Tensor { return x.Scale(3) }},
	{"Shift", Int32, 0, func(x Tensor) Tensor { return x.Shift(-2) }},
	{"Add", Int32, 0, func(x Tensor) Tensor { return x.Add(x.Flatten().Reshape(x.Shape()...)) }},
	{"Add a number", Int32, 0, func(x Tensor) Tensor { return x.Add(x.Full(7)) }},
	{"Sub from a number", Int32, 0, func(x Tensor) Tensor { return x.Full(7).Sub(x) }},
	{"Mul", Int32, 0, func(x Tensor) Tensor { return x.Mul(x) }},
	{"Maximum", Int32, 0, func(x Tensor) Tensor { return x.Maximum(x.Full(1)) }},
	{"Sum", Int32, 0, func(x Tensor) Tensor { return x.Sum() }},
	{"Sum of the first", Int32, 1, func(x Tensor) Tensor { return x.Sum(0) }},
	{"Sum of the last", Int32, 1, func(x Tensor) Tensor { return x.Sum(-1) }},
	{"Sum of the outer", Int32, 3, func(x Tensor) Tensor { return x.Sum(0, -1) }},
	{"Sum of the middle", Int32, 3, func(x Tensor) Tensor { return x.Sum(1) }},
	{"Max", Int32, 0, func(x Tensor) Tensor { return x.Max() }},
	{"Max of the first", Int32, 1, func(x Tensor) Tensor { return x.Max(0) }},
	{"Min of the last", Int32, 1, func(x Tensor) Tensor { return x.Min(-1) }},
	{"Min of the middle", Int32, 3, func(x Tensor) Tensor { return x.Min(1) }},
	{"CumSum", Int32, 1, func(x Tensor) Tensor { return x.CumSum(0) }},
	{"CumSum of the last", Int32, 1, func(x Tensor) Tensor { return x.CumSum(-1) }},
	{"TopK", Int32, 1, func(x Tensor) Tensor { v, ix := x.TopK(x.Dim(-1) / 2); return Stack(0, v.To(Float64), ix.To(Float64)) }},
	{"ArgMax", Bool, 1, func(x Tensor) Tensor { return x.ArgMax(0) }},
	{"ArgMax of the last", Bool, 1, func(x Tensor) Tensor { return x.ArgMax(-1) }},
	{"Eq", Bool, 0, func(x Tensor) Tensor { return x.Eq(x.Full(1)) }},
	{"Less", Bool, 0, func(x Tensor) Tensor { return x.Less(x.Full(1)) }},
	{"Where", Bool, 0, func(x Tensor) Tensor { return Where(x.Eq(x.Full(0)), x.Full(1), x) }},
	{"Flip", Bool, 1, func(x Tensor) Tensor { return x.Flip(0).Flip(-1) }},
	{"Flatten", Bool, 0, Tensor.Flatten},
	{"Unsqueeze", Bool, 0, func(x Tensor) Tensor {
		if x.Rank() == maxRank {
			return x
		}
		return x.Unsqueeze(-1)
	}},
	{"T", Bool, 2, Tensor.T},
	{"BroadcastTo", Bool, 0, func(x Tensor) Tensor {
		if x.Rank() == maxRank {
			return x
		}
		return x.BroadcastTo(append([]int{2}, x.Shape()...)...)
	}},
	{"Slice", Bool, 1, func(x Tensor) Tensor { return x.Slice(0, 0, x.Dim(0)/2) }},
	{"Slice of the last", Bool, 1, func(x Tensor) Tensor { return x.Slice(-1, x.Dim(-1)/2, x.Dim(-1)) }},
	{"Split", Bool, 1, func(x Tensor) Tensor { return x.Split(-1, max(x.Dim(-1), 1))[0] }},
	{"Pad", Bool, 1, func(x Tensor) Tensor { return x.Pad(0, 1, 2).Pad(-1, 0, 1) }},
	{"Concat", Bool, 1, func(x Tensor) Tensor { return Concat(-1, x, x, x) }},
	{"Stack", Bool, 0, func(x Tensor) Tensor {
		if x.Rank() == maxRank {
			return x
		}
		return Stack(x.Rank(), x, x)
	}},
	{"Take", Bool, 1, func(x Tensor) Tensor { return x.Take(0, Ints(make([]int, min(x.Dim(0), 2))...)) }},
	{"Gather", Bool, 1, func(x Tensor) Tensor { return x.Gather(0, Zeros(x.Shape()...).To(Int32)) }},
	{"Full", Bool, 0, func(x Tensor) Tensor { return x.Full(1, 2, 2) }},
	{"Keep", Bool, 0, Tensor.Keep},
}

// TestTypesMeanTheSame: on whole numbers, each operation gives in each type
// what it gives in float64, on every edge of shapes; or it refuses both.
func TestTypesMeanTheSame(t *testing.T) {
	for _, op := range typedOps {
		for _, shape := range edgeShapes {
			if len(shape) < op.least {
				continue
			}
			for d := Float32; d <= op.upto; d++ {
				x := counted(d, shape)
				var got, want Tensor
				err, wantErr := Try(func() { got = op.f(x) }), Try(func() { want = op.f(x.To(Float64)) })
				what := fmt.Sprint(op.name, " of ", d, " ", shape)
				if (err == nil) != (wantErr == nil) {
					t.Errorf("%s: error %v, of float64 %v", what, err, wantErr)
					continue
				}
				if err != nil {
					continue
				}
				if !slices.Equal(got.Shape(), want.Shape()) || !slices.Equal(floatsOf(got), floatsOf(want)) {
					t.Errorf("%s: %v, of float64 %v", what, got, want)
				}
			}
		}
	}
}

// TestEmptyReductions says what becomes of no elements, in every type that is
// reduced.
func TestEmptyReductions(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for d := Float32; d <= Int32; d++ {
		x := Zeros(0, 3).To(d)
		wantValues(t, fmt.Sprint("sum of no rows of ", d), x.Sum(0), []int{3}, 0, 0, 0)
		wantValues(t, fmt.Sprint("sum of all of ", d), x.Sum(), nil, 0)
		wantValues(t, fmt.Sprint("sums of rows of ", d), x.Sum(1), []int{0})
		wantValues(t, fmt.Sprint("greatest of rows of ", d), x.Max(1), []int{0})
		wantError(t, Try(func() { x.Max(0) }), "no elements")
		wantError(t, Try(func() { x.Min() }), "no elements")
		if d == Int32 {
			continue
		}
		wantValues(t, fmt.Sprint("norm of no rows of ", d), x.Norm(0), []int{3}, 0, 0, 0)
		for i, v := range floatsOf(Concat(0, x.Mean(0), x.Var(0), x.LogSumExp(0))) {
			if want := []float64{nan, nan, -inf}[i/3]; v != want && !(v != v && want != want) {
				t.Errorf("%v: statistic %d of nothing is %v, want %v", d, i/3, v, want)
			}
		}
	}
}

// TestConversions goes from each type to each other by a table of what one
// element becomes.
func TestConversions(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		from DType
		x    float64
		want [5]float64 // float32, float64, int32, uint8, bool; −1: not laid down
	}{
		{Float64, 0, [5]float64{0, 0, 0, 0, 0}},
		{Float64, math.Copysign(0, -1), [5]float64{0, 0, 0, 0, 0}},
		{Float64, 1, [5]float64{1, 1, 1, 1, 1}},
		{Float64, .999, [5]float64{float64(float32(.999)), .999, 0, 0, 1}},
		{Float64, -.999, [5]float64{float64(float32(-.999)), -.999, 0, 0, 1}},
		{Float64, 254.9, [5]float64{float64(float32(254.9)), 254.9, 254, 254, 1}},
		{Float64, -7.5, [5]float64{-7.5, -7.5, -7, -1, 1}},
		{Float64, 16777217, [5]float64{16777216, 16777217, 16777217, -1, 1}}, // 2²⁴ + 1
		{Float64, 2147483647, [5]float64{2147483648, 2147483647, 2147483647, -1, 1}},
		{Float64, -2147483648, [5]float64{-2147483648, -2147483648, -2147483648, -1, 1}},
		{Float64, 1e300, [5]float64{inf, 1e300, -1, -1, 1}},
		{Float64, -1e300, [5]float64{-inf, -1e300, -1, -1, 1}},
		{Float64, 1e-300, [5]float64{0, 1e-300, 0, 0, 1}},
		{Float64, nan, [5]float64{nan, nan, -1, -1, 1}},
		{Float64, inf, [5]float64{inf, inf, -1, -1, 1}},
		{Float32, 3.75, [5]float64{3.75, 3.75, 3, 3, 1}},
		{Float32, 1e-45, [5]float64{0x1p-149, 0x1p-149, 0, 0, 1}},
		{Int32, -5, [5]float64{-5, -5, -5, 251, 1}}, // low bits, as C does
		{Int32, 300, [5]float64{300, 300, 300, 44, 1}},
		{Int32, 16777217, [5]float64{16777216, 16777217, 16777217, 1, 1}},
		{Uint8, 200, [5]float64{200, 200, 200, 200, 1}},
		{Uint8, 0, [5]float64{0, 0, 0, 0, 0}},
		{Bool, 1, [5]float64{1, 1, 1, 1, 1}},
		{Bool, 0, [5]float64{0, 0, 0, 0, 0}},
	} {
		x := Of([]float64{c.x, c.x, c.x}).To(c.from)
		for d := Float32; d <= Bool; d++ {
			y := x.To(d)
			if y.DType() != d || !slices.Equal(y.Shape(), []int{3}) {
				t.Fatalf("%v to %v: %v", c.from, d, y)
			}
			want := c.want[d]
			if want == -1 && d >= Int32 {
				continue
			}
			if got := y.At(2); got != want && !(got != got && want != want) {
				t.Errorf("%v %v to %v is %v, want %v", c.from, c.x, d, got, want)
			}
			if d == c.from && y != x {
				t.Errorf("%v to itself is another tensor", d)
			}
		}
	}
}

// TestIntArithmeticWraps: int32 overflows as Go's, and Scale and Shift round
// down.
func TestIntArithmeticWraps(t *testing.T) {
	const top, low = math.MaxInt32, math.MinInt32
	x := Of([]int32{top, low, -1, 3})
	for _, c := range []struct {
		name string
		got  Tensor
		want []int32
	}{
		{"Add", x.Add(Of([]int32{1, -1, top, 4})), []int32{low, top, top - 1, 7}},
		{"Sub", x.Sub(Of([]int32{-1, 1, low, 4})), []int32{low, top, top, -1}},
		{"Mul", x.Mul(Of([]int32{2, 2, low, -4})), []int32{-2, 0, low, -12}},
		{"Neg", x.Neg(), []int32{-top, low, 1, -3}},
		{"Abs", x.Abs(), []int32{top, low, 1, 3}},
		{"Maximum", x.Maximum(Of([]int32{0, 0, -2, 9})), []int32{top, 0, -1, 9}},
		{"Sum", x.Sum().Reshape(1), []int32{1}},
		{"CumSum", x.CumSum(0), []int32{top, -1, -2, 1}},
		{"Scale down", Ints(7, -7, 1, -1).Scale(.5), []int32{3, -4, 0, -1}},
		{"Scale", Ints(7, -7).Scale(-3), []int32{-21, 21}},
		{"Shift", Ints(7, -7).Shift(.75), []int32{7, -7}},
		{"Shift back", Ints(7, -7).Shift(-.25), []int32{6, -8}},
		{"Full", x.Full(-2.9, 1), []int32{-2}},
	} {
		if got := Data[int32](c.got); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if x.Mul(x).Tracked() {
		t.Error("int32 is tracked")
	}
}

// TestOneTensorManyReaders: any number of goroutines may read a heap tensor and
// compute with it in scopes of their own.
func TestOneTensorManyReaders(t *testing.T) {
	x, w, ix := NewRand(1).Normal(0, 1, 13, 17), NewRand(2).Normal(0, 1, 17, 5), Ints(3, 1, 1, 12)
	pass := func(s *Scope) []float32 {
		s.Reset()
		leaf := s.Track(w)
		h := x.MatMul(leaf).GELU()
		y := h.Take(0, ix).LogSoftmax(1).Add(x.Sum(1).Mean()).Square().Mean()
		g := s.Backward(y, leaf)[0]
		return append(Data[float32](g), float32(y.Item()))
	}
	want := pass(NewScope())
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			s := NewScope()
			for round := range 10 {
				if got := pass(s); !slices.Equal(got, want) {
					t.Errorf("round %d beside others: %v, want %v", round, got, want)
					return
				}
				if x.At(3, 4) != float64(View[float32](x)[3*17+4]) || x.String() == "" || w.Keep() != w || !x.Valid() {
					t.Error("a shared tensor reads differently")
				}
			}
		})
	}
	all.Wait()
}

// TestOperationsLeaveTheirOperands: no operation writes to an operand, shares
// memory that it then changes, or returns other elements on a second run.
func TestOperationsLeaveTheirOperands(t *testing.T) {
	for _, op := range typedOps {
		x := counted(Float32, []int{2, 3, 4})
		before := Data[float32](x)
		first := op.f(x)
		a := floatsOf(first)
		second := op.f(x)
		if !slices.Equal(Data[float32](x), before) || !slices.Equal(floatsOf(first), a) || !slices.Equal(floatsOf(second), a) {
			t.Errorf("%s changed its operand or its first result", op.name)
		}
	}
}
