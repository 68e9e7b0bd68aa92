package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLinesAfterResume: an epoch has one line, in the session that saw it, and
// none is past the last.
func TestLinesAfterResume(t *testing.T) {
	const epochs = 4
	dir := t.TempDir()
	if c, _, errs := call(t.Context(), append([]string{"train", "--runs-dir", dir}, append(tiny[:3:3], fmt.Sprint("--epochs=", epochs))...)...); c != codeOK {
		t.Fatal(errs)
	}
	runs, _ := filepath.Glob(filepath.Join(dir, "*-start"))
	w := &world{T: t, dir: dir, runs: dir, run: runs[0]}
	w.replace("run.json", `"state": "finished"`, `"state": "stopped"`)
	files, _ := filepath.Glob(filepath.Join(w.run, "checkpoints", "*"))
	for _, kept := range []int{epochs, epochs - 1, 0} { // epochs that the newest checkpoint has
		if kept == 0 {
			files, _ = filepath.Glob(filepath.Join(w.run, "checkpoints", "*"))
			for _, f := range files {
				os.Remove(f)
			}
		} else if kept < epochs {
			os.Remove(files[len(files)-1])
		}
		c, _, errs := call(t.Context(), "resume", w.run)
		if c != codeOK || strings.Contains(errs, "loss 0.0000") {
			t.Errorf("exit %d: %s", c, errs)
		}
		for e := range epochs + 3 {
			want := 0
			if e > kept && e <= epochs {
				want = 1
			}
			if got := strings.Count(errs, fmt.Sprintf("epoch %d/%d ", e, epochs)); got != want {
				t.Errorf("after %d epochs, %d lines of epoch %d, want %d:\n%s", kept, got, e, want, errs)
			}
		}
		w.replace("run.json", `"state": "finished"`, `"state": "stopped"`)
	}
}
