// Package activations is the recipe that compares activations by evidence: the
// same network of fully connected layers, 2 to 30 deep, with eight activations
// and three kinds of first weights. It measures how far signals come before any
// training, trains all of them with the same search of learning rates, and
// tests whether what was measured beforehand picks as well as the training
// does. The
// command, programs and recipes beside it may import it.
package activations

import (
	"context"
	"fmt"
	"slices"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/datasets/fashion"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/probe/signal"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// Recipe compares activations on the embedded pictures, or on the full data.
var Recipe = &recipe.Recipe{
	Name:  "activations",
	Short: "which activation, and why: signals, gradients and accuracy from 2 to 30 layers",
	Data:  "Fashion-MNIST: 3,000 pictures to learn from, 1,800 to choose by, 2,000 for the test",
	Time:  "3 min",
	New:   func(bool) recipe.Config { c := defaults(); return &c },
	Open:  func(c recipe.Config) (*recipe.Task, error) { return open(c.(*Config)) },
	Goals: func(c recipe.Config) []recipe.Goal { return goals(c.(*Config)) },
	Quick: []string{"epochs=2", "examples=400", "width=16", "depth=3", "deepest=3", "seeds=2", "rates=1"},
}

// Config is the recipe's configuration.
type Config struct {
	recipe.Common
	Width    int `json:"width" help:"units of each hidden layer" min:"1" max:"1024"`
	Depth    int `json:"depth" help:"hidden layers of the networks of which several seeds are compared" min:"2" max:"100"`
	Deepest  int `json:"deepest" help:"hidden layers of the deepest networks; 2, 5, 10, 20 and 30 are tried up to it" min:"2" max:"100"`
	Seeds    int `json:"seeds" help:"networks of each activation that are compared" min:"2" max:"50"`
	Tries    int `json:"rates" help:"learning rates that are tried for each: lr, and half as much each time" min:"1" max:"12"`
	Examples int `json:"examples" help:"training pictures to learn from; three fifths as many others, up to 1,800, are chosen by" min:"40" max:"50000"`
}

func defaults() Config {
	return Config{
		Common: recipe.Common{Seed: 1, Epochs: 6, Batch: 32, LR: 8e-3, Optimizer: "adam", Schedule: "one-cycle"},
		Width:  32, Depth: 10, Deepest: 30, Seeds: 5, Tries: 5, Examples: 3000,
	}
}

// shortfall is by how much the activation that was picked before training may
// be worse than the best: what is more than that is above 0.
const shortfall = "auto_shortfall"

// goals returns what c must reach. Nothing is set if more than the seed and the
// checkpoints differ from the defaults.
func goals(c *Config) []recipe.Goal {
	if usual := defaults(); !recipe.Usual(c, &usual) {
		return nil
	}
	return []recipe.Goal{{Score: shortfall, Bound: 0, Most: true}}
}

// study is the task: all networks, and what is found out about them.
type study struct {
	config  *Config
	set     fashion.Set   // Train to learn from, Validate to choose by
	x       tensor.Tensor // training pictures that signals are measured with
	depths  []int
	ratings []signal.Rating // of all pairs of activation and first weights, the best first
	pick    int             // the activation that they pick
	finals  []*final
	all     *nn.Net // that holds those of finals
	task    *recipe.Task

	// found out by run
	search  []trial
	choices map[int][]chosen // by depth, then by activation
}

// final is a network that the test split measures.
type final struct {
	act, depth int
	seed       uint64
	net        *nn.Net
}

func (f *final) name() string { return fmt.Sprintf("%s-%d-%d", kinds[f.act].name, f.depth, f.seed) }

func open(c *Config) (*recipe.Task, error) {
	s, err := newStudy(c)
	if err != nil {
		return nil, err
	}
	return s.task, nil
}

// newStudy makes everything ready.
func newStudy(c *Config) (*study, error) {
	s := &study{config: c, choices: map[int][]chosen{}}
	var err error
	if s.set, err = read(c); err != nil {
		return nil, err
	}
	if s.x, err = batch(s.set.Train, looked); err != nil {
		return nil, err
	}
	s.depths = depthsOf(c)
	if err := s.rank(); err != nil {
		return nil, err
	}
	if err := s.buildFinals(); err != nil {
		return nil, err
	}
	s.task = &recipe.Task{
		Net: s.finalOf(s.pick, c.Depth)[0].net, Also: []recipe.Part{{Name: "all", Net: s.all}}, Test: s.set.Test, Classes: fashion.Classes,
		Run: s.run, Measure: s.measure, Pages: s.pages, Fit: s.fit(c.LR, c.Seed),
	}
	s.task.Total = s.trials() * s.steps()
	return s, nil
}

// depthsOf lists the depths to try, in order.
func depthsOf(c *Config) []int {
	all := []int{c.Depth, c.Deepest}
	for _, d := range []int{2, 5, 10, 20, 30} {
		if d < c.Deepest {
			all = append(all, d)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// most is how many pictures are chosen by, at most.
const most = 1800

// read returns the data: the training split in two, so that more pictures are
// there to choose by than the dataset's own validation part has.
func read(c *Config) (fashion.Set, error) {
	set := fashion.Mini()
	if c.Data != "" {
		var err error
		if set, err = fashion.Full(c.Data); err != nil {
			return set, err
		}
	}
	n := set.Train.Len()
	if c.Examples >= n {
		return set, fmt.Errorf("activations: examples is %d, and there are %d training pictures: leave some to choose by", c.Examples, n)
	}
	var learn, rest []int
	for i := range n { // evenly spread, whatever the order of the classes
		if (i+1)*c.Examples/n > i*c.Examples/n {
			learn = append(learn, i)
		} else {
			rest = append(rest, i)
		}
	}
	kept := min(most, len(rest), max(20, c.Examples*3/5))
	judge := make([]int, kept)
	for i := range judge {
		judge[i] = rest[i*len(rest)/kept]
	}
	set.Validate, set.Train = data.Subset(set.Train, judge), data.Subset(set.Train, learn)
	return set, nil
}

// batch stacks n evenly spread inputs of a set.
func batch(set data.Dataset, n int) (tensor.Tensor, error) {
	n = min(n, set.Len())
	xs := make([]tensor.Tensor, n)
	for i := range xs {
		e, err := set.At(i * set.Len() / n)
		if err != nil {
			return tensor.Tensor{}, err
		}
		xs[i] = e.X
	}
	return tensor.Stack(0, xs...), nil
}

// network makes the network that all have: pictures of half the size, so many
// hidden layers of one width, and the classes' scores.
func (c *Config) network(act nn.Act, init nn.Init, depth int) (*nn.Sequential, []string) {
	m := nn.Sequential{&nn.AvgPool2D{Size: 2}, &nn.Flatten{}}
	var paths []string
	for range depth {
		paths = append(paths, fmt.Sprint(len(m)))
		m = append(m, &nn.Linear{Out: c.Width, Act: act, Init: init})
	}
	m = append(m, &nn.Linear{Out: len(fashion.Classes)})
	return &m, paths
}

// build makes the network and gives it first weights.
func (c *Config) build(act nn.Act, init nn.Init, depth int, seed uint64) (*nn.Net, []string, error) {
	m, paths := c.network(act, init, depth)
	net, err := nn.Build(m, nn.Input(28, 28, 1), nn.Seed(seed), nn.Name("activations"))
	return net, paths, err
}

// steps is how many steps one fit has.
func (s *study) steps() int {
	return (s.set.Train.Len() + s.config.Batch - 1) / s.config.Batch * s.config.Epochs
}

// fit says how every network is trained.
func (s *study) fit(rate float64, seed uint64) train.Config {
	c := *s.config
	c.LR = rate
	return train.Config{
		Data: s.set.Train, Validate: s.set.Validate, Batch: c.Batch, Epochs: c.Epochs, Every: c.Every, Seed: seed,
		Loss: loss.CrossEntropy, Optimizer: c.Rule(), Clip: c.Clip, Schedule: c.Rates(s.steps()),
	}
}

// Numbers of the signals that are measured before training.
const (
	looked = 128 // pictures
	draws  = 5   // of the first weights
)

// rank measures signals through the networks of s.config.Depth, and picks.
func (s *study) rank() error {
	var all []signal.Choice
	for _, k := range kinds {
		for _, w := range weights {
			all = append(all, signal.Choice{Name: k.name + ", " + w.name, Build: func(seed uint64) (*nn.Net, []string, error) {
				return s.config.build(k.act, w.init, s.config.Depth, s.config.Seed+seed-1)
			}})
		}
	}
	var err error
	if s.ratings, err = signal.Rank(s.x, draws, all); err != nil {
		return err
	}
	s.pick = s.ratings[0].At / len(weights)
	return nil
}

// buildFinals makes the networks that will be measured: s.config.Seeds of each
// activation at s.config.Depth, and fewer at other depths.
func (s *study) buildFinals() error {
	models := map[string]*nn.Sequential{}
	for _, depth := range s.depths {
		for a, k := range kinds {
			for i := range s.seedsAt(depth) {
				f := &final{act: a, depth: depth, seed: s.config.Seed + uint64(i)}
				m, _ := s.config.network(k.act, nil, depth)
				net, err := nn.Build(m, nn.Input(28, 28, 1), nn.Seed(f.seed), nn.Name(f.name()))
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

// seedsAt is how many networks of each activation are measured at a depth.
func (s *study) seedsAt(depth int) int {
	if depth == s.config.Depth {
		return s.config.Seeds
	}
	return min(2, s.config.Seeds)
}

// finalOf returns the networks of an activation at a depth, by seed.
func (s *study) finalOf(act, depth int) (all []*final) {
	for _, f := range s.finals {
		if f.act == act && f.depth == depth {
			all = append(all, f)
		}
	}
	return all
}

// run searches, then trains what will be measured.
func (s *study) run(ctx context.Context, b *recipe.Bench) error {
	if err := s.searchAt(ctx, b, s.config.Depth, nil); err != nil {
		return err
	}
	for _, d := range s.depths {
		if d != s.config.Depth {
			if err := s.searchAt(ctx, b, d, s.choices[s.config.Depth]); err != nil {
				return err
			}
		}
	}
	return s.trainFinals(ctx, b)
}
