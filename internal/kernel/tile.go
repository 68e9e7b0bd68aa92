package kernel

import (
	"unsafe"

	"github.com/limpid-ml/limpid/internal/cpu"
)

// tileArgs says what one register tile of a matrix product computes. The
// generated assembly reads it by offset: keep the order.
//
// The inner dimension comes in segments of equal length, which lie anywhere in
// A and B: one for a matrix product, one a row of taps for a convolution. All
// distances are in bytes.
type tileArgs struct {
	a, b, c, bias       unsafe.Pointer
	lanes               uintptr // which lanes of the last vector count, see tileSet.mask
	offsets             *[2]int // each segment's first element, from a and from b
	segments, length    int
	aStep, bStep, cStep int            // row tiles: A's rows, col tiles: A's columns; B's rows; C's rows
	add, relu           int            // 1: add what C holds; apply ReLU
	ahead               unsafe.Pointer // memory to bring near meanwhile: any that is mapped

	// What column makes ahead of: the memory that the next column needs.
	next     unsafe.Pointer
	nextLeft int
}

// tileFunc computes a tile of a fixed number of rows and vectors. Its argument
// is a *tileArgs; the generator knows no types of this package.
type tileFunc = func(*byte)

// tileSet is what a variant has for one element type.
type tileSet struct {
	lanes   int // elements in a vector
	rows    int // greatest number of rows of tiles one or two vectors across
	across  int // most vectors across
	lowRows int // greatest number of rows of these
	// tile is indexed by order (row, col), vectors across, and rows.
	tile [2][5][15]tileFunc
}

// Orders of A in a tile: the elements of a row side by side, or of a column.
const (
	rowOrder = iota
	colOrder
)

// tiles returns the tiles of the variant in use for elements of size bytes.
func tiles(size int) *tileSet {
	return &tileSets[kind][size/8]
}

// nr is the width of a panel of packed B: two vectors.
func (t *tileSet) nr() int { return 2 * t.lanes }

// mask returns the lanes field for a last vector of n elements.
func (t *tileSet) mask(n, size int) uintptr {
	switch kind {
	case cpu.AVX512:
		return 1<<n - 1
	case cpu.AVX2:
		if size == 8 {
			return uintptr(unsafe.Pointer(&laneMask[8-2*n]))
		}
		return uintptr(unsafe.Pointer(&laneMask[8-n]))
	}
	return uintptr(n)
}

// laneMask holds, n lanes before its middle, a mask of n lanes of 32 bits.
var laneMask = [16]int32{-1, -1, -1, -1, -1, -1, -1, -1}

// goTiles makes the tiles of plain Go.
func goTiles[T Float]() tileSet {
	s := tileSet{lanes: 4, rows: 4, across: 2, lowRows: 4}
	for order := range s.tile {
		for nv := 1; nv <= s.across; nv++ {
			for m := 1; m <= s.rows; m++ {
				s.tile[order][nv][m] = func(t *byte) {
					tileGo[T]((*tileArgs)(unsafe.Pointer(t)), order, m, nv*s.lanes)
				}
			}
		}
	}
	return s
}

// tileGo is what every tile does: n, a multiple of the lanes, is lessened to
// those of the last vector that count.
func tileGo[T Float](t *tileArgs, order, m, n int) {
	const lanes = 4
	size := int(unsafe.Sizeof(T(0)))
	n -= lanes - int(t.lanes)
	rowStep, stepA := t.aStep, size
	if order == colOrder {
		rowStep, stepA = size, t.aStep
	}
	for i := range m {
		var acc [2 * lanes]T
		sum := acc[:n]
		for _, seg := range unsafe.Slice(t.offsets, t.segments) {
			for l := range t.length {
				v := *(*T)(unsafe.Add(t.a, seg[0]+i*rowStep+l*stepA))
				for j, w := range unsafe.Slice((*T)(unsafe.Add(t.b, seg[1]+l*t.bStep)), n) {
					sum[j] += v * w
				}
			}
		}
		tileEndGo(t, unsafe.Slice((*T)(unsafe.Add(t.c, i*t.cStep)), n), sum)
	}
}

// tileEndGo finishes and stores a row of a tile.
func tileEndGo[T Float](t *tileArgs, c, sum []T) {
	for j, v := range sum {
		if t.add != 0 {
			v += c[j]
		}
		if t.bias != nil {
			v += unsafe.Slice((*T)(t.bias), len(c))[j]
		}
		if t.relu != 0 {
			v = max(v, 0)
		}
		c[j] = v
	}
}

// parts returns into how many parts of at most limit n is cut, and cut where
// part i begins: parts differ by one at most.
func parts(n, limit int) int { return (n + limit - 1) / limit }

func cut(n, parts, i int) int { return n * i / parts }
