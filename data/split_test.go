package data

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// partition fails unless parts hold 0…n−1, each once and sorted.
func partition(t interface{ Fatalf(string, ...any) }, parts [][]int, n int) {
	seen := make([]bool, n)
	total := 0
	for _, p := range parts {
		if !slices.IsSorted(p) {
			t.Fatalf("%v is not sorted", p)
		}
		for _, i := range p {
			if i < 0 || i >= n || seen[i] {
				t.Fatalf("%v: %d is out of range or there twice", parts, i)
			}
			seen[i] = true
			total++
		}
	}
	if total != n {
		t.Fatalf("%v holds %d of %d", parts, total, n)
	}
}

func drawShares(t *rapid.T) []float64 {
	raw := rapid.SliceOfN(rapid.IntRange(0, 10), 1, 5).Draw(t, "shares")
	sum := 0
	for _, v := range raw {
		sum += v
	}
	if sum == 0 {
		raw[0], sum = 1, 1
	}
	shares := make([]float64, len(raw))
	for i, v := range raw {
		shares[i] = float64(v) / float64(sum)
	}
	return shares
}

func TestSharesOfClasses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		classes := rapid.SliceOfN(rapid.IntRange(-1, 4), 1, 80).Draw(t, "classes")
		shares := drawShares(t)
		d := Deal{Classes: classes, Seed: rapid.Uint64().Draw(t, "seed")}
		parts, err := d.Shares(len(classes), shares...)
		if err != nil {
			t.Fatal(err)
		}
		partition(t, parts, len(classes))
		total := map[int]int{}
		for _, c := range classes {
			total[c]++
		}
		for k, p := range parts {
			have := map[int]int{}
			for _, i := range p {
				have[classes[i]]++
			}
			for c, n := range total {
				if off := float64(have[c]) - shares[k]*float64(n); math.Abs(off) >= 1 {
					t.Fatalf("part %d has %d of class %d's %d, share %g", k, have[c], c, n, shares[k])
				}
			}
		}
		again, _ := d.Shares(len(classes), shares...)
		if !slices.EqualFunc(parts, again, slices.Equal) {
			t.Fatalf("the same deal came out otherwise")
		}
	})
}

func TestGroupsStayWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		groups := rapid.SliceOfN(rapid.IntRange(0, 12), 2, 80).Draw(t, "groups")
		d := Deal{Groups: groups, Seed: rapid.Uint64().Draw(t, "seed")}
		if rapid.Bool().Draw(t, "stratified") {
			d.Classes = rapid.SliceOfN(rapid.IntRange(0, 3), len(groups), len(groups)).Draw(t, "classes")
		}
		parts, err := d.Shares(len(groups), drawShares(t)...)
		if err != nil {
			t.Fatal(err)
		}
		partition(t, parts, len(groups))
		home := map[int]int{}
		for k, p := range parts {
			for _, i := range p {
				if h, ok := home[groups[i]]; ok && h != k {
					t.Fatalf("group %d is in parts %d and %d", groups[i], h, k)
				}
				home[groups[i]] = k
			}
		}
	})
}

func TestFolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(4, 60).Draw(t, "n")
		d := Deal{Seed: rapid.Uint64().Draw(t, "seed")}
		most := n
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 1:
			d.Classes = rapid.SliceOfN(rapid.IntRange(0, 3), n, n).Draw(t, "classes")
		case 2:
			d.Groups = rapid.SliceOfN(rapid.IntRange(0, 20), n, n).Draw(t, "groups")
			most = distinct(d.Groups)
		}
		k := rapid.IntRange(2, 8).Draw(t, "k")
		folds, err := d.Folds(n, k)
		if k > most {
			if err == nil {
				t.Fatalf("%d folds of %d", k, most)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		var tests [][]int
		for _, f := range folds {
			if len(f.Test) == 0 || len(f.Train) == 0 {
				t.Fatalf("an empty fold: %v", folds)
			}
			partition(t, [][]int{f.Train, f.Test}, n)
			tests = append(tests, f.Test)
		}
		partition(t, tests, n)
	})
}

// TestFoldsInOrder: nothing is tested by what came later. The values are
// scikit-learn 1.4.2's TimeSeriesSplit(n_splits=3).split(range(10)).
func TestFoldsInOrder(t *testing.T) {
	folds, err := Deal{InOrder: true}.Folds(10, 3)
	if err != nil {
		t.Fatal(err)
	}
	want := []Fold{
		{[]int{0, 1, 2, 3}, []int{4, 5}},
		{[]int{0, 1, 2, 3, 4, 5}, []int{6, 7}},
		{[]int{0, 1, 2, 3, 4, 5, 6, 7}, []int{8, 9}},
	}
	for i, f := range folds {
		if !slices.Equal(f.Train, want[i].Train) || !slices.Equal(f.Test, want[i].Test) {
			t.Errorf("fold %d is %v, want %v", i, f, want[i])
		}
	}
	parts, err := Deal{InOrder: true}.Shares(10, .7, .2, .1)
	if err != nil || !slices.Equal(parts[0], indices(7)) || !slices.Equal(parts[1], []int{7, 8}) || !slices.Equal(parts[2], []int{9}) {
		t.Errorf("%v, %v", parts, err)
	}
}

// TestSmallClassesDoNotAllRoundTheSameWay: with a hundred classes of two, a
// tenth of the examples still goes to the tenth.
func TestSmallClassesDoNotAllRoundTheSameWay(t *testing.T) {
	classes := make([]int, 200)
	for i := range classes {
		classes[i] = i / 2
	}
	parts, err := Deal{Classes: classes, Seed: 3}.Shares(200, .7, .2, .1)
	if err != nil {
		t.Fatal(err)
	}
	for k, want := range []int{140, 40, 20} {
		if got := len(parts[k]); got < want-1 || got > want+1 {
			t.Errorf("part %d has %d, want %d", k, got, want)
		}
	}
}

func TestDealErrors(t *testing.T) {
	for _, c := range []struct {
		d      Deal
		n      int
		shares []float64
		want   string
	}{
		{Deal{}, 0, []float64{1}, "no examples"},
		{Deal{Classes: []int{1}}, 2, []float64{1}, "1 classes for 2"},
		{Deal{Groups: []int{1}}, 2, []float64{1}, "1 groups for 2"},
		{Deal{InOrder: true, Groups: []int{1, 2}}, 2, []float64{1}, "InOrder"},
		{Deal{}, 2, []float64{.5, .6}, "want 1"},
		{Deal{}, 2, []float64{-.5, 1.5}, "share -0.5"},
		{Deal{}, 2, []float64{math.NaN()}, "NaN"},
	} {
		_, err := c.d.Shares(c.n, c.shares...)
		wantError(t, err, c.want)
	}
	_, err := Deal{}.Folds(3, 4)
	wantError(t, err, "4 folds", "2 to 3")
	_, err = Deal{InOrder: true}.Folds(3, 3)
	wantError(t, err, "3 folds in order")
}
