package nn

import (
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// step runs one training step without an update: parts of x, statistics
// committed.
func step(n *Net, frozen []bool, xs ...T) {
	p := steps.NewPass(n)
	steps.ResetStates(n)
	for i, x := range xs {
		steps.Begin(p, 1, 0, i, frozen, nil)
		n.Forward(p, x)
		steps.GatherStates(p)
		steps.End(p)
	}
	steps.CommitStates(n)
}

func unbiased(x T) T { return x.Var(0).Scale(float64(x.Dim(0)) / float64(x.Dim(0)-1)) }

func TestBatchNormFollowsTheBatch(t *testing.T) {
	for _, o := range [][]Option{nil, {Float64}} {
		l := &BatchNorm{}
		n := build(t, l, append(o, Input(3))...)
		x := normal(1, 8, 3).Scale(2).Shift(1)
		if n.wide {
			x = x.To(tensor.Float64)
		}
		step(n, nil, x)
		same(t, "mean", l.RunningMean.Value(), x.Mean(0).Scale(.1), 1e-6)
		same(t, "variance", l.RunningVar.Value(), unbiased(x).Scale(.1).Shift(.9), 1e-6)
		y := must(n.Predict(x))
		want := x.Sub(l.RunningMean.Value()).Div(l.RunningVar.Value().Shift(1e-5).Sqrt())
		same(t, "inference", y, want, 1e-5)
		y = must(n.Predict(x, Training))
		same(t, "training", y, x.Sub(x.Mean(0)).Div(x.Var(0).Shift(1e-5).Sqrt()), 1e-5)
		same(t, "Predict writes nothing", l.RunningMean.Value(), x.Mean(0).Scale(.1), 1e-6)
	}
}

func TestStatisticsAreTheMeanOfParts(t *testing.T) {
	l := &BatchNorm{Momentum: .5}
	n := build(t, l, Input(3))
	a, b := normal(1, 8, 3), normal(2, 8, 3)
	step(n, nil, a, b)
	same(t, "mean", l.RunningMean.Value(), a.Mean(0).Add(b.Mean(0)).Scale(.25), 1e-6)
}

func TestTheSecondRunSeesTheFirst(t *testing.T) {
	l := &BatchNorm{}
	n := build(t, l, Input(3))
	x := normal(1, 8, 3)
	p := steps.NewPass(n)
	steps.Begin(p, 1, 0, 0, nil, nil)
	n.Forward(p, x)
	n.Forward(p, x)
	steps.GatherStates(p)
	steps.End(p)
	same(t, "before the commit", l.RunningMean.Value(), tensor.Zeros(3), 0)
	steps.CommitStates(n)
	same(t, "mean", l.RunningMean.Value(), x.Mean(0).Scale(.19), 1e-6)
	steps.Begin(p, 1, 1, 0, nil, nil)
	steps.End(p) // a step that failed at once
	steps.ResetStates(n)
	steps.GatherStates(p)
	steps.CommitStates(n)
	same(t, "after a failed step", l.RunningMean.Value(), x.Mean(0).Scale(.19), 1e-6)
}

func TestFrozenLayersRunAsInInference(t *testing.T) {
	l := &BatchNorm{}
	n := build(t, &Sequential{&Linear{Out: 3}, l, &Linear{Out: 2}}, Input(3))
	x := normal(1, 8, 3)
	frozen := make([]bool, len(steps.Names(n)))
	for i, name := range steps.Names(n) {
		frozen[i] = name[0] == '1'
	}
	step(n, frozen, x)
	same(t, "mean", l.RunningMean.Value(), tensor.Zeros(3), 0)
	p := steps.NewPass(n)
	steps.Begin(p, 1, 0, 0, frozen, nil)
	same(t, "result", n.Forward(p, x), must(n.Predict(x)), 1e-6)
	if k := steps.Trained(p); len(k) != 4 || k[2] != 4 || len(steps.Leaves(p)) != 4 {
		t.Error("trained", k)
	}
	steps.End(p)
	frozen[2] = false // its weight learns: it uses the batch, and may write what is not frozen
	frozen[6], frozen[7] = false, false
	step(n, frozen, x)
	if l.RunningMean.Value().Abs().Sum().Item() == 0 {
		t.Error("thawed, the mean stands still")
	}
}

func TestOneValuePerChannelMovesNothing(t *testing.T) {
	l := &BatchNorm{}
	n := build(t, l, Input(3))
	step(n, nil, normal(1, 1, 3))
	same(t, "mean", l.RunningMean.Value(), tensor.Zeros(3), 0)
}

// counted is a layer with a statistic of its own.
type counted struct{ Seen State }

func (l *counted) Forward(p *Pass, x T) T {
	s := p.State(&l.Seen, Zeros, 1)
	if p.Training() {
		p.SetState(&l.Seen, s.Shift(float64(x.Dim(0))))
	}
	return x.Add(p.State(&l.Seen, Zeros, 1))
}

func TestStatesOfOnesOwn(t *testing.T) {
	l := &counted{}
	n := build(t, &Sequential{l}, Input(1))
	if names(n) != "0.seen" {
		t.Fatal(names(n))
	}
	if y := must(n.Predict(tensor.Zeros(4, 1), Training)); y.At(0, 0) != 4 {
		t.Error("a new value is seen at once; got", y)
	}
	if l.Seen.Value().Item() != 0 {
		t.Error("Predict stored it")
	}
	step(n, nil, tensor.Zeros(4, 1))
	step(n, nil, tensor.Zeros(4, 1), tensor.Zeros(2, 1))
	if got := l.Seen.Value().Item(); got != 7 {
		t.Error("got", got, "want 4 + (4+2)/2")
	}
	wantErr(t, n.Do(func(p *Pass) error { p.SetState(&l.Seen, tensor.Zeros(2)); return nil }), "[1] · [2]")
	c := *l
	wantErr(t, n.Do(func(p *Pass) error { c.Forward(p, tensor.Zeros(1, 1)); return nil }), "copied after Build")
}

func TestGroupNormOfAllChannels(t *testing.T) {
	x := normal(1, 2, 3, 4, 6)
	n := build(t, &LayerNorm{Groups: 1}, Input(3, 4, 6))
	rows := x.Reshape(2, -1)
	want := rows.Sub(rows.Mean(1).Unsqueeze(1)).Div(rows.Var(1).Shift(1e-5).Sqrt().Unsqueeze(1))
	same(t, "groups 1", must(n.Predict(x)), want.Reshape(2, 3, 4, 6), 1e-5)
	n = build(t, &LayerNorm{Groups: 6, NoAffine: true}, Input(3, 4, 6))
	cols := x.Reshape(2, 12, 6)
	want = cols.Sub(cols.Mean(1).Unsqueeze(1)).Div(cols.Var(1).Shift(1e-5).Sqrt().Unsqueeze(1))
	same(t, "instance norm", must(n.Predict(x)), want.Reshape(2, 3, 4, 6), 1e-5)
}
