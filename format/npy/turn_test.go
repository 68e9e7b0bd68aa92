package npy

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestTurn holds turn to the definition: element [i, j, …] lies at i + j·I + ….
func TestTurn(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		shape, n := make([]int, r.IntN(5)), 1
		for i := range shape {
			shape[i] = r.IntN(5)
			n *= shape[i]
		}
		const size = 2
		raw := make([]byte, n*size)
		for i := range raw {
			raw[i] = byte(r.Uint32())
		}
		got := turn(raw, size, shape)
		for k := range n { // k in row-major order
			rest, at, stride := k, 0, 1
			index := make([]int, len(shape))
			for a := len(shape) - 1; a >= 0; a-- {
				index[a], rest = rest%shape[a], rest/shape[a]
			}
			for a, i := range index {
				at += i * stride
				stride *= shape[a]
			}
			if !bytes.Equal(got[k*size:(k+1)*size], raw[at*size:(at+1)*size]) {
				t.Fatalf("%v: element %v is not at %d", shape, index, at)
			}
		}
		if len(got) != len(raw) {
			t.Fatalf("%v: %d bytes of %d", shape, len(got), len(raw))
		}
	}
}
