package main

import (
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// goRun runs the go command in dir, without a network.
func goRun(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=readonly", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// A project of each recipe is formatted, vets, learns by its own tests, and
// trains and answers by its own command.
func TestNewProjectsWork(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds programs")
	}
	for _, r := range projectNames {
		t.Run(r, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "My-"+r)
			c, out, errs := call(t.Context(), "new", dir, "--recipe", r, "--limpid", "../..", "--json")
			if c != codeOK {
				t.Fatalf("exit %d: %s", c, errs)
			}
			var a newAnswer
			if err := json.Unmarshal([]byte(out), &a); err != nil || a.Module != "example.com/my-"+r || a.Recipe != r || !slices.Contains(a.Files, "main_test.go") {
				t.Fatalf("%v\n%s", err, out)
			}
			checkFormatted(t, dir)
			switch r {
			case "start":
				goRun(t, dir, "test", ".") // which vets, too
				trainProject(t, dir)
			case "table":
				goRun(t, dir, "test", ".")
			case "fashion-mlp":
				goRun(t, dir, "vet", ".")
			}
		})
	}
}

// checkFormatted wants every file as gofmt leaves it, and no rest of a
// template.
func checkFormatted(t *testing.T, dir string) {
	t.Helper()
	out, err := exec.Command("gofmt", "-l", dir).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("gofmt: %v\n%s", err, out)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(string(text), "⟦⟧") || strings.Contains(string(text), "<no value>") {
			t.Errorf("%s holds a rest of a template:\n%s", f, text)
		}
	}
}

// trainProject trains a project on a folder of pictures and asks it.
func trainProject(t *testing.T, dir string) {
	t.Helper()
	for i := range 40 {
		img := image.NewRGBA(image.Rect(0, 0, 30, 30))
		for k := range 900 {
			img.Set(k%30, k/30, color.RGBA{uint8(200 * (i % 2)), 50, uint8(k%9 + i), 255})
		}
		file := filepath.Join(dir, "data", []string{"blue", "red"}[i%2], string(rune('A'+i))+".png")
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, img); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	program := filepath.Join(dir, "program")
	goRun(t, dir, "build", "-o", program, ".")
	run := func(args ...string) string {
		cmd := exec.Command(program, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	if out := run("-data", "data", "-epochs", "6"); !strings.Contains(out, "test accuracy 1.000") {
		t.Errorf("%s", out)
	}
	out := run("-data", "data", "-ask", "data/red/B.png")
	if blue, red := strings.Index(out, "blue"), strings.Index(out, "red"); blue < 0 || red < 0 {
		t.Errorf("%s", out)
	}
}

// What cannot be a project is refused before anything is written.
func TestNewRefuses(t *testing.T) {
	dir := t.TempDir()
	full := filepath.Join(dir, "full")
	if err := os.MkdirAll(full, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(full, "mine.txt"), []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code code
		want []string
	}{
		{[]string{full}, codeOutput, []string{"has files in it (mine.txt, for one): nothing was written"}},
		{[]string{filepath.Join(full, "mine.txt")}, codeOutput, []string{"mine.txt", "not there yet"}},
		{[]string{filepath.Join(full, "mine.txt", "x")}, codeOutput, []string{"mine.txt"}},
		{[]string{filepath.Join(dir, "a"), "--recipe", "fashoin"}, codeUsage, []string{`no project for a recipe "fashoin"`, "did you mean --recipe fashion"}},
		{[]string{filepath.Join(dir, "a"), "--module", "no good"}, codeUsage, []string{`"no good" is no path for a Go module`, "--module"}},
		{[]string{filepath.Join(dir, "a b")}, codeUsage, []string{"is no path for a Go module"}},
		{[]string{filepath.Join(dir, "a"), "--module", "../x"}, codeUsage, []string{"is no path"}},
		{[]string{filepath.Join(dir, "a"), "--limpid", dir}, codeInput, []string{"is no checkout of limpid"}},
		{[]string{}, codeUsage, []string{"missing the name of the project"}},
	} {
		code, out, errs := call(t.Context(), append([]string{"new"}, c.args...)...)
		if code != c.code || out != "" {
			t.Errorf("%v: exit %d, wrote %q", c.args, code, out)
		}
		mustSay(t, errs, c.want...)
	}
	if text, err := os.ReadFile(filepath.Join(full, "mine.txt")); err != nil || string(text) != "mine" {
		t.Errorf("%q, %v", text, err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("%d things in the folder", len(left))
	}
}

// An empty folder will do, words say what comes next, and a module's own path
// is taken; without a checkout go mod tidy comes first.
func TestNewInAnEmptyFolder(t *testing.T) {
	dir := t.TempDir()
	c, out, errs := call(t.Context(), "new", dir, "--module", "example.com/me/x")
	if c != codeOK {
		t.Fatalf("exit %d: %s", c, errs)
	}
	mustSay(t, out, "is a Go project now", "next:  cd "+dir, "go run .", "go test ./...")
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil || !strings.HasPrefix(string(mod), "module example.com/me/x\n\ngo 1.26") {
		t.Errorf("%v\n%s", err, mod)
	}
	o := newOptions{name: "x", module: "m"}
	files, err := o.goMod("")
	if err != nil || len(files) != 1 || strings.Contains(string(files[0].text), "replace") {
		t.Errorf("without a checkout: %v, %v", files, err)
	}
	ours, err := os.ReadFile("../../go.mod")
	if err != nil || !strings.Contains(string(ours), "\ngo "+goVersion()+"\n") {
		t.Errorf("go %s is not what limpid's go.mod asks for", goVersion())
	}
	for dir, want := range map[string]string{"/a/b": "/a/b", "/a b/(c)": `"/a b/(c)"`, `/a"b`: `"/a\"b"`} {
		if got := quoteMod(dir); got != want {
			t.Errorf("%q: %s, want %s", dir, got, want)
		}
	}
}
