package wav

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// turn returns a file of ours with its bytes in the other order, as RIFX has
// them.
func turn(raw []byte, s *Sound) []byte {
	out := slices.Clone(raw)
	copy(out, "RIFX")
	swap := func(at, size int) { slices.Reverse(out[at : at+size]) }
	swap(4, 4)
	for at := 12; at < len(raw); {
		name, size := string(raw[at:at+4]), int(binary.LittleEndian.Uint32(raw[at+4:]))
		swap(at+4, 4)
		body := at + 8
		switch name {
		case "fmt ":
			for k, width := range []int{2, 2, 4, 4, 2, 2, 2, 2, 4, 2} {
				if at := []int{0, 2, 4, 8, 12, 14, 16, 18, 20, 24}[k]; at+width <= size {
					swap(body+at, width)
				}
			}
		case "fact":
			swap(body, 4)
		case "data":
			for i := 0; i < size; i += s.Encoding.bytes() {
				swap(body+i, s.Encoding.bytes())
			}
		}
		at = body + size + size%2
	}
	return out
}

// long returns a file of ours as RF64, whose sizes stand in a chunk of their
// own.
func long(raw []byte) []byte {
	at := bytes.Index(raw, []byte("data"))
	size := binary.LittleEndian.Uint32(raw[at+4:])
	ds64 := binary.LittleEndian.AppendUint64(nil, uint64(len(raw)))
	ds64 = binary.LittleEndian.AppendUint64(ds64, uint64(size))
	ds64 = binary.LittleEndian.AppendUint64(ds64, 0)
	ds64 = binary.LittleEndian.AppendUint32(ds64, 0)
	unknown := []byte{0xff, 0xff, 0xff, 0xff}
	return slices.Concat([]byte("RF64"), unknown, []byte("WAVE"), chunkOf("ds64", ds64), raw[12:at+4], unknown, raw[at+8:])
}

func randomSound(r *rand.Rand) *Sound {
	s := &Sound{Rate: 1 + r.IntN(200000), Channels: 1 + r.IntN(9), Encoding: Encoding(r.IntN(len(names)))}
	s.Samples = make([]float32, s.Channels*r.IntN(40))
	for i := range s.Samples {
		s.Samples[i] = float32(1.2 * (2*r.Float64() - 1))
	}
	return s
}

func write(t *testing.T, s *Sound) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// All containers hold the same sound, however the bytes arrive.
func TestContainersAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		s := randomSound(r)
		raw := write(t, s)
		want, err := Read(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		for name, other := range map[string][]byte{"RIFX": turn(raw, s), "RF64": long(raw)} {
			got, err := Read(iotest.OneByteReader(bytes.NewReader(other)))
			if err != nil || got.Rate != s.Rate || got.Channels != s.Channels || got.Encoding != s.Encoding || !slices.Equal(got.Samples, want.Samples) {
				t.Fatalf("%s of %d channels of %v: %v, %v", name, s.Channels, s.Encoding, got, err)
			}
		}
	}
}

// Whatever is cut off a file, the reader says so, or what is left is a whole
// file.
func TestEveryCutIsNoticed(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		s := randomSound(r)
		raw := write(t, s)
		pad := len(s.Samples) * s.Encoding.bytes() % 2
		for n := range len(raw) - pad {
			if got, err := Read(bytes.NewReader(raw[:n])); err == nil {
				t.Fatalf("cut to %d of %d bytes: %+v", n, len(raw), got)
			}
		}
		if _, err := Read(bytes.NewReader(raw[:len(raw)-pad])); err != nil {
			t.Errorf("without the padding at the end: %v", err)
		}
	}
}

// Reading and writing again changes nothing, and no value moves by more than
// half the step of its encoding.
func TestSecondCopyIsTheFirst(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		s := randomSound(r)
		first := write(t, s)
		once, err := Read(bytes.NewReader(first))
		if err != nil {
			t.Fatal(err)
		}
		if second := write(t, once); !bytes.Equal(first, second) {
			t.Fatalf("%v: the second copy differs", s.Encoding)
		}
		for i, v := range once.Samples {
			want := float64(s.Samples[i])
			if s.Encoding != Float32 && s.Encoding != Float64 {
				want = min(max(want, -1), 1)
			}
			if d := math.Abs(float64(v) - want); d > 0.051 {
				t.Fatalf("%v: %v became %v", s.Encoding, s.Samples[i], v)
			}
		}
	}
}

// The laws are odd, rise, and code the nearest value in each segment.
func TestLawsRise(t *testing.T) {
	for name, c := range map[string]struct {
		encode func(int) byte
		table  *[256]float32
	}{"A-law": {toALaw, &aLaw}, "µ-law": {toMuLaw, &muLaw}} {
		before := float32(-2)
		for v := -1 << 15; v < 1<<15; v++ {
			got := c.table[c.encode(v)]
			if got < before {
				t.Fatalf("%s: %d is lower than %d", name, v, v-1)
			}
			before = got
			if d, step := math.Abs(float64(got)*(1<<15)-float64(v)), math.Abs(float64(v))/32+8; d > step {
				t.Fatalf("%s: %d became %v, off by %v", name, v, got*(1<<15), d)
			}
		}
		for b := range 128 {
			if c.table[b] != -c.table[b^0x80] {
				t.Errorf("%s: %#02x and %#02x are not each other's negative", name, b, b^0x80)
			}
		}
	}
}

var errDisk = errors.New("the disk is gone")

func TestErrorsOfReadersAndWritersArePassedOn(t *testing.T) {
	raw := write(t, &Sound{Rate: 8000, Channels: 1, Samples: make([]float32, 100)})
	for n := range len(raw) {
		_, err := Read(io.MultiReader(bytes.NewReader(raw[:n]), iotest.ErrReader(errDisk)))
		if !errors.Is(err, errDisk) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
	err := Write(brokenWriter{}, &Sound{Rate: 8000, Channels: 1, Samples: make([]float32, 100)})
	if !errors.Is(err, errDisk) || !strings.HasPrefix(err.Error(), "wav: ") {
		t.Errorf("written to a broken disk: %v", err)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errDisk }

func TestNamesOfEncodings(t *testing.T) {
	if PCM16.String() != "PCM16" || MuLaw.String() != "MuLaw" || Encoding(77).String() != "Encoding(77)" {
		t.Errorf("%v %v %v", PCM16, MuLaw, Encoding(77))
	}
	if (&Sound{}).Frames() != 0 {
		t.Error("no channels have frames")
	}
}

func BenchmarkRead(b *testing.B) {
	var file bytes.Buffer
	if err := Write(&file, &Sound{Rate: 16000, Channels: 1, Samples: make([]float32, 160000)}); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(file.Len()))
	for b.Loop() {
		if _, err := Read(bytes.NewReader(file.Bytes())); err != nil {
			b.Fatal(err)
		}
	}
}
