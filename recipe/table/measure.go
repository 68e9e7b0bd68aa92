package table

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
)

// verdict is what the methods made of a study's rows.
type verdict struct {
	study   *study
	methods []method // the network first
	// gap is how far the network stays behind the better of the others: in
	// points of accuracy, or as a share of error; low and high hold it in 95 of
	// 100 drawings of rows.
	gap, low, high float64
	better         int // the method it is measured by; 0: there is none
}

// method is one way to answer, and how good its answers are.
type method struct {
	name    string // in scores
	title   string // for people
	answers [][]float64
	right   []float64 // of each row: 1 if the class is right, or the squared error
	score   float64   // accuracy, or root mean squared error
	spread  float64   // 95% interval, either way
	loss    float64   // cross-entropy, or mean absolute error
}

// measure answers every row with the networks that have not seen it.
func (j *job) measure(context.Context) (*recipe.Measured, error) {
	m := &recipe.Measured{Scores: recipe.Scores{}}
	reference := map[string]any{}
	var story strings.Builder
	all, err := j.verdicts()
	if err != nil {
		return nil, err
	}
	for _, v := range all {
		v.report(m.Scores, reference)
		story.WriteString(v.tell())
		m.Examples += len(v.study.y)
	}
	if len(all) == 1 && all[0].study.Classes != nil {
		m.Confusion, m.Labels, m.Chance = all[0].classified()
	}
	if len(reference) > 0 {
		m.Reference = reference
	}
	m.Story = story.String()
	return m, nil
}

// verdicts compares the methods on each study: of one on rows of its own, only
// that one.
func (j *job) verdicts() ([]*verdict, error) {
	var all []*verdict
	fresh := slices.ContainsFunc(j.studies, func(s *study) bool { return s.fresh })
	for _, s := range j.studies {
		if s.fresh != fresh {
			continue
		}
		v, err := s.judge()
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// judge compares the methods.
func (s *study) judge() (*verdict, error) {
	answers, err := s.answers()
	if err != nil {
		return nil, err
	}
	v := &verdict{study: s, methods: []method{{name: "", title: "networks", answers: answers}}}
	if !s.fresh {
		line := "ridge"
		if s.Classes != nil {
			line = "logistic"
		}
		v.methods = append(v.methods, method{name: "_" + line, title: line + " regression", answers: s.held.rows(&s.held.layer.Linear)},
			method{name: "_trees", title: "boosted trees", answers: s.held.rows(&s.held.layer.Trees)})
	}
	for k := range v.methods {
		v.methods[k].grade(s)
	}
	if s.fresh {
		return v, nil
	}
	v.better = 1
	if a, b := v.methods[1].score, v.methods[2].score; a != b && (b > a) == (s.Classes != nil) {
		v.better = 2
	}
	v.compare()
	return v, nil
}

// grade fills in how good the answers are.
func (m *method) grade(s *study) {
	n := float64(len(s.y))
	var square float64
	for i, a := range m.answers {
		y, right := s.y[i], 0.0
		if s.Classes == nil {
			right = (a[0] - y) * (a[0] - y)
			m.loss += math.Abs(a[0]-y) / n
		} else {
			if top(a) == int(y) {
				right = 1
			}
			m.loss -= math.Log(max(a[int(y)], 1e-15)) / n
		}
		m.right = append(m.right, right)
		m.score += right / n
		square += right * right / n
	}
	deviation := math.Sqrt(max(0, square-m.score*m.score) / n)
	m.spread = 1.96 * deviation
	if s.Classes == nil { // the root's slope is 1/(2·root)
		m.score = math.Sqrt(m.score)
		m.spread /= 2 * max(m.score, math.SmallestNonzeroFloat64)
	}
}

// top is the likeliest class.
func top(a []float64) (best int) {
	for k, p := range a {
		if p > a[best] {
			best = k
		}
	}
	return best
}

// drawings is how often rows are drawn anew for an interval.
const drawings = 1000

// compare holds the network against the better of the others, on the same rows,
// drawn anew with replacement.
//
// Source: Efron 1979, "Bootstrap methods: another look at the jackknife".
func (v *verdict) compare() {
	net, other := v.methods[0].right, v.methods[v.better].right
	v.gap = v.behind(sumOf(net), sumOf(other), len(net))
	r := tensor.NewRand(v.study.config.Seed)
	all := make([]float64, drawings)
	for d := range all {
		var a, b float64
		for range net {
			i := r.IntN(len(net))
			a, b = a+net[i], b+other[i]
		}
		all[d] = v.behind(a, b, len(net))
	}
	slices.Sort(all)
	v.low, v.high = all[drawings/40], all[drawings-1-drawings/40]
}

// behind is the gap by the sums of what is right, or of squared errors.
func (v *verdict) behind(net, other float64, n int) float64 {
	if v.study.Classes != nil {
		return 100 * (other - net) / float64(n)
	}
	return math.Sqrt(net/max(other, math.SmallestNonzeroFloat64)) - 1
}

func sumOf(v []float64) (s float64) {
	for _, x := range v {
		s += x
	}
	return s
}

// report adds the verdict to the scores, and what they are compared with to the
// reference.
func (v *verdict) report(to recipe.Scores, reference map[string]any) {
	score, loss, gap := "rmse", "mae", "shortfall_error"
	if v.study.Classes != nil {
		score, loss, gap = "accuracy", "loss", "shortfall_points"
	}
	for k, m := range v.methods {
		to[score+m.name], to[loss+m.name] = m.score, m.loss
		if k > 0 {
			reference[score+m.name] = m.score
		}
	}
	if v.better > 0 {
		to[gap] = v.gap
		to[gap+"_interval"] = recipe.Scores{"low": v.low, "high": v.high}
	}
}

// tell says in lines of text what was learned and how it compares.
func (v *verdict) tell() string {
	s := v.study
	var b strings.Builder
	what := "classes " + strings.Join(s.Classes, ", ")
	if s.Classes == nil {
		what = "a number"
	}
	name := s.Name
	if s.File != "" {
		name = s.File
	}
	fmt.Fprintf(&b, "%s: %s (%s) told from %d columns of %d rows\n", name, s.Target, what, len(s.Columns), len(s.y))
	for _, n := range s.Notes {
		fmt.Fprintf(&b, "  %s\n", n)
	}
	for _, m := range v.methods {
		fmt.Fprintf(&b, "  %-20s %s\n", m.title, v.score(m))
	}
	if v.better > 0 {
		fmt.Fprintf(&b, "  %s\n", v.sentence())
	}
	return b.String()
}

// score writes a method's score with its interval.
func (v *verdict) score(m method) string {
	if v.study.Classes != nil {
		return fmt.Sprintf("accuracy %5.1f%% ± %.1f, cross-entropy %.4f", 100*m.score, 100*m.spread, m.loss)
	}
	return fmt.Sprintf("error %.4g ± %.2g (root mean square), %.4g (mean)", m.score, m.spread, m.loss)
}

// sentence says how the network compares.
func (v *verdict) sentence() string {
	word := "behind"
	gap, low, high := v.gap, v.low, v.high
	if gap < 0 {
		word, gap, low, high = "ahead of", -gap, -high, -low
	}
	if gap == 0 {
		return fmt.Sprintf("the networks are as good as %s on these rows", v.methods[v.better].title)
	}
	if v.study.Classes != nil {
		return fmt.Sprintf("the networks are %.1f points %s %s (95%% interval %.1f to %.1f)", gap, word, v.methods[v.better].title, low, high)
	}
	return fmt.Sprintf("the networks' error is %.1f%% %s that of %s (95%% interval %.1f to %.1f)", 100*gap, word, v.methods[v.better].title, 100*low, 100*high)
}

// classified is what a report about classes needs.
func (v *verdict) classified() (confusion [][]int, labels []int, chance [][]float64) {
	confusion = make([][]int, len(v.study.Classes))
	for k := range confusion {
		confusion[k] = make([]int, len(confusion))
	}
	for i, a := range v.methods[0].answers {
		y := int(v.study.y[i])
		confusion[y][top(a)]++
		labels = append(labels, y)
	}
	return confusion, labels, v.methods[0].answers
}
