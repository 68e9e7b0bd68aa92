package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/limpid-ml/limpid/internal/kernel"
)

type resumeOptions struct {
	run     string
	folders folderOptions
	machine machineOptions
	view    viewOptions
}

const aboutRuns = `RUN is a run's folder, its name below the runs folder, or "latest".`

func newResume(s Streams) *cobra.Command {
	var o resumeOptions
	c := &cobra.Command{
		Use:   "resume RUN [flags]",
		Short: "Go on where a stopped or killed run stood",
		Long: `Continues a run from its last checkpoint with the settings that it stored. It
ends with the same weights, bit by bit, as a run that was never stopped, at
any number of threads. A run killed before its first checkpoint starts again
from its seed. A run that is finished stays as it is: resume says so, prints
what train printed and succeeds.

If the run began on another kind of CPU (see limpid version), resume warns:
the last bits of sums may differ.

` + aboutRuns,
		Example:           "  limpid resume latest\n  limpid resume runs/20261124-1615-start --json",
		Args:              arguments(1, 1, "the run"),
		ValidArgsFunction: completeRuns(&o.folders),
	}
	o.folders.flags(c)
	o.machine.flags(c)
	o.view.flags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		o.run = args[0]
		return runResume(c.Context(), s, o)
	}
	return c
}

func runResume(ctx context.Context, s Streams, o resumeOptions) error {
	if err := o.machine.apply(); err != nil {
		return err
	}
	f, err := findFolder(o.folders.runs, o.run)
	if err != nil {
		return err
	}
	if f.finished() {
		return printFinished(s, f, o.view.json)
	}
	if err := f.lock(); err != nil {
		return err
	}
	defer f.unlock()
	if f.finished() { // while we asked for the lock
		return printFinished(s, f, o.view.json)
	}
	warnOtherKernels(s, f)
	r, cfg, task, err := f.open()
	if err != nil {
		return err
	}
	return runSession(ctx, s, &session{folder: f, recipe: r, task: task, config: cfg, view: o.view, resumed: true})
}

func printFinished(s Streams, f *folder, asJSON bool) error {
	r, err := f.result()
	if err != nil {
		return err
	}
	if sum, err := fileSum(f.weights()); err != nil || sum != r.SHA256 {
		if err := f.putBack(s, r.SHA256); err != nil {
			return err
		}
	}
	fmt.Fprintf(s.Err, "%s is finished; nothing is left to do\n", f.path)
	return printResult(s, r, asJSON)
}

// putBack writes the weights of a finished run again, from its last checkpoint.
func (f *folder) putBack(s Streams, want string) error {
	_, _, task, err := f.open()
	if err != nil {
		return err
	}
	t := &trained{folder: f, task: task}
	if sum, err := t.rebuild(); err != nil || sum != want {
		return fail(codeRun, "put back a copy of the file, or train again with the settings that run.json shows",
			"%s is gone or is not what the run wrote (run.json's weights_sha256), and no checkpoint gives it back", f.weights())
	}
	if err := task.Net.Save(f.weights()); err != nil {
		return because(codeOutput, whereToWrite, err)
	}
	fmt.Fprintf(s.Err, "%s was gone or damaged: wrote it again from the last checkpoint, with the same bits\n", f.weights())
	return nil
}

// warnOtherKernels speaks up if the run began with other kernels.
func warnOtherKernels(s Streams, f *folder) {
	if then, now := f.record.Kernels, kernel.Variant(); then != now {
		fmt.Fprintf(s.Err, "warning: the run began with %s kernels and goes on with %s: the last bits of its weights may differ\n", then, now)
	}
}
