package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/internal/par"
)

// gemmSizes go around the tiles' borders and through every path.
func gemmSizes() [][3]int {
	sizes := [][3]int{
		{1, 1, 0}, {3, 5, 0}, {1, 1, 1}, {2, 3, 4}, {7, 1, 9}, {1, 100, 17}, {6, 64, 33}, {6, 49, 5},
		{13, 31, 7}, {14, 32, 8}, {15, 33, 9}, {28, 16, 12}, {29, 17, 13}, {64, 10, 128}, {32, 16, 16},
		{5, 70, 300}, {40, 70, 385}, {30, 65, 384}, {300, 40, 50}, {257, 33, 70},
		{20, 1030, 20}, {20, 20, 1024}, {33, 150, 256},
		{20, 40, 1500}, {260, 5, 1100}, {10, 33, 2500}, // several passes over C
		{600, 130, 9}, {20, 140, 256}, {20, 130, 512}, // A copied
	}
	for range 20 {
		sizes = append(sizes, [3]int{1 + rand.IntN(40), 1 + rand.IntN(80), 1 + rand.IntN(40)})
	}
	return sizes
}

func TestGemmAgreesWithTwin(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, s := range gemmSizes() {
			for trans := range 4 {
				testGemm[float32](t, trans&1 > 0, trans&2 > 0, s[0], s[1], s[2])
				testGemm[float64](t, trans&1 > 0, trans&2 > 0, s[0], s[1], s[2])
			}
		}
	})
}

// testGemm compares a product of matrices that lie in wider ones, with a
// random epilogue.
func testGemm[T Float](t *testing.T, transA, transB bool, m, n, k int) {
	t.Helper()
	a, b := stored(transA, m, k), stored(transB, k, n)
	lda, ldb, ldc := a[1]+max(rand.IntN(5)-2, 0), b[1]+rand.IntN(3), n+rand.IntN(3)
	x, y := guarded[T](t, max(a[0]*lda, 1)), guarded[T](t, max(b[0]*ldb, 1))
	c := guarded[T](t, m*ldc)
	ep := Epilogue[T]{Add: rand.IntN(2) > 0, Act: Act(rand.IntN(int(backstage.Softsign) + 1)), Param: 0.3}
	if rand.IntN(2) > 0 {
		ep.Bias = guarded[T](t, n)
	}
	want := slices.Clone(c)
	gemmGo(transA, transB, m, n, k, x, lda, y, ldb, want, ldc, ep)
	Gemm(transA, transB, m, n, k, x, lda, y, ldb, c, ldc, ep)
	if d, at := maxDiff(c, want); !(d <= tolerance[T](k)) {
		t.Errorf("%T [%d %d]·[%d %d], transposed %v %v, %+v: off by %g at row %d, column %d: got %v, want %v",
			T(0), m, k, k, n, transA, transB, ep.Act, d, at/ldc, at%ldc, c[at], want[at])
	}
}

func TestGemmBatchAgreesWithTwin(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, s := range [][4]int{{1, 3, 4, 5}, {5, 2, 3, 4}, {16, 33, 17, 20}, {3, 70, 80, 40}, {2, 130, 130, 125}, {200, 8, 8, 8}} {
			for trans := range 8 {
				if s[1]*s[2]*s[3] >= manyChunks*chunkMacs && trans%3 > 0 {
					continue // each a product by itself: three of them do
				}
				testBatch[float32](t, s, trans&1 > 0, trans&2 > 0, trans&4 > 0)
				testBatch[float64](t, s, trans&1 > 0, trans&2 > 0, trans&4 > 0)
			}
		}
	})
}

func testBatch[T Float](t *testing.T, s [4]int, transA, transB, share bool) {
	t.Helper()
	batch, m, n, k := s[0], s[1], s[2], s[3]
	strideB := k * n
	if share {
		strideB = 0
	}
	a, b, c := guarded[T](t, batch*m*k), guarded[T](t, (batch-1)*strideB+k*n), guarded[T](t, batch*m*n)
	want := slices.Clone(c)
	for i := range batch {
		gemmGo(transA, transB, m, n, k, a[i*m*k:], stored(transA, m, k)[1], b[i*strideB:], stored(transB, k, n)[1], want[i*m*n:], n, Epilogue[T]{})
	}
	GemmBatch(batch, transA, transB, m, n, k, a, m*k, b, strideB, c, m*n)
	if d, at := maxDiff(c, want); !(d <= tolerance[T](k)) {
		t.Errorf("%T batch %v transposed %v %v: off by %g at %d", T(0), s, transA, transB, d, at)
	}
}

func TestGemmSameBitsAtAnyWorkers(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, s := range [][3]int{{64, 70, 784}, {270, 100, 90}, {1000, 17, 33}, {17, 500, 300}} {
			for trans := range 4 {
				m, n, k := s[0], s[1], s[2]
				transA, transB := trans&1 > 0, trans&2 > 0
				a, b := guarded[float32](t, m*k), guarded[float32](t, k*n)
				sameBits(t, func() []float32 {
					c := make([]float32, m*n)
					Gemm(transA, transB, m, n, k, a, stored(transA, m, k)[1], b, stored(transB, k, n)[1], c, n, Epilogue[float32]{Act: backstage.Tanh})
					return c
				})
			}
		}
	})
}

// TestGemmRowsDoNotDependOnOthers holds the first rows of a product equal to
// the bit, however many rows follow: a prediction must not depend on what
// else is in its batch.
func TestGemmRowsDoNotDependOnOthers(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		const n, k, most = 70, 400, 300
		a, b := guarded[float32](t, most*k), guarded[float32](t, k*n)
		want := make([]float32, most*n)
		Gemm(false, true, most, n, k, a, k, b, k, want, n, Epilogue[float32]{})
		for _, m := range []int{1, 2, 7, 29, 64, 257} {
			got := make([]float32, m*n)
			Gemm(false, true, m, n, k, a, k, b, k, got, n, Epilogue[float32]{})
			if d, at := maxDiff(got, want[:m*n]); d != 0 {
				t.Errorf("of %d rows, row %d differs by %g from that of %d rows", m, at/n, d, most)
			}
		}
	})
}

func TestGemmAllocatesNothing(t *testing.T) {
	par.SetWorkers(2)
	defer par.SetWorkers(0)
	for _, s := range [][3]int{{32, 16, 16}, {64, 256, 784}, {300, 300, 300}} {
		m, n, k := s[0], s[1], s[2]
		a, b, c := make([]float32, m*k), make([]float32, k*n), make([]float32, m*n)
		bias := make([]float32, n)
		got := testing.AllocsPerRun(20, func() {
			Gemm(false, true, m, n, k, a, k, b, k, c, n, Epilogue[float32]{Bias: bias, Act: backstage.GELU})
			Gemm(true, false, m, n, k, a, m, b, n, c, n, Epilogue[float32]{Bias: bias, Act: backstage.ReLU})
		})
		if got != 0 {
			t.Errorf("a product %v allocates %v times", s, got)
		}
	}
}

func TestGemmRefusesShortSlices(t *testing.T) {
	short := func(a, b, c int) {
		defer func() {
			if recover() == nil {
				t.Errorf("no panic for slices of %d, %d and %d, want 20, 30 and 24", a, b, c)
			}
		}()
		Gemm(false, false, 4, 6, 5, make([]float32, a), 5, make([]float32, b), 6, make([]float32, c), 6, Epilogue[float32]{})
	}
	short(19, 30, 24)
	short(20, 29, 24)
	short(20, 30, 23)
}

func BenchmarkGemm(b *testing.B) {
	for _, s := range []struct {
		m, n, k        int
		transA, transB bool
	}{
		{1000, 992, 1000, false, false}, {1024, 1024, 1024, false, false}, {1024, 1024, 1024, false, true}, {1024, 1024, 1024, true, false},
		{512, 512, 512, false, false}, {256, 256, 256, false, false}, {128, 128, 128, false, false}, {64, 64, 64, false, false},
		{64, 256, 784, false, true}, {64, 784, 256, false, false}, {256, 784, 64, true, false},
		{64, 128, 9216, false, true}, {64, 9216, 128, false, false}, {128, 9216, 64, true, false},
		{64, 10, 128, false, true}, {32, 16, 16, false, true}, {32, 16, 16, false, false},
		{1, 256, 784, false, true}, {8, 256, 784, false, true}, {25088, 64, 64, false, true},
	} {
		b.Run(fmt.Sprintf("%dx%dx%d,%v,%v", s.m, s.n, s.k, s.transA, s.transB), func(b *testing.B) {
			benchGemm[float32](b, s.transA, s.transB, s.m, s.n, s.k)
		})
	}
}

func BenchmarkGemm64(b *testing.B) {
	b.Run("512", func(b *testing.B) { benchGemm[float64](b, false, false, 512, 512, 512) })
	b.Run("64", func(b *testing.B) { benchGemm[float64](b, false, false, 64, 64, 64) })
}

func benchGemm[T Float](b *testing.B, transA, transB bool, m, n, k int) {
	x, y, c := make([]T, m*k), make([]T, k*n), make([]T, m*n)
	for i := range x {
		x[i] = T(i % 7)
	}
	for i := range y {
		y[i] = T(i % 5)
	}
	lda, ldb := stored(transA, m, k)[1], stored(transB, k, n)[1]
	againstPeak[T](b, 2*m*n*k, func() { Gemm(transA, transB, m, n, k, x, lda, y, ldb, c, n, Epilogue[T]{}) })
}
