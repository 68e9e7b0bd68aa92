package train

import (
	"os"
	"strconv"
	"testing"

	"github.com/limpid-ml/limpid/internal/par"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
)

// The networks that are measured: bench/compare.py sets PyTorch's times beside
// the first two.
func mlpStep(t testing.TB) func() {
	net := build(t, &nn.Sequential{&nn.Linear{Out: 512, Act: nn.ReLU}, &nn.Linear{Out: 256, Act: nn.ReLU}, &nn.Linear{Out: 10}}, nn.Input(784))
	return stepOn(t, NewUpdater(net, optim.Adam{LR: 1e-3}), normal(1, 64, 784), labels(2, 64, 10))
}

func cnnStep(t testing.TB, rule optim.Rule, batch int) func() {
	net := build(t, &nn.Sequential{
		&nn.Conv2D{Out: 32, Kernel: 3, Act: nn.ReLU}, &nn.Conv2D{Out: 64, Kernel: 3, Act: nn.ReLU}, &nn.MaxPool2D{Size: 2},
		&nn.Flatten{}, &nn.Linear{Out: 128, Act: nn.ReLU}, &nn.Linear{Out: 10},
	}, nn.Input(28, 28, 1))
	return stepOn(t, NewUpdater(net, rule), normal(1, batch, 28, 28, 1), labels(2, batch, 10))
}

func tinyStep(t testing.TB) func() {
	net := build(t, &nn.Sequential{&nn.Linear{Out: 16, Act: nn.Tanh}, &nn.Linear{Out: 16, Act: nn.Tanh}, &nn.Linear{Out: 1}}, nn.Input(2))
	return stepOn(t, NewUpdater(net, optim.Adam{LR: 1e-3}), normal(1, 32, 2), normal(2, 32, 1))
}

// measured runs step under b, on as many threads as LIMPID_THREADS says.
func measured(b *testing.B, step func()) {
	if n, err := strconv.Atoi(os.Getenv("LIMPID_THREADS")); err == nil {
		par.SetWorkers(n)
		defer par.SetWorkers(0)
	}
	for range 5 {
		step()
	}
	b.ReportAllocs()
	for b.Loop() {
		step()
	}
}

func BenchmarkStepMLP(b *testing.B) { measured(b, mlpStep(b)) }

func BenchmarkStepCNN(b *testing.B) { measured(b, cnnStep(b, optim.SGD{LR: 0.01}, 64)) }

func BenchmarkStepTiny(b *testing.B) {
	par.SetWorkers(1)
	defer par.SetWorkers(0)
	measured(b, tinyStep(b))
}
