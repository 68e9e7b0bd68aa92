package forecast

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/limpid-ml/limpid/data/series"
	"github.com/limpid-ml/limpid/data/series/classic"
)

// source is a series and how it is split: what is learned from, the end of that
// on which settings are chosen, and the test part.
type source struct {
	name, title, unit string
	series            *series.Series // nil: the data are not there
	choice

	periods  []float64 // of the waves that may be in it
	degrees  []int     // of trends that are tried
	lookback []int     // windows that are tried; 0 is the whole past
	least    int       // steps that the shortest past must have
	valid    int       // the first step of the part on which settings are chosen
	test     int       // the first step of the test part
	tries    []try
}

// choice is what was found out about a series: on the past before its test part.
type choice struct {
	Target  string               `json:"target"`
	Others  []string             `json:"others,omitempty"` // further columns that are read
	Logs    []bool               `json:"logs,omitempty"`   // whether their logarithm is, of one more
	Season  int                  `json:"season"`
	Horizon int                  `json:"horizon"`
	Context int                  `json:"context"`
	Wave    classic.Harmonic     `json:"wave"`
	Smooth  *classic.HoltWinters `json:"smooth,omitempty"` // nil: it does not fit the series
	Step    string               `json:"step"`
}

// channels is how many numbers the network reads of each step: of each column
// what its curve leaves, and the place in the year, week and day.
func (s *source) channels() int { return 1 + len(s.Others) + calendarOf(s.Step).Size() }

// calendarOf tells which of a step's places on a circle are read.
func calendarOf(step string) series.Calendar {
	if strings.HasSuffix(step, "month") || strings.HasSuffix(step, "months") {
		return series.Calendar{Year: true}
	}
	if d, err := time.ParseDuration(step); err == nil && d < 24*time.Hour {
		return series.Calendar{Day: true, Week: true}
	}
	return series.Calendar{Year: true, Week: step == "24h0m0s"}
}

// ofCO2 is the air of Mauna Loa: the last 145 months are its test part.
func ofCO2(s *series.Series, c *Config) *source {
	out := &source{name: "co2", title: "CO₂ of Mauna Loa", unit: "ppm", series: s,
		periods: []float64{12}, degrees: []int{1, 2}, lookback: []int{96, 120, 180}, least: 120, valid: s.Len() - 290, test: s.Len() - 145}
	out.choice = choice{Target: "co2", Season: 12, Horizon: 12, Context: 24, Step: s.Step.String()}
	return out.with(c)
}

// ofWeather is Seattle's: the last year is its test part.
func ofWeather(s *series.Series, c *Config) *source {
	out := &source{name: "weather", title: "warmest of the day in Seattle", unit: "°C", series: s,
		periods: []float64{365.25}, degrees: []int{0}, lookback: []int{0}, least: 366, valid: s.Len() - 730, test: s.Len() - 365}
	out.choice = choice{Target: "temp_max", Others: []string{"temp_min", "precipitation", "wind"}, Season: 365, Horizon: 7, Context: 30, Step: s.Step.String()}
	if c.Target != "" {
		out.Target = c.Target
		out.Others = nil
		for _, name := range s.Columns {
			if name != c.Target {
				out.Others = append(out.Others, name)
			}
		}
	}
	return out.with(c)
}

// with lets settings have their way.
func (s *source) with(c *Config) *source {
	if c.Horizon > 0 {
		s.Horizon = c.Horizon
	}
	if c.Context > 0 {
		s.Context = c.Context
	}
	if c.Season > 0 {
		s.Season = c.Season
	}
	s.least = max(s.least, s.Context)
	return s
}

// Bounds on a user's series.
const (
	fewest  = 60    // values that there must be
	most    = 20000 // steps of which more are not looked at: the last count
	mostGap = 0.5   // share of steps that may be missing
)

// own reads a user's file.
func own(c *Config) (*source, error) {
	name := strings.TrimSuffix(filepath.Base(c.Data), filepath.Ext(c.Data))
	out := &source{name: "own", title: name}
	if c.Bare {
		out.degrees = nil
		return out, nil
	}
	s, err := readOwn(c.Data, c.Target, c.Layout)
	if err != nil {
		return nil, err
	}
	out.series = s
	out.choice = choice{Target: s.Columns[0], Others: s.Columns[1:], Step: s.Step.String()}
	if err := enough(s, out.Target); err != nil {
		return nil, err
	}
	out.suit()
	if err := out.with(c).fits(c); err != nil {
		return nil, err
	}
	return out, out.measurable()
}

// measurable refuses a series whose parts to choose settings on, or to test, have no
// value.
func (s *source) measurable() error {
	values := s.series.Column(s.Target)
	for _, part := range [][2]int{{s.valid, s.test}, {s.test, len(values)}} {
		if count(values[part[0]:part[1]]) == 0 {
			return fmt.Errorf("forecast: column %q has no value from %s to %s, which is needed to measure by: fill it in, or cut the series off before", s.Target,
				stamp(s.series.Time(part[0]), s.Step), stamp(s.series.Time(part[1]-1), s.Step))
		}
	}
	return nil
}

// readOwn reads the one series in a file, the target's column first.
func readOwn(file, target, layout string) (*series.Series, error) {
	all, err := series.ReadFile(file, series.CSV{Layout: layout})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("forecast: there is no file %q", file)
	}
	if err != nil {
		return nil, fmt.Errorf("forecast: %w%s", err, hint(err))
	}
	if slices.Contains(all[0].Passed, target) { // read again, it says in which line
		if _, err := series.ReadFile(file, series.CSV{Layout: layout, Columns: []string{target}}); err != nil {
			return nil, fmt.Errorf("forecast: %w", err)
		}
	}
	return pick(all[0], target, file)
}

// hint tells how the command sets what an error of package series asks for.
func hint(err error) string {
	if strings.Contains(err.Error(), "Layout") {
		return " (--set layout=2/1/2006, say)"
	}
	return ""
}

// pick puts the target's column first, and drops columns that hold nothing.
func pick(s *series.Series, target, file string) (*series.Series, error) {
	if target == "" {
		target = s.Columns[0]
	}
	at := slices.Index(s.Columns, target)
	if at < 0 && slices.Contains(s.Passed, target) {
		return nil, fmt.Errorf("forecast: %s: column %q does not hold numbers; there are: %s", file, target, strings.Join(s.Columns, ", "))
	}
	if at < 0 {
		return nil, fmt.Errorf("forecast: %s: no column %q; there are: %s", file, target, strings.Join(s.Columns, ", "))
	}
	out := *s
	out.Columns, out.Values = []string{target}, [][]float64{s.Values[at]}
	for i, name := range s.Columns {
		if i != at && len(out.Columns) < 8 && 2*count(s.Values[i]) > s.Len() {
			out.Columns, out.Values = append(out.Columns, name), append(out.Values, s.Values[i])
		}
	}
	return last(&out, most), nil
}

// last keeps the last n steps of a series.
func last(s *series.Series, n int) *series.Series {
	if s.Len() <= n {
		return s
	}
	out := *s
	from := s.Len() - n
	out.Start, out.Values = s.Time(from), nil
	for _, v := range s.Values {
		out.Values = append(out.Values, v[from:])
	}
	return &out
}

// count counts what is not missing.
func count(values []float64) (n int) {
	for _, v := range values {
		if !math.IsNaN(v) {
			n++
		}
	}
	return n
}

// enough refuses a series that nothing can be learned from.
func enough(s *series.Series, target string) error {
	values := s.Column(target)
	n := count(values)
	if n < fewest {
		return fmt.Errorf("forecast: column %q has %d values; want at least %d", target, n, fewest)
	}
	if float64(n) < (1-mostGap)*float64(len(values)) {
		return fmt.Errorf("forecast: column %q lacks %d of %d values at steps of %v: mend the file, or give one of longer steps", target, len(values)-n, len(values), s.Step)
	}
	first := math.NaN()
	for _, v := range values {
		if math.IsNaN(first) {
			first = v
		}
		if v != first && !math.IsNaN(v) {
			return nil
		}
	}
	return fmt.Errorf("forecast: column %q is %g at every step: there is nothing to forecast", target, first)
}

// cycles are seasons by a step: a name, and how many steps it has.
func cycles(step series.Step) []float64 {
	if step.Months > 0 {
		return []float64{12 / float64(step.Months)}
	}
	var all []float64
	for _, d := range []time.Duration{24 * time.Hour, 7 * 24 * time.Hour, 8766 * time.Hour} {
		if p := float64(d) / float64(step.Duration); p >= 3.5 {
			all = append(all, p)
		}
	}
	return all
}

// suit finds what suits a user's series: seasons that it is long enough for, a
// horizon, and parts of a fifth each.
func (s *source) suit() {
	n := s.series.Len()
	s.valid, s.test = n*6/10, n*8/10
	s.degrees, s.lookback = []int{0, 1}, []int{0}
	for _, p := range cycles(s.series.Step) {
		if float64(n) >= 5*p && p < 2000 && p >= 2 {
			s.periods = append(s.periods, p)
		}
	}
	past := s.series.Until(s.valid)
	s.Season, s.Horizon = 1, 7
	least := math.Inf(1)
	for _, p := range s.periods {
		if e := past.NaiveError(s.Target, int(math.Round(p))); e < least {
			s.Season, least = int(math.Round(p)), e
		}
	}
	if len(s.periods) > 0 {
		s.Horizon = min(max(2, int(math.Round(s.periods[0]))), 48)
	}
	s.Horizon = min(s.Horizon, max(1, (n-s.test)/4))
	s.Context = min(max(2*s.Horizon, 16), max(4, n/10), 200)
	s.least = max(20, n/6)
	if len(s.periods) > 0 {
		s.least = max(s.least, min(int(2*s.periods[len(s.periods)-1]), n/2))
	}
}

// fits refuses settings that the series is too short for.
func (s *source) fits(c *Config) error {
	if s.test-s.least < 4*c.Members || s.series.Len()-s.test < s.Horizon+1 || s.Context+s.Horizon > s.test/2 || s.Season >= s.valid {
		return fmt.Errorf("forecast: %d steps are too few to read %d, forecast %d and validate %d networks: give a longer series, or set context, horizon or members lower", s.series.Len(), s.Context, s.Horizon, c.Members)
	}
	return nil
}
