package data

import (
	"fmt"

	"github.com/limpid-ml/limpid/tensor"
)

// Example is one case to learn from. X and Y have no batch axis: an image is
// [H, W, C], a label an int32 scalar. Y and More may be left out.
type Example struct {
	X, Y tensor.Tensor
	More map[string]tensor.Tensor
}

// Dataset is a number of examples. Its methods may be called by several
// goroutines at once.
type Dataset interface {
	// Len returns the number of examples, the same every time.
	Len() int
	// At returns example i, from 0 to Len−1, the same for the same i every time.
	At(i int) (Example, error)
}

// direct is a Dataset of examples alike in shape that writes them straight
// into a batch's memory. Methods are called by several goroutines at once.
type direct interface {
	Dataset
	forms() (x, y form)
	write(i int, x, y *column, row int) error
	slow() bool // reads files, and so deserves workers
}

// boxed is a direct Dataset whose examples have objects.
type boxed interface {
	direct
	// objects appends example i's to all.
	objects(i int, all []Object) []Object
}

type tensors struct{ x, y column }

// FromTensors returns the examples x[i], y[i] along the first axis of two
// tensors that lie in memory. y may be the zero Tensor. It panics with a
// [*tensor.Error] if the two differ in length or have no axis.
func FromTensors(x, y tensor.Tensor) Dataset {
	if x.Rank() == 0 {
		tensor.Fail("data.FromTensors", "x is a scalar, want examples along its first axis")
	}
	t := &tensors{x: columnOf(x)}
	if y.Valid() {
		if y.Rank() == 0 || y.Dim(0) != x.Dim(0) {
			tensor.Fail("data.FromTensors", "x %v and y %v differ in their first axis, the number of examples", x.Shape(), y.Shape())
		}
		t.y = columnOf(y)
	}
	return t
}

func (t *tensors) Len() int { return t.x.rows }

func (t *tensors) At(i int) (Example, error) {
	if err := within(i, t.x.rows); err != nil {
		return Example{}, err
	}
	return single(t, i)
}

func (t *tensors) slow() bool { return false }

func (t *tensors) forms() (x, y form) { return t.x.form, t.y.form }

func (t *tensors) write(i int, x, y *column, row int) error {
	x.put(row, &t.x, i)
	if y != nil {
		y.put(row, &t.y, i)
	}
	return nil
}

// single makes example i of d as tensors of its own.
func single(d direct, i int) (Example, error) {
	fx, fy := d.forms()
	x, xt := newColumn(fx, 1)
	e := Example{X: xt.Reshape(fx.dims...)}
	var y *column
	if !fy.none() {
		var yt tensor.Tensor
		y, yt = newColumn(fy, 1)
		e.Y = yt.Reshape(fy.dims...)
	}
	if err := d.write(i, x, y, 0); err != nil {
		return Example{}, err
	}
	if b, ok := d.(boxed); ok {
		e = e.WithObjects(b.objects(i, nil))
	}
	return e, nil
}

func within(i, n int) error {
	if i < 0 || i >= n {
		return fmt.Errorf("data: no example %d, want 0 to %d", i, n-1)
	}
	return nil
}

type subset struct {
	set     Dataset
	indices []int
}

// Subset returns the examples of set at indices, in that order; nil means all.
// It keeps indices. It panics with a [*tensor.Error] if one is out of range.
func Subset(set Dataset, indices []int) Dataset {
	if indices == nil {
		return set
	}
	n := set.Len()
	for k, i := range indices {
		if i < 0 || i >= n {
			tensor.Fail("data.Subset", "index %d (number %d) lies outside the set's 0 to %d", i, k, n-1)
		}
	}
	s := subset{set, indices}
	switch d := set.(type) {
	case boxed:
		return &boxedSubset{directSubset{s, d}, d}
	case direct:
		return &directSubset{s, d}
	}
	return &s
}

// part returns the subset that a larger type holds.
func (s *subset) part() *subset { return s }

func (s *subset) Len() int { return len(s.indices) }

func (s *subset) At(i int) (Example, error) {
	if err := within(i, len(s.indices)); err != nil {
		return Example{}, err
	}
	return s.set.At(s.indices[i])
}

// directSubset is a subset of a direct set, so direct itself.
type directSubset struct {
	subset
	base direct
}

func (s *directSubset) slow() bool { return s.base.slow() }

func (s *directSubset) forms() (x, y form) { return s.base.forms() }

func (s *directSubset) write(i int, x, y *column, row int) error {
	return s.base.write(s.indices[i], x, y, row)
}

// boxedSubset is a subset of a boxed set.
type boxedSubset struct {
	directSubset
	boxes boxed
}

func (s *boxedSubset) objects(i int, all []Object) []Object {
	return s.boxes.objects(s.indices[i], all)
}

// Split deals the examples at random into two sets: the first gets the given
// share of them, rounded, the second the rest. The same seed deals the same
// way. It panics with a [*tensor.Error] if share is not between 0 and 1.
func Split(set Dataset, share float64, seed uint64) (first, rest Dataset) {
	if !(share >= 0 && share <= 1) {
		tensor.Fail("data.Split", "share is %g, want 0 to 1", share)
	}
	order := tensor.NewRand(seed).Perm(set.Len())
	cut := int(share*float64(len(order)) + 0.5)
	return Subset(set, order[:cut]), Subset(set, order[cut:])
}
