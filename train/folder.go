package train

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/limpid-ml/limpid/run"
)

// checkpointsDir is the folder of checkpoints in a run's.
const checkpointsDir = "checkpoints"

// folder is the folder of a run that Fit writes to.
type folder struct {
	dir    string
	own    *run.Run // nil: the caller holds the run
	log    *run.Log
	busy   bool // run.json says that it runs
	began  time.Time
	before float64 // seconds that earlier sittings took
}

// open takes up the run's folder, if one is asked for, and goes back to its
// newest checkpoint.
func (f *fitting) open() error {
	if f.c.Dir == "" {
		return nil
	}
	f.folder = &folder{dir: f.c.Dir, began: time.Now()}
	if err := f.folder.hold(f); err != nil {
		return err
	}
	f.ck = Checkpoint{Dir: filepath.Join(f.c.Dir, checkpointsDir), Updaters: []*Updater{f.u}}
	f.ck.more, f.ck.Averages = f.keepersOf()
	found, err := f.ck.Restore()
	if err != nil {
		return err
	}
	f.result.Warnings = append(f.result.Warnings, f.ck.Warnings...)
	if found {
		f.savedAt = f.u.steps
	}
	log, err := run.OpenLog(filepath.Join(f.c.Dir, run.EventsFile), f.at.Log)
	if err != nil {
		return err
	}
	f.folder.log = log
	if log.Missing > 0 {
		f.result.Warnings = append(f.result.Warnings, fmt.Sprintf("%s is damaged or too short: it lacks %d bytes of the %d that the checkpoint counts; the weights are not touched by that", run.EventsFile, log.Missing, f.at.Log))
	}
	for _, w := range f.ck.Warnings {
		if err := log.Append(warningLine{"warning", f.u.steps, w}); err != nil {
			return err
		}
	}
	return nil
}

// hold takes the run's lock, unless the caller has it.
func (d *folder) hold(f *fitting) error {
	if run.Held(d.dir) {
		return nil
	}
	what := nets.Name(f.net)
	if what == "" {
		what = "fit"
	}
	r, found, err := run.At(d.dir, run.Record{What: what, Seed: f.c.Seed})
	if err != nil {
		return err
	}
	d.own, d.before = r, r.Record.Seconds
	if now := run.Here(); found && r.Record.Kernels != now.Kernels {
		f.result.Warnings = append(f.result.Warnings, fmt.Sprintf("the run began with %s kernels and goes on with %s: the last bits of its weights may differ", r.Record.Kernels, now.Kernels))
	}
	return nil
}

// start notes in run.json that steps are taken.
func (d *folder) start() error {
	if d == nil || d.own == nil {
		return nil
	}
	d.busy = true
	d.own.Record.State, d.own.Record.Trouble = run.Running, ""
	return d.own.Save()
}

// ended has run.json say so, if a kill came between the last checkpoint and
// that.
func (d *folder) ended() {
	if d != nil && d.own != nil {
		d.busy = d.own.Record.State != run.Finished
	}
}

// close ends the sitting, which err did.
func (f *fitting) close(err error) error {
	d := f.folder
	if d == nil {
		return nil
	}
	var all error
	if d.log != nil {
		all = errors.Join(d.log.Sync(), d.log.Close())
	}
	if d.own == nil {
		return all
	}
	if d.busy {
		all = errors.Join(all, d.settle(err))
	}
	return errors.Join(all, d.own.Close())
}

// settle notes in run.json how err ended the sitting.
func (d *folder) settle(err error) error {
	r := &d.own.Record
	r.Seconds = d.before + time.Since(d.began).Seconds()
	switch {
	case err == nil:
		r.State, r.Trouble = run.Finished, ""
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		r.State, r.Trouble = run.Stopped, ""
	default:
		r.State, r.Trouble = run.Failed, err.Error()
	}
	return d.own.Save()
}

// noteSaved logs that a checkpoint follows, makes the log durable, and returns
// its length.
func (d *folder) noteSaved(e Saved) (int64, error) {
	line := savedLine{"saved", e.Step, filepath.ToSlash(filepath.Join(checkpointsDir, filepath.Base(e.Path)))}
	if err := d.log.Append(line); err != nil {
		return 0, err
	}
	return d.log.Size(), d.log.Sync()
}

// The lines of events.jsonl. They hold no time and no path outside the folder,
// so that equal runs have equal logs.
type (
	stepLine struct {
		Kind string `json:"kind"`
		StepDone
		Logs map[string]run.Number `json:"logs,omitempty"` // may be NaN
	}
	epochLine struct {
		Kind string `json:"kind"`
		EpochDone
	}
	evaluatedLine struct {
		Kind    string                `json:"kind"`
		Epoch   int                   `json:"epoch"`
		Step    int                   `json:"step"`
		Metrics map[string]run.Number `json:"metrics"` // may be NaN
	}
	warningLine struct {
		Kind string `json:"kind"`
		Step int    `json:"step"`
		Text string `json:"text"`
	}
	savedLine struct {
		Kind string `json:"kind"`
		Step int    `json:"step"`
		Path string `json:"path"` // from the run's folder
	}
)

// recorder is the observer that writes the log.
type recorder struct{ f *fitting }

// Observe writes a line.
func (r recorder) Observe(_ *Updater, e Event) error {
	if r.f.folder == nil {
		return nil
	}
	log := r.f.folder.log
	switch e := e.(type) {
	case StepDone:
		return log.Append(stepLine{"step", e, number(e.Logs)})
	case EpochDone:
		return log.Append(epochLine{"epoch", e})
	case Evaluated:
		return log.Append(evaluatedLine{"evaluated", e.Epoch, e.Step, number(e.Metrics)})
	}
	return nil // noteSaved has written the others
}

// observed lists who observes a fit loop: its own log first.
func observed(f *fitting) []Observer {
	all := f.c.Observers
	if f.c.Average != nil {
		all = append([]Observer{f.c.Average}, all...)
	}
	if f.c.Dir == "" {
		return all
	}
	return append([]Observer{recorder{f}}, all...)
}
