package forecast

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/limpid-ml/limpid/data/series"
	"github.com/limpid-ml/limpid/data/series/classic"
	"pgregory.net/rapid"
)

// steady is a series of so many days.
func steady(columns map[string][]float64, order ...string) *series.Series {
	s := &series.Series{Start: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), Step: series.Step{Duration: 24 * time.Hour}}
	for _, name := range order {
		s.Columns, s.Values = append(s.Columns, name), append(s.Values, columns[name])
	}
	return s
}

func sevens(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = float64(i % 7)
	}
	return out
}

func TestPickPutsTheTargetFirst(t *testing.T) {
	empty := slices.Repeat([]float64{math.NaN()}, 30)
	s := steady(map[string][]float64{"a": sevens(30), "b": sevens(30), "c": empty}, "a", "b", "c")
	s.Passed = []string{"w"}
	got, err := pick(s, "b", "x.csv")
	if err != nil || !slices.Equal(got.Columns, []string{"b", "a"}) {
		t.Errorf("%v, %v", got.Columns, err)
	}
	if !slices.Equal(s.Columns, []string{"a", "b", "c"}) {
		t.Error("the series itself is changed")
	}
	for target, want := range map[string]string{"w": "does not hold numbers", "z": "there are: a, b, c"} {
		if _, err := pick(s, target, "x.csv"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", target, err)
		}
	}
}

func TestLastKeepsTheEnd(t *testing.T) {
	s := steady(map[string][]float64{"a": sevens(30)}, "a")
	l := last(s, 10)
	if l.Len() != 10 || !l.Start.Equal(s.Time(20)) || l.Values[0][9] != s.Values[0][29] || s.Len() != 30 {
		t.Errorf("%d steps from %v", l.Len(), l.Start)
	}
	if last(s, 30) != s {
		t.Error("a short series is copied")
	}
}

// Whatever a user's series is like, its parts follow each other and leave room
// for what is asked of them, or it is refused.
func TestSuitLeavesRoom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(60, 900).Draw(t, "steps")
		step := rapid.SampledFrom([]series.Step{{Duration: time.Hour}, {Duration: 24 * time.Hour}, {Duration: 7 * 24 * time.Hour}, {Months: 1}, {Months: 12}, {Duration: time.Minute}}).Draw(t, "step")
		s := steady(map[string][]float64{"a": sevens(n)}, "a")
		s.Step = step
		src := &source{name: "own", series: s, choice: choice{Target: "a", Step: step.String()}}
		src.suit()
		c := defaults(true)
		src.with(&c)
		if src.fits(&c) != nil {
			return
		}
		if !(0 < src.least && src.least <= src.valid+src.Horizon && src.valid < src.test && src.test+src.Horizon < n) {
			t.Fatalf("%d steps of %v: from %d, validation from %d, test from %d, horizon %d", n, step, src.least, src.valid, src.test, src.Horizon)
		}
		if src.Season < 1 || src.Context < 4 || src.Horizon < 1 || src.channels() < 3 {
			t.Fatalf("%+v", src.choice)
		}
	})
}

// Scores of forecasts that are known, worked out by hand.
func TestScoresByHand(t *testing.T) {
	r := &reckoned{scale: 2, truth: [][]float64{{10, 20}, {10, math.NaN()}}}
	w := &way{mean: [][]float64{{11, 16}, {7, 3}}, half: [][]float64{{1, 1}, {4, 4}}}
	w.score(r)
	for name, got := range map[string][2]float64{
		"mase": {w.mase, (1. + 4 + 3) / 3 / 2}, "coverage": {w.coverage, 2. / 3}, "width": {w.width, (2. + 2 + 8) / 3},
		"first step": {w.byStep[0], 1}, "second step": {w.byStep[1], 2}, "smape": {w.smape, (2./21 + 8./36 + 6./17) / 3},
	} {
		if math.Abs(got[0]-got[1]) > 1e-12 {
			t.Errorf("%s: %g, want %g", name, got[0], got[1])
		}
	}
}

// A band is made of errors that were known at its origin only.
func TestBandsKnowOnlyThePast(t *testing.T) {
	s := steady(map[string][]float64{"a": sevens(60)}, "a")
	r := &reckoned{scale: 1}
	for o := range s.Origins(series.Rolling{First: 40, Horizon: 3}) {
		r.origins, r.truth = append(r.origins, o), append(r.truth, []float64{0, 0, 0})
	}
	w, other := &way{}, &way{}
	for i := range r.origins {
		w.mean, w.dev = append(w.mean, []float64{1, 1, 1}), append(w.dev, []float64{1, 1, 1})
		late := []float64{1, 1, 1}
		if i >= 9 { // all of what they miss comes at the tenth origin or later
			late = []float64{50, 50, 50}
		}
		other.mean, other.dev = append(other.mean, late), append(other.dev, []float64{1, 1, 1})
	}
	r.judge(w, newConform(3))
	r.judge(other, newConform(3))
	for i := range 10 {
		if !slices.Equal(w.half[i], other.half[i]) {
			t.Errorf("origin %d: %v and %v", i, w.half[i], other.half[i])
		}
	}
	if slices.Equal(w.half[15], other.half[15]) {
		t.Error("errors that are known do not widen the band")
	}
	if w.half[0][0] != within || w.half[5][0] != 1 {
		t.Errorf("bands %g, then %g", w.half[0][0], w.half[5][0])
	}
}

func TestStampsSuitSteps(t *testing.T) {
	at := time.Date(2021, 3, 4, 5, 6, 0, 0, time.UTC)
	for step, want := range map[string]string{"1 month": "2021-03", "24h0m0s": "2021-03-04", "1h0m0s": "2021-03-04 05:06", "168h0m0s": "2021-03-04"} {
		if got := stamp(at, step); got != want {
			t.Errorf("%s: %s, want %s", step, got, want)
		}
	}
}

// The regressions that are tried differ, and none has more waves than its period
// has steps for.
func TestWavesThatAreTried(t *testing.T) {
	s := &source{periods: []float64{7, 365.25}, degrees: []int{0, 1}, lookback: []int{0, 90}, least: 200}
	all := s.waves()
	seen := map[string]bool{}
	for _, h := range all {
		if seen[h.String()] || len(h.Waves) != 2 || h.Waves[0] == h.Waves[1] {
			t.Errorf("%v is there twice, or lacks a wave", h)
		}
		seen[h.String()] = true
		for _, w := range h.Waves {
			if 2*float64(w.Count) >= w.Period {
				t.Errorf("%v: too many waves", h)
			}
		}
	}
	if want := 2 * 3 * 2 * 2 * 4; len(all) != want {
		t.Errorf("%d regressions, want %d", len(all), want)
	}
}

func TestVerdictAndBest(t *testing.T) {
	r := &reckoned{ways: []*way{{name: "the network", mase: 0.9}, {name: "a", mase: 1}, {name: "b", mase: 1.2}}}
	if v := r.verdict(); !strings.Contains(v, "10.0% less") || !strings.Contains(v, "of the others, a") {
		t.Error(v)
	}
	r.ways[0].mase = 1.1
	if v := r.verdict(); !strings.Contains(v, "10.0% more") || !strings.Contains(v, "use that one") {
		t.Error(v)
	}
	var tries []try
	for i := range 20 {
		tries = append(tries, try{"x", classic.Curve{Degree: i}.String(), float64(20 - i)}, try{"y", "s", float64(i)})
	}
	best := bestOf(tries)
	if len(best) != 2*shownTries || best[0].rival != "y" || best[0].error != 0 || best[shownTries].error != 1 {
		t.Errorf("%v", best)
	}
}

func TestLaterAndMoments(t *testing.T) {
	v := later([]float64{1, 2}, 3)
	if len(v) != 5 || !math.IsNaN(v[2]) || v[3] != 1 {
		t.Errorf("%v", v)
	}
	if m, d := moments([]float64{1, math.NaN(), 3}); m != 2 || d != 1 {
		t.Errorf("%g, %g", m, d)
	}
	for _, v := range [][]float64{nil, {math.NaN()}, {4, 4, 4}} {
		if _, d := moments(v); d != 1 {
			t.Errorf("%v: deviation %g", v, d)
		}
	}
	logs(v)
	if v[3] != math.Log(2) {
		t.Errorf("%v", v)
	}
}
