package metric

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// every lists one metric of each kind, with its name.
var every = map[string]Metric{
	"accuracy": Accuracy{}, "top-2": TopK{2}, "binary accuracy": Binary{}, "precision": Precision{}, "recall of class 1": Recall{}.Of(1),
	"f1": F1{}, "mse": MeanSquaredError{}, "rmse": RootMeanSquaredError{}, "mae": MeanAbsoluteError{}, "r2": R2{},
	"auc": AUC{}, "average precision": AveragePrecision{}, "calibration error": CalibrationError{},
}

func TestNamesAndDirections(t *testing.T) {
	for name, m := range every {
		if m.Name() != name {
			t.Errorf("%T is called %q, want %q", m, m.Name(), name)
		}
		lower := strings.HasSuffix(name, "error") || strings.HasPrefix(name, "m") || name == "rmse"
		if want := 1 - 2*b2i(lower); m.Better() != want {
			t.Errorf("%s: better is %d, want %d", name, m.Better(), want)
		}
		if v := m.New().Result(); !math.IsNaN(v) {
			t.Errorf("%s of nothing is %g, want NaN", name, v)
		}
	}
	if c := new(Confusion); c.Name() != "accuracy" || c.Better() != 1 {
		t.Error("confusion")
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestConfusionAsAMetric(t *testing.T) {
	c := new(Confusion)
	out := tensor.Of([]float32{1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0}, 5, 3)
	for range 2 { // the second evaluation starts afresh
		a := c.New()
		if err := a.Add(out, tensor.Ints(0, 2, 2, 1, 1)); err != nil {
			t.Fatal(err)
		}
		if a.Result() != .4 || c.Result() != .4 {
			t.Errorf("accuracy %g, want 0.4", a.Result())
		}
	}
	if got, want := c.Pairs(9), []Pair{{2, 1, 2}, {1, 0, 1}}; !slices.Equal(got, want) {
		t.Errorf("pairs %v, want %v", got, want)
	}
	if got := c.Pairs(1); len(got) != 1 || len(c.Pairs(-1)) != 0 {
		t.Errorf("one pair: %v", got)
	}
	if c.Precision(7) != 0 || c.Recall(-1) != 0 || new(Confusion).F1(0) != 0 {
		t.Error("a class that is none has a score")
	}
}

// Of equal logits the first counts as the greatest, whatever is right.
func TestTies(t *testing.T) {
	out := tensor.Zeros(1, 3)
	for label, want := range [][]float64{{1, 1, 1}, {0, 1, 1}, {0, 0, 1}} {
		for k := 1; k <= 3; k++ {
			if got := score(t, TopK{k}, out, tensor.Ints(label), 0); got != want[k-1] {
				t.Errorf("label %d: top-%d is %g, want %g", label, k, got, want[k-1])
			}
		}
	}
}

func TestRankingsOfOneKind(t *testing.T) {
	x := tensor.Of([]float32{.1, .2, .2}, 3, 1)
	for _, c := range []struct {
		m      Metric
		target T
		want   float64
	}{
		{AUC{}, tensor.Ints(1, 1, 1), math.NaN()},
		{AUC{}, tensor.Ints(0, 0, 0), math.NaN()},
		{AveragePrecision{}, tensor.Ints(1, 1, 1), 1},
		{AveragePrecision{}, tensor.Ints(0, 0, 0), math.NaN()},
		{AUC{}, tensor.Ints(0, 1, 1), 1},
		{AUC{}, tensor.Ints(1, 0, 0), 0},
		{AUC{}, tensor.Ints(-100, 0, 1), .5},
	} {
		if got := score(t, c.m, x, c.target, 0); got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("%s of %v: %g, want %g", c.m.Name(), c.target, got, c.want)
		}
	}
}

// R2 keeps its digits far from 0.
func TestR2FarFromZero(t *testing.T) {
	near, far := []float64{1, 2, 3, 4}, []float64{1e9 + 1, 1e9 + 2, 1e9 + 3, 1e9 + 4}
	off := func(v []float64) T { return tensor.Of(v).Shift(.5) }
	a, b := score(t, R2{}, off(near), tensor.Of(near), 0), score(t, R2{}, off(far), tensor.Of(far), 0)
	if a != .8 || math.Abs(b-.8) > 1e-12 {
		t.Errorf("%g and %g, want 0.8", a, b)
	}
}

func TestMistakes(t *testing.T) {
	nan := tensor.Full(math.NaN(), 2, 3)
	for _, c := range []struct {
		m           Metric
		out, target T
		want        string
	}{
		{Accuracy{}, tensor.Zeros(2, 3), tensor.Ints(0, 3), "metric: accuracy: label 3 of example 1 is outside 0…2"},
		{Accuracy{}, tensor.Zeros(2, 3), tensor.Ints(-1, 0), "label -1 of example 0"},
		{Accuracy{}, tensor.Zeros(2, 3), tensor.Ints(0), "want int32 labels [2], or shares [2 3]"},
		{Accuracy{}, tensor.Zeros(2, 3), tensor.Zeros(2), "the target float32 [2]"},
		{Accuracy{}, tensor.Zeros(2, 3), tensor.Full(1, 2, 3), "shares of example 0 sum up to 3"},
		{Accuracy{}, tensor.Zeros(), tensor.Ints(0), "want float logits"},
		{Accuracy{}, tensor.Ints(0, 1), tensor.Ints(0), "the result is int32 [2]"},
		{Accuracy{}, nan, tensor.Ints(0, 1), "example 0 is NaN"},
		{Accuracy{}, tensor.Zeros(2, 1), tensor.Ints(0, 2), "the target of example 1 is 2; want 1 for yes and 0 for no"},
		{TopK{0}, tensor.Zeros(2, 3), tensor.Ints(0, 1), "metric: top-0: want K from 1 to the number of classes, 3"},
		{TopK{4}, tensor.Zeros(2, 3), tensor.Ints(0, 1), "metric: top-4"},
		{Binary{}, tensor.Zeros(2, 3), tensor.Zeros(2), "one answer for each logit"},
		{Binary{}, tensor.Zeros(2), tensor.Of([]float32{1, .5}), "the target of example 1 is 0.5"},
		{Binary{}, nan, tensor.Zeros(2, 3), "NaN"},
		{Precision{}.Of(3), tensor.Zeros(2, 3), tensor.Ints(0, 1), "metric: precision of class 3: the classes are 0…2"},
		{Recall{}, tensor.Zeros(2, 3), tensor.Ints(0), "metric: recall: "},
		{new(Confusion), tensor.Zeros(2, 3), tensor.Ints(9, 0), "metric: confusion: label 9"},
		{AUC{}, tensor.Zeros(2, 3), tensor.Ints(0, 1), "the result has 3 classes"},
		{CalibrationError{}, tensor.Zeros(2, 3), tensor.Ints(0, 5), "metric: calibration error: label 5"},
		{MeanSquaredError{}, tensor.Zeros(2, 1), tensor.Zeros(2), "metric: mse: the result is [2 1] and the target [2]; a metric never broadcasts"},
		{MeanAbsoluteError{}, nan, tensor.Zeros(2, 3), "metric: mae: the result of example 0 is NaN"},
		{R2{}, tensor.Zeros(2, 1), tensor.Zeros(2), "metric: r2:"},
	} {
		a := c.m.New()
		err := a.Add(c.out, c.target)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want …%s…", c.m.Name(), err, c.want)
		}
		if v := a.Result(); !math.IsNaN(v) {
			t.Errorf("%s: %g was added by a batch that failed", c.m.Name(), v)
		}
	}
}

func TestBatchesOfAnotherWidth(t *testing.T) {
	for _, c := range []struct {
		m      Metric
		target func(n int) T
	}{
		{new(Confusion), func(int) T { return tensor.Ints(0, 1) }},
		{F1{}, func(int) T { return tensor.Ints(0, 1) }},
		{R2{}, func(n int) T { return tensor.Zeros(2, n) }},
	} {
		a := c.m.New()
		if err := a.Add(tensor.Zeros(2, 3), c.target(3)); err != nil {
			t.Fatal(err)
		}
		if err := a.Add(tensor.Zeros(2, 4), c.target(4)); err == nil || !strings.Contains(err.Error(), "batches before had 3") {
			t.Errorf("%s: %v", c.m.Name(), err)
		}
	}
}

// A score takes what a pass has computed, and the pass may end then.
func TestScoresInAPass(t *testing.T) {
	s := tensor.NewScope()
	a, c := (AUC{}).New(), (Accuracy{}).New()
	for _, v := range []float32{-1, 3} {
		out := s.Track(tensor.Of([]float32{v, 1}, 2, 1)).Scale(1)
		for _, m := range []Accumulator{a, c} {
			if err := m.Add(out, tensor.Ints(0, 1)); err != nil {
				t.Fatal(err)
			}
		}
		s.Reset()
	}
	if a.Result() != .5 || c.Result() != .75 {
		t.Errorf("auc %g, accuracy %g", a.Result(), c.Result())
	}
}
