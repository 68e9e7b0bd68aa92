package regularise

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/report"
	"github.com/limpid-ml/limpid/run"
	"github.com/limpid-ml/limpid/tensor"
)

// pages are the recipe's part of the report.
func (s *study) pages(_ context.Context, m *recipe.Measured) ([]report.Section, error) {
	all := []report.Section{s.aboutResult(m)}
	for body := range bodies {
		all = append(all, s.aboutLearning(body))
	}
	return append(all, s.aboutWeights(m), aboutTheory(), s.aboutSearch()), nil
}

// spoken are the choices' names in words.
func spoken() (all []string) {
	for _, n := range names {
		all = append(all, strings.ReplaceAll(strings.Replace(strings.Replace(n, "l1", "L1", 1), "l2", "L2", 1), "_", " "))
	}
	return all
}

func percent(v float64) string { return fmt.Sprintf("%.1f%%", 100*v) }

// aboutResult shows what each choice reached.
func (s *study) aboutResult(m *recipe.Measured) report.Section {
	sec := report.Section{Title: "What each one gains", Text: []string{
		fmt.Sprintf("Every network learns from %d pictures, in at most %d steps, and is tested on %d others, each averaged to 14 × 14 pixels, so that there is time for hundreds of networks. With so few pictures it can learn all of them by heart, and does: the gap is how much better it is on the pictures it learned from than on the test split. Regularisation is whatever closes that gap without taking away what was truly learned.", s.config.Examples, s.perFit(), s.test.Len()),
		fmt.Sprintf("Bars are means over %d seeds, each of which draws other pictures, first weights and orders; the thin line is the 95%% confidence interval of the mean (Student's t). Seeds share their pictures between choices, so that the gain over none is told more surely than the bars look: its interval is that of the differences seed by seed.", s.config.Seeds),
	}}
	for body, suffix := range bodySuffixes {
		at, spread := m.Scores["accuracy_by_choice"+suffix].(map[string]float64), m.Scores["interval_by_choice"+suffix].(map[string]float64)
		gaps, sparse := m.Scores["gap_by_choice"+suffix].(map[string]float64), m.Scores["sparsity_by_choice"+suffix].(map[string]float64)
		var values, wide []float64
		var rows [][]string
		for choice, n := range names {
			values, wide = append(values, at[n]), append(wide, spread[n])
			does := "—"
			if len(s.choices[body]) > choice {
				does = s.choices[body][choice].words()
			}
			rows = append(rows, []string{spoken()[choice], fmt.Sprintf("%s ± %.1f", percent(at[n]), 100*spread[n]), percent(at[n] + gaps[n]), fmt.Sprintf("%.1f", 100*gaps[n]), percent(sparse[n]), does})
		}
		gain, _ := m.Scores.Number("gain_of_best" + suffix)
		low, _ := m.Scores.Number("gain_of_best_low" + suffix)
		sec.Body = append(sec.Body,
			report.Bars(bodyNames[body]+": test accuracy", spoken(), values, wide, percent).Under(
				fmt.Sprintf("The combination gains %.1f points over none; 95%% interval from %.1f to %.1f.", 100*gain, 100*low, 100*(2*gain-low))),
			report.Table([]string{bodyNames[body], "test", "learned", "gap, points", "zero weights", "what was chosen"}, rows))
	}
	return sec
}

// aboutLearning shows the losses of one network of each choice.
func (s *study) aboutLearning(body int) report.Section {
	sec := report.Section{Title: "Overfitting, watched: " + bodyNames[body]}
	if body == 0 {
		sec.Text = []string{
			"The loss on the pictures that are learned from, with whatever noise the method adds, and on validation pictures, epoch by epoch (four passes over the pictures each), of the first seed. Without regularisation the one goes to nothing while the other turns and rises: the network grows ever surer of what it learned by heart, and is ever more surely wrong elsewhere. Early stopping ends there and goes back to the best epoch; augmentation and dropout keep the two together.",
		}
	}
	top := 0.0
	for choice := range names {
		for _, v := range plain(s.finalsOf(body, choice)[0].out.Scores["loss"]) {
			top = math.Max(top, math.Min(v, 2))
		}
	}
	zero := 0.0
	for choice, n := range spoken() {
		o := s.finalsOf(body, choice)[0].out
		sec.Body = append(sec.Body, report.Lines(report.Chart{Title: n, X: "epoch", Width: 290, Height: 220, MinY: &zero, MaxY: &top},
			report.Line{Name: "learned", X: counting(len(o.Losses)), Y: below(plain(o.Losses), top)},
			report.Line{Name: "validation", X: counting(len(o.Scores["loss"])), Y: below(plain(o.Scores["loss"]), top)}))
	}
	return sec
}

// below cuts values that would leave the figure.
func below(v []float64, top float64) []float64 {
	for i := range v {
		v[i] = math.Min(v[i], top)
	}
	return v
}

func plain(v []run.Number) []float64 {
	all := make([]float64, len(v))
	for i := range v {
		all[i] = float64(v[i])
	}
	return all
}

// counting returns 1, 2, … n.
func counting(n int) []float64 {
	all := make([]float64, n)
	for i := range all {
		all[i] = float64(i + 1)
	}
	return all
}

// Histograms of weights: bars of a width, around 0.
const (
	barWidth = 0.01
	barCount = 61 // an odd number: one is at 0
)

// histogram returns the share of the weights in each bar.
func histogram(net *nn.Net) (x, y []float64) {
	x, y = make([]float64, barCount), make([]float64, barCount)
	n := 0.0
	for _, p := range net.Params() {
		if p.Value().Rank() < 2 {
			continue
		}
		for _, w := range tensor.Data[float32](p.Value()) {
			n++
			if i := int(math.Round(float64(w)/barWidth)) + barCount/2; i >= 0 && i < barCount {
				y[i]++
			}
		}
	}
	for i := range y {
		x[i], y[i] = float64(i-barCount/2)*barWidth, y[i]/n
	}
	return x, y
}

// aboutWeights shows how weights lie, and how many are 0.
func (s *study) aboutWeights(m *recipe.Measured) report.Section {
	sec := report.Section{Title: "What it does to the weights", Text: []string{
		"How the weights lie after training, of the first seed: the share of them in bars of 0.01, on a logarithmic axis. L1 takes the same step towards 0 from every weight in every step of training and stops at 0 exactly (a proximal step), so that the bar at 0 towers over all. L2 takes a share of each weight: large ones lose much, small ones next to nothing, and none becomes 0. The others leave weights their freedom and act on what these see.",
	}}
	for body, suffix := range bodySuffixes {
		var lines []report.Line
		for choice, n := range spoken() {
			x, y := histogram(s.finalsOf(body, choice)[0].net)
			lines = append(lines, report.Line{Name: n, X: x, Y: y})
		}
		sparse := m.Scores["sparsity_by_choice"+suffix].(map[string]float64)
		var values []float64
		for _, n := range names {
			values = append(values, sparse[n])
		}
		sec.Body = append(sec.Body,
			report.Lines(report.Chart{Title: bodyNames[body] + ": share of weights", X: "weight", Log: true, Width: 560, Height: 330}, lines...),
			report.Bars(bodyNames[body]+": weights that are exactly 0", spoken(), values, nil, percent))
	}
	return sec
}

// aboutTheory explains in plain words.
func aboutTheory() report.Section {
	return report.Section{Title: "Why it helps", Text: []string{
		"Bias and variance. Train the same network on other 300 pictures and it answers differently: that spread is variance, the part of the error that comes from which pictures it happened to see. What stays wrong however many such networks one averages is bias. A large network has little bias and much variance when pictures are few. All regularisation trades a little bias for less variance: it makes the network prefer, among all answers that fit the pictures, one that depends less on each of them (Geman, Bienenstock and Doursat 1992).",
		"L2 adds λ/2·Σw² to the loss. Along directions of the weights in which the loss is steep it changes little; along flat ones, about which the pictures say nothing, it pulls to 0: for a quadratic loss of curvature h a weight keeps the share h/(h + λ) (Hoerl and Kennard 1970; Krogh and Hertz 1992). L1 adds λ·Σ|w|. Its pull does not grow weaker near 0, so that weights which are worth less than λ become 0: geometrically, the ball Σ|w| ≤ c has corners on the axes and the loss touches it there first, while the round ball Σw² ≤ c is touched anywhere (Tibshirani 1996). That makes a network sparse, which is worth something in itself; it is the better prior only where few weights matter.",
		"Dropout leaves each unit out with probability p in every step, so that no unit can rely on another one to correct it. It trains an ensemble of all thinned networks, which share their weights; the network at the end, with all units, stands for their average (Srivastava et al. 2014). In a linear model it is L2, each weight pulled by how much its input varies (Wager, Wang and Liang 2013).",
		"Early stopping keeps weights near where they began: after t steps of size η a direction of curvature h is learned up to the share 1 − (1 − ηh)ᵗ, so that flat directions are not learned yet. It is L2 with λ ≈ 1/(ηt), at no cost (Bishop 1995; Goodfellow, Bengio and Courville 2016, section 7.8). It needs validation pictures while it trains, which the other methods need for their strengths only.",
		"Augmentation says what does not matter: a shirt moved by a pixel or seen in another light is a shirt. That is knowledge, not just restraint, and it makes new pictures of the old; with few pictures it usually gains most. It must be true of the task, and of the pictures to come: a mirrored digit is no digit, and mirrored shoes, which do no harm, do no good where all shoes of the data point the same way.",
		"They add up where they restrain different things, and only as far as there is variance left to take: a combination with too much of everything underfits. Here methods are added one by one, as long as validation pictures say that it helps.",
	}}
}

// aboutSearch shows every point of the search.
func (s *study) aboutSearch() report.Section {
	sec := report.Section{Title: "The search", Text: []string{
		fmt.Sprintf("Accuracy on %d validation pictures, which are cut from the training split and which no network learned from; each is the mean of %d networks of other seeds than those that are tested. Every choice, none included, tries the same %d learning rates, a method at its middle strength; then it tries its other two strengths at the best rate. The combination begins with the best method and adds others, in the strength chosen for each or all a strength weaker, at every rate, and goes on as long as that helps. Light by 0.4: contrast changed by up to half and brightness by up to 0.4 standard deviations. ✓ is what was chosen.", s.config.Judges, searchSeeds, s.config.Tries),
	}}
	for body := range bodies {
		var rows [][]string
		for _, t := range s.search[body] {
			chosen := ""
			if t.chosen {
				chosen = "✓"
			}
			rows = append(rows, []string{spoken()[t.choice], t.plan.words(), fmt.Sprintf("%g", t.plan.rate), percent(t.accuracy), fmt.Sprintf("%.3f", t.loss), chosen})
		}
		sec.Body = append(sec.Body, report.Table([]string{bodyNames[body], "with", "rate", "accuracy", "loss", ""}, rows))
	}
	return sec
}
