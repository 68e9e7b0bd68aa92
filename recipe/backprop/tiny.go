package backprop

import (
	"fmt"
	"math"

	"github.com/limpid-ml/limpid/tensor"
)

// tiny is the 2-3-1 network: three hidden units with tanh, and an output that
// is the probability of "yes", in float64.
type tiny struct {
	w1 [3][2]float64
	b1 [3]float64
	w2 [3]float64
	b2 float64
}

// Names of quantities, as the walk prints them. Units and inputs count from 1.
func nameW1(j, i int) string { return fmt.Sprintf("W1[%d,%d]", j+1, i+1) }
func nameOf(what string, j int) string {
	return fmt.Sprintf("%s[%d]", what, j+1)
}

// trace is what one example makes of the network: every value on the way to
// the loss.
type trace struct {
	x       [2]float64
	y       float64
	z1, h   [3]float64
	z2, p   float64
	loss    float64
	weights tiny
}

// run computes all values for the example x with answer y. The quantity called
// nudged, if there is one, is moved by the given amount on the way: a
// parameter, or a value after it was computed.
func (n tiny) run(x [2]float64, y float64, nudged string, by float64) trace {
	t := trace{x: x, y: y, weights: n}
	nudge := func(name string, v float64) float64 {
		if name == nudged {
			return v + by
		}
		return v
	}
	for j := range t.z1 {
		for i := range x {
			t.z1[j] += nudge(nameW1(j, i), n.w1[j][i]) * x[i]
		}
		t.z1[j] = nudge(nameOf("z1", j), t.z1[j]+nudge(nameOf("b1", j), n.b1[j]))
		t.h[j] = nudge(nameOf("h", j), math.Tanh(t.z1[j]))
		t.z2 += nudge(nameOf("W2", j), n.w2[j]) * t.h[j]
	}
	t.z2 = nudge("z2", t.z2+nudge("b2", n.b2))
	t.p = nudge("p", 1/(1+math.Exp(-t.z2)))
	t.loss = -(y*math.Log(t.p) + (1-y)*math.Log(1-t.p))
	return t
}

// slope is the derivative of the example's loss by a quantity from five values
// of the loss alone: central differences of fourth order, in error by
// width⁴ and by rounding over width.
func (n tiny) slope(x [2]float64, y float64, name string) float64 {
	width := 1e-3
	if name == "p" { // which must stay between 0 and 1
		p := n.run(x, y, "", 0).p
		width *= min(p, 1-p)
	}
	at := func(by float64) float64 { return n.run(x, y, name, by).loss }
	return stencil(at, width)
}

// stencil differentiates f at 0.
//
// Source: Abramowitz and Stegun 1964, 25.3.6 (the five-point formula).
func stencil(f func(by float64) float64, width float64) float64 {
	return (8*(f(width)-f(-width)) - (f(2*width) - f(-2*width))) / (12 * width)
}

// row is a quantity with its value and the derivative of the loss by it, three
// times.
type row struct {
	name    string
	rule    string // the formula of the derivative
	numbers string // the formula with numbers in it
	value   float64
	hand    float64 // by the formula
	auto    float64 // by limpid's reverse mode
	finite  float64 // by finite differences
}

// off is the largest difference between the three derivatives, as a share of
// those greater than 1.
func (r row) off() float64 {
	return max(apart(r.hand, r.auto), apart(r.hand, r.finite), apart(r.auto, r.finite))
}

// apart is how far a is from b, as a share of them where they exceed 1.
func apart(a, b float64) float64 { return math.Abs(a-b) / max(1, math.Abs(a), math.Abs(b)) }

// backward lists all derivatives by hand, from the loss back to the weights,
// each by the chain rule from those before.
func (t *trace) backward() []row {
	n := &t.weights
	dp := -t.y/t.p + (1-t.y)/(1-t.p)
	dz2 := dp * t.p * (1 - t.p)
	rows := []row{
		{name: "p", value: t.p, hand: dp, rule: "−y/p + (1−y)/(1−p)", numbers: fmt.Sprintf("−%g/%.4f + %g/%.4f", t.y, t.p, 1-t.y, 1-t.p)},
		{name: "z2", value: t.z2, hand: dz2, rule: "∂L/∂p · p·(1−p)  (= p − y)", numbers: fmt.Sprintf("%.4f · %.4f·%.4f", dp, t.p, 1-t.p)},
		{name: "b2", value: n.b2, hand: dz2, rule: "∂L/∂z2", numbers: fmt.Sprintf("%.4f", dz2)},
	}
	for j := range t.h {
		rows = append(rows, row{name: nameOf("W2", j), value: n.w2[j], hand: dz2 * t.h[j],
			rule: fmt.Sprintf("∂L/∂z2 · h[%d]", j+1), numbers: fmt.Sprintf("%.4f · %s", dz2, factor(t.h[j]))})
	}
	for j := range t.h {
		rows = append(rows, t.hidden(j, dz2)...)
	}
	return rows
}

// factor writes v so that it may stand after a sign: −0.5 in brackets.
func factor(v float64) string {
	if v < 0 {
		return fmt.Sprintf("(%.4f)", v)
	}
	return fmt.Sprintf("%.4f", v)
}

// hidden lists the derivatives by hidden unit j's value, sum and weights.
func (t *trace) hidden(j int, dz2 float64) []row {
	n := &t.weights
	dh := dz2 * n.w2[j]
	dz := dh * (1 - t.h[j]*t.h[j])
	rows := []row{
		{name: nameOf("h", j), value: t.h[j], hand: dh, rule: fmt.Sprintf("∂L/∂z2 · W2[%d]", j+1), numbers: fmt.Sprintf("%.4f · %s", dz2, factor(n.w2[j]))},
		{name: nameOf("z1", j), value: t.z1[j], hand: dz, rule: fmt.Sprintf("∂L/∂h[%d] · (1 − h[%d]²)", j+1, j+1), numbers: fmt.Sprintf("%.4f · (1 − %s²)", dh, factor(t.h[j]))},
		{name: nameOf("b1", j), value: n.b1[j], hand: dz, rule: fmt.Sprintf("∂L/∂z1[%d]", j+1), numbers: fmt.Sprintf("%.4f", dz)},
	}
	for i, x := range t.x {
		rows = append(rows, row{name: nameW1(j, i), value: n.w1[j][i], hand: dz * x,
			rule: fmt.Sprintf("∂L/∂z1[%d] · x[%d]", j+1, i+1), numbers: fmt.Sprintf("%.4f · %g", dz, x)})
	}
	return rows
}

// automatic returns the values and the derivatives by all quantities that
// limpid's tensors and reverse mode give, by name.
func (n tiny) automatic(x [2]float64, y float64) (values, slopes map[string]float64) {
	s := tensor.NewScope()
	defer s.Reset()
	flat := []float64{}
	for _, w := range n.w1 {
		flat = append(flat, w[:]...)
	}
	in := tensor.Of(x[:], 1, 2)
	w1, b1 := s.Track(tensor.Of(flat, 3, 2)), s.Track(tensor.Of(n.b1[:], 3))
	w2, b2 := s.Track(tensor.Of(n.w2[:], 3, 1)), s.Track(tensor.Of([]float64{n.b2}, 1))
	z1 := in.MatMul(w1.T()).Add(b1)
	h := z1.Tanh()
	z2 := h.MatMul(w2).Add(b2)
	p := z2.Sigmoid()
	loss := p.Log().Scale(-y).Sub(p.Neg().Shift(1).Log().Scale(1 - y)).Sum()
	all := []tensor.Tensor{w1, b1, z1, h, w2, b2, z2, p}
	values, slopes = map[string]float64{"L": loss.Item()}, map[string]float64{}
	grads := tensor.Grad(loss, all...)
	for k, name := range []string{"W1", "b1", "z1", "h", "W2", "b2", "z2", "p"} {
		v, g := tensor.Data[float64](all[k]), tensor.Data[float64](grads[k])
		for e := range v {
			key := name
			switch {
			case name == "W1":
				key = nameW1(e/2, e%2)
			case len(v) > 1:
				key = nameOf(name, e)
			}
			values[key], slopes[key] = v[e], g[e]
		}
	}
	return values, slopes
}

// compare walks one example: every quantity with its three derivatives, and
// the largest difference of the values by hand and by limpid.
func (n tiny) compare(x [2]float64, y float64) (t trace, rows []row, off float64) {
	t = n.run(x, y, "", 0)
	rows = t.backward()
	values, slopes := n.automatic(x, y)
	off = math.Abs(values["L"] - t.loss)
	for i := range rows {
		r := &rows[i]
		r.auto, r.finite = slopes[r.name], n.slope(x, y, r.name)
		off = max(off, math.Abs(values[r.name]-r.value))
	}
	return t, rows, off
}
