// Command dropout generates the kernels that draw and apply the masks of
// dropout.
//
//	go run ./dropout
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
		philox{v, constants(v)}.generate()
		masked(v)
	}
	gen.Write(c, "dropout", "go run ./dropout")
}

func width(v gen.Vec) string {
	if v.Wide {
		return "AVX512"
	}
	return "AVX2"
}

// constants lays down the counters of the lanes' first blocks: with AVX-512,
// in the order in which the comparisons hand out their bits.
func constants(v gen.Vec) Mem {
	order := []uint64{0, 1, 2, 3}
	if v.Wide {
		order = []uint64{0, 4, 1, 5, 2, 6, 3, 7}
	}
	m := v.StaticGlobal("blocks" + width(v))
	v.DataAttributes(attr.RODATA | attr.NOPTR)
	for i, b := range order {
		v.AddDatum(8*i, U64(b))
	}
	return m
}

// philox generates a block of Philox4x32-10 in each 64-bit lane. Registers
// hold one 32-bit word a lane, with anything in the upper half: products read
// the lower halves only.
type philox struct {
	gen.Vec
	blocks Mem
}

func (p philox) generate() {
	name := "randomBits" + width(p.Vec)
	p.Function(name)
	p.Attributes(attr.NOSPLIT)
	p.SignatureExpr("func(dst *byte, keys *uint32, block, stream uint64, last, groups int)")
	p.Doc("It writes a byte of eight bits for each block: whether a half of a word is at most last.",
		"A group is as many blocks as there are 64-bit lanes; keys holds the two keys of each of the ten rounds.")
	p.Pragma("noescape")
	dst := p.Context.Load(p.Param("dst"), p.GP64())
	keys := p.Context.Load(p.Param("keys"), p.GP64())
	groups := p.Context.Load(p.Param("groups"), p.GP64())
	r := p.Reg
	counter, step, mul0, mul1, stream, streamHigh, last := r(8), r(9), r(10), r(11), r(12), r(13), r(14)
	p.fill(p.Context.Load(p.Param("block"), p.GP64()), counter)
	p.VPADDQ(p.blocks, counter, counter)
	p.fill(p.constant(uint64(p.Bytes()/8)), step)
	p.fill(p.constant(0xD2511F53), mul0)
	p.fill(p.constant(0xCD9E8D57), mul1)
	p.fill(p.Context.Load(p.Param("stream"), p.GP64()), stream)
	p.VPSRLQ(Imm(32), stream, streamHigh)
	p.fillWords(p.Context.Load(p.Param("last"), p.GP64()), last)
	p.Label(name + "loop")
	x := [4]Op{r(0), r(1), r(2), r(3)}
	spare := [2]Op{r(4), r(5)}
	p.move(counter, x[0])
	p.VPSRLQ(Imm(32), counter, x[1])
	p.move(stream, x[2])
	p.move(streamHigh, x[3])
	for round := range 10 {
		x, spare = p.round(x, spare, mul0, mul1, Mem{Base: keys, Disp: 8 * round})
	}
	p.compare(x, spare, last, dst)
	p.VPADDQ(step, counter, counter)
	p.ADDQ(Imm(uint64(p.Bytes()/8)), dst)
	p.DECQ(groups)
	p.JNZ(LabelRef(name + "loop"))
	p.VZEROUPPER()
	p.RET()
}

func (p philox) constant(v uint64) reg.Register {
	r := p.GP64()
	p.MOVQ(U64(v), r)
	return r
}

// fill broadcasts a general register to the 64-bit lanes.
func (p philox) fill(from reg.Register, to reg.VecPhysical) {
	p.VMOVQ(from, to.AsX())
	p.VPBROADCASTQ(to.AsX(), to)
}

func (p philox) fillWords(from reg.Register, to reg.VecPhysical) {
	p.VMOVQ(from, to.AsX())
	p.VPBROADCASTW(to.AsX(), to)
}

func (p philox) move(from, to Op) {
	if p.Wide {
		p.VMOVDQU64(from, to)
	} else {
		p.VMOVDQU(from, to)
	}
}

// round computes, of products a = 0xD2511F53·x0 and b = 0xCD9E8D57·x2,
//
//	x0, x1, x2, x3 = high b ^ x1 ^ key0, low b, high a ^ x3 ^ key1, low a
//
// and returns the registers that hold them now, and the two that are free.
func (p philox) round(x [4]Op, spare [2]Op, mul0, mul1 Op, keys Mem) (next [4]Op, free [2]Op) {
	a, b := spare[0], spare[1]
	p.VPMULUDQ(x[0], mul0, a)
	p.VPMULUDQ(x[2], mul1, b)
	p.xor(b, x[0], x[1], keys)
	p.xor(a, x[2], x[3], keys.Offset(4))
	return [4]Op{x[1], b, x[3], a}, [2]Op{x[0], x[2]}
}

// xor adds the upper halves of product and the key to x; t is overwritten.
func (p philox) xor(product, t, x Op, key Mem) {
	p.VPSRLQ(Imm(32), product, t)
	if p.Wide {
		p.VPBROADCASTD(key, p.Reg(7))
		p.VPTERNLOGD(Imm(0x96), p.Reg(7), t, x)
		return
	}
	p.VPBROADCASTD(key, p.Reg(7))
	p.VPXOR(p.Reg(7), t, t)
	p.VPXOR(t, x, x)
}

// compare puts the four words of each block side by side and stores which of
// their halves are at most last.
//
//	AVX2:    pairs | blocks 0 and 2 | blocks 1 and 3 | → bytes 0 1 2 3
//	AVX-512: pairs | even lanes     | odd lanes      | → bytes 0…3, 4…7
func (p philox) compare(x [4]Op, t [2]Op, last Op, dst reg.Register) {
	for i := range 2 { // words 1 and 3 into the upper halves of words 0 and 2
		low, high := x[2*i], x[2*i+1]
		p.VPSLLQ(Imm(32), high, high)
		p.VPSLLQ(Imm(32), low, low)
		p.VPSRLQ(Imm(32), low, low)
		if p.Wide {
			p.VPORQ(low, high, low)
		} else {
			p.VPOR(low, high, low)
		}
	}
	p.VPUNPCKLQDQ(x[2], x[0], t[0])
	p.VPUNPCKHQDQ(x[2], x[0], t[1])
	for i := range 2 {
		if p.Wide {
			k := p.K()
			p.VPCMPUW(Imm(2), last, t[i], k)
			p.KMOVD(k, Mem{Base: dst, Disp: 4 * i})
		} else {
			p.VPMINUW(last, t[i], p.Reg(7))
			p.VPCMPEQW(p.Reg(7), t[i], t[i])
		}
	}
	if !p.Wide {
		bits := p.GP32()
		p.VPACKSSWB(t[1], t[0], t[0])
		p.VPMOVMSKB(t[0], bits)
		p.MOVL(bits, Mem{Base: dst})
	}
}

// masked generates the scaling of the elements whose bit is set.
func masked(v gen.Vec) {
	name := "masked" + width(v)
	v.Function(name)
	v.Attributes(attr.NOSPLIT)
	v.SignatureExpr("func(dst, x *float32, bits *byte, scale float32, groups int)")
	v.Doc("It writes scale·x where a bit is set, and 0 elsewhere; a group is as many elements as a vector holds.")
	v.Pragma("noescape")
	dst := v.Context.Load(v.Param("dst"), v.GP64())
	x := v.Context.Load(v.Param("x"), v.GP64())
	bits := v.Context.Load(v.Param("bits"), v.GP64())
	groups := v.Context.Load(v.Param("groups"), v.GP64())
	scale, err := v.Param("scale").Resolve()
	if err != nil {
		panic(err)
	}
	v.VBROADCASTSS(scale.Addr, v.Reg(0))
	if !v.Wide {
		lanes := v.StaticGlobal("lanesAVX2")
		v.DataAttributes(attr.RODATA | attr.NOPTR)
		for i := range 8 {
			v.AddDatum(4*i, U32(1<<i))
		}
		v.VMOVUPS(lanes, v.Reg(1))
	}
	v.Label(name + "loop")
	if v.Wide {
		v.KMOVW(Mem{Base: bits}, reg.K1)
		v.VMULPS_Z(Mem{Base: x}, v.Reg(0), reg.K1, v.Reg(2))
	} else {
		v.VPBROADCASTB(Mem{Base: bits}, v.Reg(3))
		v.VPAND(v.Reg(1), v.Reg(3), v.Reg(3))
		v.VPCMPEQD(v.Reg(1), v.Reg(3), v.Reg(3))
		v.VMULPS(Mem{Base: x}, v.Reg(0), v.Reg(2))
		v.VANDPS(v.Reg(2), v.Reg(3), v.Reg(2))
	}
	v.Store(v.Reg(2), Mem{Base: dst})
	v.ADDQ(Imm(uint64(v.Bytes())), dst)
	v.ADDQ(Imm(uint64(v.Bytes())), x)
	v.ADDQ(Imm(uint64(v.Lanes()/8)), bits)
	v.DECQ(groups)
	v.JNZ(LabelRef(name + "loop"))
	v.VZEROUPPER()
	v.RET()
}
