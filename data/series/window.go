package series

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/tensor"
)

// Span is a part of a series whose steps are to be predicted; what leads up to
// them may lie before it.
type Span struct {
	s        *Series
	from, to int
}

// Span returns steps from up to but without to. It panics with a
// [*tensor.Error] if they are not there.
func (s *Series) Span(from, to int) Span {
	if from < 0 || to < from || to > s.Len() {
		tensor.Fail("series.Series.Span", "steps %d to %d of %d", from, to, s.Len())
	}
	return Span{s, from, to}
}

// Part is a span and the scale of its values.
type Part struct {
	Span  Span
	Scale *Scale // nil: none
}

// Window says how windows are cut.
type Window struct {
	Context int      // steps that are given
	Horizon int      // steps that follow, to be predicted
	Stride  int      // from one window to the next; 0: 1
	Inputs  []string // columns; nil: all
	Targets []string // columns; nil: as Inputs

	Calendar Calendar // of each step, beside the inputs

	// OwnScale scales each column of a window, after the part's scale, by mean
	// and deviation of its context: for series that wander.
	OwnScale bool
}

// Set is a dataset of windows, of one part after the other, in order of time. An
// example has
//
//	X               float32 [Context, inputs + calendar]
//	Y               float32 [Horizon, targets]
//	More["future"]  float32 [Horizon, calendar], if there is a calendar
//	More["scale"]   float32 [targets, 2]: value = Y · scale[1] + scale[0]
type Set struct {
	Skipped int // windows left out because a value is missing

	w      Window
	parts  []Part
	places []place
}

// place is the part of a window and the first step of its horizon.
type place struct{ part, at int }

// Windows cuts all windows whose horizon lies in a part's span. It is an error
// if a part's scale is of another series; if it has seen steps that are to be
// predicted, unless it was fitted to this very span or to its beginning, as that
// of training data is; or if there is no window at all.
func Windows(w Window, parts ...Part) (*Set, error) {
	if w.Context < 1 || w.Horizon < 1 || w.Stride < 0 {
		return nil, fmt.Errorf("series: windows: context %d, horizon %d, stride %d: want at least 1, 1 and 0", w.Context, w.Horizon, w.Stride)
	}
	if len(parts) == 0 {
		return nil, fmt.Errorf("series: windows: no part")
	}
	if w.Inputs == nil {
		w.Inputs = parts[0].Span.s.Columns
	}
	if w.Targets == nil {
		w.Targets = w.Inputs
	}
	set := &Set{w: w, parts: parts}
	for i, p := range parts {
		if err := p.check(w); err != nil {
			return nil, fmt.Errorf("series: windows: part %d: %w", i, err)
		}
		set.cut(i)
	}
	if len(set.places) == 0 {
		return nil, fmt.Errorf("series: windows: none of %d + %d steps fits, %d have a value missing: fill gaps, or take smaller windows", w.Context, w.Horizon, set.Skipped)
	}
	return set, nil
}

func (p Part) check(w Window) error {
	for _, name := range slices.Concat(w.Inputs, w.Targets) {
		if !slices.Contains(p.Span.s.Columns, name) {
			return fmt.Errorf("no column %q, there are %q", name, p.Span.s.Columns)
		}
	}
	sc, span := p.Scale, p.Span
	if sc == nil {
		return nil
	}
	if sc.s != span.s {
		return fmt.Errorf("its scale is of another series, or not made by Past.Scale")
	}
	training := sc.from == span.from && sc.to <= span.to
	if sc.to > span.from && !training {
		return fmt.Errorf("its scale has seen the series up to %s, but predictions begin at %s: fit it to Until(%d)", stamp(span.s.Time(sc.to-1)), stamp(span.s.Time(span.from)), span.from)
	}
	return nil
}

// cut finds the windows of a part.
func (set *Set) cut(part int) {
	span, w := set.parts[part].Span, set.w
	var columns [][]float64
	for _, name := range slices.Concat(w.Inputs, w.Targets) {
		columns = append(columns, span.s.Column(name))
	}
	whole := func(values []float64) bool { return !slices.ContainsFunc(values, math.IsNaN) }
	for at := max(span.from, w.Context); at+w.Horizon <= span.to; at += max(w.Stride, 1) {
		ok := true
		for i, v := range columns {
			if i < len(w.Inputs) {
				ok = ok && whole(v[at-w.Context:at])
			} else {
				ok = ok && whole(v[at:at+w.Horizon])
			}
			if i >= len(w.Inputs) && w.OwnScale {
				ok = ok && whole(v[at-w.Context:at])
			}
		}
		if ok {
			set.places = append(set.places, place{part, at})
		} else {
			set.Skipped++
		}
	}
}

// Len returns the number of windows.
func (set *Set) Len() int { return len(set.places) }

// Where returns which part window i is of, and the first step of its horizon.
func (set *Set) Where(i int) (part, step int) { return set.places[i].part, set.places[i].at }

// At returns window i; see [Set].
func (set *Set) At(i int) (data.Example, error) {
	at, w := set.places[i], set.w
	p := set.parts[at.part]
	k := w.Calendar.Size()
	width := len(w.Inputs) + k
	x := make([]float32, w.Context*width)
	for c, name := range w.Inputs {
		mean, deviation := set.scale(p, name, at.at)
		for t, v := range p.Span.s.Column(name)[at.at-w.Context : at.at] {
			x[t*width+c] = float32((v - mean) / deviation)
		}
	}
	y := make([]float32, w.Horizon*len(w.Targets))
	scales := make([]float32, 2*len(w.Targets))
	for c, name := range w.Targets {
		mean, deviation := set.scale(p, name, at.at)
		scales[2*c], scales[2*c+1] = float32(mean), float32(deviation)
		for t, v := range p.Span.s.Column(name)[at.at : at.at+w.Horizon] {
			y[t*len(w.Targets)+c] = float32((v - mean) / deviation)
		}
	}
	e := data.Example{X: tensor.Of(x, w.Context, width), Y: tensor.Of(y, w.Horizon, len(w.Targets)),
		More: map[string]tensor.Tensor{"scale": tensor.Of(scales, len(w.Targets), 2)}}
	if k > 0 {
		for t := range w.Context {
			w.Calendar.fill(x[t*width+len(w.Inputs):(t+1)*width], p.Span.s.Time(at.at-w.Context+t))
		}
		future := make([]float32, w.Horizon*k)
		for t := range w.Horizon {
			w.Calendar.fill(future[t*k:(t+1)*k], p.Span.s.Time(at.at+t))
		}
		e.X = tensor.Of(x, w.Context, width)
		e.More["future"] = tensor.Of(future, w.Horizon, k)
	}
	return e, nil
}

// scale returns the mean and the deviation of a column in the window whose
// horizon begins at a step.
func (set *Set) scale(p Part, column string, at int) (mean, deviation float64) {
	if set.w.OwnScale {
		return moments(p.Span.s.Column(column)[at-set.w.Context : at])
	}
	if p.Scale == nil {
		return 0, 1
	}
	c := p.Scale.index(column)
	return p.Scale.Mean[c], p.Scale.Deviation[c]
}

// Calendar says which features of a time are given to a network: each is a
// place on a circle, as sine and cosine of its angle and of multiples of it.
type Calendar struct {
	Day       bool // the time of the day
	Week      bool // the day of the week
	Year      bool // the day of the year
	Harmonics int  // multiples of the angle; 0: 1
}

// Size returns the number of features.
func (c Calendar) Size() int {
	n := 0
	for _, has := range [...]bool{c.Day, c.Week, c.Year} {
		if has {
			n++
		}
	}
	return 2 * n * max(c.Harmonics, 1)
}

// Features returns the features of a time: of the day, then of the week, then
// of the year, sine and cosine of each multiple in turn.
func (c Calendar) Features(t time.Time) []float32 {
	out := make([]float32, c.Size())
	c.fill(out, t)
	return out
}

func (c Calendar) fill(out []float32, t time.Time) {
	day := (time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second).Hours() / 24
	yearDays := float64(time.Date(t.Year(), 12, 31, 0, 0, 0, 0, time.UTC).YearDay())
	k := 0
	for _, f := range [...]struct {
		has   bool
		share float64 // of a turn
	}{{c.Day, day}, {c.Week, (float64(t.Weekday()) + day) / 7}, {c.Year, (float64(t.YearDay()-1) + day) / yearDays}} {
		if !f.has {
			continue
		}
		for h := 1; h <= max(c.Harmonics, 1); h++ {
			sin, cos := math.Sincos(2 * math.Pi * float64(h) * f.share)
			out[k], out[k+1] = float32(sin), float32(cos)
			k += 2
		}
	}
}
