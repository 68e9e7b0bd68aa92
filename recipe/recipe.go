package recipe

import (
	"cmp"
	"context"
	"image"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/recipe/photo"
	"github.com/limpid-ml/limpid/recipe/report"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// Recipe is a task that the command can train: a folder below this one has
// it, and a line in recipe/book lists it.
type Recipe struct {
	Name  string
	Short string // what it learns, in one line
	Data  string // what from: the data limpid brings along
	Time  string // how long its default settings take on two cores, in words
	// New returns the defaults, a pointer to a struct that embeds Common: those
	// for the full data, or those for what limpid brings along.
	New func(full bool) Config
	// Open makes the task that cfg, of the type New returns, describes.
	Open func(cfg Config) (*Task, error)
	// Goals returns what cfg must reach on the test split; nil, or an empty
	// list: nothing is set for it.
	Goals func(cfg Config) []Goal
	// Quick are settings, "key=value", that make a run of a few seconds.
	Quick []string
	// Named are data that limpid brings along under names: --data takes them as
	// it takes a path.
	Named []string
	// Watched is the validation metric that is shown while it trains; "":
	// "accuracy".
	Watched string
	// Input is what predict takes, as its help names it: "PICTURE", "FILE.csv";
	// "": its runs cannot be asked.
	Input string
}

// Targets returns what cfg must reach; none if the recipe sets nothing.
func (r *Recipe) Targets(cfg Config) []Goal {
	if r.Goals == nil {
		return nil
	}
	return r.Goals(cfg)
}

// Watches returns the name of the validation metric that is shown.
func (r *Recipe) Watches() string { return cmp.Or(r.Watched, "accuracy") }

// Config is a recipe's configuration: typed, and stored in the run.
type Config interface {
	// Shared returns the settings that every recipe has.
	Shared() *Common
}

// Common holds the settings that every recipe has.
type Common struct {
	Seed      uint64  `json:"seed" help:"of the first weights, the order of examples and all noise"`
	Epochs    int     `json:"epochs" help:"passes over the training data" min:"1" max:"100000"`
	Batch     int     `json:"batch" help:"examples in a step" min:"1" max:"65536"`
	LR        float64 `json:"lr" help:"learning rate, the highest of the schedule" above:"0" max:"100"`
	Optimizer string  `json:"optimizer" help:"update rule" oneof:"sgd|adam|adamw|rmsprop|adagrad|adadelta"`
	Momentum  float64 `json:"momentum" help:"of sgd and rmsprop" min:"0" max:"0.9999"`
	Schedule  string  `json:"schedule" help:"of the learning rate over the run" oneof:"constant|cosine|one-cycle"`
	Warmup    int     `json:"warmup" help:"steps in which the learning rate first rises" min:"0" max:"1000000"`
	Decay     float64 `json:"weight-decay" help:"pull of the weights towards 0" min:"0" max:"10"`
	Clip      float64 `json:"clip" help:"longest gradient; 0: any" min:"0" max:"1e6"`
	Every     int     `json:"checkpoint" help:"steps between checkpoints; 0: one after each epoch" min:"0" max:"1000000000"`
	Data      string  `json:"data" help:"your own data, or the full data; empty: what limpid brings along"`

	// Known is what Open found in a user's own data and whoever is asked needs
	// again, such as the names of the classes, as text of the recipe's choice.
	// It is stored with the settings and is none.
	Known string `json:"known,omitempty" set:"no"`
	// Bare asks Open for a task that only answers and is looked at, by what is
	// Known: the data need not be there any more, and are not read.
	Bare bool `json:"-"`
}

// Shared returns c itself, so that a configuration that embeds Common is a
// Config.
func (c *Common) Shared() *Common { return c }

// Rule returns the optimiser that c asks for.
func (c *Common) Rule() optim.Rule {
	switch c.Optimizer {
	case "sgd":
		return optim.SGD{LR: c.LR, Momentum: c.Momentum, Decay: c.Decay}
	case "adamw":
		if c.Decay > 0 { // or AdamW takes PyTorch's; without any it is Adam
			return optim.AdamW{LR: c.LR, Decay: c.Decay}
		}
	case "rmsprop":
		return optim.RMSprop{LR: c.LR, Momentum: c.Momentum, Decay: c.Decay}
	case "adagrad":
		return optim.Adagrad{LR: c.LR, Decay: c.Decay}
	case "adadelta":
		return optim.Adadelta{LR: c.LR, Decay: c.Decay}
	}
	return optim.Adam{LR: c.LR, Decay: c.Decay}
}

// Rates returns the schedule that c asks for, over so many steps.
func (c *Common) Rates(steps int) optim.Schedule {
	rates := optim.Constant()
	steps = max(1, steps-c.Warmup) // those that are left behind it
	switch c.Schedule {
	case "cosine":
		rates = optim.Cosine(steps)
	case "one-cycle":
		rates = optim.OneCycle(steps)
	}
	if c.Warmup > 0 {
		rates = optim.Warmup(c.Warmup, rates)
	}
	return rates
}

// Task is a recipe made ready by a configuration.
//
// Most are classifiers, which need Net, Fit, Test and Classes: the command
// trains Net by Fit and measures it on Test. A task of another kind brings
// functions of its own for what differs.
type Task struct {
	Net     *nn.Net      // whose weights are the run's
	Fit     train.Config // all but Dir and Observers; unused if Run is there
	Test    data.Dataset // read once, after training; may be nil with Measure
	Classes []string
	// About says in a line what is learned, where that is not what the recipe's
	// Short says: of a user's own data.
	About string
	// Picture turns a picture into one input [H, W, C]; nil: the recipe takes
	// no pictures.
	Picture func(img image.Image) (tensor.Tensor, *photo.Prepared)
	// Answer says what the networks make of an input, where Picture does not
	// serve: one of another kind, or an answer other than a class.
	Answer func(ctx context.Context, q *Question) (*Answer, error)
	// Options, a pointer to a struct with the tags of a configuration, are
	// settings of Answer: predict --set changes them. nil: there are none.
	Options any
	// Alone tells that Answer needs no input, and gets none if none is given.
	Alone bool

	// Note says in a line how the task does: a sample of what it makes, say. It
	// is shown after each evaluation of a fit; nil: nothing is.
	Note func() string

	// Also are further networks that the run trains; their weights are kept in
	// a file each.
	Also []Part
	// Run trains in place of one fit of Net; nil: Fit is all. It keeps to the
	// bench, so that it shows progress, stops with ctx, and goes on later.
	Run func(ctx context.Context, b *Bench) error
	// Total is the number of steps that Run takes.
	Total int
	// Measure reads the test split; nil: as a classifier of Test.
	Measure func(ctx context.Context) (*Measured, error)
	// Pages returns the recipe's part of the report about what was measured;
	// nil: a classifier's.
	Pages func(ctx context.Context, m *Measured) ([]report.Section, error)
}

// Part is a network with a name.
type Part struct {
	Name string
	Net  *nn.Net
}

// Chance is a class and its probability.
type Chance struct {
	Class       string  `json:"class"`
	Probability float64 `json:"probability"`
}

// Steps returns how many training steps the task takes; 0 of a bare one that
// does not tell.
func (t *Task) Steps() int {
	if t.Run != nil || t.Fit.Data == nil {
		return t.Total
	}
	l := data.Loader{Data: t.Fit.Data, Batch: t.Fit.Batch}
	return l.PerEpoch() * t.Fit.Epochs
}
