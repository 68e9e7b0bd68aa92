package dates

import (
	"context"
	"math"

	"github.com/limpid-ml/limpid/data/token"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/model/decode"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// Translator reads a sequence of symbols in both directions, then writes
// another, each symbol by what it wrote before and by a weighted mean of what it
// read.
//
// Source: Bahdanau et al. 2015, "Neural machine translation by jointly learning
// to align and translate"; the order of attending after the recurrent step, and
// the layer that joins both, are those of Luong et al. 2015, "Effective
// approaches to attention-based neural machine translation".
type Translator struct {
	In      nn.Embedding
	Encoder nn.GRU
	Begin   nn.Linear // from the mean of what was read to the decoder's first state

	Out     nn.Embedding
	Decoder nn.GRU
	Look    nn.Attention
	Join    nn.Linear
	Drop    nn.Dropout
	Head    nn.Linear
}

// newTranslator makes a translator from sources to targets of so many symbols.
func newTranslator(c *Config, sources, targets int) *Translator {
	h := c.Hidden
	return &Translator{
		In:      nn.Embedding{Count: sources, Dim: c.Embed},
		Encoder: nn.GRU{Hidden: h / 2, Bidirectional: true},
		Begin:   nn.Linear{Out: h, Act: nn.Tanh},
		Out:     nn.Embedding{Count: targets, Dim: c.Embed},
		Decoder: nn.GRU{Hidden: h},
		Look:    nn.Attention{Dim: h, Heads: 1},
		Join:    nn.Linear{Out: h, Act: nn.Tanh},
		Drop:    nn.Dropout{Rate: c.Dropout},
		Head:    nn.Linear{Out: targets},
	}
}

// read is a batch that was read: a state for each symbol [N, T, Hidden], where
// symbols are [N, 1, 1, T], and the decoder's first state.
type read struct {
	states, mask tensor.Tensor
	memory       nn.Memory
}

// Read reads sources [N, T] of the given lengths [N].
func (m *Translator) Read(p *nn.Pass, sources, lengths tensor.Tensor) read {
	states, _ := m.Encoder.Run(p, p.Apply(sources, &m.In), nn.Memory{}, lengths)
	mean := states.Sum(1).Div(lengths.To(states.DType()).Unsqueeze(-1))
	first := p.Apply(mean, &m.Begin).Unsqueeze(0)
	mask := nn.LengthMask(lengths, sources.Dim(1)).Unsqueeze(1).Unsqueeze(1)
	return read{states, mask, nn.Memory{H: first}}
}

// Write returns the scores [N, U, symbols] of what comes after each of the
// symbols written so far [N, U], where it looked [N, U, T], and the state to go
// on from.
func (m *Translator) Write(p *nn.Pass, r read, written tensor.Tensor) (scores, looked tensor.Tensor, next nn.Memory) {
	h, next := m.Decoder.Run(p, p.Apply(written, &m.Out), r.memory)
	seen, looked := m.Look.Attend(p, h, r.states, r.mask)
	return p.Apply(tensor.Concat(-1, h, seen), &m.Join, &m.Drop, &m.Head), looked.Squeeze(1), next
}

// trace runs all of the model once, for nn.Build.
func (m *Translator) trace(p *nn.Pass) {
	ids := tensor.Ints(0, 0, 0, 0).Reshape(2, 2)
	m.Write(p, m.Read(p, ids, tensor.Ints(2, 2)), ids)
}

// objective is the mean loss over the symbols of the targets.
func (m *Translator) objective(p *nn.Pass, b batch) tensor.Tensor {
	scores, _, _ := m.Write(p, m.Read(p, b.sources, b.lengths), b.written)
	return loss.CrossEntropy(scores, b.targets)
}

// batch is what a step learns from: sources [N, T], their lengths [N], targets
// [N, U] with their ends, and the same one symbol late.
type batch struct{ sources, lengths, written, targets tensor.Tensor }

// answer is a target that was found.
type answer struct {
	symbols []int32 // without the end
	chance  float64 // the probability of all of it
}

// perCall is how many sources are translated side by side.
const perCall = 256

// translate writes the likeliest next symbol, again and again, for each source:
// at most so many.
func translate(ctx context.Context, net *nn.Net, m *Translator, sources [][]int32, most int) ([]answer, error) {
	all := make([]answer, 0, len(sources))
	for from := 0; from < len(sources); from += perCall {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		some, err := translateSome(net, m, sources[from:min(from+perCall, len(sources))], most)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

func translateSome(net *nn.Net, m *Translator, sources [][]int32, most int) ([]answer, error) {
	all, ended := make([]answer, len(sources)), make([]bool, len(sources))
	for i := range all {
		all[i].chance = 1
	}
	ids, lengths := token.Pad(sources, padding)
	err := net.Do(func(p *nn.Pass) error {
		r := m.Read(p, ids, lengths)
		last := make([]int32, len(sources))
		for i := range last {
			last[i] = start
		}
		for left := len(sources); left > 0 && most > 0; most-- {
			var scores tensor.Tensor
			scores, _, r.memory = m.Write(p, r, tensor.Of(last, len(last), 1))
			rows := tensor.Data[float32](scores.Softmax(-1))
			for i := range last {
				if ended[i] {
					continue
				}
				row := rows[i*targetsOf(scores) : (i+1)*targetsOf(scores)]
				last[i] = likeliest(row)
				all[i].chance *= float64(row[last[i]])
				if ended[i] = last[i] == end; ended[i] {
					left--
					continue
				}
				all[i].symbols = append(all[i].symbols, last[i])
			}
		}
		return nil
	})
	return all, err
}

// targetsOf is how many symbols there are to score.
func targetsOf(scores tensor.Tensor) int { return scores.Dim(-1) }

// likeliest returns the place of the greatest value, of equal ones the first.
func likeliest(row []float32) int32 {
	best := 0
	for i, v := range row {
		if v > row[best] {
			best = i
		}
	}
	return int32(best)
}

// search looks for the likeliest target of one source, several beginnings at a
// time.
func search(ctx context.Context, net *nn.Net, m *Translator, source []int32, width, most int) (answer, error) {
	var r read
	ids, lengths := token.Pad([][]int32{source}, padding)
	err := net.Do(func(p *nn.Pass) error {
		r = m.Read(p, ids, lengths)
		r = read{r.states.Keep(), r.mask.Keep(), r.memory.Keep()}
		return nil
	})
	if err != nil {
		return answer{}, err
	}
	found, err := decode.Search(ctx, decode.Beam{Width: width, Length: most + 1, End: end}, r.memory, start, func(memories []nn.Memory, last []int32) (scores [][]float32, next []nn.Memory, err error) {
		for i, memory := range memories {
			err := net.Do(func(p *nn.Pass) error {
				s, _, after := m.Write(p, read{r.states, r.mask, memory}, tensor.Of(last[i:i+1], 1, 1))
				scores, next = append(scores, tensor.Data[float32](s.Keep())), append(next, after.Keep())
				return nil
			})
			if err != nil {
				return nil, nil, err
			}
		}
		return scores, next, nil
	})
	if err != nil || len(found) == 0 {
		return answer{}, err
	}
	return answer{found[0].Symbols, math.Exp(found[0].LogProb)}, nil
}

// looks returns where the network looked for each symbol of a target: a row of
// weights over the source each, the last for the end.
func looks(net *nn.Net, m *Translator, source, target []int32) (rows [][]float64, err error) {
	ids, lengths := token.Pad([][]int32{source}, padding)
	written := append([]int32{start}, target...)
	err = net.Do(func(p *nn.Pass) error {
		_, looked, _ := m.Write(p, m.Read(p, ids, lengths), tensor.Of(written, 1, len(written)))
		values := tensor.Data[float32](looked)
		for u := range written {
			row := make([]float64, len(source))
			for t := range row {
				row[t] = float64(values[u*len(source)+t])
			}
			rows = append(rows, row)
		}
		return nil
	})
	return rows, err
}
