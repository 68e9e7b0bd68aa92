package ngram

import (
	"fmt"
	"math"
	"slices"
)

// MaxOrder is the longest n-gram that a model counts.
const MaxOrder = 32

// Discounts are what Kneser–Ney takes off the counts 1, 2, and 3 or more, so
// that something is left for what did not occur.
type Discounts [3]float64

// of returns what is taken off a count.
func (d *Discounts) of(count int32) float64 { return d[min(count, 3)-1] }

// KneserNey is a model of n-grams of one order and all below, interpolated and
// smoothed by the modified method of Kneser and Ney: of the longest context it
// counts how often a symbol followed; of a shorter one, after how many
// different symbols before it.
//
// Source: Chen and Goodman 1999, "An empirical study of smoothing techniques
// for language modeling", section 3.
type KneserNey struct {
	// Discounts are those for contexts of 0, 1, … Order−1 symbols. Estimate and
	// Tune set them.
	Discounts []Discounts

	order, size int
	trie        trie
	stats       []context // by node
}

// context sums up what followed a context.
type context struct {
	total int32    // all counts together
	kinds [3]int32 // how many symbols have the count 1, 2, 3 or more
}

// add notes that a symbol's count rose to count.
func (c *context) add(count int32) {
	c.total++
	if count <= 3 {
		c.kinds[count-1]++
	}
	if count > 1 && count <= 3 {
		c.kinds[count-2]--
	}
}

// spared is what the discounts leave for the shorter context, as a share.
func (c *context) spared(d *Discounts) float64 {
	return (d[0]*float64(c.kinds[0]) + d[1]*float64(c.kinds[1]) + d[2]*float64(c.kinds[2])) / float64(c.total)
}

// NewKneserNey returns a model of n-grams of up to order symbols, numbered from
// 0 to size−1, that has counted nothing. It panics unless order is from 1 to
// MaxOrder and size at least 1.
func NewKneserNey(order, size int) *KneserNey {
	check("NewKneserNey", order, size)
	m := &KneserNey{order: order, size: size, trie: newTrie(), stats: make([]context, 1)}
	m.Discounts = make([]Discounts, order)
	for i := range m.Discounts {
		m.Discounts[i] = usual
	}
	return m
}

func check(who string, order, size int) {
	if order < 1 || order > MaxOrder || size < 1 {
		panic(fmt.Sprintf("ngram.%s: order %d and %d symbols: want an order from 1 to %d and at least one symbol", who, order, size, MaxOrder))
	}
}

// known panics unless a symbol is one of size.
func known(who string, symbol int32, at, size int) {
	if symbol < 0 || int(symbol) >= size {
		panic(fmt.Sprintf("ngram.%s: symbol %d at %d, and they are numbered from 0 to %d", who, symbol, at, size-1))
	}
}

// usual are the discounts where there are too few counts to estimate any.
var usual = Discounts{0.6, 1, 1.4}

// Add counts a sequence. It panics if a symbol is out of range. Estimate (or
// Tune) is due after the last.
func (m *KneserNey) Add(sequence []int32) {
	for i, next := range sequence {
		known("Add", next, i, m.size)
		node := m.trie.deepest(sequence[:i], m.order-1)
		for len(m.stats) < len(m.trie.parent) {
			m.stats = append(m.stats, context{})
		}
		// A new n-gram is one more symbol ahead of the shorter one, and so on.
		for ; node >= 0; node = m.trie.parent[node] {
			count := m.trie.counts[pair(node, next)] + 1
			m.trie.counts[pair(node, next)] = count
			m.stats[node].add(count)
			if count > 1 {
				break
			}
		}
	}
}

// Estimate sets the discounts by how many n-grams of each length occurred once,
// twice, three and four times.
//
// Source: Chen and Goodman 1999, equation 17.
func (m *KneserNey) Estimate() {
	kinds := make([][4]float64, m.order) // of each length, how many with each count
	for at, count := range m.trie.counts {
		if count <= 4 {
			kinds[m.trie.depth[at>>32]][count-1]++
		}
	}
	for i, n := range kinds {
		m.Discounts[i] = estimated(n)
	}
}

// estimated returns the discounts of n-grams of which n[k−1] occurred k times.
func estimated(n [4]float64) Discounts {
	if slices.Min(n[:]) == 0 {
		return usual
	}
	y := n[0] / (n[0] + 2*n[1])
	var d Discounts
	for i := range d {
		k := float64(i + 1)
		d[i] = min(max(k-(k+1)*y*n[i+1]/n[i], least), k)
	}
	return d
}

// least is the smallest discount: without any, what did not occur would be
// impossible.
const least = 0.01

// Order is the length of the longest n-grams.
func (m *KneserNey) Order() int { return m.order }

// Size is how many symbols there are.
func (m *KneserNey) Size() int { return m.size }

// Prob returns the probability of next after context, see [Scorer].
func (m *KneserNey) Prob(context []int32, next int32) float64 {
	p := 1 / float64(m.size)
	m.trie.walk(context, m.order-1, func(node int32) {
		s := &m.stats[node]
		if s.total == 0 {
			return
		}
		d := &m.Discounts[m.trie.depth[node]]
		p *= s.spared(d)
		if count := m.trie.counts[pair(node, next)]; count > 0 {
			p += (float64(count) - d.of(count)) / float64(s.total)
		}
	})
	return p
}

// LogProb returns the logarithm of [KneserNey.Prob].
func (m *KneserNey) LogProb(context []int32, next int32) float64 {
	return math.Log(m.Prob(context, next))
}

// Predict writes the probabilities of all symbols after context to p, which has
// room for Size of them.
func (m *KneserNey) Predict(context []int32, p []float64) {
	for i := range p[:m.size] {
		p[i] = m.Prob(context, int32(i))
	}
}
