package look

import (
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"slices"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"

	"github.com/limpid-ml/limpid/format/picture"
)

// The layout of a contact sheet, in pixels.
const (
	thumb    = 96
	gap      = 6
	labelled = 18 // the line above a row that names its class
)

// sheet is what a contact sheet shows.
type sheet struct {
	set  *set
	rows []row
}

// row is a class and some of its pictures.
type row struct {
	name  string
	items []*item
}

// choose picks pictures of each class, evenly from the first to the last.
func (s *set) choose(o Options) sheet {
	by := map[string][]*item{}
	var names []string
	for i := range s.items {
		it := &s.items[i]
		if it.seen == nil {
			continue
		}
		for _, name := range s.rowsOf(it) {
			if by[name] == nil {
				names = append(names, name)
			}
			by[name] = append(by[name], it)
		}
	}
	slices.Sort(names)
	out := sheet{set: s}
	for _, name := range names[:min(len(names), o.Rows)] {
		all := by[name]
		n := min(len(all), o.Columns)
		r := row{name: name}
		for k := range n {
			r.items = append(r.items, all[k*len(all)/n])
		}
		out.rows = append(out.rows, r)
	}
	return out
}

// rowsOf returns the rows that a picture belongs to: its class, or those of its
// boxes.
func (s *set) rowsOf(it *item) []string {
	if it.objects == nil {
		return []string{it.class}
	}
	var names []string
	for _, o := range it.objects {
		if name := s.name(o.Class); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// Sheet draws some pictures of each class, in rows, with their boxes, or their
// masks in colours. The error is for a table, or if no picture could be read.
func (r *Report) Sheet() (image.Image, error) {
	if len(r.sheet.rows) == 0 {
		return nil, errors.New("look: there are no pictures to draw")
	}
	columns := 1
	for _, row := range r.sheet.rows {
		columns = max(columns, len(row.items))
	}
	out := image.NewRGBA(image.Rect(0, 0, gap+columns*(thumb+gap), gap+len(r.sheet.rows)*(labelled+thumb+gap)))
	draw.Draw(out, out.Rect, image.White, image.Point{}, draw.Src)
	for y, row := range r.sheet.rows {
		top := gap + y*(labelled+thumb+gap)
		write(out, gap, top+13, row.name)
		for x, it := range row.items {
			r.sheet.set.draw(out, it, gap+x*(thumb+gap), top+labelled)
		}
	}
	return out, nil
}

// WriteSheet writes the contact sheet to a PNG file.
func (r *Report) WriteSheet(file string) error {
	img, err := r.Sheet()
	if err != nil {
		return err
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := png.Encode(f, img); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

func write(out draw.Image, x, y int, text string) {
	d := font.Drawer{Dst: out, Src: image.Black, Face: basicfont.Face7x13, Dot: fixed.P(x, y)}
	d.DrawString(text)
}

// draw draws a picture at (x, y), scaled to lie inside a square.
func (s *set) draw(out *image.RGBA, it *item, x, y int) {
	var e eye
	if e.reader.Read(it.file, &e.whole, 3, nil) != nil {
		return // it has gone since
	}
	w, h := e.whole.W, e.whole.H
	scale := float64(thumb) / float64(max(w, h))
	tw, th := max(int(float64(w)*scale+.5), 1), max(int(float64(h)*scale+.5), 1)
	e.sizer.Resize(&e.small, &e.whole, image.Rect(0, 0, w, h), th, tw)
	x, y = x+(thumb-tw)/2, y+(thumb-th)/2
	for i := range tw * th {
		p := e.small.Pix[3*i:]
		out.SetRGBA(x+i%tw, y+i/tw, color.RGBA{p[0], p[1], p[2], 255})
	}
	if it.mask != "" {
		tint(out, it.mask, image.Rect(x, y, x+tw, y+th))
	}
	for _, o := range it.objects {
		at := func(v float64, from int) int { return from + int(v*scale+.5) }
		frame(out, image.Rect(at(o.X1, x), at(o.Y1, y), at(o.X2, x), at(o.Y2, y)), hue(o.Class+1))
	}
}

// tint lays a mask's labels over a picture; label 0 and 255 stay clear.
func tint(out *image.RGBA, mask string, box image.Rectangle) {
	m, err := picture.OpenLabels(mask)
	if err != nil {
		return // it has gone since
	}
	black := !slices.ContainsFunc(m.Pix, func(v uint8) bool { return v != 0 && v != 255 })
	for y := range box.Dy() {
		for x := range box.Dx() {
			v := m.GrayAt(x*m.Rect.Dx()/box.Dx(), y*m.Rect.Dy()/box.Dy()).Y
			if v == 0 || v == 255 && !black {
				continue
			}
			p, c := out.RGBAAt(box.Min.X+x, box.Min.Y+y), hue(int(v))
			out.SetRGBA(box.Min.X+x, box.Min.Y+y, color.RGBA{p.R/2 + c.R/2, p.G/2 + c.G/2, p.B/2 + c.B/2, 255})
		}
	}
}

// frame draws a rectangle's edges, two pixels wide, inside the sheet.
func frame(out *image.RGBA, r image.Rectangle, c color.RGBA) {
	for _, edge := range []image.Rectangle{
		image.Rect(r.Min.X, r.Min.Y, r.Max.X, r.Min.Y+2), image.Rect(r.Min.X, r.Max.Y-2, r.Max.X, r.Max.Y),
		image.Rect(r.Min.X, r.Min.Y, r.Min.X+2, r.Max.Y), image.Rect(r.Max.X-2, r.Min.Y, r.Max.X, r.Max.Y),
	} {
		draw.Draw(out, edge, image.NewUniform(c), image.Point{}, draw.Src)
	}
}

// hue is a strong colour for a number, unlike those of the numbers beside it.
func hue(k int) color.RGBA {
	h := float64(k) * 0.618034
	h -= float64(int(h))
	part := func(at float64) uint8 {
		at += h
		at -= float64(int(at))
		d := max(at-0.5, 0.5-at) // 0.5 at the colour's own hue, 0 opposite
		return uint8(255 * min(max(d*6-1, 0), 1))
	}
	return color.RGBA{part(0), part(1.0 / 3), part(2.0 / 3), 255}
}
