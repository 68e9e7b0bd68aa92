package nn

import (
	"fmt"

	"github.com/limpid-ml/limpid/tensor"
)

// Memory is what a recurrent layer carries from one stretch of a sequence to
// the next: H and, in an LSTM, C, [Layers·directions, N, Hidden]. The zero
// Memory is a fresh start.
type Memory struct{ H, C tensor.Tensor }

// Keep copies the memory out of its pass, where the gradient stops.
func (m Memory) Keep() Memory {
	if m.H != (tensor.Tensor{}) {
		m.H = m.H.Keep()
	}
	if m.C != (tensor.Tensor{}) {
		m.C = m.C.Keep()
	}
	return m
}

// cell holds the parameters of one layer in one direction.
type cell struct {
	wih, whh, bih, bhh Param // [gates·Hidden, In], [gates·Hidden, Hidden], [gates·Hidden] twice
}

// names gives the cells PyTorch's names: weight_ih_l0, bias_hh_l1_reverse.
func (c *cell) names(i, directions int, yield func(string, *Param)) {
	at := fmt.Sprintf("_l%d", i/directions)
	if i%directions == 1 {
		at += "_reverse"
	}
	yield("weight_ih"+at, &c.wih)
	yield("weight_hh"+at, &c.whh)
	yield("bias_ih"+at, &c.bih)
	yield("bias_hh"+at, &c.bhh)
}

// grown returns n cells, those that are there first.
func grown(have []*cell, n int) []*cell {
	for len(have) < n {
		have = append(have, &cell{})
	}
	return have[:n]
}

func directions(both bool) int {
	if both {
		return 2
	}
	return 1
}

// advance is one time step: from the gates' input gx [N, gates·Hidden] and the
// state before to the state after. LSTM and GRU differ in it alone.
type advance func(gx, h, c, whh, bhh tensor.Tensor) (tensor.Tensor, tensor.Tensor)

// recurrence is a stack of recurrent layers while it runs.
type recurrence struct {
	p       *Pass
	name    string
	cells   []*cell
	dirs    int
	hidden  int
	gates   int
	noBias  bool
	dropout float64
	carries bool // has a C
	step    advance
	init    Init
}

// run takes x [N, T, C] to y [N, T, directions·Hidden].
func (r *recurrence) run(x tensor.Tensor, m Memory) (tensor.Tensor, Memory) {
	p := r.p
	p.positive(r.name, "Hidden", r.hidden)
	if x.Rank() != 3 {
		p.wants(r.name, x, "three axes: [N, T, C]")
	}
	hs, cs := make([]tensor.Tensor, len(r.cells)), make([]tensor.Tensor, len(r.cells))
	for i := 0; i < len(r.cells); i += r.dirs {
		if i > 0 && r.dropout > 0 && p.Noisy() {
			x = engine.Dropout(x, r.dropout, p.Rand())
		}
		ys := make([]tensor.Tensor, r.dirs)
		for d := range r.dirs {
			ys[d], hs[i+d], cs[i+d] = r.direction(x, r.cells[i+d], i+d, m, d == 1)
		}
		if x = ys[0]; r.dirs == 2 {
			x = tensor.Concat(-1, ys...)
		}
	}
	next := Memory{H: tensor.Stack(0, hs...)}
	if r.carries {
		next.C = tensor.Stack(0, cs...)
	}
	return x, next
}

// direction runs one cell over the sequence, from its end if back.
func (r *recurrence) direction(x tensor.Tensor, c *cell, i int, m Memory, back bool) (y, h, carry tensor.Tensor) {
	p, n, steps, rows := r.p, x.Dim(0), x.Dim(1), r.gates*r.hidden
	wih := p.Param(&c.wih, r.init, rows, x.Dim(2))
	whh := p.Param(&c.whh, r.init, rows, r.hidden)
	bih, bhh := p.bias(&c.bih, r.noBias, r.init, rows), p.bias(&c.bhh, r.noBias, r.init, rows)
	if p.build != nil {
		p.work(n, n, steps, rows, x.Dim(2)+r.hidden)
	}
	h, carry = r.begin(x, m.H, i), tensor.Tensor{}
	if r.carries {
		carry = r.begin(x, m.C, i)
	}
	gx := engine.Linear(x.Permute(1, 0, 2), wih, bih, 0, 0) // all steps' inputs at once
	ys := make([]tensor.Tensor, steps)
	kept := make([]tensor.Tensor, 2)
	for k := range ys {
		t := k
		if back {
			t = steps - 1 - k
		}
		mark := engine.Mark(p.scope)
		h, carry = r.step(gx.Index(0, t), h, carry, whh, bhh)
		kept[0], kept[1] = h, carry
		engine.ReleaseBut(p.scope, mark, kept)
		ys[t] = h
	}
	if steps == 0 {
		return x.Full(0, n, 0, r.hidden), h, carry
	}
	return tensor.Stack(1, ys...), h, carry
}

// begin returns the state that cell i starts from.
func (r *recurrence) begin(x, from tensor.Tensor, i int) tensor.Tensor {
	if from == (tensor.Tensor{}) {
		return x.Full(0, x.Dim(0), r.hidden)
	}
	if from.Rank() != 3 || from.Dim(0) != len(r.cells) || from.Dim(1) != x.Dim(0) || from.Dim(2) != r.hidden {
		fail(&tensor.Error{Op: r.name, Layer: r.p.label(), Shapes: [][]int{x.Shape(), from.Shape()},
			Why: fmt.Sprintf("the memory is not [%d %d %d]", len(r.cells), x.Dim(0), r.hidden),
			Fix: "carry the memory of the same layer on a batch of the same size, or start with Memory{}"})
	}
	return from.Index(0, i)
}

// LSTM is a long short-term memory, over a sequence.
//
//	x    [N, T, C]
//	out  [N, T, Hidden], or 2·Hidden if Bidirectional
//
// The gates stand in the order i, f, g, o; there are two biases, as PyTorch
// has them, and its names: weight_ih_l0 [4·Hidden, C], weight_hh_l0, ….
//
// Source: Hochreiter and Schmidhuber 1997, "Long short-term memory"; Gers et
// al. 2000, "Learning to forget".
type LSTM struct {
	Hidden        int
	Layers        int // 0: 1
	Bidirectional bool
	NoBias        bool
	Dropout       float64 // between layers
	Init          Init    // of all its parameters; left out: uniform in ±1/√Hidden

	cells []*cell
}

func (l *LSTM) parts(yield func(string, *Param)) {
	d := directions(l.Bidirectional)
	l.cells = grown(l.cells, d*max(l.Layers, 1))
	for i, c := range l.cells {
		c.names(i, d, yield)
	}
}

// Forward runs x from a fresh start.
func (l *LSTM) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	y, _ := l.Run(p, x, Memory{})
	return y
}

// Run runs x from m on and returns the memory after its last step as well.
func (l *LSTM) Run(p *Pass, x tensor.Tensor, m Memory) (tensor.Tensor, Memory) {
	stay := p.Enter(l)
	r := recurrence{p: p, name: "nn.LSTM", cells: l.cells, dirs: directions(l.Bidirectional), hidden: l.Hidden, gates: 4,
		noBias: l.NoBias, dropout: l.Dropout, carries: true, step: lstmStep, init: l.Init}
	if r.init == nil {
		r.init = lstmInit
	}
	if len(l.cells) == 0 {
		p.unbuilt(&variable{})
	}
	y, next := r.run(x, m)
	return stay.Return(y, next.H, next.C), next
}

var lstmInit, gruInit = recurrent(4), recurrent(3)

func lstmStep(gx, h, c, whh, bhh tensor.Tensor) (tensor.Tensor, tensor.Tensor) {
	n := h.Dim(1)
	g := engine.Linear(h, whh, bhh, 0, 0).Add(gx)
	in, forget := g.Slice(1, 0, n).Sigmoid(), g.Slice(1, n, 2*n).Sigmoid()
	cand, out := g.Slice(1, 2*n, 3*n).Tanh(), g.Slice(1, 3*n, 4*n).Sigmoid()
	c = forget.Mul(c).Add(in.Mul(cand))
	return out.Mul(c.Tanh()), c
}

// GRU is a gated recurrent unit, over a sequence.
//
//	x    [N, T, C]
//	out  [N, T, Hidden], or 2·Hidden if Bidirectional
//
// The gates stand in the order r, z, n, with the reset applied after the
// product, as PyTorch's; names are as LSTM's.
//
// Source: Cho et al. 2014, "Learning phrase representations using RNN
// encoder-decoder".
type GRU struct {
	Hidden        int
	Layers        int // 0: 1
	Bidirectional bool
	NoBias        bool
	Dropout       float64 // between layers
	Init          Init    // of all its parameters; left out: uniform in ±1/√Hidden

	cells []*cell
}

func (l *GRU) parts(yield func(string, *Param)) {
	d := directions(l.Bidirectional)
	l.cells = grown(l.cells, d*max(l.Layers, 1))
	for i, c := range l.cells {
		c.names(i, d, yield)
	}
}

// Forward runs x from a fresh start.
func (l *GRU) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	y, _ := l.Run(p, x, Memory{})
	return y
}

// Run runs x from m on and returns the memory after its last step as well.
func (l *GRU) Run(p *Pass, x tensor.Tensor, m Memory) (tensor.Tensor, Memory) {
	stay := p.Enter(l)
	r := recurrence{p: p, name: "nn.GRU", cells: l.cells, dirs: directions(l.Bidirectional), hidden: l.Hidden, gates: 3,
		noBias: l.NoBias, dropout: l.Dropout, step: gruStep, init: l.Init}
	if r.init == nil {
		r.init = gruInit
	}
	if len(l.cells) == 0 {
		p.unbuilt(&variable{})
	}
	y, next := r.run(x, m)
	return stay.Return(y, next.H), next
}

func gruStep(gx, h, _, whh, bhh tensor.Tensor) (next, none tensor.Tensor) {
	n := h.Dim(1)
	gh := engine.Linear(h, whh, bhh, 0, 0)
	reset := gx.Slice(1, 0, n).Add(gh.Slice(1, 0, n)).Sigmoid()
	update := gx.Slice(1, n, 2*n).Add(gh.Slice(1, n, 2*n)).Sigmoid()
	cand := gx.Slice(1, 2*n, 3*n).Add(reset.Mul(gh.Slice(1, 2*n, 3*n))).Tanh()
	return cand.Add(update.Mul(h.Sub(cand))), tensor.Tensor{}
}
