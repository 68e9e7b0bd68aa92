package recipe

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/format/yamltree"
)

type yamlConfig struct {
	Common
	Width int     `json:"width" help:"units: so many" min:"1" max:"64"`
	Rate  float64 `json:"rate" help:"share # of" min:"0" max:"0.9"`
	Flip  bool    `json:"flip" help:"mirror"`
	Word  string  `json:"word" help:"a word"`
}

func yamlDefaults() *yamlConfig {
	return &yamlConfig{Common: Common{Seed: 1<<64 - 1, Epochs: 3, Batch: 8, LR: 1e-5, Optimizer: "adam", Schedule: "constant"}, Width: 4, Rate: .25, Word: "it's: a #word"}
}

func parseYAML(t *testing.T, text string) *yamltree.Node {
	t.Helper()
	n, err := yamltree.Parse("f.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestConfigure(t *testing.T) {
	c := yamlDefaults()
	if err := Configure(c, parseYAML(t, "recipe: r\nlr: 2e-3\nwidth: 16\nflip: true\nword: 'x y'\ndata: /a b\n"), "recipe"); err != nil {
		t.Fatal(err)
	}
	want := yamlDefaults()
	want.LR, want.Width, want.Flip, want.Word, want.Data = 2e-3, 16, true, "x y", "/a b"
	if !reflect.DeepEqual(c, want) {
		t.Errorf("%+v", c)
	}
}

// Every fault is told at once, with its line, and the configuration keeps what
// was right.
func TestConfigureTellsEveryFault(t *testing.T) {
	c := yamlDefaults()
	err := Configure(c, parseYAML(t, "recipee: r\nwidht: 3\nwidth: 65\nlr: fast\nflip: perhaps\nepochs: [1]\nrate: .nan\noptimizer: {sgd: 1}\nbatch: 2.5\nzzzzzzzzzzz: 1\nseed: -1\nclip: 1e999\nmomentum:\nbatch2: 3\n"), "recipe")
	if err == nil {
		t.Fatal("no fault")
	}
	for _, want := range []string{
		`f.yaml:1: there is no setting "recipee": did you mean recipe?`, `f.yaml:2: there is no setting "widht": did you mean width?`,
		`f.yaml:3: setting width is "65"; it takes a whole number from 1 to 64`, `f.yaml:4: setting lr is "fast"`, `f.yaml:5: setting flip is "perhaps"; it takes true or false`,
		"f.yaml:6: setting epochs is a list; it takes a single value", `f.yaml:7: setting rate is ".nan"`, "f.yaml:8: setting optimizer is keys with values",
		`f.yaml:9: setting batch is "2.5"; it takes a whole number`, `f.yaml:10: there is no setting "zzzzzzzzzzz"`, "f.yaml:11: setting seed", "f.yaml:12: setting clip", "f.yaml:13: setting momentum", `did you mean batch?`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("does not say %q:\n%v", want, err)
		}
	}
	if !reflect.DeepEqual(c, yamlDefaults()) {
		t.Errorf("changed: %+v", c)
	}
	var e *yamltree.Error
	if !errors.As(err, &e) || e.Fix == "" {
		t.Errorf("no fix in %v", err)
	}
	if err := Configure(c, parseYAML(t, "a: [1]").Get("a")); err == nil || !strings.Contains(err.Error(), "a list") {
		t.Errorf("%v", err)
	}
}

// What YAML writes, Configure reads back as the defaults.
func TestYAMLComesBack(t *testing.T) {
	r := &Recipe{Name: "r", Short: "a recipe: short", New: func(full bool) Config {
		c := yamlDefaults()
		if full {
			c.Epochs = 7
		}
		return c
	}}
	for _, full := range []bool{false, true} {
		text := YAML(r, full)
		c := &yamlConfig{}
		if err := Configure(c, parseYAML(t, text), "recipe"); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if !reflect.DeepEqual(c, r.New(full)) {
			t.Errorf("%+v\n%s", c, text)
		}
		for _, s := range Settings(c) {
			if !strings.Contains(text, "\n"+s.Key+": ") || !strings.Contains(text, "# "+s.Help) {
				t.Errorf("%s is not explained:\n%s", s.Key, text)
			}
		}
	}
}

func TestQuoteYAML(t *testing.T) {
	for s, want := range map[string]string{"": "''", "adam": "adam", "one-cycle": "one-cycle", "-x": "'-x'", "1": "'1'", "it's": "'it''s'", "true": "'true'", "a: b": "'a: b'"} {
		if got := quoteYAML(s); got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
		if got := parseYAML(t, "k: "+want).Get("k").Text; got != s {
			t.Errorf("%q came back as %q", s, got)
		}
	}
}
