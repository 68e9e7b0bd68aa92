package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/book"
)

// settingOf returns a setting's value.
func settingOf(t *testing.T, cfg recipe.Config, key string) string {
	t.Helper()
	for _, s := range recipe.Settings(cfg) {
		if s.Key == key {
			return s.Value
		}
	}
	t.Fatalf("there is no setting %s", key)
	return ""
}

// A setting is the default, changed by --quick, by the file, by --set, by the
// short flag, in this order.
func TestPrecedence(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "f.yaml")
	if err := os.WriteFile(file, []byte("recipe: start\nepochs: 4\nbatch: 7\nseed: 9\nlr: 0.5\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		o    trainOptions
		want map[string]string
	}{
		"defaults":       {trainOptions{recipe: "start"}, map[string]string{"epochs": "8", "batch": "64", "seed": "1"}},
		"quick":          {trainOptions{recipe: "start", quick: true}, map[string]string{"epochs": "2", "batch": "32", "width": "8"}},
		"file":           {trainOptions{recipe: file}, map[string]string{"epochs": "4", "batch": "7", "seed": "9", "lr": "0.5", "width": "24"}},
		"config":         {trainOptions{recipe: "start", config: file}, map[string]string{"epochs": "4", "batch": "7", "width": "24"}},
		"quick and file": {trainOptions{recipe: file, quick: true}, map[string]string{"epochs": "4", "batch": "7", "width": "8"}},
		"set":            {trainOptions{recipe: file, set: []string{"batch=3", "lr=0.25"}}, map[string]string{"epochs": "4", "batch": "3", "lr": "0.25"}},
		"short":          {trainOptions{recipe: file, set: []string{"seed=2"}, seed: "3", epochs: "6"}, map[string]string{"seed": "3", "epochs": "6"}},
	} {
		r, cfg, err := c.o.wanted()
		if err != nil || r != book.Recipes[0] {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for key, want := range c.want {
			if got := settingOf(t, cfg, key); got != want {
				t.Errorf("%s: %s is %s, want %s", name, key, got, want)
			}
		}
	}
}

// A folder in a file is taken from where the file stands, one on the command
// line from here; either chooses the defaults for the full data.
func TestDataOfAFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "f.yaml")
	if err := os.WriteFile(file, []byte("recipe: start\ndata: mine\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs("elsewhere")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		o            trainOptions
		data, epochs string
	}{
		"file": {trainOptions{recipe: file}, filepath.Join(dir, "mine"), "12"},
		"flag": {trainOptions{recipe: file, data: "elsewhere"}, here, "12"},
		"none": {trainOptions{recipe: "start"}, "", "8"},
	} {
		_, cfg, err := c.o.wanted()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := cfg.Shared().Data; got != c.data || settingOf(t, cfg, "epochs") != c.epochs {
			t.Errorf("%s: data %q, epochs %s; want %q, %s", name, got, settingOf(t, cfg, "epochs"), c.data, c.epochs)
		}
	}
}

// What every recipe writes as YAML, it takes back as its defaults.
func TestEveryRecipesYAML(t *testing.T) {
	dir := t.TempDir()
	for _, r := range book.Recipes {
		for _, more := range [][]string{nil, {"--full"}} {
			c, out, errs := call(t.Context(), append([]string{"recipes", r.Name, "--yaml"}, more...)...)
			if c != codeOK {
				t.Fatalf("%s: exit %d: %s", r.Name, c, errs)
			}
			file := filepath.Join(dir, r.Name+".yaml")
			if err := os.WriteFile(file, []byte(out), 0o666); err != nil {
				t.Fatal(err)
			}
			found, cfg, err := (&trainOptions{recipe: file}).wanted()
			if err != nil || found != r {
				t.Errorf("%s: %v\n%s", r.Name, err, out)
				continue
			}
			if same, err := sameSettings(cfg, r.New(more != nil)); err != nil || !same {
				t.Errorf("%s: its file is not its defaults: %+v\n%s", r.Name, cfg, out)
			}
		}
	}
}

func TestIsYAML(t *testing.T) {
	for name, want := range map[string]bool{"a.yaml": true, "b/c.YML": true, "start": false, "yaml": false, ".yaml": true, "a.yaml.txt": false} {
		if isYAML(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}

// Whatever names of layers, lists hold what recipes --layers says of them.
func TestLayersThatAreListedCanBeNamed(t *testing.T) {
	c, out, errs := call(t.Context(), "recipes", "--layers")
	if c != codeOK {
		t.Fatalf("exit %d: %s", c, errs)
	}
	for _, want := range []string{"linear: OUT", "conv2d ", "residual ", "{body, skip, act, drop}", "repeat", "lstm: HIDDEN", "leakyrelu: SLOPE", "resnet: DEPTH", "{hidden, layers, bidirectional"} {
		if !strings.Contains(out, want) {
			t.Errorf("the list lacks %q:\n%s", want, out)
		}
	}
}

// The network that README.md shows trains.
func TestReadmeNetwork(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "<!-- net.yaml: a test trains it -->\n```yaml\n")
	list, _, end := strings.Cut(rest, "```\n")
	if !ok || !end {
		t.Fatal("README.md has no net.yaml")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "net.yaml")
	if err := os.WriteFile(file, []byte(list), 0o666); err != nil {
		t.Fatal(err)
	}
	c, out, errs := call(t.Context(), "train", file, "--epochs", "1", "--set", "examples=200", "--runs-dir", filepath.Join(dir, "runs"), "--json")
	if c != codeOK || !strings.Contains(out, `"recipe": "net"`) {
		t.Errorf("exit %d: %s%s", c, out, errs)
	}
}
