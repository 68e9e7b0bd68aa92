// Command winograd generates the transformations of Winograd's convolution
// F(4×4, 3×3): Y = T·X·Tᵀ, for a vector of channels at a time.
//
//	go run ./winograd
package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/limpid-ml/limpid/internal/kernel/_asm/gen"
)

// points are where the polynomials behind the transformations are evaluated,
// besides infinity. The usual 0, ±1, ±2 round off three times as much; these
// are exact in binary, and so are the matrices but filter's.
//
// Source: Barabasz et al. 2020, "Error analysis and improving the accuracy of
// Winograd convolution for deep neural networks".
var points = []float64{0, 3. / 4, -3. / 4, 3. / 2, -3. / 2}

const outputs, taps = 4, 3

// input returns Bᵀ: row i holds the coefficients of ∏ (x − p) over all points
// but the i-th, the last row those of the product over all.
func input() (m [][]float64) {
	for i := range len(points) + 1 {
		row := []float64{1}
		for j, p := range points {
			if j != i {
				row = timesRoot(row, p)
			}
		}
		m = append(m, append(row, make([]float64, len(points)+1-len(row))...))
	}
	return m
}

// timesRoot multiplies the polynomial with coefficients c by x − p.
func timesRoot(c []float64, p float64) []float64 {
	product := make([]float64, len(c)+1)
	for k, x := range c {
		product[k] -= p * x
		product[k+1] += x
	}
	return product
}

// filter returns G: the powers of each point over its distances to the others.
func filter() [][]float64 {
	m := powers(taps)
	for i, p := range points {
		scale := 1.
		for j, q := range points {
			if j != i {
				scale *= p - q
			}
		}
		for k := range m[i] {
			m[i][k] /= scale
		}
	}
	return m
}

// output returns Aᵀ.
func output() [][]float64 { return transposed(powers(outputs)) }

// powers returns the powers 0…n-1 of each point, and those of infinity.
func powers(n int) [][]float64 {
	m := make([][]float64, len(points)+1)
	for i, p := range points {
		for k := range n {
			m[i] = append(m[i], math.Pow(p, float64(k)))
		}
	}
	last := make([]float64, n)
	last[n-1] = 1
	m[len(points)] = last
	return m
}

func main() {
	c := build.NewContext()
	c.ConstraintExpr("amd64,!noasm")
	g := &constants{Context: c, made: map[float64]Mem{}}
	for _, wide := range []bool{false, true} {
		v := gen.Vec{Context: c, Wide: wide}
		for _, t := range []transform{
			{name: "winogradInput", matrix: input()},
			{name: "winogradFilter", matrix: filter()},
			{name: "winogradOutput", matrix: output(), ends: true},
			{name: "winogradOutputGrad", matrix: transposed(output())},
			{name: "winogradFilterGrad", matrix: transposed(filter())},
		} {
			t.Vec, t.constants = v, g
			t.generate()
		}
	}
	gen.Write(c, "winograd", "go run ./winograd")
}

func transposed(m [][]float64) [][]float64 {
	t := make([][]float64, len(m[0]))
	for i := range t {
		for j := range m {
			t[i] = append(t[i], m[j][i])
		}
	}
	return t
}

// constants makes each constant once.
type constants struct {
	*build.Context
	made map[float64]Mem
}

func (c *constants) get(x float64) Mem {
	m, ok := c.made[x]
	if !ok {
		m = c.ConstData(fmt.Sprintf("winograd%d", len(c.made)), U32(math.Float32bits(float32(x)))) // F32 prints 4 as an integer
		c.made[x] = m
	}
	return m
}

// Offsets in winogradArgs, which package kernel declares.
const (
	argSrc = 8 * iota
	argDst
	argTmp
	argBias
	argSrcRow
	argSrcCol
	argDstRow
	argDstCol
	argSrcTile
	argDstTile
	argTiles
	argBytes
	argFloor
)

// transform generates Y = T·X·Tᵀ. X is a grid of vectors: element i, j lies
// srcRow·i + srcCol·j bytes from src; Y likewise. T·X goes through tmp.
type transform struct {
	gen.Vec
	*constants
	name   string
	matrix [][]float64
	ends   bool // add a bias and apply a floor
}

func (t transform) rows() int { return len(t.matrix) }
func (t transform) cols() int { return len(t.matrix[0]) }

// Vector registers: a column in, a column out, a constant or the bias.
func (t transform) in(i int) reg.VecPhysical  { return t.Reg(i) }
func (t transform) out(i int) reg.VecPhysical { return t.Reg(6 + i) }
func (t transform) spare() reg.VecPhysical    { return t.Reg(12) }
func (t transform) bias() reg.VecPhysical     { return t.Reg(13) }
func (t transform) floor() reg.VecPhysical    { return t.Reg(14) }

func (t transform) generate() {
	name := t.name + map[bool]string{false: "AVX2", true: "AVX512"}[t.Wide]
	c := t.Vec.Context
	c.Function(name)
	c.Attributes(attr.NOSPLIT)
	c.SignatureExpr("func(a *byte)")
	c.Doc(fmt.Sprintf("It transforms %d by %d grids to %d by %d ones.", t.cols(), t.cols(), t.rows(), t.rows()))
	c.Pragma("noescape")
	args := Mem{Base: c.Load(c.Param("a"), c.GP64())}
	field := func(offset int) reg.GPVirtual {
		g := c.GP64()
		c.MOVQ(args.Offset(offset), g)
		return g
	}
	src, dst, tmp := field(argSrc), field(argDst), field(argTmp)
	srcRow, srcCol, dstRow, dstCol := field(argSrcRow), field(argSrcCol), field(argDstRow), field(argDstCol)
	tiles := field(argTiles)
	if t.ends {
		c.VBROADCASTSS(args.Offset(argFloor), t.floor())
	}
	at := c.GP64()
	c.Label(name + "tile")
	c.XORQ(at, at)
	c.Label(name + "vector")
	if t.ends {
		b := field(argBias)
		t.Vec.Load(Mem{Base: b, Index: at, Scale: 1}, t.bias())
	}
	column, p := c.GP64(), c.GP64()
	c.LEAQ(Mem{Base: src, Index: at, Scale: 1}, column)
	for j := range t.cols() {
		c.MOVQ(column, p)
		for i := range t.cols() {
			t.Vec.Load(Mem{Base: p}, t.in(i))
			t.step(i < t.cols()-1, srcRow, p)
		}
		t.apply()
		for i := range t.rows() {
			t.Vec.Store(t.out(i), Mem{Base: tmp, Disp: (i*t.cols() + j) * t.Bytes()})
		}
		t.step(j < t.cols()-1, srcCol, column)
	}
	c.LEAQ(Mem{Base: dst, Index: at, Scale: 1}, column)
	for i := range t.rows() {
		for j := range t.cols() {
			t.Vec.Load(Mem{Base: tmp, Disp: (i*t.cols() + j) * t.Bytes()}, t.in(j))
		}
		t.apply()
		c.MOVQ(column, p)
		for j := range t.rows() {
			if t.ends {
				t.Vec.Add(t.out(j), t.bias(), t.out(j))
				t.Max(t.out(j), t.floor(), t.out(j))
			}
			t.Vec.Store(t.out(j), Mem{Base: p})
			t.step(j < t.rows()-1, dstCol, p)
		}
		t.step(i < t.rows()-1, dstRow, column)
	}
	c.ADDQ(Imm(uint64(t.Bytes())), at)
	c.CMPQ(at, args.Offset(argBytes))
	c.JL(LabelRef(name + "vector"))
	c.ADDQ(args.Offset(argSrcTile), src)
	c.ADDQ(args.Offset(argDstTile), dst)
	c.DECQ(tiles)
	c.JNZ(LabelRef(name + "tile"))
	c.VZEROUPPER()
	c.RET()
}

func (t transform) step(more bool, by, p reg.GPVirtual) {
	if more {
		t.Vec.ADDQ(by, p)
	}
}

// apply sets out to the product of the matrix and in, each row beginning with
// a term that needs no product, if there is one.
func (t transform) apply() {
	for i, row := range t.matrix {
		first := slices.IndexFunc(row, func(x float64) bool { return x != 0 })
		if j := slices.Index(row, 1); j >= 0 {
			first = j
		}
		t.term(i, first, row[first], false)
		for j, x := range row {
			if x != 0 && j != first {
				t.term(i, j, x, true)
			}
		}
	}
}

// term adds x·in[j] to out[i], or sets it if that is the first term.
func (t transform) term(i, j int, x float64, started bool) {
	c := t.Vec.Context
	switch in, out := t.in(j), t.out(i); {
	case !started && x == 1:
		c.VMOVAPS(in, out)
	case !started:
		c.VBROADCASTSS(t.get(x), t.spare())
		c.VMULPS(t.spare(), in, out)
	case x == 1:
		c.VADDPS(in, out, out)
	case x == -1:
		c.VSUBPS(in, out, out)
	case t.Wide && x < 0:
		c.VFNMADD231PS_BCST(t.get(math.Abs(x)), in, out)
	case t.Wide:
		c.VFMADD231PS_BCST(t.get(x), in, out)
	default:
		c.VBROADCASTSS(t.get(x), t.spare())
		c.VFMADD231PS(t.spare(), in, out)
	}
}
