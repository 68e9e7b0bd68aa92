package anomaly

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/data/series"
	"github.com/limpid-ml/limpid/tensor"
)

// source is a series, and where its parts begin: what is learned from, then the
// validation part, then the test part.
type source struct {
	title  string
	series *series.Series // the target's column first; nil: the data are not there
	known
	valid, test int
}

// known is what a run keeps of its series.
type known struct {
	Columns   []string  `json:"columns"`
	Log       []bool    `json:"log"` // whether a column's logarithm is read, of one more
	Mean      []float64 `json:"mean"`
	Deviation []float64 `json:"deviation"`
	Window    int       `json:"window"`
	Step      string    `json:"step"`
}

// check refuses what does not fit together.
func (k *known) check() error {
	if n := len(k.Columns); n == 0 || n > mostColumns || len(k.Log) != n || len(k.Mean) != n || len(k.Deviation) != n || k.Window < 2 || k.Window > most || slices.Contains(k.Deviation, 0) {
		return errors.New("anomaly: what the run knows of its series does not fit together: train it again")
	}
	return nil
}

// fits refuses a series that is not of the columns and steps that are known.
func (k *known) fits(title string, s *series.Series) error {
	if !slices.Equal(s.Columns, k.Columns) || s.Step.String() != k.Step {
		return fmt.Errorf("anomaly: %s has columns %s at steps of %s; the network knows %s at steps of %s",
			title, strings.Join(s.Columns, ", "), s.Step, strings.Join(k.Columns, ", "), k.Step)
	}
	return nil
}

// Bounds on a series.
const (
	mostColumns = 6
	most        = 50000 // steps of which more are not looked at: the last count
	fewest      = 30    // stretches that there must be
)

// own reads a user's file.
func own(c *Config) (*source, error) {
	if c.Bare {
		return &source{title: filepath.Base(c.Data)}, nil
	}
	all, err := series.ReadFile(c.Data, series.CSV{Layout: c.Layout})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("anomaly: there is no file %q", c.Data)
	}
	if err != nil {
		hint := ""
		if strings.Contains(err.Error(), "Layout") {
			hint = " (--set layout=2/1/2006, say)"
		}
		return nil, fmt.Errorf("anomaly: %w%s", err, hint)
	}
	target := c.Target
	if target == "" {
		target = all[0].Columns[0]
	}
	return arrange(filepath.Base(c.Data), all[0], target, c.Window)
}

// arrange puts the target's column first and finds where the parts begin.
func arrange(title string, s *series.Series, target string, window int) (*source, error) {
	at := slices.Index(s.Columns, target)
	if at < 0 {
		return nil, fmt.Errorf("anomaly: no column %q that holds numbers; there are: %s", target, strings.Join(s.Columns, ", "))
	}
	out := *s
	out.Columns, out.Values = []string{target}, [][]float64{s.Values[at]}
	for i, name := range s.Columns {
		if i != at && len(out.Columns) < mostColumns {
			out.Columns, out.Values = append(out.Columns, name), append(out.Values, s.Values[i])
		}
	}
	if n := s.Len(); n > most {
		out.Start = s.Time(n - most)
		for i, v := range out.Values {
			out.Values[i] = v[n-most:]
		}
	}
	src := &source{title: title, series: out.FillForward(0)}
	if window == 1 {
		return nil, errors.New("anomaly: a stretch of 1 step cannot be told from its steps: set window to 2 or more, or 0")
	}
	if src.Window = window; window == 0 {
		src.Window = windowOf(s.Step)
	}
	src.Step = s.Step.String()
	return src, src.divide(&out)
}

// windowOf is how many steps are judged at once.
func windowOf(step series.Step) int {
	if step.Months > 0 {
		return max(3, 12/step.Months)
	}
	for _, d := range []time.Duration{24 * time.Hour, 7 * 24 * time.Hour} {
		if n := int(d / step.Duration); n >= 7 && n <= 500 {
			return n
		}
	}
	return 12
}

// divide finds the parts, in whole stretches, and refuses a series that nothing
// can be learned from.
func (s *source) divide(raw *series.Series) error {
	n := raw.Len() / s.Window
	if n < fewest {
		return fmt.Errorf("anomaly: %d steps are %d stretches of %d; want at least %d stretches: give a longer series, or set window lower", raw.Len(), n, s.Window, fewest)
	}
	values := raw.Values[0]
	there, first, varies := 0, math.NaN(), false
	for _, v := range values {
		if !math.IsNaN(v) {
			if there == 0 {
				first = v
			}
			there++
			varies = varies || v != first
		}
	}
	switch {
	case 2*there < len(values):
		return fmt.Errorf("anomaly: column %q lacks %d of %d values at steps of %v: mend the file, or give one of longer steps", raw.Columns[0], len(values)-there, len(values), raw.Step)
	case !varies:
		return fmt.Errorf("anomaly: column %q is %g at every step: nothing in it is unusual", raw.Columns[0], first)
	}
	s.valid, s.test = n*6/10*s.Window, n*8/10*s.Window
	for _, part := range [][2]int{{s.valid, s.test}, {s.test, raw.Len()}} {
		if p := s.plant(part[0], part[1]); count(p.kind, -1) == len(p.kind) {
			return fmt.Errorf("anomaly: column %q is 0 from %s to %s, so that no fault can be planted there to test with: leave that time out of the file",
				raw.Columns[0], raw.Time(part[0]).Format(time.DateOnly), raw.Time(part[1]-1).Format(time.DateOnly))
		}
	}
	return nil
}

// learn finds scales, on what is learned from alone.
func (s *source) learn() {
	s.Columns = s.series.Columns
	past := s.series.Until(s.valid)
	for _, name := range s.Columns {
		values := past.Column(name)
		s.Log = append(s.Log, isCount(values))
		if s.Log[len(s.Log)-1] {
			for i, v := range values {
				values[i] = math.Log1p(v)
			}
		}
		mean, deviation := moments(values)
		s.Mean, s.Deviation = append(s.Mean, mean), append(s.Deviation, deviation)
	}
}

// isCount tells whether values are never negative and at times many times the
// median: then their logarithm is easier to read.
func isCount(values []float64) bool {
	sorted := slices.Clone(values)
	sorted = slices.DeleteFunc(sorted, math.IsNaN)
	slices.Sort(sorted)
	n := len(sorted)
	return n > 0 && sorted[0] >= 0 && sorted[n-1-n/100] > 3*max(sorted[n/2], 1e-9)
}

// moments are mean and deviation of what is there; deviation 1 of what does not
// change.
func moments(values []float64) (mean, deviation float64) {
	n := 0.0
	for _, v := range values {
		if !math.IsNaN(v) {
			mean, n = mean+v, n+1
		}
	}
	mean /= max(n, 1)
	for _, v := range values {
		if !math.IsNaN(v) {
			deviation += (v - mean) * (v - mean) / n
		}
	}
	if deviation = math.Sqrt(deviation); deviation < 1e-9*max(1, math.Abs(mean)) {
		deviation = 1
	}
	return mean, deviation
}

// scaled is a value of column c as the network reads it: 0 where it is missing.
func (s *source) scaled(c int, v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	if s.Log[c] {
		v = math.Log1p(max(v, 0))
	}
	return (v - s.Mean[c]) / s.Deviation[c]
}

// back is the value of the target that the network means.
func (s *source) back(v float64) float64 {
	v = v*s.Deviation[0] + s.Mean[0]
	if s.Log[0] {
		v = math.Expm1(v)
	}
	return v
}

// calendar is what is read of the time.
var calendar = series.Calendar{Day: true, Week: true, Year: true, Harmonics: 1}

// channels are the columns, whether the target is hidden, and the time.
func (s *source) channels() int { return len(s.Columns) + 1 + calendar.Size() }

// look writes what the network reads of the stretch that begins at a step and of
// the one before: everything but the target's values within it.
func (s *source) look(from *series.Series, target []float64, at int) []float32 {
	width := s.channels()
	x := make([]float32, 2*s.Window*width)
	for t := range 2 * s.Window {
		step, row := at-s.Window+t, x[t*width:(t+1)*width]
		for c := 1; c < len(s.Columns); c++ {
			row[c] = float32(s.scaled(c, from.Values[c][step]))
		}
		if t < s.Window {
			row[0] = float32(s.scaled(0, target[step]))
		} else {
			row[len(s.Columns)] = 1
		}
		copy(row[len(s.Columns)+1:], calendar.Features(from.Time(step)))
	}
	return x
}

// stretches are those of a part of the series to learn from.
func (s *source) stretches(from, to, apart int) data.Dataset {
	all := &stretches{source: s}
	for at := max(from, s.Window); at+s.Window <= to; at += apart {
		all.at = append(all.at, at)
	}
	return all
}

type stretches struct {
	*source
	at []int
}

// Len returns the number of stretches.
func (s *stretches) Len() int { return len(s.at) }

// At returns stretch i: Y is the target within it, [Window].
func (s *stretches) At(i int) (data.Example, error) {
	values := s.series.Values[0]
	y := make([]float32, s.Window)
	for t := range y {
		y[t] = float32(s.scaled(0, values[s.at[i]+t]))
	}
	return data.Example{X: tensor.Of(s.look(s.series, values, s.at[i]), 2*s.Window, s.channels()), Y: tensor.Of(y, s.Window)}, nil
}
