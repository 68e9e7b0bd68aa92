package nn

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// tried is a network of two hidden layers in float64, and what runs it at any
// weights.
type tried struct {
	net  *Net
	x    T
	at   []T // the weights
	v, u []T // directions
}

func newTried(t *testing.T, act Layer) *tried {
	m := &tried{net: build(t, &Sequential{&Linear{Out: 6}, act, &Linear{Out: 5}, act, &Linear{Out: 2}}, Input(3), Float64, Seed(4)), x: wide(1, 4, 3)}
	for i, w := range m.net.params {
		m.at = append(m.at, wide(uint64(10+i), w.shape...).Scale(.7))
		m.v, m.u = append(m.v, wide(uint64(30+i), w.shape...)), append(m.u, wide(uint64(50+i), w.shape...))
	}
	return m
}

// run gives f the network's result at weights moved by h along v, and the
// weights, tracked.
func (m *tried) run(t *testing.T, h float64, f func(p *Pass, y T, ws []T)) {
	weights := Weights{}
	for i, w := range m.net.params {
		weights[w.Path()] = m.at[i].Add(m.v[i].Scale(h))
	}
	do(t, m.net, func(p *Pass) { f(p, m.net.Forward(p, m.x), p.Params()) }, With(weights), TrackParams())
}

func kept(ts []T) []T {
	out := make([]T, len(ts))
	for i, v := range ts {
		out[i] = v.Keep()
	}
	return out
}

// slope is the derivative at 0 of f's results by its step, to the fourth order.
func slope(f func(h float64) []T) []T {
	const h = 2e-4
	a, b, c, d := f(h), f(-h), f(2*h), f(-2*h)
	out := make([]T, len(a))
	for i := range out {
		out[i] = a[i].Sub(b[i]).Scale(8).Sub(c[i].Sub(d[i])).Scale(1 / (12 * h))
	}
	return out
}

func allNear(t *testing.T, what string, got, want []T) {
	t.Helper()
	size, far := 1e-3, 0.
	for i := range want {
		size = max(size, want[i].Abs().Max().Item())
		far = max(far, got[i].Sub(want[i]).Abs().Max().Item())
	}
	if !(far <= 1e-7*size) {
		t.Errorf("%s is off by %g, the greatest is %g", what, far, size)
	}
}

// TestHessianVectorProducts: reverse over reverse gives H·v, and forward mode
// by the double-reverse trick J·v, of a network with any activation.
func TestHessianVectorProducts(t *testing.T) {
	loss := func(y T) T { return y.Square().Mean().Add(y.Sin().Sum()) }
	for _, name := range slices.Sorted(maps.Keys(acts)) {
		m := newTried(t, acts[name])
		product := func(v []T) (hv []T) {
			m.run(t, 0, func(p *Pass, y T, ws []T) { hv = kept(tensor.Grad(tensor.Dot(tensor.Grad(loss(y), ws...), v), ws...)) })
			return hv
		}
		hv, hu := product(m.v), product(m.u)
		allNear(t, name+": H·v", hv, slope(func(h float64) (g []T) {
			m.run(t, h, func(p *Pass, y T, ws []T) { g = kept(tensor.Grad(loss(y), ws...)) })
			return g
		}))
		if a, b := tensor.Dot(hv, m.u).Item(), tensor.Dot(hu, m.v).Item(); math.Abs(a-b) > 1e-12*(1+math.Abs(a)) {
			t.Errorf("%s: u·H·v is %.15g, v·H·u %.15g", name, a, b)
		}
		var jv []T
		m.run(t, 0, func(p *Pass, y T, ws []T) {
			u := p.Track(y.Full(0, y.Shape()...))
			jv = kept(tensor.Grad(tensor.Dot(tensor.VJP(y, u, ws...), m.v), u))
		})
		allNear(t, name+": J·v", jv, slope(func(h float64) (y []T) {
			m.run(t, h, func(p *Pass, out T, ws []T) { y = kept([]T{out}) })
			return y
		}))
	}
}

// TestInputHessian: the whole Hessian by x, row by row, is symmetric and that
// of the differences.
func TestInputHessian(t *testing.T) {
	n := build(t, &Sequential{&Linear{Out: 4, Act: GELU}, &LayerNorm{}, &Linear{Out: 1}}, Input(3), Float64, Seed(2))
	x0 := wide(1, 1, 3)
	gradient := func(x T) (g T) {
		do(t, n, func(p *Pass) { x = p.Track(x); g = tensor.Grad(n.Forward(p, x).Sum(), x)[0].Keep() })
		return g
	}
	do(t, n, func(p *Pass) {
		x := p.Track(x0)
		g := tensor.Grad(n.Forward(p, x).Sum(), x)[0]
		var rows []T
		for i := range 3 {
			rows = append(rows, tensor.Grad(g.Index(1, i).Sum(), x)[0].Reshape(3))
			step := tensor.Ints(i).OneHot(3).To(tensor.Float64)
			want := slope(func(h float64) []T { return []T{gradient(x0.Add(step.Scale(h))).Reshape(3)} })
			allNear(t, fmt.Sprint("row ", i), rows[i:], want)
		}
		h := tensor.Stack(0, rows...)
		same(t, "its transpose", h.T(), h, 1e-13)
	})
}
