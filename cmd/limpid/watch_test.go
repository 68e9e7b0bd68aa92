package main

import (
	"math"
	"testing"
	"time"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/run"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// shown is a screen that keeps what it is shown.
type shown []progress

func (s *shown) show(p progress) { *s = append(*s, p) }
func (*shown) close()            {}

func TestWatch(t *testing.T) {
	held, err := run.Create(t.TempDir(), run.Record{What: "odd"})
	if err != nil {
		t.Fatal(err)
	}
	f := &folder{held.Dir, held.Record, held}
	defer f.unlock()
	r := plainRecipe("odd", examples{example(1, 0, 0), example(0, 1, 1)}, two())
	cfg := r.New(false)
	task, err := r.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var s shown
	w := newWatch(&session{folder: f, recipe: r, task: task, config: cfg, began: time.Now(), before: 5}, &s, backstage.Standing{})
	w.start()
	for _, e := range []train.Event{
		train.StepDone{Step: 1, Epoch: 1, Loss: 4}, train.EpochDone{Epoch: 1, Step: 1, Loss: 4},
		train.Evaluated{Epoch: 1, Step: 1, Metrics: map[string]float64{"accuracy": .5}}, train.Saved{Step: 1},
		train.StepDone{Step: 2, Epoch: 2, Loss: 2}, train.Evaluated{Epoch: 2, Step: 2, Metrics: map[string]float64{"accuracy": .75}},
	} {
		if err := w.Observe(nil, e); err != nil {
			t.Fatal(err)
		}
	}
	first, last := s[0], s[len(s)-1]
	if first.step != 0 || first.steps != 2 || first.epochs != 2 || first.run != f.path {
		t.Errorf("at first %+v", first)
	}
	if last.step != 2 || last.epoch != 2 || len(last.losses) != 2 || last.losses[1] != 2 || last.validation[1] != .75 || last.elapsed < 5*time.Second {
		t.Errorf("at last %+v", last)
	}
	if got, err := run.Read(f.path); err != nil || got.Seconds < 5 || got.State != run.Running {
		t.Errorf("run.json says %+v, %v", got, err)
	}
}

// TestHealth trains a layer whose units are partly silent.
func TestHealth(t *testing.T) {
	model := &nn.Sequential{&nn.Linear{Out: 2, Act: nn.ReLU, BiasInit: func(_ *tensor.Rand, shape []int) tensor.Tensor {
		return tensor.Of([]float32{5, -50}, shape...)
	}}, &nn.Linear{Out: 1}}
	net, err := nn.Build(model, nn.Input(3))
	if err != nil {
		t.Fatal(err)
	}
	rule := optim.SGD{LR: 0.01}
	h := newHealth(net, rule.Rate())
	u := train.NewUpdater(net, rule)
	u.Schedule = optim.Step(1, 0.5)
	u.Observe(h)
	x := tensor.NewRand(1).Normal(0, 1, 8, 3)
	for range healthEvery + 1 {
		if _, err := u.Step(func(p *nn.Pass) tensor.Tensor { return net.Forward(p, x).Square().Mean() }); err != nil {
			t.Fatal(err)
		}
	}
	if len(h.layers) != 2 || h.layers[0].path != "0" || h.layers[0].dead != 0.5 {
		t.Fatalf("layers %+v", h.layers)
	}
	for _, l := range h.layers {
		if l.update <= 0 || math.IsNaN(l.update) || l.pace < l.update {
			t.Errorf("%+v", l)
		}
	}
}
