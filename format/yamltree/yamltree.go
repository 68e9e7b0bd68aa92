// Package yamltree reads a YAML file that a person wrote, a configuration, as a
// tree whose nodes know their lines, so that what is wrong with a value can be
// said with file and line by whoever knows what the value is for.
//
// It takes a part of YAML: one document of maps, lists and plain values. A key
// that is there twice, anchors and aliases (which can make a small file a huge
// tree, or one without an end), tags and further documents are refused, and
// size and depth are bounded.
//
// recipe, the command and all between format and them may import yamltree.
package yamltree

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// Bounds on a file: far beyond what one writes by hand.
const (
	maxBytes = 1 << 18
	maxDepth = 40
	maxNodes = 20_000
)

// Kind is what a node is.
type Kind uint8

// The kinds of nodes.
const (
	Value Kind = iota // a word, a number, nothing
	List
	Map
)

// String returns the kind in words.
func (k Kind) String() string { return [...]string{"a single value", "a list", "keys with values"}[k] }

// Node is a value, a list or a map, and where it stands.
type Node struct {
	Kind  Kind
	Text  string  // of a Value, without quotes
	Empty bool    // a Value that is left out: "key:" and nothing behind
	Items []*Node // of a List
	Pairs []Pair  // of a Map, in the order of the file
	Line  int     // from 1
	file  string
	text  string // of the root: all of it
}

// Pair is a key of a map and its value.
type Pair struct {
	Key   string
	Line  int
	Value *Node
}

// Error is a fault at a line of a file.
type Error struct {
	File string
	Line int // 0: of the whole file
	Why  string
	Fix  string // what to do about it; may be empty
}

// Error returns "file:line: why".
func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.File, e.Why)
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Why)
}

// Fault returns an [*Error] about n; format is as for fmt.Sprintf.
func (n *Node) Fault(fix, format string, a ...any) error {
	return Fault(n.file, n.Line, fix, format, a...)
}

// Fault returns an [*Error] about a line of a file.
func Fault(file string, line int, fix, format string, a ...any) error {
	return &Error{file, line, fmt.Sprintf(format, a...), fix}
}

// File returns the name of the file that n is from.
func (n *Node) File() string { return n.file }

// Source returns the text that the root of a tree was read from.
func (n *Node) Source() string { return n.text }

// Get returns the value of a map's key, nil if it is not there.
func (n *Node) Get(key string) *Node {
	for _, p := range n.Pairs {
		if p.Key == key {
			return p.Value
		}
	}
	return nil
}

// Read reads a file. Its faults are [*Error]s.
func Read(file string) (*Node, error) {
	text, err := ReadText(file)
	if err != nil {
		return nil, err
	}
	return Parse(file, text)
}

// ReadText returns a file's text, no more than [Parse] takes.
func ReadText(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxBytes+1))
}

// Parse reads text; name is what errors call it. The root is a map.
func Parse(name string, text []byte) (*Node, error) {
	if err := plain(name, text); err != nil {
		return nil, err
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	var doc yaml.Node
	switch err := d.Decode(&doc); {
	case err == io.EOF || err == nil && len(doc.Content) == 0:
		return nil, Fault(name, 0, "write keys and values into it", "it is empty")
	case err != nil:
		return nil, misread(name, text, err)
	}
	var next yaml.Node
	if err := d.Decode(&next); err == nil {
		return nil, Fault(name, next.Line, "make it two files", "a second document begins here (---)")
	} else if err != io.EOF {
		return nil, misread(name, text, err)
	}
	r := reader{file: name}
	n, err := r.node(doc.Content[0], 0)
	if err == nil && n.Kind != Map {
		err = n.Fault("write key: value, a line each", "the file is %s, want keys with values", n.Kind)
	}
	if err != nil {
		return nil, err
	}
	n.text = string(text)
	return n, nil
}

// plain refuses what is no text, before a parser sees it.
func plain(name string, text []byte) error {
	if len(text) > maxBytes {
		return Fault(name, 0, "is it another kind of file?", "it has more than %d kB", maxBytes>>10)
	}
	line := 1
	for l := range bytes.Lines(text) {
		if i := bytes.IndexFunc(l, func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' }); i >= 0 {
			return Fault(name, line, "is it another kind of file?", "it is no text: there is a byte %#02x", l[i])
		}
		if !utf8.Valid(l) {
			return Fault(name, line, "save it as UTF-8", "it is no UTF-8")
		}
		if indent := l[:len(l)-len(bytes.TrimLeft(l, " \t"))]; bytes.ContainsRune(indent, '\t') && len(bytes.TrimSpace(l)) > 0 {
			return Fault(name, line, "indent by spaces", "a tab indents the line, which YAML does not take")
		}
		line++
	}
	return nil
}

var atLine = regexp.MustCompile(`line (\d+): `)

// misread gives the parser's complaint file and line.
func misread(name string, text []byte, err error) error {
	why, line := strings.TrimPrefix(err.Error(), "yaml: "), 0
	if m := atLine.FindStringSubmatch(why); m != nil {
		line, _ = strconv.Atoi(m[1])
		line = min(line, bytes.Count(bytes.TrimRight(text, "\n"), []byte("\n"))+1) // it may miss something behind the last
		why = strings.Replace(why, m[0], "", 1)
	}
	return Fault(name, line, "mind indentation, colons with a space behind, and closing brackets and quotes", "it is no YAML: %s", why)
}

// reader makes nodes of a parser's.
type reader struct {
	file  string
	count int
}

// node makes a node of y.
func (r *reader) node(y *yaml.Node, depth int) (*Node, error) {
	n := &Node{Line: y.Line, file: r.file}
	if r.count++; r.count > maxNodes {
		return nil, n.Fault("make it shorter", "it has more than %d values", maxNodes)
	}
	if depth > maxDepth {
		return nil, n.Fault("make it flatter", "lists and keys stand in each other more than %d deep", maxDepth)
	}
	switch {
	case y.Kind == yaml.AliasNode:
		return nil, n.Fault("write out what it stands for", "aliases (*%s) are not taken", y.Value)
	case y.Anchor != "":
		return nil, n.Fault("leave it out", "anchors (&%s) are not taken", y.Anchor)
	case y.Style&yaml.TaggedStyle != 0:
		return nil, n.Fault("leave it out", "tags (%s) are not taken", y.Tag)
	}
	switch y.Kind {
	case yaml.ScalarNode:
		n.Text, n.Empty = y.Value, y.Tag == "!!null"
		return n, nil
	case yaml.SequenceNode:
		n.Kind = List
		return n, r.items(n, y, depth)
	case yaml.MappingNode:
		n.Kind = Map
		return n, r.pairs(n, y, depth)
	}
	return nil, n.Fault("", "a kind of value that is not taken")
}

func (r *reader) items(n *Node, y *yaml.Node, depth int) error {
	for _, c := range y.Content {
		item, err := r.node(c, depth+1)
		if err != nil {
			return err
		}
		n.Items = append(n.Items, item)
	}
	return nil
}

func (r *reader) pairs(n *Node, y *yaml.Node, depth int) error {
	lines := map[string]int{}
	for i := 0; i+1 < len(y.Content); i += 2 {
		key, err := r.node(y.Content[i], depth+1)
		if err != nil {
			return err
		}
		if key.Kind != Value {
			return key.Fault("write a word and a colon", "a key is %s, want a word", key.Kind)
		}
		if first, twice := lines[key.Text]; twice {
			return key.Fault("remove one", "the key %q is there twice, first on line %d", key.Text, first)
		}
		lines[key.Text] = key.Line
		value, err := r.node(y.Content[i+1], depth+1)
		if err != nil {
			return err
		}
		n.Pairs = append(n.Pairs, Pair{key.Text, key.Line, value})
	}
	return nil
}
