// Package photo turns a picture that somebody took or drew into the small
// grey image that a network was trained on: one object, bright on black,
// filling the frame. It says what it did. Any recipe on such images may import
// it.
package photo

import (
	"cmp"
	"fmt"
	"image"
	"math"
)

// Grey is an image of one channel, rows from the top, 0 black to 1 white.
type Grey struct {
	Width, Height int
	Pix           []float32
}

// At returns the pixel in column x of row y.
func (g *Grey) At(x, y int) float32 { return g.Pix[y*g.Width+x] }

func newGrey(w, h int) *Grey { return &Grey{w, h, make([]float32, w*h)} }

// Prepared is a picture as a network wants it, and what was done to make it so.
type Prepared struct {
	Image *Grey
	Steps []string // in order, for people
	Doubt string   // why the result may mean little; "" if nothing speaks against it
}

// Thresholds on brightness, as shares of the whole range.
const (
	nearEdge   = 0.12 // a border pixel so near to white or black counts for it
	different  = 0.08 // from the background: belongs to the object
	faint      = 0.35 // an object whose brightest pixel is below is stretched
	strong     = 0.90 // to this
	rounding   = 0.01 // two or three of 255 steps: no object is so faint
	mixedAbove = 0.40 // of the border unlike the background: no plain background
	shaded     = 0.05 // from corner to corner of the background: worth a word
	pale       = 0.80 // mean of what is opaque above which white would swallow it
)

// Prepare returns img as a grey image of size × size pixels in the manner of
// Fashion-MNIST: transparent parts become white, or black behind an object that
// is nearly white itself, colours grey, a picture on a
// light background its negative; what surrounds the object is cut away, its
// longer side fills the frame and the rest is black.
//
// Source: Xiao, Rasul and Vollgraf 2017, "Fashion-MNIST", section 2.
func Prepare(img image.Image, size int) *Prepared {
	p := &Prepared{}
	f := flatten(img)
	p.say(f.transparent && !f.onBlack, "put the transparent parts on white")
	p.say(f.onBlack, "put the transparent parts on black, for what is opaque is nearly white")
	p.say(f.coloured, "turned the colours grey")
	if isLight(f.grey) {
		invert(f.grey)
		p.say(true, "inverted it, for its background is light and the network knows bright objects on black")
	}
	g := f.grey
	back, unlike := backdrop(g)
	plain := unlike <= mixedAbove
	if !plain {
		p.Doubt = "the background is not plain; a picture of one object on white or black works best"
	}
	if g.Width != size || g.Height != size {
		if plain {
			p.level(g, back)
		}
		g = p.frame(g, size)
	}
	p.stretch(g)
	p.Image = g
	return p
}

func (p *Prepared) say(did bool, format string, a ...any) {
	if did {
		p.Steps = append(p.Steps, fmt.Sprintf(format, a...))
	}
}

// flat is an image without colours and transparency.
type flat struct {
	grey                  *Grey
	transparent, coloured bool
	onBlack               bool
	opaque                float64 // mean brightness, each pixel by its opacity
}

// flatten takes the luma of img, on the background that shows it.
func flatten(img image.Image) flat {
	f := flattenOn(img, 1)
	if f.transparent && f.opaque > pale {
		f = flattenOn(img, 0)
		f.onBlack = true
	}
	return f
}

// flattenOn puts img on a background of the given brightness and takes its
// luma.
func flattenOn(img image.Image, back float64) flat {
	b := img.Bounds()
	f := flat{grey: newGrey(b.Dx(), b.Dy())}
	var light, solid float64
	i := 0
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, b, a := img.At(x, y).RGBA() // premultiplied: adding what is missing to opaque puts it on white
			f.transparent = f.transparent || a < 0xffff
			f.coloured = f.coloured || far(r, g) || far(g, b)
			luma := 0.299*float64(r) + 0.587*float64(g) + 0.114*float64(b)
			light, solid = light+luma, solid+float64(a)
			f.grey.Pix[i] = float32(min(1, (luma+back*(0xffff-float64(a)))/0xffff))
			i++
		}
	}
	f.opaque = light / max(solid, 1)
	return f
}

// far tells whether two channels differ by more than a JPEG of a grey picture
// would have them differ.
func far(a, b uint32) bool { return max(a, b)-min(a, b) > 0x800 }

// isLight tells whether the background of g is light: white, and not black, or
// if it is plain grey, lighter than what is on it.
func isLight(g *Grey) bool {
	var white, black, total int
	var sum float64
	border(g, func(_, _ int, v float32) {
		total++
		sum += float64(v)
		if v > 1-nearEdge {
			white++
		} else if v < nearEdge {
			black++
		}
	})
	if white != black && 2*max(white, black) >= total {
		return white > black
	}
	if back, unlike := backdrop(g); unlike <= mixedAbove {
		return contrast(g, back) < 0
	}
	return sum > float64(total)/2
}

// contrast sums up by how much g is brighter than back, where it is that, less
// by how much it is darker.
func contrast(g *Grey, back plane) float64 {
	sum := 0.0
	for y := range g.Height {
		for x := range g.Width {
			if d := g.At(x, y) - back.at(g, x, y); d > different || d < -different {
				sum += float64(d)
			}
		}
	}
	return sum
}

// border calls f with the pixels along the edge of g.
func border(g *Grey, f func(x, y int, v float32)) {
	for x := range g.Width {
		f(x, 0, g.At(x, 0))
		f(x, g.Height-1, g.At(x, g.Height-1))
	}
	for y := 1; y < g.Height-1; y++ {
		f(0, y, g.At(0, y))
		f(g.Width-1, y, g.At(g.Width-1, y))
	}
}

func invert(g *Grey) {
	for i, v := range g.Pix {
		g.Pix[i] = 1 - v
	}
}

// level makes the background black, by taking its brightness away.
func (p *Prepared) level(g *Grey, back plane) {
	p.say(back.slope() > shaded, "evened out the light on its background")
	for y := range g.Height {
		for x := range g.Width {
			base := max(0, back.at(g, x, y))
			at := &g.Pix[y*g.Width+x]
			*at = max(0, *at-base) / max(1e-6, 1-base)
		}
	}
}

// frame cuts away what surrounds the object and fits it into size × size.
func (p *Prepared) frame(g *Grey, size int) *Grey {
	box := objectBox(g)
	if box.Empty() {
		box = image.Rect(0, 0, g.Width, g.Height)
		p.Doubt = "nothing stands out from the background"
	}
	p.say(box.Dx() < g.Width || box.Dy() < g.Height,
		"cropped it from %d × %d to the object's %d × %d pixels", g.Width, g.Height, box.Dx(), box.Dy())
	scale := float64(size) / float64(max(box.Dx(), box.Dy()))
	w := max(1, int(math.Round(float64(box.Dx())*scale)))
	h := max(1, int(math.Round(float64(box.Dy())*scale)))
	small := resample(g, box, w, h)
	out := newGrey(size, size)
	left, top := (size-w)/2, (size-h)/2
	for y := range h {
		copy(out.Pix[(top+y)*size+left:], small.Pix[y*w:(y+1)*w])
	}
	p.say(true, "scaled it to %d × %d and centred it in %d × %d", w, h, size, size)
	return out
}

// borderMedian returns the brightness that half of the border is below, in
// steps of 1/256.
func borderMedian(g *Grey) float32 {
	var bins [256]int
	total := 0
	border(g, func(_, _ int, v float32) {
		bins[min(255, int(v*255))]++
		total++
	})
	for i, seen := 0, 0; ; i++ {
		if seen += bins[i]; seen*2 >= total {
			return float32(i) / 255
		}
	}
}

// objectBox returns the smallest rectangle outside which rows and columns
// hold next to nothing but black. Single specks do not count.
func objectBox(g *Grey) image.Rectangle {
	rows, cols := make([]int, g.Height), make([]int, g.Width)
	for y := range g.Height {
		for x := range g.Width {
			if g.At(x, y) > different {
				rows[y]++
				cols[x]++
			}
		}
	}
	top, bottom := extent(rows, g.Width/200)
	left, right := extent(cols, g.Height/200)
	return image.Rect(left, top, right, bottom)
}

// extent returns the first and one past the last index with more than few.
func extent(counts []int, few int) (from, to int) {
	from = len(counts)
	for i, c := range counts {
		if c > few {
			from, to = min(from, i), i+1
		}
	}
	return from, to
}

// resample returns what lies in box at w × h pixels, each the mean over the
// area that it covers.
func resample(g *Grey, box image.Rectangle, w, h int) *Grey {
	wide := newGrey(w, box.Dy())
	xs := spans(box.Dx(), w)
	for y := range box.Dy() {
		row := g.Pix[(box.Min.Y+y)*g.Width+box.Min.X:]
		for x, s := range xs {
			wide.Pix[y*w+x] = s.mean(func(i int) float32 { return row[i] })
		}
	}
	out := newGrey(w, h)
	for y, s := range spans(box.Dy(), h) {
		for x := range w {
			out.Pix[y*w+x] = s.mean(func(i int) float32 { return wide.Pix[i*w+x] })
		}
	}
	return out
}

// span is the stretch of source pixels under one target pixel.
type span struct{ from, to float64 }

func spans(source, target int) []span {
	all := make([]span, target)
	step := float64(source) / float64(target)
	for i := range all {
		all[i] = span{float64(i) * step, min(float64(i+1)*step, float64(source))}
	}
	return all
}

// mean weighs each source pixel by how much of it lies in the span.
func (s span) mean(at func(i int) float32) float32 {
	var sum, weight float64
	for i := int(s.from); float64(i) < s.to; i++ {
		w := min(s.to, float64(i+1)) - max(s.from, float64(i))
		sum += w * float64(at(i))
		weight += w
	}
	return float32(sum / weight)
}

// stretch makes a faint object visible.
func (p *Prepared) stretch(g *Grey) {
	var top float32
	for _, v := range g.Pix {
		top = max(top, v)
	}
	switch {
	case top == 0:
		p.Doubt = "the picture is blank"
		return
	case top < rounding: // an even shade, taken away but for what rounding left
		p.Doubt = cmp.Or(p.Doubt, "nothing stands out from the background")
		return
	case top >= faint:
		return
	}
	for i := range g.Pix {
		g.Pix[i] *= strong / top
	}
	p.say(true, "raised its contrast %.1f times, for the object hardly differs from the background", strong/top)
}
