package speech

import (
	"slices"
	"strings"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/data/audio"
	"github.com/limpid-ml/limpid/datasets/spoken"
	"github.com/limpid-ml/limpid/recipe/listen"
	"github.com/limpid-ml/limpid/tensor"
)

// voice is what one voice says: digits, and strings of them.
type voice struct {
	name           string
	digits, phrase []*spoken.Spoken
}

// most is how many digits a string has.
const most = 7

// voicesOf groups the clips of digits by voice; people apart.
func voicesOf(p spoken.Part, human bool) (all []voice) {
	number := map[string]int{}
	for _, s := range spoken.Clips(p) {
		if s.Human() != human || !digitsOnly(s) {
			continue
		}
		name := strings.TrimSuffix(s.Voice, " string")
		k, ok := number[name]
		if !ok {
			k = len(all)
			number[name] = k
			all = append(all, voice{name: name})
		}
		if !s.Phrase() {
			all[k].digits = append(all[k].digits, s)
		} else {
			all[k].phrase = append(all[k].phrase, s)
		}
	}
	return all
}

func digitsOnly(s *spoken.Spoken) bool {
	for _, w := range s.Words() {
		if !slices.Contains(spoken.Digits, w) {
			return false
		}
	}
	return true
}

// Seeds of what is put together from clips once and for all.
const (
	validateSeed = 2_001
	humanSeed    = 2_002
	// validated is how many strings are put together of each validation voice.
	validated = 10
)

// embedded takes what limpid brings along. Training strings are put together as
// they are asked for. Validation has strings that its voices say and more that
// are put together; the test those that flite says, and strings put together of
// all that people say, each digit once.
func (l *lesson) embedded() error {
	l.codec = codecOf(l.config.Tokens, []string{strings.Join(spoken.Digits, " ")})
	l.voices = voicesOf(spoken.Train, false)
	for i, v := range voicesOf(spoken.Validate, false) {
		for _, s := range v.phrase {
			l.validate = append(l.validate, l.clipOf(s.Samples, s.Text, v.name))
		}
		for k := range validated {
			l.validate = append(l.validate, l.compose(v, audio.Draw(validateSeed, i, k)))
		}
	}
	for _, v := range voicesOf(spoken.Test, false) {
		for _, s := range v.phrase {
			l.test = append(l.test, l.clipOf(s.Samples, s.Text, v.name))
		}
	}
	for i, v := range voicesOf(spoken.Test, true) {
		l.human = append(l.human, l.rows(v, audio.Draw(humanSeed, i, 0))...)
	}
	return nil
}

// clipOf makes a clip of samples and a text of known tokens.
func (l *lesson) clipOf(samples []float32, text, voice string) clip {
	labels, err := l.codec.encode(text)
	if err != nil {
		tensor.Fail("speech.clipOf", "%v", err) // of digits, which are known
	}
	return clip{samples: samples, text: text, labels: labels, voice: voice}
}

// composed is the dataset of training strings: each is put together of a voice's
// clips, always the same for a seed and a number.
type composed struct{ l *lesson }

// Len returns the number of strings.
func (c composed) Len() int { return c.l.config.Strings }

// At returns string i.
func (c composed) At(i int) (data.Example, error) {
	r := audio.Draw(c.l.config.Seed, 0, i)
	s := c.l.compose(c.l.voices[r.IntN(len(c.l.voices))], r)
	return s.example(), nil
}

// compose puts a string of one to seven digits together of what a voice says:
// words, or several that it says at a stretch; with pauses, or without.
func (l *lesson) compose(v voice, r *tensor.Rand) clip {
	count := 1 + r.IntN(most)
	var parts []*spoken.Spoken
	for left := count; left > 0; {
		s := v.digits[r.IntN(len(v.digits))]
		if k := r.IntN(3 * max(1, len(v.phrase))); k < len(v.phrase) && len(v.phrase[k].Words()) <= left {
			s = v.phrase[k]
		}
		parts = append(parts, s)
		left -= len(s.Words())
	}
	fluent := r.Float64() < 0.5
	return l.joined(parts, v.name, r, func() int {
		if fluent {
			return -r.IntN(listen.Rate / 20) // each clip has 30 ms of silence at both ends
		}
		return r.IntN(listen.Rate / 3)
	})
}

// rows puts strings of one, two, … seven digits together of a person's clips,
// each of which is in one, with pauses of 0.05 to 0.25 s.
func (l *lesson) rows(v voice, r *tensor.Rand) (all []clip) {
	left := v.digits
	order := r.Perm(len(left))
	for n := 1; len(order) > 0; n = n%most + 1 {
		n = min(n, len(order))
		var parts []*spoken.Spoken
		for _, i := range order[:n] {
			parts = append(parts, left[i])
		}
		order = order[n:]
		all = append(all, l.joined(parts, v.name, r, func() int { return listen.Rate/20 + r.IntN(listen.Rate/5) }))
	}
	return all
}

// joined adds parts up one after the other, with so many samples between two as
// gap says; below 0 they overlap.
func (l *lesson) joined(parts []*spoken.Spoken, name string, r *tensor.Rand, gap func() int) clip {
	out := make([]float32, r.IntN(listen.Rate/5))
	var texts []string
	for i, s := range parts {
		at := len(out)
		if i > 0 {
			at = max(0, at+gap())
		}
		if grow := at + len(s.Samples) - len(out); grow > 0 {
			out = append(out, make([]float32, grow)...)
		}
		gain := float32(0.7 + 0.3*r.Float64())
		for k, x := range s.Samples {
			out[at+k] += gain * x
		}
		texts = append(texts, s.Text)
	}
	out = append(out, make([]float32, r.IntN(listen.Rate/5))...)
	return l.clipOf(out, strings.Join(texts, " "), name)
}
