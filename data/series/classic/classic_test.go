package classic

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// golden is testdata/classic.json, which classic.py beside it makes.
type golden struct {
	Values []float64
	Period int
	Models []struct {
		Multiplicative, Damped bool
		SSE                    float64
		Forecast               []float64
		ChosenSSE              float64 `json:"chosen_sse"`
	}
	Curve, AR, Harmonic []float64
}

func readGolden(t *testing.T) (g golden) {
	t.Helper()
	text, err := os.ReadFile("testdata/classic.json")
	if err == nil {
		err = json.Unmarshal(text, &g)
	}
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func near(t *testing.T, what string, got, want []float64, bound float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range got {
		if !(math.Abs(got[i]-want[i]) <= bound*max(1, math.Abs(want[i]))) {
			t.Errorf("%s: value %d is %.12g, want %.12g", what, i, got[i], want[i])
		}
	}
}

func TestHoltWintersAgainstStatsmodels(t *testing.T) {
	g := readGolden(t)
	for _, m := range g.Models {
		h := HoltWinters{Period: g.Period, Multiplicative: m.Multiplicative, Damped: m.Damped}
		by := Shares{Level: .35, Trend: .12, Season: .25, Damping: 1}
		if m.Damped {
			by.Damping = .93
		}
		s, err := h.With(g.Values, by)
		if err != nil {
			t.Fatal(err)
		}
		got := s.Forecast(9)
		got[5], m.Forecast[5] = 0, 0 // statsmodels does not let the last value move the season of its place; R's forecast does
		near(t, h.String(), got, m.Forecast, 1e-9)
		near(t, h.String()+": SSE", []float64{s.SSE}, []float64{m.SSE}, 1e-9)
		chosen, err := h.Fit(g.Values)
		if err != nil {
			t.Fatal(err)
		}
		if chosen.SSE > 1.002*m.ChosenSSE {
			t.Errorf("%v: chosen shares %+v have SSE %g, statsmodels' %g", h, chosen.Shares, chosen.SSE, m.ChosenSSE)
		}
	}
}

func TestHarmonicAgainstNumpy(t *testing.T) {
	g := readGolden(t)
	c := Curve{Waves: []Wave{{float64(g.Period), 2}}, Degree: 1}
	d, err := c.Fit(g.Values)
	if err != nil {
		t.Fatal(err)
	}
	var ahead []float64
	for i := range 9 {
		ahead = append(ahead, d.At(len(g.Values)+i))
	}
	near(t, "curve", ahead, g.Curve, 1e-6)
	w, err := Harmonic{Curve: c, Order: 2}.Fit(g.Values)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "autoregression", w.AR, g.AR, 1e-6)
	near(t, "forecast", w.Forecast(9), g.Harmonic, 1e-6)
}

// season is a series that every model here can forecast to the last digit.
func season(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = 100 + .5*float64(i) + []float64{3, -1, 4, -6}[i%4]
	}
	return out
}

func TestWhatIsRegularIsForecastExactly(t *testing.T) {
	all := season(60)
	for gaps := range 2 {
		past := append([]float64(nil), all[:50]...)
		if gaps > 0 {
			past[33], past[34], past[41] = math.NaN(), math.NaN(), math.NaN()
		}
		hw, err := HoltWinters{Period: 4}.Fit(past)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "Holt-Winters", hw.Forecast(10), all[50:], 1e-6)
		w, err := Harmonic{Curve: Curve{Waves: []Wave{{4, 2}}, Degree: 1}, Order: 0}.Fit(past)
		if err == nil {
			near(t, "harmonic", w.Forecast(10), all[50:], 1e-5)
		} else if !strings.Contains(err.Error(), "do not differ") { // the sine of the second wave is 0 at every step
			t.Error(err)
		}
	}
}

func TestWindowAndLeft(t *testing.T) {
	past := append(make([]float64, 40), 5, 5, 5, 5, 5, 5, 5, 5)
	d, err := Curve{Window: 8}.Fit(past)
	if err != nil {
		t.Fatal(err)
	}
	if v := d.At(60); math.Abs(v-5) > 1e-6 {
		t.Errorf("got %g", v)
	}
	left := d.Left(past, 10)
	if len(left) != 10 || math.Abs(left[9]) > 1e-6 || math.Abs(left[0]+5) > 1e-6 {
		t.Errorf("left %v", left)
	}
	if got := (Curve{Window: 8, Waves: []Wave{{365.25, 3}}, Degree: 2}).String(); got != "trend of degree 2, 3 waves of 365.25 steps, last 8 steps" {
		t.Error(got)
	}
}

func TestConstantSeries(t *testing.T) {
	past := make([]float64, 48)
	for i := range past {
		past[i] = 7
	}
	w, err := Harmonic{Curve: Curve{Waves: []Wave{{12.3, 2}}, Degree: 1}, Order: 3}.Fit(past)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "harmonic", w.Forecast(3), []float64{7, 7, 7}, 1e-5)
	for _, mul := range []bool{false, true} {
		hw, err := HoltWinters{Period: 12, Multiplicative: mul, Damped: true}.Fit(past)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "Holt-Winters", hw.Forecast(3), []float64{7, 7, 7}, 1e-9)
	}
}

func TestClassicRefuses(t *testing.T) {
	nan := math.NaN()
	for _, tt := range []struct {
		fit  func() error
		want string
	}{
		{func() error { _, err := HoltWinters{Period: 1}.Fit(season(9)); return err }, "season of 1"},
		{func() error { _, err := HoltWinters{Period: 5}.Fit(season(9)); return err }, "less than two seasons"},
		{func() error {
			_, err := HoltWinters{Period: 2, Multiplicative: true}.Fit([]float64{1, 2, 0, 4})
			return err
		}, "value 2 is 0"},
		{func() error { _, err := HoltWinters{Period: 2}.Fit([]float64{nan, nan, 1, 4}); return err }, "no value at all"},
		{func() error { _, err := Curve{Waves: []Wave{{4, 1}}}.Fit([]float64{1, 2, nan, 4}); return err }, "too few"},
		{func() error { _, err := Curve{Waves: []Wave{{2, 2}}}.Fit(season(40)); return err }, ""},
		{func() error { _, err := (Harmonic{Curve: Curve{}, Order: 9}).Fit(season(12)); return err }, "autoregression of order 9"},
	} {
		if err := tt.fit(); tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("got %v, want %q", err, tt.want)
		}
	}
}

// Moving or stretching a series moves and stretches its forecasts.
func TestForecastsMoveWithTheSeries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		noise := rapid.SliceOfN(rapid.Float64Range(-3, 3), 48, 48).Draw(t, "noise")
		by, factor := rapid.Float64Range(-50, 50).Draw(t, "by"), rapid.Float64Range(.5, 4).Draw(t, "factor")
		a, b := season(48), make([]float64, 48)
		for i := range a {
			a[i] += noise[i]
			b[i] = factor*a[i] + by
		}
		h := HoltWinters{Period: 4, Damped: true}
		x, err := h.With(a, Shares{.4, .1, .2, .95})
		y, err2 := h.With(b, Shares{.4, .1, .2, .95})
		v, err3 := Harmonic{Curve: Curve{Waves: []Wave{{4.5, 1}}, Degree: 1}, Order: 2}.Fit(a)
		w, err4 := Harmonic{Curve: Curve{Waves: []Wave{{4.5, 1}}, Degree: 1}, Order: 2}.Fit(b)
		for _, e := range []error{err, err2, err3, err4} {
			if e != nil {
				t.Fatal(e)
			}
		}
		for i := range 6 {
			if d := factor*x.Forecast(6)[i] + by - y.Forecast(6)[i]; math.Abs(d) > 1e-8 {
				t.Fatalf("Holt-Winters, step %d: off by %g", i, d)
			}
			if d := factor*v.Forecast(6)[i] + by - w.Forecast(6)[i]; math.Abs(d) > 1e-4 {
				t.Fatalf("harmonic, step %d: off by %g", i, d)
			}
		}
	})
}

func TestDescendFindsTheValley(t *testing.T) {
	banana := func(x []float64) float64 { return math.Pow(1-x[0], 2) + 100*math.Pow(x[1]-x[0]*x[0], 2) }
	x, v := descend(banana, []float64{-1.2, 1}, 400)
	if v > 1e-8 || math.Abs(x[0]-1) > 1e-3 {
		t.Errorf("ended at %v: %g", x, v)
	}
}
