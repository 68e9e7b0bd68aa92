// Package flac reads FLAC files: 4 to 32 bits, 1 to 8 channels, any rate. Each
// frame's checksums and the sum of all samples are checked.
//
// data and all above it may import flac. It imports format/wav for [wav.Sound].
//
// Source: RFC 9639, "Free Lossless Audio Codec (FLAC)".
package flac

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/limpid-ml/limpid/format/wav"
)

// maxSamples bounds what a file may hold, all channels together: silence packs
// so well that the size of a file says nothing.
const maxSamples = 1 << 30

// info is what the block STREAMINFO says.
type info struct {
	rate, channels, bits int
	frames               uint64 // 0: unknown
	sum                  [md5.Size]byte
}

// ReadFile reads a file.
func ReadFile(file string) (*wav.Sound, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("flac: %w", err)
	}
	s, err := decode(raw)
	if err != nil {
		return nil, fmt.Errorf("flac: %s: %w", file, err)
	}
	return s, nil
}

// Read reads all of r. The sound's Encoding is the narrowest PCM that holds its
// bits.
func Read(r io.Reader) (*wav.Sound, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("flac: %w", err)
	}
	s, err := decode(raw)
	if err != nil {
		return nil, fmt.Errorf("flac: %w", err)
	}
	return s, nil
}

func decode(raw []byte) (*wav.Sound, error) {
	in, at, err := head(raw)
	if err != nil {
		return nil, err
	}
	d := decoder{info: in, raw: raw, sum: md5.New()}
	if err := d.frames(at); err != nil {
		return nil, err
	}
	encoding := [...]wav.Encoding{wav.PCM8, wav.PCM16, wav.PCM24, wav.PCM32}[(in.bits-1)/8]
	return &wav.Sound{Rate: in.rate, Channels: in.channels, Encoding: encoding, Samples: d.samples}, nil
}

// head reads the blocks before the first frame, which is at the returned place.
func head(raw []byte) (in info, at int, err error) {
	if len(raw) == 0 {
		return in, 0, errors.New("the file is empty")
	}
	at = id3(raw)
	if !bytes.HasPrefix(raw[at:], []byte("fLaC")) {
		return in, 0, fmt.Errorf("starts with %q, want fLaC: not a FLAC file", raw[at:min(at+4, len(raw))])
	}
	at += 4
	for n := 0; ; n++ {
		if len(raw)-at < 4 {
			return in, 0, errors.New("the file is cut short in its metadata")
		}
		head := binary.BigEndian.Uint32(raw[at:])
		kind, size := head>>24&0x7f, int(head&0xffffff)
		at += 4
		if len(raw)-at < size {
			return in, 0, fmt.Errorf("the file is cut short in its metadata: block %d has %d bytes, %d are there", n, size, len(raw)-at)
		}
		if (kind == 0) != (n == 0) {
			return in, 0, errors.New("does not have STREAMINFO as its first block of metadata, and only there")
		}
		if n == 0 {
			if in, err = readInfo(raw[at : at+size]); err != nil {
				return in, 0, err
			}
		}
		at += size
		if head>>31 == 1 {
			return in, at, nil
		}
	}
}

// id3 returns the length of an ID3v2 tag that some programs put in front.
func id3(raw []byte) int {
	if len(raw) < 10 || !bytes.HasPrefix(raw, []byte("ID3")) {
		return 0
	}
	n := 10
	for i, b := range raw[6:10] {
		n += int(b&0x7f) << (7 * (3 - i))
	}
	return min(n, len(raw))
}

func readInfo(b []byte) (in info, err error) {
	const size = 34
	if len(b) != size {
		return in, fmt.Errorf("STREAMINFO has %d bytes, want %d", len(b), size)
	}
	v := binary.BigEndian.Uint64(b[10:])
	in.rate = int(v >> 44)
	in.channels = int(v>>41&7) + 1
	in.bits = int(v>>36&31) + 1
	in.frames = v & (1<<36 - 1)
	copy(in.sum[:], b[18:])
	switch {
	case in.rate == 0:
		return in, errors.New("claims 0 samples a second")
	case in.bits < 4:
		return in, fmt.Errorf("claims samples of %d bits, want 4 to 32", in.bits)
	case in.frames > maxSamples/uint64(in.channels):
		return in, fmt.Errorf("claims %d samples in %d channels, more than %d in all", in.frames, in.channels, maxSamples)
	}
	return in, nil
}
