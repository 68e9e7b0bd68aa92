package report

import (
	"fmt"
	"html/template"
	"math"
	"strings"
)

// Span is a piece of a text and how much it counts: 1 as much as any for what
// the text is about, −1 as much as any against it.
type Span struct {
	Text   string
	Weight float64
}

// Marked shows a text, its pieces on a ground that is the stronger the more
// they count: blue for, orange against. The pointer tells a piece's weight.
func Marked(title string, text []Span) Figure {
	var b strings.Builder
	fmt.Fprintf(&b, `<div style="max-width:46rem"><b>%s</b><br><span dir="auto" style="font-size:1.15rem;line-height:1.9">`, esc(title))
	for _, s := range text {
		w, colour := max(-1, min(1, s.Weight)), "--c0"
		if math.IsNaN(w) {
			w = 0
		}
		if w < 0 {
			colour = "--c1"
		}
		fmt.Fprintf(&b, `<span title="%.2f" style="background:color-mix(in srgb,var(%s) %.0f%%,transparent)">%s</span>`, w, colour, 60*math.Abs(w), esc(s.Text))
	}
	b.WriteString("</span></div>")
	return Figure{HTML: template.HTML(b.String())}
}
