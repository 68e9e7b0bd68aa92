package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/book"
	"github.com/limpid-ml/limpid/run"
)

// makeRun makes a run's folder that holds nothing but its record.
func makeRun(t *testing.T, runs string) string {
	t.Helper()
	f, err := createFolder(runs, "start", book.Recipes[0].New(false))
	if err != nil {
		t.Fatal(err)
	}
	f.unlock()
	return f.path
}

func TestFindFolder(t *testing.T) {
	runs := filepath.Join(t.TempDir(), "runs [all]*")
	first := makeRun(t, runs)
	r, err := run.Open(first)
	if err != nil {
		t.Fatal(err)
	}
	r.Record.Started = r.Record.Started.Add(-time.Hour)
	if err := r.Save(); err != nil {
		t.Fatal(err)
	}
	r.Close()
	second := makeRun(t, runs)
	for name, want := range map[string]string{
		"latest": second, filepath.Base(first): first, first: first, first + "/": first, second: second,
	} {
		f, err := findFolder(runs, name)
		if err != nil || f.path != want {
			t.Errorf("%s: got %v, %v", name, f, err)
		}
	}
	for name, want := range map[string]string{
		filepath.Base(first)[:12] + "-fashon": "did you mean " + filepath.Base(first), "zzz": "limpid runs lists", runs: "limpid runs lists",
	} {
		_, err := findFolder(runs, name)
		f, ok := err.(*failure)
		if !ok || f.code != codeRun || !strings.Contains(f.fix, want) {
			t.Errorf("%s: %v, fix %+v", name, err, f)
		}
	}
	if _, err := findFolder(t.TempDir(), "latest"); err == nil {
		t.Error("there is a latest of no runs")
	}
}

func TestRunsOrderAndSize(t *testing.T) {
	runs := t.TempDir()
	path := makeRun(t, runs)
	if err := os.WriteFile(filepath.Join(path, "big"), make([]byte, 5000), 0o666); err != nil {
		t.Fatal(err)
	}
	lines, err := listRuns(runs)
	if err != nil || len(lines) != 1 {
		t.Fatal(lines, err)
	}
	l := lines[0]
	if l.Run != path || l.State != run.Stopped || l.Epochs != 8 || l.Accuracy != nil || l.Bytes < 5000 || l.Bytes > 8000 {
		t.Errorf("got %+v", l)
	}
	cells := strings.Join(l.cells(l.Started.Add(3*time.Minute)), "|")
	if want := filepath.Base(path) + "|stopped|start|8|—|3 min|"; !strings.HasPrefix(cells, want) {
		t.Errorf("got %s, want %s…", cells, want)
	}
}

func TestConfigure(t *testing.T) {
	r := book.Recipes[0]
	for _, tt := range []struct {
		name  string
		o     trainOptions
		check func(c *recipe.Common) bool
	}{
		{"defaults", trainOptions{}, func(c *recipe.Common) bool { return *c == *r.New(false).Shared() }},
		{"flags win", trainOptions{seed: "7", set: []string{"seed=3", " lr = 0.5 "}}, func(c *recipe.Common) bool { return c.Seed == 7 && c.LR == 0.5 }},
		{"the last of two", trainOptions{set: []string{"batch=3", "batch=4"}}, func(c *recipe.Common) bool { return c.Batch == 4 }},
		{"full data", trainOptions{data: "/d"}, func(c *recipe.Common) bool { return c.Data == "/d" && c.Epochs == r.New(true).Shared().Epochs }},
		{"full data by a setting", trainOptions{set: []string{"data=/d"}, epochs: "2"}, func(c *recipe.Common) bool { return c.Data == "/d" && c.Epochs == 2 }},
		{"a folder's name holds anywhere", trainOptions{data: "d"}, func(c *recipe.Common) bool { return filepath.IsAbs(c.Data) }},
	} {
		cfg, err := tt.o.configure(r, nil)
		if err != nil || !tt.check(cfg.Shared()) {
			t.Errorf("%s: %+v, %v", tt.name, cfg, err)
		}
	}
}

// TestRecordHasTheVersion that limpid version prints.
func TestRecordHasTheVersion(t *testing.T) {
	r, err := run.Read(lookAt(t).run)
	if err != nil || r.Version != thisVersion().Version {
		t.Errorf("run.json says %q, %v, want %q", r.Version, err, thisVersion().Version)
	}
}
