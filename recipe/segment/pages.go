package segment

import (
	"context"
	"fmt"
	"image"
	"strings"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/draw"
	"github.com/limpid-ml/limpid/recipe/report"
	"github.com/limpid-ml/limpid/tensor"
)

// pages are the recipe's part of the report.
func (j *job) pages(_ context.Context, _ *recipe.Measured) ([]report.Section, error) {
	first, err := j.gallery(evenly(len(j.seen.each), shown))
	if err != nil {
		return nil, err
	}
	worst, err := j.gallery(j.seen.order()[:min(shown, len(j.seen.each))])
	if err != nil {
		return nil, err
	}
	maps, err := j.mapsSection()
	if err != nil {
		return nil, err
	}
	legend := draw.Legend(image.NewRGBA(image.Rect(0, 0, 640, 1)), j.keys())
	return []report.Section{
		{Title: "What it finds", Text: []string{
			"Pictures of the test split, which the network has never seen: in each, on the left what there is, in the middle what is marked in it, on the right what the network found. They are spread evenly over the split.",
		}, Body: []report.Figure{report.Large([]report.Picture{{Image: legend}}), report.Large(first)}},
		{Title: "Where it fails worst", Text: []string{
			"The pictures in which the found and the true masks share least, averaged over the classes in the picture. Look whether the outline is wrong, or the class: a good outline with a wrong colour is a garment that was found and mistaken.",
		}, Body: []report.Figure{report.Large(worst)}},
		j.scoresSection(), j.confusionSection(), *maps, theory(j.config), j.searchSection(),
	}, nil
}

// shown is how many pictures a gallery has.
const shown = 12

// evenly returns k of the numbers below n, evenly spaced; all, if k is more.
func evenly(n, k int) []int {
	k = min(n, k)
	all := make([]int, k)
	for i := range all {
		all[i] = i * n / k
	}
	return all
}

func (j *job) keys() []draw.Key {
	var keys []draw.Key
	for k, c := range colourList(j.known.Colours) {
		if k > 0 {
			keys = append(keys, draw.Key{Colour: c, Words: j.known.Classes[k]})
		}
	}
	return keys
}

// gallery shows examples of the test split with true and found masks.
func (j *job) gallery(which []int) ([]report.Picture, error) {
	colours := colourList(j.known.Colours)
	var all []report.Picture
	for _, i := range which {
		e, err := j.task.Test.At(i)
		if err != nil {
			return nil, err
		}
		h, w := e.X.Dim(0), e.X.Dim(1)
		chance, err := chances(j.task.Net, e.X.Reshape(1, h, w, 3), j.config.Mirror)
		if err != nil {
			return nil, err
		}
		found := likeliest(chance)
		truth := &draw.Labels{W: w, H: h, Of: tensor.Data[int32](e.Y)}
		plain := shownAs(e.X)
		row := sideBySide(draw.Enlarged(plain, times), tinted(plain, truth, colours), tinted(plain, found, colours))
		all = append(all, report.Picture{Image: row, Bold: fmt.Sprintf("%.0f%% shared", 100*j.seen.each[i]),
			Text: " " + difference(truth, found, j.known.Classes), Hint: fmt.Sprintf("test picture %d", i)})
	}
	return all, nil
}

// shownAs is a normalised picture [H, W, 3] as it looks.
func shownAs(x tensor.Tensor) *image.RGBA {
	h, w := x.Dim(0), x.Dim(1)
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for i, v := range tensor.View[float32](x) {
		m.Pix[4*(i/3)+i%3] = uint8(min(max(255*(0.25*v+0.5)+0.5, 0), 255))
		m.Pix[4*(i/3)+3] = 255
	}
	return m
}

// likeliest returns the classes decided on for probabilities [1, H, W, classes].
func likeliest(chance tensor.Tensor) *draw.Labels {
	l := &draw.Labels{H: chance.Dim(1), W: chance.Dim(2)}
	c, p := chance.Dim(3), tensor.Data[float32](chance)
	for i := 0; i < len(p); i += c {
		l.Of = append(l.Of, int32(decide(p[i:i+c])))
	}
	return l
}

// times is how much larger galleries show pictures, so that single pixels can
// be told.
const times = 2

// tinted lays labels over a picture, enlarged.
func tinted(img *image.RGBA, l *draw.Labels, colours []rgba) *image.RGBA {
	to, wide := draw.Enlarged(img, times), &draw.Labels{W: times * l.W, H: times * l.H}
	for y := range wide.H {
		for x := range wide.W {
			wide.Of = append(wide.Of, l.At(x/times, y/times))
		}
	}
	draw.Tint(to, wide, colours, 0.5, 1)
	return to
}

// sideBySide puts pictures of one size next to each other, a gap between.
func sideBySide(all ...*image.RGBA) *image.RGBA {
	const gap = 2
	w, h := all[0].Rect.Dx(), all[0].Rect.Dy()
	to := draw.Canvas(image.NewRGBA(image.Rect(0, 0, len(all)*(w+gap)-gap, h)))
	for k, m := range all {
		for y := range h {
			copy(to.Pix[to.PixOffset(k*(w+gap), y):], m.Pix[m.PixOffset(0, y):m.PixOffset(0, y)+4*w])
		}
	}
	return to
}

// difference says which classes are there and were not found, and the other
// way round.
func difference(truth, found *draw.Labels, classes []string) string {
	is, got := make([]int, len(classes)), make([]int, len(classes))
	for i, v := range truth.Of {
		if v >= 0 {
			is[v]++
			got[found.Of[i]]++
		}
	}
	few := len(truth.Of)/500 + 1 // pixels that nobody sees
	var missed, extra []string
	for k := 1; k < len(classes); k++ {
		if is[k] > 0 && got[k] < few {
			missed = append(missed, classes[k])
		}
		if got[k] >= few && is[k] == 0 {
			extra = append(extra, classes[k])
		}
	}
	var words []string
	if missed != nil {
		words = append(words, "not found: "+strings.Join(missed, ", "))
	}
	if extra != nil {
		words = append(words, "and is not there: "+strings.Join(extra, ", "))
	}
	return strings.Join(words, "; ")
}

// scoresSection shows each class's scores beside the reference's.
func (j *job) scoresSection() report.Section {
	var rows [][]string
	var names []string
	var values []float64
	for k, name := range j.known.Classes {
		c, r := &j.seen.confusion, &j.trivial.confusion
		rows = append(rows, []string{name, percent(c.IoU(k)), percent(c.Recall(k)), percent(c.Precision(k)), percent(r.IoU(k))})
		if k > 0 {
			names, values = append(names, name), append(values, 100*c.IoU(k))
		}
	}
	total := func(of *seen) []string {
		var all []string
		for _, name := range []string{"miou", "iou_object", "boundary_f", "accuracy_pixel"} {
			v, _ := of.scores.Number(name)
			all = append(all, percent(v))
		}
		return all
	}
	return report.Section{Title: "How well it does, class by class", Text: []string{
		"IoU, intersection over union, is the share that the found and the true pixels of a class have in common of both together: 100% if they are the same, 0 if they do not touch (Jaccard 1901). It is counted over the pixels of all test pictures. Found: the share of a class's pixels that was found. Right when named: the share of the pixels called so that are.",
		"Boundary F asks for outlines: which share of the outline found lies within " + fmt.Sprintf("%.1f pixels", tolerance(j.config.Side)) + " of the true one, and of the true one of the found, as harmonic mean, over all classes but the background (Csurka et al. 2013).",
		"The reference needs no network: what differs in colour from the picture's border is an object, and its class is that whose mean picture is nearest. Its two settings were chosen on validation pictures, all of them below.",
	}, Body: []report.Figure{
		report.Bars("IoU by class, %", names, values, nil, func(v float64) string { return fmt.Sprintf("%.1f", v) }),
		report.Table([]string{"class", "IoU", "found", "right when named", "IoU of the reference"}, rows),
		report.Table([]string{"", "mean IoU without background", "object or background, IoU", "boundary F", "right pixels"},
			[][]string{append([]string{"network"}, total(j.seen)...), append([]string{"reference"}, total(j.trivial.seen)...)}),
	}}
}

// tolerance is the distance that BoundaryF forgives.
func tolerance(side int) float64 { return max(1, 0.0075*1.41421356*float64(side)) }

func percent(v float64) string { return fmt.Sprintf("%.1f%%", 100*v) }

// confusionSection shows of each class the share of its pixels that are taken
// for each, in thousandths, so that numbers fit.
func (j *job) confusionSection() report.Section {
	counts := make([][]int, len(j.known.Classes))
	for t, row := range j.seen.confusion.Matrix {
		total := 0
		for _, n := range row {
			total += n
		}
		counts[t] = make([]int, len(row))
		for g, n := range row {
			counts[t][g] = (1000*n + total/2) / max(total, 1)
		}
	}
	return report.Section{Title: "Which pixels are taken for which", Text: []string{
		"Of 1,000 pixels of each row's class, how many were taken for each column's. Blue is right. What a row has under background was missed, or lies along its outline; what it has under another class is a mistaken object.",
	}, Body: []report.Figure{report.Confusion(j.known.Classes, counts)}}
}

// mapsSection shows what the network holds at each scale for one picture.
func (j *job) mapsSection() (*report.Section, error) {
	which := 0
	for i, v := range j.seen.each { // one that came out well shows most
		if v > j.seen.each[which] {
			which = i
		}
	}
	e, err := j.task.Test.At(which)
	if err != nil {
		return nil, err
	}
	maps, err := watch(j.task.Net, e)
	if err != nil {
		return nil, err
	}
	s := &report.Section{Title: "What it holds at each scale", Text: []string{
		"One test picture on its way through the network. Each small picture is one of a layer's channels, bright where it is active; of each layer those that vary most are shown. On the way down edges and spots become parts and whole garments at ever fewer places; on the way up they become areas with edges again, for each joins what came up with what the way down had seen at that scale.",
	}, Body: []report.Figure{report.Pictures(false, []report.Picture{{Image: shownAs(e.X), Text: "the picture"}})}}
	for _, m := range maps {
		s.Body = append(s.Body, report.Pictures(true, m.pictures).Under(m.words))
	}
	return s, nil
}

// scale is what a layer holds.
type scale struct {
	words    string
	pictures []report.Picture
}

// scales keeps the results of the U-Net's blocks while it runs.
type scales struct{ all []scale }

// channels is how many are shown of a layer.
const channels = 10

// Value keeps what a block returns.
func (s *scales) Value(path string, _ int, y tensor.Tensor) {
	words := wordsOf(path)
	if words == "" || y.Rank() != 4 {
		return
	}
	h, w, c := y.Dim(1), y.Dim(2), y.Dim(3)
	s.all = append(s.all, scale{fmt.Sprintf("%s: %d × %d places, %d channels", words, w, h, c), liveliest(tensor.Data[float32](y), h, w, c)})
}

// Grad is not called: nothing is trained.
func (*scales) Grad(string, int, tensor.Tensor) {}

// wordsOf names the blocks of a U-Net, "" for what is inside them.
func wordsOf(path string) string {
	var level int
	switch {
	case path == "mid":
		return "the bottom"
	case scan(path, "down.%d", &level):
		return fmt.Sprintf("down, scale %d", level+1)
	case scan(path, "up.%d", &level):
		return fmt.Sprintf("up, scale %d", level+1)
	}
	return ""
}

// scan tells whether a path is of that form, and sets its number.
func scan(path, form string, n *int) bool {
	k, err := fmt.Sscanf(path, form, n)
	return k == 1 && err == nil && fmt.Sprintf(form, *n) == path
}

// watch runs a picture through the network and returns what it holds.
func watch(net *nn.Net, e data.Example) ([]scale, error) {
	var s scales
	_, err := net.Predict(tensor.Stack(0, e.X), nn.Watch(&s))
	return s.all, err
}

// liveliest are the channels of [H, W, C] values that vary most, in order.
func liveliest(v []float32, h, w, c int) []report.Picture {
	spread := make([]float64, c)
	for k := range spread {
		var sum, squares float64
		for i := k; i < h*w*c; i += c {
			sum, squares = sum+float64(v[i]), squares+float64(v[i])*float64(v[i])
		}
		n := float64(h * w)
		spread[k] = squares/n - sum/n*sum/n
	}
	var all []report.Picture
	for _, k := range largest(spread, channels) {
		one := make([]float32, h*w)
		for i := range one {
			one[i] = v[i*c+k]
		}
		all = append(all, report.Picture{Image: report.Image(tensor.Of(one, h, w, 1)), Hint: fmt.Sprintf("channel %d", k)})
	}
	return all
}

// largest returns the places of the n largest values, in order of place.
func largest(values []float64, n int) []int {
	var places []int
	for i, v := range values {
		above := 0
		for k, u := range values {
			if u > v || u == v && k < i {
				above++
			}
		}
		if above < n {
			places = append(places, i)
		}
	}
	return places
}
