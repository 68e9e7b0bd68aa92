package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/limpid-ml/limpid/internal/kernel"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/run"
)

// job is a run whose folder is chosen: one of many that belong together. It is
// done once, goes on where it stood, and is passed over when it has ended.
type job struct {
	dir    string
	label  string // what progress calls it
	recipe *recipe.Recipe
	config recipe.Config
}

// taken returns the run that is in the job's folder already; nil if there is
// none. One of other settings is refused.
func (j *job) taken() (*folder, error) {
	if _, err := os.Stat(filepath.Join(j.dir, run.RecordFile)); err != nil {
		return nil, nil // session tells what is in the way
	}
	f, err := openFolder(j.dir)
	if err != nil {
		return nil, err
	}
	r, cfg, err := f.configuration()
	if err != nil {
		return nil, err
	}
	if same, err := sameSettings(cfg, j.config); err != nil || !same || r.Name != j.recipe.Name {
		return nil, errors.Join(err, fail(codeRun, "choose another folder with --dir, or remove this one", "%s holds a run of other settings", j.dir))
	}
	return f, nil
}

// sameSettings compares two configurations but for what runs learn of data.
func sameSettings(a, b recipe.Config) (bool, error) {
	var texts [2][]byte
	for i, c := range []recipe.Config{a, b} {
		known := c.Shared().Known
		c.Shared().Known = ""
		text, err := json.Marshal(c)
		c.Shared().Known = known
		if err != nil {
			return false, err
		}
		texts[i] = text
	}
	return bytes.Equal(texts[0], texts[1]), nil
}

// session opens the job's task and takes up its run, or begins it.
func (j *job) session(view viewOptions, show screen) (*session, error) {
	task, err := openTask(j.recipe, j.config)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(j.config)
	if err != nil {
		return nil, err
	}
	held, found, err := run.At(j.dir, run.Record{What: j.recipe.Name, Config: text, Seed: j.config.Shared().Seed})
	switch {
	case errors.Is(err, run.ErrInUse):
		return nil, fail(codeRun, "wait until it ends", "%w", err)
	case err != nil:
		return nil, fail(codeOutput, "choose a folder that you may write with --dir", "%w", err)
	}
	f := &folder{held.Dir, held.Record, held}
	return &session{folder: f, recipe: j.recipe, task: task, config: j.config, view: view, resumed: found, show: show}, nil
}

// tried is what a trial that reads no test split came to.
type tried struct {
	scores  map[string]float64 // of the validation data
	seconds float64
	trouble string // why it came to nothing
}

// try trains the job and scores it on validation data alone. Of a task with
// several fits a run that stood in the middle is begun again, for the scores of
// fits that had ended are not told twice.
func (j *job) try(ctx context.Context, s Streams, show screen) (*tried, error) {
	f, err := j.taken()
	if err != nil {
		return nil, err
	}
	if f != nil && f.record.State == run.Failed && f.record.Trouble != "" {
		return &tried{seconds: f.record.Seconds, trouble: f.record.Trouble}, nil
	}
	if f != nil && f.finished() {
		return f.tried()
	}
	r, err := j.session(viewOptions{}, show)
	if err != nil {
		return nil, err
	}
	defer r.folder.unlock()
	if f != nil && r.task.Run != nil {
		if err := os.RemoveAll(r.folder.held.File(recipe.PartsDir)); err != nil {
			return nil, err
		}
	}
	return r.try(ctx, s)
}

// tried returns what a finished trial came to.
func (f *folder) tried() (*tried, error) {
	res, err := f.result()
	if err != nil {
		return nil, err
	}
	t := &tried{scores: map[string]float64{}, seconds: res.Seconds}
	for name := range res.Metrics["validation"] {
		t.scores[name], _ = res.Metrics["validation"].Number(name)
	}
	return t, nil
}

// try trains and records the scores of the validation data. A run that
// diverges is a trial that came to nothing; what else goes wrong is an error.
func (r *session) try(ctx context.Context, s Streams) (*tried, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	r.begin()
	if err := r.folder.end(run.Running, "", r.before); err != nil {
		return nil, err
	}
	if err := r.train(ctx, s, stop); err != nil {
		if err = r.settle(err); codeOf(err) == codeDiverged {
			return &tried{seconds: r.seconds(), trouble: "diverged"}, r.folder.end(run.Failed, "diverged", r.seconds())
		}
		return nil, err
	}
	sum, err := saveWeights(r.task, r.folder.weights())
	if err != nil {
		return nil, err
	}
	c := r.config.Shared()
	res := &result{Run: r.folder.path, Recipe: r.recipe.Name, Seconds: r.seconds(), Epochs: c.Epochs, Steps: r.task.Steps(),
		Metrics: map[string]recipe.Scores{"validation": {}}, Seed: c.Seed, Kernels: kernel.Variant(), SHA256: sum}
	t := &tried{scores: map[string]float64{}, seconds: r.seconds()}
	for name, v := range r.scores {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue // JSON has no word for it, and no choice can rest on it
		}
		res.Metrics["validation"][name], t.scores[name] = v, v
	}
	for _, p := range r.task.Net.Params() {
		res.Parameters += p.Value().Len()
	}
	return t, r.folder.finish(res)
}

// codeOf is the exit code of a failure, 0 if it is none.
func codeOf(err error) code {
	var f *failure
	if errors.As(err, &f) {
		return f.code
	}
	return codeOK
}

// manyScreen writes a line of a run now and then, among those of others.
type manyScreen struct {
	w     *lockedWriter
	label string
	last  time.Time
}

// lockedWriter takes lines from several runs at once.
type lockedWriter struct {
	sync.Mutex
	w io.Writer
}

func (l *lockedWriter) printf(format string, a ...any) {
	l.Lock()
	defer l.Unlock()
	fmt.Fprintf(l.w, format, a...)
}

// betweenMany is the time between two lines of one of several runs.
const betweenMany = 5 * time.Second

func (m *manyScreen) show(p progress) {
	if m.last.IsZero() {
		m.last = time.Now()
	}
	if time.Since(m.last) < betweenMany {
		return
	}
	m.last = time.Now()
	m.w.printf("%s: step %s of %s, loss %.4f, %s\n", m.label, grouped(p.step), grouped(p.steps), p.loss, p.clock())
}

func (m *manyScreen) close() {}
