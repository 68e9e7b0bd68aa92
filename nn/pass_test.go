package nn

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

func mlp(t testing.TB, o ...Option) *Net {
	return build(t, &Sequential{&Linear{Out: 5, Act: Tanh}, &Linear{Out: 2}}, append([]Option{Input(3)}, o...)...)
}

// eyes notes what a watcher is shown.
type eyes struct{ values, grads []string }

func (e *eyes) Value(path string, call int, y T) {
	e.values = append(e.values, fmt.Sprintf("%s/%d%v", path, call, y.Shape()))
}
func (e *eyes) Grad(path string, call int, g T) {
	e.grads = append(e.grads, fmt.Sprintf("%s/%d%v", path, call, g.Shape()))
}

type direct struct{ A, B Linear }

func (m *direct) Forward(p *Pass, x T) T { return m.B.Forward(p, m.A.Forward(p, x)) }

type outer struct{ R direct }

func (m *outer) Forward(p *Pass, x T) T { return p.Apply(m.R.Forward(p, x), &m.R) }

func TestWatchersSeeEveryLayer(t *testing.T) {
	n := build(t, &outer{direct{*lin(), *lin()}}, Input(3))
	e := &eyes{}
	must(n.Predict(normal(1, 4, 3), Watch(e)))
	if got := strings.Join(e.values, " "); got != "r.a/0[4 3] r.b/0[4 3] r.a/1[4 3] r.b/1[4 3] r/0[4 3] ./0[4 3]" {
		t.Error(got)
	}
}

func TestWatchersSeeGradients(t *testing.T) {
	n := mlp(t)
	e := &eyes{}
	p := steps.NewPass(n)
	defer steps.End(p)
	steps.Begin(p, 1, 0, 0, nil, []Watcher{e})
	y := n.Forward(p, normal(1, 4, 3)).Square().Mean()
	engine.Backward(steps.Scope(p), y, steps.Leaves(p), make([]T, 4), nil)
	if got := strings.Join(e.values, " "); got != "0/0[4 5] 1/0[4 2] ./0[4 2]" {
		t.Error("values", got)
	}
	if len(e.grads) != 3 || e.grads[2] != "0/0[4 5]" {
		t.Error("gradients", e.grads)
	}
}

func TestRemember(t *testing.T) {
	n := mlp(t)
	x := normal(1, 4, 3)
	do(t, n, func(p *Pass) {
		if _, ok := p.Value("0"); ok {
			t.Error("a value before the run")
		}
		y := n.Forward(p, x)
		h, ok := p.Value("0")
		if !ok || h.Dim(1) != 5 {
			t.Fatal("0 is not remembered")
		}
		if _, ok := p.Value("1"); ok {
			t.Error("1 was not asked for")
		}
		w := n.Params()
		same(t, "0", h, x.MatMul(w[0].Value().Permute(1, 0)).Add(w[1].Value()).Tanh(), 1e-6)
		_ = y
	}, Remember("0"))
	wantErr(t, n.Do(func(*Pass) error { return nil }, Remember("nope")), `"nope"`, "0, 1")
	do(t, n, func(p *Pass) { // differentiate by a layer's value
		s := n.Forward(p, p.Track(x)).Sum()
		a, _ := p.Value("0")
		if g := tensor.Grad(s, a)[0]; g.Dim(1) != 5 {
			t.Error(g)
		}
	}, Remember("0"))
}

func TestFramesFreeWhatLayersLeave(t *testing.T) {
	most := 0
	for _, depth := range []int{2, 40} {
		var q Sequential
		for range depth {
			q = append(q, &Linear{Out: 64, NoBias: true, Act: Tanh})
		}
		n := build(t, &q, Input(64))
		do(t, n, func(p *Pass) {
			n.Forward(p, normal(1, 32, 64))
			b := engine.Bytes(p.scope)
			if depth == 2 {
				most = b
			} else if b > most {
				t.Errorf("%d layers take %d bytes, 2 take %d", depth, b, most)
			}
		})
	}
}

type pair2 struct{ A, B Linear }

func (m *pair2) Run(p *Pass, x T) (T, T) {
	stay := p.Enter(m)
	a, b := p.Apply(x, &m.A), p.Apply(x, &m.B)
	waste = x.Square()
	return stay.Return(a, b), b
}

var waste T

func TestEnterAndReturn(t *testing.T) {
	m := &pair2{*lin(), *lin()}
	n := build(t, m, Trace(func(p *Pass) { m.Run(p, tensor.Zeros(2, 3)) }))
	e := &eyes{}
	do(t, n, func(p *Pass) {
		a, b := m.Run(p, p.Track(normal(1, 2, 3)).Detach())
		if !a.Valid() || !b.Valid() || waste.Valid() {
			t.Error("results", a.Valid(), b.Valid(), "the rest", waste.Valid())
		}
	}, Watch(e))
	if got := strings.Join(e.values, " "); got != "a/0[2 3] b/0[2 3] ./0[2 3]" {
		t.Error(got)
	}
}

func TestTrackParams(t *testing.T) {
	n := mlp(t)
	for _, c := range []struct {
		patterns []string
		want     int
	}{{nil, 4}, {[]string{"0.*"}, 2}, {[]string{"*.weight", "0.*"}, 3}} {
		do(t, n, func(p *Pass) {
			if len(p.Params()) != c.want {
				t.Errorf("%v tracks %d", c.patterns, len(p.Params()))
			}
			for _, g := range tensor.Grad(n.Forward(p, normal(1, 4, 3)).Sum(), p.Params()...) {
				if g.Abs().Sum().Item() == 0 {
					t.Error("no gradient")
				}
			}
		}, TrackParams(c.patterns...))
	}
	wantErr(t, n.Do(func(*Pass) error { return nil }, TrackParams("nope.*")), "no parameter matches", "0.weight")
	wantErr(t, n.Do(func(*Pass) error { return nil }, TrackParams("[")), "pattern")
	do(t, n, func(p *Pass) {
		if n.Forward(p, normal(1, 4, 3)).Tracked() || len(p.Params()) != 0 {
			t.Error("inference is recorded")
		}
	})
}

func TestWith(t *testing.T) {
	n := build(t, &Sequential{&Linear{Out: 3}, &BatchNorm{}}, Input(3))
	x := normal(1, 4, 3)
	w := n.Weights()
	before := must(n.Predict(x))
	for _, p := range n.Params() {
		p.Set(p.Value().Scale(0))
	}
	same(t, "a snapshot", must(n.Predict(x, With(w))), before, 0)
	if must(n.Predict(x)).Abs().Sum().Item() != 0 {
		t.Error("the network's own")
	}
	only := Weights{"1.bias": tensor.Of([]float32{1, 2, 3})}
	same(t, "one of them", must(n.Predict(x, With(only))), tensor.Of([]float32{1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3}, 4, 3), 0)
	_, err := n.Predict(x, With(Weights{"2.bias": x}))
	wantErr(t, err, "the network has no 2.bias")
	_, err = n.Predict(x, With(Weights{"1.bias": x}))
	wantErr(t, err, "1.bias is float32 [4 3]", "[3]")
	shifted := Weights{"1.running_mean": tensor.Full(1, 3)}
	if must(n.Predict(x, With(shifted))).Sum().Item() != 0 { // weight 0
		t.Error("statistics")
	}
}

func TestDoReturnsErrors(t *testing.T) {
	n := mlp(t)
	own := errors.New("mine")
	if err := n.Do(func(*Pass) error { return own }); err != own {
		t.Error(err)
	}
	err := n.Do(func(p *Pass) error { n.Forward(p, normal(1, 4, 9)); return nil })
	var e *tensor.Error
	if !errors.As(err, &e) || e.Layer != "0 (nn.Linear)" || !strings.Contains(e.At, "pass_test.go") {
		t.Errorf("%#v", e)
	}
	func() {
		defer func() {
			if recover() != "other" {
				t.Error("another panic must pass through")
			}
		}()
		n.Do(func(*Pass) error { panic("other") })
	}()
	must(n.Predict(normal(1, 4, 3)))
}

type noisy struct{ A, B Dropout }

func (m *noisy) Forward(p *Pass, x T) T {
	a, b := p.Apply(x, &m.A), p.Apply(x, &m.B)
	return tensor.Stack(0, a, b, p.Apply(x, &m.A), p.Apply(x, &Dropout{Rate: .5}), p.Apply(x, &Dropout{Rate: .5}), p.Rand().Uniform(0, 1, 2, 50))
}

func TestRandomnessFollowsFromPathAndCall(t *testing.T) {
	n := build(t, &noisy{Dropout{Rate: .5}, Dropout{Rate: .5}}, Input(50))
	x := tensor.Full(1, 2, 50)
	a := must(n.Predict(x, Noise(3)))
	same(t, "the same seed", must(n.Predict(x, Noise(3))), a, 0)
	seen := [][]float64{}
	for i := range 6 {
		seen = append(seen, floats(a.Index(0, i)))
	}
	seen = append(seen, floats(must(n.Predict(x, Noise(4))).Index(0, 0)))
	for i := range seen {
		for j := range i {
			if fmt.Sprint(seen[i]) == fmt.Sprint(seen[j]) {
				t.Errorf("draws %d and %d are the same", i, j)
			}
		}
	}
	same(t, "no noise", must(n.Predict(x)).Index(0, 0), x, 0)
}

type deep struct {
	L    []Linear
	Drop Dropout
	Re   bool `nn:"-"`
}

func (d *deep) Forward(p *Pass, x T) T {
	f := func(x T) T {
		for i := range d.L {
			x = p.Apply(x, &d.L[i], &d.Drop).Tanh()
		}
		return x.Add(p.Rand().Normal(0, .1, 3))
	}
	if d.Re {
		x = p.Recompute(x, f)
	} else {
		x = f(x)
	}
	return p.Apply(x, &d.Drop)
}

func TestRecompute(t *testing.T) {
	run := func(re bool) (y, g, h []float64) {
		d := &deep{L: []Linear{{Out: 3}, {Out: 3}}, Drop: Dropout{Rate: .3}, Re: re}
		n := build(t, d, Input(3), Seed(2), Float64)
		do(t, n, func(p *Pass) {
			out := n.Forward(p, p.Track(wide(7, 4, 3)))
			gs := tensor.Grad(out.Square().Mean(), p.Params()...)
			hs := tensor.Grad(tensor.Dot(gs, gs), p.Params()...)
			y, g, h = floats(out), floats(gs[0]), floats(hs[0])
		}, TrackParams(), Noise(9))
		return y, g, h
	}
	y, g, h := run(false)
	y2, g2, h2 := run(true)
	for _, c := range []struct {
		what      string
		got, want []float64
	}{{"value", y2, y}, {"gradient", g2, g}, {"second", h2, h}} {
		same(t, c.what, tensor.Of(c.got), tensor.Of(c.want), 1e-12)
	}
}

func TestRecomputeInAStep(t *testing.T) {
	grads := func(re bool) []T {
		d := &deep{L: []Linear{{Out: 3}, {Out: 3}}, Drop: Dropout{Rate: .3}, Re: re}
		n := build(t, d, Input(3), Seed(2), Float64)
		p := steps.NewPass(n)
		defer steps.End(p)
		steps.Begin(p, 5, 3, 0, nil, nil)
		l := n.Forward(p, wide(7, 4, 3)).Square().Mean()
		out := make([]T, 4)
		engine.Backward(p.scope, l, steps.Leaves(p), out, nil)
		for i := range out {
			out[i] = out[i].Keep()
		}
		return out
	}
	a, b := grads(false), grads(true)
	for i := range a {
		same(t, "gradient", b[i], a[i], 1e-12)
	}
}

func TestLogOnlyScalars(t *testing.T) {
	n := mlp(t)
	p := steps.NewPass(n)
	for step := range 2 {
		steps.Begin(p, 1, step, 0, nil, nil)
		p.Log("a", tensor.Full(2))
		p.Log("b", n.Forward(p, normal(1, 4, 3)).Mean())
		names, values := steps.Logged(p)
		if len(names) != 2 || names[1] != "b" || values[0] != 2 {
			t.Error(names, values)
		}
		wantErr(t, tensor.Try(func() { p.Log("c", tensor.Zeros(2)) }), `"c" has 2 elements, want a scalar`, "nn.Pass.Log", "[2]", "fix:")
		wantErr(t, tensor.Try(func() { p.Log("d", T{}) }), `"d" is no tensor`, "nn.Pass.Log")
		steps.End(p)
	}
}

func TestAnotherNetworkIsAConstant(t *testing.T) {
	a, b := mlp(t), build(t, &Sequential{&BatchNorm{}, &Linear{Out: 3}, &Dropout{Rate: .5}}, Input(3))
	p := steps.NewPass(a)
	steps.Begin(p, 1, 0, 0, nil, nil)
	h := b.Forward(p, normal(1, 8, 3))
	if h.Tracked() || !a.Forward(p, h).Tracked() {
		t.Error("tracking")
	}
	steps.ResetStates(b)
	steps.GatherStates(p)
	steps.CommitStates(b)
	if b.states[0].Value().Abs().Sum().Item() != 0 {
		t.Error("its statistics moved")
	}
	steps.End(p)
}

func TestTwoPassesDoNotMix(t *testing.T) {
	n := mlp(t)
	do(t, n, func(p *Pass) {
		y := n.Forward(p, p.Track(normal(1, 4, 3)))
		err := n.Do(func(q *Pass) error { n.Forward(q, y); return nil })
		wantErr(t, err, "two passes")
	})
}

func TestManyPassesAtOnce(t *testing.T) {
	n := build(t, &Sequential{&Linear{Out: 16, Act: ReLU}, &BatchNorm{}, &Dropout{Rate: .5}, &Linear{Out: 2}}, Input(3))
	x := normal(1, 4, 3)
	want, drop := must(n.Predict(x)), must(n.Predict(x, Noise(2)))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				same(t, "inference", must(n.Predict(x)), want, 0)
				same(t, "noise", must(n.Predict(x, Noise(2))), drop, 0)
				if err := n.Do(func(p *Pass) error {
					tensor.Grad(n.Forward(p, x).Sum(), p.Params()...)
					return nil
				}, TrackParams(), Training); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestAPassThatEnded(t *testing.T) {
	n := mlp(t)
	var leaked *Pass
	do(t, n, func(p *Pass) { leaked = p })
	wantErr(t, tensor.Try(func() { leaked.Apply(tensor.Zeros(1, 3), lin()) }), "the pass ended")
}
