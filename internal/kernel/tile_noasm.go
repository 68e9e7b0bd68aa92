//go:build noasm || !amd64

package kernel

// tileSets holds the tiles of each variant, for float32 and float64.
var tileSets = [3][2]tileSet{{goTiles[float32](), goTiles[float64]()}}

func peakLoop(bool) (loop func(rounds int), flop int) { return nil, 0 }
