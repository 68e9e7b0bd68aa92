package look

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// How alike pictures are that count as one: hashes may differ in so many bits,
// the small pictures must correlate so much, and their brightness and contrast
// be as near. A JPEG's loss or another size changes less.
const (
	maxBits     = 4
	minAlike    = 0.995
	maxBrighter = 12  // of 255
	maxContrast = 1.2 // times
)

// bands cut a hash in more pieces than bits may differ, so that pictures alike
// share at least one whole piece, and only those that share one are compared.
var bands = [maxBits + 1]struct{ from, width int }{{0, 13}, {13, 13}, {26, 13}, {39, 13}, {52, 12}}

// mostCompared bounds the comparisons with pictures that share a piece: of flat
// drawings, thousands may.
const mostCompared = 2000

// twins returns the groups of pictures that are the same or look it.
func (s *set) twins() []Twins {
	link := make([]int, len(s.items))
	for i := range link {
		link[i] = i
	}
	for _, b := range bands {
		pieces := map[uint64][]int{}
		for i := range s.items {
			v := s.items[i].seen
			if v == nil {
				continue
			}
			key := v.hash >> b.from & (1<<b.width - 1)
			for _, j := range pieces[key][max(len(pieces[key])-mostCompared, 0):] {
				if root(link, i) != root(link, j) && alike(v, s.items[j].seen) {
					link[root(link, i)] = root(link, j)
				}
			}
			pieces[key] = append(pieces[key], i)
		}
	}
	s.same(link)
	groups := map[int][]int{}
	for i := range link {
		groups[root(link, i)] = append(groups[root(link, i)], i)
	}
	var all []Twins
	for _, g := range groups {
		if len(g) > 1 {
			all = append(all, s.describe(g))
		}
	}
	slices.SortFunc(all, func(a, b Twins) int { return cmp.Or(grave(b)-grave(a), cmp.Compare(a.Files[0], b.Files[0])) })
	return all
}

// grave ranks what twins spoil: a test, labels, or nothing much.
func grave(t Twins) int {
	n := 0
	if t.Across {
		n += 2
	}
	if t.Torn {
		n++
	}
	return n
}

// same joins files of the same bytes, blank ones included.
func (s *set) same(link []int) {
	first := map[[32]byte]int{}
	for i := range s.items {
		if v := s.items[i].seen; v != nil {
			if j, ok := first[v.sum]; ok {
				link[root(link, i)] = root(link, j)
			} else {
				first[v.sum] = i
			}
		}
	}
}

// root finds the group of i.
func root(link []int, i int) int {
	for link[i] != i {
		link[i] = link[link[i]]
		i = link[i]
	}
	return i
}

// alike tells whether two pictures look the same. Blank ones never do.
func alike(a, b *seen) bool {
	if bits.OnesCount64(a.hash^b.hash) > maxBits || math.Abs(a.mean-b.mean) > maxBrighter ||
		a.contrast > maxContrast*b.contrast || b.contrast > maxContrast*a.contrast {
		return false
	}
	var sum float32
	for i, v := range a.small {
		sum += v * b.small[i]
	}
	return sum >= minAlike
}

// describe tells what a group has in common.
func (s *set) describe(group []int) Twins {
	t := Twins{Exact: true}
	first := &s.items[group[0]]
	for _, i := range group {
		it := &s.items[i]
		t.Files = append(t.Files, s.relative(it.file))
		t.Exact = t.Exact && it.seen.sum == first.seen.sum
		t.Across = t.Across || it.part != first.part
		t.Torn = t.Torn || it.class != first.class
	}
	return t
}
