package probe

import (
	"math"

	"github.com/limpid-ml/limpid/tensor"
)

// Activations reads how the values lie that layers return: "mean", "std", the
// share of "zeros", and for bounded activations the share that is "saturated".
//
// Saturated is where the activation's slope is below 1 % of its greatest:
// |y| > 0.995 for tanh, y or 1 − y below 0.0025 for the sigmoid. Which one it
// is, is told by the values: all in [−1, 1] with some below 0 is read as tanh,
// all in [0, 1] with none exactly 0 as sigmoid; others have no such reading.
type Activations struct {
	Match string // paths of the layers; empty: all
}

// Sample asks for the layers' results.
func (a Activations) Sample(s *Sample) {
	var all table[spread]
	s.Values(a.Match, func(path string, y tensor.Tensor) {
		switch y.DType() {
		case tensor.Float32:
			measure(all.get(path), tensor.View[float32](y))
		case tensor.Float64:
			measure(all.get(path), tensor.View[float64](y))
		}
	})
	s.After(func() {
		all.each(func(path string, d *spread) { d.report(s, path) })
	})
}

// spread is how the values of one layer lie.
type spread struct {
	n, zeros       int
	below, outside int // values below 0, values outside [−1, 1]
	over, edge     int // where it is flat if it is tanh, if it is a sigmoid
	sum, squares   float64
}

// Where the slopes of tanh and sigmoid are below 1 % of their greatest.
const (
	tanhFlat    = 0.995
	sigmoidFlat = 0.0025
)

// measure adds the values v to d.
func measure[F float32 | float64](d *spread, v []F) {
	for _, f := range v {
		x := float64(f)
		d.sum += x
		d.squares += x * x
		switch {
		case x == 0:
			d.zeros++
		case x < 0:
			d.below++
		}
		if !(x >= -1 && x <= 1) {
			d.outside++
		}
		if x > tanhFlat || x < -tanhFlat {
			d.over++
		}
		if x < sigmoidFlat || x > 1-sigmoidFlat {
			d.edge++
		}
	}
	d.n += len(v)
}

// moments returns mean and standard deviation.
func (d *spread) moments() (mean, std float64) {
	n := float64(d.n)
	mean = d.sum / n
	return mean, math.Sqrt(max(d.squares/n-mean*mean, 0))
}

// saturated returns the share of values in flat places; false if the
// activation is none that has them.
func (d *spread) saturated() (share float64, ok bool) {
	switch {
	case d.outside > 0:
		return 0, false
	case d.below > 0:
		return float64(d.over) / float64(d.n), true
	case d.zeros == 0:
		return float64(d.edge) / float64(d.n), true
	}
	return 0, false // rectified
}

func (d *spread) report(s *Sample, path string) {
	if d.n == 0 {
		return
	}
	mean, std := d.moments()
	s.Report(path, "mean", mean)
	s.Report(path, "std", std)
	s.Report(path, "zeros", float64(d.zeros)/float64(d.n))
	if share, ok := d.saturated(); ok {
		s.Report(path, "saturated", share)
	}
}
