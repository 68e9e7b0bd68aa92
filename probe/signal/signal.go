// Package signal measures, before any training, how far a network's signals
// come at its first weights: how different two inputs still are in each layer
// on the way forward, and how long the gradient is on the way back. What ranks
// activations by it is [Rank].
//
// The measure is that of mean-field theory. In a wide network of random
// weights the size q of a layer's sums and the correlation c of two inputs
// follow maps from layer to layer; where c tends to 1 all inputs look alike
// (order), where it tends to less, inputs that are nearly the same come apart
// (chaos); and the gradient's squared length changes by the same factor
// χ = σw²·E[φ'(z)²] in each layer. A deep network can be trained about as far
// as its signals come both ways: at the edge between order and chaos.
//
// Source: Poole et al. 2016, "Exponential expressivity in deep neural networks
// through transient chaos"; Schoenholz et al. 2017, "Deep information
// propagation"; Pennington et al. 2017, "Resurrecting the sigmoid".
//
// recipe and all above it may import signal, and so may doctor, explain and
// lab. It imports nn and tensor.
package signal

import (
	"errors"
	"fmt"
	"math"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// Layer is what reached one layer. All figures are of the layer's results,
// over a batch.
type Layer struct {
	Path     string
	Mean     float64 // of all values
	Variance float64 // of all values, around Mean
	Square   float64 // mean square of the values
	// Alike is the mean cosine between the results of two examples: 1 if all
	// look the same to the layers above.
	Alike float64
	Zeros float64 // share of the values that are exactly 0
	Dead  float64 // share of the units (last axis) that are 0 for every example
	// Grad is the root mean square, over examples, of the length of the
	// gradient by this layer's result.
	Grad float64
}

// Look runs a batch x [N, ...] of at least two examples forward and back once,
// at the weights that the network has, with the batch's statistics and without
// noise, and returns what reached the layers at paths, in that order. What
// goes back is a random direction at the network's result, the same one each
// time. The network is not changed.
func Look(net *nn.Net, x tensor.Tensor, paths ...string) ([]Layer, error) {
	switch {
	case !x.Valid() || x.Rank() < 2 || x.Dim(0) < 2:
		return nil, errors.New("signal.Look: give a batch of two examples at least, to see how alike they become")
	case len(paths) == 0:
		return nil, errors.New("signal.Look: no layer is asked for: give the paths of some, such as those that nn.Net.Summary lists")
	}
	all := make([]Layer, len(paths))
	err := net.Do(func(p *nn.Pass) error {
		y := net.Forward(p, p.Track(x)) // tracked, so that layers ahead of any weights have gradients too
		results := make([]tensor.Tensor, len(paths))
		for i, path := range paths {
			v, ok := p.Value(path)
			if !ok {
				return fmt.Errorf("signal.Look: the layer %q did not run, or its result is gone", path)
			}
			results[i] = v
			all[i] = measure(path, v)
		}
		direction := tensor.NewRand(1).Normal(0, 1, y.Shape()...).To(y.DType())
		for i, g := range tensor.Grad(y.Mul(direction).Sum(), results...) {
			all[i].Grad = length(floats(g)) / math.Sqrt(float64(g.Dim(0)))
		}
		return nil
	}, nn.Training, nn.TrackParams(), nn.Remember(paths...))
	if err != nil {
		return nil, err
	}
	return all, nil
}

// measure looks at a layer's result.
func measure(path string, y tensor.Tensor) Layer {
	l := Layer{Path: path}
	v := floats(y)
	l.moments(v)
	l.Alike, l.Dead = alike(v, y.Dim(0)), dead(v, y.Dim(-1))
	return l
}

// floats copies a tensor's values.
func floats(t tensor.Tensor) []float64 { return tensor.Data[float64](t.Detach().To(tensor.Float64)) }

func (l *Layer) moments(v []float64) {
	n := float64(max(len(v), 1))
	var sum, square, zeros float64
	for _, x := range v {
		sum += x
		square += x * x
		if x == 0 {
			zeros++
		}
	}
	l.Mean, l.Square, l.Zeros = sum/n, square/n, zeros/n
	l.Variance = max(0, l.Square-l.Mean*l.Mean)
}

// alike returns the mean cosine of all pairs of n rows: from the length of the
// sum of the rows, each made one long. A row of zeros is like any other.
func alike(v []float64, n int) float64 {
	size := len(v) / max(n, 1)
	sum := make([]float64, size)
	live := 0.0
	for i := range n {
		row := v[i*size : (i+1)*size]
		long := length(row)
		if long == 0 {
			continue
		}
		live++
		for j, x := range row {
			sum[j] += x / long
		}
	}
	if n < 2 {
		return 1
	}
	dead := float64(n) - live
	long := length(sum)
	pairs := float64(n) * float64(n-1)
	return (long*long - live + dead*(dead-1) + 2*dead*live) / pairs
}

func length(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x * x
	}
	return math.Sqrt(sum)
}

// dead returns the share of units that are 0 in all rows.
func dead(v []float64, units int) float64 {
	alive := make([]bool, max(units, 1))
	for i, x := range v {
		if x != 0 {
			alive[i%len(alive)] = true
		}
	}
	n := 0
	for _, a := range alive {
		if !a {
			n++
		}
	}
	return float64(n) / float64(len(alive))
}
