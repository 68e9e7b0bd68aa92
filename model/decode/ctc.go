package decode

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Span is a label and the steps, From up to but not including To, in which a
// network says it.
type Span struct {
	Label    int32
	From, To int
}

// Greedy reads logits, [T, classes] in a row, as CTC means them, by the
// likeliest label of each step: of repeats one stays, and blanks go. It is what
// [CTC.Search] finds where one alignment outweighs all others.
//
// Source: Graves et al. 2006, "Connectionist temporal classification", 3.2.
func Greedy(logits []float32, classes int, blank int32) (all []Span) {
	last := blank
	for t := 0; (t+1)*classes <= len(logits); t++ {
		row := logits[t*classes : (t+1)*classes]
		best := int32(0)
		for c, v := range row {
			if v > row[best] {
				best = int32(c)
			}
		}
		if best == last && best != blank {
			all[len(all)-1].To = t + 1
		} else if best != blank {
			all = append(all, Span{best, t, t + 1})
		}
		last = best
	}
	return all
}

// CTC says how to search for the likeliest labels: those whose alignments
// together have the greatest probability, or the greatest product of it with
// what a language model says.
type CTC struct {
	Width int   // how many beginnings are kept
	Blank int32 // the class of no label
	// Weigh returns what a label after others is worth, as a logarithm: α·log of
	// its probability by a language model, and β for a word. nil: nothing.
	Weigh func(before []int32, label int32) float64
	// Least leaves out labels less likely than this at a step; 0: none. 1e-4
	// spares most of the work and hardly ever changes what is found.
	Least float64
}

// Reading is what a search found.
type Reading struct {
	Labels  []int32
	LogProb float64 // of the labels, by all their alignments that were kept
	Score   float64 // with what Weigh gave: what readings are ordered by
}

// stem is a beginning: labels, as a tree, and the probabilities, as logarithms,
// that they have been said and the last step was blank, or was the last label.
type stem struct {
	parent        *stem
	label         int32
	depth         int
	weight        float64
	kids          map[int32]*stem
	blank, said   float64
	wasBlank, was float64 // the same one step before
	step          int     // of which blank and said are
}

func (s *stem) total() float64 { return logAdd(s.blank, s.said) }

func (s *stem) labels() []int32 {
	all := make([]int32, s.depth)
	for at := s; at.parent != nil; at = at.parent {
		all[at.depth-1] = at.label
	}
	return all
}

// Search reads logits, [T, classes] in a row, and returns at most Width
// readings, the best first. The error says what is wrong with c.
//
// Source: Hannun et al. 2014, "First-pass large vocabulary continuous speech
// recognition using bi-directional recurrent DNNs", algorithm 1.
func (c CTC) Search(logits []float32, classes int) ([]Reading, error) {
	if c.Width < 1 || classes < 2 || c.Blank < 0 || int(c.Blank) >= classes || len(logits)%classes != 0 || !(c.Least >= 0 && c.Least < 1) {
		return nil, fmt.Errorf("decode.CTC: width %d, blank %d, least %g, %d scores of %d classes: want a width from 1, a blank among the classes, a probability and whole rows", c.Width, c.Blank, c.Least, len(logits), classes)
	}
	live := []*stem{{blank: 0, said: math.Inf(-1)}}
	for t := range len(logits) / classes {
		live = c.advance(live, logProbs(logits[t*classes:(t+1)*classes]), t+1)
	}
	all := make([]Reading, len(live))
	for i, s := range live {
		all[i] = Reading{s.labels(), s.total(), s.total() + s.weight}
	}
	return all, nil
}

// advance takes beginnings over a step with the log-probabilities p.
func (c CTC) advance(live []*stem, p []float64, step int) []*stem {
	var next []*stem
	touch := func(s *stem) *stem {
		if s.step != step {
			s.wasBlank, s.was = s.blank, s.said
			s.blank, s.said, s.step = math.Inf(-1), math.Inf(-1), step
			next = append(next, s)
		}
		return s
	}
	for _, s := range live { // first, so that what was is kept of all
		touch(s)
	}
	for _, s := range live {
		was := logAdd(s.wasBlank, s.was)
		s.blank = logAdd(s.blank, was+p[c.Blank])
		if s.parent != nil {
			s.said = logAdd(s.said, s.was+p[s.label])
		}
		for label, v := range p {
			if int32(label) == c.Blank || c.Least > 0 && v < math.Log(c.Least) {
				continue
			}
			from := was
			if s.parent != nil && int32(label) == s.label {
				from = s.wasBlank // only a blank parts equal neighbours
			}
			if from+v > math.Inf(-1) {
				k := touch(c.kid(s, int32(label)))
				k.said = logAdd(k.said, from+v)
			}
		}
	}
	slices.SortStableFunc(next, func(a, b *stem) int { return cmp.Compare(b.total()+b.weight, a.total()+a.weight) })
	return next[:min(c.Width, len(next))]
}

// kid returns s with a label more. One that was dropped comes back empty.
func (c CTC) kid(s *stem, label int32) *stem {
	k := s.kids[label]
	if k == nil {
		k = &stem{parent: s, label: label, depth: s.depth + 1, weight: s.weight, blank: math.Inf(-1), said: math.Inf(-1)}
		if c.Weigh != nil {
			k.weight += c.Weigh(s.labels(), label)
		}
		if s.kids == nil {
			s.kids = map[int32]*stem{}
		}
		s.kids[label] = k
	}
	return k
}

// logProbs is the logarithm of the softmax of a row.
func logProbs(row []float32) []float64 {
	norm := logSum(row)
	p := make([]float64, len(row))
	for i, v := range row {
		p[i] = float64(v) - norm
	}
	return p
}

// logAdd is log(eᵃ + eᵇ).
func logAdd(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if math.IsInf(b, -1) {
		return a
	}
	return a + math.Log1p(math.Exp(b-a))
}

// Align says when each of the labels is said: the likeliest of all alignments of
// logits, [T, classes] in a row, that spell them. It returns nil if there are too
// few steps for the labels: one each, and one between equal neighbours.
//
// Source: Viterbi 1967; Graves et al. 2006.
func Align(logits []float32, classes int, blank int32, labels []int32) []Span {
	path := make([]int32, 0, 2*len(labels)+1) // a blank ahead of each label, and one at the end
	for _, l := range labels {
		path = append(path, blank, l)
	}
	path = append(path, blank)
	steps := len(logits) / classes
	score, came := make([]float64, len(path)), make([][]int8, steps)
	for t := range steps {
		p, before := logProbs(logits[t*classes:(t+1)*classes]), slices.Clone(score)
		came[t] = make([]int8, len(path))
		for i, l := range path {
			from := 0
			switch {
			case t == 0 && i > 1:
				before[i] = math.Inf(-1)
			case t > 0:
				from = cameFrom(before, path, i, blank)
			}
			score[i] = before[i-from] + p[l]
			came[t][i] = int8(from)
		}
	}
	end := len(path) - 1
	if end > 0 && score[end-1] > score[end] {
		end--
	}
	if steps == 0 || math.IsInf(score[end], -1) {
		return nil
	}
	return spans(path, came, end, len(labels))
}

// cameFrom says how many places back the best way to place i of a path comes
// from: 0, 1, or 2, over a blank that need not be.
func cameFrom(before []float64, path []int32, i int, blank int32) (best int) {
	for back := 1; back <= min(i, 2); back++ {
		if back == 2 && (path[i] == blank || path[i] == path[i-2]) {
			break
		}
		if before[i-back] > before[i-best] {
			best = back
		}
	}
	return best
}

// spans follows the best path back from its end.
func spans(path []int32, came [][]int8, end, n int) []Span {
	all := make([]Span, n)
	for t := len(came) - 1; t >= 0; t-- {
		if end%2 == 1 {
			s := &all[end/2]
			if s.To == 0 {
				*s = Span{path[end], t, t + 1}
			}
			s.From = t
		}
		end -= int(came[t][end])
	}
	return all
}
