package train

import (
	"context"
	"errors"
	"fmt"

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
	// Objective returns a batch's loss; nil: that of Loss. It may be run on
	// validation data too, as inference.
	Objective func(p *nn.Pass, net *nn.Net, b data.Batch) tensor.Tensor

	Optimizer optim.Rule
	Schedule  optim.Schedule  // of the learning rate, by step; nil: constant
	Clip      float64         // longest gradient; 0: any
	Metrics   []metric.Metric // nil: accuracy, where Y is int32 labels

	Transform data.Transform                           // changes each X that is learned from
	Collate   func([]data.Example) (data.Batch, error) // joins examples; nil: they are alike
	DropLast  bool                                     // leave out an epoch's last batch if it is short
	NoShuffle bool                                     // take examples in their order

	Seed uint64 // of the order of examples, transforms and noise

	// Dir is the run's folder: checkpoints and a log of events are kept in it,
	// and a run that is found there goes on. "": nothing is written.
	Dir string

	// Before is called with the updater ahead of the first step, to freeze
	// parameters or set rates; also when a run goes on.
	Before func(u *Updater) error

	Observers []Observer
}

// Result says how far Fit came.
type Result struct {
	Epochs     int                // epochs done
	Steps      int                // steps done
	Loss       float64            // mean of the last epoch that was done
	Validation map[string]float64 // of the weights that the network has at the end; nil without Validate
	Best       int                // the epoch that EarlyStop went back to; 0: none
}

// Fit trains net as c says, until the last epoch, an observer's [Stop], an
// error, or the end of ctx.
func Fit(ctx context.Context, net *nn.Net, c Config) (*Result, error) {
	if err := c.check(net); err != nil {
		return nil, err
	}
	f := newFitting(net, c)
	if c.Before != nil {
		if err := c.Before(f.u); err != nil {
			return nil, err
		}
	}
	f.u.Observe(c.Observers...)
	err := f.run(ctx)
	if errors.Is(err, Stop) {
		err = nil
	}
	return &f.result, err
}

func (c *Config) check(net *nn.Net) error {
	var faults []error
	fault := func(format string, a ...any) { faults = append(faults, fmt.Errorf("train.Fit: "+format, a...)) }
	if net == nil {
		fault("the network is nil: build it with nn.Build, and look at its error")
	}
	if c.Data == nil {
		fault("Data is missing")
	}
	if c.Loss == nil && c.Objective == nil {
		fault("Loss is missing: give one, loss.CrossEntropy for classes, or an Objective")
	}
	return errors.Join(faults...)
}

// fitting is a run of Fit.
type fitting struct {
	c      Config
	net    *nn.Net
	u      *Updater
	loader data.Loader
	eval   evaluation
	result Result
	batch  data.Batch
}

func newFitting(net *nn.Net, c Config) *fitting {
	if c.Batch == 0 {
		c.Batch = 32
	}
	if c.Epochs == 0 {
		c.Epochs = 1
	}
	f := &fitting{c: c, net: net, u: NewUpdater(net, c.Optimizer)}
	f.u.Schedule, f.u.Clip = c.Schedule, c.Clip
	f.loader = data.Loader{Data: c.Data, Batch: c.Batch, Shuffle: !c.NoShuffle, DropLast: c.DropLast, Seed: c.Seed,
		Transform: c.Transform, Collate: c.Collate}
	f.eval = evaluation{net: net, metrics: c.Metrics, batch: c.Batch, collate: c.Collate}
	f.eval.measure = func(p *nn.Pass, out tensor.Tensor, b data.Batch) tensor.Tensor {
		if c.Loss != nil {
			return c.Loss(out, b.Y)
		}
		return c.Objective(p, net, b)
	}
	f.eval.direct = c.Loss == nil
	return f
}

func (f *fitting) run(ctx context.Context) error {
	per := f.loader.PerEpoch()
	sum, count := 0.0, 0.0
	for b, err := range f.loader.Batches(ctx, f.u.Steps(), f.c.Epochs*per) {
		if err != nil {
			return err
		}
		f.batch = b
		f.u.epoch = f.u.steps/per + 1
		l, err := f.u.Step(f.objective)
		if err != nil {
			return err
		}
		f.result.Steps = f.u.steps
		sum += l * float64(b.N)
		count += float64(b.N)
		if f.u.steps%per != 0 {
			continue
		}
		f.result.Epochs, f.result.Loss = f.u.epoch, sum/count
		sum, count = 0, 0
		if err := f.closeEpoch(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (f *fitting) objective(p *nn.Pass) tensor.Tensor {
	if f.c.Objective != nil {
		return f.c.Objective(p, f.net, f.batch)
	}
	return f.c.Loss(f.net.Forward(p, f.batch.X), f.batch.Y)
}

func (f *fitting) closeEpoch(ctx context.Context) error {
	var scores map[string]float64
	if f.c.Validate != nil {
		var err error
		if scores, err = f.eval.run(ctx, f.c.Validate); err != nil {
			return err
		}
		f.result.Validation = scores
	}
	if err := f.u.emit(EpochDone{f.result.Epochs, f.u.steps, f.result.Loss}); err != nil {
		return err
	}
	if scores == nil {
		return nil
	}
	return f.u.emit(Evaluated{f.result.Epochs, f.u.steps, scores})
}
