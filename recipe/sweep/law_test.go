package sweep

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawTrials draws trials of a rung, with ties and without scores too.
func drawTrials(t *rapid.T, rung int) []*Trial {
	var all []*Trial
	for i := range rapid.IntRange(1, 12).Draw(t, "n") {
		trial := &Trial{Number: i + 1, Rung: rung, Epochs: rung, Values: Point{fmt.Sprint(i)}}
		if rapid.IntRange(0, 4).Draw(t, "has") > 0 {
			v := float64(rapid.IntRange(0, 5).Draw(t, "score")) / 5
			trial.Score = &v
		}
		all = append(all, trial)
	}
	return all
}

// Ranking is an order: whatever the order of the trials, it is the same one,
// the best first.
func TestRankingIsAnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all, lower := drawTrials(t, 1), rapid.Bool().Draw(t, "lower")
		want := Ranked(all, lower)
		mixed := rapid.Permutation(all).Draw(t, "mixed")
		if got := Ranked(mixed, lower); !reflect.DeepEqual(got, want) {
			t.Fatal("another order of the trials gives another ranking")
		}
		for i := 1; i < len(want); i++ {
			a, b := want[i-1], want[i]
			if Better(a, b, lower) >= 0 || Better(b, a, lower) <= 0 {
				t.Fatalf("%+v does not come before %+v", a, b)
			}
			if a.Score == nil && b.Score != nil || a.Score != nil && b.Score != nil && *a.Score != *b.Score && *a.Score < *b.Score != lower {
				t.Fatalf("%v before %v", a.Score, b.Score)
			}
		}
	})
}

// Whoever goes on is no worse than whoever does not, and there are as many as
// there may be.
func TestSurvivorsAreTheBest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all, n, lower := drawTrials(t, 1), rapid.IntRange(1, 12).Draw(t, "keep"), rapid.Bool().Draw(t, "lower")
		kept := Survivors(all, n, lower)
		scored := 0
		for _, trial := range all {
			if trial.Score != nil {
				scored++
			}
		}
		if len(kept) != min(n, scored) || !slices.IsSorted(kept) {
			t.Fatalf("%d of %d with a score, %d may go on: %v", len(kept), scored, n, kept)
		}
		for _, in := range all {
			for _, out := range all {
				if slices.Contains(kept, in.Number) && !slices.Contains(kept, out.Number) && Better(out, in, lower) < 0 {
					t.Fatalf("%+v goes on and %+v does not", in, out)
				}
			}
		}
	})
}

// A grid has every combination once.
func TestGridIsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var axes []Axis
		want := 1
		for i := range rapid.IntRange(1, 4).Draw(t, "axes") {
			n := rapid.IntRange(1, 5).Draw(t, "values")
			var values []string
			for k := range n {
				values = append(values, fmt.Sprint(k))
			}
			a, err := ParseAxis(fmt.Sprintf("k%d=%s", i, strings.Join(values, ",")))
			if err != nil {
				t.Fatal(err)
			}
			axes, want = append(axes, a), want*n
		}
		all, err := Grid(axes)
		if err != nil || len(all) != want {
			t.Fatalf("%d points, want %d: %v", len(all), want, err)
		}
		seen := map[string]bool{}
		for _, p := range all {
			if key := strings.Join(p, " "); seen[key] || len(p) != len(axes) {
				t.Fatalf("%v is there twice, or is not whole", p)
			} else {
				seen[key] = true
			}
		}
	})
}

// Every value that is drawn can be read back, and lies in the range.
func TestDrawsLieInTheirRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := rapid.SampledFrom(draws).Draw(t, "draw")
		low := rapid.Float64Range(1e-6, 100).Draw(t, "low")
		high := low + rapid.Float64Range(1e-3, 1000).Draw(t, "more")
		if strings.HasSuffix(draw, "int") {
			low, high = math.Ceil(low), math.Ceil(high)+1
		}
		a, err := ParseAxis(fmt.Sprintf("k=%s:%s..%s", draw, strconv.FormatFloat(low, 'g', -1, 64), strconv.FormatFloat(high, 'g', -1, 64)))
		if err != nil {
			t.Fatal(err)
		}
		points, err := Random([]Axis{a}, 20, rapid.Uint64().Draw(t, "seed"))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range points {
			v, err := strconv.ParseFloat(p[0], 64)
			if err != nil || v < low*(1-1e-3) || v > high*(1+1e-3) {
				t.Fatalf("%s:%v..%v drew %q", draw, low, high, p[0])
			}
			if strings.HasSuffix(draw, "int") && (v != math.Trunc(v) || v < low || v > high) {
				t.Fatalf("%s:%v..%v drew %q", draw, low, high, p[0])
			}
		}
	})
}

// A result comes back from JSON, and the text of a trial without a score says
// so.
func TestResultAsJSON(t *testing.T) {
	v := 0.5
	r := Result{Recipe: "r", Score: "loss", Lower: true, Seed: 3, Axes: []Axis{{Key: "a", Values: []string{"1", "2"}}, {Key: "b", Draw: "log", Low: 1e-4, High: .1}},
		Rungs: []Rung{{2, 1}}, Trials: []*Trial{{Number: 1, Rung: 1, Epochs: 1, Values: Point{"1", "0.01"}, Score: &v, Curve: []float64{.7, .5}, Run: "x"}, {Number: 2, Rung: 1, Epochs: 1, Values: Point{"2", "0.01"}, Trouble: "diverged"}}}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back Result
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(back, r) {
		t.Errorf("%v\n%s\n%+v", err, text, back)
	}
	for _, want := range []string{`"low":0.0001`, `"score":null`, `"trouble":"diverged"`, `"draw":"log"`} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("lacks %s: %s", want, text)
		}
	}
}

var point = regexp.MustCompile(`points="([^"]*)"`)

// Each line of the parallel coordinates meets every axis where its value
// stands, the best on top.
func TestParallel(t *testing.T) {
	r := &Result{Score: "accuracy", Axes: []Axis{{Key: "lr"}, {Key: "how"}}, Rungs: []Rung{{3, 1}}}
	for i, values := range []Point{{"0.1", "a"}, {"0.2", "b"}, {"0.3", "a"}} {
		v := float64(i) / 2
		r.Trials = append(r.Trials, &Trial{Number: i + 1, Rung: 1, Values: values, Score: &v})
	}
	html := string(r.parallel().HTML)
	lines := point.FindAllStringSubmatch(html, -1)
	const low, high, mid = axisTop + axisHeight, axisTop, axisTop + axisHeight/2
	want := [][]float64{{low, low, low}, {mid, high, mid}, {high, low, high}}
	if len(lines) != 3 {
		t.Fatalf("%d lines:\n%s", len(lines), html)
	}
	for i, l := range lines {
		for k, xy := range strings.Fields(l[1]) {
			x, y, _ := strings.Cut(xy, ",")
			if x != fmt.Sprint(axisLeft+axisGap*k) || math.Abs(number(t, y)-want[i][k]) > .1 {
				t.Errorf("line %d, axis %d: %s, want y %v", i, k, xy, want[i][k])
			}
		}
	}
	for _, want := range []string{">lr<", ">how<", ">accuracy<", ">0.3<", ">b<", "trial 3: lr=0.3 how=a, "} {
		if !strings.Contains(html, want) {
			t.Errorf("lacks %q:\n%s", want, html)
		}
	}
	r.Trials = nil
	if html := string(r.parallel().HTML); !strings.HasSuffix(html, "</svg>") {
		t.Errorf("of no trial: %s", html)
	}
}

// Curves are of those that have several values, the best first.
func TestCurves(t *testing.T) {
	r := &Result{Score: "loss", Lower: true, Rungs: []Rung{{12, 3}}}
	if _, ok := r.curves(); ok {
		t.Error("of no trial")
	}
	for i := range 12 {
		v := float64(i)
		r.Trials = append(r.Trials, &Trial{Number: i + 1, Rung: 1, Score: &v, Curve: []float64{9, 8, v}})
	}
	r.Trials[1].Curve = []float64{1}
	s, ok := r.curves()
	html := string(s.Body[0].HTML)
	if !ok || strings.Count(html, "<polyline") != shownCurves || !strings.Contains(html, "trial 1<") || strings.Contains(html, "trial 2<") || !strings.Contains(html, "trial 9<") || strings.Contains(html, "trial 12<") {
		t.Errorf("%v\n%s", ok, html)
	}
}

// Scores that are shares are told in per cent, finely enough to compare.
func TestFormat(t *testing.T) {
	for _, c := range []struct {
		score string
		v     float64
		want  string
	}{{"accuracy", .12345, "12.35%"}, {"accuracy", 0, "0.0%"}, {"accuracy", 1, "100.0%"}, {"loss", .12345, "0.1235"}, {"loss", 123.45, "123.5"}, {"rmse", 1e-7, "1e-07"}} {
		v := c.v
		if got := (&Trial{Score: &v}).Format(c.score); got != c.want {
			t.Errorf("%s %v: %s, want %s", c.score, c.v, got, c.want)
		}
	}
	if got := (&Trial{}).Format("loss"); got != "—" {
		t.Errorf("of none: %s", got)
	}
}
