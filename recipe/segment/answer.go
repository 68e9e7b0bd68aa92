package segment

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/limpid-ml/limpid/format/picture"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/draw"
	"github.com/limpid-ml/limpid/tensor"
)

// options are the settings of an answer.
type options struct {
	Look int     `json:"look" help:"pixels of the longer side of what the network looks at; 0: as in training" min:"0" max:"2048"`
	Tint float64 `json:"tint" help:"share of the classes' colours in what is drawn" min:"0" max:"1"`
}

// tint is how much of the colours is drawn over the picture.
const tint = 0.45

// part is a class in an answer.
type part struct {
	Class  string  `json:"class"`
	Colour string  `json:"colour"`
	Share  float64 `json:"share"` // of the picture's pixels
	Pixels int     `json:"pixels"`
	Sure   float64 `json:"confidence"` // mean probability of the class where it was found
	Box    [4]int  `json:"box"`        // left, top, right and bottom edge around its pixels
}

// found is an answer's value.
type found struct {
	Width   int    `json:"width"`
	Height  int    `json:"height"`
	Classes []part `json:"classes"` // with any pixels, the largest first; the background is left out
	// Background is the share of the pixels where nothing was found.
	Background float64 `json:"background"`

	nothing string // how the background is called
}

// answer labels each pixel of a picture of any size.
func (j *job) answer(_ context.Context, q *recipe.Question) (*recipe.Answer, error) {
	img, err := picture.Decode(q.In)
	if err != nil {
		return nil, fmt.Errorf("picture %q %w", q.Name, err)
	}
	side := j.config.Side
	if j.options.Look > 0 {
		side = max(j.options.Look, 16)
	}
	x, place := draw.Fit(img, side, side, j.around())
	chance, err := chances(j.task.Net, x.Sub(x.Full(0.5)).Scale(4).Reshape(1, side, side, 3), j.config.Mirror)
	if err != nil {
		return nil, err
	}
	labels, sure := enlarge(tensor.Data[float32](chance), side, len(j.known.Classes), place)
	f := j.sumUp(labels, sure)
	a := &recipe.Answer{Text: f.write(), Value: f, Picture: j.draw(img, labels, f), Labels: labels.Image(colourList(j.known.Colours))}
	if w, h := place.Box.Dx(), place.Box.Dy(); w != place.W || h != place.H {
		a.Steps = []string{fmt.Sprintf("looked at it at %d × %d pixels in place of %d × %d, and enlarged what was found", w, h, place.W, place.H)}
	}
	a.Doubt = f.doubt()
	return a, nil
}

// around is what lies around a picture that is not square: what training has
// there, or for scenes, which are square, the grey that is 0 to the network.
func (j *job) around() color.Color {
	if j.config.Data == "" {
		return color.Gray{Y: 128}
	}
	return nil
}

// enlarge returns the class of each of the picture's pixels, and its
// probability: probabilities [side, side, classes] are interpolated bilinearly,
// so that edges stay smooth.
func enlarge(chance []float32, side, classes int, p draw.Place) (*draw.Labels, []float32) {
	l := &draw.Labels{W: p.W, H: p.H, Of: make([]int32, p.W*p.H)}
	sure := make([]float32, p.W*p.H)
	columns := make([]spot, p.W)
	for x := range columns {
		fx, _ := p.To(float64(x)+0.5, 0)
		columns[x] = between(fx-0.5, p.Box.Min.X, p.Box.Max.X)
	}
	row := make([]float32, classes)
	for y := range p.H {
		_, fy := p.To(0, float64(y)+0.5)
		v := between(fy-0.5, p.Box.Min.Y, p.Box.Max.Y)
		upper, lower := chance[v.a*side*classes:], chance[v.b*side*classes:]
		for x, h := range columns {
			a, b := upper[h.a*classes:], upper[h.b*classes:]
			c, d := lower[h.a*classes:], lower[h.b*classes:]
			for k := range row {
				top, bottom := a[k]+h.t*(b[k]-a[k]), c[k]+h.t*(d[k]-c[k])
				row[k] = top + v.t*(bottom-top)
			}
			best := decide(row)
			l.Of[y*p.W+x], sure[y*p.W+x] = int32(best), row[best]
		}
	}
	return l, sure
}

// spot is a place between two pixels a and b, the share t of the way from a.
type spot struct {
	a, b int
	t    float32
}

// between returns the pixels in [lo, hi) around a place.
func between(v float64, lo, hi int) spot {
	v = min(max(v, float64(lo)), float64(hi-1))
	a := int(math.Floor(v))
	return spot{a, min(a+1, hi-1), float32(v - float64(a))}
}

// sumUp counts the pixels of each class.
func (j *job) sumUp(l *draw.Labels, sure []float32) *found {
	f := &found{Width: l.W, Height: l.H, Classes: []part{}}
	all := make([]part, len(j.known.Classes))
	for k := range all {
		all[k] = part{Class: j.known.Classes[k], Colour: j.known.Colours[k], Box: [4]int{l.W, l.H, 0, 0}}
	}
	for i, v := range l.Of {
		p, x, y := &all[v], i%l.W, i/l.W
		p.Pixels++
		p.Sure += float64(sure[i])
		p.Box = [4]int{min(p.Box[0], x), min(p.Box[1], y), max(p.Box[2], x+1), max(p.Box[3], y+1)}
	}
	for k := range all {
		p := &all[k]
		p.Share = float64(p.Pixels) / float64(len(l.Of))
		p.Sure /= max(float64(p.Pixels), 1)
		if k > 0 && p.Pixels > 0 {
			f.Classes = append(f.Classes, *p)
		}
	}
	f.Background, f.nothing = all[0].Share, all[0].Class
	slices.SortStableFunc(f.Classes, func(a, b part) int { return b.Pixels - a.Pixels })
	return f
}

// write tells the shares to people.
func (f *found) write() string {
	var b strings.Builder
	wide := len([]rune(f.nothing))
	for _, p := range f.Classes {
		wide = max(wide, len([]rune(p.Class)))
	}
	for _, p := range f.Classes {
		fmt.Fprintf(&b, "%-*s %5.1f%% of the picture, %3.0f%% sure\n", wide, p.Class, 100*p.Share, 100*p.Sure)
	}
	fmt.Fprintf(&b, "%-*s %5.1f%%\n", wide, f.nothing, 100*f.Background)
	return b.String()
}

// doubt says why the answer may be worth little.
func (f *found) doubt() string {
	if len(f.Classes) == 0 {
		return "nothing was found but background"
	}
	if f.Classes[0].Sure < 0.6 {
		return "the network is not sure of the class it found most of"
	}
	return ""
}

// draw lays the classes' colours over the picture, with a legend below.
func (j *job) draw(img image.Image, l *draw.Labels, f *found) image.Image {
	colours := colourList(j.known.Colours)
	to := draw.Canvas(img)
	draw.Tint(to, l, colours, j.options.Tint, max(max(l.W, l.H)/400, 1))
	keys := make([]draw.Key, 0, len(f.Classes))
	for _, p := range f.Classes {
		keys = append(keys, draw.Key{Colour: parseColour(p.Colour), Words: fmt.Sprintf("%s %.1f%%", p.Class, 100*p.Share)})
	}
	return draw.Legend(to, keys)
}

func colourList(all []string) []color.RGBA {
	list := make([]color.RGBA, len(all))
	for i, c := range all {
		list[i] = parseColour(c)
	}
	return list
}

// parseColour reads "#rrggbb"; all else is transparent.
func parseColour(s string) color.RGBA {
	v, err := strconv.ParseUint(strings.TrimPrefix(s, "#"), 16, 32)
	if err != nil || len(s) != 7 || s[0] != '#' {
		return color.RGBA{}
	}
	return color.RGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 255}
}
