package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	_ "image/gif"  // register the formats that people have
	_ "image/jpeg" // …
	_ "image/png"  // …
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	_ "golang.org/x/image/bmp"  // …
	_ "golang.org/x/image/tiff" // …
	_ "golang.org/x/image/webp" // …
)

// Bounds on what is decoded: a small file may claim any size.
const (
	maxPixels = 50_000_000
	maxBytes  = 256 << 20
)

// mostDeflated is how many bytes one byte of a PNG's compression can stand for:
// a shorter file cannot hold what its head claims.
const mostDeflated = 1032

// kinds are the endings of file names that are taken for pictures.
var kinds = []string{".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff"}

// Kinds returns the endings of the files that are read, each with its dot, in
// small letters.
func Kinds() []string { return slices.Clone(kinds) }

// Named tells whether a file's name is a picture's: it ends as one, and has no
// leading dot.
func Named(name string) bool {
	name = filepath.Base(name)
	return !strings.HasPrefix(name, ".") && slices.Contains(kinds, strings.ToLower(filepath.Ext(name)))
}

// Open reads the picture in a file, upright. The error names the file and says
// what is wrong with it.
func Open(file string) (image.Image, error) {
	text, err := load(file, nil)
	if err != nil {
		return nil, err
	}
	img, err := decode(text)
	if err != nil {
		return nil, fmt.Errorf("%q %w", file, err)
	}
	return img, nil
}

// load returns the bytes of a file, in buf's memory where they fit.
func load(file string, buf []byte) ([]byte, error) {
	// Ahead of opening it: to open a pipe waits for one who writes.
	if info, err := os.Stat(file); err == nil && !info.IsDir() && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%q is not a regular file", file)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%q is a folder, not a picture", file)
	}
	text, err := readAll(f, buf, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%q %w", file, err)
	}
	return text, nil
}

// readAll reads at most maxBytes; size is a guess at how many there are.
func readAll(r io.Reader, buf []byte, size int64) ([]byte, error) {
	w := bytes.NewBuffer(buf[:0])
	w.Grow(int(min(size, maxBytes)) + bytes.MinRead)
	n, err := w.ReadFrom(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	if n > maxBytes {
		return nil, fmt.Errorf("is larger than %d MiB", maxBytes>>20)
	}
	return w.Bytes(), nil
}

// Decode is [Open] for a stream. Its errors continue a sentence that begins
// with the picture's name.
func Decode(r io.Reader) (image.Image, error) {
	text, err := readAll(r, nil, 0)
	if err != nil {
		return nil, err
	}
	return decode(text)
}

func decode(text []byte) (image.Image, error) {
	if _, err := head(text); err != nil {
		return nil, err
	}
	img, err := body(text)
	if err != nil {
		return nil, err
	}
	return upright(img, orientation(text)), nil
}

// Info is what a file says of its picture.
type Info struct {
	Format string // png, jpeg, gif, bmp, tiff or webp
	W, H   int    // in pixels, upright
	Turned bool   // the file asks for the picture to be turned or mirrored
	Mode   string // grey, colour, palette, cmyk; with " 16" for 16 bits a channel, " alpha" where it may be transparent
	Bits   int    // of each channel or index, of a PNG; else 0
}

// Inspect reads a file's head only, and does not decode the picture.
func Inspect(file string) (Info, error) {
	text, err := load(file, nil)
	if err != nil {
		return Info{}, err
	}
	i, err := inspect(text)
	if err != nil {
		return i, fmt.Errorf("%q %w", file, err)
	}
	return i, nil
}

func inspect(text []byte) (Info, error) {
	i, err := head(text)
	if err != nil {
		return i, err
	}
	o := orientation(text)
	if i.Turned = o > 1; o >= 5 {
		i.W, i.H = i.H, i.W
	}
	return i, nil
}

// head reads the head of a file and refuses what cannot or must not be decoded.
func head(text []byte) (i Info, err error) {
	if len(text) == 0 {
		return i, fmt.Errorf("is empty")
	}
	defer guard(&err)
	c, format, err := image.DecodeConfig(bytes.NewReader(text))
	if err == image.ErrFormat {
		return i, fmt.Errorf("is no picture limpid reads (PNG, JPEG, GIF, BMP, TIFF, WebP); it begins with %q", text[:min(len(text), 12)])
	}
	if err != nil {
		return i, damaged(err)
	}
	if c.Width <= 0 || c.Height <= 0 {
		return i, fmt.Errorf("is %d × %d pixels: nothing to see", c.Width, c.Height)
	}
	if c.Width > maxPixels/c.Height {
		return i, fmt.Errorf("is %d × %d pixels; at most %d million are read: scale it down first", c.Width, c.Height, maxPixels/1_000_000)
	}
	i = Info{Format: format, W: c.Width, H: c.Height, Mode: mode(c.ColorModel)}
	if format == "png" && len(text) > 24 {
		i.Bits = int(text[24])
		if row := (c.Width*i.Bits + 7) / 8; row*c.Height > mostDeflated*len(text) {
			return i, fmt.Errorf("is damaged: it ends early")
		}
	}
	return i, nil
}

// mode names a decoder's colour model.
func mode(m color.Model) string {
	switch m {
	case color.GrayModel:
		return "grey"
	case color.Gray16Model:
		return "grey 16"
	case color.CMYKModel:
		return "cmyk"
	case color.RGBA64Model:
		return "colour 16"
	case color.NRGBA64Model:
		return "colour 16 alpha"
	case color.NRGBAModel, color.NYCbCrAModel:
		return "colour alpha"
	}
	if _, ok := m.(color.Palette); ok {
		return "palette"
	}
	return "colour"
}

func body(text []byte) (img image.Image, err error) {
	defer guard(&err)
	img, format, err := image.Decode(bytes.NewReader(text))
	if err != nil {
		return nil, damaged(err)
	}
	if format == "webp" {
		img = studio(img)
	}
	return img, nil
}

// guard turns a decoder's panic on a hostile file into an error.
func guard(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("is damaged: its decoder failed")
	}
}

// damaged says in words what the decoder met, and what to do where the file is
// whole but of a kind that is not read.
func damaged(err error) error {
	text := err.Error()
	if err == io.EOF || err == io.ErrUnexpectedEOF || strings.HasSuffix(text, "unexpected EOF") || strings.HasSuffix(text, ": EOF") {
		return fmt.Errorf("is damaged: it ends early")
	}
	if strings.Contains(text, "unsupported") {
		return fmt.Errorf("is of a rare kind (%s): save it as PNG", text)
	}
	return fmt.Errorf("is damaged: %s", text)
}
