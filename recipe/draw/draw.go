// Package draw draws answers on pictures of any size: words, boxes, masks and
// their legend; and it fits a picture into what a network looks at, and places
// back. recipe/segment, recipe/detect, other recipes on pictures and all above
// them may import it; it imports format/picture and tensor.
package draw

import (
	"fmt"
	"image"
	"image/color"
	stddraw "image/draw"
	"math"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// first are colours that are easy to tell apart, on pictures and from each
// other.
var first = []color.RGBA{
	{230, 25, 75, 255}, {60, 180, 75, 255}, {255, 225, 25, 255}, {0, 130, 200, 255}, {245, 130, 48, 255},
	{145, 30, 180, 255}, {70, 240, 240, 255}, {240, 50, 230, 255}, {160, 200, 20, 255}, {250, 190, 212, 255},
}

// Colour returns the colour of class k, from 0: one of ten that differ much,
// and beyond them hues a golden angle apart.
func Colour(k int) color.RGBA {
	if k >= 0 && k < len(first) {
		return first[k]
	}
	const golden = 0.6180339887498949
	hue := 6 * math.Mod(golden*math.Abs(float64(k)), 1)
	var c [3]uint8
	for i := range c {
		d := math.Abs(math.Mod(hue+6-2*float64(i), 6) - 3)
		c[i] = uint8(235 * (0.35 + 0.65*min(max(d-1, 0), 1)))
	}
	return color.RGBA{c[0], c[1], c[2], 255}
}

// Hex writes a colour as "#e6194b".
func Hex(c color.RGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// Ink returns black or white, whichever is easier to read on the colour.
func Ink(on color.RGBA) color.RGBA {
	if 299*int(on.R)+587*int(on.G)+114*int(on.B) > 140_000 {
		return color.RGBA{0, 0, 0, 255}
	}
	return color.RGBA{255, 255, 255, 255}
}

// Canvas returns a copy of img to draw on, its upper left corner at 0, 0 and
// white where it is transparent.
func Canvas(img image.Image) *image.RGBA {
	b := img.Bounds()
	to := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	stddraw.Draw(to, to.Rect, image.White, image.Point{}, stddraw.Src)
	stddraw.Draw(to, to.Rect, img, b.Min, stddraw.Over)
	return to
}

// TextFor returns the size of words, in pixels from line to line, that suits a
// picture of this size.
func TextFor(size image.Point) int { return min(max(max(size.X, size.Y)/32, 13), 64) }

// typeface is the font; parsed once, for it is compiled in.
var typeface = sync.OnceValue(func() *opentype.Font {
	f, err := opentype.Parse(gomedium.TTF)
	if err != nil {
		panic(fmt.Sprintf("draw: the font that is compiled in: %v", err))
	}
	return f
})

// face returns the font at a size in pixels from line to line. Faces are not
// shared, for one may not be used by two goroutines at once.
func face(size int) font.Face {
	f, err := opentype.NewFace(typeface(), &opentype.FaceOptions{Size: 0.78 * float64(max(size, 4)), DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		panic(fmt.Sprintf("draw: the font at size %d: %v", size, err))
	}
	return f
}

// TextSize returns how many pixels words of this size take, with the margin
// that [Text] leaves around them.
func TextSize(size int, words string) image.Point {
	f := face(size)
	defer f.Close()
	return image.Pt(font.MeasureString(f, words).Ceil()+2*margin(size), size+size/4)
}

func margin(size int) int { return max(size/5, 2) }

// Text writes words on a filled box whose upper left corner is at, or as near
// as the picture lets it be inside. It returns the box.
func Text(to *image.RGBA, at image.Point, size int, words string, ink, back color.RGBA) image.Rectangle {
	f := face(size)
	defer f.Close()
	need := TextSize(size, words)
	at.X = max(min(at.X, to.Rect.Max.X-need.X), to.Rect.Min.X)
	at.Y = max(min(at.Y, to.Rect.Max.Y-need.Y), to.Rect.Min.Y)
	box := image.Rectangle{at, at.Add(need)}
	stddraw.Draw(to, box, image.NewUniform(back), image.Point{}, stddraw.Over)
	d := font.Drawer{Dst: to, Src: image.NewUniform(ink), Face: f}
	d.Dot = fixed.P(at.X+margin(size), at.Y+size)
	d.DrawString(words)
	return box.Intersect(to.Rect)
}

// Frame draws the outline of a rectangle, so many pixels wide, inwards.
func Frame(to *image.RGBA, r image.Rectangle, width int, c color.RGBA) {
	width = max(width, 1)
	ink := image.NewUniform(c)
	for _, side := range []image.Rectangle{
		image.Rect(r.Min.X, r.Min.Y, r.Max.X, r.Min.Y+width), image.Rect(r.Min.X, r.Max.Y-width, r.Max.X, r.Max.Y),
		image.Rect(r.Min.X, r.Min.Y, r.Min.X+width, r.Max.Y), image.Rect(r.Max.X-width, r.Min.Y, r.Max.X, r.Max.Y),
	} {
		stddraw.Draw(to, side.Intersect(r), ink, image.Point{}, stddraw.Src)
	}
}
