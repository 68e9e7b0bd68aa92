package yamltree

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// draw draws a tree at random.
func draw(t *rapid.T, depth int) *Node {
	kind := rapid.SampledFrom([]Kind{Value, Value, List, Map}).Draw(t, "kind")
	if depth == 0 {
		kind = Value
	}
	n := &Node{Kind: kind}
	switch kind {
	case List:
		for range rapid.IntRange(1, 4).Draw(t, "items") {
			n.Items = append(n.Items, draw(t, depth-1))
		}
	case Map:
		for i := range rapid.IntRange(1, 4).Draw(t, "pairs") {
			key := rapid.StringMatching(`[a-z][a-z0-9-]{0,5}`).Draw(t, "key") + fmt.Sprint(i)
			n.Pairs = append(n.Pairs, Pair{Key: key, Value: draw(t, depth-1)})
		}
	default:
		n.Text = rapid.StringMatching(`[a-zA-Z0-9 .:#'"\[\]{}&*!,%@-]{0,12}`).Draw(t, "text")
	}
	return n
}

// write writes a tree as YAML, by lines or in brackets, and notes where each
// node begins.
func write(b *strings.Builder, n *Node, indent int, flow bool) {
	n.Line = strings.Count(b.String(), "\n") + 1
	switch {
	case n.Kind == Value:
		b.WriteString("'" + strings.ReplaceAll(n.Text, "'", "''") + "'")
	case flow && n.Kind == List:
		b.WriteString("[")
		for _, item := range n.Items {
			write(b, item, 0, true)
			b.WriteString(", ")
		}
		b.WriteString("]")
	case flow:
		b.WriteString("{")
		for _, p := range n.Pairs {
			b.WriteString(p.Key + ": ")
			write(b, p.Value, 0, true)
			b.WriteString(", ")
		}
		b.WriteString("}")
	default:
		writeLines(b, n, indent)
	}
}

// writeLines writes a list or a map, a line for each part.
func writeLines(b *strings.Builder, n *Node, indent int) {
	pad := strings.Repeat(" ", indent)
	first := true
	part := func(head string, value *Node) {
		if !first || indent > 0 {
			b.WriteString("\n")
		}
		if first {
			n.Line = strings.Count(b.String(), "\n") + 1
		}
		first = false
		b.WriteString(pad + head)
		write(b, value, indent+2, value.Kind != Value && value.Line == -1)
	}
	for _, item := range n.Items {
		part("- ", item)
	}
	for i := range n.Pairs {
		part(n.Pairs[i].Key+": ", n.Pairs[i].Value)
	}
}

// same compares what was written with what was read.
func same(want, got *Node, path string) error {
	if want.Kind != got.Kind || want.Text != got.Text || len(want.Items) != len(got.Items) || len(want.Pairs) != len(got.Pairs) {
		return fmt.Errorf("%s: read %v %q, wrote %v %q", path, got.Kind, got.Text, want.Kind, want.Text)
	}
	if want.Line != got.Line {
		return fmt.Errorf("%s: on line %d, said %d", path, want.Line, got.Line)
	}
	for i := range want.Items {
		if err := same(want.Items[i], got.Items[i], fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	for i, p := range want.Pairs {
		if p.Key != got.Pairs[i].Key || got.Get(p.Key) != got.Pairs[i].Value {
			return fmt.Errorf("%s: key %q, wrote %q", path, got.Pairs[i].Key, p.Key)
		}
		if err := same(p.Value, got.Pairs[i].Value, path+"."+p.Key); err != nil {
			return err
		}
	}
	return nil
}

// A tree that is written, by lines or in brackets, is read back: every value,
// in order, at its line.
func TestTreesComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		root := &Node{Kind: Map}
		for i := range rapid.IntRange(1, 5).Draw(t, "top") {
			value := draw(t, 4)
			if rapid.Bool().Draw(t, "flow") {
				value.Line = -1
			}
			root.Pairs = append(root.Pairs, Pair{Key: fmt.Sprint("k", i), Value: value})
		}
		var b strings.Builder
		write(&b, root, 0, false)
		b.WriteString("\n")
		got, err := Parse("f", []byte(b.String()))
		if err != nil {
			t.Fatalf("%v\n%s", err, b.String())
		}
		if err := same(root, got, "root"); err != nil {
			t.Fatalf("%v\n%s", err, b.String())
		}
		if got.Source() != b.String() {
			t.Fatalf("source %q", got.Source())
		}
	})
}

// A file that is cut anywhere is read, or refused at a line that it has.
func TestCutFiles(t *testing.T) {
	const text = "a: 1\nlist:\n  - x: {y: [1, 2, 'three']}\n  - \"four\\n\"\n# word\nb: >\n  long\n  words\n"
	for i := range len(text) + 1 {
		n, err := Parse("f", []byte(text[:i]))
		if err == nil && n.Kind == Map {
			continue
		}
		e, ok := err.(*Error)
		if !ok || e.Line < 0 || e.Line > strings.Count(text[:i], "\n")+1 || e.Fix == "" {
			t.Errorf("%q: %#v", text[:i], err)
		}
	}
}

// A file with any one byte replaced is read, or refused in words.
func TestDamagedFiles(t *testing.T) {
	const text = "recipe: start\nlr: 0.01\nlayers: [flatten, {linear: 3}]\n"
	for i := range len(text) {
		for _, c := range []byte{0, '\t', '\n', ' ', ':', '-', '[', '}', '&', '*', '!', '|', '\'', '%', 0x7f, 0x80, 0xff} {
			damaged := []byte(text)
			damaged[i] = c
			n, err := Parse("f", damaged)
			if (n == nil) == (err == nil) {
				t.Fatalf("%q: %v, %v", damaged, n, err)
			}
			if err != nil && !strings.HasPrefix(err.Error(), "f:") {
				t.Errorf("%q: %v", damaged, err)
			}
		}
	}
}
