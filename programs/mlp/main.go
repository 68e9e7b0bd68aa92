// Mlp is a training loop of one's own.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/datasets/fashion"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	net, err := nn.Build(&nn.Sequential{
		&nn.Flatten{},
		&nn.Linear{Out: 128, Act: nn.ReLU},
		&nn.Linear{Out: 10},
	}, nn.Input(28, 28, 1), nn.Seed(1))
	if err != nil {
		return err
	}
	set := fashion.Mini()
	loader := &data.Loader{Data: set.Train, Batch: 64, Shuffle: true, Seed: 1}
	u := train.NewUpdater(net, optim.SGD{LR: .1, Momentum: .9})
	for epoch := range 10 {
		sum := 0.0
		for b, err := range loader.Epoch(ctx, epoch) {
			if err != nil {
				return err
			}
			l, err := u.Step(func(p *nn.Pass) tensor.Tensor {
				return loss.CrossEntropy(net.Forward(p, b.X), b.Y)
			})
			if err != nil {
				return err
			}
			sum += l
		}
		score, err := train.Evaluate(ctx, net, set.Test, loss.CrossEntropy)
		if err != nil {
			return err
		}
		fmt.Println(epoch, sum/float64(loader.PerEpoch()), score["accuracy"])
	}
	return nil
}
