package nn

import (
	"fmt"
	"math"
	"slices"

	"github.com/limpid-ml/limpid/tensor"
)

// Attend has queries look at keys: weights = softmax(q·kᵀ/√D), y = weights·v.
//
//	q        [..., Tq, D]
//	k        [..., Tk, D]
//	v        [..., Tk, Dv]
//	mask     bool, of weights' shape or with axes of length 1: true where a
//	         query may look; the zero Tensor: everywhere
//	y        [..., Tq, Dv]
//	weights  [..., Tq, Tk], rows sum to 1
//
// A query with nowhere to look gets zeros. It has no parameters: [Attention]
// is the layer that projects, in several heads.
//
// Source: Luong et al. 2015, "Effective approaches to attention-based neural
// machine translation", with the scale of Vaswani et al. 2017.
func Attend(q, k, v, mask tensor.Tensor) (y, weights tensor.Tensor) {
	weights = looking(similarity(q, k), mask)
	return weights.MatMul(v), weights
}

// similarity is q·kᵀ/√D.
func similarity(q, k tensor.Tensor) tensor.Tensor {
	rank := k.Rank()
	if rank < 2 || rank > 6 {
		tensor.Fail("nn.Attend", "keys are %v, want [..., Tk, D]", k.Shape())
	}
	order := [6]int{0, 1, 2, 3, 4, 5}
	order[rank-1], order[rank-2] = rank-2, rank-1
	return q.MatMul(k.Permute(order[:rank]...)).Scale(1 / math.Sqrt(float64(max(k.Dim(-1), 1))))
}

// looking turns scores into weights, 0 where the mask is false.
func looking(scores, mask tensor.Tensor) tensor.Tensor {
	if !mask.Valid() {
		return scores.Softmax(-1)
	}
	hidden := tensor.Where(mask, scores.Full(0), scores.Full(-1e30))
	weights := scores.Add(hidden).Softmax(-1)
	if blind(mask) {
		weights = weights.Mul(mask.To(scores.DType()).Max(-1).Unsqueeze(-1))
	}
	return weights
}

// blind tells whether a row of the mask sees nothing.
func blind(mask tensor.Tensor) bool {
	n := mask.Dim(-1)
	for v := tensor.View[bool](mask); len(v) > 0; v = v[n:] {
		if !slices.Contains(v[:n], true) {
			return true
		}
	}
	return false
}

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
// Source: Vaswani et al. 2017, "Attention is all you need"; Su et al. 2021,
// "RoFormer: enhanced transformer with rotary position embedding".
type Attention struct {
	Dim     int
	Heads   int     // 0: 1; divides Dim
	Causal  bool    // a place looks at itself and what is before it only
	Rotary  bool    // queries and keys are turned by angles that grow with their places
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
// [N or 1, Heads or 1, Tq or 1, Tk or 1]; the zero Tensor: everywhere. A query
// with nowhere to look gets zeros (before the output projection).
func (l *Attention) Attend(p *Pass, q, kv, mask tensor.Tensor) (y, weights tensor.Tensor) {
	stay := p.Enter(l)
	l.check(p, q, kv, mask)
	w := l.weights(p, q, kv)
	k, v := l.keys(kv, w, 0)
	y, weights = l.query(p, q, w, k, v, mask, 0)
	return stay.Return(y, weights), weights
}

// Cache is what attention remembers of the places before: their keys and
// values, [N, Heads, T, Dim/Heads], and a [DecoderBlock]'s of the sequence that
// it looks at. The zero Cache remembers nothing.
type Cache struct{ K, V, CrossK, CrossV tensor.Tensor }

// Keep copies the cache out of its pass, where the gradient stops.
func (c Cache) Keep() Cache {
	for _, t := range []*tensor.Tensor{&c.K, &c.V, &c.CrossK, &c.CrossV} {
		if *t != (tensor.Tensor{}) {
			*t = t.Keep()
		}
	}
	return c
}

// Len is how many places the cache remembers.
func (c Cache) Len() int {
	if c.K == (tensor.Tensor{}) {
		return 0
	}
	return c.K.Dim(2)
}

// Extend has x [N, T, D], the places that follow those in the cache, look at
// the latter and at each other (with Causal, each at itself and before), and
// returns the cache with them: place by place, it gives what Attend gives of
// all at once. mask is as Attend's, Tk the places in all.
func (l *Attention) Extend(p *Pass, x, mask tensor.Tensor, c Cache) (tensor.Tensor, Cache) {
	stay := p.Enter(l)
	l.check(p, x, x, mask)
	w, from := l.weights(p, x, x), c.Len()
	k, v := l.keys(x, w, from)
	if from > 0 {
		if c.K.Dim(0) != x.Dim(0) {
			fail(&tensor.Error{Op: "nn.Attention", Layer: p.label(), Shapes: [][]int{x.Shape(), c.K.Shape()},
				Why: "the cache is of a batch of another size", Fix: "extend each batch's own cache, or start with Cache{}"})
		}
		k, v = tensor.Concat(2, c.K, k), tensor.Concat(2, c.V, v)
	}
	y, _ := l.query(p, x, w, k, v, mask, from)
	c.K, c.V = k, v
	return stay.Return(y, k, v), c
}

// projections are the weights and the biases of queries, keys and values.
type projections struct{ w, b [3]tensor.Tensor }

func (l *Attention) weights(p *Pass, q, kv tensor.Tensor) (w projections) {
	d, init := l.Dim, orDefault(l.Init, 0)
	b := p.bias(&l.InBias, l.NoBias, nil, 3*d)
	if q.Dim(2) == d && kv.Dim(2) == d {
		all := p.Param(&l.InProj, init, 3*d, d)
		for i := range w.w {
			w.w[i] = all.Slice(0, i*d, (i+1)*d)
		}
	} else {
		w.w = [3]tensor.Tensor{p.Param(&l.QProj, init, d, q.Dim(2)), p.Param(&l.KProj, init, d, kv.Dim(2)), p.Param(&l.VProj, init, d, kv.Dim(2))}
	}
	for i := range w.b {
		if b.Valid() {
			w.b[i] = b.Slice(0, i*d, (i+1)*d)
		}
	}
	if p.build != nil {
		n, tq, tk := q.Dim(0), q.Dim(1), kv.Dim(1)
		p.work(n, n, d, tq*q.Dim(2)+2*tk*kv.Dim(2)+2*tq*tk)
	}
	return w
}

// keys returns keys and values of places from on, [N, Heads, T, Dim/Heads].
func (l *Attention) keys(kv tensor.Tensor, w projections, from int) (k, v tensor.Tensor) {
	k = l.split(engine.Linear(kv, w.w[1], w.b[1], 0, 0), from, l.Rotary)
	return k, l.split(engine.Linear(kv, w.w[2], w.b[2], 0, 0), from, false)
}

// query has q, places from on, look at keys and values.
func (l *Attention) query(p *Pass, q tensor.Tensor, w projections, k, v, mask tensor.Tensor, from int) (y, weights tensor.Tensor) {
	tq := q.Dim(1)
	qs := l.split(engine.Linear(q, w.w[0], w.b[0], 0, 0), from, l.Rotary)
	weights = looking(similarity(qs, k), l.look(q, mask, k.Dim(2), from))
	used := weights
	if l.Dropout > 0 && p.Noisy() {
		used = engine.Dropout(weights, l.Dropout, p.Rand())
	}
	y = used.MatMul(v).Permute(0, 2, 1, 3).Reshape(q.Dim(0), tq, l.Dim)
	return p.Apply(y, l.out(p)), weights
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

// split turns [N, T, Dim] into [N, Heads, T, Dim/Heads], and by the angles of
// places from on.
func (l *Attention) split(x tensor.Tensor, from int, turn bool) tensor.Tensor {
	heads := max(l.Heads, 1)
	x = x.Reshape(x.Dim(0), x.Dim(1), heads, x.Dim(2)/heads).Permute(0, 2, 1, 3)
	if turn {
		return rotated(x, from)
	}
	return x
}

// look joins the mask with what Causal allows queries from place from on; the
// zero Tensor if everything may be seen.
func (l *Attention) look(q, mask tensor.Tensor, tk, from int) tensor.Tensor {
	tq := q.Dim(1)
	if !l.Causal || tq == 1 && from == tk-1 { // the last place sees all
		return mask
	}
	rows, cols := q.Full(1, tq).CumSum(0).Shift(float64(from)).Reshape(1, 1, tq, 1), q.Full(1, tk).CumSum(0).Reshape(1, 1, 1, tk)
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
	heads := max(l.Heads, 1)
	if l.Dim%heads != 0 {
		fail(&tensor.Error{Op: "nn.Attention", Layer: p.label(), Why: fmt.Sprintf("%d heads do not divide Dim %d", l.Heads, l.Dim), Fix: "choose Dim as a multiple of Heads"})
	}
	if l.Rotary && l.Dim/heads%2 != 0 {
		fail(&tensor.Error{Op: "nn.Attention", Layer: p.label(), Why: fmt.Sprintf("Rotary turns pairs, and a head has %d values", l.Dim/heads), Fix: "choose Dim as an even multiple of Heads"})
	}
	if mask != (tensor.Tensor{}) && (mask.Rank() != 4 || mask.DType() != tensor.Bool) {
		fail(&tensor.Error{Op: "nn.Attention", Layer: p.label(), Shapes: [][]int{mask.Shape()},
			Why: "the mask is not bool [N or 1, Heads or 1, Tq, Tk]", Fix: "reshape it to four axes, true where a query may look"})
	}
}

// AdditiveAttention lets each place of q look at all places of kv, by a score
// that a small network gives: Score·tanh(Query·q + Key·k).
//
//	q        [N, Tq, Dq]
//	kv       [N, Tk, D]
//	out      [N, Tq, D]   the mean of kv by the weights
//	weights  [N, Tq, Tk], rows sum to 1
//
// Source: Bahdanau et al. 2015, "Neural machine translation by jointly learning
// to align and translate".
type AdditiveAttention struct {
	Hidden int

	Query Linear // without a bias
	Key   Linear
	Score Linear // to one value, without a bias
}

// Attend has q look at kv. mask is bool, true where a query may look, of shape
// [N or 1, Tq or 1, Tk]; the zero Tensor: everywhere.
func (l *AdditiveAttention) Attend(p *Pass, q, kv, mask tensor.Tensor) (y, weights tensor.Tensor) {
	stay := p.Enter(l)
	p.sequences("nn.AdditiveAttention", q)
	p.sequences("nn.AdditiveAttention", kv)
	if p.build != nil {
		p.positive("nn.AdditiveAttention", "Hidden", l.Hidden)
		l.Query.Out, l.Key.Out, l.Score.Out = l.Hidden, l.Hidden, 1
		l.Query.NoBias, l.Score.NoBias = true, true
	}
	n, tq, tk := q.Dim(0), q.Dim(1), kv.Dim(1)
	from, to := p.Apply(q, &l.Query).Unsqueeze(2), p.Apply(kv, &l.Key).Unsqueeze(1)
	score := p.Apply(from.Add(to).Tanh(), &l.Score).Reshape(n, tq, tk)
	weights = looking(score, mask)
	y = weights.MatMul(kv)
	return stay.Return(y, weights), weights
}
