package wav

import "math/bits"

// aLaw and muLaw hold the value of each byte, of 2¹⁵.
var aLaw, muLaw = lawTable(fromALaw), lawTable(fromMuLaw)

func lawTable(decode func(byte) int) (t [256]float32) {
	for i := range t {
		t[i] = float32(decode(byte(i))) / (1 << 15)
	}
	return t
}

// fromALaw returns a value of 13 bits, scaled to 16.
//
// Source: ITU-T G.711, table 1a.
func fromALaw(b byte) int {
	b ^= 0x55
	v := int(b&0x0f)<<4 + 8
	if segment := b >> 4 & 7; segment > 0 {
		v = (v + 0x100) << (segment - 1)
	}
	if b&0x80 == 0 {
		return -v
	}
	return v
}

// fromMuLaw returns a value of 14 bits, scaled to 16.
//
// Source: ITU-T G.711, table 2a.
func fromMuLaw(b byte) int {
	b = ^b
	v := (int(b&0x0f)<<3+muBias)<<(b>>4&7) - muBias
	if b&0x80 != 0 {
		return -v
	}
	return v
}

const muBias = 0x84

// toALaw returns the byte whose interval holds v, a value of 16 bits.
func toALaw(v int) byte {
	sign := byte(0x80)
	if v < 0 {
		sign, v = 0, -v-1
	}
	v = min(v, 1<<15-1) >> 4
	segment := max(bits.Len(uint(v))-4, 0)
	low := v >> max(segment-1, 0) & 0x0f
	return (sign | byte(segment)<<4 | byte(low)) ^ 0x55
}

// toMuLaw returns the byte whose interval holds v, a value of 16 bits.
func toMuLaw(v int) byte {
	var sign byte
	v &^= 3 // the law is one of 14 bits
	if v < 0 {
		sign, v = 0x80, -v
	}
	v = min(v, 1<<15-1-muBias) + muBias
	segment := bits.Len(uint(v)) - 8
	return ^(sign | byte(segment)<<4 | byte(v>>(segment+3)&0x0f))
}
