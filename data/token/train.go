package token

import (
	"container/heap"
	"fmt"
	"io"
	"maps"
	"slices"
)

// BPEOptions says how a [BPE] is learnt.
type BPEOptions struct {
	Size     int      // tokens at most: special ones, 256 bytes and merges
	MinCount int      // a pair that is rarer is not joined; 0: 2
	Special  []string // the special tokens
}

// TrainBPE learns from the text in r: again and again it joins the two tokens
// that stand next to each other most often, of those of one count the pair with
// the lowest numbers. No token crosses from a word to the next.
func TrainBPE(r io.Reader, o BPEOptions) (*BPE, error) {
	s := slices.Clone(specials(o.Special))
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	if least := len(s) + 256; o.Size < least {
		return nil, fmt.Errorf("token: a size of %d, want at least %d: %d special tokens and 256 bytes", o.Size, least, len(s))
	}
	text, err := readText(r)
	if err != nil {
		return nil, err
	}
	t := newTrainer(text, int32(len(s)))
	minCount := int64(max(o.MinCount, 1))
	if o.MinCount == 0 {
		minCount = 2
	}
	merges := t.learn(o.Size-len(s)-256, minCount)
	c, err := newBPE(s, merges)
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	return c, nil
}

// trainer holds the pieces of a text and counts their pairs.
type trainer struct {
	words  [][]int32 // each distinct piece, as tokens
	counts []int64   // how often the text has it
	sizes  []int32   // bytes of each token
	first  int32     // number of byte 0
	pairs  map[uint64]*pairInfo
	queue  pairHeap
}

// pairInfo is how often a pair stands in the text, and in which words it has
// stood.
type pairInfo struct {
	count int64
	words []int32
	dirty bool // its count has changed in this round
}

func newTrainer(text string, firstByte int32) *trainer {
	pieces := map[string]int64{}
	for len(text) > 0 {
		n := pieceEnd(text)
		pieces[text[:n]]++
		text = text[n:]
	}
	t := &trainer{first: firstByte, sizes: slices.Repeat([]int32{1}, 256), pairs: map[uint64]*pairInfo{}}
	for _, p := range slices.Sorted(maps.Keys(pieces)) {
		word := make([]int32, len(p))
		for i := range len(p) {
			word[i] = firstByte + int32(p[i])
		}
		t.words = append(t.words, word)
		t.counts = append(t.counts, pieces[p])
		t.add(int32(len(t.words)-1), 1, nil)
	}
	for key, info := range t.pairs {
		t.queue = append(t.queue, ranked{info.count, key})
	}
	heap.Init(&t.queue)
	return t
}

// add counts the pairs of a word sign times. It notes in changed those whose
// counts it changes.
func (t *trainer) add(w int32, sign int64, changed []uint64) []uint64 {
	word := t.words[w]
	for i := range len(word) - 1 {
		key := pair(word[i], word[i+1])
		info := t.pairs[key]
		if info == nil {
			info = &pairInfo{}
			t.pairs[key] = info
		}
		info.count += sign * t.counts[w]
		if n := len(info.words); sign > 0 && (n == 0 || info.words[n-1] != w) {
			info.words = append(info.words, w)
		}
		if !info.dirty && changed != nil {
			info.dirty = true
			changed = append(changed, key)
		}
	}
	return changed
}

// ranked is a pair and the count it had when it was put into the queue.
type ranked struct {
	count int64
	key   uint64
}

// pairHeap has the most frequent pair first, of those of one count the lowest.
type pairHeap []ranked

func (h pairHeap) Len() int      { return len(h) }
func (h pairHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h pairHeap) Less(i, j int) bool {
	return h[i].count > h[j].count || h[i].count == h[j].count && h[i].key < h[j].key
}
func (h *pairHeap) Push(x any) { *h = append(*h, x.(ranked)) }
func (h *pairHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// learn returns up to n merges of pairs that stand there minCount times.
func (t *trainer) learn(n int, minCount int64) (merges [][2]int32) {
	changed := make([]uint64, 0, 256)
	for len(merges) < n && len(t.queue) > 0 {
		top := heap.Pop(&t.queue).(ranked)
		info := t.pairs[top.key]
		if info == nil || info.count != top.count {
			continue // an entry of before its count changed
		}
		if top.count < minCount {
			break
		}
		a, b := int32(top.key>>32), int32(top.key)
		size := t.sizes[a-t.first] + t.sizes[b-t.first]
		if size > maxTokenBytes {
			continue
		}
		into := t.first + int32(len(t.sizes))
		t.sizes = append(t.sizes, size)
		merges = append(merges, [2]int32{a, b})
		changed = changed[:0]
		for _, w := range info.words {
			changed = t.join(w, a, b, into, changed)
		}
		delete(t.pairs, top.key)
		for _, key := range changed {
			if info := t.pairs[key]; info != nil {
				info.dirty = false
				if info.count > 0 {
					heap.Push(&t.queue, ranked{info.count, key})
				}
			}
		}
	}
	return merges
}

// join replaces a and b, where they are neighbours in a word, by into.
func (t *trainer) join(w, a, b, into int32, changed []uint64) []uint64 {
	word := t.words[w]
	if !has(word, a, b) {
		return changed
	}
	changed = t.add(w, -1, changed)
	out := word[:0]
	for i := 0; i < len(word); i++ {
		if word[i] == a && i+1 < len(word) && word[i+1] == b {
			out = append(out, into)
			i++
		} else {
			out = append(out, word[i])
		}
	}
	t.words[w] = out
	return t.add(w, 1, changed)
}

func has(word []int32, a, b int32) bool {
	for i := range len(word) - 1 {
		if word[i] == a && word[i+1] == b {
			return true
		}
	}
	return false
}
