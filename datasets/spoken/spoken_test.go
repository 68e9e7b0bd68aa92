package spoken

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// Every voice of training and validation says each word once, and two strings
// that have each digit once; no clip is silent, clipped or endless.
func TestClips(t *testing.T) {
	for _, p := range []Part{Train, Validate} {
		words, strings2 := map[string][]string{}, map[string][]string{}
		for _, s := range Clips(p) {
			if w := s.Words(); len(w) == 1 {
				words[s.Voice] = append(words[s.Voice], s.Text)
			} else {
				strings2[s.Voice] = append(strings2[s.Voice], w...)
			}
		}
		for v, all := range words {
			if !slices.Equal(all, slices.Concat(Digits, Commands)) {
				t.Errorf("%s says %v", v, all)
			}
			slices.Sort(strings2[v])
			if want := slices.Sorted(slices.Values(Digits)); !slices.Equal(strings2[v], want) {
				t.Errorf("%s says in strings: %v", v, strings2[v])
			}
		}
	}
	for _, p := range []Part{Train, Validate, Test} {
		for i, s := range Clips(p) {
			peak := 0.0
			for _, x := range s.Samples {
				peak = max(peak, math.Abs(float64(x)))
			}
			seconds := s.Duration().Seconds() / float64(len(s.Words()))
			if math.Abs(peak-0.75) > 0.01 || seconds < 0.14 || seconds > 1.2 || s.Rate != Rate {
				t.Errorf("part %d, clip %d, %s of %s: peak %g, %.2f s a word", p, i, s.Text, s.Voice, peak, seconds)
			}
		}
	}
}

// No voice is in two parts, and no synthesiser of the test in another.
func TestPartsShareNoVoice(t *testing.T) {
	seen := map[string]Part{}
	for _, p := range []Part{Train, Validate, Test} {
		for _, s := range Clips(p) {
			key := s.Voice
			if p == Test {
				key, _, _ = strings.Cut(s.Voice, " ")
			}
			if other, ok := seen[key]; ok && other != p {
				t.Fatalf("%s is in parts %d and %d", key, other, p)
			}
			seen[key] = p
			if p != Test { // its speakers: flite's kal and slt are festival's
				name, _, _ := strings.Cut(s.Voice, " ")
				if strings.Contains(s.Voice, "kal") || strings.Contains(s.Voice, "slt") || name == "flite" || s.Human() {
					t.Fatalf("%s trains", s.Voice)
				}
				seen[name] = seen[s.Voice]
			}
		}
	}
}

func TestTestSplit(t *testing.T) {
	counts := map[string]int{}
	for _, s := range Clips(Test) {
		switch {
		case s.Human() && !slices.Contains(Digits, s.Text):
			t.Errorf("%s says %q", s.Voice, s.Text)
		case s.Human():
			counts["human"]++
		case strings.HasSuffix(s.Voice, "string"):
			counts["strings"]++
		default:
			counts["words"]++
		}
	}
	if counts["human"] != 180 || counts["strings"] != 60 || counts["words"] != 160 {
		t.Errorf("the test split has %v", counts)
	}
}

func TestCutSaysWhatIsWrong(t *testing.T) {
	for list, want := range map[string]string{
		"a\tone": "three fields", "a\tone\tx": "samples", "a\tone\t0": "samples", "a\tone\t999999999": "samples", "a\tone\t100": "in no clip",
	} {
		if _, err := cut(validateSound, list+"\n"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", list, err)
		}
	}
	if _, err := cut([]byte("no sound"), ""); err == nil {
		t.Error("what is no FLAC is taken")
	}
	defer func() {
		if recover() == nil {
			t.Error("a damaged set goes unnoticed")
		}
	}()
	unpack(nil, "")
}

func TestPhrase(t *testing.T) {
	for _, tt := range []struct {
		s    Spoken
		want bool
	}{{Spoken{Voice: "flite awb", Text: "one"}, false}, {Spoken{Voice: "flite awb string", Text: "one"}, true}, {Spoken{Voice: "rhvoice bdl 80/100", Text: "one two"}, true}} {
		if got := tt.s.Phrase(); got != tt.want {
			t.Errorf("%+v: %v", tt.s, got)
		}
	}
}
