package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/run"
)

func TestParseSeeds(t *testing.T) {
	for text, want := range map[string][]uint64{"1": {1}, "3, 1,2": {3, 1, 2}, "0,18446744073709551615": {0, math.MaxUint64}} {
		if got, err := parseSeeds(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "1,", "1,1", "-1", "a", "1.5", "18446744073709551616"} {
		if got, err := parseSeeds(text); codeOf(err) != codeUsage {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

// resultOf is a run's result with an accuracy and a loss.
func resultOf(accuracy, loss float64, targets ...target) *result {
	return &result{Metrics: map[string]recipe.Scores{"test": {"accuracy": accuracy, "loss": loss, "by_class": map[string]any{"a": 1.0}}}, Targets: targets, Seconds: 10}
}

// Mean and spread are those of the runs: for 1, 2, 3 they are 2 and 1.
func TestSummed(t *testing.T) {
	m := &measured{Recipe: "r"}
	m.add([]*result{resultOf(1, .1), resultOf(2, .2), resultOf(3, .3)})
	if len(m.Scores) != 2 || m.Scores[0].Score != "accuracy" || m.Scores[1].Score != "loss" {
		t.Fatalf("%+v", m.Scores)
	}
	if s := m.Scores[0]; s.Mean != 2 || s.Spread != 1 || s.Goal != "" || s.kept() != "—" {
		t.Errorf("%+v", s)
	}
	goals := []target{{Score: "accuracy", Bound: .8}, {Score: "loss", Bound: .5, AtMost: true}}
	m = &measured{Recipe: "r", Seconds: []float64{8, 12}}
	m.add([]*result{resultOf(.9, .6, goals...), resultOf(.7, .4, goals...)})
	if a := m.Scores[0]; a.Reached != 1 || a.Goal != "accuracy ≥ 80.0%" || a.spread() != "80.0 ± 14.1%" || a.each() != "90.0%, 70.0%" || a.kept() != "1 of 2" {
		t.Errorf("%+v: %s, %s, %s", a, a.spread(), a.each(), a.kept())
	}
	if l := m.Scores[1]; l.Reached != 1 || l.Goal != "loss ≤ 0.5" || l.spread() != "0.5 ± 0.14" {
		t.Errorf("%+v: %s", l, l.spread())
	}
	if m.took() != "10 s" {
		t.Errorf("took %s", m.took())
	}
	one := &measured{}
	one.add([]*result{resultOf(.5, 1)})
	if s := one.Scores[0]; s.Spread != 0 || s.Mean != .5 {
		t.Errorf("of one run: %+v", s)
	}
	none := &measured{}
	none.add(nil)
	if len(none.Scores) != 0 || none.took() != "0 s" {
		t.Errorf("of no run: %+v", none)
	}
}

// The table has a row a score, the recipe's name on its first, and the machine
// below.
func TestMeasuredTable(t *testing.T) {
	m := measured{Recipe: "r", Seeds: []uint64{1, 2}, Seconds: []float64{4}, Trouble: []string{"seed 2: the loss is no number\n at step 3"}}
	m.add([]*result{resultOf(.9, .25)})
	a := measureAnswer{CPU: "C", Machine: run.Environment{System: "linux/amd64", Kernels: "avx2", Threads: 2, Go: "go1.26", Commit: "0123456789abcdef"}, Recipes: []measured{m}}
	text := a.markdown()
	for _, want := range []string{
		"| `r` | accuracy | 90.0 ± 0.0% | 90.0% |  | — | 4 s |\n", "|  | loss | 0.25 ± 0 | 0.25 |  | — |  |\n",
		"| `r` | — | diverged | seed 2: the loss is no number | | | |\n", "C, linux/amd64, avx2 kernels, 2 threads, go1.26, limpid " + version + " at 0123456789ab.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the table lacks %q:\n%s", want, text)
		}
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "|") && strings.Count(line, "|") != 8 {
			t.Errorf("a row of %d cells: %s", strings.Count(line, "|")-1, line)
		}
	}
	a.CPU, a.Machine.Commit = "", ""
	if !strings.Contains(a.markdown(), "\nlinux/amd64, avx2") {
		t.Errorf("%s", a.markdown())
	}
}

// Every run is made once: the same command goes on where it stood, and takes
// up a run that was killed.
func TestMeasureGoesOn(t *testing.T) {
	dir := t.TempDir()
	args := func(seeds string) []string {
		return []string{"recipes", "start", "--measure", dir, "--seeds", seeds, "--quick", "--json"}
	}
	c, out, errs := call(t.Context(), args("1")...)
	if c != codeOK {
		t.Fatalf("exit %d: %s", c, errs)
	}
	var first, second measureAnswer
	if err := json.Unmarshal([]byte(out), &first); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "start-seed-1", run.RecordFile)
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c, out, errs = call(t.Context(), args("1,2")...)
	if c != codeOK {
		t.Fatalf("exit %d: %s", c, errs)
	}
	mustSay(t, errs, "start, seed 1: done before", "start, seed 2 (about 1 min)")
	if err := json.Unmarshal([]byte(out), &second); err != nil {
		t.Fatal(err)
	}
	a, b := first.Recipes[0].Scores[0], second.Recipes[0].Scores[0]
	if len(b.Values) != 2 || a.Values[0] != b.Values[0] || b.Values[0] == b.Values[1] || b.Spread == 0 {
		t.Errorf("%+v, then %+v", a, b)
	}
	if after, err := os.ReadFile(file); err != nil || string(after) != string(before) {
		t.Errorf("the first run was touched: %v", err)
	}
	table, err := os.ReadFile(filepath.Join(dir, resultsTable))
	if err != nil || !strings.Contains(string(table), "| `start` | accuracy | ") {
		t.Errorf("%v\n%s", err, table)
	}
	if c, _, errs := call(t.Context(), "recipes", "start", "--measure", dir, "--seeds", "1", "--json"); c != codeRun || !strings.Contains(errs, "holds a run of other settings") {
		t.Errorf("without --quick: exit %d: %s", c, errs)
	}
	if c, _, errs := call(t.Context(), "recipes", "--measure", dir, "--seeds", "x"); c != codeUsage || !strings.Contains(errs, "--seeds 1,2,3") {
		t.Errorf("exit %d: %s", c, errs)
	}
	if c, _, errs := call(t.Context(), "recipes", "strat", "--measure", dir); c != codeUsage || !strings.Contains(errs, "start") {
		t.Errorf("exit %d: %s", c, errs)
	}
}
