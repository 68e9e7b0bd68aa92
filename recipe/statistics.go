package recipe

import (
	"context"
	"errors"
	"math"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/internal/par"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/train"
)

// EvaluateAll is [train.Evaluate] of many networks on one set, as many at once
// as there are workers; the scores are in the networks' order.
func EvaluateAll(ctx context.Context, nets []*nn.Net, set data.Dataset, l loss.Func, metrics ...metric.Metric) ([]map[string]float64, error) {
	scores, faults := make([]map[string]float64, len(nets)), make([]error, len(nets))
	workers := par.Workers()
	if min(workers, len(nets)) > 1 {
		par.SetWorkers(1) // each network has a core of its own
		defer par.SetWorkers(workers)
	}
	par.Each(workers, len(nets), func(i int) { scores[i], faults[i] = train.Evaluate(ctx, nets[i], set, l, metrics...) })
	return scores, errors.Join(faults...)
}

// Mean returns the mean of values, 0 of none.
func Mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(max(1, len(values)))
}

// StandardError returns that of the mean of values: their deviation (divided
// by n − 1) over √n; 0 of fewer than two.
func StandardError(values []float64) float64 {
	n := float64(len(values))
	if n < 2 {
		return 0
	}
	mean, sum := Mean(values), 0.0
	for _, v := range values {
		sum += (v - mean) * (v - mean)
	}
	return math.Sqrt(sum / (n - 1) / n)
}

// students are the 97.5% points of Student's t distribution by degrees of
// freedom, from 1.
var students = []float64{12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
	2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042}

// Interval returns half the width of the 95% confidence interval of the mean
// of values, by Student's t: the mean of a few seeds is less sure than its
// standard error says. 0 of fewer than two.
func Interval(values []float64) float64 {
	free := len(values) - 1
	if free < 1 {
		return 0
	}
	t := 1.96
	if free <= len(students) {
		t = students[free-1]
	}
	return t * StandardError(values)
}
