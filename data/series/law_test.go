package series

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/limpid-ml/limpid/tensor"
)

// random returns a series of n steps with two columns and a share of missing
// values.
func random(r *rand.Rand, n int, step Step, missing float64) *Series {
	s := &Series{Start: time.Date(2019, 3, 31, 0, 0, 0, 0, time.UTC), Step: step, Columns: []string{"a", "b"}, Values: make([][]float64, 2)}
	for c := range s.Values {
		for range n {
			v := math.Round(1e4*r.NormFloat64()) / 1e3
			if r.Float64() < missing {
				v = nan
			}
			s.Values[c] = append(s.Values[c], v)
		}
	}
	return s
}

var steps = []Step{
	{Duration: time.Hour}, {Duration: 24 * time.Hour}, {Duration: 7 * 24 * time.Hour}, {Duration: 15 * time.Minute},
	{Months: 1, MonthEnd: true}, {Months: 3, MonthEnd: true}, {Months: 12},
}

// A series that is written in any order, with a line left out here and there,
// comes back as it was.
func TestSeriesComeBackFromFiles(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, step := range steps {
		for _, layout := range []string{"2006-01-02 15:04", "2006-01-02T15:04:05Z07:00", "2.1.2006 15:04:05", "2006/1/2 15:04"} {
			s := random(r, 60, step, 0.1)
			s.Values[0][0], s.Values[0][59] = 1, 1 // lines that are there
			var lines []string
			for i := range s.Len() {
				if math.IsNaN(s.Values[0][i]) && math.IsNaN(s.Values[1][i]) {
					continue
				}
				cell := func(v float64) string {
					if math.IsNaN(v) {
						return "NA"
					}
					return strings.ReplaceAll(fmt.Sprint(v), ".", ",")
				}
				lines = append(lines, fmt.Sprintf("%s;%s;%s", cell(s.Values[0][i]), s.Time(i).Format(layout), cell(s.Values[1][i])))
			}
			r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
			text := "a;when;b\n" + strings.Join(lines, "\n")
			all, err := ReadCSV(strings.NewReader(text), CSV{DecimalComma: true})
			if err != nil {
				t.Fatalf("step %v, layout %s: %v", step, layout, err)
			}
			got := all[0]
			if got.Step != step || !got.Start.Equal(s.Start) || !slices.EqualFunc(got.Values, s.Values, same) {
				t.Errorf("step %v, layout %s: got step %v from %v", step, layout, got.Step, got.Start)
			}
		}
	}
}

func TestStepsAreEven(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, step := range append(steps, Step{Months: 1}, Step{Months: 5}) {
		start := time.Date(2016, time.Month(1+r.IntN(12)), 1+r.IntN(28), r.IntN(24), 0, 0, 0, time.UTC)
		if step.MonthEnd {
			start = time.Date(2016, 2, 29, 0, 0, 0, 0, time.UTC)
		}
		for n := range 100 {
			at := step.add(start, n)
			if next := step.add(start, n+1); !next.After(at) {
				t.Fatalf("%v: step %d is at %v, the next at %v", step, n, at, next)
			}
			if step.Months > 0 && monthsFrom(start, at) != n*step.Months {
				t.Errorf("%v: step %d is %d months later", step, n, monthsFrom(start, at))
			}
			if step.MonthEnd && at.AddDate(0, 0, 1).Day() != 1 {
				t.Errorf("%v: step %d is %v, no end of a month", step, n, at)
			}
		}
	}
}

func TestGapsCoverWhatIsMissing(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 30 {
		s := random(r, 50, steps[1], 0.4)
		missing := [2][50]bool{}
		for _, g := range s.Gaps() {
			c := slices.Index(s.Columns, g.Column)
			if !g.From.Equal(s.Time(g.At)) || !g.To.Equal(s.Time(g.At+g.Len-1)) {
				t.Errorf("%v is at %d", g, g.At)
			}
			for i := range g.Len {
				missing[c][g.At+i] = true
			}
			if g.At > 0 && math.IsNaN(s.Values[c][g.At-1]) {
				t.Errorf("%v begins too late", g)
			}
		}
		for c, values := range s.Values {
			for i, v := range values {
				if math.IsNaN(v) != missing[c][i] {
					t.Fatalf("column %d, step %d: missing %v, in a gap %v", c, i, math.IsNaN(v), missing[c][i])
				}
			}
		}
		before := slices.Clone(s.Values[0])
		for _, filled := range []*Series{s.FillForward(0), s.FillLinear(0)} {
			for c, values := range filled.Values {
				for i, v := range values {
					if old := s.Values[c][i]; !math.IsNaN(old) && v != old {
						t.Fatalf("a value that was there became %v from %v", v, old)
					}
				}
			}
		}
		if !same(before, s.Values[0]) {
			t.Error("filling changed the series itself")
		}
		forward := s.FillForward(0)
		for c, values := range forward.Values {
			first := slices.IndexFunc(s.Values[c], func(v float64) bool { return !math.IsNaN(v) })
			if slices.ContainsFunc(values[first:], math.IsNaN) {
				t.Error("filled forward, a gap is left")
			}
		}
	}
}

// Windows are what one would cut by hand.
func TestWindowsAreThoseOneWouldCut(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 60 {
		s := random(r, 40+r.IntN(40), steps[r.IntN(len(steps))], 0.02)
		w := Window{Context: 1 + r.IntN(8), Horizon: 1 + r.IntN(5), Stride: 1 + r.IntN(4), Inputs: []string{"b", "a"}, Targets: []string{"a"}, OwnScale: r.IntN(2) == 0}
		from := r.IntN(s.Len() / 2)
		to := from + w.Horizon + r.IntN(s.Len()-from-w.Horizon+1)
		set, err := Windows(w, Part{Span: s.Span(from, to)})
		if err != nil {
			continue // none fits
		}
		next, left := 0, 0
		for at := max(from, w.Context); at+w.Horizon <= to; at += w.Stride {
			given := slices.Concat(s.Values[1][at-w.Context:at], s.Values[0][at-w.Context:at])
			if slices.ContainsFunc(slices.Concat(given, s.Values[0][at:at+w.Horizon]), math.IsNaN) {
				left++
				continue
			}
			if part, step := set.Where(next); part != 0 || step != at {
				t.Fatalf("window %d is at %d, want %d", next, step, at)
			}
			e, err := set.At(next)
			if err != nil {
				t.Fatal(err)
			}
			for i := range w.Horizon {
				got := e.Y.At(i, 0)*e.More["scale"].At(0, 1) + e.More["scale"].At(0, 0)
				if math.Abs(got-s.Values[0][at+i]) > 1e-3 {
					t.Errorf("window %d, step %d: %v, want %v", next, i, got, s.Values[0][at+i])
				}
			}
			if !w.OwnScale && (e.X.At(0, 0) != float64(float32(s.Values[1][at-w.Context])) || e.X.At(w.Context-1, 1) != float64(float32(s.Values[0][at-1]))) {
				t.Errorf("window %d: X %v", next, e.X)
			}
			next++
		}
		if next != set.Len() || left != set.Skipped {
			t.Errorf("%d windows and %d left out, want %d and %d", set.Len(), set.Skipped, next, left)
		}
	}
}

// What comes after a window's horizon, or after a scale's past, has no part in
// an example.
func TestTheFutureHasNoPartInAnExample(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	s := random(r, 60, steps[1], 0)
	cut := func() []float32 {
		set, err := Windows(Window{Context: 6, Horizon: 3, Calendar: Calendar{Year: true}}, Part{s.Until(30).Span(), s.Until(30).Scale()}, Part{s.Span(30, 40), s.Until(30).Scale()})
		if err != nil {
			t.Fatal(err)
		}
		var all []float32
		for i := range set.Len() {
			e, err := set.At(i)
			if err != nil {
				t.Fatal(err)
			}
			all = slices.Concat(all, tensor.View[float32](e.X), tensor.View[float32](e.Y), tensor.View[float32](e.More["scale"]))
		}
		return all
	}
	before := cut()
	for c := range s.Values {
		for i := 40; i < 60; i++ {
			s.Values[c][i] = 1e6
		}
	}
	if !slices.Equal(before, cut()) {
		t.Error("what comes after step 40 is in examples that end there")
	}
}

func TestCalendarTurnsOnce(t *testing.T) {
	c := Calendar{Day: true, Week: true, Year: true, Harmonics: 3}
	start := time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)
	for hour := range 24 * 365 {
		f := c.Features(start.Add(time.Duration(hour) * time.Hour))
		for k := 0; k < len(f); k += 2 {
			if r := math.Hypot(float64(f[k]), float64(f[k+1])); math.Abs(r-1) > 1e-6 {
				t.Fatalf("hour %d, feature %d lies %v from the middle", hour, k, r)
			}
		}
	}
	a, b := c.Features(start), c.Features(start.AddDate(1, 0, 0))
	if !slices.Equal(a[12:], b[12:]) || slices.Equal(a[6:12], b[6:12]) {
		t.Error("a year later the year's features are others, or the week's the same")
	}
}
