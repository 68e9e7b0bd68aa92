// Package table is the recipe for tables: rows of numbers and names, of which
// one column is to be told from the others. A small ensemble of networks learns
// it, a class or a number, beside ridge or logistic regression and
// gradient-boosted trees on the same rows, each with settings chosen on
// validation rows. Every row is answered by models that have not seen it. The
// command and programs may import it.
package table

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/limpid-ml/limpid/datasets/cars"
	"github.com/limpid-ml/limpid/datasets/penguins"
	"github.com/limpid-ml/limpid/recipe"
)

// Recipe learns two embedded tables, or a column of a user's own CSV file.
var Recipe = &recipe.Recipe{
	Name:  "table",
	Short: "a column of a table, class or number, beside regression and boosted trees",
	Data:  "344 penguins (CC0), 398 cars (CC BY 4.0); a CSV file of your own by --data",
	Time:  "1 min",
	New:   func(bool) recipe.Config { c := defaults(); return &c },
	Open:  func(c recipe.Config) (*recipe.Task, error) { return open(c.(*Config)) },
	Goals: func(c recipe.Config) []recipe.Goal { return goals(c.(*Config)) },
	Input: "ROWS.csv",
	Quick: []string{"epochs=15", "folds=2", "inner-folds=2", "members=2", "width=16", "search=false", "trees=40"},
}

// Config is the recipe's configuration.
type Config struct {
	recipe.Common
	Target  string  `json:"target" help:"column of --data to learn"`
	Kind    string  `json:"kind" help:"what the target is; auto: words and yes or no are classes, numbers numbers" oneof:"auto|classes|number"`
	Drop    string  `json:"drop" help:"columns to leave out, with commas between"`
	Missing string  `json:"missing" help:"words that stand for no value, with commas between; empty: NA, N/A, NaN, null, None, ?, -"`
	Folds   int     `json:"folds" help:"parts of the rows; each is answered by models that learned from the others" min:"2" max:"20"`
	Inner   int     `json:"inner-folds" help:"parts of the rows learned from, on which settings are chosen" min:"2" max:"20"`
	Members int     `json:"members" help:"small networks that answer together" min:"1" max:"64"`
	Width   int     `json:"width" help:"units of each hidden layer of a member" min:"1" max:"1024"`
	Dropout float64 `json:"dropout" help:"share of units left out at random while training, unless search is on" min:"0" max:"0.9"`
	Search  bool    `json:"search" help:"choose dropout and weight-decay on validation rows, instead of taking those set"`
	Trees   int     `json:"trees" help:"boosted trees, at most" min:"1" max:"5000"`
}

// defaults returns what was chosen by validation losses: of all rows but the
// first fold's, in four parts, of both tables.
func defaults() Config {
	return Config{
		Common: recipe.Common{Seed: 1, Epochs: 60, Batch: 32, LR: 3e-3, Optimizer: "adamw", Schedule: "one-cycle", Decay: 0.01},
		Kind:   "auto", Folds: 5, Inner: 4, Members: 8, Width: 64, Dropout: 0.1, Search: true, Trees: 1000,
	}
}

// goals returns what c must reach: as good as the better of the other methods,
// within a point of accuracy and 2% of error. Nothing is set if more than the
// seed and the checkpoints differ from the defaults.
func goals(c *Config) []recipe.Goal {
	if usual := defaults(); !recipe.Usual(c, &usual) {
		return nil
	}
	return []recipe.Goal{{Score: "shortfall_points", Bound: 1, Most: true}, {Score: "shortfall_error", Bound: 0.02, Most: true}}
}

// try is what the search tries of the network.
type try struct{ dropout, decay float64 }

// tries are what is searched, or what is set.
func (c *Config) tries() []try {
	if !c.Search {
		return []try{{c.Dropout, c.Decay}}
	}
	var all []try
	for _, dropout := range []float64{0, 0.2} {
		for _, decay := range []float64{0.01, 0.1, 1} {
			all = append(all, try{dropout, decay})
		}
	}
	return all
}

// job is the task: one table of a user's, or the two embedded ones.
type job struct {
	config  *Config
	studies []*study
	format  format
}

func open(c *Config) (*recipe.Task, error) {
	j := &job{config: c, format: format{"text"}}
	var err error
	switch {
	case c.Bare && c.Known != "":
		err = j.recall()
	case c.Data != "" || c.Target != "":
		err = j.own()
	default:
		err = j.embedded()
	}
	if err != nil {
		return nil, err
	}
	t := &recipe.Task{Run: j.run, Measure: j.measure, Pages: j.pages, Answer: j.answer, Options: &j.format}
	for _, s := range j.studies {
		if err := s.build(); err != nil {
			return nil, err
		}
		for f, net := range s.nets {
			t.Also = append(t.Also, recipe.Part{Name: fmt.Sprintf("%s-%d", s.Name, f+1), Net: net})
		}
		t.Also = append(t.Also, recipe.Part{Name: s.Name + "-held", Net: s.held.net})
		t.Total += s.steps()
	}
	t.Net, t.Also = t.Also[0].Net, t.Also[1:] // the command wants one to be the run's
	if s := j.studies[0]; s.File != "" {
		t.Classes, t.About = s.Classes, fmt.Sprintf("%s of %s, told from %d columns", s.Target, filepath.Base(s.File), len(s.Columns))
	}
	return t, nil
}

// embedded opens the tables that limpid brings along.
func (j *job) embedded() error {
	for _, e := range []source{
		{name: "penguins", table: penguins.Load(), target: penguins.Target},
		{name: "cars", table: cars.Load(), target: cars.Target},
	} {
		s, err := newStudy(j.config, e)
		if err != nil {
			return err
		}
		j.studies = append(j.studies, s)
	}
	return j.note()
}

// note stores what is known in the settings.
func (j *job) note() error {
	text, err := json.Marshal(j.studies)
	j.config.Known = string(text)
	return err
}

// recall makes the studies from what is known, without rows.
func (j *job) recall() error {
	if err := json.Unmarshal([]byte(j.config.Known), &j.studies); err != nil || len(j.studies) == 0 {
		return fmt.Errorf("table: what the run knows of its data is damaged (%v)", err)
	}
	for _, s := range j.studies {
		s.config = j.config
	}
	return nil
}

// words splits a list with commas.
func words(list string) []string {
	var all []string
	for w := range strings.SplitSeq(list, ",") {
		if w = strings.TrimSpace(w); w != "" {
			all = append(all, w)
		}
	}
	return all
}

// run learns all tables, one after the other.
func (j *job) run(ctx context.Context, b *recipe.Bench) error {
	for _, s := range j.studies {
		if err := s.run(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// find returns the study whose columns an asked table has; of several the first.
func (j *job) find(columns []string) (*study, error) {
	var faults []string
	for _, s := range j.studies {
		lacks := ""
		for _, c := range s.Columns {
			if !slices.Contains(columns, c.Name) && lacks == "" {
				lacks = c.Name
			}
		}
		if lacks == "" {
			return s, nil
		}
		faults = append(faults, fmt.Sprintf("the %s of %s need %q", "columns", s.Name, lacks))
	}
	return nil, fmt.Errorf("line 1: there are the columns %q: %s", columns, strings.Join(faults, "; "))
}
