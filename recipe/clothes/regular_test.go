package clothes

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/activations"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// small are settings of a run of a second, changed.
func small(change func(c *Config)) *Config {
	c := defaultsFor(false)
	c.Width, c.Examples, c.Epochs, c.Batch = 4, 200, 4, 20
	change(c)
	return c
}

// trained opens and fits.
func trained(t *testing.T, c *Config) (*recipe.Task, *train.Result) {
	t.Helper()
	task, err := kind.open(c)
	if err != nil {
		t.Fatal(err)
	}
	res, err := train.Fit(t.Context(), task.Net, task.Fit)
	if err != nil {
		t.Fatal(err)
	}
	return task, res
}

// matrices are all parameters of two axes or more.
func matrices(net *nn.Net) (all []tensor.Tensor) {
	for _, p := range net.Params() {
		if p.Value().Rank() > 1 {
			all = append(all, p.Value())
		}
	}
	return all
}

// Each setting of regularisation does to the weights what it says.
func TestRegularisationByASetting(t *testing.T) {
	plain, _ := trained(t, small(func(*Config) {}))
	differs := func(name string, task *recipe.Task) {
		if slices.Equal(tensor.Data[float32](matrices(plain.Net)[0]), tensor.Data[float32](matrices(task.Net)[0])) {
			t.Errorf("%s changes nothing", name)
		}
	}
	zeros := func(task *recipe.Task) (n int) {
		for _, w := range matrices(task.Net) {
			for _, v := range tensor.Data[float32](w) {
				if v == 0 {
					n++
				}
			}
		}
		return n
	}
	sparse, _ := trained(t, small(func(c *Config) { c.L1 = 1 }))
	if was, is := zeros(plain), zeros(sparse); was > 0 || is < 100 {
		t.Errorf("l1: %d weights are 0, and %d without", is, was)
	}
	bounded, _ := trained(t, small(func(c *Config) { c.MaxNorm = 0.3 }))
	for _, w := range matrices(bounded.Net) {
		if long := w.Reshape(w.Dim(0), -1).Norm(1).Max().Item(); long > 0.3001 {
			t.Errorf("max-norm: a row is %g long", long)
		}
	}
	for name, change := range map[string]func(c *Config){
		"input-noise":  func(c *Config) { c.InputNoise = 0.5 },
		"weight-noise": func(c *Config) { c.WeightNoise = 0.05 },
		"ema":          func(c *Config) { c.Average = "ema" },
	} {
		task, _ := trained(t, small(change))
		differs(name, task)
	}
	if f := sparse.Fit.Optimizer.(optim.Penalty); f.L1 != 1 {
		t.Errorf("penalty %+v", f)
	}
}

// SWA takes in the last quarter of the epochs: of four, one, which is the mean
// of itself; of eight, two.
func TestSWAOfTheLastQuarter(t *testing.T) {
	for epochs, same := range map[int]bool{4: true, 8: false} {
		task, _ := trained(t, small(func(c *Config) { c.Average, c.Epochs = "swa", epochs }))
		plain, _ := trained(t, small(func(c *Config) { c.Epochs = epochs }))
		got := slices.Equal(tensor.Data[float32](matrices(task.Net)[0]), tensor.Data[float32](matrices(plain.Net)[0]))
		if got != same {
			t.Errorf("%d epochs: the mean is the last weights: %v", epochs, got)
		}
	}
}

// Calibrated, the validation loss is no greater and the guesses are the same.
func TestCalibrateByASetting(t *testing.T) {
	_, before := trained(t, small(func(*Config) {}))
	task, after := trained(t, small(func(c *Config) { c.Calibrate = true }))
	if after.Validation["accuracy"] != before.Validation["accuracy"] || after.Validation["loss"] > before.Validation["loss"]+1e-6 {
		t.Errorf("validation %v, without %v", after.Validation, before.Validation)
	}
	names := slices.Sorted(func(yield func(string) bool) {
		for n := range task.Net.Weights() {
			if !yield(n) {
				return
			}
		}
	})
	if !slices.ContainsFunc(names, func(n string) bool { return strings.HasSuffix(n, "value") }) {
		t.Errorf("the temperature is not among what is saved: %q", names)
	}
}

// auto picks one of the names by measuring, notes it so that the run opens the
// same network without its data, and says so.
func TestActivationAuto(t *testing.T) {
	c := small(func(c *Config) { c.Activation = "auto" })
	task, _ := trained(t, c)
	if !slices.Contains(activations.Names(), c.Known) || c.Activation != "auto" {
		t.Fatalf("picked %q", c.Known)
	}
	again := small(func(d *Config) { d.Activation = "auto" })
	if _, err := kind.open(again); err != nil || again.Known != c.Known {
		t.Errorf("picked %q, then %q: %v", c.Known, again.Known, err)
	}
	m, err := task.Measure(t.Context())
	if err != nil || !strings.Contains(m.Story, c.Known) {
		t.Errorf("story %q: %v", m.Story, err)
	}
	pages, err := task.Pages(t.Context(), m)
	if err != nil || !strings.Contains(pages[len(pages)-1].Text[0], c.Known) || !strings.Contains(string(pages[len(pages)-1].Body[0].HTML), "sigmoid") {
		t.Errorf("pages: %v", err)
	}
	known := small(func(d *Config) { d.Activation, d.Known = "auto", "tanh" })
	task, err = kind.open(known)
	if err != nil || known.Known != "tanh" || task.Pages != nil {
		t.Errorf("what was known is measured again: %q, %v", known.Known, err)
	}
}

// Each name is the activation of that name, in the network too.
func TestActivationsByName(t *testing.T) {
	for _, name := range activations.Names() {
		c := small(func(c *Config) { c.Activation = name })
		want, ok := activations.Named(name)
		if got := c.Act(); got != want || !ok {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
		net := Convolutional(c).(*Network)
		if net.Block1.Norm.Act != want || net.Block3.Norm.Act != want {
			t.Errorf("%s: blocks have %v", name, net.Block1.Norm.Act)
		}
	}
	if _, ok := activations.Named("auto"); ok {
		t.Error("auto is an activation")
	}
	if got := small(func(*Config) {}); !reflect.DeepEqual(got.Regular, Usual) || got.Act() != nn.ReLU {
		t.Errorf("usual: %+v", got.Regular)
	}
}
