package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/book"
	"github.com/limpid-ml/limpid/run"
)

// tinyJob is a job of a moment in a folder of its own.
func tinyJob(t *testing.T, changes ...string) *job {
	t.Helper()
	r := book.Recipes[0]
	cfg := r.New(false)
	for _, kv := range append([]string{"width=2", "examples=40", "batch=20", "epochs=2"}, changes...) {
		key, value, _ := strings.Cut(kv, "=")
		if err := recipe.Set(cfg, key, value); err != nil {
			t.Fatal(err)
		}
	}
	return &job{dir: filepath.Join(t.TempDir(), "a", "b"), label: "j", recipe: r, config: cfg}
}

func quiet() (Streams, *manyScreen) {
	return Streams{In: strings.NewReader(""), Out: &strings.Builder{}, Err: &strings.Builder{}}, &manyScreen{w: &lockedWriter{w: &strings.Builder{}}}
}

// A trial scores on validation data, reads no test split, is a run like others,
// and is passed over when it is there.
func TestTry(t *testing.T) {
	j := tinyJob(t)
	s, show := quiet()
	first, err := j.try(t.Context(), s, show)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := first.scores["accuracy"]; !ok || first.scores["loss"] <= 0 || first.trouble != "" {
		t.Errorf("%+v", first)
	}
	f, err := openFolder(j.dir)
	if err != nil || !f.finished() {
		t.Fatalf("%v", err)
	}
	res, err := f.result()
	if err != nil || res.Metrics["test"] != nil || res.Parameters == 0 || res.Steps != 4 {
		t.Errorf("%+v, %v", res, err)
	}
	if sum, err := fileSum(f.weights()); err != nil || sum != res.SHA256 {
		t.Errorf("weights %s, %v", sum, err)
	}
	stamp := time.Now().Add(-time.Hour)
	if err := os.Chtimes(f.weights(), stamp, stamp); err != nil {
		t.Fatal(err)
	}
	again, err := j.try(t.Context(), s, show)
	if err != nil || again.scores["accuracy"] != first.scores["accuracy"] || again.scores["loss"] != first.scores["loss"] {
		t.Errorf("%+v, then %+v, %v", first, again, err)
	}
	if info, err := os.Stat(f.weights()); err != nil || time.Since(info.ModTime()) < time.Minute {
		t.Error("it was trained again")
	}
}

// A folder that holds a run of other settings, of another recipe, a damaged one
// or one in use is left alone.
func TestTryRefuses(t *testing.T) {
	j := tinyJob(t)
	s, show := quiet()
	if _, err := j.try(t.Context(), s, show); err != nil {
		t.Fatal(err)
	}
	other := tinyJob(t, "lr=0.2")
	other.dir = j.dir
	if _, err := other.try(t.Context(), s, show); codeOf(err) != codeRun || !strings.Contains(err.Error(), "holds a run of other settings") {
		t.Errorf("other settings: %v", err)
	}
	fashion, _ := book.Find("fashion")
	another := &job{dir: j.dir, recipe: fashion, config: fashion.New(false)}
	if _, err := another.try(t.Context(), s, show); codeOf(err) != codeRun {
		t.Errorf("another recipe: %v", err)
	}
	file := filepath.Join(j.dir, run.RecordFile)
	if err := os.WriteFile(file, []byte("{"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := j.try(t.Context(), s, show); codeOf(err) != codeRun {
		t.Errorf("damaged: %v", err)
	}
	busy := tinyJob(t)
	r, err := busy.session(viewOptions{}, show)
	if err != nil {
		t.Fatal(err)
	}
	defer r.folder.unlock()
	if _, err := busy.try(t.Context(), s, show); codeOf(err) != codeRun || !errors.Is(err, run.ErrInUse) {
		t.Errorf("in use: %v", err)
	}
	blocked := tinyJob(t)
	if err := os.MkdirAll(filepath.Dir(filepath.Dir(blocked.dir)), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Dir(blocked.dir), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := blocked.try(t.Context(), s, show); codeOf(err) != codeOutput {
		t.Errorf("a file in the way: %v", err)
	}
}

// What a run learned of its data does not make its settings others.
func TestSameSettings(t *testing.T) {
	a, b := tinyJob(t).config, tinyJob(t).config
	a.Shared().Known = `{"classes":["x"]}`
	if same, err := sameSettings(a, b); err != nil || !same {
		t.Errorf("%v, %v", same, err)
	}
	if a.Shared().Known == "" {
		t.Error("it forgot what the run knows")
	}
	b.Shared().LR *= 2
	if same, err := sameSettings(a, b); err != nil || same {
		t.Errorf("%v, %v", same, err)
	}
}

func TestCodeOf(t *testing.T) {
	for _, c := range []struct {
		err  error
		want code
	}{
		{nil, codeOK}, {errors.New("x"), codeOK}, {fail(codeRun, "", "x"), codeRun}, {fmt.Errorf("y: %w", fail(codeDiverged, "", "x")), codeDiverged},
		{errors.Join(errors.New("a"), fail(codeInterrupted, "", "x")), codeInterrupted},
	} {
		if got := codeOf(c.err); got != c.want {
			t.Errorf("%v: %v, want %v", c.err, got, c.want)
		}
	}
}

// Lines of several runs come whole, and not too many of them.
func TestManyScreens(t *testing.T) {
	var b strings.Builder
	w := &lockedWriter{w: &b}
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			m := &manyScreen{w: w, label: fmt.Sprint("trial ", i)}
			m.show(progress{step: 1, steps: 9})
			m.last = time.Now().Add(-time.Minute)
			m.show(progress{step: 2000, steps: 9000, loss: .5})
			m.show(progress{step: 3, steps: 9})
			m.close()
		})
	}
	wait.Wait()
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != 8 {
		t.Fatalf("%d lines:\n%s", len(lines), b.String())
	}
	for _, l := range lines {
		if !strings.Contains(l, ": step 2,000 of 9,000, loss 0.5000, ") {
			t.Errorf("%q", l)
		}
	}
}
