//go:build unix

package data

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestPipesAreNoPictures: to open one would wait for ever.
func TestPipesAreNoPictures(t *testing.T) {
	dir := tree(t, "a/x.png")
	pipe := filepath.Join(dir, "a", "pipe.png")
	if err := syscall.Mkfifo(pipe, 0o644); err != nil {
		t.Skip(err)
	}
	done := make(chan error, 1)
	go func() {
		set, err := ImageFolder(dir, 3, 3)
		if err == nil {
			_, err = set.Load(context.Background())
		}
		done <- err
	}()
	select {
	case err := <-done:
		wantError(t, err, "pipe.png")
	case <-time.After(20 * time.Second):
		if f, err := os.OpenFile(pipe, os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil {
			f.Close() // lets the reader go
		}
		t.Fatal("still waits for what comes out of the pipe")
	}
}
