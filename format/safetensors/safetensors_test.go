package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
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

// file joins a header and data.
func file(head string, data ...byte) []byte {
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(head)))
	return append(append(out, head...), data...)
}

func one(dtype, shape string, data ...byte) []byte {
	return file(fmt.Sprintf(`{"a":{"dtype":%q,"shape":%s,"data_offsets":[0,%d]}}`, dtype, shape, len(data)), data...)
}

func sample() map[string]tensor.Tensor {
	return map[string]tensor.Tensor{
		"b.weight": tensor.Of([]float32{1.5, -2, float32(math.Inf(1)), 0}, 2, 2),
		"a":        tensor.Of([]float64{math.Pi, -0.0}),
		"scalar":   tensor.Of([]int32{-7}).Reshape(),
		"pix":      tensor.Of([]uint8{0, 255, 3}, 3, 1),
		"mask":     tensor.Of([]bool{true, false, true}),
		"empty":    tensor.Zeros(0, 5),
		"ключ \"":  tensor.Zeros(1),
	}
}

func written(t testing.TB, tensors map[string]tensor.Tensor, meta map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, tensors, meta); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func sameTensor(a, b tensor.Tensor) bool {
	if a.DType() != b.DType() || !slices.Equal(a.Shape(), b.Shape()) {
		return false
	}
	a, b = a.Reshape(a.Len()), b.Reshape(b.Len())
	for i := range a.Len() {
		if x, y := a.At(i), b.At(i); x != y && !(math.IsNaN(x) && math.IsNaN(y)) {
			return false
		}
	}
	return true
}

func TestThereAndBack(t *testing.T) {
	meta := map[string]string{"format": "pt", "a": "<&>"}
	got, gotMeta, err := Read(bytes.NewReader(written(t, sample(), meta)))
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(meta, gotMeta) {
		t.Errorf("metadata %v", gotMeta)
	}
	want := sample()
	if len(got) != len(want) {
		t.Errorf("%d tensors, want %d", len(got), len(want))
	}
	for name, w := range want {
		if g, ok := got[name]; !ok || !sameTensor(g, w) {
			t.Errorf("%q: %v, want %v", name, g, w)
		}
	}
}

func TestBytesFollowFromTheTensors(t *testing.T) {
	first := written(t, sample(), nil)
	for range 20 { // map order differs
		if !bytes.Equal(first, written(t, sample(), nil)) {
			t.Fatal("the same tensors give other bytes")
		}
	}
}

func TestGolden(t *testing.T) {
	got := written(t, map[string]tensor.Tensor{
		"b": tensor.Of([]float32{1}), "a": tensor.Of([]uint8{7}), "c": tensor.Of([]float32{-2, 0}, 1, 2),
	}, map[string]string{"k": "v"})
	head := `{"__metadata__":{"k":"v"},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},` +
		`"c":{"dtype":"F32","shape":[1,2],"data_offsets":[4,12]},"a":{"dtype":"U8","shape":[1],"data_offsets":[12,13]}}`
	for len(head)%8 != 0 {
		head += " "
	}
	want := file(head, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0, 0, 0, 0, 7)
	if !bytes.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestNoTensors(t *testing.T) {
	raw := written(t, nil, nil)
	if got, meta, err := Read(bytes.NewReader(raw)); err != nil || len(got) != 0 || meta != nil {
		t.Errorf("%q: %v %v %v", raw, got, meta, err)
	}
	raw = written(t, nil, map[string]string{"k": "v"})
	if _, meta, err := Read(bytes.NewReader(raw)); err != nil || meta["k"] != "v" {
		t.Errorf("%q: %v %v", raw, meta, err)
	}
}

func TestOtherTypes(t *testing.T) {
	for _, c := range []struct {
		dtype string
		data  []byte
		want  float64
	}{
		{"I64", []byte{0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, -2},
		{"BF16", []byte{0xc0, 0xbf}, -1.5},
		{"F16", []byte{0, 0x3c}, 1},
		{"F16", []byte{0, 0xc4}, -4},
		{"F16", []byte{1, 0}, 0x1p-24},
		{"F16", []byte{0xff, 0x83}, -1023 * 0x1p-24},
		{"F16", []byte{0xff, 0x7b}, 65504},
		{"F16", []byte{0, 0xfc}, math.Inf(-1)},
		{"F16", []byte{0, 0x7e}, math.NaN()},
	} {
		got, _, err := Read(bytes.NewReader(one(c.dtype, "[1]", c.data...)))
		if err != nil {
			t.Errorf("%s % x: %v", c.dtype, c.data, err)
			continue
		}
		if v := got["a"].Item(); v != c.want && !(math.IsNaN(v) && math.IsNaN(c.want)) {
			t.Errorf("%s % x is %g, want %g", c.dtype, c.data, v, c.want)
		}
	}
}

func TestReadErrors(t *testing.T) {
	good := one("F32", "[2]", 1, 2, 3, 4, 5, 6, 7, 8)
	two := func(a0, a1, b0, b1 int) []byte {
		return file(fmt.Sprintf(`{"a":{"dtype":"U8","shape":[%d],"data_offsets":[%d,%d]},"b":{"dtype":"U8","shape":[%d],"data_offsets":[%d,%d]}}`,
			a1-a0, a0, a1, b1-b0, b0, b1), 1, 2, 3, 4)
	}
	for name, c := range map[string]struct {
		raw   []byte
		words []string
	}{
		"nothing":        {nil, []string{"cut short", "header's length"}},
		"header gone":    {good[:20], []string{"cut short", "after 12 of"}},
		"data gone":      {good[:len(good)-3], []string{`"a"`, "after 5 of its 8 bytes", "again"}},
		"more data":      {append(slices.Clone(good), 0), []string{"goes on"}},
		"a zip":          {[]byte("PK\x03\x04\x14\x00\x08\x08 and so on"), []string{"not a safetensors file"}},
		"huge header":    {binary.LittleEndian.AppendUint64(nil, 1<<62), []string{"want 2 to 100000000"}},
		"no object":      {file(`["a"]`), []string{"want '{'"}},
		"no JSON":        {file(`{"a":`), []string{`"a"`, "EOF"}},
		"not closed":     {file(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}  `), []string{"not JSON"}},
		"more JSON":      {file(`{}{}`), []string{"goes on"}},
		"twice":          {file(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`), []string{`"a" twice`}},
		"unknown field":  {file(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":1}}`), []string{`"a"`, "unknown field"}},
		"meta":           {file(`{"__metadata__":{"a":1}}`), []string{"__metadata__"}},
		"type":           {one("F8_E4M3", "[1]", 0), []string{`"a"`, `"F8_E4M3"`, "want F32"}},
		"no offsets":     {file(`{"a":{"dtype":"U8","shape":[0]}}`), []string{`"a"`, "starts at byte -1"}},
		"size":           {one("F32", "[3]", make([]byte, 8)...), []string{`"a"`, "8 bytes, want 12", "F32 [3]"}},
		"gap":            {two(0, 1, 2, 4), []string{`"b"`, "byte 2", "want 1"}},
		"overlap":        {two(0, 3, 2, 4), []string{`"b"`, "byte 2", "want 3"}},
		"late start":     {two(1, 2, 2, 4), []string{`"a"`, "byte 1", "want 0"}},
		"negative size":  {file(`{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,-1]}}`), []string{`"a"`, "no tensor can have"}},
		"overflow":       {one("F64", "[2147483647,2147483647,2147483647]"), []string{"no tensor can have"}},
		"wraps to zero":  {one("U8", "[4294967296,4294967296]"), []string{"no tensor can have"}},
		"zero and huge":  {one("U8", "[0,2147483647,2147483647]"), []string{"no tensor can have"}},
		"fraction":       {one("U8", "[1.5]", 0), []string{`"a"`, "1.5"}},
		"axes":           {one("U8", "[1,1,1,1,1,1,1,1,1]", 0), []string{"9 axes"}},
		"bool":           {one("BOOL", "[2]", 1, 2), []string{`"a"`, "holds 2"}},
		"large int":      {one("I64", "[1]", 0, 0, 0, 0, 1, 0, 0, 0), []string{`"a"`, "4294967296", "int32"}},
		"three offsets":  {file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}}`, 1), []string{`"a"`}},
		"null":           {file(`{"a":null}`), []string{`"a"`}},
		"shape as text":  {one("U8", `"1"`, 0), []string{`"a"`}},
		"invalid tokens": {file(`{1:2}`), []string{"JSON"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := Read(bytes.NewReader(c.raw))
			if err == nil {
				t.Fatal("no error")
			}
			for _, w := range c.words {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q lacks %q", err, w)
				}
			}
		})
	}
}

func TestAReadersErrorComesThrough(t *testing.T) {
	raw, disk := written(t, sample(), nil), errors.New("disk gone")
	for _, n := range []int{0, 30, len(raw) - 2} {
		r := iotest.OneByteReader(&failing{bytes.NewReader(raw[:n]), disk})
		if _, _, err := Read(r); !errors.Is(err, disk) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

// failing ends with err instead of io.EOF.
type failing struct {
	r   *bytes.Reader
	err error
}

func (f *failing) Read(p []byte) (int, error) {
	if f.r.Len() == 0 {
		return 0, f.err
	}
	return f.r.Read(p)
}

func TestAClaimCostsNothing(t *testing.T) {
	long := file(`{"a":{"dtype":"U8","shape":[2147483647],"data_offsets":[0,2147483647]}}`, 1, 2, 3)
	for _, raw := range [][]byte{long, append(binary.LittleEndian.AppendUint64(nil, maxHeader), '{')} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, _, err := Read(bytes.NewReader(raw)); err == nil {
			t.Error("no error")
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
			t.Errorf("%d bytes allocated for a file of %d", n, len(raw))
		}
	}
}

func TestReadFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "net.safetensors")
	if err := os.WriteFile(name, written(t, sample(), nil), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, _, err := ReadFile(name); err != nil || !sameTensor(got["b.weight"], sample()["b.weight"]) {
		t.Errorf("%v, %v", got, err)
	}
	if err := os.Truncate(name, 50); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ReadFile(name); err == nil || !strings.Contains(err.Error(), name) {
		t.Error(err)
	}
	if _, _, err := ReadFile(name + "x"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func TestWriteErrors(t *testing.T) {
	var b bytes.Buffer
	for name, v := range map[string]tensor.Tensor{metaKey: tensor.Zeros(1), "none": {}} {
		if err := Write(&b, map[string]tensor.Tensor{name: v}, nil); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	full := errors.New("no space left")
	if err := Write(fullDisk{full}, sample(), nil); !errors.Is(err, full) {
		t.Error(err)
	}
}

type fullDisk struct{ err error }

func (f fullDisk) Write([]byte) (int, error) { return 0, f.err }

func FuzzRead(f *testing.F) {
	f.Add(written(f, sample(), map[string]string{"k": "v"}))
	f.Add(one("F16", "[2]", 1, 2, 3, 4))
	f.Add(one("I64", "[1]", 1, 2, 3, 4, 0, 0, 0, 0))
	f.Add(file(`{"a":{"dtype":"U8","shape":[2147483647],"data_offsets":[0,2147483647]}}`, 1))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, meta, err := Read(bytes.NewReader(raw))
		if err != nil {
			return
		}
		again, _, err := Read(bytes.NewReader(written(t, got, meta)))
		if err != nil {
			t.Fatalf("what was read and written cannot be read: %v", err)
		}
		for name, v := range got {
			if !sameTensor(v, again[name]) {
				t.Errorf("%q: %v became %v", name, v, again[name])
			}
		}
	})
}
