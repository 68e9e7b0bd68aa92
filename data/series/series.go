// Package series brings time series to a network: read from CSV files, laid on
// a regular grid with their gaps named, cut into windows, and split at origins
// that roll forward for an evaluation that is honest.
//
// Learning from the future is made hard. What may be learnt from is a [Past],
// which has no way to what comes after it: scales are fitted by [Past.Scale]
// only, and [Windows] refuses a scale that has seen what it is to predict.
//
//	all, err := series.ReadFile("co2.csv", series.CSV{})
//	s := all[0]
//	past := s.Until(600)
//	scale := past.Scale()
//	train, err := series.Windows(series.Window{Context: 36, Horizon: 12}, series.Part{Span: past.Span(), Scale: scale})
//	for o := range s.Origins(series.Rolling{First: 600, Every: 1, Horizon: 12}) {
//		forecast := o.Past.SeasonalNaive("co2", 12, 12)
//		truth := o.Truth("co2")
//	}
//
// datasets, nn and all above them may import series. It imports data and
// tensor.
package series

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/limpid-ml/limpid/tensor"
)

// Series holds one or more columns of values, measured at equal steps.
type Series struct {
	Name    string // of one of several series in a file; else ""
	Start   time.Time
	Step    Step
	Columns []string
	Values  [][]float64 // of each column; NaN where one is missing
	Passed  []string    // columns of the file that hold no numbers
}

// Step is the time from one value to the next: a duration or, as months have
// various lengths, a number of them.
type Step struct {
	Duration time.Duration
	Months   int
	MonthEnd bool // stamps are the last days of their months
}

// String returns the step as "24h0m0s", "1 month" or "3 months".
func (s Step) String() string {
	switch {
	case s.Months == 1:
		return "1 month"
	case s.Months > 1:
		return fmt.Sprintf("%d months", s.Months)
	}
	return s.Duration.String()
}

// add returns the time n steps after t.
func (s Step) add(t time.Time, n int) time.Time {
	if s.Months == 0 {
		return t.Add(time.Duration(n) * s.Duration)
	}
	first := time.Date(t.Year(), t.Month()+time.Month(n*s.Months), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location())
	day := min(t.Day(), daysIn(first))
	if s.MonthEnd {
		day = daysIn(first)
	}
	return first.AddDate(0, 0, day-1)
}

func daysIn(t time.Time) int {
	return time.Date(t.Year(), t.Month()+1, 0, 0, 0, 0, 0, t.Location()).Day()
}

// Len returns the number of steps.
func (s *Series) Len() int {
	if len(s.Values) == 0 {
		return 0
	}
	return len(s.Values[0])
}

// Time returns when step i was.
func (s *Series) Time(i int) time.Time { return s.Step.add(s.Start, i) }

// Column returns the values of a column, the series' own. It panics with a
// [*tensor.Error] if there is none of that name.
func (s *Series) Column(name string) []float64 {
	return s.Values[s.index("series.Series.Column", name)]
}

// index returns the place of a column.
func (s *Series) index(op, name string) int {
	i := slices.Index(s.Columns, name)
	if i < 0 {
		tensor.Fail(op, "no column %q, there are: %s", name, strings.Join(s.Columns, ", "))
	}
	return i
}

// Index returns the first step at or after t, Len() if all are before.
func (s *Series) Index(t time.Time) int {
	lo, hi := 0, s.Len()
	for lo < hi {
		if mid := (lo + hi) / 2; s.Time(mid).Before(t) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// Gap is a run of steps at which a column has no value.
type Gap struct {
	Column   string
	At, Len  int // the first step, and how many
	From, To time.Time
}

// String names the gap for a person.
func (g Gap) String() string {
	if g.Len == 1 {
		return fmt.Sprintf("%s: no value at %s", g.Column, stamp(g.From))
	}
	return fmt.Sprintf("%s: no value at %d steps from %s to %s", g.Column, g.Len, stamp(g.From), stamp(g.To))
}

// stamp returns t, without a clock at midnight.
func stamp(t time.Time) string {
	if t.Equal(t.Truncate(24 * time.Hour)) {
		return t.Format(time.DateOnly)
	}
	return t.Format("2006-01-02 15:04:05")
}

// Gaps returns where values are missing, by column, then by time.
func (s *Series) Gaps() (all []Gap) {
	for c, values := range s.Values {
		for i := 0; i < len(values); i++ {
			from := i
			for i < len(values) && math.IsNaN(values[i]) {
				i++
			}
			if i > from {
				all = append(all, Gap{s.Columns[c], from, i - from, s.Time(from), s.Time(i - 1)})
			}
		}
	}
	return all
}

// FillForward returns s with the last value before a gap in its first limit
// steps; 0 is no limit. It looks at nothing that comes later.
func (s *Series) FillForward(limit int) *Series {
	return s.fill(func(values []float64, g Gap) {
		n := g.Len
		if limit > 0 {
			n = min(n, limit)
		}
		for i := range n {
			if g.At > 0 {
				values[g.At+i] = values[g.At-1]
			}
		}
	})
}

// FillLinear returns s with values on a straight line in gaps of up to limit
// steps; 0 is no limit. The line ends at the value after the gap, which at the
// time of the gap was not known.
func (s *Series) FillLinear(limit int) *Series {
	return s.fill(func(values []float64, g Gap) {
		end := g.At + g.Len
		if g.At == 0 || end == len(values) || limit > 0 && g.Len > limit {
			return
		}
		from, to := values[g.At-1], values[end]
		for i := range g.Len {
			values[g.At+i] = from + (to-from)*float64(i+1)/float64(g.Len+1)
		}
	})
}

func (s *Series) fill(one func(values []float64, g Gap)) *Series {
	out := *s
	out.Values = make([][]float64, len(s.Values))
	for c, v := range s.Values {
		out.Values[c] = slices.Clone(v)
	}
	for _, g := range s.Gaps() {
		one(out.Values[s.index("series.Series.Fill", g.Column)], g)
	}
	return &out
}
