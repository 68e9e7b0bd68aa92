package data

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// dealt draws a number of examples with classes, groups and shares.
type dealt struct {
	n               int
	classes, groups []int
	shares          []float64
	seed            uint64
}

func drawDeal(r *tensor.Rand) dealt {
	d := dealt{n: 1 + r.IntN(120), seed: uint64(r.IntN(1 << 40))}
	kinds, groups := 1+r.IntN(6), 1+r.IntN(20)
	for range d.n {
		d.classes = append(d.classes, r.IntN(kinds)*3-4) // any numbers will do
		d.groups = append(d.groups, r.IntN(groups)*1000)
	}
	var sum float64
	for range 1 + r.IntN(4) {
		v := float64(r.IntN(10))
		d.shares, sum = append(d.shares, v), sum+v
	}
	d.shares[0], sum = d.shares[0]+1, sum+1
	for i := range d.shares {
		d.shares[i] /= sum
	}
	return d
}

// eachDeal runs a check on every way to deal many drawn examples.
func eachDeal(t *testing.T, check func(t *testing.T, d dealt, deal Deal, what string)) {
	r := tensor.NewRand(1)
	for range 150 {
		d := drawDeal(r)
		for name, deal := range map[string]Deal{
			"at random": {Seed: d.seed}, "by class": {Classes: d.classes, Seed: d.seed}, "by group": {Groups: d.groups, Seed: d.seed},
			"by both": {Classes: d.classes, Groups: d.groups, Seed: d.seed}, "in order": {InOrder: true},
		} {
			check(t, d, deal, fmt.Sprintf("%d %s, shares %v, seed %d", d.n, name, d.shares, d.seed))
		}
	}
}

// onceEach fails unless parts hold each of 0…n−1 once, sorted.
func onceEach(t *testing.T, what string, n int, parts ...[]int) {
	t.Helper()
	var all []int
	for _, p := range parts {
		if !slices.IsSorted(p) {
			t.Fatalf("%s: %v is not sorted", what, p)
		}
		all = append(all, p...)
	}
	slices.Sort(all)
	if !slices.Equal(all, indices(n)) {
		t.Fatalf("%s: the parts hold %v", what, all)
	}
}

func TestSharesAreAPartition(t *testing.T) {
	eachDeal(t, func(t *testing.T, d dealt, deal Deal, what string) {
		parts, err := deal.Shares(d.n, d.shares...)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if len(parts) != len(d.shares) {
			t.Fatalf("%s: %d parts", what, len(parts))
		}
		onceEach(t, what, d.n, parts...)
		again, _ := deal.Shares(d.n, d.shares...)
		for i := range parts {
			if !slices.Equal(parts[i], again[i]) {
				t.Fatalf("%s: dealt twice, part %d differs", what, i)
			}
			if d.shares[i] == 0 && len(parts[i]) > 0 {
				t.Fatalf("%s: a share of 0 got %d", what, len(parts[i]))
			}
		}
	})
}

// TestSharesAreKept to less than an example, of each class where dealt by class.
func TestSharesAreKept(t *testing.T) {
	eachDeal(t, func(t *testing.T, d dealt, deal Deal, what string) {
		if deal.Groups != nil {
			return // whole groups come as near as they can
		}
		parts, err := deal.Shares(d.n, d.shares...)
		if err != nil {
			t.Fatal(err)
		}
		of := deal.Classes
		if of == nil {
			of = make([]int, d.n)
		}
		total := map[int]int{}
		for _, c := range of {
			total[c]++
		}
		for k, p := range parts {
			have := map[int]int{}
			for _, i := range p {
				have[of[i]]++
			}
			for c, n := range total {
				if want := d.shares[k] * float64(n); math.Abs(float64(have[c])-want) >= 1+1e-9 {
					t.Fatalf("%s: part %d has %d of class %d, want %g", what, k, have[c], c, want)
				}
			}
		}
	})
}

// TestOrderIsKept: what is earlier lies in an earlier part.
func TestOrderIsKept(t *testing.T) {
	eachDeal(t, func(t *testing.T, d dealt, deal Deal, what string) {
		if !deal.InOrder {
			return
		}
		parts, err := deal.Shares(d.n, d.shares...)
		if err != nil {
			t.Fatal(err)
		}
		if all := slices.Concat(parts...); !slices.IsSorted(all) {
			t.Fatalf("%s: %v", what, parts)
		}
	})
}

// TestFoldsArePartitions: the tests of all folds hold each example once, and
// each fold trains on exactly what it does not test on.
func TestFoldsArePartitions(t *testing.T) {
	eachDeal(t, func(t *testing.T, d dealt, deal Deal, what string) {
		k := 2 + int(d.seed%4)
		folds, err := deal.Folds(d.n, k)
		units := d.n
		if deal.Groups != nil {
			units = distinct(d.groups)
		}
		if deal.InOrder {
			units--
		}
		if k > units {
			if err == nil {
				t.Fatalf("%s: %d folds of %d", what, k, units)
			}
			return
		}
		if err != nil {
			t.Fatalf("%s: %d folds: %v", what, k, err)
		}
		var tests [][]int
		for i, f := range folds {
			tests = append(tests, f.Test)
			if deal.InOrder {
				if f.Train[len(f.Train)-1]+1 != f.Test[0] || f.Train[0] != 0 {
					t.Fatalf("%s: fold %d trains up to %d and tests from %d", what, i, f.Train[len(f.Train)-1], f.Test[0])
				}
				continue
			}
			onceEach(t, what, d.n, f.Train, f.Test)
		}
		if len(folds) != k {
			t.Fatalf("%s: %d folds, want %d", what, len(folds), k)
		}
		if !deal.InOrder {
			onceEach(t, what, d.n, tests...)
		}
	})
}

// TestSeedsDealDifferently, and classes are dealt by themselves: adding
// examples of one class must not be needed for another's to be random.
func TestSeedsDealDifferently(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(20) {
		parts, err := Deal{Seed: seed}.Shares(30, 0.5, 0.5)
		if err != nil {
			t.Fatal(err)
		}
		seen[fmt.Sprint(parts[0])] = true
	}
	if len(seen) != 20 {
		t.Errorf("20 seeds deal in %d ways", len(seen))
	}
}

// TestClassWeightsEven: weighted, each class that is there counts alike, and
// all together as much as unweighted.
func TestClassWeightsEven(t *testing.T) {
	r := tensor.NewRand(2)
	for range 200 {
		classes := 1 + r.IntN(8)
		labels := make([]int, 1+r.IntN(60))
		for i := range labels {
			labels[i] = r.IntN(classes+2) - 1 // some of no class
		}
		w := ClassWeights(labels, classes)
		sums := make([]float64, classes)
		n := 0
		for _, l := range labels {
			if l >= 0 && l < classes {
				sums[l] += w[l]
				n++
			}
		}
		var total float64
		part := 0.0
		for l, s := range sums {
			total += s
			if s == 0 {
				if w[l] != 0 {
					t.Fatalf("%v: class %d is not there, weight %g", labels, l, w[l])
				}
				continue
			}
			if part != 0 && math.Abs(s-part) > 1e-9 {
				t.Fatalf("%v: classes count %g and %g", labels, s, part)
			}
			part = s
		}
		if math.Abs(total-float64(n)) > 1e-9 {
			t.Fatalf("%v: all count %g, want %d", labels, total, n)
		}
	}
}

// TestWeightedDrawsRound: an epoch draws each example as often as its weight
// says, rounded up or down, and no other.
func TestWeightedDrawsRound(t *testing.T) {
	r := tensor.NewRand(3)
	for range 60 {
		n := 1 + r.IntN(30)
		weights := make([]float64, n)
		var total float64
		for i := range weights {
			weights[i] = float64(r.IntN(6))
			total += weights[i]
		}
		if total == 0 {
			weights[0], total = 1, 1
		}
		l := &Loader{Data: numbered(n, 1, 1), Batch: 1 + r.IntN(7), Weights: weights, Seed: uint64(r.IntN(1 << 40)), Workers: r.IntN(4) - 1}
		for e := range 3 {
			count := make([]int, n)
			for _, b := range take(t, l, e*l.PerEpoch(), (e+1)*l.PerEpoch()) {
				for _, i := range b.index {
					count[i]++
				}
			}
			for i, c := range count {
				want := weights[i] / total * float64(n)
				if float64(c) < math.Floor(want-1e-9) || float64(c) > math.Ceil(want+1e-9) {
					t.Fatalf("weights %v: example %d comes %d times, want %g rounded", weights, i, c, want)
				}
			}
		}
	}
}

// TestBalancedIsEven on uneven classes.
func TestBalancedIsEven(t *testing.T) {
	var labels []int
	for class, n := range []int{40, 4, 16} {
		labels = append(labels, slices.Repeat([]int{class}, n)...)
	}
	l := &Loader{Data: numbered(60, 1, 1), Weights: Balanced(labels), Batch: 10, Workers: -1}
	for e := range 5 {
		count := make([]int, 3)
		for _, b := range take(t, l, e*6, (e+1)*6) {
			for _, i := range b.index {
				count[labels[i]]++
			}
		}
		for class, c := range count {
			if c < 16 || c > 24 { // 20, each example rounded
				t.Errorf("epoch %d: class %d comes %d times of 60: %v", e, class, c, count)
			}
		}
	}
}
