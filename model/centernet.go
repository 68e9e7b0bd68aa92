package model

import (
	"fmt"
	"math"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// stride is how many pixels wide one cell of a detector's maps is.
const stride = 4

// mostLevels is how many levels a detector may have.
const mostLevels = 6

// ignored is the label of a row of a batch that holds no object.
const ignored = -100

// CenterNet is a detector without anchors: each object is the peak at its
// centre in a map of its class, with maps that tell width and height and where
// in the cell the centre is. A cell is 4×4 pixels.
//
// The body halves the picture twice, then once for each level, with two
// residual blocks in each, and adds what it saw of the whole to the map of
// 4-pixel cells again.
//
// Source: Zhou et al. 2019, "Objects as points"; Lin et al. 2017, "Feature
// pyramid networks", for the way up.
type CenterNet struct {
	Classes int
	Width   int // channels at 4-pixel cells, doubled with each level; 0: 32
	Levels  int // cells of 4, 8, … pixels; 0: 3
	Blocks  int // residual blocks a level; 0: 2

	Score   float64 // of detections, at least; 0: 0.05
	Most    int     // detections a picture; 0: 100
	Overlap float64 // IoU above which the less certain detection goes, whatever its class; 0: 0.6
	// PerClass keeps detections of different classes that overlap, for average
	// precision counts each class for itself: what may be a shirt or a coat is
	// then both, each as sure as it is.
	PerClass bool
	// NoGIoU leaves the boxes' GIoU out of the loss, as the paper does.
	NoGIoU bool
	// Beside has cells next to a centre, in the middle half of its box, learn
	// the box too, and the class if it is said apart: they see the same thing.
	//
	// Source: Tian et al. 2019, "FCOS", section 3.1, and its centre sampling;
	// Liu et al. 2020, "Training-time-friendly network for real-time object
	// detection".
	Beside bool
	// Apart says apart whether there is a thing, in a heat map of one channel,
	// and what it is, by a softmax at its centre. A detection's score is the
	// product.
	//
	// Source: Zhou, Koltun and Krähenbühl 2021, "Probabilistic two-stage
	// detection", section 3.
	Apart bool
}

// Detector is a CenterNet's network. As a layer it returns what it finds:
//
//	x    [N, H, W, C]
//	out  [N, Most, 6]: x1, y1, x2, y2, score, label; 0 in rows past the last
//
// as [metric.MeanAveragePrecision] wants it and [metric.Found] reads it. It learns by [Detector.Objective].
type Detector struct {
	Stem                      nn.Sequential
	Stages                    []*nn.Sequential
	Lateral                   []*nn.Sequential // of level 0, 1, …
	Smooth                    nn.Sequential
	Heat, Size, Offset, Class nn.Sequential

	o CenterNet
}

// Maps is what a detector says of each cell; h and w are H/4 and W/4, rounded
// up.
type Maps struct {
	Heat   tensor.Tensor // [N, h, w, Classes], logits of a centre; [N, h, w, 1] where the class is said apart
	Size   tensor.Tensor // [N, h, w, 2], width and height in cells
	Offset tensor.Tensor // [N, h, w, 2], of the centre from the cell's corner: x, y, in cells
	Class  tensor.Tensor // [N, h, w, Classes], logits of the class, where it is said apart; else the zero Tensor
}

// New makes the network. It is a layer of its own kind, so that one may train it.
func (o CenterNet) New() *Detector {
	width, levels, blocks := orElse(o.Width, 32), orElse(o.Levels, 3), orElse(o.Blocks, 2)
	if o.Score == 0 {
		o.Score = 0.05
	}
	if o.Overlap == 0 {
		o.Overlap = 0.6
	}
	o.Most = orElse(o.Most, 100)
	d := &Detector{o: o}
	if o.Classes < 1 || width < 2 || levels < 1 || levels > mostLevels || blocks < 1 || o.Most < 1 || !(o.Score > 0 && o.Score < 1) || !(o.Overlap > 0 && o.Overlap <= 1) {
		d.Stem = nn.Sequential{refuse("model.CenterNet", "Classes is %d, Width %d, Levels %d, Blocks %d, Most %d, Score %g, Overlap %g; "+
			"want at least one class, a width of 2, up to 6 levels, and shares up to 1", o.Classes, width, levels, blocks, o.Most, o.Score, o.Overlap)}
		return d
	}
	d.Stem = append(convNorm(width/2, 3, 2), convNorm(width, 3, 2)...)
	in := width
	for l := range levels {
		var stage nn.Sequential
		for i := range blocks {
			b := block{in: in, out: width << l, stride: 1}
			if l > 0 && i == 0 {
				b.stride = 2
			}
			layer, out := b.make(false)
			stage, in = append(stage, layer), out
		}
		d.Stages = append(d.Stages, &stage)
		d.Lateral = append(d.Lateral, &nn.Sequential{conv(2*width, 1, 1), &nn.BatchNorm{}})
	}
	d.Smooth = convNorm(2*width, 3, 1)
	if o.Apart {
		d.Heat, d.Class = head(width, 1, rare), head(width, o.Classes, nil)
	} else {
		d.Heat = head(2*width, o.Classes, rare)
	}
	d.Size, d.Offset = head(width, 2, level(3)), head(width, 2, level(0.5))
	return d
}

func head(width, out int, bias nn.Init) nn.Sequential {
	return nn.Sequential{
		&nn.Conv2D{Out: width, Kernel: 3, Pad: nn.Same, Act: nn.ReLU},
		&nn.Conv2D{Out: out, Kernel: 1, Init: nn.Normal(0.001), BiasInit: bias},
	}
}

// rare begins with a probability of 0.1 for a centre, or the many cells without
// one would swamp the first steps.
//
// Source: Lin et al. 2017, "Focal loss for dense object detection", section 3.3.
func rare(r *tensor.Rand, shape []int) tensor.Tensor { return level(math.Log(0.1/0.9))(r, shape) }

// level begins with the same value everywhere: boxes of some three cells around
// the middle of theirs overlap most things a little.
func level(v float64) nn.Init {
	return func(r *tensor.Rand, shape []int) tensor.Tensor { return r.Uniform(v, v, shape...) }
}

// Maps runs the network on pictures x.
func (d *Detector) Maps(p *nn.Pass, x tensor.Tensor) Maps {
	if x.Rank() != 4 {
		tensor.Fail("model.CenterNet", "x is %v; want pictures [N, H, W, C]", x.Shape())
	}
	x = fit(x, (x.Dim(1)+stride-1)/stride*stride, (x.Dim(2)+stride-1)/stride*stride)
	x = p.Apply(x, &d.Stem)
	var levels [mostLevels]tensor.Tensor
	for l, s := range d.Stages {
		x = p.Apply(x, s)
		levels[l] = x
	}
	var y tensor.Tensor
	for l := len(d.Stages) - 1; l >= 0; l-- {
		side := p.Apply(levels[l], d.Lateral[l])
		if y.Valid() {
			side = side.Add(y.Resize(side.Dim(1), side.Dim(2)))
		}
		y = side.ReLU()
	}
	y = p.Apply(y, &d.Smooth)
	m := Maps{Heat: p.Apply(y, &d.Heat), Size: p.Apply(y, &d.Size).Softplus(), Offset: p.Apply(y, &d.Offset)}
	if d.o.Apart {
		m.Class = p.Apply(y, &d.Class)
	}
	return m
}

// Forward returns what the network finds in the pictures x.
func (d *Detector) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	maps := d.Maps(p, x)
	n, h, w := x.Dim(0), float64(x.Dim(1)), float64(x.Dim(2))
	table := make([]float64, n*d.o.Most*6)
	for i, found := range d.Decode(maps) {
		for k, f := range found {
			row := table[(i*d.o.Most+k)*6:]
			copy(row, []float64{min(f.X1, w), min(f.Y1, h), min(f.X2, w), min(f.Y2, h), f.Score, float64(f.Label)})
		}
	}
	if x.DType() == tensor.Float64 {
		return tensor.New(x, []int{n, d.o.Most, 6}, func(dst []float64) { copy(dst, table) })
	}
	return tensor.New(x, []int{n, d.o.Most, 6}, func(dst []float32) {
		for i, v := range table {
			dst[i] = float32(v)
		}
	})
}

// Objective returns the loss of a batch, by the objects of its examples (see
// [data.Example.WithObjects]); it is train.Config's Objective. Crowds and
// difficult objects are not learned.
func (d *Detector) Objective(p *nn.Pass, _ *nn.Net, b data.Batch) tensor.Tensor {
	objects := make([][]data.Object, b.N)
	for i := range objects {
		objects[i] = b.Objects(i)
	}
	return d.Loss(p, d.Maps(p, b.X), objects)
}

// Loss compares maps with what is there in each picture: the focal loss of the
// heat, the mean error of offset and, weighed 0.1, of size at the centres, and,
// unless NoGIoU, the boxes' GIoU loss; where the class is said apart its
// cross-entropy. The parts are logged.
func (d *Detector) Loss(p *nn.Pass, m Maps, objects [][]data.Object) tensor.Tensor {
	t := d.targets(m.Heat, objects)
	heat := loss.CenterFocal(2, 4)(m.Heat, t.heat)
	size := loss.Masked(loss.MAE, m.Size, t.size, t.mask)
	offset := loss.Masked(loss.MAE, m.Offset, t.offset, t.mask)
	p.Log("heat", heat)
	p.Log("size", size)
	p.Log("offset", offset)
	all := heat.Add(size.Scale(0.1)).Add(offset)
	if d.o.Apart {
		class := loss.CrossEntropy(m.Class, t.label)
		p.Log("class", class)
		all = all.Add(class)
	}
	if d.o.NoGIoU {
		return all
	}
	box := loss.Masked(loss.GIoU, corners(m.Size, m.Offset), corners(t.size, t.offset), t.mask)
	p.Log("giou", box)
	return all.Add(box)
}

// corners returns boxes [..., 4] in cells, from the corner of each one's own.
func corners(size, offset tensor.Tensor) tensor.Tensor {
	half := size.Scale(0.5)
	return tensor.Concat(-1, offset.Sub(half), offset.Add(half))
}

// Collate joins examples that have objects, for training and for
// [metric.MeanAveragePrecision]: it is train.Config's Collate. Y becomes the
// table of the objects, and More keeps them alone.
func Collate(all []data.Example) (b data.Batch, err error) {
	rows := 1
	for _, e := range all {
		rows = max(rows, len(e.Objects()))
	}
	xs, there := make([]tensor.Tensor, len(all)), make([][]metric.Truth, len(all))
	parts := map[string][]tensor.Tensor{}
	for i, e := range all {
		objects := e.Objects()
		xs[i], there[i] = e.X, metric.Truths(objects)
		for len(objects) < rows {
			objects = append(objects, data.Object{Label: ignored})
		}
		for name, t := range (data.Example{}).WithObjects(objects).More {
			parts[name] = append(parts[name], t)
		}
	}
	err = tensor.Try(func() {
		b = data.Batch{X: tensor.Stack(0, xs...), Y: metric.Table(there), More: map[string]tensor.Tensor{}}
		for name, ts := range parts {
			b.More[name] = tensor.Stack(0, ts...)
		}
	})
	if err != nil {
		return data.Batch{}, fmt.Errorf("model.Collate: %w", err)
	}
	return b, nil
}
