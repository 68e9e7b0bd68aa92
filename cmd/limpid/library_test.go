package main

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/book"
	"github.com/limpid-ml/limpid/run"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// plainConfig is the configuration of a recipe for tests.
type plainConfig struct{ recipe.Common }

// example returns an example of two numbers and a label.
func example(a, b float32, label int32) data.Example {
	return data.Example{X: tensor.Of([]float32{a, b}, 2), Y: tensor.Of([]int32{label}).Reshape()}
}

// examples are a dataset.
type examples []data.Example

func (e examples) Len() int                       { return len(e) }
func (e examples) At(i int) (data.Example, error) { return e[i], nil }

// plainRecipe trains a small network on all, of two classes.
func plainRecipe(name string, all examples, model nn.Layer) *recipe.Recipe {
	return &recipe.Recipe{Name: name,
		New: func(bool) recipe.Config {
			return &plainConfig{recipe.Common{Epochs: 2, Batch: 2, LR: 0.01, Optimizer: "adam", Schedule: "constant"}}
		},
		Open: func(c recipe.Config) (*recipe.Task, error) {
			net, err := nn.Build(model, nn.Input(2))
			if err != nil {
				return nil, err
			}
			s := c.Shared()
			t := &recipe.Task{Net: net, Test: examples{example(0, 1, 1)}, Classes: []string{"no", "yes"}}
			t.Fit = train.Config{Data: all, Batch: s.Batch, Epochs: s.Epochs, Loss: loss.CrossEntropy, Optimizer: s.Rule()}
			return t, nil
		},
	}
}

// withRecipe has the command know one more recipe while a test runs.
func withRecipe(t *testing.T, r *recipe.Recipe) {
	t.Helper()
	old := book.Recipes
	book.Recipes = append(slices.Clone(old), r)
	t.Cleanup(func() { book.Recipes = old })
}

func two() nn.Layer { return &nn.Sequential{&nn.Linear{Out: 3, Act: nn.ReLU}, &nn.Linear{Out: 2}} }

// TestMistakesInData trains recipes whose data or network are wrong.
func TestMistakesInData(t *testing.T) {
	fine := examples{example(1, 0, 0), example(0, 1, 1), example(1, 1, 1), example(0, 0, 0)}
	nan := float32(math.NaN())
	for _, tt := range []struct {
		name  string
		all   examples
		model nn.Layer
		want  []string
	}{
		{"label out of range", append(fine[:3:3], example(1, 2, 7)), two(), []string{"example 3", "label 7", "0 to 1"}},
		{"label below 0", append(fine[:1:1], example(1, 2, -1)), two(), []string{"example 1", "label -1", "0 to 1"}},
		{"no examples", nil, two(), []string{"empty"}},
		{"an input that is no number", append(fine[:2:2], example(nan, 2, 1)), two(), []string{"example 2", "not finite", "X"}},
		{"examples of several shapes", append(fine[:2:2], data.Example{X: tensor.Of([]float32{1, 2, 3}, 3), Y: tensor.Of([]int32{1}).Reshape()}), two(), []string{"[3]", "[2]"}},
		{"input of another shape", examples{{X: tensor.Of([]float32{1, 2, 3}, 3), Y: tensor.Of([]int32{1}).Reshape()}}, two(), []string{"Linear", "3", "2"}},
		{"a layer that does not fit", fine, &nn.Sequential{&nn.Conv2D{Out: 3, Kernel: 3}}, []string{"0 (nn.Conv2D)", "[N, H, W, C]", "[2 2]"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			withRecipe(t, plainRecipe("odd", tt.all, tt.model))
			c, out, errs := call(t.Context(), "train", "odd", "--runs-dir", filepath.Join(t.TempDir(), "runs"))
			(&mistake{code: codeInput, want: tt.want}).check(t, c, out, errs[strings.LastIndex(errs, "limpid: "):])
		})
	}
}

// TestDamage resumes a run whose newest checkpoint or log is broken: it warns,
// and comes to the same weights.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	if c, _, errs := call(t.Context(), append([]string{"train", "--runs-dir", dir, "--set=checkpoint=1"}, tiny...)...); c != codeOK {
		t.Fatal(errs)
	}
	runs, _ := filepath.Glob(filepath.Join(dir, "*-start"))
	base := &world{T: t, dir: filepath.Dir(dir), runs: dir, run: runs[0]}
	base.dir = dir
	base.replace("run.json", `"state": "finished"`, `"state": "stopped"`)
	want := string(base.read(filepath.Join(base.run, weightsFile)))
	flip := func(b []byte) []byte { b[len(b)-5] ^= 1; return b }
	cut := func(b []byte) []byte { return b[:len(b)/2] }
	newest := "checkpoints/step-000000002.safetensors"
	for _, tt := range []struct {
		name, file string
		change     func([]byte) []byte
		warns      []string
	}{
		{"nothing", newest, func(b []byte) []byte { return b }, nil},
		{"cut off", newest, cut, []string{"step-000000002", "damaged", "from the checkpoint of step 1"}},
		{"a flipped bit", newest, flip, []string{"step-000000002", "SHA-256", "from the checkpoint of step 1"}},
		{"half a log", run.EventsFile, cut, []string{"events.jsonl is damaged or too short"}},
		{"a log that is a text", run.EventsFile, func([]byte) []byte { return []byte("words\n") }, []string{"events.jsonl is damaged or too short"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := &world{T: t, dir: t.TempDir()}
			if err := os.CopyFS(w.dir, os.DirFS(base.dir)); err != nil {
				t.Fatal(err)
			}
			w.run = filepath.Join(w.dir, filepath.Base(base.run))
			w.damage(tt.file, tt.change)
			c, _, errs := call(t.Context(), "resume", w.run)
			if c != codeOK || string(w.read(filepath.Join(w.run, weightsFile))) != want {
				t.Errorf("exit %d, or other weights: %s", c, errs)
			}
			mustSay(t, errs, tt.warns...)
			if warned := strings.Contains(errs, "warning: "); warned != (tt.warns != nil) || strings.Contains(errs, "fix:") {
				t.Errorf("says\n%s", errs)
			}
		})
	}
}

// TestOtherKernels resumes a run that other kernels began.
func TestOtherKernels(t *testing.T) {
	w := newWorld(t)
	w.replace("run.json", `"state": "finished"`, `"state": "stopped"`)
	w.replace("run.json", `"kernels": "`, `"kernels": "abacus`)
	w.damage("run.json", func(b []byte) []byte { // the environment's, after the result's
		return []byte(strings.Replace(string(b), `  "kernels": "`, `  "kernels": "abacus-`, -1))
	})
	c, _, errs := call(t.Context(), "resume", w.run)
	if c != codeOK {
		t.Errorf("exit %d", c)
	}
	mustSay(t, errs, "warning", "abacus", "last bits")
}
