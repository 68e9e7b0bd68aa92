package metric

import (
	"fmt"
	"math"
	"slices"

	"github.com/limpid-ml/limpid/tensor"
)

// MeanSquaredError is the mean of the squared differences. Results and targets
// have one shape.
type MeanSquaredError struct{}

// Name returns "mse".
func (MeanSquaredError) Name() string { return "mse" }

// Better returns -1.
func (MeanSquaredError) Better() int { return -1 }

// New returns an empty accumulator.
func (MeanSquaredError) New() Accumulator {
	return &errorSum{name: "mse", each: square, end: same}
}

// RootMeanSquaredError is the root of the mean of the squared differences, in
// the target's unit. Results and targets have one shape.
type RootMeanSquaredError struct{}

// Name returns "rmse".
func (RootMeanSquaredError) Name() string { return "rmse" }

// Better returns -1.
func (RootMeanSquaredError) Better() int { return -1 }

// New returns an empty accumulator.
func (RootMeanSquaredError) New() Accumulator {
	return &errorSum{name: "rmse", each: square, end: math.Sqrt}
}

// MeanAbsoluteError is the mean of the absolute differences, in the target's
// unit. Results and targets have one shape.
type MeanAbsoluteError struct{}

// Name returns "mae".
func (MeanAbsoluteError) Name() string { return "mae" }

// Better returns -1.
func (MeanAbsoluteError) Better() int { return -1 }

// New returns an empty accumulator.
func (MeanAbsoluteError) New() Accumulator {
	return &errorSum{name: "mae", each: math.Abs, end: same}
}

func square(d float64) float64 { return d * d }
func same(v float64) float64   { return v }

// errorSum is end(mean of each(difference)). It adds element by element, so
// that the bits are those of any split into batches.
type errorSum struct {
	name      string
	each, end func(float64) float64
	sum       float64
	n         int
}

func (e *errorSum) Add(out, target tensor.Tensor) error {
	o, t, err := compared(e.name, out, target)
	if err != nil {
		return err
	}
	for i, v := range o {
		e.sum += e.each(v - t[i])
	}
	e.n += len(o)
	return nil
}

func (e *errorSum) Result() float64 { return e.end(e.sum / float64(e.n)) }

func compared(name string, out, target tensor.Tensor) (o, t []float64, err error) {
	if !slices.Equal(out.Shape(), target.Shape()) {
		return nil, nil, fmt.Errorf("metric: %s: the result is %v and the target %v; a metric never broadcasts: reshape one of them", name, out.Shape(), target.Shape())
	}
	o = floats(out)
	perExample := len(o)
	if out.Rank() > 0 {
		perExample /= max(out.Dim(0), 1)
	}
	return o, floats(target), finite(name, o, perExample)
}

// R2 is the coefficient of determination: 1 less the sum of squared differences
// over the sum of squared distances of the targets from their mean. Results and
// targets have one shape; of [..., D] it is the mean over the D columns. A
// column whose targets are all equal has 1 if it is met exactly, else 0.
type R2 struct{}

// Name returns "r2".
func (R2) Name() string { return "r2" }

// Better returns 1.
func (R2) Better() int { return 1 }

// New returns an empty accumulator.
func (R2) New() Accumulator { return &determination{} }

// determination keeps of each column the running mean of the targets and the
// sum of squared distances from it (Welford 1962), which loses no digits where
// the mean is large, and the sum of squared differences.
type determination struct {
	mean, spread, miss []float64
	n                  int
}

func (d *determination) Add(out, target tensor.Tensor) error {
	o, t, err := compared("r2", out, target)
	if err != nil {
		return err
	}
	columns := 1
	if out.Rank() > 1 {
		columns = out.Dim(-1)
	}
	if d.mean == nil {
		d.mean, d.spread, d.miss = make([]float64, columns), make([]float64, columns), make([]float64, columns)
	}
	if len(d.mean) != columns {
		return fmt.Errorf("metric: r2: the result has %d columns, and batches before had %d", columns, len(d.mean))
	}
	for ; len(o) > 0; o, t = o[columns:], t[columns:] {
		d.add(o[:columns], t[:columns])
	}
	return nil
}

func (d *determination) add(o, t []float64) {
	d.n++
	for k, v := range t {
		away := v - d.mean[k]
		d.mean[k] += away / float64(d.n)
		d.spread[k] += away * (v - d.mean[k])
		d.miss[k] += square(o[k] - v)
	}
}

func (d *determination) Result() float64 {
	if d.n == 0 {
		return math.NaN()
	}
	var total float64
	for k, miss := range d.miss {
		switch {
		case d.spread[k] > 0:
			total += 1 - miss/d.spread[k]
		case miss == 0:
			total++
		}
	}
	return total / float64(len(d.miss))
}
