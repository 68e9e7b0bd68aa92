package commands

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/data/audio"
	"github.com/limpid-ml/limpid/internal/par"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/listen"
	"github.com/limpid-ml/limpid/tensor"
)

// every setting of Config, and a value that it takes and does not have.
var taken = map[string]string{
	"seed": "99", "epochs": "3", "batch": "17", "lr": "0.25", "optimizer": "sgd", "momentum": "0.5", "schedule": "cosine", "warmup": "4",
	"weight-decay": "0.125", "clip": "2", "checkpoint": "5", "data": "/x y", "width": "31", "dropout": "0.5", "smoothing": "0.25", "vary": "0.25",
	"repeat": "9", "templates": "9",
}

func TestEverySettingIsTaken(t *testing.T) {
	c := defaults(false)
	seen := 0
	for _, s := range recipe.Settings(&c) {
		value, there := taken[s.Key]
		if !there || value == s.Value {
			t.Errorf("setting %s is not in this test, or is %s as it is", s.Key, s.Value)
			continue
		}
		seen++
		if err := recipe.Set(&c, s.Key, value); err != nil {
			t.Errorf("%s=%s: %v", s.Key, value, err)
		}
	}
	if seen != len(taken) {
		t.Errorf("%d settings, want %d", seen, len(taken))
	}
	text, err := json.Marshal(&c)
	if err != nil {
		t.Fatal(err)
	}
	var back Config
	if err := recipe.Decode(text, &back); err != nil || !reflect.DeepEqual(back, c) {
		t.Errorf("%s comes back as %+v: %v", text, back, err)
	}
}

func TestBoundsOfSettings(t *testing.T) {
	for key, values := range map[string][2][]string{ // taken, refused
		"width": {{"1", "1024"}, {"0", "1025", "x"}}, "dropout": {{"0", "0.95"}, {"1", "-0.1", "NaN"}}, "smoothing": {{"0", "0.5"}, {"0.51", "-1"}},
		"vary": {{"0", "2"}, {"2.1", "-1", "Inf"}}, "repeat": {{"1", "1000"}, {"0", "1001"}}, "templates": {{"0", "7"}, {"-1"}},
	} {
		for _, v := range values[0] {
			c := defaults(false)
			if err := recipe.Set(&c, key, v); err != nil {
				t.Errorf("%s=%s: %v", key, v, err)
			}
		}
		for _, v := range values[1] {
			c := defaults(false)
			if err := recipe.Set(&c, key, v); err == nil || c != defaults(false) {
				t.Errorf("%s=%s is taken", key, v)
			}
		}
	}
}

// What settings ask for is what the task is made of.
func TestSettingsReachTheTask(t *testing.T) {
	for _, w := range []int{1, 3, 8} {
		task, err := open(small(func(c *Config) { c.Width = w }))
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, p := range task.Net.Params() {
			got += p.Value().Len()
		}
		// 3×3 filters, scale and shift of each channel, and 5 bands of 4w channels, twice
		want := 9*(w+2*w*w+8*w*w+16*w*w) + 2*(w+2*w+4*w+4*w) + 20*2*5*4*w + 20
		if got != want {
			t.Errorf("width %d: %d parameters, want %d", w, got, want)
		}
	}
	task, err := open(small(func(c *Config) { c.Repeat, c.Batch, c.Epochs, c.Clip, c.Every, c.Seed = 2, 100, 3, 1.5, 4, 8 }))
	if err != nil {
		t.Fatal(err)
	}
	if f := task.Fit; task.Steps() != 3*17 || f.Data.Len() != 1680 || f.Clip != 1.5 || f.Every != 4 || f.Seed != 8 || f.Validate.Len() != 140 || task.Test.Len() != 160 {
		t.Errorf("%d steps of %d clips", task.Steps(), f.Data.Len())
	}
}

// Smoothing is a loss of its own: what is sure and right costs more.
func TestLossOf(t *testing.T) {
	logits, label := tensor.Of([]float32{20, 0, 0}, 1, 3), tensor.Of([]int32{0}, 1)
	plain, smooth := lossOf(&Config{})(logits, label).Item(), lossOf(&Config{Smoothing: 0.3})(logits, label).Item()
	if plain > 1e-6 || math.Abs(smooth-0.2*20) > 1e-3 {
		t.Errorf("plain %g, smoothed %g, want 0 and 4", plain, smooth)
	}
}

// Of clips of any length a transform makes what the network takes, and what was
// said is in it: the values are not all those of silence.
func TestTransformOnRandomClips(t *testing.T) {
	f := transform(listen.Strength(1))
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(200, 3*listen.Rate).Draw(t, "samples")
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(0.3 * math.Sin(2*math.Pi*500*float64(i)/listen.Rate))
		}
		p := &data.Picture{Pix: x, H: n, W: 1, C: 1}
		f(tensor.NewRand(rapid.Uint64().Draw(t, "seed")), p)
		if p.H != frames || p.W != listen.Width || p.C != 1 || len(p.Pix) != frames*listen.Width {
			t.Fatalf("%d × %d × %d, %d values", p.H, p.W, p.C, len(p.Pix))
		}
		lo, hi := slices.Min(p.Pix), slices.Max(p.Pix)
		if math.IsNaN(float64(lo+hi)) || hi-lo < 0.5 || math.Abs(float64(hi)) > 20 {
			t.Fatalf("values from %g to %g", lo, hi)
		}
	})
}

// Where a clip stands in a second makes little difference to what the network
// sees of it.
func TestPlacedKeepsTheClip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Float32Range(0.1, 1), 1, 50).Draw(t, "clip")
		n, share := rapid.IntRange(50, 90).Draw(t, "room"), rapid.Float64Range(0, 1).Draw(t, "share")
		got := placed(x, n, share)
		at := slices.IndexFunc(got, func(v float32) bool { return v != 0 })
		if len(got) != n || at < 0 || !slices.Equal(got[at:at+len(x)], x) {
			t.Fatalf("%v in %v", x, got)
		}
		for i, v := range got {
			if (i < at || i >= at+len(x)) && v != 0 {
				t.Fatalf("sound beside the clip: %v", got)
			}
		}
	})
}

func TestSeeds(t *testing.T) {
	first := func(seed uint64) []float32 {
		task, err := open(small(func(c *Config) { c.Seed = seed }))
		if err != nil {
			t.Fatal(err)
		}
		return tensor.Data[float32](task.Net.Params()[0].Value())
	}
	if !slices.Equal(first(3), first(3)) || slices.Equal(first(3), first(4)) {
		t.Error("first weights do not follow from the seed")
	}
}

// The rule takes the setting that is best on validation, and as many templates
// as it may.
func TestRule(t *testing.T) {
	_, l := opened(t, small(func(c *Config) { c.Templates = 1 }))
	l.validate = l.validate[:20]
	if err := l.findRule(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, tried := range l.rule.tried {
		if tried.accuracy > l.rule.tried[l.rule.best].accuracy {
			t.Errorf("%+v is better than what was taken", tried)
		}
	}
	if l.rule.templates.Coefficients != l.rule.tried[l.rule.best].coefficients {
		t.Error("the templates are not those of the best setting")
	}
	right, err := l.nearest(t.Context(), l.rule.templates, l.train[:20])
	if err != nil || share(right) != 1 { // they are the templates
		t.Errorf("%.2f of the templates are recognised: %v", share(right), err)
	}
	if share(nil) != 0 {
		t.Error("a share of nothing")
	}
}

func TestEachDoesAll(t *testing.T) {
	done := make([]int, 100)
	par.Each(par.Workers(), len(done), func(i int) { done[i]++ })
	if slices.Min(done) != 1 || slices.Max(done) != 1 {
		t.Errorf("%v", done)
	}
}

// Splits of a user's words depend on the seed alone.
func TestDealing(t *testing.T) {
	dir := folder(t, map[string]int{"a": 9, "b": 9})
	deal := func(seed uint64) (files []string) {
		l := &lesson{config: small(func(c *Config) { c.Data, c.Seed = dir, seed })}
		if err := l.read(dir); err != nil {
			t.Fatal(err)
		}
		for _, e := range l.test {
			files = append(files, e.file)
		}
		return files
	}
	if !slices.Equal(deal(1), deal(1)) {
		t.Error("one seed deals in two ways")
	}
	others := 0
	for seed := range uint64(4) {
		if !slices.Equal(deal(1), deal(seed+2)) {
			others++
		}
	}
	if others == 0 {
		t.Error("the seed makes no difference")
	}
}

// Clips of other rates and channels become what the network hears.
func TestOnesOwnClipsOfOtherRates(t *testing.T) {
	dir := folder(t, map[string]int{"a": 5, "b": 5})
	x := make([]float32, 22050)
	for i := range x {
		x[i] = float32(0.4 * math.Sin(2*math.Pi*700*float64(i)/44100))
	}
	if err := (audio.Clip{Samples: x, Rate: 44100}).Save(filepath.Join(dir, "b", "00.wav")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "b", "notes.txt"), []byte("of no matter"), 0o666); err != nil {
		t.Fatal(err)
	}
	l := &lesson{config: small(func(c *Config) { c.Data = dir })}
	if err := l.read(dir); err != nil {
		t.Fatal(err)
	}
	for _, e := range slices.Concat(l.train, l.validate, l.test) {
		if strings.HasSuffix(e.file, fmt.Sprint("b", string(filepath.Separator), "00.wav")) {
			if s := float64(len(e.samples)) / listen.Rate; math.Abs(s-0.5) > 0.01 {
				t.Errorf("half a second became %.2f", s)
			}
		}
	}
}
