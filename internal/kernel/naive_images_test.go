package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/limpid-ml/limpid/internal/backstage"
)

// eachTap calls f with each product of a convolution: flat places in x, w, y.
func eachTap(s *ConvShape, f func(x, w, y int)) {
	cg, og := s.C/s.Groups, s.O/s.Groups
	for n := range s.N {
		for i := range s.OH {
			for j := range s.OW {
				for o := range s.O {
					for p := range s.KH {
						for q := range s.KW {
							h, w := i*s.StrideH+p*s.DilH-s.PadTop, j*s.StrideW+q*s.DilW-s.PadLeft
							if h < 0 || h >= s.H || w < 0 || w >= s.W {
								continue
							}
							for c := range cg {
								f(((n*s.H+h)*s.W+w)*s.C+o/og*cg+c, ((o*s.KH+p)*s.KW+q)*cg+c, ((n*s.OH+i)*s.OW+j)*s.O+o)
							}
						}
					}
				}
			}
		}
	}
}

// plainConvs are shapes with each option by itself and with some together.
func plainConvs() map[string]ConvShape {
	base := func(f func(s *ConvShape)) ConvShape {
		s := ConvShape{N: 2, H: 7, W: 6, C: 4, O: 6, KH: 3, KW: 3}
		f(&s)
		return sized(s)
	}
	return map[string]ConvShape{
		"plain":             base(func(*ConvShape) {}),
		"padded":            base(func(s *ConvShape) { s.PadTop, s.PadLeft, s.PadBottom, s.PadRight = 1, 1, 1, 1 }),
		"padded unevenly":   base(func(s *ConvShape) { s.PadTop, s.PadRight = 2, 3 }),
		"strided":           base(func(s *ConvShape) { s.StrideH, s.StrideW = 2, 2 }),
		"strided unevenly":  base(func(s *ConvShape) { s.StrideH, s.StrideW = 1, 3 }),
		"dilated":           base(func(s *ConvShape) { s.DilH, s.DilW = 2, 2 }),
		"dilated unevenly":  base(func(s *ConvShape) { s.DilH = 3 }),
		"two groups":        base(func(s *ConvShape) { s.Groups = 2 }),
		"depthwise":         base(func(s *ConvShape) { s.Groups, s.O = 4, 4 }),
		"depthwise twofold": base(func(s *ConvShape) { s.Groups, s.O = 4, 8 }),
		"one pixel":         base(func(s *ConvShape) { s.KH, s.KW = 1, 1 }),
		"one row":           base(func(s *ConvShape) { s.KH = 1 }),
		"one column":        base(func(s *ConvShape) { s.KW = 1 }),
		"the whole image":   base(func(s *ConvShape) { s.KH, s.KW = 7, 6 }),
		"one channel":       base(func(s *ConvShape) { s.C, s.O = 1, 1 }),
		"wide":              base(func(s *ConvShape) { s.C, s.O = 17, 35 }),
		"Winograd's": base(func(s *ConvShape) {
			s.H, s.W, s.C, s.O, s.PadTop, s.PadLeft, s.PadBottom, s.PadRight = 12, 12, 16, 16, 1, 1, 1, 1
		}),
		"all options":        base(func(s *ConvShape) { s.H, s.W, s.Groups, s.StrideH, s.DilW, s.PadTop, s.PadRight = 9, 11, 2, 2, 2, 2, 2 }),
		"padding alone":      base(func(s *ConvShape) { s.H, s.W, s.PadTop, s.PadLeft, s.PadBottom, s.PadRight = 1, 1, 3, 3, 3, 3 }),
		"strides over gaps":  base(func(s *ConvShape) { s.KH, s.KW, s.StrideH, s.StrideW = 1, 1, 3, 4 }),
		"an image of no row": sized(ConvShape{N: 0, H: 4, W: 4, C: 2, O: 3, KH: 2, KW: 2}),
	}
}

func convolutions[T Float](t *testing.T) {
	for name, s := range plainConvs() {
		x, w, y := convOperands[T](t, &s)
		bias := guarded[T](t, s.O)
		terms := s.KH * s.KW * s.C / s.Groups
		sum, dx, dw := make([]float64, len(y)), make([]float64, len(x)), make([]float64, len(w))
		dy := guarded[T](t, len(y))
		eachTap(&s, func(xi, wi, yi int) {
			sum[yi] += float64(x[xi]) * float64(w[wi])
			dx[xi] += float64(dy[yi]) * float64(w[wi])
			dw[wi] += float64(x[xi]) * float64(dy[yi])
		})
		ConvForward(&s, x, w, y, Epilogue[T]{})
		agree(t, name, y, sum, 5*tolerance[T](terms))

		before, want := to64(y), make([]float64, len(y))
		for i, v := range sum {
			want[i] = math.Tanh(before[i] + v + float64(bias[i%s.O]))
		}
		ConvForward(&s, x, w, y, Epilogue[T]{Bias: bias, Act: backstage.Tanh, Add: true})
		agree(t, name+" with bias, sum and activation", y, want, 10*tolerance[T](terms))

		gx, gw := guarded[T](t, len(x)), guarded[T](t, len(w))
		ConvData(&s, dy, w, gx)
		agree(t, name+": by x", gx, dx, 10*tolerance[T](s.KH*s.KW*s.O))
		ConvFilter(&s, x, dy, gw)
		agree(t, name+": by w", gw, dw, 10*tolerance[T](s.N*s.OH*s.OW))
	}
}

func TestConvolutionsEqualTheirDefinition(t *testing.T) {
	bothTypes(t, convolutions[float32], convolutions[float64])
}

func products[T Float](t *testing.T) {
	for _, size := range [][3]int{{1, 1, 1}, {1, 9, 4}, {9, 1, 4}, {4, 4, 0}, {5, 7, 3}, {6, 16, 8}, {7, 17, 31}, {13, 33, 20}, {30, 48, 65}} {
		m, n, k := size[0], size[1], size[2]
		for form := range 8 {
			transA, transB, spaced := form&1 > 0, form&2 > 0, form&4 > 0
			rowsA, colsA, rowsB, colsB := m, k, k, n
			if transA {
				rowsA, colsA = k, m
			}
			if transB {
				rowsB, colsB = n, k
			}
			lda, ldb, ldc := colsA, colsB, n
			if spaced {
				lda, ldb, ldc = lda+3, ldb+1, ldc+2
			}
			a, b, c := guarded[T](t, rowsA*lda), guarded[T](t, rowsB*ldb), guarded[T](t, m*ldc)
			bias := guarded[T](t, n)
			old, want := to64(c), to64(c)
			for i := range m {
				for j := range n {
					sum := old[i*ldc+j] + float64(bias[j])
					for p := range k {
						av, bv := a[min(i*lda+p, len(a)-1)], b[min(p*ldb+j, len(b)-1)]
						if transA {
							av = a[p*lda+i]
						}
						if transB {
							bv = b[j*ldb+p]
						}
						sum += float64(av) * float64(bv)
					}
					want[i*ldc+j] = math.Max(sum, 0)
				}
			}
			Gemm(transA, transB, m, n, k, a, lda, b, ldb, c, ldc, Epilogue[T]{Bias: bias, Act: backstage.ReLU, Add: true})
			agree(t, fmt.Sprint("product ", size, " form ", form), c, want, 5*tolerance[T](k))
		}
	}
}

func TestProductsEqualTheirDefinition(t *testing.T) {
	bothTypes(t, products[float32], products[float64])
}

// TestProductsOfWhatIsNoNumber: a NaN or an infinity reaches its row and
// column, and nothing else.
func TestProductsOfWhatIsNoNumber(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		const m, n, k = 13, 19, 11
		for range 30 {
			a, b, c := guarded[float32](t, m*k), guarded[float32](t, k*n), guarded[float32](t, m*n)
			row, col := rand.IntN(m), rand.IntN(n)
			a[row*k+rand.IntN(k)] = float32(math.NaN())
			b[rand.IntN(k)*n+col] = float32(math.Inf(1))
			Gemm(false, false, m, n, k, a, k, b, n, c, n, Epilogue[float32]{})
			for i, v := range c {
				r, at := i/n, i%n
				finite := !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0)
				if finite != (r != row && at != col) || r == row && v == v {
					t.Fatalf("NaN in row %d, infinity in column %d: element [%d %d] is %v", row, col, r, at, v)
				}
			}
		}
	})
}

// poolings are windows of each kind.
func poolings() []PoolShape {
	return []PoolShape{
		{N: 2, H: 6, W: 6, C: 3, KH: 2, KW: 2, StrideH: 2, StrideW: 2, OH: 3, OW: 3},
		{N: 1, H: 7, W: 5, C: 8, KH: 3, KW: 2, StrideH: 1, StrideW: 1, OH: 5, OW: 4},
		{N: 2, H: 5, W: 5, C: 17, KH: 3, KW: 3, StrideH: 2, StrideW: 2, PadTop: 1, PadLeft: 1, OH: 3, OW: 3},
		{N: 2, H: 5, W: 5, C: 5, KH: 3, KW: 3, StrideH: 2, StrideW: 2, PadTop: 1, PadLeft: 1, PadBottom: 1, PadRight: 1, OH: 3, OW: 3, CountPad: true},
		{N: 1, H: 5, W: 6, C: 9, KH: 2, KW: 3, StrideH: 3, StrideW: 2, OH: 2, OW: 3}, // the last window reaches over
		{N: 1, H: 4, W: 4, C: 33, KH: 4, KW: 4, StrideH: 1, StrideW: 1, OH: 1, OW: 1},
		{N: 1, H: 6, W: 6, C: 2, KH: 1, KW: 1, StrideH: 2, StrideW: 3, OH: 3, OW: 2},
	}
}

// eachWindow calls f with the pixels of each window, in order, and with what
// an average divides by.
func eachWindow(s *PoolShape, f func(y int, xs []int, size int)) {
	for n := range s.N {
		for i := range s.OH {
			for j := range s.OW {
				for c := range s.C {
					var xs []int
					size := 0
					for p := range s.KH {
						for q := range s.KW {
							h, w := i*s.StrideH+p-s.PadTop, j*s.StrideW+q-s.PadLeft
							inside := h >= 0 && h < s.H && w >= 0 && w < s.W
							if inside {
								xs = append(xs, ((n*s.H+h)*s.W+w)*s.C+c)
							}
							if inside || s.CountPad && h < s.H+s.PadBottom && w < s.W+s.PadRight {
								size++
							}
						}
					}
					f(((n*s.OH+i)*s.OW+j)*s.C+c, xs, size)
				}
			}
		}
	}
}

func poolingsAgree[T Float](t *testing.T) {
	for _, s := range poolings() {
		in, out := s.N*s.H*s.W*s.C, s.N*s.OH*s.OW*s.C
		x, dy := guarded[T](t, in), guarded[T](t, out)
		for i := range x {
			x[i] = T(math.Round(float64(x[i]) * 3)) // many ties
		}
		tops, means := make([]float64, out), make([]float64, out)
		byTop, byMean := make([]float64, in), make([]float64, in)
		places := make([]float64, out)
		eachWindow(&s, func(y int, xs []int, size int) {
			best := xs[0]
			for _, i := range xs {
				if x[i] > x[best] {
					best = i
				}
				means[y] += float64(x[i]) / float64(size)
				byMean[i] += float64(dy[y]) / float64(size)
			}
			tops[y], places[y] = float64(x[best]), float64(best)
			byTop[best] += float64(dy[y])
		})
		y, arg, dx := guarded[T](t, out), make([]int32, out), guarded[T](t, in)
		what := fmt.Sprintf("%+v", s)
		MaxPool(&s, x, y, arg)
		agree(t, "greatest of "+what, y, tops, 0)
		for i, at := range arg {
			if float64(at) != places[i] {
				t.Fatalf("%s: the greatest of window %d is at %d, want %v, the first", what, i, at, places[i])
			}
		}
		MaxPoolGrad(&s, dy, arg, dx)
		agree(t, "gradient of the greatest of "+what, dx, byTop, slack[T]())
		AvgPool(&s, x, y)
		agree(t, "mean of "+what, y, means, slack[T]())
		AvgPoolGrad(&s, dy, dx)
		agree(t, "gradient of the mean of "+what, dx, byMean, slack[T]())
	}
}

func TestPoolingEqualsItsDefinition(t *testing.T) {
	bothTypes(t, poolingsAgree[float32], poolingsAgree[float64])
}

// axisWeights returns, as a matrix [to, from], what pixel i of a resized axis
// takes of each pixel: a triangle around its centre, cut off at the edges.
func axisWeights(from, to int, nearest bool) [][]float64 {
	m := make([][]float64, to)
	for i := range m {
		m[i] = make([]float64, from)
		if nearest {
			m[i][int(math.Floor(float64(i)*float64(from)/float64(to)))] = 1
			continue
		}
		centre := math.Min(math.Max((float64(i)+.5)*float64(from)/float64(to)-.5, 0), float64(from-1))
		for k := range m[i] {
			m[i][k] = math.Max(0, 1-math.Abs(centre-float64(k)))
		}
	}
	return m
}

func resizings[T Float](t *testing.T) {
	for _, size := range [][4]int{{1, 1, 3, 4}, {4, 4, 4, 4}, {2, 3, 5, 7}, {7, 5, 3, 2}, {3, 8, 6, 4}, {5, 5, 1, 1}, {1, 6, 9, 1}, {2, 2, 8, 8}} {
		for _, nearest := range []bool{false, true} {
			for _, c := range []int{1, 3, 8, 19} {
				s := ResizeShape{N: 2, H: size[0], W: size[1], C: c, OH: size[2], OW: size[3], Nearest: nearest}
				x, dy := guarded[T](t, s.N*s.H*s.W*c), guarded[T](t, s.N*s.OH*s.OW*c)
				y, dx := guarded[T](t, len(dy)), guarded[T](t, len(x))
				wantY, wantX := make([]float64, len(dy)), make([]float64, len(x))
				rows, cols := axisWeights(s.H, s.OH, nearest), axisWeights(s.W, s.OW, nearest)
				for i := range wantY {
					ch, ow, oh, n := i%c, i/c%s.OW, i/c/s.OW%s.OH, i/c/s.OW/s.OH
					for h, a := range rows[oh] {
						for w, b := range cols[ow] {
							from := ((n*s.H+h)*s.W+w)*c + ch
							wantY[i] += a * b * float64(x[from])
							wantX[from] += a * b * float64(dy[i])
						}
					}
				}
				Resize(&s, x, y)
				ResizeGrad(&s, dy, dx)
				agree(t, fmt.Sprintf("%+v", s), y, wantY, slack[T]())
				agree(t, fmt.Sprintf("gradient of %+v", s), dx, wantX, slack[T]())
			}
		}
	}
}

func TestResizingEqualsItsDefinition(t *testing.T) {
	bothTypes(t, resizings[float32], resizings[float64])
}

func TestResizingKeepsWhatIsEven(t *testing.T) {
	for _, nearest := range []bool{false, true} {
		s := ResizeShape{N: 1, H: 5, W: 4, C: 7, OH: 11, OW: 3, Nearest: nearest}
		x, y := make([]float32, 5*4*7), make([]float32, 11*3*7)
		Fill(x, 2.5)
		Resize(&s, x, y)
		for i, v := range y {
			if math.Abs(float64(v)-2.5) > 1e-6 {
				t.Fatalf("nearest %v: element %d of an even image is %v, want 2.5", nearest, i, v)
			}
		}
	}
}
