package wav

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// Write writes s as RIFF in s.Encoding; WAVE_FORMAT_EXTENSIBLE is used for
// more than two channels. PCM, A-law and µ-law round to the nearest value and
// clip what lies beyond ±1. A sample that is not finite is an error.
func Write(w io.Writer, s *Sound) error {
	if err := s.check(); err != nil {
		return fmt.Errorf("wav: %w", err)
	}
	b := bufio.NewWriterSize(w, 1<<16)
	b.Write(s.header())
	encode := encoders[s.Encoding]
	var one [8]byte
	for _, v := range s.Samples {
		b.Write(encode(one[:0], v))
	}
	if len(s.Samples)*s.Encoding.bytes()%2 == 1 {
		b.WriteByte(0)
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("wav: %w", err)
	}
	return nil
}

// maxDataBytes leaves room for the header in RIFF's 32-bit size.
const maxDataBytes = math.MaxUint32 - 256

func (s *Sound) check() error {
	switch {
	case int(s.Encoding) >= len(encoders):
		return fmt.Errorf("unknown %v", s.Encoding)
	case s.Rate < 1 || s.Rate > math.MaxInt32:
		return fmt.Errorf("rate is %d, want 1 to %d", s.Rate, math.MaxInt32)
	case s.Channels < 1 || s.Channels*s.Encoding.bytes() > math.MaxUint16:
		return fmt.Errorf("%d channels of %v, want 1 to %d", s.Channels, s.Encoding, math.MaxUint16/s.Encoding.bytes())
	case len(s.Samples)%s.Channels != 0:
		return fmt.Errorf("%d samples are no whole frames of %d channels", len(s.Samples), s.Channels)
	case int64(len(s.Samples))*int64(s.Encoding.bytes()) > maxDataBytes:
		return errors.New("the samples take over 4 GB, more than a WAV file holds: cut the sound into parts")
	}
	for i, v := range s.Samples {
		if v-v != 0 { // NaN or infinite
			return fmt.Errorf("sample %d of channel %d is %v", i/s.Channels, i%s.Channels, v)
		}
	}
	return nil
}

// header returns all that stands before the samples.
func (s *Sound) header() []byte {
	le := binary.LittleEndian
	width := s.Encoding.bytes()
	block, data := s.Channels*width, len(s.Samples)*width
	tag := s.Encoding.tag()
	f := le.AppendUint16(nil, tag)
	f = le.AppendUint16(f, uint16(s.Channels))
	f = le.AppendUint32(f, uint32(s.Rate))
	f = le.AppendUint32(f, uint32(min(s.Rate*block, math.MaxUint32)))
	f = le.AppendUint16(f, uint16(block))
	f = le.AppendUint16(f, uint16(8*width))
	switch {
	case s.Channels > 2:
		le.PutUint16(f, tagExtensible)
		f = le.AppendUint16(f, 22)
		f = le.AppendUint16(f, uint16(8*width))
		f = le.AppendUint32(f, 0) // no channel belongs to a known loudspeaker
		f = le.AppendUint16(f, tag)
		f = append(f, guidTail[:]...)
	case tag != tagPCM:
		f = le.AppendUint16(f, 0)
	}
	var facts []byte
	if tag != tagPCM {
		facts = le.AppendUint32(append([]byte("fact"), 4, 0, 0, 0), uint32(s.Frames()))
	}
	h := append([]byte("RIFF"), 0, 0, 0, 0)
	h = append(h, "WAVEfmt "...)
	h = le.AppendUint32(h, uint32(len(f)))
	h = append(append(h, f...), facts...)
	h = append(h, "data"...)
	h = le.AppendUint32(h, uint32(data))
	le.PutUint32(h[4:], uint32(len(h)-8+data+data%2))
	return h
}

var encoders = [...]func(dst []byte, v float32) []byte{
	PCM8:    func(dst []byte, v float32) []byte { return append(dst, byte(whole(v, 8)+1<<7)) },
	PCM16:   func(dst []byte, v float32) []byte { return binary.LittleEndian.AppendUint16(dst, uint16(whole(v, 16))) },
	PCM32:   func(dst []byte, v float32) []byte { return binary.LittleEndian.AppendUint32(dst, uint32(whole(v, 32))) },
	Float32: func(dst []byte, v float32) []byte { return binary.LittleEndian.AppendUint32(dst, math.Float32bits(v)) },
	ALaw:    func(dst []byte, v float32) []byte { return append(dst, toALaw(whole(v, 16))) },
	MuLaw:   func(dst []byte, v float32) []byte { return append(dst, toMuLaw(whole(v, 16))) },
	PCM24: func(dst []byte, v float32) []byte {
		n := whole(v, 24)
		return append(dst, byte(n), byte(n>>8), byte(n>>16))
	},
	Float64: func(dst []byte, v float32) []byte {
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(float64(v)))
	},
}

// whole returns v as a signed number of so many bits, clipped.
func whole(v float32, bits int) int {
	top := float64(int64(1) << (bits - 1))
	return int(min(max(math.RoundToEven(float64(v)*top), -top), top-1))
}
