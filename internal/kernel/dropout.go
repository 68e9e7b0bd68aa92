package kernel

import (
	"math"

	"github.com/limpid-ml/limpid/internal/par"
)

// A chunk of a mask, in bytes of eight elements.
const maskChunk = 1 << 12

// maskJob makes or applies the mask of a dropout.
type maskJob struct {
	bits               []uint8
	make               bool
	key, stream, block uint64
	limit              uint32
	dst32, x32         []float32
	dst64, x64         []float64
	scale              float64
}

var maskJobs pool[maskJob]

// RandomBits sets each bit of dst with probability p, to the nearest 2⁻¹⁶:
// byte i is made of block block+i of the random stream (key, stream).
func RandomBits(dst []uint8, key, stream, block uint64, p float64) {
	j := maskJobs.take()
	j.bits, j.make, j.key, j.stream, j.block = dst, true, key, stream, block
	j.limit = uint32(math.Round(p * (1 << 16)))
	j.run()
}

// Masked sets dst[i] = scale·x[i] where bit i%8 of byte i/8 is set, else 0.
func Masked[T Float](dst, x []T, bits []uint8, scale T) {
	j := maskJobs.take()
	j.bits, j.make, j.scale = bits, false, float64(scale)
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
	switch bits := j.bits[from:to]; {
	case j.make:
		randomBits(bits, j.key, j.stream, j.block+uint64(from), j.limit)
	case j.dst64 != nil:
		to = min(8*to, len(j.x64))
		masked(j.dst64[8*from:to], j.x64[8*from:to], bits, j.scale)
	case j.dst32 != nil:
		to = min(8*to, len(j.x32))
		masked(j.dst32[8*from:to], j.x32[8*from:to], bits, float32(j.scale))
	}
}

// randomBits compares the eight halves of each block's words with limit.
func randomBits(dst []uint8, key, stream, block uint64, limit uint32) {
	for i := range dst {
		a, b, c, d := Philox(key, stream, block+uint64(i))
		var byte uint32
		for k, w := range [4]uint32{a, b, c, d} {
			lo, hi := w&0xffff, w>>16
			byte |= ((lo-limit)>>31 | (hi-limit)>>31<<1) << (2 * k)
		}
		dst[i] = uint8(byte)
	}
}

// bitTable[b][k] is 1 where bit k of b is set, else 0.
var bitTable = func() (t [256][8]float32) {
	for b := range t {
		for k := range t[b] {
			t[b][k] = float32(b >> k & 1)
		}
	}
	return
}()

func masked[T Float](dst, x []T, bits []uint8, scale T) {
	n := len(x) / 8
	for i, b := range bits[:n] {
		row := &bitTable[b]
		to, from := (*[8]T)(dst[8*i:]), (*[8]T)(x[8*i:])
		for k := range to {
			to[k] = from[k] * (scale * T(row[k]))
		}
	}
	for i := 8 * n; i < len(x); i++ {
		dst[i] = x[i] * (scale * T(bits[n]>>(i%8)&1))
	}
}
