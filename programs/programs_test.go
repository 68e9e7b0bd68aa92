// Package programs tests that every program beside it compiles, and that those
// which only a machine of one's own would finish come to their first result.
package programs

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// folders returns the programs' folders.
func folders(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	var all []string
	for _, f := range files {
		if dir := filepath.Dir(f); !seen[dir] {
			seen[dir] = true
			all = append(all, dir)
		}
	}
	return all
}

// started lists the programs that have no test of their own: TestFirstResult
// starts them.
var started = map[string]bool{"quick": true}

func TestEveryProgramIsRun(t *testing.T) {
	for _, dir := range folders(t) {
		tests, _ := filepath.Glob(filepath.Join(dir, "*_test.go"))
		if len(tests) == 0 && !started[dir] {
			t.Errorf("%s is run by no test", dir)
		}
	}
}

func TestEveryProgramHasALineInTheReadme(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range folders(t) {
		if !strings.Contains(string(text), "`"+dir+"`") {
			t.Errorf("README.md does not name %s", dir)
		}
	}
}

// TestFirstResult starts a program, waits for the first line that it writes
// and stops it; with LIMPID_LONG=1 it waits for the end.
func TestFirstResult(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles programs")
	}
	for dir := range started {
		binary := filepath.Join(t.TempDir(), dir)
		if out, err := exec.Command("go", "build", "-o", binary, "./"+dir).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", dir, err, out)
		}
		long := os.Getenv("LIMPID_LONG") != ""
		patience := time.Minute
		if long {
			patience = time.Hour
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		program := exec.CommandContext(ctx, binary)
		program.Dir = t.TempDir()
		lines, err := program.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		var answer strings.Builder
		program.Stdout = &answer
		if err := program.Start(); err != nil {
			t.Fatal(err)
		}
		in := bufio.NewReader(lines)
		first, err := in.ReadString('\n')
		if err != nil || !strings.Contains(first, "loss") {
			t.Errorf("%s: the first line is %q (%v), want one that tells the loss", dir, first, err)
		}
		if !long {
			program.Process.Kill()
			program.Wait()
			continue
		}
		in.WriteTo(testWriter{t})
		if err := program.Wait(); err != nil {
			t.Errorf("%s: %v", dir, err)
		}
		t.Logf("%s: %s", dir, answer.String())
	}
}

// testWriter puts what a program writes into the test's log.
type testWriter struct{ t *testing.T }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}
