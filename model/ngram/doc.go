// Package ngram predicts the next symbol of a sequence from the few before it,
// by counting: what a network that reads text is to be compared with, and the
// language model that a decoder can ask.
//
// Symbols are numbers from 0 to Size−1: bytes, characters, words or whatever a
// codec of data/token makes. A model has no idea of beginnings and ends; who
// wants them gives them symbols of their own.
//
//	m := ngram.NewKneserNey(5, codec.Size())
//	m.Add(codec.Encode(text))
//	m.Estimate()
//	p := m.LogProb(codec.Encode("the whal"), codec.Encode("e")[0])
//
// train, recipe, programs and all above model may import ngram. It imports the
// standard library only.
package ngram

import "math"

// Scorer knows how likely a symbol is after others.
type Scorer interface {
	// LogProb returns the natural logarithm of the probability of next after
	// context, whose last symbol is the newest. Of a long context the end is
	// looked at only; an empty one is a start that nothing is known of.
	LogProb(context []int32, next int32) float64
}

// CrossEntropy returns the mean of −log₂ of the probability of each symbol of
// the sequence after those before it: bits a symbol. Of nothing it is NaN.
func CrossEntropy(s Scorer, sequence []int32) float64 {
	var sum float64
	for i, next := range sequence {
		sum -= s.LogProb(sequence[:i], next)
	}
	return sum / float64(len(sequence)) / math.Ln2
}
