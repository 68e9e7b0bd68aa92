package speech

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/datasets/spoken"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/model/decode"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/listen"
	"github.com/limpid-ml/limpid/tensor"
)

// every setting of Config, and a value that it takes and does not have.
var taken = map[string]string{
	"seed": "99", "epochs": "3", "batch": "17", "lr": "0.25", "optimizer": "sgd", "momentum": "0.5", "schedule": "cosine", "warmup": "4",
	"weight-decay": "0.125", "clip": "2", "checkpoint": "5", "data": "/x y", "tokens": "characters", "width": "31", "hidden": "7", "layers": "3",
	"dropout": "0.5", "vary": "0.25", "strings": "123", "templates": "9",
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
		"tokens": {{"words", "characters"}, {"", "letters", "Words"}}, "width": {{"1", "1024"}, {"0", "1025", "x"}}, "hidden": {{"1", "4096"}, {"0", "4097"}},
		"layers": {{"1", "8"}, {"0", "9"}}, "dropout": {{"0", "0.95"}, {"1", "-0.1", "NaN"}}, "vary": {{"0", "2"}, {"2.1", "-1", "Inf"}},
		"strings": {{"1", "1000000"}, {"0", "-5"}}, "templates": {{"0", "7"}, {"-1"}},
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
	o := options{Beam: 8}
	for kv, ok := range map[string]bool{"beam=1": true, "beam=0": false, "language=0.5": true, "language=-1": false, "word-bonus=-2": true, "word-bonus=11": false} {
		key, value, _ := strings.Cut(kv, "=")
		if err := recipe.Set(&o, key, value); (err == nil) != ok {
			t.Errorf("%s: %v", kv, err)
		}
	}
}

// What settings ask for is what the task is made of.
func TestSettingsReachTheTask(t *testing.T) {
	params := func(change func(c *Config)) (n int) {
		task, err := open(small(change))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range task.Net.Params() {
			n += p.Value().Len()
		}
		return n
	}
	// 3×3 filters of three convolutions, their scales and shifts; a GRU each way
	// over 5 bands of 2w channels; the head.
	count := func(w, h, layers, labels int) int {
		n := 9*(w+2*w*w+4*w*w) + 2*(w+2*w+2*w)
		in := 5 * 2 * w
		for range layers {
			n += 2 * (3*h*in + 3*h*h + 6*h)
			in = 2 * h
		}
		return n + labels*in + labels
	}
	for _, tt := range []struct{ w, h, layers int }{{2, 3, 1}, {5, 8, 2}, {1, 1, 3}} {
		got := params(func(c *Config) { c.Width, c.Hidden, c.Layers = tt.w, tt.h, tt.layers })
		if want := count(tt.w, tt.h, tt.layers, 11); got != want {
			t.Errorf("%+v: %d parameters, want %d", tt, got, want)
		}
	}
	task, err := open(small(func(c *Config) { c.Strings, c.Batch, c.Epochs, c.Clip, c.Every, c.Seed = 50, 20, 3, 1.5, 4, 8 }))
	if err != nil {
		t.Fatal(err)
	}
	if f := task.Fit; task.Steps() != 9 || f.Data.Len() != 50 || f.Clip != 1.5 || f.Every != 4 || f.Seed != 8 || f.Validate.Len() != 84 || f.Schedule(8) > 0.2 {
		t.Errorf("%d steps of %d strings, clip %g, seed %d", task.Steps(), f.Data.Len(), f.Clip, f.Seed)
	}
}

// A text of any characters comes back from its labels, but for how spaces stand;
// labels are from 1 to their number.
func TestCodecOnRandomTexts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.StringN(0, 30, -1), 1, 5).Draw(t, "texts")
		for i := range texts {
			texts[i] = plain(texts[i])
		}
		for _, kind := range []string{words, characters} {
			k := codecOf(kind, texts)
			if !slices.IsSorted(k.tokens) || len(slices.Compact(slices.Clone(k.tokens))) != len(k.tokens) {
				t.Fatalf("%s: tokens %q", kind, k.tokens)
			}
			for _, text := range texts {
				labels, err := k.encode(text)
				if err != nil || k.decode(labels) != text {
					t.Fatalf("%s: %q comes back as %q: %v", kind, text, k.decode(labels), err)
				}
				for _, l := range labels {
					if l < 1 || int(l) >= k.labels() {
						t.Fatalf("%s: label %d of %d", kind, l, k.labels())
					}
				}
			}
		}
	})
}

// The metric over random batches is that of the texts one by one.
func TestWordErrorsOnRandomBatches(t *testing.T) {
	k := codecOf(words, []string{"a b c d"})
	rapid.Check(t, func(t *rapid.T) {
		s, want := wordErrors{k}.New(), metric.Edits{}
		for range rapid.IntRange(1, 3).Draw(t, "batches") {
			n, steps, most := rapid.IntRange(1, 3).Draw(t, "n"), rapid.IntRange(1, 6).Draw(t, "steps"), rapid.IntRange(1, 4).Draw(t, "labels")
			logits, target := make([]float32, n*steps*5), make([]int32, n*most)
			for i := range n {
				var said []string
				for j := range rapid.IntRange(0, most).Draw(t, "said") {
					l := rapid.IntRange(1, 4).Draw(t, "label")
					target[i*most+j] = int32(l)
					said = append(said, k.tokens[l-1])
				}
				var heard []string
				last := blank
				for s := range steps {
					l := rapid.IntRange(0, 4).Draw(t, "step")
					logits[(i*steps+s)*5+l] = 3
					if l != last && l != blank {
						heard = append(heard, k.tokens[l-1])
					}
					last = l
				}
				want = want.Add(metric.Words(strings.Join(said, " "), strings.Join(heard, " ")))
			}
			if err := s.Add(tensor.Of(logits, n, steps, 5), tensor.Of(target, n, most)); err != nil {
				t.Fatal(err)
			}
		}
		if got := s.Result(); got != want.Rate() && !(math.IsNaN(got) && math.IsNaN(want.Rate())) {
			t.Fatalf("rate %g, want %g", got, want.Rate())
		}
	})
}

func TestNeeded(t *testing.T) {
	for _, tt := range []struct {
		labels []int32
		want   int
	}{{nil, 0}, {[]int32{1}, 1}, {[]int32{1, 2, 1}, 3}, {[]int32{1, 1}, 3}, {[]int32{2, 2, 2, 3, 3}, 8}} {
		if got := needed(tt.labels); got != tt.want {
			t.Errorf("%v need %d steps, want %d", tt.labels, got, tt.want)
		}
	}
}

// Two openings with one seed are the same to the bit, other seeds are other
// weights and other training strings, but the same validation and test.
func TestSeeds(t *testing.T) {
	weights := func(seed uint64) ([]float32, []float32, clip, clip) {
		c := small(func(c *Config) { c.Seed = seed })
		task, err := open(c)
		if err != nil {
			t.Fatal(err)
		}
		e, err := task.Fit.Data.At(3)
		if err != nil {
			t.Fatal(err)
		}
		l := made(t, c)
		return tensor.Data[float32](task.Net.Params()[0].Value()), tensor.Data[float32](e.X), l.validate[5], l.human[3]
	}
	w1, x1, v1, h1 := weights(1)
	w2, x2, v2, h2 := weights(1)
	w3, x3, v3, h3 := weights(2)
	if !slices.Equal(w1, w2) || !slices.Equal(x1, x2) || slices.Equal(w1, w3) || slices.Equal(x1, x3) {
		t.Error("weights or training strings do not follow from the seed")
	}
	for _, p := range [][2]clip{{v1, v2}, {v1, v3}, {h1, h2}, {h1, h3}} {
		if p[0].text != p[1].text || !slices.Equal(p[0].samples, p[1].samples) {
			t.Error("validation or test follow from the seed")
		}
	}
}

// Joined clips overlap, or have a pause, as long as they are told.
func TestJoined(t *testing.T) {
	l := made(t, small())
	parts := []*spoken.Spoken{l.voices[0].digits[1], l.voices[0].digits[2]}
	both := len(parts[0].Samples) + len(parts[1].Samples)
	for _, gap := range []int{-200, 0, 1000} {
		for seed := range uint64(5) {
			c := l.joined(parts, "v", tensor.NewRand(seed), func() int { return gap })
			if extra := len(c.samples) - both - gap; extra < 0 || extra > 2*listen.Rate/5 {
				t.Errorf("gap %d: %d samples more than the clips'", gap, extra)
			}
			if c.text != "one two" || len(c.labels) != 2 {
				t.Errorf("text %q", c.text)
			}
		}
	}
}

// A batch of training strings is what the network takes, labels padded by 0.
func TestBatches(t *testing.T) {
	task, err := open(small(func(c *Config) { c.Batch = 4 }))
	if err != nil {
		t.Fatal(err)
	}
	f := task.Fit
	loader := data.Loader{Data: f.Data, Batch: f.Batch, Transform: f.Transform, Collate: f.Collate, Seed: 1, Shuffle: true}
	for b, err := range loader.Epoch(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if b.X.Rank() != 4 || b.X.Dim(2) != listen.Width || b.Y.Rank() != 2 || b.Y.Dim(1) > most {
			t.Fatalf("batch %v, labels %v", b.X.Shape(), b.Y.Shape())
		}
		y, err := task.Net.Predict(b.X)
		if err != nil {
			t.Fatal(err)
		}
		if v := ctc(y, b.Y).Item(); !(v > 0) || v > 1000 {
			t.Errorf("loss %g", v)
		}
	}
}

// Marks and tokens of words stand where their spans are.
func TestMarksOfWords(t *testing.T) {
	l := &lesson{config: &Config{Tokens: words}, codec: codecOf(words, []string{"no yes"})}
	spans := []decode.Span{{Label: 2, From: 1, To: 3}, {Label: 1, From: 5, To: 6}}
	if got := fmt.Sprint(l.marks(spans)); got != "[{yes 0.04 0.12} {no 0.2 0.24}]" {
		t.Errorf("marks %s", got)
	}
}
