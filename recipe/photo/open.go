package photo

import (
	"bufio"
	"bytes"
	"fmt"
	"image"
	"io"
	"os"
	"strings"

	_ "image/gif"  // register the formats that people have
	_ "image/jpeg" // …
	_ "image/png"  // …

	_ "golang.org/x/image/bmp"  // …
	_ "golang.org/x/image/tiff" // …
	_ "golang.org/x/image/webp" // …
)

// Bounds on what is decoded: a small file may claim any size.
const (
	maxPixels = 50e6
	maxBytes  = 256 << 20
)

// Open reads the picture in a file: PNG, JPEG, GIF (its first frame), BMP,
// TIFF or WebP, upright if it says which way is up. The error says what is
// wrong with the file; a picture of more than 50 million pixels is refused
// before it is decoded.
func Open(file string) (image.Image, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%q is a folder, not a picture", file)
	}
	img, err := Decode(f)
	if err != nil {
		return nil, fmt.Errorf("%q %w", file, err)
	}
	return img, nil
}

// Decode is [Open] for a stream. Its errors continue a sentence that begins
// with the picture's name.
func Decode(r io.Reader) (image.Image, error) {
	text, err := io.ReadAll(io.LimitReader(bufio.NewReader(r), maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	if len(text) > maxBytes {
		return nil, fmt.Errorf("is larger than %d MiB", maxBytes>>20)
	}
	if len(text) == 0 {
		return nil, fmt.Errorf("is empty")
	}
	if err := checkSize(text); err != nil {
		return nil, err
	}
	img, err := decode(text)
	if err != nil {
		return nil, err
	}
	return upright(img, orientation(text)), nil
}

// checkSize reads the head only.
func checkSize(text []byte) (err error) {
	defer guard(&err)
	c, _, err := image.DecodeConfig(bytes.NewReader(text))
	if err == image.ErrFormat {
		return fmt.Errorf("is no picture limpid reads (PNG, JPEG, GIF, BMP, TIFF, WebP); it begins with %q", text[:min(len(text), 12)])
	}
	if err != nil {
		return fmt.Errorf("is damaged: %s", plain(err))
	}
	if c.Width <= 0 || c.Height <= 0 {
		return fmt.Errorf("is %d × %d pixels: nothing to see", c.Width, c.Height)
	}
	if float64(c.Width)*float64(c.Height) > maxPixels {
		return fmt.Errorf("is %d × %d pixels; at most %.0f million are read", c.Width, c.Height, maxPixels/1e6)
	}
	return nil
}

func decode(text []byte) (img image.Image, err error) {
	defer guard(&err)
	img, _, err = image.Decode(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("is damaged: %s", plain(err))
	}
	return img, nil
}

// guard turns a decoder's panic on a hostile file into an error.
func guard(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("is damaged: its decoder failed")
	}
}

// plain says what ended early in words.
func plain(err error) string {
	if err == io.EOF || err == io.ErrUnexpectedEOF || strings.HasSuffix(err.Error(), "unexpected EOF") {
		return "it ends early"
	}
	return err.Error()
}
