// Resume trains, and goes on where it stood when it is started again: with the
// fit loop, and with a loop of one's own.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/datasets/fashion"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	net, err := nn.Build(&nn.Sequential{&nn.Flatten{}, &nn.Linear{Out: 10}}, nn.Input(28, 28, 1), nn.Seed(1))
	if err != nil {
		return err
	}
	// With Fit: the directory is enough.
	set := fashion.Mini()
	_, err = train.Fit(ctx, net, train.Config{
		Data: set.Train, Loss: loss.CrossEntropy, Optimizer: optim.Adam{LR: 1e-3},
		Epochs: 5, Seed: 1, Dir: "runs/a", Every: 100,
	})
	if err != nil {
		return err
	}
	// With a loop of one's own: the updater's step count is the only cursor.
	loader := &data.Loader{Data: set.Train, Batch: 64, Shuffle: true, Seed: 1}
	u := train.NewUpdater(net, optim.Adam{LR: 1e-3})
	ck := train.Checkpoint{Dir: "runs/b/checkpoints", Updaters: []*train.Updater{u}}
	if _, err := ck.Restore(); err != nil {
		return err
	}
	for b, err := range loader.Batches(ctx, u.Steps(), 5*loader.PerEpoch()) {
		if err != nil {
			return err
		}
		if _, err := u.Step(func(p *nn.Pass) tensor.Tensor {
			return loss.CrossEntropy(net.Forward(p, b.X), b.Y)
		}); err != nil {
			return err
		}
		if u.Steps()%100 == 0 {
			if err := ck.Save(); err != nil {
				return err
			}
		}
	}
	return nil
}
