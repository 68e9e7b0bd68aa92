package train

import (
	"context"
	"errors"

	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// calibrate fits the temperature of the last layer on the validation data.
func (f *fitting) calibrate(ctx context.Context) error {
	t := f.c.Calibrate.Value.Value()
	if !t.Valid() || !f.holds(t) {
		return errors.New("the layer nn.Temperature is none of the network's: make it the last layer, and give a pointer to that one")
	}
	assign(t, t.Full(1, 1))
	var logits, labels []tensor.Tensor
	l := f.eval.loader(f.c.Validate)
	for b, err := range l.Epoch(ctx, 0) {
		if err == nil {
			err = f.net.Do(func(p *nn.Pass) error {
				logits, labels = append(logits, f.net.Forward(p, b.X).Keep()), append(labels, b.Y.Keep())
				return nil
			})
		}
		if err != nil {
			return err
		}
	}
	v, err := metric.Temperature(tensor.Concat(0, logits...), tensor.Concat(0, labels...))
	if err != nil {
		return err
	}
	assign(t, t.Full(v, 1))
	return nil
}

// holds tells whether v is one of the network's running statistics.
func (f *fitting) holds(v tensor.Tensor) bool {
	for i := nets.ParamCount(f.net); i < len(nets.Names(f.net)); i++ {
		if nets.Value(f.net, i) == v {
			return true
		}
	}
	return false
}
