package anomaly

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"slices"

	"github.com/limpid-ml/limpid/data/series"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/plot"
	"github.com/limpid-ml/limpid/recipe/report"
)

// theory is what the recipe shows, in plain words.
var theory = []string{
	"Faults are rare and of many kinds: one cannot learn them, but one can learn what is usual. The auto-encoder reads a stretch and the one before, in which the watched column is hidden, squeezes what it read into a few numbers, and unrolls from them what the hidden column should have been, with a deviation for each step. What a stretch scores is how many deviations the column is away from that.",
	"It never sees the values that it judges, so that a fault cannot talk it into believing it; the other columns and the calendar tell it what kind of day it was. A holiday that empties the whole street is usual to it, and a counter that alone counts half is not.",
	"The series itself has no labels. Faults are planted into its validation part and its test part by a generator whose parameters were fixed before any training, and are the same for all ways; what was odd in the series already counts as no fault, so that a perfect score may be out of reach. How a stretch's score is made of its steps, and from which score on a stretch is suspicious, is chosen on the validation part, for the auto-encoder and for each rule.",
	"Average precision is the area under precision over recall: 1 if every planted fault scores above all other stretches, and the share of faults, a quarter here, if scores are drawn by lot.",
}

// pages are the report's.
func (l *lesson) pages(context.Context, *recipe.Measured) ([]report.Section, error) {
	r := l.tested
	rows := [][]string{}
	for _, w := range r.ways {
		rows = append(rows, []string{w.name, fmt.Sprintf("%.3f", w.precision), fmt.Sprintf("%.3f", w.valid), w.pool.name})
	}
	all := []report.Section{
		{Title: "How faults are found", Text: theory},
		{Title: "Who finds most", Text: []string{r.verdict()}, Body: []report.Figure{
			report.Table([]string{"way", "average precision, test", "on validation data", "score of a stretch"}, rows)}},
		r.kinds(),
		l.overview(),
	}
	for _, s := range []struct {
		title, text string
		which       func(planted, found bool) bool
		up          bool
	}{
		{"Faults that were found", "The surest of them.", func(p, f bool) bool { return p && f }, true},
		{"Faults that were missed", "Those with the least scores.", func(p, f bool) bool { return p && !f }, false},
		{"Odd without a planted fault", "Stretches of the series as it is that score highest: look whether something real happened there.", func(p, f bool) bool { return !p }, true},
	} {
		if section := l.examples(s.title, s.text, s.which, s.up); section != nil {
			all = append(all, *section)
		}
	}
	return all, nil
}

// kinds tells of each kind of fault how many were found.
func (r *reckoned) kinds() report.Section {
	head := []string{"fault", "planted"}
	for _, w := range r.ways {
		head = append(head, recipe.Words(w.key))
	}
	rows := [][]string{}
	for k := -1; k < len(faults); k++ {
		name := "none (false alarms)"
		if k >= 0 {
			name = faults[k].name
		}
		row := []string{name, fmt.Sprint(count(r.kind, k))}
		for _, w := range r.ways {
			n := 0
			for i, s := range w.scores {
				if r.kind[i] == k && s >= w.alarm {
					n++
				}
			}
			row = append(row, fmt.Sprint(n))
		}
		rows = append(rows, row)
	}
	return report.Section{Title: "Which faults are found", Text: []string{
		"How many stretches of each kind scored above each way's alarm, the score at which F1 was best on validation data.",
	}, Body: []report.Figure{report.Table(head, rows)}}
}

// rows is in how many rows the test part is drawn.
const rows = 4

// overview draws the whole test part: what was planted, and what was found.
func (l *lesson) overview() report.Section {
	r, net := l.tested, l.tested.ways[0]
	var all []*image.RGBA
	n := len(r.at)
	for k := range rows {
		from, to := k*n/rows, (k+1)*n/rows
		if from == to {
			continue
		}
		first := r.at[from]
		c := &plot.Chart{Steps: r.at[to-1] + l.Window - first, Width: 1000, Height: 190, Label: func(i int) string { return l.stamp(l.series, first+i) },
			Lines: []plot.Line{{Name: l.Columns[0], Values: r.values[first : r.at[to-1]+l.Window], Colour: 5, Thin: true}}}
		if k == 0 {
			c.Title = "red: judged suspicious; green strip: a planted fault"
		}
		for i := from; i < to; i++ {
			at := r.at[i] - first
			if net.scores[i] >= net.alarm {
				c.Marks = append(c.Marks, plot.Mark{From: at, To: at + l.Window, Colour: 0})
			}
			if r.kind[i] >= 0 {
				c.Marks = append(c.Marks, plot.Mark{From: at, To: at + l.Window, Colour: 1, Strip: true})
			}
		}
		all = append(all, c.Draw())
	}
	return report.Section{Title: "The test part", Body: []report.Figure{report.Large([]report.Picture{{Image: plot.Stack(all...), Hint: "the test part"}})}}
}

// shown is how many examples a section has.
const shown = 4

// examples draws a few stretches with what the network expected; nil if there
// are none.
func (l *lesson) examples(title, text string, which func(planted, found bool) bool, highest bool) *report.Section {
	r, net := l.tested, l.tested.ways[0]
	var some []int
	for i := range r.at {
		if which(r.kind[i] >= 0, net.scores[i] >= net.alarm) {
			some = append(some, i)
		}
	}
	slices.SortStableFunc(some, func(a, b int) int {
		if highest {
			a, b = b, a
		}
		return cmp.Compare(net.scores[a], net.scores[b])
	})
	var pictures []report.Picture
	for _, i := range some[:min(shown, len(some))] {
		what := "nothing planted"
		if r.kind[i] >= 0 {
			what = "planted: " + faults[r.kind[i]].name
		}
		c := l.draw(l.series, r.values, r.at[i], net.said[i])
		c.Title = fmt.Sprintf("%s: %s, score %.1f (alarm from %.1f)", l.stamp(l.series, r.at[i]), what, net.scores[i], net.alarm)
		pictures = append(pictures, report.Picture{Image: c.Draw(), Hint: what})
	}
	if len(pictures) == 0 {
		return nil
	}
	return &report.Section{Title: title, Text: []string{text}, Body: []report.Figure{report.Large(pictures)}}
}

// draw is the chart of a stretch and its surroundings.
func (l *lesson) draw(from *series.Series, values []float64, at int, s said) *plot.Chart {
	first, end := max(0, at-2*l.Window), min(len(values), at+2*l.Window)
	mean, low, high := missing(end-first), missing(end-first), missing(end-first)
	for t := range l.Window {
		i := at - first + t
		mean[i], low[i], high[i] = l.back(s.mean[t]), l.back(s.mean[t]-2*s.dev[t]), l.back(s.mean[t]+2*s.dev[t])
	}
	return &plot.Chart{Steps: end - first, Width: 760, Height: 280, Label: func(i int) string { return l.stamp(from, first+i) },
		Marks: []plot.Mark{{From: at - first, To: at - first + l.Window, Colour: 2}},
		Bands: []plot.Band{{Low: low, High: high, Colour: 3}},
		Lines: []plot.Line{{Name: "measured", Values: values[first:end], Colour: 5}, {Name: "expected, with two deviations", Values: mean, Colour: 3}}}
}

// stamp writes when a step was.
func (l *lesson) stamp(from *series.Series, step int) string {
	t := from.Time(step)
	if t.Hour() == 0 && t.Minute() == 0 {
		return t.Format("2006-01-02")
	}
	return t.Format("2006-01-02 15:04")
}
