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

// withMore gives each example a part by a name.
type withMore struct {
	data.Dataset
	more T
}

func (w withMore) At(i int) (data.Example, error) {
	e, err := w.Dataset.At(i)
	e.More = map[string]T{"aim": w.more.Index(0, i)}
	return e, err
}

func TestFitNamesBadDataElsewhere(t *testing.T) {
	more := tensor.Data[float64](normal(1, 40, 3).To(tensor.Float64))
	more[3*29+1] = math.NaN()
	aims := tensor.Of(more, 40, 3)
	x := tensor.Data[float64](normal(1, 40, 2).To(tensor.Float64))
	x[2*31] = math.Inf(1)
	for name, c := range map[string]struct {
		c    Config
		want []string
	}{
		"in More": {Config{Data: withMore{data.FromTensors(normal(1, 40, 2).To(tensor.Float64), T{}), aims},
			Objective: func(p *nn.Pass, net *nn.Net, b data.Batch) T { return loss.MSE(net.Forward(p, b.X), b.More["aim"]) }},
			[]string{"diverged", "example 29", `More["aim"]`}},
		"float64": {Config{Data: data.FromTensors(tensor.Of(x, 40, 2), aims), Loss: loss.MSE}, []string{"example 31"}},
		"joined": {Config{Data: data.FromTensors(tensor.Of(x, 40, 2), aims), Batch: 40, NoShuffle: true, Loss: loss.MSE,
			Collate: func(all []data.Example) (data.Batch, error) {
				return data.Batch{X: tensor.Of(x, 80).Reshape(1, 40, 2).Reshape(-1, 2).Slice(0, 0, 39), Y: tensor.Zeros(39, 3).To(tensor.Float64)}, nil
			}}, []string{"one of the examples [0 1 2"}},
	} {
		c.c.Optimizer = optim.SGD{LR: 1e-3}
		net := build(t, &nn.Linear{Out: 3}, nn.Input(2), nn.Float64)
		_, err := Fit(context.Background(), net, c.c)
		t.Run(name, func(t *testing.T) { wantErr(t, err, c.want...) })
	}
}

// TestTheGuardRunsAStepAgain, and says so if it comes out otherwise.
func TestTheGuardRunsAStepAgain(t *testing.T) {
	net := build(t, &nn.Linear{Out: 2}, nn.Input(3))
	u := NewUpdater(net, optim.SGD{LR: 1})
	runs := 0
	_, err := u.Step(func(p *nn.Pass) T {
		if runs++; runs > 1 {
			tensor.Fail("mine", "only once")
		}
		return net.Forward(p, normal(1, 4, 3)).Mean().Scale(math.NaN())
	})
	wantErr(t, err, "the step failed otherwise", "only once")
	if runs != 2 {
		t.Errorf("%d runs", runs)
	}
	asked := 0
	u.Reduce = func([]T) error { asked++; return nil }
	_, err = u.Step(func(p *nn.Pass) T { return net.Forward(p, normal(1, 4, 3)).Mean().Scale(math.Inf(1)) })
	wantErr(t, err, "the loss is +Inf")
	if asked != 1 {
		t.Errorf("Reduce is asked %d times: other machines wait for it", asked)
	}
	net.Params()[0].Set(net.Params()[0].Value().Scale(math.NaN()))
	_, err = u.Step(func(p *nn.Pass) T { return net.Forward(p, normal(1, 4, 3)).Mean() })
	var d *DivergedError
	if !errors.As(err, &d) || d.Layer != "." || d.Param != "weight" {
		t.Errorf("%+v", d)
	}
}

// TestFirstBad, at sizes around those of vectors and blocks.
func TestFirstBad(t *testing.T) {
	for _, n := range []int{0, 1, 7, 8, 9, 31, 33, 100, 4095, 4097, 9000} {
		v, wide := make([]float32, n), make([]float64, n)
		for i := range v {
			v[i], wide[i] = 3e38, 1e308 // their sums overflow, and they are finite
		}
		if firstBad(v) != -1 || firstBad(wide) != -1 {
			t.Errorf("%d finite numbers are found bad", n)
		}
		for _, at := range []int{0, n / 2, n - 1} {
			for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
				if at < 0 || at >= n {
					continue
				}
				v[at], wide[at] = float32(bad), bad
				if firstBad(v) != at || firstBad(wide) != at {
					t.Errorf("%g at %d of %d: found at %d, %d", bad, at, n, firstBad(v), firstBad(wide))
				}
				v[at], wide[at] = 0, 0
			}
		}
	}
}
