package sweep

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/report"
)

// Result is a search and what came of it: what sweep.json holds.
type Result struct {
	Recipe string   `json:"recipe"`
	Axes   []Axis   `json:"axes"`
	Score  string   `json:"score"` // of the validation data
	Lower  bool     `json:"lower,omitempty"`
	Rungs  []Rung   `json:"rungs"`
	Seed   uint64   `json:"seed"`
	Trials []*Trial `json:"trials"`
}

// Best is the trial to choose; nil: none has a score.
func (r *Result) Best() *Trial {
	if all := Ranked(r.Trials, r.Lower); len(all) > 0 && all[0].Score != nil {
		return all[0]
	}
	return nil
}

// Rows are the cells of the table of trials, the best first, after its head.
func (r *Result) Rows() [][]string {
	head := []string{"trial"}
	for _, a := range r.Axes {
		head = append(head, a.Key)
	}
	rows := [][]string{append(head, "epochs", recipe.Words(r.Score))}
	for _, t := range Ranked(r.Trials, r.Lower) {
		row := append([]string{strconv.Itoa(t.Number)}, t.Values...)
		score := t.Format(r.Score)
		if t.Trouble != "" {
			score = t.Trouble
		}
		rows = append(rows, append(row, strconv.Itoa(t.Epochs), score))
	}
	return rows
}

// shownCurves is how many learning curves the page shows.
const shownCurves = 8

// Page makes the page of a search.
func (r *Result) Page() *report.Page {
	p := &report.Page{Title: "limpid sweep " + r.Recipe,
		Lead: fmt.Sprintf("%d trials, compared by their %s on validation data. No trial has read the test split.", len(r.Trials), recipe.Words(r.Score))}
	if b := r.Best(); b != nil {
		p.Facts = append(p.Facts, report.Fact{Name: "best " + recipe.Words(r.Score), Value: b.Format(r.Score), Note: r.words(b), Mood: report.Good})
	}
	p.Facts = append(p.Facts, report.Fact{Name: "trials", Value: strconv.Itoa(len(r.Trials)), Note: r.ladder()})
	rows := r.Rows()
	p.Sections = []report.Section{
		{Title: "All settings at once", Text: []string{"Each line is a trial, of the longest training that three or more had, from setting to setting to its score on the right: the darker and thicker, the better. Where the dark lines meet on an axis, that value matters."},
			Body: []report.Figure{r.parallel()}},
		{Title: "Each setting by itself", Text: []string{"Each dot is a trial. A slope says that the setting matters by itself; a cloud, that it does not, or only together with another."}, Body: r.scatters()},
	}
	if s, ok := r.curves(); ok {
		p.Sections = append(p.Sections, s)
	}
	p.Sections = append(p.Sections, report.Section{Title: "Every trial", Text: []string{"The best of the longest training first. One value above another by less than what another seed changes says nothing: train the first few again with other seeds (--set seed=1,2,3) before you believe it."},
		Body: []report.Figure{report.Table(rows[0], rows[1:])}})
	return p
}

// words writes a trial's settings.
func (r *Result) words(t *Trial) string {
	var all []string
	for i, a := range r.Axes {
		all = append(all, a.Key+"="+t.Values[i])
	}
	return strings.Join(all, " ")
}

// ladder writes the rungs.
func (r *Result) ladder() string {
	var all []string
	for _, g := range r.Rungs {
		all = append(all, fmt.Sprintf("%d × %d epochs", g.Trials, g.Epochs))
	}
	return strings.Join(all, ", then ")
}

// longest returns the trials with a score of the latest rung that has several,
// the worst first.
func (r *Result) longest() []*Trial {
	for rung := len(r.Rungs); rung > 0; rung-- {
		var all []*Trial
		for _, t := range Ranked(r.Trials, r.Lower) {
			if t.Rung == rung && t.Score != nil {
				all = append(all, t)
			}
		}
		if len(all) > 2 || rung == 1 {
			slices.Reverse(all)
			return all
		}
	}
	return nil
}

// scale places the values of an axis from 0 to 1.
type scale struct {
	lo, hi float64
	log    bool
	words  []string // the values in order, where they are no numbers
}

// scaleOf finds how to place values: numbers by size, over more than a factor
// of 20 by their logarithm, and words evenly.
func scaleOf(values []string) scale {
	s := scale{lo: math.Inf(1), hi: math.Inf(-1)}
	least := math.Inf(1)
	for _, v := range values {
		x, err := strconv.ParseFloat(v, 64)
		if err != nil {
			s.words = slices.Compact(slices.Sorted(slices.Values(values)))
			s.lo, s.hi = 0, float64(len(s.words)-1)
			return s
		}
		s.lo, s.hi, least = min(s.lo, x), max(s.hi, x), min(least, x)
	}
	s.log = least > 0 && s.hi > 20*s.lo
	return s
}

// number is where a value stands on the axis, in its own numbers.
func (s scale) number(v string) float64 {
	if s.words != nil {
		i, _ := slices.BinarySearch(s.words, v)
		return float64(i)
	}
	x, _ := strconv.ParseFloat(v, 64)
	return x
}

// at is where a number stands from 0 to 1.
func (s scale) at(x float64) float64 {
	lo, hi := s.lo, s.hi
	if s.log {
		lo, hi, x = math.Log(lo), math.Log(hi), math.Log(x)
	}
	if hi == lo {
		return 0.5
	}
	return (x - lo) / (hi - lo)
}

// ends writes the least and the greatest value.
func (s scale) ends() (low, high string) {
	if s.words != nil {
		return s.words[0], s.words[len(s.words)-1]
	}
	return strconv.FormatFloat(s.lo, 'g', 4, 64), strconv.FormatFloat(s.hi, 'g', 4, 64)
}

// The sizes of the parallel coordinates, in pixels.
const (
	axisGap, axisTop, axisHeight, axisLeft = 150, 44, 220, 60
)

// parallel draws parallel coordinates: an axis for each setting, and one for
// the score.
//
// Source: Inselberg 1985, "The plane with parallel coordinates".
func (r *Result) parallel() report.Figure {
	trials := r.longest()
	columns := make([][]string, len(r.Axes)+1)
	for _, t := range trials {
		for i, v := range t.Values {
			columns[i] = append(columns[i], v)
		}
		columns[len(r.Axes)] = append(columns[len(r.Axes)], strconv.FormatFloat(*t.Score, 'g', -1, 64))
	}
	var b strings.Builder
	width := 2*axisLeft + axisGap*len(r.Axes)
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" width="%d" height="%d" role="img"><title>trials by settings</title>`, width, axisTop+axisHeight+30, width, axisTop+axisHeight+30)
	lines := make([]strings.Builder, len(trials))
	for i, values := range columns {
		if len(values) == 0 {
			continue
		}
		s, x := scaleOf(values), axisLeft+axisGap*i
		name := recipe.Words(r.Score)
		low, high := s.ends()
		if i < len(r.Axes) {
			name = r.Axes[i].Key
		} else if trials[0].Format(r.Score) != "—" {
			low, high = formatAs(r.Score, low), formatAs(r.Score, high)
		}
		fmt.Fprintf(&b, `<text x="%d" y="16" text-anchor="middle" font-weight="bold">%s</text><text x="%d" y="%d" text-anchor="middle">%s</text><text x="%d" y="%d" text-anchor="middle">%s</text>`,
			x, escape(name), x, axisTop-10, escape(high), x, axisTop+axisHeight+18, escape(low))
		fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%d" y2="%d" stroke="currentColor" stroke-opacity="0.4"/>`, x, x, axisTop, axisTop+axisHeight)
		for k, v := range values {
			fmt.Fprintf(&lines[k], "%d,%.1f ", x, axisTop+axisHeight*(1-s.at(s.number(v))))
		}
	}
	for k, t := range trials {
		rank := float64(k+1) / float64(len(trials))
		fmt.Fprintf(&b, `<polyline class="s0" fill="none" stroke="var(--c)" stroke-opacity="%.2f" stroke-width="%.1f" points="%s"><title>trial %d: %s, %s</title></polyline>`,
			0.15+0.85*rank*rank, 1+2*rank*rank*rank*rank, strings.TrimSpace(lines[k].String()), t.Number, escape(r.words(t)), t.Format(r.Score))
	}
	b.WriteString("</svg>")
	return report.Figure{HTML: template.HTML(b.String())}
}

func escape(s string) string { return template.HTMLEscapeString(s) }

// formatAs writes a number as the score is written.
func formatAs(score, number string) string {
	v, _ := strconv.ParseFloat(number, 64)
	t := Trial{Score: &v}
	return t.Format(score)
}

// scatters draws the score by each setting.
func (r *Result) scatters() []report.Figure {
	var all []report.Figure
	for i, a := range r.Axes {
		var values []string
		for _, t := range r.Trials {
			values = append(values, t.Values[i])
		}
		s := scaleOf(values)
		title := recipe.Words(r.Score) + " by " + a.Key
		if s.log {
			title += " (power of 10)"
		}
		if s.words != nil {
			title += " (" + strings.Join(s.words, ", ") + ")"
		}
		all = append(all, report.Lines(report.Chart{Title: title, X: a.Key, Percent: formatAs(r.Score, "0.5") == "50.00%"}, r.dots(i, s)))
	}
	return all
}

// dots are the points of a scatter plot.
func (r *Result) dots(i int, s scale) report.Line {
	l := report.Line{Free: true}
	for _, t := range r.Trials {
		if t.Score == nil {
			continue
		}
		x := s.number(t.Values[i])
		if s.log {
			x = math.Log10(x)
		}
		l.X, l.Y = append(l.X, x), append(l.Y, *t.Score)
	}
	return l
}

// curves draws how the best trials learned.
func (r *Result) curves() (report.Section, bool) {
	var lines []report.Line
	for _, t := range Ranked(r.Trials, r.Lower) {
		if len(t.Curve) < 2 || len(lines) == shownCurves {
			continue
		}
		x := make([]float64, len(t.Curve))
		for i := range x {
			x[i] = float64(i + 1)
		}
		lines = append(lines, report.Line{Name: fmt.Sprintf("trial %d", t.Number), X: x, Y: t.Curve})
	}
	if len(lines) == 0 {
		return report.Section{}, false
	}
	return report.Section{Title: "How the best of them learned", Body: []report.Figure{
		report.Lines(report.Chart{Title: recipe.Words(r.Score) + " on validation data", X: "epoch", Width: 700, Height: 340, Percent: formatAs(r.Score, "0.5") == "50.00%"}, lines...)}}, true
}
