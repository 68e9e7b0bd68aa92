// Package regularise is the recipe that shows what holds overfitting back: from
// 300 training pictures a network of fully connected layers and one of
// convolutions learn without any regularisation, with each of five kinds, and
// with the combination that does best on validation pictures. All get the same
// steps and the same search of learning rates. The command and programs may
// import it.
package regularise

import (
	"context"
	"fmt"
	"slices"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/datasets/fashion"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// Recipe compares regularisations on the embedded pictures, or on the full
// data.
var Recipe = &recipe.Recipe{
	Name:  "regularise",
	Short: "what helps with 300 pictures: L1, L2, dropout, early stopping, augmentation, together",
	Data:  "Fashion-MNIST: 300 pictures a seed to learn from, 800 to choose by, 2,000 for the test",
	Time:  "4 min",
	New:   func(bool) recipe.Config { c := defaults(); return &c },
	Open:  func(c recipe.Config) (*recipe.Task, error) { return open(c.(*Config)) },
	Goals: func(c recipe.Config) []recipe.Goal { return goals(c.(*Config)) },
	Quick: []string{"epochs=2", "examples=100", "width=4", "units=16", "seeds=2", "rates=1", "judges=200"},
}

// Config is the recipe's configuration.
type Config struct {
	recipe.Common
	Examples int `json:"examples" help:"training pictures that each network learns from" min:"20" max:"5000"`
	Judges   int `json:"judges" help:"other pictures of the training split to choose by" min:"20" max:"5000"`
	Width    int `json:"width" help:"filters of the first convolution; the second has twice as many" min:"1" max:"256"`
	Units    int `json:"units" help:"units of the first hidden layer of the fully connected network; the second has half" min:"2" max:"4096"`
	Seeds    int `json:"seeds" help:"networks of each kind that are compared, each from pictures of its own" min:"2" max:"50"`
	Tries    int `json:"rates" help:"learning rates that are tried for each: lr, and half as much each time" min:"1" max:"12"`
}

func defaults() Config {
	return Config{
		Common:   recipe.Common{Seed: 1, Epochs: 28, Batch: 30, LR: 8e-3, Optimizer: "adam", Schedule: "cosine"},
		Examples: 300, Judges: 800, Width: 16, Units: 128, Seeds: 5, Tries: 3,
	}
}

// goals returns what c must reach: the combination beats no regularisation by
// two points with the convolutional network, and not by luck. Nothing is set
// if more than the seed and the checkpoints differ from the defaults.
func goals(c *Config) []recipe.Goal {
	if usual := defaults(); !recipe.Usual(c, &usual) {
		return nil
	}
	return []recipe.Goal{{Score: "gain_of_best", Bound: 0.02}, {Score: "gain_of_best_low", Bound: 0}}
}

// bodies are the kinds of network.
const (
	cnn = iota
	mlp
	bodies
)

// bodyNames are their names, bodySuffixes what their scores' names end in.
var (
	bodyNames    = [bodies]string{"CNN", "MLP"}
	bodySuffixes = [bodies]string{"", "_mlp"}
)

// study is the task: all networks, and what is found out about them.
type study struct {
	config *Config
	test   data.Dataset
	pool   *data.Images // the training split
	judges data.Dataset // to choose by
	spare  [][]int      // places in pool that are left to learn from, by class
	finals []*final
	all    *nn.Net // that holds those of finals
	task   *recipe.Task

	// found out by run
	search  [bodies][]trial
	choices [bodies][]plan // in the order of names
	parts   [bodies][]int  // the methods in the combination
	steps   int
}

// final is a network that the test split measures.
type final struct {
	body, choice int
	seed         uint64
	net          *nn.Net
	out          recipe.Outcome // of its training
}

func (f *final) name() string {
	return fmt.Sprintf("%s-%s-%d", bodyNames[f.body], names[f.choice], f.seed)
}

func open(c *Config) (*recipe.Task, error) {
	s, err := newStudy(c)
	if err != nil {
		return nil, err
	}
	return s.task, nil
}

// newStudy makes everything ready.
func newStudy(c *Config) (*study, error) {
	s := &study{config: c}
	if err := s.read(); err != nil {
		return nil, err
	}
	if err := s.buildFinals(); err != nil {
		return nil, err
	}
	learn, err := s.pictures(c.Seed, turns)
	if err != nil {
		return nil, err
	}
	s.task = &recipe.Task{
		Net: s.finalsOf(cnn, len(names)-1)[0].net, Also: []recipe.Part{{Name: "all", Net: s.all}}, Test: s.test, Classes: fashion.Classes,
		Run: s.run, Measure: s.measure, Pages: s.pages, Fit: s.fit(plan{rate: c.LR}, c.Seed, learn),
	}
	s.task.Total = s.most() * s.perFit()
	return s, nil
}

// turns is how often an epoch passes over the pictures: they are so few that to
// measure after each pass would take longer than to learn.
const turns = 4

// perFit is how many steps a fit has that is not stopped early.
func (s *study) perFit() int {
	c := s.config
	return (turns*c.Examples + c.Batch - 1) / c.Batch * c.Epochs
}

// read cuts the pictures to choose by from the training split.
func (s *study) read() error {
	set := fashion.Mini()
	if s.config.Data != "" {
		var err error
		if set, err = fashion.Full(s.config.Data); err != nil {
			return err
		}
	}
	s.test, s.pool = set.Test, set.Train.(*data.Images)
	n, c := s.pool.Len(), s.config
	if c.Examples+c.Judges > n {
		return fmt.Errorf("regularise: %d examples to learn from and %d judges are more than the %d training pictures", c.Examples, c.Judges, n)
	}
	s.spare = make([][]int, len(fashion.Classes))
	var judges []int
	for i := range n { // evenly spread
		if (i+1)*c.Judges/n > i*c.Judges/n {
			judges = append(judges, i)
		} else {
			s.spare[s.pool.Label(i)] = append(s.spare[s.pool.Label(i)], i)
		}
	}
	s.judges = s.pool.Pick(judges)
	return nil
}

// pictures draws what the networks of a seed learn from: as many of each class,
// or one more of the first, each so many times.
func (s *study) pictures(seed uint64, times int) (data.Dataset, error) {
	r := tensor.NewRand(seed)
	var all []int
	for class, places := range s.spare {
		n := s.config.Examples / len(s.spare)
		if class < s.config.Examples%len(s.spare) {
			n++
		}
		if n > len(places) {
			return nil, fmt.Errorf("regularise: %d examples need %d of class %s, and %d are left: ask for fewer examples or judges", s.config.Examples, n, fashion.Classes[class], len(places))
		}
		for _, k := range r.Perm(len(places))[:n] {
			all = append(all, places[k])
		}
	}
	return s.pool.Pick(slices.Repeat(all, times)), nil
}

// network makes a network, of pictures of half the size; drop is of hidden units.
func (c *Config) network(body int, drop float64) *nn.Sequential {
	if body == mlp {
		return &nn.Sequential{&nn.AvgPool2D{Size: 2}, &nn.Flatten{},
			&nn.Linear{Out: c.Units, Act: nn.ReLU}, &nn.Dropout{Rate: drop},
			&nn.Linear{Out: max(1, c.Units/2), Act: nn.ReLU}, &nn.Dropout{Rate: drop},
			&nn.Linear{Out: len(fashion.Classes)}}
	}
	return &nn.Sequential{&nn.AvgPool2D{Size: 2},
		&nn.Conv2D{Out: c.Width, Kernel: 3, Pad: nn.Same, Act: nn.ReLU}, &nn.MaxPool2D{Size: 2},
		&nn.Conv2D{Out: 2 * c.Width, Kernel: 3, Pad: nn.Same, Act: nn.ReLU}, &nn.MaxPool2D{Size: 2},
		&nn.Flatten{}, &nn.Dropout{Rate: drop}, &nn.Linear{Out: len(fashion.Classes)}}
}

// build makes a network with first weights.
func (c *Config) build(body int, drop float64, seed uint64) (*nn.Net, *nn.Sequential, error) {
	m := c.network(body, drop)
	net, err := nn.Build(m, nn.Input(28, 28, 1), nn.Seed(seed), nn.Name("regularise"))
	return net, m, err
}

// buildFinals makes the networks that will be measured.
func (s *study) buildFinals() error {
	models := map[string]*nn.Sequential{}
	for body := range bodies {
		for choice := range names {
			for i := range s.config.Seeds {
				f := &final{body: body, choice: choice, seed: s.config.Seed + uint64(i)}
				net, m, err := s.config.build(body, 0, f.seed)
				if err != nil {
					return err
				}
				f.net, models[f.name()] = net, m
				s.finals = append(s.finals, f)
			}
		}
	}
	var err error
	s.all, err = nn.Build(models, nn.Name("all"), nn.Trace(func(p *nn.Pass) {
		x := tensor.Zeros(2, 28, 28, 1)
		for _, f := range s.finals {
			p.Apply(x, models[f.name()])
		}
	}))
	return err
}

// finalsOf returns the networks of a kind and a choice, by seed.
func (s *study) finalsOf(body, choice int) (all []*final) {
	for _, f := range s.finals {
		if f.body == body && f.choice == choice {
			all = append(all, f)
		}
	}
	return all
}

// fit says how a network is trained by a plan.
func (s *study) fit(p plan, seed uint64, learn data.Dataset) train.Config {
	c := *s.config
	c.LR, c.Decay = p.rate, c.Decay+p.l2
	f := train.Config{
		Data: learn, Validate: s.judges, Batch: c.Batch, Epochs: c.Epochs, Every: c.Every, Seed: seed,
		Loss: loss.CrossEntropy, Optimizer: c.Rule(), Clip: c.Clip, Schedule: c.Rates(s.perFit()), Transform: p.transform(),
	}
	if p.l1 > 0 {
		rule := optim.Penalty{Rule: f.Optimizer, L1: p.l1}
		f.Before = func(u *train.Updater) error { return u.Rule("*weight", rule) }
	}
	if p.patience > 0 {
		f.Observers = []train.Observer{train.EarlyStop("loss", p.patience)}
	}
	return f
}

// run searches, then trains what will be measured.
func (s *study) run(ctx context.Context, b *recipe.Bench) error {
	for body := range bodies {
		if err := s.choose(ctx, b, body); err != nil {
			return err
		}
	}
	if err := s.trainFinals(ctx, b); err != nil {
		return err
	}
	s.task.Total = s.steps
	return nil
}

// trainFinals trains the networks that will be measured as the search chose.
func (s *study) trainFinals(ctx context.Context, b *recipe.Bench) error {
	nets := make([]*nn.Net, len(s.finals))
	all := make([]recipe.Trial, len(s.finals))
	for i, f := range s.finals {
		p := s.choices[f.body][f.choice]
		all[i] = recipe.Trial{Name: f.name(), Keep: true, Open: func() (net *nn.Net, fit train.Config, err error) {
			learn, err := s.pictures(f.seed, turns)
			if err != nil {
				return nil, fit, err
			}
			nets[i], _, err = s.config.build(f.body, p.drop, f.seed)
			return nets[i], s.fit(p, f.seed, learn), err
		}}
	}
	out, err := b.Trials(ctx, all)
	if err != nil {
		return err
	}
	for i, f := range s.finals {
		f.out = out[i]
		s.steps += out[i].Steps
		for k, p := range f.net.Params() {
			p.Set(nets[i].Params()[k].Value())
		}
	}
	return nil
}
