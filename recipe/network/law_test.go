package network

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/format/yamltree"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// drawn is a layer drawn at random, as a line of a list.
func drawn(t *rapid.T, rank int) string {
	n := func(name string, lo, hi int) int { return rapid.IntRange(lo, hi).Draw(t, name) }
	flag := func(name string) bool { return rapid.Bool().Draw(t, name) }
	act := rapid.SampledFrom(actNames()).Draw(t, "act")
	switch rank {
	case 3:
		return rapid.SampledFrom([]string{
			fmt.Sprintf("conv2d: {out: %d, kernel-hw: [%d, %d], stride: %d, pad: %d, no-bias: %v, act: %s}", n("out", 1, 9), n("kh", 1, 4), n("kw", 1, 4), n("s", 1, 3), n("p", 0, 3), flag("b"), act),
			fmt.Sprintf("conv2d: {out: %d, kernel: %d, pad: same, dilation: %d}", n("out", 1, 9), n("k", 1, 3), n("d", 1, 2)),
			fmt.Sprintf("convtranspose2d: {out: %d, kernel: %d, stride: %d, pad: %d, out-pad: %d, dilation: %d}", n("out", 1, 6), n("k", 1, 4), n("s", 1, 3), n("p", 0, 1), n("o", 0, 1), n("d", 1, 2)),
			fmt.Sprintf("maxpool2d: {size: %d, stride: %d, pad: %d, ceil: %v}", n("k", 1, 3), n("s", 1, 3), n("p", 0, 1), flag("c")),
			fmt.Sprintf("avgpool2d: {size: %d, stride: %d, skip-pad: %v}", n("k", 1, 3), n("s", 1, 3), flag("c")),
			fmt.Sprintf("maxpool2d: {to: [%d, %d]}", n("h", 1, 4), n("w", 1, 4)),
			fmt.Sprintf("avgpool2d: {to: [%d, %d]}", n("h", 1, 4), n("w", 1, 4)),
			fmt.Sprintf("upsample: {factor: %d, bilinear: %v}", n("f", 1, 3), flag("c")),
			fmt.Sprintf("upsample: {to: [%d, %d]}", n("h", 1, 9), n("w", 1, 9)),
			fmt.Sprintf("squeezeexcite: %d", n("h", 1, 9)), "squeezeexcite", "batchnorm", "layernorm", "prelu: {per-channel: true}", act,
			"layernorm: {groups: -1}", "dropout: 0.3", "dropblock: {rate: 0.1, size: 2}", "globalavgpool: {keep-axes: true}", "globalmaxpool: {keep-axes: true}",
			fmt.Sprintf("linear: {out: %d, act: %s}", n("out", 1, 9), act),
		}).Draw(t, "layer")
	case 2:
		return rapid.SampledFrom([]string{
			fmt.Sprintf("conv1d: {out: %d, kernel: %d, stride: %d, pad: %d}", n("out", 1, 9), n("k", 1, 4), n("s", 1, 3), n("p", 0, 3)),
			fmt.Sprintf("conv1d: {out: %d, kernel: %d, causal: true}", n("out", 1, 9), n("k", 1, 4)),
			fmt.Sprintf("maxpool1d: {size: %d, stride: %d}", n("k", 1, 3), n("s", 1, 3)), fmt.Sprintf("avgpool1d: {to: %d}", n("to", 1, 5)),
			fmt.Sprintf("lstm: {hidden: %d, layers: %d, bidirectional: %v, norm: %v, no-bias: %v}", n("h", 1, 6), n("l", 1, 3), flag("b"), flag("n"), flag("x")),
			fmt.Sprintf("lstm: {hidden: %d, proj: %d}", n("h", 3, 6), n("pr", 1, 2)),
			fmt.Sprintf("gru: {hidden: %d, layers: %d, bidirectional: %v, norm: %v}", n("h", 1, 6), n("l", 1, 3), flag("b"), flag("n")),
			fmt.Sprintf("rnn: {hidden: %d, layers: %d, bidirectional: %v, relu: %v}", n("h", 1, 6), n("l", 1, 3), flag("b"), flag("n")),
			fmt.Sprintf("attention: {dim: %d}", n("dim", 1, 9)), fmt.Sprintf("attention: {dim: %d, heads: 2, causal: true}", 2*n("dim", 1, 5)),
			fmt.Sprintf("encoderblock: {hidden: %d, norm-first: %v, rms: %v}", n("h", 1, 50), flag("n"), flag("r")), "encoderblock",
			"positions: {learned: true}", fmt.Sprintf("linear: %d", n("out", 1, 9)), "layernorm", "batchnorm", act,
		}).Draw(t, "layer")
	}
	return rapid.SampledFrom([]string{
		fmt.Sprintf("linear: {out: %d, act: %s, no-bias: %v}", n("out", 1, 20), act, flag("b")), "batchnorm", "layernorm: {rms: true}", "dropout: 0.1", act, "prelu", "gaussiannoise: 0.1",
		fmt.Sprintf("mlp: {widths: [%d, %d], classes: %d, norm: %v}", n("a", 1, 9), n("b2", 1, 9), n("c", 1, 5), flag("n")),
	}).Draw(t, "layer")
}

func parsed(t interface{ Fatalf(string, ...any) }, list []string) []*layer {
	n, err := yamltree.Parse("f", []byte("layers:\n  - "+strings.Join(list, "\n  - ")+"\n"))
	if err != nil {
		t.Fatalf("%v\n%q", err, list)
	}
	p := &parser{classes: 3}
	all, err := p.list(n.Get("layers"), "")
	if err != nil {
		t.Fatalf("%v\n%q", err, list)
	}
	return all
}

// What is reckoned of a layer before it is made is never less than what it
// then takes: the bounds hold.
func TestReckoningIsABound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := rapid.SampledFrom([][]int{{6, 5, 4}, {9, 9, 2}, {1, 7, 3}, {7, 8}, {12, 2}, {10}, {3}}).Draw(t, "shape")
		l := parsed(t, []string{drawn(t, len(shape))})[0]
		made := l.make()
		c := cost{in: product(shape), channels: float64(tail(shape)), shape: shape}
		c.of(made)
		net, err := nn.Build(&nn.Sequential{made}, nn.Input(shape...))
		if err != nil {
			return // it does not fit, and says so
		}
		params := 0
		for _, p := range net.Params() {
			params += p.Value().Len()
		}
		y, err := net.Predict(tensor.Zeros(append([]int{1}, shape...)...))
		if err != nil {
			t.Fatalf("%s on %v: %v", l.name, shape, err)
		}
		if _, ready := l.kind2().(interface{ New() nn.Layer }); ready {
			return // bounded by its sizes
		}
		if float64(params) > c.params || float64(y.Len()) > c.values {
			t.Fatalf("%s %v on %v: %d parameters and %d values, reckoned were %g and %g", l.name, l.values, shape, params, y.Len(), c.params, c.values)
		}
	})
}

// kind2 is the struct that the layer fills; nil for an activation.
func (l *layer) kind2() any {
	if l.kind == nil {
		return nil
	}
	return l.kind.new()
}

// The shapes that are followed layer by layer are those of the whole network,
// and so is the number of parameters; where a layer does not fit, the whole
// does not build.
func TestFollowingIsTheNetwork(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := rapid.SampledFrom([][]int{{8, 8, 2}, {10, 9, 4}, {9, 4}, {6}}).Draw(t, "shape")
		var list []string
		for range rapid.IntRange(1, 5).Draw(t, "n") {
			list = append(list, drawn(t, len(shape)))
		}
		if len(shape) == 3 && rapid.Bool().Draw(t, "flat") {
			list = append(list, "flatten", "linear: classes")
		}
		layers := parsed(t, list)
		b := &budget{}
		end, err := b.follow(layers, shape)
		model := sequence(layers)
		net, whole := nn.Build(&model, nn.Input(shape...))
		if err != nil && strings.Contains(err.Error(), "nothing is left") {
			return // which nn takes
		}
		if (err == nil) != (whole == nil) {
			t.Fatalf("%q on %v: followed %v, built %v", list, shape, err, whole)
		}
		if err != nil {
			return
		}
		y, err := net.Predict(tensor.Zeros(append([]int{1}, shape...)...))
		if err != nil || !slices.Equal(y.Shape()[1:], end) {
			t.Fatalf("%q on %v: %v (%v), followed to %v", list, shape, y.Shape(), err, end)
		}
		params := 0
		for _, p := range net.Params() {
			params += p.Value().Len()
		}
		if float64(params) != b.params || len(b.rows) != len(list) {
			t.Fatalf("%q: %d parameters, counted %g; %d rows", list, params, b.params, len(b.rows))
		}
	})
}

// Every layer that is made of the same lines is a new one: changing one's
// weights changes no other's.
func TestMakeMakesNewLayers(t *testing.T) {
	l := parsed(t, []string{"residual: {body: [linear: 3], skip: [linear: 3]}", "linear: 3"})
	a, b := sequence(l), sequence(l)
	for i := range a {
		if a[i] == b[i] {
			t.Errorf("layer %d is made once", i)
		}
	}
	r := parsed(t, []string{"repeat: {times: 3, layers: [linear: 4]}"})[0].make().(*nn.Sequential)
	if len(*r) != 3 || (*r)[0] == (*r)[1] {
		t.Errorf("%d layers of a repeat of 3, or the same one", len(*r))
	}
}
