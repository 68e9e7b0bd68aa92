package forecast

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/plot"
	"github.com/limpid-ml/limpid/recipe/report"
)

// story tells the comparison in lines of text.
func (l *lesson) story() string {
	var b strings.Builder
	for _, s := range l.all {
		r := s.tested
		fmt.Fprintf(&b, "%s: %d origins in the test part, %d steps ahead from each\n\n", s.title, len(r.origins), s.Horizon)
		fmt.Fprintf(&b, "  %-32s %7s %9s %9s %11s\n", "", "MASE", "CRPS", "in 90%", "band's width")
		for _, w := range r.ways {
			fmt.Fprintf(&b, "  %-32s %7.3f %9.4g %8.1f%% %11.4g\n", w.name, w.mase, w.crps, 100*w.coverage, w.width)
		}
		fmt.Fprintf(&b, "\n  %s\n\n", r.verdict())
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// verdict says who wins.
func (r *reckoned) verdict() string {
	net, best := r.ways[0], r.ways[1]
	for _, w := range r.ways[1:] {
		if w.mase < best.mase {
			best = w
		}
	}
	if net.mase < best.mase {
		return fmt.Sprintf("The network errs %.1f%% less than the best of the others, %s.", 100*(1-net.mase/best.mase), best.name)
	}
	if best.mase == 0 {
		return fmt.Sprintf("The best of the others, %s, does not err at all: use that one.", best.name)
	}
	return fmt.Sprintf("The network errs %.1f%% more than the best of the others, %s: use that one.", 100*(net.mase/best.mase-1), best.name)
}

// theory is what the recipe shows, in plain words.
var theory = []string{
	"A forecast is made at an origin: all before it may be used, nothing after it. The test part is gone through origin by origin, as if each were today; the curve, its season and the scale are fitted anew to the past of each, and so are the rivals.",
	"Where most of a series is trend and season, a network has little to add to a regression on time, and much to lose: it would have to learn the calendar from a few hundred values. So it starts from a regression on waves of the season whose errors follow from those before (an autoregression), and says only by how much the truth will differ, from what the regression left of the last steps of all columns. At first it says nothing: its last layers begin at zero.",
	"Several networks are trained, each without one stretch of time. On that stretch it is validated, and its errors there, which it could not learn, tell how wide the band must be: of a hundred such errors ninety are within it (conformal prediction). The forecast is the mean of all, and errors that become known while the test part is gone through widen or narrow the band further.",
	"MASE is the mean absolute error over that of the seasonal naive forecast within the past: below 1 is better than to repeat last season. CRPS counts the whole band: it is small for a narrow band around the truth, in the series' own unit.",
}

// pages are the report's.
func (l *lesson) pages(context.Context, *recipe.Measured) ([]report.Section, error) {
	all := []report.Section{{Title: "How the forecasts are made", Text: theory}}
	for _, s := range l.all {
		all = append(all, s.compared(), s.shown(), s.ahead(), s.left(), s.searched())
	}
	return all, nil
}

// compared is the table of all ways.
func (s *subject) compared() report.Section {
	r := s.tested
	rows := [][]string{}
	for _, w := range r.ways {
		rows = append(rows, []string{w.name, fmt.Sprintf("%.3f", w.mase), fmt.Sprintf("%.4g", w.crps), fmt.Sprintf("%.1f%%", 100*w.coverage), fmt.Sprintf("%.4g", w.width)})
	}
	season := "the value before"
	if s.Season > 1 {
		season = fmt.Sprintf("the value %d steps before", s.Season)
	}
	scaled := "those of repeating " + season
	if r.flawless {
		scaled = fmt.Sprintf("the deviation of the past, for repeating %s would never have erred there", season)
	}
	return report.Section{Title: s.title + ": who forecasts best", Text: []string{
		fmt.Sprintf("%d origins of the test part, %d steps ahead from each. %s Errors are scaled by %s. Bands of all ways are made in the same way, from their errors so far.", len(r.origins), s.Horizon, r.verdict(), scaled),
	}, Body: []report.Figure{report.Table([]string{"way", "MASE", "CRPS", "truth in the 90% band", "mean width of the band"}, rows)}}
}

// shown draws forecasts from a few origins.
func (s *subject) shown() report.Section {
	r := s.tested
	var pictures []report.Picture
	n := len(r.origins)
	for _, i := range []int{n / 8, n * 3 / 8, n * 5 / 8, n * 7 / 8} {
		pictures = append(pictures, report.Picture{Image: s.draw(i).Draw(), Hint: "origin " + stamp(r.origins[i].Past.Time(r.origins[i].At), s.Step)})
	}
	return report.Section{Title: s.title + ": forecasts with bands", Text: []string{
		"From four origins of the test part: what the network said, with the band that should hold nine of ten values; the harmonic regression; and what came.",
	}, Body: []report.Figure{report.Large(pictures)}}
}

// draw is the chart of a forecast from test origin i.
func (s *subject) draw(i int) *plot.Chart {
	r, net := s.tested, s.tested.ways[0]
	o := r.origins[i]
	before := min(3*s.Horizon, o.At)
	past := o.Past.Column(s.Target)[o.At-before:]
	c := &plot.Chart{Title: fmt.Sprintf("%s, from %s on", s.title, stamp(o.Past.Time(o.At), s.Step)), Steps: before + s.Horizon, Width: 760, Height: 300,
		Label: func(step int) string { return stamp(o.Past.Time(o.At-before+step), s.Step) }}
	low, high := make([]float64, s.Horizon), make([]float64, s.Horizon)
	for h := range low {
		low[h], high[h] = net.mean[i][h]-net.half[i][h], net.mean[i][h]+net.half[i][h]
	}
	c.Bands = []plot.Band{{Low: later(low, before), High: later(high, before), Colour: 3}}
	c.Lines = []plot.Line{{Name: "what was, and came", Values: append(past, r.truth[i]...), Colour: 5}, {Name: "the network", Values: later(net.mean[i], before), Colour: 3}}
	if w := r.way("harmonic"); w != nil {
		c.Lines = append(c.Lines, plot.Line{Name: w.name, Values: later(w.mean[i], before), Colour: 4, Thin: true})
	}
	return c
}

// later puts so many missing values ahead.
func later(values []float64, by int) []float64 {
	out := make([]float64, by, by+len(values))
	for i := range out {
		out[i] = math.NaN()
	}
	return append(out, values...)
}

// ahead shows error and coverage by step of the horizon.
func (s *subject) ahead() report.Section {
	var errors, covers []report.Line
	for _, w := range s.tested.ways {
		steps := make([]float64, s.Horizon)
		for h := range steps {
			steps[h] = float64(h + 1)
		}
		if w.name != names["naive"] { // whose errors dwarf the others'
			errors = append(errors, report.Line{Name: short(w.name), X: steps, Y: w.byStep, Dots: s.Horizon <= 24})
		}
		if w == s.tested.ways[0] {
			covers = append(covers, report.Line{Name: short(w.name), X: steps, Y: w.cover, Dots: s.Horizon <= 24},
				report.Line{X: []float64{1, float64(s.Horizon)}, Y: []float64{0.9, 0.9}, Dash: true})
		}
	}
	zero, half, one := 0.0, 0.5, 1.0
	return report.Section{Title: s.title + ": the further, the worse", Body: []report.Figure{
		report.Lines(report.Chart{Title: "MASE by step ahead", X: "steps ahead", MinY: &zero}, errors...),
		report.Lines(report.Chart{Title: "share of truths in the band of 90%", X: "steps ahead", Percent: true, MinY: &half, MaxY: &one}, covers...),
	}}
}

// short is a name's first words.
func short(name string) string { return strings.Split(name, ",")[0] }

// lags is how far the autocorrelation of errors is shown.
const lags = 24

// left shows whether the errors one step ahead still have a pattern.
func (s *subject) left() report.Section {
	r, net := s.tested, s.tested.ways[0]
	miss := make([]float64, len(r.truth))
	for i := range miss {
		miss[i] = r.truth[i][0] - net.mean[i][0]
	}
	acf := metric.Autocorrelation(miss, min(lags, len(miss)/4))
	x := make([]float64, len(acf))
	for i := range x {
		x[i] = float64(i)
	}
	edge := 2 / math.Sqrt(float64(len(miss)))
	ends := []float64{1, float64(len(acf) - 1)}
	outside := 0
	for _, v := range acf[1:] {
		if math.Abs(v) > edge {
			outside++
		}
	}
	return report.Section{Title: s.title + ": what the errors still hold", Text: []string{
		fmt.Sprintf("If errors one step ahead resemble those before, something was left to forecast. Between the thin lines, where 95%% of the points lie if there is nothing left, are all but %d of %d.", outside, len(acf)-1),
	}, Body: []report.Figure{report.Lines(report.Chart{Title: "autocorrelation of the errors one step ahead", X: "steps apart"},
		report.Line{X: x[1:], Y: acf[1:], Dots: true}, report.Line{X: ends, Y: []float64{edge, edge}, Dash: true}, report.Line{X: ends, Y: []float64{-edge, -edge}, Dash: true})}}
}

// searched lists the settings of the rivals that were tried on the validation
// part.
func (s *subject) searched() report.Section {
	rows := [][]string{}
	for _, t := range bestOf(s.tries) {
		chosen := ""
		if t.setting == s.Wave.String() || s.Smooth != nil && t.setting == s.Smooth.String() {
			chosen = "chosen"
		}
		rows = append(rows, []string{t.rival, t.setting, fmt.Sprintf("%.4g", t.error), chosen})
	}
	if len(rows) == 0 {
		rows = append(rows, []string{"harmonic regression", s.Wave.String(), "", "chosen in an earlier session"})
	}
	return report.Section{Title: s.title + ": how the others were tuned", Text: []string{
		fmt.Sprintf("The best of %d settings: mean absolute errors of forecasts from origins of the validation part, which ends where the test part begins. Shares of Holt–Winters are chosen by the squared error within the past of each origin. The band of the network was stretched at first by %.2f (next step) to %.2f (last step).", len(s.tries), s.tested.bands[0], s.tested.bands[len(s.tested.bands)-1]),
	}, Body: []report.Figure{report.Table([]string{"way", "setting", "error", ""}, rows)}}
}

// shownTries is how many settings of each rival the report shows.
const shownTries = 6

// bestOf returns the best settings of each rival.
func bestOf(all []try) (best []try) {
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b try) int {
		return cmp.Or(strings.Compare(b.rival, a.rival), cmp.Compare(a.error, b.error))
	})
	shown := map[string]int{}
	for _, t := range sorted {
		if shown[t.rival]++; shown[t.rival] <= shownTries {
			best = append(best, t)
		}
	}
	return best
}
