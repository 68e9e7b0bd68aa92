package safetensors

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// anyTensor returns a tensor of a random type and shape.
func anyTensor(r *rand.Rand) tensor.Tensor {
	shape, n := make([]int, 1+r.IntN(4)), 1
	for i := range shape {
		shape[i] = r.IntN(5)
		n *= shape[i]
	}
	switch r.IntN(5) {
	case 0:
		return tensor.Of(filled(n, func() float64 { return r.NormFloat64() }), shape...)
	case 1:
		return tensor.Of(filled(n, func() int32 { return r.Int32() - 1<<30 }), shape...)
	case 2:
		return tensor.Of(filled(n, func() uint8 { return uint8(r.Uint32()) }), shape...)
	case 3:
		return tensor.Of(filled(n, func() bool { return r.IntN(2) == 1 }), shape...)
	}
	return tensor.Of(filled(n, r.Float32), shape...)
}

func filled[T any](n int, f func() T) []T {
	v := make([]T, n)
	for i := range v {
		v[i] = f()
	}
	return v
}

func TestAnyTensorsGoThereAndBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		want := map[string]tensor.Tensor{}
		for i := range r.IntN(6) {
			want[fmt.Sprintf("layer%d.w", i*r.IntN(3))] = anyTensor(r)
		}
		raw := written(t, want, nil)
		got, _, err := Read(bytes.NewReader(raw))
		if err != nil || len(got) != len(want) {
			t.Fatalf("%v: %v", want, err)
		}
		for name, w := range want {
			if !sameTensor(got[name], w) {
				t.Fatalf("%s: %v became %v", name, w, got[name])
			}
		}
		if again := written(t, got, nil); !bytes.Equal(raw, again) {
			t.Fatal("what was read is written in other bytes")
		}
	}
}

// TestEveryCutIsAnError cuts a file everywhere.
func TestEveryCutIsAnError(t *testing.T) {
	raw := written(t, sample(), map[string]string{"k": "v"})
	for n := range raw {
		if _, _, err := Read(bytes.NewReader(raw[:n])); err == nil {
			t.Errorf("cut after %d of %d bytes: no error", n, len(raw))
		}
	}
}

// TestDataStartAligned: elements lie on multiples of their size.
func TestDataStartAligned(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for range 100 {
		all := map[string]tensor.Tensor{}
		for i := range 6 {
			all[fmt.Sprint(i)] = anyTensor(r)
		}
		raw := written(t, all, nil)
		head, err := readHeader(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		entries, _, err := parse(head)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if at := 8 + int64(len(head)) + e.Offsets[0]; at%int64(readers[e.DType].size) != 0 {
				t.Errorf("%s %v starts at byte %d", e.DType, e.Shape, at)
			}
		}
	}
}
