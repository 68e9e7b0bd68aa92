package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
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
	Run       string                        `json:"run"`
	Examples  int                           `json:"examples"`
	Metrics   map[string]map[string]float64 `json:"metrics"`
	Pairs     []pair                        `json:"worst_pairs"`
	Confusion [][]int                       `json:"confusion"` // rows: true classes
	Classes   []string                      `json:"classes"`
}

func newEval(s Streams) *cobra.Command {
	var o evalOptions
	c := &cobra.Command{
		Use:   "eval RUN [flags]",
		Short: "Measure a run's network on the test split",
		Long: `Measures a run's network on the test split of the data it was trained on, or of
the data in another folder. train did so once, at the end: whoever reads the
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
	t, err := openTrained(ctx, o.folders.runs, o.run, o.data, false)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Err, "reading the test split again: choose no settings by it\n")
	m, err := measure(ctx, t.task)
	if err != nil {
		return err
	}
	a := evalAnswer{Run: t.path, Examples: t.task.Test.Len(), Pairs: worstPairs(m.confusion, t.task.Classes, 5), Confusion: m.confusion, Classes: t.task.Classes,
		Metrics: map[string]map[string]float64{"test": m.metrics}}
	if o.json {
		return printJSON(s.Out, a)
	}
	_, err = fmt.Fprintf(s.Out, "test accuracy %s, loss %.4f on %s examples\n%s", percent(m.metrics["accuracy"]), m.metrics["loss"], grouped(a.Examples), writePairs(a.Pairs))
	return because(codeOutput, "check where standard output goes", err)
}
