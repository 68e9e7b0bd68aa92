package book

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
)

// A name with one slip in it leads back to the recipe, and one that is like
// none leads nowhere.
func TestFindWithASlip(t *testing.T) {
	for word, want := range map[string]string{
		"strat": "start", "Start": "start", "stat": "start", "fashoin": "fashion", "fashions": "fashion", "fashion_mlp": "fashion-mlp",
		"fashionmlp": "fashion-mlp", "back-prop": "backprop", "bakprop": "backprop", "BACKPROP": "backprop", "backpropagation": "backprop",
		"zzzzzzzz": "", "reinforcement-of-what": "",
	} {
		if found, near := Find(word); found != nil || near != want {
			t.Errorf("%q: found %v, near %q, want %q", word, found != nil, near, want)
		}
	}
}

// Names are words for a shell: nothing to quote, and none is a prefix by which
// one would get another's folder of runs.
func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Recipes {
		if seen[r.Name] || strings.Trim(r.Name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.HasPrefix(r.Name, "-") {
			t.Errorf("name %q is there twice, or is none to type", r.Name)
		}
		seen[r.Name] = true
		for what, text := range map[string]string{"short": r.Short, "data": r.Data, "time": r.Time} {
			if text != strings.TrimSpace(text) || strings.HasSuffix(text, ".") || strings.Contains(text, "\n") || len([]rune(text)) > 90 {
				t.Errorf("%s: %s %q does not fit in a line of a table", r.Name, what, text)
			}
		}
	}
	if Recipes[0].Name != "start" {
		t.Errorf("limpid train trains %s", Recipes[0].Name)
	}
}

// New makes settings of one's own: to change them changes no other's.
func TestNewSettingsAreOnesOwn(t *testing.T) {
	for _, r := range Recipes {
		a, b := r.New(false), r.New(false)
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s: defaults differ: %+v, %+v", r.Name, a, b)
		}
		a.Shared().Epochs += 7
		a.Shared().Data = "elsewhere"
		if !reflect.DeepEqual(b, r.New(false)) {
			t.Errorf("%s: one's settings changed another's", r.Name)
		}
	}
}

// other returns a value that the setting takes and does not have.
func other(s recipe.Setting, try func(value string) error) (string, bool) {
	all := append([]string{"true", "false"}, strings.FieldsFunc(s.Want, func(r rune) bool { return r == ' ' || r == ',' })...) // of words, those to choose from
	all = append(all, "x")
	if v, err := strconv.ParseFloat(s.Value, 64); err == nil {
		all = append(all, fmt.Sprint(v+1), fmt.Sprint(v/2), fmt.Sprint(int(v)/2), "0.25")
	}
	for _, v := range all {
		if v != s.Value && try(v) == nil {
			return v, true
		}
	}
	return "", false
}

// Each key of each recipe can be set to something else, comes back from JSON
// so, and refuses what it does not take; of those but for seed, data and
// checkpoints, none leaves the goals as they are.
func TestEverySettingOfEveryRecipe(t *testing.T) {
	for _, r := range Recipes {
		for _, s := range recipe.Settings(r.New(false)) {
			cfg := r.New(false)
			value, ok := other(s, func(v string) error { return recipe.Set(cfg, s.Key, v) })
			if !ok {
				t.Errorf("%s: nothing to set %s to but %q (it takes %s)", r.Name, s.Key, s.Value, s.Want)
				continue
			}
			text, err := json.Marshal(cfg)
			if err != nil {
				t.Fatal(err)
			}
			back := r.New(true)
			if err := recipe.Decode(text, back); err != nil || !reflect.DeepEqual(back, cfg) {
				t.Errorf("%s: %s=%s comes back as %+v: %v", r.Name, s.Key, value, back, err)
			}
			keeps := s.Key == "seed" || s.Key == "checkpoint"
			if got := len(r.Targets(cfg)) > 0; got != keeps && s.Key != "data" {
				t.Errorf("%s: with %s=%s it has goals: %v", r.Name, s.Key, value, got)
			}
			for _, bad := range []string{"\x00?", "-0.5x"} {
				var e *recipe.SettingError
				if err := recipe.Set(cfg, s.Key, bad); s.Want != "text" && (!errors.As(err, &e) || e.Key != s.Key || e.Want == "") {
					t.Errorf("%s: %s=%q: %v", r.Name, s.Key, bad, err)
				}
			}
		}
	}
}

// A misspelt key leads to the right one, in every recipe.
func TestMisspeltKeys(t *testing.T) {
	for _, r := range Recipes {
		for _, s := range recipe.Settings(r.New(false)) {
			if len(s.Key) < 5 {
				continue
			}
			var e *recipe.SettingError
			if err := recipe.Set(r.New(false), s.Key+"s", "1"); !errors.As(err, &e) || e.Near != s.Key || !slices.Contains(e.Known, s.Key) {
				t.Errorf("%s: %ss leads to %q", r.Name, s.Key, e.Near)
			}
		}
	}
}

// params counts the numbers that a network learns.
func params(task *recipe.Task) (n int) {
	for _, p := range task.Net.Params() {
		n += p.Value().Len()
	}
	return n
}

// quick opens a recipe with its quick settings and some more.
func quick(t *testing.T, name string, more ...string) (*recipe.Task, recipe.Config) {
	t.Helper()
	r, _ := Find(name)
	cfg := r.New(false)
	for _, kv := range append(slices.Clone(r.Quick), more...) {
		key, value, _ := strings.Cut(kv, "=")
		if err := recipe.Set(cfg, key, value); err != nil {
			t.Fatal(err)
		}
	}
	task, err := r.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return task, cfg
}

// The networks have the sizes that their settings say, worked out by hand.
func TestParameterCounts(t *testing.T) {
	conv := func(w int) int { return 9*(w+2*w*w+8*w*w) + 2*7*w + 9*4*w*10 + 10 }
	// weights and biases of each layer; scale and shift of each unit. A bias
	// ahead of a normalisation is left out.
	mlp := func(w int) int { return 784*w + 2*w + w*(w/2) + w + (w/2)*10 + 10 }
	for _, tt := range []struct {
		name string
		want func(w int) int
	}{{"start", conv}, {"fashion", conv}, {"fashion-mlp", mlp}} {
		for _, w := range []int{4, 10} {
			task, _ := quick(t, tt.name, fmt.Sprint("width=", w))
			if got := params(task); got != tt.want(w) {
				t.Errorf("%s of width %d: %d parameters, want %d", tt.name, w, got, tt.want(w))
			}
		}
	}
	if task, _ := quick(t, "fashion-mlp", "width=1"); params(task) == 0 {
		t.Error("fashion-mlp of width 1 has no parameters")
	}
}

// What each classifier answers has a name for each class, its data fit its
// network, and an example of each split is of the form that the network takes.
func TestTasksFitTogether(t *testing.T) {
	for _, r := range Recipes {
		task, cfg := quick(t, r.Name)
		if task.Classes == nil {
			continue // it answers with something else than a class
		}
		if task.Steps() <= 0 || len(task.Classes) < 2 {
			t.Errorf("%s: %d steps, classes %q", r.Name, task.Steps(), task.Classes)
		}
		for name, set := range map[string]interface{ Len() int }{"training": task.Fit.Data, "validation": task.Fit.Validate, "test": task.Test} {
			if set == nil || set.Len() == 0 {
				t.Errorf("%s: nothing for %s", r.Name, name)
			}
		}
		e, err := task.Test.At(0)
		if err != nil {
			t.Fatal(err)
		}
		y, err := task.Net.Predict(e.X.Reshape(append([]int{1}, e.X.Shape()...)...))
		if err != nil || y.Dim(-1) != len(task.Classes) {
			t.Errorf("%s: scores %v for %d classes: %v", r.Name, y.Shape(), len(task.Classes), err)
		}
		if label := int(e.Y.Item()); label < 0 || label >= len(task.Classes) {
			t.Errorf("%s: label %d", r.Name, label)
		}
		if task.Fit.Seed != cfg.Shared().Seed {
			t.Errorf("%s: seed %d, want %d", r.Name, task.Fit.Seed, cfg.Shared().Seed)
		}
	}
}

// Training and validation pass; only training changes its pictures. fashion
// covers, moves and mirrors; start and fashion-mlp mirror.
func TestWhatIsDoneToPictures(t *testing.T) {
	for name, want := range map[string]string{"start": "flip", "fashion": "flip shift erase", "fashion-mlp": "flip", "backprop": ""} {
		r, _ := Find(name)
		var does []string
		for _, s := range recipe.Settings(r.New(false)) {
			if slices.Contains([]string{"flip", "shift", "erase", "mixup"}, s.Key) && s.Value != "0" && s.Value != "false" {
				does = append(does, s.Key)
			}
		}
		if got := strings.Join(does, " "); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
		task, _ := quick(t, name)
		if (task.Fit.Transform != nil) != (want != "") {
			t.Errorf("%s: transform %v", name, task.Fit.Transform != nil)
		}
	}
}

// The scores of the same network on the same picture are the same from one
// opening to the next, and others from another seed.
func TestOpeningIsDeterministic(t *testing.T) {
	answer := func(name, seed string) []float32 {
		task, _ := quick(t, name, "seed="+seed)
		e, err := task.Test.At(1)
		if err != nil {
			t.Fatal(err)
		}
		y, err := task.Net.Predict(e.X.Reshape(append([]int{1}, e.X.Shape()...)...))
		if err != nil {
			t.Fatal(err)
		}
		return slices.Clone(tensor.Data[float32](y))
	}
	for _, name := range []string{"start", "fashion-mlp"} {
		if a, b := answer(name, "5"), answer(name, "5"); !slices.Equal(a, b) {
			t.Errorf("%s: %v, then %v", name, a, b)
		}
		if slices.Equal(answer(name, "5"), answer(name, "6")) {
			t.Errorf("%s: two seeds give the same answer", name)
		}
	}
}
