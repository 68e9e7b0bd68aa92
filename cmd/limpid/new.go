package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"text/template"

	"github.com/spf13/cobra"
)

type newOptions struct {
	name   string
	recipe string
	module string
	limpid string
	json   bool
}

// newAnswer is new's JSON document.
type newAnswer struct {
	Dir    string   `json:"dir"`
	Module string   `json:"module"`
	Recipe string   `json:"recipe"`
	Files  []string `json:"files"`
	Next   []string `json:"next"` // commands to run in dir
}

// projects are the folders of templates that a recipe's project is made of.
var projects = map[string]string{
	"start": "pictures", "fashion": "pictures", "fashion-mlp": "pictures", "table": "table",
}

// projectNames lists them in the order of their use.
var projectNames = []string{"start", "fashion", "fashion-mlp", "table"}

//go:embed project
var projectFiles embed.FS

func newNew(s Streams) *cobra.Command {
	var o newOptions
	c := &cobra.Command{
		Use:   "new NAME [flags]",
		Short: "Write a small Go project that trains, to make your own",
		Long: `Makes the folder NAME and writes a Go program into it that does in plain code
what a recipe does: the network, the data, training and the test, and tests of
its own. go run . trains, on what limpid brings along or, with -data, on your own
files; go test ./... sees whether it still learns. Change it as you like.

Recipes to begin from: start, fashion and fashion-mlp (pictures by class), table
(a CSV file: a class, or a number). A folder with files in it is left alone.

The project needs the limpid module. If this command was built from a checkout
that is still there, or if --limpid names one, go.mod points to it; otherwise go
mod tidy looks for it.`,
		Example: `  limpid new shoes && cd shoes && go run .
  limpid new houses --recipe table --module example.com/me/houses
  limpid new shoes --limpid ~/src/limpid`,
		Args:              arguments(1, 1, "the name of the project"),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	f := c.Flags()
	f.StringVar(&o.recipe, "recipe", "start", "the `recipe` to begin from: "+strings.Join(projectNames, ", "))
	f.StringVar(&o.module, "module", "", "the `path` of the project's module (default example.com/NAME)")
	f.StringVar(&o.limpid, "limpid", "", "a checkout of limpid: the `folder` with its go.mod (default the one this was built from)")
	jsonFlag(c, &o.json)
	cobra.CheckErr(c.MarkFlagDirname("limpid"))
	cobra.CheckErr(c.RegisterFlagCompletionFunc("recipe", cobra.FixedCompletions(projectNames, cobra.ShellCompDirectiveNoFileComp)))
	c.RunE = func(c *cobra.Command, args []string) error {
		o.name = args[0]
		return runNew(c.Context(), s, o)
	}
	return c
}

// modulePath is what go takes as a module's path, less its finer points.
var modulePath = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._~-]*(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$`)

func runNew(_ context.Context, s Streams, o newOptions) error {
	folder, ok := projects[o.recipe]
	if !ok {
		return fail(codeUsage, nearest("--recipe ", o.recipe, projectNames), "there is no project for a recipe %q", o.recipe)
	}
	if o.module == "" {
		o.module = "example.com/" + strings.ToLower(filepath.Base(filepath.Clean(o.name)))
	}
	if !modulePath.MatchString(o.module) {
		return fail(codeUsage, "give one with --module, such as example.com/shoes", "%q is no path for a Go module", o.module)
	}
	checkout, err := o.checkout()
	if err != nil {
		return err
	}
	files, err := o.render(folder, checkout)
	if err != nil {
		return err
	}
	if err := writeProject(o.name, files); err != nil {
		return err
	}
	a := newAnswer{Dir: o.name, Module: o.module, Recipe: o.recipe, Next: []string{"go run .", "go test ./..."}}
	for _, f := range files {
		a.Files = append(a.Files, f.name)
	}
	if checkout == "" {
		a.Next = append([]string{"go mod tidy"}, a.Next...)
	}
	if o.json {
		return printJSON(s.Out, a)
	}
	_, err = fmt.Fprintf(s.Out, "%s is a Go project now: %s\nnext:  cd %s\n       %s\n", o.name, strings.Join(a.Files, ", "), shellWord(o.name), strings.Join(a.Next, "\n       "))
	return printed(err)
}

// checkout returns the folder of limpid's module to build with; "": none is
// known.
func (o *newOptions) checkout() (string, error) {
	if o.limpid != "" {
		dir, err := filepath.Abs(o.limpid)
		if err != nil || !isLimpid(dir) {
			return "", fail(codeInput, "give the folder that has limpid's go.mod in it", "%q is no checkout of limpid", o.limpid)
		}
		return dir, nil
	}
	_, file, _, _ := runtime.Caller(0) // where this was compiled
	if dir := filepath.Dir(filepath.Dir(filepath.Dir(file))); filepath.IsAbs(file) && isLimpid(dir) {
		return dir, nil
	}
	return "", nil
}

const limpidModule = "github.com/limpid-ml/limpid"

func isLimpid(dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	return err == nil && bytes.HasPrefix(text, []byte("module "+limpidModule+"\n"))
}

// projectFile is a file of a project.
type projectFile struct {
	name string
	text []byte
}

// render makes a project's files of its templates.
func (o *newOptions) render(folder, checkout string) ([]projectFile, error) {
	mod, err := o.goMod(checkout)
	if err != nil {
		return nil, err
	}
	files := mod
	names, err := fs.Glob(projectFiles, "project/"+folder+"/*.tmpl")
	if err != nil {
		return nil, err
	}
	name := filepath.Base(filepath.Clean(o.name))
	for _, n := range names {
		t, err := template.New(filepath.Base(n)).Delims("⟦", "⟧").ParseFS(projectFiles, n)
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		if err := t.Execute(&b, map[string]any{"Name": name, "Recipe": o.recipe, "MLP": o.recipe == "fashion-mlp"}); err != nil {
			return nil, err
		}
		files = append(files, projectFile{strings.TrimSuffix(filepath.Base(n), ".tmpl"), b.Bytes()})
	}
	ignore := "# what a run leaves behind\n/run/\n*.safetensors\n"
	return append(files, projectFile{".gitignore", []byte(ignore)}), nil
}

// goMod makes go.mod, and go.sum where a checkout says what is needed: its own
// requirements, so that the project builds without a network.
func (o *newOptions) goMod(checkout string) ([]projectFile, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "module %s\n\ngo %s\n\nrequire %s v0.0.0\n", o.module, goVersion(), limpidModule)
	if checkout == "" {
		return []projectFile{{"go.mod", []byte(b.String())}}, nil
	}
	fmt.Fprintf(&b, "\nreplace %s => %s\n", limpidModule, quoteMod(checkout))
	mod, err := os.ReadFile(filepath.Join(checkout, "go.mod"))
	if err != nil {
		return nil, because(codeInput, "give another folder with --limpid", err)
	}
	b.WriteString("\nrequire (\n")
	for line := range strings.Lines(string(mod)) {
		if f := strings.Fields(line); len(f) >= 2 && strings.HasPrefix(line, "\t") && strings.HasPrefix(f[1], "v") {
			fmt.Fprintf(&b, "\t%s %s // indirect\n", f[0], f[1])
		}
	}
	b.WriteString(")\n")
	sum, err := os.ReadFile(filepath.Join(checkout, "go.sum"))
	if err != nil {
		return nil, because(codeInput, "give another folder with --limpid", err)
	}
	return []projectFile{{"go.mod", []byte(b.String())}, {"go.sum", sum}}, nil
}

// goVersion is the Go that limpid asks for.
func goVersion() string { return "1.26.0" }

// quoteMod writes a folder as go.mod takes it.
func quoteMod(dir string) string {
	if strings.ContainsAny(dir, " \t\"'`(),") {
		return "\"" + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(dir) + "\""
	}
	return dir
}

// writeProject writes files into dir, which is made, or is empty.
func writeProject(dir string, files []projectFile) error {
	there, err := os.ReadDir(dir)
	switch {
	case err == nil && len(there) > 0:
		return fail(codeOutput, "give the name of a folder that is not there yet", "%s has files in it (%s, for one): nothing was written", dir, there[0].Name())
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fail(codeOutput, "give the name of a folder that is not there yet", "%s: %w", dir, err)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fail(codeOutput, "choose a folder that you may write", "%w", err)
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f.name), f.text, 0o666); err != nil {
			return fail(codeOutput, "choose a folder that you may write, on a disk with room", "%w", err)
		}
	}
	return nil
}
