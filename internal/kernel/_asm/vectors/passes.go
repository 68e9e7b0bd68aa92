package main

import (
	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// pass generates func(a *byte, n int): one way through up to seven streams of
// n floats, which do several steps of work on each. a points at a passArgs of
// package kernel: the streams' addresses, then the coefficients, then room for
// sums.
type pass struct {
	kit
	name   string
	reads  []int // streams that are read
	writes []int // and those written, in the order of f's results
	c      int   // coefficients
	sums   int   // numbers that f adds up
	unroll int
	f      func(p *work) []vec
}

// Where passArgs has its coefficients and its sums.
const (
	passCoefficients = 7 * 8
	passSums         = passCoefficients + 12*4
)

// work is what a pass's function sees of one vector.
type work struct {
	kit
	in   [7]vec
	sum  []vec // to be added to in place
	base Mem
	held map[int]vec
}

// c returns coefficient i in a register that must not be changed. The many
// registers of AVX-512 hold it throughout.
func (w *work) c(i int) vec {
	if r, is := w.held[i]; is {
		return r
	}
	r := w.reg()
	w.Broadcast(w.base.Offset(passCoefficients+4*i), r)
	return r
}

// addTo adds x to sum i, but for lanes outside a partial vector.
func (w *work) addTo(i int, x vec) { w.VADDPS(w.only(x), w.sum[i], w.sum[i]) }

func (p pass) generate() {
	p.Function(p.name + map[bool]string{false: "AVX2", true: "AVX512"}[p.Wide])
	p.Attributes(attr.NOSPLIT)
	p.SignatureExpr("func(a *byte, n int)")
	p.Pragma("noescape")
	args, n := p.GP64(), p.GP64()
	p.Context.Load(p.Param("a"), args)
	p.Context.Load(p.Param("n"), n)
	w := &work{kit: p.kit, base: Mem{Base: args}, held: map[int]vec{}}
	at := map[int]reg.GPVirtual{}
	for _, i := range p.streams() {
		at[i] = p.GP64()
		p.MOVQ(w.base.Offset(8*i), at[i])
	}
	if p.Wide {
		for i := range p.c {
			w.held[i] = w.c(i)
		}
	}
	for range p.sums * p.unroll {
		r := p.reg()
		p.Zero(r)
		w.sum = append(w.sum, r)
	}
	p.turns(w, at, n, "many", p.unroll)
	if p.unroll > 1 {
		p.turns(w, at, n, "one", 1)
	}
	p.TESTQ(n, n)
	p.JZ(LabelRef("end"))
	p.setTail(n)
	w.partial = true
	p.vector(w, at, 0)
	p.Label("end")
	p.finish(w)
	p.VZEROUPPER()
	p.RET()
}

// streams lists the streams that are read or written, each once.
func (p pass) streams() []int {
	var all []int
	for i := range 7 {
		for _, j := range append(append([]int{}, p.reads...), p.writes...) {
			if i == j {
				all = append(all, i)
				break
			}
		}
	}
	return all
}

// turns generates the loop that does so many vectors a turn.
func (p pass) turns(w *work, at map[int]reg.GPVirtual, n reg.GPVirtual, label string, vectors int) {
	p.Label(label)
	p.CMPQ(n, U32(uint32(vectors*p.Lanes())))
	p.JL(LabelRef(label + "done"))
	for i := range vectors {
		p.vector(w, at, i)
	}
	for _, i := range p.streams() {
		p.ADDQ(U32(uint32(vectors*p.Bytes())), at[i])
	}
	p.SUBQ(U32(uint32(vectors*p.Lanes())), n)
	p.JMP(LabelRef(label))
	p.Label(label + "done")
}

// vector does vector i after the pointers; the one of a tail is partial.
func (p pass) vector(w *work, at map[int]reg.GPVirtual, i int) {
	one := *w
	one.sum = w.sum[i*p.sums:][:p.sums]
	for _, s := range p.reads {
		one.in[s] = p.reg()
		m := Mem{Base: at[s], Disp: i * p.Bytes()}
		if w.partial {
			p.LoadTail(m, one.in[s])
		} else {
			p.Load(m, one.in[s])
		}
	}
	out := p.f(&one)
	for j, s := range p.writes {
		m := Mem{Base: at[s], Disp: i * p.Bytes()}
		if w.partial {
			p.StoreTail(out[j], m)
		} else {
			p.Store(out[j], m)
		}
	}
}

// finish adds up each sum's vectors and lanes and stores it.
func (p pass) finish(w *work) {
	join := func(k kit, x, y vec) vec { return k.add(x, y) }
	for i := range p.sums {
		v := w.sum[i]
		for u := 1; u < p.unroll; u++ {
			v = join(p.kit, v, w.sum[u*p.sums+i])
		}
		p.VMOVSS(p.lanes(v, join).AsX(), w.base.Offset(passSums+4*i))
	}
}

// setTail makes ready the lanes of a last vector of n elements.
func (k kit) setTail(n reg.GPVirtual) {
	if k.Wide {
		one := k.GP32()
		k.MOVL(U32(1), one)
		k.SHLXL(n.As32(), one, one)
		k.DECL(one)
		k.KMOVW(one, reg.K1)
		return
	}
	base, index := k.GP64(), k.GP64()
	k.LEAQ(k.words("laneMasks", func(i int) uint32 { return uint32(int32(i-8) >> 31) }), base)
	k.MOVQ(U32(8), index)
	k.SUBQ(n, index)
	k.VMOVUPS(Mem{Base: base, Index: index, Scale: 4}, reg.Y15)
}
