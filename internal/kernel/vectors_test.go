package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// lengths are all tails of a loop over four vectors of 16, and one that is
// shared among workers. Plain Go has no tails.
func lengths() []int {
	if Variant() == "go" {
		return []int{0, 1, 7, 100}
	}
	var n []int
	for i := range 84 {
		n = append(n, i)
	}
	return append(n, 131, 1000, 2*passChunk+3)
}

// near reports whether got is want within some units in the last place of a
// float32, or equally special.
func near(got, want float64, ulps float64) bool {
	if got == want || got != got && want != want {
		return true
	}
	ulp := math.Max(math.Abs(want)*0x1p-23, 0x1p-126)
	return math.Abs(got-want) <= ulps*ulp
}

func TestUnary(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for op := range unaryOps {
			a, b := 0.3, 0.7
			for _, n := range lengths() {
				dst, x := guarded[float32](t, n), guarded[float32](t, n)
				Unary(op, dst, x, a, b)
				for i, v := range x {
					want := unary(op, float64(v), float64(float32(a)), float64(float32(b)))
					if !near(float64(dst[i]), want, 5) && math.Abs(want-float64(dst[i])) > 1e-7 {
						t.Fatalf("op %d, n=%d: f(%v) = %v, want %v", op, n, v, dst[i], want)
					}
				}
			}
		}
	})
}

// ulps returns how far got is from want, in units in the last place of a
// float32 next to want.
func ulps(got float32, want float64) float64 {
	if float64(got) == want || got != got && want != want || got == float32(want) {
		return 0
	}
	if got != got || want != want || math.IsInf(want, 0) {
		return math.Inf(1)
	}
	_, exponent := math.Frexp(want)
	return math.Abs(float64(got)-want) / math.Ldexp(1, max(exponent-24, -149))
}

// everywhere returns float32 values of every sign and exponent, denormal ones
// among them, with random mantissas; zeros, infinities and what is not a number.
func everywhere(each int) []float32 {
	x := []float32{0, float32(math.Copysign(0, -1)), math.MaxFloat32, -math.MaxFloat32, 0x1p-126, -0x1p-126, 0x1p-149, -0x1p-149}
	for high := range uint32(512) {
		for range each {
			x = append(x, math.Float32frombits(high<<23|rand.Uint32()>>9))
		}
	}
	for range 64 * each { // where functions bend
		x = append(x, float32(rand.NormFloat64()), float32(20*rand.NormFloat64()), -86-19*rand.Float32(), -3-11*rand.Float32())
	}
	return append(x, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()))
}

// TestUnaryUlps holds every function to 5 units in the last place over the
// whole range of float32.
func TestUnaryUlps(t *testing.T) {
	x := everywhere(200)
	dst := make([]float32, len(x))
	eachVariant(t, func(t *testing.T) {
		for op := range unaryOps {
			if op >= Scale { // sums and products of parameters have tests of their own
				break
			}
			const a = 0.25 // a slope, or α
			Unary(op, dst, x, a, 0)
			worst, at := 0.0, 0
			for i, v := range x {
				want := unary(op, float64(v), a, 0)
				if math.Abs(want) > math.MaxFloat32*(1+0x1p-25) {
					want = math.Copysign(math.Inf(1), want)
				}
				if u := ulps(dst[i], want); u > worst {
					worst, at = u, i
				}
			}
			if worst > 5 {
				t.Errorf("op %d: f(%g) = %g, want %g: off by %.3g ulp", op, x[at], dst[at], unary(op, float64(x[at]), a, 0), worst)
			}
			t.Logf("op %d: within %.2f ulp", op, worst)
		}
	})
}

func TestUnarySpecial(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		op      UnaryOp
		x, want float64
	}{
		{Exp, 0, 1}, {Exp, inf, inf}, {Exp, -inf, 0}, {Exp, nan, nan}, {Exp, 1000, inf}, {Exp, -1000, 0}, {Exp, 89, inf},
		{Tanh, 0, 0}, {Tanh, inf, 1}, {Tanh, -inf, -1}, {Tanh, nan, nan}, {Tanh, 50, 1},
		{Sigmoid, 0, 0.5}, {Sigmoid, inf, 1}, {Sigmoid, -inf, 0}, {Sigmoid, nan, nan},
		{ReLU, nan, nan}, {ReLU, inf, inf}, {ReLU, -inf, 0}, {ReLU, -2, 0},
		{Step, nan, nan}, {Step, 0, 0}, {Step, 3, 1}, {SiLU, nan, nan}, {ELU, nan, nan}, {LeakyReLU, nan, nan},
		{Recip, 0, inf}, {Sqrt, -1, nan}, {Clamp, nan, nan},
	} {
		eachVariant(t, func(t *testing.T) {
			got := []float32{float32(c.x)}
			Unary(c.op, got, got, 1, 1)
			if float64(got[0]) != c.want && !(got[0] != got[0] && c.want != c.want) {
				t.Errorf("op %d of %v is %v, want %v", c.op, c.x, got[0], c.want)
			}
		})
	}
}

func TestBinary(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for op := range binaryOps {
			for _, n := range lengths() {
				dst, x, y := guarded[float32](t, n), guarded[float32](t, n), guarded[float32](t, n)
				Binary(op, dst, x, y, 0.3)
				for i := range x {
					want := binary(op, float64(x[i]), float64(y[i]), float64(float32(0.3)))
					if !near(float64(dst[i]), want, 8) && math.Abs(want-float64(dst[i])) > 1e-6 {
						t.Fatalf("op %d, n=%d: f(%v, %v) = %v, want %v", op, n, x[i], y[i], dst[i], want)
					}
				}
			}
		}
	})
}

func TestBinaryBroadcast(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for op := range Less + 1 {
			for _, swap := range []bool{false, true} {
				for _, n := range []int{1, 3, 7, 16, 33} {
					checkBroadcast(t, op, swap, 5, n)
				}
			}
		}
	})
}

func checkBroadcast(t *testing.T, op BinaryOp, swap bool, rows, cols int) {
	t.Helper()
	x, row, col := guarded[float32](t, rows*cols), guarded[float32](t, cols), guarded[float32](t, rows)
	byRow, byCol, one := guarded[float32](t, rows*cols), guarded[float32](t, rows*cols), guarded[float32](t, rows*cols)
	BinaryRow(op, byRow, x, row, swap)
	BinaryCol(op, byCol, x, col, cols, swap)
	BinaryScalar(op, one, x, row[0], swap)
	f := func(x, y float32) float32 {
		if swap {
			x, y = y, x
		}
		return binary(op, x, y, 0)
	}
	for i, v := range x {
		got := [3]float32{byRow[i], byCol[i], one[i]}
		want := [3]float32{f(v, row[i%cols]), f(v, col[i/cols]), f(v, row[0])}
		if got != want {
			t.Fatalf("op %d, swap %v, [%d %d], element %d: by row, column, scalar %v, want %v", op, swap, rows, cols, i, got, want)
		}
	}
}

func TestMaxPassesOnWhatIsNoNumber(t *testing.T) {
	nan := float32(math.NaN())
	eachVariant(t, func(t *testing.T) {
		for _, n := range []int{1, 5, 16, 40, 131} {
			for at := range n {
				x, y := guarded[float32](t, n), guarded[float32](t, n)
				x[at] = nan
				for _, op := range []ReduceOp{MaxOf, MinOf, SumOf} {
					if v := Reduce(op, x); v == v {
						t.Fatalf("reduction %d of %d with one at %d: %v", op, n, at, v)
					}
				}
				a, b := make([]float32, n), make([]float32, n)
				Binary(Max, a, x, y, 0)
				Binary(Min, b, y, x, 0)
				if a[at] == a[at] || b[at] == b[at] {
					t.Fatalf("max %v, min %v", a[at], b[at])
				}
			}
		}
	})
}

func TestReduce(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, n := range lengths() {
			x, y := guarded[float32](t, n), guarded[float32](t, n)
			for op := range SumAbs + 1 {
				want := op.start()
				for _, v := range x {
					want = op.join(want, op.of(float64(v)))
				}
				if got := Reduce(op, x); got != want && math.Abs(got-want) > tolerance[float32](n) {
					t.Fatalf("reduction %d, n=%d: %v, want %v", op, n, got, want)
				}
			}
			want := 0.0
			for i, v := range x {
				want += float64(v) * float64(y[i])
			}
			if got := Dot(x, y); math.Abs(got-want) > tolerance[float32](n) {
				t.Fatalf("dot, n=%d: %v, want %v", n, got, want)
			}
		}
	})
}

func TestAxpy(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, n := range lengths() {
			x, y, z := guarded[float32](t, n), guarded[float32](t, n), guarded[float32](t, n)
			sum, products := make([]float32, n), make([]float32, n)
			for i := range x {
				sum[i], products[i] = y[i]+0.5*x[i], z[i]+x[i]*y[i]
			}
			mulAdd(z, x, y)
			Axpy(0.5, x, y)
			d, _ := maxDiff(y, sum)
			e, _ := maxDiff(z, products)
			if d > 1e-6 || e > 1e-6 {
				t.Fatalf("n=%d: off by %g and %g", n, d, e)
			}
		}
	})
}

// TestPlaceDoesNotMatter computes the same numbers at every distance from the
// end, in full vectors and in partial ones.
func TestPlaceDoesNotMatter(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		x := guarded[float32](t, 100)
		for op := range unaryOps {
			whole, part := make([]float32, 100), make([]float32, 100)
			Unary(op, whole, x, 0.3, 0.7)
			for from := range 99 {
				Unary(op, part[from:99], x[from:99], 0.3, 0.7)
				for i, v := range part[from:99] {
					if math.Float32bits(v) != math.Float32bits(whole[from+i]) && v == v {
						t.Fatalf("op %d: element %d is %v after %d, alone %v", op, from+i, whole[from+i], from, v)
					}
				}
			}
		}
	})
}

func TestVectorsAllocateNothing(t *testing.T) {
	x, y := make([]float32, 5000), make([]float32, 5000)
	labels := make([]int32, 50)
	loss := make([]float32, 100)
	step := func() {
		Unary(Exp, y, x, 0, 0)
		Binary(Add, y, x, y, 0)
		BinaryRow(Mul, y, x, x[:10], false)
		ReduceCols(SumOf, loss, x, 50, 100)
		NormStatsCols(loss[:10], loss[10:20], x, 500, 10)
		LogSumExpRows(loss, x, 50, 100)
		CrossEntropy(loss, y, x, labels, 50, 100)
		Adam(x, y, x, y, &AdamStep{Step: 1})
	}
	step()
	if n := testing.AllocsPerRun(10, step); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkUnary(b *testing.B) {
	for _, op := range []UnaryOp{ReLU, Exp, Tanh, Sigmoid, GELU, Log} {
		for _, n := range []int{32, 512, 8192, 1 << 20} {
			b.Run(fmt.Sprint(op, "/", n), func(b *testing.B) {
				x, y := make([]float32, n), make([]float32, n)
				for b.Loop() {
					Unary(op, y, x, 0.5, 0)
				}
				b.ReportMetric(float64(8*n*b.N)/b.Elapsed().Seconds()/1e9, "GB/s")
			})
		}
	}
}

// TestLongSlicesSameBits: long slices are shared among the cores, with the
// bits of one.
func TestLongSlicesSameBits(t *testing.T) {
	const n = 5*passChunk + 77
	x, y := guarded[float32](t, n), guarded[float32](t, n)
	eachVariant(t, func(t *testing.T) {
		sameBits(t, func() []float32 {
			z, sums := make([]float32, n), make([]float32, 120)
			Unary(Exp, z, x, 0, 0)
			Binary(Mul, z, z, y, 0)
			BinaryScalar(Add, z, z, 3, false)
			Axpy(0.5, y, z)
			BinaryRow(Sub, z[:n/7*7], z[:n/7*7], y[:7], true)
			BinaryCol(Mul, z[:n/10*10], z[:n/10*10], y[:n/10], 10, false)
			ReduceCols(SumOf, sums[:50], z, n/50, 50)
			ReduceRows(MaxOf, sums[50:100], z, 50, n/50)
			sums[100], sums[101] = float32(Reduce(SumSquares, x)), float32(Dot(x, y))
			return append(sums, z...)
		})
	})
}

// TestReduceColsAgreesWithRows: the columns' reductions are those of the
// transpose's rows.
func TestReduceColsAgreesWithRows(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, size := range [][2]int{{1, 1}, {3, 7}, {100, 10}, {300, 33}, {5000, 9}} {
			rows, cols := size[0], size[1]
			x := guarded[float32](t, rows*cols)
			turned := make([]float32, rows*cols)
			Transpose(turned, x, rows, cols)
			for op := range SumAbs + 1 {
				got, want := guarded[float32](t, cols), make([]float32, cols)
				ReduceCols(op, got, x, rows, cols)
				ReduceRows(op, want, turned, cols, rows)
				if d, at := maxDiff(got, want); d > 3*tolerance[float32](rows) {
					t.Errorf("reduction %d of [%d %d]: off by %g at %d", op, rows, cols, d, at)
				}
			}
		}
	})
}

// TestSlopes holds the activations' slopes to 6·10⁻⁷ of the greatest, about 1,
// over the range in which they change, and checks that they do not blow up
// outside it.
func TestSlopes(t *testing.T) {
	y, one := []float32{1e30, -1e30, 300, -300, 3, -3}, []float32(nil)
	for range 40_000 {
		y = append(y, float32(8*rand.NormFloat64()))
	}
	for range y {
		one = append(one, 1)
	}
	dst := make([]float32, len(y))
	eachVariant(t, func(t *testing.T) {
		for op := GradReLU; op < binaryOps; op++ {
			const a = 0.25
			Binary(op, dst, one, y, a)
			worst, at := 0.0, 0
			for i, v := range y {
				want := float64(binary(op, 1, float64(v), a))
				if op < GradGELU && math.Abs(float64(v)) > 1 || math.IsNaN(want) {
					continue // not a result of the activation, or ∞ · 0
				}
				if d := math.Abs(float64(dst[i]) - want); !(d <= worst) {
					worst, at = d, i
				}
			}
			if !(worst <= 6e-7) {
				t.Errorf("op %d: slope %g at %g, off by %.3g", op, dst[at], y[at], worst)
			}
		}
	})
}

// TestAngles holds sine and cosine to 3·10⁻⁷, and to 5 units in the last place
// where they are not near 0, over all arguments that vectors take.
func TestAngles(t *testing.T) {
	var x []float32
	for range 20_000 {
		x = append(x, rand.Float32()*2e5-1e5, float32(rand.NormFloat64()), float32(math.Pi/2*float64(rand.IntN(2000)-1000)))
	}
	x = append(x, 0, float32(math.Copysign(0, -1)), 0x1p-140, widestAngle, -widestAngle)
	dst := make([]float32, len(x))
	eachVariant(t, func(t *testing.T) {
		for _, op := range []UnaryOp{Sin, Cos} {
			Unary(op, dst, x, 0, 0)
			for i, v := range x {
				want := unary(op, float64(v), 0, 0)
				if d := math.Abs(float64(dst[i]) - want); d > 3e-7 || math.Abs(want) > 1e-3 && ulps(dst[i], want) > 5 {
					t.Fatalf("op %d of %g is %g, want %g", op, v, dst[i], want)
				}
			}
		}
	})
}

func TestPowerOfTwoIsSquare(t *testing.T) {
	x := []float32{-3, 0, 0.5, 2}
	got := make([]float32, 4)
	if Unary(Pow, got, x, 2, 0); got[0] != 9 || got[1] != 0 || got[2] != 0.25 || got[3] != 4 {
		t.Errorf("squares %v", got)
	}
	if Unary(Pow, got, x, -1, 0); got[0] != float32(-1)/3 || !math.IsInf(float64(got[1]), 1) || got[2] != 2 {
		t.Errorf("reciprocals %v", got)
	}
	if Unary(Pow, got, x, 3, 0); got[0] != -27 || got[3] != 8 {
		t.Errorf("cubes %v", got)
	}
}
