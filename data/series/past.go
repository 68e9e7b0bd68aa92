package series

import (
	"iter"
	"math"
	"time"

	"github.com/limpid-ml/limpid/tensor"
)

// Past is a series up to a moment: what a forecast may be learnt from and made
// of. It has no way to what comes after.
type Past struct {
	s        *Series
	from, to int
}

// Until returns the first n steps. It panics with a [*tensor.Error] if there
// are not as many.
func (s *Series) Until(n int) Past {
	if n < 0 || n > s.Len() {
		tensor.Fail("series.Series.Until", "the first %d of %d steps", n, s.Len())
	}
	return Past{s, 0, n}
}

// Len returns the number of steps.
func (p Past) Len() int { return p.to - p.from }

// Time returns when step i of the past was; one at or after Len() lies in the
// future, whose times are known.
func (p Past) Time(i int) time.Time { return p.s.Time(p.from + i) }

// Column returns a copy of the values of a column. It panics with a
// [*tensor.Error] if there is none of that name.
func (p Past) Column(name string) []float64 {
	return append([]float64(nil), p.column("series.Past.Column", name)...)
}

func (p Past) column(op, name string) []float64 {
	return p.s.Values[p.s.index(op, name)][p.from:p.to:p.to]
}

// Span returns the steps of the past as what windows are cut from.
func (p Past) Span() Span { return Span{p.s, p.from, p.to} }

// SeasonalNaive returns what the simplest forecast says of the next steps: what
// was one period before, or more periods where that is missing; NaN where none
// is there. Period 1 repeats the last value.
func (p Past) SeasonalNaive(column string, period, steps int) []float64 {
	if period < 1 {
		tensor.Fail("series.Past.SeasonalNaive", "a period of %d steps", period)
	}
	values := p.column("series.Past.SeasonalNaive", column)
	out := make([]float64, steps)
	for i := range out {
		out[i] = math.NaN()
		at := len(values) + i
		for at >= len(values) {
			at -= period
		}
		for ; at >= 0; at -= period {
			if !math.IsNaN(values[at]) {
				out[i] = values[at]
				break
			}
		}
	}
	return out
}

// NaiveError returns the mean absolute change from one period to the next, by
// which a mean absolute error is divided to give MASE; NaN if no two values are
// a period apart.
//
// Source: Hyndman and Koehler 2006, "Another look at measures of forecast
// accuracy".
func (p Past) NaiveError(column string, period int) float64 {
	if period < 1 {
		tensor.Fail("series.Past.NaiveError", "a period of %d steps", period)
	}
	values := p.column("series.Past.NaiveError", column)
	sum, n := 0., 0.
	for i := period; i < len(values); i++ {
		if d := math.Abs(values[i] - values[i-period]); !math.IsNaN(d) {
			sum += d
			n++
		}
	}
	return sum / n
}

// Scale holds a mean and a deviation of each column of a [Past]. Only
// [Past.Scale] makes one that [Windows] takes.
type Scale struct {
	Columns         []string
	Mean, Deviation []float64 // a column that does not change has deviation 1

	s        *Series
	from, to int // the steps it has seen
}

// Scale fits a scale to the past, missing values left out.
func (p Past) Scale() *Scale {
	out := &Scale{Columns: p.s.Columns, s: p.s, from: p.from, to: p.to}
	for c := range p.s.Columns {
		mean, deviation := moments(p.s.Values[c][p.from:p.to])
		out.Mean = append(out.Mean, mean)
		out.Deviation = append(out.Deviation, deviation)
	}
	return out
}

// moments returns mean and deviation of what is there: 0 and 1 of nothing.
func moments(values []float64) (mean, deviation float64) {
	sum, n := 0., 0.
	for _, v := range values {
		if !math.IsNaN(v) {
			sum += v
			n++
		}
	}
	if n == 0 {
		return 0, 1
	}
	mean = sum / n
	square := 0.
	for _, v := range values {
		if !math.IsNaN(v) {
			square += (v - mean) * (v - mean)
		}
	}
	deviation = math.Sqrt(square / n)
	if deviation <= 1e-12*math.Abs(mean) || deviation == 0 {
		deviation = 1
	}
	return mean, deviation
}

// Apply returns v, a value of a column, in deviations from the mean.
func (s *Scale) Apply(column string, v float64) float64 {
	c := s.index(column)
	return (v - s.Mean[c]) / s.Deviation[c]
}

// Undo returns the value of a column that Apply made v of.
func (s *Scale) Undo(column string, v float64) float64 {
	c := s.index(column)
	return v*s.Deviation[c] + s.Mean[c]
}

func (s *Scale) index(column string) int {
	for i, name := range s.Columns {
		if name == column {
			return i
		}
	}
	tensor.Fail("series.Scale", "no column %q", column)
	return 0
}

// Rolling says at which steps a series is split for an evaluation.
type Rolling struct {
	First   int // steps of the first past
	Every   int // steps from one origin to the next; 0: 1
	Horizon int // steps to forecast
	Keep    int // of the past's steps, the last so many are kept; 0: all
}

// Origin is a moment at which a forecast is made.
type Origin struct {
	Past Past
	At   int // the first step of the future

	horizon int
}

// Origins yields a series' origins that leave a whole horizon. It panics with a
// [*tensor.Error] if First or Horizon is below 1, or another number is
// negative.
func (s *Series) Origins(r Rolling) iter.Seq[Origin] {
	if r.First < 1 || r.Horizon < 1 || r.Every < 0 || r.Keep < 0 {
		tensor.Fail("series.Series.Origins", "%+v: want First and Horizon above 0, nothing negative", r)
	}
	return func(yield func(Origin) bool) {
		for at := r.First; at+r.Horizon <= s.Len(); at += max(r.Every, 1) {
			from := 0
			if r.Keep > 0 {
				from = max(0, at-r.Keep)
			}
			if !yield(Origin{Past{s, from, at}, at, r.Horizon}) {
				return
			}
		}
	}
}

// Truth returns what came: a copy of the horizon's values of a column, NaN
// where one is missing.
func (o Origin) Truth(column string) []float64 {
	s := o.Past.s
	return append([]float64(nil), s.Values[s.index("series.Origin.Truth", column)][o.At:o.At+o.horizon]...)
}

// Times returns when the steps of the horizon are.
func (o Origin) Times() []time.Time {
	out := make([]time.Time, o.horizon)
	for i := range out {
		out[i] = o.Past.s.Time(o.At + i)
	}
	return out
}
