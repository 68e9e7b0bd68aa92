package baseline

import (
	"context"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/internal/par"
	"github.com/limpid-ml/limpid/tensor"
)

// some draws a small table.
func some(t *rapid.T, classes int) *Problem {
	return drawn(uint64(rapid.IntRange(0, 1000).Draw(t, "seed")), rapid.IntRange(8, 60).Draw(t, "rows"), rapid.IntRange(2, 5).Draw(t, "columns"), classes)
}

// moved returns p with each column changed by f.
func moved(p *Problem, f func(column int, v float64) float64) *Problem {
	out := &Problem{Y: p.Y, Classes: p.Classes}
	for _, x := range p.X {
		row := make([]float64, len(x))
		for i, v := range x {
			row[i] = f(i, v)
		}
		out.X = append(out.X, row)
	}
	return out
}

func near(t *rapid.T, what string, a, b []float64, most float64) {
	t.Helper()
	for k := range a {
		if !(math.Abs(a[k]-b[k]) <= most) {
			t.Fatalf("%s: %v and %v", what, a, b)
		}
	}
}

// A line answers the same wherever the columns' zeros are, in proportion to what
// it learns, and with the mean where the penalty is endless.
func TestRidgeLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := some(t, 0)
		alpha := rapid.Float64Range(0.01, 10).Draw(t, "alpha")
		shifted := moved(p, func(c int, v float64) float64 { return v + 3*float64(c+1) })
		twice := &Problem{X: p.X, Y: make([]float64, len(p.Y))}
		for i, y := range p.Y {
			twice.Y[i] = 2*y + 1
		}
		m, ms, mt, flat := Ridge(p, alpha), Ridge(shifted, alpha), Ridge(twice, alpha), Ridge(p, 1e12)
		_, mean := means(p)
		for i, x := range p.X {
			a := m.Predict(x)
			near(t, "shifted", ms.Predict(shifted.X[i]), a, 1e-8)
			near(t, "twice", mt.Predict(x), []float64{2*a[0] + 1}, 1e-8)
			near(t, "flat", flat.Predict(x), []float64{mean}, 1e-6)
		}
	})
}

// No step from the weights that logistic regression found makes its loss less,
// and with an endless penalty it answers with each class's share.
func TestLogisticIsLeast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := some(t, rapid.IntRange(2, 4).Draw(t, "classes"))
		m := Logistic(p, 0.5, nil)
		var w []float64
		for _, row := range m.Weights {
			w = append(w, row...)
		}
		grad := make([]float64, len(w))
		loss := logistic(p, 0.5, w, grad)
		r := tensor.NewRand(1)
		for range 10 {
			other := make([]float64, len(w))
			for i := range w {
				other[i] = w[i] + 0.1*(r.Float64()-0.5)
			}
			if l := logistic(p, 0.5, other, grad); l < loss-1e-7 {
				t.Fatalf("%g beside %g", l, loss)
			}
		}
		shares := make([]float64, p.Classes)
		for _, y := range p.Y {
			shares[int(y)] += 1 / float64(len(p.Y))
		}
		near(t, "shares", Logistic(p, 1e9, nil).Predict(p.X[0]), shares, 1e-4)
	})
}

// Going on from where a fit ended changes nothing.
func TestLogisticGoesOn(t *testing.T) {
	p := drawn(3, 60, 3, 3)
	m := Logistic(p, 1, nil)
	again := Logistic(p, 1, m)
	for c := range m.Weights {
		for i, w := range m.Weights[c] {
			if math.Abs(w-again.Weights[c][i]) > 1e-5 {
				t.Fatalf("weight %d of class %d: %g, then %g", i, c, w, again.Weights[c][i])
			}
		}
	}
}

// A solution of a·w = b, multiplied by a, is b.
func TestCholesky(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "n")
		r := tensor.NewRand(uint64(rapid.IntRange(0, 999).Draw(t, "seed")))
		root, b := make([][]float64, n), make([]float64, n)
		for i := range root {
			b[i] = r.Float64()
			for range n {
				root[i] = append(root[i], r.Float64()-0.5)
			}
		}
		a, kept := make([][]float64, n), make([][]float64, n)
		for i := range a {
			for j := range n {
				v := dot(root[i], root[j])
				if i == j {
					v += 0.5
				}
				a[i], kept[i] = append(a[i], v), append(kept[i], v)
			}
		}
		w := cholesky(a, b)
		for i := range b {
			near(t, "product", []float64{dot(kept[i], w)}, []float64{b[i]}, 1e-9)
		}
	})
}

// Trees ask whether a value is above another, so that how a column is scaled
// does not matter; each leaf has its rows; none is deeper than allowed; and every
// round lowers the training loss or leaves it.
func TestTreeLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := some(t, rapid.SampledFrom([]int{0, 2, 3}).Draw(t, "classes"))
		o := Boosting{Rounds: 6, Rate: 0.3, Depth: rapid.IntRange(1, 4).Draw(t, "depth"), Leaf: rapid.IntRange(1, 6).Draw(t, "leaf"), L2: 1}
		m := Boost(p, o)
		cubed := moved(p, func(_ int, v float64) float64 { return 5*v*v*v + v })
		mc := Boost(cubed, o)
		for i, x := range p.X {
			near(t, "scaled", mc.Predict(cubed.X[i]), m.Predict(x), 1e-12)
		}
		for _, round := range m.rounds {
			for _, tree := range round {
				tree.walk(t, 0, p.X, o)
			}
		}
		last := math.Inf(1)
		for r := range m.rounds {
			part := &Trees{start: m.start, rounds: m.rounds[:r+1], classes: m.classes}
			l := MeanLoss(part, p)
			if l > last+1e-12 {
				t.Fatalf("round %d raises the loss from %g to %g", r, last, l)
			}
			last = l
		}
	})
}

// walk checks the node that the rows x come to, and all below it.
func (tr tree) walk(t *rapid.T, node int, x [][]float64, o Boosting) {
	n := tr[node]
	if n.left == 0 {
		if len(x) < o.Leaf {
			t.Fatalf("a leaf has %d rows", len(x))
		}
		return
	}
	if o.Depth == 0 {
		t.Fatal("the tree is too deep")
	}
	var left, right [][]float64
	for _, row := range x {
		if row[n.feature] <= n.at {
			left = append(left, row)
		} else {
			right = append(right, row)
		}
	}
	o.Depth--
	tr.walk(t, n.left, left, o)
	tr.walk(t, n.right, right, o)
}

// A search comes to the same bits on one core and on many.
func TestSearchOnAnyNumberOfCores(t *testing.T) {
	p := drawn(9, 60, 3, 2)
	var first Model
	for _, n := range []int{1, 3} {
		old := par.Workers()
		par.SetWorkers(n)
		m, trials, err := TuneTrees(context.Background(), p, folds(t, 60), 100)
		par.SetWorkers(old)
		if err != nil || len(trials) != len(depths)*len(rates)*len(leaves) {
			t.Fatal(len(trials), err)
		}
		if first == nil {
			first = m
			continue
		}
		for _, x := range p.X {
			if a, b := first.Predict(x)[1], m.Predict(x)[1]; a != b {
				t.Fatalf("%v on one core, %v on three", a, b)
			}
		}
	}
}
