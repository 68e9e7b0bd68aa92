package anomaly

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/limpid-ml/limpid/data/series"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/plot"
	"github.com/limpid-ml/limpid/tensor"
)

// suspect is a suspicious stretch, as programs get it.
type suspect struct {
	From     string  `json:"from"`
	To       string  `json:"to"`
	Score    float64 `json:"score"`    // times the score from which on a stretch is suspicious
	Measured float64 `json:"measured"` // mean over the stretch
	Expected float64 `json:"expected"`

	at   int
	said said
}

// found is an answer, as programs get it.
type found struct {
	Column     string    `json:"column"`
	Stretches  int       `json:"stretches"` // that were judged
	Window     int       `json:"window"`
	Suspicious []suspect `json:"suspicious"` // the most suspicious first
}

// missing are so many values that are not there.
func missing(n int) []float64 { return slices.Repeat([]float64{math.NaN()}, n) }

// answer judges the stretches of a file, or those of the run's own series that
// come after what it has learned from.
func (l *lesson) answer(_ context.Context, q *recipe.Question) (*recipe.Answer, error) {
	from, first := l.series, l.valid
	switch {
	case q.Name != "":
		var err error
		if from, err = l.read(q.In); err != nil {
			return nil, err
		}
		first = l.Window
	case from == nil: // a bare task has not read the user's file
		again := *l.config
		again.Bare, again.Target = false, l.Columns[0]
		s, err := own(&again)
		if err != nil {
			return nil, fmt.Errorf("%w: give a file to judge", err)
		}
		from, first = s.series, s.valid
		if err := l.fits(l.title, from); err != nil {
			return nil, err
		}
	}
	f, err := l.judge(from, max(first, l.Window))
	if err != nil {
		return nil, err
	}
	return &recipe.Answer{Text: f.text(), Value: f, Picture: l.picture(from, f),
		Steps: []string{fmt.Sprintf("judged %d stretches of %d steps of %q", f.Stretches, f.Window, f.Column)}}, nil
}

// read reads a file's columns in the order in which the network knows them.
func (l *lesson) read(in io.Reader) (*series.Series, error) {
	all, err := series.ReadCSV(io.LimitReader(in, 256<<20), series.CSV{Layout: l.config.Layout})
	if err != nil {
		return nil, fmt.Errorf("anomaly: %w", err)
	}
	s := all[0]
	if got := s.Step.String(); got != l.Step {
		return nil, fmt.Errorf("anomaly: the file's steps are %s, and the network knows steps of %s", got, l.Step)
	}
	out := *s
	out.Columns, out.Values = l.Columns, nil
	for _, name := range l.Columns {
		i := slices.Index(s.Columns, name)
		if i < 0 {
			return nil, fmt.Errorf("anomaly: the file has no column %q, which the network reads; there are: %s", name, strings.Join(s.Columns, ", "))
		}
		out.Values = append(out.Values, s.Values[i])
	}
	if out.Len() < 2*l.Window {
		return nil, fmt.Errorf("anomaly: the file has %d steps; want at least %d: a stretch and the one before", out.Len(), 2*l.Window)
	}
	return out.FillForward(0), nil
}

// judge lists the suspicious stretches of a series from a step on.
func (l *lesson) judge(from *series.Series, first int) (*found, error) {
	set := tensor.Data[float32](l.model.Alarm.Value())
	alarm, pool := max(float64(set[0]), 1e-9), poolings[min(max(int(set[1]), 0), len(poolings)-1)]
	f := &found{Column: l.Columns[0], Window: l.Window, Suspicious: []suspect{}}
	values := from.Values[0]
	var views [][]float32
	var places []int
	for at := first; at+l.Window <= from.Len(); at += l.Window {
		views, places = append(views, l.look(from, values, at)), append(places, at)
	}
	f.Stretches = len(places)
	all, err := l.ask(views)
	if err != nil {
		return nil, err
	}
	for i, at := range places {
		off := make([]float64, l.Window)
		s := suspect{From: l.stamp(from, at), To: l.stamp(from, at+l.Window-1), at: at, said: all[i]}
		for t := range off {
			off[t] = math.Abs(l.scaled(0, values[at+t])-all[i].mean[t]) / all[i].dev[t]
			s.Measured += values[at+t] / float64(l.Window)
			s.Expected += l.back(all[i].mean[t]) / float64(l.Window)
		}
		if s.Score = pool.of(off) / alarm; s.Score >= 1 && !math.IsNaN(s.Measured) {
			f.Suspicious = append(f.Suspicious, s)
		}
	}
	slices.SortStableFunc(f.Suspicious, func(a, b suspect) int { return cmp.Compare(b.Score, a.Score) })
	return f, nil
}

// text writes an answer for people.
func (f *found) text() string {
	if len(f.Suspicious) == 0 {
		return fmt.Sprintf("nothing suspicious in %d stretches of %d steps\n", f.Stretches, f.Window)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d stretches are suspicious, the most suspicious first\n\n  %-18s%-18s %10s %12s %12s\n", len(f.Suspicious), f.Stretches, "from", "to", "× alarm", "measured", "expected")
	for _, s := range f.Suspicious {
		fmt.Fprintf(&b, "  %-18s%-18s %10.2f %12.4g %12.4g\n", s.From, s.To, s.Score, s.Measured, s.Expected)
	}
	return b.String()
}

// picture draws the series with what is suspicious marked, and the worst
// stretches near by.
func (l *lesson) picture(from *series.Series, f *found) image.Image {
	c := &plot.Chart{Title: fmt.Sprintf("%s: suspicious stretches in red", l.Columns[0]), Steps: from.Len(), Label: func(i int) string { return l.stamp(from, i) },
		Lines: []plot.Line{{Name: "measured", Values: from.Values[0], Colour: 5, Thin: true}}}
	for _, s := range f.Suspicious {
		c.Marks = append(c.Marks, plot.Mark{From: s.at, To: s.at + l.Window, Colour: 0})
	}
	all := []*image.RGBA{c.Draw()}
	for _, s := range f.Suspicious[:min(shown, len(f.Suspicious))] {
		near := l.draw(from, from.Values[0], s.at, s.said)
		near.Title, near.Width, near.Height = fmt.Sprintf("%s: %.2f times the alarm", s.From, s.Score), 1000, 280
		all = append(all, near.Draw())
	}
	return plot.Stack(all...)
}
