package picture

import (
	"fmt"
	"image"
	"image/color"
	"slices"
)

// Raster is a picture as bytes: [H, W, C] in rows from the top. C is 3 for
// red, green and blue, 1 for grey. The zero value is ready for use, and its
// memory is used again by whatever fills it next.
type Raster struct {
	Pix     []uint8
	H, W, C int
}

// reset gives r a size. What Pix then holds is left over from before.
func (r *Raster) reset(h, w, c int) {
	n := h * w * c
	r.H, r.W, r.C = h, w, c
	r.Pix = slices.Grow(r.Pix[:0], n)[:n]
}

// Draw fills r with img in c channels (3, or 1 for its luma). Where img is
// transparent the background shows; nil stands for white. Sixteen bits a
// channel lose the lower eight. Source of the luma: ITU-R BT.601, as Pillow
// rounds it.
func (r *Raster) Draw(img image.Image, c int, background color.Color) {
	b := img.Bounds()
	r.reset(b.Dy(), b.Dx(), c)
	p := painter{to: r, on: over(background)}
	switch m := img.(type) {
	case turned:
		var as Raster
		as.Draw(m.Image, c, background)
		r.turn(&as, m.o)
	case *image.RGBA:
		p.rows(func(y int) { p.premultiplied(m.Pix[y*m.Stride:], y) })
	case *image.NRGBA:
		p.rows(func(y int) { p.straight(m.Pix[y*m.Stride:], y) })
	case *image.Gray:
		p.rows(func(y int) { p.grey(m.Pix[y*m.Stride:], y) })
	case *image.YCbCr:
		p.rows(func(y int) { p.ycc(m, y) })
	case *image.Paletted:
		table := p.palette(m.Palette)
		p.rows(func(y int) { p.indexed(m.Pix[y*m.Stride:], table, y) })
	default:
		p.rows(func(y int) { p.any(img, y) })
	}
}

// painter writes colours to a raster's rows.
type painter struct {
	to *Raster
	on [3]uint32 // the background, 16 bits a channel
}

func over(c color.Color) [3]uint32 {
	if c == nil {
		c = color.White
	}
	r, g, b, _ := c.RGBA()
	return [3]uint32{r, g, b}
}

func (p *painter) rows(row func(y int)) {
	for y := range p.to.H {
		row(y)
	}
}

// put writes a pixel at place at, counted in pixels.
func (p *painter) put(at int, r, g, b uint8) {
	if p.to.C == 1 {
		p.to.Pix[at] = luma(r, g, b)
		return
	}
	q := p.to.Pix[3*at : 3*at+3 : 3*at+3]
	q[0], q[1], q[2] = r, g, b
}

func luma(r, g, b uint8) uint8 {
	return uint8((19595*uint32(r) + 38470*uint32(g) + 7471*uint32(b) + 0x8000) >> 16)
}

// premultiplied reads a row of RGBA.
func (p *painter) premultiplied(src []uint8, y int) {
	for x := range p.to.W {
		s := src[4*x : 4*x+4 : 4*x+4]
		if s[3] == 255 {
			p.put(y*p.to.W+x, s[0], s[1], s[2])
			continue
		}
		p.mix(y*p.to.W+x, uint32(s[0])*0x101, uint32(s[1])*0x101, uint32(s[2])*0x101, uint32(s[3])*0x101)
	}
}

// mix lays a premultiplied colour of 16 bits on the background.
func (p *painter) mix(at int, r, g, b, a uint32) {
	rest := 0xffff - a
	p.put(at, lay(r, p.on[0], rest), lay(g, p.on[1], rest), lay(b, p.on[2], rest))
}

func lay(v, on, rest uint32) uint8 {
	return uint8(min(v+uint32(uint64(on)*uint64(rest)/0xffff), 0xffff) >> 8)
}

// straight reads a row of NRGBA.
func (p *painter) straight(src []uint8, y int) {
	for x := range p.to.W {
		s := src[4*x : 4*x+4 : 4*x+4]
		if s[3] == 255 {
			p.put(y*p.to.W+x, s[0], s[1], s[2])
			continue
		}
		p.blend(y*p.to.W+x, s[0], s[1], s[2], uint32(s[3]))
	}
}

// blend lays a straight colour of 8 bits on the background, rounding once.
func (p *painter) blend(at int, r, g, b uint8, a uint32) {
	part := func(v uint8, on uint32) uint8 { return uint8((uint32(v)*a + on>>8*(255-a) + 127) / 255) }
	p.put(at, part(r, p.on[0]), part(g, p.on[1]), part(b, p.on[2]))
}

func (p *painter) grey(src []uint8, y int) {
	if p.to.C == 1 {
		copy(p.to.Pix[y*p.to.W:(y+1)*p.to.W], src)
		return
	}
	for x := range p.to.W {
		p.put(y*p.to.W+x, src[x], src[x], src[x])
	}
}

func (p *painter) ycc(m *image.YCbCr, y int) {
	for x := range p.to.W {
		i, j := m.YOffset(m.Rect.Min.X+x, m.Rect.Min.Y+y), m.COffset(m.Rect.Min.X+x, m.Rect.Min.Y+y)
		r, g, b := color.YCbCrToRGB(m.Y[i], m.Cb[j], m.Cr[j])
		p.put(y*p.to.W+x, r, g, b)
	}
}

// palette returns each entry's colour on the background; 256 of them, black
// where the palette has none.
func (p *painter) palette(all color.Palette) *[256][3]uint8 {
	var table [256][3]uint8
	var one Raster
	one.reset(1, 1, 3)
	q := painter{to: &one, on: p.on}
	for i, c := range all[:min(len(all), 256)] {
		q.color(0, c)
		table[i] = [3]uint8(one.Pix)
	}
	return &table
}

func (p *painter) indexed(src []uint8, table *[256][3]uint8, y int) {
	for x := range p.to.W {
		c := &table[src[x]]
		p.put(y*p.to.W+x, c[0], c[1], c[2])
	}
}

// any reads a row of an image of whatever kind.
func (p *painter) any(img image.Image, y int) {
	b := img.Bounds()
	for x := range p.to.W {
		p.color(y*p.to.W+x, img.At(b.Min.X+x, b.Min.Y+y))
	}
}

func (p *painter) color(at int, c color.Color) {
	switch c := c.(type) {
	case color.NRGBA:
		p.blend(at, c.R, c.G, c.B, uint32(c.A))
	case color.NYCbCrA:
		r, g, b := color.YCbCrToRGB(c.Y, c.Cb, c.Cr)
		p.blend(at, r, g, b, uint32(c.A))
	default:
		r, g, b, a := c.RGBA()
		p.mix(at, r, g, b, a)
	}
}

// Reader reads picture files into rasters, and keeps what memory it needs from
// one to the next. The zero value is ready; one goroutine may use it at a time.
type Reader struct {
	text  []byte
	spare Raster
	png   pngReader
}

// Read fills r with the picture in a file, upright, in c channels, on the
// background. See [Raster.Draw]. The error names the file.
func (d *Reader) Read(file string, r *Raster, c int, background color.Color) error {
	text, err := load(file, d.text)
	if err != nil {
		return err
	}
	d.text = text
	if err := d.decode(text, r, c, background); err != nil {
		return fmt.Errorf("%q %w", file, err)
	}
	return nil
}

func (d *Reader) decode(text []byte, r *Raster, c int, background color.Color) error {
	if _, err := head(text); err != nil {
		return err
	}
	o := orientation(text)
	to := r
	if o > 1 {
		to = &d.spare
	}
	if !d.png.read(text, to, c, background) {
		img, err := body(text)
		if err != nil {
			return err
		}
		to.Draw(img, c, background)
	}
	if o > 1 {
		r.turn(to, o)
	}
	return nil
}
