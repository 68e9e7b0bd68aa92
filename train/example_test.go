package train_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// line is y = 2x + 1.
func line() (x, y tensor.Tensor) {
	x = tensor.Of([]float32{-1, 0, 1, 2}, 4, 1)
	return x, x.Scale(2).Shift(1)
}

// sides are points of two classes: left and right of 0.
func sides() data.Dataset {
	x := tensor.Of([]float32{-2, -1, -.5, .5, 1, 2}, 6, 1)
	return data.FromTensors(x, tensor.Ints(0, 0, 0, 1, 1, 1))
}

func neuron(outputs int) *nn.Net {
	net, err := nn.Build(&nn.Linear{Out: outputs}, nn.Input(1), nn.Seed(1))
	if err != nil {
		panic(err)
	}
	return net
}

func ExampleNewUpdater() {
	net := neuron(1)
	x, y := line()
	u := train.NewUpdater(net, optim.SGD{LR: 0.1})
	for range 200 {
		_, err := u.Step(func(p *nn.Pass) tensor.Tensor { return loss.MSE(net.Forward(p, x), y) })
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Printf("after %d steps: y = %.2f·x + %.2f\n", u.Steps(), net.Params()[0].Value().Item(), net.Params()[1].Value().Item())
	// Output: after 200 steps: y = 2.00·x + 1.00
}

// A step on a batch that is too large for one pass cuts it into parts.
func ExampleUpdater_StepN() {
	net := neuron(1)
	x, y := line()
	u := train.NewUpdater(net, optim.SGD{LR: 0.1})
	u.Workers = 2 // at once; the result is the same for any number
	xs, ys := x.Split(0, 4), y.Split(0, 4)
	l, err := u.StepN(4, func(p *nn.Pass, part int) tensor.Tensor {
		return loss.MSE(net.Forward(p, xs[part]), ys[part])
	})
	fmt.Println(l > 0, u.Steps(), err)
	// Output: true 1 <nil>
}

// A step on several batches collects them first. Each ends with the next, so
// that they are kept.
func ExampleUpdater_StepN_accumulate() {
	net := neuron(2)
	u := train.NewUpdater(net, optim.SGD{LR: 0.1})
	loader := data.Loader{Data: sides(), Batch: 2}
	var xs, ys []tensor.Tensor
	for b, err := range loader.Epoch(context.Background(), 0) {
		if err != nil {
			fmt.Println(err)
			return
		}
		xs, ys = append(xs, b.X.Keep()), append(ys, b.Y.Keep())
	}
	_, err := u.StepN(len(xs), func(p *nn.Pass, part int) tensor.Tensor {
		return loss.CrossEntropy(net.Forward(p, xs[part]), ys[part])
	})
	fmt.Println(len(xs), "batches,", u.Steps(), "step,", err)
	// Output: 3 batches, 1 step, <nil>
}

func ExampleFit() {
	net := neuron(2)
	fit, err := train.Fit(context.Background(), net, train.Config{
		Data: sides(), Validate: sides(), Batch: 3, Epochs: 20,
		Loss: loss.CrossEntropy, Optimizer: optim.Adam{LR: 0.1},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(fit.Epochs, fit.Steps, fit.Validation["accuracy"])
	// Output: 20 40 1
}

func ExampleEvaluate() {
	scores, err := train.Evaluate(context.Background(), neuron(2), sides(), loss.CrossEntropy)
	fmt.Printf("%d scores, accuracy %.1f, %v\n", len(scores), scores["accuracy"], err)
	// Output: 2 scores, accuracy 0.0, <nil>
}

func ExampleProgress() {
	_, err := train.Fit(context.Background(), neuron(2), train.Config{
		Data: sides(), Validate: sides(), Batch: 3, Epochs: 2, NoShuffle: true,
		Loss: loss.CrossEntropy, Optimizer: optim.SGD{LR: 1},
		Observers: []train.Observer{train.Progress(os.Stdout)},
	})
	fmt.Println(err)
	// Output:
	// epoch 1/2  step 1/2  loss 1.7788
	// epoch 1/2  loss 1.4857  validation: accuracy 1.0000, loss 0.1411
	// epoch 2/2  loss 0.1493  validation: accuracy 1.0000, loss 0.1120
	// <nil>
}

func ExampleEarlyStop() {
	fit, err := train.Fit(context.Background(), neuron(2), train.Config{
		Data: sides(), Validate: sides(), Epochs: 100,
		Loss: loss.CrossEntropy, Optimizer: optim.SGD{LR: 1},
		Observers: []train.Observer{train.EarlyStop("accuracy", 3)},
	})
	fmt.Println(fit.Epochs-fit.Best, fit.Validation["accuracy"], err)
	// Output: 3 1 <nil>
}

func ExampleEMA() {
	net := neuron(1)
	x, y := line()
	u := train.NewUpdater(net, optim.SGD{LR: 0.1})
	avg := train.EMA(0.9)
	u.Observe(avg)
	for range 300 {
		if _, err := u.Step(func(p *nn.Pass) tensor.Tensor { return loss.MSE(net.Forward(p, x), y) }); err != nil {
			fmt.Println(err)
			return
		}
	}
	out, err := net.Predict(tensor.Of([]float32{3}, 1, 1), nn.With(avg.Weights()))
	fmt.Printf("%.2f %v\n", out.Item(), err)
	// Output: 7.00 <nil>
}

func ExampleObserverFunc() {
	_, err := train.Fit(context.Background(), neuron(2), train.Config{
		Data: sides(), Batch: 2, Epochs: 10, Loss: loss.CrossEntropy, Optimizer: optim.SGD{LR: 0.1},
		Observers: []train.Observer{train.ObserverFunc(func(_ *train.Updater, e train.Event) error {
			switch e := e.(type) {
			case train.StepDone:
				fmt.Println("step", e.Step, "of epoch", e.Epoch)
			case train.EpochDone:
				return train.Stop
			}
			return nil
		})},
	})
	fmt.Println(err)
	// Output:
	// step 1 of epoch 1
	// step 2 of epoch 1
	// step 3 of epoch 1
	// <nil>
}

func ExampleCheckpoint() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	x, y := line()
	// Both sittings are the same program: it goes on where it stood.
	for sitting := range 2 {
		net := neuron(1)
		u := train.NewUpdater(net, optim.Adam{LR: 0.1})
		ck := train.Checkpoint{Dir: filepath.Join(dir, "checkpoints"), Updaters: []*train.Updater{u}}
		found, err := ck.Restore()
		fmt.Println("sitting", sitting, "begins at step", u.Steps(), found, err)
		for u.Steps() < 5*(sitting+1) {
			if _, err := u.Step(func(p *nn.Pass) tensor.Tensor { return loss.MSE(net.Forward(p, x), y) }); err != nil {
				fmt.Println(err)
				return
			}
		}
		if err := ck.Save(); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// sitting 0 begins at step 0 false <nil>
	// sitting 1 begins at step 5 true <nil>
}
