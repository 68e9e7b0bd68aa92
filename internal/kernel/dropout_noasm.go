//go:build noasm || !amd64

package kernel

func randomBitVectors(dst []uint8, keys *[20]uint32, block, stream uint64, limit uint32) int {
	return 0
}

func maskVectors(dst, x []float32, bits []uint8, scale float32) int { return 0 }
