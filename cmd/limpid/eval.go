package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/limpid-ml/limpid/recipe"
)

type evalOptions struct {
	run     string
	data    string
	json    bool
	folders folderOptions
	machine machineOptions
}

// evalAnswer is eval's JSON document.
type evalAnswer struct {
	Run       string                   `json:"run"`
	Examples  int                      `json:"examples"`
	Metrics   map[string]recipe.Scores `json:"metrics"`
	Pairs     []pair                   `json:"worst_pairs,omitzero"`
	Confusion [][]int                  `json:"confusion,omitzero"` // rows: true classes
	Classes   []string                 `json:"classes,omitzero"`
}

func newEval(s Streams) *cobra.Command {
	var o evalOptions
	c := &cobra.Command{
		Use:   "eval RUN [flags]",
		Short: "Measure a run's network on the test split",
		Long: `Measures a run's network on the test split of the data it was trained on, or of
other data of the kind. train did so once, at the end: whoever reads the
test split again and again while choosing settings, tunes on it.

` + aboutRuns,
		Example:           "  limpid eval latest\n  limpid eval latest --data /usr/share/datasets/fashion-mnist --json",
		Args:              arguments(1, 1, "the run"),
		ValidArgsFunction: completeRuns(&o.folders),
	}
	c.Flags().StringVar(&o.data, "data", "", "measure on the full data in this `folder`")
	jsonFlag(c, &o.json)
	o.folders.flags(c)
	o.machine.flags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		o.run = args[0]
		return runEval(c.Context(), s, o)
	}
	return c
}

func runEval(ctx context.Context, s Streams, o evalOptions) error {
	if err := o.machine.apply(); err != nil {
		return err
	}
	t, err := openTrained(o.folders.runs, o.run, o.data, false)
	if err != nil {
		return err
	}
	if err := t.sound(s); err != nil {
		return err
	}
	if err := t.usable(); err != nil {
		return err
	}
	fmt.Fprintf(s.Err, "reading the test split again: choose no settings by it\n")
	m, err := t.task.Examine(ctx)
	if err != nil {
		return err
	}
	if m.Examples == 0 && t.task.Test != nil {
		m.Examples = t.task.Test.Len()
	}
	a := evalAnswer{Run: t.path, Examples: m.Examples, Confusion: m.Confusion, Classes: t.task.Classes,
		Metrics: map[string]recipe.Scores{"test": m.Scores}}
	if m.Confusion != nil {
		a.Pairs = worstPairs(m.Confusion, t.task.Classes, 5)
	}
	if o.json {
		return printJSON(s.Out, a)
	}
	_, err = fmt.Fprint(s.Out, a.write())
	return printed(err)
}

func (a *evalAnswer) write() string {
	test := a.Metrics["test"]
	if a.Confusion == nil {
		return fmt.Sprintf("%s\non %s examples\n", strings.Join(scoreLines(test), "\n"), grouped(a.Examples))
	}
	accuracy, _ := test.Number("accuracy")
	mean, _ := test.Number("loss")
	return fmt.Sprintf("test accuracy %s, loss %.4f on %s examples\n%s", percent(accuracy), mean, grouped(a.Examples), writePairs(a.Pairs))
}
