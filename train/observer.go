package train

import (
	"errors"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// Observer sees what happens in a training run, event by event, in the
// goroutine that trains. Events of the fit loop reach observers in the order
// in which they were attached.
//
// An observer that has a method Attach(u *Updater) is told whom it observes
// when it is attached. One that implements [encoding.BinaryMarshaler] and
// [encoding.BinaryUnmarshaler] has its state kept in Fit's checkpoints, and one
// that is an [io.Closer] is closed when Fit ends.
type Observer interface {
	// Observe takes in an event of u. An error ends training with that error;
	// [Stop] ends it without one.
	Observe(u *Updater, e Event) error
}

// ObserverFunc is a function that observes.
type ObserverFunc func(u *Updater, e Event) error

// Observe calls f.
func (f ObserverFunc) Observe(u *Updater, e Event) error { return f(u, e) }

// Looker is an observer that also looks into networks while a step runs.
type Looker interface {
	Observer
	// Look is asked ahead of each step, with the number of steps done before,
	// for who is to see the layers' values and gradients in it; nil: nobody.
	// The parts of a step that is watched run one after the other.
	Look(step int) nn.Watcher
}

// Stop is the error by which an observer ends training in good order: Fit
// takes it as the end, and a Step of one's own returns it once the step is
// done.
var Stop = errors.New("train: an observer stopped the training")

// attacher is an observer that wants to know whom it observes.
type attacher interface{ Attach(u *Updater) }

// Observe attaches observers: they see what happens from the next step on.
func (u *Updater) Observe(o ...Observer) {
	for _, ob := range o {
		u.observers = append(u.observers, ob)
		if l, ok := ob.(Looker); ok {
			u.lookers = append(u.lookers, l)
		}
		switch a := ob.(type) {
		case attacher:
			a.Attach(u)
		case *Average:
			u.fault = errors.Join(u.fault, a.attach(u))
		}
	}
}

// emit shows e to all observers. A Stop is returned after all have seen e; any
// other error at once.
func (u *Updater) emit(e Event) error {
	var stop error
	for _, o := range u.observers {
		var err error
		if bad := tensor.Try(func() { err = o.Observe(u, e) }); bad != nil {
			err = bad
		}
		switch {
		case errors.Is(err, Stop):
			stop = err
		case err != nil:
			return err
		}
	}
	return stop
}

// look asks the lookers who watches the next step.
func (u *Updater) look() error {
	u.watchers = u.watchers[:0]
	for _, l := range u.lookers {
		var w nn.Watcher
		if err := tensor.Try(func() { w = l.Look(u.steps) }); err != nil {
			return err
		}
		if w != nil {
			u.watchers = append(u.watchers, w)
		}
	}
	return nil
}
