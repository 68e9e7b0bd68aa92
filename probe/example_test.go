package probe_test

import (
	"context"
	"fmt"
	"log"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/probe"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// A third of the units of the first layer got so low a bias that no input
// wakes them.
func ExampleEvery() {
	model := &nn.Sequential{&nn.Linear{Out: 6, Act: nn.ReLU}, &nn.Linear{Out: 1}}
	net, err := nn.Build(model, nn.Input(2), nn.Seed(1))
	if err != nil {
		log.Fatal(err)
	}
	net.Params()[1].Set(tensor.Of([]float32{0, -99, 0, 0, -99, 0}))

	eye := probe.Every(2, probe.DeadUnits{Match: "0"})
	x := tensor.NewRand(1).Uniform(-1, 1, 32, 2)
	_, err = train.Fit(context.Background(), net, train.Config{
		Data: data.FromTensors(x, x.Sum(1).Reshape(-1, 1)), Batch: 8, Epochs: 1,
		Loss: loss.MSE, Optimizer: optim.SGD{LR: 0.01}, Observers: []train.Observer{eye},
	})
	if err != nil {
		log.Fatal(err)
	}
	for r := range eye.Readings() {
		fmt.Printf("step %d, layer %s: %s %.2f\n", r.Step, r.Path, r.Name, r.Value)
	}
	// Output:
	// step 1, layer 0: dead 0.33
	// step 3, layer 0: dead 0.33
}

// spreadOf is an instrument of one's own: it says in how wide a range a
// layer's values lie.
type spreadOf struct{ path string }

func (i spreadOf) Sample(s *probe.Sample) {
	s.Values(i.path, func(path string, y tensor.Tensor) {
		s.Report(path, "range", y.Max().Item()-y.Min().Item())
	})
}

func ExampleInstrument() {
	net, err := nn.Build(&nn.Linear{Out: 1, Init: nn.Ones}, nn.Input(2))
	if err != nil {
		log.Fatal(err)
	}
	u := train.NewUpdater(net, optim.SGD{LR: 0.01})
	eye := probe.Every(1, spreadOf{"."})
	u.Observe(eye)
	x := tensor.Of([]float32{1, 2, 3, 4}, 2, 2)
	_, err = u.Step(func(p *nn.Pass) tensor.Tensor { return net.Forward(p, x).Mean() })
	fmt.Println(eye.Latest(), err)
	// Output:
	// [{1 . range 4}] <nil>
}
