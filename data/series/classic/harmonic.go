package classic

import (
	"errors"
	"fmt"
	"math"
)

// Curve is a regression on time: a polynomial, and waves of one or more periods
// and of their halves, thirds, ….
//
//	y ≈ Σ aₖ·tᵏ + Σ bₖ·cos(2πk·t/Period) + cₖ·sin(2πk·t/Period)
//
// Source: Hyndman and Athanasopoulos 2021, "Forecasting: principles and
// practice", 7.4.
type Curve struct {
	Waves  []Wave // nil: none
	Degree int    // of the polynomial; 0: a constant
	Window int    // of the past's steps, only the last so many count; 0: all
}

// Wave is a period with its first harmonics.
type Wave struct {
	Period float64 // steps of a season, 365.25 say
	Count  int     // harmonics
}

// String names the curve: "trend of degree 2, 4 waves of 12 steps, last 180
// steps".
func (c Curve) String() string {
	s := fmt.Sprintf("trend of degree %d", c.Degree)
	for _, w := range c.Waves {
		s += fmt.Sprintf(", %d waves of %.6g steps", w.Count, w.Period)
	}
	if c.Window > 0 {
		s += fmt.Sprintf(", last %d steps", c.Window)
	}
	return s
}

// size is the number of terms.
func (c Curve) size() int {
	n := c.Degree + 1
	for _, w := range c.Waves {
		n += 2 * w.Count
	}
	return n
}

// terms writes the terms at t steps after the last.
func (c Curve) terms(dst []float64, t, span float64) []float64 {
	dst = dst[:0]
	power := 1.0
	for range c.Degree + 1 {
		dst = append(dst, power)
		power *= t / span
	}
	for _, w := range c.Waves {
		for k := 1; k <= w.Count; k++ {
			angle := 2 * math.Pi * float64(k) * t / w.Period
			dst = append(dst, math.Cos(angle), math.Sin(angle))
		}
	}
	return dst
}

// Drawn is a curve that was fitted to a past.
type Drawn struct {
	Curve
	Terms []float64 // what each term weighs

	span float64
	n    int // steps of the past
}

// Fit fits the curve by least squares. It is an error if there are too few
// values.
func (c Curve) Fit(past []float64) (*Drawn, error) {
	d := &Drawn{Curve: c, n: len(past), span: float64(max(1, c.seen(past)))}
	e := newEquations(c.size())
	row := make([]float64, 0, c.size())
	for i := len(past) - c.seen(past); i < len(past); i++ {
		if !math.IsNaN(past[i]) {
			row = c.terms(row, float64(i-len(past)+1), d.span)
			e.add(row, past[i])
		}
	}
	if e.n < 2*c.size() {
		return nil, fmt.Errorf("classic: %v: %d values are too few for %d terms", c, e.n, c.size())
	}
	var err error
	d.Terms, err = e.solve()
	return d, err
}

// seen is how many of the past's steps count.
func (c Curve) seen(past []float64) int {
	if c.Window > 0 {
		return min(c.Window, len(past))
	}
	return len(past)
}

// At returns the curve at a step of the past, or after it.
func (d *Drawn) At(step int) float64 {
	sum := 0.0
	for i, v := range d.terms(make([]float64, 0, d.size()), float64(step-d.n+1), d.span) {
		sum += v * d.Terms[i]
	}
	return sum
}

// Left returns what the curve leaves of the last so many steps of the past, NaN
// where a value is missing.
func (d *Drawn) Left(past []float64, last int) []float64 {
	out := make([]float64, min(last, len(past)))
	for i := range out {
		step := len(past) - len(out) + i
		out[i] = past[step] - d.At(step)
	}
	return out
}

// Harmonic is a Curve whose errors follow from those before: an autoregression
// of the given order.
//
// Source: Cochrane and Orcutt 1949, "Application of least squares regression to
// relationships containing auto-correlated error terms".
type Harmonic struct {
	Curve
	Order int
}

// String names the model: the curve, and the order of its errors.
func (h Harmonic) String() string { return fmt.Sprintf("%v, AR(%d) errors", h.Curve, h.Order) }

// Waved is a Harmonic that was fitted to a past.
type Waved struct {
	Drawn
	AR []float64 // what the last error weighs, the one before it, …

	errors []float64 // the last ones, the latest at the end
}

// Fit fits the curve, the errors' autoregression, then both once more: the curve
// to what the autoregression leaves.
func (h Harmonic) Fit(past []float64) (*Waved, error) {
	curve, err := h.Curve.Fit(past)
	if err != nil {
		return nil, err
	}
	ar, err := autoregression(curve.Left(past, h.seen(past)), h.Order)
	if err != nil {
		return nil, err
	}
	if h.Order > 0 {
		if curve, err = h.refit(past, curve, ar); err != nil {
			return nil, err
		}
		if ar, err = autoregression(curve.Left(past, h.seen(past)), h.Order); err != nil {
			return nil, err
		}
	}
	return &Waved{Drawn: *curve, AR: ar, errors: bridged(curve.Left(past, 4*h.Order+1))}, nil
}

// refit fits the curve to the past less what the autoregression explains.
func (h Harmonic) refit(past []float64, d *Drawn, ar []float64) (*Drawn, error) {
	e, size := newEquations(h.size()), h.size()
	row, before := make([]float64, 0, size), make([]float64, 0, size)
	for i := len(past) - h.seen(past) + h.Order; i < len(past); i++ {
		row = h.terms(row, float64(i-len(past)+1), d.span)
		y := past[i]
		for k, a := range ar {
			before = h.terms(before, float64(i-k-len(past)), d.span)
			y -= a * past[i-k-1]
			for j := range row {
				row[j] -= a * before[j]
			}
		}
		if !math.IsNaN(y) {
			e.add(row, y)
		}
	}
	if e.n < 2*size {
		return d, nil
	}
	out := *d
	terms, err := e.solve()
	out.Terms = terms
	return &out, err
}

// autoregression finds by least squares what each of the errors before weighs.
func autoregression(errs []float64, order int) ([]float64, error) {
	e := newEquations(order)
	row := make([]float64, order)
	for i := order; i < len(errs); i++ {
		whole := errs[i]
		for k := range row {
			row[k] = errs[i-k-1]
			whole += row[k]
		}
		if !math.IsNaN(whole) {
			e.add(row, errs[i])
		}
	}
	if e.n < 2*order {
		return nil, fmt.Errorf("classic: %d errors are too few for an autoregression of order %d", e.n, order)
	}
	return e.solve()
}

// bridged puts 0 where an error is missing: what the curve says.
func bridged(errs []float64) []float64 {
	for i, v := range errs {
		if math.IsNaN(v) {
			errs[i] = 0
		}
	}
	return errs
}

// Forecast continues the series.
func (w *Waved) Forecast(steps int) []float64 {
	errs := append([]float64(nil), w.errors...)
	out := make([]float64, steps)
	for i := range out {
		next := 0.0
		for k, a := range w.AR {
			if at := len(errs) - 1 - k; at >= 0 {
				next += a * errs[at]
			}
		}
		errs = append(errs, next)
		out[i] = w.At(w.n+i) + next
	}
	return out
}

// equations are the normal equations of a least-squares problem.
type equations struct {
	a [][]float64
	b []float64
	n int // rows seen
}

func newEquations(size int) *equations {
	e := &equations{a: make([][]float64, size), b: make([]float64, size)}
	for i := range e.a {
		e.a[i] = make([]float64, size)
	}
	return e
}

func (e *equations) add(row []float64, y float64) {
	for i, v := range row {
		for j := range i + 1 {
			e.a[i][j] += v * row[j]
		}
		e.b[i] += v * y
	}
	e.n++
}

var errSingular = errors.New("classic: the terms of the regression do not differ enough on these steps: take fewer waves, or a longer past")

// solve solves them by Cholesky's decomposition, after a pull to 0 that is far
// below the data's noise: it keeps constant series, whose errors are all 0,
// from dividing by it.
func (e *equations) solve() ([]float64, error) {
	n := len(e.b)
	for i := range n {
		e.a[i][i] += 1e-9*e.a[i][i] + 1e-12
	}
	for i := range n {
		for j := range i + 1 {
			sum := e.a[i][j]
			for k := range j {
				sum -= e.a[i][k] * e.a[j][k]
			}
			switch {
			case i > j:
				e.a[i][j] = sum / e.a[j][j]
			case sum <= 0 || math.IsNaN(sum):
				return nil, errSingular
			default:
				e.a[i][i] = math.Sqrt(sum)
			}
		}
	}
	x := make([]float64, n)
	for i := range n {
		x[i] = e.b[i]
		for k := range i {
			x[i] -= e.a[i][k] * x[k]
		}
		x[i] /= e.a[i][i]
	}
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			x[i] -= e.a[k][i] * x[k]
		}
		x[i] /= e.a[i][i]
	}
	return x, nil
}
