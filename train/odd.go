package train

import "fmt"

// odd counts what a run of [Fit] showed that should make one look twice.
type odd struct {
	steps      int     // in this call
	first      float64 // loss of the first of them
	epochs     int     // in this call, and
	unlabelled int     // those in which no label counted
}

// risen is how many times above its first value a loss ends that is odd.
const risen = 10

func (o *odd) step(loss float64) {
	if o.steps == 0 {
		o.first = loss
	}
	o.steps++
}

// warnings says what was odd; last is the loss of the last epoch.
func (o *odd) warnings(u *Updater, last float64) []string {
	var all []string
	warn := func(format string, a ...any) { all = append(all, fmt.Sprintf(format, a...)) }
	if o.unlabelled > 0 {
		warn("in %d of %d epochs every label was %d, which is left out: nothing was learned in them; look at the labels", o.unlabelled, o.epochs, ignored)
	}
	if u.loneParts > 0 {
		warn("%s had one value of each channel to normalise in %d of %d steps, and gave the same whatever came in: use a larger Batch, or DropLast if it is the last that is short", u.lone, u.loneParts, o.steps)
	}
	if o.epochs > 0 && o.first > 0 && last > risen*o.first {
		warn("the loss ended at %.4g, %.3g times above that of the first step, %.4g: lower the learning rate, or set Clip", last, last/o.first, o.first)
	}
	return all
}
