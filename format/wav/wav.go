// Package wav reads and writes WAV files: PCM of 8 to 32 bits, 32- and 64-bit
// float, A-law and µ-law, plain or WAVE_FORMAT_EXTENSIBLE, RIFF, RIFX
// (big-endian) and RF64, at any rate and with any number of channels.
//
// data and all above it may import wav. It imports the standard library only.
//
// Sources: IBM and Microsoft 1991, "Multimedia Programming Interface and Data
// Specifications 1.0"; Microsoft 2007, "Multiple Channel Audio Data and WAVE
// Files"; EBU Tech 3306, "RF64"; ITU-T G.711.
package wav

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Sound is what a file of sound holds.
type Sound struct {
	Rate     int // frames a second
	Channels int
	Encoding Encoding // of the samples in the file

	// Samples are −1 to 1, [frames, Channels] in a row; float files may go
	// beyond. What has up to 24 bits is held exactly.
	Samples []float32
}

// Frames returns the number of samples of one channel.
func (s *Sound) Frames() int {
	if s.Channels < 1 {
		return 0
	}
	return len(s.Samples) / s.Channels
}

// Encoding is how a sample stands in a file.
type Encoding uint8

// The encodings. PCM8 is unsigned in the file, the wider ones are signed.
const (
	PCM16 Encoding = iota
	PCM8
	PCM24
	PCM32
	Float32
	Float64
	ALaw
	MuLaw
)

var names = [...]string{"PCM16", "PCM8", "PCM24", "PCM32", "Float32", "Float64", "ALaw", "MuLaw"}

// String returns the name of the constant.
func (e Encoding) String() string {
	if int(e) < len(names) {
		return names[e]
	}
	return fmt.Sprintf("Encoding(%d)", uint8(e))
}

// bytes returns the size of a sample.
func (e Encoding) bytes() int {
	return [...]int{2, 1, 3, 4, 4, 8, 1, 1}[e]
}

// tag returns the format's number in a file.
func (e Encoding) tag() uint16 {
	switch e {
	case Float32, Float64:
		return tagFloat
	case ALaw:
		return tagALaw
	case MuLaw:
		return tagMuLaw
	}
	return tagPCM
}

// ReadFile reads a file.
func ReadFile(file string) (*Sound, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("wav: %w", err)
	}
	defer f.Close()
	s, err := read(f)
	if err != nil {
		return nil, fmt.Errorf("wav: %s: %w", file, err)
	}
	return s, nil
}

// Read reads sound up to the end of its last chunk of samples. What a header
// claims costs no memory until the bytes are there.
func Read(r io.Reader) (*Sound, error) {
	s, err := read(r)
	if err != nil {
		return nil, fmt.Errorf("wav: %w", err)
	}
	return s, nil
}

// WriteFile writes a file in s.Encoding. What stood there is replaced only
// once all is written.
func WriteFile(file string, s *Sound) (err error) {
	f, err := os.CreateTemp(filepath.Dir(file), ".wav-*")
	if err != nil {
		return fmt.Errorf("wav: %w", err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if err := errors.Join(Write(f, s), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), file); err != nil {
		return fmt.Errorf("wav: %w", err)
	}
	return nil
}
