package anomaly

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/limpid-ml/limpid/data/series"
	"github.com/limpid-ml/limpid/metric"
	"pgregory.net/rapid"
)

func TestWindowsSuitSteps(t *testing.T) {
	for _, tt := range []struct {
		step series.Step
		want int
	}{
		{series.Step{Duration: time.Hour}, 24}, {series.Step{Duration: 24 * time.Hour}, 7}, {series.Step{Months: 1}, 12},
		{series.Step{Months: 3}, 4}, {series.Step{Months: 12}, 3}, {series.Step{Duration: 30 * time.Minute}, 48},
		{series.Step{Duration: time.Second}, 12}, {series.Step{Duration: 7 * 24 * time.Hour}, 12}, {series.Step{Duration: 10 * time.Minute}, 144},
	} {
		if got := windowOf(tt.step); got != tt.want {
			t.Errorf("%v: %d, want %d", tt.step, got, tt.want)
		}
	}
}

// Scaling and back is the same value, with a logarithm or without.
func TestScaleAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &source{known: known{Log: []bool{rapid.Bool().Draw(t, "log")}, Mean: []float64{3}, Deviation: []float64{1.5}}}
		v := rapid.Float64Range(0, 1e5).Draw(t, "v")
		if got := s.back(s.scaled(0, v)); math.Abs(got-v) > 1e-6*max(1, v) {
			t.Fatalf("%g comes back as %g", v, got)
		}
		if s.scaled(0, math.NaN()) != 0 {
			t.Fatal("a missing value is read as something")
		}
	})
}

// Of the alarm no other score has a better F1.
func TestAlarmIsBest(t *testing.T) {
	f1 := func(scores []float64, yes []bool, from float64) float64 {
		found, named, there := 0.0, 0.0, 0.0
		for i, s := range scores {
			if yes[i] {
				there++
			}
			if s >= from {
				named++
			}
			if s >= from && yes[i] {
				found++
			}
		}
		return 2 * found / max(1, named+there)
	}
	rapid.Check(t, func(t *rapid.T) {
		scores := rapid.SliceOfN(rapid.Float64Range(0, 9), 1, 20).Draw(t, "scores")
		yes := rapid.SliceOfN(rapid.Bool(), len(scores), len(scores)).Draw(t, "yes")
		best := f1(scores, yes, alarm(scores, yes))
		for _, s := range scores {
			if f1(scores, yes, s) > best {
				t.Fatalf("from %g on F1 is better than %g", s, best)
			}
		}
	})
}

// The scales come from what is learned from alone.
func TestScalesDoNotPeek(t *testing.T) {
	_, l, err := opened(configured(t))
	if err != nil {
		t.Fatal(err)
	}
	other := *l.source
	changed := *l.series
	changed.Values = nil
	for _, v := range l.series.Values {
		v = slices.Clone(v)
		for i := l.valid; i < len(v); i++ {
			v[i] = 1e6
		}
		changed.Values = append(changed.Values, v)
	}
	other.series, other.known = &changed, known{Window: l.Window, Step: l.Step}
	other.learn()
	if !slices.Equal(other.Mean, l.Mean) || !slices.Equal(other.Deviation, l.Deviation) || !slices.Equal(other.Log, l.Log) {
		t.Errorf("%+v and %+v", other.known, l.known)
	}
	for _, part := range [][2]int{{0, l.valid}, {l.valid, l.test}} {
		set := l.stretches(part[0], part[1], 5).(*stretches)
		for _, at := range set.at {
			if at < max(part[0], l.Window) || at+l.Window > part[1] {
				t.Fatalf("a stretch at %d of the part from %d to %d", at, part[0], part[1])
			}
		}
		if e, err := set.At(set.Len() - 1); err != nil || e.X.Dim(0) != 2*l.Window || e.Y.Len() != l.Window {
			t.Errorf("%v %v: %v", e.X.Shape(), e.Y.Shape(), err)
		}
	}
}

// The rules find what they are made for, and are blind to what they are not.
func TestRules(t *testing.T) {
	_, l, err := opened(configured(t))
	if err != nil {
		t.Fatal(err)
	}
	p := &planted{values: slices.Clone(l.series.Values[0])}
	for i := range 40 {
		at := l.test + i*l.Window
		p.at, p.kind = append(p.at, at), append(p.kind, -1)
		if i%4 == 0 {
			p.kind[i] = 0
			for t := range l.Window { // far more people than ever
				p.values[at+t] = 1e5
			}
		}
	}
	for _, w := range l.rules() {
		off, err := w.off(p)
		if err != nil {
			t.Fatal(err)
		}
		w.choose(off, p)
		if w.valid < 0.99 || len(off) != 40 || len(off[0]) != l.Window {
			t.Errorf("%s: %g", w.name, w.valid)
		}
		if v := metric.RankedPrecision(pooled(off, w.pool), p.yes()); v != w.valid {
			t.Errorf("%s: %g, then %g", w.name, w.valid, v)
		}
	}
	if l.slots() != 168 {
		t.Errorf("%d slots", l.slots())
	}
}

func TestVerdict(t *testing.T) {
	r := &reckoned{ways: []*way{{name: "net", precision: 0.9}, {name: "rule", precision: 0.8}, {name: "other", precision: 0.5}}}
	if v := r.verdict(); !strings.Contains(v, "finds more than the best rule, rule") {
		t.Error(v)
	}
	r.ways[2].precision = 0.95
	if v := r.verdict(); !strings.Contains(v, "other. Use that.") {
		t.Error(v)
	}
}

func TestFoundText(t *testing.T) {
	f := &found{Column: "x", Stretches: 9, Window: 24}
	if got := f.text(); got != "nothing suspicious in 9 stretches of 24 steps\n" {
		t.Error(got)
	}
	f.Suspicious = []suspect{{From: "2024-01-02", To: "2024-01-02 23:00", Score: 1.5, Measured: 3, Expected: 8}}
	if got := f.text(); !strings.Contains(got, "1 of 9 stretches") || !strings.Contains(got, "1.50") {
		t.Error(got)
	}
	if isCount([]float64{1, 1, 1, 2, 30}) == isCount([]float64{-1, 1, 1, 2, 30}) || isCount(nil) {
		t.Error("what is never negative and skewed is a count, and nothing else")
	}
}
