// Command pool generates the kernels of max and average pooling and of
// depthwise convolution: for some output pixels in a row that see their windows
// through the same taps, all channels, one vector of them at a time.
//
//	go run ./pool
package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/limpid-ml/limpid/internal/kernel/_asm/gen"
)

func main() {
	c := build.NewContext()
	c.ConstraintExpr("amd64,!noasm")
	for _, wide := range []bool{false, true} {
		v := gen.Vec{Context: c, Wide: wide}
		loop{Vec: v, name: "maxPool", doc: "It takes the greatest of the taps and its index.", tap: maxTap, end: maxEnd}.generate()
		loop{Vec: v, name: "maxPoolGrad", doc: "It adds y to the taps whose index is arg.", begin: gradBegin, tap: maxGradTap}.generate()
		loop{Vec: v, name: "avgPool", doc: "It adds up the taps and scales them.", begin: avgBegin, tap: avgTap, end: avgEnd}.generate()
		loop{Vec: v, name: "avgPoolGrad", doc: "It adds y, scaled, to the taps.", begin: avgGradBegin, tap: avgGradTap}.generate()
		loop{Vec: v, name: "depthwise", doc: "It adds up the taps, each times its weights, on top of the bias.",
			weights: true, begin: depthBegin, tap: depthTap, end: depthEnd}.generate()
		loop{Vec: v, name: "depthwiseData", doc: "It adds y times their weights to the taps.",
			weights: true, begin: depthGradBegin, tap: depthDataTap}.generate()
		loop{Vec: v, name: "depthwiseFilter", doc: "It adds y times the taps to their weights.",
			weights: true, begin: depthGradBegin, tap: depthFilterTap}.generate()
	}
	gen.Write(c, "pool", "go run ./pool")
}

// Offsets in poolArgs, which package kernel declares.
const (
	argX = 8 * iota
	argY
	argArg
	argTaps
	argCount
	argPixels
	argStep
	argFirst
	argChannels
	argBits
	argTable
	argIota
	argScale
	argBias
)

// loop generates the loops over pixels, vectors of channels, and taps. The
// parts that differ are begin, tap and end.
type loop struct {
	gen.Vec
	name, doc       string
	weights         bool // arg holds weights, and each tap says where its are
	begin, tap, end func(l loop, r *regs)
}

// regs are the registers that the parts see.
type regs struct {
	args          Mem
	x, y, arg     reg.GPVirtual // of the pixel
	at            reg.GPVirtual // byte offset of the channels
	tap           reg.GPVirtual // byte offset of the tap
	first         reg.GPVirtual // flat index of x
	index         reg.GPVirtual // scratch
	tail          bool
	label         string
	left, scratch reg.GPVirtual
}

// Vector registers: what the loop over taps gathers, the vector at a tap, and
// constants. Y15 is AVX2's mask.
const (
	best = iota
	from
	value
	mask
	other
	here
	scale
	iota_
)

func (l loop) generate() {
	name := l.name + map[bool]string{false: "AVX2", true: "AVX512"}[l.Wide]
	l.Function(name)
	l.Attributes(attr.NOSPLIT)
	l.SignatureExpr("func(a *byte)")
	l.Doc(l.doc)
	l.Pragma("noescape")
	r := &regs{args: Mem{Base: l.Context.Load(l.Param("a"), l.GP64())}, label: name}
	field := func(offset int) reg.GPVirtual {
		g := l.GP64()
		l.MOVQ(r.args.Offset(offset), g)
		return g
	}
	l.TailMask(field(argBits).As32(), Mem{Base: field(argTable)})
	l.Load(Mem{Base: field(argIota)}, l.Reg(iota_))
	l.VBROADCASTSS(r.args.Offset(argScale), l.Reg(scale))
	r.x, r.y, r.arg, r.first = field(argX), field(argY), field(argArg), field(argFirst)
	pixels := field(argPixels)
	r.at, r.tap, r.index, r.left, r.scratch = l.GP64(), l.GP64(), l.GP64(), l.GP64(), l.GP64()

	l.Label(name + "pixel")
	l.XORQ(r.at, r.at)
	l.Label(name + "channels")
	l.MOVQ(r.args.Offset(argChannels), r.left)
	l.SUBQ(r.at, r.left)
	l.JZ(LabelRef(name + "next"))
	l.CMPQ(r.left, Imm(uint64(l.Bytes())))
	l.JL(LabelRef(name + "tail"))
	l.vector(r, "full")
	l.ADDQ(Imm(uint64(l.Bytes())), r.at)
	l.JMP(LabelRef(name + "channels"))
	l.Label(name + "tail")
	r.tail = true
	l.vector(r, "part")

	l.Label(name + "next")
	l.advance(r)
	l.DECQ(pixels)
	l.JNZ(LabelRef(name + "pixel"))
	l.VZEROUPPER()
	l.RET()
}

// advance moves to the next output pixel.
func (l loop) advance(r *regs) {
	l.MOVQ(r.args.Offset(argStep), r.scratch)
	l.ADDQ(r.scratch, r.x)
	l.SHRQ(Imm(2), r.scratch)
	l.ADDQ(r.scratch, r.first)
	l.MOVQ(r.args.Offset(argChannels), r.scratch)
	l.ADDQ(r.scratch, r.y)
	if !l.weights {
		l.ADDQ(r.scratch, r.arg)
	}
}

// vector generates the work on one vector of channels of a pixel.
func (l loop) vector(r *regs, part string) {
	// here = flat indices of these channels, as seen through a tap at offset 0
	l.MOVQ(r.at, r.index)
	l.SHRQ(Imm(2), r.index)
	l.ADDQ(r.first, r.index)
	l.broadcastIndex(r.index, here)
	l.VPADDD(l.Reg(iota_), l.Reg(here), l.Reg(here))
	if l.begin != nil {
		l.begin(l, r)
	}
	taps, count := l.GP64(), l.GP64()
	l.MOVQ(r.args.Offset(argTaps), taps)
	l.MOVQ(r.args.Offset(argCount), count)
	if l.name == "maxPool" {
		l.first(r, taps)
		l.DECQ(count)
		l.JZ(LabelRef(r.label + part + "done"))
		l.ADDQ(Imm(8), taps)
	}
	l.Label(r.label + part + "tap")
	l.MOVQ(Mem{Base: taps}, r.tap)
	if l.weights {
		l.MOVQ(Mem{Base: taps, Disp: 8}, r.index)
		l.ADDQ(r.at, r.index)
		l.ADDQ(Imm(8), taps)
	}
	l.tap(l, r)
	l.ADDQ(Imm(8), taps)
	l.DECQ(count)
	l.JNZ(LabelRef(r.label + part + "tap"))
	l.Label(r.label + part + "done")
	if l.end != nil {
		l.end(l, r)
	}
}

func (l loop) broadcastIndex(g reg.GPVirtual, to int) {
	if l.Wide {
		l.VPBROADCASTD(g.As32(), l.Reg(to))
		return
	}
	x := []reg.Register{reg.X0, reg.X1, reg.X2, reg.X3, reg.X4, reg.X5, reg.X6, reg.X7}[to]
	l.VMOVD(g.As32(), x)
	l.VPBROADCASTD(x, l.Reg(to))
}

// load and store move a whole vector, or the lanes of the last one.
func (l loop) load(r *regs, m Mem, to int) {
	if r.tail {
		l.LoadTail(m, l.Reg(to))
	} else {
		l.Load(m, l.Reg(to))
	}
}

func (l loop) store(r *regs, from int, m Mem) {
	if r.tail {
		l.StoreTail(l.Reg(from), m)
	} else {
		l.Store(l.Reg(from), m)
	}
}

// atTap returns where x's channels lie at the current tap.
func (l loop) atTap(r *regs) Mem {
	l.LEAQ(Mem{Base: r.at, Index: r.tap, Scale: 1}, r.scratch)
	return Mem{Base: r.x, Index: r.scratch, Scale: 1}
}

// tapIndex sets register other to the flat indices of the channels at the tap.
func (l loop) tapIndex(r *regs) {
	l.MOVQ(r.tap, r.index)
	l.SARQ(Imm(2), r.index)
	l.broadcastIndex(r.index, other)
	l.VPADDD(l.Reg(here), l.Reg(other), l.Reg(other))
}

// first takes the first tap as the greatest so far.
func (l loop) first(r *regs, taps reg.GPVirtual) {
	l.MOVQ(Mem{Base: taps}, r.tap)
	l.load(r, l.atTap(r), best)
	l.tapIndex(r)
	l.VMOVAPS(l.Reg(other), l.Reg(from))
}

const greater, unordered = 0x1e, 3 // predicates of VCMPPS

// maxTap takes the tap where it is greater or not a number.
func maxTap(l loop, r *regs) {
	l.load(r, l.atTap(r), value)
	l.tapIndex(r)
	if l.Wide {
		l.VCMPPS(Imm(greater), l.Reg(best), l.Reg(value), reg.K2)
		l.VCMPPS(Imm(unordered), l.Reg(value), l.Reg(value), reg.K3)
		l.KORW(reg.K3, reg.K2, reg.K2)
		l.VMOVAPS(l.Reg(value), reg.K2, l.Reg(best))
		l.VMOVAPS(l.Reg(other), reg.K2, l.Reg(from))
		return
	}
	l.VCMPPS(Imm(greater), l.Reg(best), l.Reg(value), l.Reg(mask))
	l.VCMPPS(Imm(unordered), l.Reg(value), l.Reg(value), reg.Y8)
	l.VORPS(reg.Y8, l.Reg(mask), l.Reg(mask))
	l.VBLENDVPS(l.Reg(mask), l.Reg(value), l.Reg(best), l.Reg(best))
	l.VBLENDVPS(l.Reg(mask), l.Reg(other), l.Reg(from), l.Reg(from))
}

func maxEnd(l loop, r *regs) {
	l.store(r, best, Mem{Base: r.y, Index: r.at, Scale: 1})
	l.store(r, from, Mem{Base: r.arg, Index: r.at, Scale: 1})
}

func gradBegin(l loop, r *regs) {
	l.load(r, Mem{Base: r.y, Index: r.at, Scale: 1}, best)
	l.load(r, Mem{Base: r.arg, Index: r.at, Scale: 1}, from)
}

func maxGradTap(l loop, r *regs) {
	l.tapIndex(r)
	at := l.atTap(r)
	l.load(r, at, value)
	if l.Wide {
		l.VPCMPEQD(l.Reg(from), l.Reg(other), reg.K2)
		l.VADDPS(l.Reg(best), l.Reg(value), reg.K2, l.Reg(value))
	} else {
		l.VPCMPEQD(l.Reg(from), l.Reg(other), l.Reg(mask))
		l.VANDPS(l.Reg(best), l.Reg(mask), l.Reg(mask))
		l.VADDPS(l.Reg(mask), l.Reg(value), l.Reg(value))
	}
	l.store(r, value, at)
}

func avgBegin(l loop, _ *regs) { l.Zero(l.Reg(best)) }

func avgTap(l loop, r *regs) {
	l.load(r, l.atTap(r), value)
	l.VADDPS(l.Reg(value), l.Reg(best), l.Reg(best))
}

func avgEnd(l loop, r *regs) {
	l.VMULPS(l.Reg(scale), l.Reg(best), l.Reg(best))
	l.store(r, best, Mem{Base: r.y, Index: r.at, Scale: 1})
}

func avgGradBegin(l loop, r *regs) {
	l.load(r, Mem{Base: r.y, Index: r.at, Scale: 1}, best)
	l.VMULPS(l.Reg(scale), l.Reg(best), l.Reg(best))
}

func avgGradTap(l loop, r *regs) {
	at := l.atTap(r)
	l.load(r, at, value)
	l.VADDPS(l.Reg(best), l.Reg(value), l.Reg(value))
	l.store(r, value, at)
}

// atWeights returns where the weights of the channels at the tap lie.
func atWeights(r *regs) Mem { return Mem{Base: r.arg, Index: r.index, Scale: 1} }

func depthBegin(l loop, r *regs) {
	l.MOVQ(r.args.Offset(argBias), r.scratch)
	l.load(r, Mem{Base: r.scratch, Index: r.at, Scale: 1}, best)
}

func depthTap(l loop, r *regs) {
	l.load(r, atWeights(r), value)
	l.load(r, l.atTap(r), other)
	l.Fma(l.Reg(value), l.Reg(other), l.Reg(best))
}

// depthEnd applies a floor, which is what scale holds here.
func depthEnd(l loop, r *regs) {
	l.Max(l.Reg(best), l.Reg(scale), l.Reg(best))
	l.store(r, best, Mem{Base: r.y, Index: r.at, Scale: 1})
}

func depthGradBegin(l loop, r *regs) {
	l.load(r, Mem{Base: r.y, Index: r.at, Scale: 1}, best)
}

func depthDataTap(l loop, r *regs) {
	l.load(r, atWeights(r), value)
	at := l.atTap(r)
	l.load(r, at, other)
	l.Fma(l.Reg(value), l.Reg(best), l.Reg(other))
	l.store(r, other, at)
}

func depthFilterTap(l loop, r *regs) {
	l.load(r, l.atTap(r), value)
	l.load(r, atWeights(r), other)
	l.Fma(l.Reg(value), l.Reg(best), l.Reg(other))
	l.store(r, other, atWeights(r))
}
