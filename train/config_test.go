package train

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/tensor"
)

var none = data.FromTensors(tensor.Zeros(0, 2), tensor.Zeros(0).To(tensor.Int32))

// mistakes changes a configuration that works into one that does not; want is
// what the error must say.
var mistakes = []struct {
	name   string
	change func(c *Config)
	want   string
}{
	{"no data", func(c *Config) { c.Data = nil }, "Data is missing"},
	{"empty data", func(c *Config) { c.Data = none }, "Data is empty"},
	{"empty validation", func(c *Config) { c.Validate = none }, "Validate is empty"},
	{"no loss", func(c *Config) { c.Loss = nil }, "Loss is missing"},
	{"no optimiser", func(c *Config) { c.Optimizer = nil }, "optimiser is missing"},
	{"rate NaN", func(c *Config) { c.Optimizer = optim.Adam{LR: math.NaN()} }, "learning rate"},
	{"rate 0", func(c *Config) { c.Optimizer = optim.SGD{} }, "LR is 0"},
	{"momentum", func(c *Config) { c.Optimizer = optim.SGD{LR: 1, Momentum: 2} }, "Momentum is 2"},
	{"epochs", func(c *Config) { c.Epochs = -1 }, "Epochs is -1"},
	{"batch", func(c *Config) { c.Batch = -8 }, "Batch is -8"},
	{"every", func(c *Config) { c.Every = -1 }, "Every is -1"},
	{"clip", func(c *Config) { c.Clip = math.NaN() }, "Clip is NaN"},
	{"drop last", func(c *Config) { c.DropLast, c.Batch = true, 1000 }, "DropLast drops everything"},
	{"weights", func(c *Config) { c.Weights = []float64{1} }, "1 Weights for 200 examples"},
	{"labels", func(c *Config) { c.Data = data.FromTensors(tensor.Zeros(3, 2), tensor.Ints(0, 1, 2)) }, "label 2"},
	{"a late label", func(c *Config) {
		c.Data, c.NoShuffle = data.FromTensors(tensor.Zeros(50, 2), tensor.Ints(append(make([]int, 49), 2)...)), true
	}, "Data: data: check: example 49: label 2"},
	{"labels of validation", func(c *Config) { c.Validate = data.FromTensors(tensor.Zeros(3, 2), tensor.Ints(0, 1, -1)) }, "Validate: example 2 has label -1"},
	{"inputs", func(c *Config) { c.Data = data.FromTensors(tensor.Zeros(3, 5), tensor.Ints(0, 1, 1)) }, "0 (nn.Linear)"},
	{"targets", func(c *Config) { c.Loss = loss.MSE }, "MSE"},
	{"no targets", func(c *Config) { c.Data = data.FromTensors(tensor.Zeros(3, 2), T{}) }, "Data"},
	{"schedule", func(c *Config) { c.Schedule = func(int) float64 { return -1 } }, "factor -1"},
	{"nil observer", func(c *Config) { c.Observers = []Observer{nil} }, "Observers[0] is nil"},
	{"nil metric", func(c *Config) { c.Metrics = []metric.Metric{nil} }, "Metrics[0] is nil"},
	{"two metrics", func(c *Config) { c.Metrics = []metric.Metric{metric.Accuracy{}, metric.Accuracy{}} }, "another score has"},
	{"score", func(c *Config) { c.Observers = []Observer{EarlyStop("acuracy", 3)} }, `"acuracy", which is no score`},
	{"patience", func(c *Config) { c.Observers = []Observer{EarlyStop("loss", 0)} }, "patience 0"},
	{"stop on nothing", func(c *Config) { c.Validate, c.Observers = nil, []Observer{EarlyStop("loss", 1)} }, "Validate is missing"},
	{"average", func(c *Config) { c.Observers = []Observer{EMA(2)} }, "decay is 2"},
	{"before", func(c *Config) { c.Before = func(u *Updater) error { return u.Freeze("nope") } }, "no parameter matches"},
	{"an observer panics", func(c *Config) {
		c.Objective = func(p *nn.Pass, net *nn.Net, b data.Batch) T { return net.Forward(p, b.X).MatMul(b.X) }
	}, "MatMul"},
}

func TestMistakesOfAConfiguration(t *testing.T) {
	for _, m := range mistakes {
		t.Run(m.name, func(t *testing.T) {
			c := basic()
			c.Dir = filepath.Join(t.TempDir(), "run")
			m.change(&c)
			net := build(t, &nn.Sequential{&nn.Linear{Out: 4, Act: nn.ReLU}, &nn.Linear{Out: 2}}, nn.Input(2))
			before := net.Weights()
			_, err := Fit(context.Background(), net, c)
			wantErr(t, err, m.want)
			if strings.Contains(err.Error(), "goroutine") || strings.Contains(err.Error(), "panic") {
				t.Errorf("not a clear message: %v", err)
			}
			if _, err := os.Stat(c.Dir); err == nil && m.name != "an observer panics" {
				t.Error("something was written")
			}
			for name, w := range net.Weights() {
				if w.Sub(before[name]).Abs().Sum().Item() != 0 {
					t.Errorf("%s changed", name)
				}
			}
		})
	}
	_, err := Fit(context.Background(), nil, basic())
	wantErr(t, err, "network is nil")
}

func TestAllMistakesAtOnce(t *testing.T) {
	_, err := Fit(context.Background(), nil, Config{Batch: -1, Epochs: -2, Clip: -3, Validate: none, Observers: []Observer{nil, EarlyStop("x", -1)}})
	wantErr(t, err, "network is nil", "Data is missing", "Batch is -1", "Epochs is -2", "Clip is -3", "Validate is empty", "Loss is missing", "optimiser is missing",
		"Observers[0]", "patience -1", `"x", which is no score`)
	t.Log(err)
}

// TestLabelsThatAreNoClasses: a loss may read int32 targets as it likes.
func TestLabelsThatAreNoClasses(t *testing.T) {
	c := basic()
	c.Data = data.FromTensors(normal(1, 40, 2), labels(2, 40, 1000))
	c.Validate = c.Data
	c.Loss = func(out, y T) T { return out.Square().Mean() }
	res, err := Fit(context.Background(), classifier(t, 1), c)
	if _, ok := res.Validation["accuracy"]; err != nil || ok {
		t.Errorf("%+v %v", res, err)
	}
}

func TestDefaults(t *testing.T) {
	c := Config{Data: spirals(1, 100), Loss: loss.CrossEntropy, Optimizer: optim.SGD{LR: 0.1}}
	res, err := Fit(context.Background(), classifier(t, 1), c)
	if err != nil || res.Epochs != 1 || res.Steps != 4 || res.Validation != nil {
		t.Errorf("%+v %v", res, err)
	}
}

func TestAnObserversErrorEndsFit(t *testing.T) {
	boom := errors.New("boom")
	closed := 0
	for step := 1; step <= 13; step += 4 {
		c := basic()
		c.Observers = []Observer{&closer{closed: &closed}, ObserverFunc(func(_ *Updater, e Event) error {
			if s, ok := e.(StepDone); ok && s.Step == step {
				return boom
			}
			return nil
		})}
		res, err := Fit(context.Background(), classifier(t, 1), c)
		if !errors.Is(err, boom) || res.Steps != step {
			t.Errorf("step %d: %+v, %v", step, res, err)
		}
	}
	if closed != 4 {
		t.Errorf("closed %d times", closed)
	}
}

type closer struct{ closed *int }

func (*closer) Observe(*Updater, Event) error { return nil }
func (c *closer) Close() error                { *c.closed++; return nil }

func TestStopEndsFitWithoutError(t *testing.T) {
	for name, c := range map[string]struct {
		at            func(e Event) bool
		steps, epochs int
		scores        bool
	}{
		"in an epoch":     {func(e Event) bool { s, ok := e.(StepDone); return ok && s.Step == 5 }, 5, 0, false},
		"at its end":      {func(e Event) bool { s, ok := e.(StepDone); return ok && s.Step == 13 }, 13, 1, true},
		"after an epoch":  {func(e Event) bool { s, ok := e.(EpochDone); return ok && s.Epoch == 2 }, 26, 2, true},
		"after measuring": {func(e Event) bool { s, ok := e.(Evaluated); return ok && s.Epoch == 2 }, 26, 2, true},
		"when saved":      {func(e Event) bool { s, ok := e.(Saved); return ok && s.Step == 13 }, 13, 1, true},
	} {
		cfg := basic()
		cfg.Dir = filepath.Join(t.TempDir(), "run")
		var all []string
		cfg.Observers = []Observer{ObserverFunc(func(_ *Updater, e Event) error {
			if c.at(e) {
				return Stop
			}
			return nil
		}), kinds(&all)}
		net := classifier(t, 1)
		res, err := Fit(context.Background(), net, cfg)
		if err != nil || res.Steps != c.steps || res.Epochs != c.epochs || (res.Validation != nil) != c.scores {
			t.Errorf("%s: %+v %v after %v", name, res, err, all)
		}
		cfg.Observers = nil
		again := classifier(t, 9)
		res2, err := Fit(context.Background(), again, cfg)
		if err != nil || res2.Steps != c.steps || !sameWeights(net, again) {
			t.Errorf("%s: a run that was stopped goes on: %+v %v", name, res2, err)
		}
	}
}
