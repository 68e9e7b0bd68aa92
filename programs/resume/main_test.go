package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// newest returns what the newest checkpoint in a folder holds: all tensors,
// without the header, which notes how long the log is.
func newest(t *testing.T, dir string) []byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.safetensors"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no checkpoint in %s: %v", dir, err)
	}
	b, err := os.ReadFile(files[len(files)-1])
	if err != nil {
		t.Fatal(err)
	}
	return b[8+binary.LittleEndian.Uint64(b):]
}

// Stopped again and again, the program ends with the same bits.
func TestStoppedAndStartedAgain(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := run(t.Context()); err != nil {
		t.Fatal(err)
	}
	a, b := newest(t, "runs/a/checkpoints"), newest(t, "runs/b/checkpoints")
	t.Chdir(t.TempDir())
	stops := 0
	for patience := 60 * time.Millisecond; ; patience += 60 * time.Millisecond {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		err := run(ctx)
		cancel()
		if err == nil {
			break
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		stops++
	}
	t.Logf("stopped %d times", stops)
	if !bytes.Equal(a, newest(t, "runs/a/checkpoints")) {
		t.Error("the fit loop's checkpoint differs")
	}
	if !bytes.Equal(b, newest(t, "runs/b/checkpoints")) {
		t.Error("the own loop's checkpoint differs")
	}
}
