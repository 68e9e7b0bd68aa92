package forecast

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/data/series"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/report"
	"github.com/limpid-ml/limpid/tensor"
)

// The reach of a band is the error, in claimed deviations, that the share of all
// errors and of one to come do not exceed, by sorting; of few errors the largest.
func TestReachBySorting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		misses := rapid.SliceOfN(rapid.Float64Range(-50, 50), 1, 60).Draw(t, "misses")
		share := rapid.SampledFrom([]float64{0.5, 0.8, 0.9}).Draw(t, "share")
		c, apart := newConform(2), newConform(2)
		var sizes []float64
		for i, m := range misses {
			dev := 0.5 + float64(i%4)
			c.add(1, m, dev)
			sizes = append(sizes, math.Abs(m)/dev)
			if i == len(misses)/2 {
				apart = c.copy()
			}
		}
		slices.Sort(sizes)
		within := 0
		reach := c.reach(1, share)
		for _, v := range sizes {
			if v <= reach {
				within++
			}
		}
		n := len(misses)
		if want := min(n, int(math.Ceil(float64(n+1)*share))); within < want || sizes[want-1] != reach {
			t.Fatalf("%d of %d errors are within %g, want %d", within, n, reach, want)
		}
		if len(apart.seen[1]) != n/2+1 || len(c.seen[0]) != 0 {
			t.Fatalf("a copy has %d errors of %d, the first step %d", len(apart.seen[1]), n, len(c.seen[0]))
		}
		if c.reach(1, 0.5) > c.reach(1, 0.8) || c.reach(1, 0.8) > c.reach(1, 0.9) {
			t.Fatal("a band that holds more is narrower")
		}
	})
}

// ways are forecasts by chance from origins of a series, and what came.
func chances(t *rapid.T) (*reckoned, *way) {
	horizon, every := rapid.IntRange(1, 5).Draw(t, "horizon"), rapid.IntRange(1, 4).Draw(t, "every")
	seed := uint64(rapid.IntRange(0, 999).Draw(t, "seed"))
	s := noisy(seed, 80, 5)
	s.Values[0][rapid.IntRange(45, 70).Draw(t, "gap")] = math.NaN()
	r, w := &reckoned{scale: 1.5}, &way{name: "x"}
	rand := tensor.NewRand(seed)
	for o := range s.Origins(series.Rolling{First: 40, Every: every, Horizon: horizon}) {
		mean, dev := make([]float64, horizon), make([]float64, horizon)
		for h := range mean {
			mean[h], dev[h] = 45+10*rand.Float64(), 0.5+rand.Float64()
		}
		r.origins, r.truth = append(r.origins, o), append(r.truth, o.Truth("sold"))
		w.mean, w.dev = append(w.mean, mean), append(w.dev, dev)
	}
	return r, w
}

// Each band is made of the errors given at first and of those whose truth lies
// ahead of its origin, of its own step of the horizon: all of them, once.
func TestBandsByDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, w := chances(t)
		start := newConform(len(w.mean[0]))
		for k := range rapid.IntRange(0, 12).Draw(t, "at first") {
			for h := range w.mean[0] {
				start.add(h, float64(k*k%7)-float64(h), 1.5)
			}
		}
		r.judge(w, start)
		for i, o := range r.origins {
			for h, half := range w.half[i] {
				known := start.copy()
				for j := range r.origins {
					if r.origins[j].At+h < o.At {
						known.add(h, r.truth[j][h]-w.mean[j][h], w.dev[j][h])
					}
				}
				if want := known.reach(h, 0.9) * w.dev[i][h]; half != want {
					t.Fatalf("from %d, %d steps ahead: half a band of %g, want %g of %d errors", o.At, h, half, want, len(known.seen[h]))
				}
			}
		}
	})
}

// In another unit, errors without a unit stay, and others go along; what came
// exactly as said is without error.
func TestScoresInAnotherUnit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, w := chances(t)
		factor := rapid.SampledFrom([]float64{0.01, 3, 1000}).Draw(t, "factor")
		r.judge(w, newConform(len(w.mean[0])))
		times := func(v [][]float64) (out [][]float64) {
			for _, row := range v {
				row = slices.Clone(row)
				for k := range row {
					row[k] *= factor
				}
				out = append(out, row)
			}
			return out
		}
		r2 := &reckoned{origins: r.origins, truth: times(r.truth), scale: factor * r.scale}
		w2 := &way{mean: times(w.mean), dev: times(w.dev)}
		r2.judge(w2, newConform(len(w.mean[0])))
		for name, pair := range map[string][2]float64{"MASE": {w.mase, w2.mase}, "sMAPE": {w.smape, w2.smape}, "CRPS": {w.crps * factor, w2.crps}, "width": {w.width * factor, w2.width}, "coverage": {w.coverage, w2.coverage}} {
			if math.Abs(pair[0]-pair[1]) > 1e-6*max(pair[0], 1e-3) && !(name == "coverage" && math.Abs(pair[0]-pair[1]) < 0.1) { // a band may end at an error
				t.Fatalf("%s: %g, then %g", name, pair[0], pair[1])
			}
		}
		exact := &way{mean: r.truth, half: w.half}
		exact.score(r)
		if exact.mase != 0 || exact.smape != 0 || math.Abs(exact.coverage-1) > 1e-9 || exact.width != w.width {
			t.Fatalf("without error: %+v", exact)
		}
	})
}

// Rivals on a series with known noise: repeating last week errs by the noise of
// two values, the regression by one, and nine of ten values are in their bands,
// which are as wide as the normal distribution says.
func TestRivalsOfKnownNoise(t *testing.T) {
	s := viewed(t, noisy(17, 2000, 6), 3)
	s.Season = 7
	r := &reckoned{}
	r.scale, r.flawless = s.yardstick()
	for o := range s.series.Origins(series.Rolling{First: s.test, Horizon: 3}) {
		r.origins, r.truth = append(r.origins, o), append(r.truth, o.Truth("sold"))
	}
	for _, rival := range s.rivals() {
		if err := (&subject{source: s}).reckonRival(r, rival); err != nil {
			t.Fatal(err)
		}
	}
	r.ways = append([]*way{{name: "the network"}}, r.ways...)
	naive, harmonic := r.way("naive"), r.way("harmonic")
	if r.way("holt_winters") != nil || len(naive.mean) != len(r.origins) {
		t.Errorf("%d origins of %d", len(naive.mean), len(r.origins))
	}
	// a mean size of √(2/π) deviations, which is √2 of the difference of two
	if want := 2 / math.Sqrt(math.Pi); math.Abs(r.scale/want-1) > 0.08 || r.flawless {
		t.Errorf("scale %g, want %g", r.scale, want)
	}
	for name, v := range map[string][3]float64{
		"naive's MASE": {naive.mase, 1, 0.12}, "harmonic's MASE": {harmonic.mase, 1 / math.Sqrt2, 0.1},
		"naive's band": {naive.width, 2 * within * math.Sqrt2, 0.6}, "harmonic's band": {harmonic.width, 2 * within, 0.5},
		"naive's coverage": {naive.coverage, 0.9, 0.05}, "harmonic's coverage": {harmonic.coverage, 0.9, 0.05},
		"harmonic's CRPS": {harmonic.crps, 1 / math.Sqrt(math.Pi), 0.08},
	} {
		if math.Abs(v[0]-v[1]) > v[2] {
			t.Errorf("%s is %.3f, want %.3f ± %.2f", name, v[0], v[1], v[2])
		}
	}
}

// The mixture of members has the mean of their means, and at least their mean
// variance; alike members say what each says.
func TestMixtureLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "members")
		var all []said
		mean, square, least, most := 0.0, 0.0, math.Inf(1), math.Inf(-1)
		for range n {
			m, d := rapid.Float64Range(-9, 9).Draw(t, "mean"), rapid.Float64Range(0.1, 4).Draw(t, "deviation")
			all = append(all, said{[]float64{m}, []float64{d}})
			mean, square = mean+m/float64(n), square+(d*d+m*m)/float64(n)
			least, most = min(least, m), max(most, m)
		}
		got := joined(all)
		if math.Abs(got.mean[0]-mean) > 1e-9 || math.Abs(got.dev[0]*got.dev[0]-(square-mean*mean)) > 1e-9 || mean < least-1e-9 || mean > most+1e-9 {
			t.Fatalf("%+v of %+v", got, all)
		}
		alike := joined(slices.Repeat(all[:1], n))
		if math.Abs(alike.mean[0]-all[0].mean[0]) > 1e-9 || math.Abs(alike.dev[0]-all[0].dev[0]) > 1e-9 {
			t.Fatalf("%+v of %d times %+v", alike, n, all[0])
		}
	})
}

// at is the text of a section with a title.
func at(t *testing.T, all []report.Section, title string) string {
	t.Helper()
	for _, s := range all {
		if s.Title == title {
			text := strings.Join(s.Text, "\n")
			for _, f := range s.Body {
				text += string(f.HTML) + f.Caption
			}
			return text
		}
	}
	t.Errorf("there is no section %q", title)
	return ""
}

// The report shows what was measured, and answers are what the network says, as
// text and as values, from a file and from the series it was trained on.
func TestReportAndAnswers(t *testing.T) {
	s := noisy(23, 220, 9)
	task, l, m := trained(t, tiny(t, asFile(t, s)))
	sub := l.all[0]
	all, err := task.Pages(context.Background(), m)
	if err != nil || len(all) != 6 {
		t.Fatalf("%d sections (%v)", len(all), err)
	}
	compared, tuned := at(t, all, "sales: who forecasts best"), at(t, all, "sales: how the others were tuned")
	for _, w := range sub.tested.ways {
		row := fmt.Sprintf("%s</td><td>%.3f</td><td>%.4g</td><td>%.1f%%</td><td>%.4g</td>", w.name, w.mase, w.crps, 100*w.coverage, w.width)
		if !strings.Contains(compared, row) || !strings.Contains(m.Story, fmt.Sprintf("%7.3f %9.4g", w.mase, w.crps)) {
			t.Errorf("the report lacks %s", row)
		}
	}
	for name, want := range map[string]float64{"mase": sub.tested.ways[0].mase, "coverage_90": sub.tested.ways[0].coverage, "mase_naive": sub.tested.way("naive").mase, "origins": float64(len(sub.tested.origins))} {
		if got, ok := m.Scores.Number(name); !ok || got != want {
			t.Errorf("%s is %g, want %g", name, got, want)
		}
	}
	if !strings.Contains(compared, sub.tested.verdict()) || strings.Count(tuned, ">chosen<") < 2 || !strings.Contains(tuned, fmt.Sprintf("%d settings", len(sub.tries))) {
		t.Errorf("%s\n%s", compared, tuned)
	}
	trainedOn, err := task.Answer(context.Background(), &recipe.Question{})
	if err != nil {
		t.Fatal(err)
	}
	// the columns in another order, and one that is not read
	turned := &series.Series{Columns: []string{"more", "seen", "sold"}, Values: [][]float64{sevens(220), s.Values[1], s.Values[0]}, Start: s.Start, Step: s.Step}
	asked, err := task.Answer(context.Background(), &recipe.Question{Name: "x.csv", In: strings.NewReader(asText(turned))})
	if err != nil {
		t.Fatal(err)
	}
	if trainedOn.Text != asked.Text || !strings.Contains(asked.Steps[0], `read 220 steps of "sold" up to 2020-08-07`) {
		t.Errorf("%s, of a file %s, %q", trainedOn.Text, asked.Text, asked.Steps)
	}
	continuedByHand(t, sub, s, asked)
	for _, column := range []int{1, 2} { // a typing error in a column that is read
		lines := strings.Split(asText(turned), "\n")
		cells := strings.Split(lines[7], ",")
		cells[1+column] = "4o"
		lines[7] = strings.Join(cells, ",")
		_, err := task.Answer(context.Background(), &recipe.Question{Name: "x.csv", In: strings.NewReader(strings.Join(lines, "\n"))})
		if want := fmt.Sprintf(`line 8: column %q: "4o" is no number`, turned.Columns[column]); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// continuedByHand compares an answer with what the network says of the series.
func continuedByHand(t *testing.T, sub *subject, s *series.Series, a *recipe.Answer) {
	t.Helper()
	v, err := sub.view(s.Until(s.Len()))
	if err != nil {
		t.Fatal(err)
	}
	by, err := ask(sub.net, sub.model, sub.source, []*view{v})
	if err != nil {
		t.Fatal(err)
	}
	said, stretch := joined(by[0]), tensor.Data[float32](sub.bands().Value())
	c := a.Value.(*continued)
	for h, step := range c.Steps {
		mean, half := v.base[h]+v.scale*said.mean[h], within*v.scale*said.dev[h]*float64(stretch[h])
		if math.Abs(step.Value-mean) > 1e-9 || math.Abs(step.High-step.Value-half) > 1e-9 || math.Abs(step.Value-step.Low-half) > 1e-9 {
			t.Errorf("step %d: %+v, want %g ± %g", h, step, mean, half)
		}
		if want := s.Time(s.Len() + h).Format("2006-01-02"); step.Time != want || !strings.Contains(a.Text, want) || !strings.Contains(a.Text, fmt.Sprintf("%.5g", step.Value)) {
			t.Errorf("step %d is at %s, want %s in\n%s", h, step.Time, want, a.Text)
		}
	}
	text, err := json.Marshal(c)
	if err != nil || strings.Count(string(text), `"low_90"`) != sub.Horizon || c.Column != "sold" {
		t.Errorf("%s (%v)", text, err)
	}
}

// A series without noise is learned, measured and told without a division by
// nothing: repeating last week never errs there.
func TestFlawlessSeries(t *testing.T) {
	s := noisy(1, 140, 0)
	s.Values[0] = sevens(140)
	task, l, m := trained(t, tiny(t, asFile(t, s)))
	if _, err := json.Marshal(m.Scores); err != nil {
		t.Errorf("%v: %v", m.Scores, err)
	}
	if _, err := json.Marshal(m.Reference); err != nil {
		t.Errorf("%v: %v", m.Reference, err)
	}
	r := l.all[0].tested
	if _, d := moments(s.Values[0][:l.all[0].test]); r.scale != d || !r.flawless || r.way("naive").mase != 0 {
		t.Errorf("scale %g, want %g; naive %g", r.scale, d, r.way("naive").mase)
	}
	all, err := task.Pages(context.Background(), m)
	if err != nil {
		t.Fatal(err)
	}
	text := at(t, all, "sales: who forecasts best")
	for _, want := range []string{"does not err at all: use that one", "scaled by the deviation of the past, for repeating the value 7 steps before would never have erred"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %.400s", want, text)
		}
	}
}

// A series that lacks what is needed to choose, to test or to learn by says
// which stretch of which column, and what to do.
func TestSeriesThatLackAPart(t *testing.T) {
	lacking := func(from, to, every int) string {
		s := noisy(4, 200, 5)
		for i := from; i < to; i += every {
			s.Values[0][i] = math.NaN()
		}
		return asFile(t, s)
	}
	for name, tt := range map[string]struct {
		path string
		want []string
	}{
		"test part":       {lacking(155, 200, 1), []string{`"sold" has no value from 2020-06-09 to 2020-07-18`, "cut the series off"}},
		"validation part": {lacking(115, 165, 1), []string{`"sold" has no value from 2020-04-30 to 2020-06-08`, "fill it in"}},
		"each week":       {lacking(3, 200, 7), []string{"0 stretches of 7 steps have no gap", `"sold"`, "shorter horizon"}},
	} {
		_, err := open(tiny(t, tt.path))
		for _, want := range tt.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
		}
	}
	if _, err := open(tiny(t, lacking(3, 200, 7), "horizon=3")); err != nil {
		t.Errorf("a shorter horizon: %v", err)
	}
}

// Mistakes in a file name its line, and the column.
func TestMistakesNameTheirLine(t *testing.T) {
	good := strings.Split(asText(noisy(5, 100, 5)), "\n")
	for name, tt := range map[string]struct {
		line int
		text string
		want []string
	}{
		"a word":         {30, "2020-01-30,many,3", []string{"line 31", "many"}},
		"a field less":   {30, "2020-01-30,4", []string{"31"}},
		"no date":        {30, "2020-02-31,4,3", []string{"line 31", "2020-02-31"}},
		"the same again": {30, good[29], []string{"2020-01-29", "both of"}},
	} {
		lines := slices.Clone(good)
		lines[tt.line] = tt.text
		_, err := open(tiny(t, file(t, strings.Join(lines, "\n"))))
		for _, want := range tt.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
		}
	}
}

// Settings out of their range are refused, the quick ones are settings, and
// those of a step are what suits it unless they are set.
func TestSettings(t *testing.T) {
	c := defaults(false)
	for key, values := range map[string][]string{
		"model": {"gru"}, "says": {"nothing"}, "hidden": {"0", "513"}, "members": {"1", "21"}, "dropout": {"-1", "0.95"},
		"context": {"-1", "2001"}, "horizon": {"-1", "501"}, "season": {"-1"}, "series": {"rain"}, "horizn": {"3"},
	} {
		for _, v := range values {
			if err := recipe.Set(&c, key, v); err == nil || !strings.Contains(err.Error(), key) {
				t.Errorf("%s=%s: %v", key, v, err)
			}
		}
	}
	if c != defaults(false) {
		t.Errorf("what is refused is set: %+v", c)
	}
	s := viewed(t, noisy(1, 300, 4), 0)
	if s.Season != 7 || s.Horizon != 7 || s.test != 240 || s.valid != 180 {
		t.Errorf("%+v, test from %d", s.choice, s.test)
	}
	set := configured(t, "horizon=3", "context=9", "season=14")
	if s.with(set); s.Season != 14 || s.Horizon != 3 || s.Context != 9 {
		t.Errorf("set: %+v", s.choice)
	}
	for name, steps := range map[string]string{"context": "context=250", "members": "members=20"} {
		if err := viewed(t, noisy(1, 100, 4), 0).with(configured(t, steps)).fits(configured(t, steps)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", steps, err)
		}
	}
}
