// Package backprop is the recipe that shows how a network learns, number by
// number: a 2-3-1 network on XOR, every value and derivative of it computed by
// a formula written out, by limpid's reverse mode and by finite differences;
// then the same for a small network on handwritten digits. Both learn. The
// command and programs may import it.
package backprop

import (
	"context"
	"math"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/datasets/digits"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// Recipe walks through two networks and trains them.
var Recipe = &recipe.Recipe{
	Name:  "backprop",
	Short: "how a network learns, number by number: XOR, then handwritten digits",
	Data:  "the table of XOR; 1,797 digits of 8 × 8 pixels (CC BY 4.0)",
	Time:  "10 s",
	New:   func(bool) recipe.Config { c := defaults(); return &c },
	Open:  func(c recipe.Config) (*recipe.Task, error) { return open(c.(*Config)) },
	Goals: func(c recipe.Config) []recipe.Goal { return goals(c.(*Config)) },
	Quick: []string{"epochs=2"},
}

// Config is the recipe's configuration.
type Config struct {
	recipe.Common
	Hidden int     `json:"hidden" help:"hidden units of the network for digits" min:"1" max:"256"`
	XOR    int     `json:"xor-steps" help:"training steps on XOR" min:"1" max:"100000"`
	XORLR  float64 `json:"xor-lr" help:"learning rate on XOR" above:"0" max:"100"`
}

func defaults() Config {
	return Config{
		Common: recipe.Common{Seed: 1, Epochs: 30, Batch: 32, LR: 0.01, Optimizer: "adam", Schedule: "cosine"},
		Hidden: 32, XOR: 500, XORLR: 0.5,
	}
}

// learns is the share of digits, by people whom the network does not know,
// from which on it has plainly learned: five times what guessing gets. The
// recipe is about derivatives, not about records, so that the bound comes from
// the number of classes and not from any test score.
const learns = 0.5

// goals returns what c must reach: digits well beyond guessing, all of XOR, and
// three ways to each derivative that agree. Nothing is set if more than the
// seed and the checkpoints differ from the defaults.
func goals(c *Config) []recipe.Goal {
	if usual := defaults(); !recipe.Usual(c, &usual) {
		return nil
	}
	return []recipe.Goal{{Score: "accuracy", Bound: learns}, {Score: "accuracy_xor", Bound: 1}, {Score: "largest_difference", Bound: 1e-9, Most: true}}
}

// table is XOR.
var table = []struct {
	x [2]float64
	y float64
}{{[2]float64{0, 0}, 0}, {[2]float64{0, 1}, 1}, {[2]float64{1, 0}, 1}, {[2]float64{1, 1}, 0}}

// lesson is the task: two networks, and what is shown of them.
type lesson struct {
	config      *Config
	xor, digits *nn.Net
	task        *recipe.Task
	before      walk // at the first weights
}

func open(c *Config) (*recipe.Task, error) {
	if c.Data != "" {
		return nil, errData
	}
	l := &lesson{config: c}
	var err error
	if l.xor, err = nn.Build(&nn.Sequential{&nn.Linear{Out: 3, Act: nn.Tanh, Init: normal, BiasInit: normal}, &nn.Linear{Out: 1, Init: normal, BiasInit: normal}}, nn.Input(2), nn.Seed(c.Seed), nn.Name("xor")); err != nil {
		return nil, err
	}
	if l.digits, err = nn.Build(&nn.Sequential{&nn.Flatten{}, &nn.Linear{Out: c.Hidden, Act: nn.Tanh}, &nn.Linear{Out: 10}}, nn.Input(8, 8, 1), nn.Seed(c.Seed), nn.Name("digits")); err != nil {
		return nil, err
	}
	set := digits.Load()
	l.task = &recipe.Task{
		Net: l.digits, Also: []recipe.Part{{Name: "xor", Net: l.xor}}, Test: set.Test, Classes: digits.Classes,
		Run: l.run, Measure: l.measure, Pages: l.pages,
		Fit: train.Config{
			Data: set.Train, Validate: set.Validate, Batch: c.Batch, Epochs: c.Epochs, Every: c.Every, Seed: c.Seed,
			Loss: loss.CrossEntropy, Optimizer: c.Rule(), Clip: c.Clip,
		},
	}
	steps := (set.Train.Len() + c.Batch - 1) / c.Batch * c.Epochs
	l.task.Total = c.XOR + steps
	l.task.Fit.Schedule = c.Rates(steps)
	l.before, err = look(l, set.Train)
	return l.task, err
}

// normal draws first weights, and biases too, so that hidden units differ. Of
// the seeds from 1 to 30 one, 2, ends in a valley where two of the four answers
// are 0.5; from zero biases three do.
func normal(r *tensor.Rand, shape []int) tensor.Tensor { return r.Normal(0, 0.5, shape...) }

// run trains the network on XOR, then the one on digits.
func (l *lesson) run(ctx context.Context, b *recipe.Bench) error {
	var x, y []float32
	for _, e := range table {
		x, y = append(x, float32(e.x[0]), float32(e.x[1])), append(y, float32(e.y))
	}
	if _, err := b.Fit(ctx, "xor", l.xor, train.Config{
		Data: data.FromTensors(tensor.Of(x, 4, 2), tensor.Of(y, 4, 1)), Batch: 4, Epochs: l.config.XOR, Every: l.config.XOR + 1,
		Loss: loss.BCE, Optimizer: optim.SGD{LR: l.config.XORLR, Momentum: 0.9}, Metrics: []metric.Metric{}, Seed: l.config.Seed,
	}); err != nil {
		return err
	}
	_, err := b.Fit(ctx, "digits", l.digits, l.task.Fit)
	return err
}

// measure reads the digits of the test split, and holds all derivatives
// against each other, at the first weights and at the last.
func (l *lesson) measure(ctx context.Context) (*recipe.Measured, error) {
	m, err := recipe.Classify(ctx, l.task)
	if err != nil {
		return nil, err
	}
	after, err := look(l, l.task.Fit.Data)
	if err != nil {
		return nil, err
	}
	right, _ := after.net.marks()
	m.Scores["accuracy_xor"] = float64(right) / float64(len(table))
	m.Scores["largest_difference"] = math.Max(l.before.off(), after.off())
	m.Story = l.before.story() + l.before.descent()
	return m, nil
}
