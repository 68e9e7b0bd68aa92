package forecast

import (
	"fmt"
	"math"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/data/series"
	"github.com/limpid-ml/limpid/tensor"
)

// view is what the network reads at an origin, and what makes values of what it
// says: value = base + scale·said.
type view struct {
	x     []float32 // [Context, channels]
	base  []float64 // of each step of the horizon: how the regression goes on
	scale float64   // how much the curve leaves of the past
}

// view looks at a past. A curve is fitted to each column, to this very past;
// what it leaves, in deviations, is what the network reads. So nothing of the
// future is in it, be it as scale or as season. What the network says is by how
// much the target will differ from how the regression with autoregressive errors
// goes on.
func (s *source) view(p series.Past) (*view, error) {
	v := &view{x: make([]float32, s.Context*s.channels()), scale: 1}
	width := s.channels()
	for c, name := range append([]string{s.Target}, s.Others...) {
		values := p.Column(name)
		if c > 0 && s.Logs[c-1] {
			logs(values)
		}
		curve, err := s.Wave.Curve.Fit(values)
		if err != nil && c == 0 {
			return nil, err
		}
		if err != nil { // too little is known of a further column: it says nothing
			continue
		}
		left := curve.Left(values, max(s.Context, s.memory()))
		_, scale := moments(left)
		for t, e := range left[len(left)-s.Context:] {
			if !math.IsNaN(e) {
				v.x[t*width+c] = float32(e / scale)
			}
		}
		if c == 0 {
			wave, err := s.Wave.Fit(values)
			if err != nil {
				return nil, err
			}
			v.scale, v.base = scale, wave.Forecast(s.Horizon)
		}
	}
	s.dates(v, p)
	return v, nil
}

// memory is from how many of the last steps the scale is taken.
func (s *source) memory() int {
	if w := s.Wave.Window; w > 0 {
		return w
	}
	return max(2*s.Season, 100)
}

// logs takes the logarithm of one more.
func logs(values []float64) {
	for i, v := range values {
		values[i] = math.Log1p(max(v, 0))
	}
}

// dates writes the places of the steps in year, week and day.
func (s *source) dates(v *view, p series.Past) {
	calendar, width := calendarOf(s.Step), s.channels()
	for t := range s.Context {
		copy(v.x[t*width+1+len(s.Others):(t+1)*width], calendar.Features(p.Time(p.Len()-s.Context+t)))
	}
}

// windows are the origins that a network learns from: all ahead of the test
// part. Each belongs to one of the members' stretches of time, on which that
// member is validated and from which it does not learn.
type windows struct {
	views   []*view
	at      []int // the origins
	truth   [][]float32
	fold    []int
	keep    [][]float32 // of each, by member: 1 if it learns from it
	held    [][]float32 // 1 if it is validated on it
	shape   [2]int      // steps that are read, and channels
	skipped int         // origins whose future has gaps
}

// cutMost is how many windows there are at most; of a longer series they are
// further apart.
const cutMost = 3000

// cut makes the windows of a series for so many members.
func (s *source) cut(members int) (*windows, error) {
	w := &windows{shape: [2]int{s.Context, s.channels()}}
	room := s.test - s.Horizon - s.least
	for o := range s.series.Origins(series.Rolling{First: s.least, Every: max(1, room/cutMost), Horizon: s.Horizon}) {
		if o.At+s.Horizon > s.test {
			break
		}
		truth := o.Truth(s.Target)
		if count(truth) < len(truth) {
			w.skipped++
			continue
		}
		v, err := s.view(o.Past)
		if err != nil {
			return nil, fmt.Errorf("forecast: %s: %w", s.name, err)
		}
		y := make([]float32, s.Horizon)
		for h := range y {
			y[h] = float32((truth[h] - v.base[h]) / v.scale)
		}
		w.views, w.at, w.truth = append(w.views, v), append(w.at, o.At), append(w.truth, y)
	}
	if len(w.at) < 4*members {
		return nil, fmt.Errorf("forecast: %s: %d stretches of %d steps have no gap in column %q; that is too few to learn from: fill the gaps, or set a shorter horizon", s.name, len(w.at), s.Horizon, s.Target)
	}
	w.split(members, s.Horizon)
	return w, nil
}

// split gives each member its stretch of time. Origins less than a horizon from
// it, whose futures overlap with those in it, are nobody's there.
func (w *windows) split(members, horizon int) {
	n := len(w.at)
	for i := range w.at {
		fold := i * members / n
		keep, held := make([]float32, members), make([]float32, members)
		for k := range members {
			first, end := w.at[(k*n+members-1)/members], w.at[min(n-1, ((k+1)*n+members-1)/members-1)]
			switch {
			case k == fold:
				held[k] = 1
			case w.at[i] <= first-horizon || w.at[i] >= end+horizon:
				keep[k] = 1
			}
		}
		w.fold, w.keep, w.held = append(w.fold, fold), append(w.keep, keep), append(w.held, held)
	}
}

// learned is the number of windows.
func (w *windows) learned() int { return len(w.at) }

// part returns the windows as a dataset in which More["keep"] tells which
// members count: those that learn, or those that are validated.
func (w *windows) part(learn bool) data.Dataset { return &part{w, learn} }

type part struct {
	*windows
	learn bool
}

// Len returns the number of windows.
func (p *part) Len() int { return len(p.at) }

// At returns window i.
func (p *part) At(i int) (data.Example, error) {
	who := p.held[i]
	if p.learn {
		who = p.keep[i]
	}
	return data.Example{X: tensor.Of(p.views[i].x, p.shape[0], p.shape[1]), Y: tensor.Of(p.truth[i], len(p.truth[i])),
		More: map[string]tensor.Tensor{"keep": tensor.Of(who, len(who))}}, nil
}
