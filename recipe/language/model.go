package language

import (
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// reader is the network: characters and blocks become vectors, convolutions
// look at a few of them in a row, as n-grams are, and what they find is pooled
// over the text, whatever its length.
//
//	x    [N, T, 2] int32   characters and blocks, 0 past a text's end
//	out  [N, classes]
type reader struct {
	Chars, Blocks nn.Embedding
	Convs         []nn.Conv1D
	GRU           *nn.GRU          // with model=gru
	Block         *nn.EncoderBlock // with model=transformer
	Drop          nn.Dropout
	Head          nn.Linear
}

func newReader(c *Config, a *alphabet, classes int) *reader {
	chars, blocks := a.sizes()
	m := &reader{
		Chars:  nn.Embedding{Count: chars, Dim: c.Dim, Padding: []int{padding}, Init: nn.Normal(0.1)},
		Blocks: nn.Embedding{Count: blocks, Dim: c.Dim, Padding: []int{padding}, Init: nn.Normal(0.1)},
		Drop:   nn.Dropout{Rate: c.Dropout}, Head: nn.Linear{Out: classes},
	}
	switch c.Model {
	case "gru":
		m.GRU = &nn.GRU{Hidden: c.Width / 2, Bidirectional: true}
	case "transformer":
		m.Block = &nn.EncoderBlock{Heads: 4, Hidden: 2 * c.Width, NormFirst: true, Rotary: true}
	}
	for range c.Layers {
		m.Convs = append(m.Convs, nn.Conv1D{Out: c.Width, Kernel: c.Kernel, Causal: true, Act: nn.ReLU})
	}
	return m
}

// Forward reads texts.
func (m *reader) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	chars, blocks := x.Index(2, 0).To(tensor.Int32), x.Index(2, 1).To(tensor.Int32)
	inside := chars.Full(padding).Less(chars)
	on := inside.To(tensor.Float32).Unsqueeze(2) // [N, T, 1]
	h := p.Apply(chars, &m.Chars).Add(p.Apply(blocks, &m.Blocks))
	for i := range m.Convs {
		h = p.Apply(h, &m.Convs[i]).Mul(on)
	}
	length := on.Sum(1) // [N, 1]
	switch {
	case m.GRU != nil:
		h, _ = m.GRU.Run(p, h, nn.Memory{}, length.Squeeze(1).To(tensor.Int32))
	case m.Block != nil:
		h, _ = m.Block.Run(p, h, inside.Unsqueeze(1).Unsqueeze(1), nn.Cache{})
	}
	mean := h.Mul(on).Sum(1).Div(length.Maximum(length.Full(1)))
	most := h.Add(on.Shift(-1).Scale(outside)).Max(1)
	return p.Apply(tensor.Concat(1, mean, most), &m.Drop, &m.Head)
}

// outside puts what lies past a text's end below anything that a place in it
// can have.
const outside = 1e4
