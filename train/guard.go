package train

import (
	"fmt"
	"strings"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// DivergedError says that a step's loss or gradient was not finite. The step
// changed nothing.
type DivergedError struct {
	Step  int     // the step that was not done, from 1
	Loss  float64 // what came out
	Layer string  // the path of the layer where it began; "" if in none
	Param string  // the parameter whose value, or gradient of a finite loss, is not finite; "" if none
	Why   string  // what was found, in words
}

// Error says which step failed, what was found where, and what to try.
func (e *DivergedError) Error() string {
	return fmt.Sprintf("train: step %d diverged: the loss is %.6g: %s\n\tfix: lower the learning rate, set Clip, or look at the data of this step; the weights are as they were before it", e.Step, e.Loss, e.Why)
}

// diagnose runs a step that diverged once more, with eyes on every layer, to
// find where it went wrong first.
func (u *Updater) diagnose(n int, loss, norm float64) error {
	e := &DivergedError{Step: u.steps + 1, Loss: loss}
	if name := u.badWeights(); name != "" {
		e.Layer, e.Param, e.Why = layerOf(name), name, "the weights "+name+" hold a number that is not finite"
		return e
	}
	if !bad(loss) {
		e.Param = u.badGradient()
	}
	s, err := u.again(n)
	switch {
	case s.value != "":
		e.Layer, e.Why = s.value, "layer "+s.value+" is the first whose result is not finite"
	case err != nil:
		e.Why = "run again to find the layer, the step failed otherwise: " + err.Error()
	case bad(loss):
		e.Why = "every layer's result is finite, so that the loss function itself gave it"
	case s.grad != "":
		e.Layer, e.Why = s.grad, "all values are finite, but not the gradient: going back, layer "+s.grad+" is the first whose result has one that is not"
	case e.Param != "":
		e.Why = "all values are finite, but not the gradient of " + e.Param
	default:
		e.Why = fmt.Sprintf("the length of the gradient is %g", norm)
	}
	return e
}

// again runs the parts of a step once more, watched.
func (u *Updater) again(n int) (*suspect, error) {
	reduce := u.Reduce
	defer func() { u.Reduce = reduce }()
	u.Reduce = nil // other machines do not expect to be asked again
	s := &suspect{}
	u.watchers = append(u.watchers[:0], s)
	u.release()
	_, err := u.gradients(n)
	return s, err
}

// layerOf returns the path of the layer that a parameter belongs to.
func layerOf(name string) string {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return name[:i]
	}
	return "."
}

// suspect remembers the first layers of which something is not finite.
type suspect struct{ value, grad string }

// Value looks at a layer's result.
func (s *suspect) Value(path string, _ int, y tensor.Tensor) {
	if s.value == "" && !finite(y) {
		s.value = path
	}
}

// Grad looks at the gradient of a layer's result.
func (s *suspect) Grad(path string, _ int, g tensor.Tensor) {
	if s.grad == "" && !finite(g) {
		s.grad = path
	}
}

var _ nn.Watcher = (*suspect)(nil)

// badWeights names the first parameter that is not finite.
func (u *Updater) badWeights() string {
	for _, p := range u.params {
		if !finite(p.value) {
			return p.name
		}
	}
	return ""
}

// badGradient names the first parameter whose gradient is not finite.
func (u *Updater) badGradient() string {
	for _, p := range u.params {
		if p.given() && !finiteAll(p.narrow.g, p.wide.g) {
			return p.name
		}
	}
	return ""
}
