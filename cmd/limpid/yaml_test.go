package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Files of bytes that a script cannot hold are refused, with their line where
// they have one, and no run is made.
func TestBinaryYAML(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		text string
		code code
		want string
	}{
		"binary":   {"layers: [flatten]\n\x7fELF\x00\x01\x02", codeUsage, "f.yaml:2: it is no text"},
		"latin-1":  {"layers: [flatten]\n# caf\xe9\n", codeUsage, "f.yaml:2: it is no UTF-8"},
		"utf-16":   {"\xff\xfel\x00a\x00", codeUsage, "f.yaml:1: it is no"},
		"zeros":    {strings.Repeat("\x00", 1000), codeUsage, "it is no text"},
		"large":    {"layers: [" + strings.Repeat("flatten, ", 1<<16) + "flatten]", codeUsage, "more than 256 kB"},
		"deep":     {"layers: " + strings.Repeat("[", 5000), codeUsage, "f.yaml"},
		"crlf":     {"layers: [flatten, linear: 7]\r\ntrain: {epochs: 1}\r\n", codeUsage, "ends in the shape [7]"},
		"bom":      {"\ufefflayers: [flatten, linear: 7]\n", codeUsage, "ends in the shape [7]"},
		"carriage": {"layers: [flatten]\r\tx: 1\n", codeUsage, "f.yaml"},
	} {
		file := filepath.Join(dir, "f.yaml")
		if err := os.WriteFile(file, []byte(c.text), 0o666); err != nil {
			t.Fatal(err)
		}
		code, out, errs := call(t.Context(), "train", file, "--runs-dir", filepath.Join(dir, "none"))
		if code != c.code || out != "" || !strings.Contains(errs, c.want) {
			t.Errorf("%s: exit %d, want %d and %q:\n%s%s", name, code, c.code, c.want, out, errs)
		}
		mustSay(t, errs, "fix: ")
	}
	if code, _, errs := call(t.Context(), "train", dir+"/folder.yaml"); code != codeInput {
		t.Errorf("exit %d: %s", code, errs)
	}
	if err := os.Mkdir(filepath.Join(dir, "d.yaml"), 0o777); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := call(t.Context(), "train", filepath.Join(dir, "d.yaml")); code != codeUsage || !strings.Contains(errs, "d.yaml") {
		t.Errorf("a folder: exit %d: %s", code, errs)
	}
	if _, err := os.Stat(filepath.Join(dir, "none")); err == nil {
		t.Error("a run was made")
	}
}
