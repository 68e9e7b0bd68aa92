package data

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/limpid-ml/limpid/tensor"
)

// Deal says how examples are dealt into parts or folds. The zero value deals
// at random; the same fields deal the same way.
type Deal struct {
	// Classes has the class of each example. Each class is dealt by itself, so
	// that all parts have about the same shares of it (stratified).
	Classes []int
	// Groups has the group of each example: a patient, a user, a scene. A group
	// is never divided, so that no part has seen another's.
	Groups []int
	// InOrder leaves the examples in order, the earliest first: what is known
	// at a time must not come from a later one. Folds then test on each stretch
	// after training on all before it.
	InOrder bool
	Seed    uint64
}

// Fold is a division of examples for cross-validation, as indices.
type Fold struct{ Train, Test []int }

func (d Deal) check(n int) error {
	switch {
	case n < 1:
		return fmt.Errorf("data: deal: there are no examples")
	case d.Classes != nil && len(d.Classes) != n:
		return fmt.Errorf("data: deal: %d classes for %d examples, want one each", len(d.Classes), n)
	case d.Groups != nil && len(d.Groups) != n:
		return fmt.Errorf("data: deal: %d groups for %d examples, want one each", len(d.Groups), n)
	case d.InOrder && (d.Classes != nil || d.Groups != nil):
		return fmt.Errorf("data: deal: InOrder keeps the order, and so cannot keep classes even or groups whole: leave out one or the other")
	}
	return nil
}

// Shares deals n examples into parts in the given shares, which must add up to
// 1. Indices are sorted. A part differs from its share by less than an example
// (a class's part by less than one of that class); whole groups come as near as
// their sizes let them.
func (d Deal) Shares(n int, shares ...float64) ([][]int, error) {
	if err := d.check(n); err != nil {
		return nil, err
	}
	var sum float64
	for _, s := range shares {
		if !(s >= 0) {
			return nil, fmt.Errorf("data: deal: share %g, want 0 or more", s)
		}
		sum += s
	}
	if sum < 1-1e-9 || sum > 1+1e-9 {
		return nil, fmt.Errorf("data: deal: the shares %v add up to %g, want 1", shares, sum)
	}
	return d.deal(n, shares), nil
}

// Folds deals n examples into k parts and returns the k divisions that test on
// one part and train on the others; in order, the k divisions that test on a
// stretch and train on what comes before it, of k+1 stretches.
func (d Deal) Folds(n, k int) ([]Fold, error) {
	if err := d.check(n); err != nil {
		return nil, err
	}
	if d.InOrder {
		return foldsInOrder(n, k)
	}
	units := n
	if d.Groups != nil {
		units = distinct(d.Groups)
	}
	if k < 2 || k > units {
		return nil, fmt.Errorf("data: deal: %d folds, want 2 to %d: as many as there are examples or groups", k, units)
	}
	parts := d.deal(n, slices.Repeat([]float64{1 / float64(k)}, k))
	folds := make([]Fold, k)
	for i := range folds {
		folds[i].Test = parts[i]
		for j, p := range parts {
			if j != i {
				folds[i].Train = append(folds[i].Train, p...)
			}
		}
		slices.Sort(folds[i].Train)
	}
	return folds, nil
}

func foldsInOrder(n, k int) ([]Fold, error) {
	if k < 1 || k+1 > n {
		return nil, fmt.Errorf("data: deal: %d folds in order, want 1 to %d", k, n-1)
	}
	all := indices(n)
	size := n / (k + 1)
	folds := make([]Fold, k)
	for i := range folds {
		from := n - (k-i)*size // the first stretch takes what is left over
		folds[i] = Fold{Train: all[:from:from], Test: all[from : from+size : from+size]}
	}
	return folds, nil
}

func indices(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func distinct(v []int) int { return len(slices.Compact(slices.Sorted(slices.Values(v)))) }

// deal returns the parts.
func (d Deal) deal(n int, shares []float64) [][]int {
	parts := make([][]int, len(shares))
	r := tensor.NewRand(d.Seed)
	switch {
	case d.InOrder:
		cut(parts, indices(n), shares, nil)
	case d.Groups != nil:
		d.dealGroups(parts, n, shares, r)
	case d.Classes != nil:
		debt := make([]float64, len(shares))
		for _, members := range d.byClass(r.Perm(n)) {
			cut(parts, members, shares, debt)
		}
	default:
		cut(parts, r.Perm(n), shares, nil)
	}
	for i := range parts {
		slices.Sort(parts[i])
	}
	return parts
}

// byClass returns the examples of each class in the order given, the classes
// sorted.
func (d Deal) byClass(order []int) [][]int {
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(d.Classes[i], d.Classes[j]) })
	var all [][]int
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && d.Classes[order[to]] == d.Classes[order[from]] {
			to++
		}
		all = append(all, order[from:to])
		from = to
	}
	return all
}

// cut gives each part its share of members, rounded down, and those left over
// to the parts that are furthest behind. debt, if not nil, carries what parts
// are behind from one class to the next, so that small classes do not all round
// the same way.
func cut(parts [][]int, members []int, shares, debt []float64) {
	if debt == nil {
		debt = make([]float64, len(shares))
	}
	take := make([]int, len(shares))
	left := len(members)
	behind := make([]float64, len(shares))
	for i, s := range shares {
		exact := s * float64(len(members))
		take[i] = int(exact + 1e-9)
		left -= take[i]
		behind[i] = exact - float64(take[i])
	}
	for ; left > 0; left-- {
		most := -1
		for i := range shares {
			if behind[i] > 1e-9 && (most < 0 || debt[i]+behind[i] > debt[most]+behind[most]+1e-9) {
				most = i
			}
		}
		take[most]++
		behind[most]--
	}
	for i := range shares {
		debt[i] += behind[i]
		parts[i] = append(parts[i], members[:take[i]]...)
		members = members[take[i]:]
	}
}

// group is examples that stay together.
type group struct {
	members []int
	classes map[int]int // how many of each
}

// dealGroups deals the largest groups first, each to the part that lacks most
// of what the group has.
func (d Deal) dealGroups(parts [][]int, n int, shares []float64, r *tensor.Rand) {
	groups := d.groups(r.Perm(n))
	want := make([]map[int]float64, len(shares)) // of each class; all are one where Classes is nil
	total := map[int]int{}
	for i := range n {
		total[d.class(i)]++
	}
	for i, s := range shares {
		want[i] = map[int]float64{}
		for c, k := range total {
			want[i][c] = s * float64(k)
		}
	}
	for _, g := range groups {
		best := 0
		for i := range shares {
			if d.better(g, want[i], want[best], shares[i], shares[best], total) {
				best = i
			}
		}
		for c, k := range g.classes {
			want[best][c] -= float64(k)
		}
		parts[best] = append(parts[best], g.members...)
	}
}

func (d Deal) class(i int) int {
	if d.Classes == nil {
		return 0
	}
	return d.Classes[i]
}

// groups returns the groups, the largest first, those of one size in order of
// their first member in order.
func (d Deal) groups(order []int) []*group {
	by := map[int]*group{}
	var all []*group
	for _, i := range order {
		g := by[d.Groups[i]]
		if g == nil {
			g = &group{classes: map[int]int{}}
			by[d.Groups[i]] = g
			all = append(all, g)
		}
		g.members = append(g.members, i)
		g.classes[d.class(i)]++
	}
	slices.SortStableFunc(all, func(a, b *group) int { return cmp.Compare(len(b.members), len(a.members)) })
	return all
}

// better tells whether a part that lacks a needs g more than one that lacks b:
// by what is lacking of g's classes, each as a share of its total, then of its
// own share.
func (d Deal) better(g *group, a, b map[int]float64, shareA, shareB float64, total map[int]int) bool {
	if shareA == 0 {
		return false
	}
	if shareB == 0 {
		return true
	}
	na, nb := need(g, a, total), need(g, b, total)
	if na > nb+1e-12 {
		return true
	}
	return na > nb-1e-12 && shareA < shareB-1e-12 && na > 0
}

// need sums, over g's classes, what is lacking: of each as a share of its
// total, weighted by g's number of it. Sorted, so that the sum has one order.
func need(g *group, lacks map[int]float64, total map[int]int) float64 {
	classes := make([]int, 0, len(g.classes))
	for c := range g.classes {
		classes = append(classes, c)
	}
	slices.Sort(classes)
	var sum float64
	for _, c := range classes {
		sum += float64(g.classes[c]) * lacks[c] / float64(total[c])
	}
	return sum
}
