package prose

import (
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// writer is a language model: it reads characters and gives, after each, the
// scores of the next. An LSTM carries a memory from stretch to stretch, a GPT
// keys and values of the places before.
type writer struct {
	Embed  nn.Embedding
	Drop   nn.Dropout
	LSTM   *nn.LSTM
	Blocks []nn.EncoderBlock
	Norm   *nn.LayerNorm
	Head   nn.Linear
}

// state is what a writer knows of the characters before; the zero value is a
// fresh start.
type state struct {
	memory nn.Memory
	caches []nn.Cache
}

// keep copies the state out of its pass.
func (s state) keep() state {
	k := state{memory: s.memory.Keep()}
	for _, c := range s.caches {
		k.caches = append(k.caches, c.Keep())
	}
	return k
}

func newWriter(c *Config, size int) *writer {
	m := &writer{Drop: nn.Dropout{Rate: c.Dropout}, Head: nn.Linear{Out: size}}
	if c.Model == "gpt" {
		m.Embed = nn.Embedding{Count: size, Dim: c.Width, Init: nn.Normal(0.1)}
		for range c.Layers {
			m.Blocks = append(m.Blocks, nn.EncoderBlock{Heads: c.Heads, Act: nn.GELU, Dropout: c.Dropout, NormFirst: true, Causal: true, Rotary: true})
		}
		m.Norm = &nn.LayerNorm{}
		return m
	}
	m.Embed = nn.Embedding{Count: size, Dim: c.Dim, Init: nn.Normal(0.1)}
	m.LSTM = &nn.LSTM{Hidden: c.Width, Layers: c.Layers, Dropout: c.Dropout, WeightDrop: c.WeightDrop, ForgetBias: 1}
	return m
}

// Forward reads texts from a fresh start.
//
//	ids  [N, T] int32
//	out  [N, T, size]
func (m *writer) Forward(p *nn.Pass, ids tensor.Tensor) tensor.Tensor {
	logits, _ := m.run(p, ids, state{})
	return logits
}

// run reads texts that go on where those that s is of ended.
func (m *writer) run(p *nn.Pass, ids tensor.Tensor, s state) (tensor.Tensor, state) {
	h := p.Apply(ids, &m.Embed)
	var next state
	if m.LSTM != nil {
		h, next.memory = m.LSTM.Run(p, h, s.memory)
		return p.Apply(h, &m.Drop, &m.Head), next
	}
	h = p.Apply(h, &m.Drop)
	for i := range m.Blocks {
		var c nn.Cache
		if s.caches != nil {
			c = s.caches[i]
		}
		h, c = m.Blocks[i].Run(p, h, tensor.Tensor{}, c)
		next.caches = append(next.caches, c)
	}
	return p.Apply(h, m.Norm, &m.Head), next
}
