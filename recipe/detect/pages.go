package detect

import (
	"context"
	"fmt"
	"image"
	"image/color"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/draw"
	"github.com/limpid-ml/limpid/recipe/report"
	"github.com/limpid-ml/limpid/tensor"
)

// How much of each kind the report shows.
const (
	shownScenes = 10
	shownHeat   = 6
	shownFaults = 18
)

// pages are the recipe's part of the report.
func (w *work) pages(ctx context.Context, m *recipe.Measured) ([]report.Section, error) {
	scenes, err := w.scenesSection()
	if err != nil {
		return nil, err
	}
	heat, err := w.heatSection()
	if err != nil {
		return nil, err
	}
	faults, err := w.faultsSection()
	if err != nil {
		return nil, err
	}
	all := []report.Section{scenes, w.scoresSection(m), w.curvesSection(), faults, w.confusionSection(), heat, theorySection(len(w.classes)), w.templatesSection()}
	if !w.own {
		all = append(all, searchSection())
	}
	return all, nil
}

// scenesSection shows what is there and what was found, side by side.
func (w *work) scenesSection() (s report.Section, err error) {
	var pictures []report.Picture
	for i := range min(shownScenes, w.parts.Test.Len()) {
		e, err := w.parts.Test.At(i)
		if err != nil {
			return s, err
		}
		found, err := w.find(e.X)
		if err != nil {
			return s, err
		}
		img := imageOf(e.X)
		left, right := w.truths(e.Objects()), w.marks(found)
		pictures = append(pictures, report.Picture{Image: beside(w.boxes(img, left), w.boxes(img, right)),
			Hint: fmt.Sprintf("test picture %d", i), Text: fmt.Sprintf("%d there, %d found", len(left), len(right))})
	}
	return report.Section{Title: "What is there, and what was found", Text: []string{
		fmt.Sprintf("The first pictures of the test split, none of which the network had seen: on the left of each pair the boxes that are right, on the right those that it found, with how sure it is. It draws what it is at least %.0f%% sure of.", 100*w.options.Sure),
	}, Body: []report.Figure{report.Large(pictures)}}, nil
}

// find returns what the network finds in an X, each thing once.
func (w *work) find(x tensor.Tensor) ([]metric.Detection, error) {
	y, err := w.net.Predict(x.Reshape(append([]int{1}, x.Shape()...)...))
	if err != nil {
		return nil, err
	}
	return named(metric.Found(y)[0]), nil
}

// boxes draws marks on a picture at a size at which they can be read.
func (w *work) boxes(img image.Image, marks []draw.Mark) *image.RGBA {
	return draw.Boxes(img, draw.Factor(img.Bounds().Size(), leastSide), marks)
}

func (w *work) truths(objects []data.Object) (all []draw.Mark) {
	for _, o := range objects {
		m := draw.Mark{X1: float64(o.X1), Y1: float64(o.Y1), X2: float64(o.X2), Y2: float64(o.Y2), Class: int(o.Label), Words: w.classes[o.Label]}
		if o.Crowd {
			m.Words += " (several)"
		}
		all = append(all, m)
	}
	return all
}

// marks are the boxes that the network is sure of.
func (w *work) marks(found []metric.Detection) (all []draw.Mark) {
	for _, d := range found {
		if d.Score >= w.options.Sure {
			all = append(all, draw.Mark{X1: d.X1, Y1: d.Y1, X2: d.X2, Y2: d.Y2, Class: d.Label, Words: w.words(d)})
		}
	}
	return all
}

// beside puts two pictures of one size next to each other.
func beside(a, b *image.RGBA) *image.RGBA {
	const gap = 6
	to := image.NewRGBA(image.Rect(0, 0, a.Rect.Dx()+gap+b.Rect.Dx(), a.Rect.Dy()))
	paste(to, a, 0)
	paste(to, b, a.Rect.Dx()+gap)
	return to
}

func paste(to, from *image.RGBA, x int) {
	for y := range from.Rect.Dy() {
		copy(to.Pix[to.PixOffset(x, y):], from.Pix[from.PixOffset(0, y):from.PixOffset(0, y)+4*from.Rect.Dx()])
	}
}

// scoresSection tells how each class is found.
func (w *work) scoresSection(m *recipe.Measured) report.Section {
	v := w.verdict
	all, templates := v.all.Scores(), v.templates.Scores()
	byLabel := map[int]metric.ClassDetections{}
	for _, c := range templates.Classes {
		byLabel[c.Label] = c
	}
	var rows [][]string
	for _, c := range all.Classes {
		rows = append(rows, []string{w.classes[c.Label], fmt.Sprint(c.Objects), share(c.AP50), share(c.AP75), share(c.AP), share(c.AR100), share(byLabel[c.Label].AP50)})
	}
	rows = append(rows, []string{"mean over the classes", fmt.Sprint(v.objects), share(all.AP50), share(all.AP75), share(all.AP), share(all.AR100), share(templates.AP50)})
	any, plain := v.things.AnyClass(), v.templates.AnyClass()
	rows = append(rows, []string{"whatever the class", fmt.Sprint(v.objects), share(any.AP50), share(any.AP75), share(any.AP), share(any.AR100), share(plain.AP50)})
	return report.Section{Title: "How well each class is found", Text: []string{
		"A box counts as right if its class is right and it overlaps the true box enough: IoU, the area that both share as a part of the area that they cover together, of at least 0.5 for AP50, of 0.75 for AP75; AP is the mean over ten thresholds from 0.5 to 0.95, as the COCO benchmark has it. Average precision is the area below the curve further down: 100% if every thing is found, and no wrong box is surer than a right one.",
		"The last row asks only whether there is something, not what. What is missing from there to the row above it is therefore naming, not finding.",
	}, Body: []report.Figure{
		report.Table([]string{"class", "in the test", "AP50", "AP75", "AP", "most recall", "AP50 of templates"}, rows).Under(
			"The last column is template matching on the same pictures: see below."),
	}}
}

func share(v float64) string { return fmt.Sprintf("%.1f%%", 100*orZero(v)) }

// curvesSection draws precision over recall.
func (w *work) curvesSection() report.Section {
	v := w.verdict
	zero, one := 0.0, 1.0
	chart := func(title string) report.Chart {
		return report.Chart{Title: title, X: "recall: share of the things that were found, %", Percent: true, MinY: &zero, MaxY: &one}
	}
	s := report.Section{Title: "Few and sure, or all and doubtful", Text: []string{
		"Whoever takes only boxes of which the network is very sure gets few wrong ones (high precision) and misses things (low recall); whoever takes all of them finds nearly everything, and more that is wrong. Each curve goes through all those choices, at an IoU of 0.5; setting predict's sure picks a point on it.",
	}}
	s.Body = append(s.Body, report.Lines(chart("precision, whatever the class"),
		line(&v.things, -1, "the network"), line(v.templates, -1, "templates")))
	const each = 5
	for from := 0; from < min(len(w.classes), 3*each); from += each {
		var lines []report.Line
		for k := from; k < min(from+each, len(w.classes)); k++ {
			lines = append(lines, line(&v.all, k, w.classes[k]))
		}
		s.Body = append(s.Body, report.Lines(chart("precision by class"), lines...))
	}
	return s
}

// line is a class's curve, thinned out.
func line(c *metric.COCO, label int, name string) report.Line {
	recall, precision := c.Curve(label, 0.5)
	l := report.Line{Name: name}
	step := len(recall)/200 + 1
	for i := 0; i < len(recall); i += step {
		l.X, l.Y = append(l.X, 100*recall[i]), append(l.Y, precision[i])
	}
	return l
}

// faultsSection shows the mistakes of which the network was surest.
func (w *work) faultsSection() (s report.Section, err error) {
	v := w.verdict
	var names []string
	var counts []float64
	for _, k := range kindNames {
		names, counts = append(names, k), append(counts, float64(v.kinds[k]))
	}
	var pictures []report.Picture
	for _, f := range v.faults[:min(shownFaults, len(v.faults))] {
		e, err := w.parts.Test.At(f.picture)
		if err != nil {
			return s, err
		}
		text := f.kind
		if f.kind == wrongClass {
			text = "it is: " + w.classes[f.truth]
		}
		pictures = append(pictures, report.Picture{Image: closeUp(imageOf(e.X), f.found), Bold: w.words(f.found), Text: text, Hint: fmt.Sprintf("test picture %d", f.picture)})
	}
	return report.Section{Title: "The most confident mistakes", Text: []string{
		fmt.Sprintf("Of %d things in the test pictures %d were found and named rightly, by boxes of which the network was at least %.0f%% sure. The bars count what went wrong instead; below are the mistakes of which it was surest.", v.objects, v.right, 100*sure),
	}, Body: []report.Figure{
		report.Bars("mistakes by kind", names, counts, nil, func(n float64) string { return fmt.Sprintf("%.0f", n) }),
		report.Pictures(false, pictures),
	}}, nil
}

// closeUp cuts a square out around a box, and draws the box.
func closeUp(img *image.RGBA, d metric.Detection) image.Image {
	all := draw.Boxes(img, draw.Factor(img.Rect.Size(), leastSide), []draw.Mark{{X1: d.X1, Y1: d.Y1, X2: d.X2, Y2: d.Y2, Class: d.Label}})
	scale := float64(all.Rect.Dx()) / float64(img.Rect.Dx())
	side := min(int(1.6*scale*max(d.X2-d.X1, d.Y2-d.Y1))+8, all.Rect.Dx(), all.Rect.Dy())
	x := min(max(int(scale*(d.X1+d.X2)/2)-side/2, 0), all.Rect.Dx()-side)
	y := min(max(int(scale*(d.Y1+d.Y2)/2)-side/2, 0), all.Rect.Dy()-side)
	return all.SubImage(image.Rect(x, y, x+side, y+side))
}

// confusionSection shows what things that were found are taken for.
func (w *work) confusionSection() report.Section {
	return report.Section{Title: "What is taken for what", Text: []string{
		"Of things that were found (IoU of at least 0.5): each row is what it is, each column what it was called. Blue is right; the more orange a cell, the more often its row is taken for its column.",
	}, Body: []report.Figure{report.Confusion(w.classes, w.verdict.confusion)}}
}

// heatSection shows where the network sees centres.
func (w *work) heatSection() (s report.Section, err error) {
	var pictures []report.Picture
	for i := range min(shownHeat, w.parts.Test.Len()) {
		e, err := w.parts.Test.At(i)
		if err != nil {
			return s, err
		}
		heat, err := w.heat(e.X)
		if err != nil {
			return s, err
		}
		img := imageOf(e.X)
		factor := draw.Factor(img.Rect.Size(), leastSide)
		pictures = append(pictures, report.Picture{Image: beside(draw.Enlarged(img, factor), draw.Enlarged(glow(img, heat), factor)), Hint: fmt.Sprintf("test picture %d", i)})
	}
	return report.Section{Title: "Where it sees centres", Text: []string{
		"For each cell of 4 × 4 pixels the network says how likely the centre of a thing lies in it. On the right of each pair that map lies on the darkened picture: each thing that it finds is one small spot, in the colour of the class that it would give it; the peak of a spot is a detection.",
	}, Body: []report.Figure{report.Large(pictures)}}, nil
}

// heat is a map of cells: how likely a centre is in each, and of which class it
// would be most likely.
type heat struct {
	p     []float64
	label []int
	h, w  int
}

// heat runs the network on an X for its heat map.
func (w *work) heat(x tensor.Tensor) (heat, error) {
	var m heat
	err := w.net.Do(func(p *nn.Pass) error {
		maps := w.model.Maps(p, x.Reshape(append([]int{1}, x.Shape()...)...))
		m.h, m.w = maps.Heat.Dim(1), maps.Heat.Dim(2)
		for _, v := range tensor.Data[float32](maps.Heat.Sigmoid().Detach()) {
			m.p = append(m.p, float64(v))
		}
		for _, k := range tensor.Data[int32](maps.Class.ArgMax(-1).Detach()) {
			m.label = append(m.label, int(k))
		}
		return nil
	})
	return m, err
}

// glow lays a heat map over a picture.
func glow(img *image.RGBA, m heat) *image.RGBA {
	out := draw.Canvas(img)
	size := out.Rect.Size()
	for y := range size.Y {
		for x := range size.X {
			cell := min(y*m.h/size.Y, m.h-1)*m.w + min(x*m.w/size.X, m.w-1)
			c, hot := out.RGBAAt(x, y), draw.Colour(m.label[cell])
			mix := func(a, b uint8) uint8 { return uint8(0.35*(1-m.p[cell])*float64(a) + m.p[cell]*float64(b)) }
			out.SetRGBA(x, y, color.RGBA{mix(c.R, hot.R), mix(c.G, hot.G), mix(c.B, hot.B), 255})
		}
	}
	return out
}

// templatesSection tells what the network is compared with.
func (w *work) templatesSection() report.Section {
	var rows [][]string
	for _, t := range w.verdict.tried {
		rows = append(rows, []string{featureNames[t.look], fmt.Sprint(t.overlap), share(t.map50)})
	}
	return report.Section{Title: "What it is compared with", Text: []string{
		"Template matching, as detectors were before they learned what to look at: the mean of each class's training pictures, of 8 × 8 values, slides over the test picture in windows of twelve sizes and forms that are usual for the training boxes; the window's correlation with the template is the score, and of windows that overlap the better one stays. What is compared, and from which overlap on a window goes, was chosen on the validation pictures by this table; then it had its one look at the test split.",
		"Source: Duda and Hart 1973, “Pattern classification and scene analysis”, section 7.4.",
	}, Body: []report.Figure{report.Table([]string{"what is compared", "overlap", "AP50 on validation"}, rows)}}
}
