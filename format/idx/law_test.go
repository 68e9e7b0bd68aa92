package idx

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/limpid-ml/limpid/tensor"
)

// TestEveryTypeAgainstBinary writes random arrays of each type with
// encoding/binary and reads them back, packed or not, a byte at a time or at
// once.
func TestEveryTypeAgainstBinary(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for kind, draw := range map[byte]func() (any, float64){
		0x08: func() (any, float64) { v := uint8(r.Uint32()); return v, float64(v) },
		0x09: func() (any, float64) { v := int8(r.Uint32()); return v, float64(v) },
		0x0B: func() (any, float64) { v := int16(r.Uint32()); return v, float64(v) },
		0x0C: func() (any, float64) { v := int32(r.Uint32()); return v, float64(v) },
		0x0D: func() (any, float64) { v := float32(r.NormFloat64()); return v, float64(v) },
		0x0E: func() (any, float64) { v := r.NormFloat64() * math.Pow(10, float64(r.IntN(300)-150)); return v, v },
	} {
		for range 40 {
			dims, n := make([]uint32, 1+r.IntN(4)), 1
			var shape []int
			for i := range dims {
				dims[i] = uint32(r.IntN(5))
				shape, n = append(shape, int(dims[i])), n*int(dims[i])
			}
			var body bytes.Buffer
			var want []float64
			for range n {
				v, f := draw()
				if err := binary.Write(&body, binary.BigEndian, v); err != nil {
					t.Fatal(err)
				}
				want = append(want, f)
			}
			raw := file(kind, dims, body.Bytes()...)
			for name, text := range map[string][]byte{"plain": raw, "packed": zipped(t, raw)} {
				for _, slowly := range []bool{false, true} {
					from := bytes.NewReader(text)
					got, err := Read(from)
					if slowly {
						got, err = Read(iotest.OneByteReader(bytes.NewReader(text)))
					}
					if err != nil {
						t.Fatalf("type %#x, %v, %s: %v", kind, shape, name, err)
					}
					values := tensor.Data[float64](got.To(tensor.Float64))
					if !slices.Equal(got.Shape(), shape) || !slices.Equal(values, want) {
						t.Fatalf("type %#x, %v, %s: got %v %v, want %v", kind, shape, name, got.Shape(), values, want)
					}
				}
			}
		}
	}
}
