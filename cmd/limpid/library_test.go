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

// TestDamagedCheckpoint resumes a run whose newest checkpoint is broken, then
// does what the message says.
func TestDamagedCheckpoint(t *testing.T) {
	w := newWorld(t)
	w.replace("run.json", `"state": "finished"`, `"state": "stopped"`)
	files, _ := filepath.Glob(filepath.Join(w.run, "checkpoints", "*"))
	if len(files) == 0 {
		t.Fatal("no checkpoints")
	}
	newest := files[len(files)-1]
	for name, change := range map[string]func([]byte) []byte{
		"cut off": func(b []byte) []byte { return b[:len(b)/2] },
		"empty":   func([]byte) []byte { return nil },
		"a text":  func([]byte) []byte { return []byte("this is no checkpoint, but a text of some length") },
	} {
		t.Run(name, func(t *testing.T) {
			whole := w.read(newest)
			defer w.file(strings.TrimPrefix(newest, w.dir), whole)
			if err := os.WriteFile(newest, change(whole), 0o666); err != nil {
				t.Fatal(err)
			}
			c, out, errs := call(t.Context(), "resume", w.run)
			(&mistake{code: codeRun, want: []string{filepath.Base(newest), "remove it"}}).check(t, c, out, errs[strings.LastIndex(errs, "limpid: "):])
			if err := os.Remove(newest); err != nil {
				t.Fatal(err)
			}
			if c, _, errs := call(t.Context(), "resume", w.run); c != codeOK {
				t.Errorf("without it: exit %d: %s", c, errs)
			}
		})
		w.replace("run.json", `"state": "finished"`, `"state": "stopped"`)
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
