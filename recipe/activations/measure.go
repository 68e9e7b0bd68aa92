package activations

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
)

// measure reads the test split, for all networks.
func (s *study) measure(ctx context.Context) (*recipe.Measured, error) {
	nets := make([]*nn.Net, len(s.finals))
	for i, f := range s.finals {
		nets[i] = f.net
	}
	scores, err := recipe.EvaluateAll(ctx, nets, s.set.Test, loss.CrossEntropy)
	if err != nil {
		return nil, err
	}
	accuracy := map[*final]float64{}
	for i, f := range s.finals {
		accuracy[f] = scores[i]["accuracy"]
	}
	return s.judge(accuracy), nil
}

// judge makes the scores of what each network reached.
func (s *study) judge(accuracy map[*final]float64) *recipe.Measured {
	byDepth := map[string]map[string]float64{}
	for _, d := range s.depths {
		byDepth[fmt.Sprint(d)] = map[string]float64{}
		for a, k := range kinds {
			byDepth[fmt.Sprint(d)][k.name] = recipe.Mean(s.reached(accuracy, a, d))
		}
	}
	at := byDepth[fmt.Sprint(s.config.Depth)]
	best := 0
	for a, k := range kinds {
		if at[k.name] > at[kinds[best].name] {
			best = a
		}
	}
	off, allowed := s.fallsShort(accuracy, best)
	spread := map[string]float64{}
	for a, k := range kinds {
		spread[k.name] = recipe.Interval(s.reached(accuracy, a, s.config.Depth))
	}
	m := &recipe.Measured{Scores: recipe.Scores{
		"interval_by_choice": spread,
		"accuracy_by_choice": at, "accuracy_by_depth": byDepth, "auto_pick": kinds[s.pick].name, shortfall: off - allowed,
	}}
	m.Reference = map[string]any{"best": kinds[best].name, "accuracy_of_best": at[kinds[best].name], "behind_best": off, "allowed": allowed}
	m.Story = s.story(at, best, off, allowed)
	return m
}

// reached lists what an activation's networks of a depth reached, by seed.
func (s *study) reached(accuracy map[*final]float64, act, depth int) (all []float64) {
	for _, f := range s.finalOf(act, depth) {
		all = append(all, accuracy[f])
	}
	return all
}

// point is a hundredth: so much worse than the best the pick may be in any
// case.
const point = 0.01

// fallsShort returns by how much the pick is worse than the best, and by how
// much it may be: a point, or two standard errors of the difference, seed by
// seed, if that is more.
func (s *study) fallsShort(accuracy map[*final]float64, best int) (off, allowed float64) {
	b, p := s.reached(accuracy, best, s.config.Depth), s.reached(accuracy, s.pick, s.config.Depth)
	apart := make([]float64, len(b))
	for i := range b {
		apart[i] = b[i] - p[i]
	}
	return recipe.Mean(apart), math.Max(point, 2*recipe.StandardError(apart))
}

// story tells the result in lines of text.
func (s *study) story(at map[string]float64, best int, off, allowed float64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d hidden layers, means over %d seeds:\n", s.config.Depth, s.config.Seeds)
	for _, k := range kinds {
		fmt.Fprintf(&b, "  %-11s %s\n", k.name, recipe.Format("accuracy", at[k.name]))
	}
	fmt.Fprintf(&b, "picked before training, by how far signals come: %s\n", kinds[s.pick].name)
	fmt.Fprintf(&b, "best after training: %s; the pick is %.1f points behind, and %.1f are allowed\n", kinds[best].name, 100*off, 100*allowed)
	return b.String()
}
