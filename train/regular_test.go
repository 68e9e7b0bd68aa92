package train

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/tensor"
)

// regular is testdata/regular.json, which regular.py beside it makes.
type regular struct {
	X, Y             []float64
	Longest          float64
	Start, SWA, Norm map[string][]float64
}

func readRegular(t *testing.T) (g regular, x, y tensor.Tensor) {
	t.Helper()
	text, err := os.ReadFile("testdata/regular.json")
	if err == nil {
		err = json.Unmarshal(text, &g)
	}
	if err != nil {
		t.Fatal(err)
	}
	return g, tensor.Of(g.X, 64, 3), tensor.Of(g.Y, 64, 2)
}

// regularNet is the network of regular.py at its first weights.
func regularNet(t *testing.T, g regular) *nn.Net {
	t.Helper()
	net := build(t, &nn.Sequential{&nn.Linear{Out: 5}, &nn.BatchNorm{Act: nn.Tanh}, &nn.Linear{Out: 2}}, nn.Input(3), nn.Float64)
	for _, p := range net.Params() {
		p.Set(tensor.Of(g.Start[torchName(p.Path())], p.Value().Shape()...))
	}
	return net
}

// torchName is the name in PyTorch's network, where the activation has a place
// of its own.
func torchName(path string) string { return strings.Replace(path, "2.", "3.", 1) }

func compareWith(t *testing.T, what string, net *nn.Net, want map[string][]float64, tol float64, skip string) {
	t.Helper()
	for name, w := range net.Weights() {
		if skip != "" && strings.Contains(name, skip) {
			continue
		}
		got, golden := tensor.Data[float64](w), want[torchName(name)]
		if len(got) != len(golden) {
			t.Fatalf("%s: %s has %d numbers, want %d", what, name, len(got), len(golden))
		}
		for i, v := range got {
			if math.Abs(v-golden[i]) > tol {
				t.Errorf("%s: %s[%d] is %.12g, want %.12g", what, name, i, v, golden[i])
			}
		}
	}
}

// Averaged weights, and statistics measured anew for them, are PyTorch's.
func TestSWAIsPyTorchs(t *testing.T) {
	g, x, y := readRegular(t)
	net := regularNet(t, g)
	_, err := Fit(t.Context(), net, Config{Data: data.FromTensors(x, y), Batch: 8, NoShuffle: true, Loss: loss.MSE,
		Optimizer: optim.SGD{LR: 0.1, Momentum: 0.9}, Average: SWA(3, 2)})
	if err != nil {
		t.Fatal(err)
	}
	compareWith(t, "weights", net, g.SWA, 1e-12, "running")
	if err := Reestimate(t.Context(), net, data.Loader{Data: data.FromTensors(x, y), Batch: 24}); err != nil {
		t.Fatal(err)
	}
	compareWith(t, "statistics", net, g.SWA, 1e-12, "")
}

// After each step rows of weights are as long as torch.renorm leaves them.
func TestMaxNormIsPyTorchs(t *testing.T) {
	g, x, y := readRegular(t)
	net := regularNet(t, g)
	longest := 0.0
	watch := ObserverFunc(func(u *Updater, e Event) error {
		for _, p := range net.Params() {
			if p.Value().Rank() == 2 {
				longest = max(longest, p.Value().Norm(1).Max().Item())
			}
		}
		return nil
	})
	if _, err := Fit(t.Context(), net, Config{Data: data.FromTensors(x, y), Batch: 8, NoShuffle: true, Loss: loss.MSE,
		Optimizer: optim.SGD{LR: 0.1, Momentum: 0.9}, MaxNorm: g.Longest, Observers: []Observer{watch}}); err != nil {
		t.Fatal(err)
	}
	compareWith(t, "weights", net, g.Norm, 1e-5, "running") // PyTorch adds 1e-7 to the length
	if longest > g.Longest*(1+1e-12) || longest < g.Longest*(1-1e-12) {
		t.Errorf("the longest row ever was %.15g, want %g", longest, g.Longest)
	}
}

// MaxNorm bounds rows in float32 too, whatever the kernel's tail, and leaves
// short rows, biases and frozen weights alone.
func TestMaxNormOfRows(t *testing.T) {
	model := &nn.Sequential{&nn.Linear{Out: 3}, &nn.Linear{Out: 2, BiasInit: nn.Ones}}
	net := build(t, model, nn.Input(37))
	before := net.Weights()
	u := NewUpdater(net, optim.SGD{LR: 1e-9})
	u.MaxNorm = 0.5
	if err := u.Freeze("0.*"); err != nil {
		t.Fatal(err)
	}
	x := tensor.NewRand(1).Normal(0, 1, 4, 37)
	if _, err := u.Step(func(p *nn.Pass) T { return net.Forward(p, x).Sum() }); err != nil {
		t.Fatal(err)
	}
	after := net.Weights()
	if !slices.Equal(tensor.Data[float32](before["0.weight"]), tensor.Data[float32](after["0.weight"])) {
		t.Error("a frozen weight was shortened")
	}
	if v := after["1.bias"].Min().Item(); v < 0.99 {
		t.Errorf("a bias was shortened to %g", v)
	}
	for i := range 2 {
		was, is := before["1.weight"].Index(0, i).Norm().Item(), after["1.weight"].Index(0, i).Norm().Item()
		if want := min(was, 0.5); math.Abs(is-want) > 1e-6 {
			t.Errorf("row %d of length %g became %g long, want %g", i, was, is, want)
		}
	}
	u.MaxNorm = math.NaN()
	if _, err := u.Step(func(p *nn.Pass) T { return net.Forward(p, x).Sum() }); err == nil || !strings.Contains(err.Error(), "MaxNorm NaN") {
		t.Errorf("MaxNorm NaN: %v", err)
	}
}

// noisyTask is a classification that does not come out even.
func noisyTask(n int, seed uint64) data.Dataset {
	r := tensor.NewRand(seed)
	x := r.Normal(0, 1, n, 4)
	labels := make([]int32, n)
	for i := range labels {
		v := tensor.Data[float32](x.Index(0, i))
		if v[0]+0.8*v[1]*v[2]+float32(r.Float64()-.5)*3 > 0 {
			labels[i] = 1
		}
	}
	return data.FromTensors(x, tensor.Of(labels, n))
}

func calibrated(t *testing.T) (*nn.Net, *nn.Temperature) {
	t.Helper()
	last := &nn.Temperature{}
	return build(t, &nn.Sequential{&nn.Linear{Out: 32, Act: nn.ReLU}, &nn.BatchNorm{}, &nn.Linear{Out: 2}, last}, nn.Input(4), nn.Seed(3)), last
}

// A network that learned by heart is too sure; its temperature is what makes
// the validation loss least, guesses stay the same, and training ignores it.
func TestCalibrate(t *testing.T) {
	learn, judge := noisyTask(60, 1), noisyTask(200, 2)
	c := Config{Data: learn, Validate: judge, Batch: 20, Epochs: 60, Loss: loss.CrossEntropy, Optimizer: optim.Adam{LR: 0.02}}
	plain, _ := calibrated(t)
	before, err := Fit(t.Context(), plain, c)
	if err != nil {
		t.Fatal(err)
	}
	net, last := calibrated(t)
	c.Calibrate = last
	after, err := Fit(t.Context(), net, c)
	if err != nil {
		t.Fatal(err)
	}
	temperature := last.Value.Value().Item()
	if temperature < 1.5 || !(after.Validation["loss"] < before.Validation["loss"]*.9) || after.Validation["accuracy"] != before.Validation["accuracy"] {
		t.Errorf("temperature %g: validation %v, without %v", temperature, after.Validation, before.Validation)
	}
	for _, by := range []float64{.9, 1.1} {
		assign(last.Value.Value(), tensor.Full(temperature*by, 1))
		scores, err := Evaluate(t.Context(), net, judge, loss.CrossEntropy)
		if err != nil || scores["loss"] < after.Validation["loss"] {
			t.Errorf("at %g times the temperature the loss is %g, at it %g: %v", by, scores["loss"], after.Validation["loss"], err)
		}
	}
	assign(last.Value.Value(), tensor.Full(1, 1))
	for name, w := range net.Weights() {
		if !slices.Equal(tensor.Data[float32](w), tensor.Data[float32](plain.Weights()[name])) {
			t.Errorf("%s was trained otherwise", name)
		}
	}
}

// What ends with other weights than the last ones does so again when a run
// that had ended, or was stopped, goes on.
func TestTheEndComesBackWithTheRun(t *testing.T) {
	config := func(dir string, avg *Average, last *nn.Temperature) Config {
		return Config{Data: noisyTask(60, 1), Validate: noisyTask(60, 2), Batch: 20, Epochs: 6, Every: 4, Loss: loss.CrossEntropy,
			Optimizer: optim.Adam{LR: 0.02}, Dir: dir, Average: avg, Calibrate: last, MaxNorm: 2}
	}
	for name, average := range map[string]func() *Average{"swa": func() *Average { return SWA(7, 3) }, "ema": func() *Average { return EMA(.8) }} {
		net, last := calibrated(t)
		dir := t.TempDir() + "/run"
		want, err := Fit(t.Context(), net, config(dir, average(), last))
		if err != nil {
			t.Fatal(err)
		}
		for _, stop := range []int{0, 5, 11} { // 0: the run that had ended
			other, layer := calibrated(t)
			if stop > 0 {
				dir = t.TempDir() + "/run"
				ctx, cancel := context.WithCancel(t.Context())
				c := config(dir, average(), layer)
				c.Observers = []Observer{ObserverFunc(func(_ *Updater, e Event) error {
					if s, is := e.(StepDone); is && s.Step == stop {
						cancel()
					}
					return nil
				})}
				if _, err := Fit(ctx, other, c); err == nil {
					t.Fatal("not stopped")
				}
				other, layer = calibrated(t)
			}
			got, err := Fit(t.Context(), other, config(dir, average(), layer))
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s, stopped after %d: %+v, want %+v: %v", name, stop, got, want, err)
			}
			for path, w := range net.Weights() {
				if !slices.Equal(tensor.Data[float32](w), tensor.Data[float32](other.Weights()[path])) {
					t.Errorf("%s, stopped after %d: %s differs", name, stop, path)
				}
			}
		}
	}
}

// The mean of constant weights is them; before its first step SWA has none, and
// a run too short for it keeps the last weights.
func TestSWAThatNeverBegan(t *testing.T) {
	net, _ := calibrated(t)
	avg := SWA(1000, 1)
	if _, err := Fit(t.Context(), net, Config{Data: noisyTask(20, 1), Batch: 10, Loss: loss.CrossEntropy, Optimizer: optim.SGD{LR: 0.1}, Average: avg}); err != nil || avg.Weights() != nil {
		t.Errorf("weights %v, %v", avg.Weights(), err)
	}
	u := NewUpdater(net, optim.SGD{LR: 1e-30})
	still := SWA(2, 2)
	u.Observe(still)
	x := tensor.NewRand(1).Normal(0, 1, 6, 4)
	for range 5 {
		if _, err := u.Step(func(p *nn.Pass) T { return net.Forward(p, x).Mean() }); err != nil {
			t.Fatal(err)
		}
	}
	for name, w := range still.Weights() {
		if !strings.Contains(name, "running") && w.Sub(net.Weights()[name]).Abs().Max().Item() > 1e-6 {
			t.Errorf("the mean of %s is another", name)
		}
	}
}

func TestEndsThatMakeNoSense(t *testing.T) {
	net, last := calibrated(t)
	set := noisyTask(20, 1)
	base := Config{Data: set, Validate: set, Loss: loss.CrossEntropy, Optimizer: optim.SGD{LR: 0.1}}
	for want, change := range map[string]func(c *Config){
		"MaxNorm is -1":       func(c *Config) { c.MaxNorm = -1 },
		"MaxNorm is +Inf":     func(c *Config) { c.MaxNorm = math.Inf(1) },
		"Average and EarlySt": func(c *Config) { c.Average = EMA(.9); c.Observers = []Observer{EarlyStop("loss", 2)} },
		"twice":               func(c *Config) { c.Average = EMA(.9); c.Observers = []Observer{c.Average} },
		"Validate, which":     func(c *Config) { c.Validate, c.Calibrate = nil, last },
		"none of the network": func(c *Config) { c.Calibrate = &nn.Temperature{} },
		"every is 0":          func(c *Config) { c.Average = SWA(1, 0) },
	} {
		c := base
		change(&c)
		if _, err := Fit(t.Context(), net, c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	for want, err := range map[string]error{
		"network is nil": Reestimate(t.Context(), nil, data.Loader{Data: set}),
		"no data":        Reestimate(t.Context(), net, data.Loader{}),
		"ctx is nil":     Reestimate(nil, net, data.Loader{Data: set}),
		"of the size it": Reestimate(t.Context(), build(t, &nn.Sequential{&nn.Linear{Out: 2}, &nn.BatchNorm{}}, nn.Input(9)), data.Loader{Data: set, Batch: 20}),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if err := Reestimate(t.Context(), build(t, &nn.Linear{Out: 2}, nn.Input(4)), data.Loader{Data: set}); err != nil {
		t.Errorf("without statistics: %v", err)
	}
}
