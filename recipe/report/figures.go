package report

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/color"
	"image/png"
	"slices"
	"strings"

	"github.com/limpid-ml/limpid/tensor"
)

// Bars draws a bar for each value, one below the other, from 0. Spread, if
// there is one for each, is drawn as a line of that length either way.
func Bars(title string, names []string, values, spread []float64, format func(v float64) string) Figure {
	lo, hi := 0.0, 0.0
	for i, v := range values {
		s := at(spread, i)
		lo, hi = min(lo, v-s), max(hi, v+s)
	}
	lo, hi = apart(lo, hi)
	left, width := 24.0, 360.0
	for _, n := range names {
		left = max(left, 7*float64(len([]rune(n)))+16)
	}
	x := func(v float64) float64 { return left + (v-lo)/(hi-lo)*(width-60) }
	var b strings.Builder
	begin(&b, int(left+width), 30+22*len(names), title)
	for i, v := range values {
		y := 28 + 22*float64(i)
		fmt.Fprintf(&b, `<text text-anchor="end" x="%.1f" y="%.1f">%s</text>`, left-8, y+13, esc(names[i]))
		fmt.Fprintf(&b, `<rect class="bar s0" x="%.1f" y="%.1f" width="%.1f" height="16"/>`, min(x(0), x(v)), y, max(0.5, x(max(v, 0))-x(min(v, 0))))
		if s := at(spread, i); s > 0 {
			fmt.Fprintf(&b, `<line class="axis" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, x(v-s), x(v+s), y+8, y+8)
		}
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f">%s</text>`, x(max(v+at(spread, i), 0))+6, y+13, esc(format(v)))
	}
	b.WriteString("</svg>")
	return Figure{HTML: template.HTML(b.String())}
}

func at(values []float64, i int) float64 {
	if i < len(values) {
		return values[i]
	}
	return 0
}

// Confusion draws a matrix of counts whose rows are true classes and whose
// columns are what they were taken for. Cells are as dark as their share of
// the row; each says its count.
func Confusion(classes []string, counts [][]int) Figure {
	left := 24
	for _, c := range classes {
		left = max(left, 7*len([]rune(c))+12)
	}
	cell, top := 40, left+26
	var b strings.Builder
	begin(&b, left+cell*len(classes)+8, top+cell*len(classes)+8, "rows: what it is; columns: what it was taken for")
	for i, name := range classes {
		fmt.Fprintf(&b, `<text text-anchor="end" x="%d" y="%d">%s</text>`, left-6, top+cell*i+cell/2+4, esc(name))
		fmt.Fprintf(&b, `<text transform="translate(%d %d) rotate(-90)">%s</text>`, left+cell*i+cell/2+4, top-6, esc(name))
	}
	for i, row := range counts {
		total := 0
		for _, n := range row {
			total += n
		}
		for j, n := range row {
			cellOf(&b, left+cell*j, top+cell*i, cell, n, total, i == j, fmt.Sprintf("%s taken for %s: %d of %d", classes[i], classes[j], n, total))
		}
	}
	b.WriteString("</svg>")
	return Figure{HTML: template.HTML(b.String())}
}

func cellOf(b *strings.Builder, x, y, size, n, total int, right bool, title string) {
	share := 0.0
	if total > 0 {
		share = float64(n) / float64(total)
	}
	colour, class := 1, "in"
	if right {
		colour = 0
	}
	dark := min(1, 0.04+share*1.1)
	if !right {
		dark = min(1, share*3)
	}
	if dark > 0.6 {
		class = "out"
	}
	fmt.Fprintf(b, `<g><title>%s</title><rect class="bar s%d" x="%d" y="%d" width="%d" height="%d" fill-opacity="%.2f"/>`, esc(title), colour, x, y, size-2, size-2, dark)
	if n > 0 {
		fmt.Fprintf(b, `<text class="%s" text-anchor="middle" x="%d" y="%d">%d</text>`, class, x+size/2-1, y+size/2+4, n)
	}
	b.WriteString("</g>")
}

// sentence is the length from which on a table's cell is words to wrap rather
// than a figure to line up.
const sentence = 32

// Table draws rows of words under a head. A column that has a sentence in it is
// set as text, others line up on the right.
func Table(head []string, rows [][]string) Figure {
	isText := map[int]bool{}
	for _, row := range rows {
		for j, c := range row {
			isText[j] = isText[j] || len([]rune(c)) > sentence
		}
	}
	var b strings.Builder
	b.WriteString("<table>")
	tableRow(&b, "th", head, isText)
	for _, row := range rows {
		tableRow(&b, "td", row, isText)
	}
	b.WriteString("</table>")
	return Figure{HTML: template.HTML(b.String())}
}

func tableRow(b *strings.Builder, tag string, cells []string, isText map[int]bool) {
	b.WriteString("<tr>")
	for j, c := range cells {
		class := ""
		if isText[j] {
			class = ` class="words"`
		}
		fmt.Fprintf(b, "<%s%s>%s</%s>", tag, class, esc(c), tag)
	}
	b.WriteString("</tr>")
}

// Listing shows lines of text as they are.
func Listing(text string) Figure { return Figure{HTML: template.HTML("<pre>" + esc(text) + "</pre>")} }

// Picture is an image with words.
type Picture struct {
	Image image.Image
	Bold  string // the first line below it
	Text  string // the second
	Hint  string // shown by the pointer
}

// Pictures lays images out in a grid; small ones without words.
func Pictures(small bool, all []Picture) Figure {
	if small {
		return pictures("pictures small", all)
	}
	return pictures("pictures", all)
}

// Large lays images out two in a row, at about the size that they have: those
// that have words or boxes in them.
func Large(all []Picture) Figure { return pictures("pictures large", all) }

func pictures(class string, all []Picture) Figure {
	var b strings.Builder
	fmt.Fprintf(&b, `<div class="%s">`, class)
	for _, p := range all {
		fmt.Fprintf(&b, `<div class="picture"><img alt="%s" title="%s" src="%s">`, esc(p.Bold+" "+p.Text+p.Hint), esc(p.Hint), inline(p.Image))
		if p.Bold != "" {
			fmt.Fprintf(&b, "<b>%s</b>", esc(p.Bold))
		}
		b.WriteString(esc(p.Text) + "</div>")
	}
	b.WriteString("</div>")
	return Figure{HTML: template.HTML(b.String())}
}

// inline encodes an image into an address that holds it.
func inline(img image.Image) string {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil { // of an image without pixels only
		return ""
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())
}

// Image makes an image of a picture [H, W, C], the least value black and the
// greatest white: in colour if C is 3, and else of the mean over C. It is nil
// if x has another shape.
func Image(x tensor.Tensor) image.Image {
	if x.Rank() != 3 || x.Len() == 0 {
		return nil
	}
	values := tensor.Data[float32](x.To(tensor.Float32))
	lo, hi := slices.Min(values), slices.Max(values)
	height, width, c := x.Dim(0), x.Dim(1), x.Dim(2)
	level := func(v float32) uint8 {
		if hi <= lo {
			return 128
		}
		return uint8(255 * (v - lo) / (hi - lo))
	}
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range height * width {
		p := values[i*c : (i+1)*c]
		px := [3]float32{p[0], p[0], p[0]}
		if c == 3 {
			px = [3]float32(p)
		} else if c > 1 {
			mean := sum(p) / float32(c)
			px = [3]float32{mean, mean, mean}
		}
		out.SetRGBA(i%width, i/width, color.RGBA{level(px[0]), level(px[1]), level(px[2]), 255})
	}
	return out
}

func sum(values []float32) (total float32) {
	for _, v := range values {
		total += v
	}
	return total
}
