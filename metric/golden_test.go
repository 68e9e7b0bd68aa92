package metric

import (
	"encoding/json"
	"math"
	"os"
	"reflect"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

type T = tensor.Tensor

// golden is testdata/golden.json, which golden.py beside it makes.
type golden struct {
	Logits             []float64
	Labels             []int
	Classes            int
	Accuracy           float64
	Top                []float64 // k from 1
	Confusion          [][]int
	Precision          []float64
	Recall             []float64
	F1                 []float64
	Macro              []float64 // precision, recall, F1
	Calibration        []float64 // of 15 and 4 bins
	Scores             []float64
	Yes                []int
	Binary             float64
	BinaryF1           float64 `json:"binary_f1"`
	AUC                float64
	AveragePrecision   float64 `json:"average_precision"`
	Out, Target        []float64
	MSE, RMSE, MAE, R2 float64
}

func readGolden(t *testing.T) (g golden) {
	t.Helper()
	text, err := os.ReadFile("testdata/golden.json")
	if err == nil {
		err = json.Unmarshal(text, &g)
	}
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func (g *golden) classified() (out, labels T) {
	return tensor.Of(g.Logits, len(g.Labels), g.Classes).To(tensor.Float32), tensor.Ints(g.Labels...)
}

func (g *golden) yesNo() (out, target T) {
	return tensor.Of(g.Scores, len(g.Scores), 1).To(tensor.Float32), tensor.Ints(g.Yes...)
}

func (g *golden) regression() (out, target T) {
	return tensor.Of(g.Out, len(g.Out)/3, 3).To(tensor.Float32), tensor.Of(g.Target, len(g.Target)/3, 3).To(tensor.Float32)
}

// scored is a metric, data, and what the score must be.
type goldenScore struct {
	metric      Metric
	out, target T
	want        float64
}

func goldenScores(t *testing.T) (all []goldenScore) {
	g := readGolden(t)
	add := func(out, target T, want float64, m Metric) {
		all = append(all, goldenScore{m, out, target, want})
	}
	x, labels := g.classified()
	add(x, labels, g.Accuracy, Accuracy{})
	add(x, labels, g.Accuracy, &Confusion{})
	add(x, labels.OneHot(g.Classes), g.Accuracy, Accuracy{})
	add(x.To(tensor.Float64), labels, g.Accuracy, Accuracy{})
	for k, want := range g.Top {
		add(x, labels, want, TopK{k + 1})
	}
	for class := range g.Classes {
		add(x, labels, g.Precision[class], Precision{}.Of(class))
		add(x, labels, g.Recall[class], Recall{}.Of(class))
		add(x, labels, g.F1[class], F1{}.Of(class))
	}
	add(x, labels, g.Macro[0], Precision{})
	add(x, labels, g.Macro[1], Recall{})
	add(x, labels, g.Macro[2], F1{})
	add(x, labels, g.Calibration[0], CalibrationError{})
	add(x, labels, g.Calibration[1], CalibrationError{Bins: 4})
	x, yes := g.yesNo()
	column := yes.Unsqueeze(1).To(tensor.Float32)
	add(x, yes, g.Binary, Accuracy{})
	add(x, column, g.Binary, Accuracy{})
	add(x, column, g.Binary, Binary{})
	add(x, yes, g.BinaryF1, F1{}.Of(1))
	add(x, yes, g.AUC, AUC{})
	add(x, yes, g.AveragePrecision, AveragePrecision{})
	both := tensor.Concat(1, x.Scale(0), x)
	add(both, yes, g.AUC, AUC{})
	add(both, yes, g.AveragePrecision, AveragePrecision{})
	x, target := g.regression()
	add(x, target, g.MSE, MeanSquaredError{})
	add(x, target, g.RMSE, RootMeanSquaredError{})
	add(x, target, g.MAE, MeanAbsoluteError{})
	add(x, target, g.R2, R2{})
	return all
}

// score adds batches of a size; 0: one batch.
func score(t *testing.T, m Metric, out, target T, batch int) float64 {
	t.Helper()
	a, n := m.New(), out.Dim(0)
	if batch == 0 {
		batch = n
	}
	for from := 0; from < n; from += batch {
		to := min(from+batch, n)
		if err := a.Add(out.Slice(0, from, to), target.Slice(0, from, to)); err != nil {
			t.Fatalf("%s: %v", m.Name(), err)
		}
	}
	return a.Result()
}

func TestScoresAgainstScikitLearn(t *testing.T) {
	for _, s := range goldenScores(t) {
		if got := score(t, s.metric, s.out, s.target, 0); !(math.Abs(got-s.want) <= 1e-12*(1+math.Abs(s.want))) {
			t.Errorf("%s of %v: %.15g, want %.15g", s.metric.Name(), s.out.Shape(), got, s.want)
		}
	}
}

// The bits are those of one batch, however the set is split.
func TestBatchSizeDoesNotShow(t *testing.T) {
	for _, s := range goldenScores(t) {
		want := score(t, s.metric, s.out, s.target, 0)
		for _, batch := range []int{1, 7, 32, 59} {
			if got := score(t, s.metric, s.out, s.target, batch); got != want {
				t.Errorf("%s: %.17g in batches of %d, %.17g in one", s.metric.Name(), got, batch, want)
			}
		}
	}
}

// Ignored rows change nothing.
func TestIgnoredRowsDoNotCount(t *testing.T) {
	for _, s := range goldenScores(t) {
		if s.target.DType() != tensor.Int32 {
			continue
		}
		shape := s.out.Shape()
		shape[0] = 3
		more := tensor.Concat(0, s.out, s.out.Full(50, shape...))
		got := score(t, s.metric, more, tensor.Concat(0, s.target, tensor.Ints(-100, -100, -100)), 8)
		if want := score(t, s.metric, s.out, s.target, 0); got != want {
			t.Errorf("%s: %g with ignored rows, %g without", s.metric.Name(), got, want)
		}
	}
}

func TestConfusionAgainstScikitLearn(t *testing.T) {
	g := readGolden(t)
	x, labels := g.classified()
	var c Confusion
	if err := c.Add(x, labels); err != nil || !reflect.DeepEqual(c.Matrix, g.Confusion) {
		t.Errorf("%v, want %v (%v)", c.Matrix, g.Confusion, err)
	}
	for i, of := range []func(int) float64{c.Precision, c.Recall, c.F1} {
		if got := c.Macro(of); math.Abs(got-g.Macro[i]) > 1e-12 {
			t.Errorf("macro %d: %g, want %g", i, got, g.Macro[i])
		}
	}
}
