// Command pack generates the kernels that lay matrices out as the register
// tiles read them.
//
//	go run ./pack
package main

import (
	"fmt"

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
		transpose{v}.generate()
		copyRows(v)
		add(v)
		copyBlock(v)
	}
	gen.Write(c, "pack", "go run ./pack")
}

func width(v gen.Vec) string {
	if v.Wide {
		return "AVX512"
	}
	return "AVX2"
}

// transpose generates the transposition of as many rows as a vector has lanes,
// four columns at a time. Lane l of the 128-bit lanes of register r holds four
// elements of row r + 4·l:
//
//	r0: row 0 | row 4 | row 8  | row 12        c0: column 0 of rows 0…15
//	r1: row 1 | row 5 | row 9  | row 13   →    c1: column 1
//	r2: row 2 | row 6 | row 10 | row 14        c2: column 2
//	r3: row 3 | row 7 | row 11 | row 15        c3: column 3
//
// so that four-by-four transpositions inside the lanes finish the work.
type transpose struct{ gen.Vec }

func (t transpose) generate() {
	name := fmt.Sprintf("transpose%d%s", t.Lanes(), width(t.Vec))
	t.Function(name)
	t.Attributes(attr.NOSPLIT)
	t.SignatureExpr("func(dst, src *float32, dstStride, srcStride, quads int)")
	t.Doc(fmt.Sprintf("It writes %d rows of 4·quads elements at src as the columns of dst; strides are in bytes.", t.Lanes()))
	t.Pragma("noescape")
	dst := t.Context.Load(t.Param("dst"), t.GP64())
	src := t.Context.Load(t.Param("src"), t.GP64())
	ds := t.Context.Load(t.Param("dstStride"), t.GP64())
	ss := t.Context.Load(t.Param("srcStride"), t.GP64())
	quads := t.Context.Load(t.Param("quads"), t.GP64())
	ds3, ss3 := t.GP64(), t.GP64()
	t.LEAQ(Mem{Base: ds, Index: ds, Scale: 2}, ds3)
	t.LEAQ(Mem{Base: ss, Index: ss, Scale: 2}, ss3)
	rows := []reg.Register{src}
	for len(rows) < t.Lanes()/4 {
		next := t.GP64()
		t.LEAQ(Mem{Base: rows[len(rows)-1], Index: ss, Scale: 4}, next)
		rows = append(rows, next)
	}
	t.Label(name + "loop")
	for r := range 4 {
		t.gather(rows, ss, ss3, r)
	}
	t.inLanes()
	for r := range 4 {
		t.VMOVUPS(t.Reg(r), times(dst, ds, ds3, r))
	}
	for _, r := range rows {
		t.ADDQ(Imm(16), r)
	}
	t.LEAQ(Mem{Base: dst, Index: ds, Scale: 4}, dst)
	t.DECQ(quads)
	t.JNZ(LabelRef(name + "loop"))
	t.VZEROUPPER()
	t.RET()
}

// gather loads register r.
func (t transpose) gather(rows []reg.Register, ss, ss3 reg.Register, r int) {
	x := []reg.Register{reg.X0, reg.X1, reg.X2, reg.X3}[r]
	y := []reg.Register{reg.Y0, reg.Y1, reg.Y2, reg.Y3}[r]
	t.VMOVUPS(times(rows[0], ss, ss3, r), x)
	t.VINSERTF128(Imm(1), times(rows[1], ss, ss3, r), y, y)
	for l := 2; l < len(rows); l++ {
		t.VINSERTF32X4(Imm(uint64(l)), times(rows[l], ss, ss3, r), t.Reg(r), t.Reg(r))
	}
}

// inLanes transposes registers 0…3 as four-by-four matrices, lane by lane.
func (t transpose) inLanes() {
	r := t.Reg
	t.VUNPCKLPS(r(1), r(0), r(4))
	t.VUNPCKHPS(r(1), r(0), r(5))
	t.VUNPCKLPS(r(3), r(2), r(6))
	t.VUNPCKHPS(r(3), r(2), r(7))
	t.VUNPCKLPD(r(6), r(4), r(0))
	t.VUNPCKHPD(r(6), r(4), r(1))
	t.VUNPCKLPD(r(7), r(5), r(2))
	t.VUNPCKHPD(r(7), r(5), r(3))
}

func times(base, by, by3 reg.Register, n int) Mem {
	switch n {
	case 0:
		return Mem{Base: base}
	case 3:
		return Mem{Base: base, Index: by3, Scale: 1}
	}
	return Mem{Base: base, Index: by, Scale: uint8(n)}
}

// copyRows generates the copying of rows of two full vectors.
func copyRows(v gen.Vec) {
	name := "copyRows" + width(v)
	v.Function(name)
	v.Attributes(attr.NOSPLIT)
	v.SignatureExpr("func(dst, src *byte, dstStride, srcStride, rows int)")
	v.Doc(fmt.Sprintf("It copies rows of %d bytes; strides are in bytes.", 2*v.Bytes()))
	v.Pragma("noescape")
	dst := v.Context.Load(v.Param("dst"), v.GP64())
	src := v.Context.Load(v.Param("src"), v.GP64())
	ds := v.Context.Load(v.Param("dstStride"), v.GP64())
	ss := v.Context.Load(v.Param("srcStride"), v.GP64())
	rows := v.Context.Load(v.Param("rows"), v.GP64())
	v.Label(name + "loop")
	for i := range 2 {
		v.Load(Mem{Base: src, Disp: i * v.Bytes()}, v.Reg(i))
	}
	for i := range 2 {
		v.Store(v.Reg(i), Mem{Base: dst, Disp: i * v.Bytes()})
	}
	v.ADDQ(ss, src)
	v.ADDQ(ds, dst)
	v.DECQ(rows)
	v.JNZ(LabelRef(name + "loop"))
	v.VZEROUPPER()
	v.RET()
}

// add generates the addition of full vectors in place.
func add(v gen.Vec) {
	name := "add" + width(v)
	v.Function(name)
	v.Attributes(attr.NOSPLIT)
	v.SignatureExpr("func(dst, src *float32, vectors int)")
	v.Doc(fmt.Sprintf("It adds %d·vectors elements at src to those at dst.", v.Lanes()))
	v.Pragma("noescape")
	dst := v.Context.Load(v.Param("dst"), v.GP64())
	src := v.Context.Load(v.Param("src"), v.GP64())
	left := v.Context.Load(v.Param("vectors"), v.GP64())
	v.Label(name + "loop")
	v.Load(Mem{Base: dst}, v.Reg(0))
	v.Add(Mem{Base: src}, v.Reg(0), v.Reg(0))
	v.Store(v.Reg(0), Mem{Base: dst})
	v.ADDQ(Imm(uint64(v.Bytes())), dst)
	v.ADDQ(Imm(uint64(v.Bytes())), src)
	v.DECQ(left)
	v.JNZ(LabelRef(name + "loop"))
	v.VZEROUPPER()
	v.RET()
}

// copyBlock generates the copying of long rows, each while the next is brought
// near: rows a page or more apart are no stream that the hardware would follow.
func copyBlock(v gen.Vec) {
	name := "copyBlock" + width(v)
	v.Function(name)
	v.Attributes(attr.NOSPLIT)
	v.SignatureExpr("func(dst, src *byte, dstStride, srcStride, rows, bytes int)")
	v.Doc("It copies rows of bytes, a multiple of 64; strides are in bytes.")
	v.Pragma("noescape")
	dst := v.Context.Load(v.Param("dst"), v.GP64())
	src := v.Context.Load(v.Param("src"), v.GP64())
	ds := v.Context.Load(v.Param("dstStride"), v.GP64())
	ss := v.Context.Load(v.Param("srcStride"), v.GP64())
	rows := v.Context.Load(v.Param("rows"), v.GP64())
	bytes := v.Context.Load(v.Param("bytes"), v.GP64())
	at, next := v.GP64(), v.GP64()
	v.Label(name + "row")
	v.XORQ(at, at)
	v.LEAQ(Mem{Base: src, Index: ss, Scale: 1}, next)
	v.Label(name + "line")
	v.PREFETCHT0(Mem{Base: next, Index: at, Scale: 1})
	for i := 0; i < 64; i += v.Bytes() {
		v.Load(Mem{Base: src, Index: at, Scale: 1, Disp: i}, v.Reg(0))
		v.Store(v.Reg(0), Mem{Base: dst, Index: at, Scale: 1, Disp: i})
	}
	v.ADDQ(Imm(64), at)
	v.CMPQ(at, bytes)
	v.JL(LabelRef(name + "line"))
	v.MOVQ(next, src)
	v.ADDQ(ds, dst)
	v.DECQ(rows)
	v.JNZ(LabelRef(name + "row"))
	v.VZEROUPPER()
	v.RET()
}
