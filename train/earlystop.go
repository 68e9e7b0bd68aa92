package train

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/limpid-ml/limpid/nn"
)

// earlyStop watches one score.
type earlyStop struct {
	score    string
	patience int
	better   int // +1: higher is better; −1: lower
	best     float64
	seen     bool
	epoch    int // of the best
	waited   int
	weights  nn.Weights // the best
	scores   map[string]float64
}

// EarlyStop returns an observer that ends Fit once score, "loss" or a metric's
// name, has not become better for patience epochs in a row. When Fit has ended,
// by this or with its last epoch, the network has the weights of the best
// epoch. It needs validation data; the test split is not for this.
func EarlyStop(score string, patience int) Observer {
	return &earlyStop{score: score, patience: patience}
}

// Observe looks at each evaluation.
func (s *earlyStop) Observe(u *Updater, e Event) error {
	v, ok := e.(Evaluated)
	if !ok {
		return nil
	}
	now, ok := v.Metrics[s.score]
	if !ok {
		return fmt.Errorf("train.EarlyStop: there is no score %q: the evaluation has %s", s.score, some(slices.Sorted(maps.Keys(v.Metrics))))
	}
	if s.improves(now) {
		s.best, s.seen, s.epoch, s.waited = now, true, v.Epoch, 0
		s.weights, s.scores = u.Net.Weights(), maps.Clone(v.Metrics)
		return nil
	}
	if s.waited++; s.waited >= s.patience {
		return Stop
	}
	return nil
}

// improves tells whether a score is the best so far. What is not a number
// never is.
func (s *earlyStop) improves(now float64) bool {
	switch {
	case math.IsNaN(now):
		return false
	case !s.seen:
		return true
	case s.better > 0:
		return now > s.best
	}
	return now < s.best
}

// restore gives the network the weights of the best epoch.
func (s *earlyStop) restore(net *nn.Net) {
	for i, name := range nets.Names(net) {
		if v, ok := s.weights[name]; ok {
			assign(nets.Value(net, i), v)
		}
	}
}
