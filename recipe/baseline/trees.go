package baseline

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/limpid-ml/limpid/data"
)

// Boosting says how trees are grown.
type Boosting struct {
	Rounds int     // trees of each output
	Rate   float64 // what each tree's answer is multiplied by
	Depth  int     // questions from root to leaf, at most
	Leaf   int     // rows of a leaf, at least
	L2     float64 // penalty on a leaf's answer
}

// Trees is a sum of regression trees for each output: of classes, scores whose
// softmax (of two, whose logistic function) is the probability.
type Trees struct {
	start   []float64 // of each output, before the first tree
	rounds  [][]tree  // of each round, a tree for each output
	classes int
}

// tree is its nodes, the root first.
type tree []node

// node asks whether x[feature] ≤ at, or is a leaf (no left).
type node struct {
	feature     int
	at          float64
	left, right int
	value       float64
}

func (t tree) value(x []float64) float64 {
	n := &t[0]
	for n.left > 0 {
		if x[n.feature] <= n.at {
			n = &t[n.left]
		} else {
			n = &t[n.right]
		}
	}
	return n.value
}

// Predict returns the number, or the classes' probabilities.
func (m *Trees) Predict(x []float64) []float64 {
	scores := slices.Clone(m.start)
	for _, round := range m.rounds {
		for k := range round {
			scores[k] += round[k].value(x)
		}
	}
	return answer(scores, m.classes)
}

// answer turns scores into what Predict returns; scores may be written over.
func answer(scores []float64, classes int) []float64 {
	switch {
	case classes == 2:
		p := 1 / (1 + math.Exp(-scores[0]))
		return []float64{1 - p, p}
	case classes > 2:
		softmax(scores)
	}
	return scores
}

// Boost grows trees, each on what those before it left wrong: on the gradient
// of the loss, with leaves that step by its second derivative.
//
// Source: Friedman 2001, "Greedy function approximation: a gradient boosting
// machine"; Chen and Guestrin 2016, "XGBoost: a scalable tree boosting system".
func Boost(p *Problem, o Boosting) *Trees {
	b := newBooster(p, o)
	for range o.Rounds {
		b.round()
	}
	return b.model
}

// patience is how many rounds without a better validation loss end a trial.
const patience = 30

// boostLosses grows up to o.Rounds and returns the validation loss after each.
func boostLosses(train, validate *Problem, o Boosting) []float64 {
	b := newBooster(train, o)
	scores := make([][]float64, len(validate.X))
	for i := range scores {
		scores[i] = slices.Clone(b.model.start)
	}
	var losses []float64
	best, found := 0, math.Inf(1)
	for r := range o.Rounds {
		round := b.round()
		var sum float64
		for i, x := range validate.X {
			for k := range round {
				scores[i][k] += round[k].value(x)
			}
			sum += Loss(answer(slices.Clone(scores[i]), train.Classes), validate.Y[i], train.Classes)
		}
		losses = append(losses, sum/float64(len(validate.X)))
		if losses[r] < found {
			best, found = r, losses[r]
		}
		if r-best >= patience {
			break
		}
	}
	return losses
}

// What is tried of trees.
var (
	depths = []int{1, 2, 3, 5}
	rates  = []float64{0.2, 0.07}
	leaves = []int{3, 10}
)

// TuneTrees grows trees with the depth, rate, size of leaves and number of
// rounds, up to most, that do best on the folds' validation rows.
func TuneTrees(ctx context.Context, p *Problem, folds []data.Fold, most int) (Model, []Trial, error) {
	var ways []way
	for _, depth := range depths {
		for _, rate := range rates {
			for _, leaf := range leaves {
				o := Boosting{Rounds: most, Rate: rate, Depth: depth, Leaf: leaf, L2: 1}
				ways = append(ways, treeWay(o))
			}
		}
	}
	return tune(ctx, p, folds, ways)
}

func treeWay(o Boosting) way {
	return way{
		losses: func(train, validate *Problem) []float64 { return boostLosses(train, validate, o) },
		name: func(rounds int) string {
			return fmt.Sprintf("depth %d, rate %g, leaves from %d rows, %d rounds", o.Depth, o.Rate, o.Leaf, rounds)
		},
		learn: func(p *Problem, rounds int) Model {
			o := o
			o.Rounds = rounds
			return Boost(p, o)
		},
	}
}
