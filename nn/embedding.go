package nn

import "github.com/limpid-ml/limpid/tensor"

// Embedding looks up a row for each id.
//
//	x    [...] int32, ids in 0…Count−1
//	out  [..., Dim]
type Embedding struct {
	Count, Dim int
	// Padding lists ids that mean nothing: they give zeros and learn nothing.
	Padding []int
	Init    Init // of Weight; left out: N(0, 1)

	Weight Param // [Count, Dim]
}

// Forward looks up x.
func (l *Embedding) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	stay := p.Enter(l)
	init := l.Init
	if p.build != nil {
		p.positive("nn.Embedding", "Count", l.Count)
		p.positive("nn.Embedding", "Dim", l.Dim)
		if d := x.DType(); d == tensor.Float32 || d == tensor.Float64 {
			x = x.To(tensor.Int32) // Build's zeros stand for ids
		}
	}
	if init == nil {
		init = embedded
	}
	w := p.Param(&l.Weight, init, l.Count, l.Dim)
	if x.DType() != tensor.Int32 {
		p.wants("nn.Embedding", x, "int32 ids (it holds "+x.DType().String()+")")
	}
	y := w.Take(0, x)
	if len(l.Padding) > 0 {
		y = tensor.Where(l.padding(x).Unsqueeze(-1), y.Full(0), y)
	}
	return stay.Return(y)
}

// padding tells for each id whether it is one to leave out.
func (l *Embedding) padding(x tensor.Tensor) tensor.Tensor {
	pad := x.Eq(x.Full(float64(l.Padding[0])))
	for _, id := range l.Padding[1:] {
		pad = tensor.Where(pad, pad, x.Eq(x.Full(float64(id)))) // or
	}
	return pad
}

// Logits multiplies h [..., Dim] by the rows: [..., Count], a score for each
// id. The output of a language model is tied to its input that way.
//
// Source: Press and Wolf 2017, "Using the output embedding to improve language
// models".
func (l *Embedding) Logits(p *Pass, h tensor.Tensor) tensor.Tensor {
	return engine.Linear(h, p.Use(&l.Weight), tensor.Tensor{}, 0, 0)
}
