// Package plot draws series over time into a picture: lines, bands around them,
// stretches that are marked. recipe/forecast, recipe/anomaly, other recipes on
// series and all above them may import it; it imports recipe/draw.
package plot

import (
	"fmt"
	"image"
	"image/color"
	stddraw "image/draw"
	"math"
	"strings"

	"github.com/limpid-ml/limpid/recipe/draw"
)

// Line is a curve over the steps; NaN leaves a gap.
type Line struct {
	Name   string
	Values []float64
	Colour int  // of draw.Colour
	Thin   bool // one pixel wide
}

// Band is the room between two curves.
type Band struct {
	Low, High []float64
	Colour    int
}

// Mark is a stretch of steps, From up to but without To.
type Mark struct {
	From, To int
	Colour   int
	Strip    bool // a strip at the lower edge, not the whole height
}

// Chart is what is drawn. All its lines and bands have as many values as there
// are steps, or fewer.
type Chart struct {
	Title string
	Steps int
	Label func(step int) string // the words for a step on the axis
	Lines []Line
	Bands []Band
	Marks []Mark
	// Width and Height are in pixels; 0: 1000, and 320.
	Width, Height int
}

// the room around the plot, in pixels, and the size of words.
const (
	left, right, top, bottom = 64, 14, 46, 26
	words                    = 14
)

var (
	ink   = color.RGBA{40, 40, 48, 255}
	faint = color.RGBA{222, 222, 228, 255}
	paper = color.RGBA{255, 255, 255, 255}
)

// plane maps steps and values to pixels.
type plane struct {
	*image.RGBA
	plot           image.Rectangle
	steps          int
	lowest, height float64
}

// Draw draws the chart.
func (c *Chart) Draw() *image.RGBA {
	if c.Width == 0 {
		c.Width = 1000
	}
	if c.Height == 0 {
		c.Height = 320
	}
	p := &plane{RGBA: image.NewRGBA(image.Rect(0, 0, c.Width, c.Height)), steps: max(1, c.Steps), plot: image.Rect(left, top, c.Width-right, c.Height-bottom)}
	p.fill(p.Rect, paper)
	low, high := c.span()
	p.lowest, p.height = low, high-low
	c.axes(p)
	for _, m := range c.Marks {
		p.mark(m)
	}
	for _, b := range c.Bands {
		p.band(b)
	}
	for _, l := range c.Lines {
		p.line(l)
	}
	c.legend(p)
	return p.RGBA
}

// mostValue bounds what the axis spans: the width of twice as much is a number
// still.
const mostValue = math.MaxFloat64 / 8

// span is that of all finite values, with some room.
func (c *Chart) span() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	see := func(values []float64) {
		for _, v := range values {
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				v = min(max(v, -mostValue), mostValue)
				low, high = min(low, v), max(high, v)
			}
		}
	}
	for _, l := range c.Lines {
		see(l.Values)
	}
	for _, b := range c.Bands {
		see(b.Low)
		see(b.High)
	}
	switch {
	case low > high:
		return 0, 1
	case high-low < 1e-9*max(1, math.Abs(low)):
		half := max(0.5, 1e-9*math.Abs(low)) // 0.5 is lost beside a large number
		return low - half, high + half
	}
	room := (high - low) / 20
	return low - room, high + room
}

func (p *plane) x(step float64) int {
	return p.plot.Min.X + int(math.Round((step+0.5)/float64(p.steps)*float64(p.plot.Dx()-1)))
}

func (p *plane) y(v float64) int {
	share := min(max((v-p.lowest)/p.height, 0), 1)
	return p.plot.Max.Y - 1 - int(math.Round(share*float64(p.plot.Dy()-1)))
}

func (p *plane) fill(r image.Rectangle, c color.RGBA) {
	stddraw.Draw(p, r, image.NewUniform(c), image.Point{}, stddraw.Src)
}

// tint mixes a share of a colour into a pixel.
func (p *plane) tint(x, y int, c color.RGBA, share float64) {
	if !image.Pt(x, y).In(p.plot) {
		return
	}
	was := p.RGBAAt(x, y)
	mix := func(a, b uint8) uint8 { return uint8(float64(a)*(1-share) + float64(b)*share) }
	p.SetRGBA(x, y, color.RGBA{mix(was.R, c.R), mix(was.G, c.G), mix(was.B, c.B), 255})
}

// axes draws the title, round values with lines across, and a few steps' words.
func (c *Chart) axes(p *plane) {
	draw.Text(p.RGBA, image.Pt(8, 4), words+2, c.Title, ink, paper)
	for _, v := range round(p.lowest, p.lowest+p.height) {
		y := p.y(v)
		p.fill(image.Rect(p.plot.Min.X, y, p.plot.Max.X, y+1), faint)
		text := number(v)
		size := draw.TextSize(words, text)
		draw.Text(p.RGBA, image.Pt(left-8-size.X, y-size.Y/2), words, text, ink, paper)
	}
	if c.Label == nil {
		return
	}
	const each = 6
	for i := range each {
		step := (2*i + 1) * p.steps / (2 * each)
		text := c.Label(step)
		size := draw.TextSize(words, text)
		draw.Text(p.RGBA, image.Pt(p.x(float64(step))-size.X/2, p.plot.Max.Y+4), words, text, ink, paper)
	}
}

// legend names the lines, each in its colour.
func (c *Chart) legend(p *plane) {
	at := left
	for _, l := range c.Lines {
		if l.Name == "" {
			continue
		}
		size := draw.TextSize(words, l.Name)
		p.fill(image.Rect(at, 32, at+18, 35), draw.Colour(l.Colour))
		draw.Text(p.RGBA, image.Pt(at+24, 33-size.Y/2), words, l.Name, ink, paper)
		at += size.X + 48
	}
}

// mark tints a stretch.
func (p *plane) mark(m Mark) {
	y := p.plot.Min.Y
	share := 0.22
	if m.Strip {
		y, share = p.plot.Max.Y-8, 0.9
	}
	from, to := p.x(float64(m.From)-0.5), p.x(float64(m.To)-0.5)
	for x := from; x < max(to, from+2); x++ {
		for yy := y; yy < p.plot.Max.Y; yy++ {
			p.tint(x, yy, draw.Colour(m.Colour), share)
		}
	}
}

// between is a value between two steps.
func between(values []float64, at float64) float64 {
	i := int(math.Floor(at))
	if i < 0 || i >= len(values) {
		return math.NaN()
	}
	if i+1 >= len(values) {
		return values[i]
	}
	t := at - float64(i)
	if t == 0 {
		return values[i]
	}
	return values[i]*(1-t) + values[i+1]*t
}

// band tints the room between two curves, column by column.
func (p *plane) band(b Band) {
	for x := p.plot.Min.X; x < p.plot.Max.X; x++ {
		step := float64(x-p.plot.Min.X)/float64(p.plot.Dx()-1)*float64(p.steps) - 0.5
		low, high := between(b.Low, step), between(b.High, step)
		if math.IsNaN(low) || math.IsNaN(high) {
			continue
		}
		for y := p.y(high); y <= p.y(low); y++ {
			p.tint(x, y, draw.Colour(b.Colour), 0.25)
		}
	}
}

// line joins the values that follow each other; one that stands alone is a dot.
func (p *plane) line(l Line) {
	wide := 2
	if l.Thin {
		wide = 1
	}
	for i, v := range l.Values {
		if math.IsNaN(v) {
			continue
		}
		x, y := p.x(float64(i)), p.y(v)
		p.dot(x, y, wide, draw.Colour(l.Colour))
		if i+1 < len(l.Values) && !math.IsNaN(l.Values[i+1]) {
			p.stroke(x, y, p.x(float64(i+1)), p.y(l.Values[i+1]), wide, draw.Colour(l.Colour))
		}
	}
}

func (p *plane) dot(x, y, wide int, c color.RGBA) {
	p.fill(image.Rect(x, y, x+wide, y+wide).Intersect(p.plot), c)
}

func (p *plane) stroke(x0, y0, x1, y1, wide int, c color.RGBA) {
	n := max(x1-x0, y1-y0, y0-y1, 1)
	for i := range n + 1 {
		p.dot(x0+(x1-x0)*i/n, y0+(y1-y0)*i/n, wide, c)
	}
}

// round are a few round values from lo to hi.
func round(lo, hi float64) (all []float64) {
	step := math.Pow(10, math.Floor(math.Log10((hi-lo)/4)))
	for _, m := range []float64{1, 2, 5, 10} {
		if (hi-lo)/(step*m) <= 5 {
			step *= m
			break
		}
	}
	for i := math.Ceil(lo / step); i*step <= hi && len(all) < 12; i++ {
		all = append(all, i*step)
	}
	return all
}

func number(v float64) string {
	if a := math.Abs(v); a != 0 && (a < 1e-4 || a >= 1e7) {
		return fmt.Sprintf("%.1e", v)
	}
	return strings.TrimSuffix(fmt.Sprintf("%.6g", v+0), ".0")
}

// Stack puts pictures one below the other.
func Stack(all ...*image.RGBA) *image.RGBA {
	width, height := 0, 0
	for _, img := range all {
		width, height = max(width, img.Rect.Dx()), height+img.Rect.Dy()
	}
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	y := 0
	for _, img := range all {
		for row := range img.Rect.Dy() {
			copy(out.Pix[(y+row)*out.Stride:], img.Pix[row*img.Stride:row*img.Stride+4*img.Rect.Dx()])
		}
		y += img.Rect.Dy()
	}
	return out
}
