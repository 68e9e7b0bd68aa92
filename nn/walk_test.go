package nn

import (
	"strings"
	"testing"
)

func TestSnake(t *testing.T) {
	for in, want := range map[string]string{
		"Conv1": "conv1", "BN1": "bn1", "FC": "fc", "EmbedIn": "embed_in", "RunningMean": "running_mean",
		"HTTPServer": "http_server", "L": "l", "UNet": "u_net", "conv1": "conv1", "Layer1Norm": "layer1_norm",
		"Already_Snake": "already_snake", "Größe": "größe",
	} {
		if got := snake(in); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

type part struct {
	Conv1, Conv2 Linear
	BN1          BatchNorm
	hidden       Linear
	Left         Linear `nn:"-"`
	Named        Linear `nn:"other"`
	Down         *Linear
	None         *Linear
	Any          Layer
	parent       *whole
}

func (m *part) Forward(p *Pass, x T) T {
	return p.Apply(x, &m.Conv1, &m.Conv2, &m.BN1, &m.hidden, &m.Named, m.Down, m.Any)
}

type whole struct {
	Parts []part
	Table map[string]*Linear
	Order map[int]*Linear
	Pair  [2]Linear
	Seq   Sequential
	Scale Param
	note  string
	seen  T
}

func (m *whole) Forward(p *Pass, x T) T {
	for i := range m.Parts {
		x = p.Apply(x, &m.Parts[i])
	}
	x = p.Apply(x, m.Table["b"], m.Table["a"], m.Order[10], m.Order[9], &m.Pair[1], &m.Pair[0], &m.Seq)
	return x.Mul(p.Param(&m.Scale, Ones, 3))
}

func lin() *Linear { return &Linear{Out: 3, NoBias: true} }

func newWhole() *whole {
	m := &whole{Parts: make([]part, 1), Table: map[string]*Linear{"b": lin(), "a": lin()},
		Order: map[int]*Linear{10: lin(), 9: lin()}, Pair: [2]Linear{*lin(), *lin()},
		Seq: Sequential{lin(), ReLU, &Sequential{lin()}}}
	for i := range m.Parts {
		b := &m.Parts[i]
		b.Conv1, b.Conv2, b.hidden, b.Named, b.Down, b.Any = *lin(), *lin(), *lin(), *lin(), lin(), lin()
		b.parent = m
	}
	return m
}

func TestNamesAreThoseOfTheFields(t *testing.T) {
	n := build(t, newWhole(), Input(3))
	want := []string{
		"parts.0.conv1.weight", "parts.0.conv2.weight", "parts.0.bn1.weight", "parts.0.bn1.bias",
		"parts.0.hidden.weight", "parts.0.other.weight", "parts.0.down.weight", "parts.0.any.weight",
		"table.a.weight", "table.b.weight", "order.9.weight", "order.10.weight", "pair.0.weight", "pair.1.weight",
		"seq.0.weight", "seq.2.0.weight", "scale", "parts.0.bn1.running_mean", "parts.0.bn1.running_var",
	}
	if got := names(n); got != strings.Join(want, " ") {
		t.Errorf("got  %s\nwant %s", got, strings.Join(want, " "))
	}
	for i, w := range n.Params() {
		if w.Path() != n.names[i] || w.index != i {
			t.Errorf("%d is %s %d, want %s", i, w.Path(), w.index, n.names[i])
		}
	}
}

func TestPlacesKnowWhatIsBelow(t *testing.T) {
	n := build(t, newWhole(), Input(3))
	for path, want := range map[string][2]int{"parts.0": {0, 8}, "parts.0.bn1": {2, 4}, "seq": {14, 16}, ".": {0, 17}} {
		for _, pl := range n.places {
			if pl.path == path && pl.params != want {
				t.Errorf("%s holds %v, want %v", path, pl.params, want)
			}
		}
	}
}

func TestALayerAloneIsAModel(t *testing.T) {
	n := build(t, &Linear{Out: 2}, Input(3))
	if names(n) != "weight bias" {
		t.Error(names(n))
	}
	if y := must(n.Predict(normal(1, 4, 3))); y.Dim(1) != 2 {
		t.Error(y)
	}
}

func TestLayersWithoutParametersMayRepeat(t *testing.T) {
	d := &Dropout{Rate: .5}
	f := Func(func(_ *Pass, x T) T { return x.Neg() })
	n := build(t, &Sequential{d, ReLU, f, d, ReLU, f, &Linear{Out: 2}}, Input(3))
	paths, types := steps.Layers(n)
	if got := strings.Join(paths, " "); got != ". 0 1 2 3 4 5 6" {
		t.Errorf("paths %s", got)
	}
	if types[1] != "nn.Dropout" || types[2] != "nn.Act" || types[3] != "nn.Func" {
		t.Error(types)
	}
}

func TestShare(t *testing.T) {
	one := &Linear{Out: 3}
	for _, m := range []*Sequential{{one, Share(one)}, {Share(one), one}, {one, Share(one), Share(one)}} {
		n := build(t, m, Input(3))
		if names(n) != "0.weight 0.bias" {
			t.Error(names(n))
		}
	}
	_, err := Build(&Sequential{one, Share(one), one}, Input(3))
	wantErr(t, err, "the same nn.Linear is at 0 and at 2", "nn.Share")
}

type loop struct {
	Inner Linear
	Next  *loop
}

func (m *loop) Forward(p *Pass, x T) T { return p.Apply(x, &m.Inner) }

func TestACycleEnds(t *testing.T) {
	m := &loop{Inner: *lin()}
	m.Next = m
	if n := build(t, m, Input(3)); names(n) != "inner.weight" {
		t.Error(names(n))
	}
}
