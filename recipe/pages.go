package recipe

import (
	"context"
	"fmt"
	"math"
	"sort"

	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe/report"
	"github.com/limpid-ml/limpid/tensor"
)

// Sections returns the task's part of the report about what was measured.
func (t *Task) Sections(ctx context.Context, m *Measured) ([]report.Section, error) {
	if t.Pages != nil {
		return t.Pages(ctx, m)
	}
	return Classified(t, m)
}

// Classified is the report of a classifier of pictures, or of other examples,
// for which the pictures are left out: confusions, calibration, the most
// confident mistakes, and what the first layer looks for.
func Classified(t *Task, m *Measured) ([]report.Section, error) {
	all := []report.Section{ConfusionSection(m, t.Classes), CalibrationSection(m)}
	mistakes, err := mistakesSection(t, m)
	if err != nil {
		return nil, err
	}
	if mistakes != nil {
		all = append(all, *mistakes)
	}
	if s := filtersSection(t); s != nil {
		all = append(all, *s)
	}
	return all, nil
}

// ConfusionSection shows what is taken for what, and each class's scores.
func ConfusionSection(m *Measured, classes []string) report.Section {
	c := metric.Confusion{Matrix: m.Confusion}
	rows := make([][]string, len(m.Confusion))
	for i := range rows {
		is, named := 0, 0
		for j := range m.Confusion {
			is, named = is+m.Confusion[i][j], named+m.Confusion[j][i]
		}
		rows[i] = []string{classes[i], share(c.Recall(i), is), share(c.Precision(i), named), share(c.F1(i), is+named)}
	}
	return report.Section{Title: "What is taken for what", Text: []string{
		"Each row is a class of the test split, each column an answer. Blue is right; the more orange a cell beside the diagonal, the more often its row is taken for its column.",
	}, Body: []report.Figure{
		report.Confusion(classes, m.Confusion),
		report.Table([]string{"class", "found", "right when named", "F1"}, rows).Under(
			"Found (recall): the share of the class that was recognised. Right when named (precision): the share of answers with this class that were right. F1: their harmonic mean."),
	}}
}

// share writes the share v of so many answers.
func share(v float64, of int) string {
	if of == 0 {
		return "—"
	}
	return fmt.Sprintf("%.1f%%", 100*v)
}

// groups is the number of groups of like confidence.
const groups = 10

// confidence sums up the answers of like confidence.
type confidence struct{ n, sure, right float64 }

// CalibrationSection shows whether the network's confidence means what it
// says: the reliability diagram, and how many answers have which confidence.
//
// Source: Guo et al. 2017, "On calibration of modern neural networks".
func CalibrationSection(m *Measured) report.Section {
	bins, off := calibrate(m)
	curve := report.Line{Name: "the network", Dots: true}
	var names []string
	var counts []float64
	for i, b := range bins {
		names = append(names, fmt.Sprintf("%d–%d%%", 100*i/groups, 100*(i+1)/groups))
		counts = append(counts, b.n)
		if b.n > 0 {
			curve.X, curve.Y = append(curve.X, 100*b.sure/b.n), append(curve.Y, b.right/b.n)
		}
	}
	zero, one := 0.0, 1.0
	return report.Section{Title: "Does it know what it does not know?", Text: []string{
		fmt.Sprintf("Of the answers given with 80%% confidence, 80%% should be right: then the curve lies on the diagonal. Below it the network is too sure of itself, above it too modest. On average confidence and success are %.1f points apart (expected calibration error).", 100*off),
	}, Body: []report.Figure{
		report.Lines(report.Chart{Title: "share of right answers by confidence", X: "confidence, %", Percent: true, MinY: &zero, MaxY: &one},
			curve, report.Line{X: []float64{0, 100}, Y: []float64{0, 1}, Dash: true}),
		report.Bars("answers by confidence", names, counts, nil, func(v float64) string { return fmt.Sprintf("%.0f", v) }),
	}}
}

// calibrate groups answers by confidence, and returns the mean distance of
// confidence and success.
func calibrate(m *Measured) (bins [groups]confidence, off float64) {
	for i, label := range m.Labels {
		guess, p := best(m.Chance[i])
		b := &bins[min(groups-1, max(0, int(math.Ceil(p*groups))-1))] // with its upper edge, as in metric
		b.n++
		b.sure += p
		if guess == label {
			b.right++
		}
	}
	for _, b := range bins {
		off += math.Abs(b.sure - b.right)
	}
	return bins, off / max(1, float64(len(m.Labels)))
}

// best returns the likeliest class and its probability.
func best(chance []float64) (class int, p float64) {
	for i, v := range chance {
		if v > chance[class] {
			class = i
		}
	}
	return class, chance[class]
}

// worst lists the wrong answers, the most confident first.
func worst(m *Measured) []int {
	var all []int
	for i, label := range m.Labels {
		if guess, _ := best(m.Chance[i]); guess != label {
			all = append(all, i)
		}
	}
	sort.SliceStable(all, func(a, b int) bool {
		_, pa := best(m.Chance[all[a]])
		_, pb := best(m.Chance[all[b]])
		return pa > pb
	})
	return all
}

// shownMistakes is how many mistakes the report shows.
const shownMistakes = 24

// mistakesSection shows the most confident mistakes; nil if examples are no
// pictures or there are no mistakes.
func mistakesSection(t *Task, m *Measured) (*report.Section, error) {
	all := worst(m)
	var pictures []report.Picture
	for _, i := range all[:min(shownMistakes, len(all))] {
		e, err := t.Test.At(i)
		if err != nil {
			return nil, err
		}
		img := report.Image(e.X)
		if img == nil {
			return nil, nil
		}
		guess, p := best(m.Chance[i])
		pictures = append(pictures, report.Picture{Image: img, Bold: t.Classes[guess] + "?", Hint: fmt.Sprintf("test example %d", i),
			Text: fmt.Sprintf("%.0f%% sure; it is: %s", 100*p, t.Classes[m.Labels[i]])})
	}
	if len(pictures) == 0 {
		return nil, nil
	}
	return &report.Section{Title: "The most confident mistakes", Text: []string{
		fmt.Sprintf("%d of %d test examples were answered wrongly. These are the ones of which the network was surest: look whether a person would know better, or whether the label is in doubt.", len(all), len(m.Labels)),
	}, Body: []report.Figure{report.Pictures(false, pictures)}}, nil
}

// shownFilters is how many filters the report shows.
const shownFilters = 64

// filtersSection shows the first layer's weights as pictures; nil if that
// layer does not look at pictures.
func filtersSection(t *Task) *report.Section {
	params := t.Net.Params()
	if len(params) == 0 || t.Test == nil || t.Test.Len() == 0 {
		return nil
	}
	e, err := t.Test.At(0)
	if err != nil || e.X.Rank() != 3 {
		return nil
	}
	pictures := filters(params[0], e.X.Shape())
	if len(pictures) == 0 {
		return nil
	}
	return &report.Section{Title: "What the first layer looks for", Text: []string{
		"Each square is what one unit of the first layer weighs the picture with: it answers most where the picture is bright under bright squares and dark under dark ones. Edges in several directions are what one hopes to see in small filters; in those as large as the picture, whole objects. What looks like noise is mostly the random first weights: a wide layer learns by small changes to many of them.",
	}, Body: []report.Figure{report.Pictures(true, pictures)}}
}

// filters are the rows of a first layer's weights as pictures: of a
// convolution [O, KH, KW, C], or of a linear layer [O, I] whose inputs are
// pixels [H, W, C].
func filters(p *nn.Param, input []int) []report.Picture {
	w, shape := p.Value(), p.Value().Shape()
	h, width, c := 0, 0, 0
	switch {
	case len(shape) == 4:
		h, width, c = shape[1], shape[2], shape[3]
	case len(shape) == 2 && shape[1] == input[0]*input[1]*input[2]:
		h, width, c = input[0], input[1], input[2]
	}
	if h == 0 || h*width < 4 {
		return nil
	}
	var all []report.Picture
	values, size := tensor.Data[float32](w), h*width*c
	for o := range min(shape[0], shownFilters) {
		if img := report.Image(tensor.Of(values[o*size:(o+1)*size], h, width, c)); img != nil {
			all = append(all, report.Picture{Image: img, Hint: fmt.Sprintf("unit %d", o)})
		}
	}
	return all
}
