package classic

import (
	"fmt"
	"math"
)

// HoltWinters is triple exponential smoothing: a level, a trend and a season,
// each of which moves towards what is observed by a share of its own.
//
//	y  ≈ level + φ·trend + season            (· season if Multiplicative)
//	level' = α·(y − season) + (1 − α)·(level + φ·trend)
//	trend' = β·(level' − level) + (1 − β)·φ·trend
//	season' = γ·(y − level − φ·trend) + (1 − γ)·season
//
// Source: Holt 1957 and Winters 1960; Gardner and McKenzie 1985 for Damped;
// Hyndman and Athanasopoulos 2021, "Forecasting: principles and practice", 8.3.
type HoltWinters struct {
	Period         int  // steps of a season
	Multiplicative bool // the season is a factor; values must be above 0
	Damped         bool // the trend fades by φ each step; else φ is 1
}

// Shares are how fast the parts of a HoltWinters move, each from 0 to 1.
type Shares struct{ Level, Trend, Season, Damping float64 }

// Smoothed is a HoltWinters that has read a series.
type Smoothed struct {
	HoltWinters
	Shares
	At     float64   // the level after the last step
	Slope  float64   // the trend
	Season []float64 // of the next steps, the nearest first
	SSE    float64   // sum of the squared errors of all forecasts one step ahead
}

// String names the model: "additive season, damped trend".
func (h HoltWinters) String() string {
	season, trend := "additive season", "undamped trend"
	if h.Multiplicative {
		season = "multiplicative season"
	}
	if h.Damped {
		trend = "damped trend"
	}
	return season + ", " + trend
}

// Fit chooses the shares that forecast the past best, one step ahead, and reads
// it with them. It is an error if there are not two whole periods, or if a
// season that is a factor meets values that are not above 0.
func (h HoltWinters) Fit(past []float64) (*Smoothed, error) {
	start, err := h.start(past)
	if err != nil {
		return nil, err
	}
	cost := func(x []float64) float64 { return start.read(past, h.shares(x), false).SSE }
	var best []float64
	least := math.Inf(1)
	for _, from := range [][]float64{{0, -3, -2, 2}, {-2, -5, 0, 3}, {1, -1, -4, 1}} {
		x, v := descend(cost, from[:h.free()], 120*h.free())
		if v < least || best == nil {
			best, least = x, v
		}
	}
	return start.read(past, h.shares(best), true), nil
}

// With reads the past with given shares.
func (h HoltWinters) With(past []float64, s Shares) (*Smoothed, error) {
	start, err := h.start(past)
	if err != nil {
		return nil, err
	}
	return start.read(past, s, true), nil
}

// free is the number of shares to be chosen.
func (h HoltWinters) free() int {
	if h.Damped {
		return 4
	}
	return 3
}

// Damping stays where it makes a difference and the trend does not vanish at
// once, as in Hyndman and Athanasopoulos.
const leastDamping, mostDamping = 0.8, 0.998

// shares maps any numbers to shares.
func (h HoltWinters) shares(x []float64) Shares {
	s := Shares{Level: squash(x[0]), Trend: squash(x[1]), Season: squash(x[2]), Damping: 1}
	if h.Damped {
		s.Damping = leastDamping + (mostDamping-leastDamping)*squash(x[3])
	}
	return s
}

func squash(v float64) float64 { return 1 / (1 + math.Exp(-v)) }

// firstPeriods is from how many periods at most the first level, trend and
// season are taken.
const firstPeriods = 5

// start takes level, trend and season before the first step from the first
// periods: the trend from the means of whole periods, the season from what is
// left.
func (h HoltWinters) start(past []float64) (*Smoothed, error) {
	m := h.Period
	if m < 2 {
		return nil, fmt.Errorf("classic: Holt-Winters: a season of %d steps; want at least 2", m)
	}
	if len(past) < 2*m {
		return nil, fmt.Errorf("classic: Holt-Winters: %d steps are less than two seasons of %d", len(past), m)
	}
	if h.Multiplicative {
		for i, v := range past {
			if v <= 0 {
				return nil, fmt.Errorf("classic: Holt-Winters: value %d is %g; a season that is a factor wants values above 0", i, v)
			}
		}
	}
	k := min(firstPeriods, len(past)/m)
	first, last := mean(past[:m]), mean(past[(k-1)*m:k*m])
	if math.IsNaN(first) || math.IsNaN(last) {
		return nil, fmt.Errorf("classic: Holt-Winters: one of the first %d seasons has no value at all", k)
	}
	s := &Smoothed{HoltWinters: h, Slope: (last - first) / float64((k-1)*m), Season: make([]float64, m)}
	s.At = first - s.Slope*float64(m+1)/2
	for i := range m {
		sum, n := 0.0, 0.0
		for j := i; j < k*m; j += m {
			if d := s.without(past[j], s.At+s.Slope*float64(j+1)); !math.IsNaN(d) {
				sum, n = sum+d, n+1
			}
		}
		if s.Season[i] = s.nothing(); n > 0 {
			s.Season[i] = sum / n
		}
	}
	return s, nil
}

// with joins a level and a season, without takes the level out, nothing is the
// season that changes nothing.
func (h HoltWinters) with(level, season float64) float64 {
	if h.Multiplicative {
		return level * season
	}
	return level + season
}

func (h HoltWinters) without(v, level float64) float64 {
	if h.Multiplicative {
		return v / level
	}
	return v - level
}

func (h HoltWinters) nothing() float64 {
	if h.Multiplicative {
		return 1
	}
	return 0
}

// read goes through the past; a missing value is taken to be as forecast. The
// season is turned to stand at the step after the last if turn is set.
func (s *Smoothed) read(past []float64, by Shares, turn bool) *Smoothed {
	out := *s
	out.Shares = by
	season, m := append([]float64(nil), s.Season...), s.Period
	for i, y := range past {
		was := season[i%m]
		ahead := out.At + by.Damping*out.Slope
		if math.IsNaN(y) {
			out.Slope *= by.Damping
			out.At = ahead
			continue
		}
		miss := y - s.with(ahead, was)
		out.SSE += miss * miss
		level := by.Level*s.without(y, was) + (1-by.Level)*ahead
		out.Slope = by.Trend*(level-out.At) + (1-by.Trend)*by.Damping*out.Slope
		season[i%m] = by.Season*s.without(y, ahead) + (1-by.Season)*was
		out.At = level
	}
	if math.IsNaN(out.SSE) {
		out.SSE = math.Inf(1)
	}
	if turn {
		at := len(past) % m
		out.Season = append(append([]float64(nil), season[at:]...), season[:at]...)
	}
	return &out
}

// Forecast continues the series.
func (s *Smoothed) Forecast(steps int) []float64 {
	out := make([]float64, steps)
	level, slope := s.At, s.Slope
	for i := range out {
		slope *= s.Damping
		level += slope
		out[i] = s.with(level, s.Season[i%s.Period])
	}
	return out
}

// mean is that of what is not missing; NaN of nothing.
func mean(values []float64) float64 {
	sum, n := 0.0, 0.0
	for _, v := range values {
		if !math.IsNaN(v) {
			sum, n = sum+v, n+1
		}
	}
	return sum / n
}
