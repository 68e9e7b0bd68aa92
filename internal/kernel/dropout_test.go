package kernel

import (
	"bytes"
	"math"
	"testing"

	"github.com/limpid-ml/limpid/internal/par"
)

func TestRandomBitsFollowProbability(t *testing.T) {
	bits := make([]uint8, 1<<14+3)
	for _, p := range []float64{0, 0.1, 0.5, 0.75, 1} {
		RandomBits(bits, 1, 2, 3, p)
		var at [8]int
		for _, b := range bits {
			for k := range at {
				at[k] += int(b >> k & 1)
			}
		}
		n := float64(len(bits))
		for k, c := range at { // five standard deviations
			if got := float64(c) / n; math.Abs(got-p) > 5*math.Sqrt(p*(1-p)/n) {
				t.Errorf("p=%g: bit %d is set with frequency %g", p, k, got)
			}
		}
	}
}

func TestRandomBitsDependOnBlockAlone(t *testing.T) {
	all, tail := make([]uint8, 3*maskChunk+5), make([]uint8, 100)
	RandomBits(all, 7, 8, 40, .3)
	RandomBits(tail, 7, 8, 40+uint64(len(all)-len(tail)), .3)
	for i, b := range tail {
		if want := all[len(all)-len(tail)+i]; b != want {
			t.Fatalf("byte %d: %x, want %x", i, b, want)
		}
	}
	again := make([]uint8, len(all))
	workers := par.Workers()
	defer par.SetWorkers(workers)
	par.SetWorkers(1)
	RandomBits(again, 7, 8, 40, .3)
	for i, b := range again {
		if b != all[i] {
			t.Fatalf("byte %d depends on the number of workers", i)
		}
	}
}

func TestDropoutVariantsAgree(t *testing.T) {
	keys := [20]uint32{}
	for _, name := range Variants() {
		restore, err := Use(name)
		if err != nil {
			t.Fatal(err)
		}
		for n := range 70 {
			for _, limit := range []uint32{0, 1, 5000, 1 << 15, 1<<16 - 1, 1 << 16} {
				got, want := make([]uint8, n), make([]uint8, n)
				key, stream, block := uint64(n)*0x123456789abcdef, uint64(limit)<<31|7, uint64(1)<<32-uint64(n/2)
				RandomBits(got, key, stream, block, float64(limit)/(1<<16))
				keys[0], keys[1] = uint32(key), uint32(key>>32)
				randomBitsGo(want, &keys, block, stream, limit)
				if !bytes.Equal(got, want) {
					t.Errorf("%s, n=%d, limit %d:\n%x, want\n%x", name, n, limit, got, want)
				}
			}
		}
		restore()
	}
}

func TestMaskedByHand(t *testing.T) {
	for _, name := range Variants() {
		restore, err := Use(name)
		if err != nil {
			t.Fatal(err)
		}
		maskedByHand(t, name)
		restore()
	}
}

func maskedByHand(t *testing.T, name string) {
	for n := range 70 {
		x, got, bits := make([]float32, n), make([]float32, n+1), make([]uint8, (n+7)/8)
		for i := range x {
			x[i] = float32(i + 1)
		}
		RandomBits(bits, 1, 2, uint64(n), .5)
		got[n] = -7
		Masked(got[:n], x, bits, 2)
		for i := range x {
			want := 2 * x[i] * float32(bits[i/8]>>(i%8)&1)
			if got[i] != want {
				t.Errorf("%s, n=%d: element %d is %g, want %g", name, n, i, got[i], want)
			}
		}
		if got[n] != -7 {
			t.Errorf("%s, n=%d: wrote past the end", name, n)
		}
	}
}

func TestMaskedFloat64OverChunks(t *testing.T) {
	n := 8*maskChunk*2 + 11
	x, got, bits := make([]float64, n), make([]float64, n), make([]uint8, (n+7)/8)
	for i := range x {
		x[i] = float64(i)
	}
	RandomBits(bits, 3, 4, 5, .9)
	Masked(got, x, bits, 1/.9)
	for i := range x {
		if want := x[i] * (1 / .9) * float64(bits[i/8]>>(i%8)&1); math.Abs(got[i]-want) > 1e-9 {
			t.Fatalf("element %d is %g, want %g", i, got[i], want)
		}
	}
}

func TestDropoutAllocatesNothing(t *testing.T) {
	x, bits := make([]float32, 1<<16), make([]uint8, 1<<13)
	f := func() {
		RandomBits(bits, 1, 2, 3, .5)
		Masked(x, x, bits, 2)
	}
	f()
	if n := testing.AllocsPerRun(10, f); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

func BenchmarkDropout(b *testing.B) {
	x, bits := make([]float32, 64*9216), make([]uint8, 8*9216)
	b.Run("bits", func(b *testing.B) {
		for b.Loop() {
			RandomBits(bits, 1, 2, 3, .75)
		}
	})
	b.Run("apply", func(b *testing.B) {
		for b.Loop() {
			Masked(x, x, bits, 1)
		}
	})
}
