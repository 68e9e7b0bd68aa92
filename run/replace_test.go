package run

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

// content fails unless file holds want.
func content(t *testing.T, file, want string) {
	t.Helper()
	if got, err := os.ReadFile(file); err != nil || string(got) != want {
		t.Errorf("%s holds %q (%v), want %q", file, got, err, want)
	}
}

// files lists a folder.
func files(t *testing.T, dir string) []string {
	t.Helper()
	found, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range found {
		names = append(names, f.Name())
	}
	return names
}

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.txt")
	for _, s := range []string{"first", "second, longer", ""} {
		if err := Replace(file, text(s)); err != nil {
			t.Fatal(err)
		}
		content(t, file, s)
	}
	if got := files(t, dir); !slices.Equal(got, []string{"a.txt"}) {
		t.Errorf("left behind: %v", got)
	}
}

func TestReplaceFollowsTheUmask(t *testing.T) {
	dir := t.TempDir()
	plain, ours := filepath.Join(dir, "plain"), filepath.Join(dir, "ours")
	if err := os.WriteFile(plain, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := Replace(ours, text("x")); err != nil {
		t.Fatal(err)
	}
	a, _ := os.Stat(plain)
	b, err := os.Stat(ours)
	if err != nil || a.Mode() != b.Mode() {
		t.Errorf("mode %v, want %v (%v)", b.Mode(), a.Mode(), err)
	}
}

func TestReplaceKeepsTheOldFileOnError(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.txt")
	if err := Replace(file, text("old")); err != nil {
		t.Fatal(err)
	}
	bad := errors.New("no space left on device")
	err := Replace(file, func(w io.Writer) error {
		io.WriteString(w, "half of the n")
		return bad
	})
	if !errors.Is(err, bad) || !strings.Contains(err.Error(), file) {
		t.Error(err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is gone")
			}
		}()
		Replace(file, func(io.Writer) error { panic("boom") })
	}()
	content(t, file, "old")
	if got := files(t, dir); !slices.Equal(got, []string{"a.txt"}) {
		t.Errorf("left behind: %v", got)
	}
}

func TestReplaceWhereNothingCanBeWritten(t *testing.T) {
	err := Replace(filepath.Join(t.TempDir(), "gone", "a.txt"), text("x"))
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "a.txt") {
		t.Error(err)
	}
	if err := Replace(t.TempDir(), text("x")); err == nil {
		t.Error("a folder was replaced by a file")
	}
}

func TestSweep(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "odd[name]*")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".tmp-run.json-1-0", ".tmp-x", "keep", "run.json"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := Sweep(dir); err != nil {
		t.Fatal(err)
	}
	if got := files(t, dir); !slices.Equal(got, []string{"keep", "run.json"}) {
		t.Errorf("left: %v", got)
	}
}
