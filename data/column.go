package data

import (
	"fmt"
	"slices"

	"github.com/limpid-ml/limpid/tensor"
)

// form is the shape and type of one example's part. The zero form is none.
type form struct {
	dims  []int
	size  int // product of dims; 0 with given false: none
	dtype tensor.DType
	given bool
}

func (f form) none() bool { return !f.given }

func formOf(dims []int, d tensor.DType) form {
	size := 1
	for _, n := range dims {
		size *= n
	}
	return form{dims, size, d, true}
}

func (f form) same(g form) bool {
	return f.given == g.given && f.dtype == g.dtype && slices.Equal(f.dims, g.dims)
}

func (f form) String() string {
	if f.none() {
		return "nothing"
	}
	return fmt.Sprintf("%v %v", f.dtype, f.dims)
}

// column is one part of many examples, one a row, in memory. The slice of the
// form's type is set.
type column struct {
	form
	rows int
	f32  []float32
	f64  []float64
	i32  []int32
	u8   []uint8
	bits []bool
}

// columnOf returns the rows of t along its first axis, without a copy if t is
// on the heap.
func columnOf(t tensor.Tensor) column {
	t = t.Keep()
	shape := t.Shape()
	c := column{form: formOf(shape[1:], t.DType()), rows: shape[0]}
	c.bind(t)
	return c
}

// bind points c at t's elements.
func (c *column) bind(t tensor.Tensor) {
	switch c.dtype {
	case tensor.Float32:
		c.f32 = tensor.View[float32](t)
	case tensor.Float64:
		c.f64 = tensor.View[float64](t)
	case tensor.Int32:
		c.i32 = tensor.View[int32](t)
	case tensor.Uint8:
		c.u8 = tensor.View[uint8](t)
	case tensor.Bool:
		c.bits = tensor.View[bool](t)
	}
}

// newColumn makes a tensor of rows examples, and the column that writes it.
// Nobody else has the tensor yet, so that writing through its view is safe.
func newColumn(f form, rows int) (*column, tensor.Tensor) {
	t := blank(f.dtype, slices.Concat([]int{rows}, f.dims))
	c := &column{form: f, rows: rows}
	c.bind(t)
	return c, t
}

// blank returns zeros of any type on the heap.
func blank(d tensor.DType, shape []int) tensor.Tensor {
	n := formOf(shape, d).size
	switch d {
	case tensor.Float64:
		return tensor.Of(make([]float64, n), shape...)
	case tensor.Int32:
		return tensor.Of(make([]int32, n), shape...)
	case tensor.Uint8:
		return tensor.Of(make([]uint8, n), shape...)
	case tensor.Bool:
		return tensor.Of(make([]bool, n), shape...)
	}
	return tensor.Zeros(shape...)
}

// put copies row i of from, which has c's form, to c's row.
func (c *column) put(row int, from *column, i int) {
	to, at := row*c.size, i*c.size
	c.copyAt(to, from, at, c.size)
}

// copyAt copies n elements of from's at at to c's at to.
func (c *column) copyAt(to int, from *column, at, n int) {
	switch c.dtype {
	case tensor.Float32:
		copy(c.f32[to:to+n], from.f32[at:at+n])
	case tensor.Float64:
		copy(c.f64[to:to+n], from.f64[at:at+n])
	case tensor.Int32:
		copy(c.i32[to:to+n], from.i32[at:at+n])
	case tensor.Uint8:
		copy(c.u8[to:to+n], from.u8[at:at+n])
	case tensor.Bool:
		copy(c.bits[to:to+n], from.bits[at:at+n])
	}
}

// whole views t, one example's part, as a column of one row.
func whole(t tensor.Tensor) column {
	if !t.Valid() {
		return column{}
	}
	t = t.Keep()
	c := column{form: formOf(t.Shape(), t.DType()), rows: 1}
	c.bind(t)
	return c
}
