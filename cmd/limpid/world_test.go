package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/limpid-ml/limpid/run"
)

// mustSay fails unless a message holds all of want and no stack.
func mustSay(t *testing.T, message string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(message, w) {
			t.Errorf("does not say %q:\n%s", w, message)
		}
	}
	if strings.Contains(message, "goroutine ") {
		t.Errorf("shows a stack:\n%s", message)
	}
}

func TestRunsFolderThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a-file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "below"), "/proc/limpid-runs"} {
		c, out, errs := call(t.Context(), append([]string{"train", "--runs-dir", dir}, tiny...)...)
		if c != codeOutput || out != "" {
			t.Errorf("%s: exit %d, wrote %q", dir, c, out)
		}
		mustSay(t, errs, strings.TrimSuffix(dir, "/below"), "cannot be made", "--runs-dir")
	}
}

func TestRunInUse(t *testing.T) {
	w := newWorld(t)
	f, err := openFolder(w.run)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.lock(); err != nil {
		t.Fatal(err)
	}
	defer f.unlock()
	if err := f.end(run.Running, "", 1); err != nil { // as if it were not finished
		t.Fatal(err)
	}
	c, _, errs := call(t.Context(), "resume", w.run)
	if c != codeRun {
		t.Errorf("exit %d", c)
	}
	mustSay(t, errs, w.run, "another process trains in this folder", "wait until it ends")
	if c, out, _ := call(t.Context(), "runs", "--runs-dir", w.runs); c != codeOK || !strings.Contains(out, "running") {
		t.Errorf("runs: exit %d\n%s", c, out)
	}
}

func TestRunsShowsWhatIsDamaged(t *testing.T) {
	w := newWorld(t)
	w.damage("run.json", func(b []byte) []byte { return b[:10] })
	c, out, errs := call(t.Context(), "runs", "--runs-dir", w.runs)
	if c != codeOK || !strings.Contains(out, "damaged") {
		t.Errorf("exit %d\n%s%s", c, out, errs)
	}
}

func TestNoRunsYet(t *testing.T) {
	c, out, errs := call(t.Context(), "runs", "--runs-dir", t.TempDir())
	if c != codeOK || out != "" {
		t.Errorf("exit %d, %q", c, out)
	}
	mustSay(t, errs, "no runs", "limpid train")
	if c, out, _ := call(t.Context(), "runs", "--json", "--runs-dir", t.TempDir()); c != codeOK || !strings.Contains(out, `"runs": []`) {
		t.Errorf("--json: exit %d, %s", c, out)
	}
}

func TestStandardOutputIsFull(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	w := newWorld(t)
	for _, args := range [][]string{{"version"}, {"runs", "--runs-dir", w.runs}, {"inspect", w.run}, {"eval", w.run}, {"resume", w.run, "--json"}, {"resume", w.run}, {"predict", w.run, w.file("a.png", pngOf(30, 30))}, {"recipes"}, {"completion", "bash"}} {
		var errs bytes.Buffer
		c := code(Main(t.Context(), Streams{In: strings.NewReader(""), Out: full, Err: &errs}, args))
		if c != codeOutput {
			t.Errorf("%v: exit %d\n%s", args, c, &errs)
		}
		mustSay(t, errs.String(), "no space left on device", "check where standard output goes")
		if strings.Contains(errs.String(), "--runs-dir") {
			t.Errorf("%v: no folder of runs can help: %s", args, &errs)
		}
	}
}

func TestDivergence(t *testing.T) {
	dir := t.TempDir()
	c, out, errs := call(t.Context(), append([]string{"train", "--runs-dir", dir,
		"--set=optimizer=sgd", "--set=momentum=0.999", "--set=lr=100", "--set=schedule=constant", "--set=epochs=50"}, tiny[:3]...)...)
	if c != codeDiverged || out != "" {
		t.Errorf("exit %d, wrote %q", c, out)
	}
	mustSay(t, errs, "--set lr=")
}

func TestInterruptedBeforeItBegan(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	c, out, errs := call(ctx, append([]string{"train", "--runs-dir", dir}, tiny...)...)
	if c != codeInterrupted || out != "" {
		t.Errorf("exit %d, wrote %q", c, out)
	}
	mustSay(t, errs, "stopped", "limpid resume "+dir)
	if c, _, errs := call(t.Context(), "resume", "latest", "--runs-dir", dir); c != codeOK {
		t.Errorf("resume: exit %d\n%s", c, errs)
	}
}

// TestSignals stops the real binary with signals and resumes it.
func TestSignals(t *testing.T) {
	limpid := buildLimpid(t)
	args := func(dir string) []string { return append([]string{"train", "--json", "--runs-dir", dir}, small...) }
	want := mustRun(t, limpid, args(t.TempDir())...)
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		dir := t.TempDir()
		var out, errs bytes.Buffer
		cmd := exec.Command(limpid, args(dir)...)
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(want.Seconds / 2 * float64(time.Second)))
		cmd.Process.Signal(sig)
		var exit *exec.ExitError
		if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != int(codeInterrupted) {
			t.Fatalf("%v: %v\n%s", sig, err, &errs)
		}
		mustSay(t, errs.String(), "checkpoint", "limpid resume "+dir)
		mustSay(t, out.String(), `"kind": "interrupted"`)
		if got := mustRun(t, limpid, "resume", "latest", "--json", "--runs-dir", dir); got.SHA256 != want.SHA256 {
			t.Errorf("%v: weights %s, want %s", sig, got.SHA256, want.SHA256)
		}
	}
}

// TestDiskFull trains where no file may grow beyond a bound, which fails like
// a full disk does.
func TestDiskFull(t *testing.T) {
	limpid := buildLimpid(t)
	dir := t.TempDir()
	line := `ulimit -f 8; exec "$0" train --json --runs-dir "$1" --set width=16 --set examples=64 --set batch=16 --epochs 1`
	var out, errs bytes.Buffer
	cmd := exec.Command("sh", "-c", line, limpid, dir)
	cmd.Stdout, cmd.Stderr = &out, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); !errors.As(err, &exit) || exit.ExitCode() != int(codeOutput) {
		t.Errorf("%v\n%s", err, &errs)
	}
	mustSay(t, errs.String(), "file too large", "free some space")
	mustSay(t, out.String(), `"kind": "output"`)
	if left, _ := filepath.Glob(filepath.Join(dir, "*", "*tmp*")); len(left) > 0 {
		t.Errorf("left over: %q", left)
	}
	if got := mustRun(t, limpid, "resume", "latest", "--json", "--runs-dir", dir); got.Epochs != 1 {
		t.Errorf("resumed on a disk with room: %+v", got)
	}
}

// TestBinary holds the real binary against its bounds.
func TestBinary(t *testing.T) {
	limpid := buildLimpid(t)
	info, err := os.Stat(limpid)
	if err != nil {
		t.Fatal(err)
	}
	if mb := float64(info.Size()) / 1e6; mb >= 25 {
		t.Errorf("the binary has %.1f MB, less than 25 are wanted", mb)
	}
	if text, err := os.ReadFile(limpid); err != nil || bytes.Contains(text, []byte("/lib64/ld-linux")) {
		t.Errorf("the binary is not static, or cannot be read: %v", err)
	}
	fastest := time.Hour
	for range 10 {
		begin := time.Now()
		if err := exec.Command(limpid, "version").Run(); err != nil {
			t.Fatal(err)
		}
		fastest = min(fastest, time.Since(begin))
	}
	t.Logf("%.1f MB; limpid version takes %v", float64(info.Size())/1e6, fastest)
}
