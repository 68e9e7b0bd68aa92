package npy

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
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

// file joins a version 1 header and elements.
func file(dict string, body ...byte) []byte {
	out := append([]byte(magic), 1, 0)
	out = binary.LittleEndian.AppendUint16(out, uint16(len(dict)))
	return append(append(out, dict...), body...)
}

func of(descr, shape string, body ...byte) []byte {
	return file(fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n", descr, shape), body...)
}

// counted returns f(0), f(1), … f(23) as [2, 3, 4].
func counted[T tensor.Elem](f func(i int) T) tensor.Tensor {
	v := make([]T, 24)
	for i := range v {
		v[i] = f(i)
	}
	return tensor.Of(v, 2, 3, 4)
}

func same(a, b tensor.Tensor) bool {
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

func TestNumPysFiles(t *testing.T) {
	for name, want := range map[string]tensor.Tensor{
		"f4":             counted(func(i int) float32 { return float32(i)/8 - 1 }),
		"f8_big_fortran": counted(func(i int) float64 { return float64(i)/8 - 1 }),
		"i8":             counted(func(i int) int32 { return int32(i) - 12 }),
		"u1":             counted(func(i int) uint8 { return uint8(i) }),
		"b1":             counted(func(i int) bool { return i%3 == 0 }),
		"f2_scalar":      tensor.Full(-1.5),
	} {
		got, err := ReadFile(filepath.Join("testdata", name+".npy"))
		if err != nil {
			t.Error(err)
		} else if !same(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func TestNumPysArchives(t *testing.T) {
	for _, name := range []string{"two.npz", "packed.npz"} {
		got, err := ReadZipFile(filepath.Join("testdata", name))
		if err != nil {
			t.Error(err)
			continue
		}
		if len(got) != 2 || !same(got["a"], tensor.Of([]float32{1, 2})) || !same(got["b"], tensor.Of([]int32{3}, 1, 1)) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestWriteAsNumPyDoes(t *testing.T) {
	var b bytes.Buffer
	if err := Write(&b, counted(func(i int) float32 { return float32(i)/8 - 1 })); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/f4.npy")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("got\n%q\nwant\n%q", b.Bytes(), want)
	}
}

func samples() []tensor.Tensor {
	return []tensor.Tensor{
		tensor.Of([]float32{1, float32(math.Inf(-1)), float32(math.NaN())}), tensor.Of([]float64{math.Pi}, 1, 1, 1),
		tensor.Of([]int32{-5, 1 << 30}), tensor.Of([]uint8{0, 255}, 2, 1), tensor.Of([]bool{true, false}),
		tensor.Zeros(), tensor.Zeros(0), tensor.Zeros(3, 0, 2),
	}
}

func TestThereAndBack(t *testing.T) {
	all := map[string]tensor.Tensor{}
	for i, want := range samples() {
		var b bytes.Buffer
		if err := Write(&b, want); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(&b); err != nil || !same(got, want) {
			t.Errorf("%v became %v, %v", want, got, err)
		}
		all[fmt.Sprint("x/", i)] = want
	}
	var b, again bytes.Buffer
	if err := errors.Join(WriteZip(&b, all), WriteZip(&again, all)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Error("the same arrays give other bytes")
	}
	got, err := ReadZip(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil || len(got) != len(all) {
		t.Fatalf("%d arrays, %v", len(got), err)
	}
	for name, want := range all {
		if !same(got[name], want) {
			t.Errorf("%s: %v became %v", name, want, got[name])
		}
	}
}

func TestOtherTypes(t *testing.T) {
	for _, c := range []struct {
		descr string
		body  []byte
		want  float64
	}{
		{"|i1", []byte{0xfe}, -2}, {"<i2", []byte{0xfe, 0xff}, -2}, {">i2", []byte{0xff, 0xfe}, -2}, {"<u2", []byte{0xfe, 0xff}, 65534},
		{">f4", []byte{0x3f, 0xc0, 0, 0}, 1.5}, {"=f4", []byte{0, 0, 0xc0, 0x3f}, 1.5}, {">i4", []byte{0, 0, 1, 0}, 256},
	} {
		got, err := Read(bytes.NewReader(of(c.descr, "(1,)", c.body...)))
		if err != nil || got.Item() != c.want {
			t.Errorf("%s: %v, %v, want %g", c.descr, got, err, c.want)
		}
	}
}

func TestVersionsAndSpellings(t *testing.T) {
	dict := `{"shape":(2,), "fortran_order":True,"descr":"|u1"}`
	two := append([]byte(magic), 2, 0)
	two = binary.LittleEndian.AppendUint32(two, uint32(len(dict)))
	two = append(append(two, dict...), 7, 8)
	for _, raw := range [][]byte{two, file(dict, 7, 8), of("|u1", "( 2 , )", 7, 8), of("|u1", "(2)", 7, 8)} {
		if got, err := Read(bytes.NewReader(raw)); err != nil || !same(got, tensor.Of([]uint8{7, 8})) {
			t.Errorf("%q: %v, %v", raw, got, err)
		}
	}
}

func TestReadErrors(t *testing.T) {
	good := of("<f4", "(2,)", 1, 2, 3, 4, 5, 6, 7, 8)
	for name, c := range map[string]struct {
		raw  []byte
		want string
	}{
		"nothing":     {nil, "cut short"},
		"other":       {[]byte("PK\x03\x04 something"), "not a .npy file"},
		"version":     {append([]byte(magic), 9, 0, 0, 0), "version 9"},
		"length":      {good[:9], "header's length"},
		"header":      {good[:30], "cut short in its header"},
		"huge":        {append([]byte(magic), 2, 0, 255, 255, 255, 255), "at most"},
		"elements":    {good[:len(good)-1], "7 bytes of elements"},
		"more":        {append(slices.Clone(good), 0), "goes on"},
		"type":        {of("<c8", "(1,)"), `"<c8"`},
		"object":      {of("|O", "(1,)"), "astype"},
		"shape":       {of("<f4", "(-1,)"), "want a size"},
		"no tuple":    {of("<f4", "2"), `want "("`},
		"product":     {of("<f4", "(2147483647, 2147483647)"), "no tensor can have"},
		"zero, huge":  {of("<f4", "(0, 2147483647, 2147483647)"), "no tensor can have"},
		"large axis":  {of("<f4", "(99999999999,)"), "want a size"},
		"axes":        {of("<f4", "(1,1,1,1,1,1,1,1,1)"), "no tensor can have"},
		"no comma":    {of("<f4", "(1 1)"), "want ',' or ')'"},
		"missing key": {file("{'descr': '<f4'}"), "nothing else"},
		"twice":       {file("{'descr': '<f4', 'descr': '<f4'}"), "twice"},
		"unknown key": {file("{'color': 'red'}"), "unknown key"},
		"order":       {file("{'fortran_order': maybe}"), `want "False"`},
		"no end":      {file("{'descr': '<f4"), "without end"},
		"after":       {file("{'descr': '<f4', 'fortran_order': False, 'shape': ()} x"), "nothing else"},
		"no dict":     {file("[]"), `want "{"`},
		"no comma 2":  {file("{'fortran_order': False 'shape': ()}"), "want ',' or '}'"},
		"bool":        {of("|b1", "(1,)", 2), "holds 2"},
		"large int":   {of("<i8", "(1,)", 0, 0, 0, 0, 1, 0, 0, 0), "int32 cannot"},
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

func TestFileErrors(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.npy")
	if _, err := ReadFile(name); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if _, err := ReadZipFile(name); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if err := os.WriteFile(name, []byte("no array"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(name); err == nil || !strings.Contains(err.Error(), name) {
		t.Error(err)
	}
	if _, err := ReadZipFile(name); err == nil || !strings.Contains(err.Error(), name) {
		t.Error(err)
	}
}

// archive makes a zip of raw entries.
func archive(t testing.TB, entries ...[2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range entries {
		w, err := z.Create(e[0])
		if err == nil {
			_, err = w.Write([]byte(e[1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestZipErrors(t *testing.T) {
	good := string(of("|u1", "(1,)", 7))
	lying := archive(t, [2]string{"a.npy", good})
	at := bytes.LastIndex(lying, []byte("PK\x01\x02")) // claims 4 GB
	copy(lying[at+24:], []byte{0xfe, 0xff, 0xff, 0xff})
	for name, c := range map[string]struct {
		raw  []byte
		want string
	}{
		"no zip": {[]byte("no zip at all"), "zip"},
		"twice":  {archive(t, [2]string{"a.npy", good}, [2]string{"a", good}), `"a" is there twice`},
		"broken": {archive(t, [2]string{"a.npy", good}, [2]string{"b.npy", good[:20]}), `array "b"`},
		"claims": {lying, "more than they can"},
	} {
		_, err := ReadZip(bytes.NewReader(c.raw), int64(len(c.raw)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestAClaimCostsNothing(t *testing.T) {
	raw := of("<f8", "(1000000, 1000)", 1, 2, 3)
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

type fullDisk struct{ err error }

func (f fullDisk) Write([]byte) (int, error) { return 0, f.err }

func TestWriteErrors(t *testing.T) {
	full := errors.New("no space left")
	for _, s := range samples() {
		if err := Write(fullDisk{full}, s); !errors.Is(err, full) {
			t.Errorf("%v: %v", s, err)
		}
	}
	if err := WriteZip(fullDisk{full}, map[string]tensor.Tensor{"a": samples()[0]}); !errors.Is(err, full) {
		t.Error(err)
	}
	var b bytes.Buffer
	if Write(&b, tensor.Tensor{}) == nil {
		t.Error("no tensor was written")
	}
	if err := WriteZip(&b, map[string]tensor.Tensor{"x": {}}); err == nil || !strings.Contains(err.Error(), `"x"`) {
		t.Error(err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(of("<f4", "(2,)", 1, 2, 3, 4, 5, 6, 7, 8))
	f.Add(file("{'descr': '>i2', 'fortran_order': True, 'shape': (2, 1)}", 1, 2, 3, 4))
	f.Fuzz(func(t *testing.T, raw []byte) {
		x, err := Read(bytes.NewReader(raw))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := Write(&b, x); err != nil {
			t.Fatal(err)
		}
		if again, err := Read(&b); err != nil || !same(x, again) {
			t.Errorf("%v became %v, %v", x, again, err)
		}
	})
}

func FuzzReadZip(f *testing.F) {
	f.Add(archive(f, [2]string{"a.npy", string(of("|u1", "(1,)", 7))}))
	f.Fuzz(func(_ *testing.T, raw []byte) {
		ReadZip(bytes.NewReader(raw), int64(len(raw))) // must return
	})
}
