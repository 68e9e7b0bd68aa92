package main

import (
	"context"
	"errors"
	"fmt"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/charmbracelet/x/term"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/run"
)

// reply is what a network says about an input.
type reply struct {
	Input   string   `json:"input"`
	Answer  any      `json:"answer,omitempty"`
	Drawing string   `json:"drawing,omitempty"` // the file with it
	Labels  string   `json:"labels,omitempty"`  // the file with a label for each pixel
	Steps   []string `json:"steps"`             // what was done to the input
	Doubt   string   `json:"doubt,omitempty"`
	Error   string   `json:"error,omitempty"` // why there is no answer
}

// replies is predict's JSON document where a recipe answers in its own way.
type replies struct {
	Run         string  `json:"run"`
	Predictions []reply `json:"predictions"`
}

// stdin is how standard input is called.
const stdin = "-"

// ask puts each input to the task.
func (t *trained) ask(ctx context.Context, s Streams, o predictOptions) error {
	if err := t.setOptions(o.set); err != nil {
		return err
	}
	all := replies{Run: t.path, Predictions: []reply{}}
	inputs := t.inputs(s, o)
	o.drawn = drawings{}
	var failed []error
	for _, name := range inputs {
		if ctx.Err() != nil {
			return fail(codeInterrupted, "", "interrupted")
		}
		if len(inputs) > 1 && !o.json {
			fmt.Fprintf(s.Out, "%s\n", visible(name))
		}
		r, err := t.askOne(ctx, s, o, name)
		if err != nil && (len(inputs) == 1 || !isInput(err)) {
			return err
		}
		if err != nil { // the others have an answer all the same
			failed = append(failed, err)
			r = reply{Input: name, Steps: []string{}, Error: withoutPlaces(err.Error())}
		}
		all.Predictions = append(all.Predictions, r)
	}
	if o.json {
		if err := printJSON(s.Out, all); err != nil {
			return err
		}
	}
	if len(failed) > 0 {
		return unanswered(failed, "input", len(inputs))
	}
	return nil
}

// isInput tells whether an error is about the input, and not about where the
// answer goes.
func isInput(err error) bool {
	var f *failure
	return !errors.As(err, &f) || f.code == codeInput
}

// inputs lists what is asked about: the files, the text, standard input.
func (t *trained) inputs(s Streams, o predictOptions) []string {
	switch {
	case o.typed:
		return append([]string{"text"}, o.inputs...)
	case len(o.inputs) > 0:
		return o.inputs
	case t.task.Alone:
		return []string{""}
	}
	if f, ok := s.In.(*os.File); ok && term.IsTerminal(f.Fd()) {
		fmt.Fprintln(s.Err, "type the input; Ctrl-D on a line of its own ends it")
	}
	return []string{stdin}
}

// setOptions changes the settings of the task's answer.
func (t *trained) setOptions(pairs []string) error {
	for _, kv := range pairs {
		key, value, ok := strings.Cut(kv, "=")
		if !ok {
			return fail(codeUsage, "write --set key=value", "--set %q is not key=value", kv)
		}
		if t.task.Options == nil {
			return fail(codeUsage, "leave --set out", "predict has no settings for runs of the recipe %s", t.record.What)
		}
		var e *recipe.SettingError
		if err := recipe.Set(t.task.Options, strings.TrimSpace(key), value); errors.As(err, &e) {
			return fail(codeUsage, "those of predict are: "+optionList(t.task.Options), "%w", err)
		}
	}
	return nil
}

// optionList describes the settings of an answer in a line.
func optionList(options any) string {
	var all []string
	for _, o := range recipe.Settings(options) {
		all = append(all, fmt.Sprintf("%s (%s; now %s)", o.Key, o.Help, o.Value))
	}
	return strings.Join(all, ", ")
}

// askOne puts one input to the task, prints the answer unless JSON is wanted,
// and draws what is to be drawn.
func (t *trained) askOne(ctx context.Context, s Streams, o predictOptions, name string) (reply, error) {
	in, err := openInput(s, o, name)
	if err != nil {
		return reply{}, err
	}
	defer in.Close()
	q := &recipe.Question{Name: name, In: in}
	if !o.json {
		q.Out = s.Out
	}
	a, err := t.task.Answer(ctx, q)
	if ctx.Err() != nil {
		return reply{}, fail(codeInterrupted, "", "interrupted")
	}
	if err != nil {
		return reply{}, because(codeInput, "limpid predict --help tells what it takes", err)
	}
	r := reply{Input: name, Answer: a.Value, Steps: append([]string{}, a.Steps...), Doubt: a.Doubt}
	if err := t.draw(&r, a, o); err != nil {
		return r, err
	}
	return r, r.tell(s, o, a)
}

// tell prints an answer for people.
func (r *reply) tell(s Streams, o predictOptions, a *recipe.Answer) error {
	writeSteps(s, prediction{Picture: r.Input, Steps: r.Steps, Doubt: r.Doubt})
	if r.Drawing != "" {
		fmt.Fprintf(s.Err, "drawn into %s\n", visible(r.Drawing))
	}
	if r.Labels != "" {
		fmt.Fprintf(s.Err, "a label for each pixel in %s\n", visible(r.Labels))
	}
	if o.json {
		return nil
	}
	_, err := io.WriteString(s.Out, a.Text)
	return printed(err)
}

// openInput opens a file, standard input or the text of the command line.
func openInput(s Streams, o predictOptions, name string) (io.ReadCloser, error) {
	switch {
	case o.typed && name == "text":
		return io.NopCloser(strings.NewReader(o.text)), nil
	case name == "":
		return io.NopCloser(strings.NewReader("")), nil
	case name == stdin:
		return io.NopCloser(s.In), nil
	}
	f, err := os.Open(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fail(codeInput, "check the name and the folder you are in; --text gives a text itself", "there is no file %q", name)
	case errors.Is(err, fs.ErrPermission):
		return nil, fail(codeInput, "ask for the right to read it", "%q cannot be read: permission denied", name)
	case err != nil:
		return nil, fail(codeInput, "give a file that can be read", "%w", err)
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		f.Close()
		return nil, fail(codeInput, "give files, "+shellWord(name)+"/*", "%q is a folder", name)
	}
	return f, nil
}

// draw writes an answer's pictures and notes the files' names.
func (t *trained) draw(r *reply, a *recipe.Answer, o predictOptions) error {
	if a.Picture == nil {
		return nil
	}
	dir := o.out
	if dir == "" {
		dir = filepath.Join(t.path, "predictions")
	}
	file := filepath.Join(dir, o.drawn.name(r.Input))
	err := os.MkdirAll(dir, 0o777)
	if err == nil {
		err = run.Replace(file, func(w io.Writer) error { return png.Encode(w, a.Picture) })
		r.Drawing = file
	}
	if err == nil && a.Labels != nil {
		r.Labels = strings.TrimSuffix(file, ".png") + ".labels.png"
		err = run.Replace(r.Labels, func(w io.Writer) error { return png.Encode(w, a.Labels) })
	}
	if err != nil {
		return fail(codeOutput, "choose a folder that you may write with --out", "%w", err)
	}
	return nil
}

// drawings counts the drawings by name, so that none of a call overwrites
// another: inputs of several folders may have the same name.
type drawings map[string]int

// name returns the name of the file for the drawing for an input.
func (d drawings) name(input string) string {
	base := filepath.Base(input)
	switch input {
	case stdin:
		base = "stdin"
	case "":
		base = "prediction"
	}
	if ext := filepath.Ext(base); strings.EqualFold(ext, ".png") {
		base = strings.TrimSuffix(base, ext)
	}
	if d[base]++; d[base] > 1 {
		base += fmt.Sprintf("-%d", d[base])
	}
	return base + ".png"
}
