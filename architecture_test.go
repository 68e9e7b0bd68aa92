package limpid

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/limpid-ml/limpid"

// layers is the architecture. "a < b": b, and all after it, may import a;
// neighbours between commas may not import each other. A name stands for its
// folder and all below it. Policy: move code, not lines here.
const layers = `
	internal/backstage < internal/cpu, internal/par < internal/kernel < tensor
	< run, format < data < datasets < nn
	< loss, optim, metric < model < train
	< probe < doctor, explain, lab < dash, serve
	< recipe < cmd, programs
`

// pure names the packages that import the standard library only, but for the
// CPU's features.
var pure = map[string][]string{
	"internal/backstage": nil, "internal/par": nil, "internal/kernel": nil, "tensor": nil,
	"internal/cpu": {"golang.org/x/sys/cpu"},
}

// pkg is what go list says of a package.
type pkg struct {
	ImportPath, Dir, Name, Doc     string
	Imports                        []string
	GoFiles, TestGoFiles           []string
	XTestGoFiles, IgnoredGoFiles   []string
	TestImports, XTestImports      []string
	SFiles, OtherFiles, EmbedFiles []string
}

func listPackages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json", "./...").Output()
	if err != nil {
		t.Fatal("go list:", err)
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

func levels() []level {
	var all []level
	for rank, group := range strings.Split(layers, "<") {
		for name := range strings.SplitSeq(group, ",") {
			all = append(all, level{rank, strings.TrimSpace(name)})
		}
	}
	return all
}

func levelOf(path string) (level, bool) {
	rel := strings.TrimPrefix(path, module+"/")
	for _, l := range levels() {
		if rel == l.name || strings.HasPrefix(rel, l.name+"/") {
			return l, true
		}
	}
	return level{}, false
}

func TestImportsPointDown(t *testing.T) {
	for _, p := range listPackages(t) {
		if p.ImportPath == module {
			continue
		}
		from, ok := levelOf(p.ImportPath)
		if !ok {
			t.Errorf("%s has no place in the layers", p.ImportPath)
			continue
		}
		for _, imp := range p.Imports {
			if !strings.HasPrefix(imp, module) {
				continue
			}
			to, ok := levelOf(imp)
			if !ok || to.rank > from.rank || to.rank == from.rank && to.name != from.name {
				t.Errorf("%s imports %s, which does not lie below it", p.ImportPath, imp)
			}
		}
	}
}

func TestTheHeartImportsTheStandardLibraryOnly(t *testing.T) {
	for _, p := range listPackages(t) {
		l, _ := levelOf(p.ImportPath)
		allowed, is := pure[l.name]
		if !is {
			continue
		}
		for _, imp := range p.Imports {
			foreign := strings.Contains(strings.SplitN(imp, "/", 2)[0], ".") && !strings.HasPrefix(imp, module)
			if foreign && !contains(allowed, imp) {
				t.Errorf("%s imports %s", p.ImportPath, imp)
			}
		}
	}
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for _, p := range listPackages(t) {
		if p.Doc == "" && !strings.Contains(p.ImportPath, "/programs/") {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}
