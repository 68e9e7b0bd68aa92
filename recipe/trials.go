package recipe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/limpid-ml/limpid/internal/par"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/run"
	"github.com/limpid-ml/limpid/train"
)

// Trial is a fit of seconds among many that do not need each other: one
// setting of a search, one seed of several.
type Trial struct {
	Name string // of its files; a name of its own
	// Open makes the network and says how it is trained. Several trials are
	// opened at once.
	Open func() (*nn.Net, train.Config, error)
	Keep bool // keep the trained weights, so that a run that goes on has them
}

// Outcome is what came of a trial.
type Outcome struct {
	Steps      int                     `json:"steps"`
	Epochs     int                     `json:"epochs"`
	Best       int                     `json:"best,omitempty"` // the epoch that early stopping brought back
	Losses     []run.Number            `json:"losses"`         // on the training data, by epoch
	Scores     map[string][]run.Number `json:"scores"`         // on the validation data, by epoch
	Validation map[string]run.Number   `json:"validation"`     // of the weights that came out
	Diverged   string                  `json:"diverged,omitempty"`
}

// Score returns a score of the weights that came out, as the validation data
// tell it; otherwise if there is none, for the trial diverged.
func (o *Outcome) Score(name string, otherwise float64) float64 {
	if v, ok := o.Validation[name]; ok && o.Diverged == "" && v == v {
		return float64(v)
	}
	return otherwise
}

// Trials runs all trials, as many at once as there are workers: small networks
// leave the cores idle one by one. What comes out does not depend on how many
// run at once, nor what observers see: the events of one trial after those of
// the one before. A trial whose loss stops being finite is an outcome; any
// other error ends all.
//
// A run that was stopped passes over trials that had ended and begins those
// anew that had not.
func (b *Bench) Trials(ctx context.Context, all []Trial) ([]Outcome, error) {
	if err := os.MkdirAll(filepath.Join(b.Dir, PartsDir), 0o777); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	q := &queue{bench: b, held: make([][]seen, len(all)), ended: make([]bool, len(all)), out: make([]Outcome, len(all))}
	workers := par.Workers()
	if atOnce := min(workers, len(all)); atOnce > 1 {
		par.SetWorkers(1) // each trial has a core of its own
		defer par.SetWorkers(workers)
	}
	par.Each(workers, len(all), func(i int) {
		if ctx.Err() != nil {
			return
		}
		if err := q.run(ctx, i, &all[i]); err != nil {
			cancel(fmt.Errorf("%s: %w", all[i].Name, err))
		}
	})
	return q.out, context.Cause(ctx)
}

// queue puts the events of trials that run at once in the trials' order.
type queue struct {
	bench *Bench
	out   []Outcome

	mu    sync.Mutex
	turn  int // whose events are passed on; those of later ones are held
	held  [][]seen
	ended []bool
}

// seen is an event, and whose.
type seen struct {
	u *train.Updater
	e train.Event
}

// run runs trial i, or reads what came of it.
func (q *queue) run(ctx context.Context, i int, t *Trial) error {
	file := filepath.Join(q.bench.Dir, PartsDir, t.Name)
	net, c, err := t.Open()
	if err != nil {
		return err
	}
	o := &q.out[i]
	if !o.read(file, net, t.Keep) {
		*o = Outcome{}
		if err := o.fit(ctx, net, c, func(u *train.Updater, e train.Event) error { return q.take(i, seen{u, e}) }); err != nil {
			return err
		}
		if err := o.write(file, net, t.Keep); err != nil {
			return err
		}
	}
	return q.end(i)
}

// take passes an event of trial i on, or holds it until its turn comes.
func (q *queue) take(i int, s seen) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if i != q.turn {
		q.held[i] = append(q.held[i], s)
		return nil
	}
	return q.tell(s)
}

// tell passes an event on, counted on from the trials before.
func (q *queue) tell(s seen) error {
	for _, o := range q.bench.Observers {
		if err := (&later{o, q.bench.steps, q.bench.epochs}).Observe(s.u, s.e); err != nil {
			return err
		}
	}
	return nil
}

// end notes that trial i has ended, and passes on what waited for it.
func (q *queue) end(i int) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended[i] = true
	for q.turn < len(q.ended) && q.ended[q.turn] {
		q.bench.steps += q.out[q.turn].Steps
		q.bench.epochs += q.out[q.turn].Epochs
		if q.turn++; q.turn == len(q.held) {
			break
		}
		for _, s := range q.held[q.turn] {
			if err := q.tell(s); err != nil {
				return err
			}
		}
		q.held[q.turn] = nil
	}
	return nil
}

// fit trains net, and notes how that went.
func (o *Outcome) fit(ctx context.Context, net *nn.Net, c train.Config, tell train.ObserverFunc) error {
	o.Scores = map[string][]run.Number{}
	c.Observers = append(c.Observers[:len(c.Observers):len(c.Observers)], train.ObserverFunc(o.note), tell)
	res, err := train.Fit(ctx, net, c)
	var d *train.DivergedError
	switch {
	case errors.As(err, &d):
		o.Diverged = err.Error()
	case err != nil:
		return err
	}
	o.Steps, o.Epochs, o.Best, o.Validation = res.Steps, res.Epochs, res.Best, map[string]run.Number{}
	for name, v := range res.Validation {
		o.Validation[name] = run.Number(v)
	}
	return nil
}

// note takes in an event.
func (o *Outcome) note(_ *train.Updater, e train.Event) error {
	switch e := e.(type) {
	case train.EpochDone:
		o.Losses = append(o.Losses, run.Number(e.Loss))
	case train.Evaluated:
		for name, v := range e.Metrics {
			o.Scores[name] = append(o.Scores[name], run.Number(v))
		}
	}
	return nil
}

// read tells whether the trial had ended, and if so takes what came of it.
func (o *Outcome) read(file string, net *nn.Net, keep bool) bool {
	text, err := os.ReadFile(file + ".json")
	if err != nil || json.Unmarshal(text, o) != nil {
		return false
	}
	return !keep || net.Load(file+".safetensors") == nil
}

// write keeps what came of the trial: the outcome last, so that it says that
// all is there.
func (o *Outcome) write(file string, net *nn.Net, keep bool) error {
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	if keep {
		if err := net.Save(file + ".safetensors"); err != nil {
			return err
		}
	}
	if err := os.WriteFile(file+".json~", text, 0o666); err != nil {
		return err
	}
	return os.Rename(file+".json~", file+".json")
}
