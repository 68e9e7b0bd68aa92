package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/charmbracelet/x/term"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/internal/kernel"
	"github.com/limpid-ml/limpid/internal/par"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/run"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// apply sets the number of threads.
func (o *machineOptions) apply() error {
	const most = 1024
	if o.threads < 0 || o.threads > most {
		return fail(codeUsage, "0 takes one a core", "--threads is %d; it takes a whole number from 0 to %d", o.threads, most)
	}
	if o.threads > 0 {
		par.SetWorkers(o.threads)
	}
	return nil
}

// session is one sitting of a run: from its start, or from a checkpoint, to
// its end or to an interruption.
type session struct {
	folder *folder
	recipe *recipe.Recipe
	task   *recipe.Task
	config recipe.Config
	view   viewOptions

	began   time.Time
	before  float64 // seconds that earlier sessions took
	resumed bool    // there were earlier sessions
	steps   int     // done in this one

	show   screen             // in place of one on the terminal; nil: that
	scores map[string]float64 // of the validation data, as last measured
}

// runSession trains, measures, and prints the result. The end of ctx stops it
// in good order.
func runSession(ctx context.Context, s Streams, r *session) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	r.begin()
	res, err := r.run(ctx, s, stop)
	if err != nil {
		return r.settle(err)
	}
	return printResult(s, res, r.view.json)
}

// begin notes when the session began and how long earlier ones took.
func (r *session) begin() {
	r.began, r.before = time.Now(), r.folder.record.Seconds
}

// seconds is how long the run has taken so far, over all sessions.
func (r *session) seconds() float64 { return r.before + time.Since(r.began).Seconds() }

// run does the work, from the first step to the record of the result.
func (r *session) run(ctx context.Context, s Streams, stop func()) (*result, error) {
	if err := r.folder.end(run.Running, "", r.before); err != nil {
		return nil, err
	}
	if err := r.train(ctx, s, stop); err != nil {
		return nil, err
	}
	m, err := r.task.Examine(ctx)
	if err != nil {
		return nil, err
	}
	sum, err := saveWeights(r.task, r.folder.weights())
	if err != nil {
		return nil, err
	}
	if m.Story != "" && !r.view.json {
		if _, err := io.WriteString(s.Out, m.Story+"\n"); err != nil {
			return nil, printed(err)
		}
	}
	past := r.folder.history(math.MaxInt64)
	res := r.result(m, sum, past)
	if err := r.writeReport(ctx, res, m, past); err != nil {
		return nil, err
	}
	return res, r.folder.finish(res)
}

// train runs the fit loop under a screen.
func (r *session) train(ctx context.Context, s Streams, stop func()) error {
	at, err := r.standing(s)
	if err != nil {
		return err
	}
	w := newWatch(r, r.screen(s, stop), at)
	defer w.screen.close()
	c := r.task.Fit
	c.Dir = r.folder.path
	c.Observers = append(c.Observers, w)
	if w.health != nil {
		c.Observers = append(c.Observers, w.health)
	}
	w.start()
	if r.task.Run != nil {
		return r.task.Run(ctx, &recipe.Bench{Dir: r.folder.path, Observers: []train.Observer{w}})
	}
	fit, err := train.Fit(ctx, r.task.Net, c)
	if err == nil {
		r.scores = fit.Validation
	}
	return err
}

// standing returns how far the run has come, and warns of what is damaged.
func (r *session) standing(s Streams) (backstage.Standing, error) {
	at, _, err := fits.Look(r.folder.path, nil)
	if err != nil {
		return at, err
	}
	if len(at.Warnings) > 0 {
		at.Warnings = append(at.Warnings, fmt.Sprintf("goes on from the checkpoint of step %d, and comes to the same weights", at.Step))
	}
	if past := r.folder.history(at.Log); past.bytes < at.Log {
		at.Warnings = append(at.Warnings, fmt.Sprintf("%s is damaged or too short: what it says of the run ends after %s bytes of %s; the weights are not touched by that", run.EventsFile, grouped(int(past.bytes)), grouped(int(at.Log))))
	}
	for _, w := range at.Warnings {
		fmt.Fprintf(s.Err, "warning: %s\n", w)
	}
	return at, nil
}

// screen chooses the live view on a terminal and lines elsewhere.
func (r *session) screen(s Streams, stop func()) screen {
	if r.show != nil {
		return r.show
	}
	in, isFile := s.In.(*os.File)
	out, alsoFile := s.Err.(*os.File)
	if !r.view.plain && os.Getenv("TERM") != "dumb" && isFile && alsoFile && term.IsTerminal(in.Fd()) && term.IsTerminal(out.Fd()) {
		return newLiveScreen(s, stop)
	}
	return &plainScreen{w: s.Err}
}

// settle records how a session ended before its time, gives the error its exit
// code and tells how to go on.
func (r *session) settle(err error) error {
	again := "limpid resume " + shellWord(r.folder.path)
	state, trouble := run.Failed, err.Error()
	switch {
	case errors.Is(err, context.Canceled):
		state, trouble = run.Stopped, ""
		err = fail(codeInterrupted, again+" goes on from here", "stopped; a checkpoint is in %s", r.folder.path)
	case r.diverged(err):
		err = &failure{codeDiverged, err, "train again with a lower learning rate (--set lr=…) or with --set clip=1"}
	case r.resumed && r.steps == 0:
		err = because(codeRun, "or train again with the settings that run.json shows", err)
	case r.steps == 0: // what Fit refuses is in the data or the network; a bug panics
		err = because(codeInput, "correct the data or the settings, then train again", err)
	default:
		err = because(codeInput, "correct the data, then "+again+" goes on from the last checkpoint", err)
	}
	return errors.Join(err, r.folder.end(state, trouble, r.seconds()))
}

// diverged tells whether err came from numbers that ran away: a step's, which
// says so itself, or those of the network as it now is.
func (r *session) diverged(err error) bool {
	var d *train.DivergedError
	if errors.As(err, &d) {
		return true
	}
	if r.task.Run != nil || r.task.Fit.Data.Len() == 0 {
		return false
	}
	first, err := r.task.Fit.Data.At(0)
	if err != nil {
		return false
	}
	y, err := r.task.Net.Predict(tensor.Stack(0, first.X))
	return err == nil && math.IsNaN(y.Sum().Item()-y.Sum().Item())
}

// result gathers what the run reached.
func (r *session) result(m *recipe.Measured, sum string, past *history) *result {
	c := r.config.Shared()
	res := &result{Run: r.folder.path, Recipe: r.recipe.Name, Seconds: r.seconds(), Epochs: c.Epochs, Steps: r.task.Steps(),
		Metrics: map[string]recipe.Scores{"test": m.Scores}, Seed: c.Seed, Kernels: kernel.Variant(), SHA256: sum}
	if m.Confusion != nil {
		res.Pairs = worstPairs(m.Confusion, r.task.Classes, 5)
	}
	for _, p := range r.task.Net.Params() {
		res.Parameters += p.Value().Len()
	}
	if n := len(past.validation); n > 0 {
		res.Metrics["validation"] = recipe.Scores{past.watched: past.validation[n-1]}
	}
	res.aim(r.recipe.Targets(r.config), m)
	return res
}

func printResult(s Streams, r *result, asJSON bool) error {
	if asJSON {
		return printJSON(s.Out, r)
	}
	_, err := io.WriteString(s.Out, r.write())
	return printed(err)
}

// saveWeights writes the final weights and returns the file's SHA-256. Further
// networks have files beside it.
func saveWeights(task *recipe.Task, file string) (string, error) {
	for _, p := range task.Also {
		if err := p.Net.Save(besideWeights(file, p)); err != nil {
			return "", err
		}
	}
	if err := task.Net.Save(file); err != nil {
		return "", err
	}
	return fileSum(file)
}

// fileSum returns a file's SHA-256.
func fileSum(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read %q back: %w", filepath.Base(file), err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
