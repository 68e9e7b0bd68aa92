package recipe

import (
	"context"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/internal/par"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// Mean, standard error and 95% interval of lists worked out by hand; the points
// of Student's t are those of its tables.
func TestStatistics(t *testing.T) {
	for _, c := range []struct {
		values              []float64
		mean, err, interval float64
	}{
		{nil, 0, 0, 0},
		{[]float64{3}, 3, 0, 0},
		{[]float64{1, 3}, 2, 1, 12.706},
		{[]float64{1, 2, 3, 4, 5}, 3, math.Sqrt(.5), 2.776 * math.Sqrt(.5)},
		{[]float64{7, 7, 7, 7}, 7, 0, 0},
	} {
		if m, e, i := Mean(c.values), StandardError(c.values), Interval(c.values); math.Abs(m-c.mean)+math.Abs(e-c.err)+math.Abs(i-c.interval) > 1e-12 {
			t.Errorf("%v: %g, %g, %g; want %g, %g, %g", c.values, m, e, i, c.mean, c.err, c.interval)
		}
	}
	long := make([]float64, 100)
	for i := range long {
		long[i] = float64(i % 2)
	}
	if got := Interval(long) / StandardError(long); got != 1.96 {
		t.Errorf("of a hundred: %g standard errors", got)
	}
}

// The interval of the mean of five normal numbers holds the truth 95 times in a
// hundred.
func TestIntervalHolds(t *testing.T) {
	r, held := tensor.NewRand(1), 0
	const times = 4000
	for range times {
		v := tensor.Data[float32](r.Normal(2, 3, 5))
		all := make([]float64, len(v))
		for i := range v {
			all[i] = float64(v[i])
		}
		if math.Abs(Mean(all)-2) <= Interval(all) {
			held++
		}
	}
	if share := float64(held) / times; math.Abs(share-.95) > .015 {
		t.Errorf("%.3f of the intervals hold the mean", share)
	}
}

// Many networks measured at once have the scores of each by itself, in order.
func TestEvaluateAll(t *testing.T) {
	x := tensor.NewRand(1).Normal(0, 1, 50, 3)
	set := data.FromTensors(x, tensor.Ints(make([]int, 50)...))
	var nets []*nn.Net
	var want []map[string]float64
	for i := range 7 {
		net, err := nn.Build(&nn.Linear{Out: 4}, nn.Input(3), nn.Seed(uint64(i)))
		if err != nil {
			t.Fatal(err)
		}
		one, err := train.Evaluate(t.Context(), net, set, loss.CrossEntropy)
		if err != nil {
			t.Fatal(err)
		}
		nets, want = append(nets, net), append(want, one)
	}
	before := par.Workers()
	defer par.SetWorkers(before)
	for _, n := range []int{1, 3} {
		par.SetWorkers(n)
		if got, err := EvaluateAll(t.Context(), nets, set, loss.CrossEntropy); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%d workers: %v, want %v: %v", n, got, want, err)
		}
	}
	if got, err := EvaluateAll(t.Context(), nil, set, loss.CrossEntropy); err != nil || len(got) != 0 {
		t.Errorf("none: %v, %v", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := EvaluateAll(ctx, nets, set, loss.CrossEntropy); err == nil || !strings.Contains(err.Error(), "canceled") {
		t.Errorf("stopped: %v", err)
	}
}
