package main

import (
	"time"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/run"
	"github.com/limpid-ml/limpid/train"
)

// latest is over how many steps the loss that is shown is a mean, roughly.
const latest = 20

// settled is how many steps must be done before their pace tells when all are.
const settled = 5

// refresh is the time between two pictures of the live view.
const refresh = 100 * time.Millisecond

// watch turns a fit loop's events into progress on a screen. Losses of a few
// steps are shown as their mean.
type watch struct {
	session *session
	screen  screen
	health  *health // nil: nobody would see it
	now     progress
	began   int // the step this session began with
	shown   time.Time
	sum     float64
	count   int
	group   int // steps whose losses are shown as one
	batch   int
}

// newWatch shows a session that goes on from at: what the log says beyond that
// happens once more.
func newWatch(r *session, s screen, at backstage.Standing) *watch {
	steps := r.task.Steps()
	w := &watch{session: r, screen: s, began: -1, group: max(1, steps/400), batch: r.config.Shared().Batch,
		now: progress{recipe: r.recipe.Name, watched: r.recipe.Watches(), run: r.folder.path, epoch: 1, epochs: r.config.Shared().Epochs, steps: steps}}
	if r.task.Run != nil {
		w.now.epochs = 0 // several fits have as many epochs as they like
	}
	if _, live := s.(*liveScreen); live && r.task.Run == nil {
		w.health = newHealth(r.task.Net, r.task.Fit.Optimizer.Rate())
		w.now.layers = w.health.layers
	}
	past := r.folder.history(at.Log)
	w.now.losses, w.now.validation, w.now.step = past.losses, past.validation, at.Step
	if n := len(past.losses); n > 0 {
		w.now.loss = past.losses[n-1]
	}
	if at.PerEpoch > 0 {
		w.now.epoch = min(at.Step/at.PerEpoch+1, max(1, w.now.epochs))
	}
	return w
}

// start shows that there is something to see before the first step is done.
func (w *watch) start() { w.screen.show(w.snapshot()) }

// Observe takes in an event.
func (w *watch) Observe(_ *train.Updater, e train.Event) error {
	switch e := e.(type) {
	case train.StepDone:
		w.step(e)
	case train.Saved:
		return w.session.folder.end(run.Running, "", w.session.seconds())
	case train.EpochDone:
		if w.session.steps == 0 { // its steps were another session's
			w.now.loss = e.Loss
		}
	case train.Evaluated:
		w.session.scores = e.Metrics
		w.now.measured = e.Epoch
		if a, ok := e.Metrics[w.now.watched]; ok {
			w.now.validation = append(w.now.validation, a)
		}
		if w.session.task.Note != nil {
			w.now.note = w.session.task.Note()
		}
		w.show()
	}
	return nil
}

// step takes in a step.
func (w *watch) step(e train.StepDone) {
	if w.began < 0 {
		w.began = e.Step - 1
	}
	w.session.steps++
	w.now.step, w.now.epoch = e.Step, e.Epoch
	w.now.loss += (e.Loss - w.now.loss) / float64(min(w.session.steps, latest))
	w.sum += e.Loss
	if w.count++; w.count >= w.group || len(w.now.losses) == 0 {
		w.now.losses = append(w.now.losses, w.sum/float64(w.count))
		w.sum, w.count = 0, 0
	}
	if time.Since(w.shown) >= refresh {
		w.show()
	}
}

func (w *watch) show() {
	w.shown = time.Now()
	w.now.elapsed = time.Duration(w.session.seconds() * float64(time.Second))
	if did := w.now.step - w.began; w.began >= 0 && did >= settled {
		each := time.Since(w.session.began) / time.Duration(did)
		w.now.left = each * time.Duration(w.now.steps-w.now.step)
		w.now.rate = float64(w.batch) / each.Seconds()
	}
	w.screen.show(w.snapshot())
}

// snapshot is a copy that the screen may draw while training goes on.
func (w *watch) snapshot() progress {
	p := w.now
	p.losses = append([]float64(nil), p.losses...)
	p.validation = append([]float64(nil), p.validation...)
	p.layers = append([]layerHealth(nil), p.layers...)
	return p
}
