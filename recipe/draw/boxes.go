package draw

import (
	"image"
	"image/color"
	stddraw "image/draw"
	"math"
	"slices"
)

// Mark is a box around a thing, in pixels of the picture, and what to write on
// it.
type Mark struct {
	X1, Y1, X2, Y2 float64
	Class          int // decides the colour
	Words          string
}

// Enlarged returns img at factor times its size, a pixel as a square, white
// where it is transparent.
func Enlarged(img image.Image, factor int) *image.RGBA {
	from := Canvas(img)
	if factor <= 1 {
		return from
	}
	to := image.NewRGBA(image.Rect(0, 0, from.Rect.Dx()*factor, from.Rect.Dy()*factor))
	for y := range to.Rect.Dy() {
		for x := range to.Rect.Dx() {
			to.SetRGBA(x, y, from.RGBAAt(x/factor, y/factor))
		}
	}
	return to
}

// Factor returns by how much to enlarge a picture of this size so that its
// shorter side has at least so many pixels.
func Factor(size image.Point, least int) int {
	short := max(min(size.X, size.Y), 1)
	return max((least+short-1)/short, 1)
}

// Boxes returns the picture, enlarged, with the marks on it: all boxes first,
// then the words, so that none is crossed; each on a plate of the box's colour,
// where no other one is if there is such a place.
func Boxes(img image.Image, factor int, marks []Mark) *image.RGBA {
	to := Enlarged(img, factor)
	d := board{to: to, factor: float64(max(factor, 1)), text: TextFor(to.Rect.Size())}
	for _, m := range marks {
		d.frame(m)
	}
	for _, m := range marks {
		d.words(m)
	}
	return to
}

// board is a picture while boxes are drawn on it.
type board struct {
	to     *image.RGBA
	factor float64
	text   int // size of words
	plates []image.Rectangle
}

// place returns where a mark's box is, as far as it is in the picture, and at
// least a pixel of it.
func (d *board) place(m Mark) image.Rectangle {
	at := func(v float64, most int) int { return int(math.Round(min(max(v*d.factor, 0), float64(most)))) }
	w, h := d.to.Rect.Dx(), d.to.Rect.Dy()
	r := image.Rectangle{image.Pt(min(at(m.X1, w), w-1), min(at(m.Y1, h), h-1)), image.Pt(at(m.X2, w), at(m.Y2, h))}
	r.Max.X, r.Max.Y = max(r.Max.X, r.Min.X+1), max(r.Max.Y, r.Min.Y+1)
	return r
}

// frame draws a mark's box, between thin dark lines: so it shows on any
// picture.
func (d *board) frame(m Mark) {
	r, width := d.place(m), max(d.text/7, 2)
	shade := image.NewUniform(color.RGBA{0, 0, 0, 110})
	for _, side := range ring(r.Inset(-1), width+2) {
		stddraw.Draw(d.to, side.Intersect(d.to.Rect), shade, image.Point{}, stddraw.Over)
	}
	Frame(d.to, r, width, Colour(m.Class))
}

// ring returns the four sides of a frame, which do not overlap.
func ring(r image.Rectangle, width int) [4]image.Rectangle {
	in := image.Rect(r.Min.X+width, r.Min.Y+width, max(r.Max.X-width, r.Min.X+width), max(r.Max.Y-width, r.Min.Y+width))
	return [4]image.Rectangle{
		{r.Min, image.Pt(r.Max.X, in.Min.Y)}, {image.Pt(r.Min.X, in.Max.Y), r.Max},
		{image.Pt(r.Min.X, in.Min.Y), image.Pt(in.Min.X, in.Max.Y)}, {image.Pt(in.Max.X, in.Min.Y), image.Pt(r.Max.X, in.Max.Y)},
	}
}

func (d *board) words(m Mark) {
	if m.Words == "" {
		return
	}
	plate := d.free(d.place(m), TextSize(d.text, m.Words))
	c := Colour(m.Class)
	d.plates = append(d.plates, Text(d.to, plate, d.text, m.Words, Ink(c), c))
}

// free returns the corner of the first place for words of a box that lies in
// the picture and on no other words; of the first in the picture if there is
// none.
func (d *board) free(box image.Rectangle, need image.Point) image.Point {
	x := max(min(box.Min.X, d.to.Rect.Max.X-need.X), 0)
	var all []image.Point
	for _, y := range []int{box.Min.Y - need.Y, box.Max.Y, box.Min.Y, box.Max.Y - need.Y, box.Min.Y + need.Y, box.Min.Y - 2*need.Y} {
		if y >= 0 && y+need.Y <= d.to.Rect.Max.Y {
			all = append(all, image.Pt(x, y))
		}
	}
	for _, p := range all {
		if !slices.ContainsFunc(d.plates, image.Rectangle{p, p.Add(need)}.Overlaps) {
			return p
		}
	}
	if len(all) > 0 {
		return all[0]
	}
	return image.Pt(x, 0)
}
