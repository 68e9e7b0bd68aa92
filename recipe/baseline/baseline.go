// Package baseline has the methods that a network on a table must measure up
// to: ridge regression, logistic regression and gradient-boosted trees, and a
// search for their settings on validation data. All is plain Go in float64, one
// problem at a time, written to be read. Recipes may import baseline; it imports
// data.
package baseline

import (
	"context"
	"fmt"
	"math"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/internal/par"
)

// Problem is a table as numbers. Y holds a class's number, from 0, where Classes
// is above 0, and otherwise the number to learn.
type Problem struct {
	X       [][]float64 // a row an example, all of one length
	Y       []float64
	Classes int
}

// outputs is how many scores an example gets.
func (p *Problem) outputs() int { return max(1, p.Classes) }

// Pick returns the problem of some rows. X's rows are shared.
func (p *Problem) Pick(rows []int) *Problem {
	out := &Problem{Classes: p.Classes, X: make([][]float64, len(rows)), Y: make([]float64, len(rows))}
	for k, i := range rows {
		out.X[k], out.Y[k] = p.X[i], p.Y[i]
	}
	return out
}

// Model answers for a row: with a probability for each class, or with a number.
type Model interface {
	// Predict answers for x, which it leaves as it is.
	Predict(x []float64) []float64
}

// Loss is what settings are chosen by: the cross-entropy of the class, or the
// square of the error.
func Loss(answer []float64, y float64, classes int) float64 {
	if classes == 0 {
		return (answer[0] - y) * (answer[0] - y)
	}
	const least = 1e-15 // as scikit-learn clips: no answer is infinitely wrong
	return -math.Log(max(answer[int(y)], least))
}

// MeanLoss is a model's mean [Loss] over a problem's rows.
func MeanLoss(m Model, p *Problem) float64 {
	var sum float64
	for i, x := range p.X {
		sum += Loss(m.Predict(x), p.Y[i], p.Classes)
	}
	return sum / float64(len(p.X))
}

// Trial is a setting that was tried, and its loss on validation rows.
type Trial struct {
	Setting string
	Loss    float64 // mean over the folds' validation rows
	Chosen  bool
}

// way is one setting of a method: how to learn with it, and what to call it.
type way struct {
	// losses are the validation losses of one fold, for each number of rounds
	// where the method has rounds, and else one.
	losses func(train, validate *Problem) []float64
	// name and learn take the number of rounds, from 1.
	name  func(rounds int) string
	learn func(p *Problem, rounds int) Model
}

// tune tries every way on every fold, and learns from all of p by the best.
func tune(ctx context.Context, p *Problem, folds []data.Fold, ways []way) (Model, []Trial, error) {
	if err := p.check(); err != nil {
		return nil, nil, err
	}
	results := make([][]float64, len(ways)*len(folds))
	each(len(results), func(i int) {
		if f := folds[i%len(folds)]; ctx.Err() == nil {
			results[i] = ways[i/len(folds)].losses(p.Pick(f.Train), p.Pick(f.Test))
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	trials, best, rounds := make([]Trial, len(ways)), 0, 0
	for w := range ways {
		n, l := lowest(results[w*len(folds):(w+1)*len(folds)], folds)
		trials[w] = Trial{Setting: ways[w].name(n), Loss: l}
		if w == 0 || l < trials[best].Loss {
			best, rounds = w, n
		}
	}
	trials[best].Chosen = true
	return ways[best].learn(p, rounds), trials, nil
}

// lowest returns the number of rounds, from 1, at which the folds' mean loss is
// lowest. A fold that stopped early keeps its last loss.
func lowest(losses [][]float64, folds []data.Fold) (rounds int, loss float64) {
	most, weight := 0, 0.0
	for k := range losses {
		most = max(most, len(losses[k]))
		weight += float64(len(folds[k].Test))
	}
	loss = math.Inf(1)
	for r := range most {
		var sum float64
		for k, l := range losses {
			sum += l[min(r, len(l)-1)] * float64(len(folds[k].Test))
		}
		if mean := sum / weight; mean < loss {
			rounds, loss = r+1, mean
		}
	}
	return max(1, rounds), loss
}

// job is work for several cores.
type job func(i int)

// Do does item i.
func (j *job) Do(i int) { (*j)(i) }

// each calls do for 0…n−1 on all cores; each i must write memory of its own.
func each(n int, do func(i int)) {
	j := job(do)
	par.Run(n, &j)
}

// check refuses what no method can learn from.
func (p *Problem) check() error {
	if len(p.X) == 0 || len(p.X) != len(p.Y) {
		return fmt.Errorf("baseline: %d rows and %d answers, want one each and at least one", len(p.X), len(p.Y))
	}
	for i, x := range p.X {
		if len(x) != len(p.X[0]) {
			return fmt.Errorf("baseline: row %d has %d numbers, want %d as the first has", i, len(x), len(p.X[0]))
		}
		for k, v := range x {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("baseline: row %d, column %d is %g, want a finite number", i, k, v)
			}
		}
		if y := p.Y[i]; p.Classes == 0 && (math.IsNaN(y) || math.IsInf(y, 0)) {
			return fmt.Errorf("baseline: row %d is to answer %g, want a finite number", i, y)
		} else if p.Classes > 0 && (y != math.Trunc(y) || y < 0 || y >= float64(p.Classes)) {
			return fmt.Errorf("baseline: row %d is of class %g, want a whole number below %d", i, y, p.Classes)
		}
	}
	return nil
}
