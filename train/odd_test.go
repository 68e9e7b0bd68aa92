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

// normed is a network with a batch normalisation over rows of features.
func normed(t *testing.T) *nn.Net {
	t.Helper()
	net, err := nn.Build(&nn.Sequential{&nn.Linear{Out: 3}, &nn.BatchNorm{}, &nn.Linear{Out: 2}}, nn.Input(1))
	if err != nil {
		t.Fatal(err)
	}
	return net
}

// What is odd about a run is told in Result.Warnings, and nothing else is.
func TestWarningsOfARun(t *testing.T) {
	x, y := line()
	unlabelled := data.FromTensors(tensor.Zeros(6, 1), tensor.Ints(-100, -100, -100, -100, -100, -100))
	some := data.FromTensors(tensor.Zeros(3, 1), tensor.Ints(-100, 1, -100))
	few := optim.SGD{LR: 0.01}
	for name, c := range map[string]struct {
		net  *nn.Net
		c    train.Config
		want []string
	}{
		"none":             {neuron(2), train.Config{Data: sides(), Loss: loss.CrossEntropy, Optimizer: few}, nil},
		"no label counts":  {neuron(2), train.Config{Data: unlabelled, Epochs: 3, Loss: loss.CrossEntropy, Optimizer: few}, []string{"in 3 of 3 epochs every label was -100"}},
		"some labels":      {neuron(2), train.Config{Data: some, Batch: 1, Loss: loss.CrossEntropy, Optimizer: few}, nil},
		"batches of one":   {normed(t), train.Config{Data: sides(), Batch: 1, Loss: loss.CrossEntropy, Optimizer: few}, []string{"1 (nn.BatchNorm) had one value of each channel to normalise in 6 of 6 steps"}},
		"a last one":       {normed(t), train.Config{Data: sides(), Batch: 5, Epochs: 2, Loss: loss.CrossEntropy, Optimizer: few}, []string{"in 2 of 4 steps"}},
		"without the last": {normed(t), train.Config{Data: sides(), Batch: 5, DropLast: true, Loss: loss.CrossEntropy, Optimizer: few}, nil},
		"no batch of one":  {normed(t), train.Config{Data: sides(), Batch: 2, Loss: loss.CrossEntropy, Optimizer: few}, nil},
		"a loss that rose": {neuron(1), train.Config{Data: data.FromTensors(x, y), Batch: 2, Epochs: 6, Loss: loss.MSE, Optimizer: optim.SGD{LR: 2}}, []string{"the loss ended at", "times above that of the first step", "lower the learning rate"}},
		"one that fell":    {neuron(1), train.Config{Data: data.FromTensors(x, y), Batch: 2, Epochs: 6, Loss: loss.MSE, Optimizer: few}, nil},
	} {
		res, err := train.Fit(context.Background(), c.net, c.c)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(res.Warnings) != min(len(c.want), 1) {
			t.Errorf("%s: warnings %q, want %q", name, res.Warnings, c.want)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(res.Warnings[0], w) {
				t.Errorf("%s: %q lacks %q", name, res.Warnings[0], w)
			}
		}
	}
}

// A run that had ended is not warned of again: nothing was trained.
func TestNoWarningsWithoutSteps(t *testing.T) {
	c := train.Config{Data: sides(), Batch: 1, Loss: loss.CrossEntropy, Optimizer: optim.SGD{LR: 0.01}, Dir: t.TempDir()}
	for sitting, want := range []int{1, 0} {
		res, err := train.Fit(context.Background(), normed(t), c)
		if err != nil || len(res.Warnings) != want {
			t.Errorf("sitting %d: %v, %+v", sitting, err, res)
		}
	}
}
