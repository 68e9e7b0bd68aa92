package nn

import (
	"math"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// smallGPT is a language model of blocks.
type smallGPT struct {
	Words  Embedding
	Places Positions
	Blocks []*EncoderBlock
	Norm   LayerNorm
}

func newSmallGPT(learned bool) *smallGPT {
	m := &smallGPT{Words: Embedding{Count: 11, Dim: 8}, Places: Positions{Learned: learned}}
	for i := range 2 {
		m.Blocks = append(m.Blocks, &EncoderBlock{Heads: 2, Causal: true, NormFirst: i == 0, Rotary: !learned, RMS: i == 1, Act: GELUTanh})
	}
	return m
}

func (m *smallGPT) Forward(p *Pass, ids T) T {
	y, _ := m.run(p, ids, nil)
	return y
}

func (m *smallGPT) run(p *Pass, ids T, past []Cache) (T, []Cache) {
	if past == nil {
		past = make([]Cache, len(m.Blocks))
	}
	x := m.Places.At(p, p.Apply(ids, &m.Words), past[0].Len())
	next := make([]Cache, len(m.Blocks))
	for i, b := range m.Blocks {
		x, next[i] = b.Run(p, x, T{}, past[i])
	}
	return m.Words.Logits(p, p.Apply(x, &m.Norm)), next
}

// TestCacheIsTheFullPass: place by place, in stretches, in one pass or in
// several, a language model gives what it gives of the whole text.
func TestCacheIsTheFullPass(t *testing.T) {
	for _, learned := range []bool{false, true} {
		m := newSmallGPT(learned)
		n := build(t, m, Input(7), Seed(3))
		ids := tensor.Ints(1, 5, 2, 10, 0, 5, 5, 3, 3, 4, 9, 8, 7, 1).Reshape(2, 7)
		whole := must(n.Predict(ids))
		for _, cuts := range [][]int{{0, 1, 2, 3, 4, 5, 6, 7}, {0, 3, 4, 7}} {
			var past []Cache
			for i := 1; i < len(cuts); i++ {
				do(t, n, func(p *Pass) {
					y, next := m.run(p, ids.Slice(1, cuts[i-1], cuts[i]), past)
					same(t, "logits", y, whole.Slice(1, cuts[i-1], cuts[i]), 1e-5)
					for k := range next {
						next[k] = next[k].Keep()
					}
					past = next
				})
			}
			if past[1].Len() != 7 {
				t.Error("the cache remembers", past[1].Len())
			}
		}
		do(t, n, func(p *Pass) { // within one pass, with gradients
			var past []Cache
			var ys []T
			for i := range 7 {
				var y T
				y, past = m.run(p, ids.Slice(1, i, i+1), past)
				ys = append(ys, y)
			}
			weigh := normal(4, 2, 7, 11)
			steps := tensor.Grad(tensor.Concat(1, ys...).Mul(weigh).Sum(), p.Params()...)
			for i, g := range tensor.Grad(m.Forward(p, ids).Mul(weigh).Sum(), p.Params()...) {
				same(t, "gradient of "+n.names[i], steps[i], g, 1e-4)
			}
		}, TrackParams())
	}
}

func TestDecoderCacheIsTheFullPass(t *testing.T) {
	l := &DecoderBlock{Heads: 2, Rotary: true}
	x, memory, mask := normal(1, 2, 5, 8), normal(2, 2, 4, 6), keysWithin(tensor.Ints(2, 4), 4)
	n := build(t, l, Trace(func(p *Pass) { l.Run(p, x, memory, T{}, Cache{}) }))
	do(t, n, func(p *Pass) {
		whole, end := l.Run(p, x, memory, mask, Cache{})
		var c Cache
		for i := range 5 {
			var y T
			y, c = l.Run(p, x.Slice(1, i, i+1), memory, mask, c)
			same(t, "y", y, whole.Slice(1, i, i+1), 1e-5)
		}
		same(t, "keys", c.K, end.K, 1e-5)
		same(t, "values of memory", c.CrossV, end.CrossV, 1e-5)
		if k := c.Keep(); k.CrossK.Dim(2) != 4 || k.Len() != 5 {
			t.Error("kept", k.CrossK, k.Len())
		}
	})
	err := n.Do(func(p *Pass) error {
		_, c := l.Run(p, x, memory, mask, Cache{})
		l.Run(p, x.Slice(0, 0, 1), memory.Slice(0, 0, 1), T{}, c)
		return nil
	})
	wantErr(t, err, "batch of another size", "self_attn")
}

func TestTransformerGradients(t *testing.T) {
	drop := []PassOption{Noise(4)}
	for name, l := range map[string]Layer{
		"post": &EncoderBlock{Heads: 2, Hidden: 3, Dropout: .2, Act: Tanh},
		"pre":  &EncoderBlock{Hidden: 3, NormFirst: true, RMS: true, Rotary: true, Causal: true, Act: SiLU},
	} {
		t.Run(name, func(t *testing.T) { checkLayer(t, l, wide(1, 1, 3, 4), drop...) })
	}
	checkLayer(t, &Positions{Learned: true}, wide(1, 1, 3, 2))
}

// TestRotaryIsRelative: shifting all places leaves the weights as they are.
func TestRotaryIsRelative(t *testing.T) {
	q, k := wide(1, 1, 1, 4, 6), wide(2, 1, 1, 4, 6)
	score := func(from int) T { return similarity(rotated(q, from), rotated(k, from)) }
	same(t, "scores", score(7), score(0), 1e-12)
	same(t, "length", rotated(q, 90).Square().Sum(-1), q.Square().Sum(-1), 1e-12)
}

func TestAttend(t *testing.T) {
	q, k, v := wide(1, 2, 3, 4), wide(2, 2, 5, 4), wide(3, 2, 5, 6)
	mask := tensor.Of([]bool{true, true, false, true, false}, 1, 1, 5)
	y, w := Attend(q, k, v, mask)
	for n := range 2 {
		for i := range 3 {
			var e [5]float64
			total := 0.
			for j := range e {
				if mask.At(0, 0, j) == 0 {
					continue
				}
				dot := 0.
				for c := range 4 {
					dot += q.At(n, i, c) * k.At(n, j, c)
				}
				e[j] = math.Exp(dot / 2)
				total += e[j]
			}
			for c := range 6 {
				want := 0.
				for j := range e {
					want += e[j] / total * v.At(n, j, c)
				}
				if got := y.At(n, i, c); math.Abs(got-want) > 1e-12 {
					t.Fatalf("y[%d %d %d] is %g, want %g", n, i, c, got, want)
				}
			}
			if w.At(n, i, 2) != 0 {
				t.Error("looks where it may not")
			}
		}
	}
	y, _ = Attend(q, k, v, tensor.Zeros(1, 1, 5).To(tensor.Bool))
	same(t, "nowhere to look", y, y.Full(0, 2, 3, 6), 0)
	if err := tensor.Try(func() { Attend(q.Index(0, 0), k.Index(0, 0).Index(0, 0), v, T{}) }); err == nil {
		t.Error("a key of one axis is taken")
	}
}

func TestPositionsComplain(t *testing.T) {
	l := &Positions{Learned: true, Max: 4}
	n := build(t, l, Input(3, 2))
	_, err := n.Predict(tensor.Zeros(1, 5, 2))
	wantErr(t, err, "places 0 to 5, and 4 are learned")
	_, err = Build(&Positions{}, Input(3, 3))
	wantErr(t, err, "waves come in pairs")
	_, err = Build(&Attention{Dim: 6, Heads: 2, Rotary: true}, Input(3, 6))
	wantErr(t, err, "a head has 3 values")
	_, err = Build(&EncoderBlock{Heads: 3}, Input(3, 8))
	wantErr(t, err, "3 heads do not divide Dim 8", "self_attn")
	short := tableOf(tensor.Zeros(1), sinKind, 34, 0, 3)
	long := tableOf(tensor.Zeros(1), sinKind, 34, 0, 500)
	same(t, "a table that grew", long.Slice(0, 0, 3), short.Slice(0, 0, 3), 0)
}

func TestTiedOutput(t *testing.T) {
	l := &Embedding{Count: 5, Dim: 3}
	n := build(t, l, Input(2))
	h := normal(1, 2, 4, 3)
	do(t, n, func(p *Pass) {
		same(t, "logits", l.Logits(p, h), h.Reshape(8, 3).MatMul(l.Weight.Value().T()).Reshape(2, 4, 5), 1e-6)
		g := tensor.Grad(l.Logits(p, p.Apply(tensor.Ints(1, 1).Reshape(2, 1), l)).Sum(), p.Params()...)[0]
		if g.Abs().Sum(1).Min().Item() == 0 {
			t.Error("a row does not learn")
		}
	}, TrackParams())
}

// TestTransformerNamesArePyTorchs: those of its TransformerEncoder.
func TestTransformerNamesArePyTorchs(t *testing.T) {
	m := &struct {
		Layers []*EncoderBlock
		Norm   LayerNorm
	}{Layers: []*EncoderBlock{{}, {RMS: true}}}
	n := build(t, m, Trace(func(p *Pass) { p.Apply(tensor.Zeros(2, 3, 4), m.Layers[0], m.Layers[1], &m.Norm) }))
	const one = "self_attn.in_proj_weight self_attn.in_proj_bias self_attn.out_proj.weight self_attn.out_proj.bias " +
		"linear1.weight linear1.bias linear2.weight linear2.bias norm1.weight norm1.bias norm2.weight norm2.bias"
	want := ""
	for _, name := range strings.Fields(one) {
		want += "layers.0." + name + " "
	}
	for _, name := range strings.Fields(one) {
		if !strings.HasPrefix(name, "norm") || strings.HasSuffix(name, "weight") { // no bias with RMS
			want += "layers.1." + name + " "
		}
	}
	if got := names(n); got != want+"norm.weight norm.bias" {
		t.Errorf("got  %s\nwant %snorm.weight norm.bias", got, want)
	}
}
