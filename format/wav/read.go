package wav

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// Format numbers.
const (
	tagPCM        = 0x0001
	tagFloat      = 0x0003
	tagALaw       = 0x0006
	tagMuLaw      = 0x0007
	tagExtensible = 0xfffe
)

// otherTags names formats that are not read.
var otherTags = map[uint16]string{
	0x0002: "Microsoft ADPCM", 0x0011: "IMA ADPCM", 0x0031: "GSM 6.10", 0x0050: "MPEG", 0x0055: "MP3", 0x00ff: "AAC",
}

// guidTail is what follows the format's number in an extensible format's GUID.
var guidTail = [14]byte{0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71}

const (
	maxFormatBytes = 1 << 16
	unknown        = -1 // a chunk's size: it goes on to the end of the file
)

// format is what the chunk "fmt " says.
type format struct {
	tag            uint16
	channels, rate int
	block          int // bytes of a frame
	bits           int
}

// reader walks a file's chunks.
type reader struct {
	r      io.Reader
	order  binary.ByteOrder
	format *format
	long   map[string]int64 // sizes that stand in RF64's ds64
}

func read(from io.Reader) (*Sound, error) {
	r := reader{r: from}
	if err := r.head(); err != nil {
		return nil, err
	}
	var raw []byte
	found := false
	for !found || r.format == nil {
		name, size, err := r.chunk()
		if errors.Is(err, io.EOF) {
			return nil, r.missing(found)
		}
		if err != nil {
			return nil, err
		}
		switch {
		case name == "data" && !found:
			found = true
			raw, err = r.samples(size)
		case name == "fmt ":
			err = r.readFormat(size)
		case name == "ds64" && r.long != nil:
			err = r.readLong(size)
		default:
			err = r.skip(name, size)
		}
		if err != nil {
			return nil, err
		}
	}
	return decode(raw, r.format, r.order)
}

func (r *reader) missing(data bool) error {
	if r.format == nil && data {
		return fmt.Errorf("has no chunk %q, which says what its samples are", "fmt ")
	}
	if r.format == nil {
		return fmt.Errorf("has neither a chunk %q nor a chunk %q: the file is cut short or holds no sound", "fmt ", "data")
	}
	return fmt.Errorf("has no chunk %q: the file is cut short or holds no sound", "data")
}

// head reads the first 12 bytes.
func (r *reader) head() error {
	var b [12]byte
	n, err := io.ReadFull(r.r, b[:])
	if n == 0 && errors.Is(err, io.EOF) {
		return errors.New("the file is empty")
	}
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the header: %w", err)
	}
	kind := string(b[:4])
	switch {
	case n >= 4 && kind == "RIFF":
		r.order = binary.LittleEndian
	case n >= 4 && kind == "RIFX":
		r.order = binary.BigEndian
	case n >= 4 && (kind == "RF64" || kind == "BW64"):
		r.order = binary.LittleEndian
		r.long = map[string]int64{}
	default:
		return fmt.Errorf("starts with %q, want RIFF, RIFX or RF64: not a WAV file%s", b[:min(n, 4)], looksLike(b[:n]))
	}
	if err != nil {
		return cut("the header", err)
	}
	if string(b[8:]) != "WAVE" {
		return fmt.Errorf("is a RIFF file of kind %q, want WAVE", b[8:])
	}
	return nil
}

// looksLike names what else a file may be.
func looksLike(b []byte) string {
	for magic, name := range map[string]string{
		"fLaC": "FLAC", "OggS": "Ogg", "ID3": "MP3", "FORM": "AIFF", ".snd": "AU", "caff": "CAF",
	} {
		if bytes.HasPrefix(b, []byte(magic)) {
			return ", but " + name
		}
	}
	return ""
}

// chunk reads the head of the next chunk; its error is io.EOF if there is none.
func (r *reader) chunk() (name string, size int64, err error) {
	var b [8]byte
	n, err := io.ReadFull(r.r, b[:])
	if n == 0 && errors.Is(err, io.EOF) {
		return "", 0, io.EOF
	}
	if err != nil {
		// What is too short for a chunk is padding that some programs leave.
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return "", 0, io.EOF
		}
		return "", 0, fmt.Errorf("a chunk's head: %w", err)
	}
	name = string(b[:4])
	size = int64(r.order.Uint32(b[4:]))
	if long, ok := r.long[name]; ok && size == math.MaxUint32 {
		return name, long, nil
	}
	// Programs that write to a pipe cannot know the size; these are what
	// ffmpeg and SoX write then.
	if name == "data" && (size == math.MaxUint32 || size == 0x7ffff000) {
		size = unknown
	}
	return name, size, nil
}

// samples reads the bytes of the chunk "data".
func (r *reader) samples(size int64) ([]byte, error) {
	var b bytes.Buffer
	if size == unknown {
		if _, err := io.Copy(&b, r.r); err != nil {
			return nil, fmt.Errorf("the samples: %w", err)
		}
		return b.Bytes(), nil
	}
	n, err := io.Copy(&b, io.LimitReader(r.r, size))
	if err != nil {
		return nil, fmt.Errorf("the samples: %w", err)
	}
	if n < size {
		return nil, fmt.Errorf("the chunk %q promises %d bytes of samples, %d are there: the file is cut short", "data", size, n)
	}
	return b.Bytes(), r.pad(size)
}

// pad passes over the byte that follows a chunk of odd size, if it is there.
func (r *reader) pad(size int64) error {
	if size%2 == 0 {
		return nil
	}
	if _, err := io.CopyN(io.Discard, r.r, 1); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("padding: %w", err)
	}
	return nil
}

func (r *reader) skip(name string, size int64) error {
	n, err := io.CopyN(io.Discard, r.r, size)
	if err != nil {
		return cut(fmt.Sprintf("the chunk %q, after %d of its %d bytes", name, n, size), err)
	}
	return r.pad(size)
}

// readLong reads the sizes of RF64.
func (r *reader) readLong(size int64) error {
	const fixed = 28
	if size < fixed {
		return fmt.Errorf("the chunk %q has %d bytes, want at least %d", "ds64", size, fixed)
	}
	var b [fixed]byte
	if _, err := io.ReadFull(r.r, b[:]); err != nil {
		return cut("the chunk ds64", err)
	}
	data := r.order.Uint64(b[8:])
	if data > math.MaxInt64 {
		return fmt.Errorf("the chunk %q gives the samples %d bytes", "ds64", data)
	}
	r.long["data"] = int64(data)
	return r.skip("ds64", size-fixed)
}

// readFormat reads and checks the chunk "fmt ".
func (r *reader) readFormat(size int64) error {
	if size < 16 || size > maxFormatBytes {
		return fmt.Errorf("the chunk %q has %d bytes, want 16 to %d", "fmt ", size, maxFormatBytes)
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(r.r, b); err != nil {
		return cut("the chunk fmt", err)
	}
	f := &format{
		tag:      r.order.Uint16(b),
		channels: int(r.order.Uint16(b[2:])),
		rate:     int(r.order.Uint32(b[4:])),
		block:    int(r.order.Uint16(b[12:])),
		bits:     int(r.order.Uint16(b[14:])),
	}
	if f.tag == tagExtensible {
		if size < 40 {
			return fmt.Errorf("is WAVE_FORMAT_EXTENSIBLE, but its chunk %q has %d bytes, want 40", "fmt ", size)
		}
		if [14]byte(b[26:]) != guidTail {
			return fmt.Errorf("is WAVE_FORMAT_EXTENSIBLE of the unknown kind % x", b[24:40])
		}
		f.tag = r.order.Uint16(b[24:])
	}
	if err := f.check(); err != nil {
		return err
	}
	r.format = f
	return r.pad(size)
}

func (f *format) check() error {
	switch {
	case f.channels == 0:
		return errors.New("claims 0 channels")
	case f.rate == 0 || f.rate > math.MaxInt32:
		return fmt.Errorf("claims %d samples a second", f.rate)
	}
	if _, err := f.encoding(); err != nil {
		return err
	}
	if want := f.channels * ((f.bits + 7) / 8); f.block != want {
		return fmt.Errorf("claims frames of %d bytes, but %d channels of %d bits take %d", f.block, f.channels, f.bits, want)
	}
	return nil
}

// encoding returns what holds the samples of the format.
func (f *format) encoding() (Encoding, error) {
	switch {
	case f.tag == tagPCM && f.bits >= 1 && f.bits <= 32:
		// 12 bits, say, stand at the top of 16.
		return [...]Encoding{PCM8, PCM16, PCM24, PCM32}[(f.bits-1)/8], nil
	case f.tag == tagFloat && f.bits == 32:
		return Float32, nil
	case f.tag == tagFloat && f.bits == 64:
		return Float64, nil
	case f.tag == tagALaw && f.bits == 8:
		return ALaw, nil
	case f.tag == tagMuLaw && f.bits == 8:
		return MuLaw, nil
	}
	name := map[uint16]string{tagPCM: "PCM", tagFloat: "float", tagALaw: "A-law", tagMuLaw: "µ-law"}[f.tag]
	if name != "" {
		return 0, fmt.Errorf("holds %s of %d bits, want PCM of 1 to 32, float of 32 or 64, A-law or µ-law of 8", name, f.bits)
	}
	name = otherTags[f.tag]
	if name == "" {
		name = "an unknown compression"
	}
	return 0, fmt.Errorf("holds %s (format %#04x), which is not read: convert it first, e.g. with sox IN.wav -e signed -b 16 OUT.wav", name, f.tag)
}

// decode turns bytes into samples.
func decode(raw []byte, f *format, order binary.ByteOrder) (*Sound, error) {
	e, err := f.encoding()
	if err != nil {
		return nil, err
	}
	if over := len(raw) % f.block; over != 0 {
		return nil, fmt.Errorf("ends within a frame: %d bytes of samples are %d frames of %d bytes and %d more: the file is cut short", len(raw), len(raw)/f.block, f.block, over)
	}
	s := &Sound{Rate: f.rate, Channels: f.channels, Encoding: e, Samples: make([]float32, len(raw)/e.bytes())}
	decoders[e](s.Samples, raw, order)
	return s, nil
}

var decoders = [...]func(dst []float32, raw []byte, order binary.ByteOrder){
	PCM8: func(dst []float32, raw []byte, _ binary.ByteOrder) {
		for i, b := range raw {
			dst[i] = float32(int(b)-1<<7) / (1 << 7)
		}
	},
	PCM16: func(dst []float32, raw []byte, order binary.ByteOrder) {
		for i := range dst {
			dst[i] = float32(int16(order.Uint16(raw[2*i:]))) / (1 << 15)
		}
	},
	PCM24: func(dst []float32, raw []byte, order binary.ByteOrder) {
		little := order == binary.ByteOrder(binary.LittleEndian)
		for i := range dst {
			b := raw[3*i : 3*i+3]
			if !little {
				b = []byte{b[2], b[1], b[0]}
			}
			dst[i] = float32(int32(b[0])<<8|int32(b[1])<<16|int32(b[2])<<24) / (1 << 31)
		}
	},
	PCM32: func(dst []float32, raw []byte, order binary.ByteOrder) {
		for i := range dst {
			dst[i] = float32(int32(order.Uint32(raw[4*i:]))) / (1 << 31)
		}
	},
	Float32: func(dst []float32, raw []byte, order binary.ByteOrder) {
		for i := range dst {
			dst[i] = math.Float32frombits(order.Uint32(raw[4*i:]))
		}
	},
	Float64: func(dst []float32, raw []byte, order binary.ByteOrder) {
		for i := range dst {
			dst[i] = float32(math.Float64frombits(order.Uint64(raw[8*i:])))
		}
	},
	ALaw:  byTable(&aLaw),
	MuLaw: byTable(&muLaw),
}

func byTable(t *[256]float32) func([]float32, []byte, binary.ByteOrder) {
	return func(dst []float32, raw []byte, _ binary.ByteOrder) {
		for i, b := range raw {
			dst[i] = t[b]
		}
	}
}

// cut says where a file broke off.
func cut(where string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the file is cut short in %s", where)
	}
	return fmt.Errorf("%s: %w", where, err)
}
