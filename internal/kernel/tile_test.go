package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

// TestTilesAgreeWithTwin runs every tile of every variant by itself: all
// heights, widths, partial vectors, both orders, with segments that lie apart.
func TestTilesAgreeWithTwin(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		testTiles[float32](t)
		testTiles[float64](t)
	})
}

func testTiles[T Float](t *testing.T) {
	set := tiles(int(unsafe.Sizeof(T(0))))
	for order := range set.tile {
		for nv, byRows := range set.tile[order] {
			for m, f := range byRows {
				if f == nil {
					continue
				}
				for last := 1; last <= set.lanes; last++ {
					testTile[T](t, set, order, nv, m, (nv-1)*set.lanes+last)
				}
			}
		}
	}
}

// testTile computes one tile whose inner dimension has two segments of a
// random length, and compares it with the definition.
func testTile[T Float](t *testing.T, set *tileSet, order, nv, m, n int) {
	t.Helper()
	size := int(unsafe.Sizeof(T(0)))
	length, gap := rand.IntN(11), rand.IntN(3)
	depth := 2*length + gap
	lda, ldb, ldc := depth+1, n+rand.IntN(3), n+rand.IntN(3)
	if order == colOrder {
		lda = m + 1
	}
	a := guarded[T](t, max(m*(depth+1), depth*(m+1))+1)
	b, c, bias := guarded[T](t, depth*ldb+1), guarded[T](t, m*ldc), guarded[T](t, n)
	args := tileArgs{a: first(a), b: first(b), c: first(c), lanes: set.mask(n-(nv-1)*set.lanes, size),
		segments: 2, length: length, aStep: lda * size, bStep: ldb * size, cStep: ldc * size,
		add: rand.IntN(2), relu: rand.IntN(2), ahead: first(b)}
	at := func(i, l int) T { return a[i*lda+l] }
	offsets := [][2]int{{0, 0}, {(length + gap) * size, (length + gap) * ldb * size}}
	if order == colOrder {
		at = func(i, l int) T { return a[l*lda+i] }
		offsets[1][0] = (length + gap) * lda * size
	}
	args.offsets = &offsets[0]
	if rand.IntN(2) > 0 {
		args.bias = first(bias)
	}
	want := slices.Clone(c)
	for i := range m {
		for j := range n {
			var sum T
			for l := range depth {
				if l < length || l >= length+gap {
					sum += at(i, l) * b[l*ldb+j]
				}
			}
			if args.add != 0 {
				sum += c[i*ldc+j]
			}
			if args.bias != nil {
				sum += bias[j]
			}
			if args.relu != 0 {
				sum = max(sum, 0)
			}
			want[i*ldc+j] = sum
		}
	}
	set.tile[order][nv][m]((*byte)(unsafe.Pointer(&args)))
	if d, where := maxDiff(c, want); !(d <= tolerance[T](depth)) {
		t.Errorf("%T tile %d by %d, order %d, length %d, gap %d, add %d, relu %d: off by %g at %d",
			T(0), m, n, order, length, gap, args.add, args.relu, d, where)
	}
}

// TestReLUKeepsNaN holds the tiles to what max does in Go: a fault upstream
// must show, not turn into a zero.
func TestReLUKeepsNaN(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		a, b, c := []float32{float32(math.NaN()), 1}, []float32{1}, make([]float32, 2)
		Gemm(false, false, 2, 1, 1, a, 1, b, 1, c, 1, Epilogue[float32]{Act: 1})
		if c[0] == c[0] || c[1] != 1 {
			t.Errorf("ReLU of [NaN 1] is %v", c)
		}
	})
}

func TestMaskLanes(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, size := range []int{4, 8} {
			set := tiles(size)
			seen := map[uintptr]bool{}
			for n := 1; n <= set.lanes; n++ {
				m := set.mask(n, size)
				if seen[m] {
					t.Errorf("elements of %d bytes: the mask of %d lanes is another's", size, n)
				}
				seen[m] = true
			}
		}
	})
}

func TestFitCoversAllColumns(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		set := tiles(4)
		for cols := 1; cols < 200; cols++ {
			for _, widest := range []int{set.nr(), set.across * set.lanes} {
				for left := cols; left > 0; {
					nv, n := set.fit(left, widest)
					if n < 1 || n > left || n > nv*set.lanes || n <= (nv-1)*set.lanes || n > widest || set.tile[rowOrder][nv][1] == nil {
						t.Fatalf("of %d columns, %d left, at most %d: %d vectors, %d columns", cols, left, widest, nv, n)
					}
					left -= n
				}
			}
		}
	})
}

func TestCutCoversWithoutGaps(t *testing.T) {
	for n := range 60 {
		for limit := 1; limit < 20; limit++ {
			of := parts(n, limit)
			at := 0
			for i := range of {
				from, to := cut(n, of, i), cut(n, of, i+1)
				if from != at || to <= from || to-from > limit {
					t.Fatalf("%d in parts of at most %d: part %d is %d…%d after %d", n, limit, i, from, to, at)
				}
				at = to
			}
			if at != n {
				t.Fatalf("%d in parts of at most %d: they end at %d", n, limit, at)
			}
		}
	}
}

func TestLookAheadStaysInside(t *testing.T) {
	for _, left := range []int{0, 1, 63, 64, 65, 1000, 4096, 5000} {
		memory := make([]byte, max(left, 1))
		own := new(byte)
		args := &tileArgs{b: unsafe.Pointer(own), segments: 3, length: 40, next: first(memory), nextLeft: left}
		for i := range 20 {
			args.lookAhead()
			off := uintptr(args.ahead) - uintptr(first(memory))
			if args.ahead != args.b && off >= uintptr(len(memory)) {
				t.Errorf("%d bytes ahead, call %d: it looks at byte %d", left, i, off)
			}
		}
		if args.ahead != args.b {
			t.Errorf("%d bytes ahead: it never ends", left)
		}
	}
}

func TestPackPanelTransposesAndCopies(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		testPack[float32](t)
		testPack[float64](t)
	})
}

func testPack[T Float](t *testing.T) {
	t.Helper()
	size := int(unsafe.Sizeof(T(0)))
	set := tiles(size)
	nr := set.nr()
	for _, k := range []int{1, 3, 4, 5, 8, 17, 64} {
		for n := 1; n <= nr; n++ {
			for _, trans := range []bool{false, true} {
				s := stored(trans, k, n)
				ld := s[1] + 3
				src, dst := guarded[T](t, s[0]*ld), guarded[T](t, k*nr)
				packPanel(set, size, first(dst), first(src), k, n, ld*size, trans)
				for l := range k {
					for j := range n {
						if dst[l*nr+j] != at(trans, src, ld, l, j) {
							t.Fatalf("%T, %d by %d, transposed %v: element %d, %d is wrong", T(0), k, n, trans, l, j)
						}
					}
				}
			}
		}
	}
}

func TestTransposeAny(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, s := range [][2]int{{1, 1}, {3, 7}, {8, 4}, {16, 16}, {17, 5}, {24, 9}, {40, 33}, {100, 3}, {7, 100}} {
			n, k := s[0], s[1]
			src, dst := guarded[float32](t, n*k), guarded[float32](t, n*k)
			transposeAny(4, first(dst), first(src), n*4, k*4, n, k)
			for i := range n {
				for l := range k {
					if dst[l*n+i] != src[i*k+l] {
						t.Fatalf("%d by %d: row %d, column %d is wrong", n, k, i, l)
					}
				}
			}
		}
	})
}

func TestAddIntoAndCopyMatrix(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for n := range 131 {
			x, y := guarded[float32](t, n), guarded[float32](t, n)
			want := slices.Clone(x)
			addGo(want, y)
			addInto(4, first(x), first(y), n)
			if !slices.Equal(x, want) {
				t.Errorf("adding %d elements: got %v, want %v", n, x, want)
			}
			const rows, to, from = 3, 140, 150
			src, dst := guarded[float32](t, rows*from), guarded[float32](t, rows*to)
			kept := slices.Clone(dst)
			copyMatrix(first(dst), first(src), to*4, from*4, rows, n*4)
			for i := range rows {
				copy(kept[i*to:i*to+n], src[i*from:])
			}
			if !slices.Equal(dst, kept) {
				t.Errorf("copying rows of %d elements goes wrong", n)
			}
		}
	})
}

func TestBufferIsAlignedAndGrows(t *testing.T) {
	var b buffer
	for _, n := range []int{1, 64, 100, 5000, 10, 70000} {
		p := b.bytes(n)
		if uintptr(p)%cacheLine != 0 {
			t.Errorf("%d bytes at %p are not aligned", n, p)
		}
		clear(unsafe.Slice((*byte)(p), n)) // faults under -race if it is too short
		if end := uintptr(p) + uintptr(n); end > uintptr(first(b.words))+uintptr(8*len(b.words)) {
			t.Errorf("%d bytes reach past the buffer's end", n)
		}
	}
	had := len(b.words)
	if b.bytes(3); len(b.words) != had {
		t.Errorf("a small request changed the buffer from %d to %d words", had, len(b.words))
	}
}

func TestScratchAndJobsAreReused(t *testing.T) {
	s := takeScratch()
	s.put()
	if again := takeScratch(); again != s {
		t.Error("scratch that was put back is not what is taken next")
	} else {
		again.put()
	}
	var p pool[gemmJob]
	j := p.take()
	p.put(j)
	if p.take() != j {
		t.Error("a job that was put back is not what is taken next")
	}
}

func ExampleGemm() {
	a := []float32{1, 2, 3, 4, 5, 6}            // [2, 3]
	w := []float32{1, 0, 1, 0, 1, 1}            // [2, 3]: two units, as a linear layer stores them
	bias := []float32{-10, 0.5}                 // [2]
	c := make([]float32, 4)                     // [2, 2]
	ep := Epilogue[float32]{Bias: bias, Act: 1} // ReLU
	Gemm(false, true, 2, 2, 3, a, 3, w, 3, c, 2, ep)
	fmt.Println(c)
	// Output: [0 5.5 0 11.5]
}
