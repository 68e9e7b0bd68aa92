package regularise

import (
	"context"
	"fmt"
	"strings"

	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// reached is what a network reached.
type reached struct {
	test, learned float64 // accuracies on the test split, and on what it learned from
	zeros         float64 // share of its weights, without biases, that are exactly 0
}

// gap is how much better it is on what it learned from.
func (r reached) gap() float64 { return r.learned - r.test }

// measure reads the test split, for all networks.
func (s *study) measure(ctx context.Context) (*recipe.Measured, error) {
	all, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	return s.judge(all), nil
}

func (s *study) look(ctx context.Context) (map[*final]reached, error) {
	nets := make([]*nn.Net, len(s.finals))
	for i, f := range s.finals {
		nets[i] = f.net
	}
	scores, err := recipe.EvaluateAll(ctx, nets, s.test, loss.CrossEntropy)
	if err != nil {
		return nil, err
	}
	all := map[*final]reached{}
	for i, f := range s.finals {
		learn, err := s.pictures(f.seed, 1)
		if err != nil {
			return nil, err
		}
		own, err := train.Evaluate(ctx, f.net, learn, loss.CrossEntropy)
		if err != nil {
			return nil, err
		}
		all[f] = reached{test: scores[i]["accuracy"], learned: own["accuracy"], zeros: zeros(f.net)}
	}
	return all, nil
}

// zeros is the share of weights, without biases, that are exactly 0.
func zeros(net *nn.Net) float64 {
	n, none := 0, 0
	for _, p := range net.Params() {
		if p.Value().Rank() < 2 {
			continue
		}
		for _, w := range tensor.Data[float32](p.Value()) {
			if n++; w == 0 {
				none++
			}
		}
	}
	return float64(none) / float64(n)
}

// figures are a choice's values by seed.
func (s *study) figures(all map[*final]reached, body, choice int, of func(reached) float64) (values []float64) {
	for _, f := range s.finalsOf(body, choice) {
		values = append(values, of(all[f]))
	}
	return values
}

func test(r reached) float64  { return r.test }
func gap(r reached) float64   { return r.gap() }
func empty(r reached) float64 { return r.zeros }

// gains are by how much a choice beats none, seed by seed: both learned from the
// same pictures.
func (s *study) gains(all map[*final]reached, body, choice int) []float64 {
	by, none := s.figures(all, body, choice, test), s.figures(all, body, 0, test)
	for i := range by {
		by[i] -= none[i]
	}
	return by
}

// judge makes the scores of what each network reached.
func (s *study) judge(all map[*final]reached) *recipe.Measured {
	m := &recipe.Measured{Scores: recipe.Scores{}}
	none := map[string]float64{}
	for body, suffix := range bodySuffixes {
		for name, of := range map[string]func(reached) float64{"accuracy_by_choice": test, "gap_by_choice": gap, "sparsity_by_choice": empty} {
			by := map[string]float64{}
			for choice, n := range names {
				by[n] = recipe.Mean(s.figures(all, body, choice, of))
			}
			m.Scores[name+suffix] = by
		}
		spread := map[string]float64{}
		for choice, n := range names {
			spread[n] = recipe.Interval(s.figures(all, body, choice, test))
		}
		m.Scores["interval_by_choice"+suffix] = spread
		g := s.gains(all, body, len(names)-1)
		m.Scores["gain_of_best"+suffix] = recipe.Mean(g)
		m.Scores["gain_of_best_low"+suffix] = recipe.Mean(g) - recipe.Interval(g)
		none["none"+suffix] = recipe.Mean(s.figures(all, body, 0, test))
	}
	m.Reference = none
	m.Story = s.story(m)
	return m
}

// story tells the result in lines of text.
func (s *study) story(m *recipe.Measured) string {
	var b strings.Builder
	fmt.Fprintf(&b, "test accuracy from %d pictures, means over %d seeds and 95%% intervals:\n  %-15s", s.config.Examples, s.config.Seeds, "")
	for _, n := range bodyNames {
		fmt.Fprintf(&b, "  %-14s", n)
	}
	for _, n := range names {
		fmt.Fprintf(&b, "\n  %-15s", strings.ReplaceAll(n, "_", " "))
		for _, suffix := range bodySuffixes {
			at, by := m.Scores["accuracy_by_choice"+suffix].(map[string]float64), m.Scores["interval_by_choice"+suffix].(map[string]float64)
			fmt.Fprintf(&b, "  %.1f%% ± %.1f   ", 100*at[n], 100*by[n])
		}
	}
	b.WriteString("\n")
	for body, suffix := range bodySuffixes {
		gain, _ := m.Scores.Number("gain_of_best" + suffix)
		low, _ := m.Scores.Number("gain_of_best_low" + suffix)
		fmt.Fprintf(&b, "%s: the combination gains %.1f points, at least %.1f of them not by luck (95%%, paired by seed)\n", bodyNames[body], 100*gain, 100*low)
	}
	return b.String()
}
