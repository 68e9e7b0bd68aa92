package tensor

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
)

// Random programs of operations, with memory frames and recomputed parts,
// hold the laws of scopes. With -tags poison, and under the race detector, what
// is read after it was freed is no number, and no test of equality passes.

// side is the length of both axes of every value of a program.
const side = 4

// statement makes one more value of those before it: by an operation on two of
// them, or by a body of its own, which runs in a frame or is recomputed.
type statement struct {
	op   int
	a, b int // of the values so far, from the last back
	body []statement
	kind bodyKind
}

type bodyKind int

const (
	plainBody      bodyKind = iota
	framedBody              // temporary values go when it ends
	recomputedBody          // it runs again for the gradient
	trackedBody             // it just runs, and sees what a recomputed one does
)

// smoothOps map matrices of side by side to another one and have gradients.
var smoothOps = []func(a, b, ix Tensor) Tensor{
	func(a, b, _ Tensor) Tensor { return a.Add(b).Scale(.5) },
	func(a, b, _ Tensor) Tensor { return a.Mul(b) },
	func(a, b, _ Tensor) Tensor { return a.Sub(b.Tanh()) },
	func(a, b, _ Tensor) Tensor { return a.MatMul(b).Tanh() },
	func(a, _, _ Tensor) Tensor { return a.T() },
	func(a, _, _ Tensor) Tensor { return a.Softmax(-1).Shift(-.25) },
	func(a, b, _ Tensor) Tensor { return a.Sub(b.Mean(0)) },
	func(a, b, _ Tensor) Tensor { return a.Mul(b.Sum(1).Sigmoid().Unsqueeze(1)) },
	func(a, _, _ Tensor) Tensor { return a.Flip(0).Reshape(2, 8).Flip(1).Reshape(side, side) },
	func(a, b, _ Tensor) Tensor { return Concat(0, a, b).Slice(0, 2, 6) },
	func(a, b, _ Tensor) Tensor { return Concat(1, a, b).Slice(1, 3, 7) },
	func(a, _, ix Tensor) Tensor { return a.Take(0, ix) },
	func(a, _, _ Tensor) Tensor { return a.Slice(0, 1, side).Pad(0, 0, 1) },
	func(a, b, _ Tensor) Tensor { return Where(a.Less(b), a, b.Scale(-1)) },
	func(a, _, _ Tensor) Tensor { return a.CumSum(1).Scale(.25) },
	func(a, b, _ Tensor) Tensor { return a.Detach().Mul(b.Shift(1)).Tanh() },
	func(a, b, _ Tensor) Tensor { return a.Maximum(b) },
	func(a, b, _ Tensor) Tensor { return a.Div(b.Square().Shift(1)) },
	func(a, _, _ Tensor) Tensor { return a.GELU() },
	func(a, _, _ Tensor) Tensor { return a.LogSumExp(1).Unsqueeze(1).BroadcastTo(side, side).Scale(.3) },
	func(a, b, ix Tensor) Tensor { return a.ScatterAdd(0, ix, b).Clamp(-2, 2) },
	func(a, _, _ Tensor) Tensor {
		return Stack(0, a.Index(0, 3), a.Index(0, 0), a.Index(1, 2), a.Index(1, 1))
	},
	func(a, _, _ Tensor) Tensor {
		parts := a.Split(1, 2)
		return Concat(1, parts[1], parts[0])
	},
}

// program draws n statements, with bodies down to a depth.
func program(d *dice, n, depth int) []statement {
	p := make([]statement, n)
	for i := range p {
		p[i] = statement{op: d.Intn(len(smoothOps)), a: d.Intn(5), b: d.Intn(8)}
		if depth > 0 && d.Intn(3) == 0 {
			p[i].kind = bodyKind(d.Intn(3))
			p[i].body = program(d, 1+d.Intn(4), depth-1)
		}
	}
	return p
}

// machine runs programs: in a scope or, without one, on the heap.
type machine struct {
	s      *Scope
	frames bool // else bodies just run
	ix     Tensor
}

func (m *machine) run(p []statement, values []Tensor) Tensor {
	values = slices.Clone(values)
	pick := func(back int) Tensor { return values[max(len(values)-1-back, 0)] }
	for _, st := range p {
		if st.body == nil {
			values = append(values, smoothOps[st.op](pick(st.a), pick(st.b), m.ix))
			continue
		}
		seen := slices.Clone(values)
		switch {
		case st.kind == trackedBody:
			values = append(values, m.run(st.body, onlyTracked(seen)))
		case !m.frames || st.kind == plainBody:
			values = append(values, m.run(st.body, seen))
		case st.kind == framedBody:
			mark := door{}.Mark(m.s)
			y := m.run(st.body, seen)
			door{}.Release(m.s, mark, y)
			values = append(values, y)
		default:
			// A constant of an outer frame is gone when the body runs again.
			seen, body := onlyTracked(seen), st.body
			y := m.s.recompute(pick(st.a), &recomputed{func(x Tensor) Tensor { return m.run(body, append(slices.Clone(seen), x)) }, func(bool) {}, func() {}})
			values = append(values, y)
		}
	}
	return pick(0)
}

func onlyTracked(values []Tensor) []Tensor {
	return slices.DeleteFunc(values, func(v Tensor) bool { return !v.Tracked() })
}

// withoutRecomputed turns recomputed bodies into framed ones, whose operands
// are the same in every way of running.
func withoutRecomputed(p []statement) []statement {
	p = slices.Clone(p)
	for i := range p {
		if p[i].kind == recomputedBody {
			p[i].kind = framedBody
		}
		if p[i].body != nil {
			p[i].body = withoutRecomputed(p[i].body)
		}
	}
	return p
}

// pass runs a program on two leaves and a constant, and Backward; it returns
// the value and the gradients.
func (m *machine) pass(p []statement, in []Tensor) []float64 {
	m.s.Reset()
	m.ix = door{}.Adopt(m.s, Ints(2, 0, 3, 2))
	x, w := m.s.Track(in[0]), m.s.Track(in[1])
	y := m.run(p, []Tensor{door{}.Adopt(m.s, in[2]), x, w}).Mul(x.Add(w)).Mean()
	out := []float64{y.Item()}
	for _, g := range m.s.Backward(y, x, w) {
		out = append(out, floatsOf(g)...)
	}
	return out
}

// byGrad is the same without frames, and with Grad.
func byGrad(p []statement, in []Tensor) []float64 {
	s := NewScope()
	m := &machine{s: s, ix: Ints(2, 0, 3, 2)}
	x, w := s.Track(in[0]), s.Track(in[1])
	y := m.run(p, []Tensor{in[2], x, w}).Mul(x.Add(w)).Mean()
	out := []float64{y.Item()}
	for _, g := range Grad(y, x, w) {
		out = append(out, floatsOf(g)...)
	}
	return out
}

func operandsOf(d *dice) []Tensor {
	return []Tensor{d.normal([]int{side, side}), d.normal([]int{side, side}), d.normal([]int{side, side})}
}

func farApart(a, b []float64) (worst float64) {
	for i := range a {
		d := math.Abs(a[i]-b[i]) / max(1, math.Abs(b[i]))
		if a[i] != a[i] {
			return math.Inf(1)
		}
		worst = max(worst, d)
	}
	return worst
}

// TestProgramsInFrames: frames change neither values nor gradients, and what
// they free is not read again.
func TestProgramsInFrames(t *testing.T) {
	for seed := range 300 {
		d := newDice(seed)
		p, in := withoutRecomputed(program(d, 3+d.Intn(10), 2)), operandsOf(d)
		want := byGrad(p, in)
		got := (&machine{s: NewScope(), frames: true}).pass(p, in)
		if w := farApart(got, want); w > 1e-11 || got[0] != want[0] {
			t.Errorf("seed %d: off by %g\n got %v\nwant %v", seed, w, got, want)
		}
	}
}

// TestProgramsRecomputed: what is run again for the gradient gives the
// gradient of what is kept.
func TestProgramsRecomputed(t *testing.T) {
	for seed := range 150 {
		d := newDice(1000 + seed)
		body, in := withoutRecomputed(program(d, 2+d.Intn(5), 1)), operandsOf(d)
		p := append(withoutRecomputed(program(d, 2, 1)), statement{kind: recomputedBody, body: body})
		p = append(p, withoutRecomputed(program(d, 2, 1))...)
		// The recomputed body sees its operand once more, as the last value.
		kept := slices.Clone(p)
		kept[2] = statement{kind: trackedBody, body: append([]statement{{op: 0, a: 0, b: 0}}, body...)}
		for i := range p[:2] { // so that its operand is tracked
			p[i] = statement{op: 0, a: 0, b: i}
			kept[i] = p[i]
		}
		tracked := []Tensor{in[0].Full(.5, side, side), in[0], in[1]}
		m := &machine{s: NewScope(), frames: true}
		got := m.pass(p, tracked)
		want := (&machine{s: NewScope(), frames: true}).pass(kept, tracked)
		if w := farApart(got, want); w > 1e-11 {
			t.Errorf("seed %d: off by %g\n got %v\nwant %v", seed, w, got, want)
		}
	}
}

// TestProgramsRepeated: a pass run again in the same scope gives the same bits
// and takes nothing more from the Go heap.
func TestProgramsRepeated(t *testing.T) {
	for seed := range 100 {
		d := newDice(2000 + seed)
		p, in := program(d, 3+d.Intn(10), 2), operandsOf(d)
		m := &machine{s: NewScope(), frames: true}
		first := m.pass(p, in)
		m.pass(p, in)
		allocs, bytes := m.s.allocs, m.s.bytes
		for range 3 {
			if again := m.pass(p, in); !slices.Equal(again, first) {
				t.Fatalf("seed %d: another pass gives\n%v, the first gave\n%v", seed, again, first)
			}
		}
		if m.s.allocs != allocs || m.s.bytes != bytes {
			t.Errorf("seed %d: passes took %d more pieces, %d more bytes", seed, m.s.allocs-allocs, m.s.bytes-bytes)
		}
	}
}

// TestProgramsOneAfterAnother: other programs in between, which leave a scope's
// memory in another order, change nothing.
func TestProgramsOneAfterAnother(t *testing.T) {
	d := newDice(7)
	in := operandsOf(d)
	var programs [][]statement
	var want [][]float64
	for range 12 {
		p := program(d, 3+d.Intn(8), 2)
		programs = append(programs, p)
		want = append(want, (&machine{s: NewScope(), frames: true}).pass(p, in))
	}
	m := &machine{s: NewScope(), frames: true}
	for range 60 {
		k := d.Intn(len(programs))
		if got := m.pass(programs[k], in); !slices.Equal(got, want[k]) {
			t.Fatalf("program %d after others gives\n%v, alone\n%v", k, got, want[k])
		}
	}
}

// TestProgramsAtOnce: scopes of different goroutines share constants and
// nothing else.
func TestProgramsAtOnce(t *testing.T) {
	d := newDice(8)
	in := operandsOf(d)
	var all sync.WaitGroup
	for range 6 {
		p := program(d, 8, 2)
		want := (&machine{s: NewScope(), frames: true}).pass(p, in)
		all.Go(func() {
			m := &machine{s: NewScope(), frames: true}
			for range 20 {
				if got := m.pass(p, in); !slices.Equal(got, want) {
					t.Errorf("beside others %v, alone %v", got, want)
					return
				}
			}
		})
	}
	all.Wait()
}

// TestProgramsOnTheHeap: without a scope the same operations give the same
// bits, and nothing is tracked.
func TestProgramsOnTheHeap(t *testing.T) {
	for seed := range 100 {
		d := newDice(3000 + seed)
		p, in := withoutRecomputed(program(d, 3+d.Intn(10), 2)), operandsOf(d)
		heap := (&machine{ix: Ints(2, 0, 3, 2)}).run(p, []Tensor{in[2], in[0], in[1]})
		s := NewScope()
		m := &machine{s: s, frames: true, ix: Ints(2, 0, 3, 2)}
		inScope := m.run(p, []Tensor{door{}.Adopt(s, in[2]), s.Track(in[0]), s.Track(in[1])})
		if !slices.Equal(floatsOf(heap), floatsOf(inScope)) {
			t.Errorf("seed %d: on the heap %v, in a scope %v", seed, heap, inScope)
		}
		if heap.Tracked() || heap.h.scope != nil {
			t.Errorf("seed %d: a result of heap tensors is tracked, or in a scope", seed)
		}
	}
}

// TestProgramsGradientsAreDerivatives holds Backward against differences of
// the program's value.
func TestProgramsGradientsAreDerivatives(t *testing.T) {
	for seed := range 40 {
		d := newDice(4000 + seed)
		p, in := withoutRecomputed(program(d, 3+d.Intn(5), 1)), operandsOf(d)
		if bends(p) {
			continue
		}
		m := &machine{s: NewScope(), frames: true}
		got := m.pass(p, in)
		for probe := range 4 {
			k, i := probe%2, d.Intn(side*side)
			value := func(step float64) float64 {
				moved := slices.Clone(in)
				v := floatsOf(in[k])
				v[i] += step
				moved[k] = Of(v, side, side)
				return m.pass(p, moved)[0]
			}
			const h = 1e-3
			want := (8*(value(h)-value(-h)) - (value(2*h) - value(-2*h))) / (12 * h)
			if g := got[1+k*side*side+i]; math.Abs(g-want) > 1e-6*max(1, math.Abs(want)) {
				t.Errorf("seed %d, operand %d, element %d: gradient %v, differences %v of\n%s", seed, k, i, g, want, fmt.Sprint(p))
			}
		}
	}
}

// bends tells whether a program has kinks, or hides a way from Backward.
func bends(p []statement) bool {
	for _, st := range p {
		if st.body == nil && slices.Contains([]int{13, 15, 16, 20}, st.op) || bends(st.body) {
			return true
		}
	}
	return false
}
