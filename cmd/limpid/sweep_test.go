package main

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/recipe/sweep"
)

// A sweep that is stopped says how it goes on, and then comes to the trials of
// one that was not, to the last bit of each score.
func TestSweepStopped(t *testing.T) {
	dir := t.TempDir()
	args := func(name string, more ...string) []string {
		return append([]string{"sweep", "start", "--set", "lr=0.001,0.01,0.03", "--set", "width=2", "--set", "examples=80", "--set", "batch=20", "--epochs", "2",
			"--json", "--dir", filepath.Join(dir, name)}, more...)
	}
	c, out, errs := call(t.Context(), args("whole")...)
	if c != codeOK {
		t.Fatalf("exit %d: %s", c, errs)
	}
	want := trialsIn(t, out)
	ctx, cancel := context.WithCancel(t.Context())
	watch := &cancelling{cancel: cancel, at: "trial 2"}
	c = code(Main(ctx, Streams{In: strings.NewReader(""), Out: &watch.out, Err: watch}, args("stopped", "--jobs", "1")))
	if c != codeInterrupted {
		t.Fatalf("exit %d: %s", c, watch.text.String())
	}
	mustSay(t, watch.text.String(), "stopped; the sweep is in "+filepath.Join(dir, "stopped"), "the same command again goes on from here")
	c, out, errs = call(t.Context(), args("stopped", "--jobs", "2", "--threads", "2")...)
	if c != codeOK {
		t.Fatalf("exit %d: %s", c, errs)
	}
	if got := trialsIn(t, out); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	before, cancel2 := context.WithCancel(t.Context())
	cancel2()
	if c, _, errs := call(before, args("never")...); c != codeInterrupted {
		t.Errorf("exit %d: %s", c, errs)
	}
}

// cancelling is standard error that interrupts once a text appears in it.
type cancelling struct {
	text, out strings.Builder
	cancel    func()
	at        string
}

// Write takes in text.
func (c *cancelling) Write(b []byte) (int, error) {
	if strings.Contains(string(b), c.at) {
		c.cancel()
	}
	return c.text.Write(b)
}

func trialsIn(t *testing.T, text string) (scores []float64) {
	t.Helper()
	var r struct{ Trials []sweep.Trial }
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	for _, trial := range r.Trials {
		scores = append(scores, *trial.Score)
		scores = append(scores, trial.Curve...)
	}
	return scores
}

// Every recipe that validates can be swept by the score that is watched.
func TestSweepTellsScoresOfARecipeWithItsOwnLoop(t *testing.T) {
	dir := t.TempDir()
	c, out, errs := call(t.Context(), "sweep", "backprop", "--quick", "--set", "lr=0.003,0.01", "--set", "xor-steps=5", "--json", "--dir", dir)
	if c != codeOK {
		t.Fatalf("exit %d: %s", c, errs)
	}
	if len(trialsIn(t, out)) < 2 {
		t.Errorf("%s", out)
	}
}
