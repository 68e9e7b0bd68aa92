package baseline

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/tensor"
)

// drawn makes a table of n rows and d columns whose answer a tree has no trouble
// with and a line does.
func drawn(seed uint64, n, d, classes int) *Problem {
	r := tensor.NewRand(seed)
	p := &Problem{Classes: classes}
	for range n {
		x := make([]float64, d)
		for i := range x {
			x[i] = math.Round(100*(2*r.Float64()-1)) / 100
		}
		y := math.Abs(x[0]) + x[1%d]/2
		if classes > 0 {
			y = min(float64(classes-1), math.Floor(max(0, y)*float64(classes)/1.2))
		}
		p.X, p.Y = append(p.X, x), append(p.Y, y)
	}
	return p
}

func folds(t *testing.T, n int) []data.Fold {
	t.Helper()
	f, err := data.Deal{Seed: 3}.Folds(n, 3)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// At the weights of ridge regression the slope of what it makes least is 0.
func TestRidgeIsLeast(t *testing.T) {
	p := drawn(1, 50, 4, 0)
	const alpha = 2.5
	m := Ridge(p, alpha)
	w := m.Weights[0]
	slope := make([]float64, 5)
	for i, x := range p.X {
		e := m.Predict(x)[0] - p.Y[i]
		for j, v := range append(slices.Clone(x), 1) {
			slope[j] += 2 * e * v
		}
	}
	for j := range 4 {
		slope[j] += 2 * alpha * w[j]
	}
	for j, s := range slope {
		if math.Abs(s) > 1e-9 {
			t.Errorf("slope %g by weight %d", s, j)
		}
	}
}

// The gradient of logistic regression is that of finite differences.
func TestLogisticGradient(t *testing.T) {
	p := drawn(2, 30, 3, 3)
	r := tensor.NewRand(5)
	w, grad, spare := make([]float64, 12), make([]float64, 12), make([]float64, 12)
	for i := range w {
		w[i] = r.Float64() - 0.5
	}
	logistic(p, 0.7, w, grad)
	for i := range w {
		const h = 1e-5
		at := func(v float64) float64 {
			old := w[i]
			defer func() { w[i] = old }()
			w[i] += v
			return logistic(p, 0.7, w, spare)
		}
		if want := (at(h) - at(-h)) / (2 * h); math.Abs(grad[i]-want) > 1e-6 {
			t.Errorf("weight %d: %g, want %g", i, grad[i], want)
		}
	}
}

// Rosenbrock's valley ends at (1, 1).
func TestMinimise(t *testing.T) {
	w := []float64{-1.2, 1}
	minimise(w, func(w, g []float64) float64 {
		a, b := w[1]-w[0]*w[0], 1-w[0]
		g[0], g[1] = -400*a*w[0]-2*b, 200*a
		return 100*a*a + b*b
	})
	if math.Abs(w[0]-1) > 1e-6 || math.Abs(w[1]-1) > 1e-6 {
		t.Errorf("ended at %v", w)
	}
}

// The first tree's first question is the best of all, by trying them all.
func TestFirstSplitIsTheBest(t *testing.T) {
	for seed := range uint64(5) {
		p := drawn(seed, 40, 3, 0)
		const leaf, l2 = 4, 0.5
		got := Boost(p, Boosting{Rounds: 1, Rate: 1, Depth: 1, Leaf: leaf, L2: l2}).rounds[0][0][0]
		_, mean := means(p)
		best, feature, at := 0.0, -1, 0.0
		for f := range 3 {
			for _, row := range p.X {
				var gl, gr, nl, nr float64
				for i, x := range p.X {
					if e := mean - p.Y[i]; x[f] <= row[f] {
						gl, nl = gl+e, nl+1
					} else {
						gr, nr = gr+e, nr+1
					}
				}
				if gain := gl*gl/(nl+l2) + gr*gr/(nr+l2); nl >= leaf && nr >= leaf && gain > best+1e-9 {
					best, feature, at = gain, f, row[f]
				}
			}
		}
		if got.feature != feature || got.at < at {
			t.Errorf("seed %d: asks %d ≤ %g, the best is %d ≤ %g", seed, got.feature, got.at, feature, at)
		}
	}
}

// The search finds what fits: trees a bend that a line cannot follow, a line a
// line; its best trial is the one chosen, and answers follow the rows.
func TestSearch(t *testing.T) {
	for _, classes := range []int{0, 2, 3} {
		p, fresh := drawn(7, 120, 3, classes), drawn(8, 120, 3, classes)
		linear, lineTrials, err := TuneLinear(context.Background(), p, folds(t, 120))
		if err != nil {
			t.Fatal(err)
		}
		trees, treeTrials, err := TuneTrees(context.Background(), p, folds(t, 120), 300)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := MeanLoss(trees, fresh), MeanLoss(linear, fresh); a > 0.8*b {
			t.Errorf("%d classes: trees %g, a line %g", classes, a, b)
		}
		for _, trials := range [][]Trial{lineTrials, treeTrials} {
			least, chosen := math.Inf(1), 0
			for _, x := range trials {
				least = min(least, x.Loss)
				if x.Chosen {
					chosen++
				}
			}
			if k := slices.IndexFunc(trials, func(x Trial) bool { return x.Chosen }); chosen != 1 || trials[k].Loss != least {
				t.Errorf("%d chosen of %+v", chosen, trials)
			}
		}
		if got := trees.Predict(fresh.X[0]); classes > 0 && (len(got) != classes || math.Abs(sum(got)-1) > 1e-12) {
			t.Errorf("probabilities %v", got)
		}
	}
}

func sum(v []float64) (s float64) {
	for _, x := range v {
		s += x
	}
	return s
}

// Losses told round by round are those of the model with as many rounds.
func TestLossesByRound(t *testing.T) {
	p, fresh := drawn(4, 90, 3, 3), drawn(5, 40, 3, 3)
	o := Boosting{Rounds: 12, Rate: 0.2, Depth: 2, Leaf: 3, L2: 1}
	losses := boostLosses(p, fresh, o)
	for _, r := range []int{1, 5, 12} {
		o.Rounds = r
		if want := MeanLoss(Boost(p, o), fresh); math.Abs(losses[r-1]-want) > 1e-12 {
			t.Errorf("after %d rounds %g, want %g", r, losses[r-1], want)
		}
	}
}

// More values than bins, one value, and values as far apart as can be.
func TestCuts(t *testing.T) {
	var many []float64
	for i := range 5000 {
		many = append(many, float64(i/2))
	}
	if cuts := cutsOf(many); len(cuts) > maxBins-1 || len(cuts) < 200 || !slices.IsSorted(cuts) {
		t.Errorf("%d cuts", len(cuts))
	}
	skewed := append(make([]float64, 4000), many...)
	if cuts := cutsOf(skewed); len(cuts) > maxBins-1 || len(slices.Compact(slices.Clone(cuts))) != len(cuts) {
		t.Errorf("%d cuts of a skewed column", len(cuts))
	}
	if cuts := cutsOf([]float64{3, 3, 3}); cuts != nil {
		t.Errorf("cuts %v between equal values", cuts)
	}
	for _, v := range [][2]float64{{1, math.Nextafter(1, 2)}, {-math.MaxFloat64 / 4, math.MaxFloat64 / 4}} {
		if m := middle(v[0], v[1]); !(m >= v[0] && m < v[1]) {
			t.Errorf("middle of %v is %v", v, m)
		}
	}
	// a column of one value and one of a class that is not there
	p := &Problem{X: [][]float64{{1, 0}, {1, 1}, {1, 2}, {1, 3}}, Y: []float64{0, 0, 2, 2}, Classes: 4}
	if got := Boost(p, Boosting{Rounds: 3, Rate: 0.3, Depth: 2, Leaf: 1, L2: 1}).Predict([]float64{1, 0}); got[0] < 0.3 || math.IsNaN(sum(got)) {
		t.Errorf("answers %v", got)
	}
}

// treesOf is TuneTrees of few.
func treesOf(ctx context.Context, p *Problem, f []data.Fold) (Model, []Trial, error) {
	return TuneTrees(ctx, p, f, 20)
}

func TestMistakes(t *testing.T) {
	ctx := context.Background()
	for want, p := range map[string]*Problem{
		"0 rows":     {},
		"want one":   {X: [][]float64{{1}}, Y: []float64{1, 2}},
		"row 1 has":  {X: [][]float64{{1}, {1, 2}}, Y: []float64{1, 2}},
		"class 2":    {X: [][]float64{{1}, {2}}, Y: []float64{1, 2}, Classes: 2},
		"class 0.5":  {X: [][]float64{{1}, {2}}, Y: []float64{1, 0.5}, Classes: 2},
		"class -1":   {X: [][]float64{{1}, {2}}, Y: []float64{1, -1}, Classes: 2},
		"below 2":    {X: [][]float64{{1}, {2}}, Y: []float64{1, 7}, Classes: 2},
		"row 0 is":   {X: [][]float64{{1}}, Y: []float64{9}, Classes: 3},
		"at least o": {X: [][]float64{}, Y: []float64{1}},
	} {
		for name, tune := range map[string]func(context.Context, *Problem, []data.Fold) (Model, []Trial, error){"linear": TuneLinear, "trees": treesOf} {
			if _, _, err := tune(ctx, p, nil); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
		}
	}
	stopped, stop := context.WithCancel(ctx)
	stop()
	if _, _, err := TuneTrees(stopped, drawn(1, 30, 2, 0), folds(t, 30), 100); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}

// Fold sizes weigh, and a fold that ended early keeps its last loss.
func TestLowest(t *testing.T) {
	two := []data.Fold{{Test: []int{1, 2, 3}}, {Test: []int{4}}}
	for _, c := range []struct {
		losses [][]float64
		want   string
	}{
		{[][]float64{{4, 2, 3}, {1, 1, 1}}, "2 1.75"},
		{[][]float64{{4, 2}, {9, 9, 1}}, "3 1.75"},
		{[][]float64{{math.NaN()}, {1}}, "1 +Inf"},
	} {
		if r, l := lowest(c.losses, two); fmt.Sprint(r, " ", l) != c.want {
			t.Errorf("%v: %d %g, want %s", c.losses, r, l, c.want)
		}
	}
}

func BenchmarkBoost(b *testing.B) {
	p := drawn(1, 1000, 10, 0)
	for b.Loop() {
		Boost(p, Boosting{Rounds: 20, Rate: 0.1, Depth: 4, Leaf: 5, L2: 1})
	}
}
