package book

import (
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/recipe"
)

// must is what the project asks of each recipe's test split: at least, but for
// the difference. It is written down here a second time, so that no bound
// moves unnoticed.
var must = []struct {
	recipe string
	full   bool
	goals  []recipe.Goal
}{
	{"start", false, recipe.AtLeast("accuracy", 0.86)},
	{"start", true, recipe.AtLeast("accuracy", 0.92)},
	{"fashion", false, recipe.AtLeast("accuracy", 0.875)},
	{"fashion", true, recipe.AtLeast("accuracy", 0.93)},
	{"fashion-mlp", false, recipe.AtLeast("accuracy", 0.83)},
	{"segment", false, []recipe.Goal{{Score: "miou", Bound: 0.65}, {Score: "iou_object", Bound: 0.92}}},
	{"table", false, []recipe.Goal{{Score: "shortfall_points", Bound: 1, Most: true}, {Score: "shortfall_error", Bound: 0.02, Most: true}}},
	{"backprop", false, []recipe.Goal{{Score: "accuracy", Bound: 0.5}, {Score: "accuracy_xor", Bound: 1}, {Score: "largest_difference", Bound: 1e-9, Most: true}}},
	{"anomaly", false, recipe.AtLeast("average_precision", 0.9)},
	{"forecast", false, []recipe.Goal{{Score: "mase", Bound: 1, Most: true}, {Score: "mase_over_holt_winters", Bound: 1.05, Most: true},
		{Score: "coverage_90", Bound: 0.85}, {Score: "coverage_90", Bound: 0.95, Most: true}, {Score: "weather_mase_over_harmonic", Bound: 1, Most: true},
		{Score: "coverage_90_weather", Bound: 0.85}, {Score: "coverage_90_weather", Bound: 0.95, Most: true}}},
	{"dates", false, []recipe.Goal{{Score: "exact", Bound: 0.99}, {Score: "exact_new", Bound: 0.90}}},
	{"ring-gan", false, []recipe.Goal{{Score: "modes", Bound: 8}, {Score: "high_quality", Bound: 0.9}}},
	{"language", false, []recipe.Goal{{Score: "accuracy_40", Bound: 0.93}, {Score: "accuracy_100", Bound: 0.975}}},
	{"prose", false, []recipe.Goal{{Score: "bits_per_character", Bound: 2.05, Most: true}}},
	{"detect", false, []recipe.Goal{{Score: "map50", Bound: 0.75}, {Score: "map", Bound: 0.48}, {Score: "ap50_any_class", Bound: 0.95}}},
	{"activations", false, []recipe.Goal{{Score: "auto_shortfall", Bound: 0, Most: true}}},
	{"regularise", false, []recipe.Goal{{Score: "gain_of_best", Bound: 0.02}, {Score: "gain_of_best_low", Bound: 0}}},
	{"commands", false, recipe.AtLeast("accuracy", 0.92)},
	{"speech", false, []recipe.Goal{{Score: "word_error_rate", Bound: 0.15, Most: true}}},
}

func TestGoalsAreThoseAskedFor(t *testing.T) {
	for _, m := range must {
		r, _ := Find(m.recipe)
		if r == nil {
			t.Errorf("there is no recipe %s", m.recipe)
			continue
		}
		cfg := r.New(m.full)
		if m.full {
			cfg.Shared().Data = "/data"
		}
		got := r.Targets(cfg)
		if len(got) != len(m.goals) {
			t.Fatalf("%s: goals %v, want %v", m.recipe, got, m.goals)
		}
		for i := range got {
			if got[i] != m.goals[i] {
				t.Errorf("%s: %v, want %v", m.recipe, got[i], m.goals[i])
			}
		}
	}
}

// Every recipe says from what and how long it learns, what it must reach, and
// what makes a quick run; that is held to nothing.
func TestRecipesSayWhatTheyTake(t *testing.T) {
	for _, r := range Recipes {
		if r.Data == "" || r.Time == "" || len(r.Quick) == 0 || len(r.Targets(r.New(false))) == 0 {
			t.Errorf("%s: data %q, time %q, quick %q, goals %v", r.Name, r.Data, r.Time, r.Quick, r.Targets(r.New(false)))
		}
		cfg := r.New(false)
		for _, kv := range r.Quick {
			key, value, _ := strings.Cut(kv, "=")
			if err := recipe.Set(cfg, key, value); err != nil {
				t.Errorf("%s: %s: %v", r.Name, kv, err)
			}
		}
		if g := r.Targets(cfg); len(g) != 0 {
			t.Errorf("%s: a quick run must reach %v", r.Name, g)
		}
	}
}
