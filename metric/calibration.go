package metric

import (
	"fmt"
	"math"

	"github.com/limpid-ml/limpid/tensor"
)

func errTwoClasses(name string, c int) error {
	return fmt.Errorf("metric: %s: the result has %d classes; it ranks answers of yes or no: want logits [..., 1] or [..., 2]", name, c)
}

// CalibrationError is the expected calibration error: how far, on average, the
// probability of the guessed class is from how often the guess is right. Rows
// are put into bins of equal width by that probability; the error is the mean
// over the rows of |share of right guesses − mean probability| of their bin.
// Results are logits; they and targets are as of [Accuracy].
//
// Source: Guo et al. 2017, "On calibration of modern neural networks".
type CalibrationError struct {
	Bins int // 0: 15
}

// Name returns "calibration error".
func (CalibrationError) Name() string { return "calibration error" }

// Better returns -1.
func (CalibrationError) Better() int { return -1 }

// New returns an empty accumulator.
func (m CalibrationError) New() Accumulator {
	if m.Bins == 0 {
		m.Bins = 15
	}
	return &calibration{bins: make([]bin, max(m.Bins, 1))}
}

// bin sums up the rows of like probability.
type bin struct{ sure, right float64 }

type calibration struct {
	bins []bin
	n    int
}

func (c *calibration) Add(out, target tensor.Tensor) error {
	s, err := classified("calibration error", out, target)
	if err != nil {
		return err
	}
	s.each(func(row []float64, label int) {
		guess := greatest(row)
		p := share(row, guess)
		// A bin holds its upper edge: (0, 1/n], (1/n, 2/n] …
		b := &c.bins[min(max(int(math.Ceil(p*float64(len(c.bins))))-1, 0), len(c.bins)-1)]
		b.sure += p
		if guess == label {
			b.right++
		}
		c.n++
	})
	return nil
}

// share is the softmax of the logits at their greatest.
func share(logits []float64, greatest int) float64 {
	var sum float64
	for _, v := range logits {
		sum += math.Exp(v - logits[greatest])
	}
	return 1 / sum
}

func (c *calibration) Result() float64 {
	var off float64
	for _, b := range c.bins {
		off += math.Abs(b.right - b.sure)
	}
	return off / float64(c.n)
}
