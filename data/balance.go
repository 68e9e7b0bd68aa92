package data

import (
	"fmt"

	"github.com/limpid-ml/limpid/tensor"
)

// labelled is a dataset that knows an example's class without reading it.
type labelled interface{ labelOf(i int) int }

// Labels returns the class of every example: Y, an int32 scalar. Sets of
// pictures, and subsets of them, are not read for it. An example without such a
// Y is an error.
func Labels(set Dataset) ([]int, error) {
	all := make([]int, set.Len())
	known := classes(set)
	for i := range all {
		if known != nil {
			all[i] = known(i)
			continue
		}
		e, err := set.At(i)
		if err != nil {
			return nil, fmt.Errorf("data: labels: example %d: %w", i, err)
		}
		if !e.Y.Valid() || e.Y.DType() != tensor.Int32 || e.Y.Len() != 1 {
			return nil, fmt.Errorf("data: labels: example %d: Y is %v, want one int32, its class", i, whole(e.Y).form)
		}
		all[i] = int(e.Y.Item())
	}
	return all, nil
}

// classes returns what tells an example's class without reading it, or nil.
func classes(set Dataset) func(i int) int {
	switch s := set.(type) {
	case labelled:
		return s.labelOf
	case *transformed:
		return classes(s.set)
	case interface{ part() *subset }:
		of := s.part()
		if inner := classes(of.set); inner != nil {
			return func(i int) int { return inner(of.indices[i]) }
		}
	}
	return nil
}

// ClassWeights returns a weight for each of the classes that gives all classes
// that have examples the same part in a loss: n/(k·count), for n examples of k
// classes. Their mean over the examples is 1. A class without examples has
// weight 0; labels outside 0…classes−1 (−100, say) do not count.
func ClassWeights(labels []int, classes int) []float64 {
	counts := make([]int, classes)
	n, k := 0, 0
	for _, l := range labels {
		if l < 0 || l >= classes {
			continue
		}
		if counts[l]++; counts[l] == 1 {
			k++
		}
		n++
	}
	weights := make([]float64, classes)
	for l, c := range counts {
		if c > 0 {
			weights[l] = float64(n) / (float64(k) * float64(c))
		}
	}
	return weights
}

// Balanced returns the [Loader.Weights] with which an epoch shows each class as
// often as the others: 1/count of the example's class.
func Balanced(labels []int) []float64 {
	counts := map[int]int{}
	for _, l := range labels {
		counts[l]++
	}
	weights := make([]float64, len(labels))
	for i, l := range labels {
		weights[i] = 1 / float64(counts[l])
	}
	return weights
}

// draw sets order to the examples of an epoch in proportion to weights. Places
// are taken evenly along the weights laid end to end, in an order dealt anew
// each epoch, so that an example is drawn as often as its weight says, rounded
// up or down: less chance than in drawing each by itself.
func (m *maker) draw(weights []float64) {
	var total float64
	for _, w := range weights {
		total += w
	}
	m.deal()
	step := total / float64(len(m.order))
	at := m.rng.Float64() * step
	m.drawn = m.drawn[:0]
	var sum float64
	for k, i := range m.order {
		sum += weights[i]
		for last := k == len(m.order)-1; len(m.drawn) < len(m.order) && (at < sum || last); at += step {
			m.drawn = append(m.drawn, i)
		}
	}
	copy(m.order, m.drawn)
	for i := range m.order {
		j := m.rng.IntN(i + 1)
		m.order[i], m.order[j] = m.order[j], m.order[i]
	}
}

// checkWeights returns what is wrong with the weights of n examples, or nil.
func checkWeights(weights []float64, n int) error {
	if weights == nil {
		return nil
	}
	if len(weights) != n {
		return fmt.Errorf("data: loader: %d Weights for %d examples, want one each", len(weights), n)
	}
	var total float64
	for i, w := range weights {
		if !(w >= 0) || w-w != 0 {
			return fmt.Errorf("data: loader: weight %g of example %d, want a finite number, 0 or more", w, i)
		}
		total += w
	}
	if !(total > 0) || total-total != 0 {
		return fmt.Errorf("data: loader: the Weights add up to %g, want a finite number above 0", total)
	}
	return nil
}
