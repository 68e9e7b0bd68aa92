package train_test

import (
	"context"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// What was left nil, or empty, is an error that names it.
func TestNilArguments(t *testing.T) {
	var none context.Context
	net := neuron(2)
	u := train.NewUpdater(net, optim.SGD{LR: 1})
	x := tensor.Zeros(1, 1)
	f := func(p *nn.Pass) tensor.Tensor { return net.Forward(p, x).Sum() }
	for want, run := range map[string]func() error{
		"train.Fit: ctx is nil": func() error {
			_, err := train.Fit(none, net, train.Config{Data: sides(), Loss: loss.CrossEntropy, Optimizer: optim.SGD{LR: 1}})
			return err
		},
		"Loss is missing": func() error { // told together with the context
			_, err := train.Fit(none, net, train.Config{Data: sides(), Optimizer: optim.SGD{LR: 1}})
			return err
		},
		"train.Evaluate: ctx is nil": func() error {
			_, err := train.Evaluate(none, net, sides(), loss.CrossEntropy)
			return err
		},
		"data: loader: ctx is nil": func() (err error) {
			for _, err = range (&data.Loader{Data: sides()}).Epoch(none, 0) {
			}
			return err
		},
		"train.Step: the function is nil":  func() error { _, err := u.Step(nil); return err },
		"train.StepN: the function is nil": func() error { _, err := u.StepN(2, nil); return err },
		"the updater is empty":             func() error { _, err := new(train.Updater).Step(f); return err },
		"a step takes no other within": func() (inner error) {
			_, err := u.Step(func(p *nn.Pass) tensor.Tensor {
				_, inner = u.Step(f)
				return f(p)
			})
			if err != nil {
				t.Errorf("the outer step: %v", err)
			}
			return inner
		},
	} {
		if err := run(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	if _, err := u.Step(f); err != nil || u.Steps() != 2 {
		t.Errorf("a step afterwards: %d steps, %v", u.Steps(), err)
	}
}
