package limpid

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/limpid-ml/limpid"

// layers reads the architecture from the block "layers" of ARCHITECTURE.md, so
// that the picture cannot go stale: "a < b": b, and all after it, may import a;
// neighbours between commas may not import each other. A name stands for its
// folder and all below it. Policy: move code, not lines there.
func layers(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```layers\n")
	block, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("ARCHITECTURE.md has no block that begins with ```layers")
	}
	return block
}

// pure names the packages that import the standard library only, but for the
// CPU's features.
var pure = map[string][]string{
	"internal/backstage": nil, "internal/par": nil, "internal/kernel": nil, "tensor": nil,
	"internal/cpu": {"golang.org/x/sys/cpu"},
}

// pkg is what go list says of a package.
type pkg struct {
	ImportPath, Dir, Name, Doc string
	Imports, GoFiles           []string
	TestImports, XTestImports  []string
}

func listPackages(t *testing.T) []pkg {
	t.Helper()
	list := exec.Command("go", "list", "-json", "./...")
	var complaint strings.Builder
	list.Stderr = &complaint
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &complaint)
	}
	var pkgs []pkg
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatal("go list:", err)
		}
		pkgs = append(pkgs, p)
	}
}

// level is a package's place in layers.
type level struct {
	rank int
	name string
}

// ladder is all levels, the lowest first.
type ladder []level

func levels(t *testing.T) (all ladder) {
	for rank, group := range strings.Split(layers(t), "<") {
		for name := range strings.SplitSeq(group, ",") {
			all = append(all, level{rank, strings.TrimSpace(name)})
		}
	}
	return all
}

// of returns the level of a package.
func (l ladder) of(path string) (level, bool) {
	rel := strings.TrimPrefix(path, module+"/")
	for _, at := range l {
		if rel == at.name || strings.HasPrefix(rel, at.name+"/") {
			return at, true
		}
	}
	return level{}, false
}

func TestImportsPointDown(t *testing.T) {
	all := levels(t)
	for _, p := range listPackages(t) {
		if p.ImportPath == module {
			continue
		}
		from, ok := all.of(p.ImportPath)
		if !ok {
			t.Errorf("%s has no place in the layers", p.ImportPath)
			continue
		}
		for _, imp := range p.Imports {
			if strings.HasPrefix(imp, module) && !all.below(imp, from) {
				t.Errorf("%s imports %s, which does not lie below it", p.ImportPath, imp)
			}
		}
	}
}

// below tells whether a package may be imported from a level.
func (l ladder) below(path string, from level) bool {
	to, ok := l.of(path)
	return ok && (to.rank < from.rank || to.name == from.name)
}

// A test may look further than its package, but not up: what it needs from
// above belongs in a test up there.
func TestTestsImportDown(t *testing.T) {
	all := levels(t)
	for _, p := range listPackages(t) {
		from, ok := all.of(p.ImportPath)
		if !ok {
			continue
		}
		for _, imp := range append(p.TestImports, p.XTestImports...) {
			if strings.HasPrefix(imp, module+"/") && !all.reaches(imp, from) {
				t.Errorf("a test of %s imports %s, which lies above it", p.ImportPath, imp)
			}
		}
	}
}

// reaches tells whether a package lies on a level or below, neighbours
// included.
func (l ladder) reaches(path string, from level) bool {
	to, ok := l.of(path)
	return ok && to.rank <= from.rank
}

func TestLayersRefuseWhatPointsUp(t *testing.T) {
	all := levels(t)
	for _, c := range []struct {
		from, to string
		may      bool
	}{
		{"nn", "tensor", true}, {"tensor", "nn", false}, {"run", "format/npy", false},
		{"format/npy", "format/internal/half", true}, {"internal/kernel", "internal/par", true},
		{"internal/par", "internal/cpu", false}, {"train", "probe", false}, {"cmd/limpid", "recipe/book", true},
		{"programs/quick", "cmd/limpid", false}, {"nn", "unheard/of", false},
	} {
		from, _ := all.of(module + "/" + c.from)
		if got := all.below(module+"/"+c.to, from); got != c.may {
			t.Errorf("may %s import %s? got %v, want %v", c.from, c.to, got, c.may)
		}
	}
}

func TestTheHeartImportsTheStandardLibraryOnly(t *testing.T) {
	all := levels(t)
	for _, p := range listPackages(t) {
		l, _ := all.of(p.ImportPath)
		allowed, is := pure[l.name]
		if !is {
			continue
		}
		for _, imp := range p.Imports {
			if foreign(imp) && !slices.Contains(allowed, imp) {
				t.Errorf("%s imports %s", p.ImportPath, imp)
			}
		}
	}
}

// foreign tells whether a package is neither the standard library's nor ours.
func foreign(path string) bool {
	domain, _, _ := strings.Cut(path, "/")
	return strings.Contains(domain, ".") && !strings.HasPrefix(path, module)
}

var (
	// saysWho matches the sentence of a package comment that tells who may
	// import the package.
	saysWho = regexp.MustCompile(`\bmay\s+import\b`)
	mapRow  = regexp.MustCompile("`([^`]+)`")
)

func TestEveryPackageSaysWhatItIsForAndWhoMayImportIt(t *testing.T) {
	for _, p := range listPackages(t) {
		if len(p.GoFiles) == 0 {
			continue // tests alone
		}
		doc := comment(t, p)
		imported := p.Name != "main" && p.ImportPath != module && !strings.Contains(p.ImportPath, "/programs/")
		if doc == "" {
			t.Errorf("%s has no package comment", p.ImportPath)
		} else if imported && !saysWho.MatchString(doc) {
			t.Errorf("the comment of %s does not say who may import it", p.ImportPath)
		}
	}
}

// comment returns a package's whole comment; go list has its first sentence.
func comment(t *testing.T, p pkg) string {
	t.Helper()
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.ParseComments|parser.PackageClauseOnly)
		if err != nil {
			t.Fatal(err)
		}
		if f.Doc != nil {
			return f.Doc.Text()
		}
	}
	return ""
}

// Every package of the library has its line in the map, and every name there
// is a package or stands in the list of what is not written.
func TestTheMapIsComplete(t *testing.T) {
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if first, _, ok := strings.Cut(strings.TrimPrefix(line, "| "), " |"); ok && strings.HasPrefix(line, "| `") {
			for _, m := range mapRow.FindAllStringSubmatch(first, -1) {
				named[m[1]] = true
			}
		}
	}
	unwritten := section(string(text), "have their place above and are not written yet")
	for _, l := range levels(t) {
		_, err := os.Stat(l.name)
		there := err == nil
		inMap := named[l.name] || l.name == "cmd" && named["cmd/limpid"]
		if there && !inMap {
			t.Errorf("%s has no line in the map of ARCHITECTURE.md", l.name)
		}
		if !there && !strings.Contains(unwritten, "`"+l.name+"`") {
			t.Errorf("%s is in the layers, not in the tree, and not among what is not written yet", l.name)
		}
		if there && strings.Contains(unwritten, "`"+l.name+"`") {
			t.Errorf("ARCHITECTURE.md says that %s is not written yet, but it is there", l.name)
		}
	}
}

// section returns the paragraph of text that holds a phrase.
func section(text, phrase string) string {
	for _, p := range strings.Split(text, "\n\n") {
		if strings.Contains(p, phrase) {
			return p
		}
	}
	return ""
}
