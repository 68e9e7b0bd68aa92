package kernel

import "math/bits"

// Philox returns block number block of the random stream (key, stream): four
// independent 32-bit words that depend on these three numbers alone, so that
// any part of a stream can be made by any worker.
//
// Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3",
// Philox4x32-10.
func Philox(key, stream, block uint64) (x0, x1, x2, x3 uint32) {
	x0, x1, x2, x3 = uint32(block), uint32(block>>32), uint32(stream), uint32(stream>>32)
	k0, k1 := uint32(key), uint32(key>>32)
	for range 10 {
		h0, l0 := bits.Mul32(0xD2511F53, x0)
		h1, l1 := bits.Mul32(0xCD9E8D57, x2)
		x0, x1, x2, x3 = h1^x1^k0, l1, h0^x3^k1, l0
		k0 += 0x9E3779B9
		k1 += 0xBB67AE85
	}
	return
}
