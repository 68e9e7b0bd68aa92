package metric

import (
	"fmt"
	"math"
	"strings"

	"github.com/limpid-ml/limpid/tensor"
)

// Perplexity is e to the mean of −log of the probability of each label: among
// how many symbols, all as likely, a model is torn. Results are logits [..., C],
// targets int32 labels [...], of which -100 does not count.
type Perplexity struct{}

// Name returns "perplexity".
func (Perplexity) Name() string { return "perplexity" }

// Better returns -1.
func (Perplexity) Better() int { return -1 }

// New returns an empty accumulator.
func (Perplexity) New() Accumulator { return &surprise{name: "perplexity", result: math.Exp} }

// BitsPerCharacter is the mean of −log₂ of the probability of each character: a
// text could be packed into so many bits. Results and targets are as of
// [Perplexity].
type BitsPerCharacter struct {
	// PerSymbol is how many characters a symbol stands for on average, where
	// labels are words or pairs of bytes. 0: 1.
	PerSymbol float64
}

// Name returns "bits_per_character".
func (BitsPerCharacter) Name() string { return "bits_per_character" }

// Better returns -1.
func (BitsPerCharacter) Better() int { return -1 }

// New returns an empty accumulator.
func (m BitsPerCharacter) New() Accumulator {
	per := m.PerSymbol
	if per == 0 {
		per = 1
	}
	return &surprise{name: "bits_per_character", result: func(nats float64) float64 { return nats / math.Ln2 / per }}
}

// surprise sums up −log of the labels' probabilities.
type surprise struct {
	name   string
	nats   float64
	of     int
	result func(mean float64) float64
}

func (s *surprise) Add(out, target tensor.Tensor) error {
	if target.DType() != tensor.Int32 {
		return fmt.Errorf("metric: %s: the target is %v, want int32 labels", s.name, target.DType())
	}
	rows, err := classified(s.name, out, target)
	if err != nil {
		return err
	}
	rows.each(func(row []float64, label int) {
		s.nats += logSum(row) - row[label]
		s.of++
	})
	return nil
}

func (s *surprise) Result() float64 { return s.result(s.nats / float64(s.of)) }

// logSum is the logarithm of the sum of exp(v).
func logSum(row []float64) float64 {
	top, sum := row[greatest(row)], 0.0
	for _, v := range row {
		sum += math.Exp(v - top)
	}
	return top + math.Log(sum)
}

// Edits counts what turns one sequence into another: the fewest insertions,
// deletions and substitutions. The zero value is of nothing; [Edits.Add] sums
// up over a set.
type Edits struct {
	Substituted, Deleted, Inserted int
	Length                         int // of what should have been there
}

// Add returns the sum of e and f.
func (e Edits) Add(f Edits) Edits {
	return Edits{e.Substituted + f.Substituted, e.Deleted + f.Deleted, e.Inserted + f.Inserted, e.Length + f.Length}
}

// Errors is how many edits there are: Levenshtein's distance.
func (e Edits) Errors() int { return e.Substituted + e.Deleted + e.Inserted }

// Rate is the edits as a share of the length; it may exceed 1. Where nothing
// should have been there it is NaN, or +Inf if something was.
func (e Edits) Rate() float64 { return float64(e.Errors()) / float64(e.Length) }

// Words counts the edits from what was said to what should have been, word by
// word; words are parted by white space. The rate of its sum over a set is the
// word error rate.
func Words(want, got string) Edits { return Align(strings.Fields(want), strings.Fields(got)) }

// Characters is [Words] by characters, white space included: of the character
// error rate.
func Characters(want, got string) Edits { return Align([]rune(want), []rune(got)) }

// Align counts the fewest edits that make want of got. Of several ways it takes
// the one with the most substitutions at the end.
//
// Source: Levenshtein 1966; Wagner and Fischer 1974, "The string-to-string
// correction problem".
func Align[T comparable](want, got []T) Edits {
	row := make([]Edits, len(got)+1) // of want[:i] and got[:j], for one i
	for j := range row {
		row[j].Inserted = j
	}
	for i, w := range want {
		before := row[0]
		row[0].Deleted = i + 1
		for j, g := range got {
			best := before
			if w != g {
				best.Substituted++
				best = fewer(best, row[j+1].Add(Edits{Deleted: 1}))
				best = fewer(best, row[j].Add(Edits{Inserted: 1}))
			}
			before, row[j+1] = row[j+1], best
		}
	}
	all := row[len(got)]
	all.Length = len(want)
	return all
}

// fewer returns which of two has fewer edits, a if both have as many.
func fewer(a, b Edits) Edits {
	if b.Errors() < a.Errors() {
		return b
	}
	return a
}
