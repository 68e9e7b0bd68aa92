package tensor

import (
	"math"
	"testing"
)

// Uniform stays below hi though float32 rounds, and no other draw is changed:
// it is the float64 draw, rounded.
func TestUniformStaysBelowHi(t *testing.T) {
	const n = 200_000
	met := 0
	for _, c := range []struct{ lo, hi float64 }{{0, 1}, {1000, 1001}, {-1001, -1000}, {4096, 4096.01}, {0, 0.1}, {-3, 0.7}} {
		narrow := Data[float32](NewRand(3).Uniform(c.lo, c.hi, n))
		r := NewRand(3)
		r.wide = true
		wide := Data[float64](r.Uniform(c.lo, c.hi, n))
		for i, v := range narrow {
			if float64(v) >= c.hi || wide[i] >= c.hi || wide[i] < c.lo {
				t.Fatalf("[%v, %v): draw %d is %v, in float64 %v", c.lo, c.hi, i, v, wide[i])
			}
			want := float32(wide[i])
			if float64(want) >= c.hi {
				met++
				want = math.Nextafter32(want, float32(c.lo))
			}
			if v != want {
				t.Fatalf("[%v, %v): draw %d is %v, want %v", c.lo, c.hi, i, v, want)
			}
		}
	}
	if met == 0 {
		t.Error("no draw was rounded up to hi: the test tests nothing")
	}
}

// An interval of one number gives it, and bounds the wrong way round still mean
// the numbers between.
func TestUniformDegenerate(t *testing.T) {
	for _, v := range Data[float32](NewRand(1).Uniform(0.7, 0.7, 9)) {
		if v != float32(0.7) {
			t.Errorf("of [0.7, 0.7): %v", v)
		}
	}
	for _, v := range Data[float32](NewRand(1).Uniform(1, -1, 99)) {
		if v < -1 || v > 1 {
			t.Errorf("of 1 to −1: %v", v)
		}
	}
}
