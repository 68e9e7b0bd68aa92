package sweep

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func axis(t *testing.T, text string) Axis {
	t.Helper()
	a, err := ParseAxis(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestParseAxis(t *testing.T) {
	for text, want := range map[string]Axis{
		"lr=0.001, 0.01":    {Key: "lr", Values: []string{"0.001", "0.01"}},
		"width=3":           {Key: "width", Values: []string{"3"}},
		"lr=log:1e-4..1e-1": {Key: "lr", Draw: "log", Low: 1e-4, High: 1e-1},
		"w=int: -8 .. 64":   {Key: "w", Draw: "int", Low: -8, High: 64},
		"data=c:/x":         {Key: "data", Values: []string{"c:/x"}},
		"data=":             {Key: "data", Values: []string{""}},
		"data=../x":         {Key: "data", Values: []string{"../x"}},
	} {
		if got, err := ParseAxis(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"lr": "is not key=value", "=3": "is not key=value", "lr=1,2,1": "twice", "lr=uni:1..2": "no way to draw", "lr=log:0..1": "begins above 0",
		"lr=lin:2..1": "empty", "lr=lin:1..1": "empty", "lr=lin:a..b": "no range", "w=int:1.5..3": "whole numbers", "w=int:0..1e300": "whole numbers",
		"lr=lin:nan..1": "no range", "lr=lin:0..inf": "no range", "lr=lin:-1e308..1e308": "no range", "lr=lin:1..": "no range",
	} {
		if a, err := ParseAxis(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, %v, want %q", text, a, err, want)
		}
	}
}

func TestGrid(t *testing.T) {
	got, err := Grid([]Axis{axis(t, "a=1,2"), axis(t, "b=x"), axis(t, "c=3,4")})
	want := []Point{{"1", "x", "3"}, {"1", "x", "4"}, {"2", "x", "3"}, {"2", "x", "4"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := Grid([]Axis{axis(t, "a=lin:0..1")}); err == nil || !strings.Contains(err.Error(), "--random") {
		t.Errorf("%v", err)
	}
	var long []string
	for i := range 101 {
		long = append(long, strconv.Itoa(i))
	}
	big := Axis{Key: "a", Values: long}
	if _, err := Grid([]Axis{big, big}); err == nil || !strings.Contains(err.Error(), "more than 10000") {
		t.Errorf("%v", err)
	}
	if _, err := Grid(make([]Axis, 17)); err == nil {
		t.Error("17 axes were taken")
	}
}

// What is drawn lies in its range, follows from the seed, is a beginning of
// what a longer search draws, and covers the range evenly in its own measure.
func TestRandom(t *testing.T) {
	axes := []Axis{axis(t, "lr=log:1e-4..1e-1"), axis(t, "d=lin:-2..3"), axis(t, "w=int:8..11"), axis(t, "v=logint:1..1000"), axis(t, "o=a,b,c")}
	all, err := Random(axes, 4000, 7)
	if err != nil {
		t.Fatal(err)
	}
	short, _ := Random(axes, 10, 7)
	other, _ := Random(axes, 10, 8)
	if !reflect.DeepEqual(short, all[:10]) || reflect.DeepEqual(short, other) {
		t.Error("draws do not follow from the seed alone")
	}
	counts := map[string]int{}
	for _, p := range all {
		lr, d, v := number(t, p[0]), number(t, p[1]), number(t, p[3])
		if lr < 1e-4 || lr > 1e-1 || d < -2 || d > 3 || v < 1 || v > 1000 || v != math.Trunc(v) {
			t.Fatalf("%v is out of range", p)
		}
		counts[fmt.Sprint("lr", math.Floor(math.Log10(lr*1.0000001)))]++
		counts[fmt.Sprint("d", math.Floor(d))]++
		counts["w"+p[2]]++
		counts["o"+p[4]]++
	}
	for name, share := range map[string]float64{"lr-4": 1. / 3, "lr-3": 1. / 3, "lr-2": 1. / 3, "d-2": .2, "d0": .2, "d2": .2, "w8": .25, "w11": .25, "oa": 1. / 3, "oc": 1. / 3} {
		if got := float64(counts[name]) / 4000; math.Abs(got-share) > 0.04 {
			t.Errorf("%s: share %.3f, want %.3f", name, got, share)
		}
	}
	for _, n := range []int{0, -1, 10_001} {
		if _, err := Random(axes, n, 1); err == nil {
			t.Errorf("%d trials were taken", n)
		}
	}
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestHalving(t *testing.T) {
	for _, c := range []struct {
		n, epochs int
		want      []Rung
	}{
		{27, 27, []Rung{{27, 1}, {9, 3}, {3, 9}, {1, 27}}},
		{9, 8, []Rung{{9, 3}, {3, 8}}},
		{9, 24, []Rung{{9, 3}, {3, 8}, {1, 24}}},
		{2, 10, []Rung{{2, 10}}}, {1, 1, []Rung{{1, 1}}}, {100, 2, []Rung{{100, 2}}},
	} {
		if got := Halving(c.n, c.epochs); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%d trials, %d epochs: %v, want %v", c.n, c.epochs, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		n, epochs := rapid.IntRange(1, 500).Draw(t, "n"), rapid.IntRange(1, 500).Draw(t, "epochs")
		rungs := Halving(n, epochs)
		if rungs[0].Trials != n || rungs[len(rungs)-1].Epochs != epochs {
			t.Fatalf("%v", rungs)
		}
		for i := range rungs {
			if rungs[i].Trials < 1 || rungs[i].Epochs < 1 || i > 0 && (rungs[i].Trials >= rungs[i-1].Trials || rungs[i].Epochs <= rungs[i-1].Epochs) {
				t.Fatalf("%v", rungs)
			}
		}
	})
}

func scored(number, rung int, score float64) *Trial {
	t := &Trial{Number: number, Rung: rung, Epochs: rung, Values: Point{"0.1", "adam"}}
	if !math.IsNaN(score) {
		t.Score = &score
	}
	return t
}

func TestSurvivors(t *testing.T) {
	all := []*Trial{scored(1, 1, .5), scored(2, 1, math.NaN()), scored(3, 1, .7), scored(4, 1, .5), scored(5, 1, .9)}
	for _, c := range []struct {
		n     int
		lower bool
		want  []int
	}{{1, false, []int{5}}, {3, false, []int{1, 3, 5}}, {9, false, []int{1, 3, 4, 5}}, {2, true, []int{1, 4}}, {3, true, []int{1, 3, 4}}} {
		if got := Survivors(all, c.n, c.lower); !slices.Equal(got, c.want) {
			t.Errorf("%d, lower %v: %v, want %v", c.n, c.lower, got, c.want)
		}
	}
	r := &Result{Trials: append(all, scored(3, 2, .1))}
	if b := r.Best(); b.Number != 3 || b.Rung != 2 {
		t.Errorf("best %+v", b)
	}
	if b := (&Result{Trials: []*Trial{scored(1, 1, math.NaN())}}).Best(); b != nil {
		t.Errorf("best %+v of none", b)
	}
	for score, want := range map[string]bool{"accuracy": false, "loss": true, "rmse": true, "map50": false, "miou": false, "r2": false, "perplexity": true} {
		if Lower(score) != want {
			t.Errorf("Lower(%q) is %v", score, !want)
		}
	}
}

// The page and the table hold every trial, of numbers, words and nothing.
func TestPage(t *testing.T) {
	r := &Result{Recipe: "r<b>", Score: "accuracy", Axes: []Axis{{Key: "lr", Values: []string{"0.1", "0.001"}}, {Key: "optimizer", Values: []string{"adam", "sgd"}}},
		Rungs: []Rung{{3, 1}, {1, 3}}}
	for i := range 4 {
		trial := scored(i+1, 1, float64(i)/4)
		trial.Values, trial.Curve = Point{[]string{"0.1", "0.001"}[i%2], []string{"adam", "sgd"}[i/2]}, []float64{.1, .2}
		r.Trials = append(r.Trials, trial)
	}
	r.Trials[0].Score, r.Trials[0].Trouble = nil, "diverged"
	r.Trials = append(r.Trials, scored(4, 2, .875))
	var b bytes.Buffer
	if err := r.Page().Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"87.50%", "diverged", "3 × 1 epochs, then 1 × 3 epochs", "<polyline", "<circle", "optimizer (adam, sgd)", "lr (power of 10)", "r&lt;b&gt;", "trial 4"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	rows := r.Rows()
	if len(rows) != 6 || !slices.Equal(rows[1], []string{"4", "0.1", "adam", "2", "87.50%"}) || rows[5][4] != "diverged" {
		t.Errorf("%q", rows)
	}
	empty := &Result{Recipe: "r", Score: "loss", Axes: r.Axes, Rungs: []Rung{{1, 1}}, Trials: []*Trial{scored(1, 1, math.NaN())}}
	if err := empty.Page().Write(&b); err != nil {
		t.Error(err)
	}
}

// Values stand on their axis in order, the ends at its ends.
func TestScale(t *testing.T) {
	for _, c := range []struct {
		values []string
		at     []float64
	}{
		{[]string{"1", "2", "3"}, []float64{0, .5, 1}}, {[]string{"0.001", "0.1", "0.01"}, []float64{0, 1, .5}}, {[]string{"b", "a", "c"}, []float64{.5, 0, 1}},
		{[]string{"7", "7"}, []float64{.5, .5}}, {[]string{"-1", "1000"}, []float64{0, 1}}, {[]string{"x"}, []float64{.5}}, {[]string{"true", "false"}, []float64{1, 0}},
	} {
		s := scaleOf(c.values)
		for i, v := range c.values {
			if got := s.at(s.number(v)); math.Abs(got-c.at[i]) > 1e-9 {
				t.Errorf("%v: %s at %v, want %v", c.values, v, got, c.at[i])
			}
		}
	}
}
