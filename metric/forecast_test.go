package metric

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
	"pgregory.net/rapid"
)

// forecasts is testdata/forecast.json, which forecast.py beside it makes.
type forecasts struct {
	Gaussian []struct{ Y, Mean, Deviation, CRPS float64 }
	Samples  []struct {
		Y, CRPS float64
		Samples []float64
	}
	Levels, Target, Quantiles             []float64
	Pinball, Coverage, Scale, MASE, SMAPE float64
	Series, ACF                           []float64
}

func readForecasts(t *testing.T) (g forecasts) {
	t.Helper()
	text, err := os.ReadFile("testdata/forecast.json")
	if err == nil {
		err = json.Unmarshal(text, &g)
	}
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func nearTo(t *testing.T, what string, got, want, bound float64) {
	t.Helper()
	if !(math.Abs(got-want) <= bound*max(1, math.Abs(want))) {
		t.Errorf("%s: got %.12g, want %.12g", what, got, want)
	}
}

func TestCRPSAgainstItsIntegral(t *testing.T) {
	g := readForecasts(t)
	for _, c := range g.Gaussian {
		nearTo(t, "gaussian", GaussianCRPS(c.Y, c.Mean, c.Deviation), c.CRPS, 1e-8)
	}
	for _, c := range g.Samples {
		nearTo(t, "samples", SampleCRPS(c.Y, c.Samples), c.CRPS, 1e-12)
	}
	if v := GaussianCRPS(3, 1, 0); v != 2 {
		t.Errorf("of a certainty: %g", v)
	}
	if v := SampleCRPS(1, nil); !math.IsNaN(v) {
		t.Errorf("of no samples: %g", v)
	}
}

// Many quantiles of a normal distribution, and many samples that are just
// those, score as it does.
func TestCRPSFromQuantilesComesClose(t *testing.T) {
	var levels, values []float64
	for i := 1; i < 2000; i++ {
		q := float64(i) / 2000
		levels, values = append(levels, q), append(values, 2+3*math.Sqrt2*math.Erfinv(2*q-1))
	}
	for _, y := range []float64{-4, 1.3, 2, 9} {
		want := GaussianCRPS(y, 2, 3)
		nearTo(t, "quantiles", QuantileCRPS(y, levels, values), want, 2e-3)
		nearTo(t, "samples", SampleCRPS(y, values), want, 2e-3)
	}
}

func TestForecastMetricsAgainstReferences(t *testing.T) {
	g := readForecasts(t)
	n, k := len(g.Target), len(g.Levels)
	q, target := tensor.Of(g.Quantiles, n, k), tensor.Of(g.Target, n)
	median, ends := q.Index(1, k/2), tensor.Stack(1, q.Index(1, 0), q.Index(1, k-1))
	for _, tt := range []struct {
		m    Metric
		out  T
		want float64
	}{
		{MeanAbsoluteScaledError{g.Scale}, median, g.MASE}, {SymmetricMAPE{}, median, g.SMAPE},
		{Pinball{g.Levels}, q, g.Pinball}, {Coverage{}, ends, g.Coverage},
	} {
		whole, parts := tt.m.New(), tt.m.New()
		for _, err := range []error{whole.Add(tt.out, target), parts.Add(tt.out.Slice(0, 0, 3), target.Slice(0, 0, 3)), parts.Add(tt.out.Slice(0, 3, n), target.Slice(0, 3, n))} {
			if err != nil {
				t.Fatal(err)
			}
		}
		nearTo(t, tt.m.Name(), whole.Result(), tt.want, 1e-12)
		if whole.Result() != parts.Result() {
			t.Errorf("%s: %g in two batches, %g in one", tt.m.Name(), parts.Result(), whole.Result())
		}
	}
	for lag, r := range Autocorrelation(g.Series, 10) {
		nearTo(t, "autocorrelation", r, g.ACF[lag], 1e-12)
	}
}

func TestGaussianMetricReadsMeanAndLogVariance(t *testing.T) {
	g := readForecasts(t)
	acc, want := CRPS{}.New(), 0.0
	for _, c := range g.Gaussian {
		out := tensor.Of([]float64{c.Mean, 2 * math.Log(c.Deviation)}, 1, 2)
		if err := acc.Add(out, tensor.Of([]float64{c.Y}, 1)); err != nil {
			t.Fatal(err)
		}
		want += c.CRPS / float64(len(g.Gaussian))
	}
	nearTo(t, "crps", acc.Result(), want, 1e-8)
}

func TestForecastMetricsRefuse(t *testing.T) {
	for _, m := range []Metric{SymmetricMAPE{}, Pinball{[]float64{.1, .5, .9}}, Coverage{}, CRPS{}, MeanAbsoluteScaledError{1}} {
		if err := m.New().Add(tensor.Zeros(4, 5), tensor.Zeros(4)); err == nil || !strings.Contains(err.Error(), "[4 5]") || !strings.Contains(err.Error(), m.Name()) {
			t.Errorf("%s: %v", m.Name(), err)
		}
		if v := m.New().Result(); !math.IsNaN(v) {
			t.Errorf("%s of nothing is %g", m.Name(), v)
		}
		if m.Better() == 0 {
			t.Errorf("%s: no direction", m.Name())
		}
	}
	bad := tensor.Of([]float64{0, 0, math.NaN(), 1}, 2, 2)
	if err := (Coverage{}).New().Add(bad, tensor.Zeros(2)); err == nil || !strings.Contains(err.Error(), "example 1 is NaN") {
		t.Errorf("got %v", err)
	}
	zero := tensor.Zeros(3)
	acc := SymmetricMAPE{}.New()
	if err := acc.Add(zero, zero); err != nil || acc.Result() != 0 {
		t.Errorf("of zeros: %g, %v", acc.Result(), err)
	}
}

// A score of samples is never negative, does not change with their order, and
// moves with them; the interval's score is its width where y is inside.
func TestForecastScoresLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Float64Range(-100, 100), 1, 9).Draw(t, "x")
		y := rapid.Float64Range(-100, 100).Draw(t, "y")
		v := SampleCRPS(y, x)
		moved, back := make([]float64, len(x)), make([]float64, len(x))
		brute := 0.0
		for i, a := range x {
			moved[i], back[len(x)-1-i] = a+7, a
			brute += math.Abs(a-y) / float64(len(x))
			for _, b := range x {
				brute -= math.Abs(a-b) / float64(2*len(x)*len(x))
			}
		}
		if v < -1e-9 || math.Abs(v-brute) > 1e-9 || math.Abs(SampleCRPS(y+7, moved)-v) > 1e-9 || math.Abs(SampleCRPS(y, back)-v) > 1e-9 {
			t.Fatalf("%v at %g: %g, by pairs %g", x, y, v, brute)
		}
		low, high := min(x[0], y), max(x[0], y)
		if s := IntervalScore(y, low, high, .1); s != high-low {
			t.Fatalf("inside: %g, width %g", s, high-low)
		}
		if s := IntervalScore(high+1, low, high, .1); math.Abs(s-(high-low+20)) > 1e-9 {
			t.Fatalf("one above: %g", s)
		}
	})
}

func TestRankedPrecision(t *testing.T) {
	if v := RankedPrecision([]float64{3, 2, 1}, []bool{true, false, true}); math.Abs(v-(1+2./3)/2) > 1e-12 {
		t.Errorf("got %g", v)
	}
	if v := RankedPrecision([]float64{1, 1, 1, 1}, []bool{true, false, false, true}); v != .5 {
		t.Errorf("of ties: %g", v)
	}
	if v := RankedPrecision([]float64{1}, []bool{false}); !math.IsNaN(v) {
		t.Errorf("without a yes: %g", v)
	}
}

func TestAutocorrelationOfGapsAndConstants(t *testing.T) {
	nan := math.NaN()
	if r := Autocorrelation([]float64{1, -1, nan, -1, 1, -1}, 2); r[0] != 1 || r[1] >= 0 || r[2] <= 0 {
		t.Errorf("got %v", r)
	}
	for lag, r := range Autocorrelation([]float64{4, 4, 4}, 5) {
		if r != 0 {
			t.Errorf("constant, lag %d: %g", lag, r)
		}
	}
}
