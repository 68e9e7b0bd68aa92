package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/run"
)

type runsOptions struct {
	json    bool
	folders folderOptions
}

// runLine is a run in the list of runs.
type runLine struct {
	Run      string    `json:"run"`
	State    run.State `json:"state"` // running, stopped, finished, failed or damaged
	Recipe   string    `json:"recipe,omitempty"`
	Epochs   int       `json:"epochs,omitempty"`
	Accuracy *float64  `json:"accuracy,omitempty"` // on the test split
	Seconds  float64   `json:"seconds"`            // of training
	Started  time.Time `json:"started,omitzero"`
	Bytes    int64     `json:"bytes"`             // of all its files
	Trouble  string    `json:"trouble,omitempty"` // what is damaged, or why it failed
}

// runsAnswer is runs' JSON document.
type runsAnswer struct {
	Folder string    `json:"folder"`
	Runs   []runLine `json:"runs"`
}

func newRuns(s Streams) *cobra.Command {
	var o runsOptions
	c := &cobra.Command{
		Use:   "runs [flags]",
		Short: "List the runs",
		Long: `Lists the runs in the runs folder, the latest first: whether each is running,
stopped (limpid resume goes on with it), finished, failed or damaged, its
recipe, epochs, accuracy on the test split, age, and the size of its files.
With --json, how long it trained, too.`,
		Example: "  limpid runs\n  limpid runs --json | jq -r '.runs[] | select(.state == \"stopped\") | .run'",
		Args:    arguments(0, 0, ""),
		RunE:    func(c *cobra.Command, _ []string) error { return runRuns(c.Context(), s, o) },
	}
	jsonFlag(c, &o.json)
	o.folders.flags(c)
	return c
}

func runRuns(_ context.Context, s Streams, o runsOptions) error {
	lines, err := listRuns(o.folders.runs)
	if err != nil {
		return err
	}
	if o.json {
		return printJSON(s.Out, runsAnswer{o.folders.runs, lines})
	}
	if len(lines) == 0 {
		fmt.Fprintf(s.Err, "there are no runs in %q yet; limpid train makes one\n", o.folders.runs)
		return nil
	}
	rows := [][]string{{"run", "state", "recipe", "epochs", "accuracy", "age", "size"}}
	for _, l := range lines {
		rows = append(rows, l.cells(time.Now()))
	}
	_, err = fmt.Fprint(s.Out, columns("lllrrrr", rows)+troubles(lines))
	return printed(err)
}

// cells are the line's columns.
func (l runLine) cells(now time.Time) []string {
	if l.State == damaged {
		return []string{filepath.Base(l.Run), string(l.State), "", "", "", "", size(l.Bytes)}
	}
	accuracy := "—"
	if l.Accuracy != nil {
		accuracy = percent(*l.Accuracy)
	}
	return []string{filepath.Base(l.Run), string(l.State), l.Recipe, fmt.Sprint(l.Epochs), accuracy, age(now.Sub(l.Started)), size(l.Bytes)}
}

// troubles explains the runs that are damaged or failed.
func troubles(lines []runLine) string {
	var b strings.Builder
	for _, l := range lines {
		if l.Trouble != "" {
			fmt.Fprintf(&b, "\n%s: %s\n", l.Run, indent(l.Trouble))
		}
	}
	return b.String()
}

// damaged is the state of a run whose record cannot be read.
const damaged run.State = "damaged"

// listRuns describes the runs below a folder, the latest first.
func listRuns(runs string) ([]runLine, error) {
	all, err := listFolders(runs)
	if err != nil {
		return nil, err
	}
	lines := []runLine{}
	for _, e := range all {
		lines = append(lines, describe(e))
	}
	return lines, nil
}

func describe(e run.Entry) runLine {
	l := runLine{Run: e.Dir, Bytes: folderSize(e.Dir)}
	if e.Problem != nil {
		l.State, l.Trouble = damaged, e.Problem.Error()
		return l
	}
	l.State, l.Recipe, l.Started, l.Seconds, l.Trouble = e.State(), e.Record.What, e.Record.Started, e.Record.Seconds, e.Record.Trouble
	var c recipe.Common
	if json.Unmarshal(e.Record.Config, &c) == nil {
		l.Epochs = c.Epochs
	}
	f := folder{path: e.Dir, record: e.Record}
	if r, err := f.result(); err == nil && f.finished() {
		if a, ok := r.Metrics["test"].Number("accuracy"); ok {
			l.Accuracy = &a
		}
	}
	return l
}

// folderSize adds up the sizes of the files in a folder. Those that go while
// it counts, as a run's checkpoints do, do not count.
func folderSize(dir string) (bytes int64) {
	filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			bytes += info.Size()
		}
		return nil
	})
	return bytes
}
