package limpid

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// Bounds on what one reads at a time.
const (
	maxFunction    = 120
	medianFunction = 12
	maxFile        = 1000
	publicNames    = 330 // of tensor, nn and train together; 250 was the foundation's bound, this is with all later layers
)

// source is one hand-written Go file.
type source struct {
	path  string
	lines int
	text  []byte
	file  *ast.File
	fset  *token.FileSet
}

func (s source) test() bool { return strings.HasSuffix(s.path, "_test.go") }

// sources parses every hand-written file below dir. What lies in folders named
// testdata, or is hidden, is no part of the module.
func sources(t *testing.T, dir string) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && (d.Name() == "testdata" || len(d.Name()) > 1 && d.Name()[0] == '.') {
			return filepath.SkipDir
		}
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if bytes.Contains(text[:min(len(text), 400)], []byte("DO NOT EDIT")) {
			return nil
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, path, text, parser.ParseComments)
		if err != nil {
			return err
		}
		all = append(all, source{path, bytes.Count(text, []byte("\n")), text, f, fset})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestFunctionsAndFilesStayShort(t *testing.T) {
	var lengths []int
	for _, s := range sources(t, ".") {
		if s.lines > maxFile {
			t.Errorf("%s has %d lines, at most %d", s.path, s.lines, maxFile)
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			n := s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1
			if n > maxFunction {
				t.Errorf("%s: %s has %d lines, at most %d", s.path, f.Name.Name, n, maxFunction)
			}
			if !s.test() {
				lengths = append(lengths, n)
			}
		}
	}
	slices.Sort(lengths)
	if m := lengths[len(lengths)/2]; m > medianFunction {
		t.Errorf("the median function has %d lines, at most %d", m, medianFunction)
	}
}

// codeLines counts the lines that hold more than a comment.
func (s source) codeLines() int {
	fset := token.NewFileSet()
	file := fset.AddFile(s.path, -1, len(s.text))
	var scan scanner.Scanner
	scan.Init(file, s.text, nil, 0) // comments are passed over
	n, last := 0, 0
	for {
		pos, tok, lit := scan.Scan()
		if tok == token.EOF {
			return n
		}
		if tok == token.SEMICOLON && lit == "\n" {
			continue // put in by the scanner
		}
		first := file.Line(pos)
		end := first + strings.Count(lit, "\n") // raw strings go on
		n += end - max(first, last+1) + 1
		last = max(last, end)
	}
}

func TestCodeLines(t *testing.T) {
	s := source{text: []byte("// Doc.\npackage p\n\nvar x = `a\nb` /* c\nd */\n\nfunc f() { // why\n\tf(); f()\n}\n")}
	if got := s.codeLines(); got != 6 {
		t.Errorf("got %d, want 6", got)
	}
}

// Comments and empty lines are neither: a well explained function need not be
// tested by more lines for it.
func TestTestsAreAsLongAsCode(t *testing.T) {
	code, tests := 0, 0
	for _, s := range sources(t, ".") {
		switch {
		case strings.Contains(s.path, "_asm/"): // a generator's test is the assembly's
		case s.test():
			tests += s.codeLines()
		default:
			code += s.codeLines()
		}
	}
	t.Logf("%d lines of code, %d of tests", code, tests)
	if tests < code {
		t.Errorf("%d lines of tests for %d of code", tests, code)
	}
}

// exported lists a package's exported names: types, functions, variables,
// constants and methods, Forward once.
func exported(t *testing.T, dir string) (names, undocumented []string) {
	seen := map[string]bool{}
	add := func(name string, doc *ast.CommentGroup) {
		if strings.HasSuffix(name, ".Forward") {
			name = "Forward"
		}
		if seen[name] {
			return
		}
		seen[name] = true
		names = append(names, name)
		if doc.Text() == "" {
			undocumented = append(undocumented, dir+"."+name)
		}
	}
	for _, s := range sources(t, dir) {
		if s.test() || filepath.Dir(s.path) != dir {
			continue
		}
		for _, d := range s.file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if name, ok := exportedFunc(d); ok {
					add(name, d.Doc)
				}
			case *ast.GenDecl:
				exportedSpecs(d, add)
			}
		}
	}
	return names, undocumented
}

func exportedFunc(d *ast.FuncDecl) (string, bool) {
	if !d.Name.IsExported() {
		return "", false
	}
	if d.Recv == nil {
		return d.Name.Name, true
	}
	recv := d.Recv.List[0].Type
	if p, ok := recv.(*ast.StarExpr); ok {
		recv = p.X
	}
	id, ok := recv.(*ast.Ident)
	if !ok || !id.IsExported() {
		return "", false
	}
	return id.Name + "." + d.Name.Name, true
}

func exportedSpecs(d *ast.GenDecl, add func(string, *ast.CommentGroup)) {
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() {
				add(s.Name.Name, firstDoc(s.Doc, d.Doc))
				interfaceMethods(s, add)
			}
		case *ast.ValueSpec:
			for _, n := range s.Names {
				if n.IsExported() {
					add(n.Name, firstDoc(s.Doc, d.Doc, s.Comment))
				}
			}
		}
	}
}

// interfaceMethods adds the methods that an interface lists. One without a
// comment of its own may stand below one whose comment names it.
func interfaceMethods(s *ast.TypeSpec, add func(string, *ast.CommentGroup)) {
	it, ok := s.Type.(*ast.InterfaceType)
	if !ok {
		return
	}
	var above *ast.CommentGroup
	for _, m := range it.Methods.List {
		doc := firstDoc(m.Doc, m.Comment)
		for _, n := range m.Names {
			if doc == nil && slices.Contains(words(above.Text()), n.Name) {
				doc = above
			}
			if n.IsExported() {
				add(s.Name.Name+"."+n.Name, doc)
			}
		}
		above = firstDoc(doc, above)
	}
}

func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

func firstDoc(docs ...*ast.CommentGroup) *ast.CommentGroup {
	for _, d := range docs {
		if d.Text() != "" {
			return d
		}
	}
	return nil
}

func TestThePublicAPIStaysSmall(t *testing.T) {
	total := 0
	for _, dir := range []string{"tensor", "nn", "train"} {
		names, _ := exported(t, dir)
		t.Logf("%s: %d", dir, len(names))
		total += len(names)
	}
	if total > publicNames {
		t.Errorf("tensor, nn and train export %d names, at most %d", total, publicNames)
	}
}

func TestEveryExportedNameIsDocumented(t *testing.T) {
	for _, p := range listPackages(t) {
		dir := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		if dir == "" || strings.HasPrefix(dir, "programs/") || p.Name == "main" {
			continue
		}
		_, undocumented := exported(t, dir)
		for _, name := range undocumented {
			t.Errorf("%s has no doc comment", name)
		}
	}
}
