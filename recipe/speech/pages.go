package speech

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"github.com/limpid-ml/limpid/datasets/spoken"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/listen"
	"github.com/limpid-ml/limpid/recipe/report"
)

// pages is the recipe's part of the report.
func (l *lesson) pages(_ context.Context, m *recipe.Measured) ([]report.Section, error) {
	chart, err := l.chanceFigure()
	if err != nil {
		return nil, err
	}
	all := []report.Section{l.readSection(), l.theory(chart)}
	if l.rule != nil {
		all = append(all, l.ruleSection(m), l.voiceSection())
	}
	if s := l.confusionSection(); s != nil {
		all = append(all, *s)
	}
	if s := l.mistakeSection(); s != nil {
		all = append(all, *s)
	}
	return all, nil
}

// shown is how many clips a section draws.
const shown = 8

// readSection draws readings of the test split, of each voice in turn.
func (l *lesson) readSection() report.Section {
	var pictures []report.Picture
	seen := map[string]int{}
	for round := 0; round < 2 && len(pictures) < shown; round++ {
		for _, r := range l.heard {
			if seen[r.voice] == round && len(pictures) < shown && (len(r.labels) > 2 || r.voice == "") {
				pictures = append(pictures, l.picture(&r))
				seen[r.voice]++
			}
		}
	}
	return report.Section{Title: "What it heard, and when", Text: []string{
		fmt.Sprintf("Test clips as the network sees them: time to the right, frequency upwards, brighter where there is more sound, %d bands every %d ms. Below each, what the network wrote, at the place where it was surest of it. Nobody ever told it where in a clip a word is: it was only given whole clips and whole texts.", listen.Bands, 1000*listen.Hop/listen.Rate),
	}, Body: []report.Figure{report.Large(pictures)}}
}

// picture draws a reading.
func (l *lesson) picture(r *reading) report.Picture {
	p := report.Picture{Image: listen.Draw(r.samples, l.marks(r.spans)), Bold: r.got, Text: r.voice + filepath.Base(r.file)}
	if r.file == "" {
		p.Text = r.voice
	}
	if r.got == "" {
		p.Bold = "(nothing)"
	}
	if r.got != r.text {
		p.Text += "; it is: " + r.text
	}
	return p
}

// theory tells how CTC works.
func (l *lesson) theory(chart report.Figure) report.Section {
	return report.Section{Title: "How it learns to write without being told when", Text: []string{
		fmt.Sprintf("Every %.0f ms the network gives a probability to each of the %d %s that it knows, and to a blank, which means: nothing new. A way to say a text is a row of such labels, one a step; to read it, repeats are merged and blanks dropped, so that “– three three – one – –” and “three – – – – one one” both read “three one”. There are astronomically many ways to say a text. Connectionist temporal classification (Graves et al. 2006) adds up the probabilities of all of them, exactly, by a recursion that goes from step to step and remembers only how much of the text has been said; training makes that sum larger. Which of the ways is taken is left to the network.", 1000*l.step(), len(l.codec.tokens), l.config.Tokens),
		"What comes of it is in the figure: short peaks, one a token, and blanks between, for to be sure in one step and silent in the others is the cheapest way to be right. A blank must stand between two equal tokens, or they would merge: that is what keeps “one one” apart from a long “one”.",
		"Reading takes the likeliest label of each step (greedy), which is what the scores here use; predict keeps several beginnings and adds up their ways (prefix beam search), and can ask a language model of the transcripts what is likely to be said: limpid predict RUN clip.wav --set language=0.5.",
	}, Body: []report.Figure{chart}}
}

// chanceFigure draws the probabilities of labels over time, of the first test
// clip of several tokens.
func (l *lesson) chanceFigure() (report.Figure, error) {
	k := max(0, slices.IndexFunc(l.heard, func(r reading) bool { return len(r.labels) >= 4 && r.got == r.text }))
	r := l.heard[k]
	logits, err := l.logits(r.samples)
	if err != nil {
		return report.Figure{}, err
	}
	n := l.codec.labels()
	lines := map[int32]*report.Line{}
	said := append([]int32{blank}, labelsOf(r.spans)...)
	for _, label := range said {
		name := "blank"
		if label != blank {
			name = l.codec.tokens[label-1]
		}
		lines[label] = &report.Line{Name: name, Dash: label == blank}
	}
	for t := range len(logits) / n {
		chance := recipe.Softmax(logits[t*n : (t+1)*n])
		for label, line := range lines {
			line.X, line.Y = append(line.X, l.step()*float64(t)), append(line.Y, chance[label])
		}
	}
	var all []report.Line
	for _, label := range said {
		if line := lines[label]; line != nil {
			all = append(all, *line)
			delete(lines, label)
		}
	}
	zero, one := 0.0, 1.0
	const colours = 8
	return report.Lines(report.Chart{Title: "“" + r.text + "”: probability of each label", X: "seconds", Percent: true, MinY: &zero, MaxY: &one, Width: 720, Height: 260}, all[:min(len(all), colours)]...), nil
}

// ruleSection compares the network with the nearest templates.
func (l *lesson) ruleSection(m *recipe.Measured) report.Section {
	score := func(name string) string {
		v, _ := m.Scores.Number(name)
		return fmt.Sprintf("%.1f%%", 100*v)
	}
	rows := [][]string{
		{"network", score("word_error_rate"), score("word_error_rate_human")},
		{"nearest templates", score("word_error_rate_template"), score("word_error_rate_human_template")},
	}
	var tried [][]string
	for i, t := range l.rule.tried {
		mark := ""
		if i == l.rule.best {
			mark = "taken"
		}
		tried = append(tried, []string{fmt.Sprint(t.coefficients), fmt.Sprint(t.penalty), fmt.Sprintf("%.1f%%", 100*t.errors), mark})
	}
	return report.Section{Title: "Does it take a network?", Text: []string{
		"How strings of words were recognised before: every digit of every training voice is a template; the row of templates whose frames, stretched and squeezed in time, lie nearest to the clip is the answer (one-stage dynamic programming, Vintsyuk 1971, Ney 1984). It learns nothing. How many cepstral coefficients it looks at, and what a further word costs, were chosen on validation strings, as the network's settings were.",
		"The word error rate is how many words must be changed, added or taken away to make the right text of what was written, as a share of the words that were said.",
	}, Body: []report.Figure{
		report.Table([]string{"word error rate", "flite", "people"}, rows),
		report.Table([]string{"coefficients of the rule", "cost of a word", "word error rate on validation", ""}, tried),
	}}
}

// voiceSection shows the errors by voice.
func (l *lesson) voiceSection() report.Section {
	edits := map[string]metric.Edits{}
	var names []string
	for _, r := range l.heard {
		if _, ok := edits[r.voice]; !ok {
			names = append(names, r.voice)
		}
		edits[r.voice] = edits[r.voice].Add(metric.Words(r.text, r.got))
	}
	slices.SortFunc(names, listen.Compare)
	var rates []float64
	for _, n := range names {
		rates = append(rates, edits[n].Rate())
	}
	return report.Section{Title: "Voices it has never heard", Text: []string{
		fmt.Sprintf("It learned from %d voices and settings of five synthesisers. flite is a sixth, whose voices are of other speakers; it says whole strings, in which a word runs into the next. The people are of the Free Spoken Digit Dataset: six men, some with a German, French or Greek accent, each on his own microphone; their strings are put together from digits that they said one by one.", len(l.voices)),
	}, Body: []report.Figure{report.Bars("word error rate by voice", names, rates, nil, func(v float64) string { return fmt.Sprintf("%.0f%%", 100*v) })}}
}

// confusionSection counts what was taken for what; nil where labels are no
// digits.
func (l *lesson) confusionSection() *report.Section {
	if l.voices == nil || l.config.Tokens != words {
		return nil
	}
	number := map[string]int{}
	for i, w := range spoken.Digits {
		number[w] = i
	}
	counts := make([][]int, len(spoken.Digits))
	for i := range counts {
		counts[i] = make([]int, len(spoken.Digits))
	}
	missed, added := 0, 0
	for _, r := range l.heard {
		for _, p := range pairs(split(words, r.text), split(words, r.got)) {
			switch {
			case p[1] == "":
				missed++
			case p[0] == "":
				added++
			default:
				counts[number[p[0]]][number[p[1]]]++
			}
		}
	}
	return &report.Section{Title: "Which digits sound alike", Text: []string{
		fmt.Sprintf("What was said (rows) and what was written in its place (columns), flite and people together. %d words were missed and %d written that nobody said.", missed, added),
	}, Body: []report.Figure{report.Confusion(spoken.Digits, counts)}}
}

// pairs lays two rows of words side by side with the fewest edits: what was said
// and what was written, "" where there is nothing.
func pairs(want, got []string) [][2]string {
	cost := make([][]int, len(want)+1)
	for i := range cost {
		cost[i] = make([]int, len(got)+1)
		for j := range cost[i] {
			switch {
			case i == 0 || j == 0:
				cost[i][j] = i + j
			default:
				cost[i][j] = min(cost[i-1][j-1]+differ(want[i-1], got[j-1]), cost[i-1][j]+1, cost[i][j-1]+1)
			}
		}
	}
	var all [][2]string
	for i, j := len(want), len(got); i > 0 || j > 0; {
		switch {
		case i > 0 && j > 0 && cost[i][j] == cost[i-1][j-1]+differ(want[i-1], got[j-1]):
			i, j = i-1, j-1
			all = append(all, [2]string{want[i], got[j]})
		case i > 0 && cost[i][j] == cost[i-1][j]+1:
			i--
			all = append(all, [2]string{want[i], ""})
		default:
			j--
			all = append(all, [2]string{"", got[j]})
		}
	}
	slices.Reverse(all)
	return all
}

func differ(a, b string) int {
	if a == b {
		return 0
	}
	return 1
}

// mistakeSection draws readings that are wrong, those with most errors for their
// length first; nil if there are none.
func (l *lesson) mistakeSection() *report.Section {
	var wrong []*reading
	for i := range l.heard {
		if r := &l.heard[i]; r.got != r.text {
			wrong = append(wrong, r)
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	rate := func(r *reading) float64 {
		return float64(metric.Words(r.text, r.got).Errors()) / math.Max(1, float64(len(r.labels)))
	}
	slices.SortStableFunc(wrong, func(a, b *reading) int {
		switch ra, rb := rate(a), rate(b); {
		case ra > rb:
			return -1
		case ra < rb:
			return 1
		}
		return 0
	})
	var pictures []report.Picture
	for _, r := range wrong[:min(shown, len(wrong))] {
		pictures = append(pictures, l.picture(r))
	}
	return &report.Section{Title: "What it got wrong", Text: []string{fmt.Sprintf("%d of %d test clips were not written down exactly. Here are the worst.", len(wrong), len(l.heard))},
		Body: []report.Figure{report.Large(pictures)}}
}
