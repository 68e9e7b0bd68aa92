package decode

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
)

// Beam says how to search.
type Beam struct {
	Width  int   // how many beginnings are kept; 1 is greedy
	Length int   // how many symbols a hypothesis has at most, the end included
	End    int32 // the symbol that ends one
	// Norm is the α by which long hypotheses are not put behind for being long:
	// the logarithm of the probability is divided by ((5 + length)/6)^α. 0: not
	// at all; 0.6 to 1 is usual.
	//
	// Source: Wu et al. 2016, "Google's neural machine translation system",
	// equation 14.
	Norm float64
}

// Hypothesis is a sequence that a search found.
type Hypothesis struct {
	Symbols []int32 // without the end
	Ended   bool    // by the end symbol; else by Length
	LogProb float64 // of the symbols, and of the end
	Score   float64 // LogProb, by length: what they are ordered by
}

// Extend gives the scores of the next symbol for each of some beginnings: for
// state i after the symbol last[i], logits[i] over all symbols (softmax makes
// probabilities of them) and the state that comes next. It must leave the
// states that it is given as they are: several beginnings may share one.
type Extend[S any] func(states []S, last []int32) (logits [][]float32, next []S, err error)

// path is a beginning.
type path struct {
	symbols []int32
	logProb float64
}

// candidate is a symbol after a beginning.
type candidate struct {
	from    int
	symbol  int32
	logProb float64
}

// Search looks for the likeliest sequences after first, beginning in state
// start, and returns at most Width of them, the best first. It ends when no
// beginning can come before the Width best that have ended. The error is ctx's
// or extend's, or says what is wrong with b.
func Search[S any](ctx context.Context, b Beam, start S, first int32, extend Extend[S]) ([]Hypothesis, error) {
	if b.Width < 1 || b.Length < 1 || !(b.Norm >= 0) {
		return nil, fmt.Errorf("decode.Search: width %d, length %d, norm %g: want at least 1, 1 and 0", b.Width, b.Length, b.Norm)
	}
	live, states, last := []path{{}}, []S{start}, []int32{first}
	var done []Hypothesis
	for step := 1; len(live) > 0; step++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		logits, next, err := extend(states, last)
		if err != nil {
			return nil, err
		}
		if len(logits) != len(live) || len(next) != len(live) {
			return nil, fmt.Errorf("decode.Search: extend gave %d rows of scores and %d states for %d beginnings", len(logits), len(next), len(live))
		}
		best := candidates(live, logits, 2*b.Width) // half of them may end
		before := live
		live, states, last = nil, nil, nil
		for _, c := range best {
			symbols := before[c.from].symbols
			if c.symbol == b.End || step == b.Length {
				done = b.finish(done, symbols, c)
			} else if len(live) < b.Width {
				live = append(live, path{append(slices.Clip(symbols), c.symbol), c.logProb})
				states, last = append(states, next[c.from]), append(last, c.symbol)
			}
		}
		if len(live) > 0 && b.settled(done, live[0].logProb) {
			break
		}
	}
	return done, nil
}

// candidates returns the n likeliest next symbols after all beginnings.
func candidates(live []path, logits [][]float32, n int) []candidate {
	var all []candidate
	for i, row := range logits {
		norm := logSum(row)
		for s, v := range row {
			if p := live[i].logProb + float64(v) - norm; !math.IsInf(p, -1) && !math.IsNaN(p) {
				all = append(all, candidate{i, int32(s), p})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(b.logProb, a.logProb) })
	return all[:min(n, len(all))]
}

// logSum is the logarithm of the sum of exp(v).
func logSum(row []float32) float64 {
	if len(row) == 0 {
		return 0
	}
	top, sum := float64(slices.Max(row)), 0.0
	for _, v := range row {
		sum += math.Exp(float64(v) - top)
	}
	return top + math.Log(sum)
}

// finish puts a sequence that has ended among those that have, of which the
// Width best stay.
func (b Beam) finish(done []Hypothesis, symbols []int32, c candidate) []Hypothesis {
	h := Hypothesis{Symbols: slices.Clone(symbols), Ended: c.symbol == b.End, LogProb: c.logProb}
	if !h.Ended {
		h.Symbols = append(h.Symbols, c.symbol)
	}
	h.Score = b.score(c.logProb, len(symbols)+1)
	done = append(done, h)
	slices.SortStableFunc(done, func(x, y Hypothesis) int { return cmp.Compare(y.Score, x.Score) })
	return done[:min(b.Width, len(done))]
}

func (b Beam) score(logProb float64, length int) float64 {
	return logProb / math.Pow(float64(5+length)/6, b.Norm)
}

// settled tells whether no beginning as likely as this can come before what has
// ended: its probability can only fall, and its length be Length at most.
func (b Beam) settled(done []Hypothesis, logProb float64) bool {
	return len(done) == b.Width && b.score(logProb, b.Length) <= done[len(done)-1].Score
}
