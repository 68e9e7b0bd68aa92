package optim

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

// faults collects what is wrong with a rule's fields.
type faults struct {
	rule string
	all  []string
}

// want notes a fault unless ok. A NaN or an infinity never is.
func (f *faults) want(field string, v float64, ok bool, what string) {
	if !ok || math.IsNaN(v) || math.IsInf(v, 0) {
		f.all = append(f.all, fmt.Sprintf("%s is %g, want %s", field, v, what))
	}
}

func (f *faults) rate(lr float64) {
	if lr == 0 {
		f.all = append(f.all, "LR is 0 or left out: nothing would move; give a learning rate, such as 1e-3")
		return
	}
	f.want("LR", lr, lr > 0, "a number above 0")
}

// share checks a number of [0, 1).
func (f *faults) share(field string, v float64) {
	f.want(field, v, v >= 0 && v < 1, "a number from 0 to below 1")
}

func (f *faults) positive(field string, v float64) {
	f.want(field, v, v >= 0, "a number of at least 0")
}

// error joins the faults, nil if there are none.
func (f *faults) error() error {
	if len(f.all) == 0 {
		return nil
	}
	return errors.New("optim: " + f.rule + ": " + strings.Join(f.all, "; "))
}
