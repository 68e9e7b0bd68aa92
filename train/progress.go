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
	w     io.Writer
	per   int  // steps an epoch, and
	of    int  // epochs in all; 0: not known
	more  bool // an evaluation follows each epoch
	last  time.Time
	began time.Time // of the epoch
	sum   float64   // of the losses since the last line
	n     int
	line  string // an epoch's, to be ended by its evaluation
}

// Progress returns an observer that writes a line to w after the first step,
// after each epoch, with the scores of its evaluation, and every two seconds
// in between. It tells the mean loss of the steps since the line before, and
// the time of an epoch that took a second or more. That w cannot be written
// ends nothing.
func Progress(w io.Writer) Observer { return &progress{w: w} }

// Observe writes what happened.
func (p *progress) Observe(_ *Updater, e Event) error {
	switch e := e.(type) {
	case StepDone:
		p.step(e)
	case EpochDone:
		p.line = fmt.Sprintf("%s  loss %.4f", p.epoch(e.Epoch), e.Loss)
		if !p.more {
			p.end()
		}
	case Evaluated:
		p.line += "  validation: " + scores(e.Metrics)
		p.end()
	}
	return nil
}

// step writes a line now and then.
func (p *progress) step(e StepDone) {
	if p.began.IsZero() {
		p.began = time.Now()
	}
	p.sum += e.Loss
	p.n++
	if time.Since(p.last) < progressEvery {
		return
	}
	at := fmt.Sprintf("step %d", e.Step)
	if p.per > 0 {
		at = fmt.Sprintf("%s  step %d/%d", p.epoch(e.Epoch), (e.Step-1)%p.per+1, p.per)
	}
	p.write(fmt.Sprintf("%s  loss %.4f", at, p.sum/float64(p.n)))
}

func (p *progress) epoch(n int) string {
	if p.of > 0 {
		return fmt.Sprintf("epoch %d/%d", n, p.of)
	}
	return fmt.Sprintf("epoch %d", n)
}

// end writes the line of an epoch.
func (p *progress) end() {
	if took := time.Since(p.began); !p.began.IsZero() && took >= time.Second {
		p.line += "  " + took.Round(100*time.Millisecond).String()
	}
	p.write(p.line)
	p.began = time.Time{}
}

func (p *progress) write(line string) {
	fmt.Fprintln(p.w, line)
	p.last, p.sum, p.n = time.Now(), 0, 0
}

// scores lists scores by name.
func scores(m map[string]float64) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		all = append(all, fmt.Sprintf("%s %.4f", name, m[name]))
	}
	return strings.Join(all, ", ")
}
