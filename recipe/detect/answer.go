package detect

import (
	"context"
	"fmt"
	"image/color"
	"strings"

	"github.com/limpid-ml/limpid/format/picture"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/draw"
)

// options are the settings of an answer.
type options struct {
	Sure float64 `json:"sure" help:"how sure the network must be of a box" min:"0.05" max:"0.99"`
}

// around is what lies around a picture that is not square: as far from black as
// from white, so that no thing seems to begin there.
var around = color.Gray{128}

// found is a thing in a picture, in pixels of the file.
type found struct {
	Class string     `json:"class"`
	Score float64    `json:"score"`
	Box   [4]float64 `json:"box"` // left, top, right, bottom
}

// finds is an answer.
type finds struct {
	Width  int     `json:"width"`
	Height int     `json:"height"`
	Things []found `json:"things"` // most certain first
}

// leastSide is how many pixels the shorter side of a drawing has at least, for
// words to be read.
const leastSide = 320

// answer finds things in a picture and draws boxes around them.
func (w *work) answer(_ context.Context, q *recipe.Question) (*recipe.Answer, error) {
	img, err := picture.Decode(q.In)
	if err != nil {
		return nil, err
	}
	x, place := draw.Fit(img, w.config.Size, w.config.Size, around)
	y, err := w.net.Predict(x.Shift(-mean).Scale(1/deviation).Reshape(1, w.config.Size, w.config.Size, 3))
	if err != nil {
		return nil, err
	}
	all := finds{Width: place.W, Height: place.H, Things: []found{}}
	var marks []draw.Mark
	for _, d := range named(metric.Found(y)[0]) {
		if d.Score < w.options.Sure {
			continue
		}
		b := back(place, d.Box)
		all.Things = append(all.Things, found{w.classes[d.Label], d.Score, [4]float64{b.X1, b.Y1, b.X2, b.Y2}})
		marks = append(marks, draw.Mark{X1: b.X1, Y1: b.Y1, X2: b.X2, Y2: b.Y2, Class: d.Label, Words: w.words(d)})
	}
	a := &recipe.Answer{Value: all, Text: all.write(w.options.Sure), Steps: steps(place, w.config.Size)}
	a.Picture = draw.Boxes(img, draw.Factor(img.Bounds().Size(), leastSide), marks)
	if !w.own && len(all.Things) == 0 {
		a.Doubt = "it knows the garments of Fashion-MNIST in composed scenes, not those of photographs: train it on pictures like yours with --data"
	}
	return a, nil
}

// words are what is written on a box.
func (w *work) words(d metric.Detection) string {
	return fmt.Sprintf("%s %.0f%%", w.classes[d.Label], 100*d.Score)
}

// back returns where a box of the network's input lies in the picture.
func back(p draw.Place, b metric.Box) (out metric.Box) {
	out.X1, out.Y1 = p.Back(b.X1, b.Y1)
	out.X2, out.Y2 = p.Back(b.X2, b.Y2)
	w, h := float64(p.W), float64(p.H)
	return metric.Box{X1: min(max(out.X1, 0), w), Y1: min(max(out.Y1, 0), h), X2: min(max(out.X2, 0), w), Y2: min(max(out.Y2, 0), h)}
}

// steps says what was done to a picture.
func steps(p draw.Place, side int) (all []string) {
	if p.W != p.Box.Dx() || p.H != p.Box.Dy() {
		all = append(all, fmt.Sprintf("scaled it from %d × %d to %d × %d pixels", p.W, p.H, p.Box.Dx(), p.Box.Dy()))
	}
	if p.Box.Dx() != side || p.Box.Dy() != side {
		all = append(all, fmt.Sprintf("put it in the middle of a grey square of %d × %d", side, side))
	}
	return all
}

// write lists what was found for people.
func (f *finds) write(sure float64) string {
	if len(f.Things) == 0 {
		return fmt.Sprintf("found nothing of which it is %.0f%% sure or more (--set sure=… asks for less)\n", 100*sure)
	}
	wide := 0
	for _, t := range f.Things {
		wide = max(wide, len([]rune(t.Class)))
	}
	var b strings.Builder
	for _, t := range f.Things {
		name := t.Class + strings.Repeat(" ", wide-len([]rune(t.Class)))
		fmt.Fprintf(&b, "%s  %3.0f%%  left %.0f, top %.0f, right %.0f, bottom %.0f\n", name, 100*t.Score, t.Box[0], t.Box[1], t.Box[2], t.Box[3])
	}
	return b.String()
}
