package table

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/baseline"
	"github.com/limpid-ml/limpid/recipe/report"
	"github.com/limpid-ml/limpid/tensor"
)

// graded are answers by chance about n rows of so many classes (0: numbers), by
// two methods, graded.
func graded(t *rapid.T) (*study, method, method) {
	n, classes := rapid.IntRange(5, 60).Draw(t, "rows"), rapid.SampledFrom([]int{0, 2, 3}).Draw(t, "classes")
	r := tensor.NewRand(uint64(rapid.IntRange(0, 9999).Draw(t, "seed")))
	s := &study{config: &Config{}}
	s.config.Seed = 4
	if classes > 0 {
		s.Classes = []string{"a", "b", "c"}[:classes]
	}
	var both [2]method
	for range n {
		y := r.Float64()
		if classes > 0 {
			y = float64(r.IntN(classes))
		}
		s.y = append(s.y, y)
		for k := range both {
			a := []float64{r.Float64()}
			for len(a) < classes {
				a = append(a, r.Float64())
			}
			if sum := sumOf(a); classes > 0 {
				for i := range a {
					a[i] /= sum
				}
			}
			both[k].answers = append(both[k].answers, a)
		}
	}
	for k := range both {
		both[k].grade(s)
	}
	return s, both[0], both[1]
}

// Grades are those of definitions: the share of classes told right, the mean
// surprise; the root of the mean square and the mean size of errors. Intervals
// are those of the normal distribution.
func TestGradesByDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, m, _ := graded(t)
		var right, loss, square []float64
		for i, a := range m.answers {
			if s.Classes != nil {
				hit := 0.0
				if a[int(s.y[i])] == slices.Max(a) {
					hit = 1
				}
				right, loss = append(right, hit), append(loss, baseline.Loss(a, s.y[i], len(s.Classes)))
			} else {
				loss, square = append(loss, math.Abs(a[0]-s.y[i])), append(square, (a[0]-s.y[i])*(a[0]-s.y[i]))
			}
		}
		n := float64(len(s.y))
		score, spread := sumOf(right)/n, 0.0
		if s.Classes != nil {
			spread = 1.96 * math.Sqrt(score*(1-score)/n)
		} else {
			score = math.Sqrt(sumOf(square) / n)
			mean, deviation := moments(square, indices(len(square)))
			spread = 1.96 * deviation / math.Sqrt(n) / (2 * math.Sqrt(mean))
		}
		if math.Abs(m.score-score) > 1e-9 || math.Abs(m.spread-spread) > 1e-6 || math.Abs(m.loss-sumOf(loss)/n) > 1e-9 {
			t.Fatalf("%g ± %g, %g; want %g ± %g, %g", m.score, m.spread, m.loss, score, spread, sumOf(loss)/n)
		}
	})
}

func indices(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// Who is behind whom does not depend on who is asked: the gap from the other
// side is the same the other way round, with its interval.
func TestGapFromTheOtherSide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, a, b := graded(t)
		here, there := &verdict{study: s, methods: []method{a, b}, better: 1}, &verdict{study: s, methods: []method{b, a}, better: 1}
		here.compare()
		there.compare()
		other := func(v float64) float64 { return -v }
		if s.Classes == nil {
			other = func(v float64) float64 { return 1/(1+v) - 1 }
		}
		for _, pair := range [][2]float64{{here.gap, there.gap}, {here.low, there.high}, {here.high, there.low}} {
			if math.Abs(pair[0]-other(pair[1])) > 1e-9 {
				t.Fatalf("%g, from the other side %g", pair[0], pair[1])
			}
		}
		if here.low > here.high || (here.gap > 0) != (s.Classes == nil && a.score > b.score || s.Classes != nil && a.score < b.score) {
			t.Fatalf("gap %g from %g to %g; scores %g and %g", here.gap, here.low, here.high, a.score, b.score)
		}
		for _, v := range []*verdict{here, there} { // it is told as it is
			want := map[bool]string{true: " behind ", false: " ahead of "}[v.gap > 0]
			if text := v.sentence(); v.gap != 0 && !strings.Contains(text, want) {
				t.Fatalf("gap %g: %s", v.gap, text)
			}
		}
	})
}

// The confusion counts each row once, the right ones on its diagonal.
func TestClassifiedCountsAllRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, m, _ := graded(t)
		if s.Classes == nil {
			return
		}
		v := &verdict{study: s, methods: []method{m}}
		confusion, labels, chance := v.classified()
		total, right := 0, 0
		for y, row := range confusion {
			for a, n := range row {
				total += n
				if a == y {
					right += n
				}
			}
		}
		if total != len(s.y) || math.Abs(float64(right)/float64(total)-m.score) > 1e-9 || len(labels) != total || len(chance) != total {
			t.Fatalf("%v of %d rows, of which %g are right", confusion, len(s.y), m.score)
		}
	})
}

// The margin of an interval is one of the errors, as large as nine of ten; it
// goes with the unit, and does not mind where the numbers lie.
func TestMarginLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(20, 200).Draw(t, "rows")
		factor, shift := rapid.SampledFrom([]float64{1, 0.25, 64}).Draw(t, "factor"), float64(rapid.IntRange(-50, 50).Draw(t, "shift"))
		r := tensor.NewRand(uint64(n))
		var off []float64
		margin := func(factor, shift float64) float64 {
			s := &study{Rows: n, Folds: []part{{Deviation: 1}}}
			if err := s.held.build(n, 1); err != nil {
				t.Fatal(err)
			}
			answers := make([][]float64, n)
			for i, d := range off {
				s.y = append(s.y, float64(i%7)*factor+shift)
				answers[i] = []float64{s.y[i] + factor*d}
				s.held.note(i, answers[i], answers[i])
			}
			s.held.set(answers, s.y)
			return s.held.margin()
		}
		for range n {
			off = append(off, float64(r.IntN(2001)-1000)/1024) // exact as float32
		}
		sizes := make([]float64, n)
		for i, d := range off {
			sizes[i] = math.Abs(d)
		}
		slices.Sort(sizes)
		want := sizes[min(n, int(math.Ceil(0.9*float64(n+1))))-1]
		if got := margin(1, 0); got != want {
			t.Fatalf("margin %g, want %g", got, want)
		}
		if got := margin(factor, shift); math.Abs(got-factor*want) > 1e-4*factor {
			t.Fatalf("margin %g, want %g times %g", got, factor, want)
		}
	})
}

// Of new rows with the same noise, nine of ten lie within the margin, whatever
// the noise is like.
func TestIntervalsCover(t *testing.T) {
	r := tensor.NewRand(12)
	for name, noise := range map[string]func() float64{
		"uniform": func() float64 { return 2*r.Float64() - 1 },
		"heavy":   func() float64 { v := 2*r.Float64() - 1; return v / (1.02 - math.Abs(v)) },
		"skewed":  func() float64 { return -math.Log(1 - r.Float64()) },
	} {
		const n = 1000
		var h held
		if err := h.build(n, 1); err != nil {
			t.Fatal(err)
		}
		answers, truth := make([][]float64, n), make([]float64, n)
		for i := range n {
			answers[i], truth[i] = []float64{float64(i % 50)}, float64(i%50)+noise()
			h.note(i, answers[i], answers[i])
		}
		h.set(answers, truth)
		margin, inside := h.margin(), 0
		const fresh = 4000
		for range fresh {
			if math.Abs(noise()) <= margin {
				inside++
			}
		}
		if share := float64(inside) / fresh; math.Abs(share-covered) > 0.03 {
			t.Errorf("%s noise: %.3f of new rows are within %g", name, share, margin)
		}
	}
}

// Every value is in one bin, the one whose edges it lies between, and the bins
// lie alike on both sides of 0.
func TestHistogramByHand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SliceOfN(rapid.Float64Range(-1e3, 1e3), 1, 50).Draw(t, "values")
		var edges []float64
		_, counts := histogram(v, func(v float64) string { edges = append(edges, v); return "" })
		if sumOf(counts) != float64(len(v)) || len(edges) != 22 {
			t.Fatalf("%v of %d values", counts, len(v))
		}
		width := edges[1] - edges[0]
		for k, n := range counts {
			lo, hi := edges[2*k]-1e-9*width, edges[2*k+1]+1e-9*width
			in, surely := 0.0, 0.0
			for _, x := range v {
				if x >= lo && x <= hi {
					in++
				}
				if x > edges[2*k]+1e-9*width && x < edges[2*k+1]-1e-9*width {
					surely++
				}
			}
			if n > in || n < surely || math.Abs(edges[2*k]+edges[21-2*k]) > 1e-9*width {
				t.Fatalf("bin %d from %g to %g has %g values, want %g", k, lo, hi, n, in)
			}
		}
	})
}

// A value is strange only if none of the parts has learned from one like it: a
// name of a single row is new to the part that tests it, and not to the others.
func TestDoubtAsksAllParts(t *testing.T) {
	c := byChance(21, 60)
	first := c.study(t, quick(nil), "class").folds[0].Test[0]
	c = c.changed([]int{first}, "name", "yew")
	s := c.study(t, quick(nil), "class")
	asked := func(name string) string {
		table, err := data.ParseTable(strings.NewReader(c.changed([]int{0}, "name", name).text()), "t", data.TableOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return s.doubt(table)
	}
	if got := asked("yew"); got != "" {
		t.Errorf("a name that was learned from: %s", got)
	}
	if got, want := asked("fir"), `line 2, column "name": fir is unlike all it learned from`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Numbers that lie far from 0 and close together are held as well as others:
// what eval and predict read is what was measured.
func TestFarNumbersAreHeld(t *testing.T) {
	c := byChance(2, 60)
	text := c.head[0] + ",when\n"
	for i, row := range c.rows {
		cells := strings.Split(row, ",")
		text += fmt.Sprintf("%s,%d\n", cells[0], 1_700_000_000+i*i%83)
	}
	config := quick(func(c *Config) { c.Data, c.Target, c.Epochs, c.Width = write(t, text), "when", 2, 4 })
	task, m := ran(t, config)
	for _, name := range []string{"rmse", "rmse_ridge", "rmse_trees"} {
		if v, _ := m.Scores.Number(name); !(v > 10 && v < 40) {
			t.Errorf("%s is %g, where the numbers' deviation is about 25", name, v)
		}
	}
	r := ask(t, task, "x.csv", text).Value.(replies).Rows[0]
	if w := *r.High - *r.Low; !(w > 20 && w < 150) {
		t.Errorf("from %f to %f", *r.Low, *r.High)
	}
}

// words of a section: its paragraphs and figures.
func textOf(s report.Section) string {
	text := s.Title + "\n" + strings.Join(s.Text, "\n")
	for _, f := range s.Body {
		text += "\n" + string(f.HTML) + f.Caption
	}
	return text
}

// sectionsOf are the report's by title; each may be there once.
func sectionsOf(t *testing.T, all []report.Section) map[string]string {
	t.Helper()
	by := map[string]string{}
	for _, s := range all {
		if by[s.Title] != "" || len(s.Text)+len(s.Body) == 0 {
			t.Errorf("section %q is empty, or there twice", s.Title)
		}
		by[s.Title] = textOf(s)
	}
	return by
}

// The report's figures are those that were measured: of each method, each
// setting that was tried, each column, and the rows that are told worst.
func TestReportHoldsWhatWasMeasured(t *testing.T) {
	s := learned(t, byChance(31, 60))
	j := &job{config: s.config, studies: []*study{s}}
	m, err := j.measure(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	all, err := j.pages(context.Background(), m)
	if err != nil {
		t.Fatal(err)
	}
	by := sectionsOf(t, all)
	for _, name := range []string{"accuracy", "accuracy_logistic", "accuracy_trees"} {
		v, _ := m.Scores.Number(name)
		if want := fmt.Sprintf(">%.1f%%<", 100*v); !strings.Contains(by["chance: class"], want) {
			t.Errorf("the overview lacks %s of %s", want, name)
		}
	}
	tuned := by["chance: class: how settings were chosen"]
	for k, try := range s.config.tries() {
		row := fmt.Sprintf("dropout %g, weight decay %g</td><td>%.4f</td>", try.dropout, try.decay, (s.searched[0][k]+s.searched[1][k])/2)
		if !strings.Contains(tuned, row) {
			t.Errorf("the settings lack %s", row)
		}
	}
	v, err := s.judge()
	if err != nil {
		t.Fatal(err)
	}
	matter, does := by["chance: class: which columns matter"], by["chance: class: what each column does"]
	for _, c := range s.Columns {
		mean, _, err := s.importance(c.Name, &v.methods[0])
		if err != nil || !strings.Contains(matter, ">"+c.Name+"<") || !strings.Contains(matter, fmt.Sprintf(">%.1f<", mean)) || !strings.Contains(does, c.Name) {
			t.Errorf("%s, which costs %.1f points, is not shown (%v)", c.Name, mean, err)
		}
	}
	worst, least := by["chance: class: the rows it tells worst"], 0
	for i, a := range v.methods[0].answers {
		if a[int(s.y[i])] < v.methods[0].answers[least][int(s.y[least])] {
			least = i
		}
	}
	row := fmt.Sprintf("<tr><td>%d</td><td>%s</td><td>%s</td>", least+2, v.says(least), s.Classes[int(s.y[least])])
	if at := strings.Index(worst, "<tr><td>"); at < 0 || !strings.HasPrefix(worst[at:], row) || strings.Count(worst, "<tr><td>") != shownRows {
		t.Errorf("worst is %s, want %s first", worst, row)
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	if _, err := j.pages(stopped, m); err == nil {
		t.Error("a report that is stopped goes on")
	}
}

// Of numbers, the report says how many answers are within the interval, as
// counted, and shows the settings of a run without a search nowhere.
func TestReportOfNumbers(t *testing.T) {
	s := byChance(41, 60).study(t, quick(nil), "y")
	lined(t, s, 2)
	answers, err := s.answers()
	if err != nil {
		t.Fatal(err)
	}
	for i, y := range s.y {
		s.held.note(i, []float64{y + 1}, []float64{y - 2})
	}
	s.held.set(answers, s.y)
	v, err := s.judge()
	if err != nil {
		t.Fatal(err)
	}
	if v.better != 1 || math.Abs(v.methods[1].score-1) > 1e-5 || math.Abs(v.methods[2].loss-2) > 1e-5 {
		t.Errorf("the better is %d of %+v", v.better, v.methods[1:])
	}
	all, err := v.sections()
	if err != nil {
		t.Fatal(err)
	}
	by := sectionsOf(t, all)
	inside := 0
	for i, a := range answers {
		if math.Abs(a[0]-s.y[i]) <= s.held.margin()*(1+1e-6) {
			inside++
		}
	}
	text := by["chance: y: answers and truth"]
	if want := fmt.Sprintf("%d%% of the answers are within %s of the truth", 100*inside/60, s.number(s.held.margin())); !strings.Contains(text, want) {
		t.Errorf("%s lacks %q", text[:200], want)
	}
	if len(by) != 5 || by["chance: y: how settings were chosen"] != "" {
		t.Errorf("%d sections", len(by))
	}
	scores, reference := recipe.Scores{}, map[string]any{}
	v.report(scores, reference)
	if a, _ := scores.Number("rmse_ridge"); a != v.methods[1].score || len(reference) != 2 || reference["rmse_trees"] != v.methods[2].score {
		t.Errorf("scores %v, reference %v", scores, reference)
	}
	if !strings.Contains(v.tell(), "y (a number) told from 6 columns of 60 rows") || !strings.Contains(v.tell(), v.sentence()) {
		t.Error(v.tell())
	}
}

// Settings out of their range are refused, and the quick ones are settings.
func TestSettings(t *testing.T) {
	c := defaults()
	for key, values := range map[string][]string{
		"folds": {"1", "21", "many"}, "inner-folds": {"1", "21"}, "members": {"0", "65"}, "width": {"0"}, "dropout": {"-0.1", "0.95", "NaN"},
		"trees": {"0", "5001"}, "kind": {"words"}, "search": {"perhaps"}, "fold": {"3"},
	} {
		for _, v := range values {
			if err := recipe.Set(&c, key, v); err == nil || !strings.Contains(err.Error(), key) {
				t.Errorf("%s=%s: %v", key, v, err)
			}
		}
	}
	if c != defaults() {
		t.Errorf("what is refused is set: %+v", c)
	}
	for _, kv := range Recipe.Quick {
		key, value, _ := strings.Cut(kv, "=")
		if err := recipe.Set(&c, key, value); err != nil {
			t.Error(err)
		}
	}
	if c.Search || c.Folds != 2 || goals(&c) != nil {
		t.Errorf("quick: %+v", c)
	}
}
