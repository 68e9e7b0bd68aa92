package wav

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

type golden struct {
	Rate, Channels int
	Samples        []float32
}

func readGolden(t testing.TB) map[string]golden {
	t.Helper()
	raw, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]golden
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestFilesOfOthersHoldWhatLibsndfileReads(t *testing.T) {
	for name, want := range readGolden(t) {
		got, err := ReadFile("testdata/" + name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.Rate != want.Rate || got.Channels != want.Channels || !slices.Equal(got.Samples, want.Samples) {
			t.Errorf("%s: got %d Hz, %d channels, %v; want %+v", name, got.Rate, got.Channels, got.Samples, want)
		}
	}
}

// The sums are of what Python 3.11's audioop codes; see testdata/make.py.
func TestLawsCodeEveryValueAsTheStandardDoes(t *testing.T) {
	for _, c := range []struct {
		name   string
		encode func(int) byte
		table  *[256]float32
		sum    string
	}{
		{"A-law", toALaw, &aLaw, "38488f6fd710f4686360edc4d38639f96c491595ef93f8eb8d62d5e07ca6ce7b"},
		{"µ-law", toMuLaw, &muLaw, "81d633c9e6972a18c74a58720b96cb8ca0bdd096d4060b646dd708c3b846019a"},
	} {
		every := make([]byte, 1<<16)
		for i := range every {
			every[i] = c.encode(i - 1<<15)
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(every)); got != c.sum {
			t.Errorf("%s: the codes of all values have the sum %s, want %s", c.name, got, c.sum)
		}
		for b, v := range c.table {
			if got := c.encode(int(v * (1 << 15))); c.table[got] != v {
				t.Errorf("%s: %#02x stands for %v, which is coded as %#02x", c.name, b, v, got)
			}
		}
	}
}

// A sound that is written and read is the same, to within half the largest
// step of its encoding.
func TestRoundTrip(t *testing.T) {
	samples := []float32{0, 0.5, -0.5, 1, -1, 0.1234567, -3e-5, 0.999, -0.25, 1.5, -2, 0.01}
	for e, off := range map[Encoding]float64{
		PCM8: 1. / 256, PCM16: 1. / 65536, PCM24: 1. / (1 << 24), PCM32: 1. / (1 << 24), Float32: 0, Float64: 0, ALaw: 1. / 32, MuLaw: 1. / 32,
	} {
		for _, channels := range []int{1, 2, 3, 4, 6, 12} {
			in := &Sound{Rate: 12345, Channels: channels, Encoding: e, Samples: samples}
			var b bytes.Buffer
			if err := Write(&b, in); err != nil {
				t.Fatal(err)
			}
			checkSizes(t, b.Bytes())
			out, err := Read(bytes.NewReader(b.Bytes()))
			if err != nil {
				t.Fatalf("%v, %d channels: %v", e, channels, err)
			}
			if out.Rate != in.Rate || out.Channels != channels || out.Encoding != e || out.Frames() != len(samples)/channels {
				t.Errorf("%v, %d channels: got %+v", e, channels, out)
			}
			for i, v := range samples {
				if off > 0 && math.Abs(float64(v)) > 1-2*off {
					continue // clipped; see below
				}
				if d := math.Abs(float64(out.Samples[i] - v)); d > off {
					t.Errorf("%v: sample %v became %v, off by %g, more than %g", e, v, out.Samples[i], d, off)
				}
			}
			var again bytes.Buffer
			if err := Write(&again, out); err != nil || !bytes.Equal(again.Bytes(), b.Bytes()) {
				t.Errorf("%v: written again, the bytes differ (%v)", e, err)
			}
		}
	}
}

func TestWhatIsTooLoudIsClipped(t *testing.T) {
	for e, top := range map[Encoding]float32{PCM8: 127. / 128, PCM16: 32767. / 32768, PCM24: 1 - 1./(1<<23), PCM32: 1, ALaw: 0.984375, MuLaw: 0.98034668} {
		var b bytes.Buffer
		if err := Write(&b, &Sound{Rate: 1, Channels: 1, Encoding: e, Samples: []float32{1, 1.5, 3e38, -1, -1.5, -3e38}}); err != nil {
			t.Fatal(err)
		}
		s, err := Read(&b)
		if err != nil {
			t.Fatal(err)
		}
		bottom := s.Samples[3]
		if want := []float32{top, top, top, bottom, bottom, bottom}; !slices.Equal(s.Samples, want) || bottom > -top {
			t.Errorf("%v: got %v, want %v", e, s.Samples, want)
		}
	}
}

// checkSizes holds the sizes in a file against its length.
func checkSizes(t *testing.T, raw []byte) {
	t.Helper()
	if got := int(binary.LittleEndian.Uint32(raw[4:])); got != len(raw)-8 || len(raw)%2 != 0 {
		t.Errorf("RIFF claims %d bytes, file has %d", got, len(raw)-8)
	}
}

func TestLibsndfileWritesTheSameSamples(t *testing.T) {
	for name, want := range readGolden(t) {
		s, err := ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "out.wav")
		if err := WriteFile(file, s); err != nil {
			t.Fatal(err)
		}
		got, err := ReadFile(file)
		if err != nil || !slices.Equal(got.Samples, want.Samples) || got.Encoding != s.Encoding {
			t.Errorf("%s: read, written, read: %v, %v", name, got, err)
		}
	}
}

// chunkOf returns a chunk, padded to an even size.
func chunkOf(name string, body []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(name), uint32(len(body)))
	b = append(b, body...)
	if len(body)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

func riff(chunks ...[]byte) []byte {
	body := slices.Concat(chunks...)
	b := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body)+4))
	return append(append(b, "WAVE"...), body...)
}

// fmtOf returns a chunk "fmt ".
func fmtOf(tag, channels uint16, rate uint32, block, bits uint16) []byte {
	le := binary.LittleEndian
	b := le.AppendUint16(nil, tag)
	b = le.AppendUint16(b, channels)
	b = le.AppendUint32(b, rate)
	b = le.AppendUint32(b, rate*uint32(block))
	b = le.AppendUint16(b, block)
	return chunkOf("fmt ", le.AppendUint16(b, bits))
}

func TestChunksMayComeInAnyOrder(t *testing.T) {
	f := fmtOf(1, 1, 8000, 1, 8)
	data := chunkOf("data", []byte{0x80, 0xc0, 0x40})
	list := chunkOf("LIST", []byte("odd"))
	want := []float32{0, 0.5, -0.5}
	for name, raw := range map[string][]byte{
		"usual":          riff(f, data),
		"data first":     riff(data, f),
		"list first":     riff(list, f, data),
		"list between":   riff(data, list, list, f),
		"list last":      riff(f, list, data, list),
		"no last pad":    riff(f, data)[:12+24+8+3],
		"stray tail":     append(riff(f, data), 1, 2, 3),
		"unknown size":   append(riff(f), append([]byte("data\xff\xff\xff\xff"), 0x80, 0xc0, 0x40)...),
		"12 bits in two": riff(fmtOf(1, 1, 8000, 2, 12), chunkOf("data", []byte{0, 0, 0, 0x40, 0, 0xc0})),
	} {
		got, err := Read(iotest.HalfReader(bytes.NewReader(raw)))
		if err != nil || !slices.Equal(got.Samples, want) {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
}

func TestWrongFilesAreNamed(t *testing.T) {
	good := riff(fmtOf(1, 2, 8000, 4, 16), chunkOf("data", make([]byte, 40)))
	extensible := append(binary.LittleEndian.AppendUint16(fmtOf(0xfffe, 1, 8000, 2, 16)[8:], 22), make([]byte, 22)...)
	for _, c := range []struct {
		name, want string
		raw        []byte
	}{
		{"empty", "empty", nil},
		{"text", `starts with "hell"`, []byte("hello, world")},
		{"flac", "but FLAC", []byte("fLaC\x00\x00\x00\x22")},
		{"ogg", "but Ogg", []byte("OggS")},
		{"avi", `kind "AVI "`, []byte("RIFF\x04\x00\x00\x00AVI ")},
		{"short header", "cut short in the header", good[:9]},
		{"no chunks", "neither", good[:12]},
		{"no data", `no chunk "data"`, riff(fmtOf(1, 1, 8000, 2, 16))},
		{"no fmt", `no chunk "fmt "`, riff(chunkOf("data", []byte{1, 2}))},
		{"short data", `promises 40 bytes of samples, 33 are there: the file is cut short`, good[:len(good)-7]},
		{"short fmt", "cut short in the chunk fmt", good[:20]},
		{"small fmt", `has 15 bytes, want 16`, riff(chunkOf("fmt ", make([]byte, 15)))},
		{"large fmt", `has 70000 bytes`, riff(chunkOf("fmt ", make([]byte, 70000)))},
		{"short list", `cut short in the chunk "LIST", after 5 of its 300 bytes`, append(riff(), []byte("LIST\x2c\x01\x00\x00hello")...)},
		{"half a frame", "9 frames of 4 bytes and 3 more", riff(fmtOf(1, 2, 8000, 4, 16), chunkOf("data", make([]byte, 39)))},
		{"no channels", "0 channels", riff(fmtOf(1, 0, 8000, 0, 16))},
		{"no rate", "0 samples a second", riff(fmtOf(1, 1, 0, 2, 16))},
		{"wrong block", "frames of 3 bytes, but 1 channels of 16 bits take 2", riff(fmtOf(1, 1, 8000, 3, 16))},
		{"0 bits", "PCM of 0 bits", riff(fmtOf(1, 1, 8000, 0, 0))},
		{"40 bits", "PCM of 40 bits", riff(fmtOf(1, 1, 8000, 5, 40))},
		{"16-bit float", "float of 16 bits", riff(fmtOf(3, 1, 8000, 2, 16))},
		{"ADPCM", "IMA ADPCM (format 0x0011)", riff(fmtOf(0x11, 1, 8000, 256, 4))},
		{"unheard of", "unknown compression (format 0x7777)", riff(fmtOf(0x7777, 1, 8000, 256, 4))},
		{"extensible without", "has 16 bytes, want 40", riff(fmtOf(0xfffe, 1, 8000, 2, 16))},
		{"extensible unknown", "unknown kind", riff(chunkOf("fmt ", extensible))},
		{"RF64 without size", "ds64", append([]byte("RF64\xff\xff\xff\xffWAVE"), chunkOf("ds64", make([]byte, 8))...)},
		{"RF64 short", "cut short", []byte("RF64\xff\xff\xff\xffWAVEds64\x1c\x00\x00\x00abc")},
		{"RF64 huge", "18446744073709551615 bytes", append([]byte("RF64\xff\xff\xff\xffWAVE"), chunkOf("ds64", bytes.Repeat([]byte{255}, 28))...)},
	} {
		s, err := Read(bytes.NewReader(c.raw))
		if err == nil || s != nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "wav: ") {
			t.Errorf("%s: got %v, %v; want an error with %q", c.name, s, err, c.want)
		}
	}
	if _, err := ReadFile("testdata/none.wav"); err == nil || !strings.Contains(err.Error(), "none.wav") {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := ReadFile("testdata/golden.json"); err == nil || !strings.Contains(err.Error(), "golden.json: starts with") {
		t.Errorf("a file of another kind: %v", err)
	}
}

func TestWrongSoundsAreNotWritten(t *testing.T) {
	for want, s := range map[string]*Sound{
		"unknown Encoding(99)": {Rate: 1, Channels: 1, Encoding: 99},
		"rate is 0":            {Channels: 1},
		"0 channels":           {Rate: 1},
		"70000 channels":       {Rate: 1, Channels: 70000},
		"whole frames":         {Rate: 1, Channels: 2, Samples: make([]float32, 3)},
		"sample 1 of channel 0 is NaN": {Rate: 1, Channels: 2, Encoding: Float32,
			Samples: []float32{0, 1, float32(math.NaN()), 0}},
	} {
		if err := Write(io.Discard, s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	file := filepath.Join(t.TempDir(), "a.wav")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(file, &Sound{}); err == nil {
		t.Error("a sound without rate was written")
	}
	if left, _ := os.ReadDir(filepath.Dir(file)); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	if old, _ := os.ReadFile(file); string(old) != "old" {
		t.Errorf("the file that was there became %q", old)
	}
}

// A header may claim gigabytes; memory is taken for what is there.
func TestClaimsCostNothing(t *testing.T) {
	raw := append(riff(fmtOf(1, 65535, 8000, 65535, 8)), []byte("data\xf0\xff\xff\xffabc")...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := Read(bytes.NewReader(raw)); err == nil {
		t.Error("no error")
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
		t.Errorf("took %d bytes for a file of %d", took, len(raw))
	}
}

func FuzzRead(f *testing.F) {
	for name := range readGolden(f) {
		raw, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := Read(bytes.NewReader(raw))
		if err != nil {
			return
		}
		if len(s.Samples) > len(raw) || s.Frames()*s.Channels != len(s.Samples) {
			t.Fatalf("%d samples in %d channels from %d bytes", len(s.Samples), s.Channels, len(raw))
		}
		var b bytes.Buffer
		if err := Write(&b, s); err != nil {
			return // NaN, or too many channels
		}
		again, err := Read(&b)
		if err != nil || again.Rate != s.Rate || !slices.Equal(again.Samples, s.Samples) {
			t.Fatalf("written and read again: %v, %v", again, err)
		}
	})
}
