package baseline

import (
	"math"
	"slices"
	"sort"
)

// maxBins bounds the values of a feature that a tree can tell apart.
const maxBins = 255

// binned is X with each value replaced by the number of its bin.
type binned struct {
	cuts [][]float64 // of each feature, between bins: v ≤ cuts[b] is in a bin up to b
	bins [][]uint8   // of each feature, each row's
}

// newBinned puts cuts half-way between neighbouring values, or between evenly
// spread ranks where there are more values than bins.
func newBinned(x [][]float64) *binned {
	b := &binned{}
	for f := range x[0] {
		values := make([]float64, len(x))
		for i := range x {
			values[i] = x[i][f]
		}
		cuts := cutsOf(values)
		bins := make([]uint8, len(x))
		for i := range x {
			bins[i] = uint8(sort.SearchFloat64s(cuts, x[i][f]))
		}
		b.cuts, b.bins = append(b.cuts, cuts), append(b.bins, bins)
	}
	return b
}

func cutsOf(values []float64) []float64 {
	sorted := slices.Sorted(slices.Values(values))
	different := slices.Compact(slices.Clone(sorted))
	var cuts []float64
	if len(different) <= maxBins {
		for i := 1; i < len(different); i++ {
			cuts = append(cuts, middle(different[i-1], different[i]))
		}
		return cuts
	}
	for q := 1; q < maxBins; q++ {
		i := q * len(sorted) / maxBins
		if sorted[i-1] < sorted[i] {
			cuts = append(cuts, middle(sorted[i-1], sorted[i]))
		} else if k := sort.SearchFloat64s(sorted, sorted[i]); k > 0 { // many are alike: cut below them
			cuts = append(cuts, middle(sorted[k-1], sorted[k]))
		}
	}
	return slices.Compact(cuts)
}

// middle is between two numbers, and below the greater.
func middle(a, b float64) float64 {
	if m := a + (b-a)/2; m < b {
		return m
	}
	return a
}

// booster is boosting at work.
type booster struct {
	o      Boosting
	p      *Problem
	x      *binned
	model  *Trees
	scores [][]float64 // of each output, each row's
	grad   []float64   // of the loss by the score, of one output
	curve  []float64   // the second derivative
	rows   []int32
	spare  []int32
	sums   [maxBins]sums
}

// sums are over the rows of a bin.
type sums struct {
	grad, curve float64
	rows        int
}

func newBooster(p *Problem, o Boosting) *booster {
	n := len(p.X)
	b := &booster{o: o, p: p, x: newBinned(p.X), model: &Trees{start: startOf(p), classes: p.Classes},
		grad: make([]float64, n), curve: make([]float64, n), rows: make([]int32, n), spare: make([]int32, n)}
	for _, s := range b.model.start {
		b.scores = append(b.scores, slices.Repeat([]float64{s}, n))
	}
	return b
}

// startOf are the scores that fit best if all rows get the same.
func startOf(p *Problem) []float64 {
	n := float64(len(p.Y))
	if p.Classes == 0 {
		_, mean := means(p)
		return []float64{mean}
	}
	counts := make([]float64, p.Classes)
	for _, y := range p.Y {
		counts[int(y)]++
	}
	const none = 0.5 // rows of a class that no row has: log 0 is not finite
	for k := range counts {
		counts[k] = math.Log(max(counts[k], none) / n)
	}
	if p.Classes == 2 {
		return []float64{counts[1] - counts[0]}
	}
	return counts
}

// round grows a tree for each output, all from the same scores.
func (b *booster) round() []tree {
	k := len(b.scores)
	trees := make([]tree, k)
	chance := b.chances()
	for out := range k {
		b.slopes(out, chance)
		for i := range b.rows {
			b.rows[i] = int32(i)
		}
		g := grower{b: b}
		g.grow(b.rows, b.o.Depth, func(rows []int32, value float64) {
			for _, i := range rows {
				b.scores[out][i] += value
			}
		})
		trees[out] = g.tree
	}
	b.model.rounds = append(b.model.rounds, trees)
	return trees
}

// chances are each row's answers at the present scores; nil for numbers.
func (b *booster) chances() [][]float64 {
	if b.p.Classes == 0 {
		return nil
	}
	all := make([][]float64, len(b.p.Y))
	for i := range all {
		scores := make([]float64, len(b.scores))
		for k := range scores {
			scores[k] = b.scores[k][i]
		}
		all[i] = answer(scores, b.p.Classes)
	}
	return all
}

// slopes fills in the derivatives of the loss by the scores of one output.
func (b *booster) slopes(out int, chance [][]float64) {
	for i, y := range b.p.Y {
		if chance == nil {
			b.grad[i], b.curve[i] = b.scores[0][i]-y, 1
			continue
		}
		class := out
		if b.p.Classes == 2 {
			class = 1
		}
		p := chance[i][class]
		b.grad[i], b.curve[i] = p, p*(1-p)
		if int(y) == class {
			b.grad[i]--
		}
	}
}

// grower grows one tree.
type grower struct {
	b    *booster
	tree tree
}

// leastCurve is the curvature that each side of a split must have: where all
// answers are sure there is nothing to learn.
const leastCurve = 1e-3

// grow adds a node for the rows, and what is below it, and returns its place.
// It calls leaf with the rows of each leaf. Rows are put into another order.
func (g *grower) grow(rows []int32, depth int, leaf func(rows []int32, value float64)) int {
	place := len(g.tree)
	g.tree = append(g.tree, node{})
	var all sums
	for _, i := range rows {
		all.grad, all.curve = all.grad+g.b.grad[i], all.curve+g.b.curve[i]
	}
	all.rows = len(rows)
	feature, bin := -1, 0
	if depth > 0 && len(rows) >= 2*g.b.o.Leaf {
		feature, bin = g.split(rows, all)
	}
	if feature < 0 {
		value := -g.b.o.Rate * all.grad / (all.curve + g.b.o.L2)
		g.tree[place].value = value
		leaf(rows, value)
		return place
	}
	n := g.part(rows, feature, bin)
	left := g.grow(rows[:n], depth-1, leaf)
	right := g.grow(rows[n:], depth-1, leaf)
	g.tree[place] = node{feature: feature, at: g.b.x.cuts[feature][bin], left: left, right: right}
	return place
}

// split returns the feature and the bin up to which rows go left that lower the
// loss most; −1 if none does.
func (g *grower) split(rows []int32, all sums) (feature, bin int) {
	o := &g.b.o
	feature = -1
	best := 0.0
	whole := all.grad * all.grad / (all.curve + o.L2)
	for f, cuts := range g.b.x.cuts {
		if len(cuts) == 0 {
			continue
		}
		bins := g.b.sums[:len(cuts)+1]
		g.b.count(bins, g.b.x.bins[f], rows)
		var left sums
		for c := range cuts {
			left.grad, left.curve, left.rows = left.grad+bins[c].grad, left.curve+bins[c].curve, left.rows+bins[c].rows
			right := sums{all.grad - left.grad, all.curve - left.curve, all.rows - left.rows}
			if right.rows < o.Leaf || right.curve < leastCurve {
				break
			}
			if left.rows < o.Leaf || left.curve < leastCurve || bins[c].rows == 0 {
				continue
			}
			gain := left.grad*left.grad/(left.curve+o.L2) + right.grad*right.grad/(right.curve+o.L2) - whole
			if gain > best {
				feature, bin, best = f, c, gain
			}
		}
	}
	return feature, bin
}

// count sums up the rows by bin.
func (b *booster) count(to []sums, bins []uint8, rows []int32) {
	clear(to)
	for _, i := range rows {
		s := &to[bins[i]]
		s.grad += b.grad[i]
		s.curve += b.curve[i]
		s.rows++
	}
}

// part moves the rows that go left to the front, both sides in order, and
// returns how many there are.
func (g *grower) part(rows []int32, feature, bin int) int {
	bins, spare := g.b.x.bins[feature], g.b.spare[:0]
	n := 0
	for _, i := range rows {
		if int(bins[i]) <= bin {
			rows[n] = i
			n++
		} else {
			spare = append(spare, i)
		}
	}
	copy(rows[n:], spare)
	return n
}
