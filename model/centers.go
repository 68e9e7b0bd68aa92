package model

import (
	"cmp"
	"math"
	"slices"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/tensor"
)

// targets is what maps should say, and at which cells size, offset and class
// count.
type targets struct{ heat, size, offset, mask, label tensor.Tensor }

// targets draws the objects into maps of heat's shape. Where two centres fall
// on one cell, the smaller object has it; a centre goes before cells beside one.
func (d *Detector) targets(heat tensor.Tensor, objects [][]data.Object) targets {
	n, h, w, c := heat.Dim(0), heat.Dim(1), heat.Dim(2), heat.Dim(3)
	f := field{
		heat: make([]float32, n*h*w*c), size: make([]float32, n*h*w*2), offset: make([]float32, n*h*w*2),
		mask: make([]bool, n*h*w), label: slices.Repeat([]int32{ignored}, n*h*w), h: h, w: w, c: c,
	}
	for i, all := range objects {
		all = d.learnt(i, all)
		if d.o.Beside {
			for _, o := range all {
				f.beside(i, o)
			}
		}
		for _, o := range all {
			f.draw(i, o)
		}
	}
	t := heat.DType()
	return targets{
		tensor.Of(f.heat, n, h, w, c).To(t), tensor.Of(f.size, n, h, w, 2).To(t),
		tensor.Of(f.offset, n, h, w, 2).To(t), tensor.Of(f.mask, n, h, w), tensor.Of(f.label, n, h, w),
	}
}

// learnt returns the objects of picture i that are learned, the largest first.
func (d *Detector) learnt(i int, objects []data.Object) (all []data.Object) {
	for _, o := range objects {
		if o.Crowd || o.Difficult || o.Area() <= 0 {
			continue
		}
		if o.Label < 0 || int(o.Label) >= d.o.Classes {
			tensor.Fail("model.CenterNet", "an object of picture %d has the label %d, and the classes are 0…%d", i, o.Label, d.o.Classes-1)
		}
		all = append(all, o)
	}
	slices.SortStableFunc(all, func(a, b data.Object) int { return cmp.Compare(b.Area(), a.Area()) })
	return all
}

// field is targets while they are drawn.
type field struct {
	heat, size, offset []float32
	mask               []bool
	label              []int32
	h, w, c            int
}

// spot is an object in cells: its centre, the cell that has it, and its size.
type spot struct {
	cx, cy, width, height float64
	x, y                  int
}

func (f *field) spot(o data.Object) spot {
	s := spot{cx: float64(o.X1+o.X2) / 2 / stride, cy: float64(o.Y1+o.Y2) / 2 / stride}
	s.x, s.y = min(max(int(s.cx), 0), f.w-1), min(max(int(s.cy), 0), f.h-1)
	s.width, s.height = float64(o.X2-o.X1)/stride, float64(o.Y2-o.Y1)/stride
	return s
}

// draw puts an object of picture n into the maps.
func (f *field) draw(n int, o data.Object) {
	s := f.spot(o)
	f.own(n, s.y, s.x, s, o.Label)
	channel := int(o.Label)
	if f.c == 1 {
		channel = 0
	}
	f.hill(n, s.y, s.x, channel, GaussianRadius(s.width, s.height, 0.3))
}

// own has a cell learn the box and the class of an object.
func (f *field) own(n, y, x int, s spot, label int32) {
	cell := (n*f.h+y)*f.w + x
	f.mask[cell], f.label[cell] = true, label
	f.size[2*cell], f.size[2*cell+1] = float32(s.width), float32(s.height)
	f.offset[2*cell], f.offset[2*cell+1] = float32(s.cx-float64(x)), float32(s.cy-float64(y))
}

// beside has the cells next to an object's centre learn it, where they lie in
// the middle half of its box.
func (f *field) beside(n int, o data.Object) {
	s := f.spot(o)
	dy, dx := min(int(s.height/4), 1), min(int(s.width/4), 1)
	for y := max(s.y-dy, 0); y <= min(s.y+dy, f.h-1); y++ {
		for x := max(s.x-dx, 0); x <= min(s.x+dx, f.w-1); x++ {
			f.own(n, y, x, s, o.Label)
		}
	}
}

// hill raises a Gaussian around a centre in the map of a class; where hills
// meet, the higher one counts. Its deviation is a third of the radius.
func (f *field) hill(n, y, x, label int, radius float64) {
	sigma := max(radius, 1e-3) / 3
	reach := int(radius)
	for dy := -min(reach, y); dy <= min(reach, f.h-1-y); dy++ {
		for dx := -min(reach, x); dx <= min(reach, f.w-1-x); dx++ {
			v := float32(math.Exp(-float64(dx*dx+dy*dy) / (2 * sigma * sigma)))
			at := &f.heat[((n*f.h+y+dy)*f.w+x+dx)*f.c+label]
			*at = max(*at, v)
		}
	}
}

// GaussianRadius returns how far the corners of a box of that width and height
// may move so that the IoU with the box is at least overlap, 0 to 1: the least
// of the three cases where both move the same way, both inwards, both outwards.
// CornerNet takes an overlap of 0.3.
//
// Source: Law and Deng 2018, "CornerNet", section 3.2. (The published code
// solves two of the quadratic equations wrongly; with its overlap of 0.7 its
// radii are about ours of 0.3.)
func GaussianRadius(width, height, overlap float64) float64 {
	area, sum := width*height, width+height
	// Both the same way by r: (w−r)(h−r) / (2wh − (w−r)(h−r)) = overlap.
	along := root(1, -sum, area*(1-overlap)/(1+overlap))
	// Both inwards: (w−2r)(h−2r) / wh = overlap.
	in := root(4, -2*sum, area*(1-overlap))
	// Both outwards: wh / ((w+2r)(h+2r)) = overlap.
	out := (-2*sum + math.Sqrt(4*sum*sum+16*area*(1/overlap-1))) / 8
	return min(along, in, out)
}

// root returns the lesser solution of ax² + bx + c = 0.
func root(a, b, c float64) float64 { return (-b - math.Sqrt(b*b-4*a*c)) / (2 * a) }

// Decode returns what maps say of each picture, most certain first: peaks,
// cells above their eight neighbours in the map of a class.
func (d *Detector) Decode(m Maps) [][]metric.Detection {
	n := m.Heat.Dim(0)
	heat, size, offset := numbers(m.Heat.Sigmoid()), numbers(m.Size), numbers(m.Offset)
	h, w, c := m.Heat.Dim(1), m.Heat.Dim(2), m.Heat.Dim(3)
	var class []float64
	if d.o.Apart {
		class = numbers(m.Class.Softmax(-1))
	}
	all := make([][]metric.Detection, n)
	for i := range n {
		at := i * h * w
		one := grid{heat[at*c : (at+h*w)*c], size[2*at : 2*(at+h*w)], offset[2*at : 2*(at+h*w)], nil, h, w, c}
		if k := d.o.Classes; d.o.Apart {
			one.class = class[at*k : (at+h*w)*k]
		}
		found := Suppress(one.peaks(d.o.Score), d.o.Overlap, !d.o.PerClass)
		all[i] = found[:min(len(found), d.o.Most)]
	}
	return all
}

func numbers(t tensor.Tensor) []float64 { return tensor.Data[float64](t.Detach().To(tensor.Float64)) }

// grid is the maps of one picture.
type grid struct {
	heat, size, offset []float64
	class              []float64 // probabilities, where they are said apart; else nil
	h, w, c            int
}

// peaks returns the boxes of all peaks of at least that height. Where the class
// is said apart, each peak is a detection of every class that is likely enough.
func (g *grid) peaks(least float64) (all []metric.Detection) {
	for i, v := range g.heat {
		if v < least || !g.peak(i) {
			continue
		}
		cell := i / g.c
		box := g.box(cell)
		if g.class == nil {
			all = append(all, metric.Detection{Box: box, Label: i % g.c, Score: v})
			continue
		}
		classes := len(g.class) / (g.h * g.w)
		for label, p := range g.class[cell*classes : (cell+1)*classes] {
			if v*p >= least {
				all = append(all, metric.Detection{Box: box, Label: label, Score: v * p})
			}
		}
	}
	return all
}

// box returns the box that a cell tells.
func (g *grid) box(cell int) metric.Box {
	x, y := float64(cell%g.w)+g.offset[2*cell], float64(cell/g.w)+g.offset[2*cell+1]
	dx, dy := g.size[2*cell]/2, g.size[2*cell+1]/2
	return metric.Box{X1: g.within(x-dx, g.w), Y1: g.within(y-dy, g.h), X2: g.within(x+dx, g.w), Y2: g.within(y+dy, g.h)}
}

// within turns cells to pixels of the picture.
func (g *grid) within(v float64, cells int) float64 {
	return stride * min(max(v, 0), float64(cells))
}

// peak tells whether no neighbour is higher, and none before as high.
func (g *grid) peak(i int) bool {
	cell, label := i/g.c, i%g.c
	y, x := cell/g.w, cell%g.w
	for dy := -min(1, y); dy <= min(1, g.h-1-y); dy++ {
		for dx := -min(1, x); dx <= min(1, g.w-1-x); dx++ {
			k := ((y+dy)*g.w+x+dx)*g.c + label
			if g.heat[k] > g.heat[i] || g.heat[k] == g.heat[i] && k < i {
				return false
			}
		}
	}
	return true
}
