//go:build !noasm

package kernel

import "github.com/limpid-ml/limpid/internal/cpu"

// tileSets holds the tiles of each variant, for float32 and float64.
var tileSets = [3][2]tileSet{
	{goTiles[float32](), goTiles[float64]()},
	{tilesF32AVX2, tilesF64AVX2},
	{tilesF32AVX512, tilesF64AVX512},
}

// peakLoop returns the variant's loop of multiply-adds and the floating-point
// operations in a round of it.
func peakLoop(wide bool) (loop func(rounds int), flop int) {
	switch {
	case kind == cpu.AVX512 && wide:
		return peakF64AVX512, 24 * 8 * 2
	case kind == cpu.AVX512:
		return peakF32AVX512, 24 * 16 * 2
	case kind == cpu.AVX2 && wide:
		return peakF64AVX2, 12 * 4 * 2
	case kind == cpu.AVX2:
		return peakF32AVX2, 12 * 8 * 2
	}
	return nil, 0
}
