package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// oneDocument fails unless text is one JSON object and a line's end.
func oneDocument(t *testing.T, text string) (doc map[string]any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	if err := d.Decode(&doc); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	if _, err := d.Token(); err != io.EOF {
		t.Errorf("more follows the JSON object: %v", err)
	}
	if !strings.HasSuffix(text, "}\n") || strings.HasSuffix(text, "\n\n") {
		t.Errorf("does not end with one line's end: %q", text[max(0, len(text)-10):])
	}
	return doc
}

// TestEveryVerbPrintsOneDocument asks each verb for JSON, in success.
func TestEveryVerbPrintsOneDocument(t *testing.T) {
	w := lookAt(t)
	boot := filepath.Join(t.TempDir(), "boot.png")
	if err := os.WriteFile(boot, pngOf(40, 30), 0o666); err != nil {
		t.Fatal(err)
	}
	table := filepath.Join(t.TempDir(), "people.csv")
	if err := os.WriteFile(table, []byte("name,age\nAda,36\nByron,35\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	asked := map[string]bool{}
	for _, tt := range []struct {
		args []string
		keys string // that the object has, and no others
	}{
		{[]string{"train", "--runs-dir", t.TempDir(), tiny[0], tiny[1], tiny[2], tiny[3]}, "epochs kernels metrics parameters recipe run seconds seed steps weights_sha256 worst_pairs"},
		{[]string{"resume", w.run}, "epochs kernels metrics parameters recipe run seconds seed steps weights_sha256 worst_pairs"},
		{[]string{"eval", w.run}, "classes confusion examples metrics run worst_pairs"},
		{[]string{"predict", w.run, boot}, "predictions run"},
		{[]string{"inspect", w.run}, "config loss recipe result run state summary validation values"},
		{[]string{"runs", "--runs-dir", w.runs}, "folder runs"},
		{[]string{"recipes"}, "recipes"},
		{[]string{"version"}, "commit go kernels platform version"},
		{[]string{"help", "train"}, "page verb"},
		{[]string{"completion", "zsh"}, "script shell"},
		{[]string{"new", filepath.Join(t.TempDir(), "shoes")}, "dir files module next recipe"},
		{[]string{"sweep", "--dir", t.TempDir(), "--set=lr=0.01,0.02", tiny[0], tiny[1], tiny[2], tiny[3]}, "axes best dir page recipe rungs score seed trials"},
		{[]string{"data", "look", table}, "advice columns examples kind path"},
	} {
		t.Run(tt.args[0], func(t *testing.T) {
			c, out, errs := call(t.Context(), append(tt.args, "--json")...)
			if c != codeOK {
				t.Fatalf("exit %d: %s", c, errs)
			}
			asked[tt.args[0]] = true
			for key := range oneDocument(t, out) {
				if !slices.Contains(strings.Fields(tt.keys), key) {
					t.Errorf("has a key %q that is not listed here", key)
				}
			}
			for key := range strings.FieldsSeq(tt.keys) {
				if key != "commit" && !strings.Contains(out, `  "`+key+`": `) {
					t.Errorf("lacks %q", key)
				}
			}
			if strings.Contains(out, "\x1b[") {
				t.Error("has colours in it")
			}
		})
	}
	for _, v := range newRoot(Streams{}).Commands() {
		if !asked[v.Name()] {
			t.Errorf("nobody asked %s for JSON: add it above", v.Name())
		}
	}
}

// TestEveryFailureIsOneDocument has each verb fail, told to say so in JSON in
// the ways that a flag may be written.
func TestEveryFailureIsOneDocument(t *testing.T) {
	for _, flag := range []string{"--json", "--json=true", "--json=1", "--json=T"} {
		for _, args := range [][]string{
			{"train", "--set", "width=0"}, {"resume", "nothing"}, {"eval", "nothing"}, {"predict", "nothing", "x.png"},
			{"inspect", "nothing"}, {"runs", "--no-such"}, {"version", "x"}, {"help", "x"}, {"completion", "csh"}, {"data", "look", "/no/such"}, {"nonsense"},
		} {
			c, out, errs := call(t.Context(), append(args, flag)...)
			doc := oneDocument(t, out)
			e, _ := doc["error"].(map[string]any)
			if len(doc) != 1 || e == nil {
				t.Errorf("%v %s: %s", args, flag, out)
				continue
			}
			if e["code"] != float64(c) || e["kind"] != c.String() || c == codeOK || c == codeBug {
				t.Errorf("%v: exit %d, but JSON says %v, %v", args, c, e["code"], e["kind"])
			}
			message, _ := e["message"].(string)
			if first, _, _ := strings.Cut(message, "\n"); message == "" || !strings.Contains(errs, first) {
				t.Errorf("%v: people read %q, programs %q", args, errs, message)
			}
			if e["fix"] == "" || e["fix"] == nil {
				t.Errorf("%v: does not say what to do", args)
			}
		}
	}
	for _, args := range [][]string{{"help", "x", "--json=false"}, {"help", "x", "--json", "--json=0"}, {"help", "x"}, {"help", "--", "--json"}} {
		if _, out, _ := call(t.Context(), args...); out != "" {
			t.Errorf("%v: nobody asked for JSON: %s", args, out)
		}
	}
}

// TestKindsOfExit names each code as JSON does.
func TestKindsOfExit(t *testing.T) {
	for c, want := range map[code]string{
		codeOK: "ok", codeBug: "internal", codeUsage: "usage", codeInput: "input", codeRun: "run", codeOutput: "output",
		codeDiverged: "diverged", codeInterrupted: "interrupted", 77: "code(77)",
	} {
		if got := c.String(); got != want {
			t.Errorf("exit %d is %q, want %q", c, got, want)
		}
	}
}

// TestFailuresKeepTheirCause so that callers may look into them.
func TestFailuresKeepTheirCause(t *testing.T) {
	cause := errors.New("cause")
	err := fmt.Errorf("outer: %w", fail(codeRun, "f", "inner: %w", cause))
	if !errors.Is(err, cause) || err.Error() != "outer: inner: cause" {
		t.Errorf("got %v", err)
	}
}

// TestMessagesShowNoPlaces: where in the program an error was noticed is for
// programmers.
func TestMessagesShowNoPlaces(t *testing.T) {
	for in, want := range map[string]string{
		"one":                                "one",
		"one\n\tin layers.go:12\n\tfix: two": "one\n\tfix: two",
		"one\n  in a/b.go:1\n  in c.go:22":   "one",
		"in words.go:1 begins":               "in words.go:1 begins",
	} {
		if got := withoutPlaces(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
