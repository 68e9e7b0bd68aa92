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

// TestWeightsOfAFinishedRun that are gone, damaged or another's are noticed,
// and come back from the last checkpoint if it is there.
func TestWeightsOfAFinishedRun(t *testing.T) {
	for name, change := range map[string]func(file string){
		"gone":    func(file string) { os.Remove(file) },
		"damaged": func(file string) { os.Truncate(file, 100) },
		"flipped": func(file string) {
			b, _ := os.ReadFile(file)
			b[len(b)-3] ^= 1
			os.WriteFile(file, b, 0o666)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := lookAt(t).copy(t)
			file := filepath.Join(w.run, weightsFile)
			want := string(w.read(file))
			change(file)
			c, out, errs := call(t.Context(), "eval", w.run)
			if fine := name == "flipped"; fine != (c == codeOK) || !fine && c != codeRun {
				t.Errorf("eval: exit %d: %s%s", c, out, errs)
			}
			c, _, errs = call(t.Context(), "resume", w.run)
			if c != codeOK || string(w.read(file)) != want {
				t.Errorf("resume: exit %d: %s", c, errs)
			}
			mustSay(t, errs, "from the last checkpoint", "is finished")
			change(file)
			os.RemoveAll(filepath.Join(w.run, "checkpoints"))
			for _, verb := range []string{"resume", "eval"} {
				c, out, errs = call(t.Context(), verb, w.run)
				if c != codeRun || out != "" {
					t.Errorf("%s: exit %d: %s%s", verb, c, out, errs)
				}
				mustSay(t, errs, weightsFile, "fix:", "train again")
			}
		})
	}
}
