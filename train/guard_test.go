package train

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/tensor"
)

func layerOfFunc(f func(x T) T) nn.Layer {
	return nn.Func(func(_ *nn.Pass, x T) T { return f(x) })
}

func TestTheGuardNamesWhereItBegan(t *testing.T) {
	x, y := normal(1, 8, 3), normal(2, 8, 2)
	for name, c := range map[string]struct {
		middle nn.Layer
		loss   func(out T) T
		harm   func(net *nn.Net)
		layer  string
		param  string
		words  string
	}{
		"a layer's value": {middle: layerOfFunc(func(x T) T { return x.Square().Neg().Shift(-1).Log() }), layer: "1", words: "layer 1 is the first whose result is not finite"},
		"a layer's gradient": {middle: layerOfFunc(func(x T) T { return x.Scale(0).Sqrt().Add(x) }), layer: "0", param: "0.weight",
			words: "going back, layer 0 is the first"},
		"the loss": {middle: nn.Tanh, loss: func(out T) T { return out.Square().Neg().Shift(-1).Log().Mean() }, words: "the loss function itself"},
		"a weight": {middle: nn.Tanh, harm: func(n *nn.Net) { n.Params()[2].Set(n.Params()[2].Value().Scale(math.Inf(1))) },
			layer: "2", param: "2.weight", words: "the weights 2.weight"},
	} {
		net := build(t, &nn.Sequential{&nn.Linear{Out: 4}, c.middle, &nn.Linear{Out: 2}}, nn.Input(3), nn.Seed(1))
		u := NewUpdater(net, optim.Adam{LR: 0.1})
		if c.harm != nil {
			c.harm(net)
		}
		if c.loss == nil {
			c.loss = func(out T) T { return loss.MSE(out, y) }
		}
		u.plan() // makes the optimiser's state
		before := snapshot(u)
		_, err := u.Step(func(p *nn.Pass) T { return c.loss(net.Forward(p, x)) })
		var d *DivergedError
		if !errors.As(err, &d) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d.Layer != c.layer || d.Param != c.param || d.Step != 1 {
			t.Errorf("%s: layer %q, parameter %q, step %d: %v", name, d.Layer, d.Param, d.Step, err)
		}
		wantErr(t, err, c.words, "step 1 diverged", "fix:")
		if snapshot(u) != before {
			t.Errorf("%s: something changed", name)
		}
	}
}

func TestAParametersGradientAlone(t *testing.T) {
	net := build(t, &nn.Linear{Out: 2}, nn.Input(3))
	u := NewUpdater(net, optim.Adam{LR: 0.1})
	_, err := u.Step(func(p *nn.Pass) T {
		return net.Forward(p, normal(1, 4, 3)).Mean().Add(p.Params()[0].Scale(0).Sqrt().Sum())
	})
	wantErr(t, err, "the gradient of weight")
}

func TestALongGradientIsNoDivergence(t *testing.T) {
	net := build(t, &nn.Linear{Out: 1, NoBias: true}, nn.Input(4))
	u := NewUpdater(net, optim.SGD{LR: 1})
	u.Clip = 1
	var norm float64
	u.Observe(ObserverFunc(func(_ *Updater, e Event) error { norm = e.(StepDone).GradNorm; return nil }))
	before := net.Params()[0].Value().Scale(1)
	must(u.Step(func(p *nn.Pass) T { return net.Forward(p, tensor.Full(1e30, 1, 4)).Mean() })) // squares overflow float32
	if math.Abs(norm/2e30-1) > 1e-5 {
		t.Errorf("the length is %g, want 2e30", norm)
	}
	if d := net.Params()[0].Value().Sub(before).Norm().Item(); math.Abs(d-1) > 1e-5 {
		t.Errorf("moved by %g, want 1", d)
	}
}

func TestFitNamesBadData(t *testing.T) {
	bad := func(at int, v float64) T {
		x := tensor.Data[float32](normal(1, 40, 2))
		x[2*at+1] = float32(v)
		return tensor.Of(x, 40, 2)
	}
	y := labels(3, 40, 2)
	for name, c := range map[string]struct {
		set  data.Dataset
		loss loss.Func
		want []string
	}{
		"NaN":        {data.FromTensors(bad(17, math.NaN()), y), loss.CrossEntropy, []string{"step ", "example 17", "X"}},
		"infinite":   {data.FromTensors(bad(39, math.Inf(-1)), y), loss.CrossEntropy, []string{"example 39"}},
		"at first":   {data.FromTensors(bad(0, math.NaN()), y), loss.CrossEntropy, []string{"example 0"}},
		"in Y":       {data.FromTensors(normal(1, 40, 2), bad(23, math.NaN())), loss.MSE, []string{"diverged", "example 23", "its Y"}},
		"a label":    {data.FromTensors(normal(1, 40, 2), tensor.Ints(append(make([]int, 39), 2)...)), loss.CrossEntropy, []string{"example 39", "label 2", "0 to 1"}},
		"a huge one": {data.FromTensors(bad(5, 3e38), normal(2, 40, 2)), loss.MSE, []string{"diverged", "loss function itself"}},
	} {
		net := build(t, &nn.Sequential{&nn.Linear{Out: 4, Act: nn.ReLU}, &nn.Linear{Out: 2}}, nn.Input(2))
		_, err := Fit(context.Background(), net, Config{Data: c.set, Loss: c.loss, Optimizer: optim.SGD{LR: 1e-3}, Batch: 8, Epochs: 2})
		t.Run(name, func(t *testing.T) { wantErr(t, err, c.want...) })
	}
}
