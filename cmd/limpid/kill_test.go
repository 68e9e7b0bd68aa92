package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// built is where the real binary lies; TestMain removes it.
var built struct {
	sync.Once
	dir string
	err error
}

// buildLimpid builds the real binary, once.
func buildLimpid(t *testing.T) string {
	t.Helper()
	built.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "limpid-test-"); built.err != nil {
			return
		}
		cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(built.dir, "limpid"), ".")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			built.err = fmt.Errorf("go build: %w\n%s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return filepath.Join(built.dir, "limpid")
}

// small are the settings of a run that takes a second or so, writes many
// checkpoints and uses all that a checkpoint must carry: dropout, mirrored
// and moved pictures, Adam's moments, running statistics, a schedule.
var small = []string{
	"--set=width=4", "--set=examples=480", "--set=batch=16",
	"--set=shift=1", "--set=checkpoint=4", "--epochs=3", "--seed=5",
}

// outcome is what the test reads of train's object.
type outcome struct {
	Run        string
	Epochs     int
	Parameters int
	Seconds    float64
	Metrics    struct{ Test struct{ Accuracy float64 } }
	SHA256     string `json:"weights_sha256"`
}

// mustRun runs the binary to its end and decodes its only JSON object.
func mustRun(t *testing.T, limpid string, args ...string) outcome {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(limpid, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("limpid %v: %v\n%s", args, err, &errs)
	}
	var o outcome
	if err := json.Unmarshal(out.Bytes(), &o); err != nil {
		t.Fatalf("limpid %v: %v\n%s", args, err, &out)
	}
	if len(o.SHA256) != 64 {
		t.Fatalf("limpid %v: weights_sha256 is %q", args, o.SHA256)
	}
	return o
}

// killAfter runs the binary, kills it after the given time, and tells whether
// it was still running.
func killAfter(t *testing.T, limpid string, after time.Duration, args ...string) bool {
	t.Helper()
	cmd := exec.Command(limpid, args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(after)
	cmd.Process.Kill()
	err := cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() != -1 {
		t.Fatalf("limpid %v failed before it was killed: %v\n%s", args, err, &errs)
	}
	return err != nil
}

// TestSameWeights holds the final weights of one run against those of the same
// run on other numbers of threads, and of runs that are killed at 20 random
// moments and resumed.
func TestSameWeights(t *testing.T) {
	limpid := buildLimpid(t)
	train := func(dir string) []string { return append([]string{"train", "--json", "--runs-dir", dir}, small...) }
	begin := time.Now()
	want := mustRun(t, limpid, train(t.TempDir())...)
	took := time.Since(begin)
	for _, threads := range []int{1, 2, 3, 7} {
		args := append(train(t.TempDir()), fmt.Sprint("--threads=", threads))
		if got := mustRun(t, limpid, args...); got.SHA256 != want.SHA256 {
			t.Errorf("%d threads: weights %s, want %s", threads, got.SHA256, want.SHA256)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	kills, chains := 0, 0
	for ; kills < 20; chains++ {
		dir := t.TempDir()
		args := train(dir)
		for range 5 { // a run that is killed five times, unless it ends before
			if !killAfter(t, limpid, time.Duration(random.Float64()*0.6*float64(took)), args...) {
				break
			}
			kills++
			if runs, _ := filepath.Glob(filepath.Join(dir, "*", "run.json")); len(runs) > 0 {
				args = []string{"resume", "latest", "--json", "--runs-dir", dir}
			}
		}
		if got := mustRun(t, limpid, args...); got.SHA256 != want.SHA256 {
			t.Errorf("run %d: weights %s, want %s", chains, got.SHA256, want.SHA256)
		}
		if chains > 40 {
			t.Fatalf("only %d kills met a run of %v", kills, took)
		}
	}
	t.Logf("%d kills over %d runs of %v", kills, chains, took)
}

// TestResumeOfAFinishedRun prints the very same object.
func TestResumeOfAFinishedRun(t *testing.T) {
	limpid := buildLimpid(t)
	dir := t.TempDir()
	args := append([]string{"train", "--json", "--runs-dir", dir}, small...)
	first, err := exec.Command(limpid, args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	cmd := exec.Command(limpid, "resume", "latest", "--json", "--runs-dir", dir)
	cmd.Stderr = &errs
	again, err := cmd.Output()
	if err != nil || !bytes.Equal(first, again) || !bytes.Contains(errs.Bytes(), []byte("is finished")) {
		t.Errorf("got %v, %s\n%s\nwant\n%s", err, &errs, again, first)
	}
}
