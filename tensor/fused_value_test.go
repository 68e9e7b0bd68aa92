package tensor

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/internal/par"
)

// same fails unless both hold the same numbers, within rounding.
func same(t *testing.T, what string, got, want Tensor) {
	t.Helper()
	if !slices.Equal(got.Shape(), want.Shape()) {
		t.Errorf("%s: shape %v, want %v", what, got.Shape(), want.Shape())
		return
	}
	for i := range want.h.n {
		if a, b := got.h.at(i), want.h.at(i); !(math.Abs(a-b) <= 1e-11*(1+math.Abs(b))) && !(math.IsNaN(a) && math.IsNaN(b)) {
			t.Errorf("%s: element %d is %.14g, want %.14g", what, i, a, b)
			return
		}
	}
}

// TestConvTransposeIsAdjoint: Σ y·conv(x) = Σ x·convTranspose(y).
func TestConvTransposeIsAdjoint(t *testing.T) {
	for _, o := range []Conv{{}, {Stride: 2, Pad: 1}, {Dilation: 2}, {Groups: 2, Pad: 2}} {
		g := max(o.Groups, 1)
		x, w := normal64(1, 2, 7, 5, 2*g), normal64(2, 2*g, 3, 3, 2)
		y := x.Conv2D(w, o)
		z := normal64(3, y.Shape()...)
		back := z.ConvTranspose2D(w, o)
		same(t, fmt.Sprint(o), Dot([]Tensor{y}, []Tensor{z}), Dot([]Tensor{x}, []Tensor{back}))
	}
}

func TestConvTransposeSize(t *testing.T) {
	x, w := Zeros(1, 4, 5, 2), Zeros(2, 3, 3, 6)
	y := convTranspose(x, w, Tensor{}, backstage.Conv{StrideH: 2, StrideW: 2, PadTop: 1, PadLeft: 1, PadBottom: 1, PadRight: 1, OutPadH: 1}, backstage.None, 0)
	if got, want := y.Shape(), []int{1, 8, 9, 6}; !slices.Equal(got, want) {
		t.Errorf("shape %v, want %v", got, want)
	}
}

func TestStatisticsOfABatch(t *testing.T) {
	x := normal64(1, 2, 3, 4)
	_, mean, variance := batchNorm(x, Tensor{}, Tensor{}, .1, backstage.None, 0)
	rows := x.Reshape(6, 4)
	same(t, "mean", mean, rows.Mean(0))
	same(t, "variance", variance, rows.Var(0))
}

func TestLargeAndIgnoredNumbers(t *testing.T) {
	big := Of([]float64{1e4, 1e4 - 1}).Softmax(0)
	near(t, "softmax of large numbers", big.At(0), 1/(1+math.Exp(-1)), 1e-12)
	x := Of([]float64{1, 2, math.NaN(), math.Inf(1)}, 2, 2)
	if got := crossEntropy(x, Of([]int32{1, ignored}), Tensor{}, 0).Item(); math.IsNaN(got) {
		t.Error("an ignored row's NaN reached the loss")
	}
	if got := crossEntropy(x, Of([]int32{ignored, ignored}), Tensor{}, 0).Item(); got != 0 {
		t.Errorf("all ignored: %g, want 0", got)
	}
}

func TestDropoutKeepsItsShare(t *testing.T) {
	x := Full(1, 1000, 100)
	r := NewRand(3)
	a := dropout(x, .25, r)
	zeros := 0
	for _, v := range View[float32](a) {
		switch v {
		case 0:
			zeros++
		case float32(1 / .75):
		default:
			t.Fatalf("element %g", v)
		}
	}
	if share := float64(zeros) / 1e5; math.Abs(share-.25) > .01 {
		t.Errorf("%g of the elements are zero, want 0.25", share)
	}
	if b := dropout(x, .25, r); slices.Equal(View[float32](a), View[float32](b)) {
		t.Error("the same mask twice")
	}
	if b := dropout(x, .25, NewRand(3)); !slices.Equal(View[float32](a), View[float32](b)) {
		t.Error("another mask from the same seed")
	}
}

func TestPoolSizes(t *testing.T) {
	for _, c := range []struct {
		p    backstage.Pool
		h, w int
	}{
		{backstage.Pool{KH: 2, KW: 2}, 2, 3},
		{backstage.Pool{KH: 2, KW: 2, Ceil: true}, 3, 3},
		{backstage.Pool{KH: 3, KW: 3, StrideH: 2, StrideW: 2, PadTop: 1, PadBottom: 1, PadLeft: 1, PadRight: 1}, 3, 3},
		{backstage.Pool{KH: 1, KW: 1, StrideH: 3, StrideW: 4, Ceil: true}, 2, 2}, // a third window would start outside
	} {
		y := pool(Zeros(1, 5, 6, 1), c.p)
		if y.Dim(1) != c.h || y.Dim(2) != c.w {
			t.Errorf("%+v: %v, want %d rows and %d columns", c.p, y.Shape(), c.h, c.w)
		}
	}
}

func TestResizeByHand(t *testing.T) {
	x := Of([]float64{0, 1, 2, 3}, 1, 2, 2, 1)
	same(t, "larger", x.Resize(2, 4), Of([]float64{0, .25, .75, 1, 2, 2.25, 2.75, 3}, 1, 2, 4, 1))
	same(t, "smaller", x.Resize(1, 1), Of([]float64{1.5}, 1, 1, 1, 1))
	same(t, "nearest", x.Resize(3, 2, true), Of([]float64{0, 1, 0, 1, 2, 3}, 1, 3, 2, 1))
	same(t, "as it is", x.Resize(2, 2), x)
}

func TestFusedMistakes(t *testing.T) {
	x := Zeros(2, 5, 5, 3)
	labels := func(v ...int32) Tensor { return Of(v) }
	for _, c := range []struct {
		f    func()
		want string
	}{
		{func() { Zeros(32, 784).MatMul(Zeros(512, 10)) }, "tensor.MatMul: inner sizes differ: [32 784] · [512 10]"},
		{func() { Zeros(2, 3, 4).MatMul(Zeros(3, 4, 5)) }, "leading axes differ"},
		{func() { Zeros().MatMul(Zeros(2)) }, "a scalar is no matrix"},
		{func() { Zeros(2, 2).MatMul(normal64(1, 2, 2)) }, "dtypes are float32, float64"},
		{func() { x.Conv2D(Zeros(4, 3, 3, 2), Conv{}) }, "channels differ: the images have 3, the filters are for 2"},
		{func() { x.Conv2D(Zeros(4, 3, 3, 2), Conv{Groups: 2}) }, "2 groups of filters are for 2 each"},
		{func() { x.Conv2D(Zeros(4, 7, 3, 3), Conv{}) }, "reach over 7 rows do not fit into 5"},
		{func() { x.Conv2D(Zeros(4, 3), Conv{}) }, "four axes"},
		{func() { x.ConvTranspose2D(Zeros(4, 3, 3, 3), Conv{}) }, "the filters are for 4 channels"},
		{func() { x.MaxPool2D(6, 0) }, "windows of 6 rows do not fit into 5"},
		{func() { x.MaxPool2D(2, -1) }, "stride"},
		{func() { Zeros(2, 2).AvgPool2D(2, 2) }, "[N, H, W, C]"},
		{func() { Ints(1, 2).Softmax(0) }, "dtypes are int32"},
		{func() { Zeros(2).Softmax(1) }, "no axis 1"},
		{func() { linear(Zeros(2, 3), Zeros(4, 5), Tensor{}, 0, 0) }, "inner sizes differ"},
		{func() { linear(Zeros(2, 3), Zeros(4, 3), Zeros(3), 0, 0) }, "one value of x's type for each output"},
		{func() { crossEntropy(Zeros(2, 3), labels(1, 3), Tensor{}, 0) }, "label 3 of example 1 is outside 0…2"},
		{func() { crossEntropy(Zeros(2, 3), labels(-1, 2), Tensor{}, 0) }, "label -1 of example 0 is outside 0…2"},
		{func() { crossEntropy(Zeros(2, 3), labels(1), Tensor{}, 0) }, "one label for each row"},
		{func() { crossEntropy(Zeros(2, 3), Zeros(2), Tensor{}, 0) }, "int32 labels"},
		{func() { dropout(Zeros(2), 1, NewRand(1)) }, "rate 1"},
		{func() { Zeros(2).Resize(2, 2) }, "cannot be resized"},
	} {
		err := Try(c.f)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want …%s…", err, c.want)
		}
	}
}

// fusedStep is one step of a network of fused operations.
func fusedStep(s *Scope, x, labels Tensor, ws, leaves, grads []Tensor, r *Rand) float64 {
	for i, w := range ws {
		leaves[i] = door{}.Leaf(s, w)
	}
	d := door{}
	x = d.Adopt(s, x)
	d.Seed(r, s, 1, 2, false)
	h := d.Conv(x, leaves[0], leaves[1], backstage.Conv{}, backstage.ReLU, 0)
	h = d.Pool(h, backstage.Pool{KH: 2, KW: 2})
	h, _, _ = d.BatchNorm(h, leaves[2], leaves[2], 1e-5, backstage.ReLU, 0)
	h = d.Dropout(h, .25, r)
	h = d.LayerNorm(h, leaves[2], leaves[2], 1e-5)
	h = d.Linear(h.Reshape(x.h.shape[0], -1), leaves[3], leaves[4], backstage.ReLU, 0)
	l := d.CrossEntropy(h, labels, Tensor{}, 0)
	loss := l.Item()
	d.Backward(s, l, leaves, grads, nil)
	return loss
}

func fusedNet(n int) (x, labels Tensor, ws []Tensor) {
	r := NewRand(1)
	l := make([]int32, n)
	for i := range l {
		l[i] = int32(i % 10)
	}
	return r.Normal(0, 1, n, 14, 14, 3), Of(l),
		[]Tensor{r.Normal(0, .2, 8, 3, 3, 3), r.Normal(0, 1, 8), r.Normal(0, 1, 8), r.Normal(0, .1, 10, 6*6*8), r.Normal(0, 1, 10)}
}

func TestFusedStepAllocatesNothing(t *testing.T) {
	x, labels, ws := fusedNet(4)
	s := NewScope()
	leaves, grads := make([]Tensor, len(ws)), make([]Tensor, len(ws))
	var r Rand
	step := func() {
		fusedStep(s, x, labels, ws, leaves, grads, &r)
		s.Reset()
	}
	step()
	step()
	if n := testing.AllocsPerRun(20, step); n != 0 {
		t.Errorf("%g allocations a step", n)
	}
}

func TestFusedSameBitsAtAnyWorkers(t *testing.T) {
	x, labels, ws := fusedNet(16)
	defer par.SetWorkers(par.Workers())
	var want []float32
	for _, workers := range []int{1, 2, 3, 7} {
		par.SetWorkers(workers)
		s := NewScope()
		leaves, grads := make([]Tensor, len(ws)), make([]Tensor, len(ws))
		var r Rand
		got := []float32{float32(fusedStep(s, x, labels, ws, leaves, grads, &r))}
		for _, g := range grads {
			got = append(got, View[float32](g)...)
		}
		if want == nil {
			want = got
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d workers: other bits", workers)
		}
	}
}
