package train

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/run"
	"github.com/limpid-ml/limpid/tensor"
)

// spirals are points of two classes that a small network can tell apart.
func spirals(seed uint64, n int) data.Dataset {
	r := tensor.NewRand(seed)
	x := make([]float32, 0, 2*n)
	y := make([]int, n)
	for i := range n {
		a, b := r.Float64()*2-1, r.Float64()*2-1
		x = append(x, float32(a), float32(b))
		if a*b > 0 {
			y[i] = 1
		}
	}
	return data.FromTensors(tensor.Of(x, n, 2), tensor.Ints(y...))
}

func classifier(t testing.TB, seed uint64) *nn.Net {
	return build(t, &nn.Sequential{&nn.Linear{Out: 16}, &nn.BatchNorm{Act: nn.ReLU}, &nn.Dropout{Rate: 0.1}, &nn.Linear{Out: 2}}, nn.Input(2), nn.Seed(seed))
}

func basic() Config {
	return Config{Data: spirals(1, 200), Validate: spirals(2, 50), Batch: 16, Epochs: 3, Loss: loss.CrossEntropy, Optimizer: optim.Adam{LR: 0.02}, Seed: 5}
}

func TestFitLearns(t *testing.T) {
	c := basic()
	c.Epochs = 20
	net := classifier(t, 1)
	res, err := Fit(context.Background(), net, c)
	if err != nil {
		t.Fatal(err)
	}
	if res.Epochs != 20 || res.Steps != 20*13 || res.Validation["accuracy"] < 0.9 || res.Loss > 0.4 {
		t.Errorf("%+v", res)
	}
	again, err := Evaluate(context.Background(), net, c.Validate, c.Loss)
	if err != nil || again["accuracy"] != res.Validation["accuracy"] || again["loss"] != res.Validation["loss"] {
		t.Errorf("Evaluate says %v, %v; Fit %v", again, err, res.Validation)
	}
}

// kinds notes the kinds of events.
func kinds(all *[]string) Observer {
	return ObserverFunc(func(_ *Updater, e Event) error {
		*all = append(*all, map[bool]string{true: "step"}[isStep(e)]+kindOf(e))
		return nil
	})
}

func isStep(e Event) bool { _, ok := e.(StepDone); return ok }

func kindOf(e Event) string {
	switch e.(type) {
	case EpochDone:
		return "epoch"
	case Evaluated:
		return "evaluated"
	case Saved:
		return "saved"
	}
	return ""
}

func TestEventsComeInOrder(t *testing.T) {
	var a, b []string
	c := basic()
	c.Batch, c.Epochs, c.Dir = 100, 2, filepath.Join(t.TempDir(), "run")
	c.Observers = []Observer{kinds(&a), kinds(&b)}
	if _, err := Fit(context.Background(), classifier(t, 1), c); err != nil {
		t.Fatal(err)
	}
	want := []string{"step", "step", "epoch", "evaluated", "saved", "step", "step", "epoch", "evaluated", "saved"}
	if !slices.Equal(a, want) || !slices.Equal(b, want) {
		t.Errorf("%v\n%v\nwant %v", a, b, want)
	}
	r, err := run.Read(c.Dir)
	if err != nil || r.State != run.Finished || r.Seed != 5 {
		t.Errorf("%+v %v", r, err)
	}
	text := must(os.ReadFile(filepath.Join(c.Dir, run.EventsFile)))
	t.Logf("%s", text)
}
