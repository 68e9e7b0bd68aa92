package nn

import (
	"fmt"
	"math"

	"github.com/limpid-ml/limpid/tensor"
)

// Attention lets each place of q look at all places of kv, in several heads.
//
//	q        [N, Tq, Dq]
//	kv       [N, Tk, Dkv]
//	out      [N, Tq, Dim]
//	weights  [N, Heads, Tq, Tk], rows sum to 1
//
// Where Dq = Dkv = Dim, the three projections are one parameter, in_proj_weight
// [3·Dim, Dim], as PyTorch has it; else q_proj_weight, k_proj_weight and
// v_proj_weight.
//
// Source: Vaswani et al. 2017, "Attention is all you need".
type Attention struct {
	Dim     int
	Heads   int     // 0: 1; divides Dim
	Causal  bool    // a place looks at itself and what is before it only
	Dropout float64 // of the weights
	NoBias  bool
	Init    Init // of the projections; left out: Glorot

	InProj Param  `nn:"in_proj_weight"`
	QProj  Param  `nn:"q_proj_weight"`
	KProj  Param  `nn:"k_proj_weight"`
	VProj  Param  `nn:"v_proj_weight"`
	InBias Param  `nn:"in_proj_bias"` // [3·Dim]
	Out    Linear `nn:"out_proj"`
}

// Forward has x [N, T, D] look at itself.
func (l *Attention) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	y, _ := l.Attend(p, x, x, tensor.Tensor{})
	return y
}

// Attend has q look at kv. mask is bool, true where a query may look, of shape
// [N or 1, Heads or 1, Tq, Tk]; the zero Tensor: everywhere. A query with
// nowhere to look gets zeros (before the output projection).
func (l *Attention) Attend(p *Pass, q, kv, mask tensor.Tensor) (y, weights tensor.Tensor) {
	stay := p.Enter(l)
	l.check(p, q, kv, mask)
	heads := max(l.Heads, 1)
	qs, ks, vs := l.project(p, q, kv)
	qs, ks, vs = split(qs, heads), split(ks, heads), split(vs, heads)
	tq, tk := q.Dim(1), kv.Dim(1)
	scores := qs.MatMul(ks.Permute(0, 1, 3, 2)).Scale(1 / math.Sqrt(float64(l.Dim/heads)))
	look := l.look(mask, scores, tq, tk)
	if look.Valid() {
		scores = tensor.Where(look, scores, scores.Full(-1e30))
	}
	weights = scores.Softmax(-1)
	if look.Valid() {
		weights = tensor.Where(look, weights, weights.Full(0)) // rows that see nothing
	}
	used := weights
	if l.Dropout > 0 && p.Noisy() {
		used = engine.Dropout(weights, l.Dropout, p.Rand())
	}
	y = used.MatMul(vs).Permute(0, 2, 1, 3).Reshape(q.Dim(0), tq, l.Dim)
	y = p.Apply(y, l.out(p))
	return stay.Return(y, weights), weights
}

// out returns the output projection, complete.
func (l *Attention) out(p *Pass) *Linear {
	if p.build != nil {
		l.Out.Out, l.Out.NoBias = l.Dim, l.NoBias
		if l.Out.Init == nil {
			l.Out.Init = l.Init
		}
	}
	return &l.Out
}

// project returns queries, keys and values, each [N, T, Dim].
func (l *Attention) project(p *Pass, q, kv tensor.Tensor) (qs, ks, vs tensor.Tensor) {
	d, init := l.Dim, orDefault(l.Init, 0)
	b := p.bias(&l.InBias, l.NoBias, nil, 3*d)
	part := func(x tensor.Tensor, i int) tensor.Tensor {
		if !x.Valid() {
			return x
		}
		return x.Slice(0, i*d, (i+1)*d)
	}
	var wq, wk, wv tensor.Tensor
	if q.Dim(2) == d && kv.Dim(2) == d {
		w := p.Param(&l.InProj, init, 3*d, d)
		wq, wk, wv = part(w, 0), part(w, 1), part(w, 2)
	} else {
		wq, wk, wv = p.Param(&l.QProj, init, d, q.Dim(2)), p.Param(&l.KProj, init, d, kv.Dim(2)), p.Param(&l.VProj, init, d, kv.Dim(2))
	}
	if p.build != nil {
		n, tq, tk := q.Dim(0), q.Dim(1), kv.Dim(1)
		p.work(n, n, d, tq*q.Dim(2)+2*tk*kv.Dim(2)+2*tq*tk)
	}
	return engine.Linear(q, wq, part(b, 0), 0, 0), engine.Linear(kv, wk, part(b, 1), 0, 0), engine.Linear(kv, wv, part(b, 2), 0, 0)
}

// split turns [N, T, Dim] into [N, heads, T, Dim/heads].
func split(x tensor.Tensor, heads int) tensor.Tensor {
	return x.Reshape(x.Dim(0), x.Dim(1), heads, x.Dim(2)/heads).Permute(0, 2, 1, 3)
}

// look joins the mask with what Causal allows, broadcast to the scores' rank;
// the zero Tensor if everything may be seen.
func (l *Attention) look(mask, scores tensor.Tensor, tq, tk int) tensor.Tensor {
	if !l.Causal {
		return mask
	}
	rows, cols := tensor.Arange(tq).Reshape(1, 1, tq, 1), tensor.Arange(tk).Reshape(1, 1, 1, tk)
	past := rows.Less(cols).Not()
	if !mask.Valid() {
		return past
	}
	return tensor.Where(mask, past, mask) // and
}

func (l *Attention) check(p *Pass, q, kv, mask tensor.Tensor) {
	p.positive("nn.Attention", "Dim", l.Dim)
	if q.Rank() != 3 || kv.Rank() != 3 || q.Dim(0) != kv.Dim(0) {
		fail(&tensor.Error{Op: "nn.Attention", Layer: p.label(), Shapes: [][]int{q.Shape(), kv.Shape()},
			Why: "queries and keys are not [N, Tq, D] and [N, Tk, D]", Fix: "give both a batch axis of the same length and a time axis"})
	}
	if l.Dim%max(l.Heads, 1) != 0 {
		fail(&tensor.Error{Op: "nn.Attention", Layer: p.label(), Why: fmt.Sprintf("%d heads do not divide Dim %d", l.Heads, l.Dim), Fix: "choose Dim as a multiple of Heads"})
	}
	if mask != (tensor.Tensor{}) && (mask.Rank() != 4 || mask.DType() != tensor.Bool) {
		fail(&tensor.Error{Op: "nn.Attention", Layer: p.label(), Shapes: [][]int{mask.Shape()},
			Why: "the mask is not bool [N or 1, Heads or 1, Tq, Tk]", Fix: "reshape it to four axes, true where a query may look"})
	}
}
