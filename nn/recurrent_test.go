package nn

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// runner is LSTM or GRU.
type runner interface {
	Layer
	Run(p *Pass, x T, m Memory, lengths ...T) (T, Memory)
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

// recurrentKinds are all ways that a recurrent layer may run.
func recurrentKinds() map[string]runner {
	return map[string]runner{
		"RNN": &RNN{Hidden: 3}, "RNN, deep": &RNN{Hidden: 3, Layers: 2, Bidirectional: true, ReLU: true}, "RNN, normed": &RNN{Hidden: 3, Norm: true},
		"GRU": &GRU{Hidden: 3, NoBias: true}, "GRU, deep": &GRU{Hidden: 3, Layers: 2, Bidirectional: true}, "GRU, normed": &GRU{Hidden: 3, Norm: true, Bidirectional: true},
		"LSTM": &LSTM{Hidden: 3}, "LSTM, deep": &LSTM{Hidden: 3, Layers: 2, Bidirectional: true}, "LSTM, projected": &LSTM{Hidden: 3, Proj: 2, Bidirectional: true},
		"LSTM, normed": &LSTM{Hidden: 3, Norm: true, Layers: 2, NoBias: true},
	}
}

// TestLengthsAreSequencesAlone: a batch of different lengths is each sequence
// run by itself, in value, memory and gradient, whatever stands past its end.
func TestLengthsAreSequencesAlone(t *testing.T) {
	lens := []int{3, 5, 0, 1}
	for name, l := range recurrentKinds() {
		n := build(t, l, Input(5, 2), Float64, Seed(2))
		x := wide(1, 4, 5, 2)
		total := func(y T, m Memory) T { return shown(y.Square(), m).Sum() }
		do(t, n, func(p *Pass) {
			x := p.Track(x)
			y, m := l.Run(p, x, Memory{}, tensor.Ints(lens...))
			all := tensor.Grad(total(y, m), append([]T{x}, p.Params()...)...)
			alone := x.Full(0)
			for i, steps := range lens {
				yi, mi := l.Run(p, x.Slice(0, i, i+1).Slice(1, 0, steps), Memory{})
				same(t, name+" y", y.Slice(0, i, i+1).Slice(1, 0, steps), yi, 1e-12)
				same(t, name+" past the end", y.Slice(0, i, i+1).Slice(1, steps, 5), y.Full(0, 1, 5-steps, y.Dim(2)), 0)
				same(t, name+" H", m.H.Slice(1, i, i+1), mi.H, 1e-12)
				if m.C.Valid() {
					same(t, name+" C", m.C.Slice(1, i, i+1), mi.C, 1e-12)
				}
				alone = alone.Add(total(yi, mi))
			}
			for i, g := range tensor.Grad(alone, append([]T{x}, p.Params()...)...) {
				same(t, fmt.Sprint(name, " gradient ", i), all[i], g, 1e-11)
			}
		}, TrackParams())
	}
}

// TestStepsAreTheSequence: one step at a time in a Go loop is the whole call.
func TestStepsAreTheSequence(t *testing.T) {
	for name, l := range recurrentKinds() {
		if strings.Contains(name, "deep") || strings.Contains(name, "projected") || name == "GRU, normed" {
			continue // both ways
		}
		n := build(t, l, Input(5, 2), Seed(2))
		x := normal(1, 3, 5, 2)
		do(t, n, func(p *Pass) {
			whole, end := l.Run(p, x, Memory{})
			var m Memory
			for step := range 5 {
				var y T
				y, m = l.Run(p, x.Index(1, step), m)
				same(t, name, y, whole.Index(1, step), 1e-6)
			}
			same(t, name+" H", m.H, end.H, 1e-6)
		})
	}
}

// TestTruncatedBackpropagation: a window that covers the sequence is the full
// gradient; a shorter one stops where the memory was kept.
func TestTruncatedBackpropagation(t *testing.T) {
	for name, l := range recurrentKinds() {
		if strings.Contains(name, "deep") || strings.Contains(name, "projected") || name == "GRU, normed" {
			continue
		}
		n := build(t, l, Input(6, 2), Float64, Seed(2))
		x := wide(1, 2, 6, 2)
		gradient := func(window int, keep bool) (sum []T) {
			var m Memory
			do(t, n, func(p *Pass) {
				total := tensor.Full(0).To(tensor.Float64)
				for at := 0; at < 6; at += window {
					var y T
					y, m = l.Run(p, x.Slice(1, at, at+window), m)
					if keep {
						m = m.Keep()
					}
					total = total.Add(y.Square().Sum())
				}
				sum = kept(tensor.Grad(total, p.Params()...))
			}, TrackParams())
			return sum
		}
		full := gradient(6, true)
		for i, g := range gradient(2, false) {
			same(t, name+": in stretches", g, full[i], 1e-12)
		}
		cut := gradient(2, true)
		if cut[1].Sub(full[1]).Abs().Max().Item() < 1e-6 {
			t.Errorf("%s: the gradient does not stop at Keep", name)
		}
	}
}

// TestLongLSTM: gradients through 500 steps are those of differences.
func TestLongLSTM(t *testing.T) {
	const steps, h = 500, 1e-4
	l := &LSTM{Hidden: 4}
	n := build(t, l, Input(steps, 2), Float64, Seed(2))
	x := wide(1, 1, steps, 2)
	at := func(w Weights) (loss float64, grads []T) {
		do(t, n, func(p *Pass) {
			y := n.Forward(p, x).Index(1, -1).Sum()
			loss, grads = y.Item(), kept(tensor.Grad(y, p.Params()...))
		}, With(w), TrackParams())
		return loss, grads
	}
	base := n.Weights()
	_, grads := at(base)
	for i, w := range n.params {
		v := wide(uint64(i+5), w.shape...)
		move := func(h float64) float64 {
			moved := n.Weights()
			moved[w.path] = base[w.path].Add(v.Scale(h))
			loss, _ := at(moved)
			return loss
		}
		want := (8*(move(h)-move(-h)) - (move(2*h) - move(-2*h))) / (12 * h)
		if got := tensor.Dot([]T{grads[i]}, []T{v}).Item(); math.Abs(got-want) > 1e-8*(1+math.Abs(want)) {
			t.Errorf("%s: %.12g, differences %.12g", w.path, got, want)
		}
	}
}

func TestRecurrentOptions(t *testing.T) {
	l := &LSTM{Hidden: 3, ForgetBias: 2, Proj: 2}
	n := build(t, l, Input(5, 2), Seed(2))
	plain := build(t, &LSTM{Hidden: 3, Proj: 2}, Input(5, 2), Seed(2))
	want := plain.Weights()["bias_ih_l0"].Add(tensor.Of([]float32{0, 0, 0, 2, 2, 2, 0, 0, 0, 0, 0, 0}))
	same(t, "forget bias", n.Weights()["bias_ih_l0"], want, 1e-6)
	if got := names(n); got != "weight_ih_l0 weight_hh_l0 bias_ih_l0 bias_hh_l0 weight_hr_l0" {
		t.Error(got)
	}
	if s := n.Weights()["weight_hh_l0"].Shape(); s[1] != 2 {
		t.Error("weight_hh_l0 is", s)
	}
	x := normal(1, 2, 5, 2)
	for name, l := range map[string]Layer{"Dropout": &GRU{Hidden: 8, Layers: 2, Dropout: .5}, "WeightDrop": &RNN{Hidden: 8, WeightDrop: .5}} {
		n := build(t, l, Input(5, 2))
		calm, a, b, again := must(n.Predict(x)), must(n.Predict(x, Noise(1))), must(n.Predict(x, Noise(2))), must(n.Predict(x, Noise(1)))
		same(t, name, a, again, 0)
		if a.Sub(b).Abs().Max().Item() < 1e-3 || a.Sub(calm).Abs().Max().Item() < 1e-3 {
			t.Error(name, "does nothing")
		}
	}
	_, err := Build(&GRU{Hidden: 2, WeightDrop: 1}, Input(5, 2))
	wantErr(t, err, "WeightDrop 1", "nn.GRU")
	err = n.Do(func(p *Pass) error { l.Run(p, x, Memory{}, tensor.Ints(5, 6)); return nil })
	wantErr(t, err, "sequence 1 of the batch has length 6, x has 5 steps")
	err = n.Do(func(p *Pass) error { l.Run(p, x, Memory{}, tensor.Ints(5)); return nil })
	wantErr(t, err, "the lengths are not int32 [N]")
}

// recomputedLSTM runs an LSTM in stretches and keeps nothing within them: what
// goes from one to the next is one tensor, the memory of the layer.
func recomputedLSTM(p *Pass, l *LSTM, x T, stretch int) T {
	state := x.Full(0, 2, x.Dim(0), l.Hidden) // h and c
	for at := 0; at < x.Dim(1); at += stretch {
		part := x.Slice(1, at, min(at+stretch, x.Dim(1)))
		state = p.Recompute(state, func(s T) T {
			_, m := l.Run(p, part, Memory{H: s.Slice(0, 0, 1), C: s.Slice(0, 1, 2)})
			return tensor.Concat(0, m.H, m.C)
		})
	}
	return state
}

// TestRecomputedLSTM: the gradient is the same, and memory grows as the square
// root of the steps instead of with them.
func TestRecomputedLSTM(t *testing.T) {
	l := &LSTM{Hidden: 8}
	n := build(t, l, Input(4, 2), Float64)
	peak := func(steps, stretch int, check bool) int {
		bytes := 0
		do(t, n, func(p *Pass) {
			x := wide(1, 2, steps, 2)
			run := func() T {
				if stretch == 0 {
					_, m := l.Run(p, x, Memory{})
					return m.H.Square().Sum()
				}
				return recomputedLSTM(p, l, x, stretch).Index(0, 0).Square().Sum()
			}
			if check {
				_, m := l.Run(p, x, Memory{})
				for i, g := range tensor.Grad(m.H.Square().Sum(), p.Params()...) {
					same(t, fmt.Sprint("gradient ", i), tensor.Grad(run(), p.Params()...)[i], g, 1e-11)
				}
				return
			}
			p.scope.Backward(run(), p.Params()...)
			bytes = engine.Bytes(p.scope)
		}, TrackParams())
		return bytes
	}
	peak(48, 8, true)
	n.idle = nil
	sizes := map[string]int{}
	for name, c := range map[string][2]int{"all of 256": {256, 0}, "all of 1024": {1024, 0}, "16 of 256": {256, 16}, "32 of 1024": {1024, 32}} {
		n.idle = nil // a scope of its own
		sizes[name] = peak(c[0], c[1], false)
	}
	t.Log(sizes)
	if whole := float64(sizes["all of 1024"]) / float64(sizes["all of 256"]); whole < 3 || whole > 5 {
		t.Errorf("of four times the steps, memory is %.2f times as large", whole)
	}
	if root := float64(sizes["32 of 1024"]) / float64(sizes["16 of 256"]); root > 2.9 {
		t.Errorf("recomputed, of four times the steps, memory is %.2f times as large", root)
	}
}
