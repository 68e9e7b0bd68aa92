package kernel

import (
	"fmt"
	"math"
	"testing"
)

// reduceDefinitions are the reductions as a fold: where they start and how an
// element joins.
var reduceDefinitions = map[ReduceOp]struct {
	start float64
	join  func(sum, x float64) float64
}{
	SumOf:      {0, func(s, x float64) float64 { return s + x }},
	MaxOf:      {math.Inf(-1), math.Max},
	MinOf:      {math.Inf(1), math.Min},
	SumSquares: {0, func(s, x float64) float64 { return s + x*x }},
	SumAbs:     {0, func(s, x float64) float64 { return s + math.Abs(x) }},
}

func reductions[T Float](t *testing.T) {
	for op, d := range reduceDefinitions {
		for _, n := range append(borders, 5000) {
			x := between[T](t, n, -3, 3)
			want := d.start
			for _, v := range x {
				want = d.join(want, float64(v))
			}
			agree(t, fmt.Sprint("reduction ", op, " of ", n), []float64{Reduce(op, x)}, []float64{want}, 20*tolerance[T](n))
		}
		for _, size := range [][2]int{{0, 5}, {5, 0}, {1, 1}, {1, 17}, {17, 1}, {3, 8}, {8, 3}, {5, 31}, {40, 33}, {2, 1000}, {1000, 2}} {
			rows, cols := size[0], size[1]
			x, byRow, byCol := between[T](t, rows*cols, -3, 3), guarded[T](t, rows), guarded[T](t, cols)
			wantRow, wantCol := make([]float64, rows), make([]float64, cols)
			Fill(wantRow, d.start)
			Fill(wantCol, d.start)
			for i, v := range x {
				wantRow[i/cols] = d.join(wantRow[i/cols], float64(v))
				wantCol[i%cols] = d.join(wantCol[i%cols], float64(v))
			}
			ReduceRows(op, byRow, x, rows, cols)
			ReduceCols(op, byCol, x, rows, cols)
			agree(t, fmt.Sprint("rows' reduction ", op, " of ", size), byRow, wantRow, 20*tolerance[T](cols))
			agree(t, fmt.Sprint("columns' reduction ", op, " of ", size), byCol, wantCol, 20*tolerance[T](rows))
		}
	}
}

func TestReductionsEqualTheirDefinition(t *testing.T) {
	bothTypes(t, reductions[float32], reductions[float64])
}

func reductionsOfSpecials[T Float](t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		op   ReduceOp
		put  []float64 // among ones
		want float64
	}{
		{SumOf, []float64{inf}, inf}, {SumOf, []float64{-inf}, -inf}, {SumOf, []float64{inf, -inf}, nan}, {SumOf, []float64{nan}, nan},
		{MaxOf, []float64{inf}, inf}, {MaxOf, []float64{-inf}, 1}, {MaxOf, []float64{nan, inf}, nan},
		{MinOf, []float64{-inf}, -inf}, {MinOf, []float64{inf}, 1}, {MinOf, []float64{-inf, nan}, nan},
		{SumSquares, []float64{-inf}, inf}, {SumSquares, []float64{nan}, nan}, {SumAbs, []float64{-inf}, inf}, {SumAbs, []float64{nan}, nan},
	} {
		const n = 41
		for at := range n - 1 {
			x := make([]T, 3*n) // three rows; the first and last hold ones
			Fill(x, 1)
			for i, v := range c.put {
				x[n+at+i] = T(v)
			}
			rows, cols, turned := make([]T, 3), make([]T, 3), make([]T, 3*n)
			ReduceRows(c.op, rows, x, 3, n)
			Transpose(turned, x, 3, n)
			ReduceCols(c.op, cols, turned, n, 3)
			got := []T{rows[1], cols[1], T(Reduce(c.op, x[n:2*n]))}
			agree(t, fmt.Sprint("reduction ", c.op, " with ", c.put, " at ", at), got, []float64{c.want, c.want, c.want}, 0)
			if rows[0] != rows[2] || cols[0] != cols[2] || rows[0] != rows[0] || math.IsInf(float64(rows[0]), 0) {
				t.Fatalf("reduction %d with %v at %d of the second row: its neighbours are %v and %v", c.op, c.put, at, rows, cols)
			}
		}
	}
}

func TestReductionsOfInfinitiesAndNaN(t *testing.T) {
	bothTypes(t, reductionsOfSpecials[float32], reductionsOfSpecials[float64])
}

// rowSoftmax is the softmax of one row, in float64.
func rowSoftmax(x []float64) (p []float64, logSum float64) {
	top := math.Inf(-1)
	for _, v := range x {
		top = math.Max(top, v)
	}
	sum := 0.0
	p = make([]float64, len(x))
	for i, v := range x {
		p[i] = math.Exp(v - top)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p, top + math.Log(sum)
}

func softmaxes[T Float](t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {2, 2}, {3, 5}, {4, 8}, {2, 15}, {3, 16}, {2, 17}, {5, 33}, {2, 300}, {0, 3}} {
		for _, spread := range []float64{1, 30, 1e4} {
			rows, cols := size[0], size[1]
			x := between[T](t, rows*cols, -spread, spread)
			soft, logs, sums := guarded[T](t, rows*cols), guarded[T](t, rows*cols), guarded[T](t, rows)
			Softmax(soft, x, rows, cols)
			LogSoftmax(logs, x, rows, cols)
			LogSumExpRows(sums, x, rows, cols)
			wantSoft, wantLogs, wantSums := make([]float64, 0), make([]float64, 0), make([]float64, 0)
			for r := range rows {
				p, sum := rowSoftmax(to64(x[r*cols:][:cols]))
				wantSoft, wantSums = append(wantSoft, p...), append(wantSums, sum)
				for _, v := range x[r*cols:][:cols] {
					wantLogs = append(wantLogs, float64(v)-sum)
				}
			}
			what := fmt.Sprint(size, " within ", spread)
			agree(t, "softmax "+what, soft, wantSoft, slack[T]())
			agree(t, "log of softmax "+what, logs, wantLogs, slack[T]())
			agree(t, "log of sums "+what, sums, wantSums, slack[T]())
			for r := range rows {
				total := 0.0
				for _, v := range soft[r*cols:][:cols] {
					total += float64(v)
				}
				if math.Abs(total-1) > 1e-5 {
					t.Fatalf("softmax %s: row %d adds up to %v", what, r, total)
				}
			}
		}
	}
}

func TestSoftmaxEqualsItsDefinition(t *testing.T) {
	bothTypes(t, softmaxes[float32], softmaxes[float64])
}

func softmaxSlopes[T Float](t *testing.T) {
	for _, cols := range []int{1, 2, 5, 8, 9, 17} {
		const rows = 3
		x, dy := between[float64](t, rows*cols, -2, 2), between[float64](t, rows*cols, -1, 1)
		f := func(x []float64) (y []float64) {
			for r := range rows {
				p, _ := rowSoftmax(x[r*cols:][:cols])
				y = append(y, p...)
			}
			return y
		}
		want := slopesOf(x, dy, f)
		y, g, dst := make([]T, rows*cols), make([]T, rows*cols), guarded[T](t, rows*cols)
		for i, v := range f(x) {
			y[i], g[i] = T(v), T(dy[i])
		}
		SoftmaxGrad(dst, y, g, rows, cols)
		agree(t, fmt.Sprint("softmax's gradient, rows of ", cols), dst, want, slack[T]()+1e-8)
		SoftmaxGrad(g, y, g, rows, cols)
		agree(t, "softmax's gradient in place", g, to64(dst), 0)
	}
}

func TestSoftmaxSlopesAreDerivatives(t *testing.T) {
	bothTypes(t, softmaxSlopes[float32], softmaxSlopes[float64])
}

func crossEntropies[T Float](t *testing.T) {
	for _, size := range [][2]int{{1, 2}, {4, 3}, {3, 10}, {5, 16}, {2, 40}} {
		rows, cols := size[0], size[1]
		x, weight := between[T](t, rows*cols, -3, 3), guarded[T](t, rows)
		loss, prob, dx := guarded[T](t, rows), guarded[T](t, rows*cols), guarded[T](t, rows*cols)
		labels := make([]int32, rows)
		for r := range labels {
			labels[r] = int32((r*7 + 1) % cols)
		}
		if rows > 2 {
			labels[1] = -100
		}
		lossOf := func(x []float64) []float64 {
			out := make([]float64, rows)
			for r, l := range labels {
				if l >= 0 {
					_, sum := rowSoftmax(x[r*cols:][:cols])
					out[r] = sum - x[r*cols+int(l)]
				}
			}
			return out
		}
		CrossEntropy(loss, prob, x, labels, rows, cols)
		agree(t, fmt.Sprint("cross-entropy ", size), loss, lossOf(to64(x)), slack[T]())
		CrossEntropyGrad(dx, prob, labels, weight, rows, cols)
		agree(t, fmt.Sprint("its gradient ", size), dx, slopesOf(to64(x), to64(weight), lossOf), slack[T]()+1e-8)
		CrossEntropyGrad(prob, prob, labels, weight, rows, cols)
		agree(t, "its gradient in place", prob, to64(dx), 0)
	}
}

func TestCrossEntropyEqualsItsDefinition(t *testing.T) {
	bothTypes(t, crossEntropies[float32], crossEntropies[float64])
}

func softmaxOfExtremes[T Float](t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		x, want []float64
		logSum  float64
	}{
		{[]float64{1e30, -1e30}, []float64{1, 0}, 1e30},
		{[]float64{-inf, 0}, []float64{0, 1}, 0},
		{[]float64{-inf, -inf}, []float64{nan, nan}, -inf},
		{[]float64{nan, 0}, []float64{nan, nan}, nan},
		{[]float64{300, 300}, []float64{.5, .5}, 300 + math.Ln2},
		{[]float64{-300, -300}, []float64{.5, .5}, -300 + math.Ln2},
	} {
		for _, pad := range []int{0, 5, 14, 30} { // more of −∞, to fill vectors
			x, want := make([]T, 0), append([]float64{}, c.want...)
			for _, v := range c.x {
				x = append(x, T(v))
			}
			for range pad {
				x = append(x, T(-inf))
				want = append(want, want[0]*0)
			}
			y, sum := make([]T, len(x)), make([]T, 1)
			Softmax(y, x, 1, len(x))
			LogSumExpRows(sum, x, 1, len(x))
			agree(t, fmt.Sprint("softmax of ", x), y, want, 1e-6)
			agree(t, fmt.Sprint("log of the sum of ", x), sum, []float64{c.logSum}, 1e-6)
		}
	}
}

func TestSoftmaxOfExtremes(t *testing.T) {
	bothTypes(t, softmaxOfExtremes[float32], softmaxOfExtremes[float64])
}
