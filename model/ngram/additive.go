package ngram

import (
	"fmt"
	"math"
)

// Additive is a model of n-grams of one length, whose counts all begin at
// Delta: the simplest smoothing there is.
//
// Source: Lidstone 1920; Chen and Goodman 1999, section 2.1.
type Additive struct {
	Delta float64 // above 0

	order, size int
	trie        trie
	totals      []int32 // by node
}

// NewAdditive returns a model of n-grams of order symbols, numbered from 0 to
// size−1, that has counted nothing. It panics as [NewKneserNey] does, and
// unless delta is above 0.
func NewAdditive(order, size int, delta float64) *Additive {
	check("NewAdditive", order, size)
	if !(delta > 0) {
		panic(fmt.Sprintf("ngram.NewAdditive: delta is %g, want more than 0", delta))
	}
	return &Additive{Delta: delta, order: order, size: size, trie: newTrie(), totals: make([]int32, 1)}
}

// Add counts a sequence. At its beginning contexts are shorter; those count
// for themselves. It panics if a symbol is out of range.
func (m *Additive) Add(sequence []int32) {
	for i, next := range sequence {
		known("Add", next, i, m.size)
		node := m.trie.deepest(sequence[:i], m.order-1)
		for len(m.totals) < len(m.trie.parent) {
			m.totals = append(m.totals, 0)
		}
		for ; node >= 0; node = m.trie.parent[node] {
			m.trie.counts[pair(node, next)]++
			m.totals[node]++
		}
	}
}

// LogProb returns the logarithm of (count + Delta)/(total + Delta·size) of the
// context, see [Scorer]; of one that did not occur all symbols are as likely.
func (m *Additive) LogProb(context []int32, next int32) float64 {
	last, length := int32(0), 0
	m.trie.walk(context, m.order-1, func(node int32) { last, length = node, length+1 })
	count, total := 0.0, 0.0
	if length-1 == min(len(context), m.order-1) { // the whole context is known
		count, total = float64(m.trie.counts[pair(last, next)]), float64(m.totals[last])
	}
	return math.Log((count + m.Delta) / (total + m.Delta*float64(m.size)))
}
