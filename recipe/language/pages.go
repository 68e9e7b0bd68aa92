package language

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/report"
)

// pages is the recipe's part of the report.
func (l *lesson) pages(_ context.Context, m *recipe.Measured) ([]report.Section, error) {
	marks, err := l.marksSection(m)
	if err != nil {
		return nil, err
	}
	return []report.Section{l.lengthSection(), l.winnerSection(), l.nearSection(m), marks, l.mistakeSection(m), recipe.CalibrationSection(m), l.classSection(m)}, nil
}

// lengthSection shows how much text it takes.
func (l *lesson) lengthSection() report.Section {
	f := l.found
	net, bayes := report.Line{Name: "the network", Dots: true}, report.Line{Name: "naive Bayes", Dots: true}
	var rows [][]string
	for i, n := range f.lengths {
		net.X, net.Y = append(net.X, float64(n)), append(net.Y, f.network[i])
		bayes.X, bayes.Y = append(bayes.X, float64(n)), append(bayes.Y, f.bayes[i])
		rows = append(rows, []string{fmt.Sprint(n), fmt.Sprint(f.count[i]), percent(f.network[i]), percent(f.bayes[i])})
	}
	one := 1.0
	return report.Section{Title: "How much text does it take?", Text: []string{
		"The texts of the test split are cut into snippets, one after the other, wherever the count of characters falls, inside words too. A few characters are shared by many languages; every further one rules some of them out.",
	}, Body: []report.Figure{
		report.Lines(report.Chart{Title: "right answers by length of the snippet", X: "characters", Percent: true, MaxY: &one}, net, bayes),
		report.Table([]string{"characters", "snippets", "network", "naive Bayes"}, rows),
	}}
}

// winnerSection says who wins, and lists how the Bayes was chosen.
func (l *lesson) winnerSection() report.Section {
	f := l.found
	var rows [][]string
	for i, t := range f.trials {
		mark := ""
		if i == f.best {
			mark = "taken"
		}
		rows = append(rows, []string{t.String(), percent(t.accuracy), mark})
	}
	return report.Section{Title: "Who wins, and why", Text: []string{
		f.verdict(),
		"The Bayes counts, for each class by itself, how often each character follows the few before it, and names the class under which the snippet is likeliest. Each short run of characters is a witness of its own, and counting once is all the learning it takes: some thousand characters of a language show most of its endings and little words. The network has to find the same runs by gradient descent, as filters that all classes share, and sees no more text than that; what it could do better, to weigh witnesses that depend on each other, matters little where they agree." + l.kind(),
		fmt.Sprintf("Length of the n-grams and smoothing were chosen on snippets of %d characters from the validation texts, like the network's settings:", shortPiece),
	}, Body: []report.Figure{report.Table([]string{"naive Bayes by", "right on validation", ""}, rows)}}
}

// kind says what is particular about the declarations.
func (l *lesson) kind() string {
	if l.config.Data != "" {
		return ""
	}
	return " The declarations are also all of one kind: the same words come back in every article, which suits whoever remembers them by heart. Ahead of all tuning a crude Bayes was right in 99.2% of snippets of 40 characters: the network is here to show how one is made, not because the task asks for it."
}

// verdict compares the two at the lengths that scores are of.
func (f *findings) verdict() string {
	text := ""
	for i, n := range f.lengths {
		if n != shortPiece && n != longPiece {
			continue
		}
		by := 100 * (f.network[i] - f.bayes[i])
		who := "the network wins"
		switch {
		case math.Abs(by) < 0.05:
			who = "neither wins"
		case by < 0:
			who = "the Bayes wins"
		}
		text += fmt.Sprintf("At %d characters %s: the network is right in %s, the Bayes in %s. ", n, who, percent(f.network[i]), percent(f.bayes[i]))
	}
	return text + fmt.Sprintf("The mean F1 over all classes, at %d characters, is %.3f and %.3f.", shortPiece, f.macro, f.byHand)
}

// shownNear is how many classes the picture of confusions has at most.
const shownNear = 18

// nearSection shows the classes that are taken for each other most.
func (l *lesson) nearSection(m *recipe.Measured) report.Section {
	c := metric.Confusion{Matrix: m.Confusion}
	var classes []int
	var rows [][]string
	for _, p := range c.Pairs(shownNear) {
		rows = append(rows, []string{l.corpus.classes[p.True], l.corpus.classes[p.Guess], fmt.Sprint(p.Count)})
		for _, class := range []int{p.True, p.Guess} {
			if !slices.Contains(classes, class) && len(classes) < shownNear {
				classes = append(classes, class)
			}
		}
	}
	s := report.Section{Title: "What is near to what", Text: []string{
		fmt.Sprintf("Of the snippets of %d characters: the classes that are taken for each other most often, rows being the true ones. What was taken for a class that is not shown is left out.", shortPiece)}}
	if len(classes) == 0 {
		s.Text = []string{"No snippet of the test was taken for another class."}
		return s
	}
	slices.Sort(classes)
	names, counts := make([]string, len(classes)), make([][]int, len(classes))
	for i, t := range classes {
		names[i] = l.corpus.classes[t]
		for _, g := range classes {
			counts[i] = append(counts[i], m.Confusion[t][g])
		}
	}
	s.Body = []report.Figure{report.Confusion(names, counts), report.Table([]string{"it is", "taken for", "times"}, rows)}
	return s
}

// marked is how many texts are shown with what counted in them.
const marked = 10

// marksSection shows which characters mattered.
func (l *lesson) marksSection(m *recipe.Measured) (report.Section, error) {
	s := report.Section{Title: "Which characters mattered", Text: []string{
		"Three characters at a time are made unknown to the network: where its confidence in the right answer falls, they counted for it (blue), where it rises, against it (orange). Letters that only one language has stand out, and so do little words and endings.",
	}}
	for k := range marked {
		i := k * len(m.Labels) / marked
		falls, err := l.occlude(l.found.short.texts[i], m.Labels[i])
		if err != nil {
			return s, err
		}
		top := 1e-9
		for _, v := range falls {
			top = max(top, math.Abs(v))
		}
		var spans []report.Span
		for at, v := range falls {
			spans = append(spans, report.Span{Text: string(l.found.short.texts[i][at]), Weight: v / top})
		}
		guess := likeliest(m.Chance[i])
		s.Body = append(s.Body, report.Marked(fmt.Sprintf("%s (answer: %s, %.0f%% sure)", l.corpus.classes[m.Labels[i]], l.corpus.classes[guess], 100*m.Chance[i][guess]), spans))
	}
	return s, nil
}

func likeliest(chance []float64) int {
	best := 0
	for i, v := range chance {
		if v > chance[best] {
			best = i
		}
	}
	return best
}

// shownMistakes is how many mistakes the report lists.
const shownMistakes = 24

// mistakeSection lists the wrong answers of which the network was surest.
func (l *lesson) mistakeSection(m *recipe.Measured) report.Section {
	var wrong []int
	for i, label := range m.Labels {
		if likeliest(m.Chance[i]) != label {
			wrong = append(wrong, i)
		}
	}
	sure := func(i int) float64 { return m.Chance[i][likeliest(m.Chance[i])] }
	slices.SortStableFunc(wrong, func(a, b int) int { return cmp.Compare(sure(b), sure(a)) })
	var rows [][]string
	for _, i := range wrong[:min(len(wrong), shownMistakes)] {
		rows = append(rows, []string{string(l.found.short.texts[i]), l.corpus.classes[m.Labels[i]], l.corpus.classes[likeliest(m.Chance[i])], fmt.Sprintf("%.0f%%", 100*sure(i))})
	}
	s := report.Section{Title: "The most confident mistakes", Text: []string{fmt.Sprintf(
		"%d of %d snippets of %d characters were answered wrongly. These are the ones of which the network was surest: names of persons and places, quotations, and words that two languages share.", len(wrong), len(m.Labels), shortPiece)}}
	if len(rows) > 0 {
		s.Body = []report.Figure{report.Table([]string{"snippet", "it is", "answer", "sure"}, rows)}
	}
	return s
}

// classSection lists all classes, the hardest first.
func (l *lesson) classSection(m *recipe.Measured) report.Section {
	c := metric.Confusion{Matrix: m.Confusion}
	order := make([]int, len(l.corpus.classes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(c.F1(a), c.F1(b)) })
	var rows [][]string
	for _, i := range order {
		rows = append(rows, []string{l.corpus.classes[i], percent(c.Recall(i)), percent(c.Precision(i)), percent(c.F1(i))})
	}
	return report.Section{Title: "All classes, the hardest first", Body: []report.Figure{
		report.Table([]string{"class", "found", "right when named", "F1"}, rows).Under(fmt.Sprintf("Of snippets of %d characters.", shortPiece))}}
}

func percent(v float64) string { return fmt.Sprintf("%.1f%%", 100*v) }
