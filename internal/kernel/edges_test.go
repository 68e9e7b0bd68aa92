package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/internal/par"
)

// withWorkers runs f under a number of workers.
func withWorkers(n int, f func()) {
	before := par.Workers()
	par.SetWorkers(n)
	defer par.SetWorkers(before)
	f()
}

// TestNothingIsDoneToNothing: sizes of 0 in any place are no fault, and no
// memory outside is written.
func TestNothingIsDoneToNothing(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		some, none := guarded[float32](t, 12), guarded[float32](t, 0)
		for name, f := range map[string]func(){
			"Gemm without rows":      func() { Gemm(false, false, 0, 3, 4, none, 4, some, 3, none, 3, Epilogue[float32]{}) },
			"Gemm without columns":   func() { Gemm(false, false, 3, 0, 4, some, 4, none, 0, none, 0, Epilogue[float32]{}) },
			"GemmBatch of none":      func() { GemmBatch(0, false, false, 2, 2, 2, none, 4, none, 4, none, 4) },
			"Softmax without rows":   func() { Softmax(none, none, 0, 4) },
			"CrossEntropy of none":   func() { CrossEntropy(none, none, none, nil, 0, 3) },
			"NormRows without rows":  func() { NormRows(none, none, none, none, some[:3], some[:3], 0, 3, 0, 0) },
			"NormCols without rows":  func() { NormCols(none, none, some[:3], some[:3], some[:3], nil, 0, 3, 0, 0) },
			"Pick of nothing":        func() { Pick(none, some, nil) },
			"RandomBits of nothing":  func() { RandomBits(nil, 1, 2, 3, .5) },
			"Masked nothing":         func() { Masked(none, none, nil, 2) },
			"BinaryCol without rows": func() { BinaryCol(Add, none, none, none, 3, false) },
			"Resize no image": func() {
				Resize(&ResizeShape{N: 0, H: 2, W: 2, C: 3, OH: 4, OW: 4}, none, none)
			},
			"Recur without sequences": func() {
				Recur(&Recurrence{Cell: backstage.CellGRU, T: 2, N: 0, H: 1, Keep: true}, none, none, none, none, none, nil, some[:3], some[:3])
			},
			"Recur without steps": func() {
				Recur(&Recurrence{Cell: backstage.CellTanh, T: 0, N: 2, H: 2, Keep: true}, none, none, none, none, some[:4], nil, some[:4], nil)
			},
			"Adam of nothing": func() { Adam(none, none, none, none, &AdamStep{Step: 1}) },
		} {
			func() {
				defer func() {
					if cause := recover(); cause != nil {
						t.Errorf("%s: %v", name, cause)
					}
				}()
				f()
			}()
		}
	})
}

// TestProductOfNoTermsIsTheEpilogue: with k = 0 the product is 0, to which bias
// and activation apply, and Add keeps what was there.
func TestProductOfNoTermsIsTheEpilogue(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, n := range []int{1, 7, 16, 33} {
			bias, c := between[float32](t, n, -1, 1), between[float32](t, 3*n, -1, 1)
			plain, added := make([]float64, 3*n), make([]float64, 3*n)
			for i, v := range c {
				plain[i] = math.Max(float64(bias[i%n]), 0)
				added[i] = math.Max(float64(bias[i%n])+float64(v), 0)
			}
			ep := Epilogue[float32]{Bias: bias, Act: backstage.ReLU, Add: true}
			Gemm(false, true, 3, n, 0, nil, 0, nil, 0, c, n, ep)
			agree(t, "added", c, added, 1e-6)
			ep.Add = false
			Gemm(false, true, 3, n, 0, nil, 0, nil, 0, c, n, ep)
			agree(t, "alone", c, plain, 1e-6)
		}
	})
}

// TestResultsAreWrittenWhole: kernels that say "sets" leave nothing of what
// their result held before, were it NaN.
func TestResultsAreWrittenWhole(t *testing.T) {
	dirty := func(n int) []float32 {
		x := guarded[float32](t, n)
		Fill(x, float32(math.NaN()))
		return x
	}
	clean := func(t *testing.T, what string, x []float32) {
		t.Helper()
		for i, v := range x {
			if v != v {
				t.Fatalf("%s: element %d of %d still holds what was there", what, i, len(x))
			}
		}
	}
	eachVariant(t, func(t *testing.T) {
		const rows, cols = 5, 37
		x, line, row := between[float32](t, rows*cols, -1, 1), between[float32](t, rows, .5, 1), between[float32](t, cols, .5, 1)
		y := dirty(rows * cols)
		c := dirty(rows * rows)
		Gemm(false, true, rows, rows, cols, x, cols, x, cols, c, rows, Epilogue[float32]{})
		clean(t, "Gemm", c)
		Softmax(y, x, rows, cols)
		clean(t, "Softmax", y)
		y = dirty(rows * cols)
		NormRows(y, x, line, line, row, row, rows, cols, 0, 0)
		clean(t, "NormRows", y)
		y = dirty(rows * cols)
		NormCols(y, x, row, row, nil, nil, rows, cols, 0, 0)
		clean(t, "NormCols", y)
		dg, db := dirty(cols), dirty(cols)
		y = dirty(rows * cols)
		NormRowsGrad(y, dg, db, x, x, line, line, row, rows, cols)
		clean(t, "NormRowsGrad", y)
		clean(t, "gamma of NormRowsGrad", dg)
		clean(t, "beta of NormRowsGrad", db)
		dg, db = dirty(cols), dirty(cols)
		NormColsGrad(y, dg, db, x, x, row, row, nil, rows, cols)
		clean(t, "gamma of NormColsGrad", dg)
		clean(t, "beta of NormColsGrad", db)
		for _, s := range []ConvShape{square(2, 7, 3, 5, 3, 1, 1), square(1, 9, 4, 6, 3, 2, 0), sized(ConvShape{N: 1, H: 6, W: 6, C: 5, O: 5, KH: 3, KW: 3, Groups: 5, StrideH: 2, StrideW: 2}), square(1, 12, 16, 16, 3, 1, 1), square(1, 7, 4, 4, 1, 3, 0)} {
			in, w, out := convOperands[float32](t, &s)
			gx, gw, gy := dirty(len(in)), dirty(len(w)), dirty(len(out))
			ConvForward(&s, in, w, gy, Epilogue[float32]{})
			ConvData(&s, out, w, gx)
			ConvFilter(&s, in, out, gw)
			what := fmt.Sprintf("%+v", s)
			clean(t, "ConvForward "+what, gy)
			clean(t, "ConvData "+what, gx)
			clean(t, "ConvFilter "+what, gw)
		}
		for _, s := range poolings() {
			in, out := guarded[float32](t, s.N*s.H*s.W*s.C), dirty(s.N*s.OH*s.OW*s.C)
			arg, dx := make([]int32, len(out)), dirty(len(in))
			MaxPool(&s, in, out, arg)
			clean(t, "MaxPool", out)
			MaxPoolGrad(&s, out, arg, dx)
			clean(t, "MaxPoolGrad", dx)
			Fill(dx, float32(math.NaN()))
			AvgPoolGrad(&s, out, dx)
			clean(t, "AvgPoolGrad", dx)
		}
	})
}

// TestLongRowsAndManyRows: statistics, softmax and reductions of shapes that
// are cut among workers in either direction.
func TestLongRowsAndManyRows(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, size := range [][2]int{{1, 40_000}, {40_000, 1}, {2, 20_001}, {20_001, 2}, {3001, 7}} {
			rows, cols := size[0], size[1]
			x := between[float32](t, rows*cols, -1, 3)
			for _, byCols := range []bool{false, true} {
				l := lines{rows, cols, byCols}
				mean, variance := guarded[float32](t, l.count()), guarded[float32](t, l.count())
				statsOf(l, mean, variance, x)
				wantMean, wantVariance := l.stats(to64(x))
				agree(t, fmt.Sprint("mean ", size, byCols), mean, wantMean, 1e-4)
				agree(t, fmt.Sprint("variance ", size, byCols), variance, wantVariance, 1e-4)
			}
			got, want := guarded[float32](t, rows), make([]float64, rows)
			LogSumExpRows(got, x, rows, cols)
			for r := range want {
				_, want[r] = rowSoftmax(to64(x[r*cols:][:cols]))
			}
			agree(t, fmt.Sprint("log of sums ", size), got, want, 1e-4)
		}
	})
}

// TestVariantsAgree holds the fast variants against plain Go on shapes of real
// layers, one of each kind of kernel.
func TestVariantsAgree(t *testing.T) {
	var want map[string][][]float32
	for _, name := range Variants() {
		restore, err := Use(name)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string][][]float32{}
		for _, j := range fixedJobs(t) {
			got[j.name] = j.run()
		}
		restore()
		if want == nil {
			want = got
			continue
		}
		for job, results := range got {
			for i, x := range results {
				for k, v := range x {
					w := float64(want[job][i][k])
					if !(math.Abs(float64(v)-w) <= 2e-3*max(1, math.Abs(w))) {
						t.Errorf("%s, %s: result %d, element %d is %v, of plain Go %v", name, job, i, k, v, w)
						break
					}
				}
			}
		}
	}
}

// fixedJobs are the jobs on operands that are the same each time.
func fixedJobs(t *testing.T) []job[float32] {
	all := jobs[float32](t)
	r := rand.New(rand.NewPCG(4, 2))
	for _, x := range all[0].operands {
		for i := range x {
			x[i] = float32(r.Float64()) + .1 // above 0, for some are variances
		}
	}
	return all
}

// TestWorkersAreCountedOut: one worker, and more than there are chunks.
func TestWorkersAreCountedOut(t *testing.T) {
	x := between[float32](t, 3*passChunk, -1, 1)
	want := make([]float32, len(x))
	withWorkers(1, func() { Unary(Tanh, want, x, 0, 0) })
	for _, n := range []int{2, 64, 256} {
		withWorkers(n, func() {
			got := make([]float32, len(x))
			Unary(Tanh, got, x, 0, 0)
			if d, at := maxDiff(got, want); d != 0 {
				t.Errorf("%d workers: off by %g at %d", n, d, at)
			}
		})
	}
}
