// Package forecast is the recipe that continues time series: monthly carbon
// dioxide in the air of Mauna Loa and daily temperatures of Seattle, or a column
// of a CSV file of one's own, by a recurrent or a convolutional network that says
// how sure it is. Beside it stand the forecasts from before networks, tuned on
// the same validation data, at the same origins. The command and programs may
// import it.
package forecast

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/limpid-ml/limpid/datasets/co2"
	"github.com/limpid-ml/limpid/datasets/weather"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/train"
)

// Recipe learns to continue series.
var Recipe = &recipe.Recipe{
	Name:    "forecast",
	Short:   "continue time series with bands: CO₂ by months, weather by days, or a CSV file of your own",
	Data:    "CO₂ of Mauna Loa, 746 months (CC BY 4.0); weather of Seattle, 1,461 days (public domain)",
	Time:    "30 s",
	Watched: "loss",
	Input:   "[RECENT.csv]",
	New:     func(own bool) recipe.Config { c := defaults(own); return &c },
	Open:    func(c recipe.Config) (*recipe.Task, error) { return open(c.(*Config)) },
	Goals:   func(c recipe.Config) []recipe.Goal { return goals(c.(*Config)) },
	Quick:   []string{"epochs=3", "members=2", "hidden=8", "series=co2"},
}

// Config is the recipe's configuration.
type Config struct {
	recipe.Common
	Model   string  `json:"model" help:"what reads the past: a recurrent network, or a temporal convolution" oneof:"lstm|tcn"`
	Says    string  `json:"says" help:"what the network says of each step: a normal distribution, or three quantiles" oneof:"gaussian|quantiles"`
	Hidden  int     `json:"hidden" help:"units of each network" min:"1" max:"512"`
	Members int     `json:"members" help:"networks whose forecasts are averaged; each is validated on a stretch of time that it has not learned from" min:"2" max:"20"`
	Dropout float64 `json:"dropout" help:"share of units left out at random while training" min:"0" max:"0.9"`
	Context int     `json:"context" help:"steps that the network reads; 0: what suits the series" min:"0" max:"2000"`
	Horizon int     `json:"horizon" help:"steps to forecast; 0: what suits the series" min:"0" max:"500"`
	Season  int     `json:"season" help:"steps of the season of the naive forecast, by which errors are scaled; 0: what suits the series" min:"0" max:"10000"`
	Target  string  `json:"target" help:"the column to forecast; empty: the first that holds numbers"`
	Layout  string  `json:"layout" help:"how times are written in a file of your own, as 2/1/2006 or 1/2/2006 for 31/12/2024 or 12/31/2024; empty: found out"`
	Series  string  `json:"series" help:"which of the embedded series; with --data it does not matter" oneof:"both|co2|weather"`
}

func defaults(bool) Config {
	return Config{
		Common: recipe.Common{Seed: 1, Epochs: 8, Batch: 32, LR: 5e-4, Optimizer: "adamw", Schedule: "cosine", Decay: 0.5, Clip: 1},
		Model:  "lstm", Says: "gaussian", Hidden: 16, Members: 10, Dropout: 0.5, Series: "both",
	}
}

// goals returns what c must reach: on the embedded series, with settings of
// which only the seed and the checkpoints differ from the defaults.
func goals(c *Config) []recipe.Goal {
	if usual := defaults(false); !recipe.Usual(c, &usual) {
		return nil
	}
	return []recipe.Goal{
		{Score: "mase", Bound: 1, Most: true}, {Score: "mase_over_holt_winters", Bound: 1.05, Most: true},
		{Score: "coverage_90", Bound: 0.85}, {Score: "coverage_90", Bound: 0.95, Most: true},
		{Score: "weather_mase_over_harmonic", Bound: 1, Most: true},
		{Score: "coverage_90_weather", Bound: 0.85}, {Score: "coverage_90_weather", Bound: 0.95, Most: true},
	}
}

// lesson is the task: a series or two, a network for each.
type lesson struct {
	config *Config
	all    []*subject
	ask    Options
}

// subject is a series with its network.
type subject struct {
	*source
	net   *nn.Net
	model *model
	fit   train.Config

	windows *windows  // to learn from; nil if bare
	tested  *reckoned // what the test part gave; nil ahead of that
}

// Options are settings of an answer.
type Options struct {
	Series string `json:"series" help:"which series to continue, by its name; empty: all that the run knows, or the one of the file"`
}

var errBare = errors.New("forecast: the run does not say what it was trained on: train it again")

func open(c *Config) (*recipe.Task, error) {
	task, _, err := opened(c)
	return task, err
}

func opened(c *Config) (*recipe.Task, *lesson, error) {
	l := &lesson{config: c}
	sources, err := l.sources()
	if err != nil {
		return nil, nil, err
	}
	if err := l.remember(sources); err != nil {
		return nil, nil, err
	}
	for _, s := range sources {
		sub, err := l.subject(s)
		if err != nil {
			return nil, nil, err
		}
		l.all = append(l.all, sub)
	}
	task := &recipe.Task{Net: l.all[0].net, Fit: l.all[0].fit, Run: l.run, Measure: l.measure, Pages: l.pages,
		Answer: l.answer, Options: &l.ask, Alone: true}
	for _, s := range l.all[1:] {
		task.Also = append(task.Also, recipe.Part{Name: s.name, Net: s.net})
	}
	for _, s := range l.all {
		if s.windows != nil {
			task.Total += c.Epochs * ((s.windows.learned() + c.Batch - 1) / c.Batch)
		}
	}
	return task, l, nil
}

// sources are the series that the configuration asks for.
func (l *lesson) sources() ([]*source, error) {
	c := l.config
	if c.Data != "" {
		s, err := own(c)
		return []*source{s}, err
	}
	var all []*source
	if c.Series != "weather" {
		all = append(all, ofCO2(co2.Load(), c))
	}
	if c.Series != "co2" {
		all = append(all, ofWeather(weather.Load(), c))
	}
	return all, nil
}

// remember takes what is known of the series from an earlier opening, or finds
// it out and keeps it.
func (l *lesson) remember(sources []*source) error {
	known := map[string]choice{}
	if l.config.Known != "" {
		if err := json.Unmarshal([]byte(l.config.Known), &known); err != nil {
			return fmt.Errorf("forecast: what the run knows of its series: %w", err)
		}
	}
	for _, s := range sources {
		if k, ok := known[s.name]; ok {
			s.choice = k
			continue
		}
		if s.series == nil {
			return errBare
		}
		if err := s.tune(); err != nil {
			return fmt.Errorf("forecast: %s: %w", s.name, err)
		}
		known[s.name] = s.choice
	}
	text, err := json.Marshal(known)
	l.config.Known = string(text)
	return err
}

// subject builds the network of a series and, unless bare, cuts the windows
// that it learns from.
func (l *lesson) subject(s *source) (*subject, error) {
	c := l.config
	m := newModel(c, s)
	net, err := nn.Build(m, nn.Input(s.Context, s.channels()), nn.Seed(c.Seed), nn.Name(s.name))
	if err != nil {
		return nil, err
	}
	sub := &subject{source: s, net: net, model: m}
	sub.fit = train.Config{Batch: c.Batch, Epochs: c.Epochs, Every: c.Every, Seed: c.Seed, Objective: m.objective,
		Optimizer: c.Rule(), Clip: c.Clip, Metrics: []metric.Metric{}}
	if c.Bare {
		return sub, nil
	}
	if sub.windows, err = s.cut(c.Members); err != nil {
		return nil, err
	}
	sub.fit.Data, sub.fit.Validate = sub.windows.part(true), sub.windows.part(false)
	sub.fit.Schedule = c.Rates(c.Epochs * ((sub.windows.learned() + c.Batch - 1) / c.Batch))
	return sub, nil
}
