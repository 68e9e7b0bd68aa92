package token

import (
	"container/heap"
	"fmt"
)

// BPE numbers byte pairs: bytes, and tokens that each join two earlier ones.
// After the special tokens come the 256 bytes, then the merges in the order in
// which they were learnt. Any bytes survive Encode and Decode.
//
// Sources: Sennrich, Haddow and Birch 2016, "Neural machine translation of rare
// words with subword units"; Radford et al. 2019, GPT-2, for bytes.
type BPE struct {
	specials
	merges [][2]int32
	ranks  map[uint64]int32 // of a pair: the token it becomes
	tokens []string         // by number less special tokens
	whole  map[string]int32 // tokens that their own text is encoded as
}

// Bounds on what a file may claim: merges can double a token's length.
const (
	maxTokenBytes = 1 << 12
	maxVocabBytes = 1 << 28
)

func pair(a, b int32) uint64 { return uint64(uint32(a))<<32 | uint64(uint32(b)) }

// newBPE checks merges and makes the codec.
func newBPE(s specials, merges [][2]int32) (*BPE, error) {
	c := &BPE{specials: s, merges: merges, ranks: make(map[uint64]int32, len(merges)), whole: map[string]int32{}}
	for b := range 256 {
		c.tokens = append(c.tokens, string([]byte{byte(b)}))
	}
	total := 0
	for i, m := range merges {
		var text [2]string
		for k, id := range m {
			at := int(id) - len(s)
			if at < 0 || at >= len(c.tokens) {
				return nil, fmt.Errorf("merge %d joins token %d, want one of %d to %d", i, id, len(s), len(s)+len(c.tokens)-1)
			}
			text[k] = c.tokens[at]
		}
		if _, twice := c.ranks[pair(m[0], m[1])]; twice {
			return nil, fmt.Errorf("merge %d joins tokens %d and %d, as an earlier one does", i, m[0], m[1])
		}
		size := len(text[0]) + len(text[1])
		if total += size; size > maxTokenBytes || total > maxVocabBytes {
			return nil, fmt.Errorf("merge %d makes a token of %d bytes, and %d in all: more than %d or %d", i, size, total, maxTokenBytes, maxVocabBytes)
		}
		c.ranks[pair(m[0], m[1])] = int32(len(s) + len(c.tokens))
		c.tokens = append(c.tokens, text[0]+text[1])
	}
	// A text that is a token is looked up at once, if merging leads there.
	var ids []int32
	for i, t := range c.tokens {
		ids = c.merge(ids[:0], t)
		if len(ids) == 1 && ids[0] == int32(len(s)+i) {
			c.whole[t] = ids[0]
		}
	}
	return c, nil
}

// Encode returns the numbers of text, which may be any bytes.
func (c *BPE) Encode(text string) []int32 {
	return c.Append(make([]int32, 0, len(text)/3+1), text)
}

// Append appends the numbers of text to dst.
func (c *BPE) Append(dst []int32, text string) []int32 {
	for len(text) > 0 {
		n := pieceEnd(text)
		if id, ok := c.whole[text[:n]]; ok {
			dst = append(dst, id)
		} else {
			dst = c.merge(dst, text[:n])
		}
		text = text[n:]
	}
	return dst
}

// shortPiece is up to where looking through all pairs beats a heap.
const shortPiece = 48

// merge appends the numbers of a piece: of all neighbours that a merge joins,
// those of the earliest merge are joined, the leftmost first, until none is
// left.
func (c *BPE) merge(dst []int32, piece string) []int32 {
	start := len(dst)
	for i := range len(piece) {
		dst = append(dst, int32(len(c.specials))+int32(piece[i]))
	}
	if len(piece) <= shortPiece {
		return dst[:start+c.mergeShort(dst[start:])]
	}
	return dst[:start+c.mergeLong(dst[start:])]
}

// mergeShort joins ids in place and returns how many are left.
func (c *BPE) mergeShort(ids []int32) int {
	var room [shortPiece]int32
	into := room[:len(ids)] // what ids[i] and ids[i+1] become, 0 for nothing
	for i := range len(ids) - 1 {
		into[i] = c.ranks[pair(ids[i], ids[i+1])]
	}
	n := len(ids)
	for {
		best, at := int32(0), -1
		for i, r := range into[:max(n-1, 0)] {
			if r != 0 && (at < 0 || r < best) {
				best, at = r, i
			}
		}
		if at < 0 {
			return n
		}
		ids[at] = best
		copy(ids[at+1:n], ids[at+2:n])
		copy(into[at+1:n-1], into[at+2:n])
		n--
		if into[n-1] = 0; at+1 < n {
			into[at] = c.ranks[pair(ids[at], ids[at+1])]
		}
		if at > 0 {
			into[at-1] = c.ranks[pair(ids[at-1], ids[at])]
		}
	}
}

// joint is a pair of neighbours that a merge joins.
type joint struct{ into, at, a, b int32 }

// joints is a heap, the earliest merge first, of those the leftmost.
type joints []joint

func (h joints) Len() int      { return len(h) }
func (h joints) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h joints) Less(i, j int) bool {
	return h[i].into < h[j].into || h[i].into == h[j].into && h[i].at < h[j].at
}
func (h *joints) Push(x any) { *h = append(*h, x.(joint)) }
func (h *joints) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// mergeLong does what mergeShort does, in n·log n steps.
func (c *BPE) mergeLong(ids []int32) int {
	n := int32(len(ids))
	next, prev := make([]int32, n), make([]int32, n)
	var h joints
	look := func(at int32) {
		if at >= 0 && next[at] < n {
			if into, ok := c.ranks[pair(ids[at], ids[next[at]])]; ok {
				h = append(h, joint{into, at, ids[at], ids[next[at]]})
			}
		}
	}
	for i := range n {
		next[i], prev[i] = i+1, i-1
	}
	for i := range n {
		look(i)
	}
	heap.Init(&h)
	const gone = -1
	for len(h) > 0 {
		j := heap.Pop(&h).(joint)
		right := next[j.at]
		if ids[j.at] != j.a || right >= n || ids[right] != j.b {
			continue // one of the two has been joined to another
		}
		ids[j.at], ids[right] = j.into, gone
		next[j.at] = next[right]
		if next[right] < n {
			prev[next[right]] = j.at
		}
		for _, at := range [2]int32{prev[j.at], j.at} {
			before := len(h)
			if look(at); len(h) > before {
				heap.Fix(&h, before)
			}
		}
	}
	left := 0
	for at := int32(0); at < n; at = next[at] {
		ids[left] = ids[at]
		left++
	}
	return left
}

// Decode returns the bytes of ids; see [Codec].
func (c *BPE) Decode(ids []int32) string {
	var out []byte
	for _, id := range ids {
		inRange("token.BPE.Decode", id, c.Size())
		if at := int(id) - len(c.specials); at >= 0 {
			out = append(out, c.tokens[at]...)
		}
	}
	return string(out)
}

// Size returns how many tokens there are, special ones included.
func (c *BPE) Size() int { return len(c.specials) + len(c.tokens) }

// Token returns how a number may be shown; see [Codec].
func (c *BPE) Token(id int32) string {
	inRange("token.BPE.Token", id, c.Size())
	if int(id) < len(c.specials) {
		return c.specials[id]
	}
	return shown([]byte(c.tokens[int(id)-len(c.specials)]))
}

func (c *BPE) file() file { return file{Kind: "bpe", Special: c.specials, Merges: c.merges} }
