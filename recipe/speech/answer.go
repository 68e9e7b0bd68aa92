package speech

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/limpid-ml/limpid/model/decode"
	"github.com/limpid-ml/limpid/model/ngram"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/listen"
)

// options are the settings of an answer.
type options struct {
	Beam     int     `json:"beam" help:"how many beginnings the search keeps; 1: the likeliest label of each step" min:"1" max:"10000"`
	Language float64 `json:"language" help:"weight of a language model of the training transcripts, by its logarithm; 0: none" min:"0" max:"10"`
	Words    float64 `json:"word-bonus" help:"what each token is worth, as a logarithm, where a language model makes texts too short" min:"-10" max:"10"`
}

// said is what the network makes of a clip.
type said struct {
	Text   string   `json:"text"`
	Chance float64  `json:"probability"` // of all alignments that spell it
	Tokens []placed `json:"tokens"`
	Others []string `json:"others,omitempty"` // the next best readings
}

// placed is a token and when it is said.
type placed struct {
	Token string  `json:"token"`
	From  float64 `json:"from"` // seconds
	To    float64 `json:"to"`
}

// unsure is the probability below which an answer is worth little.
const unsure = 0.5

// answer writes down what is said in a file of sound.
func (l *lesson) answer(_ context.Context, q *recipe.Question) (*recipe.Answer, error) {
	samples, steps, err := listen.Ask(q)
	if err != nil {
		return nil, err
	}
	logits, err := l.logits(samples)
	if err != nil {
		return nil, err
	}
	readings, err := l.search(logits)
	if err != nil {
		return nil, err
	}
	spans := decode.Align(logits, l.codec.labels(), blank, readings[0].Labels)
	s := &said{Text: l.codec.decode(readings[0].Labels), Chance: math.Exp(readings[0].LogProb), Tokens: l.placed(spans)}
	for _, r := range readings[1:min(4, len(readings))] {
		s.Others = append(s.Others, l.codec.decode(r.Labels))
	}
	a := &recipe.Answer{Text: s.Text + "\n", Value: s, Steps: steps, Picture: listen.Draw(samples, l.marks(spans))}
	if s.Chance < unsure {
		a.Doubt = fmt.Sprintf("the probability of this reading is %.0f%% only", 100*s.Chance)
	}
	return a, nil
}

// search looks for the likeliest readings, as the options say.
func (l *lesson) search(logits []float32) ([]decode.Reading, error) {
	c := decode.CTC{Width: l.options.Beam, Blank: blank, Least: 1e-5}
	if l.options.Language > 0 || l.options.Words != 0 {
		c.Weigh = l.weigh()
	}
	if c.Weigh == nil && c.Width == 1 {
		spans := decode.Greedy(logits, l.codec.labels(), blank)
		exact, err := decode.CTC{Width: 64, Blank: blank, Least: 1e-5}.Search(logits, l.codec.labels())
		if err != nil {
			return nil, err
		}
		r := decode.Reading{Labels: labelsOf(spans), LogProb: math.Inf(-1)}
		for _, e := range exact {
			if slices.Equal(e.Labels, r.Labels) {
				r = e
			}
		}
		return []decode.Reading{r}, nil
	}
	return c.Search(logits, l.codec.labels())
}

// order is the length of the language model's n-grams: of characters, a word;
// of words, three.
func (l *lesson) order() int {
	if l.config.Tokens == characters {
		return 6
	}
	return 3
}

// weigh returns what a token after others is worth: by a language model of the
// training transcripts, Kneser and Ney's.
func (l *lesson) weigh() func(before []int32, label int32) float64 {
	m := ngram.NewKneserNey(l.order(), l.codec.labels())
	for _, text := range l.texts {
		if labels, err := l.codec.encode(text); err == nil {
			m.Add(append([]int32{blank}, labels...)) // the blank stands for the beginning
		}
	}
	m.Estimate()
	return func(before []int32, label int32) float64 {
		context := append([]int32{blank}, before...)
		return l.options.Words + l.options.Language*m.LogProb(context[max(0, len(context)-l.order()+1):], label)
	}
}

// placed lists tokens with their times.
func (l *lesson) placed(spans []decode.Span) []placed {
	all := make([]placed, len(spans))
	for i, s := range spans {
		all[i] = placed{l.codec.tokens[s.Label-1], l.step() * float64(s.From), l.step() * float64(s.To)}
	}
	return all
}

// marks are the words of spans, to be drawn: characters are joined.
func (l *lesson) marks(spans []decode.Span) (all []listen.Mark) {
	fresh := true
	for _, p := range l.placed(spans) {
		if strings.TrimSpace(p.Token) == "" {
			fresh = true
			continue
		}
		if l.config.Tokens == characters && !fresh {
			last := &all[len(all)-1]
			last.Text, last.To = last.Text+p.Token, p.To
			continue
		}
		all = append(all, listen.Mark{Text: p.Token, From: p.From, To: p.To})
		fresh = false
	}
	return all
}
