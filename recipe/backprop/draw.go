package backprop

import (
	"fmt"
	"html/template"
	"math"
	"strings"

	"github.com/limpid-ml/limpid/recipe/report"
)

// Places of the drawing's nodes, in pixels.
const (
	drawWidth, drawHeight        = 560, 350
	inputX, hiddenX, outX, lossX = 50, 215, 390, 510
	middle                       = 185
)

func inputY(i int) int  { return middle - 60 + 120*i }
func hiddenY(j int) int { return middle - 105 + 105*j }

// drawing is a picture of the network at one step of the walk.
type drawing struct {
	title   string
	words   map[string]string // below a node's name, by the quantity's
	edges   map[string]string // at an edge, by the weight's name
	current string            // nodes and edges whose names begin so are what the step is about
}

// isCurrent tells whether the step is about the quantity.
func (d *drawing) isCurrent(name string) bool {
	for c := range strings.FieldsSeq(d.current) {
		if strings.HasPrefix(name, c) {
			return true
		}
	}
	return false
}

func (d *drawing) figure() report.Figure {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img"><text class="title" x="2" y="15">%s</text>`, drawWidth*4/5, drawHeight*4/5, drawWidth, drawHeight, d.title)
	for j := range 3 {
		for i := range 2 {
			d.edge(&b, nameW1(j, i), inputX, inputY(i), hiddenX, hiddenY(j), 0.66)
		}
		d.edge(&b, nameOf("W2", j), hiddenX, hiddenY(j), outX, middle, 0.5)
	}
	d.edge(&b, "", outX, middle, lossX, middle, 0.5)
	for i := range 2 {
		d.node(&b, nameOf("x", i), inputX, inputY(i), "")
	}
	for j := range 3 {
		d.node(&b, nameOf("h", j), hiddenX, hiddenY(j), nameOf("z1", j))
	}
	d.node(&b, "p", outX, middle, "z2")
	d.node(&b, "L", lossX, middle, "")
	b.WriteString("</svg>")
	return report.Figure{HTML: template.HTML(b.String())}
}

// colour is that of what the step is about, or that of the rest.
func (d *drawing) colour(name string) string {
	if d.isCurrent(name) {
		return "var(--c1)"
	}
	return "var(--soft)"
}

// edge draws a weight, and its words at a share of the way.
func (d *drawing) edge(b *strings.Builder, name string, x0, y0, x1, y1 int, at float64) {
	wide := 1
	if name != "" && d.isCurrent(name) {
		wide = 2
	}
	fmt.Fprintf(b, `<line x1="%d" y1="%d" x2="%d" y2="%d" style="stroke:%s" stroke-width="%d"/>`, x0, y0, x1, y1, d.colour(name+" "), wide)
	if w := d.edges[name]; w != "" {
		x, y := float64(x0)+at*float64(x1-x0), float64(y0)+at*float64(y1-y0)
		fmt.Fprintf(b, `<text text-anchor="middle" x="%.0f" y="%.0f" style="fill:%s;font-size:11px;paint-order:stroke;stroke:var(--paper);stroke-width:4px">%s</text>`, x, y+4, d.colour(name), w)
	}
}

// node draws a value; inner names the sum that its function is applied to.
func (d *drawing) node(b *strings.Builder, name string, x, y int, inner string) {
	fmt.Fprintf(b, `<circle cx="%d" cy="%d" r="27" style="fill:var(--card);stroke:%s" stroke-width="2"/>`, x, y, d.colour(name))
	fmt.Fprintf(b, `<text class="in" text-anchor="middle" x="%d" y="%d" font-weight="600">%s</text>`, x, y-5, name)
	if w := d.words[name]; w != "" {
		fmt.Fprintf(b, `<text text-anchor="middle" x="%d" y="%d" style="fill:%s">%s</text>`, x, y+11, d.colour(name), w)
	}
	if w := d.words[inner]; w != "" {
		fmt.Fprintf(b, `<text text-anchor="middle" x="%d" y="%d" style="fill:%s">%s</text>`, x, y+42, d.colour(inner), w)
	}
}

func short(v float64) string { return strings.Replace(places(v, 3), "-", "−", 1) }

// draw draws the walk of one example: two steps forward, three back.
func draw(t *trace, rows []row) []report.Figure {
	slopes := map[string]float64{}
	for _, r := range rows {
		slopes[r.name] = r.auto
	}
	values, weights := map[string]string{}, map[string]string{}
	grads, gradsW := map[string]string{"L": "1"}, map[string]string{}
	for i, x := range t.x {
		values[nameOf("x", i)] = fmt.Sprint(x)
	}
	for j := range t.h {
		values[nameOf("z1", j)], values[nameOf("h", j)] = "z1 = "+short(t.z1[j]), short(t.h[j])
		grads[nameOf("z1", j)], grads[nameOf("h", j)] = "∂/∂z1 = "+short(slopes[nameOf("z1", j)]), short(slopes[nameOf("h", j)])
		for i, w := range t.weights.w1[j] {
			weights[nameW1(j, i)], gradsW[nameW1(j, i)] = short(w), short(slopes[nameW1(j, i)])
		}
		weights[nameOf("W2", j)], gradsW[nameOf("W2", j)] = short(t.weights.w2[j]), short(slopes[nameOf("W2", j)])
	}
	grads["p"], grads["z2"] = short(slopes["p"]), "∂/∂z2 = "+short(slopes["z2"])
	first := copyOf(values)
	values["p"], values["z2"], values["L"] = short(t.p), "z2 = "+short(t.z2), short(t.loss)
	steps := []drawing{
		{title: "1. Forward: weights times inputs, then tanh", words: first, edges: weights, current: "W1 z1 h"},
		{title: "2. Forward: the output, and the loss", words: values, edges: weights, current: "W2 z2 p L"},
		{title: "3. Back: how the loss changes with the output", words: grads, edges: nil, current: "L p z2"},
		{title: "4. Back: through the second weights to the hidden units", words: grads, edges: onlyW2(gradsW), current: "W2 h z1"},
		{title: "5. Back: the first weights", words: grads, edges: gradsW, current: "W1"},
	}
	steps[2].words = map[string]string{"L": "1", "p": grads["p"], "z2": grads["z2"]}
	var all []report.Figure
	for _, s := range steps {
		all = append(all, s.figure())
	}
	return all
}

func onlyW2(all map[string]string) map[string]string {
	some := map[string]string{}
	for name, w := range all {
		if strings.HasPrefix(name, "W2") {
			some[name] = w
		}
	}
	return some
}

func copyOf(all map[string]string) map[string]string {
	c := map[string]string{}
	for name, w := range all {
		c[name] = w
	}
	return c
}

// plane draws what the trained network answers between and around the four
// points: light is yes, dark is no.
func plane(n tiny) report.Figure {
	const cells, from, to = 48, -0.5, 1.5
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="330" height="330" viewBox="0 0 330 330" role="img"><text class="title" x="2" y="15">the answer over the plane of inputs</text>`)
	side := 288.0 / cells
	for r := range cells {
		for c := range cells {
			x := [2]float64{from + (to-from)*(float64(c)+0.5)/cells, to - (to-from)*(float64(r)+0.5)/cells}
			p := n.run(x, 1, "", 0).p
			fmt.Fprintf(&b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" style="fill:var(--%s)" fill-opacity="%.2f"/>`, 20+float64(c)*side, 28+float64(r)*side, side, side, hue(p), math.Abs(p-0.5)*1.6)
		}
	}
	for _, e := range table {
		px, py := 20+(e.x[0]-from)/(to-from)*288, 28+(to-e.x[1])/(to-from)*288
		fmt.Fprintf(&b, `<circle cx="%.0f" cy="%.0f" r="11" style="fill:var(--card);stroke:var(--ink)"/><text class="in" text-anchor="middle" x="%.0f" y="%.0f">%g</text>`, px, py, px, py+4, e.y)
	}
	b.WriteString("</svg>")
	return report.Figure{HTML: template.HTML(b.String())}.Under("Blue: the network says 1. Orange: it says 0. Without colour: it cannot say. The four points are the table of XOR with its answers; no straight line parts the ones from the zeros, but three hidden units can draw a bent border.")
}

// hue is the colour of an answer.
func hue(p float64) string {
	if p > 0.5 {
		return "c0"
	}
	return "c1"
}
