package metric

import "github.com/limpid-ml/limpid/tensor"

// Metric describes a score of a whole set.
type Metric interface {
	// Name returns the name under which the score is reported.
	Name() string
	// Better returns 1 if a higher score is better and -1 if a lower one is.
	Better() int
	// New returns an accumulator that has seen nothing.
	New() Accumulator
}

// Accumulator sums up one score. One goroutine uses it at a time.
type Accumulator interface {
	// Add takes a batch: the network's results and what they should have been.
	// An error says what is wrong with it; nothing has been added then.
	Add(out, target tensor.Tensor) error
	// Result returns the score of what was added: NaN where there is none, as
	// of nothing.
	Result() float64
}
