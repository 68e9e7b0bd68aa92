package main

import (
	"fmt"
	"io"
	"time"

	"github.com/limpid-ml/limpid/recipe"
)

// plainScreen writes a line now and then: for files and pipes.
type plainScreen struct {
	w     io.Writer
	last  time.Duration // of the line before
	epoch int           // the last of which the validation was written
	began bool
}

// between is the time between two lines inside an epoch.
const between = 5 * time.Second

func (s *plainScreen) show(p progress) {
	if !s.began {
		s.began = true
		long := several(p.steps, "step")
		if p.epochs > 0 {
			long = several(p.epochs, "epoch") + " of " + several(p.steps/p.epochs, "step")
		}
		fmt.Fprintf(s.w, "training %s for %s; the run is %s\n", p.recipe, long, p.run)
		if p.step > 0 {
			fmt.Fprintf(s.w, "going on after step %d/%d\n", p.step, p.steps)
			s.last = max(p.elapsed, 1)
		}
	}
	if n := p.measured; n > s.epoch && len(p.validation) > 0 && p.epochs > 0 {
		s.epoch, s.last = n, p.elapsed
		fmt.Fprintf(s.w, "epoch %*d/%d  loss %.4f  validation %s%s  %s\n", digits(p.epochs), n, p.epochs, p.loss, p.metric(), p.validated(), p.clock())
		if p.note != "" {
			fmt.Fprintf(s.w, "  %s\n", visible(p.note))
		}
	} else if p.elapsed-s.last >= between || s.last == 0 && p.step > 0 {
		s.last = max(p.elapsed, 1)
		fmt.Fprintf(s.w, "step %d/%d  loss %.4f  %s\n", p.step, p.steps, p.loss, p.clock())
	}
}

func (s *plainScreen) close() {}

// metric names what was validated, but for the accuracy that per cent mean.
func (p *progress) metric() string {
	if p.watched == "accuracy" {
		return ""
	}
	return recipe.Words(p.watched) + " "
}

func digits(n int) int { return len(fmt.Sprint(n)) }
