//go:build !noasm

package kernel

import (
	"unsafe"

	"github.com/limpid-ml/limpid/internal/cpu"
)

// copyRows copies rows as wide as a panel of the variant in use, and reports
// whether it did.
func copyRows(dst, src unsafe.Pointer, to, from, rows int) bool {
	switch {
	case rows == 0:
	case kind == cpu.AVX512:
		copyRowsAVX512((*byte)(dst), (*byte)(src), to, from, rows)
	case kind == cpu.AVX2:
		copyRowsAVX2((*byte)(dst), (*byte)(src), to, from, rows)
	default:
		return false
	}
	return true
}

// transposeWidth returns how many of n rows transposeRows can take at once; 0
// if it can take none.
func transposeWidth(n int) int {
	switch {
	case kind == cpu.AVX512 && n >= 16:
		return 16
	case kind >= cpu.AVX2 && n >= 8:
		return 8
	}
	return 0
}

func transposeRows(lanes int, dst, src *float32, to, from, quads int) {
	if lanes == 16 {
		transpose16AVX512(dst, src, to, from, quads)
	} else {
		transpose8AVX2(dst, src, to, from, quads)
	}
}

// addVectors adds as many elements of src to dst as fill vectors, and returns
// how many.
func addVectors(dst, src []float32) int {
	n := len(dst)
	switch {
	case kind == cpu.AVX512 && n >= 16:
		addAVX512(&dst[0], &src[0], n/16)
		return n / 16 * 16
	case kind == cpu.AVX2 && n >= 8:
		addAVX2(&dst[0], &src[0], n/8)
		return n / 8 * 8
	}
	return 0
}

// copyLines copies rows of as many whole cache lines as fit in n bytes, and
// returns how many bytes of each row it copied.
func copyLines(dst, src unsafe.Pointer, to, from, rows, n int) int {
	n = n / cacheLine * cacheLine
	switch {
	case n == 0 || rows == 0 || kind == cpu.Plain:
		return 0
	case kind == cpu.AVX512:
		copyBlockAVX512((*byte)(dst), (*byte)(src), to, from, rows, n)
	default:
		copyBlockAVX2((*byte)(dst), (*byte)(src), to, from, rows, n)
	}
	return n
}
