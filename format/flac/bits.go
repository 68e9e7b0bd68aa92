package flac

import "math/bits"

// reader reads bits, the highest of a byte first. Past the end it reads zeros
// and says so in short.
type reader struct {
	raw   []byte
	at    int    // of the next byte that is not in word
	word  uint64 // bits to come, the next one on top
	count uint   // of bits in word
	short bool
}

// fill makes at least 32 bits ready, if they are there.
func (r *reader) fill() {
	for r.count <= 56 && r.at < len(r.raw) {
		r.word |= uint64(r.raw[r.at]) << (56 - r.count)
		r.at++
		r.count += 8
	}
}

// read returns the next n bits, 33 at most.
func (r *reader) read(n uint) uint64 {
	if r.count < n {
		r.fill()
		if r.count < n {
			r.short, r.word, r.count = true, 0, 0
			return 0
		}
	}
	if n == 0 {
		return 0
	}
	v := r.word >> (64 - n)
	r.word <<= n
	r.count -= n
	return v
}

// signed returns the next n bits in two's complement.
func (r *reader) signed(n uint) int64 {
	if n == 0 {
		return 0
	}
	return int64(r.read(n)<<(64-n)) >> (64 - n)
}

// zeros returns the number of 0 bits before the next 1, which is read too.
func (r *reader) zeros() (n uint64) {
	for {
		r.fill()
		if r.word != 0 {
			lead := uint(bits.LeadingZeros64(r.word))
			r.word = r.word << lead << 1
			r.count -= lead + 1
			return n + uint64(lead)
		}
		if r.at == len(r.raw) {
			r.short, r.count = true, 0
			return 0
		}
		n += uint64(r.count)
		r.count = 0
	}
}

// place returns where the next byte is; what is left of this one is dropped.
func (r *reader) place() int {
	drop := r.count % 8
	r.word <<= drop
	r.count -= drop
	return r.at - int(r.count/8)
}

// crc8 and crc16 are FLAC's checksums: polynomials 0x07 and 0x8005.
func crc8(b []byte) (sum uint8) {
	for _, v := range b {
		sum = table8[sum^v]
	}
	return sum
}

func crc16(b []byte) (sum uint16) {
	for _, v := range b {
		sum = sum<<8 ^ table16[byte(sum>>8)^v]
	}
	return sum
}

var table8, table16 = tables()

func tables() (t8 [256]uint8, t16 [256]uint16) {
	for i := range 256 {
		a, b := uint8(i), uint16(i)<<8
		for range 8 {
			a = a<<1 ^ 0x07*(a>>7)
			b = b<<1 ^ 0x8005*(b>>15)
		}
		t8[i], t16[i] = a, b
	}
	return t8, t16
}
