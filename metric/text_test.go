package metric

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/tensor"
)

// Word and character error rates are those of jiwer, of each line and of all
// together.
func TestErrorRatesAgainstJiwer(t *testing.T) {
	var golden struct {
		Pairs []struct {
			Want, Got string
			WER, CER  float64
		}
		WER, CER float64
	}
	text, err := os.ReadFile("testdata/words.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	var words, characters Edits
	for _, p := range golden.Pairs {
		w, c := Words(p.Want, p.Got), Characters(p.Want, p.Got)
		words, characters = words.Add(w), characters.Add(c)
		if math.Abs(w.Rate()-p.WER) > 1e-12 || math.Abs(c.Rate()-p.CER) > 1e-12 {
			t.Errorf("%q, %q: %g and %g, jiwer has %g and %g", p.Want, p.Got, w.Rate(), c.Rate(), p.WER, p.CER)
		}
	}
	if math.Abs(words.Rate()-golden.WER) > 1e-12 || math.Abs(characters.Rate()-golden.CER) > 1e-12 || len(golden.Pairs) < 30 {
		t.Errorf("all: %g and %g, jiwer has %g and %g", words.Rate(), characters.Rate(), golden.WER, golden.CER)
	}
}

func TestEdits(t *testing.T) {
	for _, tt := range []struct {
		want, got string
		edits     Edits
	}{
		{"kitten", "sitting", Edits{2, 0, 1, 6}},
		{"", "", Edits{}},
		{"abc", "", Edits{0, 3, 0, 3}},
		{"", "abc", Edits{0, 0, 3, 0}},
		{"naïve", "naive", Edits{1, 0, 0, 5}},
		{"abcd", "bcd", Edits{0, 1, 0, 4}},
		{"abc", "abxc", Edits{0, 0, 1, 3}},
	} {
		if got := Characters(tt.want, tt.got); got != tt.edits {
			t.Errorf("%q, %q: %+v, want %+v", tt.want, tt.got, got, tt.edits)
		}
	}
	if v := (Edits{}).Rate(); !math.IsNaN(v) {
		t.Errorf("of nothing: %g", v)
	}
	if v := (Edits{Inserted: 2}).Rate(); !math.IsInf(v, 1) {
		t.Errorf("something for nothing: %g", v)
	}
	if got := Words("  to be\tor not ", "to be not"); got != (Edits{0, 1, 0, 4}) {
		t.Errorf("words: %+v", got)
	}
}

// distance is Levenshtein's by its definition.
func distance(a, b []byte) int {
	if len(a) == 0 || len(b) == 0 {
		return len(a) + len(b)
	}
	if a[0] == b[0] {
		return distance(a[1:], b[1:])
	}
	return 1 + min(distance(a[1:], b[1:]), distance(a[1:], b), distance(a, b[1:]))
}

func TestAlignAgainstTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfN(rapid.ByteRange(0, 2), 0, 7)
		a, b := ids.Draw(t, "a"), ids.Draw(t, "b")
		e, back := Align(a, b), Align(b, a)
		if e.Errors() != distance(a, b) || back.Errors() != e.Errors() || e.Inserted-e.Deleted != len(b)-len(a) || e.Length != len(a) {
			t.Fatalf("%v, %v: %+v, want %d", a, b, e, distance(a, b))
		}
	})
}

func TestPerplexityAndBits(t *testing.T) {
	logs := func(p ...float64) (v []float32) {
		for _, x := range p {
			v = append(v, float32(math.Log(x)))
		}
		return v
	}
	// Probabilities of what is there: 1/2, 1/8, 1/4; the row of −100 is left out.
	out := tensor.Of(logs(0.5, 0.25, 0.25, 0.125, 0.125, 0.75, 0.1, 0.1, 0.8, 0.25, 0.5, 0.25), 2, 2, 3)
	target := tensor.Of([]int32{0, 1, -100, 2}, 2, 2)
	for _, tt := range []struct {
		m    Metric
		name string
		want float64
	}{{Perplexity{}, "perplexity", 4}, {BitsPerCharacter{}, "bits_per_character", 2}, {BitsPerCharacter{PerSymbol: 4}, "bits_per_character", 0.5}} {
		a := tt.m.New()
		if err := a.Add(out, target); err != nil {
			t.Fatal(err)
		}
		if err := a.Add(out, target); err != nil {
			t.Fatal(err)
		}
		if got := a.Result(); math.Abs(got-tt.want) > 1e-6 || tt.m.Name() != tt.name || tt.m.Better() != -1 {
			t.Errorf("%s %g, better %d; want %s %g", tt.m.Name(), got, tt.m.Better(), tt.name, tt.want)
		}
		if got := tt.m.New().Result(); !math.IsNaN(got) {
			t.Errorf("%s of nothing: %g", tt.name, got)
		}
		for _, bad := range []tensor.Tensor{tensor.Of([]int32{0, 1, 3, 2}, 2, 2), tensor.Of([]int32{0, 1}, 2), out} {
			if err := tt.m.New().Add(out, bad); err == nil || !strings.Contains(err.Error(), tt.name) {
				t.Errorf("%s with a target %v: %v", tt.name, bad.Shape(), err)
			}
		}
	}
}

// Of logits far apart the sum does not overflow.
func TestPerplexityOfGreatLogits(t *testing.T) {
	a := BitsPerCharacter{}.New()
	if err := a.Add(tensor.Of([]float32{1000, 0, -1000}, 1, 3), tensor.Of([]int32{1}, 1)); err != nil {
		t.Fatal(err)
	}
	if got, want := a.Result(), 1000/math.Ln2; math.Abs(got-want) > 1e-6 {
		t.Errorf("%g, want %g", got, want)
	}
}

func TestMicro(t *testing.T) {
	c := Confusion{Matrix: [][]int{{8, 1, 1}, {2, 5, 0}, {0, 1, 2}}}
	if got := c.Micro(); math.Abs(got-15./20) > 1e-12 || got != c.Result() {
		t.Errorf("of all classes %g, want the accuracy, 0.75", got)
	}
	// Of classes 1 and 2: 7 hits, 10 rows, 10 answers.
	if got := c.Micro(0); math.Abs(got-0.7) > 1e-12 {
		t.Errorf("without class 0: %g, want 0.7", got)
	}
	if got := c.Micro(0, 1, 2); !math.IsNaN(got) {
		t.Errorf("of none: %g", got)
	}
}
