package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/limpid-ml/limpid/internal/kernel/_asm/gen"
)

// kit issues instructions on float32 vectors in registers that avo chooses.
type kit struct {
	gen.Vec
	constants map[string]operand.Mem
	partial   bool // the vector at hand is the partial last one
}

type vec = reg.VecVirtual

// Conditions of compare and select.
const (
	equal     = 0x00
	less      = 0x11
	lessEqual = 0x12
	unordered = 0x03
)

func (k kit) reg() vec {
	if k.Wide {
		return k.ZMM()
	}
	return k.YMM()
}

// words returns a read-only vector in memory: 16 lanes of f(lane).
func (k kit) words(name string, f func(lane int) uint32) operand.Mem {
	m, made := k.constants[name]
	if !made {
		m = k.StaticGlobal(name)
		k.DataAttributes(attr.RODATA | attr.NOPTR)
		for i := range 16 {
			k.AppendDatum(operand.U32(f(i)))
		}
		k.constants[name] = m
	}
	return m
}

func (k kit) bits(b uint32) operand.Mem {
	return k.words(fmt.Sprintf("vector%08x", b), func(int) uint32 { return b })
}

// mem returns a constant as a memory operand, num in a register.
func (k kit) mem(f float64) operand.Mem { return k.bits(math.Float32bits(float32(f))) }

func (k kit) num(f float64) vec {
	r := k.reg()
	k.Load(k.mem(f), r)
	return r
}

func (k kit) two(f func(x, y, r operand.Op), x, y operand.Op) vec {
	r := k.reg()
	f(x, y, r)
	return r
}

// The first operand of these may be in memory. The order of sub and div is
// that of the formula, so their second may be.
func (k kit) add(x, y operand.Op) vec {
	return k.two(func(a, b, r operand.Op) { k.VADDPS(a, b, r) }, x, y)
}
func (k kit) mul(x, y operand.Op) vec {
	return k.two(func(a, b, r operand.Op) { k.VMULPS(a, b, r) }, x, y)
}
func (k kit) sub(x, y operand.Op) vec {
	return k.two(func(a, b, r operand.Op) { k.VSUBPS(b, a, r) }, x, y)
}
func (k kit) div(x, y operand.Op) vec {
	return k.two(func(a, b, r operand.Op) { k.VDIVPS(b, a, r) }, x, y)
}
func (k kit) and(x, y operand.Op) vec {
	return k.two(func(a, b, r operand.Op) { k.VANDPS(a, b, r) }, x, y)
}
func (k kit) or(x, y operand.Op) vec {
	return k.two(func(a, b, r operand.Op) { k.VORPS(a, b, r) }, x, y)
}
func (k kit) xor(x, y operand.Op) vec {
	return k.two(func(a, b, r operand.Op) { k.VXORPS(a, b, r) }, x, y)
}

// max and min return x if either is not a number.
func (k kit) max(x, y operand.Op) vec {
	return k.two(func(a, b, r operand.Op) { k.VMAXPS(a, b, r) }, x, y)
}
func (k kit) min(x, y operand.Op) vec {
	return k.two(func(a, b, r operand.Op) { k.VMINPS(a, b, r) }, x, y)
}

func (k kit) sqrt(x operand.Op) vec {
	r := k.reg()
	k.VSQRTPS(x, r)
	return r
}

// fma returns x·y + z and uses up z.
func (k kit) fma(x, y operand.Op, z vec) vec {
	k.VFMADD231PS(x, y, z)
	return z
}

// fnma returns z − x·y and uses up z.
func (k kit) fnma(x, y operand.Op, z vec) vec {
	k.VFNMADD231PS(x, y, z)
	return z
}

// pick returns yes in the lanes where x stands in the relation to y, else no.
func (k kit) pick(relation uint64, x, y, yes, no operand.Op) vec {
	r := k.reg()
	if k.Wide {
		m := k.K()
		k.VCMPPS(operand.Imm(relation), y, x, m)
		k.VMOVUPS(no, r) // not VBLENDMPS: avo would think that it reads r
		k.VMOVUPS(yes, m, r)
		return r
	}
	m := k.reg()
	k.VCMPPS(operand.Imm(relation), y, x, m)
	k.VBLENDVPS(m, yes, no, r)
	return r
}

// best is max or min, but what is not a number wins.
func (k kit) best(choose func(x, y operand.Op) vec, x, y operand.Op) vec {
	return k.pick(unordered, y, y, y, choose(x, y))
}

func (k kit) round(x operand.Op) vec {
	r := k.reg()
	if k.Wide {
		k.VRNDSCALEPS(operand.Imm(8), x, r)
	} else {
		k.VROUNDPS(operand.Imm(8), x, r)
	}
	return r
}

// power returns 2ⁿ for whole n from −126 to 127.
func (k kit) power(n operand.Op) vec {
	r := k.reg()
	k.VCVTPS2DQ(n, r)
	k.VPSLLD(operand.Imm(23), r, r)
	s := k.reg()
	k.VPADDD(k.mem(1), r, s)
	return s
}

// scale returns x·2ⁿ, rounded once where that matters.
func (k kit) scale(x, n operand.Op) vec {
	if k.Wide {
		r := k.reg()
		k.VSCALEFPS(n, x, r)
		return r
	}
	half := k.round(k.mul(k.mem(0.5), n))
	return k.mul(k.mul(x, k.power(half)), k.power(k.sub(n, half)))
}

// only returns x with 0 in the lanes that a partial vector does not have.
func (k kit) only(x vec) vec {
	if !k.partial {
		return x
	}
	r := k.reg()
	if k.Wide {
		k.VMOVAPS_Z(x, reg.K1, r)
	} else {
		k.VANDPS(reg.Y15, x, r)
	}
	return r
}

func (k kit) copy(x vec) vec {
	r := k.reg()
	k.VMOVAPS(x, r)
	return r
}

func (k kit) abs(x operand.Op) vec  { return k.and(k.bits(1<<31-1), x) }
func (k kit) neg(x operand.Op) vec  { return k.xor(k.bits(1<<31), x) }
func (k kit) sign(x operand.Op) vec { return k.and(k.bits(1<<31), x) }

// poly returns the polynomial of x whose coefficients, the highest first,
// are given.
func (k kit) poly(x operand.Op, c ...float64) vec {
	sum := k.num(c[0])
	for _, v := range c[1:] {
		next := k.reg()
		k.Load(k.mem(v), next)
		sum = k.fma(sum, x, next)
	}
	return sum
}

// lanes joins all lanes of v, halving their number until one is left, which
// it returns in the first lane of 256 bits.
func (k kit) lanes(v vec, join func(k kit, x, y vec) vec) vec {
	if k.Wide {
		high, low := k.YMM(), k.YMM()
		k.VEXTRACTF64X4(operand.Imm(1), v, high)
		k.VMOVAPS(v.AsY(), low)
		k.Wide = false
		v = join(k, low, high)
	}
	high := k.YMM()
	k.VPERM2F128(operand.Imm(1), v, v, high)
	v = join(k, v, high)
	for _, order := range []uint64{0b01001110, 0b10110001} {
		high := k.YMM()
		k.VPERMILPS(operand.Imm(order), v, high)
		v = join(k, v, high)
	}
	return v
}
