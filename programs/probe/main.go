// Probe looks inside a network while it trains.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/limpid-ml/limpid/datasets/fashion"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/probe"
	"github.com/limpid-ml/limpid/train"
)

func main() {
	net, err := nn.Build(&nn.Sequential{&nn.Flatten{}, &nn.Linear{Out: 10}}, nn.Input(28, 28, 1))
	if err != nil {
		log.Fatal(err)
	}
	eye := probe.Every(10, probe.Activations{Match: "*"}, probe.UpdateRatio{}, probe.DeadUnits{})
	go func() {
		for r := range eye.Readings() {
			fmt.Println(r.Step, r.Path, r.Name, r.Value)
		}
	}()
	_, err = train.Fit(context.Background(), net, train.Config{
		Data: fashion.Mini().Train, Loss: loss.CrossEntropy, Optimizer: optim.Adam{LR: 1e-3}, Epochs: 2,
		Observers: []train.Observer{eye, train.ObserverFunc(func(u *train.Updater, e train.Event) error {
			if s, ok := e.(train.StepDone); ok && s.Loss > 100 {
				return fmt.Errorf("step %d diverged: %g", s.Step, s.Loss)
			}
			return nil
		})},
	})
	if err != nil {
		log.Fatal(err)
	}
}
