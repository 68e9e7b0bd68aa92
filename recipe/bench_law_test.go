package recipe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/internal/par"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// stage is one of several fits: so many epochs of so many batches of four.
type stage struct {
	name            string
	epochs, batches int
	every           int // steps between checkpoints
}

// stages are of unlike lengths, so that a count that is off shows.
var stages = []stage{{"first", 2, 3, 2}, {"second", 1, 5, 1}, {"third", 3, 1, 0}}

// total is how many steps all stages have.
func total() (steps, epochs int) {
	for _, s := range stages {
		steps, epochs = steps+s.epochs*s.batches, epochs+s.epochs
	}
	return steps, epochs
}

// record is what an observer saw.
type record struct {
	steps, epochs, evaluated []int
	others                   int // events of another kind
}

// observer notes events, and calls at with each step.
func (r *record) observer(at func(step int)) train.Observer {
	return train.ObserverFunc(func(_ *train.Updater, e train.Event) error {
		switch e := e.(type) {
		case train.StepDone:
			r.steps = append(r.steps, e.Step)
			at(e.Step)
		case train.EpochDone:
			r.epochs = append(r.epochs, e.Epoch)
		case train.Evaluated:
			r.evaluated = append(r.evaluated, e.Epoch)
		default:
			r.others++
		}
		return nil
	})
}

// fitAll runs all stages on a bench, and returns the weights that come out.
func fitAll(t *testing.T, ctx context.Context, dir string, o ...train.Observer) (string, error) {
	t.Helper()
	b := &Bench{Dir: dir, Observers: o}
	var weights strings.Builder
	for i, s := range stages {
		net, err := nn.Build(&nn.Sequential{&nn.Linear{Out: 5, Act: nn.Tanh}, &nn.Dropout{Rate: 0.3}, &nn.Linear{Out: 3}}, nn.Input(2), nn.Seed(uint64(i)))
		if err != nil {
			t.Fatal(err)
		}
		x := tensor.NewRand(uint64(40+i)).Normal(0, 1, 4*s.batches, 2)
		y := make([]int32, 4*s.batches)
		for k := range y {
			y[k] = int32(k % 3)
		}
		set := data.FromTensors(x, tensor.Of(y, len(y)))
		res, err := b.Fit(ctx, s.name, net, train.Config{
			Data: set, Validate: set, Batch: 4, Epochs: s.epochs, Every: s.every, Seed: 3, Loss: loss.CrossEntropy,
			Optimizer: optim.AdamW{LR: 0.05}, Metrics: []metric.Metric{metric.Accuracy{}},
		})
		if err != nil {
			return "", err
		}
		if res.Steps != s.epochs*s.batches || res.Epochs != s.epochs {
			t.Errorf("%s: %d steps, %d epochs", s.name, res.Steps, res.Epochs)
		}
		for _, p := range net.Params() {
			fmt.Fprint(&weights, tensor.Data[float32](p.Value()))
		}
	}
	return weights.String(), nil
}

// Steps, epochs and evaluations of all fits count on from one to the next, one
// by one, to the sum of all.
func TestBenchCountsOn(t *testing.T) {
	var r record
	if _, err := fitAll(t, t.Context(), t.TempDir(), r.observer(func(int) {})); err != nil {
		t.Fatal(err)
	}
	steps, epochs := total()
	for name, c := range map[string]struct {
		got  []int
		want int
	}{"steps": {r.steps, steps}, "epochs": {r.epochs, epochs}, "evaluations": {r.evaluated, epochs}} {
		if len(c.got) != c.want {
			t.Errorf("%d %s, want %d: %v", len(c.got), name, c.want, c.got)
		}
		for i, v := range c.got {
			if v != i+1 {
				t.Errorf("%s: %v", name, c.got)
				break
			}
		}
	}
}

// All observers see all events, in the order in which they are listed; one
// that says stop ends the fit and not the bench's count.
func TestBenchTellsAllObservers(t *testing.T) {
	var order []string
	named := func(name string) train.Observer {
		return train.ObserverFunc(func(_ *train.Updater, e train.Event) error {
			if _, is := e.(train.StepDone); is {
				order = append(order, name)
			}
			return nil
		})
	}
	if _, err := fitAll(t, t.Context(), t.TempDir(), named("a"), named("b")); err != nil {
		t.Fatal(err)
	}
	steps, _ := total()
	if len(order) != 2*steps {
		t.Fatalf("%d events, want %d", len(order), 2*steps)
	}
	for i, name := range order {
		if name != []string{"a", "b"}[i%2] {
			t.Fatalf("event %d went to %s: %v", i, name, order)
		}
	}
}

// A run that was stopped after any step of any fit goes on and ends with the
// weights of a run that was not: dropout, order and optimiser too.
func TestBenchGoesOnAfterAnyStep(t *testing.T) {
	want, err := fitAll(t, t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	steps, _ := total()
	for stop := 1; stop < steps; stop++ {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		var before, after record
		_, err := fitAll(t, ctx, dir, before.observer(func(step int) {
			if step == stop {
				cancel()
			}
		}))
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped after step %d: %v", stop, err)
		}
		got, err := fitAll(t, t.Context(), dir, after.observer(func(int) {}))
		if err != nil || got != want {
			t.Errorf("stopped after step %d: other weights than without; %v", stop, err)
		}
		all := append(slices.Clone(before.steps), after.steps...)
		if slices.Sort(all); !slices.Equal(slices.Compact(all), upTo(steps)) {
			t.Errorf("stopped after step %d: steps %v, then %v", stop, before.steps, after.steps)
		}
	}
}

func upTo(n int) (all []int) {
	for i := range n {
		all = append(all, i+1)
	}
	return all
}

// Stopped many times over, it still ends there.
func TestBenchStoppedAgainAndAgain(t *testing.T) {
	want, err := fitAll(t, t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir, runs := t.TempDir(), 0
	for {
		runs++
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		var r record
		got, err := fitAll(t, ctx, dir, r.observer(func(int) {
			if n++; n == 3 {
				cancel()
			}
		}))
		cancel()
		if err == nil {
			if got != want {
				t.Errorf("after %d runs: other weights than at one go", runs)
			}
			break
		}
		if runs > 20 {
			t.Fatalf("no end after %d runs of 3 steps: %v", runs, err)
		}
	}
	if runs < 4 {
		t.Errorf("%d runs of at most 3 steps, and there are 14", runs)
	}
}

// The weights do not depend on how many threads there are.
func TestBenchAtAnyThreadCount(t *testing.T) {
	before := par.Workers()
	defer par.SetWorkers(before)
	want := ""
	for _, n := range []int{1, 2, 3, 8} {
		par.SetWorkers(n)
		got, err := fitAll(t, t.Context(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("%d threads: other weights than with one", n)
		}
	}
}

// Each fit has a folder of its own below the run's, and an error says in which
// fit it was.
func TestBenchFolders(t *testing.T) {
	dir := t.TempDir()
	if _, err := fitAll(t, t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	for _, s := range stages {
		if i, err := os.Stat(filepath.Join(dir, PartsDir, s.name)); err != nil || !i.IsDir() {
			t.Errorf("%s: %v", s.name, err)
		}
	}
	net, err := nn.Build(&nn.Sequential{&nn.Linear{Out: 1}}, nn.Input(2))
	if err != nil {
		t.Fatal(err)
	}
	b := &Bench{Dir: dir}
	if _, err := b.Fit(t.Context(), "faulty", net, train.Config{}); err == nil || !strings.HasPrefix(err.Error(), "faulty: ") {
		t.Errorf("without data: %v", err)
	}
	if b.steps != 0 || b.epochs != 0 {
		t.Errorf("what failed counts %d steps, %d epochs", b.steps, b.epochs)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := (&Bench{Dir: file}).Fit(t.Context(), "x", net, train.Config{}); err == nil || !strings.Contains(err.Error(), "file") {
		t.Errorf("in a file: %v", err)
	}
}

// What an observer says ends up with the caller.
func TestBenchPassesAnObserversErrorOn(t *testing.T) {
	errSeen := errors.New("seen enough")
	_, err := fitAll(t, t.Context(), t.TempDir(), train.ObserverFunc(func(_ *train.Updater, e train.Event) error {
		if e, is := e.(train.StepDone); is && e.Step == 8 { // the second of the second fit
			return errSeen
		}
		return nil
	}))
	if !errors.Is(err, errSeen) || !strings.HasPrefix(err.Error(), "second: ") {
		t.Errorf("got %v", err)
	}
}
