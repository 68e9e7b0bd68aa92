package train

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// Result says how far [Fit] came.
type Result struct {
	Epochs     int                // epochs done
	Steps      int                // steps done
	Loss       float64            // mean over the examples of the last epoch done
	Validation map[string]float64 // scores of the weights that the network has at the end; nil if none were measured
	Best       int                // the epoch whose weights EarlyStop brought back; 0: none
	Warnings   []string           // what was odd, and not bad enough to stop
}

// Fit trains net as c says: every epoch it steps over c.Data in a new order and
// then measures on c.Validate. It ends with the last epoch, or when an
// observer returns [Stop].
//
// With c.Dir it keeps a run's folder, and goes on from the newest checkpoint
// there: the network ends with the same bits as if it had never been stopped,
// even killed, at any number of threads. A run that had ended is not trained
// any more, unless c asks for more epochs. The folder's lock keeps other
// processes out; a caller that holds the run already keeps run.json himself.
//
// When ctx ends, Fit finishes its step, writes a checkpoint, and returns an
// error that wraps ctx's. Every fault of c is in one error, from before
// anything is written. A step that fails is an error too, a [*DivergedError]
// if its loss was not finite; the Result then tells how far it came.
func Fit(ctx context.Context, net *nn.Net, c Config) (*Result, error) {
	if err := errors.Join(checkContext("Fit", ctx), c.check(net)); err != nil {
		return nil, err
	}
	f := newFitting(net, c)
	if err := try(f.begin); err != nil {
		return nil, errors.Join(err, f.closeObservers())
	}
	if err := try(f.open); err != nil {
		return nil, errors.Join(err, f.close(err), f.closeObservers())
	}
	err := try(func() error { return f.run(ctx) })
	err = errors.Join(err, f.close(err), f.closeObservers())
	return &f.result, err
}

func checkContext(op string, ctx context.Context) error {
	if ctx == nil {
		return fmt.Errorf("train.%s: ctx is nil: pass context.Background()", op)
	}
	return nil
}

// try returns a mistake that f panics with, too.
func try(f func() error) (err error) {
	if mistake := tensor.Try(func() { err = f() }); mistake != nil {
		return mistake
	}
	return err
}

// fitting is one call of Fit.
type fitting struct {
	c      Config
	net    *nn.Net
	u      *Updater
	loader data.Loader
	per    int // steps an epoch
	eval   evaluation
	batch  data.Batch                     // of the step that runs, and
	loss   func(p *nn.Pass) tensor.Tensor // its loss: objective
	result Result

	at      progressState
	stops   []*earlyStop
	ck      Checkpoint
	savedAt int     // step of the newest checkpoint; −1: there is none
	folder  *folder // nil: nothing is written
	classes int     // of the labels; 0: not known, or no labels
	odd     odd
}

func newFitting(net *nn.Net, c Config) *fitting {
	f := &fitting{c: c, net: net, u: NewUpdater(net, c.Optimizer), savedAt: -1}
	f.loss = f.objective
	f.u.Schedule, f.u.Clip, f.u.MaxNorm = c.Schedule, c.Clip, c.MaxNorm
	f.u.seed += c.Seed
	f.loader = data.Loader{Data: c.Data, Batch: c.Batch, Shuffle: !c.NoShuffle, DropLast: c.DropLast, Seed: c.Seed,
		Transform: c.Transform, Collate: c.Collate, Mix: c.Mix, Weights: c.Weights}
	f.per = f.loader.PerEpoch()
	f.eval = evaluation{net: net, metrics: c.Metrics, collate: c.Collate, direct: c.Loss == nil, measure: f.validationLoss}
	return f
}

// begin makes the updater and its observers ready, and tries out the data.
func (f *fitting) begin() error {
	if f.c.Before != nil {
		if err := f.c.Before(f.u); err != nil {
			return fmt.Errorf("train.Fit: Before: %w", err)
		}
	}
	f.u.Observe(observed(f)...)
	for _, o := range f.c.Observers {
		switch o := o.(type) {
		case *earlyStop:
			*o = earlyStop{score: o.score, patience: o.patience, better: f.c.better(o.score)}
			f.stops = append(f.stops, o)
		case *progress:
			*o = progress{w: o.w, per: f.per, of: f.c.Epochs, more: f.c.Validate != nil}
		}
	}
	if _, err := f.u.ready(); err != nil {
		return err
	}
	return f.rehearse()
}

// run takes steps until there is an end.
func (f *fitting) run(ctx context.Context) error {
	total := f.c.Epochs * f.per
	if f.at.Ended && (f.at.Stopped || f.u.steps >= total) {
		f.folder.ended()
		return f.finish(ctx)
	}
	if err := f.folder.start(); err != nil {
		return err
	}
	f.at.Ended = false
	err := f.steps(ctx, total)
	f.tell()
	stopped := errors.Is(err, Stop)
	switch {
	case err == nil || stopped:
		f.at.Ended, f.at.Stopped = true, stopped
		if err := f.saveLast(); err != nil {
			return err
		}
		return f.finish(ctx)
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return errors.Join(fmt.Errorf("train.Fit: stopped after step %d of %d: %w", f.u.steps, total, err), f.saveHere())
	}
	return err
}

// steps takes the steps that are left, up to total.
func (f *fitting) steps(ctx context.Context, total int) error {
	if f.u.steps == f.per*(f.at.Epochs+1) { // cut off between the last step of an epoch and its end
		if err := f.closeEpoch(ctx); err != nil {
			return err
		}
	}
	for b, err := range f.loader.Batches(ctx, f.u.steps, max(total, f.u.steps)) {
		if err == nil {
			err = f.step(ctx, b)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// step takes one step, and whatever is due after it.
func (f *fitting) step(ctx context.Context, b data.Batch) error {
	if err := f.inspect(b); err != nil {
		return err
	}
	f.batch = b
	f.u.epoch = f.u.steps/f.per + 1
	before := f.u.steps
	l, err := f.u.Step(f.loss)
	stopped := errors.Is(err, Stop)
	switch {
	case err == nil || stopped:
	case f.u.steps > before: // the step was done: it is an observer's
		return err
	default:
		return f.explain(err)
	}
	w := countLabels(b)
	f.odd.step(l)
	f.at.Sum, f.at.Count = f.at.Sum+l*w, f.at.Count+w
	epoch := f.u.steps%f.per == 0
	if epoch {
		if err := f.closeEpoch(ctx); err != nil {
			return err
		}
	}
	if stopped {
		return err
	}
	if due := f.c.Every; f.u.steps < f.c.Epochs*f.per && (due > 0 && f.u.steps%due == 0 || due == 0 && epoch) {
		return f.save()
	}
	return nil
}

// objective is the function of each step.
func (f *fitting) objective(p *nn.Pass) tensor.Tensor {
	if f.c.Objective != nil {
		return f.c.Objective(p, f.net, f.batch)
	}
	return f.c.Loss(f.net.Forward(p, f.batch.X), f.batch.Y)
}

func (f *fitting) validationLoss(p *nn.Pass, out tensor.Tensor, b data.Batch) tensor.Tensor {
	if f.c.Loss != nil {
		return f.c.Loss(out, b.Y)
	}
	return f.c.Objective(p, f.net, b)
}

// closeEpoch measures, and says that an epoch is done. If ctx ends while it
// measures, nothing has happened.
func (f *fitting) closeEpoch(ctx context.Context) error {
	var scores map[string]float64
	if f.c.Validate != nil {
		var err error
		scores, err = f.eval.run(ctx, f.c.Validate)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("train.Fit: validation: %w", err)
		}
	}
	f.at.Epochs++
	f.odd.epochs++
	if f.at.Count > 0 {
		f.at.Loss = f.at.Sum / f.at.Count
	} else {
		f.odd.unlabelled++
	}
	f.at.Sum, f.at.Count = 0, 0
	err := f.u.emit(EpochDone{f.at.Epochs, f.u.steps, f.at.Loss})
	if scores == nil || err != nil && !errors.Is(err, Stop) {
		return err
	}
	f.at.Scores = number(scores)
	if err2 := f.u.emit(Evaluated{f.at.Epochs, f.u.steps, maps.Clone(scores)}); err2 != nil {
		return err2
	}
	return err
}

// save writes a checkpoint, if there is a folder.
func (f *fitting) save() error {
	if f.folder == nil {
		return nil
	}
	e := Saved{f.u.steps, f.ck.file(f.u.steps)}
	// The log first: the checkpoint notes how long it is, this line included.
	size, err := f.folder.noteSaved(e)
	if err != nil {
		return err
	}
	f.at.Log = size
	if err := f.ck.Save(); err != nil {
		return err
	}
	f.savedAt = f.u.steps
	return f.u.emit(e)
}

// saveLast writes a checkpoint when training has ended anyway.
func (f *fitting) saveLast() error {
	if err := f.save(); !errors.Is(err, Stop) {
		return err
	}
	return nil
}

// saveHere writes a checkpoint to go on from, unless this step has one.
func (f *fitting) saveHere() error {
	if f.savedAt == f.u.steps {
		return nil
	}
	return f.saveLast()
}

// finish leaves the network with the weights that were asked for: the best if
// somebody kept them, or an average. The last checkpoint has the last weights,
// to go on from.
func (f *fitting) finish(ctx context.Context) error {
	f.tell()
	f.result.Warnings = append(f.result.Warnings, f.odd.warnings(f.u, f.at.Loss)...)
	for _, s := range f.stops {
		if s.seen {
			s.restore(f.net)
			f.result.Best, f.result.Validation = s.epoch, maps.Clone(s.scores)
		}
	}
	if f.c.Average != nil && f.c.Average.restore() {
		if err := Reestimate(ctx, f.net, f.loader); err != nil {
			return err
		}
	} else if f.c.Calibrate == nil {
		return nil
	}
	return f.settle(ctx)
}

// settle calibrates, and measures the weights once more.
func (f *fitting) settle(ctx context.Context) error {
	if f.c.Validate == nil {
		return nil
	}
	if f.c.Calibrate != nil {
		if err := f.calibrate(ctx); err != nil {
			return fmt.Errorf("train.Fit: Calibrate: %w", err)
		}
	}
	scores, err := f.eval.run(ctx, f.c.Validate)
	if err != nil {
		return fmt.Errorf("train.Fit: validation: %w", err)
	}
	f.result.Validation = scores
	return nil
}

// tell brings the result up to date.
func (f *fitting) tell() {
	r := &f.result
	r.Steps, r.Epochs, r.Loss, r.Validation = f.u.steps, f.at.Epochs, f.at.Loss, plain(f.at.Scores)
}

// closeObservers closes those that can be.
func (f *fitting) closeObservers() error {
	var err error
	for _, o := range f.c.Observers {
		if c, ok := o.(io.Closer); ok {
			err = errors.Join(err, c.Close())
		}
	}
	return err
}
