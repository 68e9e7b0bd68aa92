package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sort"
	"strings"

	"github.com/spf13/cobra"

	"github.com/limpid-ml/limpid/format/picture"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
)

type predictOptions struct {
	run     string
	inputs  []string
	text    string
	typed   bool // text was given
	set     []string
	out     string
	drawn   drawings
	top     int
	json    bool
	folders folderOptions
	machine machineOptions
}

// prediction is what a network sees in a picture.
type prediction struct {
	Picture string          `json:"picture"`
	Class   string          `json:"class"`
	Classes []recipe.Chance `json:"classes"` // the likeliest first
	Steps   []string        `json:"steps"`   // what was done to the picture
	Doubt   string          `json:"doubt,omitempty"`
	Error   string          `json:"error,omitempty"` // why there is no answer; classes is empty then
}

// predictAnswer is predict's JSON document.
type predictAnswer struct {
	Run         string       `json:"run"`
	Predictions []prediction `json:"predictions"`
}

func newPredict(s Streams) *cobra.Command {
	var o predictOptions
	c := &cobra.Command{
		Use:   "predict RUN [INPUT...]",
		Short: "Ask a run's network about a picture, a text, a table …",
		Long: `Shows an input of your own to a run's network and prints what it says of it.
limpid recipes NAME tells what a recipe's runs take. An input is a file; - is
standard input, which is also read if no input is named; --text gives it on
the command line. What is better drawn than told, boxes over a picture, say, is
drawn into a file below --out. Settings of the answer, if there are any, are
changed by --set; a wrong one gets the list.

Of a picture a classifier prints the classes with their probabilities. PNG, JPEG, GIF, BMP, TIFF and WebP will do, of any size and
colour: what a camera, a shop or a drawing program makes. Best is one object
on a plain background, light or dark. The picture is made into what the
network was trained on, grey, bright on black, cropped to the object, centred,
scaled down; what was done is said on standard error. A run that is not
finished answers with its newest checkpoint. Of several inputs those that
cannot be read are told at the end, or in JSON by an "error" of their own, and
the exit code is 3.

` + aboutRuns,
		Example: `  limpid predict latest shirt.jpg
  limpid predict runs/20261124-1615-start *.png --top 3
  limpid predict latest boot.webp --json | jq -r .predictions[0].class
  echo "wo ist der Bahnhof" | limpid predict runs/20261127-1615-language`,
		Args:              arguments(1, -1, "the run"),
		ValidArgsFunction: completeRunThenFiles(&o.folders),
	}
	c.Flags().IntVar(&o.top, "top", 5, "print the `n` likeliest classes of a picture, 0: all")
	c.Flags().StringVar(&o.text, "text", "", "the input itself, as `TEXT`, in place of a file")
	c.Flags().StringArrayVar(&o.set, "set", nil, "change a setting of the answer: `key=value`, any number of times")
	c.Flags().StringVar(&o.out, "out", "", "the `folder` for what is drawn; without it, predictions in the run's")
	jsonFlag(c, &o.json)
	o.folders.flags(c)
	o.machine.flags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		o.run, o.inputs = args[0], args[1:]
		o.typed = c.Flags().Changed("text")
		return runPredict(c.Context(), s, o)
	}
	return c
}

func runPredict(ctx context.Context, s Streams, o predictOptions) error {
	if o.top < 0 {
		return fail(codeUsage, "give a whole number from 0", "--top is %d", o.top)
	}
	if err := o.machine.apply(); err != nil {
		return err
	}
	t, err := openTrained(o.folders.runs, o.run, "", true)
	if err != nil {
		return err
	}
	if t.task.Picture == nil && t.task.Answer == nil {
		return fail(codeInput, "predict with a run of another recipe", "runs of the recipe %s cannot be asked", t.record.What)
	}
	if err := t.sound(s); err != nil {
		return err
	}
	if err := t.usable(); err != nil {
		return err
	}
	t.warnUnfinished(s)
	if t.task.Answer != nil {
		return t.ask(ctx, s, o)
	}
	return t.classify(ctx, s, o)
}

// classify says the classes of pictures.
func (t *trained) classify(ctx context.Context, s Streams, o predictOptions) error {
	switch {
	case len(o.set) > 0:
		return fail(codeUsage, "leave --set out", "predict has no settings for runs of the recipe %s", t.record.What)
	case len(o.inputs) == 0 || o.typed:
		return fail(codeUsage, "limpid predict RUN PICTURE, see limpid predict --help", "predict: missing a picture")
	}
	answer := predictAnswer{Run: t.path}
	var failed []error
	for _, file := range o.inputs {
		if ctx.Err() != nil {
			return fail(codeInterrupted, "", "interrupted")
		}
		p, err := predictFile(t.task, file)
		if err != nil && len(o.inputs) == 1 {
			return err
		}
		if err != nil { // the others have an answer all the same
			failed = append(failed, err)
			p = prediction{Picture: file, Classes: []recipe.Chance{}, Steps: []string{}, Error: withoutPlaces(err.Error())}
		}
		if o.top > 0 {
			p.Classes = p.Classes[:min(o.top, len(p.Classes))]
		}
		answer.Predictions = append(answer.Predictions, p)
		writeSteps(s, p)
	}
	if err := answer.print(s, o); err != nil {
		return err
	}
	if len(failed) == 0 {
		return nil
	}
	return unanswered(failed, "picture", len(o.inputs))
}

// unanswered is the failure of some of many inputs.
func unanswered(failed []error, what string, all int) error {
	return &toldFailure{fail(codeInput, "give other files for those; the answers about the rest are printed",
		"%s of %s without an answer:\n%w", several(len(failed), what), grouped(all), errors.Join(failed...))}
}

// toldFailure is one that the JSON document on standard output tells already.
type toldFailure struct{ error }

func (f *toldFailure) Unwrap() error { return f.error }

func (a *predictAnswer) print(s Streams, o predictOptions) error {
	if o.json {
		return printJSON(s.Out, a)
	}
	for _, p := range a.Predictions {
		if p.Error != "" {
			continue
		}
		if err := writePrediction(s, p, len(o.inputs) > 1); err != nil {
			return err
		}
	}
	return nil
}

// warnUnfinished says whose weights these are, unless they are the final ones.
func (t *trained) warnUnfinished(s Streams) {
	for _, w := range t.at.Warnings {
		fmt.Fprintf(s.Err, "warning: %s\n", w)
	}
	if t.at.Step > 0 {
		whole := ""
		if n := t.task.Steps(); n > 0 {
			whole = " of " + grouped(n)
		}
		fmt.Fprintf(s.Err, "%s is not finished: these are its weights after step %s%s\n", t.path, grouped(t.at.Step), whole)
	}
}

// predictFile shows the picture in a file to the task's network.
func predictFile(task *recipe.Task, file string) (prediction, error) {
	img, err := picture.Open(file)
	if err != nil {
		return prediction{}, pictureFailure(file, err)
	}
	x, prepared := task.Picture(img)
	y, err := task.Net.Predict(x.Reshape(append([]int{1}, x.Shape()...)...))
	if err != nil {
		return prediction{}, err
	}
	p := prediction{Picture: file, Steps: append([]string{}, prepared.Steps...), Doubt: prepared.Doubt}
	if info, err := picture.Inspect(file); err == nil && info.Turned {
		p.Steps = append([]string{"turned it upright, as the file asks"}, p.Steps...)
	}
	for i, v := range recipe.Softmax(tensor.Data[float32](y)) {
		p.Classes = append(p.Classes, recipe.Chance{Class: task.Classes[i], Probability: v})
	}
	sort.SliceStable(p.Classes, func(a, b int) bool { return p.Classes[a].Probability > p.Classes[b].Probability })
	p.Class = p.Classes[0].Class
	return p, nil
}

func pictureFailure(file string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fail(codeInput, "check the name and the folder you are in", "there is no picture %q", file)
	case errors.Is(err, fs.ErrPermission):
		return fail(codeInput, "ask for the right to read it", "picture %q cannot be read: permission denied", file)
	}
	return fail(codeInput, "give a PNG, JPEG, GIF, BMP, TIFF or WebP picture of one object", "picture %w", err)
}

// writeSteps says what was done to the picture.
func writeSteps(s Streams, p prediction) {
	for _, step := range p.Steps {
		fmt.Fprintf(s.Err, "%s: %s\n", visible(p.Picture), step)
	}
	if p.Doubt != "" {
		fmt.Fprintf(s.Err, "%s: doubtful: %s\n", visible(p.Picture), p.Doubt)
	}
}

func writePrediction(s Streams, p prediction, named bool) error {
	var b strings.Builder
	if named {
		fmt.Fprintf(&b, "%s\n", visible(p.Picture))
	}
	rows := [][]string{}
	for _, c := range p.Classes {
		rows = append(rows, []string{c.Class, percent(c.Probability), bar(c.Probability, 30)})
	}
	b.WriteString(columns("lrl", rows))
	_, err := fmt.Fprint(s.Out, b.String())
	return printed(err)
}
