package nn

import (
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// runner is LSTM or GRU.
type runner interface {
	Layer
	Run(p *Pass, x T, m Memory) (T, Memory)
}

func TestRecurrentNamesArePyTorchs(t *testing.T) {
	n := build(t, &LSTM{Hidden: 4, Layers: 2, Bidirectional: true}, Input(5, 3))
	want := "weight_ih_l0 weight_hh_l0 bias_ih_l0 bias_hh_l0 weight_ih_l0_reverse weight_hh_l0_reverse bias_ih_l0_reverse bias_hh_l0_reverse " +
		"weight_ih_l1 weight_hh_l1 bias_ih_l1 bias_hh_l1 weight_ih_l1_reverse weight_hh_l1_reverse bias_ih_l1_reverse bias_hh_l1_reverse"
	if names(n) != want {
		t.Error(names(n))
	}
	if s := n.params[8].shape; s[0] != 16 || s[1] != 8 {
		t.Error("weight_ih_l1 is", s)
	}
	n = build(t, &Sequential{&GRU{Hidden: 4, NoBias: true}}, Input(5, 3))
	if names(n) != "0.weight_ih_l0 0.weight_hh_l0" || n.params[0].shape[0] != 12 {
		t.Error(names(n))
	}
}

func TestMemoryJoinsStretches(t *testing.T) {
	for name, l := range map[string]runner{
		"LSTM": &LSTM{Hidden: 3, Layers: 2}, "GRU": &GRU{Hidden: 3},
	} {
		n := build(t, l, Input(6, 2))
		x := normal(1, 2, 6, 2)
		whole := must(n.Predict(x))
		var m Memory
		for i, cut := range [][2]int{{0, 2}, {2, 6}} {
			do(t, n, func(p *Pass) {
				y, next := l.Run(p, x.Slice(1, cut[0], cut[1]), m)
				same(t, name, y, whole.Slice(1, cut[0], cut[1]), 1e-6)
				m = next.Keep()
				if i == 1 {
					same(t, name+" H", m.H.Index(0, m.H.Dim(0)-1), whole.Index(1, 5), 1e-6)
				}
			})
		}
	}
}

func TestMemoryOfAPassThatEnded(t *testing.T) {
	l := &LSTM{Hidden: 3}
	n := build(t, l, Input(5, 2))
	x := normal(1, 2, 5, 2)
	var leaked Memory
	do(t, n, func(p *Pass) { _, leaked = l.Run(p, x, Memory{}) })
	err := n.Do(func(p *Pass) error { l.Run(p, x, leaked); return nil })
	wantErr(t, err, "Keep it")
	err = n.Do(func(p *Pass) error {
		l.Run(p, x, Memory{H: tensor.Zeros(1, 7, 3), C: tensor.Zeros(1, 7, 3)})
		return nil
	})
	wantErr(t, err, "the memory is not [1 2 3]", "nn.LSTM")
}

func TestBothWays(t *testing.T) {
	l := &GRU{Hidden: 2, Bidirectional: true}
	n := build(t, l, Input(4, 3))
	for i := range 4 { // the same weights in both directions
		n.params[4+i].Set(n.params[i].value)
	}
	x := normal(1, 2, 4, 3)
	y, back := must(n.Predict(x)), must(n.Predict(x.Flip(1)))
	same(t, "reverse", y.Slice(2, 2, 4), back.Flip(1).Slice(2, 0, 2), 1e-6)
}

func TestUnbuiltRecurrentLayer(t *testing.T) {
	n := build(t, lin(), Input(3))
	err := n.Do(func(p *Pass) error { (&LSTM{Hidden: 2}).Forward(p, normal(1, 2, 3, 2)); return nil })
	wantErr(t, err, "cannot be reached")
}

func TestLongSequencesTakeLittleMemory(t *testing.T) {
	var bytes [2]int
	for i, steps := range []int{20, 40} {
		n := build(t, &LSTM{Hidden: 32}, Input(steps, 4))
		do(t, n, func(p *Pass) {
			n.Forward(p, normal(1, 8, steps, 4))
			bytes[i] = engine.Bytes(p.scope)
		})
	}
	if per := (bytes[1] - bytes[0]) / 20; per > 8*32*4*12 {
		t.Errorf("%d bytes a time step", per)
	}
}

func TestAttentionMasks(t *testing.T) {
	l := &Attention{Dim: 4, Heads: 2}
	n := build(t, l, Input(3, 4))
	if names(n) != "in_proj_weight in_proj_bias out_proj.weight out_proj.bias" {
		t.Error(names(n))
	}
	x := normal(1, 2, 3, 4)
	mask := tensor.Of([]bool{true, true, false, false, true, true, false, false, false}, 1, 1, 3, 3)
	do(t, n, func(p *Pass) {
		y, w := l.Attend(p, x, x, mask)
		for head := range 2 {
			if w.At(0, head, 0, 2) != 0 || w.At(1, head, 2, 1) != 0 {
				t.Error("looks where the mask forbids")
			}
			if s := w.Index(0, 0).Index(0, head).Index(0, 1).Sum().Item(); s < .999999 || s > 1.000001 {
				t.Error("weights sum to", s)
			}
		}
		same(t, "nowhere to look", y.Index(1, 2), tensor.Zeros(2, 4).Add(l.Out.Bias.Value()), 1e-6)
		wantErr(t, tensor.Try(func() { l.Attend(p, x, x, tensor.Zeros(1, 1, 3, 3)) }), "the mask is not bool")
		wantErr(t, tensor.Try(func() { l.Attend(p, x, normal(1, 3, 3, 4), T{}) }), "[2 3 4] · [3 3 4]")
	})
}

func TestCausalAttention(t *testing.T) {
	l := &Attention{Dim: 4, Causal: true}
	n := build(t, l, Input(5, 4))
	x := normal(1, 1, 5, 4)
	y := must(n.Predict(x))
	changed := tensor.Concat(1, x.Slice(1, 0, 3), normal(9, 1, 2, 4))
	same(t, "the past", must(n.Predict(changed)).Slice(1, 0, 3), y.Slice(1, 0, 3), 1e-6)
	do(t, n, func(p *Pass) {
		_, w := l.Attend(p, x, x, tensor.Full(1, 1, 1, 5, 5).Eq(tensor.Full(1, 1, 1, 5, 5)))
		if w.At(0, 0, 0, 1) != 0 || w.At(0, 0, 4, 0) == 0 {
			t.Error(w)
		}
	})
}

func TestAttentionOverAnotherSequence(t *testing.T) {
	l := &Attention{Dim: 4, Heads: 2, NoBias: true, Dropout: .5}
	n := build(t, l, Trace(func(p *Pass) { l.Attend(p, tensor.Zeros(2, 3, 4), tensor.Zeros(2, 5, 6), T{}) }))
	if got := names(n); !strings.HasPrefix(got, "q_proj_weight k_proj_weight v_proj_weight out_proj.weight") {
		t.Error(got)
	}
	do(t, n, func(p *Pass) {
		y, w := l.Attend(p, normal(1, 2, 3, 4), normal(2, 2, 5, 6), T{})
		if y.Dim(1) != 3 || w.Dim(3) != 5 {
			t.Error(y, w)
		}
	})
}
