package table

import (
	"math"
	"slices"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/tensor"
)

// places is where a column's inputs are in an encoded row, the same for numbers
// of all folds and perhaps not for categories.
func places(e *data.Encoder, column string) (from, to int) {
	for i := range e.Inputs {
		in := &e.Inputs[i]
		n := 1
		if in.Kind == data.Category {
			n = len(in.Categories)
		}
		if in.Flag {
			n++
		}
		if in.Column == column {
			return from, from + n
		}
		from += n
	}
	return from, from
}

// shuffles is how often a column is shuffled.
const shuffles = 5

// importance is how much worse the networks answer if a column's values are
// shuffled among the rows held out: in points of accuracy, or in error.
//
// Source: Breiman 2001, "Random forests"; Fisher, Rudin and Dominici 2019, "All
// models are wrong, but many are useful".
func (s *study) importance(column string, whole *method) (mean, spread float64, err error) {
	r := tensor.NewRand(s.config.Seed + 77)
	var all []float64
	for range shuffles {
		answers := make([][]float64, len(s.y))
		for f, fold := range s.folds {
			from, to := places(s.Folds[f].Encoder, column)
			order := r.Perm(len(fold.Test))
			rows := make([][]float64, len(fold.Test))
			for k, i := range fold.Test {
				rows[k] = slices.Clone(s.x[f][i])
				copy(rows[k][from:to], s.x[f][fold.Test[order[k]]][from:to])
			}
			some, err := s.ask(f, rows)
			if err != nil {
				return 0, 0, err
			}
			for k, i := range fold.Test {
				answers[i] = some[k]
			}
		}
		m := method{answers: answers}
		m.grade(s)
		worse := m.score - whole.score
		if s.Classes != nil {
			worse = 100 * (whole.score - m.score)
		}
		all = append(all, worse)
		mean += worse / shuffles
	}
	for _, v := range all {
		spread += (v - mean) * (v - mean) / (shuffles - 1)
	}
	return mean, math.Sqrt(spread), nil
}

// grid are values at which a number's effect is looked at: from the 2nd to the
// 98th of a hundred, evenly spaced.
func (s *study) grid(column string) []float64 {
	c, err := s.table.Column(column)
	if err != nil {
		return nil
	}
	var all []float64
	for _, i := range s.rows {
		if v := c.Value(i); !math.IsNaN(v) {
			all = append(all, v)
		}
	}
	slices.Sort(all)
	lo, hi := all[len(all)*2/100], all[len(all)-1-len(all)*2/100]
	if lo == hi {
		lo, hi = all[0], all[len(all)-1]
	}
	const points = 21
	at := make([]float64, points)
	for k := range at {
		at[k] = lo + (hi-lo)*float64(k)/(points-1)
	}
	return at
}

// effect is the mean answer over all rows held out if they all had the same
// value in a column: a number or, if it is a category, its name.
//
// Source: Friedman 2001, "Greedy function approximation: a gradient boosting
// machine" (partial dependence).
func (s *study) effect(column string, number float64, name string) ([]float64, error) {
	mean := make([]float64, s.outputs())
	for f, fold := range s.folds {
		from, to := places(s.Folds[f].Encoder, column)
		value := s.Folds[f].value(column, number, name)
		rows := make([][]float64, len(fold.Test))
		for k, i := range fold.Test {
			rows[k] = slices.Clone(s.x[f][i])
			copy(rows[k][from:to], value)
		}
		answers, err := s.ask(f, rows)
		if err != nil {
			return nil, err
		}
		for _, a := range answers {
			for k, v := range a {
				mean[k] += v / float64(len(s.y))
			}
		}
	}
	return mean, nil
}

// value encodes one value of a column; a category that the training rows do not
// have is none of them.
func (p *part) value(column string, number float64, name string) []float64 {
	from, to := places(p.Encoder, column)
	all := make([]float64, to-from)
	for _, in := range p.Encoder.Inputs {
		switch {
		case in.Column != column:
		case in.Kind == data.Category:
			if k := slices.Index(in.Categories, name); k >= 0 {
				all[k] = 1
			}
		default:
			all[0] = (number - in.Mean) / in.Deviation
		}
	}
	return all
}
