package picture

import (
	"image"
	"image/color"
)

// upright turns img as orientation o says.
func upright(img image.Image, o int) image.Image {
	if o <= 1 {
		return img
	}
	return turned{img, o}
}

// turned is an image seen in another orientation.
type turned struct {
	image.Image
	o int
}

// Bounds returns the turned image's, from (0, 0).
func (t turned) Bounds() image.Rectangle {
	b := t.Image.Bounds()
	if t.o >= 5 {
		return image.Rect(0, 0, b.Dy(), b.Dx())
	}
	return image.Rect(0, 0, b.Dx(), b.Dy())
}

// At returns the colour at a place in the turned image.
func (t turned) At(x, y int) color.Color {
	b := t.Image.Bounds()
	x, y = whence(t.o, x, y, b.Dx(), b.Dy())
	return t.Image.At(b.Min.X+x, b.Min.Y+y)
}

// whence returns where the pixel at (x, y) of the upright picture lies in the
// stored one of w×h pixels.
func whence(o, x, y, w, h int) (int, int) {
	if o >= 5 {
		x, y = y, x
	}
	if o == 2 || o == 3 || o == 7 || o == 8 {
		x = w - 1 - x
	}
	if o == 3 || o == 4 || o == 6 || o == 7 {
		y = h - 1 - y
	}
	return x, y
}

// turn makes r the picture from, turned upright.
func (r *Raster) turn(from *Raster, o int) {
	h, w := from.H, from.W
	if o >= 5 {
		h, w = w, h
	}
	r.reset(h, w, from.C)
	at := 0
	for y := range h {
		for x := range w {
			sx, sy := whence(o, x, y, from.W, from.H)
			src := (sy*from.W + sx) * from.C
			for k := range r.C {
				r.Pix[at+k] = from.Pix[src+k]
			}
			at += r.C
		}
	}
}
