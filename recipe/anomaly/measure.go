package anomaly

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/recipe"
)

// pooling turns how far off each step of a stretch is into the stretch's score.
type pooling struct {
	name string
	of   func(off []float64) float64
}

// poolings are tried on the validation part, for the network and each rule.
var poolings = []pooling{
	{"mean", func(off []float64) float64 { return sum(off) / float64(len(off)) }},
	{"root mean square", func(off []float64) float64 {
		square := 0.0
		for _, v := range off {
			square += v * v
		}
		return math.Sqrt(square / float64(len(off)))
	}},
	{"upper quarter", func(off []float64) float64 {
		sorted := slices.Sorted(slices.Values(off))
		top := sorted[len(sorted)*3/4:]
		return sum(top) / float64(len(top))
	}},
	{"largest", slices.Max[[]float64]},
}

func sum(values []float64) (total float64) {
	for _, v := range values {
		total += v
	}
	return total
}

// way is a way to judge stretches: by how far off each step is.
type way struct {
	key, name string
	off       func(p *planted) ([][]float64, error)

	pool      pooling
	valid     float64   // average precision on the validation part
	precision float64   // and on the test part
	scores    []float64 // of the test part's stretches
	alarm     float64   // the score from which on a stretch is suspicious
	said      []said    // the network's, on the test part
}

// reckoned is what the test part gave.
type reckoned struct {
	*planted
	ways []*way // the network's first
}

// rules are the ways without a network.
func (l *lesson) rules() []*way {
	all := []*way{
		{key: "z_score", name: "z-score", off: func(p *planted) ([][]float64, error) { return l.residuals(p, l.alone), nil }},
		{key: "seasonal", name: "seasonal residual", off: func(p *planted) ([][]float64, error) { return l.seasonal(p, l.alone), nil }},
	}
	if len(l.Columns) > 1 {
		all = append(all, &way{key: "neighbours", name: "seasonal residual against the other columns", off: func(p *planted) ([][]float64, error) { return l.seasonal(p, l.against), nil }})
	}
	return all
}

// alone is the target at a step, scaled; against is it less the mean of the
// others.
func (l *lesson) alone(values []float64, step int) float64 { return l.scaled(0, values[step]) }

func (l *lesson) against(values []float64, step int) float64 {
	others := 0.0
	for c := 1; c < len(l.Columns); c++ {
		others += l.scaled(c, l.series.Values[c][step])
	}
	return l.scaled(0, values[step]) - others/float64(len(l.Columns)-1)
}

// residuals are the distances from the mean.
func (l *lesson) residuals(p *planted, of func(values []float64, step int) float64) [][]float64 {
	var all [][]float64
	for _, at := range p.at {
		off := make([]float64, l.Window)
		for t := range off {
			off[t] = math.Abs(of(p.values, at+t))
		}
		all = append(all, off)
	}
	return all
}

// slots is after how many steps the same place of a week, or of a stretch, comes
// again.
func (l *lesson) slots() int {
	if l.Step == "1h0m0s" {
		return 7 * 24
	}
	return l.Window
}

// seasonal are the distances from the median of the same place in the week, in
// the median distance there: both from what is learned from alone.
func (l *lesson) seasonal(p *planted, of func(values []float64, step int) float64) [][]float64 {
	slots := l.slots()
	by := make([][]float64, slots)
	for step := range l.valid {
		by[step%slots] = append(by[step%slots], of(l.series.Values[0], step))
	}
	middle, wide := make([]float64, slots), make([]float64, slots)
	for k, v := range by {
		middle[k] = median(v)
		for i := range v {
			v[i] = math.Abs(v[i] - middle[k])
		}
		wide[k] = max(median(v), 0.02)
	}
	return l.residuals(p, func(values []float64, step int) float64 {
		k := step % slots
		return (of(values, step) - middle[k]) / wide[k]
	})
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if len(sorted) == 0 {
		return 0
	}
	return sorted[len(sorted)/2]
}

// misses are how far off the network says each step is, in deviations.
func (l *lesson) misses(p *planted) ([][]float64, []said, error) {
	var x [][]float32
	for _, at := range p.at {
		x = append(x, l.look(l.series, p.values, at))
	}
	said, err := l.ask(x)
	if err != nil {
		return nil, nil, err
	}
	all := make([][]float64, len(p.at))
	for i, at := range p.at {
		for t := range l.Window {
			all[i] = append(all[i], math.Abs(l.scaled(0, p.values[at+t])-said[i].mean[t])/said[i].dev[t])
		}
	}
	return all, said, nil
}

// measure judges the stretches of the test part.
func (l *lesson) measure(context.Context) (*recipe.Measured, error) {
	valid, test := l.plant(l.valid, l.test), l.plant(l.test, l.series.Len())
	net := &way{key: "network", name: "the auto-encoder"}
	net.off = func(p *planted) (off [][]float64, err error) {
		off, net.said, err = l.misses(p)
		return off, err
	}
	r := &reckoned{planted: test, ways: append([]*way{net}, l.rules()...)}
	m := &recipe.Measured{Scores: recipe.Scores{}}
	rules := recipe.Scores{}
	for _, w := range r.ways {
		if err := w.judge(valid, test); err != nil {
			return nil, err
		}
		if w != net {
			rules[w.key] = recipe.Scores{"average_precision": w.precision}
			m.Scores["average_precision_"+w.key] = w.precision
		}
	}
	m.Scores["average_precision"] = net.precision
	m.Scores["planted"], m.Scores["stretches"] = float64(len(test.at)-count(test.kind, -1)), float64(len(test.at))
	l.tested, m.Reference = r, rules
	m.Story = r.story()
	return m, nil
}

func count(all []int, v int) (n int) {
	for _, k := range all {
		if k == v {
			n++
		}
	}
	return n
}

// judge chooses the pooling and the alarm on the validation part, and scores the
// test part.
func (w *way) judge(valid, test *planted) error {
	off, err := w.off(valid)
	if err != nil {
		return err
	}
	w.choose(off, valid)
	if off, err = w.off(test); err != nil {
		return err
	}
	w.scores = pooled(off, w.pool)
	w.precision = metric.RankedPrecision(w.scores, test.yes())
	return nil
}

// choose takes the pooling with the best average precision, and its alarm.
func (w *way) choose(off [][]float64, valid *planted) {
	w.valid = -1
	for _, p := range poolings {
		scores := pooled(off, p)
		if v := metric.RankedPrecision(scores, valid.yes()); v > w.valid || w.valid < 0 {
			w.valid, w.pool, w.alarm = v, p, alarm(scores, valid.yes())
		}
	}
}

func pooled(off [][]float64, p pooling) []float64 {
	all := make([]float64, len(off))
	for i, v := range off {
		all[i] = p.of(v)
	}
	return all
}

// alarm is the score from which on F1, the harmonic mean of precision and recall,
// is best.
func alarm(scores []float64, yes []bool) float64 {
	best, at := -1.0, math.Inf(1)
	for _, a := range scores {
		found, named, there := 0.0, 0.0, 0.0
		for i, s := range scores {
			if yes[i] {
				there++
			}
			if s >= a {
				named++
				if yes[i] {
					found++
				}
			}
		}
		if f := 2 * found / (named + there); f > best {
			best, at = f, a
		}
	}
	return at
}

// story tells the comparison in lines of text.
func (r *reckoned) story() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d stretches of the test part have a planted fault\n\n", len(r.at)-count(r.kind, -1), len(r.at))
	fmt.Fprintf(&b, "  %-46s %17s   %s\n", "", "average precision", "a stretch's score, chosen on validation data")
	for _, w := range r.ways {
		fmt.Fprintf(&b, "  %-46s %17.3f   %s\n", w.name, w.precision, w.pool.name)
	}
	fmt.Fprintf(&b, "\n  %s\n", r.verdict())
	return b.String()
}

// verdict says who wins.
func (r *reckoned) verdict() string {
	best := r.ways[1]
	for _, w := range r.ways[1:] {
		if w.precision > best.precision {
			best = w
		}
	}
	if r.ways[0].precision >= best.precision {
		return fmt.Sprintf("The auto-encoder finds more than the best rule, %s.", best.name)
	}
	return fmt.Sprintf("A rule finds more than the auto-encoder: %s. Use that.", best.name)
}
