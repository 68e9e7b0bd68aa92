package listen

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/datasets/spoken"
)

// warped is the cost of the best way through a template for a clip, by trying
// all: the clip's frames one by one, the template's the same, next or next but
// one; from the first to the last of both.
func warped(clip, template [][]float32, s, i int) float64 {
	if i < 0 || s < 0 {
		return math.Inf(1)
	}
	d := distance(clip[s], template[i])
	if s == 0 {
		if i == 0 {
			return d
		}
		return math.Inf(1)
	}
	return d + min(warped(clip, template, s-1, i), warped(clip, template, s-1, i-1), warped(clip, template, s-1, i-2))
}

// joinedCost is the cost of the best row of words for a clip's first n frames.
func joinedCost(clip [][]float32, templates [][][]float32, penalty float64, n int) float64 {
	if n == 0 {
		return -penalty // the first word costs nothing
	}
	best := math.Inf(1)
	for from := range n {
		before := joinedCost(clip, templates, penalty, from)
		for _, t := range templates {
			best = min(best, before+penalty+warped(clip[from:n], t, n-from-1, len(t)-1))
		}
	}
	return best
}

func rows(t *rapid.T, name string, most int) [][]float32 {
	all := make([][]float32, rapid.IntRange(1, most).Draw(t, name))
	for i := range all {
		all[i] = rapid.SliceOfN(rapid.Float32Range(-3, 3), 2, 2).Draw(t, "frame")
	}
	return all
}

// The search finds the cost that trying all ways finds, of a word and of a row.
func TestSearchAgainstAllWays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rows(t, "clip", 5)
		var all [][][]float32
		search := &Templates{Coefficients: 2, Penalty: rapid.Float64Range(0, 3).Draw(t, "penalty")}
		for range rapid.IntRange(1, 3).Draw(t, "templates") {
			f := rows(t, "template", 3)
			all = append(all, f)
			search.frames = append(search.frames, slices.Concat(f...))
			search.words = append(search.words, "w")
		}
		one, many := math.Inf(1), joinedCost(x, all, search.Penalty, len(x))
		for _, f := range all {
			one = min(one, warped(x, f, len(x)-1, len(f)-1))
		}
		flat := slices.Concat(x...)
		for name, tt := range map[string]struct {
			many bool
			want float64
		}{"one word": {false, one}, "a row": {true, many}} {
			got := search.search(flat, tt.many)[len(x)-1].cost
			if math.Abs(got-tt.want) > 1e-4*(1+math.Abs(tt.want)) && !(math.IsInf(got, 1) && math.IsInf(tt.want, 1)) {
				t.Fatalf("%s: cost %g, want %g", name, got, tt.want)
			}
		}
	})
}

// A clip that is a template is recognised, and so is a row of two.
func TestTemplatesRecogniseThemselves(t *testing.T) {
	all := &Templates{Coefficients: 12, Penalty: 100}
	var said [][]float32
	for _, s := range spoken.Clips(spoken.Train)[:10] {
		all.Add(s.Text, s.Samples)
		said = append(said, s.Samples)
	}
	for i, x := range said {
		if got := all.Word(x); got != spoken.Digits[i] {
			t.Errorf("%s is taken for %s", spoken.Digits[i], got)
		}
	}
	if got := all.String(slices.Concat(said[7], said[3], said[3])); !slices.Equal(got, []string{"seven", "three", "three"}) {
		t.Errorf("seven three three is taken for %v", got)
	}
}

// A cepstrum has mean 0 over time, and loudness makes no difference.
func TestCepstrum(t *testing.T) {
	x := clip(5)
	soft := make([]float32, len(x))
	for i, v := range x {
		soft[i] = v / 4
	}
	const n = 8
	a, b := Cepstrum(x, n), Cepstrum(soft, n)
	for c := range n {
		sum := 0.0
		for t := c; t < len(a); t += n {
			sum += float64(a[t])
		}
		if math.Abs(sum) > 0.05 {
			t.Errorf("coefficient %d adds up to %g", c, sum)
		}
	}
	for i := range a {
		if math.Abs(float64(a[i]-b[i])) > 0.05 {
			t.Fatalf("value %d is %g, and %g at a quarter of the loudness", i, a[i], b[i])
		}
	}
}
