package tensor

import (
	"math"

	"github.com/limpid-ml/limpid/internal/backstage"
)

// Composed twins of the fused operations: slow, plain, and made of other
// operations, so that values and derivatives of any order can be held against
// them.

// erf is an operation as a user would write it.
var erf = Op{
	Name: "erf",
	Forward: func(in ...Tensor) Tensor {
		return New(in[0], in[0].Shape(), func(dst []float64) {
			for i, v := range View[float64](in[0]) {
				dst[i] = math.Erf(v)
			}
		})
	},
	Backward: func(y, gy Tensor, in []Tensor, need []bool) []Tensor {
		return []Tensor{gy.Mul(in[0].Square().Neg().Exp()).Scale(2 / math.Sqrt(math.Pi))}
	},
}

// plainAct is an activation by its definition.
func plainAct(x Tensor, act backstage.Act, param float64) Tensor {
	above := func() Tensor { return x.Add(x.Abs()).Scale(.5) }
	sigmoid := func() Tensor { return x.Neg().Exp().Shift(1).Pow(-1) }
	tanh := func(x Tensor) Tensor { e := x.Scale(2).Exp(); return e.Shift(-1).Div(e.Shift(1)) }
	elu := func(alpha float64) Tensor { return above().Add(x.Sub(above()).Exp().Shift(-1).Scale(alpha)) }
	switch act {
	case backstage.ReLU:
		return above()
	case backstage.LeakyReLU:
		return above().Add(x.Sub(above()).Scale(param))
	case backstage.Tanh:
		return tanh(x)
	case backstage.Sigmoid:
		return sigmoid()
	case backstage.GELU:
		return x.Mul(erf.Apply(x.Scale(math.Sqrt(.5))).Shift(1)).Scale(.5)
	case backstage.GELUTanh:
		return x.Mul(tanh(x.Add(x.Pow(3).Scale(.044715)).Scale(math.Sqrt(2 / math.Pi))).Shift(1)).Scale(.5)
	case backstage.SiLU:
		return x.Mul(sigmoid())
	case backstage.ELU:
		return elu(param)
	case backstage.SELU:
		return elu(1.6732632423543772848170429916717).Scale(1.0507009873554804934193349852946)
	case backstage.Softplus:
		return x.Exp().Shift(1).Log()
	case backstage.Mish:
		return x.Mul(tanh(x.Exp().Shift(1).Log()))
	case backstage.HardSwish:
		return x.Mul(x.Shift(3).Clamp(0, 6)).Scale(1. / 6)
	case backstage.Softsign:
		return x.Div(x.Abs().Shift(1))
	}
	return x
}

// biased is act(y + b); b may be none.
func biased(y, b Tensor, act backstage.Act, param float64) Tensor {
	if b.h != nil {
		y = y.Add(b)
	}
	return plainAct(y, act, param)
}

// matmulTwin is a sum of products over a stretched axis.
func matmulTwin(x, y Tensor) Tensor {
	xs, ys := x.Shape(), y.Shape()
	switch {
	case len(xs) == 1:
		p := matmulTwin(x.Unsqueeze(0), y)
		return p.Squeeze(p.Rank() - 1 - b2i(len(ys) > 1))
	case len(ys) == 1:
		return matmulTwin(x, y.Unsqueeze(1)).Squeeze(-1)
	}
	for y.Rank() < len(xs) {
		y = y.Unsqueeze(0)
	}
	return x.Unsqueeze(-1).Mul(y.Unsqueeze(-3)).Sum(-2)
}

// every returns the index from, from+step, … of n places.
func every(n, from, step int) Tensor {
	v := make([]int, n)
	for i := range v {
		v[i] = from + i*step
	}
	return Ints(v...)
}

// convTwin adds up one product of matrices for each tap of the filters.
func convTwin(x, w Tensor, c backstage.Conv) Tensor {
	o := convOptions(c)
	x = x.Pad(1, c.PadTop, c.PadBottom).Pad(2, c.PadLeft, c.PadRight)
	size := func(axis, stride, dil int) int { return (x.Dim(axis)-dil*(w.Dim(axis)-1)-1)/stride + 1 }
	oh, ow := size(1, o[convStrideH], o[convDilH]), size(2, o[convStrideW], o[convDilW])
	parts := make([]Tensor, o[convGroups])
	for g := range parts {
		in, out := w.Dim(3), w.Dim(0)/len(parts)
		xg, wg := x.Slice(3, g*in, (g+1)*in), w.Slice(0, g*out, (g+1)*out)
		y := x.Full(0, x.Dim(0), oh, ow, out)
		for p := range w.Dim(1) {
			for q := range w.Dim(2) {
				seen := xg.Take(1, every(oh, p*o[convDilH], o[convStrideH])).Take(2, every(ow, q*o[convDilW], o[convStrideW]))
				y = y.Add(seen.MatMul(wg.Index(1, p).Index(1, q).T()))
			}
		}
		parts[g] = y
	}
	return Concat(3, parts...)
}

// convTransposeTwin adds up, for each tap of the filters, a product spread over
// the larger images.
func convTransposeTwin(x, w Tensor, c backstage.Conv) Tensor {
	o := convOptions(c)
	h := (x.Dim(1)-1)*o[convStrideH] + o[convDilH]*(w.Dim(1)-1) + 1 + c.OutPadH
	v := (x.Dim(2)-1)*o[convStrideW] + o[convDilW]*(w.Dim(2)-1) + 1 + c.OutPadW
	parts := make([]Tensor, o[convGroups])
	for g := range parts {
		in, out := w.Dim(0)/len(parts), w.Dim(3)
		xg, wg := x.Slice(3, g*in, (g+1)*in), w.Slice(0, g*in, (g+1)*in)
		y := x.Full(0, x.Dim(0), h, v, out)
		for p := range w.Dim(1) {
			for q := range w.Dim(2) {
				spread := x.Full(0, x.Dim(0), x.Dim(1), v, out).ScatterAdd(2, every(x.Dim(2), q*o[convDilW], o[convStrideW]), xg.MatMul(wg.Index(1, p).Index(1, q)))
				y = y.ScatterAdd(1, every(x.Dim(1), p*o[convDilH], o[convStrideH]), spread)
			}
		}
		parts[g] = y
	}
	return Concat(3, parts...).Slice(1, c.PadTop, h-c.PadBottom).Slice(2, c.PadLeft, v-c.PadRight)
}

// poolTwin stacks the taps of all windows.
func poolTwin(x Tensor, p backstage.Pool) Tensor {
	poolInts(x, &p) // fills in the strides
	oh, ow := poolSize(x, 1, &p), poolSize(x, 2, &p)
	widen := func(t Tensor, top, left, bottom, right int) Tensor { // to where the last window ends
		after := func(axis, k, stride, n, before, least int) int { return max((n-1)*stride+k-t.Dim(axis)-before, least) }
		return t.Pad(1, top, after(1, p.KH, p.StrideH, oh, top, bottom)).Pad(2, left, after(2, p.KW, p.StrideW, ow, left, right))
	}
	ones := x.Full(1, x.Shape()...)
	inside := widen(ones, p.PadTop, p.PadLeft, p.PadBottom, p.PadRight)
	counted := inside
	if p.CountPad {
		counted = widen(x.Full(1, x.Dim(0), x.Dim(1)+p.PadTop+p.PadBottom, x.Dim(2)+p.PadLeft+p.PadRight, x.Dim(3)), 0, 0, 0, 0)
	}
	x = widen(x, p.PadTop, p.PadLeft, p.PadBottom, p.PadRight)
	var taps, in []Tensor
	for i := range p.KH {
		for j := range p.KW {
			at := func(t Tensor) Tensor { return t.Take(1, every(oh, i, p.StrideH)).Take(2, every(ow, j, p.StrideW)) }
			if p.Avg {
				taps, in = append(taps, at(x)), append(in, at(counted))
			} else {
				taps = append(taps, Where(at(inside).Eq(at(inside).Full(1)), at(x), at(x).Full(-1e30)))
			}
		}
	}
	if p.Avg {
		return Stack(0, taps...).Sum(0).Div(Stack(0, in...).Sum(0))
	}
	if taps[0].Len() == 0 {
		return taps[0]
	}
	return Stack(0, taps...).Max(0)
}

// resizeTwin multiplies rows and columns by matrices of weights.
func resizeTwin(x Tensor, h, w int, nearest bool) Tensor {
	weights := func(from, to int) Tensor { // [from, to]
		m := make([]float64, from*to)
		for i := range to {
			if nearest {
				m[i*from/to*to+i] = 1
				continue
			}
			at := min(max((float64(i)+.5)*float64(from)/float64(to)-.5, 0), float64(from-1))
			lo := int(at)
			m[lo*to+i] += 1 - (at - float64(lo))
			m[min(lo+1, from-1)*to+i] += at - float64(lo)
		}
		return Of(m, from, to)
	}
	y := x.Permute(0, 3, 1, 2).MatMul(weights(x.Dim(2), w)) // [N, C, H, w]
	return y.Permute(0, 1, 3, 2).MatMul(weights(x.Dim(1), h)).Permute(0, 3, 2, 1)
}

// normTwin normalises by given statistics; gamma and beta may be none.
func normTwin(x, mean, variance, gamma, beta Tensor, eps float64) Tensor {
	y := x.Sub(mean).Div(variance.Shift(eps).Sqrt())
	if gamma.h != nil {
		y = y.Mul(gamma).Add(beta)
	}
	return y
}

func batchNormTwin(x, gamma, beta Tensor, eps float64) Tensor {
	rows := x.Reshape(mul(x.Shape()[:x.Rank()-1]), x.Dim(-1))
	return normTwin(rows, rows.Mean(0), rows.Var(0), gamma, beta, eps).Reshape(x.Shape()...)
}

func layerNormTwin(x, gamma, beta Tensor, eps float64) Tensor {
	return normTwin(x, x.Mean(-1).Unsqueeze(-1), x.Var(-1).Unsqueeze(-1), gamma, beta, eps)
}

// crossEntropyTwin is the definition of PyTorch's cross_entropy.
func crossEntropyTwin(logits, labels, weights Tensor, smoothing float64) Tensor {
	c := logits.Dim(-1)
	rows := logits.Reshape(labels.Len(), c)
	logp := rows.Sub(rows.LogSumExp(1).Unsqueeze(1))
	target := make([]float64, labels.Len()*c)
	total := 0.
	for i, l := range View[int32](labels) {
		if l == ignored {
			continue
		}
		w := func(k int) float64 {
			if weights.h == nil {
				return 1
			}
			return weights.At(k)
		}
		total += w(int(l))
		target[i*c+int(l)] += (1 - smoothing) * w(int(l))
		for k := range c {
			target[i*c+k] += smoothing / float64(c) * w(k)
		}
	}
	if total == 0 {
		return logits.Full(0)
	}
	return logp.Mul(Of(target, labels.Len(), c)).Sum().Scale(-1 / total)
}

// recurTwin runs each sequence alone over its own steps, gate by gate.
func recurTwin(cell backstage.Cell, x, h, c, w, b, lens Tensor, back bool) Tensor {
	steps, n, size := x.Dim(0), x.Dim(1), h.Dim(1)
	rows := make([]Tensor, n)
	for i := range rows {
		long := steps
		if lens.h != nil {
			long = int(lens.At(i))
		}
		hi, ci := h.Slice(0, i, i+1), Tensor{}
		if c.h != nil {
			ci = c.Slice(0, i, i+1)
		}
		ys := make([]Tensor, steps)
		for k := range steps {
			t := k
			if back {
				t = steps - 1 - k
			}
			if t < long {
				hi, ci = cellTwin(cell, x.Index(0, t).Slice(0, i, i+1), hi, ci, w, b, size)
			}
			ys[t] = hi
		}
		if c.h != nil {
			ys = append(ys, ci)
		}
		if len(ys) == 0 {
			return x.Full(0, 0, n, size)
		}
		rows[i] = Stack(0, ys...)
	}
	if n == 0 {
		return x.Full(0, steps+b2i(c.h != nil), 0, size)
	}
	return Concat(1, rows...)
}

// cellTwin is a step by the formulas of PyTorch's documentation.
func cellTwin(cell backstage.Cell, x, h, c, w, b Tensor, n int) (nextH, nextC Tensor) {
	act := func(t Tensor, a backstage.Act) Tensor { return plainAct(t, a, 0) }
	hidden := func(i int) Tensor {
		y := matmulTwin(h, w.Slice(0, i*n, i*n+n).T())
		if b.h != nil {
			y = y.Add(b.Slice(0, i*n, i*n+n))
		}
		return y
	}
	input := func(i int) Tensor { return x.Slice(1, i*n, i*n+n) }
	both := func(i int) Tensor { return input(i).Add(hidden(i)) }
	switch cell {
	case backstage.CellLSTM:
		i, f, o := act(both(0), backstage.Sigmoid), act(both(1), backstage.Sigmoid), act(both(3), backstage.Sigmoid)
		c = f.Mul(c).Add(i.Mul(act(both(2), backstage.Tanh)))
		return o.Mul(act(c, backstage.Tanh)), c
	case backstage.CellGRU:
		r, z := act(both(0), backstage.Sigmoid), act(both(1), backstage.Sigmoid)
		cand := act(input(2).Add(r.Mul(hidden(2))), backstage.Tanh)
		return z.Neg().Shift(1).Mul(cand).Add(z.Mul(h)), c
	case backstage.CellReLU:
		return act(both(0), backstage.ReLU), c
	}
	return act(both(0), backstage.Tanh), c
}
