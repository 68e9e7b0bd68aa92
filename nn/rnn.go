package nn

import (
	"math"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/tensor"
)

// LSTM is a long short-term memory, over a sequence.
//
//	x    [N, T, C]
//	out  [N, T, Hidden], or 2·Hidden if Bidirectional
//
// The gates stand in the order i, f, g, o; there are two biases, as PyTorch
// has them, and its names: weight_ih_l0 [4·Hidden, C], weight_hh_l0, ….
//
// With Proj a step's state is Proj values of Hidden ones, and so is the result
// (weight_hr_l0). With Norm the products of the input and of the state are
// normalised over the gates, and C before it shows (norm_ih_l0, norm_hh_l0,
// norm_cell_l0); both run slower, step by step.
//
// Source: Hochreiter and Schmidhuber 1997, "Long short-term memory"; Gers et
// al. 2000, "Learning to forget"; Sak et al. 2014, "Long short-term memory
// based recurrent neural network architectures", for Proj; Ba et al. 2016,
// "Layer normalization"; Merity et al. 2018, "Regularizing and optimizing LSTM
// language models", for WeightDrop.
type LSTM struct {
	Hidden        int
	Layers        int // 0: 1
	Bidirectional bool
	NoBias        bool
	Proj          int     // 0: none
	Norm          bool    // layer normalisation
	Dropout       float64 // between layers
	WeightDrop    float64 // of the recurrent weights, drawn once a call
	ForgetBias    float64 // added to the forget gates' bias at first: 1 keeps more from the start
	Init          Init    // of all its parameters; left out: uniform in ±1/√Hidden

	cells []*cell
}

func (l *LSTM) parts(yield func(string, *Param)) {
	l.cells = named(l.cells, l.Layers, l.Bidirectional, yield)
}

// named makes a layer's cells and names their parameters.
func named(cells []*cell, layers int, both bool, yield func(string, *Param)) []*cell {
	d := directions(both)
	cells = grown(cells, d*max(layers, 1))
	for i, c := range cells {
		c.names(i, d, yield)
	}
	return cells
}

// Forward runs x from a fresh start.
func (l *LSTM) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	p.sequences("nn.LSTM", x)
	y, _ := l.Run(p, x, Memory{})
	return y
}

// Run runs x from m on and returns the memory after its last step as well. x
// may be one step, [N, C]; then out is [N, Hidden].
//
// Of sequences of different lengths, give their lengths, int32 [N]: each runs
// as if alone, its own last step is where the way back starts and what the
// memory is of, and out is 0 past it.
func (l *LSTM) Run(p *Pass, x tensor.Tensor, m Memory, lengths ...tensor.Tensor) (tensor.Tensor, Memory) {
	stay := p.Enter(l)
	r := recurrence{p: p, name: "nn.LSTM", kind: backstage.CellLSTM, cells: l.cells, dirs: directions(l.Bidirectional), hidden: l.Hidden, proj: l.Proj,
		noBias: l.NoBias, norm: l.Norm, dropout: l.Dropout, weightDrop: l.WeightDrop, init: orRecurrent(l.Init, lstmInit), projInit: l.Init}
	if r.biasInit = r.init; l.ForgetBias != 0 && p.build != nil {
		r.biasInit = forgetful(r.init, l.Hidden, l.ForgetBias)
	}
	y, next := r.run(x, m, lengths)
	return stay.Return(y, next.H, next.C), next
}

var lstmInit, gruInit, rnnInit = recurrent(4), recurrent(3), recurrent(1)

// projected draws uniformly from ±1/√n, n the number of inputs.
func projected(r *tensor.Rand, shape []int) tensor.Tensor {
	a := 1 / math.Sqrt(float64(max(shape[1], 1)))
	return r.Uniform(-a, a, shape...)
}

func orRecurrent(chosen, usual Init) Init {
	if chosen != nil {
		return chosen
	}
	return usual
}

// forgetful adds bias to the forget gates' part of an LSTM's bias.
//
// Source: Jozefowicz et al. 2015, "An empirical exploration of recurrent
// network architectures".
func forgetful(init Init, n int, bias float64) Init {
	return func(r *tensor.Rand, shape []int) tensor.Tensor {
		v := init(r, shape)
		return tensor.Concat(0, v.Slice(0, 0, n), v.Slice(0, n, 2*n).Shift(bias), v.Slice(0, 2*n, 4*n))
	}
}

// GRU is a gated recurrent unit, over a sequence.
//
//	x    [N, T, C]
//	out  [N, T, Hidden], or 2·Hidden if Bidirectional
//
// The gates stand in the order r, z, n, with the reset applied after the
// product, as PyTorch's; names are as [LSTM]'s, and so is Norm.
//
// Source: Cho et al. 2014, "Learning phrase representations using RNN
// encoder-decoder".
type GRU struct {
	Hidden        int
	Layers        int // 0: 1
	Bidirectional bool
	NoBias        bool
	Norm          bool    // layer normalisation
	Dropout       float64 // between layers
	WeightDrop    float64 // of the recurrent weights, drawn once a call
	Init          Init    // of all its parameters; left out: uniform in ±1/√Hidden

	cells []*cell
}

func (l *GRU) parts(yield func(string, *Param)) {
	l.cells = named(l.cells, l.Layers, l.Bidirectional, yield)
}

// Forward runs x from a fresh start.
func (l *GRU) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	p.sequences("nn.GRU", x)
	y, _ := l.Run(p, x, Memory{})
	return y
}

// Run runs x from m on, see [LSTM.Run].
func (l *GRU) Run(p *Pass, x tensor.Tensor, m Memory, lengths ...tensor.Tensor) (tensor.Tensor, Memory) {
	stay := p.Enter(l)
	r := recurrence{p: p, name: "nn.GRU", kind: backstage.CellGRU, cells: l.cells, dirs: directions(l.Bidirectional), hidden: l.Hidden,
		noBias: l.NoBias, norm: l.Norm, dropout: l.Dropout, weightDrop: l.WeightDrop, init: orRecurrent(l.Init, gruInit)}
	r.biasInit = r.init
	y, next := r.run(x, m, lengths)
	return stay.Return(y, next.H), next
}

// RNN is the plain recurrent layer, over a sequence: h ← tanh(x·W + h·U + b).
//
//	x    [N, T, C]
//	out  [N, T, Hidden], or 2·Hidden if Bidirectional
//
// Names are as [LSTM]'s, and so is Norm.
//
// Source: Elman 1990, "Finding structure in time".
type RNN struct {
	Hidden        int
	Layers        int // 0: 1
	Bidirectional bool
	NoBias        bool
	ReLU          bool    // in place of tanh
	Norm          bool    // layer normalisation
	Dropout       float64 // between layers
	WeightDrop    float64 // of the recurrent weights, drawn once a call
	Init          Init    // of all its parameters; left out: uniform in ±1/√Hidden

	cells []*cell
}

func (l *RNN) parts(yield func(string, *Param)) {
	l.cells = named(l.cells, l.Layers, l.Bidirectional, yield)
}

// Forward runs x from a fresh start.
func (l *RNN) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	p.sequences("nn.RNN", x)
	y, _ := l.Run(p, x, Memory{})
	return y
}

// Run runs x from m on, see [LSTM.Run].
func (l *RNN) Run(p *Pass, x tensor.Tensor, m Memory, lengths ...tensor.Tensor) (tensor.Tensor, Memory) {
	stay := p.Enter(l)
	r := recurrence{p: p, name: "nn.RNN", cells: l.cells, dirs: directions(l.Bidirectional), hidden: l.Hidden,
		noBias: l.NoBias, norm: l.Norm, dropout: l.Dropout, weightDrop: l.WeightDrop, init: orRecurrent(l.Init, rnnInit)}
	if l.ReLU {
		r.kind = backstage.CellReLU
	}
	r.biasInit = r.init
	y, next := r.run(x, m, lengths)
	return stay.Return(y, next.H), next
}
