package ngram

// Bayes tells classes of sequences apart by a model of each: the class whose
// model gives a sequence the highest probability, all classes being as likely
// beforehand.
type Bayes struct {
	Classes []Scorer
}

// Scores returns the logarithm of the sequence's probability under each class.
func (b *Bayes) Scores(sequence []int32) []float64 {
	scores := make([]float64, len(b.Classes))
	for c, m := range b.Classes {
		for i, next := range sequence {
			scores[c] += m.LogProb(sequence[:i], next)
		}
	}
	return scores
}

// Class returns the likeliest class of the sequence; of equal ones the first.
func (b *Bayes) Class(sequence []int32) int {
	best, scores := 0, b.Scores(sequence)
	for c, v := range scores {
		if v > scores[best] {
			best = c
		}
	}
	return best
}
