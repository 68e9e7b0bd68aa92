package main

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// finished is a run that tests share which only look at it; TestMain removes it.
var finished struct {
	sync.Once
	dir, run string
}

// lookAt returns a finished run, trained once, which the test must not change:
// its copy it may.
func lookAt(t *testing.T) *world {
	t.Helper()
	finished.Do(func() {
		dir, err := os.MkdirTemp("", "limpid-run-")
		if err != nil {
			t.Fatal(err)
		}
		finished.dir = dir
		if c, _, errs := call(t.Context(), append([]string{"train", "--runs-dir", filepath.Join(dir, "runs")}, tiny...)...); c != codeOK {
			t.Fatalf("train: exit %d: %s", c, errs)
		}
		if runs, _ := filepath.Glob(filepath.Join(dir, "runs", "*-start")); len(runs) == 1 {
			finished.run = runs[0]
		}
	})
	if finished.run == "" {
		t.Fatal("the run that tests share could not be trained")
	}
	return &world{T: t, dir: finished.dir, runs: filepath.Join(finished.dir, "runs"), run: finished.run}
}
