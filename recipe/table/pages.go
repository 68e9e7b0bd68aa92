package table

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/baseline"
	"github.com/limpid-ml/limpid/recipe/report"
)

// pages are the report: each table with what was learned from it.
func (j *job) pages(ctx context.Context, _ *recipe.Measured) ([]report.Section, error) {
	all, err := j.verdicts()
	if err != nil {
		return nil, err
	}
	sections := []report.Section{theory(j.config)}
	for _, v := range all {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		some, err := v.sections()
		if err != nil {
			return nil, err
		}
		sections = append(sections, some...)
	}
	return sections, nil
}

// theory says how rows are used and what the methods are.
func theory(c *Config) report.Section {
	return report.Section{Title: "How a small table is learned honestly", Text: []string{
		fmt.Sprintf("With a few hundred rows, which of them happen to be in a test split decides a comparison. So the rows are dealt into %d parts, and each part is answered by models that learned from the others (cross-validation): every row is tested once, by a model that has not seen it. Before that, the rows that a model learns from are dealt again into %d parts, on which its settings are chosen: no choice has seen a row that it is tested on.", c.Folds, c.Inner),
		"Three methods get the same rows and the same care. A line: ridge regression for a number, logistic regression for classes, with a penalty on its weights. Boosted trees: hundreds of small trees of yes-or-no questions, each grown on what those before it got wrong; they are hard to beat on tables. And networks.",
		fmt.Sprintf("The networks are %d small ones that answer together. Each is a line plus two hidden layers of %d units for what is not a line, so that it starts from what regression can do; they differ in their first weights, and the mean of several answers is better than any of them. Numbers are scaled to mean 0 and deviation 1, a name becomes a place of its own (one-hot), a missing value becomes the mean and a place that says that it was missing.", c.Members, c.Width),
	}}
}

// sections are the report of one table.
func (v *verdict) sections() ([]report.Section, error) {
	s := v.study
	name := fmt.Sprintf("%s: %s", s.Name, s.Target)
	if s.File != "" {
		name = s.Target
	}
	all := []report.Section{v.overview(name)}
	if s.config.Search && s.chosen != nil {
		all = append(all, v.choices(name))
	}
	effects, err := v.effects(name)
	if err != nil {
		return nil, err
	}
	all = append(all, effects...)
	if s.Classes != nil {
		m := &recipe.Measured{}
		m.Confusion, m.Labels, m.Chance = v.classified()
		for _, part := range []report.Section{recipe.ConfusionSection(m, s.Classes), recipe.CalibrationSection(m)} {
			part.Title = name + ": " + strings.ToLower(part.Title[:1]) + part.Title[1:]
			all = append(all, part)
		}
	} else {
		all = append(all, v.residuals(name))
	}
	return append(all, v.worst(name)), nil
}

// overview shows the table's columns and how the methods compare.
func (v *verdict) overview(name string) report.Section {
	s := v.study
	var rows [][]string
	for _, k := range s.Columns {
		if c, err := s.table.Column(k.Name); err == nil {
			rows = append(rows, []string{c.Name, c.Kind.String(), fmt.Sprint(c.Missing), c.Summary()})
		}
	}
	var names []string
	var scores, spreads []float64
	for _, m := range v.methods {
		factor := 1.0
		if s.Classes != nil {
			factor = 100
		}
		names, scores, spreads = append(names, m.title), append(scores, factor*m.score), append(spreads, factor*m.spread)
	}
	title := "error on rows not seen (root mean square; less is better)"
	write := s.number
	if s.Classes != nil {
		title = "share of classes told right on rows not seen"
		write = func(v float64) string { return fmt.Sprintf("%.1f%%", v) }
	}
	text := []string{fmt.Sprintf("%d rows, from which %s is told by %d columns.", len(s.y), s.Target, len(s.Columns))}
	for _, n := range s.Notes {
		text = append(text, sentence(n))
	}
	if v.better > 0 {
		text = append(text, sentence(v.sentence())+" The interval comes from drawing the rows anew, with replacement; where it holds 0, these rows cannot tell the two apart.")
	}
	return report.Section{Title: name, Text: text, Body: []report.Figure{
		report.Bars(title, names, scores, spreads, write).Under("Lines are 95% intervals: how far the figure would move with other rows of the same kind."),
		report.Table([]string{"column", "kind", "missing", "values"}, rows),
	}}
}

// sentence gives a note its capital and its stop.
func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] + "." }

// choices shows what was tried of each method and what was chosen.
func (v *verdict) choices(name string) report.Section {
	s := v.study
	var rows [][]string
	for k, t := range s.config.tries() {
		var loss float64
		n := 0
		for f := range s.searched {
			loss += s.searched[f][k] / float64(len(s.searched))
			if s.chosen[f] == t {
				n++
			}
		}
		rows = append(rows, []string{"networks", fmt.Sprintf("dropout %g, weight decay %g", t.dropout, t.decay), fmt.Sprintf("%.4f", loss), fmt.Sprint(n)})
	}
	rows = append(rows, tried(v.methods[1].title, s.linear)...)
	rows = append(rows, tried("boosted trees", s.trees)...)
	what := "the square of the error, in units of the target's variance"
	if s.Classes != nil {
		what = "the cross-entropy"
	}
	return report.Section{Title: name + ": how settings were chosen", Text: []string{
		fmt.Sprintf("Each method's settings, and %s on validation rows, the mean over all parts. Chosen: in how many of the %d parts of the rows it was the best. Trees also choose their number of rounds; shown is that of the first part.", what, len(s.Folds)),
	}, Body: []report.Figure{report.Table([]string{"method", "setting", "validation loss", "chosen"}, rows)}}
}

// tried sums the trials of a method up over the folds.
func tried(title string, folds [][]baseline.Trial) (rows [][]string) {
	if len(folds) == 0 {
		return nil
	}
	for k := range folds[0] {
		var loss float64
		n := 0
		for f := range folds {
			loss += folds[f][k].Loss / float64(len(folds))
			if folds[f][k].Chosen {
				n++
			}
		}
		rows = append(rows, []string{title, folds[0][k].Setting, fmt.Sprintf("%.4f", loss), fmt.Sprint(n)})
	}
	return rows
}

// effects show which columns matter, and what each does; not of rows that all
// networks answer together.
func (v *verdict) effects(name string) ([]report.Section, error) {
	s := v.study
	if s.fresh {
		return nil, nil
	}
	type weight struct {
		name         string
		mean, spread float64
	}
	var all []weight
	for _, c := range s.Columns {
		mean, spread, err := s.importance(c.Name, &v.methods[0])
		if err != nil {
			return nil, err
		}
		all = append(all, weight{c.Name, mean, spread})
	}
	sort.SliceStable(all, func(a, b int) bool { return all[a].mean > all[b].mean })
	var names []string
	var means, spreads []float64
	for _, w := range all {
		names, means, spreads = append(names, w.name), append(means, w.mean), append(spreads, w.spread)
	}
	unit, write := "error that is added (root mean square)", s.number
	if s.Classes != nil {
		unit, write = "points of accuracy that are lost", func(v float64) string { return fmt.Sprintf("%.1f", v) }
	}
	sections := []report.Section{{Title: name + ": which columns matter", Text: []string{
		"A column's values are shuffled among the rows, so that it says nothing any more, and the networks are asked again. A column without effect may still be of use where another that says the same was missing: columns that go together share their weight.",
	}, Body: []report.Figure{report.Bars(unit, names, means, spreads, write).Under(fmt.Sprintf("Means over %d shuffles, and their deviation.", shuffles))}}}
	curves := report.Section{Title: name + ": what each column does", Text: []string{
		"The mean answer if all rows had the same value in one column and kept their own in the others (partial dependence). It is what the networks believe, not what would happen: rows with such values together may not exist.",
	}}
	for _, w := range all {
		f, err := s.curve(w.name)
		if err != nil {
			return nil, err
		}
		curves.Body = append(curves.Body, f)
	}
	return append(sections, curves), nil
}

// curve draws a column's effect: lines for a number, bars for names.
func (s *study) curve(column string) (report.Figure, error) {
	c, err := s.table.Column(column)
	if err != nil {
		return report.Figure{}, err
	}
	if c.Kind == data.Category {
		return s.effectBars(c)
	}
	chart := report.Chart{Title: "mean " + s.Target, X: column}
	lines := []report.Line{{}}
	if s.Classes != nil {
		zero, one := 0.0, 1.0
		chart = report.Chart{Title: "mean probability of each " + s.Target, X: column, Percent: true, MinY: &zero, MaxY: &one}
		lines = nil
		for _, k := range s.Classes {
			lines = append(lines, report.Line{Name: k})
		}
	}
	for _, at := range s.grid(column) {
		mean, err := s.effect(column, at, "")
		if err != nil {
			return report.Figure{}, err
		}
		for k := range lines {
			lines[k].X, lines[k].Y = append(lines[k].X, at), append(lines[k].Y, mean[k])
		}
	}
	return report.Lines(chart, lines...), nil
}

// mostBars bounds the categories that are drawn.
const mostBars = 12

// effectBars draws the effect of a category's names.
func (s *study) effectBars(c *data.Column) (report.Figure, error) {
	var names []string
	var values []float64
	for _, name := range c.Categories[:min(mostBars, len(c.Categories))] {
		mean, err := s.effect(c.Name, 0, name)
		if err != nil {
			return report.Figure{}, err
		}
		if s.Classes == nil {
			names, values = append(names, name), append(values, mean[0])
			continue
		}
		for k, p := range mean {
			names, values = append(names, name+" → "+s.Classes[k]), append(values, 100*p)
		}
	}
	if s.Classes == nil {
		return report.Bars(fmt.Sprintf("mean %s by %s", s.Target, c.Name), names, values, nil, s.number), nil
	}
	return report.Bars(fmt.Sprintf("mean probability of each %s by %s, %%", s.Target, c.Name), names, values, nil, func(v float64) string { return fmt.Sprintf("%.1f", v) }), nil
}

// residuals show a number's answers beside the truth, and how errors are spread.
func (v *verdict) residuals(name string) report.Section {
	s := v.study
	dots := report.Line{Free: true}
	var off []float64
	for i, a := range v.methods[0].answers {
		dots.X, dots.Y = append(dots.X, s.y[i]), append(dots.Y, a[0])
		off = append(off, a[0]-s.y[i])
	}
	lo, hi := slices.Min(s.y), slices.Max(s.y)
	margin := s.held.margin()
	inside := 0
	for _, d := range off {
		if math.Abs(d) <= margin {
			inside++
		}
	}
	names, counts := histogram(off, s.number)
	return report.Section{Title: name + ": answers and truth", Text: []string{
		fmt.Sprintf("Each dot is a row, answered by networks that have not seen it; on the diagonal the answer is right. %d%% of the answers are within %s of the truth: that is the interval that predict prints.", 100*inside/len(off), s.number(margin)),
	}, Body: []report.Figure{
		report.Lines(report.Chart{Title: "answer by truth", X: s.Target}, dots, report.Line{X: []float64{lo, hi}, Y: []float64{lo, hi}, Dash: true}),
		report.Bars("rows by error (answer − truth)", names, counts, nil, func(v float64) string { return fmt.Sprintf("%.0f", v) }),
	}}
}

// histogram counts values in 11 bins of equal width around 0.
func histogram(v []float64, write func(v float64) string) (names []string, counts []float64) {
	const half = 5
	most := 0.0
	for _, x := range v {
		most = max(most, math.Abs(x))
	}
	width := max(2*most/(2*half+1), math.SmallestNonzeroFloat64)
	counts = make([]float64, 2*half+1)
	for _, x := range v {
		counts[min(2*half, max(0, int(math.Floor(x/width+half+0.5))))]++
	}
	for k := range counts {
		at := float64(k-half) * width
		names = append(names, fmt.Sprintf("%s to %s", write(at-width/2), write(at+width/2)))
	}
	return names, counts
}

// How many of the rows that are told worst the report shows, and of their
// columns.
const shownRows, shownColumns = 12, 4

// worst lists the rows that the networks tell worst.
func (v *verdict) worst(name string) report.Section {
	s := v.study
	order := make([]int, len(s.y))
	off := make([]float64, len(s.y))
	for i, a := range v.methods[0].answers {
		order[i] = i
		if s.Classes == nil {
			off[i] = math.Abs(a[0] - s.y[i])
		} else {
			off[i] = -a[int(s.y[i])]
		}
	}
	sort.SliceStable(order, func(a, b int) bool { return off[order[a]] > off[order[b]] })
	head := []string{"line", "answer", "truth"}
	for _, c := range s.Columns[:min(shownColumns, len(s.Columns))] {
		head = append(head, c.Name)
	}
	var rows [][]string
	for _, i := range order[:min(shownRows, len(order))] {
		rows = append(rows, append([]string{fmt.Sprint(s.table.Line(s.rows[i])), v.says(i), v.truth(i)}, s.cells(i)...))
	}
	return report.Section{Title: name + ": the rows it tells worst", Text: []string{
		"Look whether the row is odd, whether a column that would tell is missing, or whether the truth is in doubt.",
	}, Body: []report.Figure{report.Table(head, rows)}}
}

// says is what the networks answer about row i.
func (v *verdict) says(i int) string {
	a := v.methods[0].answers[i]
	if v.study.Classes == nil {
		return v.study.number(a[0])
	}
	k := top(a)
	return fmt.Sprintf("%s (%.0f%%)", v.study.Classes[k], 100*a[k])
}

func (v *verdict) truth(i int) string {
	if v.study.Classes == nil {
		return v.study.number(v.study.y[i])
	}
	return v.study.Classes[int(v.study.y[i])]
}

// cells are a row's values, of the columns that have room.
func (s *study) cells(i int) (all []string) {
	for _, k := range s.Columns[:min(shownColumns, len(s.Columns))] {
		if c, err := s.table.Column(k.Name); err == nil {
			all = append(all, c.Cell(s.rows[i]))
		}
	}
	return all
}
