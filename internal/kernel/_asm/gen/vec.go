package gen

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Vec issues vector instructions for one width and element type. The last
// vector of a row may be partial: Tail loads and stores touch only its lanes.
// With AVX-512 the lanes are in K1, with AVX2 in the last register, Y15.
type Vec struct {
	*build.Context
	Wide bool // AVX-512
	F64  bool
}

// Size is the bytes of an element.
func (v Vec) Size() int {
	if v.F64 {
		return 8
	}
	return 4
}

// Bytes is the bytes of a vector.
func (v Vec) Bytes() int {
	if v.Wide {
		return 64
	}
	return 32
}

// Lanes is the number of elements in a vector.
func (v Vec) Lanes() int { return v.Bytes() / v.Size() }

// Reg returns vector register number i.
func (v Vec) Reg(i int) reg.VecPhysical {
	if v.Wide {
		return zmm[i]
	}
	return ymm[i]
}

var zmm = []reg.VecPhysical{
	reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7,
	reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
	reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23,
	reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31,
}

var ymm = []reg.VecPhysical{
	reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7,
	reg.Y8, reg.Y9, reg.Y10, reg.Y11, reg.Y12, reg.Y13, reg.Y14, reg.Y15,
}

// TailMask makes ready the lanes of partial vectors: bits holds them as a bit
// mask, table points at a vector of all-ones and all-zero lanes.
func (v Vec) TailMask(bits, table operand.Op) {
	if v.Wide {
		v.KMOVW(bits, reg.K1)
	} else {
		v.VMOVUPS(table, reg.Y15)
	}
}

// Zero clears a register.
func (v Vec) Zero(r operand.Op) {
	if v.Wide {
		v.VPXORQ(r, r, r)
	} else {
		v.VXORPS(r, r, r)
	}
}

// Load loads a full vector.
func (v Vec) Load(m, r operand.Op) {
	if v.F64 {
		v.VMOVUPD(m, r)
	} else {
		v.VMOVUPS(m, r)
	}
}

// LoadTail loads the lanes of a partial vector and clears the others.
func (v Vec) LoadTail(m, r operand.Op) {
	switch {
	case v.Wide && v.F64:
		v.VMOVUPD_Z(m, reg.K1, r)
	case v.Wide:
		v.VMOVUPS_Z(m, reg.K1, r)
	case v.F64:
		v.VMASKMOVPD(m, reg.Y15, r)
	default:
		v.VMASKMOVPS(m, reg.Y15, r)
	}
}

// Store stores a full vector.
func (v Vec) Store(r, m operand.Op) {
	if v.F64 {
		v.VMOVUPD(r, m)
	} else {
		v.VMOVUPS(r, m)
	}
}

// StoreTail stores the lanes of a partial vector.
func (v Vec) StoreTail(r, m operand.Op) {
	switch {
	case v.Wide && v.F64:
		v.VMOVUPD(r, reg.K1, m)
	case v.Wide:
		v.VMOVUPS(r, reg.K1, m)
	case v.F64:
		v.VMASKMOVPD(r, reg.Y15, m)
	default:
		v.VMASKMOVPS(r, reg.Y15, m)
	}
}

// Broadcast fills r with the element at m.
func (v Vec) Broadcast(m, r operand.Op) {
	if v.F64 {
		v.VBROADCASTSD(m, r)
	} else {
		v.VBROADCASTSS(m, r)
	}
}

// Fma adds x·y to acc. x may be in memory.
func (v Vec) Fma(x, y, acc operand.Op) {
	if v.F64 {
		v.VFMADD231PD(x, y, acc)
	} else {
		v.VFMADD231PS(x, y, acc)
	}
}

// FmaBroadcast adds the element at m times y to acc: AVX-512 only.
func (v Vec) FmaBroadcast(m, y, acc operand.Op) {
	if v.F64 {
		v.VFMADD231PD_BCST(m, y, acc)
	} else {
		v.VFMADD231PS_BCST(m, y, acc)
	}
}

// Add sets r to x + y. x may be in memory.
func (v Vec) Add(x, y, r operand.Op) {
	if v.F64 {
		v.VADDPD(x, y, r)
	} else {
		v.VADDPS(x, y, r)
	}
}

// Max sets r to the greater of x and y, and to x if either is not a number.
func (v Vec) Max(x, y, r operand.Op) {
	if v.F64 {
		v.VMAXPD(x, y, r)
	} else {
		v.VMAXPS(x, y, r)
	}
}
