// Package format_test damages files of every format in the same ways.
package format_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"github.com/limpid-ml/limpid/format/flac"
	"github.com/limpid-ml/limpid/format/idx"
	"github.com/limpid-ml/limpid/format/npy"
	"github.com/limpid-ml/limpid/format/picture"
	"github.com/limpid-ml/limpid/format/safetensors"
	"github.com/limpid-ml/limpid/format/wav"
	"github.com/limpid-ml/limpid/tensor"
)

// sample is a small file of a format and what reads it.
type sample struct {
	text []byte
	read func(text []byte) error
	// name begins every error.
	name string
	// whole: every beginning of the file is an error, but for so many bytes at
	// the end; −1: some may be read, as in a format that ends before its file.
	whole int
}

func readWAV(b []byte) error { _, err := wav.Read(bytes.NewReader(b)); return err }

func readFLAC(b []byte) error { _, err := flac.Read(bytes.NewReader(b)); return err }

func readNPY(b []byte) error { _, err := npy.Read(bytes.NewReader(b)); return err }

func readNPZ(b []byte) error { _, err := npy.ReadZip(bytes.NewReader(b), int64(len(b))); return err }

func readIDX(b []byte) error { _, err := idx.Read(bytes.NewReader(b)); return err }

func readSafe(b []byte) error { _, _, err := safetensors.Read(bytes.NewReader(b)); return err }

func readPicture(b []byte) error { _, err := picture.Decode(bytes.NewReader(b)); return err }

// encoded runs an encoder into memory.
func encoded(t *testing.T, encode func(b *bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// idxFile is an IDX file of bytes.
func idxFile(dims ...uint32) []byte {
	text := []byte{0, 0, 8, byte(len(dims))}
	n := 1
	for _, d := range dims {
		text, n = binary.BigEndian.AppendUint32(text, d), n*int(d)
	}
	return append(text, bytes.Repeat([]byte{7}, n)...)
}

// dots is a picture without two equal pixels beside each other.
func dots() *image.Paletted {
	img := image.NewPaletted(image.Rect(0, 0, 9, 7), color.Palette{color.Black, color.White, color.RGBA{200, 30, 40, 255}})
	for i := range img.Pix {
		img.Pix[i] = uint8(i % 3)
	}
	return img
}

// samples are files of all formats.
func samples(t *testing.T) map[string]sample {
	x := tensor.Arange(12).Reshape(3, 4)
	sound := &wav.Sound{Rate: 8000, Channels: 2, Samples: make([]float32, 40)}
	arrays := map[string]tensor.Tensor{"a": x, "b.c": tensor.Of([]float32{1.5, -2}, 2)}
	quiet, err := os.ReadFile("flac/testdata/bits8.flac")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]sample{
		"npy":         {encoded(t, func(b *bytes.Buffer) error { return npy.Write(b, x) }), readNPY, "npy: ", 0},
		"npz":         {encoded(t, func(b *bytes.Buffer) error { return npy.WriteZip(b, arrays) }), readNPZ, "npy: ", 0},
		"safetensors": {encoded(t, func(b *bytes.Buffer) error { return safetensors.Write(b, arrays, map[string]string{"k": "v"}) }), readSafe, "safetensors: ", 0},
		"idx":         {idxFile(3, 2, 2), readIDX, "idx: ", 0},
		"idx.gz": {encoded(t, func(b *bytes.Buffer) error {
			z := gzip.NewWriter(b)
			z.Write(idxFile(5, 2))
			return z.Close()
		}), readIDX, "idx: ", 0},
		"wav":  {encoded(t, func(b *bytes.Buffer) error { return wav.Write(b, sound) }), readWAV, "wav: ", 0},
		"flac": {quiet, readFLAC, "flac: ", 0},
		"png":  {encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, dots()) }), readPicture, "", -1},
		"jpeg": {encoded(t, func(b *bytes.Buffer) error { return jpeg.Encode(b, dots(), nil) }), readPicture, "", -1},
		"gif":  {encoded(t, func(b *bytes.Buffer) error { return gif.Encode(b, dots(), nil) }), readPicture, "", -1},
		"bmp":  {encoded(t, func(b *bytes.Buffer) error { return bmp.Encode(b, dots()) }), readPicture, "", 0},
		"tiff": {encoded(t, func(b *bytes.Buffer) error { return tiff.Encode(b, dots(), nil) }), readPicture, "", -1},
	}
	for _, name := range []string{"lossy.webp", "lossless.webp", "alpha.webp", "palette_alpha.png", "progressive.jpg", "cmyk.jpg", "turned6.tif", "lzw.tif", "grey16.png"} {
		text, err := os.ReadFile(filepath.Join("picture/testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		all[name] = sample{text, readPicture, "", -1}
	}
	return all
}

// eachSample runs a check on every sample, in one order.
func eachSample(t *testing.T, check func(t *testing.T, s sample)) {
	all := samples(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Run(name, func(t *testing.T) {
			if err := all[name].read(all[name].text); err != nil {
				t.Fatalf("undamaged: %v", err)
			}
			check(t, all[name])
		})
	}
}

// tell reads damaged bytes: a panic is a failure, and an error begins with its
// package and is one that people can read.
func (s sample) tell(t *testing.T, what string, text []byte) (err error) {
	t.Helper()
	defer func() {
		if p := recover(); p != nil {
			t.Fatalf("%s: panic: %v", what, p)
		}
	}()
	err = s.read(text)
	if err == nil {
		return nil
	}
	if said := err.Error(); !strings.HasPrefix(said, s.name) || len(said) < len(s.name)+5 || strings.Contains(said, "%!") || len(said) > 2000 {
		t.Errorf("%s: the error is %q", what, said)
	}
	return err
}

// TestEveryBeginning of a file is an error.
func TestEveryBeginning(t *testing.T) {
	eachSample(t, func(t *testing.T, s sample) {
		step := max(1, len(s.text)/700) // of long files not every byte
		refused := 0
		for n := 0; n < len(s.text); n += step {
			if err := s.tell(t, fmt.Sprintf("%d of %d bytes", n, len(s.text)), s.text[:n]); err != nil {
				refused++
			} else if s.whole == 0 || n < len(s.text)/2 {
				t.Errorf("%d of %d bytes: no error", n, len(s.text))
			}
		}
		if refused == 0 {
			t.Error("nothing was refused")
		}
	})
}

// TestEveryByteChanged, to nothing, to all, and in its highest and lowest bit:
// no panic, and no memory beyond what a file of this size may ask for.
func TestEveryByteChanged(t *testing.T) {
	eachSample(t, func(t *testing.T, s sample) {
		step := max(1, len(s.text)/250)
		var before, after runtime.MemStats
		for at := 0; at < len(s.text); at += step {
			for _, to := range []byte{0, 255, s.text[at] ^ 1, s.text[at] ^ 0x80} {
				text := slices.Clone(s.text)
				text[at] = to
				runtime.ReadMemStats(&before)
				s.tell(t, fmt.Sprintf("byte %d is %#x", at, to), text)
				runtime.ReadMemStats(&after)
				if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 64 {
					t.Errorf("byte %d is %#x: %d MB were allocated for a file of %d bytes", at, to, mb, len(text))
				}
			}
		}
	})
}

// TestNoise instead of a file, and noise behind a file's first bytes.
func TestNoise(t *testing.T) {
	eachSample(t, func(t *testing.T, s sample) {
		r := rand.New(rand.NewPCG(1, 2))
		for k := range 150 {
			text := make([]byte, r.IntN(400))
			for i := range text {
				text[i] = byte(r.Uint32())
			}
			keep := min(len(text), len(s.text), k%40)
			copy(text, s.text[:keep])
			if err := s.tell(t, fmt.Sprintf("noise %d", k), text); err == nil && keep < 4 && len(text) < len(s.text) {
				t.Errorf("noise %d was read: %x", k, text)
			}
		}
	})
}

// TestMoreThanAFile: what follows a file's end is an error where the format
// says where it ends.
func TestMoreThanAFile(t *testing.T) {
	all := samples(t)
	for _, name := range []string{"npy", "safetensors", "idx"} {
		s := all[name]
		for _, more := range [][]byte{{0}, []byte("x"), s.text} {
			if err := s.tell(t, name, slices.Concat(s.text, more)); err == nil {
				t.Errorf("%s: %d bytes more: no error", name, len(more))
			}
		}
	}
}

// TestClaims: headers whose numbers no file of this size can mean.
func TestClaims(t *testing.T) {
	const big = 1<<32 - 1
	npyHead := func(dict string) []byte {
		text := append([]byte("\x93NUMPY\x01\x00"), byte(len(dict)), byte(len(dict)>>8))
		return append(text, dict...)
	}
	safe := func(json string) []byte {
		return append(binary.LittleEndian.AppendUint64(nil, uint64(len(json))), json...)
	}
	for name, tt := range map[string]struct {
		text []byte
		read func([]byte) error
	}{
		"idx, all axes huge":         {append([]byte{0, 0, 8, 3}, bytes.Repeat([]byte{255}, 12)...), readIDX},
		"idx, empty but huge":        {append([]byte{0, 0, 8, 4, 0, 0, 0, 0}, bytes.Repeat([]byte{255}, 12)...), readIDX},
		"idx, huge but empty":        {append(append([]byte{0, 0, 8, 4}, bytes.Repeat([]byte{255}, 12)...), 0, 0, 0, 0), readIDX},
		"npy, 2^60 elements":         {npyHead("{'descr': '<f8', 'fortran_order': False, 'shape': (1073741824, 1073741824), }"), readNPY},
		"npy, past int64":            {npyHead("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,), }"), readNPY},
		"npy, empty but huge":        {npyHead("{'descr': '<f8', 'fortran_order': True, 'shape': (0, 4294967295, 4294967295, 4294967295), }"), readNPY},
		"npy, below 0":               {npyHead("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }"), readNPY},
		"npy, ninety axes":           {npyHead("{'descr': '<f8', 'fortran_order': False, 'shape': (" + strings.Repeat("1,", 90) + "), }"), readNPY},
		"safetensors, head of 2^63":  {append(bytes.Repeat([]byte{255}, 8), "{}"...), readSafe},
		"safetensors, 2^60 elements": {safe(`{"a":{"dtype":"F64","shape":[1073741824,1073741824],"data_offsets":[0,9223372036854775807]}}`), readSafe},
		"safetensors, empty, huge":   {safe(`{"a":{"dtype":"F64","shape":[0,2147483647,2147483647,2147483647],"data_offsets":[0,0]}}`), readSafe},
		"safetensors, backwards":     {safe(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}x`), readSafe},
		"safetensors, nested":        {safe(`{"a":` + strings.Repeat("[", 5000)), readSafe},
		"wav, 65535 channels":        {wavHead(1, big>>16, 8000, 16, big), readWAV},
		"wav, no channels":           {wavHead(1, 0, 8000, 16, 4), readWAV},
		"wav, 0 bits":                {wavHead(1, 1, 8000, 0, 4), readWAV},
		"wav, 4 GB of samples":       {wavHead(1, 1, 8000, 16, big), readWAV},
		"wav, unknown kind":          {wavHead(0x55, 1, 8000, 16, 4), readWAV},
		"flac, head alone":           {[]byte("fLaC\x80\xff\xff\xff"), readFLAC},
		"npz, a bomb":                {bomb(t), readNPZ},
		"bmp, huge":                  {bmpHead(1<<30, 1<<30), readPicture},
		"bmp, upside down and huge":  {bmpHead(1<<20, -1<<31), readPicture},
		"gif, all there can be":      {append([]byte("GIF89a\xff\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02"), 0), readPicture},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if err := (sample{read: tt.read}).tell(t, name, tt.text); err == nil {
				t.Error("no error")
			}
			runtime.ReadMemStats(&after)
			if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 32 {
				t.Errorf("%d MB were allocated for a file of %d bytes", mb, len(tt.text))
			}
		})
	}
}

// wavHead is the head of a WAV file.
func wavHead(kind, channels uint16, rate uint32, bits uint16, size uint32) []byte {
	b := []byte("RIFF\xff\xff\xff\x7fWAVEfmt \x10\x00\x00\x00")
	b = binary.LittleEndian.AppendUint16(b, kind)
	b = binary.LittleEndian.AppendUint16(b, channels)
	b = binary.LittleEndian.AppendUint32(b, rate)
	block := uint32(channels) * uint32(bits) / 8
	b = binary.LittleEndian.AppendUint32(b, rate*block)
	b = binary.LittleEndian.AppendUint16(b, uint16(block))
	b = binary.LittleEndian.AppendUint16(b, bits)
	b = append(b, "data"...)
	return append(binary.LittleEndian.AppendUint32(b, size), 1, 2, 3)
}

// bmpHead is the head of a BMP of 24 bits a pixel.
func bmpHead(w, h int32) []byte {
	b := []byte("BM\xff\xff\xff\x7f\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00")
	b = binary.LittleEndian.AppendUint32(b, uint32(w))
	b = binary.LittleEndian.AppendUint32(b, uint32(h))
	b = append(b, 1, 0, 24, 0)
	return append(b, make([]byte, 24)...)
}

// bomb is a .npz whose entry is zeros without end: a header that fits in no
// .npy, then more than it says.
func bomb(t *testing.T) []byte {
	return encoded(t, func(b *bytes.Buffer) error {
		z := zip.NewWriter(b)
		w, err := z.Create("a.npy")
		if err != nil {
			return err
		}
		zeros := make([]byte, 1<<20)
		for range 8 {
			if _, err := w.Write(zeros); err != nil {
				return err
			}
		}
		return z.Close()
	})
}
