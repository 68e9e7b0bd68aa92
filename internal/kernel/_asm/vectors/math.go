package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
)

// The functions below hold 5 units in the last place over the whole range of
// their arguments, unless said otherwise. Package kernel's tests hold them to
// it.

// reduceExp splits x into n·ln 2 + r with |r| ≤ ln 2 / 2.
func (k kit) reduceExp(x vec) (n, r vec) {
	n = k.round(k.mul(k.mem(math.Log2E), x))
	r = k.fnma(k.mem(0.693359375), n, k.copy(x))
	return n, k.fnma(k.mem(math.Ln2-0.693359375), n, r)
}

// expParts returns p and n with eˣ = p·2ⁿ, for x from −150 to 89 and beyond
// clamped to these: by the Taylor polynomial of degree 7, whose error on the
// reduced argument is 5e-9.
func (k kit) expParts(x operand.Op) (p, n vec) {
	x = k.max(x, k.num(-150))
	n, r := k.reduceExp(k.min(x, k.num(89)))
	return k.poly(r, 1./5040, 1./720, 1./120, 1./24, 1./6, 1./2, 1, 1), n
}

func (k kit) exp(x operand.Op) vec {
	p, n := k.expParts(x)
	return k.scale(p, n)
}

// expm1 returns eˣ − 1 for x ≤ 88, exact near 0.
func (k kit) expm1(x operand.Op) vec {
	n, r := k.reduceExp(k.max(x, k.num(-80)))
	p := k.mul(r, k.poly(r, 1./5040, 1./720, 1./120, 1./24, 1./6, 1./2, 1))
	s := k.power(n)
	return k.fma(p, s, k.sub(s, k.num(1)))
}

// lessZero returns ones in the lanes where x's sign is set.
func (k kit) lessZero(x vec) vec {
	r := k.reg()
	k.VPSRAD(operand.Imm(31), x, r)
	return r
}

// below returns n in the lanes where x's sign is set, else 0.
func (k kit) below(x, n vec) vec { return k.and(k.lessZero(x), n) }

func (k kit) sigmoid(x vec) vec { return k.sigmoidBy(x, k.exp(k.neg(k.abs(x)))) }

// sigmoidBy returns the sigmoid of x, given e = exp(−|x|).
func (k kit) sigmoidBy(x, e vec) vec {
	return k.div(k.pick(less, x, k.num(0), e, k.num(1)), k.add(e, k.num(1)))
}

// silu is x times the sigmoid. For negative x it is scaled by 2ⁿ last, for
// the exponential by itself may be too small for full precision.
func (k kit) silu(x vec) vec {
	p, n := k.expParts(k.neg(k.abs(x)))
	over := k.add(k.scale(p, n), k.num(1))
	top := k.pick(less, x, k.num(0), k.mul(k.max(x, k.num(-150)), p), x)
	return k.fix(x, k.scale(k.div(top, over), k.below(x, n)))
}

// siluSlope is σ + x·σ·(1 − σ).
func (k kit) siluSlope(x vec) vec {
	x = k.clamp(x, 150)
	return k.gatedSlope(x, x)
}

// gatedSlope returns σ(y) + by·σ(y)·(1 − σ(y)).
func (k kit) gatedSlope(y, by vec) vec {
	e := k.exp(k.neg(k.abs(y)))
	under := k.add(e, k.num(1))
	return k.fma(by, k.div(e, k.mul(under, under)), k.sigmoidBy(y, e))
}

// mishParts returns, of e = exp(−|x|), tanh(softplus(x)) = top/under, top with
// e for the factor by where x is negative; and under − top.
func (k kit) mishParts(x, e, by vec) (top, under, rest vec) {
	negative := k.mul(by, k.add(e, k.num(2)))
	below := k.fma(e, k.add(e, k.num(2)), k.num(2))
	twice := k.add(e, e)
	positive := k.add(twice, k.num(1))
	above := k.fma(e, twice, k.copy(positive))
	zero := k.num(0)
	return k.pick(less, x, zero, negative, positive), k.pick(less, x, zero, below, above),
		k.pick(less, x, zero, k.num(2), k.mul(e, twice))
}

func (k kit) mish(x vec) vec {
	p, n := k.expParts(k.neg(k.abs(x)))
	top, under, _ := k.mishParts(x, k.scale(p, n), p)
	return k.fix(x, k.scale(k.div(k.mul(k.max(x, k.num(-150)), top), under), k.below(x, n)))
}

func (k kit) mishSlope(x vec) vec {
	x = k.clamp(x, 100)
	e := k.exp(k.neg(k.abs(x)))
	top, under, rest := k.mishParts(x, e, e)
	t := k.div(top, under)
	rest = k.mul(k.div(rest, under), k.add(t, k.num(1)))
	return k.fma(k.mul(x, k.sigmoidBy(x, e)), rest, t)
}

// clamp returns x between −limit and limit.
func (k kit) clamp(x vec, limit float64) vec {
	return k.max(k.min(x, k.num(limit)), k.num(-limit))
}

// tanh is −e/(e + 2) with e = exp(−2|x|) − 1, and the sign of x.
func (k kit) tanh(x operand.Op) vec {
	e := k.expm1(k.mul(k.num(-2), k.abs(x)))
	return k.or(k.abs(k.div(e, k.add(e, k.num(2)))), k.sign(x))
}

// logParts returns f and n with x = (1 + f)·2ⁿ and 1 + f between √½ and √2,
// for normal x.
func (k kit) logParts(x vec) (f, n vec) {
	shifted, exponent := k.reg(), k.reg()
	half := k.mem(math.Sqrt2 / 2)
	k.VMOVUPS(half, shifted)
	k.VPSUBD(shifted, x, shifted) // its exponent is n once x's mantissa reaches √½
	k.VPSRAD(operand.Imm(23), shifted, exponent)
	k.VPSLLD(operand.Imm(23), exponent, shifted)
	f = k.reg()
	k.VPSUBD(shifted, x, f)
	n = k.reg()
	k.VCVTDQ2PS(exponent, n)
	return k.sub(f, k.num(1)), n
}

// log1 returns ln(1 + f) + n·ln 2 of [logParts], by the series of
// artanh(f/(2 + f)): its error is 2e-9.
func (k kit) log1(f, n vec) vec {
	s := k.div(f, k.add(f, k.num(2)))
	z := k.mul(s, s)
	r := k.mul(z, k.poly(z, 2./9, 2./7, 2./5, 2./3))
	half := k.mul(k.mul(f, f), k.num(0.5))
	tail := k.fma(s, k.add(half, r), k.mul(n, k.num(math.Ln2-0.693359375)))
	return k.fma(n, k.num(0.693359375), k.sub(f, k.sub(half, tail)))
}

// log returns ln x.
func (k kit) log(x vec) vec {
	tiny := k.num(0x1p-126)
	grown := k.pick(less, x, tiny, k.mul(x, k.num(0x1p23)), x)
	f, n := k.logParts(grown)
	n = k.sub(n, k.pick(less, x, tiny, k.num(23), k.num(0)))
	y := k.log1(f, n)
	y = k.pick(equal, x, k.num(0), k.num(math.Inf(-1)), y)
	y = k.pick(less, x, k.num(0), k.num(math.NaN()), y)
	y = k.pick(unordered, x, x, x, y)
	return k.pick(equal, x, k.num(math.Inf(1)), x, y)
}

// log1pPositive returns ln(1 + x) for x ≥ 0: the logarithm of the rounded sum, and
// what the rounding left out.
func (k kit) log1pPositive(x vec) vec {
	u := k.add(x, k.num(1))
	f, n := k.logParts(u)
	lost := k.div(k.sub(x, k.sub(u, k.num(1))), u)
	return k.add(k.log1(f, n), lost)
}

// log1p returns ln(1 + x).
func (k kit) log1p(x vec) vec {
	u := k.add(x, k.num(1))
	lost := k.div(k.sub(x, k.sub(u, k.num(1))), u)
	y := k.log(u)
	exact := k.pick(equal, u, k.num(0), y, k.add(y, lost))
	return k.pick(less, u, k.num(math.Inf(1)), exact, y)
}

func (k kit) softplus(x vec) vec {
	return k.add(k.best(k.max, x, k.num(0)), k.log1pPositive(k.exp(k.neg(k.abs(x)))))
}

// tailBase and tail give ½·erfc(z/√2)·exp(z²/2), for z from 0 to 13.4, as
// t·tail(t) with t = 1/(1 + tailBase·z), to 2e-8 of itself: a least-squares
// fit, reweighted towards equal errors, of math.erfc in double precision.
const tailBase = 0.36

// tailEnd is where the tail is 0 in float32.
const tailEnd = 14.5

var tail = []float64{0.01169423426, -0.09037542977, 0.2720606284, -0.3873217024, 0.2317217277,
	-0.06034880589, 0.1143122502, 0.1206284243, 0.1440256225, 0.1436030429}

// normalTail returns p and n with p·2ⁿ the chance that a normal deviate
// exceeds |x|; and e, exp(−x²/2) but for the 2ⁿ. The square's rounding error
// counts: it is multiplied by up to 88.
func (k kit) normalTail(x vec) (p, e, n vec) {
	z := k.min(k.abs(x), k.num(tailEnd))
	square := k.mul(z, z)
	lost := k.fms(z, z, k.copy(square))
	e, n = k.expParts(k.mul(square, k.num(-0.5)))
	e = k.fnma(k.mul(lost, k.num(0.5)), e, k.copy(e))
	under := k.fma(z, k.num(tailBase), k.num(1))
	rest := k.fnma(z, k.num(tailBase), k.sub(under, k.num(1))) // what under lost
	t := k.div(k.num(1), under)
	rest = k.fma(rest, t, k.fnma(t, under, k.num(1)))
	t = k.fma(t, rest, k.copy(t))
	return k.mul(k.mul(k.poly(t, tail...), t), e), e, n
}

// fms returns x·y − z and uses up z.
func (k kit) fms(x, y operand.Op, z vec) vec {
	k.VFMSUB231PS(x, y, z)
	return z
}

// gelu returns x·Φ(x).
func (k kit) gelu(x vec) vec {
	p, _, n := k.normalTail(x)
	low := k.scale(k.mul(k.clamp(x, tailEnd), p), n)
	return k.fix(x, k.pick(less, x, k.num(0), low, k.sub(x, low)))
}

func (k kit) geluSlope(x vec) vec {
	p, e, n := k.normalTail(x)
	q := k.scale(p, n)
	s := k.pick(less, x, k.num(0), q, k.sub(k.num(1), q))
	density := k.mul(k.scale(e, n), k.num(1/math.Sqrt(2*math.Pi)))
	return k.fma(k.clamp(x, tailEnd), density, s)
}

// fix returns y, but what is not a number where x is that or −∞: there it is
// ∞·0.
func (k kit) fix(x, y vec) vec {
	y = k.pick(unordered, x, x, x, y)
	return k.pick(equal, x, k.num(math.Inf(-1)), k.num(math.NaN()), y)
}

// erf is a Taylor series near 0, and 1 less the tail of the normal
// distribution else.
func (k kit) erf(x vec) vec {
	a := k.abs(x)
	p, _, n := k.normalTail(k.mul(a, k.num(math.Sqrt2)))
	far := k.fnma(k.num(2), k.scale(p, n), k.num(1))
	z := k.mul(x, x)
	c, f := []float64{}, 1.0
	for i := range 11 { // Σ (−1)ⁱ x²ⁱ⁺¹ / (i!·(2i+1))
		if i > 0 {
			f *= -float64(i)
		}
		c = append([]float64{2 / math.Sqrt(math.Pi) / (f * float64(2*i+1))}, c...)
	}
	near := k.mul(a, k.poly(z, c...))
	return k.pick(unordered, x, x, x, k.or(k.pick(less, a, k.num(0.9), near, far), k.sign(x)))
}

// geluArgument returns y = √(8/π)·(a + 0.044715·a³) and what its roundings
// lost, for a up to 12: the exponential of it makes much of small differences.
func (k kit) geluArgument(a vec) (y, lost vec) {
	const cube = 0.044715
	root := math.Sqrt(8 / math.Pi)
	low := func(f float64) operand.Mem { return k.mem(f - float64(float32(f))) }
	square := k.mul(a, a)
	squareLost := k.fms(a, a, k.copy(square))
	sum := k.fma(k.mem(cube), square, k.num(1))
	sumLost := k.fma(k.mem(cube), square, k.sub(k.num(1), sum))
	sumLost = k.fma(k.mem(cube), squareLost, sumLost)
	sumLost = k.fma(low(cube), square, sumLost)
	product := k.mul(a, sum)
	productLost := k.fma(a, sumLost, k.fms(a, sum, k.copy(product)))
	c := k.num(root)
	y = k.mul(c, product)
	lost = k.fms(c, product, k.copy(y))
	lost = k.fma(low(root), product, lost)
	return y, k.fma(c, productLost, lost)
}

// geluTanh returns x·σ(y) with y = √(8/π)·(x + 0.044715·x³).
func (k kit) geluTanh(x vec) vec {
	y, lost := k.geluArgument(k.min(k.abs(x), k.num(12)))
	p, n := k.expParts(k.neg(y))
	p = k.fnma(p, lost, k.copy(p))
	over := k.add(k.scale(p, n), k.num(1))
	top := k.pick(less, x, k.num(0), k.mul(k.max(x, k.num(-12)), p), x)
	return k.fix(x, k.scale(k.div(top, over), k.below(x, n)))
}

func (k kit) geluTanhSlope(x vec) vec {
	x = k.clamp(x, 12)
	square := k.mul(x, x)
	y := k.mul(k.mul(x, k.num(math.Sqrt(8/math.Pi))), k.fma(square, k.num(0.044715), k.num(1)))
	dy := k.fma(square, k.num(3*0.044715*math.Sqrt(8/math.Pi)), k.num(math.Sqrt(8/math.Pi)))
	return k.gatedSlope(y, k.mul(x, dy))
}

// sine returns sin(x + quarters·π/2) for |x| up to 10⁵: x is n·π/2 + r, with
// |r| ≤ π/4, π/2 in three parts; n tells which Taylor series of r it is.
func (k kit) sine(x vec, quarters float64) vec {
	n := k.round(k.mul(k.mem(2/math.Pi), x))
	r, rest := k.copy(x), math.Pi/2
	for range 3 {
		part := float64(float32(rest))
		r, rest = k.fnma(k.mem(part), n, r), rest-part
	}
	n = k.add(n, k.num(quarters))
	z := k.mul(r, r)
	sin := k.fma(k.mul(z, r), k.poly(z, 1./362880, -1./5040, 1./120, -1./6), k.copy(r))
	cos := k.poly(z, -1./3628800, 1./40320, -1./720, 1./24, -1./2, 1)
	whole, odd, sign := k.reg(), k.reg(), k.reg()
	k.VCVTPS2DQ(n, whole)
	k.VPSLLD(operand.Imm(31), whole, odd)
	k.VPSRLD(operand.Imm(1), whole, sign)
	k.VPSLLD(operand.Imm(31), sign, sign)
	return k.xor(k.pick(less, k.or(odd, k.num(1)), k.num(0), cos, sin), sign)
}
