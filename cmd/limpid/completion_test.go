package main

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/book"
)

// TestCompletionScriptsLoad has the shells that are here parse their scripts.
func TestCompletionScriptsLoad(t *testing.T) {
	for shell, check := range map[string][]string{
		"bash": {"bash", "-n"}, "zsh": {"zsh", "-n"}, "fish": {"fish", "--no-execute"},
		"powershell": {"pwsh", "-NoProfile", "-Command", "[scriptblock]::Create([Console]::In.ReadToEnd()) | Out-Null"},
	} {
		c, script, errs := call(t.Context(), "completion", shell)
		if c != codeOK || errs != "" || !strings.Contains(script, "limpid") {
			t.Errorf("%s: exit %d: %s", shell, c, errs)
		}
		if _, err := exec.LookPath(check[0]); err != nil {
			t.Logf("%s is not here", shell)
			continue
		}
		cmd := exec.Command(check[0], check[1:]...)
		cmd.Stdin = strings.NewReader(script)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s does not load its script: %v\n%s", shell, err, out)
		}
	}
}

// complete asks what may stand in the place of the last word.
func complete(t *testing.T, args ...string) []string {
	t.Helper()
	c, out, errs := call(t.Context(), append([]string{"__complete"}, args...)...)
	if c != codeOK {
		t.Fatalf("%q: exit %d: %s", args, c, errs)
	}
	var words []string
	for l := range strings.Lines(out) {
		if word, _, _ := strings.Cut(strings.TrimSpace(l), "\t"); word != "" && word[0] != ':' {
			words = append(words, word)
		}
	}
	return words
}

func TestCompletes(t *testing.T) {
	w := lookAt(t)
	name := filepath.Base(w.run)
	dir := "--runs-dir=" + w.runs
	var keys, recipes []string
	for _, s := range recipe.Settings(book.Recipes[0].New(false)) {
		keys = append(keys, s.Key+"=")
	}
	for _, r := range book.Recipes {
		recipes = append(recipes, r.Name)
	}
	for _, tt := range []struct {
		args []string
		want []string
	}{
		{[]string{"train", ""}, recipes},
		{[]string{"train", "fashion", "--set", ""}, keys},
		{[]string{"train", "--set", "wid"}, []string{"width="}},
		{[]string{"resume", dir, ""}, []string{"latest", name}},
		{[]string{"eval", dir, "la"}, []string{"latest"}},
		{[]string{"inspect", dir, name[:3]}, []string{name}},
		{[]string{"inspect", dir, name, ""}, nil},
		{[]string{"predict", dir, ""}, []string{"latest", name}},
		{[]string{"predict", dir, name, ""}, nil}, // files: the shell's
		{[]string{"completion", ""}, shells},
		{[]string{"help", "pre"}, []string{"predict"}},
		{[]string{"help", "train", ""}, nil},
		{[]string{"vers"}, []string{"version"}},
		{[]string{"runs", "--js"}, []string{"--json"}},
	} {
		got := complete(t, tt.args...)
		got = slices.DeleteFunc(got, func(s string) bool { return len(tt.args) > 0 && !strings.HasPrefix(s, tt.args[len(tt.args)-1]) })
		slices.Sort(got)
		want := slices.Sorted(slices.Values(tt.want))
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", tt.args, got, want)
		}
	}
}

// TestCompletesNoRunsOfAMissingFolder, and says nothing about it.
func TestCompletesNoRunsOfAMissingFolder(t *testing.T) {
	if got := complete(t, "resume", "--runs-dir=/no/such", ""); !slices.Equal(got, []string{"latest"}) {
		t.Errorf("got %q", got)
	}
}
