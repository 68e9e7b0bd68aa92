package train

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// progressEvery is the least time between two lines within an epoch.
const progressEvery = 2 * time.Second

// progress writes lines.
type progress struct {
	w    io.Writer
	last time.Time
	per  int // steps an epoch; 0: not known
	of   int // epochs; 0: not known
}

// Progress returns an observer that writes a line to w after each epoch and
// each evaluation, and now and then in between. That w cannot be written ends
// nothing.
func Progress(w io.Writer) Observer { return &progress{w: w} }

// Observe writes what happened.
func (p *progress) Observe(_ *Updater, e Event) error {
	switch e := e.(type) {
	case StepDone:
		if time.Since(p.last) < progressEvery {
			return nil
		}
		fmt.Fprintf(p.w, "step %d: loss %.4f\n", e.Step, e.Loss)
	case EpochDone:
		fmt.Fprintf(p.w, "epoch %d: loss %.4f\n", e.Epoch, e.Loss)
	case Evaluated:
		fmt.Fprintf(p.w, "epoch %d: validation %s\n", e.Epoch, scores(e.Metrics))
	}
	p.last = time.Now()
	return nil
}

func scores(m map[string]float64) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		all = append(all, fmt.Sprintf("%s %.4f", name, m[name]))
	}
	return strings.Join(all, ", ")
}
