// Command gemm generates the register tiles of the matrix product, on which
// convolution stands too, and the loop that measures this machine's peak.
//
//	go run ./gemm avx512
//	go run ./gemm avx2
package main

import (
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/limpid-ml/limpid/internal/kernel/_asm/gen"
)

func main() {
	if len(os.Args) != 2 || os.Args[1] != "avx512" && os.Args[1] != "avx2" {
		log.Fatal("usage: go run ./gemm avx512|avx2")
	}
	c := build.NewContext()
	c.ConstraintExpr("amd64,!noasm")
	wide := os.Args[1] == "avx512"
	for _, f64 := range []bool{false, true} {
		v := gen.Vec{Context: c, Wide: wide, F64: f64}
		for _, s := range shapes(wide) {
			tile{Vec: v, shape: s, col: false}.generate()
			tile{Vec: v, shape: s, col: true}.generate()
		}
		peak(v)
	}
	command := "go run ./gemm " + os.Args[1]
	gen.Write(c, "gemm_"+os.Args[1], command)
	gen.WriteGo("gemm_"+os.Args[1]+"_table", command, table(c, wide))
}

// table writes the tables by which package kernel finds the tiles.
func table(c *build.Context, wide bool) string {
	var out strings.Builder
	for _, f64 := range []bool{false, true} {
		t := tile{Vec: gen.Vec{Context: c, Wide: wide, F64: f64}}
		all := shapes(wide)
		last := all[len(all)-1]
		fmt.Fprintf(&out, "\nvar tiles%s = tileSet{\nlanes: %d, across: %d,\n", t.kind(), t.Lanes(), last.nv)
		fmt.Fprintf(&out, "rows: %d, lowRows: %d,\ntile: [2][5][15]func(*byte){\n", rows(wide), last.m)
		for _, t.col = range []bool{false, true} {
			out.WriteString("{\n")
			for _, t.shape = range all {
				if t.m == 1 {
					fmt.Fprintf(&out, "%d: {", t.nv)
				}
				fmt.Fprintf(&out, "%d: %s,", t.m, t.name())
				if t.m == rows(wide) || t.shape == last {
					out.WriteString("},\n")
				}
			}
			out.WriteString("},\n")
		}
		out.WriteString("}}\n")
	}
	return out.String()
}

// shape is the size of a register tile: rows, and vectors across.
type shape struct{ m, nv int }

// shapes lists the tiles: every number of rows, so that the rows of a matrix
// or the pixels of an image's row divide evenly among tiles, one vector across
// for narrow matrices, and with AVX-512 four across for low ones.
func shapes(wide bool) []shape {
	var all []shape
	across := []int{1, 2}
	if wide {
		across = []int{1, 2, 4}
	}
	for _, nv := range across {
		for m := 1; m <= rows(wide) && (nv < 4 || m <= 6); m++ {
			all = append(all, shape{m, nv})
		}
	}
	return all
}

// rows is the height of the highest tile: what the registers hold.
func rows(wide bool) int {
	if wide {
		return 14
	}
	return 6
}

// tile generates the function that adds up one tile of C over all segments of
// the inner dimension. The accumulators stay in registers:
//
//	        B: nv vectors of row l
//	        ┌────────┬────────┐
//	a[0,l]  │ acc 0  │ acc 1  │
//	a[1,l]  │ acc 2  │ acc 3  │   m·nv accumulators
//	  …     │   …    │   …    │
//	        └────────┴────────┘
//
// A's rows lie t.as bytes apart and its elements side by side; in a col tile
// its elements of a column lie side by side and its columns t.as bytes apart.
type tile struct {
	gen.Vec
	shape
	col  bool
	full bool // all lanes of the last vector count
}

const unroll = 4

// Offsets in tileArgs, which package kernel declares.
const (
	argA = 8 * iota
	argB
	argC
	argBias
	argLanes
	argOffsets
	argSegments
	argLen
	argAs
	argBs
	argCs
	argAdd
	argReLU
	argAhead
)

// kind names the element type and the vector width.
func (t tile) kind() string {
	elem, width := "F32", "AVX2"
	if t.F64 {
		elem = "F64"
	}
	if t.Wide {
		width = "AVX512"
	}
	return elem + width
}

func (t tile) name() string {
	order := "row"
	if t.col {
		order = "col"
	}
	return fmt.Sprintf("%s%dx%d%s", order, t.m, t.nv, t.kind())
}

func (t tile) acc(i, j int) reg.VecPhysical { return t.Reg(i*t.nv + j) }
func (t tile) b(j int) reg.VecPhysical      { return t.Reg(t.m*t.nv + j) }
func (t tile) a(i int) reg.VecPhysical {
	first := t.m*t.nv + t.nv
	spare := 32 - first
	if !t.Wide {
		spare = 15 - first // Y15 holds the mask
	}
	return t.Reg(first + i%min(spare, 2))
}

// last reports whether vector j is the one that may be partial.
func (t tile) last(j int) bool { return j == t.nv-1 && !t.full }

func (t tile) generate() {
	t.Function(t.name())
	t.Attributes(attr.NOSPLIT)
	t.SignatureExpr("func(t *byte)")
	t.Doc("It computes a tile of " + fmt.Sprintf("%d rows and %d vectors", t.m, t.nv) + " as tileGo does.")
	t.Pragma("noescape")
	args := Mem{Base: t.Context.Load(t.Param("t"), t.GP64())}
	t.TailMask(t.mask(args))
	for i := range t.m {
		for j := range t.nv {
			t.Zero(t.acc(i, j))
		}
	}
	t.prefetch(args)
	if !t.Wide { // masked moves of AVX2 are slow on some machines
		t.CMPL(Mem{Base: t.field(args, argLanes), Disp: 28}, Imm(0))
		t.JE(LabelRef(t.name() + "partial"))
		full := t
		full.full = true
		full.segments(args)
		full.finish(args)
		t.Label(t.name() + "partial")
	}
	t.segments(args)
	t.finish(args)
}

// label returns the beginning of the labels of the loop over full or partial
// vectors.
func (t tile) label() string {
	if t.full {
		return t.name() + "full"
	}
	return t.name()
}

func (t tile) mask(args Mem) (bits, table Op) {
	lanes := t.field(args, argLanes)
	if t.Wide {
		return lanes.As32(), nil
	}
	table = Mem{Base: lanes}
	return nil, table
}

// field loads a field of the arguments into a register of its own.
func (t tile) field(args Mem, offset int) reg.GPVirtual {
	r := t.GP64()
	t.MOVQ(args.Offset(offset), r)
	return r
}

// prefetch asks for the tile of C, which is needed last.
func (t tile) prefetch(args Mem) {
	c, cs := t.field(args, argC), t.field(args, argCs)
	for range t.m {
		for at := 0; at < t.nv*t.Bytes(); at += 64 {
			t.PREFETCHT1(Mem{Base: c, Disp: at})
		}
		t.ADDQ(cs, c)
	}
}

// segments walks the table of segments: where in A and in B each begins.
func (t tile) segments(args Mem) {
	offsets, count := t.field(args, argOffsets), t.field(args, argSegments)
	as, bs := t.field(args, argAs), t.field(args, argBs)
	as3, bs3 := t.GP64(), t.GP64()
	t.LEAQ(Mem{Base: as, Index: as, Scale: 2}, as3)
	t.LEAQ(Mem{Base: bs, Index: bs, Scale: 2}, bs3)
	ahead := t.field(args, argAhead)
	label := t.label()
	t.Label(label + "segment")
	rows := t.rowPointers(args, offsets, as)
	b := t.field(args, argB)
	t.ADDQ(Mem{Base: offsets, Disp: 8}, b)
	left := t.field(args, argLen)
	s := stride{as, as3, bs, bs3}

	t.SUBQ(Imm(unroll), left)
	t.JL(LabelRef(label + "rest"))
	t.Label(label + "loop")
	t.PREFETCHT1(Mem{Base: ahead})
	t.ADDQ(Imm(64), ahead)
	for u := range unroll {
		t.step(rows, b, s, u)
	}
	t.advance(rows, b, s, unroll)
	t.SUBQ(Imm(unroll), left)
	t.JGE(LabelRef(label + "loop"))

	t.Label(label + "rest")
	t.ADDQ(Imm(unroll), left)
	t.JZ(LabelRef(label + "next"))
	t.Label(label + "one")
	t.step(rows, b, s, 0)
	t.advance(rows, b, s, 1)
	t.DECQ(left)
	t.JNZ(LabelRef(label + "one"))

	t.Label(label + "next")
	t.ADDQ(Imm(16), offsets)
	t.DECQ(count)
	t.JNZ(LabelRef(label + "segment"))
}

// stride holds the distances in A and B, and three times these.
type stride struct{ as, as3, bs, bs3 reg.GPVirtual }

// rowPointers returns pointers to A at the start of a segment: one for a col
// tile, else one for each five rows, for addressing reaches 0…4, 6 and 8 rows.
func (t tile) rowPointers(args Mem, offsets, as reg.GPVirtual) []reg.GPVirtual {
	a := t.field(args, argA)
	t.ADDQ(Mem{Base: offsets}, a)
	rows := []reg.GPVirtual{a}
	for i := 5; i < t.m && !t.col; i += 5 {
		next := t.GP64()
		t.LEAQ(Mem{Base: as, Index: as, Scale: 4}, next)
		t.ADDQ(rows[len(rows)-1], next)
		rows = append(rows, next)
	}
	return rows
}

// times returns the address base + n·by, for n of 0…4.
func times(base, by, by3 reg.GPVirtual, n int) Mem {
	switch n {
	case 0:
		return Mem{Base: base}
	case 3:
		return Mem{Base: base, Index: by3, Scale: 1}
	}
	return Mem{Base: base, Index: by, Scale: uint8(n)}
}

// elem returns the address of A's element in row i, u steps on.
func (t tile) elem(rows []reg.GPVirtual, s stride, i, u int) Mem {
	if t.col {
		return times(rows[0], s.as, s.as3, u).Offset(i * t.Size())
	}
	return times(rows[i/5], s.as, s.as3, i%5).Offset(u * t.Size())
}

// step adds the outer product of a column of A and a row of B.
func (t tile) step(rows []reg.GPVirtual, b reg.GPVirtual, s stride, u int) {
	for j := range t.nv {
		t.loadPart(times(b, s.bs, s.bs3, u).Offset(j*t.Bytes()), t.b(j), j)
	}
	for i := range t.m {
		if t.nv == 1 && t.Wide {
			t.FmaBroadcast(t.elem(rows, s, i, u), t.b(0), t.acc(i, 0))
			continue
		}
		t.Vec.Broadcast(t.elem(rows, s, i, u), t.a(i))
		for j := range t.nv {
			t.Fma(t.a(i), t.b(j), t.acc(i, j))
		}
	}
}

// advance moves the pointers n steps on: 1 or 4.
func (t tile) advance(rows []reg.GPVirtual, b reg.GPVirtual, s stride, n int) {
	for _, r := range rows {
		if t.col {
			t.LEAQ(Mem{Base: r, Index: s.as, Scale: uint8(n)}, r)
		} else {
			t.ADDQ(Imm(uint64(n*t.Size())), r)
		}
	}
	t.LEAQ(Mem{Base: b, Index: s.bs, Scale: uint8(n)}, b)
}

// finish adds what C holds and the bias, applies ReLU, each if asked to, and
// stores the tile.
func (t tile) finish(args Mem) {
	label := t.label()
	c, cs := t.field(args, argC), t.field(args, argCs)
	t.CMPQ(args.Offset(argAdd), Imm(0))
	t.JE(LabelRef(label + "bias"))
	t.addC(c, cs)

	t.Label(label + "bias")
	bias := t.field(args, argBias)
	t.TESTQ(bias, bias)
	t.JZ(LabelRef(label + "relu"))
	for j := range t.nv {
		t.loadPart(Mem{Base: bias, Disp: j * t.Bytes()}, t.b(j), j)
		for i := range t.m {
			t.Vec.Add(t.acc(i, j), t.b(j), t.acc(i, j))
		}
	}

	t.Label(label + "relu")
	t.CMPQ(args.Offset(argReLU), Imm(0))
	t.JE(LabelRef(label + "store"))
	t.Zero(t.b(0))
	for i := range t.m {
		for j := range t.nv {
			t.Max(t.acc(i, j), t.b(0), t.acc(i, j))
		}
	}

	t.Label(label + "store")
	for i := range t.m {
		for j := range t.nv {
			t.storePart(t.acc(i, j), Mem{Base: c, Disp: j * t.Bytes()}, j)
		}
		if i < t.m-1 {
			t.ADDQ(cs, c)
		}
	}
	t.VZEROUPPER()
	t.RET()
}

func (t tile) addC(c, cs reg.GPVirtual) {
	at := t.GP64()
	t.MOVQ(c, at)
	for i := range t.m {
		for j := range t.nv {
			t.loadPart(Mem{Base: at, Disp: j * t.Bytes()}, t.b(j), j)
			t.Vec.Add(t.acc(i, j), t.b(j), t.acc(i, j))
		}
		if i < t.m-1 {
			t.ADDQ(cs, at)
		}
	}
}

func (t tile) loadPart(m, r Op, j int) {
	if t.last(j) {
		t.LoadTail(m, r)
	} else {
		t.Vec.Load(m, r)
	}
}

func (t tile) storePart(r, m Op, j int) {
	if t.last(j) {
		t.StoreTail(r, m)
	} else {
		t.Vec.Store(r, m)
	}
}

// peak generates a loop of nothing but independent fused multiply-adds.
func peak(v gen.Vec) {
	name := "peak" + tile{Vec: v}.kind()
	accs := 12
	if v.Wide {
		accs = 24
	}
	v.Function(name)
	v.Attributes(attr.NOSPLIT)
	v.SignatureExpr("func(n int)")
	v.Doc(fmt.Sprintf("It does n rounds of %d independent fused multiply-adds.", accs))
	n := v.Context.Load(v.Param("n"), v.GP64())
	for i := range accs + 1 {
		v.Zero(v.Reg(i))
	}
	v.Label(name + "loop")
	for i := range accs {
		v.Fma(v.Reg(accs), v.Reg(accs), v.Reg(i))
	}
	v.DECQ(n)
	v.JNZ(LabelRef(name + "loop"))
	v.VZEROUPPER()
	v.RET()
}
