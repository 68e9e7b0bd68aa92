package forecast

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/limpid-ml/limpid/data/series"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/plot"
	"github.com/limpid-ml/limpid/tensor"
)

// step is a step of a forecast, as programs get it.
type step struct {
	Time  string  `json:"time"`
	Value float64 `json:"value"`
	Low   float64 `json:"low_90"`
	High  float64 `json:"high_90"`
}

// continued is a forecast, as programs get it.
type continued struct {
	Series string `json:"series"`
	Column string `json:"column"`
	Last   string `json:"last"` // the last step that was read
	Steps  []step `json:"forecast"`
}

// answer continues the series in a file, or those that the run was trained on.
func (l *lesson) answer(_ context.Context, q *recipe.Question) (*recipe.Answer, error) {
	var all []*subject
	for _, s := range l.all {
		if l.ask.Series == "" || l.ask.Series == s.name {
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("forecast: the run knows no series %q; it knows: %s", l.ask.Series, l.known())
	}
	if q.Name == "" {
		return l.goOn(all)
	}
	raw, err := io.ReadAll(io.LimitReader(q.In, 256<<20))
	if err != nil {
		return nil, err
	}
	var failed error
	for _, s := range all { // the first whose columns the file has
		recent, err := s.recent(raw, l.config.Layout)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		c, img, err := s.continued(recent)
		if err != nil {
			return nil, err
		}
		a := &recipe.Answer{Text: c.text(), Value: c, Picture: img.Draw(),
			Steps: []string{fmt.Sprintf("read %d steps of %q up to %s", recent.Len(), s.Target, c.Last)}}
		if gaps := recent.Gaps(); len(gaps) > 0 {
			a.Steps = append(a.Steps, fmt.Sprintf("took %d gaps to be as the regression says, such as %v", len(gaps), gaps[0]))
		}
		return a, nil
	}
	return nil, failed
}

// known lists the names of the series.
func (l *lesson) known() string {
	var all []string
	for _, s := range l.all {
		all = append(all, s.name)
	}
	return strings.Join(all, ", ")
}

// goOn continues the series that the run was trained on.
func (l *lesson) goOn(all []*subject) (*recipe.Answer, error) {
	a := &recipe.Answer{}
	var values []*continued
	var charts []*plot.Chart
	for _, s := range all {
		from := s.series
		if from == nil { // a bare task has not read the user's file
			var err error
			if from, err = readOwn(l.config.Data, s.Target, l.config.Layout); err != nil {
				return nil, fmt.Errorf("%w: give a file of recent values", err)
			}
			if from, err = s.arranged(from); err != nil {
				return nil, err
			}
		}
		c, chart, err := s.continued(from)
		if err != nil {
			return nil, err
		}
		values, charts = append(values, c), append(charts, chart)
		if len(all) > 1 {
			a.Text += s.title + "\n"
		}
		a.Text += c.text()
	}
	a.Value = values
	if len(values) == 1 {
		a.Value = values[0]
	}
	first := charts[0].Draw()
	for _, c := range charts[1:] {
		first = plot.Stack(first, c.Draw())
	}
	a.Picture = first
	return a, nil
}

// recent reads recent values from a file's text.
func (s *subject) recent(raw []byte, layout string) (*series.Series, error) {
	all, err := series.ReadCSV(strings.NewReader(string(raw)), series.CSV{Layout: layout})
	if err != nil {
		return nil, fmt.Errorf("forecast: %w", err)
	}
	for _, name := range append([]string{s.Target}, s.Others...) {
		if slices.Contains(all[0].Passed, name) { // read again, it says in which line
			if _, err := series.ReadCSV(strings.NewReader(string(raw)), series.CSV{Layout: layout, Columns: []string{name}}); err != nil {
				return nil, fmt.Errorf("forecast: %w", err)
			}
		}
	}
	return s.arranged(all[0])
}

// arranged puts the columns in the order in which the network reads them, and
// checks that the series can be gone on with.
func (s *source) arranged(from *series.Series) (*series.Series, error) {
	if got := from.Step.String(); got != s.Step {
		return nil, fmt.Errorf("forecast: the file's steps are %s, and the network reads steps of %s", got, s.Step)
	}
	out := *from
	out.Columns, out.Values = append([]string{s.Target}, s.Others...), nil
	for _, name := range out.Columns {
		i := slices.Index(from.Columns, name)
		if i < 0 {
			return nil, fmt.Errorf("forecast: the file has no column %q, which the network reads; there are: %s", name, strings.Join(from.Columns, ", "))
		}
		out.Values = append(out.Values, from.Values[i])
	}
	need := max(s.Context+1, s.wants())
	if n := count(out.Values[0]); n < need {
		return nil, fmt.Errorf("forecast: the file has %d values of %q; to know its season the network needs at least %d before it goes on", n, s.Target, need)
	}
	return last(&out, most), nil
}

// wants is from how many steps the curve can be fitted with some sense: two of
// its longest season, and twice its terms.
func (s *source) wants() int {
	n := 2 * (s.Wave.Degree + 1 + s.Wave.Order)
	for _, w := range s.Wave.Waves {
		n = max(n+4*w.Count, int(1.5*w.Period))
	}
	return n
}

// continued forecasts from the end of a series.
func (s *subject) continued(from *series.Series) (*continued, *plot.Chart, error) {
	past := from.Until(from.Len())
	v, err := s.view(past)
	if err != nil {
		return nil, nil, err
	}
	said, err := ask(s.net, s.model, s.source, []*view{v})
	if err != nil {
		return nil, nil, err
	}
	all := joined(said[0])
	stretch := tensor.Data[float32](s.bands().Value())
	out := &continued{Series: s.title, Column: s.Target, Last: stamp(past.Time(past.Len()-1), s.Step)}
	var mean, low, high []float64
	for h := range s.Horizon {
		m := v.base[h] + v.scale*all.mean[h]
		half := within * v.scale * all.dev[h] * float64(stretch[h])
		out.Steps = append(out.Steps, step{stamp(past.Time(past.Len()+h), s.Step), m, m - half, m + half})
		mean, low, high = append(mean, m), append(low, m-half), append(high, m+half)
	}
	before := min(5*s.Horizon, past.Len())
	chart := &plot.Chart{Title: fmt.Sprintf("%s: %s, from %s on", s.title, s.Target, out.Steps[0].Time), Steps: before + s.Horizon,
		Label: func(i int) string { return stamp(past.Time(past.Len()-before+i), s.Step) },
		Bands: []plot.Band{{Low: later(low, before), High: later(high, before), Colour: 3}},
		Lines: []plot.Line{{Name: "read", Values: past.Column(s.Target)[past.Len()-before:], Colour: 5}, {Name: "forecast, with a band of 90%", Values: later(mean, before), Colour: 3}}}
	return out, chart, nil
}

// text writes a forecast for people.
func (c *continued) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %-16s %10s    %s\n", "", c.Column, "nine of ten between")
	for _, s := range c.Steps {
		fmt.Fprintf(&b, "  %-16s %10.5g    %.5g and %.5g\n", s.Time, s.Value, s.Low, s.High)
	}
	return b.String()
}
