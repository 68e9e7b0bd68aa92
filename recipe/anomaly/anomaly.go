// Package anomaly is the recipe that finds what is wrong in a series: a counter
// of passers-by that sticks, drifts or loses half of them, or a column of a CSV
// file of one's own. An auto-encoder learns how the days go and says what the
// hidden column should have been; rules without a network stand beside it. Faults
// are planted by a generator whose parameters were fixed before training. The
// command and programs may import it.
package anomaly

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/limpid-ml/limpid/datasets/footfall"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// Recipe learns what is usual in a series.
var Recipe = &recipe.Recipe{
	Name:    "anomaly",
	Short:   "find what is wrong in a series, counts by the hour or a CSV of yours, by an auto-encoder",
	Data:    "passers-by at five counters in Auckland, 17,544 hours (CC BY 4.0), with planted faults",
	Time:    "20 s",
	Watched: "loss",
	Input:   "[RECENT.csv]",
	New:     func(own bool) recipe.Config { c := defaults(own); return &c },
	Open:    func(c recipe.Config) (*recipe.Task, error) { return open(c.(*Config)) },
	Goals:   func(c recipe.Config) []recipe.Goal { return goals(c.(*Config)) },
	Quick:   []string{"epochs=2", "hidden=12", "every=24"},
}

// Config is the recipe's configuration.
type Config struct {
	recipe.Common
	Model  string `json:"model" help:"of what the auto-encoder is made: recurrent networks, or temporal convolutions" oneof:"lstm|tcn"`
	Hidden int    `json:"hidden" help:"units of its layers" min:"1" max:"512"`
	Code   int    `json:"code" help:"numbers that a stretch is squeezed into" min:"1" max:"256"`
	Apart  int    `json:"every" help:"steps from one stretch to learn from to the next" min:"1" max:"1000"`
	Window int    `json:"window" help:"steps of a stretch that is judged; 0: a day of hours, a week of days, a year of months" min:"0" max:"500"`
	Layout string `json:"layout" help:"how times are written in a file of your own, as 2/1/2006 or 1/2/2006 for 31/12/2024 or 12/31/2024; empty: found out"`
	Target string `json:"target" help:"the column to watch; empty: the first that holds numbers"`
}

func defaults(bool) Config {
	return Config{
		Common: recipe.Common{Seed: 1, Epochs: 15, Batch: 32, LR: 3e-3, Optimizer: "adamw", Schedule: "cosine", Decay: 0.01, Clip: 1},
		Model:  "lstm", Hidden: 32, Code: 16, Apart: 6,
	}
}

// goals returns what c must reach: with settings of which only the seed and the
// checkpoints differ from the defaults.
func goals(c *Config) []recipe.Goal {
	if usual := defaults(false); !recipe.Usual(c, &usual) {
		return nil
	}
	return recipe.AtLeast("average_precision", 0.9)
}

// lesson is the task.
type lesson struct {
	config *Config
	*source
	net    *nn.Net
	model  *model
	fit    train.Config
	tested *reckoned
}

// run trains the auto-encoder, then finds out from where on its scores mean
// something.
func (l *lesson) run(ctx context.Context, b *recipe.Bench) error {
	if _, err := b.Fit(ctx, "anomaly", l.net, l.fit); err != nil {
		return err
	}
	valid := l.plant(l.valid, l.test)
	off, _, err := l.misses(valid)
	if err != nil {
		return err
	}
	w := &way{}
	w.choose(off, valid)
	which := slices.IndexFunc(poolings, func(p pooling) bool { return p.name == w.pool.name })
	l.model.Alarm.Set(tensor.Of([]float32{float32(w.alarm), float32(which)}, 2))
	return nil
}

var errBare = errors.New("anomaly: the run does not say what it was trained on: train it again")

func open(c *Config) (*recipe.Task, error) {
	task, _, err := opened(c)
	return task, err
}

func opened(c *Config) (*recipe.Task, *lesson, error) {
	s, err := sourceOf(c)
	if err != nil {
		return nil, nil, err
	}
	l := &lesson{config: c, source: s}
	if err := l.remember(); err != nil {
		return nil, nil, err
	}
	l.model = newModel(c, s)
	if l.net, err = nn.Build(l.model, nn.Input(2*s.Window, s.channels()), nn.Seed(c.Seed), nn.Name("anomaly")); err != nil {
		return nil, nil, err
	}
	task := &recipe.Task{Net: l.net, Run: l.run, Measure: l.measure, Pages: l.pages, Answer: l.answer, Alone: true}
	task.Fit = train.Config{Batch: c.Batch, Epochs: c.Epochs, Every: c.Every, Seed: c.Seed, Loss: loss.GaussianNLL,
		Optimizer: c.Rule(), Clip: c.Clip, Metrics: []metric.Metric{}}
	if c.Bare {
		return task, l, nil
	}
	task.Fit.Data, task.Fit.Validate = l.stretches(0, s.valid, c.Apart), l.stretches(s.valid, s.test, s.Window)
	task.Total = c.Epochs * ((task.Fit.Data.Len() + c.Batch - 1) / c.Batch)
	task.Fit.Schedule = c.Rates(task.Total)
	l.fit = task.Fit
	return task, l, nil
}

// remember takes what is known of the series from an earlier opening, or finds
// it out and keeps it.
func (l *lesson) remember() error {
	if l.config.Known != "" {
		if err := json.Unmarshal([]byte(l.config.Known), &l.known); err != nil {
			return fmt.Errorf("anomaly: what the run knows of its series: %w", err)
		}
		if err := l.known.check(); err != nil || l.series == nil {
			return err
		}
		return l.fits(l.title, l.series)
	}
	if l.series == nil {
		return errBare
	}
	l.learn()
	text, err := json.Marshal(l.known)
	l.config.Known = string(text)
	return err
}

// sourceOf reads the series that the configuration asks for.
func sourceOf(c *Config) (*source, error) {
	if c.Data != "" {
		return own(c)
	}
	s := footfall.Load()
	target := footfall.Target
	if c.Target != "" {
		target = c.Target
	}
	return arrange("passers-by on Queen Street", s, target, c.Window)
}
