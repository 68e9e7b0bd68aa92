package recipe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// twice trains two small networks on a bench in dir, and returns their weights
// and the steps that an observer saw.
func twice(t *testing.T, ctx context.Context, dir string, watch func(step int)) (sum float64, steps []int, err error) {
	t.Helper()
	seen := train.ObserverFunc(func(_ *train.Updater, e train.Event) error {
		switch e := e.(type) {
		case train.StepDone:
			steps = append(steps, e.Step)
			watch(e.Step)
		case train.EpochDone:
			if e.Step != 2*e.Epoch {
				t.Errorf("epoch %d ended after step %d, want 2 steps an epoch", e.Epoch, e.Step)
			}
		}
		return nil
	})
	b := &Bench{Dir: dir, Observers: []train.Observer{seen}}
	x := tensor.NewRand(1).Normal(0, 1, 8, 2)
	for i := range 2 {
		net, err := nn.Build(&nn.Sequential{&nn.Linear{Out: 3, Act: nn.Tanh}, &nn.Linear{Out: 1}}, nn.Input(2), nn.Seed(uint64(i)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Fit(ctx, fmt.Sprint("net", i), net, train.Config{
			Data: data.FromTensors(x, x.Sum(1).Reshape(8, 1)), Batch: 4, Epochs: 5, Loss: loss.MSE, Optimizer: optim.SGD{LR: 0.1},
		}); err != nil {
			return 0, steps, err
		}
		for _, w := range net.Params() {
			sum += w.Value().Square().Sum().Item()
		}
	}
	return sum, steps, nil
}

// A run of several fits that was stopped in any of them goes on there and ends
// as one that was not.
func TestBenchGoesOn(t *testing.T) {
	none := func(int) {}
	want, steps, err := twice(t, t.Context(), t.TempDir(), none)
	if err != nil || len(steps) != 20 || !slices.IsSorted(steps) || steps[19] != 20 {
		t.Fatalf("steps %v, %v", steps, err)
	}
	for _, at := range []int{1, 7, 10, 13, 20} {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		_, _, err := twice(t, ctx, dir, func(step int) {
			if step == at {
				cancel()
			}
		})
		if at != 20 && (!errors.Is(err, context.Canceled) || !strings.HasPrefix(err.Error(), "net")) {
			t.Fatalf("stopped at %d: %v", at, err)
		}
		got, more, err := twice(t, t.Context(), dir, none)
		if err != nil || got != want {
			t.Errorf("stopped at %d: weights' squares %g, want %g; %v", at, got, want, err)
		}
		if len(more) > 0 && more[0] != at+1 {
			t.Errorf("stopped at %d: went on with %v", at, more)
		}
	}
}
