package train

import (
	"fmt"

	"github.com/limpid-ml/limpid/internal/kernel"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// Average is a moving average of an updater's weights and running statistics:
// an observer. Checkpoints keep it.
type Average struct {
	decay  float64
	u      *Updater
	steps  int
	values []tensor.Tensor // by value number
}

// EMA returns the exponential moving average of the weights: after each step
// decay·average + (1 − decay)·weights, from the weights after the first step
// on. Use it with nn.With(avg.Weights()).
func EMA(decay float64) *Average { return &Average{decay: decay} }

// attach tells the average whose weights it takes in.
func (a *Average) attach(u *Updater) error {
	if u.Net == nil {
		return nil // the updater says so
	}
	switch {
	case !(a.decay >= 0 && a.decay < 1):
		return fmt.Errorf("train.EMA: the decay is %g: want a number from 0 to below 1, such as 0.999", a.decay)
	case a.u != nil && a.u.Net != u.Net:
		return fmt.Errorf("train.EMA: one average observes two networks: give each its own")
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
	if _, ok := e.(StepDone); !ok {
		return nil
	}
	if a.u != u {
		if err := a.attach(u); err != nil {
			return err
		}
	}
	decay := a.decay
	if a.steps == 0 {
		decay = 0
	}
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
