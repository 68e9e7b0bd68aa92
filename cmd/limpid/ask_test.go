package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/run"
)

// shouting is a task that says its input in capitals, and draws a picture as
// wide as the input is long.
func shouting() *recipe.Task {
	options := &struct {
		Times int `json:"times" help:"how often" min:"1" max:"3"`
	}{1}
	return &recipe.Task{Options: options, Answer: func(_ context.Context, q *recipe.Question) (*recipe.Answer, error) {
		text, err := io.ReadAll(q.In)
		if err != nil {
			return nil, err
		}
		if len(text) == 0 {
			return nil, errors.New("nothing to shout")
		}
		loud := strings.ToUpper(strings.Repeat(string(text), options.Times))
		a := &recipe.Answer{Text: loud + "\n", Value: map[string]string{"loud": loud}, Steps: []string{"read it"}, Doubt: "hoarse"}
		if q.Out != nil {
			fmt.Fprint(q.Out, "… ")
		}
		a.Picture = image.NewGray(image.Rect(0, 0, len(text), 2))
		return a, nil
	}}
}

// asked puts inputs to the shouting task in a run's folder.
func asked(t *testing.T, dir, in string, o predictOptions) (out, errs string, err error) {
	t.Helper()
	var w, e bytes.Buffer
	tr := &trained{folder: &folder{path: dir, record: run.Record{What: "shout"}}, task: shouting()}
	err = tr.ask(t.Context(), Streams{In: strings.NewReader(in), Out: &w, Err: &e}, o)
	return w.String(), e.String(), err
}

func TestAskStandardInput(t *testing.T) {
	dir := t.TempDir()
	out, errs, err := asked(t, dir, "psst", predictOptions{})
	if err != nil || out != "… PSST\n" {
		t.Fatalf("%q: %v", out, err)
	}
	mustSay(t, errs, "-: read it", "-: doubtful: hoarse", filepath.Join(dir, "predictions", "stdin.png"))
	if w := widthOf(t, filepath.Join(dir, "predictions", "stdin.png")); w != 4 {
		t.Errorf("drawn %d wide", w)
	}
	if out, _, err = asked(t, dir, "unread", predictOptions{typed: true, text: "hey", set: []string{"times=2"}}); err != nil || out != "… HEYHEY\n" {
		t.Errorf("%q: %v", out, err)
	}
}

func widthOf(t *testing.T, file string) int {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return img.Bounds().Dx()
}

// Of several inputs each has its answer and its drawing, even where files of
// two folders have one name; what cannot be answered is told in the end.
func TestAskFiles(t *testing.T) {
	dir := t.TempDir()
	var files []string
	for i, text := range []string{"a", "bb", ""} {
		sub := filepath.Join(dir, fmt.Sprint(i))
		if err := os.Mkdir(sub, 0o777); err != nil {
			t.Fatal(err)
		}
		files = append(files, filepath.Join(sub, "x.png"))
		if err := os.WriteFile(files[i], []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	place := filepath.Join(dir, "drawn")
	out, _, err := asked(t, dir, "", predictOptions{inputs: files, out: place, json: true})
	if err == nil || !strings.Contains(err.Error(), "1 input of 3 without an answer") || !strings.Contains(err.Error(), "nothing to shout") {
		t.Errorf("error %v", err)
	}
	var a struct {
		Run         string
		Predictions []struct {
			Input, Drawing, Doubt, Error string
			Answer                       map[string]string
			Steps                        []string
		}
	}
	if err := json.Unmarshal([]byte(out), &a); err != nil {
		t.Fatal(err)
	}
	p := a.Predictions
	if a.Run != dir || len(p) != 3 || p[0].Answer["loud"] != "A" || p[1].Answer["loud"] != "BB" || p[2].Error == "" || !slices.Equal(p[0].Steps, []string{"read it"}) {
		t.Fatalf("%+v", a)
	}
	if p[0].Drawing != filepath.Join(place, "x.png") || p[1].Drawing != filepath.Join(place, "x-2.png") || widthOf(t, p[1].Drawing) != 2 || p[2].Drawing != "" {
		t.Errorf("%+v", p)
	}
	text, _, _ := asked(t, dir, "", predictOptions{inputs: files[:2]})
	if text != files[0]+"\n… A\n"+files[1]+"\n… BB\n" {
		t.Errorf("%q", text)
	}
}

func TestAskRefuses(t *testing.T) {
	dir := t.TempDir()
	inTheWay := filepath.Join(dir, "file")
	if err := os.WriteFile(inTheWay, []byte("x"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		o    predictOptions
		code code
		want string
	}{
		{"no such file", predictOptions{inputs: []string{"nothing.txt"}}, codeInput, `no file "nothing.txt"`},
		{"a folder", predictOptions{inputs: []string{dir}}, codeInput, "is a folder"},
		{"nothing in it", predictOptions{}, codeInput, "nothing to shout"},
		{"no pair", predictOptions{set: []string{"times"}}, codeUsage, "not key=value"},
		{"no such setting", predictOptions{set: []string{"time=2"}}, codeUsage, `no setting "time"`},
		{"a value out of range", predictOptions{set: []string{"times=4"}}, codeUsage, "from 1 to 3"},
		{"no place for drawings", predictOptions{typed: true, text: "x", out: inTheWay}, codeOutput, "file"},
	} {
		_, _, err := asked(t, dir, "", tt.o)
		var f *failure
		if !errors.As(err, &f) || f.code != tt.code || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// A wrong setting leads to the list of those there are.
func TestAskListsItsSettings(t *testing.T) {
	_, _, err := asked(t, t.TempDir(), "x", predictOptions{set: []string{"loudness=2"}})
	var f *failure
	if !errors.As(err, &f) || !strings.Contains(f.fix, "times (how often; now 1)") {
		t.Errorf("%v", err)
	}
	tr := &trained{folder: &folder{record: run.Record{What: "mute"}}, task: &recipe.Task{}}
	if err := tr.setOptions([]string{"a=b"}); err == nil || !strings.Contains(err.Error(), "no settings for runs of the recipe mute") {
		t.Errorf("%v", err)
	}
}

// A task that answers alone reads no standard input.
func TestAskAlone(t *testing.T) {
	tr := &trained{folder: &folder{path: t.TempDir()}, task: &recipe.Task{Alone: true, Answer: func(_ context.Context, q *recipe.Question) (*recipe.Answer, error) {
		text, err := io.ReadAll(q.In)
		return &recipe.Answer{Text: fmt.Sprintf("%q %q", q.Name, text)}, err
	}}}
	var out bytes.Buffer
	if err := tr.ask(t.Context(), Streams{In: strings.NewReader("unread"), Out: &out, Err: io.Discard}, predictOptions{}); err != nil || out.String() != `"" ""` {
		t.Errorf("%s: %v", &out, err)
	}
}

// What ends the command ends the asking.
func TestAskInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	tr := &trained{folder: &folder{path: t.TempDir()}, task: &recipe.Task{Answer: func(context.Context, *recipe.Question) (*recipe.Answer, error) {
		stop()
		return nil, context.Canceled
	}}}
	var f *failure
	if err := tr.ask(ctx, Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}, predictOptions{}); !errors.As(err, &f) || f.code != codeInterrupted {
		t.Errorf("%v", err)
	}
}

// Labels go into a file beside the drawing, and JSON and standard error name
// both; of two inputs of one name neither overwrites the other's.
func TestAskWritesLabels(t *testing.T) {
	dir := t.TempDir()
	var out, errs bytes.Buffer
	tr := &trained{folder: &folder{path: dir}, task: &recipe.Task{Answer: func(_ context.Context, q *recipe.Question) (*recipe.Answer, error) {
		m := image.NewPaletted(image.Rect(0, 0, 3, 2), color.Palette{color.Black, color.White})
		m.SetColorIndex(1, 1, 1)
		return &recipe.Answer{Text: "two\n", Picture: image.NewGray(image.Rect(0, 0, 3, 4)), Labels: m}, nil
	}}}
	a, b := filepath.Join(t.TempDir(), "a.png"), filepath.Join(t.TempDir(), "a.png")
	for _, file := range []string{a, b} {
		if err := os.WriteFile(file, []byte("x"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := tr.ask(t.Context(), Streams{Out: &out, Err: &errs}, predictOptions{inputs: []string{a, b}, json: true, out: filepath.Join(dir, "drawn")}); err != nil {
		t.Fatal(err)
	}
	var all replies
	if err := json.Unmarshal(out.Bytes(), &all); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, p := range all.Predictions {
		f, err := os.Open(p.Labels)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(f)
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		if m, ok := img.(*image.Paletted); !ok || m.ColorIndexAt(1, 1) != 1 || m.ColorIndexAt(0, 0) != 0 {
			t.Errorf("%s: %T", p.Labels, img)
		}
		if !strings.HasSuffix(p.Labels, ".labels.png") || strings.TrimSuffix(p.Labels, ".labels.png")+".png" != p.Drawing || !strings.Contains(errs.String(), p.Labels) {
			t.Errorf("drawing %s, labels %s: %s", p.Drawing, p.Labels, errs.String())
		}
		seen[p.Drawing], seen[p.Labels] = true, true
	}
	if len(seen) != 4 {
		t.Errorf("files %v", seen)
	}
}
