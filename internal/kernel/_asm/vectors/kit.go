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
		k.VBLENDMPS(yes, no, m, r)
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

// reduceExp splits x into n·ln 2 + r with |r| ≤ ln 2 / 2.
func (k kit) reduceExp(x vec) (n, r vec) {
	n = k.round(k.mul(k.mem(math.Log2E), x))
	r = k.reg()
	k.VMOVAPS(x, r)
	r = k.fnma(k.mem(0.693359375), n, r)
	return n, k.fnma(k.mem(math.Ln2-0.693359375), n, r)
}

// exp returns eˣ, by the Taylor polynomial of degree 7: its error on the
// reduced argument is 5e-9.
func (k kit) exp(x operand.Op) vec {
	x = k.max(x, k.num(-104))
	n, r := k.reduceExp(k.min(x, k.num(89)))
	return k.scale(k.poly(r, 1./5040, 1./720, 1./120, 1./24, 1./6, 1./2, 1, 1), n)
}

// expm1 returns eˣ − 1 for x ≤ 0, exact near 0.
func (k kit) expm1(x operand.Op) vec {
	n, r := k.reduceExp(k.max(x, k.num(-80)))
	p := k.mul(r, k.poly(r, 1./5040, 1./720, 1./120, 1./24, 1./6, 1./2, 1))
	s := k.power(n)
	return k.fma(p, s, k.sub(s, k.num(1)))
}

func (k kit) sigmoid(x operand.Op) vec {
	one := k.num(1)
	return k.div(one, k.add(k.exp(k.neg(x)), one))
}

// tanh is −e/(e + 2) with e = exp(−2|x|) − 1, and the sign of x.
func (k kit) tanh(x operand.Op) vec {
	e := k.expm1(k.mul(k.num(-2), k.abs(x)))
	return k.or(k.abs(k.div(e, k.add(e, k.num(2)))), k.sign(x))
}
