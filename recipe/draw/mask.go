package draw

import (
	"image"
	"image/color"
	stddraw "image/draw"
)

// Labels is a label for each pixel of a picture, rows from the top; a label
// below 0 is none.
type Labels struct {
	W, H int
	Of   []int32
}

// At returns the label in column x of row y, −1 outside.
func (l *Labels) At(x, y int) int32 {
	if x < 0 || y < 0 || x >= l.W || y >= l.H {
		return -1
	}
	return l.Of[y*l.W+x]
}

// Image returns the labels as a picture whose pixels are the labels
// themselves, shown in the classes' colours: what [picture.OpenLabels] reads.
// Labels above 255 and none become 255.
func (l *Labels) Image(colours []color.RGBA) *image.Paletted {
	palette := make(color.Palette, 256)
	for i := range palette {
		palette[i] = color.RGBA{uint8(i), uint8(i), uint8(i), 255}
	}
	for i, c := range colours[:min(len(colours), 255)] {
		palette[i] = c
	}
	m := image.NewPaletted(image.Rect(0, 0, l.W, l.H), palette)
	for i, v := range l.Of {
		m.Pix[i] = 255
		if v >= 0 && v < 255 {
			m.Pix[i] = uint8(v)
		}
	}
	return m
}

// Tint lays the colours of labels over a picture of the same size: mixed in by
// share inside a class, and in full along its edge, width pixels wide. Labels
// that have a colour whose A is 0, or none, leave the picture as it is.
func Tint(to *image.RGBA, l *Labels, colours []color.RGBA, share float64, width int) {
	part := uint32(256 * min(max(share, 0), 1))
	for y := range l.H {
		for x := range l.W {
			v := l.Of[y*l.W+x]
			if v < 0 || int(v) >= len(colours) || colours[v].A == 0 {
				continue
			}
			by := part
			if l.edge(x, y, max(width, 1)) {
				by = 256
			}
			blend(to, x, y, colours[v], by)
		}
	}
}

// edge tells whether the label differs from another one up to width pixels
// right, left, above or below.
func (l *Labels) edge(x, y, width int) bool {
	v := l.Of[y*l.W+x]
	for d := 1; d <= width; d++ {
		if l.At(x-d, y) != v || l.At(x+d, y) != v || l.At(x, y-d) != v || l.At(x, y+d) != v {
			return true
		}
	}
	return false
}

// blend mixes part/256 of a colour into a pixel.
func blend(to *image.RGBA, x, y int, c color.RGBA, part uint32) {
	p := to.Pix[to.PixOffset(x, y):][:4:4]
	for i, v := range [3]uint8{c.R, c.G, c.B} {
		p[i] = uint8((uint32(p[i])*(256-part) + uint32(v)*part) >> 8)
	}
}

// Key is a line of a legend: a colour and what it stands for.
type Key struct {
	Colour color.RGBA
	Words  string
}

// Legend returns the picture with a strip below it that explains its colours.
// The words are as large as suits the picture; a picture narrower than they
// are is put in the middle of what they need.
func Legend(img image.Image, keys []Key) *image.RGBA {
	b := img.Bounds()
	size := TextFor(b.Size())
	width := b.Dx()
	for _, k := range keys {
		width = max(width, keyWidth(size, k))
	}
	lines := flow(size, width, keys)
	row := size + size/2
	to := image.NewRGBA(image.Rect(0, 0, width, b.Dy()+len(lines)*row+size/2))
	stddraw.Draw(to, to.Rect, image.White, image.Point{}, stddraw.Src)
	left := (width - b.Dx()) / 2
	stddraw.Draw(to, image.Rect(left, 0, left+b.Dx(), b.Dy()), img, b.Min, stddraw.Over)
	for i, line := range lines {
		at := image.Pt(0, b.Dy()+size/2+i*row)
		for _, k := range line {
			stddraw.Draw(to, image.Rect(at.X+margin(size), at.Y+size/4, at.X+margin(size)+size, at.Y+size/4+size), image.NewUniform(k.Colour), image.Point{}, stddraw.Src)
			Text(to, at.Add(image.Pt(size+margin(size), 0)), size, k.Words, color.RGBA{0, 0, 0, 255}, color.RGBA{255, 255, 255, 255})
			at.X += keyWidth(size, k)
		}
	}
	return to
}

func keyWidth(size int, k Key) int { return size + 3*margin(size) + TextSize(size, k.Words).X }

// flow breaks keys into lines that are no wider than width.
func flow(size, width int, keys []Key) (lines [][]Key) {
	left := 0
	for _, k := range keys {
		w := keyWidth(size, k)
		if len(lines) == 0 || w > left {
			lines, left = append(lines, nil), width
		}
		lines[len(lines)-1] = append(lines[len(lines)-1], k)
		left -= w
	}
	return lines
}
