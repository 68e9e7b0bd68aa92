// Quick trains a classifier of real pictures.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/limpid-ml/limpid/datasets/fashion"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/train"
)

func main() {
	net, err := nn.Build(&nn.Sequential{
		&nn.Conv2D{Out: 32, Kernel: 3, Act: nn.ReLU},
		&nn.Conv2D{Out: 64, Kernel: 3, Act: nn.ReLU},
		&nn.MaxPool2D{Size: 2}, &nn.Dropout{Rate: 0.25},
		&nn.Flatten{}, &nn.Linear{Out: 10},
	}, nn.Input(28, 28, 1), nn.Seed(1))
	if err != nil {
		log.Fatal(err)
	}
	set := fashion.Mini()
	fit, err := train.Fit(context.Background(), net, train.Config{
		Data: set.Train, Validate: set.Validate, Batch: 64, Epochs: 5,
		Loss: loss.CrossEntropy, Optimizer: optim.Adam{LR: 1e-3},
		Observers: []train.Observer{train.Progress(os.Stderr)},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(fit.Validation["accuracy"])
}
