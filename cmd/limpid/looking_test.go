package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/run"
)

// unfinished makes a run that was killed after its last checkpoint.
func unfinished(t *testing.T) *world {
	t.Helper()
	w := lookAt(t).copy(t)
	w.replace("run.json", `"state": "finished"`, `"state": "running"`)
	if err := os.Remove(filepath.Join(w.run, weightsFile)); err != nil {
		t.Fatal(err)
	}
	return w
}

// TestLookingAtARunThatTrains needs no lock and writes nothing.
func TestLookingAtARunThatTrains(t *testing.T) {
	w := unfinished(t)
	held, err := run.Open(w.run)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	picture := w.file("a.png", pngOf(30, 30))
	log, err := os.OpenFile(filepath.Join(w.run, run.EventsFile), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	log.WriteString("{\"kind\":\"step\",\"step\":3}\n") // past the checkpoint
	log.Close()
	before := w.snapshot()
	for _, args := range [][]string{{"predict", w.run, picture}, {"inspect", w.run}} {
		c, out, errs := call(t.Context(), args...)
		if c != codeOK || out == "" {
			t.Errorf("%v: exit %d: %s", args, c, errs)
		}
		mustSay(t, errs, "weights after step 2 of 2")
		if args[0] == "inspect" && !strings.Contains(out, "start, running") {
			t.Errorf("a run that trains is shown as another:\n%s", out)
		}
	}
	w.unchanged(before)
	held.Close()
	if _, out, _ := call(t.Context(), "inspect", w.run); !strings.Contains(out, "start, stopped") {
		t.Errorf("a run that was killed is shown as another:\n%s", out)
	}
}
