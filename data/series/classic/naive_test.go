package classic

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// wavy draws a series above 0 with a season of m steps, noise and, if gaps is
// set, missing values after the periods that a start is taken from.
func wavy(t *rapid.T, m, n int, gaps bool) []float64 {
	noise := rapid.SliceOfN(rapid.Float64Range(-2, 2), n, n).Draw(t, "noise")
	slope := rapid.Float64Range(-.2, .5).Draw(t, "slope")
	out := make([]float64, n)
	for i := range out {
		out[i] = 60 + slope*float64(i) + 8*math.Sin(2*math.Pi*float64(i)/float64(m)) + noise[i]
	}
	if gaps {
		for _, i := range rapid.SliceOfN(rapid.IntRange(min(n-1, firstPeriods*m), n-1), 0, 4).Draw(t, "gaps") {
			out[i] = math.NaN()
		}
	}
	return out
}

// naive is Holt and Winters' recursion as the books have it: the whole course of
// level, trend and season, each step's from those before. It returns the squared
// errors' sum and the forecasts.
func naive(start *Smoothed, past []float64, by Shares, multiplicative bool, steps int) (sse float64, ahead []float64) {
	m := start.Period
	level, trend := []float64{start.At}, []float64{start.Slope}
	season := slices.Clone(start.Season) // season[i] is what step i is forecast with
	for i, y := range past {
		l, b, s := level[i], by.Damping*trend[i], season[i]
		said := l + b + s
		if multiplicative {
			said = (l + b) * s
		}
		if math.IsNaN(y) {
			y = said
		}
		sse += (y - said) * (y - said)
		if multiplicative {
			level = append(level, by.Level*y/s+(1-by.Level)*(l+b))
			season = append(season, by.Season*y/(l+b)+(1-by.Season)*s)
		} else {
			level = append(level, by.Level*(y-s)+(1-by.Level)*(l+b))
			season = append(season, by.Season*(y-l-b)+(1-by.Season)*s)
		}
		trend = append(trend, by.Trend*(level[i+1]-l)+(1-by.Trend)*b)
	}
	n, fade := len(past), 0.0
	for h := 1; h <= steps; h++ {
		fade += math.Pow(by.Damping, float64(h))
		v, s := level[n]+fade*trend[n], season[n+(h-1)%m]
		if multiplicative {
			ahead = append(ahead, v*s)
		} else {
			ahead = append(ahead, v+s)
		}
	}
	return sse, ahead
}

// All four kinds forecast what the recursion does, gaps or none.
func TestHoltWintersAgainstTheBooksRecursion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.IntRange(2, 7).Draw(t, "period")
		past := wavy(t, m, rapid.IntRange(2*m, 9*m).Draw(t, "steps"), true)
		h := HoltWinters{Period: m, Multiplicative: rapid.Bool().Draw(t, "multiplicative"), Damped: rapid.Bool().Draw(t, "damped")}
		share := rapid.Float64Range(0, 1)
		by := Shares{Level: share.Draw(t, "level"), Trend: share.Draw(t, "trend"), Season: share.Draw(t, "season"), Damping: 1}
		if h.Damped {
			by.Damping = rapid.Float64Range(leastDamping, mostDamping).Draw(t, "damping")
		}
		start, err := h.start(past)
		if err != nil {
			t.Fatal(err)
		}
		got, err := h.With(past, by)
		if err != nil {
			t.Fatal(err)
		}
		sse, ahead := naive(start, past, by, h.Multiplicative, 2*m+1)
		for i, v := range got.Forecast(2*m + 1) {
			if math.Abs(v-ahead[i]) > 1e-7*max(1, math.Abs(ahead[i])) {
				t.Fatalf("%v, step %d: %g, want %g", h, i, v, ahead[i])
			}
		}
		if math.Abs(got.SSE-sse) > 1e-7*max(1, sse) {
			t.Fatalf("%v: SSE %g, want %g", h, got.SSE, sse)
		}
	})
}

// Two seasons of two steps, reckoned on paper.
func TestHoltWintersByHand(t *testing.T) {
	s, err := HoltWinters{Period: 2}.With([]float64{1, 3, 2, 6}, Shares{.5, .5, .5, 1})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "level, trend, SSE", []float64{s.At, s.Slope, s.SSE}, []float64{4.62109375, 1.166015625, 4.03424072265625}, 1e-14)
	near(t, "season", s.Season, []float64{-1.046875, 1.37890625}, 1e-14)
	near(t, "forecast", s.Forecast(2), []float64{4.740234375, 8.33203125}, 1e-14)
}

// A missing value is taken to be as forecast: had that value been measured, all
// would be the same.
func TestAGapIsWhatWasForecast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := HoltWinters{Period: 4, Multiplicative: rapid.Bool().Draw(t, "multiplicative"), Damped: true}
		by := Shares{.3, .2, .4, .9}
		past := wavy(t, 4, 26, false)
		k := rapid.IntRange(1, 9).Draw(t, "missing")
		s, err := h.With(past, by)
		if err != nil {
			t.Fatal(err)
		}
		gap, filled := slices.Clone(past), append(slices.Clone(past), s.Forecast(k)...)
		for range k {
			gap = append(gap, math.NaN())
		}
		a, err1 := h.With(gap, by)
		b, err2 := h.With(filled, by)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		for i, v := range a.Forecast(5) {
			if w := b.Forecast(5)[i]; math.Abs(v-w) > 1e-8 || math.Abs(v-s.Forecast(k + 5)[k+i]) > 1e-8 {
				t.Fatalf("step %d: %g with the gap, %g with what was forecast", i, v, w)
			}
		}
	})
}

// The chosen shares are as good as the best of a grid.
func TestChosenSharesBeatAGrid(t *testing.T) {
	past := make([]float64, 40)
	for i := range past {
		past[i] = 50 + .3*float64(i) + []float64{3, -1, 4, -6}[i%4] + 2*math.Sin(float64(i*i))
	}
	for _, h := range []HoltWinters{{Period: 4}, {Period: 4, Multiplicative: true}, {Period: 4, Damped: true}} {
		best, err := h.Fit(past)
		if err != nil {
			t.Fatal(err)
		}
		grid := []float64{.02, .2, .4, .6, .8, .98}
		for _, a := range grid {
			for _, b := range grid {
				for _, c := range grid {
					by := Shares{a, b, c, 1}
					if h.Damped {
						by.Damping = .95
					}
					if s, _ := h.With(past, by); s.SSE < best.SSE*(1-1e-6) {
						t.Fatalf("%v: %+v has SSE %g, the chosen %+v %g", h, by, s.SSE, best.Shares, best.SSE)
					}
				}
			}
		}
		if s, _ := h.With(past, best.Shares); s.SSE != best.SSE || !slices.Equal(s.Forecast(7), best.Forecast(7)) {
			t.Errorf("%v: read again with the chosen shares, SSE is %g, not %g", h, s.SSE, best.SSE)
		}
	}
}

// A fit reads the past and nothing else: what follows it in memory may be
// anything, it is left as it was, and a longer forecast begins as a shorter one.
func TestFitsDoNotPeek(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := wavy(t, 4, 48, true)
		other := slices.Clone(all)
		for i := 36; i < len(other); i++ {
			other[i] = 1e9
		}
		kept := slices.Clone(all)
		forecast := func(v []float64) (out [][]float64) {
			hw, err1 := HoltWinters{Period: 4, Damped: true}.Fit(v[:36])
			w, err2 := Harmonic{Curve: Curve{Waves: []Wave{{4.5, 1}}, Degree: 1, Window: 30}, Order: 2}.Fit(v[:36])
			if err1 != nil || err2 != nil {
				t.Fatal(err1, err2)
			}
			for _, n := range []int{9, 3} {
				out = append(out, hw.Forecast(n), w.Forecast(n))
			}
			return out
		}
		a, b := forecast(all), forecast(other)
		if fmt.Sprint(a) != fmt.Sprint(b) {
			t.Fatal("the future shows")
		}
		if !slices.Equal(a[0][:3], a[2]) || !slices.Equal(a[1][:3], a[3]) {
			t.Fatal("a longer forecast begins otherwise")
		}
		if fmt.Sprint(all) != fmt.Sprint(kept) {
			t.Fatal("the past was changed")
		}
	})
}

// gauss solves a·x = b by elimination with pivots.
func gauss(a [][]float64, b []float64) []float64 {
	n := len(b)
	for i := range n {
		top := i
		for r := i; r < n; r++ {
			if math.Abs(a[r][i]) > math.Abs(a[top][i]) {
				top = r
			}
		}
		a[i], a[top], b[i], b[top] = a[top], a[i], b[top], b[i]
		for r := i + 1; r < n; r++ {
			f := a[r][i] / a[i][i]
			for c := i; c < n; c++ {
				a[r][c] -= f * a[i][c]
			}
			b[r] -= f * b[i]
		}
	}
	x := make([]float64, n)
	for i := n - 1; i >= 0; i-- {
		x[i] = b[i]
		for c := i + 1; c < n; c++ {
			x[i] -= a[i][c] * x[c]
		}
		x[i] /= a[i][i]
	}
	return x
}

// What a curve leaves is at a right angle to each of its terms, and its values
// are those of the normal equations solved another way.
func TestCurvesAreLeastSquares(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		past := wavy(t, 5, 50, true)
		c := Curve{Degree: rapid.IntRange(0, 2).Draw(t, "degree"), Waves: []Wave{{5.3, rapid.IntRange(1, 2).Draw(t, "waves")}}, Window: rapid.SampledFrom([]int{0, 40, 500}).Draw(t, "window")}
		d, err := c.Fit(past)
		if err != nil {
			t.Fatal(err)
		}
		size, left := c.size(), d.Left(past, c.seen(past))
		a, b := make([][]float64, size), make([]float64, size)
		for i := range a {
			a[i] = make([]float64, size)
		}
		angles := make([]float64, size)
		for k, e := range left {
			step := len(past) - len(left) + k
			row := c.terms(nil, float64(step-len(past)+1), d.span)
			for i := range row {
				if math.IsNaN(e) {
					continue
				}
				angles[i] += e * row[i]
				b[i] += past[step] * row[i]
				for j := range row {
					a[i][j] += row[i] * row[j]
				}
			}
		}
		want := gauss(a, b)
		for i, v := range angles {
			if math.Abs(v) > 1e-3 || math.Abs(want[i]-d.Terms[i]) > 1e-3 {
				t.Fatalf("term %d: %g, want %g; what is left leans on it by %g", i, d.Terms[i], want[i], v)
			}
		}
	})
}

// An autoregression without noise is found exactly, and forecasts follow its
// recursion.
func TestAutoregressionIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Float64Range(-.6, .6).Draw(t, "a"), rapid.Float64Range(-.9, -.3).Draw(t, "b") // its roots are complex
		errs := []float64{5, -3}
		for i := 2; i < 40; i++ {
			errs = append(errs, a*errs[i-1]+b*errs[i-2])
		}
		ar, err := autoregression(errs, 2)
		if err != nil || math.Abs(ar[0]-a) > 1e-6 || math.Abs(ar[1]-b) > 1e-6 {
			t.Fatalf("found %v (%v), want %g and %g", ar, err, a, b)
		}
		w := &Waved{Drawn: Drawn{Terms: []float64{100}, span: 40, n: 40}, AR: ar, errors: errs[30:]}
		before := [2]float64{errs[39], errs[38]}
		for i, v := range w.Forecast(6) {
			next := a*before[0] + b*before[1]
			if math.Abs(v-100-next) > 1e-5 {
				t.Fatalf("step %d: %g, want %g", i, v, 100+next)
			}
			before = [2]float64{next, before[0]}
		}
	})
}

// A bowl's bottom is found wherever it lies, no start is made worse, and no more
// values are taken than allowed and a turn.
func TestDescendInABowl(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 4).Draw(t, "dimensions")
		bottom := rapid.SliceOfN(rapid.Float64Range(-5, 5), n, n).Draw(t, "bottom")
		calls, most := 0, rapid.SampledFrom([]int{n + 2, 20, 600}).Draw(t, "values")
		bowl := func(x []float64) (v float64) {
			calls++
			for i := range x {
				v += float64(i+1) * (x[i] - bottom[i]) * (x[i] - bottom[i])
			}
			return v + 1
		}
		from := make([]float64, n)
		first := bowl(from)
		calls = 0
		x, v := descend(bowl, from, most)
		if v > first || calls > most+2*n+2 || slices.ContainsFunc(from, func(v float64) bool { return v != 0 }) {
			t.Fatalf("from %g to %g in %d values of %d", first, v, calls, most)
		}
		if most == 600 && v > 1+1e-4 {
			t.Fatalf("ended at %v: %g above the bottom %v", x, v-1, bottom)
		}
	})
}
