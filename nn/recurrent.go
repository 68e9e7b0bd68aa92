package nn

import (
	"fmt"

	"github.com/limpid-ml/limpid/internal/backstage"
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
	whr                Param // [Proj, Hidden] of an LSTM with a projection
	gainX, gainH       Param // [gates·Hidden] with Norm
	gainC, biasC       Param // [Hidden] of an LSTM with Norm
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
	yield("weight_hr"+at, &c.whr)
	yield("norm_ih"+at, &c.gainX)
	yield("norm_hh"+at, &c.gainH)
	yield("norm_cell"+at, &c.gainC)
	yield("norm_cell_bias"+at, &c.biasC)
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

// recurrence is a stack of recurrent layers while it runs.
type recurrence struct {
	p          *Pass
	name       string
	kind       backstage.Cell
	cells      []*cell
	dirs       int
	hidden     int
	proj       int // 0: none
	noBias     bool
	norm       bool
	dropout    float64
	weightDrop float64
	init       Init
	biasInit   Init // of bias_ih
	projInit   Init // of weight_hr; nil: uniform in ±1/√Hidden
}

// out is how many values a step's state has.
func (r *recurrence) out() int {
	if r.proj > 0 {
		return r.proj
	}
	return r.hidden
}

// run takes x [N, T, C] to y [N, T, directions·Hidden], or one step [N, C] to
// [N, Hidden]. Between the layers, time is the first axis.
func (r *recurrence) run(x tensor.Tensor, m Memory, lengths []tensor.Tensor) (tensor.Tensor, Memory) {
	lens := r.check(x, lengths)
	single := x.Rank() == 2
	if single {
		x = x.Unsqueeze(0)
	} else {
		x = x.Permute(1, 0, 2)
	}
	inside := r.inside(x, lens)
	var hs, cs [8]tensor.Tensor // most have no more
	h, c := hs[:0], cs[:0]
	for i := 0; i < len(r.cells); i += r.dirs {
		if i > 0 && r.dropout > 0 && r.p.Noisy() {
			x = engine.Dropout(x, r.dropout, r.p.Rand())
		}
		var ys [2]tensor.Tensor
		for d := range r.dirs {
			y, lastH, lastC := r.direction(x, r.cells[i+d], i+d, m, lens, d == 1)
			if inside.Valid() {
				y = tensor.Where(inside, y, y.Full(0))
			}
			ys[d], h, c = y, append(h, lastH), append(c, lastC)
		}
		if x = ys[0]; r.dirs == 2 {
			x = tensor.Concat(-1, ys[:]...)
		}
	}
	next := Memory{H: tensor.Stack(0, h...)}
	if r.kind == backstage.CellLSTM {
		next.C = tensor.Stack(0, c...)
	}
	if single {
		return x.Squeeze(0), next
	}
	return x.Permute(1, 0, 2), next
}

// check panics unless the options and operands fit, and returns the lengths,
// if there are any.
func (r *recurrence) check(x tensor.Tensor, lengths []tensor.Tensor) tensor.Tensor {
	p := r.p
	if len(r.cells) == 0 {
		p.unbuilt(&variable{})
	}
	p.positive(r.name, "Hidden", r.hidden)
	if !(r.dropout >= 0 && r.dropout < 1 && r.weightDrop >= 0 && r.weightDrop < 1) {
		fail(&tensor.Error{Op: r.name, Layer: p.label(), Why: fmt.Sprintf("Dropout is %g and WeightDrop %g, want probabilities below 1", r.dropout, r.weightDrop),
			Fix: "set the share to drop: 0.3, say"})
	}
	if x.Rank() != 3 && x.Rank() != 2 {
		p.wants(r.name, x, "three axes: [N, T, C], or for one step two: [N, C]")
	}
	if len(lengths) == 0 || !lengths[0].Valid() {
		return tensor.Tensor{}
	}
	lens := lengths[0]
	if x.Rank() != 3 || lens.DType() != tensor.Int32 || lens.Rank() != 1 || lens.Dim(0) != x.Dim(0) {
		fail(&tensor.Error{Op: r.name, Layer: p.label(), Shapes: [][]int{x.Shape(), lens.Shape()},
			Why: "the lengths are not int32 [N] beside x [N, T, C]", Fix: "give each sequence of the batch its number of steps"})
	}
	for i, n := range tensor.View[int32](lens) {
		if n < 0 || int(n) > x.Dim(1) {
			fail(&tensor.Error{Op: r.name, Layer: p.label(), Shapes: [][]int{x.Shape(), lens.Shape()},
				Why: fmt.Sprintf("sequence %d of the batch has length %d, x has %d steps", i, n, x.Dim(1)), Fix: "lengths are from 0 to T"})
		}
	}
	return engine.Adopt(p.scope, lens)
}

// inside is true [T, N, 1] within the sequences; no tensor without lengths.
func (r *recurrence) inside(x, lens tensor.Tensor) tensor.Tensor {
	if !lens.Valid() {
		return tensor.Tensor{}
	}
	return LengthMask(lens, x.Dim(0)).Permute(1, 0).Unsqueeze(2)
}

// LengthMask is true where a place lies within its sequence: bool [N, steps]
// for int32 lengths [N]. [Attention] takes it as a mask of keys with two axes
// more, Unsqueeze(1).Unsqueeze(1).
func LengthMask(lengths tensor.Tensor, steps int) tensor.Tensor {
	return tensor.Arange(steps).Unsqueeze(0).Less(lengths.Unsqueeze(1))
}

// direction runs one cell over the sequence [T, N, C], from its end if back.
func (r *recurrence) direction(x tensor.Tensor, c *cell, i int, m Memory, lens tensor.Tensor, back bool) (y, h, carry tensor.Tensor) {
	p, steps, n, rows := r.p, x.Dim(0), x.Dim(1), r.kind.Gates()*r.hidden
	wih := p.Param(&c.wih, r.init, rows, x.Dim(2))
	whh := p.Param(&c.whh, r.init, rows, r.out())
	bih, bhh := p.bias(&c.bih, r.noBias, r.biasInit, rows), p.bias(&c.bhh, r.noBias, r.init, rows)
	if p.build != nil {
		p.work(n, n, steps, rows, x.Dim(2)+r.out())
	}
	if r.weightDrop > 0 && p.Noisy() {
		whh = engine.Dropout(whh, r.weightDrop, p.Rand())
	}
	h = r.begin(x, m.H, i, r.out())
	if r.kind == backstage.CellLSTM {
		carry = r.begin(x, m.C, i, r.hidden)
	}
	if r.norm || r.proj > 0 {
		return r.steps(x, c, h, carry, whh, bhh, wih, bih, lens, back)
	}
	gx := engine.Linear(x, wih, bih, 0, 0) // all steps' inputs at once
	all := engine.Recur(r.kind, gx, h, carry, whh, bhh, lens, back)
	if y = all; r.kind == backstage.CellLSTM {
		y, carry = all.Slice(0, 0, steps), all.Index(0, steps)
	}
	switch {
	case steps == 0:
	case back:
		h = y.Index(0, 0)
	default:
		h = y.Index(0, steps-1)
	}
	return y, h, carry
}

// begin returns the state that cell i starts from.
func (r *recurrence) begin(x, from tensor.Tensor, i, size int) tensor.Tensor {
	n := x.Dim(1)
	if from == (tensor.Tensor{}) {
		return x.Full(0, n, size)
	}
	if from.Rank() != 3 || from.Dim(0) != len(r.cells) || from.Dim(1) != n || from.Dim(2) != size {
		fail(&tensor.Error{Op: r.name, Layer: r.p.label(), Shapes: [][]int{x.Shape(), from.Shape()},
			Why: fmt.Sprintf("the memory is not [%d %d %d]", len(r.cells), n, size),
			Fix: "carry the memory of the same layer on a batch of the same size, or start with Memory{}"})
	}
	return from.Index(0, i)
}

// steps runs a cell with a projection or normalised gates, step by step.
func (r *recurrence) steps(x tensor.Tensor, c *cell, h, carry, whh, bhh, wih, bih, lens tensor.Tensor, back bool) (y, lastH, lastC tensor.Tensor) {
	p, steps, n := r.p, x.Dim(0), x.Dim(1)
	s := stepped{r: *r, whh: whh, bhh: bhh}
	s.params(p, c)
	gx := s.normed(engine.Linear(x, wih, tensor.Tensor{}, 0, 0), s.gainX, bih)
	ys, kept := make([]tensor.Tensor, steps), make([]tensor.Tensor, 2)
	for k := range ys {
		t := k
		if back {
			t = steps - 1 - k
		}
		mark := engine.Mark(p.scope)
		nextH, nextC := s.step(gx.Index(0, t), h, carry)
		if lens.Valid() {
			on := lens.Full(float64(t), n).Less(lens).Unsqueeze(1)
			if nextH = tensor.Where(on, nextH, h); carry.Valid() {
				nextC = tensor.Where(on, nextC, carry)
			}
		}
		h, carry = nextH, nextC
		kept[0], kept[1] = h, carry
		engine.ReleaseBut(p.scope, mark, kept)
		ys[t] = h
	}
	if steps == 0 {
		return x.Full(0, 0, n, r.out()), h, carry
	}
	return tensor.Stack(0, ys...), h, carry
}

// stepped is a cell that runs step by step.
type stepped struct {
	r                          recurrence
	whh, bhh                   tensor.Tensor
	whr                        tensor.Tensor
	gainX, gainH, gainC, biasC tensor.Tensor
}

func (s *stepped) params(p *Pass, c *cell) {
	r := &s.r
	rows := r.kind.Gates() * r.hidden
	if r.proj > 0 {
		s.whr = p.Param(&c.whr, orRecurrent(r.projInit, projected), r.proj, r.hidden)
	}
	if r.norm {
		s.gainX, s.gainH = p.Param(&c.gainX, Ones, rows), p.Param(&c.gainH, Ones, rows)
		if r.kind == backstage.CellLSTM {
			s.gainC, s.biasC = p.Param(&c.gainC, Ones, r.hidden), p.Param(&c.biasC, Zeros, r.hidden)
		}
	}
}

// normed normalises v over the gates if the layer does so, and adds bias.
func (s *stepped) normed(v, gain, bias tensor.Tensor) tensor.Tensor {
	if gain.Valid() {
		return engine.LayerNorm(v, gain, bias, 1e-5)
	}
	if bias.Valid() {
		v = v.Add(bias)
	}
	return v
}

// step is one time step: from the gates' input gx [N, gates·Hidden] and the
// state before to the state after.
func (s *stepped) step(gx, h, c tensor.Tensor) (nextH, nextC tensor.Tensor) {
	n := s.r.hidden
	gh := s.normed(engine.Linear(h, s.whh, tensor.Tensor{}, 0, 0), s.gainH, s.bhh)
	part := func(g tensor.Tensor, i int) tensor.Tensor { return g.Slice(1, i*n, i*n+n) }
	switch s.r.kind {
	case backstage.CellLSTM:
		g := gh.Add(gx)
		c = part(g, 1).Sigmoid().Mul(c).Add(part(g, 0).Sigmoid().Mul(part(g, 2).Tanh()))
		shown := c
		if s.gainC.Valid() {
			shown = engine.LayerNorm(c, s.gainC, s.biasC, 1e-5)
		}
		h = part(g, 3).Sigmoid().Mul(shown.Tanh())
		if s.whr.Valid() {
			h = engine.Linear(h, s.whr, tensor.Tensor{}, 0, 0)
		}
		return h, c
	case backstage.CellGRU:
		reset, update := part(gx, 0).Add(part(gh, 0)).Sigmoid(), part(gx, 1).Add(part(gh, 1)).Sigmoid()
		cand := part(gx, 2).Add(reset.Mul(part(gh, 2))).Tanh()
		return cand.Add(update.Mul(h.Sub(cand))), c
	case backstage.CellReLU:
		return gh.Add(gx).ReLU(), c
	}
	return gh.Add(gx).Tanh(), c
}
