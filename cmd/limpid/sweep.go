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
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/limpid-ml/limpid/internal/par"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/sweep"
	"github.com/limpid-ml/limpid/run"
)

type sweepOptions struct {
	train   trainOptions
	dir     string
	random  int
	draw    uint64 // seed of what random draws
	halving bool
	score   string
	jobs    int
	final   bool
	machine machineOptions
	json    bool
}

// sweepAnswer is sweep's JSON document.
type sweepAnswer struct {
	Dir string `json:"dir"`
	sweep.Result
	Best  *sweep.Trial `json:"best"`
	Page  string       `json:"page"`
	Final *result      `json:"final,omitempty"`
}

const (
	sweepFile = "sweep.json"
	sweepPage = "sweep.html"
)

func newSweep(s Streams) *cobra.Command {
	var o sweepOptions
	c := &cobra.Command{
		Use:   "sweep [RECIPE | FILE.yaml] [flags]",
		Short: "Search for settings, by validation data alone",
		Long: `Trains a recipe with many settings and compares them by a score on validation
data. --set with several values, lr=0.001,0.003,0.01, makes a grid: every
combination. With --random n, n combinations are drawn from lists and ranges:

  lr=log:1e-4..1e-1    evenly in the logarithm
  dropout=lin:0..0.5   evenly
  width=int:8..64      evenly, whole numbers; logint:8..512 by the logarithm

--halving gives each a ninth or a third of the epochs first and only the best
third three times as many (successive halving, Jamieson and Talwalkar 2016).
--set seed=1,2,3 tells what another seed changes: less is no difference.

No trial reads the test split, so that nothing is tuned on it. --final then
trains the best settings anew and reads the test split, once.

Each trial is a run in a folder of its own below the sweep's (--dir), to look at
with limpid inspect. Stopped or killed, the same command goes on where it stood,
and comes to the same table, at any number of --threads and --jobs. The table is
printed; sweep.json holds it with every curve, sweep.html draws it.`,
		Example: `  limpid sweep start --set lr=0.001,0.003,0.01 --set width=16,32
  limpid sweep fashion-mlp --random 20 --set lr=log:1e-4..1e-1 --set dropout=lin:0..0.6
  limpid sweep fashion --random 27 --halving --set lr=log:1e-4..3e-2 --final
  limpid sweep net.yaml --set lr=0.001,0.01 --set optimizer=sgd,adam --json`,
		Args:              arguments(0, 1, ""),
		ValidArgsFunction: completeTrain,
	}
	f := c.Flags()
	configFlag(c, &o.train.config)
	f.StringArrayVar(&o.train.set, "set", nil, "a setting, `key=value`, or values to try: key=a,b,c or key=log:1e-4..1e-1")
	f.StringVar(&o.train.seed, "seed", "", "short for --set seed=`n`")
	f.StringVar(&o.train.epochs, "epochs", "", "short for --set epochs=`n`")
	f.StringVar(&o.train.data, "data", "", "short for --set data=`folder`")
	f.BoolVar(&o.train.quick, "quick", false, "trials of a few seconds only, to see that all works")
	f.StringVar(&o.dir, "dir", "", "the `folder` of the sweep (default sweeps/RECIPE)")
	f.IntVar(&o.random, "random", 0, "draw `n` combinations instead of trying all")
	f.Uint64Var(&o.draw, "draw-seed", 1, "seed `n` of what --random draws")
	f.BoolVar(&o.halving, "halving", false, "train the best third three times as long, and so on")
	f.StringVar(&o.score, "score", "", "the validation `score` to choose by (default the one that train shows: accuracy, mostly)")
	f.IntVar(&o.jobs, "jobs", 0, "train `n` trials side by side; 0: as many as there are four threads for")
	f.BoolVar(&o.final, "final", false, "train the best settings anew, and read the test split once")
	jsonFlag(c, &o.json)
	o.machine.flags(c)
	cobra.CheckErr(c.RegisterFlagCompletionFunc("set", completeSettings))
	c.RunE = func(c *cobra.Command, args []string) error {
		o.train.recipe = firstRecipe(args)
		return runSweep(c.Context(), s, o)
	}
	return c
}

// search is a sweep under way.
type search struct {
	o      sweepOptions
	recipe *recipe.Recipe
	base   recipe.Config
	points []sweep.Point
	result sweep.Result
	spec   []byte
	mu     sync.Mutex // of result
	out    *lockedWriter
}

func runSweep(ctx context.Context, s Streams, o sweepOptions) error {
	if err := o.machine.apply(); err != nil {
		return err
	}
	h, err := o.plan(s)
	if err != nil {
		return err
	}
	if err := h.settleIn(); err != nil {
		return err
	}
	for i := range h.result.Rungs {
		if err := h.climb(ctx, s, i+1); err != nil {
			return h.stopped(err)
		}
	}
	answer := sweepAnswer{Dir: h.o.dir, Result: h.result, Best: h.result.Best(), Page: filepath.Join(h.o.dir, sweepPage)}
	if answer.Best == nil {
		return fail(codeDiverged, "try lower learning rates", "no trial came to a score: see %s", answer.Page)
	}
	if !o.json {
		if err := h.print(s, &answer); err != nil {
			return err
		}
	}
	if o.final {
		if answer.Final, err = h.final(ctx, s, answer.Best); err != nil {
			return h.stopped(err)
		}
	}
	switch {
	case o.json:
		return printJSON(s.Out, answer)
	case o.final:
		return printResult(s, answer.Final, false)
	}
	return nil
}

// plan works out what is to be tried.
func (o *sweepOptions) plan(s Streams) (*search, error) {
	axes, err := o.axes()
	if err != nil {
		return nil, err
	}
	r, base, err := o.train.wanted()
	if err != nil {
		return nil, err
	}
	h := &search{o: *o, recipe: r, base: base, out: &lockedWriter{w: s.Err}}
	if h.o.dir == "" {
		h.o.dir = filepath.Join("sweeps", r.Name)
	}
	if h.points, err = o.points(axes); err != nil {
		return nil, err
	}
	h.result = sweep.Result{Recipe: r.Name, Axes: axes, Score: o.score, Seed: o.draw, Rungs: []sweep.Rung{{Trials: len(h.points), Epochs: base.Shared().Epochs}}}
	if o.halving {
		h.result.Rungs = sweep.Halving(len(h.points), base.Shared().Epochs)
	}
	if h.result.Score == "" {
		h.result.Score = r.Watches()
	}
	h.result.Lower = sweep.Lower(h.result.Score)
	for i := range h.points { // each must be taken before the first is trained
		if _, err := h.configuration(i, base.Shared().Epochs); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// axes takes the settings with several values out of --set.
func (o *sweepOptions) axes() ([]sweep.Axis, error) {
	var axes []sweep.Axis
	var rest []string
	for _, kv := range o.train.set {
		a, err := sweep.ParseAxis(kv)
		if err != nil {
			return nil, fail(codeUsage, "write --set lr=0.001,0.01, or --set lr=log:1e-4..1e-1 with --random", "%w", err)
		}
		if slices.ContainsFunc(axes, func(b sweep.Axis) bool { return a.Key == b.Key }) {
			return nil, fail(codeUsage, "give all its values at once: --set "+a.Key+"=a,b", "setting %s is there twice", a.Key)
		}
		if !a.Several() {
			rest = append(rest, kv)
			continue
		}
		if a.Key == "epochs" && o.halving {
			return nil, fail(codeUsage, "--epochs says how long the last trials train", "--halving chooses the epochs itself")
		}
		axes = append(axes, a)
	}
	if len(axes) == 0 {
		return nil, fail(codeUsage, "write --set lr=0.001,0.003,0.01", "there is nothing to vary: no --set has several values")
	}
	o.train.set = rest
	return axes, nil
}

func (o *sweepOptions) points(axes []sweep.Axis) (all []sweep.Point, err error) {
	if o.random > 0 {
		all, err = sweep.Random(axes, o.random, o.draw)
	} else {
		all, err = sweep.Grid(axes)
	}
	if err != nil {
		return nil, fail(codeUsage, "see limpid sweep --help", "%w", err)
	}
	if o.random < 0 || o.jobs < 0 || o.jobs > 256 {
		return nil, fail(codeUsage, "give a whole number from 0", "--random is %d and --jobs %d", o.random, o.jobs)
	}
	return all, nil
}

// configuration returns the settings of point i, trained so long.
func (h *search) configuration(i, epochs int) (recipe.Config, error) {
	text, err := json.Marshal(h.base)
	if err != nil {
		return nil, err
	}
	cfg := h.recipe.New(h.base.Shared().Data != "")
	if err := recipe.Decode(text, cfg); err != nil {
		return nil, err
	}
	cfg.Shared().Epochs = epochs
	for k, a := range h.result.Axes {
		if err := set(cfg, a.Key, h.points[i][k]); err != nil {
			return nil, err
		}
	}
	return cfg, nil
}

// specification is what a sweep must have in common with one to go on from.
type specification struct {
	Recipe string          `json:"recipe"`
	Base   json.RawMessage `json:"base"`
	Axes   []sweep.Axis    `json:"axes"`
	Points []sweep.Point   `json:"points"`
	Rungs  []sweep.Rung    `json:"rungs"`
}

// kept is sweep.json.
type kept struct {
	Specification json.RawMessage `json:"specification"`
	sweep.Result
}

// settleIn makes the sweep's folder, or makes sure that the one that is there
// is of the same sweep.
func (h *search) settleIn() error {
	base, err := json.Marshal(h.base)
	if err != nil {
		return err
	}
	h.spec, err = json.Marshal(specification{Recipe: h.recipe.Name, Base: base, Axes: h.result.Axes, Points: h.points, Rungs: h.result.Rungs})
	if err != nil {
		return err
	}
	file := filepath.Join(h.o.dir, sweepFile)
	text, err := os.ReadFile(file)
	if err == nil {
		var k kept
		var there bytes.Buffer
		if json.Unmarshal(text, &k) != nil || json.Compact(&there, k.Specification) != nil || !bytes.Equal(there.Bytes(), h.spec) {
			return fail(codeUsage, "choose another folder with --dir, or remove this one", "%s holds another sweep than the one you ask for", h.o.dir)
		}
		h.out.printf("going on with the sweep in %s\n", h.o.dir)
	}
	if err := os.MkdirAll(h.o.dir, 0o777); err != nil {
		return fail(codeOutput, "choose a folder that you may write with --dir", "%w", err)
	}
	return h.save()
}

// save writes sweep.json and sweep.html, whole or not at all.
func (h *search) save() error {
	text, err := json.MarshalIndent(kept{h.spec, h.result}, "", "  ")
	if err != nil {
		return err
	}
	err = run.Replace(filepath.Join(h.o.dir, sweepFile), func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
	if err == nil && len(h.result.Trials) > 0 {
		err = run.Replace(filepath.Join(h.o.dir, sweepPage), h.result.Page().Write)
	}
	if err != nil {
		return fail(codeOutput, "choose a folder that you may write with --dir", "%w", err)
	}
	return nil
}

// climb trains the trials of a rung, counted from 1.
func (h *search) climb(ctx context.Context, s Streams, rung int) error {
	g := h.result.Rungs[rung-1]
	numbers := make([]int, len(h.points))
	for i := range numbers {
		numbers[i] = i + 1
	}
	if rung > 1 {
		var before []*sweep.Trial
		for _, t := range h.result.Trials {
			if t.Rung == rung-1 {
				before = append(before, t)
			}
		}
		numbers = sweep.Survivors(before, g.Trials, h.result.Lower)
	}
	h.out.printf("%s of %s%s\n", several(len(numbers), "trial"), several(g.Epochs, "epoch"), h.round(rung))
	var all []*sweep.Trial
	for _, n := range numbers {
		all = append(all, &sweep.Trial{Number: n, Rung: rung, Epochs: g.Epochs, Values: h.points[n-1]})
	}
	return h.sideBySide(ctx, s, all)
}

// round says which round of several this is.
func (h *search) round(rung int) string {
	if len(h.result.Rungs) == 1 {
		return ""
	}
	return fmt.Sprintf(", round %d of %d", rung, len(h.result.Rungs))
}

// sideBySide trains trials, some at a time. The first that fails stops all.
func (h *search) sideBySide(ctx context.Context, s Streams, all []*sweep.Trial) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	errs := make([]error, len(all))
	next := make(chan int)
	var wait sync.WaitGroup
	for range min(len(all), h.o.workers()) {
		wait.Go(func() {
			for i := range next {
				if errs[i] = h.trial(ctx, s, all[i]); errs[i] != nil {
					stop()
				}
			}
		})
	}
	for i := range all {
		next <- i
	}
	close(next)
	wait.Wait()
	var first error
	for _, err := range errs { // one that failed rather than was stopped says why
		if err != nil && (first == nil || codeOf(first) == codeInterrupted) {
			first = err
		}
	}
	return first
}

// trial trains and scores one trial, and notes what it came to.
func (h *search) trial(ctx context.Context, s Streams, t *sweep.Trial) (err error) {
	defer rescue(&err)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	cfg, err := h.configuration(t.Number-1, t.Epochs)
	if err != nil {
		return err
	}
	label := fmt.Sprintf("trial %d (%s)", t.Number, h.values(t))
	j := &job{dir: filepath.Join(h.o.dir, "trials", fmt.Sprintf("%03d-%d-epochs", t.Number, cfg.Shared().Epochs)), label: label, recipe: h.recipe, config: cfg}
	t.Run, t.Epochs = j.dir, cfg.Shared().Epochs
	got, err := j.try(ctx, Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}, &manyScreen{w: h.out, label: label})
	if err != nil {
		return err
	}
	return h.note(t, got)
}

// values writes a trial's settings.
func (h *search) values(t *sweep.Trial) string {
	var all []string
	for i, a := range h.result.Axes {
		all = append(all, a.Key+"="+t.Values[i])
	}
	return strings.Join(all, " ")
}

// note takes in what a trial came to, and saves it.
func (h *search) note(t *sweep.Trial, got *tried) error {
	t.Seconds, t.Trouble = got.seconds, got.trouble
	v, ok := got.scores[h.result.Score]
	if !ok && got.trouble == "" {
		var names []string
		for name := range got.scores {
			names = append(names, name)
		}
		slices.Sort(names)
		return fail(codeUsage, "choose one with --score: "+strings.Join(names, ", "), "the validation data have no score %q", h.result.Score)
	}
	if ok {
		t.Score = &v
	}
	past := (&folder{path: t.Run, record: run.Record{What: h.recipe.Name}}).history(math.MaxInt64)
	if h.result.Score == h.recipe.Watches() {
		t.Curve = past.validation
	} else if h.result.Score == "loss" {
		t.Curve = past.validLoss
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.result.Trials = append(h.result.Trials, t)
	slices.SortFunc(h.result.Trials, func(a, b *sweep.Trial) int {
		if a.Rung != b.Rung {
			return a.Rung - b.Rung
		}
		return a.Number - b.Number
	})
	word := t.Format(h.result.Score)
	if t.Trouble != "" {
		word = t.Trouble
	}
	h.out.printf("trial %d  %s  %s %s\n", t.Number, h.values(t), recipe.Words(h.result.Score), word)
	return h.save()
}

// workers is how many trials are trained at once.
func (o *sweepOptions) workers() int {
	if o.jobs > 0 {
		return o.jobs
	}
	return max(1, par.Workers()/4)
}

// final trains the best settings anew and reads the test split.
func (h *search) final(ctx context.Context, s Streams, best *sweep.Trial) (*result, error) {
	cfg, err := h.configuration(best.Number-1, best.Epochs)
	if err != nil {
		return nil, err
	}
	j := &job{dir: filepath.Join(h.o.dir, "final"), recipe: h.recipe, config: cfg}
	f, err := j.taken()
	if err != nil {
		return nil, err
	}
	if f != nil && f.finished() {
		return f.result()
	}
	h.out.printf("training the best settings anew: %s\n", h.values(best))
	return j.finish(ctx, s, viewOptions{json: true, plain: true})
}

// finish trains the job as train does, and reads its test split.
func (j *job) finish(ctx context.Context, s Streams, view viewOptions) (*result, error) {
	r, err := j.session(view, nil)
	if err != nil {
		return nil, err
	}
	defer r.folder.unlock()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	r.begin()
	res, err := r.run(ctx, s, stop)
	if err != nil {
		return nil, r.settle(err)
	}
	return res, nil
}

// stopped says how a sweep that was stopped goes on.
func (h *search) stopped(err error) error {
	if codeOf(err) == codeInterrupted || errors.Is(err, context.Canceled) {
		return fail(codeInterrupted, "the same command again goes on from here", "stopped; the sweep is in %s", h.o.dir)
	}
	return err
}

// print writes the table of trials.
func (h *search) print(s Streams, a *sweepAnswer) error {
	rows := a.Rows()
	kinds := "r" + strings.Repeat("r", len(h.result.Axes)) + "rr"
	next := "\nthe sweep is in " + h.o.dir + ", drawn in " + a.Page + "\n"
	if !h.o.final {
		next += "next:  " + h.chosen(a.Best) + "   (or --final) reads the test split, once\n"
	}
	_, err := fmt.Fprint(s.Out, columns(kinds, rows)+next)
	return printed(err)
}

// setWord writes key=value for a shell.
func setWord(kv string) string {
	key, value, _ := strings.Cut(kv, "=")
	return key + "=" + shellWord(value)
}

// chosen is the command that trains a trial's settings.
func (h *search) chosen(t *sweep.Trial) string {
	line := "limpid train " + shellWord(h.o.train.recipe)
	for _, f := range [][2]string{{"config", h.o.train.config}, {"seed", h.o.train.seed}, {"epochs", h.o.train.epochs}, {"data", h.o.train.data}} {
		if f[1] != "" {
			line += " --" + f[0] + " " + shellWord(f[1])
		}
	}
	if h.o.train.quick {
		line += " --quick"
	}
	for _, kv := range h.o.train.set {
		line += " --set " + setWord(kv)
	}
	for i, x := range h.result.Axes {
		line += " --set " + setWord(x.Key+"="+t.Values[i])
	}
	return line
}
