package kernel

import (
	"fmt"
	"math"
	"testing"
)

// mapCase is what a function of one number is, by its definition, and where it
// is tried.
type mapCase struct {
	name   string
	op     UnaryOp
	f      func(x, a, b float64) float64
	lo, hi float64
}

func sigmoidOf(x float64) float64  { return 1 / (1 + math.Exp(-x)) }
func softplusOf(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }
func normalCDF(x float64) float64  { return math.Erfc(-x/math.Sqrt2) / 2 }
func eluOf(x, a float64) float64 {
	if x > 0 {
		return x
	}
	return a * math.Expm1(x)
}
func seluOf(x float64) float64 { return 1.0507009873554805 * eluOf(x, 1.6732632423543772) }
func geluTanhOf(x float64) float64 {
	return x / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
}
func signOf(x float64) float64 {
	if x == 0 {
		return 0
	}
	return math.Copysign(1, x)
}

var mapCases = []mapCase{
	{"neg", Neg, func(x, _, _ float64) float64 { return -x }, -9, 9},
	{"abs", Abs, func(x, _, _ float64) float64 { return math.Sqrt(x * x) }, -9, 9},
	{"square", Square, func(x, _, _ float64) float64 { return x * x }, -9, 9},
	{"sqrt", Sqrt, func(x, _, _ float64) float64 { return math.Pow(x, .5) }, 0, 90},
	{"rsqrt", Rsqrt, func(x, _, _ float64) float64 { return math.Pow(x, -.5) }, .01, 90},
	{"recip", Recip, func(x, _, _ float64) float64 { return math.Pow(x, -1) }, .01, 90},
	{"exp", Exp, func(x, _, _ float64) float64 { return math.Exp2(x * math.Log2E) }, -20, 9},
	{"log", Log, func(x, _, _ float64) float64 { return math.Log2(x) * math.Ln2 }, 1e-6, 1e6},
	{"log1p", Log1p, func(x, _, _ float64) float64 { return math.Log(1 + x) }, -.9, 50},
	{"expm1", Expm1, func(x, _, _ float64) float64 { return 2 * math.Exp(x/2) * math.Sinh(x/2) }, -9, 5},
	{"sin", Sin, func(x, _, _ float64) float64 { return math.Cos(x - math.Pi/2) }, -30, 30},
	{"cos", Cos, func(x, _, _ float64) float64 { return math.Sin(x + math.Pi/2) }, -30, 30},
	{"tanh", Tanh, func(x, _, _ float64) float64 { return 2*sigmoidOf(2*x) - 1 }, -12, 12},
	{"sigmoid", Sigmoid, func(x, _, _ float64) float64 { return (1 + math.Tanh(x/2)) / 2 }, -12, 12},
	{"relu", ReLU, func(x, _, _ float64) float64 { return (x + math.Abs(x)) / 2 }, -3, 3},
	{"leaky relu", LeakyReLU, func(x, a, _ float64) float64 { return math.Max(x, 0) + a*math.Min(x, 0) }, -3, 3},
	{"gelu", GELU, func(x, _, _ float64) float64 { return x * normalCDF(x) }, -6, 6},
	{"gelu by tanh", GELUTanh, func(x, _, _ float64) float64 { return geluTanhOf(x) }, -6, 6},
	{"silu", SiLU, func(x, _, _ float64) float64 { return x * sigmoidOf(x) }, -12, 12},
	{"elu", ELU, func(x, a, _ float64) float64 { return eluOf(x, a) }, -6, 3},
	{"selu", SELU, func(x, _, _ float64) float64 { return seluOf(x) }, -6, 3},
	{"softplus", Softplus, func(x, _, _ float64) float64 { return softplusOf(x) }, -30, 30},
	{"mish", Mish, func(x, _, _ float64) float64 { return x * math.Tanh(softplusOf(x)) }, -12, 12},
	{"hard swish", HardSwish, func(x, _, _ float64) float64 { return x * math.Max(0, math.Min(6, x+3)) / 6 }, -6, 6},
	{"softsign", Softsign, func(x, _, _ float64) float64 { return x / (1 + math.Abs(x)) }, -9, 9},
	{"erf", Erf, func(x, _, _ float64) float64 { return 2*normalCDF(x*math.Sqrt2) - 1 }, -4, 4},
	{"sign", Sign, func(x, _, _ float64) float64 { return signOf(x) }, -2, 2},
	{"step", Step, func(x, _, _ float64) float64 { return math.Max(signOf(x), 0) }, -2, 2},
	{"scale", Scale, func(x, a, _ float64) float64 { return a * x }, -9, 9},
	{"shift", Shift, func(x, a, _ float64) float64 { return x + a }, -9, 9},
	{"pow", Pow, func(x, a, _ float64) float64 { return math.Exp(a * math.Log(x)) }, .01, 20},
	{"clamp", Clamp, func(x, a, b float64) float64 { return math.Min(math.Max(x, a), b) }, -2, 2},
	{"affine", Affine, func(x, a, b float64) float64 { return a*x + b }, -9, 9},
}

func TestEveryMapHasADefinitionHere(t *testing.T) {
	seen := map[UnaryOp]bool{}
	for _, c := range mapCases {
		seen[c.op] = true
	}
	for op := range unaryOps {
		if !seen[op] {
			t.Errorf("no definition of function %d is tried", op)
		}
	}
}

func mapsEqualTheirDefinition[T Float](t *testing.T) {
	const a, b = .25, .75 // exact in float32
	for _, c := range mapCases {
		for _, n := range borders {
			x, dst := between[T](t, n, c.lo, c.hi), guarded[T](t, n)
			if n > 2 && c.lo < 0 && c.op != Log1p {
				x[0], x[n-1] = 0, T(math.Copysign(0, -1))
			}
			Unary(c.op, dst, x, a, b)
			want := make([]float64, n)
			for i, v := range x {
				want[i] = c.f(float64(v), a, b)
			}
			agree(t, fmt.Sprint(c.name, " of ", n), dst, want, slack[T]())
			Unary(c.op, x, x, a, b) // in place
			agree(t, c.name+" in place", x, to64(dst), 0)
		}
	}
}

func TestMapsEqualTheirDefinition(t *testing.T) {
	bothTypes(t, mapsEqualTheirDefinition[float32], mapsEqualTheirDefinition[float64])
}

func mapsPassOnNaN[T Float](t *testing.T) {
	for _, c := range mapCases {
		for _, n := range []int{1, 6, 8, 16, 19, 33} {
			for at := range n {
				x := between[T](t, n, max(c.lo, .1), 1)
				x[at] = T(math.NaN())
				Unary(c.op, x, x, .25, .75)
				for i, v := range x {
					if (v != v) != (i == at) {
						t.Fatalf("%s of %d numbers, NaN at %d: element %d is %v", c.name, n, at, i, v)
					}
				}
			}
		}
	}
}

func TestMapsPassOnWhatIsNoNumber(t *testing.T) {
	bothTypes(t, mapsPassOnNaN[float32], mapsPassOnNaN[float64])
}

func mapsAtTheEnds[T Float](t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		op       UnaryOp
		low, top float64 // at −∞ and +∞, with a = .25, b = .75
	}{
		{Neg, inf, -inf}, {Abs, inf, inf}, {Square, inf, inf}, {Recip, 0, 0},
		{Exp, 0, inf}, {Expm1, -1, inf}, {Tanh, -1, 1}, {Sigmoid, 0, 1}, {ReLU, 0, inf}, {LeakyReLU, -inf, inf},
		{ELU, -.25, inf}, {SELU, -1.7580993408473766, inf}, {Softplus, 0, inf}, {Erf, -1, 1}, {Sign, -1, 1}, {Step, 0, 1},
		{Scale, -inf, inf}, {Shift, -inf, inf}, {Clamp, .25, .75}, {Affine, -inf, inf},
	} {
		for _, n := range []int{1, 3, 8, 16, 21} { // whole vectors and tails
			x := make([]T, 2*n)
			want := make([]float64, 2*n)
			for i := range n {
				x[2*i], want[2*i] = T(-inf), c.low
				x[2*i+1], want[2*i+1] = T(inf), c.top
			}
			Unary(c.op, x, x, .25, .75)
			agree(t, fmt.Sprint("function ", c.op, " of infinities"), x, want, 1e-6)
		}
	}
	for _, c := range []struct {
		op      UnaryOp
		x, want float64
	}{
		{Sqrt, -1, math.NaN()}, {Sqrt, inf, inf}, {Rsqrt, 0, inf}, {Rsqrt, inf, 0}, {Log, 0, -inf}, {Log, -1, math.NaN()}, {Log, inf, inf},
		{Log1p, -1, -inf}, {Log1p, -2, math.NaN()}, {Log1p, inf, inf}, {Sin, inf, math.NaN()}, {Cos, -inf, math.NaN()},
		{Pow, 0, 0}, {Pow, inf, inf}, {Pow, -1, math.NaN()}, {Recip, 0, inf}, {Recip, math.Copysign(0, -1), -inf},
		{Clamp, .5, .5}, {Clamp, .25, .25}, {Clamp, .75, .75},
	} {
		x := make([]T, 19)
		Fill(x, T(c.x))
		Unary(c.op, x, x, .25, .75)
		want := make([]float64, 19)
		Fill(want, c.want)
		agree(t, fmt.Sprint("function ", c.op, " of ", c.x), x, want, 1e-6)
	}
}

func TestMapsAtTheEndsOfTheirDomain(t *testing.T) {
	bothTypes(t, mapsAtTheEnds[float32], mapsAtTheEnds[float64])
}

// slopeCase ties a gradient to the activation that it belongs to.
type slopeCase struct {
	grad      BinaryOp
	act       UnaryOp
	ofResult  bool // its second operand is the activation's result
	notNear   []float64
	tolerance float64
}

var slopeCases = []slopeCase{
	{GradReLU, ReLU, true, []float64{0}, 1},
	{GradLeaky, LeakyReLU, true, []float64{0}, 1},
	{GradTanh, Tanh, true, nil, 1},
	{GradSigmoid, Sigmoid, true, nil, 1},
	{GradELU, ELU, true, []float64{0}, 1},
	{GradSELU, SELU, true, []float64{0}, 1},
	{GradGELU, GELU, false, nil, 1},
	{GradGELUTanh, GELUTanh, false, nil, 1},
	{GradSiLU, SiLU, false, nil, 1},
	{GradSoftplus, Softplus, false, nil, 1},
	{GradMish, Mish, false, nil, 1},
	{GradHardSwish, HardSwish, false, []float64{-3, 3}, 1},
	{GradSoftsign, Softsign, false, []float64{0}, 1},
}

func definitionOf(op UnaryOp) func(x, a, b float64) float64 {
	for _, c := range mapCases {
		if c.op == op {
			return c.f
		}
	}
	return nil
}

func slopesAreDerivatives[T Float](t *testing.T) {
	const a = .25
	for _, c := range slopeCases {
		f := definitionOf(c.act)
		for _, n := range borders[:22] {
			x, dy, dst := between[T](t, n, -5, 5), guarded[T](t, n), guarded[T](t, n)
			for i, v := range x {
				for _, kink := range c.notNear {
					if math.Abs(float64(v)-kink) < .02 {
						x[i] += .05
					}
				}
			}
			y, want := x, make([]float64, n)
			if c.ofResult {
				y = make([]T, n)
				Unary(c.act, y, x, a, 0)
			}
			for i, v := range x {
				want[i] = float64(dy[i]) * slopeOf(func(x float64) float64 { return f(x, a, 0) }, float64(v))
			}
			Binary(c.grad, dst, dy, y, a)
			agree(t, fmt.Sprint("gradient ", c.grad, " of ", n), dst, want, 3e-5*c.tolerance)
			Binary(c.grad, dy, dy, y, a) // in place
			agree(t, "gradient in place", dy, to64(dst), 0)
		}
	}
}

func TestActivationSlopesAreDerivatives(t *testing.T) {
	bothTypes(t, slopesAreDerivatives[float32], slopesAreDerivatives[float64])
}

// pairDefinitions are the functions of two numbers, by their definition.
var pairDefinitions = map[BinaryOp]func(x, y float64) float64{
	Add: func(x, y float64) float64 { return x + y },
	Sub: func(x, y float64) float64 { return x - y },
	Mul: func(x, y float64) float64 { return x * y },
	Div: func(x, y float64) float64 { return x / y },
	Max: math.Max,
	Min: math.Min,
	Eq: func(x, y float64) float64 {
		if x == y {
			return 1
		}
		return 0
	},
	Less: func(x, y float64) float64 {
		if x < y {
			return 1
		}
		return 0
	},
}

func pairsEqualTheirDefinition[T Float](t *testing.T) {
	for op, f := range pairDefinitions {
		for _, n := range borders {
			x, y, dst := guarded[T](t, n), guarded[T](t, n), guarded[T](t, n)
			for i := range x {
				if i%3 == 0 {
					y[i] = x[i] // so that some are equal
				}
			}
			want := make([]float64, n)
			for i := range x {
				want[i] = f(float64(x[i]), float64(y[i]))
			}
			Binary(op, dst, x, y, 0)
			agree(t, fmt.Sprint("function ", op, " of pairs, ", n), dst, want, slack[T]())
			left, right := append([]T{}, x...), append([]T{}, y...)
			Binary(op, left, left, y, 0)
			Binary(op, right, x, right, 0)
			agree(t, "over the first operand", left, to64(dst), 0)
			agree(t, "over the second operand", right, to64(dst), 0)
		}
	}
}

func TestPairsEqualTheirDefinition(t *testing.T) {
	bothTypes(t, pairsEqualTheirDefinition[float32], pairsEqualTheirDefinition[float64])
}

func spreadPairs[T Float](t *testing.T) {
	for op, f := range pairDefinitions {
		for _, size := range [][2]int{{1, 1}, {1, 9}, {9, 1}, {3, 7}, {4, 8}, {5, 16}, {2, 33}, {17, 5}, {33, 2}, {0, 4}} {
			rows, cols := size[0], size[1]
			for _, swap := range []bool{false, true} {
				x, row, col := guarded[T](t, rows*cols), guarded[T](t, cols), guarded[T](t, rows)
				byRow, byCol, one := guarded[T](t, rows*cols), guarded[T](t, rows*cols), guarded[T](t, rows*cols)
				BinaryRow(op, byRow, x, row, swap)
				BinaryCol(op, byCol, x, col, cols, swap)
				BinaryScalar(op, one, x, T(.5), swap)
				at := func(x, y T) float64 {
					if swap {
						x, y = y, x
					}
					return f(float64(x), float64(y))
				}
				wantRow, wantCol, wantOne := make([]float64, rows*cols), make([]float64, rows*cols), make([]float64, rows*cols)
				for i, v := range x {
					wantRow[i], wantCol[i], wantOne[i] = at(v, row[i%cols]), at(v, col[i/cols]), at(v, .5)
				}
				what := fmt.Sprint("function ", op, " ", size, " swapped ", swap)
				agree(t, what+" by rows", byRow, wantRow, slack[T]())
				agree(t, what+" by columns", byCol, wantCol, slack[T]())
				agree(t, what+" by a number", one, wantOne, slack[T]())
				BinaryRow(op, x, x, row, swap)
				agree(t, what+" in place", x, to64(byRow), 0)
			}
		}
	}
}

func TestRowsColumnsAndNumbersAgainstMatrices(t *testing.T) {
	bothTypes(t, spreadPairs[float32], spreadPairs[float64])
}

func axpyAndDot[T Float](t *testing.T) {
	for _, n := range borders {
		for _, a := range []float64{0, 1, -1, .5, -3.25} {
			x, y := guarded[T](t, n), guarded[T](t, n)
			want, product := make([]float64, n), 0.0
			for i := range x {
				product += float64(x[i]) * float64(y[i])
				want[i] = float64(y[i]) + a*float64(x[i])
			}
			agree(t, "dot", []float64{Dot(x, y)}, []float64{product}, tolerance[T](n))
			Axpy(T(a), x, y)
			agree(t, fmt.Sprint("axpy of ", n, " by ", a), y, want, slack[T]())
		}
	}
}

func TestAxpyAndDotEqualTheirDefinition(t *testing.T) {
	bothTypes(t, axpyAndDot[float32], axpyAndDot[float64])
}

func TestFillAndTransposeOfEveryType(t *testing.T) {
	for _, size := range [][2]int{{0, 3}, {3, 0}, {1, 1}, {1, 40}, {40, 1}, {15, 16}, {16, 17}, {33, 31}} {
		rows, cols := size[0], size[1]
		src, dst := make([]uint8, rows*cols), make([]uint8, rows*cols)
		for i := range src {
			src[i] = uint8(i*7 + 1)
		}
		Transpose(dst, src, rows, cols)
		for r := range rows {
			for c := range cols {
				if dst[c*rows+r] != src[r*cols+c] {
					t.Fatalf("transpose %v: element [%d %d] is lost", size, r, c)
				}
			}
		}
		flags := make([]bool, rows*cols)
		Fill(flags, true)
		for i, v := range flags {
			if !v {
				t.Fatalf("element %d of %d is not filled", i, len(flags))
			}
		}
	}
}
