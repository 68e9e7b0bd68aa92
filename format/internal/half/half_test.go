package half

import (
	"math"
	"testing"
)

func TestFloat(t *testing.T) {
	for h, want := range map[uint16]float64{
		0x0000: 0, 0x0001: 0x1p-24, 0x03ff: 1023 * 0x1p-24, 0x0400: 0x1p-14, 0x3c00: 1, 0x3c01: 1 + 0x1p-10,
		0x3555: 0.333251953125, 0x7bff: 65504, 0x7c00: math.Inf(1), 0xfc00: math.Inf(-1), 0xc000: -2, 0x83ff: -1023 * 0x1p-24,
	} {
		if got := float64(Float(h)); got != want {
			t.Errorf("%#04x is %g, want %g", h, got, want)
		}
	}
	if !math.Signbit(float64(Float(0x8000))) || Float(0x8000) != 0 {
		t.Error("0x8000 is not −0")
	}
	if v := float64(Float(0x7e00)); !math.IsNaN(v) {
		t.Errorf("0x7e00 is %g", v)
	}
}

// TestAllAgreeWithTheDefinition computes every value from the definition.
func TestAllAgreeWithTheDefinition(t *testing.T) {
	for i := range 1 << 16 {
		h := uint16(i)
		exp, frac := int(h>>10)&31, float64(h&0x3ff)
		want := math.Ldexp(1+frac/1024, exp-15)
		switch {
		case exp == 0:
			want = math.Ldexp(frac/1024, -14)
		case exp == 31 && frac == 0:
			want = math.Inf(1)
		case exp == 31:
			want = math.NaN()
		}
		if h>>15 == 1 {
			want = -want
		}
		if got := float64(Float(h)); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Fatalf("%#04x is %g, want %g", h, got, want)
		}
	}
}
