package metric

import (
	"fmt"
	"math"
	"slices"

	"github.com/limpid-ml/limpid/tensor"
)

// MeanAbsoluteScaledError is the mean of the absolute differences over Scale,
// the mean absolute error that the naive forecast, or the seasonal naive one,
// makes within the past: below 1 the forecast is better than that. Results and
// targets have one shape.
//
// Source: Hyndman and Koehler 2006, "Another look at measures of forecast
// accuracy".
type MeanAbsoluteScaledError struct {
	Scale float64 // see data/series, Past.NaiveError
}

// Name returns "mase".
func (MeanAbsoluteScaledError) Name() string { return "mase" }

// Better returns -1.
func (MeanAbsoluteScaledError) Better() int { return -1 }

// New returns an empty accumulator.
func (m MeanAbsoluteScaledError) New() Accumulator {
	return &errorSum{name: "mase", each: func(d float64) float64 { return math.Abs(d) / m.Scale }, end: same}
}

// SymmetricMAPE is the mean of 2·|o − t|/(|o| + |t|), from 0 to 2; two zeros
// differ by 0. Results and targets have one shape.
//
// Source: Makridakis and Hibon 2000, "The M3-Competition".
type SymmetricMAPE struct{}

// Name returns "smape".
func (SymmetricMAPE) Name() string { return "smape" }

// Better returns -1.
func (SymmetricMAPE) Better() int { return -1 }

// New returns an empty accumulator.
func (SymmetricMAPE) New() Accumulator {
	return &forecastSum{name: "smape", each: func(row []float64, t float64) float64 {
		if whole := math.Abs(row[0]) + math.Abs(t); whole > 0 {
			return 2 * math.Abs(row[0]-t) / whole
		}
		return 0
	}}
}

// Pinball is the mean loss of quantiles of the given levels: q·(t − o) where
// the target lies above, (1 − q)·(o − t) where it lies below. Results are
// [..., len(Levels)], targets [...].
//
// Source: Koenker and Bassett 1978, "Regression quantiles".
type Pinball struct{ Levels []float64 }

// Name returns "pinball".
func (Pinball) Name() string { return "pinball" }

// Better returns -1.
func (Pinball) Better() int { return -1 }

// New returns an empty accumulator.
func (p Pinball) New() Accumulator {
	return &forecastSum{name: "pinball", values: len(p.Levels), each: func(row []float64, t float64) float64 {
		sum := 0.0
		for i, q := range p.Levels {
			sum += pinball(q, row[i], t)
		}
		return sum / float64(len(row))
	}}
}

func pinball(q, v, target float64) float64 { return max(q*(target-v), (q-1)*(target-v)) }

// Coverage is the share of targets that lie within an interval, its ends
// included. Results are [..., 2], the lower end and the upper; targets [...].
type Coverage struct{}

// Name returns "coverage".
func (Coverage) Name() string { return "coverage" }

// Better returns 1.
func (Coverage) Better() int { return 1 }

// New returns an empty accumulator.
func (Coverage) New() Accumulator {
	return &forecastSum{name: "coverage", values: 2, each: func(row []float64, t float64) float64 {
		if row[0] <= t && t <= row[1] {
			return 1
		}
		return 0
	}}
}

// CRPS is the mean continuous ranked probability score of normal distributions,
// in the target's unit: see [GaussianCRPS]. Results are [..., 2], mean and
// logarithm of the variance, as loss.GaussianNLL has them; targets [...].
type CRPS struct{}

// Name returns "crps".
func (CRPS) Name() string { return "crps" }

// Better returns -1.
func (CRPS) Better() int { return -1 }

// New returns an empty accumulator.
func (CRPS) New() Accumulator {
	return &forecastSum{name: "crps", values: 2, each: func(row []float64, t float64) float64 {
		return GaussianCRPS(t, row[0], math.Exp(row[1]/2))
	}}
}

// forecastSum is the mean of what each target gets with the values that the
// result gives for it.
type forecastSum struct {
	name   string
	values int // on the result's last axis; 0: results have the targets' shape
	each   func(row []float64, target float64) float64
	sum    float64
	n      int
}

func (f *forecastSum) Add(out, target tensor.Tensor) error {
	want := target.Shape()
	if f.values > 0 {
		want = append(slices.Clone(want), f.values)
	}
	if !slices.Equal(out.Shape(), want) {
		return fmt.Errorf("metric: %s: the result is %v and the target %v; want the result to be %v", f.name, out.Shape(), target.Shape(), want)
	}
	o, t := floats(out), floats(target)
	if err := finite(f.name, o, len(o)/max(1, firstDim(target))); err != nil {
		return err
	}
	width := max(1, f.values)
	for i, v := range t {
		f.sum += f.each(o[i*width:(i+1)*width], v)
	}
	f.n += len(t)
	return nil
}

func firstDim(t tensor.Tensor) int {
	if t.Rank() == 0 {
		return 1
	}
	return t.Dim(0)
}

func (f *forecastSum) Result() float64 { return f.sum / float64(f.n) }

// GaussianCRPS is the continuous ranked probability score of a normal
// distribution, ∫(F(x) − [x ≥ y])² dx, in closed form: |y − mean| where the
// deviation is 0.
//
// Source: Gneiting and Raftery 2007, "Strictly proper scoring rules, prediction,
// and estimation", equation 21.
func GaussianCRPS(y, mean, deviation float64) float64 {
	if deviation <= 0 {
		return math.Abs(y - mean)
	}
	z := (y - mean) / deviation
	density := math.Exp(-z*z/2) / math.Sqrt(2*math.Pi)
	return deviation * (z*math.Erf(z/math.Sqrt2) + 2*density - 1/math.Sqrt(math.Pi))
}

// SampleCRPS is the continuous ranked probability score of a distribution that
// is known by samples, each as likely as any other: E|X − y| − ½·E|X − X'|. It
// is NaN of none.
//
// Source: Gneiting and Raftery 2007, equation 20.
func SampleCRPS(y float64, samples []float64) float64 {
	sorted, n := slices.Sorted(slices.Values(samples)), float64(len(samples))
	off, apart := 0.0, 0.0
	for i, x := range sorted {
		off += math.Abs(x - y)
		apart += x * (2*float64(i) + 1 - n) // Σ over pairs of |x − x'|, once each
	}
	return off/n - apart/(n*n)
}

// QuantileCRPS is the continuous ranked probability score of a distribution
// that is known by some of its quantiles: twice the pinball loss, integrated
// over the level by the trapezoidal rule, with the outermost loss going straight
// to the 0 that it is at levels 0 and 1 where y lies between the quantiles.
// Levels rise. The more of them there are the closer it comes.
//
// Source: Gneiting and Ranjan 2011, "Comparing density forecasts using threshold-
// and quantile-weighted scoring rules".
func QuantileCRPS(y float64, levels, values []float64) float64 {
	sum, last, at := 0.0, 0.0, 0.0
	for i, q := range levels {
		loss := 2 * pinball(q, values[i], y)
		sum += (loss + last) / 2 * (q - at)
		last, at = loss, q
	}
	return sum + last/2*(1-at)
}

// IntervalScore is what an interval that should hold the share 1 − alpha of all
// targets costs: its width, and 2/alpha for each unit by which y lies outside.
//
// Source: Gneiting and Raftery 2007, equation 43.
func IntervalScore(y, low, high, alpha float64) float64 {
	return high - low + 2/alpha*(max(0, low-y)+max(0, y-high))
}

// RankedPrecision is [AveragePrecision] of plain scores, where yes marks what
// should score high.
func RankedPrecision(scores []float64, yes []bool) float64 {
	all := make([]answer, len(scores))
	for i, s := range scores {
		all[i] = answer{s, yes[i]}
	}
	return averagePrecision(groups(all))
}

// Autocorrelation returns the correlation of a series with itself moved by 0,
// 1, … lags steps: what is left of it in residuals was not forecast. Missing
// values, NaN, are left out.
//
// Source: Box and Jenkins 1970, "Time series analysis".
func Autocorrelation(values []float64, lags int) []float64 {
	mean, n := 0.0, 0.0
	for _, v := range values {
		if !math.IsNaN(v) {
			mean, n = mean+v, n+1
		}
	}
	mean /= n
	out := make([]float64, lags+1)
	for lag := range out {
		for i := lag; i < len(values); i++ {
			if p := (values[i] - mean) * (values[i-lag] - mean); !math.IsNaN(p) {
				out[lag] += p
			}
		}
	}
	if power := out[0]; power > 0 {
		for lag := range out {
			out[lag] /= power
		}
	}
	return out
}
