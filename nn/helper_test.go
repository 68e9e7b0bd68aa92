package nn

import (
	"math"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/tensor"
)

type T = tensor.Tensor

// steps is how train sees nn.
var steps backstage.Net[Net, Pass, tensor.Tensor, tensor.Scope, Watcher] = door{}

func must[V any](v V, err error) V {
	if err != nil {
		panic(err)
	}
	return v
}

func build(t testing.TB, model any, o ...Option) *Net {
	t.Helper()
	n, err := Build(model, o...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// do runs f in a pass and fails the test on an error.
func do(t testing.TB, n *Net, f func(p *Pass), o ...PassOption) {
	t.Helper()
	if err := n.Do(func(p *Pass) error { f(p); return nil }, o...); err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want one with %q", parts)
		return
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error\n%v\nlacks %q", err, part)
		}
	}
}

func floats(x T) []float64 { return tensor.Data[float64](x.To(tensor.Float64)) }

// same tells whether two tensors agree in shape and, within tol of the largest
// value, in elements.
func same(t *testing.T, what string, got, want T, tol float64) {
	t.Helper()
	g, w := floats(got), floats(want)
	if len(g) != len(w) {
		t.Errorf("%s: got %v, want %v", what, got, want)
		return
	}
	size := 1.0
	for _, v := range w {
		size = max(size, math.Abs(v))
	}
	for i := range g {
		if !(math.Abs(g[i]-w[i]) <= tol*size) {
			t.Errorf("%s: element %d is %g, want %g", what, i, g[i], w[i])
			return
		}
	}
}

func normal(seed uint64, shape ...int) T { return tensor.NewRand(seed).Normal(0, 1, shape...) }

func wide(seed uint64, shape ...int) T { return normal(seed, shape...).To(tensor.Float64) }

// grown returns all names of a network's values.
func names(n *Net) string { return strings.Join(n.names, " ") }

// checkLayer compares a float64 layer's gradients by x and all parameters with
// finite differences, to second order.
func checkLayer(t *testing.T, l Layer, x T, o ...PassOption) {
	t.Helper()
	n := build(t, l, Input(x.Shape()[1:]...), Float64, Seed(3))
	var set passOptions
	for _, f := range o {
		f(&set)
	}
	xs := []T{x}
	for i, w := range n.params { // biases too should matter
		xs = append(xs, wide(uint64(50+i), w.shape...))
	}
	f := func(xs ...T) T {
		p := newPass(n)
		if s := engine.Scope(xs[0]); s != nil {
			p.scope = s
		}
		p.training, p.noise, p.seed = set.training, set.noise, set.seed
		p.start(nil)
		copy(p.leaf, xs[1:])
		y := n.Forward(p, xs[0])
		return y.Mul(wide(9, y.Shape()...)).Sum()
	}
	if err := tensor.CheckGrad(f, xs...); err != nil {
		t.Error(err)
	}
}
