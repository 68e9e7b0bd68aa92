package run

import (
	"os"
	"path/filepath"
	"testing"
)

func TestHeld(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a")
	if Held(dir) {
		t.Error("a folder that is not there is held")
	}
	r, _, err := At(dir, Record{What: "test"})
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{dir, link, filepath.Join(dir, "..", "a")} {
		if !Held(name) {
			t.Errorf("%s is not held", name)
		}
	}
	if Held(t.TempDir()) {
		t.Error("another folder is held")
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if Held(dir) {
		t.Error("it is still held after Close")
	}
}
