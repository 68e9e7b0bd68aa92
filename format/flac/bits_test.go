package flac

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// writer writes bits, the highest first.
type writer struct {
	out   []byte
	count int
}

func (w *writer) put(v uint64, n int) {
	for i := n - 1; i >= 0; i-- {
		if w.count%8 == 0 {
			w.out = append(w.out, 0)
		}
		w.out[len(w.out)-1] |= byte(v>>i&1) << (7 - w.count%8)
		w.count++
	}
}

func (w *writer) signed(v int64, n int) { w.put(uint64(v)&(1<<n-1), n) }

// unary writes n zeros and a one.
func (w *writer) unary(n uint64) {
	for range n {
		w.put(0, 1)
	}
	w.put(1, 1)
}

func (w *writer) align() {
	for w.count%8 != 0 {
		w.put(0, 1)
	}
}

// stream is a file that is made by hand: what libFLAC never writes can be
// tried.
type stream struct {
	bits, channels int
	frames         uint64
	sum            [md5.Size]byte
	body           []byte
}

func (s *stream) file() []byte {
	w := &writer{}
	w.put(16, 16)
	w.put(65535, 16)
	w.put(0, 24)
	w.put(0, 24)
	w.put(8000, 20)
	w.put(uint64(s.channels-1), 3)
	w.put(uint64(s.bits-1), 5)
	w.put(s.frames, 36)
	out := append([]byte("fLaC\x80\x00\x00\x22"), w.out...)
	return slices.Concat(out, s.sum[:], s.body)
}

// frame adds a frame; head writes what stands between the sync code and the
// head's checksum, channels the channels.
func (s *stream) frame(head, channels func(w *writer)) {
	w := &writer{}
	w.put(0x3ffe<<2, 16)
	head(w)
	w.put(uint64(crc8(w.out)), 8)
	channels(w)
	w.align()
	w.put(uint64(crc16(w.out)), 16)
	s.body = append(s.body, w.out...)
}

// codes writes the codes of size, rate, channels and bits, and frame number 0.
func codes(size, rate, layout, bits uint64, more ...uint64) func(*writer) {
	return func(w *writer) {
		w.put(size, 4)
		w.put(rate, 4)
		w.put(layout, 4)
		w.put(bits, 3)
		w.put(0, 1)
		w.put(0, 8)
		for _, b := range more {
			w.put(b, 8)
		}
	}
}

// verbatim writes a channel as it is.
func verbatim(values []int64, bits int) func(*writer) {
	return func(w *writer) {
		w.put(1<<1, 8)
		for _, v := range values {
			w.signed(v, bits)
		}
	}
}

func TestBitsAreReadAsTheyWereWritten(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	type item struct {
		kind, n int
		v       uint64
	}
	for range 100 {
		w := &writer{}
		var items []item
		for range 200 {
			it := item{kind: r.IntN(3), n: r.IntN(34)}
			switch it.kind {
			case 0:
				it.v = r.Uint64() & (1<<it.n - 1)
				w.put(it.v, it.n)
			case 1:
				it.v = uint64(int64(r.Uint64()<<(64-max(it.n, 1))) >> (64 - max(it.n, 1)))
				if it.n == 0 {
					it.v = 0
				}
				w.signed(int64(it.v), it.n)
			case 2:
				it.v = uint64(r.IntN(150))
				w.unary(it.v)
			}
			items = append(items, it)
		}
		got := &reader{raw: w.out}
		for i, it := range items {
			var v uint64
			switch it.kind {
			case 0:
				v = got.read(uint(it.n))
			case 1:
				v = uint64(got.signed(uint(it.n)))
			case 2:
				v = got.zeros()
			}
			if v != it.v || got.short {
				t.Fatalf("item %d, %+v: got %d, short %v", i, it, v, got.short)
			}
		}
		if end := got.place(); end != len(w.out) {
			t.Fatalf("ends at byte %d of %d", end, len(w.out))
		}
		if got.read(1); !got.short {
			t.Error("a bit past the end was read")
		}
	}
}

func TestZerosWithoutAnEnd(t *testing.T) {
	r := &reader{raw: make([]byte, 100)}
	if r.zeros(); !r.short {
		t.Error("zeros without a one ended")
	}
}

// The sums' check values stand in the catalogues of checksums: of "123456789".
func TestChecksums(t *testing.T) {
	if got := crc8([]byte("123456789")); got != 0xf4 {
		t.Errorf("CRC-8 is %#02x, want 0xf4", got)
	}
	if got := crc16([]byte("123456789")); got != 0xfee8 {
		t.Errorf("CRC-16 is %#04x, want 0xfee8", got)
	}
}

func TestSizesAndRatesOfFrames(t *testing.T) {
	values := make([]int64, 256)
	for i := range values {
		values[i] = int64(i) - 128
	}
	for _, c := range []struct {
		size, rate uint64
		more       []uint64
		want       int
	}{
		{1, 0, nil, 192}, {6, 0, []uint64{19}, 20}, {7, 0, []uint64{0, 99}, 100}, {8, 0, nil, 256},
		{6, 12, []uint64{15, 8}, 16}, {6, 13, []uint64{15, 0x1f, 0x40}, 16}, {6, 14, []uint64{15, 3, 0x20}, 16},
	} {
		s := &stream{bits: 8, channels: 1}
		s.frame(codes(c.size, c.rate, 0, 1, c.more...), verbatim(values[:c.want], 8))
		got, err := Read(bytes.NewReader(s.file()))
		if err != nil || len(got.Samples) != c.want || got.Samples[1] != -127./128 {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for code, want := range map[uint64]int{2: 576, 3: 1152, 4: 2304, 5: 4608, 9: 512, 15: 32768, 0: 0} {
		if got := blockSize(nil, code); got != want {
			t.Errorf("size code %d is %d, want %d", code, got, want)
		}
	}
}

func TestNumbersOfFramesArePassedOver(t *testing.T) {
	// As in UTF-8, but of up to 36 bits: 0, 0x80, 0x800, …, the greatest.
	for _, number := range [][]uint64{{0}, {0x7f}, {0xc2, 0x80}, {0xe0, 0xa0, 0x80}, {0xf0, 0x90, 0x80, 0x80}, {0xf8, 0x88, 0x80, 0x80, 0x80}, {0xfc, 0x84, 0x80, 0x80, 0x80, 0x80}, {0xfe, 0xbf, 0xbf, 0xbf, 0xbf, 0xbf, 0xbf}} {
		s := &stream{bits: 8, channels: 1}
		s.frame(func(w *writer) {
			w.put(6, 4)
			w.put(0, 4)
			w.put(0, 4)
			w.put(1, 3)
			w.put(0, 1)
			for _, b := range number {
				w.put(b, 8)
			}
			w.put(1, 8)
		}, verbatim([]int64{64, -64}, 8))
		got, err := Read(bytes.NewReader(s.file()))
		if err != nil || !slices.Equal(got.Samples, []float32{0.5, -0.5}) {
			t.Errorf("% x: %v, %v", number, got, err)
		}
	}
}

// Widths that frames cannot name stand in STREAMINFO alone.
func TestEveryWidth(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for bits := 4; bits <= 32; bits++ {
		values := []int64{0, -1 << (bits - 1), 1<<(bits-1) - 1, int64(r.IntN(8))}
		s := &stream{bits: bits, channels: 1, frames: 4}
		var raw []byte
		for _, v := range values {
			raw = append(raw, binary.LittleEndian.AppendUint32(nil, uint32(v))[:(bits+7)/8]...)
		}
		s.sum = md5.Sum(raw)
		s.frame(codes(6, 0, 0, 0, 3), verbatim(values, bits))
		got, err := Read(bytes.NewReader(s.file()))
		if err != nil {
			t.Errorf("%d bits: %v", bits, err)
			continue
		}
		for i, v := range values {
			if want := float32(float64(v) / float64(uint64(1)<<(bits-1))); got.Samples[i] != want {
				t.Errorf("%d bits: %d is %v, want %v", bits, v, got.Samples[i], want)
			}
		}
	}
}

// Residuals in both codings, and escaped to plain bits, with every order of a
// polynomial.
func TestFixedPredictions(t *testing.T) {
	values := []int64{5, 9, 12, 20, 31, 30, 22, 7, -8, -9, -3, 0, 4, 4, 5, 6}
	for order := range 5 {
		left := slices.Clone(values)
		for range order {
			for i := len(left) - 1; i > 0; i-- {
				left[i] -= left[i-1]
			}
		}
		for _, method := range []uint64{0, 1} {
			for _, escaped := range []bool{false, true} {
				s := &stream{bits: 8, channels: 1}
				s.frame(codes(6, 0, 0, 1, 15), func(w *writer) {
					w.put(uint64(8+order)<<1, 8)
					for _, v := range values[:order] {
						w.signed(v, 8)
					}
					w.put(method, 2)
					w.put(1, 4) // two parts
					for part := range 2 {
						if escaped {
							w.put(1<<(4+method)-1, int(4+method))
							w.put(12, 5)
						} else {
							w.put(2, int(4+method))
						}
						for i := max(8*part, order); i < 8*part+8; i++ {
							if v := left[i]; escaped {
								w.signed(v, 12)
							} else {
								folded := uint64(v<<1 ^ v>>63)
								w.unary(folded >> 2)
								w.put(folded&3, 2)
							}
						}
					}
				})
				got, err := Read(bytes.NewReader(s.file()))
				if err != nil {
					t.Errorf("order %d, method %d, escaped %v: %v", order, method, escaped, err)
					continue
				}
				for i, v := range values {
					if got.Samples[i] != float32(v)/128 {
						t.Errorf("order %d, method %d, escaped %v: sample %d is %v, want %d/128", order, method, escaped, i, got.Samples[i], v)
						break
					}
				}
			}
		}
	}
}

func TestForbiddenFramesAreNamed(t *testing.T) {
	channel := func(kind uint64, more func(w *writer)) func(*writer) {
		return func(w *writer) {
			w.put(kind<<1, 8)
			if more != nil {
				more(w)
			}
			w.put(0, 400)
		}
	}
	for _, c := range []struct {
		want           string
		head, channels func(*writer)
	}{
		{"a value that the format reserves", codes(0, 0, 0, 1), verbatim(nil, 8)},
		{"a value that the format reserves", codes(1, 15, 0, 1), verbatim(nil, 8)},
		{"a value that the format reserves", codes(1, 0, 11, 1), verbatim(nil, 8)},
		{"a value that the format reserves", codes(1, 0, 0, 3), verbatim(nil, 8)},
		{"has 2 channels of 8 bits, the file 1 of 8", codes(1, 0, 1, 1), verbatim(nil, 8)},
		{"has 2 channels of 8 bits, the file 1 of 8", codes(1, 0, 8, 1), verbatim(nil, 8)},
		{"has 1 channels of 16 bits, the file 1 of 8", codes(1, 0, 0, 4), verbatim(nil, 8)},
		{"reserved kind 2", codes(1, 0, 0, 1), channel(2, nil)},
		{"reserved kind 13", codes(1, 0, 0, 1), channel(13, nil)},
		{"starts with a bit that is not 0", codes(1, 0, 0, 1), channel(64, nil)},
		{"prediction from 4 samples in a frame of 2", codes(6, 0, 0, 1, 1), channel(12, nil)},
		{"prediction from 32 samples in a frame of 16", codes(6, 0, 0, 1, 15), channel(63, nil)},
		{"reserved coding 2", codes(6, 0, 0, 1, 15), channel(8, func(w *writer) { w.put(2, 2) })},
		{"32 parts of a frame of 16", codes(6, 0, 0, 1, 15), channel(8, func(w *writer) { w.put(0, 2); w.put(5, 4) })},
		{"4 parts of a frame of 15", codes(6, 0, 0, 1, 14), channel(8, func(w *writer) { w.put(0, 2); w.put(2, 4) })},
		{"precision or a shift", codes(6, 0, 0, 1, 15), channel(32, func(w *writer) { w.put(0, 8); w.put(15, 4); w.put(0, 5) })},
		{"precision or a shift", codes(6, 0, 0, 1, 15), channel(32, func(w *writer) { w.put(0, 8); w.put(7, 4); w.put(31, 5) })},
		{"claims 8 unused bits of 8", codes(6, 0, 0, 1, 15), func(w *writer) { w.put(0, 7); w.put(1, 1); w.unary(7); w.put(0, 100) }},
	} {
		s := &stream{bits: 8, channels: 1}
		s.frame(c.head, c.channels)
		if _, err := Read(bytes.NewReader(s.file())); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "frame 0, at byte 42") {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

// Silence packs well: a few bytes make a large frame, but what is promised is a
// bound.
func TestSilenceDoesNotRunAway(t *testing.T) {
	s := &stream{bits: 16, channels: 1, frames: 65536}
	for range 3 {
		s.frame(codes(7, 0, 0, 4, 0xff, 0xff), func(w *writer) { w.put(0, 8); w.put(0, 16) })
	}
	got, err := Read(bytes.NewReader(s.file()))
	if err != nil || len(got.Samples) != 65536 {
		t.Errorf("three frames where one is promised: %v", err)
	}
	s.frames = 65537
	if _, err := Read(bytes.NewReader(s.file())); err == nil || !strings.Contains(err.Error(), "its frames hold 131072") {
		t.Errorf("got %v", err)
	}
}

// Several blocks of metadata may stand before the first frame, tags and
// pictures among them.
func TestMetadataIsPassedOver(t *testing.T) {
	s := &stream{bits: 8, channels: 1}
	s.frame(codes(6, 0, 0, 1, 1), verbatim([]int64{1, 2}, 8))
	raw := s.file()
	raw[4] = 0 // STREAMINFO is not the last block
	block := func(kind byte, size int) []byte {
		return append([]byte{kind, byte(size >> 16), byte(size >> 8), byte(size)}, make([]byte, size)...)
	}
	with := slices.Concat(raw[:42], block(1, 100), block(4, 3), block(6, 70000), block(126, 0), block(0x80|3, 18), raw[42:])
	got, err := Read(bytes.NewReader(with))
	if err != nil || !slices.Equal(got.Samples, []float32{1. / 128, 2. / 128}) {
		t.Errorf("got %v, %v", got, err)
	}
	twice := slices.Concat(raw[:42], block(0x80, 34), raw[42:])
	if _, err := Read(bytes.NewReader(twice)); err == nil || !strings.Contains(err.Error(), "and only there") {
		t.Errorf("STREAMINFO twice: %v", err)
	}
}
