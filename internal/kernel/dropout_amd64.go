//go:build !noasm

package kernel

import "github.com/limpid-ml/limpid/internal/cpu"

// randomBitVectors draws as many bytes as vectors can, and returns how many.
func randomBitVectors(dst []uint8, keys *[20]uint32, block, stream uint64, limit uint32) int {
	n := len(dst)
	switch {
	case limit == 0: // no last number below it
		return 0
	case kind == cpu.AVX512 && n >= 8:
		randomBitsAVX512(&dst[0], &keys[0], block, stream, int(limit-1), n/8)
		return n / 8 * 8
	case kind == cpu.AVX2 && n >= 4:
		randomBitsAVX2(&dst[0], &keys[0], block, stream, int(limit-1), n/4)
		return n / 4 * 4
	}
	return 0
}

// maskVectors masks as many elements as fill vectors, and returns how many.
func maskVectors(dst, x []float32, bits []uint8, scale float32) int {
	n := len(x)
	switch {
	case kind == cpu.AVX512 && n >= 16:
		maskedAVX512(&dst[0], &x[0], &bits[0], scale, n/16)
		return n / 16 * 16
	case kind == cpu.AVX2 && n >= 8:
		maskedAVX2(&dst[0], &x[0], &bits[0], scale, n/8)
		return n / 8 * 8
	}
	return 0
}
