package decode

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// shares draws n times and returns how often each symbol came.
func shares(s Sampling, logits []float32, n int) []float64 {
	d := NewSampler(s, 7)
	counts := make([]float64, len(logits))
	for range n {
		counts[d.Next(logits)] += 1 / float64(n)
	}
	return counts
}

func logs(p ...float64) []float32 {
	v := make([]float32, len(p))
	for i := range p {
		v[i] = float32(math.Log(p[i]))
	}
	return v
}

func TestSamplerDrawsByProbability(t *testing.T) {
	p := []float64{0.1, 0.5, 0.15, 0.25}
	for _, tt := range []struct {
		name string
		s    Sampling
		want []float64
	}{
		{"plain", Sampling{Temperature: 1}, p},
		{"cold", Sampling{Temperature: 0.5}, []float64{0.01 / 0.345, 0.25 / 0.345, 0.0225 / 0.345, 0.0625 / 0.345}},
		{"top 2", Sampling{Temperature: 1, TopK: 2}, []float64{0, 2. / 3, 0, 1. / 3}},
		{"top 9", Sampling{Temperature: 1, TopK: 9}, p},
		{"top 0.6", Sampling{Temperature: 1, TopP: 0.6}, []float64{0, 2. / 3, 0, 1. / 3}},
		{"top 0.4", Sampling{Temperature: 1, TopP: 0.4}, []float64{0, 1, 0, 0}},
		{"all of it", Sampling{Temperature: 1, TopP: 1}, p},
		{"of three, 0.8", Sampling{Temperature: 1, TopK: 3, TopP: 0.8}, []float64{0, 2. / 3, 0, 1. / 3}}, // .75/.9 ≥ .8
		{"greedy", Sampling{TopK: 3}, []float64{0, 1, 0, 0}},
	} {
		got := shares(tt.s, logs(p...), 20000)
		for i := range got {
			if math.Abs(got[i]-tt.want[i]) > 0.012 || tt.want[i] == 0 && got[i] > 0 { // over 3 standard errors
				t.Errorf("%s: shares %.3f, want %.3f", tt.name, got, tt.want)
				break
			}
		}
	}
}

func TestSamplerSeeds(t *testing.T) {
	draw := func(seed uint64) (all []int) {
		d := NewSampler(Sampling{Temperature: 1.3, TopK: 20, TopP: 0.95}, seed)
		for range 50 {
			all = append(all, d.Next(make([]float32, 30)))
		}
		return all
	}
	if !slices.Equal(draw(3), draw(3)) || slices.Equal(draw(3), draw(4)) {
		t.Error("draws do not follow from the seed")
	}
}

// Whatever the settings and scores, what is drawn is possible: its score is not
// −∞, and it is among the K greatest.
func TestSamplerDrawsWhatIsPossible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		logits := rapid.SliceOfN(rapid.Float32Range(-50, 50), 1, 12).Draw(t, "logits")
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(logits)-1), 0, 3).Draw(t, "impossible") {
			if len(logits) > 1 && i > 0 {
				logits[i] = float32(math.Inf(-1))
			}
		}
		s := Sampling{rapid.Float64Range(0, 5).Draw(t, "temperature"), rapid.IntRange(0, 5).Draw(t, "k"), rapid.Float64Range(0, 1).Draw(t, "p")}
		d := NewSampler(s, rapid.Uint64().Draw(t, "seed"))
		for range 5 {
			i := d.Next(logits)
			ahead := 0
			for _, v := range logits {
				if v > logits[i] {
					ahead++
				}
			}
			if math.IsInf(float64(logits[i]), -1) || s.TopK > 0 && ahead >= s.TopK || s.Temperature == 0 && ahead > 0 {
				t.Fatalf("%+v drew %d of %v", s, i, logits)
			}
		}
	})
}

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		s    Sampling
		want string
	}{
		{Sampling{Temperature: -1}, "temperature"}, {Sampling{Temperature: math.NaN()}, "temperature"}, {Sampling{Temperature: math.Inf(1)}, "temperature"},
		{Sampling{TopK: -1}, "top-k"}, {Sampling{TopP: 1.1}, "top-p"}, {Sampling{TopP: math.NaN()}, "top-p"},
	} {
		if err := tt.s.Check(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v", tt.s, err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a sampler that cannot be")
		}
	}()
	NewSampler(Sampling{TopK: -2}, 1)
}

// chain is a model whose state is all that was said: the scores of the next
// symbol follow from it by a table.
type chain struct {
	size  int
	table map[string][]float32
}

func (c *chain) extend(states []string, last []int32) (logits [][]float32, next []string, err error) {
	for i, s := range states {
		s += fmt.Sprint(last[i])
		row, ok := c.table[s]
		if !ok {
			row = make([]float32, c.size)
			h := uint32(2166136261)
			for _, b := range []byte(s) {
				h = (h ^ uint32(b)) * 16777619
			}
			for k := range row {
				h = h*1664525 + 1013904223
				row[k] = float32(h>>8)/(1<<24)*6 - 3
			}
		}
		logits, next = append(logits, row), append(next, s)
	}
	return logits, next, nil
}

// all lists every sequence that ends, or is as long as may be.
func (c *chain) all(b Beam, state string, last int32, p path) (found []Hypothesis) {
	logits, next, _ := c.extend([]string{state}, []int32{last})
	norm := logSum(logits[0])
	for s, v := range logits[0] {
		q := candidate{0, int32(s), p.logProb + float64(v) - norm}
		if int32(s) == b.End || len(p.symbols)+1 == b.Length {
			wide := b
			wide.Width = math.MaxInt
			found = wide.finish(found, p.symbols, q)
			continue
		}
		found = append(found, c.all(b, next[0], int32(s), path{append(slices.Clone(p.symbols), int32(s)), q.logProb})...)
	}
	return found
}

// A beam that is wide enough finds what trying all sequences finds.
func TestSearchAgainstAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &chain{size: rapid.IntRange(2, 3).Draw(t, "size")}
		b := Beam{Width: 300, Length: rapid.IntRange(1, 4).Draw(t, "length"), Norm: rapid.Float64Range(0, 2).Draw(t, "norm")}
		start := rapid.StringMatching("[a-z]{3}").Draw(t, "start")
		want := c.all(b, start, 0, path{})
		slices.SortStableFunc(want, func(x, y Hypothesis) int { return -cmpFloat(x.Score, y.Score) })
		got, err := Search(context.Background(), b, start, 0, c.extend)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%d found, want %d: %v", len(got), len(want), err)
		}
		for i := range got {
			if math.Abs(got[i].Score-want[i].Score) > 1e-9 {
				t.Fatalf("number %d: %+v, want %+v", i, got[i], want[i])
			}
		}
		total := 0.0
		for _, h := range got {
			total += math.Exp(h.LogProb)
		}
		if math.Abs(total-1) > 1e-9 {
			t.Fatalf("all sequences together have probability %g", total)
		}
	})
}

func cmpFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// The likeliest first symbol leads to nothing likely: greedy goes astray, two
// beginnings do not.
func TestBeamSeesFurtherThanGreedy(t *testing.T) {
	c := &chain{size: 3, table: map[string][]float32{
		"^0": logs(1e-9, 0.55, 0.45), "^01": logs(0.4, 0.3, 0.3), "^02": logs(0.9, 0.05, 0.05),
	}}
	greedy, err := Search(context.Background(), Beam{Width: 1, Length: 2}, "^", 0, c.extend)
	if err != nil || !slices.Equal(greedy[0].Symbols, []int32{1}) || !greedy[0].Ended {
		t.Errorf("greedy: %+v, %v", greedy, err)
	}
	two, err := Search(context.Background(), Beam{Width: 2, Length: 2}, "^", 0, c.extend)
	if err != nil || !slices.Equal(two[0].Symbols, []int32{2}) || math.Abs(two[0].LogProb-math.Log(0.45*0.9)) > 1e-6 {
		t.Errorf("two beginnings: %+v, %v", two, err)
	}
}

// Without normalisation the shorter of two sequences wins; with it the longer,
// whose symbols are likelier each.
func TestNormFavoursLength(t *testing.T) {
	table := map[string][]float32{"^0": logs(0.45, 0.55), "^01": logs(0.15, 0.85), "^011": logs(0.15, 0.85), "^0111": logs(1, 1e-9)}
	for norm, want := range map[float64]int{0: 0, 1: 3} {
		c := &chain{size: 2, table: table}
		got, err := Search(context.Background(), Beam{Width: 4, Length: 5, Norm: norm}, "^", 0, c.extend)
		if err != nil || len(got[0].Symbols) != want {
			t.Errorf("norm %g: %+v, %v", norm, got, err)
		}
	}
}

func TestSearchSaysWhatIsWrong(t *testing.T) {
	c := &chain{size: 2}
	for _, b := range []Beam{{Length: 3}, {Width: 1}, {Width: 1, Length: 1, Norm: -1}, {Width: 1, Length: 1, Norm: math.NaN()}} {
		if _, err := Search(context.Background(), b, "", 0, c.extend); err == nil {
			t.Errorf("%+v is taken", b)
		}
	}
	odd := errors.New("odd")
	if _, err := Search(context.Background(), Beam{Width: 1, Length: 2}, "", 0, func([]string, []int32) ([][]float32, []string, error) { return nil, nil, odd }); !errors.Is(err, odd) {
		t.Errorf("extend's error: %v", err)
	}
	if _, err := Search(context.Background(), Beam{Width: 1, Length: 2}, "", 0, func([]string, []int32) ([][]float32, []string, error) { return nil, nil, nil }); err == nil {
		t.Error("no scores, and no error")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Search(ctx, Beam{Width: 1, Length: 2}, "", 0, c.extend); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}
