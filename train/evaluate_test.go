package train

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-6*(1+math.Abs(want))) {
		t.Errorf("%s: %g, want %g", what, got, want)
	}
}

// TestEvaluateIsExact compares with one batch of everything, at sizes around
// those of the batches.
func TestEvaluateIsExact(t *testing.T) {
	net := classifier(t, 1)
	for _, n := range []int{1, 63, 64, 65, 128, 150} {
		x, y := normal(1, n, 2), labels(2, n, 2)
		ignore := tensor.Data[int32](y)
		for i := range ignore {
			if i > 3 && i%3 == 0 || i > 100 {
				ignore[i] = -100
			}
		}
		y = tensor.Of(ignore, n)
		out := must(net.Predict(x))
		got := must(Evaluate(context.Background(), net, data.FromTensors(x, y), loss.CrossEntropy))
		near(t, "loss", got["loss"], loss.CrossEntropy(out, y).Item())
		right, counted := 0, 0
		for i, l := range ignore {
			if l >= 0 {
				counted++
				if int(out.Slice(0, i, i+1).ArgMax(-1).Item()) == int(l) {
					right++
				}
			}
		}
		near(t, "accuracy", got["accuracy"], float64(right)/float64(counted))
	}
}

func TestEvaluateOtherScores(t *testing.T) {
	net := build(t, &nn.Sequential{&nn.Linear{Out: 3, Act: nn.Tanh}, &nn.Dropout{Rate: .5}, &nn.Linear{Out: 1}}, nn.Input(2))
	x, y := normal(1, 100, 2), normal(2, 100, 1)
	set := data.FromTensors(x, y)
	out := must(net.Predict(x))
	got := must(Evaluate(context.Background(), net, set, loss.MSE, metric.MeanAbsoluteError{}))
	near(t, "MSE", got["loss"], loss.MSE(out, y).Item())
	near(t, "MAE", got[metric.MeanAbsoluteError{}.Name()], out.Sub(y).Abs().Mean().Item())
	if len(got) != 2 {
		t.Errorf("%v", got)
	}
	if got := must(Evaluate(context.Background(), net, set, nil, metric.MeanAbsoluteError{})); len(got) != 1 {
		t.Errorf("without a loss: %v", got)
	}
	if got := must(Evaluate(context.Background(), net, set, loss.MSE)); len(got) != 1 {
		t.Errorf("without labels: %v", got)
	}
}

func TestEvaluateErrors(t *testing.T) {
	ctx, net, set := context.Background(), classifier(t, 1), spirals(1, 20)
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	_, err := Evaluate(cancelled, net, set, loss.CrossEntropy)
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for name, c := range map[string]struct {
		net  *nn.Net
		set  data.Dataset
		loss loss.Func
		m    []metric.Metric
		want []string
	}{
		"no network": {nil, set, loss.MSE, nil, []string{"network is nil"}},
		"no data":    {net, nil, loss.MSE, nil, []string{"Data is nil"}},
		"empty":      {net, none, loss.MSE, nil, []string{"empty"}},
		"shape":      {net, data.FromTensors(tensor.Zeros(3, 5), tensor.Ints(0, 0, 0)), loss.CrossEntropy, nil, []string{"0 (nn.Linear)"}},
		"loss":       {net, set, loss.MSE, nil, []string{"MSE"}},
		"broken":     {net, broken{set}, loss.CrossEntropy, nil, []string{"example 7", "the disk is gone"}},
		"metric":     {net, set, loss.CrossEntropy, []metric.Metric{metric.MeanSquaredError{}}, []string{metric.MeanSquaredError{}.Name()}},
	} {
		_, err := Evaluate(ctx, c.net, c.set, c.loss, c.m...)
		t.Run(name, func(t *testing.T) { wantErr(t, err, append(c.want, "train.Evaluate")...) })
	}
}

// broken is a dataset with an example that cannot be read.
type broken struct{ data.Dataset }

func (b broken) At(i int) (data.Example, error) {
	if i == 7 {
		return data.Example{}, errors.New("the disk is gone")
	}
	return b.Dataset.At(i)
}

func TestFitWithAnObjective(t *testing.T) {
	c := basic()
	inference := 0
	c.Loss, c.Metrics = nil, []metric.Metric{metric.Accuracy{}}
	c.Objective = func(p *nn.Pass, net *nn.Net, b data.Batch) T {
		if !p.Training() {
			inference++
		}
		return loss.CrossEntropy(net.Forward(p, b.X), b.Y)
	}
	net, same := classifier(t, 1), classifier(t, 1)
	res := must(Fit(context.Background(), net, c))
	want := must(Fit(context.Background(), same, basic()))
	if !sameWeights(net, same) || res.Validation["loss"] != want.Validation["loss"] || res.Validation["accuracy"] != want.Validation["accuracy"] {
		t.Errorf("%+v, want %+v", res, want)
	}
	if inference != 3 {
		t.Errorf("%d batches as inference", inference)
	}
}

func TestFitTellsWhichExampleIsBroken(t *testing.T) {
	c := basic()
	c.Data = broken{c.Data}
	_, err := Fit(context.Background(), classifier(t, 1), c)
	wantErr(t, err, "example 7", "the disk is gone")
}

// scripted is a metric whose results follow a script, one an epoch.
type scripted struct {
	better int
	values []float64
	at     *int
}

func (s scripted) Name() string            { return "scripted" }
func (s scripted) Better() int             { return s.better }
func (s scripted) New() metric.Accumulator { return s }
func (s scripted) Add(out, y T) error      { return nil }
func (s scripted) Result() float64 {
	*s.at++
	return s.values[(*s.at-1)%len(s.values)]
}

func TestEarlyStop(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]struct {
		better   int
		values   []float64
		patience int
		epochs   int
		best     int
	}{
		"up":           {1, []float64{1, 2, 3, 2, 3, 1, 9}, 3, 6, 3},
		"down":         {-1, []float64{5, 4, 6, 3, 3, 3, 9}, 2, 6, 4},
		"to the end":   {1, []float64{1, 3, 2, 1}, 5, 4, 2},
		"NaN":          {1, []float64{nan, 1, nan, nan, 5}, 2, 4, 2},
		"NaN alone":    {1, []float64{nan, nan, nan}, 2, 2, 0},
		"the last":     {1, []float64{1, 2, 3}, 1, 3, 3},
		"at once":      {-1, []float64{1, 2, 3}, 1, 2, 1},
		"infinite":     {-1, []float64{math.Inf(1), 2, 3, 4}, 2, 4, 2},
		"ties are not": {1, []float64{1, 1, 1, 1}, 3, 4, 1},
	} {
		cfg := basic()
		at := 0
		cfg.Epochs, cfg.Metrics = len(c.values), []metric.Metric{scripted{c.better, c.values, &at}}
		cfg.Dir = filepath.Join(t.TempDir(), "run")
		weights := map[int]nn.Weights{}
		cfg.Observers = []Observer{EarlyStop("scripted", c.patience), ObserverFunc(func(u *Updater, e Event) error {
			if v, ok := e.(Evaluated); ok {
				weights[v.Epoch] = u.Net.Weights()
			}
			return nil
		})}
		net := classifier(t, 1)
		res, err := Fit(context.Background(), net, cfg)
		if err != nil || res.Epochs != c.epochs || res.Best != c.best {
			t.Errorf("%s: %+v, %v", name, res, err)
		}
		kept := c.best
		if kept == 0 {
			kept = c.epochs
		}
		for path, w := range net.Weights() {
			if !slices.Equal(tensor.Data[float32](w), tensor.Data[float32](weights[kept][path])) {
				t.Errorf("%s: %s is not that of epoch %d", name, path, kept)
			}
		}
		if c.best > 0 && res.Validation["scripted"] != c.values[c.best-1] {
			t.Errorf("%s: scores %v are not the best epoch's", name, res.Validation)
		}
	}
}
