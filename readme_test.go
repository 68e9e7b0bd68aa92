package limpid

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// quickStart returns the program in README.md.
func quickStart(t *testing.T, readme string) string {
	t.Helper()
	_, rest, ok := strings.Cut(readme, "<!-- quick start: a test runs this program -->\n```go\n")
	program, _, end := strings.Cut(rest, "```\n")
	if !ok || !end {
		t.Fatal("README.md has no quick start")
	}
	return program
}

func readReadme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestQuickStartIsShort(t *testing.T) {
	n, inImports := 0, false
	for line := range strings.Lines(quickStart(t, readReadme(t))) {
		line = strings.TrimSpace(line)
		inImports = inImports && line != ")" || line == "import ("
		if line != "" && line != ")" && !inImports {
			n++
		}
	}
	if n > 25 {
		t.Errorf("the quick start has %d lines beside its imports, at most 25", n)
	}
}

// The quick start compiles, runs, and prints what README.md says; the last
// figure may differ a little between kinds of CPU.
func TestQuickStartRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("it trains for seconds")
	}
	readme := readReadme(t)
	said := regexp.MustCompile("It prints `(.+) ([0-9.]+)`").FindStringSubmatch(readme)
	if said == nil {
		t.Fatal("README.md does not say what the quick start prints")
	}
	want, err := strconv.ParseFloat(said[2], 64)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(quickStart(t, readme)), 0o666); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "run", file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	words, figure, _ := strings.Cut(strings.TrimSpace(string(out)), said[1]+" ")
	if got, err := strconv.ParseFloat(figure, 64); err != nil || words != "" || math.Abs(got-want) > .02 {
		t.Errorf("the quick start prints %q, README.md says %s", out, said[0])
	}
}

var link = regexp.MustCompile(`\]\(([^)#]+)\)`)

// Links between the documents lead somewhere.
func TestLinksLeadSomewhere(t *testing.T) {
	documents, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(documents, "programs/README.md") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(name), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", name, m[1], err)
			}
		}
	}
}
