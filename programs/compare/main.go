// Compare sets ways against overfitting side by side on one network.
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

func model(drop float64) nn.Layer {
	return &nn.Sequential{
		&nn.Flatten{},
		&nn.Linear{Out: 256, Act: nn.ReLU}, &nn.Dropout{Rate: drop},
		&nn.Linear{Out: 256, Act: nn.ReLU}, &nn.Dropout{Rate: drop},
		&nn.Linear{Out: 10},
	}
}

func l1(p *nn.Pass, net *nn.Net, b data.Batch) tensor.Tensor {
	l := loss.CrossEntropy(net.Forward(p, b.X), b.Y)
	for _, w := range p.Params() {
		if w.Rank() > 1 { // weights, not biases
			l = l.Add(w.Abs().Sum().Scale(1e-5))
		}
	}
	return l
}

func main() {
	set := fashion.Mini()
	base := train.Config{
		Data: data.Subset(set.Train, nil), Validate: set.Validate,
		Loss: loss.CrossEntropy, Optimizer: optim.Adam{LR: 1e-3}, Epochs: 30,
	}
	type variant struct {
		name   string
		drop   float64
		change func(*train.Config)
	}
	for _, v := range []variant{
		{"plain", 0, func(*train.Config) {}},
		{"l1", 0, func(c *train.Config) { c.Objective = l1 }},
		{"l2", 0, func(c *train.Config) { c.Optimizer = optim.Adam{LR: 1e-3, Decay: 1e-2} }},
		{"dropout", .5, func(*train.Config) {}},
		{"early stop", 0, func(c *train.Config) { c.Observers = []train.Observer{train.EarlyStop("loss", 3)} }},
	} {
		c := base
		v.change(&c)
		net, err := nn.Build(model(v.drop), nn.Input(28, 28, 1), nn.Seed(1))
		if err != nil {
			log.Fatal(err)
		}
		fit, err := train.Fit(context.Background(), net, c)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%-12s %.3f after %d epochs\n", v.name, fit.Validation["accuracy"], fit.Epochs)
	}
}
