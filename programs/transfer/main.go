// Transfer teaches a network that knows pictures a new task: first its head,
// then the rest at rates of their own.
package main

import (
	"context"
	"errors"
	"log"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/model"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/train"
)

func main() {
	if err := run(context.Background(), model.ResNet{Depth: 18, Classes: 5}, 224); err != nil {
		log.Fatal(err)
	}
}

// run trains on pictures of side×side pixels in the folder flowers.
func run(ctx context.Context, m model.ResNet, side int) error {
	net, err := nn.Build(m.New(), nn.Input(side, side, 3), nn.Seed(1))
	if err != nil {
		return err
	}
	if err := net.Load("resnet18.safetensors", nn.Skip("fc.*")); err != nil {
		return err
	}
	set, err := data.ImageFolder("flowers", side, side)
	if err != nil {
		return err
	}
	tr, va := data.Split(set, .8, 1)
	c := train.Config{
		Data: tr, Validate: va, Batch: 32, Epochs: 3,
		Loss: loss.CrossEntropy, Optimizer: optim.Adam{LR: 1e-3},
		Before: func(u *train.Updater) error {
			return errors.Join(u.Freeze("*"), u.Thaw("fc.*"))
		},
	}
	if _, err := train.Fit(ctx, net, c); err != nil {
		return err
	}
	c.Epochs, c.Optimizer = 10, optim.Adam{LR: 1e-4}
	c.Before = func(u *train.Updater) error {
		return errors.Join(
			u.Freeze("conv1.*"), u.Freeze("bn1.*"),
			u.Rate("layer1.*", .1),
			u.Rate("layer4.*", .5),
		)
	}
	if _, err := train.Fit(ctx, net, c); err != nil {
		return err
	}
	return net.Save("flowers.safetensors")
}
