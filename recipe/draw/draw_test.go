package draw

import (
	"image"
	"image/color"
	"slices"
	"testing"
)

var (
	red   = color.RGBA{255, 0, 0, 255}
	white = color.RGBA{255, 255, 255, 255}
	black = color.RGBA{0, 0, 0, 255}
)

// plain is a picture of one colour.
func plain(w, h int, c color.RGBA) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		copy(m.Pix[4*i:], []uint8{c.R, c.G, c.B, c.A})
	}
	return m
}

// changed returns the smallest rectangle around the pixels that are not of a
// colour.
func changed(m *image.RGBA, from color.RGBA) (all image.Rectangle) {
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			if m.RGBAAt(x, y) != from {
				all = all.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return all
}

func TestColoursDiffer(t *testing.T) {
	for a := range 24 {
		for b := range a {
			x, y := Colour(a), Colour(b)
			d := 0
			for _, v := range []int{int(x.R) - int(y.R), int(x.G) - int(y.G), int(x.B) - int(y.B)} {
				d += max(v, -v)
			}
			if d < 24 {
				t.Errorf("colours %d %v and %d %v are alike", a, x, b, y)
			}
		}
		if Colour(a).A != 255 {
			t.Errorf("colour %d is transparent", a)
		}
	}
	if Hex(Colour(0)) != "#e6194b" || Colour(-3).A != 255 {
		t.Errorf("%s, %v", Hex(Colour(0)), Colour(-3))
	}
	if Ink(white) != black || Ink(black) != white || Ink(color.RGBA{255, 225, 25, 255}) != black {
		t.Error("ink that cannot be read")
	}
}

// A canvas begins at 0, 0, whatever the picture's corner is, and is white where
// the picture is transparent; drawing on it leaves the picture alone.
func TestCanvas(t *testing.T) {
	from := image.NewNRGBA(image.Rect(5, 7, 9, 10))
	from.SetNRGBA(5, 7, color.NRGBA{255, 0, 0, 255})
	to := Canvas(from)
	if to.Rect != image.Rect(0, 0, 4, 3) || to.RGBAAt(0, 0) != red || to.RGBAAt(1, 1) != white {
		t.Errorf("%v: %v, %v", to.Rect, to.RGBAAt(0, 0), to.RGBAAt(1, 1))
	}
	to.SetRGBA(0, 0, black)
	if (from.NRGBAAt(5, 7) != color.NRGBA{255, 0, 0, 255}) {
		t.Error("the picture was drawn on")
	}
}

// Words fill the box that TextSize says, have ink in it, and stay in the
// picture wherever they are put.
func TestText(t *testing.T) {
	for _, at := range []image.Point{{20, 30}, {-50, -50}, {1000, 1000}, {190, 0}} {
		m := plain(200, 100, black)
		box := Text(m, at, 16, "Trouser 93%", black, white)
		if !box.In(m.Rect) || box.Size() != TextSize(16, "Trouser 93%") || changed(m, black) != box {
			t.Errorf("at %v: box %v, changed %v, want size %v", at, box, changed(m, black), TextSize(16, "Trouser 93%"))
		}
		ink := 0
		for y := box.Min.Y; y < box.Max.Y; y++ {
			for x := box.Min.X; x < box.Max.X; x++ {
				if m.RGBAAt(x, y).R < 64 {
					ink++
				}
			}
		}
		if share := float64(ink) / float64(box.Dx()*box.Dy()); share < 0.05 || share > 0.5 {
			t.Errorf("at %v: %.2f of the box is ink", at, share)
		}
	}
	if box := Text(plain(4, 4, black), image.Point{}, 16, "far too long", white, red); box != image.Rect(0, 0, 4, 4) {
		t.Errorf("in a picture that is too small: %v", box)
	}
	if short, long := TextSize(20, "i"), TextSize(20, "iiii"); long.X <= short.X || long.Y != short.Y || TextSize(40, "i").Y <= short.Y {
		t.Errorf("sizes %v and %v", short, long)
	}
	if TextFor(image.Pt(96, 96)) != 13 || TextFor(image.Pt(1600, 900)) != 50 || TextFor(image.Pt(9000, 1)) != 64 {
		t.Error("words do not suit the picture")
	}
}

func TestFrame(t *testing.T) {
	m := plain(40, 30, white)
	Frame(m, image.Rect(10, 5, 30, 25), 2, red)
	n := 0
	for i := range 40 * 30 {
		if m.RGBAAt(i%40, i/40) == red {
			n++
		}
	}
	if n != 20*20-16*16 || changed(m, white) != image.Rect(10, 5, 30, 25) {
		t.Errorf("%d pixels in %v", n, changed(m, white))
	}
}

func TestLabels(t *testing.T) {
	l := &Labels{W: 3, H: 2, Of: []int32{0, 1, 300, -100, 1, 2}}
	if l.At(1, 1) != 1 || l.At(3, 0) != -1 || l.At(0, -1) != -1 {
		t.Error("wrong places")
	}
	m := l.Image([]color.RGBA{black, red})
	if !slices.Equal(m.Pix, []uint8{0, 1, 255, 255, 1, 2}) || m.Palette[1] != red {
		t.Errorf("%v, %v", m.Pix, m.Palette[1])
	}
}

// Inside a class its colour is mixed in, along its edge it is full, and what
// has no colour stays.
func TestTint(t *testing.T) {
	m := plain(9, 9, white)
	l := &Labels{W: 9, H: 9, Of: make([]int32, 81)}
	for i := range 81 {
		if y, x := i/9, i%9; y >= 2 && y < 7 && x >= 2 && x < 7 {
			l.Of[i] = 1
		}
	}
	Tint(m, l, []color.RGBA{{}, red}, 0.5, 1)
	if m.RGBAAt(0, 0) != white || m.RGBAAt(2, 4) != red || m.RGBAAt(6, 6) != red {
		t.Errorf("outside %v, edge %v %v", m.RGBAAt(0, 0), m.RGBAAt(2, 4), m.RGBAAt(6, 6))
	}
	if c := m.RGBAAt(4, 4); c.R != 255 || c.G < 120 || c.G > 135 {
		t.Errorf("inside %v", c)
	}
	l.Of[40] = 7 // no colour is there
	l.Of[0] = -100
	Tint(m, l, []color.RGBA{{}, red}, 0.5, 1)
}

// A legend leaves the picture as it is, and each key's colour is below it.
func TestLegend(t *testing.T) {
	keys := []Key{{red, "T-shirt/top 12.3%"}, {color.RGBA{0, 0, 255, 255}, "Bag 1.0%"}, {color.RGBA{0, 255, 0, 255}, "Ankle boot 33.0%"}}
	for _, size := range []image.Point{{300, 200}, {20, 10}, {2000, 40}} {
		m := Legend(plain(size.X, size.Y, black), keys)
		if m.Rect.Dx() < size.X || m.Rect.Dy() <= size.Y {
			t.Fatalf("%v became %v", size, m.Rect)
		}
		seen := map[color.RGBA]int{}
		for y := range m.Rect.Dy() {
			for x := range m.Rect.Dx() {
				seen[m.RGBAAt(x, y)]++
			}
		}
		if seen[black] < size.X*size.Y {
			t.Errorf("%v: %d pixels of the picture are left", size, seen[black])
		}
		for _, k := range keys {
			if seen[k.Colour] < 100 {
				t.Errorf("%v: %d pixels of %v", size, seen[k.Colour], k)
			}
		}
	}
	if m := Legend(plain(50, 40, red), nil); m.Rect.Dx() != 50 {
		t.Errorf("without keys: %v", m.Rect)
	}
}
