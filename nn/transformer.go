package nn

import "github.com/limpid-ml/limpid/tensor"

// EncoderBlock is a block of a transformer: attention of a sequence to itself,
// then two linear layers at each place, both with a residual. With Causal it is
// the block of a language model such as GPT.
//
//	x    [N, T, D]
//	out  [N, T, D]
//
// Parameters are named as those of PyTorch's TransformerEncoderLayer:
// self_attn, linear1, linear2, norm1, norm2.
//
// Source: Vaswani et al. 2017, "Attention is all you need"; Xiong et al. 2020,
// "On layer normalization in the transformer architecture", for NormFirst.
type EncoderBlock struct {
	Heads     int // 0: 1
	Hidden    int // between the linear layers; 0: 4·D
	Act       Act // there; left out: ReLU
	Dropout   float64
	NormFirst bool // normalise what goes into a branch, not the sum
	RMS       bool // normalise by the root of the mean square
	Causal    bool
	Rotary    bool

	SelfAttn         Attention
	Linear1, Linear2 Linear
	Norm1, Norm2     LayerNorm
}

// Forward runs the block on whole sequences.
func (l *EncoderBlock) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	y, _ := l.Run(p, x, tensor.Tensor{}, Cache{})
	return y
}

// Run runs the block on x, the places that follow those in the cache, and
// returns the cache with them: place by place, with Causal, it gives what
// Forward gives of all at once. mask is as [Attention.Attend]'s, or the zero
// Tensor.
func (l *EncoderBlock) Run(p *Pass, x, mask tensor.Tensor, c Cache) (tensor.Tensor, Cache) {
	stay := p.Enter(l)
	p.sequences("nn.EncoderBlock", x)
	b := branch{p, l.Dropout, l.NormFirst}
	if p.build != nil {
		b.complete(x.Dim(2), l.Act, l.Hidden, &l.Linear1, &l.Linear2)
		l.SelfAttn.Dim, l.SelfAttn.Heads, l.SelfAttn.Dropout, l.SelfAttn.Causal, l.SelfAttn.Rotary = x.Dim(2), l.Heads, l.Dropout, l.Causal, l.Rotary
		l.Norm1.RMS, l.Norm2.RMS = l.RMS, l.RMS
	}
	x = b.around(x, &l.Norm1, func(x tensor.Tensor) (y tensor.Tensor) {
		y, c = l.SelfAttn.Extend(p, x, mask, c)
		return y
	})
	x = b.around(x, &l.Norm2, func(x tensor.Tensor) tensor.Tensor { return b.feed(x, &l.Linear1, &l.Linear2) })
	return stay.Return(x, c.K, c.V), c
}

// DecoderBlock is a block of a transformer that writes one sequence while it
// looks at another, memory: causal attention to itself, attention to memory,
// two linear layers at each place, all with a residual.
//
//	x       [N, T, D]
//	memory  [N, S, Dm]
//	out     [N, T, D]
//
// Parameters are named as those of PyTorch's TransformerDecoderLayer:
// self_attn, multihead_attn, linear1, linear2, norm1, norm2, norm3.
//
// Source: Vaswani et al. 2017, "Attention is all you need".
type DecoderBlock struct {
	Heads     int // 0: 1
	Hidden    int // between the linear layers; 0: 4·D
	Act       Act // there; left out: ReLU
	Dropout   float64
	NormFirst bool // normalise what goes into a branch, not the sum
	RMS       bool // normalise by the root of the mean square
	Rotary    bool // in the attention to itself

	SelfAttn, MultiheadAttn Attention
	Linear1, Linear2        Linear
	Norm1, Norm2, Norm3     LayerNorm
}

// Run runs the block on x, the places that follow those in the cache (Cache{}
// at first), and returns the cache with them: place by place it gives what it
// gives of all at once. mask tells where x may look in memory, as
// [Attention.Attend]'s, or is the zero Tensor. A cache belongs to its memory:
// keys and values of it are computed once.
func (l *DecoderBlock) Run(p *Pass, x, memory, mask tensor.Tensor, c Cache) (tensor.Tensor, Cache) {
	stay := p.Enter(l)
	p.sequences("nn.DecoderBlock", x)
	b := branch{p, l.Dropout, l.NormFirst}
	if p.build != nil {
		b.complete(x.Dim(2), l.Act, l.Hidden, &l.Linear1, &l.Linear2)
		for _, a := range []*Attention{&l.SelfAttn, &l.MultiheadAttn} {
			a.Dim, a.Heads, a.Dropout = x.Dim(2), l.Heads, l.Dropout
		}
		l.SelfAttn.Causal, l.SelfAttn.Rotary = true, l.Rotary
		l.Norm1.RMS, l.Norm2.RMS, l.Norm3.RMS = l.RMS, l.RMS, l.RMS
	}
	x = b.around(x, &l.Norm1, func(x tensor.Tensor) (y tensor.Tensor) {
		y, c = l.SelfAttn.Extend(p, x, tensor.Tensor{}, c)
		return y
	})
	x = b.around(x, &l.Norm2, func(x tensor.Tensor) (y tensor.Tensor) {
		y, c = l.MultiheadAttn.cross(p, x, memory, mask, c)
		return y
	})
	x = b.around(x, &l.Norm3, func(x tensor.Tensor) tensor.Tensor { return b.feed(x, &l.Linear1, &l.Linear2) })
	return stay.Return(x, c.K, c.V, c.CrossK, c.CrossV), c
}

// cross has x look at memory, of which the cache may hold keys and values.
func (l *Attention) cross(p *Pass, x, memory, mask tensor.Tensor, c Cache) (tensor.Tensor, Cache) {
	stay := p.Enter(l)
	l.check(p, x, memory, mask)
	w := l.weights(p, x, memory)
	if c.CrossK == (tensor.Tensor{}) {
		c.CrossK, c.CrossV = l.keys(memory, w, 0)
	}
	y, _ := l.query(p, x, w, c.CrossK, c.CrossV, mask, 0)
	return stay.Return(y, c.CrossK, c.CrossV), c
}

// branch is how a block's branches are put around its layers.
type branch struct {
	p         *Pass
	dropout   float64
	normFirst bool
}

// complete sets up the linear layers of a block of d channels.
func (b branch) complete(d int, act Act, hidden int, l1, l2 *Linear) {
	if hidden == 0 {
		hidden = 4 * d
	}
	if act == 0 {
		act = ReLU
	}
	l1.Out, l1.Act, l2.Out = hidden, act, d
}

// around is x + f(norm(x)), or norm(x + f(x)).
func (b branch) around(x tensor.Tensor, norm *LayerNorm, f func(x tensor.Tensor) tensor.Tensor) tensor.Tensor {
	if b.normFirst {
		return x.Add(b.drop(f(b.p.Apply(x, norm))))
	}
	return b.p.Apply(x.Add(b.drop(f(x))), norm)
}

func (b branch) feed(x tensor.Tensor, l1, l2 *Linear) tensor.Tensor {
	return b.p.Apply(b.drop(b.p.Apply(x, l1)), l2)
}

func (b branch) drop(x tensor.Tensor) tensor.Tensor {
	if b.dropout > 0 && b.p.Noisy() {
		return engine.Dropout(x, b.dropout, b.p.Rand())
	}
	return x
}
