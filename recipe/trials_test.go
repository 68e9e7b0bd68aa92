package recipe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/internal/par"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// trials are fits of unlike lengths; the learning rate of the last but one is
// such that its loss does not stay finite. nets are what was opened.
func trials(opened *atomic.Int64, nets []*nn.Net) []Trial {
	var all []Trial
	for i := range nets {
		all = append(all, Trial{Name: fmt.Sprint("t", i), Keep: i%2 == 0, Open: func() (*nn.Net, train.Config, error) {
			opened.Add(1)
			net, err := nn.Build(&nn.Sequential{&nn.Linear{Out: 4, Act: nn.Tanh}, &nn.Dropout{Rate: 0.2}, &nn.Linear{Out: 1}}, nn.Input(2), nn.Seed(uint64(i)))
			if err != nil {
				return nil, train.Config{}, err
			}
			nets[i] = net
			x := tensor.NewRand(uint64(i)).Normal(0, 1, 8, 2)
			set := data.FromTensors(x, x.Sum(1).Reshape(8, 1))
			c := train.Config{Data: set, Validate: set, Batch: 4, Epochs: 2 + i%3, Seed: 7, Loss: loss.MSE, Optimizer: optim.SGD{LR: 0.1}}
			if i == len(nets)-2 {
				c.Optimizer = optim.SGD{LR: 1e30}
			}
			return net, c, nil
		}})
	}
	return all
}

// told is what observers saw, as text.
func told(into *[]string) train.Observer {
	return train.ObserverFunc(func(_ *train.Updater, e train.Event) error {
		*into = append(*into, fmt.Sprintf("%T %+v", e, e))
		return nil
	})
}

func withWorkers(t *testing.T, n int) {
	before := par.Workers()
	par.SetWorkers(n)
	t.Cleanup(func() { par.SetWorkers(before) })
}

// Whatever number runs at once, outcomes, weights and what observers see are
// the same, bit by bit.
func TestTrialsAreTheSameAtAnyNumberOfWorkers(t *testing.T) {
	var want []Outcome
	var seenBefore, weights []string
	for _, workers := range []int{1, 2, 5} {
		withWorkers(t, workers)
		var opened atomic.Int64
		var events, now []string
		nets := make([]*nn.Net, 7)
		b := &Bench{Dir: t.TempDir(), Observers: []train.Observer{told(&events)}}
		got, err := b.Trials(t.Context(), trials(&opened, nets))
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range nets {
			for _, p := range n.Params() {
				now = append(now, fmt.Sprint(tensor.Data[float32](p.Value())))
			}
		}
		if want == nil {
			want, seenBefore, weights = got, events, now
		}
		if !reflect.DeepEqual(got, want) || !slices.Equal(events, seenBefore) || !slices.Equal(now, weights) {
			t.Errorf("%d workers: outcomes, events or weights differ from those of one", workers)
		}
	}
	for i, o := range want {
		if diverged := o.Diverged != ""; diverged != (i == 5) {
			t.Errorf("trial %d: diverged %q", i, o.Diverged)
		}
		if i != 5 && (o.Epochs != 2+i%3 || len(o.Losses) != o.Epochs || len(o.Scores["loss"]) != o.Epochs || o.Score("loss", -1) < 0) {
			t.Errorf("trial %d: %+v", i, o)
		}
	}
	if v := want[5].Score("loss", 9); v != 9 {
		t.Errorf("a trial that diverged scores %g", v)
	}
	steps := 0
	for _, e := range seenBefore {
		var at int
		if _, err := fmt.Sscanf(e, "train.StepDone {Step:%d", &at); err == nil {
			if steps++; at != steps {
				t.Fatalf("step %d came as number %d", at, steps)
			}
		}
	}
}

// A run that was stopped passes over trials that had ended, with their weights
// where they were kept, and ends as one that was not.
func TestTrialsGoOn(t *testing.T) {
	withWorkers(t, 2)
	var opened atomic.Int64
	nets := make([]*nn.Net, 6)
	want, err := (&Bench{Dir: t.TempDir()}).Trials(t.Context(), trials(&opened, nets))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	steps := 0
	_, err = (&Bench{Dir: dir, Observers: []train.Observer{train.ObserverFunc(func(_ *train.Updater, e train.Event) error {
		if _, is := e.(train.StepDone); is {
			if steps++; steps == 12 {
				cancel()
			}
		}
		return nil
	})}}).Trials(ctx, trials(&opened, make([]*nn.Net, 6)))
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("stopped: %v", err)
	}
	again := make([]*nn.Net, 6)
	var events []string
	got, err := (&Bench{Dir: dir, Observers: []train.Observer{told(&events)}}).Trials(t.Context(), trials(&opened, again))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("gone on: other outcomes: %v\n%+v\n%+v", err, got, want)
	}
	if len(events) == 0 || strings.Contains(events[0], "{Step:1 ") {
		t.Errorf("the first trial, which had ended, ran again: %q", events[:min(1, len(events))])
	}
	for i := 0; i < len(nets); i += 2 {
		for k, p := range nets[i].Params() {
			if !slices.Equal(tensor.Data[float32](p.Value()), tensor.Data[float32](again[i].Params()[k].Value())) {
				t.Errorf("trial %d: %s differs", i, p.Path())
			}
		}
	}
}

// What does not come from numbers that ran away ends all, and names the trial;
// damaged files of an earlier sitting are not believed.
func TestTrialsThatFail(t *testing.T) {
	var opened atomic.Int64
	all := trials(&opened, make([]*nn.Net, 3))
	all[1].Open = func() (*nn.Net, train.Config, error) { return nil, train.Config{}, errors.New("no such thing") }
	if _, err := (&Bench{Dir: t.TempDir()}).Trials(t.Context(), all); err == nil || !strings.Contains(err.Error(), "t1: no such thing") {
		t.Errorf("an error when opened: %v", err)
	}
	stop := train.ObserverFunc(func(*train.Updater, train.Event) error { return errors.New("enough") })
	if _, err := (&Bench{Dir: t.TempDir(), Observers: []train.Observer{stop}}).Trials(t.Context(), trials(&opened, make([]*nn.Net, 3))); err == nil || !strings.Contains(err.Error(), "enough") {
		t.Errorf("an observer's error: %v", err)
	}
	dir := t.TempDir()
	want, err := (&Bench{Dir: dir}).Trials(t.Context(), trials(&opened, make([]*nn.Net, 3)))
	if err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string]string{"t0.safetensors": "not weights", "t1.json": "{"} {
		if err := os.WriteFile(filepath.Join(dir, PartsDir, file), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := (&Bench{Dir: dir}).Trials(t.Context(), trials(&opened, make([]*nn.Net, 3))); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("with damaged files: %v, %+v, want %+v", err, got, want)
	}
	if _, err := (&Bench{Dir: filepath.Join(dir, PartsDir, "t1.json")}).Trials(t.Context(), trials(&opened, make([]*nn.Net, 1))); err == nil {
		t.Error("a file in the folder's place is no error")
	}
}
