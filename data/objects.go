package data

import (
	"maps"

	"github.com/limpid-ml/limpid/tensor"
)

// Object is one thing in a picture, and the box around it.
type Object struct {
	X1, Y1, X2, Y2 float32 // left, top, right and bottom edge in pixels; the picture's are 0, 0, W and H
	Label          int32   // the class, from 0
	Crowd          bool    // a group of things in one box: neither learnt nor counted
	Difficult      bool    // hard to make out: not counted
}

// Area returns the area of the object's box, in pixels.
func (o Object) Area() float32 { return max(o.X2-o.X1, 0) * max(o.Y2-o.Y1, 0) }

// The parts of an example's More that hold its objects, one a row.
const (
	boxesPart     = "boxes"     // float32 [n, 4]: x1, y1, x2, y2
	labelsPart    = "labels"    // int32 [n]; in a batch ignored (−100) marks rows past the last object
	crowdPart     = "crowd"     // bool [n]
	difficultPart = "difficult" // bool [n]
)

// WithObjects returns e with More's "boxes" float32 [n, 4] (x1, y1, x2, y2),
// "labels" int32 [n], "crowd" and "difficult" bool [n] set to the objects.
// Transforms move them along with X; a batch has them as [N, most, …], with
// label −100 in the rows past an example's last object.
func (e Example) WithObjects(all []Object) Example {
	e.More = maps.Clone(e.More)
	if e.More == nil {
		e.More = map[string]tensor.Tensor{}
	}
	putObjects(e.More, [][]Object{all}, false)
	return e
}

// Objects returns the objects that [Example.WithObjects] stored; nil if there
// are none.
func (e Example) Objects() []Object { return objectsAt(e.More, 0, 1) }

// Objects returns the objects of the batch's example i.
func (b Batch) Objects(i int) []Object { return objectsAt(b.More, i, b.N) }

// objectsAt reads row i of n from the parts; it leaves out what is padding.
func objectsAt(parts map[string]tensor.Tensor, i, n int) []Object {
	boxes, labels := parts[boxesPart], parts[labelsPart]
	if !boxes.Valid() || !labels.Valid() || labels.Len() == 0 {
		return nil
	}
	box, label := tensor.View[float32](boxes), tensor.View[int32](labels)
	crowd, difficult := flags(parts[crowdPart]), flags(parts[difficultPart])
	per := len(label) / n
	var all []Object
	for k := i * per; k < (i+1)*per; k++ {
		if label[k] == ignored {
			continue
		}
		o := Object{X1: box[4*k], Y1: box[4*k+1], X2: box[4*k+2], Y2: box[4*k+3], Label: label[k]}
		o.Crowd = crowd != nil && crowd[k]
		o.Difficult = difficult != nil && difficult[k]
		all = append(all, o)
	}
	return all
}

func flags(t tensor.Tensor) []bool {
	if !t.Valid() {
		return nil
	}
	return tensor.View[bool](t)
}

// hasObjects tells whether an example's More holds boxes and their labels.
func hasObjects(more map[string]tensor.Tensor) bool {
	b, l := more[boxesPart], more[labelsPart]
	return b.Valid() && l.Valid() && b.DType() == tensor.Float32 && l.DType() == tensor.Int32 &&
		b.Rank() == 2 && l.Rank() == 1 && b.Dim(1) == 4 && b.Dim(0) == l.Dim(0)
}

// isObjectPart tells whether a part is one of those that hold objects.
func isObjectPart(name string) bool {
	return name == boxesPart || name == labelsPart || name == crowdPart || name == difficultPart
}

// putObjects writes the objects of one example, or of a batch of them, padded
// to the most that one has, at least one.
func putObjects(parts map[string]tensor.Tensor, all [][]Object, batch bool) {
	most := 0
	for _, o := range all {
		most = max(most, len(o))
	}
	if batch {
		most = max(most, 1)
	}
	n := len(all) * most
	box, label := make([]float32, 4*n), make([]int32, n)
	crowd, difficult := make([]bool, n), make([]bool, n)
	for i := range label {
		label[i] = ignored
	}
	for i, objects := range all {
		for k, o := range objects {
			at := i*most + k
			copy(box[4*at:], []float32{o.X1, o.Y1, o.X2, o.Y2})
			label[at], crowd[at], difficult[at] = o.Label, o.Crowd, o.Difficult
		}
	}
	lead := []int{most}
	if batch {
		lead = []int{len(all), most}
	}
	parts[boxesPart] = tensor.Of(box, append(lead, 4)...)
	parts[labelsPart] = tensor.Of(label, lead...)
	parts[crowdPart] = tensor.Of(crowd, lead...)
	parts[difficultPart] = tensor.Of(difficult, lead...)
}
