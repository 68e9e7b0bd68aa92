// Command vectors generates the element-wise kernels and the reductions of
// float32: loops over vectors whose last, partial one does what a full one
// does, so that an element's result does not depend on where it stands.
//
//	go run ./vectors
package main

import (
	"math"
	"sort"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/limpid-ml/limpid/internal/kernel/_asm/gen"
)

func main() {
	c := build.NewContext()
	c.ConstraintExpr("amd64,!noasm")
	constants := map[string]Mem{}
	for _, wide := range []bool{false, true} {
		k := kit{Vec: gen.Vec{Context: c, Wide: wide}, constants: constants}
		generateAll(k)
		for _, p := range passes {
			p.kit = k
			p.generate()
		}
	}
	gen.Write(c, "vectors", "go run ./vectors")
}

// value computes a vector of results; a and b are the parameters.
type value func(k kit, x, y, a, b vec) vec

func generateAll(k kit) {
	each(unaries, func(name string, f value) { loop{kit: k, name: name, f: f}.generate() })
	each(binaries, func(name string, f value) {
		loop{kit: k, name: name, f: f, y: true}.generate()
	})
	each(arithmetic, func(name string, f value) {
		loop{kit: k, name: name, f: f, y: true}.generate()
		loop{kit: k, name: name + "Scalar", f: func(k kit, x, _, a, b vec) vec { return f(k, x, a, a, b) }}.generate()
		loop{kit: k, name: name + "Swapped", f: func(k kit, x, _, a, b vec) vec { return f(k, a, x, a, b) }}.generate()
	})
	loop{kit: k, name: "axpy", old: true, f: axpy}.generate()
	loop{kit: k, name: "mulAdd", old: true, y: true, f: mulAdd}.generate()
	each(reductions, func(name string, f value) { loop{kit: k, name: name, y: name == "dot", fold: f}.generate() })
}

func each(m map[string]value, f func(string, value)) {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		f(name, m[name])
	}
}

// loop generates func(dst, x, y *float32, n int, a, b float32).
type loop struct {
	kit
	name string
	y    bool  // y is read
	old  bool  // dst is read: the value's parameter b
	f    value // the results, or
	fold value // what joins x (and y) to the gathered a: one number is stored
}

// state is the registers of a loop.
type state struct {
	dst, x, y reg.GPVirtual
	a, b      vec
	acc       []vec
}

const unroll = 4

func (l loop) generate() {
	suffix := map[bool]string{false: "AVX2", true: "AVX512"}[l.Wide]
	l.Function(l.name + suffix)
	l.Attributes(attr.NOSPLIT)
	l.SignatureExpr("func(dst, x, y *float32, n int, a, b float32)")
	l.Pragma("noescape")
	s := state{a: l.reg(), b: l.reg()}
	s.dst, s.x, s.y = l.pointer("dst"), l.pointer("x"), l.pointer("y")
	n := l.pointer("n")
	l.broadcast("a", s.a)
	if !l.old {
		l.broadcast("b", s.b)
	}
	if l.fold != nil {
		for range unroll {
			r := l.reg()
			l.Load(l.mem(starts[l.name]), r)
			s.acc = append(s.acc, r)
		}
	}
	step := func(label string, vectors int) {
		l.Label(label)
		l.CMPQ(n, U32(uint32(vectors*l.Lanes())))
		l.JL(LabelRef(label + "done"))
		for i := range vectors {
			l.vector(s, i)
		}
		for _, p := range l.moving(s) {
			l.ADDQ(U32(uint32(vectors*l.Bytes())), p)
		}
		l.SUBQ(U32(uint32(vectors*l.Lanes())), n)
		l.JMP(LabelRef(label))
		l.Label(label + "done")
	}
	if l.fold != nil || light[l.name] || l.old || l.y && !heavy[l.name] {
		step("many", unroll)
	}
	step("one", 1)
	l.TESTQ(n, n)
	l.JZ(LabelRef("end"))
	l.tail(s, n)
	l.Label("end")
	if l.fold != nil {
		l.finish(s)
	}
	l.VZEROUPPER()
	l.RET()
}

func (l loop) pointer(name string) reg.GPVirtual {
	r := l.GP64()
	l.Context.Load(l.Param(name), r)
	return r
}

func (l loop) broadcast(name string, r vec) {
	b, err := l.Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	l.Broadcast(b.Addr, r)
}

// moving returns the pointers that go through the elements.
func (l loop) moving(s state) []reg.GPVirtual {
	p := []reg.GPVirtual{s.x}
	if l.y {
		p = append(p, s.y)
	}
	if l.fold == nil {
		p = append(p, s.dst)
	}
	return p
}

// vector does vector i after the pointers.
func (l loop) vector(s state, i int) {
	at := func(p reg.GPVirtual) Mem { return Mem{Base: p, Disp: i * l.Bytes()} }
	x, y := l.reg(), s.a
	l.Load(at(s.x), x)
	if l.y {
		y = l.reg()
		l.Load(at(s.y), y)
	}
	if l.fold != nil {
		l.VMOVAPS(l.fold(l.kit, x, y, s.acc[i], s.b), s.acc[i])
		return
	}
	b := s.b
	if l.old {
		b = l.reg()
		l.Load(at(s.dst), b)
	}
	l.Store(l.f(l.kit, x, y, s.a, b), at(s.dst))
}

// tail does the last n elements, less than a vector.
func (l loop) tail(s state, n reg.GPVirtual) {
	l.setTail(n)
	load := func(p reg.GPVirtual) vec {
		r := l.reg()
		l.LoadTail(Mem{Base: p}, r)
		return r
	}
	x, y := load(s.x), s.a
	if l.y {
		y = load(s.y)
	}
	if l.fold != nil {
		if starts[l.name] != 0 {
			x = l.others(x, l.num(starts[l.name]))
		}
		l.VMOVAPS(l.fold(l.kit, x, y, s.acc[0], s.b), s.acc[0])
		return
	}
	b := s.b
	if l.old {
		b = load(s.dst)
	}
	l.StoreTail(l.f(l.kit, x, y, s.a, b), Mem{Base: s.dst})
}

// others returns x with the lanes that do not count taken from no.
func (l loop) others(x, no vec) vec {
	r := l.reg()
	if l.Wide {
		l.VBLENDMPS(x, no, reg.K1, r)
	} else {
		l.VBLENDVPS(reg.Y15, x, no, r)
	}
	return r
}

// finish joins all sums and their lanes, and stores the one number.
func (l loop) finish(s state) {
	join := l.fold
	if j, differs := joins[l.name]; differs {
		join = j
	}
	two := func(k kit, x, y vec) vec { return join(k, x, y, y, y) }
	v := two(l.kit, two(l.kit, s.acc[0], s.acc[1]), two(l.kit, s.acc[2], s.acc[3]))
	l.VMOVSS(l.lanes(v, two).AsX(), Mem{Base: s.dst})
}

func axpy(k kit, x, _, a, b vec) vec   { return k.fma(x, a, b) }
func mulAdd(k kit, x, y, _, b vec) vec { return k.fma(x, y, b) }

func sumUp(k kit, x, _, acc, _ vec) vec { return k.add(x, acc) }

var starts = map[string]float64{"maxOf": math.Inf(-1), "minOf": math.Inf(1)}

// joins are those of reductions that treat what they gathered differently.
var joins = map[string]value{"sumSquares": sumUp, "sumAbs": sumUp, "dot": sumUp}

var reductions = map[string]value{
	"sumOf":      sumUp,
	"maxOf":      func(k kit, x, _, acc, _ vec) vec { return k.best(k.max, acc, x) },
	"minOf":      func(k kit, x, _, acc, _ vec) vec { return k.best(k.min, acc, x) },
	"sumSquares": func(k kit, x, _, acc, _ vec) vec { return k.fma(x, x, k.copy(acc)) },
	"sumAbs":     func(k kit, x, _, acc, _ vec) vec { return k.add(k.abs(x), acc) },
	"dot":        func(k kit, x, y, acc, _ vec) vec { return k.fma(x, y, k.copy(acc)) },
}

// light operations are worth several vectors a turn.
var light = map[string]bool{"neg": true, "abs": true, "square": true, "relu": true, "scale": true, "shift": true,
	"affine": true, "clamp": true, "leakyReLU": true, "step": true,
	"plusScalar": true, "mulScalar": true, "subScalar": true, "subSwapped": true}

// heavy operations on two vectors are not.
var heavy = map[string]bool{"gradSiLU": true, "gradSoftplus": true, "gradGELU": true, "gradGELUTanh": true, "gradMish": true}

// The constants of SELU, as in package kernel.
const (
	seluScale = 1.0507009873554804934193349852946
	seluAlpha = 1.6732632423543772848170429916717
)

var unaries = map[string]value{
	"neg":       func(k kit, x, _, _, _ vec) vec { return k.neg(x) },
	"abs":       func(k kit, x, _, _, _ vec) vec { return k.abs(x) },
	"square":    func(k kit, x, _, _, _ vec) vec { return k.mul(x, x) },
	"sqrt":      func(k kit, x, _, _, _ vec) vec { return k.sqrt(x) },
	"rsqrt":     func(k kit, x, _, _, _ vec) vec { return k.div(k.num(1), k.sqrt(x)) },
	"recip":     func(k kit, x, _, _, _ vec) vec { return k.div(k.num(1), x) },
	"exp":       func(k kit, x, _, _, _ vec) vec { return k.exp(x) },
	"tanh":      func(k kit, x, _, _, _ vec) vec { return k.tanh(x) },
	"sigmoid":   func(k kit, x, _, _, _ vec) vec { return k.sigmoid(x) },
	"relu":      func(k kit, x, _, _, _ vec) vec { return k.max(x, k.num(0)) },
	"leakyReLU": func(k kit, x, _, a, _ vec) vec { return k.pick(less, x, k.num(0), k.mul(x, a), x) },
	"silu":      func(k kit, x, _, _, _ vec) vec { return k.silu(x) },
	"gelu":      func(k kit, x, _, _, _ vec) vec { return k.gelu(x) },
	"geluTanh":  func(k kit, x, _, _, _ vec) vec { return k.geluTanh(x) },
	"mish":      func(k kit, x, _, _, _ vec) vec { return k.mish(x) },
	"softplus":  func(k kit, x, _, _, _ vec) vec { return k.softplus(x) },
	"erf":       func(k kit, x, _, _, _ vec) vec { return k.erf(x) },
	"log":       func(k kit, x, _, _, _ vec) vec { return k.log(x) },
	"log1p":     func(k kit, x, _, _, _ vec) vec { return k.log1p(x) },
	"sin":       func(k kit, x, _, _, _ vec) vec { return k.sine(x, 0) },
	"cos":       func(k kit, x, _, _, _ vec) vec { return k.sine(x, 1) },
	"expm1": func(k kit, x, _, _, _ vec) vec {
		return k.pick(less, x, k.num(1), k.expm1(k.min(x, k.num(1))), k.sub(k.exp(x), k.num(1)))
	},
	"hardSwish": func(k kit, x, _, _, _ vec) vec {
		return k.mul(x, k.mul(k.min(k.max(k.add(x, k.num(3)), k.num(0)), k.num(6)), k.num(1./6)))
	},
	"softsign": func(k kit, x, _, _, _ vec) vec { return k.div(x, k.add(k.abs(x), k.num(1))) },
	"sign": func(k kit, x, _, _, _ vec) vec {
		zero := k.num(0)
		return k.pick(less, zero, x, k.num(1), k.pick(less, x, zero, k.num(-1), x))
	},
	"selu": func(k kit, x, _, _, _ vec) vec {
		zero := k.num(0)
		return k.pick(less, x, zero, k.mul(k.expm1(k.min(x, zero)), k.num(seluScale*seluAlpha)), k.mul(x, k.num(seluScale)))
	},
	"elu": func(k kit, x, _, a, _ vec) vec {
		return k.pick(less, x, k.num(0), k.mul(k.expm1(k.min(x, k.num(0))), a), x)
	},
	"step":   step,
	"scale":  func(k kit, x, _, a, _ vec) vec { return k.mul(x, a) },
	"shift":  func(k kit, x, _, a, _ vec) vec { return k.add(x, a) },
	"affine": func(k kit, x, _, a, b vec) vec { return k.fma(x, a, k.copy(b)) },
	"clamp":  func(k kit, x, _, a, b vec) vec { return k.min(k.max(x, a), b) },
}

func step(k kit, x, _, _, _ vec) vec {
	positive := k.pick(less, k.num(0), x, k.num(1), k.num(0))
	return k.pick(unordered, x, x, x, positive)
}

var arithmetic = map[string]value{
	"plus":  func(k kit, x, y, _, _ vec) vec { return k.add(x, y) },
	"sub":   func(k kit, x, y, _, _ vec) vec { return k.sub(x, y) },
	"mul":   func(k kit, x, y, _, _ vec) vec { return k.mul(x, y) },
	"div":   func(k kit, x, y, _, _ vec) vec { return k.div(x, y) },
	"max":   func(k kit, x, y, _, _ vec) vec { return k.best(k.max, x, y) },
	"min":   func(k kit, x, y, _, _ vec) vec { return k.best(k.min, x, y) },
	"equal": func(k kit, x, y, _, _ vec) vec { return k.pick(equal, x, y, k.num(1), k.num(0)) },
	"less":  func(k kit, x, y, _, _ vec) vec { return k.pick(less, x, y, k.num(1), k.num(0)) },
}

var binaries = map[string]value{
	"gradReLU": func(k kit, x, y, _, _ vec) vec {
		return k.mul(x, k.pick(lessEqual, y, k.num(0), k.num(0), k.num(1)))
	},
	"gradLeaky": func(k kit, x, y, a, _ vec) vec {
		return k.mul(x, k.pick(lessEqual, y, k.num(0), a, k.num(1)))
	},
	"gradTanh":    func(k kit, x, y, _, _ vec) vec { return k.mul(x, k.fnma(y, y, k.num(1))) },
	"gradSigmoid": func(k kit, x, y, _, _ vec) vec { return k.mul(x, k.mul(y, k.sub(k.num(1), y))) },
	"gradELU": func(k kit, x, y, a, _ vec) vec {
		return k.mul(x, k.pick(lessEqual, y, k.num(0), k.add(y, a), k.num(1)))
	},
	"gradSELU": func(k kit, x, y, _, _ vec) vec {
		return k.mul(x, k.pick(lessEqual, y, k.num(0), k.add(y, k.num(seluScale*seluAlpha)), k.num(seluScale)))
	},
	"gradGELU":     func(k kit, x, y, _, _ vec) vec { return k.mul(x, k.geluSlope(y)) },
	"gradGELUTanh": func(k kit, x, y, _, _ vec) vec { return k.mul(x, k.geluTanhSlope(y)) },
	"gradMish":     func(k kit, x, y, _, _ vec) vec { return k.mul(x, k.mishSlope(y)) },
	"gradHardSwish": func(k kit, x, y, _, _ vec) vec {
		slope := k.fma(y, k.num(1./3), k.num(0.5))
		slope = k.pick(less, y, k.num(3), slope, k.num(1))
		return k.mul(x, k.pick(lessEqual, y, k.num(-3), k.num(0), slope))
	},
	"gradSoftsign": func(k kit, x, y, _, _ vec) vec {
		d := k.add(k.abs(y), k.num(1))
		return k.div(x, k.mul(d, d))
	},
	"gradSiLU":     func(k kit, x, y, _, _ vec) vec { return k.mul(x, k.siluSlope(y)) },
	"gradSoftplus": func(k kit, x, y, _, _ vec) vec { return k.mul(x, k.sigmoid(y)) },
}
