package idx

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/limpid-ml/limpid/tensor"
)

// file joins a header and elements.
func file(kind byte, dims []uint32, body ...byte) []byte {
	out := []byte{0, 0, kind, byte(len(dims))}
	for _, d := range dims {
		out = append(out, byte(d>>24), byte(d>>16), byte(d>>8), byte(d))
	}
	return append(out, body...)
}

func zipped(t testing.TB, raw []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(raw); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRead(t *testing.T) {
	for name, c := range map[string]struct {
		raw   []byte
		dtype tensor.DType
		shape []int
		want  []float64
	}{
		"bytes":   {file(8, []uint32{2, 3}, 1, 2, 3, 4, 5, 255), tensor.Uint8, []int{2, 3}, []float64{1, 2, 3, 4, 5, 255}},
		"signed":  {file(9, []uint32{2}, 1, 255), tensor.Int32, []int{2}, []float64{1, -1}},
		"shorts":  {file(0xB, []uint32{2}, 1, 2, 255, 254), tensor.Int32, []int{2}, []float64{258, -2}},
		"ints":    {file(0xC, []uint32{1}, 255, 255, 255, 253), tensor.Int32, []int{1}, []float64{-3}},
		"floats":  {file(0xD, []uint32{1, 1}, 0x3f, 0xc0, 0, 0), tensor.Float32, []int{1, 1}, []float64{1.5}},
		"doubles": {file(0xE, []uint32{1}, 0xc0, 4, 0, 0, 0, 0, 0, 0), tensor.Float64, []int{1}, []float64{-2.5}},
		"empty":   {file(8, []uint32{0, 4}), tensor.Uint8, []int{0, 4}, nil},
	} {
		for _, raw := range [][]byte{c.raw, zipped(t, c.raw)} {
			got, err := Read(bytes.NewReader(raw))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if got.DType() != c.dtype || !slices.Equal(got.Shape(), c.shape) {
				t.Errorf("%s: %v %v", name, got.DType(), got.Shape())
			}
			for i, want := range c.want {
				if v := got.Reshape(got.Len()).At(i); v != want || math.IsNaN(v) {
					t.Errorf("%s: element %d is %g, want %g", name, i, v, want)
				}
			}
		}
	}
}

func TestReadErrors(t *testing.T) {
	good := file(8, []uint32{2, 3}, 1, 2, 3, 4, 5, 6)
	torn := zipped(t, good)
	for name, c := range map[string]struct {
		raw  []byte
		want string
	}{
		"nothing":    {nil, "cut short in the header"},
		"no IDX":     {[]byte("P5 28 28"), "not an IDX file"},
		"type":       {file(0xA, []uint32{1}, 1), "not an IDX file"},
		"no axes":    {file(8, nil), "0 axes"},
		"axes":       {file(8, make([]uint32, 9)), "9 axes"},
		"shape":      {good[:7], "cut short in the shape"},
		"elements":   {good[:len(good)-1], "5 bytes of elements, its shape [2 3] wants 6"},
		"more":       {append(slices.Clone(good), 7), "goes on after the 6 bytes"},
		"claims":     {file(8, []uint32{1 << 31, 1 << 31, 4}), "more than"},
		"gzip":       {torn[:len(torn)-9], "cut short"},
		"gzip sum":   {append(slices.Clone(torn[:len(torn)-8]), 0, 0, 0, 0, 6, 0, 0, 0), "checksum"},
		"gzip start": {torn[:5], "gzip"},
	} {
		_, err := Read(bytes.NewReader(c.raw))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	disk := errors.New("disk gone")
	if _, err := Read(iotest.ErrReader(disk)); !errors.Is(err, disk) {
		t.Error(err)
	}
}

func TestAClaimCostsNothing(t *testing.T) {
	raw := file(8, []uint32{1 << 31}, 1, 2, 3)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := Read(bytes.NewReader(raw)); err == nil {
		t.Error("no error")
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("%d bytes allocated for a file of %d", n, len(raw))
	}
}

func TestReadFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.idx")
	raw := zipped(t, file(8, []uint32{3}, 1, 2, 3))
	if err := os.WriteFile(name, raw, 0o644); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(raw)
	for _, s := range []string{"", hex.EncodeToString(sum[:])} {
		got, err := ReadFile(name, s)
		if err != nil || !slices.Equal(tensor.Data[uint8](got), []uint8{1, 2, 3}) {
			t.Errorf("%v, %v", got, err)
		}
	}
	if _, err := ReadFile(name, strings.Repeat("0", 64)); err == nil || !strings.Contains(err.Error(), "x.idx") || !strings.Contains(err.Error(), "fetch it again") {
		t.Error(err)
	}
	if _, err := ReadFile(name+"2", ""); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if err := os.WriteFile(name, raw[:20], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(name, ""); err == nil || !strings.Contains(err.Error(), "x.idx") {
		t.Error(err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(file(8, []uint32{2, 3}, 1, 2, 3, 4, 5, 6))
	f.Add(file(0xE, []uint32{1}, 0xc0, 4, 0, 0, 0, 0, 0, 0))
	f.Add(zipped(f, file(0xB, []uint32{1, 2}, 1, 2, 3, 4)))
	f.Add(file(8, []uint32{1 << 31, 1 << 31}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		x, err := Read(bytes.NewReader(raw))
		if err == nil && x.Len() > 1100*len(raw) { // deflate's best is 1032:1
			t.Errorf("%d elements from %d bytes", x.Len(), len(raw))
		}
	})
}
