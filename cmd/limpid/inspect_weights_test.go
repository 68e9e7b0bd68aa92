package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/format/safetensors"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/book"
	"github.com/limpid-ml/limpid/tensor"
)

func encodePNG(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestInspectMeasuresTheFile computes inspect's numbers once more, from the
// file of weights and in other ways.
func TestInspectMeasuresTheFile(t *testing.T) {
	w := lookAt(t)
	c, out, errs := call(t.Context(), "inspect", w.run, "--json")
	if c != codeOK {
		t.Fatalf("exit %d: %s", c, errs)
	}
	var a inspectAnswer
	if err := json.Unmarshal([]byte(out), &a); err != nil {
		t.Fatal(err)
	}
	weights, _, err := safetensors.ReadFile(w.run + "/weights.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Values) != len(weights) {
		t.Errorf("%d values are shown, %d are in the file", len(a.Values), len(weights))
	}
	parameters := 0
	for _, h := range a.Values {
		x, found := weights[h.Name]
		if !found {
			t.Errorf("%s is not in the file", h.Name)
			continue
		}
		values := tensor.Data[float64](x.To(tensor.Float64))
		if !strings.Contains(h.Name, "running_") {
			parameters += len(values)
		}
		checkHolding(t, h, values)
	}
	if a.Result == nil || a.Result.Parameters != parameters {
		t.Errorf("the file holds %d parameters, the result says %+v", parameters, a.Result)
	}
}

// checkHolding holds h against values sorted.
func checkHolding(t *testing.T, h holding, values []float64) {
	t.Helper()
	slices.Sort(values)
	n := float64(len(values))
	var sum, squares float64
	for _, v := range values {
		sum += v
		squares += v * v
	}
	std := math.Sqrt(max(0, squares/n-sum/n*sum/n))
	near := func(got, want float64) bool { return math.Abs(got-want) <= 1e-6*(1+math.Abs(want)) }
	if !near(h.Mean, sum/n) || !near(h.Std, std) || h.Min != values[0] || h.Max != values[len(values)-1] {
		t.Errorf("%s: got %+v, want mean %g, deviation %g, from %g to %g", h.Name, h, sum/n, std, values[0], values[len(values)-1])
	}
	size := 1
	for _, d := range h.Shape {
		size *= d
	}
	counted := 0
	for i, count := range h.Histogram {
		counted += count
		if h.Max == h.Min {
			continue
		}
		lo := h.Min + (h.Max-h.Min)*float64(i)/bins
		at, _ := slices.BinarySearch(values, lo)
		before := 0
		for _, c := range h.Histogram[:i] {
			before += c
		}
		if d := at - before; d < -1 || d > 1 { // a value on a bin's very edge may fall to either side
			t.Errorf("%s: %d values are below bin %d, want %d", h.Name, before, i, at)
		}
	}
	if size != len(values) || counted != len(values) || h.NotFinite != 0 {
		t.Errorf("%s: shape %v, %d in the histogram, want %d values", h.Name, h.Shape, counted, len(values))
	}
}

// TestInspectShowsEverySetting with the value that the run had.
func TestInspectShowsEverySetting(t *testing.T) {
	w := lookAt(t)
	c, out, errs := call(t.Context(), "inspect", w.run)
	if c != codeOK {
		t.Fatalf("exit %d: %s", c, errs)
	}
	_, after, _ := strings.Cut(out, "\nsettings\n")
	shown := map[string]string{}
	for l := range strings.Lines(after) {
		if f := strings.Fields(l); len(f) > 0 {
			shown[f[0]] = strings.Join(f[1:], " ")
		}
	}
	cfg := book.Recipes[0].New(false)
	for _, s := range tiny {
		key, value, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(s, "--set="), "--"), "=")
		if err := recipe.Set(cfg, key, value); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range recipe.Settings(cfg) {
		if got, there := shown[s.Key]; !there || got != s.Value {
			t.Errorf("%s is %q (shown: %v), want %q", s.Key, got, there, s.Value)
		}
	}
}

// TestInspectCountsWhatIsNoNumber in weights that went wrong, of which nobody
// else gets an answer.
func TestInspectCountsWhatIsNoNumber(t *testing.T) {
	w := lookAt(t).copy(t)
	w.spoil(float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)))
	c, out, errs := call(t.Context(), "inspect", w.run)
	if c != codeOK || !strings.Contains(out, "3 values not finite") {
		t.Errorf("exit %d: %s\n%s", c, errs, out)
	}
	c, out, _ = call(t.Context(), "inspect", w.run, "--json")
	if c != codeOK || !strings.Contains(out, `"not_finite": 3`) {
		t.Errorf("--json: exit %d\n%s", c, out)
	}
	oneDocument(t, out)
	for _, args := range [][]string{{"predict", w.run, w.file("a.png", pngOf(30, 30))}, {"eval", w.run}} {
		c, out, errs := call(t.Context(), args...)
		if c != codeRun || out != "" || strings.Contains(errs, "bug") {
			t.Errorf("%v: exit %d\n%s%s", args, c, out, errs)
		}
		mustSay(t, errs, "3 of the numbers in classes.bias are not finite", "fix:", "train again")
	}
}

// spoil puts numbers into the bias of the last layer, in the file and, so that
// the file is the run's own, in the record.
func (w *world) spoil(numbers ...float32) {
	w.Helper()
	all, meta, err := safetensors.ReadFile(filepath.Join(w.run, weightsFile))
	if err != nil {
		w.Fatal(err)
	}
	name := "classes.bias"
	values := slices.Clone(tensor.Data[float32](all[name]))
	copy(values[1:], numbers)
	all[name] = tensor.Of(values, len(values))
	var b bytes.Buffer
	if err := safetensors.Write(&b, all, meta); err != nil {
		w.Fatal(err)
	}
	sum := func(text []byte) string { return fmt.Sprintf("%x", sha256.Sum256(text)) }
	w.replace("run.json", sum(w.read(filepath.Join(w.run, weightsFile))), sum(b.Bytes()))
	w.damage(weightsFile, func([]byte) []byte { return b.Bytes() })
}

// TestABarOfNoNumber is empty.
func TestABarOfNoNumber(t *testing.T) {
	for share, want := range map[float64]string{math.NaN(): "    ", math.Inf(1): "████", math.Inf(-1): "    ", .5: "██  "} {
		if got := bar(share, 4); got != want {
			t.Errorf("%g is drawn as %q, want %q", share, got, want)
		}
	}
}
