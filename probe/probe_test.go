package probe_test

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/probe"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// all is every instrument there is.
func all() []probe.Instrument {
	return []probe.Instrument{probe.Activations{}, probe.DeadUnits{}, probe.GradNorms{}, probe.UpdateRatio{}}
}

func build(t *testing.T, model nn.Layer, o ...nn.Option) *nn.Net {
	t.Helper()
	net, err := nn.Build(model, o...)
	if err != nil {
		t.Fatal(err)
	}
	return net
}

// small returns a network and a step of it on fixed data.
func small(t *testing.T, o ...nn.Option) (*nn.Net, func(p *nn.Pass) tensor.Tensor) {
	net := build(t, &nn.Sequential{
		&nn.Linear{Out: 8, Act: nn.ReLU}, &nn.Dropout{Rate: .25}, &nn.BatchNorm{},
		&nn.Linear{Out: 6, Act: nn.Tanh}, &nn.Linear{Out: 2},
	}, append(o, nn.Input(4), nn.Seed(3))...)
	x, y := tensor.NewRand(1).Normal(0, 1, 12, 4), tensor.NewRand(2).Normal(0, 1, 12, 2)
	return net, func(p *nn.Pass) tensor.Tensor { return loss.MSE(net.Forward(p, x), y) }
}

func steps(t *testing.T, u *train.Updater, n int, f func(p *nn.Pass) tensor.Tensor) (losses []float64) {
	t.Helper()
	for range n {
		l, err := u.Step(f)
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, l)
	}
	return losses
}

// read returns what lies in a probe's channel.
func read(p *probe.Probe) (got []probe.Reading) {
	p.Close()
	for r := range p.Readings() {
		got = append(got, r)
	}
	return got
}

func find(t *testing.T, got []probe.Reading, step int, path, name string) float64 {
	t.Helper()
	for _, r := range got {
		if r.Step == step && r.Path == path && r.Name == name {
			return r.Value
		}
	}
	t.Fatalf("no reading %q of %q in step %d among %v", name, path, step, got)
	return 0
}

func names(got []probe.Reading) (all []string) {
	for _, r := range got {
		all = append(all, r.Path+" "+r.Name)
	}
	return all
}

func TestInstrumentsChangeNoBit(t *testing.T) {
	run := func(o ...train.Observer) ([]float64, nn.Weights) {
		net, step := small(t)
		u := train.NewUpdater(net, optim.Adam{LR: 1e-2})
		u.Observe(o...)
		return steps(t, u, 25, step), net.Weights()
	}
	losses, weights := run()
	eye := probe.Every(1, all()...)
	seenLosses, seenWeights := run(eye)
	if !slices.Equal(losses, seenLosses) {
		t.Errorf("losses with instruments %v, without %v", seenLosses, losses)
	}
	for name, w := range weights {
		if !slices.Equal(tensor.Data[float32](w), tensor.Data[float32](seenWeights[name])) {
			t.Errorf("%s differs with instruments on", name)
		}
	}
	if len(read(eye)) == 0 {
		t.Error("the instruments read nothing")
	}
}

func TestReadingsAreTheSameEachTime(t *testing.T) {
	var runs [2][]probe.Reading
	for i := range runs {
		net, step := small(t)
		u := train.NewUpdater(net, optim.SGD{LR: .1})
		u.Workers = 1 + 3*i
		eye := probe.Every(2, all()...)
		u.Observe(eye)
		for range 5 {
			if _, err := u.StepN(3, func(p *nn.Pass, _ int) tensor.Tensor { return step(p) }); err != nil {
				t.Fatal(err)
			}
		}
		runs[i] = read(eye)
	}
	if !reflect.DeepEqual(runs[0], runs[1]) {
		t.Errorf("one worker read\n%v\nfour read\n%v", runs[0], runs[1])
	}
}

func TestEveryChoosesSteps(t *testing.T) {
	for _, c := range []struct {
		n    int
		want []int
	}{{0, []int{1, 2, 3, 4, 5, 6, 7}}, {1, []int{1, 2, 3, 4, 5, 6, 7}}, {3, []int{1, 4, 7}}, {10, []int{1}}} {
		net, step := small(t)
		u := train.NewUpdater(net, optim.SGD{LR: .1})
		eye := probe.Every(c.n, probe.UpdateRatio{})
		u.Observe(eye)
		steps(t, u, 7, step)
		var got []int
		for _, r := range read(eye) {
			if len(got) == 0 || got[len(got)-1] != r.Step {
				got = append(got, r.Step)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("Every(%d) looked at steps %v, want %v", c.n, got, c.want)
		}
	}
}

func TestASlowReaderHoldsNothingUp(t *testing.T) {
	net, step := small(t)
	u := train.NewUpdater(net, optim.SGD{LR: .01})
	eye := probe.Every(1, probe.UpdateRatio{})
	u.Observe(eye)
	steps(t, u, 1, step)
	each := len(eye.Latest())
	const n = 1100 // more than the channel has room for
	steps(t, u, n-1, step)
	if last := eye.Latest(); len(last) != each || last[0].Step != n {
		t.Errorf("the latest readings are %v, want %d of step %d", last, each, n)
	}
	dropped := eye.Dropped()
	got := read(eye)
	if len(got)+dropped != n*each || dropped == 0 {
		t.Errorf("%d readings came and %d were dropped, want %d in all and some dropped", len(got), dropped, n*each)
	}
	if !slices.IsSortedFunc(got, func(a, b probe.Reading) int { return a.Step - b.Step }) {
		t.Error("readings came out of order")
	}
}

func TestCloseEndsTheChannel(t *testing.T) {
	net, step := small(t)
	u := train.NewUpdater(net, optim.SGD{LR: .01})
	eye := probe.Every(1, all()...)
	u.Observe(eye)
	steps(t, u, 2, step)
	n := len(read(eye))
	steps(t, u, 2, step) // it looks no more, and does not send on a closed channel
	if err := eye.Close(); err != nil || n == 0 || eye.Dropped() != 0 {
		t.Errorf("closed twice: %v; %d readings, %d dropped", err, n, eye.Dropped())
	}
}

func TestMistakesAreNamed(t *testing.T) {
	for _, c := range []struct {
		in   probe.Instrument
		want string
	}{
		{probe.Activations{Match: "conv*"}, `no layer that ran matches "conv*": there are 0, 1, 2, 3, 4, .`},
		{probe.DeadUnits{Match: "[a"}, `the pattern "[a" is malformed`},
		{probe.UpdateRatio{Match: "nope"}, `no layer with parameters matches "nope": there are 0, 2, 3, 4`},
		{probe.GradNorms{Match: "[]"}, `the pattern "[]" is malformed`},
	} {
		net, step := small(t)
		u := train.NewUpdater(net, optim.SGD{LR: .01})
		u.Observe(probe.Every(1, c.in))
		if _, err := u.Step(step); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%#v: got %v, want …%s…", c.in, err, c.want)
		}
	}
}

func TestOneProbeForTwoUpdaters(t *testing.T) {
	eye := probe.Every(1, all()...)
	net, step := small(t)
	u, v := train.NewUpdater(net, optim.SGD{LR: .01}), train.NewUpdater(net, optim.SGD{LR: .01})
	u.Observe(eye)
	v.Observe(eye)
	if _, err := u.Step(step); err == nil || !strings.Contains(err.Error(), "give each its own") {
		t.Errorf("got %v", err)
	}
}

// A step that fails leaves nothing behind in the next sample.
func TestAFailedStepIsForgotten(t *testing.T) {
	net, step := small(t)
	u := train.NewUpdater(net, optim.SGD{LR: .01})
	eye := probe.Every(1, probe.Activations{})
	u.Observe(eye)
	bad := tensor.Full(math.NaN(), 12, 4)
	if _, err := u.Step(func(p *nn.Pass) tensor.Tensor { return net.Forward(p, bad).Square().Mean() }); err == nil {
		t.Fatal("a step on NaN succeeded")
	}
	steps(t, u, 1, step)
	if m := find(t, read(eye), 1, ".", "mean"); math.IsNaN(m) {
		t.Error("the reading is of the failed step")
	}
}
