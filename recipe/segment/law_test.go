package segment

import (
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/datasets/fashion"
	"github.com/limpid-ml/limpid/format/picture"
	"github.com/limpid-ml/limpid/internal/par"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/draw"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// each setting of Config is in this table, with a value that it takes.
var taken = map[string]string{
	"seed": "99", "epochs": "3", "batch": "17", "lr": "0.25", "optimizer": "sgd", "momentum": "0.5", "schedule": "cosine", "warmup": "4",
	"weight-decay": "0.125", "clip": "2", "checkpoint": "5", "data": "/x y", "width": "31", "levels": "2", "side": "100", "scenes": "123", "most": "3",
	"test-scenes": "77", "dice": "0.5", "background": "0.25", "flip": "false", "jitter": "0.5", "zoom": "0.75", "mirror": "false",
}

// refused are values that settings do not take.
var refused = map[string][]string{
	"width": {"0", "257", "1.5"}, "levels": {"0", "7"}, "side": {"63", "513", "-1"}, "scenes": {"7", "0"}, "most": {"0", "21"}, "test-scenes": {"7"},
	"dice": {"-1", "NaN", "101"}, "background": {"0", "-2"}, "flip": {"perhaps"}, "jitter": {"-0.1", "1.1"}, "zoom": {"0.95", "-1"}, "mirror": {"2"},
}

func TestEverySettingIsTaken(t *testing.T) {
	c := defaults(false)
	for _, s := range recipe.Settings(&c) {
		value, there := taken[s.Key]
		if !there || value == s.Value {
			t.Errorf("setting %s is not in this test, or as it is", s.Key)
		}
		if err := recipe.Set(&c, s.Key, value); err != nil {
			t.Errorf("%s=%s: %v", s.Key, value, err)
		}
		for _, bad := range refused[s.Key] {
			before := c
			if err := recipe.Set(&c, s.Key, bad); err == nil || c != before {
				t.Errorf("%s=%s: %v", s.Key, bad, err)
			}
		}
	}
	c.Known = `{"classes":["a","b"]}`
	text, err := json.Marshal(&c)
	if err != nil {
		t.Fatal(err)
	}
	var back Config
	if err := recipe.Decode(text, &back); err != nil || !reflect.DeepEqual(back, c) {
		t.Errorf("%s comes back as %+v: %v", text, back, err)
	}
}

// What a user's picture looks like to the network when it answers is what it
// looks like in training.
func TestAnswersSeeWhatTrainingSees(t *testing.T) {
	c := owned(t, discs(t, 9, 1, 2))
	k := opened(t, c).Fit.Data.(*kept)
	for i, file := range k.from.Files {
		img, err := picture.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		x, _ := draw.Fit(img, c.Side, c.Side, (&job{config: c}).around())
		e, err := k.At(i)
		if err != nil {
			t.Fatal(err)
		}
		if d := x.Shift(-0.5).Scale(4).Sub(e.X).Abs().Max().Item(); d > 1e-5 {
			t.Errorf("%s: off by %g", filepath.Base(file), d)
		}
	}
	scenes := defaults(false)
	x, place := draw.Fit(image.NewGray(image.Rect(0, 0, 10, 4)), 8, 8, (&job{config: &scenes}).around())
	if v := normal(float32(x.At(0, 0, 0))); v < -0.01 || v > 0.02 || place.Box.Min.Y == 0 {
		t.Errorf("around a picture the network of scenes sees %g", v)
	}
}

// A run has the same bits every time, at any number of threads.
func TestSameBits(t *testing.T) {
	weights := func(threads int) []float32 {
		defer par.SetWorkers(par.Workers())
		par.SetWorkers(threads)
		task := opened(t, tiny(t, "scenes=16", "lr=0.01"))
		if _, err := train.Fit(t.Context(), task.Net, task.Fit); err != nil {
			t.Fatal(err)
		}
		var all []float32
		for _, p := range task.Net.Params() {
			all = append(all, tensor.Data[float32](p.Value())...)
		}
		return all
	}
	one := weights(1)
	if !slices.Equal(one, weights(1)) || !slices.Equal(one, weights(3)) {
		t.Error("a second run ends with other weights")
	}
}

// Training has garments of the training split, validation those of the
// validation split, both on backgrounds that the test does not have; the test
// has its own.
func TestScenesAreKeptApart(t *testing.T) {
	task := opened(t, tiny(t))
	seen := map[string]string{}
	for name, set := range map[string]interface {
		Len() int
	}{"training": task.Fit.Data, "validation": task.Fit.Validate, "test": task.Test} {
		s := set.(interface {
			At(i int) (data.Example, error)
		})
		for i := range set.Len() {
			e, err := s.At(i)
			if err != nil {
				t.Fatal(err)
			}
			key := fmt.Sprint(tensor.View[float32](e.X)[:96])
			if other, there := seen[key]; there {
				t.Errorf("a scene is in %s and in %s", name, other)
			}
			seen[key] = name
		}
	}
	if len(knownScenes().Classes) != 1+len(fashion.Classes) || knownScenes().Classes[3] != fashion.Classes[2] {
		t.Errorf("classes %q", knownScenes().Classes)
	}
}

// Whatever the picture, each pixel's label is a class, and its probability is
// one; drawing leaves what is not labelled alone.
func TestEnlargedLabelsAreClasses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		side, classes := 6, rapid.IntRange(2, 5).Draw(t, "classes")
		r := tensor.NewRand(rapid.Uint64().Draw(t, "seed"))
		chance := tensor.Data[float32](r.Normal(0, 2, side, side, classes).Softmax(-1))
		w, h := rapid.IntRange(1, 40).Draw(t, "w"), rapid.IntRange(1, 40).Draw(t, "h")
		_, place := draw.Fit(image.NewGray(image.Rect(0, 0, w, h)), side, side, nil)
		l, sure := enlarge(chance, side, classes, place)
		if l.W != w || l.H != h || len(l.Of) != w*h {
			t.Fatalf("%d×%d labels for %d×%d pixels", l.W, l.H, w, h)
		}
		for i, v := range l.Of {
			if v < 0 || int(v) >= classes || !(sure[i] >= 0 && sure[i] <= 1.00001) {
				t.Fatalf("pixel %d: %d with %g", i, v, sure[i])
			}
		}
		j := &job{known: known{Classes: make([]string, classes)}.coloured()}
		j.options.Tint = 1
		img := image.NewRGBA(image.Rect(0, 0, w, h))
		out := j.draw(img, l, j.sumUp(l, sure)).(*image.RGBA)
		left := (out.Rect.Dx() - w) / 2
		for i, v := range l.Of {
			want := color.RGBA{255, 255, 255, 255} // the transparent picture on white
			if v > 0 {
				want = draw.Colour(int(v) - 1)
			}
			if got := out.RGBAAt(left+i%w, i/w); got != want {
				t.Fatalf("pixel %d of class %d is %v, want %v", i, v, got, want)
			}
		}
	})
}

// The quick settings are settings, and leave nothing to reach.
func TestQuickSettings(t *testing.T) {
	c := quickly(t)
	if err := recipe.Check(c); err != nil || goals(c) != nil {
		t.Errorf("%v, goals %v", err, goals(c))
	}
	for _, full := range []bool{false, true} {
		c := defaults(full)
		if err := recipe.Check(&c); err != nil {
			t.Error(err)
		}
	}
	if c := defaults(true); c.Jitter == 0 || c.Zoom == 0 || !strings.Contains(Recipe.Data, "--data") {
		t.Errorf("for files of one's own: %+v", c)
	}
}
