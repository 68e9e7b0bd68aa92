package activations

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/report"
)

// pages are the recipe's part of the report.
func (s *study) pages(_ context.Context, m *recipe.Measured) ([]report.Section, error) {
	seen, err := s.gather()
	if err != nil {
		return nil, err
	}
	far, err := s.travels()
	if err != nil {
		return nil, err
	}
	byDepth := m.Scores["accuracy_by_depth"].(map[string]map[string]float64)
	return []report.Section{
		s.aboutResult(m, byDepth), s.aboutSignals(far), s.aboutPick(m), s.aboutEach(seen, far, byDepth), s.aboutSearch(), aboutChoosing(),
	}, nil
}

// curves makes a line for each activation.
func curves(x []float64, y func(act int) []float64) (all []report.Line) {
	for a, k := range kinds {
		all = append(all, report.Line{Name: k.name, X: x, Y: y(a), Dots: len(x) < 10})
	}
	return all
}

// aboutResult shows accuracies at one depth, and by depth.
func (s *study) aboutResult(m *recipe.Measured, byDepth map[string]map[string]float64) report.Section {
	var names []string
	var values, spread []float64
	at := m.Scores["accuracy_by_choice"].(map[string]float64)
	errors, _ := m.Scores["interval_by_choice"].(map[string]float64)
	for _, k := range kinds {
		names, values, spread = append(names, k.name), append(values, at[k.name]), append(spread, errors[k.name])
	}
	var x []float64
	for _, d := range s.depths {
		x = append(x, float64(d))
	}
	zero, one := 0.0, 1.0
	return report.Section{Title: "What they reach", Text: []string{
		fmt.Sprintf("All networks are alike but for the activation: %d inputs, hidden layers of %d units, ten classes; no normalisation and no shortcuts, which would hide what is to be seen here. Each activation has the first weights and the learning rate that suit it best, found by the same search on validation pictures. The test split was read once, at the end, for all %d networks.", 14*14, s.config.Width, len(s.finals)),
		fmt.Sprintf("At %d hidden layers there are %d networks of each, which differ in their first weights and in the order of pictures: the thin line is the 95%% interval of their mean. Guessing gets 10%%.", s.config.Depth, s.config.Seeds),
	}, Body: []report.Figure{
		report.Bars(fmt.Sprintf("test accuracy at %d hidden layers", s.config.Depth), names, values, spread, func(v float64) string { return recipe.Format("accuracy", v) }),
		report.Lines(report.Chart{Title: "test accuracy by depth", X: "hidden layers", Percent: true, MinY: &zero, MaxY: &one},
			curves(x, func(a int) (y []float64) {
				for _, d := range s.depths {
					y = append(y, byDepth[fmt.Sprint(d)][kinds[a].name])
				}
				return y
			})...),
		report.Table(append([]string{"hidden layers"}, names...), s.depthRows(byDepth)),
	}}
}

func (s *study) depthRows(byDepth map[string]map[string]float64) (rows [][]string) {
	for _, d := range s.depths {
		row := []string{fmt.Sprint(d)}
		for _, k := range kinds {
			row = append(row, recipe.Format("accuracy", byDepth[fmt.Sprint(d)][k.name]))
		}
		rows = append(rows, row)
	}
	return rows
}

// Sizes of figures of which three stand side by side.
const (
	third = 290
	high  = 220
)

// aboutSignals shows how signals travel at the first weights.
func (s *study) aboutSignals(far [][]travel) report.Section {
	x := make([]float64, s.config.Deepest)
	for i := range x {
		x[i] = float64(i + 1)
	}
	sec := report.Section{Title: "How far signals come before training", Text: []string{
		fmt.Sprintf("At the first weights of networks %d layers deep, on %d pictures. Left, a row for each rule of first weights: how much the values of a layer vary. Where the curve falls, later layers get next to nothing; where it rises, they run into the flat ends of the activation. Middle: how long the loss's gradient is in each layer, relative to the last hidden one. It travels from right to left: where it shrinks, the first layers hardly learn (vanishing gradient); where it grows, steps that suit the last layers tear up the first (exploding).", s.config.Deepest, s.x.Dim(0)),
		"In a layer of n inputs a sum of n products with weights of variance v has n·v times the inputs' mean square. To keep the variance, n·v must make up for what the activation takes away: nothing where it is steep as the identity (LeCun: v = 1/n), half for ReLU, which cuts off one side (He: v = 2/n); Glorot's 2/(inputs + outputs) is a compromise between the way forward and the way back, for activations that are like the identity around 0. Here inner layers have as many inputs as outputs, so that Glorot and LeCun differ in the shape of the distribution only, uniform or normal, and in the first layer.",
		"Right: 1 − the cosine between the values that two pictures cause in a layer, the mean over all pairs. How different pictures look matters as much: all layers above get the same, or are told that everything is different. With ReLU and its kin pictures grow more alike from layer to layer whatever the weights are; around 0 symmetric activations keep them apart.",
	}}
	for w := range weights {
		name := strings.ToUpper(weights[w].name[:1]) + weights[w].name[1:]
		sec.Body = append(sec.Body,
			report.Lines(report.Chart{Title: name + ": variance", X: "layer", Log: true, Width: third, Height: high}, curves(x, func(a int) []float64 { return far[a][w].variance })...),
			report.Lines(report.Chart{Title: name + ": gradient", X: "layer", Log: true, Width: third, Height: high}, curves(x, func(a int) []float64 { return far[a][w].grad })...),
			report.Lines(report.Chart{Title: name + ": difference of pictures", X: "layer", Log: true, Width: third, Height: high}, curves(x, func(a int) []float64 { return unlike(far[a][w].alike) })...))
	}
	return sec
}

// unlike is 1 − v, never quite 0, for a logarithmic axis.
func unlike(v []float64) []float64 {
	all := make([]float64, len(v))
	for i := range v {
		all[i] = math.Max(1-v[i], 1e-16)
	}
	return all
}

// aboutPick shows what was predicted, and what came.
func (s *study) aboutPick(m *recipe.Measured) report.Section {
	at := m.Scores["accuracy_by_choice"].(map[string]float64)
	ref := m.Reference.(map[string]any)
	rows := [][]string{}
	for _, r := range s.ratings {
		a, w := r.At/len(weights), r.At%len(weights)
		found := "—"
		if c := s.choices[s.config.Depth][a]; c.weights == w {
			found = recipe.Format("accuracy", at[kinds[a].name])
		}
		rows = append(rows, []string{kinds[a].name, weights[w].name, fmt.Sprintf("%.2f", r.Off), factor(r.Forward), factor(r.Back), recipe.Format("accuracy", s.validated(a, w)), found})
	}
	return report.Section{Title: "Picked before training", Text: []string{
		fmt.Sprintf("limpid train --activation auto trains nothing to choose. It builds the network with each activation and each kind of first weights, sends %d pictures forward and a random direction back, and asks how much of the difference between pictures and how much of the gradient arrives at the other end, %d hidden layers away. Both factors should be 1. The distance is |ln forward| + |ln back|, the mean over %d draws; the least is picked.", s.x.Dim(0), s.config.Depth, draws),
		fmt.Sprintf("It picked %s. Best after training was %s: the pick is %.1f points behind it on the test split, and %.1f are allowed (one point, or two standard errors of the difference over the seeds).", m.Scores["auto_pick"], ref["best"], 100*ref["behind_best"].(float64), 100*ref["allowed"].(float64)),
		"The theory is that of the edge of chaos (Poole et al. 2016, Schoenholz et al. 2017): random networks are either orderly, where all inputs end up alike and gradients vanish, or chaotic, where neighbours come apart and gradients explode; what can be trained lies near the border. It says nothing of how well a network that can be trained will do: among those near 0 the order is luck, and a cheaper activation further down may do as well in a shallow network, or in one with normalisation or shortcuts, which repair signals by other means.",
	}, Body: []report.Figure{report.Table([]string{"activation", "first weights", "distance", "difference of pictures ×", "gradient ×", "best on validation", "test"}, rows).Under(
		"By distance. Validation: the best learning rate, the mean of the search's seeds. Test: with the first weights that validation chose for this activation.")}}
}

// factor writes e to the power v.
func factor(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "0"
	}
	return fmt.Sprintf("%.2g", math.Exp(v))
}

// validated is the best accuracy on validation data that the search saw of a
// pair at s.config.Depth.
func (s *study) validated(act, w int) float64 {
	best := 0.0
	for _, t := range s.search {
		if t.act == act && t.weights == w && t.depth == s.config.Depth {
			best = math.Max(best, t.accuracy)
		}
	}
	return best
}

// aboutSearch shows every point of the search.
func (s *study) aboutSearch() report.Section {
	head := []string{"activation", "first weights", "hidden layers"}
	for _, r := range s.config.rates() {
		head = append(head, fmt.Sprintf("rate %g", r))
	}
	rows := [][]string{}
	for i, t := range s.search {
		if i%s.config.Tries == 0 {
			rows = append(rows, []string{kinds[t.act].name, weights[t.weights].name, fmt.Sprint(t.depth)})
		}
		cell := recipe.Format("accuracy", t.accuracy)
		if c := s.choices[t.depth][t.act]; c.weights == t.weights && c.rate == t.rate {
			cell += " ✓"
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], cell)
	}
	return report.Section{Title: "The search", Text: []string{
		fmt.Sprintf("Accuracy on %d validation pictures cut from the training split, none of which any network learned from. Every activation got the same search: at %d hidden layers all first weights and all rates, each the mean of %d networks; at other depths all rates, with the first weights chosen there, one network each. ✓ is what was chosen.", s.set.Validate.Len(), s.config.Depth, searchSeeds),
	}, Body: []report.Figure{report.Table(head, rows)}}
}
