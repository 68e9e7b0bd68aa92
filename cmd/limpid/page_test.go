package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/book"
)

// pictureData is a picture's bytes as text.
var pictureData = regexp.MustCompile(`data:image/png;base64,[^"]*`)

// Every recipe's quick run works, leaves a report, and is not held to what the
// whole run must reach.
func TestQuick(t *testing.T) {
	for _, r := range book.Recipes {
		t.Run(r.Name, func(t *testing.T) {
			dir := t.TempDir()
			c, out, errs := call(t.Context(), "train", r.Name, "--quick", "--json", "--runs-dir", dir)
			if c != codeOK || !strings.Contains(out, `"recipe": "`+r.Name+`"`) || strings.Contains(out, `"reached"`) {
				t.Fatalf("exit %d\n%s%s", c, out, errs)
			}
			files, _ := filepath.Glob(filepath.Join(dir, "*", reportFile))
			if len(files) != 1 {
				t.Fatalf("reports %q", files)
			}
			text, err := os.ReadFile(files[0])
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"<h1>limpid " + r.Name, "The network and its settings"} {
				if !strings.Contains(string(text), want) {
					t.Errorf("the report lacks %q", want)
				}
			}
			if !strings.Contains(string(text), "<svg") && !pictureData.Match(text) {
				t.Error("the report draws nothing")
			}
			words := pictureData.ReplaceAllString(string(text), "")          // whose letters may be any
			words, _, _ = strings.Cut(words, "The network and its settings") // whose help may speak of NaN
			if strings.Contains(words, "NaN") || strings.Contains(words, "ZgotmplZ") {
				t.Error("the report holds what is no value")
			}
			for _, verb := range []string{"eval", "inspect", "resume"} {
				if c, out, errs := call(t.Context(), verb, "latest", "--runs-dir", dir); c != codeOK {
					t.Errorf("%s: exit %d\n%s%s", verb, c, out, errs)
				}
			}
		})
	}
}

func TestRecipes(t *testing.T) {
	c, out, errs := call(t.Context(), "recipes")
	if c != codeOK {
		t.Fatalf("exit %d: %s", c, errs)
	}
	for _, r := range book.Recipes {
		mustSay(t, out, r.Name+": "+r.Short, r.Data, r.Time)
	}
	mustSay(t, out, "target  accuracy ≥ 86.0%", "accuracy ≥ 92.0% with --data")
	if c, out, _ := call(t.Context(), "recipes", "fashion"); c != codeOK || strings.Contains(out, "start:") {
		t.Errorf("one of them: exit %d\n%s", c, out)
	} else {
		mustSay(t, out, "width", "32")
	}
	if c, _, errs := call(t.Context(), "recipes", "fashon"); c != codeUsage || !strings.Contains(errs, "fashion") {
		t.Errorf("no such: exit %d, %s", c, errs)
	}
	if c, out, _ := call(t.Context(), "recipes", "--json"); c != codeOK || !strings.Contains(out, `"learns"`) || strings.Contains(out, "Settings") {
		t.Errorf("--json: exit %d\n%s", c, out)
	}
}

func TestAim(t *testing.T) {
	m := &recipe.Measured{Scores: recipe.Scores{"accuracy": 0.9, "error": 2.0}}
	one, two, none := &result{}, &result{}, &result{}
	one.aim(recipe.AtLeast("accuracy", 0.8), m)
	two.aim(append(recipe.AtLeast("accuracy", 0.8), recipe.Goal{Score: "error", Bound: 1.5, Most: true}), m)
	none.aim(nil, m)
	if one.Reference != 0.8 || !*one.Reached || len(one.Targets) != 1 {
		t.Errorf("one goal: %+v", one)
	}
	if *two.Reached || !two.Targets[0].Reached || two.Targets[1].Reached || two.Reference.(recipe.Scores)["error"] != 1.5 {
		t.Errorf("two goals: %+v", two)
	}
	if none.Reference != nil || none.Reached != nil {
		t.Errorf("no goal: %+v", none)
	}
	two.Metrics = map[string]recipe.Scores{"test": m.Scores}
	if got := two.headlines(); !slices.Equal(got, []string{"test accuracy 90.0% (reached its target of 80.0%)", "test error 2 (missed its target of 1.5)"}) {
		t.Errorf("headlines %q", got)
	}
	m.Reference = "trees"
	two.aim(recipe.AtLeast("accuracy", 0.8), m)
	if two.Reference != "trees" {
		t.Errorf("reference %v", two.Reference)
	}
}

func TestHistorySections(t *testing.T) {
	if s := (&history{losses: []float64{1}}).sections(); s != nil {
		t.Errorf("of one epoch: %v", s)
	}
	h := &history{losses: []float64{2, 1}, validation: []float64{.5, .6}, validLoss: []float64{2, 1.5}}
	if s := h.sections(); len(s) != 1 || len(s[0].Body) != 2 || !strings.Contains(string(s[0].Body[0].HTML), "validation") {
		t.Errorf("got %+v", s)
	}
}

// Where no target is set the page leads with the score that the recipe watches.
func TestFactsWithoutTargets(t *testing.T) {
	for name, want := range map[string]string{"detect": "test map50 41.0%", "start": "test accuracy 90.0%", "": "test accuracy 90.0%"} {
		r := &result{Recipe: name, Metrics: map[string]recipe.Scores{"test": {"map50": 0.41, "accuracy": 0.9, "map": 0.2}}}
		if f := r.facts()[0]; f.Name+" "+f.Value != want || f.Mood != "" {
			t.Errorf("%s: %+v, want %s", name, f, want)
		}
	}
}
