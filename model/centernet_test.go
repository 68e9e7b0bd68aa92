package model

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/tensor"
)

func TestSuppressAgainstTorchvision(t *testing.T) {
	var want struct {
		Boxes        [][4]float64
		Scores       []float64
		Labels       []int
		Classes, Any map[string][]int
	}
	text, err := os.ReadFile("testdata/nms.json")
	if err == nil {
		err = json.Unmarshal(text, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	var found []metric.Detection
	for i, b := range want.Boxes {
		found = append(found, metric.Detection{Box: metric.Box{X1: b[0], Y1: b[1], X2: b[2], Y2: b[3]}, Label: want.Labels[i], Score: want.Scores[i]})
	}
	for anyClass, kept := range map[bool]map[string][]int{false: want.Classes, true: want.Any} {
		for at, indices := range kept {
			iou, err := strconv.ParseFloat(at, 64)
			if err != nil {
				t.Fatal(err)
			}
			var all []metric.Detection
			for _, i := range indices {
				all = append(all, found[i])
			}
			if got := Suppress(found, iou, anyClass); !slices.Equal(got, all) {
				t.Errorf("over %g, any class %v: kept %d, want %d", iou, anyClass, len(got), len(all))
			}
		}
	}
	if got := Suppress(nil, .5, false); got != nil {
		t.Errorf("of nothing %v is kept", got)
	}
}

// The radius is the greatest at which moved corners keep the overlap.
func TestGaussianRadius(t *testing.T) {
	for _, c := range [][2]float64{{8, 8}, {3, 20}, {12, 5}, {1, 1}} {
		for _, overlap := range []float64{.3, .5, .7} {
			w, h := c[0], c[1]
			r := GaussianRadius(w, h, overlap)
			least := 1.
			for _, m := range [][4]float64{{r, r, r, r}, {r, r, -r, -r}, {-r, -r, r, r}, {-r, -r, -r, -r}} {
				a, b := metric.Box{X2: w, Y2: h}, metric.Box{X1: m[0], Y1: m[1], X2: w + m[2], Y2: h + m[3]}
				least = min(least, a.IoU(b))
			}
			if math.Abs(least-overlap) > 1e-9 {
				t.Errorf("%g×%g: moved by %g the IoU is %g, want %g", w, h, r, least, overlap)
			}
		}
	}
}

func box(x1, y1, x2, y2 float32, label int32) data.Object {
	return data.Object{X1: x1, Y1: y1, X2: x2, Y2: y2, Label: label}
}

func TestTargets(t *testing.T) {
	like := tensor.Zeros(2, 8, 10, 3)
	d := CenterNet{Classes: 3}.New()
	got := d.targets(like, [][]data.Object{
		{box(4, 8, 20, 28, 1), {X1: 0, Y1: 0, X2: 9, Y2: 9, Crowd: true}, {X1: 0, Y1: 0, X2: 9, Y2: 9, Difficult: true}, box(5, 5, 5, 9, 0)},
		{box(1, 1, 15, 15, 0), box(6, 6, 11, 11, 2)}, // both centres in cell 2, 2
	})
	if n := got.mask.To(tensor.Float32).Sum().Item(); n != 2 {
		t.Errorf("%g centres, want 2", n)
	}
	// Centre 12, 18: cell 3, 4 with offset 0, 0.5; size 4×5 cells.
	for what, v := range map[string][2]float64{
		"peak":   {got.heat.At(0, 4, 3, 1), 1},
		"other":  {got.heat.At(0, 4, 3, 0), 0},
		"x":      {got.offset.At(0, 4, 3, 0), 0},
		"y":      {got.offset.At(0, 4, 3, 1), .5},
		"width":  {got.size.At(0, 4, 3, 0), 4},
		"height": {got.size.At(0, 4, 3, 1), 5},
		"same":   {got.heat.At(1, 2, 2, 0), 1},
		"small":  {got.heat.At(1, 2, 2, 2), 1},
		"size":   {got.size.At(1, 2, 2, 0), 1.25}, // the smaller one's
	} {
		if math.Abs(v[0]-v[1]) > 1e-6 {
			t.Errorf("%s is %g, want %g", what, v[0], v[1])
		}
	}
	near, far := got.heat.At(0, 4, 4, 1), got.heat.At(0, 4, 7, 1)
	if r := GaussianRadius(4, 5, .3); near <= 0 || math.Abs(near-math.Exp(-1/(2*r*r/9))) > 1e-6 || far != 0 {
		t.Errorf("one cell off %g, four cells off %g", near, far)
	}
	err := tensor.Try(func() { d.targets(like, [][]data.Object{nil, {box(0, 0, 9, 9, 3)}}) })
	if err == nil || !strings.Contains(err.Error(), "picture 1 has the label 3") {
		t.Errorf("error %v", err)
	}
}

// logits returns maps that say what targets do.
func (t targets) maps() Maps {
	p := t.heat.Clamp(1e-4, 1-1e-4)
	return Maps{Heat: p.Log().Sub(p.Neg().Shift(1).Log()), Size: t.size, Offset: t.offset}
}

// Objects drawn into maps and read from them again are the same.
func TestDecodeFindsWhatIsDrawn(t *testing.T) {
	d := CenterNet{Classes: 4}.New()
	r := tensor.NewRand(9)
	for range 50 {
		var objects []data.Object
		for range 1 + r.IntN(5) {
			w, h := 8+r.Float64()*30, 8+r.Float64()*30
			x, y := r.Float64()*(96-w), r.Float64()*(96-h)
			o := box(float32(x), float32(y), float32(x+w), float32(y+h), int32(r.IntN(4)))
			if !slices.ContainsFunc(objects, func(p data.Object) bool { return crowded(o, p) }) {
				objects = append(objects, o)
			}
		}
		want := metric.Truths(objects)
		found := d.Decode(d.targets(tensor.Zeros(1, 24, 24, 4), [][]data.Object{objects}).maps())[0]
		for _, o := range want {
			if !slices.ContainsFunc(found, func(f metric.Detection) bool { return f.Label == o.Label && f.IoU(o.Box) > .999 }) {
				t.Errorf("%+v is not among %+v", o, found)
			}
		}
		if len(found) != len(want) {
			t.Errorf("found %d objects of %d", len(found), len(want))
		}
	}
}

// crowded tells whether two objects' centres are in one neighbourhood, or
// whether they overlap so much that one hides the other.
func crowded(a, b data.Object) bool {
	t := metric.Truths([]data.Object{a, b})
	dx, dy := a.X1+a.X2-b.X1-b.X2, a.Y1+a.Y2-b.Y1-b.Y2
	return max(dx, -dx) < 18 && max(dy, -dy) < 18 || t[0].IoU(t[1].Box) > .55
}

func TestPeaks(t *testing.T) {
	g := grid{heat: make([]float64, 12), size: make([]float64, 24), offset: make([]float64, 24), h: 3, w: 4, c: 1}
	g.heat[0], g.heat[1], g.heat[11] = .9, .9, .3 // the second is no higher than the first
	g.heat[6], g.heat[7] = .2, .25                // hidden by 11
	for i := range g.size {
		g.size[i] = 2
	}
	got := g.peaks(.1)
	if len(got) != 2 || got[0].Score != .9 || got[0].Box != (metric.Box{X2: 4, Y2: 4}) || got[1].Box != (metric.Box{X1: 8, Y1: 4, X2: 16, Y2: 12}) {
		t.Errorf("got %+v", got)
	}
	if got := g.peaks(.5); len(got) != 1 {
		t.Errorf("%d peaks above .5, want 1", len(got))
	}
}

// squares draws bright and dark squares on grey, classes 0 and 1.
func squares(n int) (all []data.Example) {
	r := tensor.NewRand(4)
	for range n {
		pix := make([]float32, 32*32)
		var objects []data.Object
		for half := range 2 {
			size := 8 + r.IntN(6)
			x, y, label := r.IntN(32-size), half*16+r.IntN(16-size+1), r.IntN(2)
			for i := range size * size {
				pix[(y+i/size)*32+x+i%size] = float32(2 - 4*label)
			}
			objects = append(objects, box(float32(x), float32(y), float32(x+size), float32(y+size), int32(label)))
		}
		all = append(all, data.Example{X: tensor.Of(pix, 32, 32, 1)}.WithObjects(objects))
	}
	return all
}

// A small detector learns to find squares, by its own result.
func TestDetectorLearns(t *testing.T) {
	d := CenterNet{Classes: 2, Width: 8, Levels: 2, Blocks: 1, Most: 10}.New()
	net := build(t, d, nn.Input(32, 32, 1), nn.Seed(1))
	b, err := Collate(squares(16))
	if err != nil {
		t.Fatal(err)
	}
	b.N = 16
	adam := newAdam(net, .01)
	var first, last float64
	for step := range 70 {
		last = adam.step(t, func(p *nn.Pass) T { return d.Objective(p, net, b) })
		if step == 0 {
			first = last
		}
	}
	if !(last < first/5) {
		t.Errorf("the loss went from %g to %g", first, last)
	}
	out, err := net.Predict(b.X, nn.Training) // statistics of the batch: the test keeps no running ones
	if err != nil {
		t.Fatal(err)
	}
	score := metric.MeanAveragePrecision{IoU: .5}.New()
	if err := score.Add(out, b.Y); err != nil {
		t.Fatal(err)
	}
	if got := score.Result(); got < .9 {
		t.Errorf("AP50 of what was learned is %g, want .9", got)
	}
}

// adam is a training loop in small: train lies above this package.
type adam struct {
	net   *nn.Net
	rule  optim.Adam
	slots [][][]float32
	steps int
}

func newAdam(net *nn.Net, lr float64) *adam {
	a := &adam{net: net, rule: optim.Adam{LR: lr}}
	for _, p := range net.Params() {
		n := p.Value().Len()
		a.slots = append(a.slots, [][]float32{make([]float32, n), make([]float32, n)})
	}
	return a
}

func (a *adam) step(t *testing.T, f func(p *nn.Pass) T) (loss float64) {
	t.Helper()
	a.steps++
	values := make([]T, len(a.net.Params()))
	err := a.net.Do(func(p *nn.Pass) error {
		y := f(p)
		loss = y.Item()
		for i, g := range tensor.Grad(y, p.Params()...) {
			w := tensor.Data[float32](a.net.Params()[i].Value())
			a.rule.Update(w, tensor.Data[float32](g.Detach()), a.slots[i], a.steps, a.rule.LR)
			values[i] = tensor.Of(w, g.Shape()...)
		}
		return nil
	}, nn.Training, nn.TrackParams("*"))
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range a.net.Params() {
		p.Set(values[i])
	}
	return loss
}

func TestCollate(t *testing.T) {
	all := squares(3)
	all[1] = all[1].WithObjects(nil)
	b, err := Collate(all)
	if err != nil {
		t.Fatal(err)
	}
	b.N = 3
	for i, e := range all {
		if got, want := b.Objects(i), e.Objects(); !slices.Equal(got, want) {
			t.Errorf("example %d has %v, want %v", i, got, want)
		}
	}
	if !slices.Equal(b.Y.Shape(), []int{3, 2, 6}) || b.Y.At(1, 0, 4) != ignored || b.Y.At(2, 1, 4) != float64(all[2].Objects()[1].Label) {
		t.Errorf("the table is %v", b.Y)
	}
	all[2].X = tensor.Zeros(5, 5, 1)
	if _, err := Collate(all); err == nil || !strings.Contains(err.Error(), "model.Collate") {
		t.Errorf("pictures of two sizes: error %v", err)
	}
}

func TestDetectorErrors(t *testing.T) {
	for want, c := range map[string]CenterNet{"Classes is 0": {}, "Levels 9": {Classes: 1, Levels: 9}, "Score 1": {Classes: 1, Score: 1}} {
		if _, err := nn.Build(c.New(), nn.Input(32, 32, 3)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if _, err := nn.Build(CenterNet{Classes: 1}.New(), nn.Input(32)); err == nil || !strings.Contains(err.Error(), "pictures [N, H, W, C]") {
		t.Errorf("error %v", err)
	}
}

// Pictures of any size are taken, and boxes end where they do.
func TestDetectorTakesAnySize(t *testing.T) {
	d := CenterNet{Classes: 1, Width: 4, Score: .01}.New()
	net := build(t, d, nn.Input(32, 32, 1))
	for _, size := range [][2]int{{33, 62}, {5, 3}, {64, 64}} {
		out, err := net.Predict(tensor.NewRand(1).Normal(0, 1, 2, size[0], size[1], 1))
		if err != nil {
			t.Fatal(err)
		}
		all := metric.Found(out)
		if len(all) != 2 || len(all[1]) == 0 {
			t.Fatalf("found %v", all)
		}
		for _, f := range all[1] {
			if f.X1 < 0 || f.Y1 < 0 || f.X2 > float64(size[1]) || f.Y2 > float64(size[0]) {
				t.Errorf("%v lies outside %v", f, size)
			}
		}
	}
}

// The loss of maps that are right is nearly nothing, in float64 and without
// objects too.
func TestDetectorLoss(t *testing.T) {
	objects := [][]data.Object{{box(3, 5, 17, 30, 1), box(20, 20, 31, 31, 0)}}
	for _, c := range []CenterNet{{Classes: 2, Width: 4}, {Classes: 2, Width: 4, NoGIoU: true}} {
		d := c.New()
		net := build(t, d, nn.Input(32, 32, 1), nn.Float64)
		err := net.Do(func(p *nn.Pass) error {
			like := tensor.Zeros(1, 8, 8, 2).To(tensor.Float64)
			if l := d.Loss(p, d.targets(like, objects).maps(), objects).Item(); !(l < 1e-2) {
				t.Errorf("right maps cost %g", l)
			}
			m := d.Maps(p, tensor.Zeros(1, 32, 32, 1).To(tensor.Float64))
			if l := d.Loss(p, m, [][]data.Object{nil}).Item(); !(l > 0) || math.IsNaN(l) {
				t.Errorf("nothing there: loss %g", l)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Cells beside a centre learn the same box, seen from where they are, and the
// class; a centre's own cell stays its own.
func TestTargetsBeside(t *testing.T) {
	d := CenterNet{Classes: 3, Beside: true, Apart: true}.New()
	got := d.targets(tensor.Zeros(1, 10, 10, 1), [][]data.Object{{box(4, 4, 36, 36, 1), box(24, 18, 32, 26, 2), box(0, 36, 3, 39, 0)}})
	// The large one's centre is at 5, 5; the small one's, in cell 7, 5, takes
	// what is beside it; the third is too small for the middle half of its box to hold more
	// than a cell.
	for what, v := range map[string][2]float64{
		"its own class":      {got.label.At(0, 5, 5), 1},
		"beside, above":      {got.label.At(0, 4, 5), 1},
		"the small one's":    {got.label.At(0, 5, 7), 2},
		"far away":           {got.label.At(0, 1, 1), ignored},
		"the third":          {got.label.At(0, 9, 0), 0},
		"beside the third":   {got.label.At(0, 8, 0), ignored},
		"offset above":       {got.offset.At(0, 4, 5, 1), 1},
		"offset to the side": {got.offset.At(0, 5, 4, 0), 1},
		"size beside":        {got.size.At(0, 4, 5, 0), 8},
		"heat of one":        {got.heat.At(0, 5, 5, 0), 1},
		"heat of another":    {got.heat.At(0, 9, 0, 0), 1},
	} {
		if math.Abs(v[0]-v[1]) > 1e-6 {
			t.Errorf("%s is %g, want %g", what, v[0], v[1])
		}
	}
	plain := CenterNet{Classes: 3}.New()
	alone := plain.targets(tensor.Zeros(1, 10, 10, 3), [][]data.Object{{box(4, 4, 36, 36, 1)}})
	if n := alone.mask.To(tensor.Float32).Sum().Item(); n != 1 {
		t.Errorf("without Beside %g cells learn, want 1", n)
	}
}

// Where the class is said apart a peak is each class that is likely enough, and
// their scores add up to the peak's.
func TestPeaksOfClassesApart(t *testing.T) {
	g := grid{heat: []float64{.8, .1}, size: []float64{2, 2, 2, 2}, offset: make([]float64, 4), class: []float64{.7, .25, .05, 1, 0, 0}, h: 1, w: 2, c: 1}
	got := g.peaks(.1)
	if len(got) != 2 || math.Abs(got[0].Score-.56) > 1e-9 || got[0].Label != 0 || math.Abs(got[1].Score-.2) > 1e-9 || got[1].Label != 1 || got[0].Box != got[1].Box {
		t.Errorf("got %+v", got)
	}
	d := CenterNet{Classes: 3, Apart: true, PerClass: true}.New()
	m := Maps{Heat: tensor.Of([]float32{2}, 1, 1, 1, 1), Size: tensor.Of([]float32{1, 1}, 1, 1, 1, 2), Offset: tensor.Of([]float32{.5, .5}, 1, 1, 1, 2), Class: tensor.Of([]float32{1, 1, -9}, 1, 1, 1, 3)}
	if all := d.Decode(m)[0]; len(all) != 2 || all[0].Score != all[1].Score {
		t.Errorf("of each class for itself: %+v", all)
	}
	d = CenterNet{Classes: 3, Apart: true}.New()
	if all := d.Decode(m)[0]; len(all) != 1 || all[0].Label != 0 {
		t.Errorf("of all classes: %+v", all)
	}
}

// A detector that says the class apart learns, and every part of it does.
func TestDetectorLearnsApart(t *testing.T) {
	d := CenterNet{Classes: 2, Width: 8, Levels: 2, Blocks: 1, Most: 10, Apart: true, Beside: true}.New()
	net := build(t, d, nn.Input(32, 32, 1), nn.Seed(1))
	b, err := Collate(squares(16))
	if err != nil {
		t.Fatal(err)
	}
	b.N = 16
	before, adam := net.Weights(), newAdam(net, .01)
	for range 70 {
		adam.step(t, func(p *nn.Pass) T { return d.Objective(p, net, b) })
	}
	for _, p := range net.Params() {
		if slices.Equal(tensor.View[float32](p.Value()), tensor.View[float32](before[p.Path()])) {
			t.Errorf("%s did not move", p.Path())
		}
	}
	out, err := net.Predict(b.X, nn.Training)
	if err != nil {
		t.Fatal(err)
	}
	score := metric.MeanAveragePrecision{IoU: .5}.New()
	if err := score.Add(out, b.Y); err != nil {
		t.Fatal(err)
	}
	if got := score.Result(); got < .9 {
		t.Errorf("AP50 of what was learned is %g, want .9", got)
	}
}
