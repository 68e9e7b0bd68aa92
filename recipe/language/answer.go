package language

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
)

// options are the settings of an answer.
type options struct {
	Top   int  `json:"top" help:"name the n likeliest; 0: all" min:"0" max:"100000"`
	Lines bool `json:"lines" help:"answer each line by itself"`
}

// said is what the network makes of a text: the likeliest classes first.
type said struct {
	Text    string          `json:"text,omitempty"` // with lines=true, the line
	Class   string          `json:"class"`
	Classes []recipe.Chance `json:"classes"`
}

const (
	// mostRead bounds what is read of an input, in bytes.
	mostRead = 1 << 20
	// mostPieces is how many pieces of a long text are looked at, evenly spread.
	mostPieces = 64
	// few characters do not tell languages apart.
	few = 15
)

// answer says which class a text is of.
func (l *lesson) answer(ctx context.Context, q *recipe.Question) (*recipe.Answer, error) {
	raw, err := io.ReadAll(io.LimitReader(q.In, mostRead+1))
	if err != nil {
		return nil, err
	}
	a := &recipe.Answer{}
	if len(raw) > mostRead {
		raw = raw[:mostRead]
		a.Steps = append(a.Steps, fmt.Sprintf("read the first %d KiB only", mostRead>>10))
	}
	if !utf8.Valid(raw) {
		a.Steps = append(a.Steps, "some bytes are not UTF-8: read each as a character that is not known")
	}
	text := strings.ToValidUTF8(string(raw), string(utf8.RuneError))
	if l.options.Lines {
		return l.lines(ctx, text, a)
	}
	read := plain(text)
	if len(read) == 0 {
		return nil, errors.New("there is no text: write a sentence, or give a file with one")
	}
	s, err := l.name(read)
	if err != nil {
		return nil, err
	}
	a.Value, a.Text, a.Doubt = s, s.table(), l.doubt(read)
	return a, nil
}

// lines answers each line that has text in it.
func (l *lesson) lines(ctx context.Context, text string, a *recipe.Answer) (*recipe.Answer, error) {
	all := []*said{}
	var b strings.Builder
	lines := bufio.NewScanner(strings.NewReader(text))
	lines.Buffer(nil, mostRead+1)
	for lines.Scan() {
		read := plain(lines.Text())
		if len(read) == 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s, err := l.name(read)
		if err != nil {
			return nil, err
		}
		s.Text = lines.Text()
		all = append(all, s)
		fmt.Fprintf(&b, "%s\t%.1f%%\t%s\n", s.Class, 100*s.Classes[0].Probability, strings.Join(strings.Fields(s.Text), " "))
	}
	if len(all) == 0 {
		return nil, errors.New("there is no text in any line")
	}
	a.Value, a.Text = all, b.String()
	return a, lines.Err()
}

// name asks the network for a text's class.
func (l *lesson) name(text []rune) (*said, error) {
	chance, err := l.chances(text)
	if err != nil {
		return nil, err
	}
	s := &said{}
	for i, p := range chance {
		s.Classes = append(s.Classes, recipe.Chance{Class: l.corpus.classes[i], Probability: p})
	}
	slices.SortStableFunc(s.Classes, func(a, b recipe.Chance) int { return cmp.Compare(b.Probability, a.Probability) })
	s.Class = s.Classes[0].Class
	if n := l.options.Top; n > 0 {
		s.Classes = s.Classes[:min(n, len(s.Classes))]
	}
	return s, nil
}

// chances returns the probability of each class: of a long text, by the mean of
// the scores of pieces as long as those that the network learned from.
func (l *lesson) chances(text []rune) ([]float64, error) {
	sum := make([]float32, len(l.corpus.classes))
	all := spread(text)
	for _, piece := range all {
		y, err := l.net.Predict(l.letter.encode([][]rune{piece}, len(piece)))
		if err != nil {
			return nil, err
		}
		for i, v := range tensor.Data[float32](y) {
			sum[i] += v / float32(len(all))
		}
	}
	return recipe.Softmax(sum), nil
}

// spread cuts a text into equal pieces no longer than those that the network
// learned from, and takes at most mostPieces, evenly spread.
func spread(text []rune) [][]rune {
	n := (len(text) + longest - 1) / longest
	var all [][]rune
	for i := range min(n, mostPieces) {
		k := i * n / min(n, mostPieces)
		all = append(all, text[k*len(text)/n:(k+1)*len(text)/n])
	}
	return all
}

// table writes the classes for people.
func (s *said) table() string {
	wide := 0
	for _, c := range s.Classes {
		wide = max(wide, utf8.RuneCountInString(c.Class))
	}
	var b strings.Builder
	for _, c := range s.Classes {
		fmt.Fprintf(&b, "%-*s  %5.1f%%\n", wide, c.Class, 100*c.Probability)
	}
	return b.String()
}

// doubt says why an answer about a text may be worth little.
func (l *lesson) doubt(text []rune) string {
	known := 0
	for _, r := range text {
		if char, _ := l.letter.number(r); char != unknown {
			known++
		}
	}
	switch {
	case letters(text) == 0:
		return "there is no letter in it"
	case 2*known < len(text):
		return "most of its characters are in none of the texts that were learned from"
	case len(text) < few:
		return fmt.Sprintf("it has %d characters, and languages share many short words", len(text))
	}
	return ""
}
