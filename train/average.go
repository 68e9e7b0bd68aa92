package train

import (
	"fmt"

	"github.com/limpid-ml/limpid/internal/kernel"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// Average is an average of the weights and running statistics that an updater
// passes through: an observer. Checkpoints keep it. With Config.Average [Fit]
// ends with it in the network.
type Average struct {
	decay  float64
	even   bool // all weights that are taken in count the same
	from   int  // the step whose weights are taken in first,
	every  int  // and the number of steps to the next
	u      *Updater
	steps  int             // taken in
	values []tensor.Tensor // by value number
}

// EMA returns the exponential moving average of the weights: after each step
// decay·average + (1 − decay)·weights, from the weights after the first step
// on. Use it with nn.With(avg.Weights()).
func EMA(decay float64) *Average { return &Average{decay: decay} }

// SWA returns stochastic weight averaging: the mean of the weights after step
// from (1 or less: the first), and after each further so many steps, once an
// epoch usually. Weights that a run visits at a high learning rate lie around a
// flat valley, and their mean in it: run with a constant rate, or one that ends
// well above 0. Running statistics are averaged too, but suit the mean only
// once [Reestimate] has measured them anew; Config.Average does.
//
// Source: Izmailov et al. 2018, "Averaging weights leads to wider optima and
// better generalization".
func SWA(from, every int) *Average { return &Average{even: true, from: max(from, 1), every: every} }

// takes tells whether the weights after a step are taken in.
func (a *Average) takes(step int) bool {
	return !a.even || step >= a.from && (step-a.from)%a.every == 0
}

// weight is what the average so far counts for when more is taken in.
func (a *Average) weight() float64 {
	if a.even {
		return 1 - 1/float64(a.steps+1)
	}
	if a.steps == 0 {
		return 0
	}
	return a.decay
}

// attach tells the average whose weights it takes in.
func (a *Average) attach(u *Updater) error {
	if u.Net == nil {
		return nil // the updater says so
	}
	switch {
	case a.even && a.every < 1:
		return fmt.Errorf("train.SWA: every is %d: want 1 step or more, as many as an epoch has usually", a.every)
	case !(a.decay >= 0 && a.decay < 1):
		return fmt.Errorf("train.EMA: the decay is %g: want a number from 0 to below 1, such as 0.999", a.decay)
	case a.u != nil && a.u.Net != u.Net:
		return fmt.Errorf("train: one average observes two networks: give each its own")
	}
	a.u = u
	for i := len(a.values); i < len(nets.Names(u.Net)); i++ {
		v := nets.Value(u.Net, i)
		a.values = append(a.values, v.Full(0, v.Shape()...))
	}
	return nil
}

// Observe takes in the weights after each step.
func (a *Average) Observe(u *Updater, e Event) error {
	done, ok := e.(StepDone)
	if !ok {
		return nil
	}
	if a.u != u {
		if err := a.attach(u); err != nil {
			return err
		}
	}
	if !a.takes(done.Step) {
		return nil
	}
	decay := a.weight()
	a.steps++
	for i, avg := range a.values {
		to32, to64 := engine.Memory(avg)
		from32, from64 := engine.Memory(nets.Value(u.Net, i))
		blend(to32, from32, decay)
		blend(to64, from64, decay)
	}
	return nil
}

// blend sets avg to decay·avg + (1 − decay)·v.
func blend[T kernel.Float](avg, v []T, decay float64) {
	if decay == 0 {
		copy(avg, v)
		return
	}
	kernel.BinaryScalar(kernel.Mul, avg, avg, T(decay), false)
	kernel.Axpy(T(1-decay), v, avg)
}

// Weights returns a copy of the averaged weights and statistics; before the
// first step, nil.
func (a *Average) Weights() nn.Weights {
	if a.steps == 0 {
		return nil
	}
	w := nn.Weights{}
	for i, name := range nets.Names(a.u.Net) {
		w[name] = a.values[i].Scale(1)
	}
	return w
}

// restore gives the network the average; false if there is none yet.
func (a *Average) restore() bool {
	if a.steps == 0 {
		return false
	}
	for i, v := range a.values {
		assign(nets.Value(a.u.Net, i), v)
	}
	return true
}
