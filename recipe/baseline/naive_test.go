package baseline

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/data"
)

// check holds every question of a tree against all others that could be asked
// there, and every leaf against the step that is best for its rows.
type check struct {
	o           Boosting
	x           [][]float64
	grad, curve []float64
}

// sides sums up what lies on either side of a question.
func (c *check) sides(rows []int, feature int, at float64) (l, r sums) {
	for _, i := range rows {
		s := &r
		if c.x[i][feature] <= at {
			s = &l
		}
		s.grad, s.curve, s.rows = s.grad+c.grad[i], s.curve+c.curve[i], s.rows+1
	}
	return l, r
}

// gain is by how much a question lowers the loss, 0 if it must not be asked.
func (c *check) gain(l, r sums) float64 {
	if min(l.rows, r.rows) < c.o.Leaf || min(l.curve, r.curve) < leastCurve {
		return 0
	}
	of := func(s sums) float64 { return s.grad * s.grad / (s.curve + c.o.L2) }
	return of(l) + of(r) - of(sums{grad: l.grad + r.grad, curve: l.curve + r.curve})
}

// best tries all questions on some rows.
func (c *check) best(rows []int) (most float64) {
	for f := range c.x[0] {
		for _, i := range rows {
			l, r := c.sides(rows, f, c.x[i][f])
			most = max(most, c.gain(l, r))
		}
	}
	return most
}

func (c *check) node(t *rapid.T, tr tree, at int, rows []int, depth int) {
	n := tr[at]
	if n.left == 0 {
		l, r := c.sides(rows, 0, math.Inf(1))
		if want := -c.o.Rate * l.grad / (l.curve + c.o.L2); r.rows != 0 || math.Abs(n.value-want) > 1e-9 {
			t.Fatalf("a leaf of %d rows says %g, want %g", len(rows), n.value, want)
		}
		if b := c.best(rows); depth > 0 && b > 1e-9 {
			t.Fatalf("a leaf of %d rows, where a question gains %g", len(rows), b)
		}
		return
	}
	l, r := c.sides(rows, n.feature, n.at)
	if got, want := c.gain(l, r), c.best(rows); depth == 0 || got < want-1e-9 {
		t.Fatalf("with depth %d left it asks %d ≤ %g, which gains %g; the best gains %g", depth, n.feature, n.at, got, want)
	}
	var left, right []int
	for _, i := range rows {
		if c.x[i][n.feature] <= n.at {
			left = append(left, i)
		} else {
			right = append(right, i)
		}
	}
	c.node(t, tr, n.left, left, depth-1)
	c.node(t, tr, n.right, right, depth-1)
}

// Every question of every tree is the best of all that could be asked of its
// rows, by trying them all.
func TestEverySplitIsTheBest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := some(t, rapid.SampledFrom([]int{0, 2, 3}).Draw(t, "classes"))
		o := Boosting{Rounds: 3, Rate: 0.4, Depth: rapid.IntRange(1, 3).Draw(t, "depth"), Leaf: rapid.IntRange(1, 5).Draw(t, "leaf"), L2: rapid.Float64Range(0.1, 3).Draw(t, "l2")}
		m := Boost(p, o)
		rows := make([]int, len(p.X))
		for i := range rows {
			rows[i] = i
		}
		for r, round := range m.rounds {
			before := &Trees{start: m.start, rounds: m.rounds[:r], classes: m.classes}
			for k, tr := range round {
				c := &check{o: o, x: p.X, grad: make([]float64, len(rows)), curve: make([]float64, len(rows))}
				for i, x := range p.X {
					says := before.Predict(x)
					switch class := k; {
					case p.Classes == 0:
						c.grad[i], c.curve[i] = says[0]-p.Y[i], 1
						continue
					case p.Classes == 2:
						class = 1
						fallthrough
					default:
						c.grad[i], c.curve[i] = says[class], says[class]*(1-says[class])
						if p.Y[i] == float64(class) {
							c.grad[i]--
						}
					}
				}
				c.node(t, tr, 0, rows, o.Depth)
			}
		}
	})
}

// A value is in a bin up to b if it is not above cut b, with few values or many.
func TestBinsAgreeWithCuts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{1, 7, 300, 900}).Draw(t, "rows")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		coarse := rapid.Float64Range(0, 40).Draw(t, "coarse")
		x := make([][]float64, n)
		for i := range x {
			x[i] = []float64{r.NormFloat64(), math.Round(coarse * r.NormFloat64()), math.Exp(20 * r.NormFloat64())}
		}
		b := newBinned(x)
		for f, cuts := range b.cuts {
			if len(cuts) >= maxBins || !slices.IsSorted(cuts) {
				t.Fatalf("column %d has %d cuts, or out of order", f, len(cuts))
			}
			for i := range x {
				bin := int(b.bins[f][i])
				if bin < len(cuts) && x[i][f] > cuts[bin] || bin > 0 && x[i][f] <= cuts[bin-1] {
					t.Fatalf("column %d: %g is in bin %d of cuts %v", f, x[i][f], bin, cuts)
				}
			}
		}
	})
}

// The rows that go left come first, both sides in their order.
func TestPartKeepsOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bins := rapid.SliceOfN(rapid.Uint8Range(0, 5), 1, 30).Draw(t, "bins")
		at := rapid.IntRange(0, 5).Draw(t, "at")
		b := &booster{x: &binned{bins: [][]uint8{bins}}, spare: make([]int32, len(bins))}
		var rows, left, right []int32
		for i, bin := range bins {
			rows = append(rows, int32(i))
			if int(bin) <= at {
				left = append(left, int32(i))
			} else {
				right = append(right, int32(i))
			}
		}
		n := (&grower{b: b}).part(rows, 0, at)
		if n != len(left) || !slices.Equal(rows, append(left, right...)) {
			t.Fatalf("%v, %d of them left", rows, n)
		}
	})
}

// Without a tree the answer is each class's share, or the mean.
func TestStartIsTheShare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := some(t, rapid.SampledFrom([]int{0, 2, 3, 4}).Draw(t, "classes"))
		want := make([]float64, p.outputs())
		for _, y := range p.Y {
			if p.Classes == 0 {
				want[0] += y / float64(len(p.Y))
			} else {
				want[int(y)]++
			}
		}
		if p.Classes > 0 {
			total := 0.0
			for k := range want {
				want[k] = max(want[k], 0.5) // a class that no row has
				total += want[k]
			}
			for k := range want {
				want[k] /= total
			}
		}
		near(t, "without a tree", Boost(p, Boosting{}).Predict(p.X[0]), want, 1e-12)
	})
}

// solved is a·w = b by elimination with pivots.
func solved(a [][]float64, b []float64) []float64 {
	n := len(b)
	for i := range n {
		top := i
		for r := i; r < n; r++ {
			if math.Abs(a[r][i]) > math.Abs(a[top][i]) {
				top = r
			}
		}
		a[i], a[top], b[i], b[top] = a[top], a[i], b[top], b[i]
		for r := range n {
			if f := a[r][i] / a[i][i]; r != i {
				for c := i; c < n; c++ {
					a[r][c] -= f * a[i][c]
				}
				b[r] -= f * b[i]
			}
		}
	}
	for i := range n {
		b[i] /= a[i][i]
	}
	return b
}

// Ridge regression is its normal equations, with the constant among the columns
// and not penalised.
func TestRidgeAgainstNormalEquations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := some(t, 0)
		alpha := rapid.Float64Range(0.01, 20).Draw(t, "alpha")
		d := len(p.X[0]) + 1
		a, b := make([][]float64, d), make([]float64, d)
		for i := range a {
			a[i] = make([]float64, d)
			if i < d-1 {
				a[i][i] = alpha
			}
		}
		for n, x := range p.X {
			row := append(slices.Clone(x), 1)
			for i, v := range row {
				b[i] += v * p.Y[n]
				for j, w := range row {
					a[i][j] += v * w
				}
			}
		}
		near(t, "weights", Ridge(p, alpha).Weights[0], solved(a, b), 1e-8)
	})
}

// All rows twice with twice the penalty is the same; so are the rows in another
// order.
func TestRowsTwiceAndInAnotherOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := some(t, rapid.SampledFrom([]int{0, 3}).Draw(t, "classes"))
		alpha, fit := rapid.Float64Range(0.1, 5).Draw(t, "alpha"), func(p *Problem, alpha float64) *Linear { return Ridge(p, alpha) }
		if p.Classes > 0 {
			fit = func(p *Problem, alpha float64) *Linear { return Logistic(p, alpha, nil) }
		}
		n := len(p.X)
		order := make([]int, n)
		for i := range order {
			order[i] = i
		}
		order = rapid.Permutation(order).Draw(t, "order")
		twice := p.Pick(append(slices.Clone(order), order...))
		m, mt, mo := fit(p, alpha), fit(twice, 2*alpha), fit(p.Pick(order), alpha)
		for _, x := range p.X {
			near(t, "twice", mt.Predict(x), m.Predict(x), 1e-4)
			near(t, "in another order", mo.Predict(x), m.Predict(x), 1e-4)
		}
	})
}

// The memory's direction is minus the gradient times the matrix that its updates
// write out.
func TestDirectionAgainstTheWholeMatrix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 5).Draw(t, "n")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		vector := func() []float64 {
			v := make([]float64, n)
			for i := range v {
				v[i] = r.NormFloat64()
			}
			return v
		}
		h, zero := &history{}, make([]float64, n)
		for range rapid.IntRange(0, memory+3).Draw(t, "steps") {
			s := vector()
			y := slices.Clone(s)
			for i := range y {
				y[i] *= 1 + float64(i) // the gradient of a bowl
			}
			h.add(zero, s, zero, y)
		}
		if len(h.s) > memory {
			t.Fatalf("%d pairs are kept", len(h.s))
		}
		inverse := make([][]float64, n)
		for i := range inverse {
			inverse[i] = make([]float64, n)
			inverse[i][i] = 1
			if k := len(h.s) - 1; k >= 0 {
				inverse[i][i] = dot(h.s[k], h.y[k]) / dot(h.y[k], h.y[k])
			}
		}
		for k, s := range h.s {
			inverse = updated(inverse, s, h.y[k])
		}
		g := vector()
		got := h.direction(g)
		for i := range got {
			if want := -dot(inverse[i], g); math.Abs(got[i]-want) > 1e-6*max(1, math.Abs(want)) {
				t.Fatalf("entry %d: %g, want %g", i, got[i], want)
			}
		}
	})
}

// updated is the inverse Hessian after a step: (I − ρ·s·yᵀ)·H·(I − ρ·y·sᵀ) + ρ·s·sᵀ.
func updated(h [][]float64, s, y []float64) [][]float64 {
	n, rho := len(s), 1/dot(s, y)
	out := make([][]float64, n)
	for i := range n {
		out[i] = make([]float64, n)
		for j := range n {
			for a := range n {
				for b := range n {
					left, right := -rho*s[i]*y[a], -rho*y[b]*s[j]
					if a == i {
						left++
					}
					if b == j {
						right++
					}
					out[i][j] += left * h[a][b] * right
				}
			}
			out[i][j] += rho * s[i] * s[j]
		}
	}
	return out
}

// Each trial's loss is that of the folds, reckoned one by one, and rows that no
// fold has change no trial.
func TestTrialsAreTheFoldsLosses(t *testing.T) {
	for _, classes := range []int{0, 2} {
		p := drawn(11, 60, 3, classes)
		of := func(from, to int) (all []int) {
			for i := from; i < to; i++ {
				all = append(all, i)
			}
			return all
		}
		two := []data.Fold{{Train: of(0, 30), Test: of(30, 35)}, {Train: of(20, 45), Test: of(0, 10)}}
		_, trials, err := TuneLinear(context.Background(), p, two)
		if err != nil || len(trials) != len(penalties) {
			t.Fatal(len(trials), err)
		}
		for k, a := range penalties {
			want := 0.0
			for _, f := range two {
				m := fitLinear(p.Pick(f.Train), a)
				for _, i := range f.Test {
					want += Loss(m.Predict(p.X[i]), p.Y[i], classes) / 15
				}
			}
			if math.Abs(trials[k].Loss-want) > 1e-9*max(1, want) {
				t.Errorf("%s: loss %g, want %g", trials[k].Setting, trials[k].Loss, want)
			}
		}
		other := p.Pick(of(0, 60))
		for i := 45; i < 60; i++ {
			other.X[i], other.Y[i] = []float64{1e3, -1e3, 7}, 1
		}
		for name, tune := range map[string]func(context.Context, *Problem, []data.Fold) (Model, []Trial, error){"linear": TuneLinear, "trees": treesOf} {
			_, a, err1 := tune(context.Background(), p, two)
			_, b, err2 := tune(context.Background(), other, two)
			if err1 != nil || err2 != nil || !slices.Equal(a, b) {
				t.Errorf("%s: rows outside of all folds show: %v and %v (%v, %v)", name, a, b, err1, err2)
			}
		}
	}
}

// Losses in closed form, and no answer is infinitely wrong.
func TestLoss(t *testing.T) {
	for _, tt := range []struct {
		answer  []float64
		y       float64
		classes int
		want    float64
	}{
		{[]float64{3}, 5, 0, 4}, {[]float64{0.25, 0.75}, 1, 2, -math.Log(0.75)}, {[]float64{1, 0, 0}, 0, 3, 0}, {[]float64{1, 0}, 1, 2, -math.Log(1e-15)},
	} {
		if got := Loss(tt.answer, tt.y, tt.classes); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("%v of %g: %g, want %g", tt.answer, tt.y, got, tt.want)
		}
	}
	p := &Problem{X: [][]float64{{1}, {2}}, Y: []float64{2, 8}}
	if got := MeanLoss(&Linear{Weights: [][]float64{{3, 1}}}, p); got != (4+1)/2.0 {
		t.Errorf("mean loss %g, want 2.5", got)
	}
}

// Probabilities are above 0, add up to 1 and do not change with a shift.
func TestSoftmaxLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SliceOfN(rapid.Float64Range(-300, 300), 2, 6).Draw(t, "scores")
		by := rapid.Float64Range(-1e4, 1e4).Draw(t, "by")
		a, b := slices.Clone(v), slices.Clone(v)
		for i := range b {
			b[i] += by
		}
		softmax(a)
		softmax(b)
		near(t, "shifted", a, b, 1e-9)
		if math.Abs(sum(a)-1) > 1e-12 || slices.Min(a) < 0 {
			t.Fatalf("%v of %v", a, v)
		}
		two := []float64{0, v[0]}
		softmax(two)
		near(t, "of two", answer([]float64{v[0]}, 2), two, 1e-12)
	})
}

// Each item is done once.
func TestEach(t *testing.T) {
	done := make([]atomic.Int32, 100)
	each(len(done), func(i int) { done[i].Add(1) })
	for i := range done {
		if n := done[i].Load(); n != 1 {
			t.Errorf("item %d is done %d times", i, n)
		}
	}
}

// Numbers that are none are refused with their place.
func TestWhatIsNoNumberIsRefused(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		in, out := drawn(1, 9, 3, 0), drawn(1, 9, 3, 0)
		in.X[4][2], out.Y[5] = bad, bad
		for p, want := range map[*Problem]string{in: fmt.Sprintf("row 4, column 2 is %g", bad), out: fmt.Sprintf("row 5 is to answer %g", bad)} {
			if _, _, err := TuneLinear(context.Background(), p, nil); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
		}
	}
}
