package train

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/tensor"
)

// Config says what [Fit] does. Data, Optimizer and one of Loss and Objective
// are needed.
type Config struct {
	Data     data.Dataset // to learn from, in a new order every epoch
	Validate data.Dataset // to measure on after each epoch; nil: nothing

	Batch  int // examples a step; 0 means 32
	Epochs int // passes over Data; 0 means 1
	Every  int // steps between checkpoints; 0: one after each epoch

	// Loss compares the network's result for a batch's X with its Y.
	Loss loss.Func
	// Objective returns a batch's loss; nil: that of Loss. Without a Loss it is
	// run on validation data too, as inference.
	Objective func(p *nn.Pass, net *nn.Net, b data.Batch) tensor.Tensor

	Optimizer optim.Rule
	Schedule  optim.Schedule  // of the learning rate, by step; nil: constant
	Clip      float64         // longest gradient; 0: any
	MaxNorm   float64         // longest row of a weight matrix; see [Updater]; 0: any
	Metrics   []metric.Metric // nil: accuracy, where Y is int32 labels; empty: none

	Transform data.Transform                           // changes each X that is learned from
	Collate   func([]data.Example) (data.Batch, error) // joins examples; nil: they are alike
	Mix       data.BatchTransform                      // changes each batch that is learned from as a whole
	Weights   []float64                                // how often each example is drawn; nil: once an epoch
	DropLast  bool                                     // leave out an epoch's last batch if it is short
	NoShuffle bool                                     // take examples in their order

	Seed uint64 // of the order of examples, transforms and noise

	// Dir is the run's folder: checkpoints and a log of events are kept in it,
	// and a run that is found there goes on. "": nothing is written.
	Dir string

	// Average, EMA or SWA, is what the network has in the end in place of the
	// last weights: with running statistics measured anew on Data. It goes
	// without EarlyStop, which brings back other weights. nil: the last.
	Average *Average
	// Calibrate is the network's last layer, whose temperature is fitted on
	// Validate in the end; nil: none is.
	Calibrate *nn.Temperature

	// Before is called with the updater ahead of the first step, to freeze
	// parameters or set rates; also when a run goes on.
	Before func(u *Updater) error

	Observers []Observer
}

// The values of what is left out.
const (
	defaultBatch  = 32
	defaultEpochs = 1
)

// faults collects what is wrong with a configuration.
type faults []error

func (f *faults) add(format string, a ...any) {
	*f = append(*f, fmt.Errorf("train.Fit: "+format, a...))
}

// check returns every fault at once, and otherwise fills in defaults.
func (c *Config) check(net *nn.Net) error {
	var f faults
	if net == nil {
		f.add("the network is nil: build it with nn.Build, and look at its error")
	}
	c.checkData(&f)
	c.checkNumbers(&f)
	if c.Loss == nil && c.Objective == nil {
		f.add("Loss is missing: give one, loss.CrossEntropy for classes, or an Objective")
	}
	if c.Loss == nil && len(c.Metrics) > 0 && c.Validate == nil {
		f.add("Metrics are measured on Validate, which is missing")
	}
	if err := usable(c.Optimizer, net != nil && nets.Wide(net)); err != nil {
		f = append(f, fmt.Errorf("train.Fit: Optimizer: %w", err))
	}
	c.checkEnd(&f)
	c.checkScores(&f)
	c.checkObservers(&f)
	if len(f) > 0 {
		return errors.Join(f...)
	}
	if c.Batch == 0 {
		c.Batch = defaultBatch
	}
	if c.Epochs == 0 {
		c.Epochs = defaultEpochs
	}
	return nil
}

func (c *Config) checkData(f *faults) {
	switch {
	case c.Data == nil:
		f.add("Data is missing: give the dataset to learn from")
	case c.Data.Len() == 0:
		f.add("Data is empty: it has no example to learn from")
	case c.DropLast && c.Batch > 0 && c.Data.Len() < c.Batch:
		f.add("DropLast drops everything: %d examples make no batch of %d; lower Batch or keep the last", c.Data.Len(), c.Batch)
	}
	if c.Validate != nil && c.Validate.Len() == 0 {
		f.add("Validate is empty: it has no example to measure on; leave it out, or cut some from Data with data.Split")
	}
}

func (c *Config) checkNumbers(f *faults) {
	for _, n := range []struct {
		name  string
		value int
	}{{"Batch", c.Batch}, {"Epochs", c.Epochs}, {"Every", c.Every}} {
		if n.value < 0 {
			f.add("%s is %d: want 1 or more, or leave it out", n.name, n.value)
		}
	}
	for _, n := range []struct {
		name  string
		value float64
	}{{"Clip", c.Clip}, {"MaxNorm", c.MaxNorm}} {
		if !(n.value >= 0) || math.IsInf(n.value, 1) {
			f.add("%s is %g: want a length above 0, or leave it out", n.name, n.value)
		}
	}
}

// checkEnd looks at what is done after the last step.
func (c *Config) checkEnd(f *faults) {
	if c.Average != nil {
		for _, o := range c.Observers {
			if _, is := o.(*earlyStop); is {
				f.add("Average and EarlyStop both choose the weights that the network ends with: use one of them, or let the average observe and take its Weights")
			}
		}
		if slices.Contains(c.Observers, Observer(c.Average)) {
			f.add("Average is among Observers too, and would take in each step twice: leave it out there")
		}
	}
	if c.Calibrate != nil && c.Validate == nil {
		f.add("Calibrate fits a temperature on Validate, which is missing: cut some from Data with data.Split")
	}
}

// checkScores makes sure that each score has a name of its own.
func (c *Config) checkScores(f *faults) {
	names := []string{"loss"}
	for i, m := range c.Metrics {
		switch {
		case m == nil:
			f.add("Metrics[%d] is nil", i)
		case slices.Contains(names, m.Name()):
			f.add("Metrics[%d] has the name %q, which another score has", i, m.Name())
		default:
			names = append(names, m.Name())
		}
	}
}

func (c *Config) checkObservers(f *faults) {
	for i, o := range c.Observers {
		if o == nil {
			f.add("Observers[%d] is nil", i)
		}
		s, ok := o.(*earlyStop)
		if !ok {
			continue
		}
		if s.patience < 1 {
			f.add("EarlyStop has patience %d: want 1 epoch or more", s.patience)
		}
		if c.Validate == nil {
			f.add("EarlyStop looks at %q of the validation data, and Validate is missing: cut some from Data with data.Split", s.score)
		}
		if known := c.better(s.score); known == 0 {
			f.add("EarlyStop looks at %q, which is no score: want loss or the name of one of Metrics", s.score)
		}
	}
}

// better tells whether more of a score is better (1) or less (−1); 0 if there
// is no such score.
func (c *Config) better(score string) int {
	for _, m := range c.Metrics {
		if m != nil && m.Name() == score {
			return m.Better()
		}
	}
	switch {
	case score == "loss":
		return -1
	case c.Metrics == nil && score == metric.Accuracy{}.Name():
		return metric.Accuracy{}.Better()
	}
	return 0
}
