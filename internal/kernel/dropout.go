package kernel

import (
	"math"

	"github.com/limpid-ml/limpid/internal/par"
)

// A chunk of a mask, in bytes of eight elements.
const maskChunk = 1 << 12

// maskJob draws or applies the mask of a dropout.
type maskJob struct {
	bits          []uint8
	draw          bool
	keys          [20]uint32
	stream, block uint64
	limit         uint32
	dst32, x32    []float32
	dst64, x64    []float64
	scale         float64
}

var maskJobs pool[maskJob]

// RandomBits sets each bit of dst with probability p, to the nearest 2⁻¹⁶:
// byte i is made of block block+i of the random stream (key, stream).
func RandomBits(dst []uint8, key, stream, block uint64, p float64) {
	j := maskJobs.take()
	j.bits, j.draw, j.stream, j.block = dst, true, stream, block
	for i := range 10 {
		j.keys[2*i] = uint32(key) + uint32(i)*0x9E3779B9
		j.keys[2*i+1] = uint32(key>>32) + uint32(i)*0xBB67AE85
	}
	j.limit = uint32(math.Round(p * (1 << 16)))
	j.run()
}

// Masked sets dst[i] = scale·x[i] where bit i%8 of byte i/8 is set, else 0.
func Masked[T Float](dst, x []T, bits []uint8, scale T) {
	dst, bits = dst[:len(x)], bits[:parts(len(x), 8)]
	j := maskJobs.take()
	j.bits, j.draw, j.scale = bits, false, float64(scale)
	if wide[T]() {
		j.dst64, j.x64 = as64(dst), as64(x)
	} else {
		j.dst32, j.x32 = as32(dst), as32(x)
	}
	j.run()
}

func (j *maskJob) run() {
	if chunks := parts(len(j.bits), maskChunk); chunks > 1 {
		par.Run(chunks, j)
	} else if chunks == 1 {
		j.Do(0)
	}
	*j = maskJob{}
	maskJobs.put(j)
}

// Do does one chunk.
func (j *maskJob) Do(chunk int) {
	from := chunk * maskChunk
	to := min(from+maskChunk, len(j.bits))
	bits := j.bits[from:to]
	switch {
	case j.draw:
		done := randomBitVectors(bits, &j.keys, j.block+uint64(from), j.stream, j.limit)
		randomBitsGo(bits[done:], &j.keys, j.block+uint64(from+done), j.stream, j.limit)
	case j.dst64 != nil:
		to = min(8*to, len(j.x64))
		maskedGo(j.dst64[8*from:to], j.x64[8*from:to], bits, j.scale)
	case j.dst32 != nil:
		to = min(8*to, len(j.x32))
		dst, x := j.dst32[8*from:to], j.x32[8*from:to]
		done := maskVectors(dst, x, bits, float32(j.scale))
		maskedGo(dst[done:], x[done:], bits[done/8:], float32(j.scale))
	}
}

// randomBitsGo compares the eight halves of each block's words with limit.
func randomBitsGo(dst []uint8, keys *[20]uint32, block, stream uint64, limit uint32) {
	key := uint64(keys[1])<<32 | uint64(keys[0])
	for i := range dst {
		a, b, c, d := Philox(key, stream, block+uint64(i))
		dst[i] = 0
		for k, w := range [4]uint32{a, b, c, d} {
			low, high := w&0xffff, w>>16
			dst[i] |= uint8((low-limit)>>31|(high-limit)>>31<<1) << (2 * k)
		}
	}
}

func maskedGo[T Float](dst, x []T, bits []uint8, scale T) {
	for i, v := range x {
		dst[i] = 0
		if bits[i/8]>>(i%8)&1 != 0 {
			dst[i] = scale * v
		}
	}
}
