package probe

import (
	"errors"
	"slices"
	"sync"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/train"
)

// room is how many readings wait for a slow reader before more are dropped.
const room = 1 << 12

// Reading is one number that an instrument read in one step.
type Reading struct {
	Step  int    // as in train.StepDone: the first step is 1
	Path  string // the layer's, "." for the model itself
	Name  string // what was read: "mean", "dead"; see the package's table
	Value float64
}

// Instrument measures something of a training step. An instrument is asked at
// each step that its probe looks at; it keeps nothing between them, so one
// value may serve several probes.
type Instrument interface {
	// Sample is called ahead of a step. It says through s what it wants to be
	// shown of it, and reports what it reads.
	Sample(s *Sample)
}

// Probe has instruments look at every n-th step of one updater. It is a
// [train.Looker]: give it to train.Config.Observers or Updater.Observe.
type Probe struct {
	every       int
	instruments []Instrument
	out         chan Reading

	// Used by the goroutine that trains.
	updater *train.Updater
	sample  *Sample // of the step that runs; nil: it is not looked at

	mu      sync.Mutex
	latest  []Reading
	dropped int
	closed  bool
}

// Every returns a probe that looks at steps 1, n+1, 2n+1 and so on, counted as
// in [train.StepDone], with the given instruments. An n below 1 means 1.
func Every(n int, instruments ...Instrument) *Probe {
	return &Probe{every: max(n, 1), instruments: instruments, out: make(chan Reading, room)}
}

// Readings returns the channel on which all readings come: by step, then by
// instrument, in an order that does not depend on threads. It is closed by
// [Probe.Close], which train.Fit calls at its end. It never holds training
// up: while it is full, further readings are dropped and counted, and
// [Probe.Latest] still has the newest.
func (p *Probe) Readings() <-chan Reading { return p.out }

// Dropped returns how many readings found the channel full. It may be called
// at any time, from any goroutine.
func (p *Probe) Dropped() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dropped
}

// Latest returns the readings of the last step that was looked at, whether or
// not anybody reads the channel: what a screen shows that is drawn now and
// then. It may be called at any time, from any goroutine.
func (p *Probe) Latest() []Reading {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.latest)
}

// Close closes the channel of readings; later steps are not looked at.
// train.Fit calls it. With a loop of one's own, call it after the last step.
// It may be called twice, and never fails.
func (p *Probe) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.closed = true
		close(p.out)
	}
	return nil
}

// Attach tells the probe whose steps it will look at. train calls it when the
// probe becomes an observer.
func (p *Probe) Attach(u *train.Updater) { p.updater = u }

// Look makes the probe a [train.Looker].
func (p *Probe) Look(step int) nn.Watcher {
	p.sample = nil // what a failed step left
	if step%p.every != 0 || p.isClosed() {
		return nil
	}
	p.sample = newSample(step+1, p.updater)
	for _, in := range p.instruments {
		in.Sample(p.sample)
	}
	return p.sample.watcher()
}

func (p *Probe) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// Observe makes the probe a [train.Observer]. The error names a pattern that
// is malformed or that no layer matches.
func (p *Probe) Observe(u *train.Updater, e train.Event) error {
	if p.updater != nil && p.updater != u {
		return errors.New("probe: one probe observes two updaters: give each its own")
	}
	p.updater = u
	if _, done := e.(train.StepDone); !done || p.sample == nil {
		return nil
	}
	s := p.sample
	p.sample = nil
	if err := s.finish(); err != nil {
		return err
	}
	p.send(s.readings)
	return nil
}

func (p *Probe) send(all []Reading) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.latest = all
	if p.closed {
		return
	}
	for _, r := range all {
		select {
		case p.out <- r:
		default:
			p.dropped++
		}
	}
}
