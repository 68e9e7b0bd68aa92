package prose

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/limpid-ml/limpid/model/decode"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/report"
)

// pages is the recipe's part of the report.
func (l *lesson) pages(ctx context.Context, _ *recipe.Measured) ([]report.Section, error) {
	styles, err := l.styleSection(ctx)
	if err != nil {
		return nil, err
	}
	all := []report.Section{l.scoreSection(), l.surpriseSection(), l.wordSection(), styles}
	if len(l.samples.all) > 0 {
		all = append(all, l.sampleSection())
	}
	return all, nil
}

// scoreSection compares the network with counting.
func (l *lesson) scoreSection() report.Section {
	f := l.found
	var rows [][]string
	for _, c := range f.trials {
		rows = append(rows, []string{fmt.Sprintf("%d-grams", c.order), bits(c.estimated), bits(c.tuned)})
	}
	return report.Section{Title: "What it knows, in bits", Text: []string{
		f.verdict(),
		fmt.Sprintf("Bits a character say how well a model foresees a text: the logarithm of one over the probability that it gave to what then came, on average. Who knows nothing needs %.1f bits for one of this text's %d characters. The network needs %.3f on the test, as if it were torn between %.1f characters, all as likely, each time; counting needs %.3f.",
			log2(l.text.codec.Size()-1), l.text.codec.Size()-1, f.bits, exp2(f.bits), f.baseline),
		"Counting is done by the best method known, interpolated Kneser–Ney with modified discounts: how often did each character follow the four before it, and where that says little, the three before it, and so on. It forgets all that is further back, and what it has not seen letter by letter is new to it. A network makes of all characters before, however many, a state that is alike where what follows is alike.",
		"The lengths of n-grams on the validation text, with the discounts that Chen and Goodman estimate and with those that were tuned on it. Longer ones know more and meet more that they have not seen:",
	}, Body: append(l.curve(), report.Table([]string{"counting", "bits, estimated", "bits, tuned"}, rows))}
}

// verdict says who foresees the test better.
func (f *findings) verdict() string {
	switch by := f.baseline - f.bits; {
	case by > 0.005:
		return fmt.Sprintf("The network foresees the test text better than counting does, by %.3f bits a character.", by)
	case by < -0.005:
		return fmt.Sprintf("Counting foresees the test text better than the network does, by %.3f bits a character: it needs less text, and no time. The network needs more of both.", -by)
	}
	return "The network and counting foresee the test text equally well."
}

// curve draws the validation bits by epoch, beside counting's.
func (l *lesson) curve() []report.Figure {
	if len(l.samples.all) < 2 {
		return nil
	}
	line := report.Line{Name: "the network", Dots: true}
	base := report.Line{Name: fmt.Sprintf("%d-grams", reference), Dash: true}
	at := slices.IndexFunc(l.found.trials, func(c counted) bool { return c.order == reference })
	for _, s := range l.samples.all {
		line.X, line.Y = append(line.X, float64(s.Epoch)), append(line.Y, s.Bits)
		base.X, base.Y = append(base.X, float64(s.Epoch)), append(base.Y, l.found.trials[at].tuned)
	}
	return []report.Figure{report.Lines(report.Chart{Title: "bits a character on validation text", X: "epoch"}, line, base)}
}

// passage is how many characters are shown with what each cost.
const passage = 700

// surpriseSection shows a passage of the test text and what was not foreseen.
func (l *lesson) surpriseSection() report.Section {
	n := min(passage, len(l.text.test))
	show := func(title string, all []float64) report.Figure {
		var spans []report.Span
		for i := range n {
			spans = append(spans, report.Span{Text: l.text.codec.Decode(l.text.test[i : i+1]), Weight: -all[i] / 8})
		}
		return report.Marked(fmt.Sprintf("%s: %.2f bits a character here", title, mean(all[:n])), spans)
	}
	return report.Section{Title: "What surprises it", Text: []string{
		"The beginning of the test text. The stronger the ground, the more bits a character took: beginnings of words are where a text decides something, their ends mostly follow.",
	}, Body: []report.Figure{show("the network", l.found.network), show("counting", l.found.counting)}}
}

// places is how many places in a word are told apart.
const places = 8

// wordSection shows where in a word what is foreseen.
func (l *lesson) wordSection() report.Section {
	net, counting := report.Line{Name: "the network", Dots: true}, report.Line{Name: "counting", Dots: true}
	sums, sumsC, n := make([]float64, places), make([]float64, places), make([]float64, places)
	at := 0
	for i, id := range l.text.test {
		if r := []rune(l.text.codec.Decode([]int32{id})); len(r) == 0 || !unicode.IsLetter(r[0]) {
			at = 0
			continue
		}
		if at < places {
			sums[at], sumsC[at], n[at] = sums[at]+l.found.network[i], sumsC[at]+l.found.counting[i], n[at]+1
		}
		at++
	}
	for i := range n {
		if n[i] > 0 {
			net.X, net.Y = append(net.X, float64(i+1)), append(net.Y, sums[i]/n[i])
			counting.X, counting.Y = append(counting.X, float64(i+1)), append(counting.Y, sumsC[i]/n[i])
		}
	}
	return report.Section{Title: "Where in a word it is hard", Text: []string{
		"Mean bits of the first letter of a word, the second, and so on. At the first, what was said before must help; later the word itself does.",
	}, Body: []report.Figure{report.Lines(report.Chart{Title: "bits by place in the word", X: "letter"}, net, counting)}}
}

// styles are ways to draw, from timid to bold.
var styles = []struct {
	name string
	s    decode.Sampling
}{
	{"the likeliest always", decode.Sampling{}},
	{"temperature 0.5", decode.Sampling{Temperature: 0.5}},
	{"temperature 0.8, top-p 0.95", decode.Sampling{Temperature: 0.8, TopP: 0.95}},
	{"temperature 1", decode.Sampling{Temperature: 1}},
}

// styleSection shows what the trained network writes.
func (l *lesson) styleSection(ctx context.Context) (report.Section, error) {
	const prompt = "The "
	s := report.Section{Title: "What it writes", Text: []string{
		fmt.Sprintf("All begin with %q. To take the likeliest character always leads round in circles: a text that holds no surprise is none that a person wrote. At temperature 1 it writes as surprisingly as it believes the book to be, and goes astray more often.", prompt),
	}}
	for _, style := range styles {
		text, err := l.sample(ctx, prompt, 2*sampleLength, style.s, sampleSeed)
		if err != nil {
			return s, err
		}
		s.Body = append(s.Body, report.Listing(wrapped(prompt+text, columns)).Under(style.name))
	}
	return s, nil
}

// columns is how wide what it writes is shown at most.
const columns = 90

// wrapped breaks lines that are wider than n characters, at spaces where there
// are any.
func wrapped(text string, n int) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		for r := []rune(line); len(r) > n; r = []rune(line) {
			at := n
			if i := strings.LastIndex(string(r[:n]), " "); i > 0 {
				at = len([]rune(string(r[:n])[:i])) + 1
			}
			b.WriteString(strings.TrimRight(string(r[:at]), " ") + "\n")
			line = string(r[at:])
		}
		b.WriteString(line)
	}
	return b.String()
}

// sampleSection shows how it learned to write.
func (l *lesson) sampleSection() report.Section {
	s := report.Section{Title: "How it learned to write", Text: []string{"After each epoch it wrote a little, by the same random numbers."}}
	var rows [][]string
	for _, t := range l.samples.all {
		rows = append(rows, []string{fmt.Sprint(t.Epoch), strings.Join(strings.Fields(t.Text), " "), bits(t.Bits)})
	}
	s.Body = []report.Figure{report.Table([]string{"epoch", "text", "bits a character"}, rows)}
	return s
}

func bits(v float64) string { return fmt.Sprintf("%.3f", v) }
