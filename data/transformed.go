package data

import "fmt"

// transformed is a set seen through a transform.
type transformed struct {
	set Dataset
	l   *Loader
}

// Transformed returns set with each example's X, and what lies on it, changed
// once and for all: chance follows from seed and the example's number alone. So
// validation pictures are cut to the size that a loader's transforms give those
// of training:
//
//	data.Transformed(validate, data.Crop{H: 224, W: 224, Centre: true}.Transform(), 0)
func Transformed(set Dataset, t Transform, seed uint64) Dataset {
	return &transformed{set, &Loader{Transform: t, Seed: seed}}
}

// Len returns the number of examples.
func (d *transformed) Len() int { return d.set.Len() }

// At returns example i, changed.
func (d *transformed) At(i int) (e Example, err error) {
	if e, err = d.set.At(i); err != nil {
		return e, err
	}
	if !e.X.Valid() {
		return e, fmt.Errorf("data: example %d has no X to transform", i)
	}
	m := &maker{l: d.l}
	return m.changed(e, 0, i, i)
}
