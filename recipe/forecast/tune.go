package forecast

import (
	"fmt"
	"math"

	"github.com/limpid-ml/limpid/data/series"
	"github.com/limpid-ml/limpid/data/series/classic"
)

// try is a rival's setting, and its mean absolute error on the validation part.
type try struct {
	rival, setting string
	error          float64
}

// At how many origins of the validation part settings are compared: those of
// regressions, and those of smoothing, which are slower.
const triedWaves, triedSmooth = 90, 16

// tune chooses, by forecasts from origins of the validation part alone, the
// curve with autoregressive errors that the network starts from, and the kind of
// exponential smoothing that it is held against.
func (s *source) tune() error {
	s.Logs = s.skewed()
	best := math.Inf(1)
	var failed error
	for _, h := range s.waves() {
		e, err := s.errorOf(triedWaves, func(past []float64) ([]float64, error) {
			w, err := h.Fit(past)
			if err != nil {
				return nil, err
			}
			return w.Forecast(s.Horizon), nil
		})
		if err != nil {
			failed = err
			continue
		}
		s.tries = append(s.tries, try{"harmonic regression", h.String(), e})
		if e < best {
			best, s.Wave = e, h
		}
	}
	if math.IsInf(best, 1) {
		return failed
	}
	s.smooth()
	return nil
}

// smooth chooses the kind of Holt-Winters; none if the season is too short, or
// too long for the past.
func (s *source) smooth() {
	if s.Season < 2 || 2*s.Season > s.valid {
		return
	}
	best := math.Inf(1)
	for kind := range 4 {
		h := classic.HoltWinters{Period: s.Season, Multiplicative: kind&1 > 0, Damped: kind&2 > 0}
		e, err := s.errorOf(triedSmooth, func(past []float64) ([]float64, error) {
			w, err := h.Fit(past)
			if err != nil {
				return nil, err
			}
			return w.Forecast(s.Horizon), nil
		})
		if err != nil { // a factor, of values that are not above 0
			continue
		}
		s.tries = append(s.tries, try{"Holt–Winters", h.String(), e})
		if e < best {
			best, s.Smooth = e, &h
		}
	}
}

// waves lists the regressions that are tried.
func (s *source) waves() (all []classic.Harmonic) {
	curves := []classic.Curve{{}}
	for _, p := range s.periods {
		var more []classic.Curve
		for _, c := range curves {
			for _, count := range []int{1, 2, 4} {
				if 2*float64(count) < p {
					c.Waves = append(append([]classic.Wave(nil), c.Waves...), classic.Wave{})[:len(c.Waves)+1]
					c.Waves[len(c.Waves)-1] = classic.Wave{Period: p, Count: count}
					more = append(more, c)
					c.Waves = c.Waves[:len(c.Waves)-1]
				}
			}
		}
		curves = more
	}
	for _, c := range curves {
		for _, c.Degree = range s.degrees {
			for _, c.Window = range s.lookback {
				for _, order := range []int{1, 2, 5, 12} {
					if order < s.least/8 {
						all = append(all, classic.Harmonic{Curve: c, Order: order})
					}
				}
			}
		}
	}
	return all
}

// errorOf is the mean absolute error of a forecaster at so many origins of the
// validation part, evenly spaced.
func (s *source) errorOf(origins int, f func(past []float64) ([]float64, error)) (float64, error) {
	sum, n := 0.0, 0.0
	room := s.test - s.valid - s.Horizon
	for o := range s.series.Origins(series.Rolling{First: s.valid, Every: max(1, room/origins), Horizon: s.Horizon}) {
		if o.At+s.Horizon > s.test {
			break
		}
		said, err := f(o.Past.Column(s.Target))
		if err != nil {
			return 0, err
		}
		for h, y := range o.Truth(s.Target) {
			if d := math.Abs(said[h] - y); !math.IsNaN(d) {
				sum, n = sum+d, n+1
			}
		}
	}
	if n == 0 {
		return 0, fmt.Errorf("no value of column %q to compare forecasts with from step %d to %d", s.Target, s.valid, s.test)
	}
	return sum / n, nil
}

// skewed tells of which further columns the logarithm is read: those without
// negative values whose large values lie far out, such as rain.
func (s *source) skewed() []bool {
	var all []bool
	past := s.series.Until(s.valid)
	for _, name := range s.Others {
		values := past.Column(name)
		m, d := moments(values)
		third, n, negative := 0.0, 0.0, false
		for _, v := range values {
			if !math.IsNaN(v) {
				third, n = third+math.Pow((v-m)/d, 3), n+1
				negative = negative || v < 0
			}
		}
		all = append(all, !negative && n > 0 && third/n > 1)
	}
	return all
}

// moments are mean and deviation of what is there; 0 and 1 of nothing.
func moments(values []float64) (mean, deviation float64) {
	sum, square, n := 0.0, 0.0, 0.0
	for _, v := range values {
		if !math.IsNaN(v) {
			sum, n = sum+v, n+1
		}
	}
	if n == 0 {
		return 0, 1
	}
	mean = sum / n
	for _, v := range values {
		if !math.IsNaN(v) {
			square += (v - mean) * (v - mean)
		}
	}
	if deviation = math.Sqrt(square / n); deviation < 1e-9*max(1, math.Abs(mean)) {
		deviation = 1
	}
	return mean, deviation
}
