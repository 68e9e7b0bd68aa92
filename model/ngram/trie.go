package ngram

// trie holds contexts, read from the newest symbol to the oldest, and how
// often each symbol followed. Node 0 is the empty context.
type trie struct {
	child  map[uint64]int32 // node and an older symbol: the longer context
	counts map[uint64]int32 // node and what followed: how often
	parent []int32
	depth  []int8
}

func newTrie() trie {
	return trie{child: map[uint64]int32{}, counts: map[uint64]int32{}, parent: []int32{-1}, depth: []int8{0}}
}

// pair names a symbol at a node.
func pair(node, symbol int32) uint64 { return uint64(uint32(node))<<32 | uint64(uint32(symbol)) }

// deepest returns the node of the last n symbols of context, and makes it.
func (t *trie) deepest(context []int32, n int) int32 {
	node := int32(0)
	for i := len(context) - 1; i >= max(0, len(context)-n); i-- {
		next, ok := t.child[pair(node, context[i])]
		if !ok {
			next = int32(len(t.parent))
			t.child[pair(node, context[i])] = next
			t.parent = append(t.parent, node)
			t.depth = append(t.depth, t.depth[node]+1)
		}
		node = next
	}
	return node
}

// walk calls visit for the contexts that are known, from the empty one to the
// longest of at most n symbols.
func (t *trie) walk(context []int32, n int, visit func(node int32)) {
	node, ok := int32(0), true
	visit(node)
	for i := len(context) - 1; i >= max(0, len(context)-n); i-- {
		if node, ok = t.child[pair(node, context[i])]; !ok {
			return
		}
		visit(node)
	}
}
