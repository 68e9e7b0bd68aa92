package kernel

import (
	"unsafe"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/internal/par"
)

// Recurrence is a recurrent layer's way over a batch of sequences: T steps of
// N rows of H values each. A step's gates are g = x + h·wᵀ + b, of which the
// cell makes the next h.
type Recurrence struct {
	Cell    backstage.Cell
	T, N, H int
	Lens    []int32 // of each sequence, or nil: all T. Outside, a row keeps its state
	Back    bool    // from the last step to the first
	Keep    bool    // gates and carry hold all steps, for the gradient, and not one
}

// step returns which step comes as number k, and which before it; before the
// first there is none.
func (r *Recurrence) step(k int) (t, before int) {
	if r.Back {
		return r.T - 1 - k, r.T - k
	}
	return k, k - 1
}

func (r *Recurrence) width() int { return r.Cell.Gates() * r.H }

// kept returns where a step lies in gates or carry.
func (r *Recurrence) kept(t int) int {
	if r.Keep {
		return t
	}
	return 0
}

// cellChunk is how many elements of gates are worth handing to another core.
const cellChunk = 1 << 12

// recurJob is one step of a recurrence, or of its gradient, cut by rows.
type recurJob[T Float] struct {
	r    Recurrence
	t    int
	rows int // of a chunk
	grad bool

	gates, carry, x, h, before, carryBefore, product []T // forward
	dx, dproduct, dh, dcarry, dy                     []T // and back

	room buffer // for products, where the gates do not take them
}

var (
	recurJobs32 pool[recurJob[float32]]
	recurJobs64 pool[recurJob[float64]]
)

func recurJobs[T Float]() *pool[recurJob[T]] {
	if wide[T]() {
		return (*pool[recurJob[T]])(unsafe.Pointer(&recurJobs64))
	}
	return (*pool[recurJob[T]])(unsafe.Pointer(&recurJobs32))
}

func newRecur[T Float](r *Recurrence) *recurJob[T] {
	j := recurJobs[T]().take()
	j.r, j.rows = *r, max(cellChunk/max(r.width(), 1), 1)
	return j
}

func (j *recurJob[T]) free() {
	*j = recurJob[T]{room: j.room}
	recurJobs[T]().put(j)
}

func (j *recurJob[T]) run() {
	if chunks := parts(j.r.N, j.rows); chunks > 1 {
		par.Run(chunks, j)
	} else if chunks == 1 {
		j.Do(0)
	}
}

// Recur runs a recurrence.
//
//	y      [T, N, H]    the states h
//	gates  [T, N, G·H]  the gates' values; [N, G·H] without Keep
//	carry  [T, N, H]    an LSTM's c, what a GRU's candidate has of h; [N, H] without Keep
//	x      [T, N, G·H]
//	h0, c0 [N, H]       where it starts; c0 of an LSTM alone
//	w, b   [G·H, H], [G·H]; b may be nil
//
// Gates stand in PyTorch's order: i, f, g, o of an LSTM, r, z, n of a GRU.
func Recur[T Float](r *Recurrence, y, gates, carry, x, h0, c0, w, b []T) {
	size, width := r.N*r.H, r.N*r.width()
	j := newRecur[T](r)
	p := repeat(r.T, true, r.N, r.width(), r.H, w, Epilogue[T]{Bias: b})
	for k := range r.T {
		t, before := r.step(k)
		if j.t, j.before, j.carryBefore = t, h0, c0; k > 0 {
			j.before = y[before*size:][:size]
			if r.Cell == backstage.CellLSTM {
				j.carryBefore = carry[r.kept(before)*size:][:size]
			}
		}
		at := r.kept(t)
		j.gates, j.x, j.h = gates[at*width:][:width], x[t*width:][:width], y[t*size:][:size]
		if j.product = j.gates; r.Cell.Carries() {
			j.carry = carry[at*size:][:size]
		}
		if r.Cell == backstage.CellGRU {
			j.product = columns[T](&j.room, width)
		}
		p.do(j.before, j.product)
		j.run()
	}
	p.free()
	j.free()
}

// RecurGrad goes back over a recurrence that ran with Keep.
//
//	dx     [T, N, G·H]  out: the gradient of x
//	dprod  [T, N, G·H]  out: of h·wᵀ + b; that is dx but for a GRU, and may be dx then
//	dh     [N, H]       in: 0; out: the gradient of h0
//	dc     [N, H]       in: the gradient of an LSTM's last c; out: of c0
//	dy     [T, N, H]    the gradient of y
func RecurGrad[T Float](r *Recurrence, dx, dprod, dh, dc, dy, y, gates, carry, h0, c0, w []T) {
	size, width := r.N*r.H, r.N*r.width()
	j := newRecur[T](r)
	j.grad, j.dh, j.dcarry = true, dh, dc
	p := repeat(r.T, false, r.N, r.H, r.width(), w, Epilogue[T]{Add: true})
	for k := r.T - 1; k >= 0; k-- {
		t, before := r.step(k)
		if j.t, j.before, j.carryBefore = t, h0, c0; k > 0 {
			j.before = y[before*size:][:size]
			if r.Cell == backstage.CellLSTM {
				j.carryBefore = carry[before*size:][:size]
			}
		}
		if j.gates, j.h = gates[t*width:][:width], y[t*size:][:size]; r.Cell.Carries() {
			j.carry = carry[t*size:][:size]
		}
		j.dx, j.dproduct, j.dy = dx[t*width:][:width], dprod[t*width:][:width], dy[t*size:][:size]
		j.run()
		p.do(j.dproduct, dh)
	}
	p.free()
	j.free()
}

// part returns row i of a step's values; nil of none.
func part[T Float](x []T, i, n int) []T {
	if x == nil {
		return nil
	}
	return x[i*n:][:n]
}

// Do does some rows.
func (j *recurJob[T]) Do(chunk int) {
	r := &j.r
	for i := chunk * j.rows; i < min((chunk+1)*j.rows, r.N); i++ {
		switch off := r.Lens != nil && j.t >= int(r.Lens[i]); {
		case off && j.grad:
			j.passBack(i)
		case off:
			copy(part(j.h, i, r.H), part(j.before, i, r.H))
			if r.Cell == backstage.CellLSTM {
				copy(part(j.carry, i, r.H), part(j.carryBefore, i, r.H))
			}
		case j.grad:
			j.rowGrad(i)
		default:
			j.row(i)
		}
	}
}

// passBack is the gradient of a row that kept its state.
func (j *recurJob[T]) passBack(i int) {
	n, width := j.r.H, j.r.width()
	clear(part(j.dx, i, width))
	clear(part(j.dproduct, i, width))
	Axpy(1, part(j.dy, i, n), part(j.dh, i, n))
}

func (j *recurJob[T]) row(i int) {
	n, width := j.r.H, j.r.width()
	gates, x, h := part(j.gates, i, width), part(j.x, i, width), part(j.h, i, n)
	switch j.r.Cell {
	case backstage.CellLSTM:
		lstmRow(h, part(j.carry, i, n), gates, x, part(j.carryBefore, i, n))
	case backstage.CellGRU:
		gruRow(h, part(j.carry, i, n), gates, x, part(j.product, i, width), part(j.before, i, n))
	default:
		Binary(Add, h, gates, x, 0)
		Unary(rnnAct(j.r.Cell), h, h, 0, 0)
	}
}

func rnnAct(c backstage.Cell) UnaryOp {
	if c == backstage.CellReLU {
		return ReLU
	}
	return Tanh
}

// lstmRow makes the gates of their products and the next h and c. c may be
// before.
func lstmRow[T Float](h, c, gates, x, before []T) {
	n := len(h)
	Binary(Add, gates, gates, x, 0)
	Unary(Sigmoid, gates[:2*n], gates[:2*n], 0, 0)
	Unary(Tanh, gates[2*n:3*n], gates[2*n:3*n], 0, 0)
	Unary(Sigmoid, gates[3*n:], gates[3*n:], 0, 0)
	in, forget, cand, out := gates[:n], gates[n:][:n], gates[2*n:][:n], gates[3*n:][:n]
	Binary(Mul, c, forget, before, 0)
	mulAdd(c, in, cand)
	Unary(Tanh, h, c, 0, 0)
	Binary(Mul, h, h, out, 0)
}

// gruRow does it for a GRU; own becomes what the candidate has of h before the
// reset.
func gruRow[T Float](h, own, gates, x, product, before []T) {
	n := len(h)
	Binary(Add, gates[:2*n], x[:2*n], product[:2*n], 0)
	Unary(Sigmoid, gates[:2*n], gates[:2*n], 0, 0)
	copy(own, product[2*n:])
	reset, update, cand := gates[:n], gates[n:][:n], gates[2*n:][:n]
	copy(cand, x[2*n:])
	mulAdd(cand, reset, own)
	Unary(Tanh, cand, cand, 0, 0)
	Binary(Sub, own, before, cand, 0) // for a moment
	copy(h, cand)
	mulAdd(h, update, own)
	copy(own, product[2*n:])
}

// rowGrad takes dh and dcarry, the gradients of the states after a step, to
// those before it, but for what comes by way of the product.
func (j *recurJob[T]) rowGrad(i int) {
	n, width := j.r.H, j.r.width()
	dx, dprod, dh, gates := part(j.dx, i, width), part(j.dproduct, i, width), part(j.dh, i, n), part(j.gates, i, width)
	Axpy(1, part(j.dy, i, n), dh)
	switch j.r.Cell {
	case backstage.CellLSTM:
		s := takeScratch()
		lstmRowGrad(dx, dh, part(j.dcarry, i, n), gates, part(j.carry, i, n), part(j.carryBefore, i, n), columns[T](&s.c, n))
		s.put()
	case backstage.CellGRU:
		gruRowGrad(dx, dprod, dh, gates, part(j.carry, i, n), part(j.before, i, n))
		return
	default:
		slope := GradTanh
		if j.r.Cell == backstage.CellReLU {
			slope = GradReLU
		}
		Binary(slope, dx, dh, part(j.h, i, n), 0)
		clear(dh)
	}
	if first(dprod) != first(dx) {
		copy(dprod, dx)
	}
}

func lstmRowGrad[T Float](dx, dh, dc, gates, c, before, tanh []T) {
	n := len(dh)
	Unary(Tanh, tanh, c, 0, 0)
	in, forget, cand, out := gates[:n], gates[n:][:n], gates[2*n:][:n], gates[3*n:][:n]
	di, df, dg, do := dx[:n], dx[n:][:n], dx[2*n:][:n], dx[3*n:][:n]
	dc, before, tanh = dc[:n], before[:n], tanh[:n]
	for k, d := range dh {
		i, f, g, o, t := in[k], forget[k], cand[k], out[k], tanh[k]
		dck := dc[k] + d*o*(1-t*t)
		di[k] = dck * g * i * (1 - i)
		df[k] = dck * before[k] * f * (1 - f)
		dg[k] = dck * i * (1 - g*g)
		do[k] = d * t * o * (1 - o)
		dc[k] = dck * f
		dh[k] = 0
	}
}

func gruRowGrad[T Float](dx, dprod, dh, gates, own, before []T) {
	n := len(dh)
	reset, update, cand := gates[:n], gates[n:][:n], gates[2*n:][:n]
	for k, d := range dh {
		r, z, c := reset[k], update[k], cand[k]
		dn := d * (1 - z) * (1 - c*c)
		dr, dz := dn*own[k]*r*(1-r), d*(before[k]-c)*z*(1-z)
		dx[k], dx[n+k], dx[2*n+k] = dr, dz, dn
		dprod[k], dprod[n+k], dprod[2*n+k] = dr, dz, dn*r
		dh[k] = d * z
	}
}
