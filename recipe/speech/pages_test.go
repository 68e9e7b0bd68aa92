package speech

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/datasets/spoken"
	"github.com/limpid-ml/limpid/model/decode"
	"github.com/limpid-ml/limpid/model/ngram"
)

// told is a lesson whose test was read as is said: pairs of what was said and
// what was written.
func told(t *testing.T, all ...[2]string) *lesson {
	t.Helper()
	l := made(t, small())
	for i, p := range all {
		c := l.clipOf(l.test[i].samples, p[0], l.test[i].voice)
		r := reading{clip: c, got: p[1], human: i%2 == 1}
		if p[1] != "" {
			labels, err := l.codec.encode(p[1])
			if err != nil {
				t.Fatal(err)
			}
			for k, label := range labels {
				r.spans = append(r.spans, decode.Span{Label: label, From: 2 * k, To: 2*k + 1})
			}
		}
		l.heard = append(l.heard, r)
	}
	return l
}

func TestScores(t *testing.T) {
	l := told(t, [2]string{"one two", "one two"}, [2]string{"three", ""}, [2]string{"four five six", "four six"}, [2]string{"one", "one one"})
	m := l.scores()
	if v, _ := m.Scores.Number("word_error_rate"); math.Abs(v-1./5) > 1e-9 { // one missing of five
		t.Errorf("word error rate %g", v)
	}
	if v, _ := m.Scores.Number("character_error_rate"); math.Abs(v-5./20) > 1e-9 { // "five " of 7 + 13
		t.Errorf("character error rate %g", v)
	}
	if _, ok := m.Scores.Number("word_error_rate_human"); ok || m.Examples != 4 {
		t.Errorf("without the rule: %v, %d examples", m.Scores, m.Examples)
	}
	l.rule = &rule{}
	m = l.scores()
	if v, _ := m.Scores.Number("word_error_rate_human"); math.Abs(v-2./2) > 1e-9 { // one missing, one too many, of two
		t.Errorf("of people: %g", v)
	}
	if v, _ := m.Scores.Number("word_error_rate_template"); v != 1 || m.Reference == nil || !strings.Contains(m.Story, "100.0%") {
		t.Errorf("the rule, which wrote nothing: %g; %q", v, m.Story)
	}
}

func TestConfusionCountsWords(t *testing.T) {
	l := told(t, [2]string{"one two", "one three"}, [2]string{"two", "two two"}, [2]string{"nine nine", "nine"})
	s := l.confusionSection()
	if s == nil || !strings.Contains(s.Text[0], "1 words were missed and 1 written") {
		t.Fatalf("%+v", s)
	}
	page := string(s.Body[0].HTML)
	for _, want := range []string{"two taken for three: 1 of 2", "one taken for one: 1 of 1", "nine taken for nine: 1 of 1"} {
		if !strings.Contains(page, want) {
			t.Errorf("the figure lacks %q", want)
		}
	}
	l.config.Tokens = characters
	if l.confusionSection() != nil {
		t.Error("characters are confused as digits")
	}
}

func TestMistakesComeWorstFirst(t *testing.T) {
	l := told(t, [2]string{"one two three four", "one two three five"}, [2]string{"nine", "one"}, [2]string{"six", "six"})
	s := l.mistakeSection()
	if s == nil || !strings.Contains(s.Text[0], "2 of 3") {
		t.Fatalf("%+v", s)
	}
	page := string(s.Body[0].HTML)
	if a, b := strings.Index(page, "it is: nine"), strings.Index(page, "it is: one two three four"); a < 0 || b < a {
		t.Errorf("the worst is at %d, the other at %d", a, b)
	}
	if l := told(t, [2]string{"six", "six"}); l.mistakeSection() != nil {
		t.Error("where all is right there are mistakes")
	}
	if p := told(t, [2]string{"six", ""}).picture(&told(t, [2]string{"six", ""}).heard[0]); p.Bold != "(nothing)" {
		t.Errorf("nothing written is %q", p.Bold)
	}
}

func TestVoicesAreListedWithTheirErrors(t *testing.T) {
	l := told(t, [2]string{"one two", "one two"}, [2]string{"three", "four"})
	l.heard[1].voice = "human theo"
	page := string(l.voiceSection().Body[0].HTML)
	if a, b := strings.Index(page, l.heard[0].voice), strings.Index(page, "human theo"); a < 0 || b < a || !strings.Contains(page, "100%") || !strings.Contains(page, ">0%") {
		t.Errorf("%s", page)
	}
}

// The figure of probabilities has a line for the blank and for each word, and is
// there if nothing was read right.
func TestChanceFigure(t *testing.T) {
	for _, l := range []*lesson{
		told(t, [2]string{"one", "one"}, [2]string{"one two three four", "one two three four"}),
		told(t, [2]string{"one", ""}),
	} {
		f, err := l.chanceFigure()
		if err != nil {
			t.Fatal(err)
		}
		page := string(f.HTML)
		if !strings.Contains(page, "blank") || len(l.heard) > 1 && !strings.Contains(page, "three") {
			t.Errorf("%.300s", page)
		}
	}
}

// Each voice is drawn once before any is drawn twice.
func TestReadSectionShowsEveryVoice(t *testing.T) {
	var all [][2]string
	for range 12 {
		all = append(all, [2]string{"one two six", "one two six"})
	}
	l := told(t, all...)
	for i := range l.heard {
		l.heard[i].voice = []string{"a", "a", "a", "a", "a", "a", "b", "b", "c", "c", "c", "d"}[i]
	}
	page := string(l.readSection().Body[0].HTML)
	for _, v := range []string{"a", "b", "c", "d"} {
		if !strings.Contains(page, "</b>"+v+"</div>") {
			t.Errorf("voice %s is not drawn", v)
		}
	}
	if n := strings.Count(page, "<img"); n > shown {
		t.Errorf("%d pictures", n)
	}
}

// What a language model adds is its own probability, weighed, and a bonus.
func TestWeigh(t *testing.T) {
	l := &lesson{config: &Config{Tokens: words}, options: options{Beam: 4, Language: 0.7, Words: 0.2}}
	l.texts = []string{"one two", "one two three", "two one"}
	l.codec = codecOf(words, l.texts)
	m := ngram.NewKneserNey(l.order(), l.codec.labels())
	for _, text := range l.texts {
		labels, err := l.codec.encode(text)
		if err != nil {
			t.Fatal(err)
		}
		m.Add(append([]int32{blank}, labels...))
	}
	m.Estimate()
	weigh := l.weigh()
	for _, tt := range []struct {
		before []int32
		label  int32
	}{{nil, 1}, {[]int32{1}, 3}, {[]int32{3, 1}, 2}, {[]int32{2, 2, 1}, 3}} {
		context := append([]int32{blank}, tt.before...)
		want := 0.2 + 0.7*m.LogProb(context[max(0, len(context)-2):], tt.label)
		if got := weigh(tt.before, tt.label); math.Abs(got-want) > 1e-9 {
			t.Errorf("%v after %v: %g, want %g", tt.label, tt.before, got, want)
		}
	}
	if weigh([]int32{l.codec.number["one"]}, l.codec.number["two"]) <= weigh([]int32{l.codec.number["one"]}, l.codec.number["one"]) {
		t.Error("what often follows is worth no more than what never does")
	}
}

// The rule's settings are tried on validation, and the best is taken.
func TestRule(t *testing.T) {
	l := made(t, small(func(c *Config) { c.Templates = 2 }))
	l.validate = l.validate[:12]
	if err := l.findRule(t.Context()); err != nil {
		t.Fatal(err)
	}
	best := l.rule.tried[l.rule.best]
	for _, tried := range l.rule.tried {
		if tried.errors < best.errors {
			t.Errorf("%+v is better than %+v, which was taken", tried, best)
		}
	}
	if l.rule.templates.Coefficients != best.coefficients || l.rule.templates.Penalty != best.penalty {
		t.Error("the templates are not those of the best settings")
	}
	v := l.voices[0]
	if got := l.rule.templates.Word(v.digits[7].Samples); got != spoken.Digits[7] {
		t.Errorf("a template is taken for %s", got)
	}
	if n := len(l.templates(12).String(v.phrase[0].Samples)); n < 1 {
		t.Error("a string of words is none")
	}
}

// A beam of one reads as the likeliest labels do; a wider one gives others, in
// order.
func TestSearch(t *testing.T) {
	l := made(t, small())
	logits, err := l.logits(l.test[3].samples)
	if err != nil {
		t.Fatal(err)
	}
	n := l.codec.labels()
	l.options = options{Beam: 1}
	one, err := l.search(logits)
	if err != nil || len(one) != 1 || !slices.Equal(one[0].Labels, labelsOf(decode.Greedy(logits, n, blank))) {
		t.Errorf("%+v: %v", one, err)
	}
	l.options = options{Beam: 12}
	many, err := l.search(logits)
	if err != nil || len(many) != 12 || !slices.IsSortedFunc(many, func(a, b decode.Reading) int {
		switch {
		case a.Score > b.Score:
			return -1
		case a.Score < b.Score:
			return 1
		}
		return 0
	}) {
		t.Errorf("%d readings: %v", len(many), err)
	}
}
