package flac

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/limpid-ml/limpid/format/wav"
)

type golden struct {
	Rate, Channels, Bits int
	Samples              []int64
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

func (g golden) floats() []float32 {
	out := make([]float32, len(g.Samples))
	for i, v := range g.Samples {
		out[i] = float32(float64(v) / float64(uint64(1)<<(g.Bits-1)))
	}
	return out
}

func TestFilesHoldWhatWentIntoThem(t *testing.T) {
	for name, want := range readGolden(t) {
		got, err := ReadFile("testdata/" + name)
		if err != nil {
			t.Error(err)
			continue
		}
		if got.Rate != want.Rate || got.Channels != want.Channels || !slices.Equal(got.Samples, want.floats()) {
			t.Errorf("%s: got %d Hz, %d channels, %d samples, other than those that went in", name, got.Rate, got.Channels, len(got.Samples))
		}
	}
}

func TestEncodingHoldsTheBits(t *testing.T) {
	for name, want := range map[string]wav.Encoding{"bits4": wav.PCM8, "bits8": wav.PCM8, "bits12": wav.PCM16, "bits16": wav.PCM16, "bits20": wav.PCM24, "bits24": wav.PCM24, "bits32": wav.PCM32} {
		got, err := ReadFile("testdata/" + name + ".flac")
		if err != nil || got.Encoding != want {
			t.Errorf("%s: got %v, %v; want %v", name, got.Encoding, err, want)
		}
	}
}

func open(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestTagsAroundTheStreamArePassedOver(t *testing.T) {
	raw := open(t, "level8.flac")
	want, err := Read(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	tagged := slices.Concat([]byte("ID3\x04\x00\x00\x00\x00\x01\x05"), make([]byte, 133), raw, []byte("TAG"), make([]byte, 125))
	got, err := Read(iotest.HalfReader(bytes.NewReader(tagged)))
	if err != nil || !slices.Equal(got.Samples, want.Samples) {
		t.Errorf("with tags: %v, %v", got, err)
	}
}

// unknown returns a stream as a program writes it that cannot go back: without
// the number of samples and their sum.
func unknown(raw []byte) []byte {
	raw = slices.Clone(raw)
	raw[21] &^= 0x0f
	for i := 22; i < 42; i++ {
		raw[i] = 0
	}
	return raw
}

func TestLengthAndSumMayBeLeftOut(t *testing.T) {
	raw := unknown(open(t, "bits24.flac"))
	got, err := Read(bytes.NewReader(raw))
	if err != nil || !slices.Equal(got.Samples, readGolden(t)["bits24.flac"].floats()) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestWrongFilesAreNamed(t *testing.T) {
	good := open(t, "bits16.flac")
	frame := bytes.Index(good, []byte{0xff, 0xf8})
	change := func(at int, v byte) []byte {
		raw := slices.Clone(good)
		raw[at] = v
		return raw
	}
	for _, c := range []struct {
		name, want string
		raw        []byte
	}{
		{"empty", "empty", nil},
		{"other", `starts with "RIFF", want fLaC`, []byte("RIFF1234")},
		{"magic alone", "cut short in its metadata", good[:4]},
		{"short info", "block 0 has 34 bytes, 12 are there", good[:20]},
		{"no info", "STREAMINFO as its first", change(4, 4)},
		{"small info", "STREAMINFO has 33 bytes", change(7, 33)},
		{"no frames", "promises 150 samples a channel, 0 are there: the file is cut short", good[:frame]},
		{"half", "frame 1, at byte", good[:len(good)-len(good)/3]},
		{"cut in a head", "frame 0, at byte ", good[:frame+3]},
		{"head changed", "head's checksum", change(frame+4, 9)},
		{"samples changed", "its checksum does not fit its bytes", change(frame+40, good[frame+40]^1)},
		{"no sync", "is no frame", change(frame, 0)},
		{"sum changed", "do not have the sum", change(30, good[30]^1)},
		{"fewer promised", "promises 149 samples a channel, its frames hold 150", change(25, 149)},
		{"more promised", "promises 151 samples a channel, 150 are there", change(25, 151)},
		{"bits of 1", "1 bits, want 4", func() []byte { raw := change(20, good[20]&^1); raw[21] &= 0x0f; return raw }()},
		{"no rate", "0 samples a second", func() []byte { raw := change(18, 0); raw[19] = 0; raw[20] &= 0x0f; return raw }()},
		{"huge", "more than 1073741824", change(21, good[21]|0x0f)},
		{"other channels", "has 2 channels of 16 bits, the file 3", change(20, good[20]+2)},
	} {
		s, err := Read(bytes.NewReader(c.raw))
		if err == nil || s != nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "flac: ") {
			t.Errorf("%s: got %v, want an error with %q", c.name, err, c.want)
		}
	}
	if _, err := ReadFile("testdata/make.py"); err == nil || !strings.Contains(err.Error(), "make.py: starts with") {
		t.Errorf("a file of another kind: %v", err)
	}
	if _, err := ReadFile("testdata/none"); err == nil {
		t.Error("no error for a file that is not there")
	}
}

// One changed bit anywhere in the frames is noticed.
func TestEveryChangedBitIsNoticed(t *testing.T) {
	good := open(t, "bits12.flac")
	frame := bytes.Index(good, []byte{0xff, 0xf8})
	for i := frame; i < len(good); i++ {
		raw := slices.Clone(good)
		raw[i] ^= 1 << (i % 8)
		if _, err := Read(bytes.NewReader(raw)); err == nil {
			t.Errorf("bit %d of byte %d changed, no error", i%8, i)
		}
	}
}

func TestEveryCutIsNoticed(t *testing.T) {
	good := open(t, "channels3.flac")
	for n := range len(good) {
		if _, err := Read(bytes.NewReader(good[:n])); err == nil {
			t.Errorf("cut to %d of %d bytes, no error", n, len(good))
		}
	}
}

func FuzzRead(f *testing.F) {
	for name := range readGolden(f) {
		raw := open(f, name)
		f.Add(raw)
		f.Add(unknown(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := Read(bytes.NewReader(raw))
		if err != nil {
			return
		}
		if s.Rate < 1 || s.Channels < 1 || s.Frames()*s.Channels != len(s.Samples) {
			t.Fatalf("%d samples, %d channels, %d Hz", len(s.Samples), s.Channels, s.Rate)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	raw := open(b, "large.flac")
	b.SetBytes(5000)
	for b.Loop() {
		if _, err := Read(bytes.NewReader(raw)); err != nil {
			b.Fatal(err)
		}
	}
}
