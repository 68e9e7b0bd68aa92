package loss

import (
	"math"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

type T = tensor.Tensor

// all lists every loss with labels it takes (nil: floats of out's shape).
var all = map[string]struct {
	f      Func
	labels bool
}{
	"MSE": {MSE, false}, "MAE": {MAE, false}, "Huber": {Huber(1), false}, "BCE": {BCE, false},
	"WeightedBCE": {WeightedBCE(2), false}, "KL": {KL, false}, "CenterFocal": {CenterFocal(2, 4), false},
	"CrossEntropy": {CrossEntropy, true}, "SmoothCrossEntropy": {SmoothCrossEntropy(.1), true},
	"WeightedCrossEntropy": {WeightedCrossEntropy(1, 2, 3), true}, "Dice": {Dice, true}, "GeneralizedDice": {GeneralizedDice, true}, "Focal": {Focal(.25, 2), true},
}

func fails(t *testing.T, what string, f func(), parts ...string) {
	t.Helper()
	err := tensor.Try(f)
	if err == nil {
		t.Errorf("%s: no error", what)
		return
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("%s: %q lacks %q", what, err, p)
		}
	}
}

func TestLossesNeverBroadcast(t *testing.T) {
	for name, l := range all {
		for _, target := range [][]int{{3}, {1, 3}, {4, 1}, {4, 3, 1}, {}} {
			fails(t, name, func() { l.f(tensor.Zeros(4, 3), tensor.Zeros(target...)) }, "loss."+name+":", "never broadcasts", "[4 3]")
		}
		if !l.labels {
			fails(t, name, func() { l.f(tensor.Zeros(4, 3), tensor.Zeros(4)) }, "never broadcasts", "[4]")
		} else {
			fails(t, name, func() { l.f(tensor.Zeros(4, 3), tensor.Zeros(4, 1).To(tensor.Int32)) }, "loss."+name+":", "never broadcasts", "labels", "[4 1]")
		}
	}
}

func TestLossesNeverMixTypes(t *testing.T) {
	wide := tensor.Zeros(4, 3).To(tensor.Float64)
	for name, l := range all {
		fails(t, name, func() { l.f(tensor.Zeros(4, 3), wide) }, "loss."+name+":", "float32", "float64", "To(tensor.Float32)")
		fails(t, name, func() { l.f(wide, tensor.Zeros(4, 3)) }, "To(tensor.Float64)")
		fails(t, name, func() { l.f(tensor.Ints(1, 2).Reshape(1, 2), tensor.Ints(1)) }, "the result is int32")
		if !l.labels {
			fails(t, name, func() { l.f(tensor.Zeros(2, 3), tensor.Zeros(2, 3).To(tensor.Int32)) }, "the target int32")
		}
	}
	fails(t, "labels as floats", func() { CrossEntropy(tensor.Zeros(4, 3), tensor.Zeros(4)) }, "labels are float32", "To(tensor.Int32)")
}

func TestLabelsOutsideTheClasses(t *testing.T) {
	for name, l := range all {
		if !l.labels {
			continue
		}
		for _, bad := range []int{-1, 3, -99, 1000} {
			fails(t, name, func() { l.f(tensor.Zeros(3, 3), tensor.Ints(0, -100, bad)) }, "loss."+name+":", "of example 2", "outside 0…2")
		}
	}
}

func TestMistakesNameTheirFix(t *testing.T) {
	x, y := tensor.Zeros(4, 3), tensor.Zeros(4, 3)
	fails(t, "one class", func() { CrossEntropy(tensor.Zeros(4, 1), tensor.Ints(0, 0, 0, 0)) }, "one class", "BCE")
	fails(t, "one class of shares", func() { CrossEntropy(tensor.Zeros(4, 1), tensor.Zeros(4, 1)) }, "one class", "BCE")
	fails(t, "scalar", func() { CrossEntropy(tensor.Zeros(), tensor.Zeros()) }, "scalar")
	fails(t, "weights", func() { WeightedCrossEntropy(1, 2)(x, tensor.Ints(0, 0, 0, 0)) }, "2 weights for 3 classes")
	fails(t, "negative weight", func() { WeightedCrossEntropy(1, -2, 1)(x, y) }, "a weight is -2")
	fails(t, "δ", func() { Huber(0)(x, y) }, "δ is 0", "above 0")
	fails(t, "ε", func() { SmoothCrossEntropy(1.5)(x, y) }, "ε is 1.5", "from 0 to 1")
	fails(t, "ε NaN", func() { SmoothCrossEntropy(math.NaN())(x, y) }, "ε is NaN")
	fails(t, "pos", func() { WeightedBCE(-1)(x, y) }, "is -1")
	fails(t, "α", func() { Focal(-1, 2)(x, y) }, "α is -1")
	fails(t, "α of yes and no", func() { Focal(2, 2)(x, y) }, "α is 2", "from 0 to 1")
	fails(t, "γ", func() { Focal(1, math.Inf(1))(x, y) }, "γ is +Inf")
	fails(t, "β", func() { CenterFocal(2, -4)(x, y) }, "β is -4")
	fails(t, "mask shape", func() { Masked(MAE, x, y, tensor.Zeros(4, 1)) }, "loss.Masked:", "never broadcasts", "[4 1]")
	fails(t, "mask weights", func() { Masked(MAE, x, y, tensor.Full(.5, 4)) }, "element 0 of the mask is 0.5")
	fails(t, "mask of elements for rows", func() { Masked(CrossEntropy, x, y, tensor.Full(1, 4, 3)) }, "one class")
}

// An ignored row may hold anything, and the mean is over the others.
func TestIgnoredRowsDoNotCount(t *testing.T) {
	r := tensor.NewRand(1)
	kept := r.Normal(0, 1, 3, 4)
	wild := tensor.Concat(0, kept.Slice(0, 0, 1), tensor.Full(1e30, 1, 4), kept.Slice(0, 1, 3))
	for name, f := range map[string]Func{"CrossEntropy": CrossEntropy, "Smooth": SmoothCrossEntropy(.1), "Dice": Dice, "Focal": Focal(1, 2), "Weighted": WeightedCrossEntropy(1, 2, 3, 4)} {
		got, want := f(wild, tensor.Ints(2, -100, 0, 3)).Item(), f(kept, tensor.Ints(2, 0, 3)).Item()
		if !(math.Abs(got-want) <= 1e-6) {
			t.Errorf("%s: %g with an ignored row, %g without", name, got, want)
		}
	}
}

// Where nothing counts a loss is 0, and so is its gradient, which exists.
func TestNothingThatCounts(t *testing.T) {
	none := tensor.Ints(-100, -100)
	drop := func(f Func) Func {
		return func(out, target T) T { return Masked(f, out, target, tensor.Zeros(2)) }
	}
	for name, c := range map[string]struct {
		f      Func
		target T
	}{
		"CrossEntropy": {CrossEntropy, none}, "Smooth": {SmoothCrossEntropy(.1), none}, "Dice": {Dice, none}, "Focal": {Focal(1, 2), none},
		"weights of 0": {WeightedCrossEntropy(0, 0, 1), tensor.Ints(0, 1)},
		"masked rows":  {drop(MSE), tensor.Zeros(2, 3)}, "masked labels": {drop(CrossEntropy), none},
	} {
		s := tensor.NewScope()
		x := s.Track(tensor.NewRand(2).Normal(0, 1, 2, 3))
		y := c.f(x, c.target)
		if y.Rank() != 0 || y.Item() != 0 || !y.Tracked() {
			t.Errorf("%s: %v, tracked %v", name, y, y.Tracked())
			continue
		}
		for _, v := range tensor.Data[float32](s.Backward(y, x)[0]) {
			if v != 0 {
				t.Errorf("%s: gradient %g", name, v)
			}
		}
	}
}

func TestEmptyBatches(t *testing.T) {
	for name, l := range all {
		target := tensor.Zeros(0, 3)
		if l.labels {
			target = tensor.Ints()
		}
		if v := l.f(tensor.Zeros(0, 3), target).Item(); v != 0 {
			t.Errorf("%s of nothing is %g", name, v)
		}
	}
}

// A network that is very sure, rightly or wrongly, gets finite numbers.
func TestSureNetworks(t *testing.T) {
	sure := tensor.Of([]float32{200, -200, 0, -90, 90, 30, -200, 200, 17, -1e4, 1e4, 0}, 4, 3)
	yes := tensor.Of([]float32{1, 0, 0, 1, 0, 1, 0, 1, 1, 0, 0, 1}, 4, 3)
	labels := tensor.Ints(0, 0, 2, 1)
	for name, c := range map[string]struct {
		f      Func
		target T
	}{
		"CrossEntropy": {CrossEntropy, labels}, "Dice": {Dice, labels}, "BCE": {BCE, yes}, "shares": {CrossEntropy, yes},
		"Focal": {Focal(.25, 2), labels}, "Focal ½": {Focal(1, .5), labels}, "Focal of yes": {Focal(.25, .5), yes},
		"CenterFocal": {CenterFocal(2, 4), yes}, "KL": {KL, yes}, "MSE": {MSE, yes}, "Huber": {Huber(1), yes},
	} {
		s := tensor.NewScope()
		x := s.Track(sure)
		y := c.f(x, c.target)
		g := tensor.View[float32](s.Backward(y, x)[0])
		for _, v := range append(g[:len(g):len(g)], tensor.View[float32](y)...) {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				t.Errorf("%s: %v, gradient %v", name, y, g)
				break
			}
		}
	}
}

// BCE keeps its digits where the network is sure and right.
func TestBCEOfASureNetwork(t *testing.T) {
	got := BCE(tensor.Of([]float32{-20, 20}), tensor.Of([]float32{0, 1})).Item()
	if want := math.Log1p(math.Exp(-20)); math.Abs(got-want) > 1e-5*want {
		t.Errorf("%g, want %g", got, want)
	}
}

// One-hot shares are labels.
func TestSharesAgreeWithLabels(t *testing.T) {
	x, labels := tensor.NewRand(4).Normal(0, 2, 2, 3, 4), tensor.Ints(3, 0, 1, 1, 2, 0).Reshape(2, 3)
	for name, f := range map[string]Func{"CrossEntropy": CrossEntropy, "Smooth": SmoothCrossEntropy(.2), "Dice": Dice} {
		if a, b := f(x, labels).Item(), f(x, labels.OneHot(4)).Item(); math.Abs(a-b) > 1e-6 {
			t.Errorf("%s: %g of labels, %g of shares", name, a, b)
		}
	}
}

// Masks of bool, int32 and floats are one.
func TestMaskTypes(t *testing.T) {
	x, y := tensor.NewRand(5).Normal(0, 1, 3, 2), tensor.Zeros(3, 2)
	mask := tensor.Of([]bool{true, false, true})
	want := MAE(tensor.Concat(0, x.Slice(0, 0, 1), x.Slice(0, 2, 3)), tensor.Zeros(2, 2)).Item()
	for _, d := range []tensor.DType{tensor.Bool, tensor.Uint8, tensor.Int32, tensor.Float32, tensor.Float64} {
		if got := Masked(MAE, x, y, mask.To(d)).Item(); got != want {
			t.Errorf("%v: %g, want %g", d, got, want)
		}
	}
}

func TestSteadyLossesAllocateNothing(t *testing.T) {
	s := tensor.NewScope()
	r := tensor.NewRand(6)
	x, y, labels := r.Normal(0, 1, 32, 10), r.Uniform(0, 1, 32, 10), tensor.Zeros(32).To(tensor.Int32)
	out := []T{{}}
	for name, c := range map[string]struct {
		f      Func
		target T
	}{
		"MSE": {MSE, y}, "MAE": {MAE, y}, "Huber": {Huber(1), y}, "BCE": {BCE, y}, "KL": {KL, y}, "shares": {CrossEntropy, y},
		"CrossEntropy": {CrossEntropy, labels}, "Smooth": {SmoothCrossEntropy(.1), labels},
		"Weighted": {WeightedCrossEntropy(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), labels},
	} {
		xs := []T{{}}
		if n := testing.AllocsPerRun(20, func() {
			s.Reset()
			xs[0] = s.Track(x)
			engine.Backward(s, c.f(xs[0], c.target), xs, out, nil)
		}); n != 0 {
			t.Errorf("%s: %g allocations", name, n)
		}
	}
}
