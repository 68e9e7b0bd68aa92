package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/limpid-ml/limpid/run"
)

var update = flag.Bool("update", false, "rewrite the golden files of the scripts")

// cleaning runs all tests, then removes what they built.
type cleaning struct{ *testing.M }

func (c cleaning) Run() int {
	defer func() {
		os.RemoveAll(built.dir)
		os.RemoveAll(finished.dir)
	}()
	return c.M.Run()
}

func TestMain(m *testing.M) {
	testscript.Main(cleaning{m}, map[string]func(){
		"limpid": main,
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":   exits,
			"onejson": oneJSON,
			"draw":    drawPicture,
			"patch":   patch,
			"lastrun": lastRun,
			"samekey": sameKey,
		},
	})
}

// exits runs a command that must end with an exit code: exits 2 limpid …
func exits(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("%v: exit code %s, want %s", args[1:], got, args[0])
	}
	for _, trace := range []string{"goroutine ", "panic:", "runtime error"} {
		if strings.Contains(ts.ReadFile("stderr"), trace) {
			ts.Fatalf("%v: a stack trace reached the user", args[1:])
		}
	}
}

// oneJSON wants one JSON document on the last command's standard output, with
// the keys named: onejson run metrics.test.accuracy
func oneJSON(ts *testscript.TestScript, _ bool, keys []string) {
	var doc map[string]any
	if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &doc); err != nil {
		ts.Fatalf("standard output is not one JSON object: %v", err)
	}
	for _, key := range keys {
		at := any(doc)
		for part := range strings.SplitSeq(key, ".") {
			m, _ := at.(map[string]any)
			v, ok := m[part]
			if !ok {
				ts.Fatalf("the JSON object lacks %s", key)
			}
			at = v
		}
	}
}

// lastRun links a name to the latest run: lastrun RUNS NAME
func lastRun(ts *testscript.TestScript, _ bool, args []string) {
	all, err := run.List(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.Symlink(all[0].Dir, ts.MkAbs(args[1])))
}

// sameKey wants one value under a key of two JSON objects: samekey A B KEY
func sameKey(ts *testscript.TestScript, _ bool, args []string) {
	var a, b map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &a))
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &b))
	if a[args[2]] == nil || a[args[2]] != b[args[2]] {
		ts.Fatalf("%s is %v and %v", args[2], a[args[2]], b[args[2]])
	}
}

// drawPicture writes a dark boot on white: draw FILE WIDTH HEIGHT
func drawPicture(ts *testscript.TestScript, _ bool, args []string) {
	var w, h int
	if _, err := fmt.Sscan(args[1]+" "+args[2], &w, &h); err != nil {
		ts.Fatalf("%v", err)
	}
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.NRGBA{255, 255, 255, 255}
			shaft := x > w/2 && x < w*3/4 && y > h/8
			foot := x > w/5 && x < w*3/4 && y > h/2
			if (shaft || foot) && y < h*7/8 {
				c = color.NRGBA{120, 60, 20, 255}
			}
			img.SetNRGBA(x, y, c)
		}
	}
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(png.Encode(f, img))
	ts.Check(f.Close())
}

// patch replaces text in a file: patch FILE OLD NEW
func patch(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s does not contain %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, args[1], args[2], 1)), 0o666))
}
