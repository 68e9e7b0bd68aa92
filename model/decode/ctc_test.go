package decode

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// alignments calls f with every way to say a label or blank at each step.
func alignments(steps, classes int, f func(path []int32)) {
	path := make([]int32, steps)
	var walk func(t int)
	walk = func(t int) {
		if t == steps {
			f(path)
			return
		}
		for c := range classes {
			path[t] = int32(c)
			walk(t + 1)
		}
	}
	walk(0)
}

// spelt is what an alignment spells.
func spelt(path []int32, blank int32) (labels []int32) {
	last := blank
	for _, l := range path {
		if l != last && l != blank {
			labels = append(labels, l)
		}
		last = l
	}
	return labels
}

// along is the logarithm of an alignment's probability.
func along(logits []float32, classes int, path []int32) (sum float64) {
	for t, l := range path {
		sum += logProbs(logits[t*classes : (t+1)*classes])[l]
	}
	return sum
}

type ctcCase struct {
	logits         []float32
	steps, classes int
	blank          int32
}

func drawCTC(t *rapid.T) ctcCase {
	c := ctcCase{steps: rapid.IntRange(0, 6).Draw(t, "steps"), classes: rapid.IntRange(2, 3).Draw(t, "classes")}
	c.blank = int32(rapid.IntRange(0, c.classes-1).Draw(t, "blank"))
	c.logits = rapid.SliceOfN(rapid.Float32Range(-4, 4), c.steps*c.classes, c.steps*c.classes).Draw(t, "logits")
	return c
}

// A search that is wide enough finds every sequence of labels with the sum of
// the probabilities of all its alignments, and orders them by that and what a
// language model says.
func TestCTCSearchAgainstAllAlignments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCTC(t)
		factor := rapid.Float64Range(0, 2).Draw(t, "factor")
		weigh := func(before []int32, label int32) float64 {
			w := 0.3
			for _, b := range before {
				w = w*0.7 + float64(b)*0.2
			}
			return factor * (w - 0.4*float64(label))
		}
		sums, worth := map[string]float64{}, map[string]float64{}
		alignments(c.steps, c.classes, func(path []int32) {
			labels := spelt(path, c.blank)
			key := fmt.Sprint(labels)
			sums[key] += math.Exp(along(c.logits, c.classes, path))
			worth[key] = 0
			for i, l := range labels {
				worth[key] += weigh(labels[:i], l)
			}
		})
		got, err := CTC{Width: 1000, Blank: c.blank, Weigh: weigh}.Search(c.logits, c.classes)
		if err != nil || len(got) != len(sums) {
			t.Fatalf("%d readings, want %d: %v", len(got), len(sums), err)
		}
		for i, r := range got {
			key := fmt.Sprint(r.Labels)
			if math.Abs(math.Exp(r.LogProb)-sums[key]) > 1e-9 || math.Abs(r.Score-r.LogProb-worth[key]) > 1e-9 {
				t.Fatalf("%s: probability %g, weight %g, want %g and %g", key, math.Exp(r.LogProb), r.Score-r.LogProb, sums[key], worth[key])
			}
			if i > 0 && r.Score > got[i-1].Score {
				t.Fatalf("reading %d is better than the one before", i)
			}
		}
	})
}

func TestGreedyAgainstTheBestAlignment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCTC(t)
		best, spell := math.Inf(-1), map[string]float64{}
		alignments(c.steps, c.classes, func(path []int32) {
			p, key := along(c.logits, c.classes, path), fmt.Sprint(spelt(path, c.blank))
			best = max(best, p)
			if before, ok := spell[key]; !ok || p > before {
				spell[key] = p
			}
		})
		var got []int32
		for _, s := range Greedy(c.logits, c.classes, c.blank) {
			got = append(got, s.Label)
			if s.From >= s.To || s.To > c.steps {
				t.Fatalf("span %+v of %d steps", s, c.steps)
			}
		}
		if p, ok := spell[fmt.Sprint(got)]; !ok || p < best-1e-6 {
			t.Fatalf("greedy %v has an alignment of %g, the best has %g", got, p, best)
		}
	})
}

func TestAlignAgainstAllAlignments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCTC(t)
		var labels []int32
		for range rapid.IntRange(0, 4).Draw(t, "labels") {
			l := int32(rapid.IntRange(0, c.classes-1).Draw(t, "label"))
			if l != c.blank {
				labels = append(labels, l)
			}
		}
		best := math.Inf(-1)
		alignments(c.steps, c.classes, func(path []int32) {
			if slices.Equal(spelt(path, c.blank), labels) {
				best = max(best, along(c.logits, c.classes, path))
			}
		})
		got := Align(c.logits, c.classes, c.blank, labels)
		if math.IsInf(best, -1) || c.steps == 0 {
			if got != nil && len(labels) > 0 {
				t.Fatalf("%v aligned where there is no room", labels)
			}
			return
		}
		path := make([]int32, c.steps)
		for i := range path {
			path[i] = c.blank
		}
		for i, s := range got {
			if s.Label != labels[i] || i > 0 && s.From < got[i-1].To {
				t.Fatalf("spans %+v for %v", got, labels)
			}
			for k := s.From; k < s.To; k++ {
				path[k] = s.Label
			}
		}
		if p := along(c.logits, c.classes, path); !slices.Equal(spelt(path, c.blank), labels) || math.Abs(p-best) > 1e-9 {
			t.Fatalf("alignment %v of %v has %g, the best %g", path, labels, p, best)
		}
	})
}

// Two alignments that are each less likely than a third spell the same: their
// sum wins, and greedy reading misses it (Graves 2006, figure 2, by numbers).
func TestPrefixSearchSumsAlignments(t *testing.T) {
	logits := slices.Concat(logs(0.6, 0.4), logs(0.6, 0.4)) // blank 0.6, a 0.4: "" 0.36, "a" 0.64
	if got := Greedy(logits, 2, 0); len(got) != 0 {
		t.Errorf("greedy: %v", got)
	}
	got, err := CTC{Width: 2}.Search(logits, 2)
	if err != nil || !slices.Equal(got[0].Labels, []int32{1}) || math.Abs(math.Exp(got[0].LogProb)-0.64) > 1e-6 {
		t.Errorf("search: %+v, %v", got, err)
	}
}

// What Least leaves out is what is unlikely; where nothing is, nothing changes.
func TestLeastLeavesOut(t *testing.T) {
	logits := slices.Concat(logs(0.3, 0.699, 0.001), logs(0.5, 0.499, 0.001))
	all, err := CTC{Width: 50}.Search(logits, 3)
	if err != nil {
		t.Fatal(err)
	}
	few, err := CTC{Width: 50, Least: 0.01}.Search(logits, 3)
	if err != nil || len(few) >= len(all) || !slices.Equal(few[0].Labels, all[0].Labels) || few[0].LogProb != all[0].LogProb {
		t.Errorf("%d readings of %d, the best %+v and %+v", len(few), len(all), few[0], all[0])
	}
}

func TestCTCSaysWhatIsWrong(t *testing.T) {
	for _, tt := range []struct {
		c       CTC
		scores  int
		classes int
	}{
		{CTC{}, 4, 2}, {CTC{Width: 1, Blank: 2}, 4, 2}, {CTC{Width: 1, Blank: -1}, 4, 2}, {CTC{Width: 1}, 5, 2}, {CTC{Width: 1}, 0, 1},
		{CTC{Width: 1, Least: 1}, 4, 2}, {CTC{Width: 1, Least: math.NaN()}, 4, 2},
	} {
		if _, err := tt.c.Search(make([]float32, tt.scores), tt.classes); err == nil || !strings.Contains(err.Error(), "want") {
			t.Errorf("%+v of %d scores: %v", tt.c, tt.scores, err)
		}
	}
}
