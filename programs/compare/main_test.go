package main

import (
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/datasets/fashion"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/train"
)

// The L1 term is the weights' sizes times 1e-5, on top of the plain loss.
func TestL1AddsTheWeightsSizes(t *testing.T) {
	net, err := nn.Build(model(0), nn.Input(28, 28, 1), nn.Seed(1))
	if err != nil {
		t.Fatal(err)
	}
	few := data.Subset(fashion.Mini().Train, []int{0, 1000, 2000, 3000})
	for b, err := range (&data.Loader{Data: few, Batch: 4}).Epoch(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		err := net.Do(func(p *nn.Pass) error {
			plain := loss.CrossEntropy(net.Forward(p, b.X), b.Y).Item()
			got, want := l1(p, net, b).Item(), plain
			for _, w := range net.Params() {
				if w.Value().Rank() > 1 {
					want += 1e-5 * w.Value().Abs().Sum().Item()
				}
			}
			if d := got - want; d > 1e-4 || d < -1e-4 || got <= plain {
				t.Errorf("got %g, want %g, above %g", got, want, plain)
			}
			return nil
		}, nn.TrackParams())
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestEveryVariantTrains(t *testing.T) {
	set := fashion.Mini()
	var some []int
	for i := 0; i < set.Train.Len(); i += 27 {
		some = append(some, i)
	}
	for name, change := range map[string]func(*train.Config){
		"plain":      func(*train.Config) {},
		"l1":         func(c *train.Config) { c.Objective = l1 },
		"early stop": func(c *train.Config) { c.Observers = []train.Observer{train.EarlyStop("loss", 1)} },
	} {
		net, err := nn.Build(model(.5), nn.Input(28, 28, 1), nn.Seed(1))
		if err != nil {
			t.Fatal(err)
		}
		c := train.Config{
			Data: data.Subset(set.Train, some), Validate: data.Subset(set.Validate, []int{1, 90, 200, 400}),
			Loss: loss.CrossEntropy, Optimizer: optim.Adam{LR: 1e-3}, Epochs: 2,
		}
		change(&c)
		fit, err := train.Fit(t.Context(), net, c)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, ok := fit.Validation["accuracy"]; !ok || fit.Epochs == 0 {
			t.Errorf("%s: %+v", name, fit)
		}
	}
}
