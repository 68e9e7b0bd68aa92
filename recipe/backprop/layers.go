package backprop

import (
	"math"

	"github.com/limpid-ml/limpid/tensor"
)

// dense is the network for digits in float64: inputs, tanh units, scores of
// classes. Matrices lie row by row.
type dense struct {
	in, hidden, out int
	params          [4][]float64 // W1 [hidden, in], b1, W2 [out, hidden], b2
}

// denseNames are the parameters' names.
var denseNames = [4]string{"W1", "b1", "W2", "b2"}

// forward computes hidden values and class probabilities of n inputs, and the
// mean cross-entropy.
func (d *dense) forward(x []float64, labels []int) (h, p []float64, loss float64) {
	n := len(labels)
	h, p = make([]float64, n*d.hidden), make([]float64, n*d.out)
	for e := range n {
		in, hid, out := x[e*d.in:(e+1)*d.in], h[e*d.hidden:(e+1)*d.hidden], p[e*d.out:(e+1)*d.out]
		affine(hid, d.params[0], d.params[1], in)
		for j, v := range hid {
			hid[j] = math.Tanh(v)
		}
		affine(out, d.params[2], d.params[3], hid)
		loss += softmax(out, labels[e]) / float64(n)
	}
	return h, p, loss
}

// affine sets out to w·in + b.
func affine(out, w, b, in []float64) {
	for j := range out {
		out[j] = b[j]
		for i, v := range in {
			out[j] += w[j*len(in)+i] * v
		}
	}
}

// softmax turns scores into probabilities and returns −ln of the label's.
func softmax(scores []float64, label int) float64 {
	top, sum := math.Inf(-1), 0.0
	for _, v := range scores {
		top = max(top, v)
	}
	for j, v := range scores {
		scores[j] = math.Exp(v - top)
		sum += scores[j]
	}
	for j := range scores {
		scores[j] /= sum
	}
	return -math.Log(scores[label])
}

// gradients are the formulas of backpropagation, layer by layer:
//
//	dZ2 = (P − Y)/N       dW2 = dZ2ᵀ·H    db2 = Σ dZ2
//	dZ1 = dZ2·W2 ∘ (1−H²) dW1 = dZ1ᵀ·X    db1 = Σ dZ1
//
// Source: Rumelhart, Hinton and Williams 1986, "Learning representations by
// back-propagating errors".
func (d *dense) gradients(x []float64, labels []int) (g [4][]float64) {
	h, p, _ := d.forward(x, labels)
	for k := range g {
		g[k] = make([]float64, len(d.params[k]))
	}
	for e, label := range labels {
		in, hid, dz2 := x[e*d.in:(e+1)*d.in], h[e*d.hidden:(e+1)*d.hidden], p[e*d.out:(e+1)*d.out]
		dz2[label]--
		dz1 := make([]float64, d.hidden)
		for k := range dz2 {
			dz2[k] /= float64(len(labels))
			for j, w := range d.params[2][k*d.hidden : (k+1)*d.hidden] {
				dz1[j] += dz2[k] * w
			}
		}
		for j := range dz1 {
			dz1[j] *= 1 - hid[j]*hid[j]
		}
		outer(g[2], g[3], dz2, hid)
		outer(g[0], g[1], dz1, in)
	}
	return g
}

// outer adds dz·inᵀ to dw and dz to db.
func outer(dw, db, dz, in []float64) {
	for j, v := range dz {
		db[j] += v
		for i, x := range in {
			dw[j*len(in)+i] += v * x
		}
	}
}

// automatic returns the loss and the gradients by limpid's reverse mode.
func (d *dense) automatic(x []float64, labels []int) (loss float64, g [4][]float64) {
	s := tensor.NewScope()
	defer s.Reset()
	shapes := [4][]int{{d.hidden, d.in}, {d.hidden}, {d.out, d.hidden}, {d.out}}
	var leaves []tensor.Tensor
	for k, v := range d.params {
		leaves = append(leaves, s.Track(tensor.Of(v, shapes[k]...)))
	}
	n := len(labels)
	right := make([]float64, n*d.out)
	for e, label := range labels {
		right[e*d.out+label] = 1
	}
	h := tensor.Of(x, n, d.in).MatMul(leaves[0].T()).Add(leaves[1]).Tanh()
	z := h.MatMul(leaves[2].T()).Add(leaves[3])
	l := z.LogSoftmax(-1).Mul(tensor.Of(right, n, d.out)).Sum().Scale(-1 / float64(n))
	for k, t := range tensor.Grad(l, leaves...) {
		g[k] = append([]float64(nil), tensor.Data[float64](t)...)
	}
	return l.Item(), g
}

// check is how far three ways to the gradient of one parameter are apart.
type check struct {
	name         string
	size         int
	largest      float64 // of the gradient's values
	hand, finite float64 // largest difference of limpid's gradient from the formulas, and from finite differences
}

// compare checks every value of every parameter.
func (d *dense) compare(x []float64, labels []int) (checks [4]check, valueOff float64) {
	_, _, loss := d.forward(x, labels)
	hand := d.gradients(x, labels)
	autoLoss, auto := d.automatic(x, labels)
	for k := range checks {
		c := check{name: denseNames[k], size: len(hand[k])}
		for i := range hand[k] {
			w := &d.params[k][i]
			was := *w
			finite := stencil(func(by float64) float64 {
				*w = was + by
				_, _, l := d.forward(x, labels)
				return l
			}, 1e-3)
			*w = was
			c.largest = max(c.largest, math.Abs(auto[k][i]))
			c.hand = max(c.hand, math.Abs(auto[k][i]-hand[k][i]))
			c.finite = max(c.finite, math.Abs(auto[k][i]-finite))
		}
		checks[k] = c
	}
	return checks, math.Abs(loss - autoLoss)
}
