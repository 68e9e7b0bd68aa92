package data

import (
	"fmt"
	"maps"
	"slices"

	"github.com/limpid-ml/limpid/tensor"
)

// stack joins examples that are alike along a new first axis. index names them
// in errors.
func stack(all []Example, index []int) (Batch, error) {
	var b Batch
	var err error
	if b.X, err = stackPart("X", all, index, func(e *Example) tensor.Tensor { return e.X }); err != nil {
		return b, err
	}
	if b.Y, err = stackPart("Y", all, index, func(e *Example) tensor.Tensor { return e.Y }); err != nil {
		return b, err
	}
	boxes := allHaveObjects(all)
	if boxes {
		b.More = map[string]tensor.Tensor{}
		putObjects(b.More, objectsOf(all), true)
	}
	for _, name := range names(all) {
		if boxes && isObjectPart(name) {
			continue
		}
		part, err := stackPart(name, all, index, func(e *Example) tensor.Tensor { return e.More[name] })
		if err != nil {
			return b, err
		}
		b.add(name, part)
	}
	return b, nil
}

func allHaveObjects(all []Example) bool {
	for _, e := range all {
		if !hasObjects(e.More) {
			return false
		}
	}
	return len(all) > 0
}

func objectsOf(all []Example) [][]Object {
	rows := make([][]Object, len(all))
	for i, e := range all {
		rows[i] = e.Objects()
	}
	return rows
}

func (b *Batch) add(name string, t tensor.Tensor) {
	if b.More == nil {
		b.More = map[string]tensor.Tensor{}
	}
	b.More[name] = t
}

// names returns all names in More, sorted.
func names(all []Example) []string {
	seen := map[string]bool{}
	for i := range all {
		for name := range all[i].More {
			seen[name] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

func stackPart(name string, all []Example, index []int, part func(*Example) tensor.Tensor) (tensor.Tensor, error) {
	var out *column
	var t tensor.Tensor
	for row := range all {
		c := whole(part(&all[row]))
		if row == 0 {
			if c.none() {
				out = &c
			} else {
				out, t = newColumn(c.form, len(all))
			}
		}
		if !c.same(out.form) {
			return t, fmt.Errorf("data: %s of example %d is %v, of example %d %v: examples of a batch must be alike, or use a Collate such as PadBatch",
				name, index[row], c.form, index[0], out.form)
		}
		if !c.none() {
			out.put(row, &c, 0)
		}
	}
	return t, nil
}

// PadBatch is a Collate for examples of various lengths: parts that have axes
// are padded with zeros at the end of their first axis to the longest example's
// length, and More gets the lengths, int32 [N], as "x.len", "y.len" and
// "name.len". Scalars are stacked; objects are as in [Example.WithObjects].
func PadBatch(all []Example) (Batch, error) {
	var b Batch
	var err error
	if b.X, err = b.pad("x", all, func(e *Example) tensor.Tensor { return e.X }); err != nil {
		return b, err
	}
	if b.Y, err = b.pad("y", all, func(e *Example) tensor.Tensor { return e.Y }); err != nil {
		return b, err
	}
	boxes := allHaveObjects(all)
	if boxes {
		if b.More == nil {
			b.More = map[string]tensor.Tensor{}
		}
		putObjects(b.More, objectsOf(all), true)
	}
	for _, name := range names(all) {
		if boxes && isObjectPart(name) {
			continue
		}
		part, err := b.pad(name, all, func(e *Example) tensor.Tensor { return e.More[name] })
		if err != nil {
			return b, err
		}
		b.add(name, part)
	}
	return b, nil
}

// pad returns one part of all examples, padded, and adds its lengths to b.
func (b *Batch) pad(name string, all []Example, part func(*Example) tensor.Tensor) (tensor.Tensor, error) {
	rows := make([]column, len(all))
	lens := make([]int, len(all))
	for i := range all {
		rows[i] = whole(part(&all[i]))
		if err := padsTo(name, i, rows[i].form, rows[0].form); err != nil {
			return tensor.Tensor{}, err
		}
		if len(rows[i].dims) > 0 {
			lens[i] = rows[i].dims[0]
		}
	}
	if len(rows) == 0 || rows[0].none() {
		return tensor.Tensor{}, nil
	}
	f := rows[0].form
	if len(f.dims) > 0 {
		f = formOf(slices.Concat([]int{slices.Max(lens)}, f.dims[1:]), f.dtype)
		b.add(name+".len", tensor.Ints(lens...))
	}
	out, t := newColumn(f, len(all))
	for i := range rows {
		out.copyAt(i*f.size, &rows[i], 0, rows[i].size)
	}
	return t, nil
}

// padsTo tells whether parts of the forms f and first differ in the length of
// their first axis at most.
func padsTo(name string, i int, f, first form) error {
	alike := f.given == first.given && f.dtype == first.dtype && len(f.dims) == len(first.dims)
	if alike && len(f.dims) > 0 {
		alike = slices.Equal(f.dims[1:], first.dims[1:])
	}
	if !alike {
		return fmt.Errorf("data: pad: %s of the batch's example %d is %v, of its first %v: only the first axis may differ", name, i, f, first)
	}
	return nil
}
