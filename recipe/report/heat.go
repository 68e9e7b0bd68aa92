package report

import (
	"fmt"
	"html/template"
	"strings"
)

// Heat draws values from 0 to 1 as cells, the darker the greater: values[i][j]
// in the row named rows[i] and the column named columns[j]. Names are short,
// a letter or two.
func Heat(title string, rows, columns []string, values [][]float64) Figure {
	const cell, top = 20, 46
	left := 24
	for _, r := range rows {
		left = max(left, 8*len([]rune(r))+14)
	}
	var b strings.Builder
	begin(&b, max(left+cell*len(columns)+8, 8*len([]rune(title))), top+cell*len(rows)+8, title)
	for j, c := range columns {
		fmt.Fprintf(&b, `<text class="in" text-anchor="middle" x="%d" y="%d">%s</text>`, left+cell*j+cell/2, top-6, esc(c))
	}
	for i, row := range values {
		fmt.Fprintf(&b, `<text class="in" text-anchor="end" x="%d" y="%d">%s</text>`, left-6, top+cell*i+cell/2+4, esc(rows[i]))
		for j, v := range row {
			fmt.Fprintf(&b, `<g><title>%s, %s: %.2f</title><rect class="bar s0" x="%d" y="%d" width="%d" height="%d" fill-opacity="%.2f"/></g>`,
				esc(rows[i]), esc(columns[j]), v, left+cell*j, top+cell*i, cell-1, cell-1, 0.03+0.97*max(0, min(1, v)))
		}
	}
	b.WriteString("</svg>")
	return Figure{HTML: template.HTML(b.String())}
}
