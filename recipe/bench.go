package recipe

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/train"
)

// PartsDir is the folder, in a run's, that has a folder for each fit of a
// task that makes several.
const PartsDir = "parts"

// Bench is where a task with a Run of its own trains: it ties each fit to the
// run's folder and to who watches.
type Bench struct {
	Dir       string // the run's folder
	Observers []train.Observer

	steps, epochs int // of the fits before
}

// Fit is [train.Fit] in a folder of its own, parts/name: a run that was
// stopped goes on in the fit where it stood, and passes over those that had
// ended. Observers see the steps of all fits counted on.
func (b *Bench) Fit(ctx context.Context, name string, net *nn.Net, c train.Config) (*train.Result, error) {
	c.Dir = filepath.Join(b.Dir, PartsDir, name)
	if err := os.MkdirAll(filepath.Dir(c.Dir), 0o777); err != nil {
		return nil, err
	}
	for _, o := range b.Observers {
		c.Observers = append(c.Observers, &later{Observer: o, steps: b.steps, epochs: b.epochs})
	}
	res, err := train.Fit(ctx, net, c)
	if err != nil {
		return res, fmt.Errorf("%s: %w", name, err)
	}
	b.steps += res.Steps
	b.epochs += res.Epochs
	return res, nil
}

// later tells an observer of events as if they came after earlier fits.
type later struct {
	train.Observer
	steps, epochs int
}

// Observe passes an event on.
func (l *later) Observe(u *train.Updater, e train.Event) error {
	switch e := e.(type) {
	case train.StepDone:
		e.Step, e.Epoch = e.Step+l.steps, e.Epoch+l.epochs
		return l.Observer.Observe(u, e)
	case train.EpochDone:
		e.Step, e.Epoch = e.Step+l.steps, e.Epoch+l.epochs
		return l.Observer.Observe(u, e)
	case train.Evaluated:
		e.Step, e.Epoch = e.Step+l.steps, e.Epoch+l.epochs
		return l.Observer.Observe(u, e)
	}
	return l.Observer.Observe(u, e)
}

// Play is [train.Game.Play] in a folder of its own, see Fit: a round counts as a
// step.
func (b *Bench) Play(ctx context.Context, name string, g *train.Game) error {
	g.Dir = filepath.Join(b.Dir, PartsDir, name)
	if err := os.MkdirAll(filepath.Dir(g.Dir), 0o777); err != nil {
		return err
	}
	for _, o := range b.Observers {
		g.Observers = append(g.Observers, &later{Observer: o, steps: b.steps, epochs: b.epochs})
	}
	rounds, err := g.Play(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	b.steps += rounds
	return nil
}
