package report

import (
	"fmt"
	"html/template"
	"math"
	"strings"
)

// Line is a named curve.
type Line struct {
	Name string
	X, Y []float64
	Dots bool // mark the points
	Free bool // and draw no line between them
	Dash bool // a thin line to compare with
}

// Chart says how lines are drawn. The zero value fits axes to the lines.
type Chart struct {
	Title, X, Y   string // words for the figure and its axes
	Width, Height int    // in pixels; 0: 440 by 280
	MinY, MaxY    *float64
	Percent       bool // y is a share
	Log           bool // y goes by powers of ten; what is not above 0 is left out
}

// colours is how many colours lines have before they repeat.
const colours = 8

// Lines draws curves over common axes. Values that are not finite are left
// out.
func Lines(c Chart, lines ...Line) Figure {
	if c.Width == 0 {
		c.Width, c.Height = 440, 280
	}
	if c.Log {
		lines = powers(lines)
	}
	keys, rows := legend(c.Width, lines)
	c.Height += legendRow * (rows - 1)
	f := c.frame(lines)
	f.y1 += legendRow * float64(rows-1)
	var b strings.Builder
	f.open(&b, c)
	for i, l := range lines {
		f.line(&b, l, i%colours)
	}
	b.WriteString(keys)
	b.WriteString("</svg>")
	return Figure{HTML: template.HTML(b.String())}
}

// powers replaces the values of lines by their logarithms to the base ten.
func powers(lines []Line) []Line {
	all := make([]Line, len(lines))
	for i, l := range lines {
		all[i] = l
		all[i].Y = make([]float64, len(l.Y))
		for k, v := range l.Y {
			if all[i].Y[k] = math.Log10(v); !(v > 0) {
				all[i].Y[k] = math.NaN()
			}
		}
	}
	return all
}

// legendRow is the height of a row of names.
const legendRow = 16

// legend writes the lines' names, in as many rows as they need.
func legend(width int, lines []Line) (text string, rows int) {
	var b strings.Builder
	at := 0
	rows = 1
	for i, l := range lines {
		if l.Name == "" {
			continue
		}
		long := 8*len([]rune(l.Name)) + 14
		if at > 0 && at+long > width-60 {
			at, rows = 0, rows+1
		}
		fmt.Fprintf(&b, `<text class="key s%d" x="%d" y="%d">%s</text>`, i%colours, legendAt+at, 34+legendRow*(rows-1), esc(l.Name))
		at += long
	}
	return b.String(), rows
}

// legendAt is where names begin.
const legendAt = 60

// frame maps values to the pixels of a figure.
type frame struct {
	x0, y0, x1, y1         float64 // the corners of the plot in pixels, y0 below
	minX, maxX, minY, maxY float64
	whole                  bool // all x are whole numbers
}

func (c *Chart) frame(lines []Line) frame {
	f := frame{x0: 52, y0: float64(c.Height) - 40, x1: float64(c.Width) - 12, y1: 44, whole: true,
		minX: math.Inf(1), maxX: math.Inf(-1), minY: math.Inf(1), maxY: math.Inf(-1)}
	for _, l := range lines {
		for i := range l.X {
			if isFinite(l.Y[i]) {
				f.whole = f.whole && l.X[i] == math.Trunc(l.X[i])
				f.minX, f.maxX = min(f.minX, l.X[i]), max(f.maxX, l.X[i])
				f.minY, f.maxY = min(f.minY, l.Y[i]), max(f.maxY, l.Y[i])
			}
		}
	}
	if c.MinY != nil {
		f.minY = *c.MinY
	}
	if c.MaxY != nil {
		f.maxY = *c.MaxY
	}
	f.minX, f.maxX = apart(f.minX, f.maxX)
	f.minY, f.maxY = apart(f.minY, f.maxY)
	return f
}

// apart returns two bounds that differ, whatever it is given.
func apart(lo, hi float64) (float64, float64) {
	if !isFinite(lo) || !isFinite(hi) {
		return 0, 1
	}
	if hi-lo < 1e-12*max(1, math.Abs(lo)) {
		return lo - 0.5, lo + 0.5
	}
	return lo, hi
}

func isFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

func (f *frame) x(v float64) float64 { return f.x0 + (v-f.minX)/(f.maxX-f.minX)*(f.x1-f.x0) }
func (f *frame) y(v float64) float64 { return f.y0 + (v-f.minY)/(f.maxY-f.minY)*(f.y1-f.y0) }

// open begins the figure: its title, axes and grid.
func (f *frame) open(b *strings.Builder, c Chart) {
	begin(b, c.Width, c.Height, c.Title)
	for _, v := range ticks(f.minY, f.maxY, c.Log) {
		fmt.Fprintf(b, `<line class="grid" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/><text text-anchor="end" x="%.1f" y="%.1f">%s</text>`,
			f.x0, f.x1, f.y(v), f.y(v), f.x0-6, f.y(v)+4, c.label(v))
	}
	for _, v := range ticks(f.minX, f.maxX, f.whole) {
		fmt.Fprintf(b, `<text text-anchor="middle" x="%.1f" y="%.1f">%s</text>`, f.x(v), f.y0+17, number(v))
	}
	fmt.Fprintf(b, `<line class="axis" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, f.x0, f.x1, f.y0, f.y0)
	fmt.Fprintf(b, `<text text-anchor="middle" x="%.1f" y="%d">%s</text>`, (f.x0+f.x1)/2, c.Height-6, esc(c.X))
}

func begin(b *strings.Builder, width, height int, title string) {
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-label="%s">`, width, height, width, height, esc(title))
	fmt.Fprintf(b, `<text class="title" x="2" y="15">%s</text>`, esc(title))
}

func (c *Chart) label(v float64) string {
	if c.Log {
		if v == math.Trunc(v) && math.Abs(v) <= 3 {
			return number(math.Pow(10, v))
		}
		return "1e" + number(v)
	}
	if c.Percent {
		return number(100*v) + "%"
	}
	return number(v)
}

func (f *frame) line(b *strings.Builder, l Line, colour int) {
	class := fmt.Sprintf("s%d", colour)
	if l.Dash {
		class = "dash"
	}
	if !l.Free {
		fmt.Fprintf(b, `<polyline class="%s" points="`, class)
		for i := range l.X {
			if isFinite(l.Y[i]) {
				fmt.Fprintf(b, "%.1f,%.1f ", f.x(l.X[i]), f.y(l.Y[i]))
			}
		}
		b.WriteString(`"/>`)
	}
	if !l.Dots && !l.Free {
		return
	}
	for i := range l.X {
		if isFinite(l.Y[i]) {
			fmt.Fprintf(b, `<circle class="s%d" cx="%.1f" cy="%.1f" r="3"><title>%s: %s</title></circle>`, colour, f.x(l.X[i]), f.y(l.Y[i]), number(l.X[i]), number(l.Y[i]))
		}
	}
}

// ticks are a few round values in [lo, hi]; whole ones if asked for.
func ticks(lo, hi float64, whole bool) []float64 {
	step := math.Pow(10, math.Floor(math.Log10((hi-lo)/4)))
	for _, m := range []float64{1, 2, 5, 10} {
		if (hi-lo)/(step*m) <= 5 {
			step *= m
			break
		}
	}
	if whole {
		step = max(1, step)
	}
	var all []float64
	for i := math.Ceil(lo/step - 1e-9); i*step <= hi+1e-9*step; i++ {
		all = append(all, i*step)
	}
	return all
}

// number writes a value with as many digits as a reader wants.
func number(v float64) string {
	if a := math.Abs(v); a != 0 && (a < 1e-4 || a >= 1e6) {
		return fmt.Sprintf("%.1e", v)
	}
	return strings.TrimSuffix(fmt.Sprintf("%.4g", v+0), ".0")
}

func esc(s string) string { return template.HTMLEscapeString(s) }
