package probe_test

import (
	"context"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/probe"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

func TestFitClosesTheChannel(t *testing.T) {
	net := build(t, &nn.Linear{Out: 1}, nn.Input(3))
	x, y := tensor.NewRand(1).Normal(0, 1, 20, 3), tensor.NewRand(2).Normal(0, 1, 20, 1)
	eye := probe.Every(2, all()...)
	done := make(chan int)
	go func() {
		n := 0
		for range eye.Readings() {
			n++
		}
		done <- n
	}()
	_, err := train.Fit(context.Background(), net, train.Config{
		Data: data.FromTensors(x, y), Batch: 5, Epochs: 2, Loss: loss.MSE,
		Optimizer: optim.SGD{LR: .1}, Observers: []train.Observer{eye},
	})
	if n := <-done; err != nil || n == 0 {
		t.Errorf("%d readings, error %v", n, err)
	}
}
