package ngram

import "math"

// level is what one context knows of a symbol of held-out text.
type level struct {
	depth int8
	count int32
	context
}

// Tune sets the discounts to those under which the held-out sequence is most
// likely, beginning with those that are set. The text must not be among what
// was counted. It returns the bits a symbol of that text then takes.
//
// Each discount by itself has one best value, because probabilities are linear
// in it and −log is convex: it is found by golden section, one discount after
// the other, in rounds.
func (m *KneserNey) Tune(held []int32) float64 {
	var all []level
	ends := make([]int, len(held))
	for i, next := range held {
		m.trie.walk(held[:i], m.order-1, func(node int32) {
			if s := m.stats[node]; s.total > 0 {
				all = append(all, level{m.trie.depth[node], m.trie.counts[pair(node, next)], s})
			}
		})
		ends[i] = len(all)
	}
	const rounds = 2
	for range rounds {
		for i := range m.Discounts {
			for k := range m.Discounts[i] {
				d := &m.Discounts[i][k]
				*d = golden(least, float64(k+1), func(v float64) float64 {
					*d = v
					return m.bits(all, ends)
				})
			}
		}
	}
	return m.bits(all, ends)
}

// bits is the cross-entropy of a sequence whose symbols have these levels.
func (m *KneserNey) bits(all []level, ends []int) float64 {
	var sum float64
	at := 0
	for _, end := range ends {
		p := 1 / float64(m.size)
		for ; at < end; at++ {
			l := &all[at]
			d := &m.Discounts[l.depth]
			p *= l.spared(d)
			if l.count > 0 {
				p += (float64(l.count) - d.of(l.count)) / float64(l.total)
			}
		}
		sum -= math.Log2(p)
	}
	return sum / float64(len(ends))
}

// golden returns where f is least between a and b.
//
// Source: Kiefer 1953, "Sequential minimax search for a maximum".
func golden(a, b float64, f func(v float64) float64) float64 {
	const ratio = 0.6180339887498949
	x, y := b-ratio*(b-a), a+ratio*(b-a)
	fx, fy := f(x), f(y)
	for b-a > 5e-3 {
		if fx <= fy {
			b, y, fy = y, x, fx
			x = b - ratio*(b-a)
			fx = f(x)
		} else {
			a, x, fx = x, y, fy
			y = a + ratio*(b-a)
			fy = f(y)
		}
	}
	return (a + b) / 2
}
