package metric

import (
	"errors"
	"math"

	"github.com/limpid-ml/limpid/tensor"
)

// Bounds of temperatures: beyond them probabilities are 0 and 1, or all alike,
// to the last digit.
const (
	coldest = 1e-2
	hottest = 1e2
)

// Temperature returns the number to divide logits by so that the mean
// cross-entropy with the targets is least; both are as of [Accuracy]. Above 1
// the probabilities were too sure, below 1 too modest. It lies between 0.01 and
// 100: where guesses are all right, or no better than chance, the best would be
// 0 or infinite. Fit it on data that the network did not learn from, and not on
// the test split.
//
// Source: Guo et al. 2017, "On calibration of modern neural networks".
func Temperature(logits, targets tensor.Tensor) (float64, error) {
	s, err := classified("temperature", logits, targets)
	if err != nil {
		return 0, err
	}
	n := 0
	s.each(func([]float64, int) { n++ })
	if n == 0 {
		return 0, errors.New("metric: temperature: there is no labelled row to fit it to")
	}
	lo, hi := math.Log(1/hottest), math.Log(1/coldest) // of the inverse, in which the loss is convex
	for range 60 {
		middle := (lo + hi) / 2
		if slope := tooSure(s, math.Exp(middle)); slope > 0 {
			hi = middle
		} else {
			lo = middle
		}
	}
	return math.Exp(-(lo + hi) / 2), nil
}

// tooSure is the slope of the cross-entropy by the factor of the logits: the
// expected logit less that of the target, summed over rows.
func tooSure(s scored, factor float64) (slope float64) {
	s.each(func(row []float64, label int) {
		top := row[greatest(row)]
		var sum, mean float64
		for _, v := range row {
			e := math.Exp(factor * (v - top))
			sum += e
			mean += e * v
		}
		slope += mean/sum - row[label]
	})
	return slope
}
