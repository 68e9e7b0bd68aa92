package nn

import "github.com/limpid-ml/limpid/tensor"

// Temperature divides scores by one number, so that the probabilities they
// stand for are as sure as they are right: a last layer. The number is 1 until
// it is fitted, by the field Calibrate of train.Config, on validation data
// after training. Guesses stay the same. In training it does nothing.
//
// Source: Guo et al. 2017, "On calibration of modern neural networks".
type Temperature struct {
	Value State // [1]
}

// Forward divides x, of any shape, in inference.
func (l *Temperature) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	stay := p.Enter(l)
	t := p.State(&l.Value, Ones, 1)
	if p.Training() {
		return stay.Return(x)
	}
	return stay.Return(x.Div(t))
}
