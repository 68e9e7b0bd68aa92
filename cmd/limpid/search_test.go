package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/network"
	"github.com/limpid-ml/limpid/recipe/sweep"
)

// planned plans a sweep with settings.
func planned(t *testing.T, change func(o *sweepOptions), set ...string) (*search, error) {
	t.Helper()
	o := sweepOptions{dir: filepath.Join(t.TempDir(), "s"), train: trainOptions{recipe: "start", set: set}, draw: 1}
	if change != nil {
		change(&o)
	}
	return o.plan(Streams{In: strings.NewReader(""), Out: &bytes.Buffer{}, Err: &bytes.Buffer{}})
}

// What is to be tried follows from the flags.
func TestPlan(t *testing.T) {
	for name, c := range map[string]struct {
		change func(o *sweepOptions)
		set    []string
		points int
		rungs  []sweep.Rung
		score  string
	}{
		"grid":    {nil, []string{"lr=0.1,0.2", "width=1,2,3", "batch=32"}, 6, []sweep.Rung{{Trials: 6, Epochs: 8}}, "accuracy"},
		"one":     {nil, []string{"lr=0.1,0.2"}, 2, []sweep.Rung{{Trials: 2, Epochs: 8}}, "accuracy"},
		"random":  {func(o *sweepOptions) { o.random = 5 }, []string{"lr=log:1e-3..1e-1"}, 5, []sweep.Rung{{Trials: 5, Epochs: 8}}, "accuracy"},
		"lists":   {func(o *sweepOptions) { o.random = 7 }, []string{"optimizer=sgd,adam"}, 7, []sweep.Rung{{Trials: 7, Epochs: 8}}, "accuracy"},
		"halving": {func(o *sweepOptions) { o.random, o.halving = 9, true }, []string{"lr=log:1e-3..1e-1"}, 9, []sweep.Rung{{Trials: 9, Epochs: 3}, {Trials: 3, Epochs: 8}}, "accuracy"},
		"epochs":  {func(o *sweepOptions) { o.halving = true; o.train.epochs = "9" }, []string{"lr=0.1,0.2,0.3"}, 3, []sweep.Rung{{Trials: 3, Epochs: 3}, {Trials: 1, Epochs: 9}}, "accuracy"},
		"score":   {func(o *sweepOptions) { o.score = "loss" }, []string{"lr=0.1,0.2"}, 2, []sweep.Rung{{Trials: 2, Epochs: 8}}, "loss"},
		"quick":   {func(o *sweepOptions) { o.train.quick = true }, []string{"lr=0.1,0.2"}, 2, []sweep.Rung{{Trials: 2, Epochs: 2}}, "accuracy"},
	} {
		h, err := planned(t, c.change, c.set...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(h.points) != c.points || h.result.Score != c.score || h.result.Lower != (c.score == "loss") {
			t.Errorf("%s: %d points by %s, lower %v", name, len(h.points), h.result.Score, h.result.Lower)
		}
		if len(h.result.Rungs) != len(c.rungs) {
			t.Errorf("%s: rungs %v, want %v", name, h.result.Rungs, c.rungs)
			continue
		}
		for i, g := range h.result.Rungs {
			if g != c.rungs[i] {
				t.Errorf("%s: rungs %v, want %v", name, h.result.Rungs, c.rungs)
			}
		}
	}
}

// What cannot be tried is refused with what can.
func TestPlanRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(o *sweepOptions)
		set    []string
		want   string
	}{
		"nothing":        {nil, nil, "there is nothing to vary"},
		"one value":      {nil, []string{"lr=0.1"}, "there is nothing to vary"},
		"no key":         {nil, []string{"0.1,0.2"}, "is not key=value"},
		"twice":          {nil, []string{"lr=1,2", "lr=3,4"}, "setting lr is there twice"},
		"range in grid":  {nil, []string{"lr=log:1e-3..1"}, "is a range"},
		"unknown":        {nil, []string{"widht=1,2"}, `no setting "widht"`},
		"out of range":   {nil, []string{"width=1,5000"}, "from 1 to 4096"},
		"base":           {nil, []string{"lr=0.1,0.2", "batch=x"}, "setting batch"},
		"range too high": {func(o *sweepOptions) { o.random = 40 }, []string{"dropout=lin:0..5"}, "setting dropout"},
		"negative":       {func(o *sweepOptions) { o.random = -1 }, []string{"lr=0.1,0.2"}, "--random is -1"},
		"many":           {func(o *sweepOptions) { o.random = 20_000 }, []string{"lr=0.1,0.2"}, "20000 trials"},
		"jobs":           {func(o *sweepOptions) { o.jobs = 1000 }, []string{"lr=0.1,0.2"}, "--jobs 1000"},
		"halved epochs":  {func(o *sweepOptions) { o.halving = true }, []string{"epochs=1,2"}, "chooses the epochs itself"},
		"no recipe":      {func(o *sweepOptions) { o.train.recipe = "strat" }, []string{"lr=0.1,0.2"}, `no recipe "strat"`},
		"no file":        {func(o *sweepOptions) { o.train.config = "gone.yaml" }, []string{"lr=0.1,0.2"}, `no file "gone.yaml"`},
	} {
		_, err := planned(t, c.change, c.set...)
		if err == nil || !strings.Contains(err.Error(), c.want) || codeOf(err) != codeUsage && name != "no file" {
			t.Errorf("%s: %v (%v), want %q", name, err, codeOf(err), c.want)
		}
	}
}

// A point's settings are the base's, but for the axes and the epochs.
func TestConfigurationOfAPoint(t *testing.T) {
	h, err := planned(t, nil, "lr=0.1,0.2", "width=3,4", "batch=7", "optimizer=sgd")
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := h.configuration(2, 5)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"lr": "0.2", "width": "3", "batch": "7", "optimizer": "sgd", "epochs": "5", "seed": "1"} {
		if got := settingOf(t, cfg, key); got != want {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
	if got := settingOf(t, h.base, "epochs"); got != "8" {
		t.Errorf("the base was changed: epochs %s", got)
	}
	if got := h.values(&sweep.Trial{Values: h.points[2]}); got != "lr=0.2 width=3" {
		t.Errorf("values %q", got)
	}
}

// The command that trains the chosen settings has all that was said, and a
// shell reads it as it was meant.
func TestChosen(t *testing.T) {
	h, err := planned(t, func(o *sweepOptions) { o.train.seed, o.train.quick = "4", true }, "lr=0.1,0.2", "optimizer=sgd", "data=")
	if err != nil {
		t.Fatal(err)
	}
	want := "limpid train start --seed 4 --quick --set optimizer=sgd --set data='' --set lr=0.1"
	if got := h.chosen(&sweep.Trial{Values: sweep.Point{"0.1"}}); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for kv, want := range map[string]string{"a=b": "a=b", "a=b c": "a='b c'", "a=$x": "a='$x'", "a=": "a=''"} {
		if got := setWord(kv); got != want {
			t.Errorf("%q: %s, want %s", kv, got, want)
		}
	}
}

// A folder is one sweep's: the same one goes on, another is refused, and so is
// a damaged record.
func TestSettleIn(t *testing.T) {
	h, err := planned(t, nil, "lr=0.1,0.2")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.settleIn(); err != nil {
		t.Fatal(err)
	}
	same, err := planned(t, func(o *sweepOptions) { o.dir, o.score, o.jobs, o.final = h.o.dir, "loss", 3, true }, "lr=0.1,0.2")
	if err != nil {
		t.Fatal(err)
	}
	if err := same.settleIn(); err != nil {
		t.Errorf("the same one, by another score: %v", err)
	}
	for name, set := range map[string][]string{"values": {"lr=0.1,0.3"}, "axis": {"width=1,2"}, "base": {"lr=0.1,0.2", "batch=3"}} {
		other, err := planned(t, func(o *sweepOptions) { o.dir = h.o.dir }, set...)
		if err != nil {
			t.Fatal(err)
		}
		if err := other.settleIn(); codeOf(err) != codeUsage || !strings.Contains(err.Error(), "holds another sweep") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.WriteFile(filepath.Join(h.o.dir, sweepFile), []byte("{"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := h.settleIn(); codeOf(err) != codeUsage {
		t.Errorf("damaged: %v", err)
	}
	h.o.dir = "/proc/limpid-sweep"
	if err := h.settleIn(); codeOf(err) != codeOutput || !strings.Contains(err.(*failure).fix, "--dir") {
		t.Errorf("a folder that cannot be made: %v", err)
	}
}

// What trials came to is kept in order, whatever order they end in.
func TestNote(t *testing.T) {
	h, err := planned(t, nil, "lr=0.1,0.2,0.3")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.settleIn(); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{3, 1, 2} {
		got := &tried{scores: map[string]float64{"accuracy": float64(n) / 10, "loss": 1}, seconds: 2}
		if n == 2 {
			got = &tried{trouble: "diverged"}
		}
		if err := h.note(&sweep.Trial{Number: n, Rung: 1, Epochs: 8, Values: h.points[n-1], Run: t.TempDir()}, got); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(filepath.Join(h.o.dir, sweepFile))
	if err != nil {
		t.Fatal(err)
	}
	var k kept
	if err := json.Unmarshal(text, &k); err != nil {
		t.Fatal(err)
	}
	for i, trial := range k.Trials {
		if trial.Number != i+1 || (trial.Score == nil) != (i == 1) {
			t.Errorf("%d: %+v", i, trial)
		}
	}
	if b := k.Best(); b == nil || b.Number != 3 {
		t.Errorf("best %+v", b)
	}
	if _, err := os.Stat(filepath.Join(h.o.dir, sweepPage)); err != nil {
		t.Error(err)
	}
	err = h.note(&sweep.Trial{Number: 1, Rung: 1, Values: h.points[0]}, &tried{scores: map[string]float64{"r2": 1, "loss": 2}})
	var f *failure
	if !errors.As(err, &f) || f.code != codeUsage || f.fix != "choose one with --score: loss, r2" {
		t.Errorf("%v", err)
	}
}

// How many are trained side by side follows from --jobs, or from the threads.
func TestWorkers(t *testing.T) {
	for jobs, want := range map[int]int{1: 1, 3: 3, 200: 200} {
		if got := (&sweepOptions{jobs: jobs}).workers(); got != want {
			t.Errorf("--jobs %d: %d", jobs, got)
		}
	}
	if got := (&sweepOptions{}).workers(); got < 1 {
		t.Errorf("%d", got)
	}
}

// A file says what it is for: a network, a recipe, or neither.
func TestRecipeOf(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"layers: [flatten]\n":              network.Recipe.Name,
		"recipe: fashion\nepochs: 2\n":     "fashion",
		"recipe: start\nlayers: 3\n":       "start",
		"epochs: 2\n":                      "neither recipe: nor layers:",
		"recipe: fasion\n":                 "did you mean fashion",
		"recipe:\n":                        "there is no recipe",
		"recipe: [start]\n":                "there is no recipe",
		"layers: [flatten]\nrecipe: net\n": `there is no recipe "net"`,
	} {
		file := filepath.Join(dir, "f.yaml")
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		n, err := readYAML(file)
		if err != nil {
			t.Fatal(err)
		}
		r, err := recipeOf(n)
		var f *failure
		if err != nil && (!errors.As(err, &f) || f.code != codeUsage || !strings.Contains(f.Error()+f.fix, want)) || err == nil && r.Name != want {
			t.Errorf("%q: %v, %v, want %q", text, r, err, want)
		}
	}
}

// A run's recipe is found again by its name, that of lists too.
func TestConfigurationOfARun(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "n.yaml")
	if err := os.WriteFile(file, []byte("data: digits\nlayers: [flatten, linear: classes]\ntrain: {epochs: 1, examples: 64}\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	c, out, errs := call(t.Context(), "train", file, "--runs-dir", filepath.Join(dir, "runs"), "--json")
	if c != codeOK {
		t.Fatalf("exit %d: %s", c, errs)
	}
	var res result
	if err := json.Unmarshal([]byte(out), &res); err != nil {
		t.Fatal(err)
	}
	f, err := openFolder(res.Run)
	if err != nil {
		t.Fatal(err)
	}
	r, cfg, err := f.configuration()
	if err != nil || r != network.Recipe {
		t.Fatalf("%v, %v", r, err)
	}
	stored := cfg.(*network.Config)
	if stored.Set != "digits" || stored.Examples != 64 || !strings.Contains(stored.Text, "linear: classes") {
		t.Errorf("%+v", stored)
	}
	for _, s := range recipe.Settings(cfg) {
		if s.Key == "text" || s.Key == "file" {
			t.Errorf("%s is a setting", s.Key)
		}
	}
}
