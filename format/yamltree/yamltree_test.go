package yamltree

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every hostile file is refused at its line, in words.
func TestParseRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		line int
		want string
	}{
		"tab":            {"a: 1\n\tb: 2\n", 2, "a tab indents"},
		"twice":          {"a: 1\nb: 2\na: 3\n", 3, `"a" is there twice, first on line 1`},
		"twice below":    {"a:\n  b: 1\n  b: 2\n", 3, "twice"},
		"bomb":           {"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", 1, "anchors (&a) are not taken"},
		"cycle":          {"a: &a [*a]\n", 1, "are not taken"},
		"tag":            {"a: !!binary abc\n", 1, "tags (!!binary)"},
		"two documents":  {"a: 1\n---\nb: 2\n", 2, "a second document"},
		"second broken":  {"a: 1\n---\nb: [\n", 3, "no YAML"},
		"empty":          {"", 0, "it is empty"},
		"comments":       {"# nothing\n", 0, "it is empty"},
		"binary":         {"a: 1\n\x00\x01\x02", 2, "no text"},
		"latin-1":        {"a: 1\nb: caf\xe9\n", 2, "no UTF-8"},
		"open bracket":   {"a: [1, 2\nb: 3\n", 2, "no YAML"},
		"a colon more":   {"a: 1\n  b: 2\n", 2, "no YAML"},
		"list":           {"- a\n- b\n", 1, "the file is a list"},
		"word":           {"hello\n", 1, "the file is a single value"},
		"key of a list":  {"[a, b]: 1\n", 1, "a key is a list"},
		"huge":           {"a: " + strings.Repeat("x", 1<<19), 0, "more than 256 kB"},
		"deep":           {"a: " + strings.Repeat("[", 60) + strings.Repeat("]", 60), 1, "40 deep"},
		"very deep":      {"a: " + strings.Repeat("[", 1<<17), 1, ""},
		"many":           {"a: [" + strings.Repeat("1,", 30_000) + "1]", 1, "more than 20000 values"},
		"merge":          {"a: {<<: *x}\n", 1, ""},
		"undefined":      {"a: *nothing\n", 1, ""},
		"directive":      {"%YAML 3.0\n---\na: 1\n", 1, "no YAML"},
		"unclosed quote": {"a: \"x\nb: 1\n", 0, "no YAML"},
	} {
		_, err := Parse("f.yaml", []byte(c.text))
		var e *Error
		if !errors.As(err, &e) || e.File != "f.yaml" || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
			continue
		}
		if c.want != "" && c.line > 0 && e.Line != c.line {
			t.Errorf("%s: line %d, want %d: %v", name, e.Line, c.line, err)
		}
	}
}

func TestParse(t *testing.T) {
	n, err := Parse("f.yaml", []byte("# top\na: 1\nlist:\n  - x\n  - {y: 2}\nnone:\nquoted: \"0x1\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	if n.Kind != Map || len(n.Pairs) != 4 || n.File() != "f.yaml" {
		t.Fatalf("%+v", n)
	}
	if a := n.Get("a"); a.Text != "1" || a.Line != 2 || a.Kind != Value {
		t.Errorf("a: %+v", a)
	}
	list := n.Get("list")
	if list.Kind != List || len(list.Items) != 2 || list.Items[1].Get("y").Text != "2" || list.Items[1].Line != 5 {
		t.Errorf("list: %+v", list)
	}
	if !n.Get("none").Empty || n.Get("quoted").Text != "0x1" || n.Get("gone") != nil {
		t.Errorf("%+v", n)
	}
	if err := list.Fault("do", "why %d", 3); err.Error() != "f.yaml:4: why 3" {
		t.Errorf("%v", err)
	}
}

func TestRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f.yaml")
	if _, err := Read(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if err := os.WriteFile(file, []byte("a: [1, 2]\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if n, err := Read(file); err != nil || len(n.Get("a").Items) != 2 {
		t.Errorf("%+v, %v", n, err)
	}
	if _, err := Read(t.TempDir()); err == nil {
		t.Error("a folder was read")
	}
}

// Whatever the bytes, Parse returns a tree within its bounds or an *Error.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"a: 1", "a: [1, {b: c}]", "a: &x [*x]", "- a", "a: |\n  x\n", "? a\n: b", "a: 'x", "%YAML 1.2\n---\na: 1\n...\n", "a: !!map {b: 1}", "a:\t1", "\ufeffa: 1"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		n, err := Parse("f", text)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || n != nil {
				t.Fatalf("%v, %v", n, err)
			}
			return
		}
		if count, depth := measure(n); n.Kind != Map || count > maxNodes || depth > maxDepth+1 {
			t.Fatalf("%v of %d nodes, %d deep", n.Kind, count, depth)
		}
	})
}

func measure(n *Node) (count, depth int) {
	kids := n.Items
	for _, p := range n.Pairs {
		kids = append(kids, p.Value)
		count++
	}
	for _, k := range kids {
		c, d := measure(k)
		count, depth = count+c, max(depth, d)
	}
	return count + 1, depth + 1
}
