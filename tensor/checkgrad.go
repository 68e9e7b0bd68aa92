package tensor

import (
	"fmt"
	"math"
)

// What CheckGrad asks: a relative error, and below it an absolute one for
// rounding, per unit of the function.
const (
	gradRelative = 1e-7
	gradFloor    = 1e-9
	gradStep     = 2e-4 // of the differences, for elements around 1
)

// CheckGrad compares f's gradient by each float x, and the gradient of a
// random projection of that gradient, with central differences of fourth order
// in float64. It returns an error that names order, input, element and both
// values if they differ by more than one part in 10⁷, or if f panics with an
// [*Error].
//
// f's result is reduced by a fixed random projection if it is no scalar. f
// must be smooth around the xs, depend on nothing else that changes, and make
// no float32 tensors of its own. xs that are not floats are passed on.
func CheckGrad(f func(xs ...Tensor) Tensor, xs ...Tensor) (err error) {
	c := &gradCheck{f: f, s: NewScope(), xs: make([]Tensor, len(xs))}
	if failed := Try(func() {
		for i, x := range xs {
			if c.xs[i] = x.Keep(); x.DType().float() {
				c.xs[i] = copyInto(nil, x.Keep().To(Float64)) // elements are moved in place
			}
		}
		for order := 1; order <= 2 && err == nil; order++ {
			err = c.check(order)
		}
	}); failed != nil {
		return fmt.Errorf("tensor.CheckGrad: %w", failed)
	}
	return err
}

type gradCheck struct {
	f  func(xs ...Tensor) Tensor
	s  *Scope
	xs []Tensor
}

// project returns Σ r·t for a fixed random r, as one scalar.
func project(t Tensor, seed uint64) Tensor {
	r := NewRand(seed)
	r.wide = true
	return t.Mul(r.Normal(0, 1, t.h.dims()...)).Sum()
}

// value returns what is checked at an order, and what it depends on.
func (c *gradCheck) value(order int) (y Tensor, leaves []Tensor) {
	c.s.Reset()
	in := make([]Tensor, len(c.xs))
	for i, x := range c.xs {
		if in[i] = x; x.h.dtype.float() {
			in[i] = c.s.Track(x)
			leaves = append(leaves, in[i])
		}
	}
	y = c.f(in...)
	if y.use("tensor.CheckGrad").dtype != Float64 {
		mixed("tensor.CheckGrad", y)
	}
	if y.h.n != 1 {
		y = project(y, 1)
	}
	if order == 1 {
		return y, leaves
	}
	z := y.Full(0)
	for i, g := range Grad(y, leaves...) {
		z = z.Add(project(g, uint64(2+i)))
	}
	return z, leaves
}

func (c *gradCheck) check(order int) error {
	y, leaves := c.value(order)
	size := math.Abs(y.Item())
	grads := Grad(y, leaves...)
	for i := range grads {
		grads[i] = grads[i].Keep()
	}
	k := 0
	for i, x := range c.xs {
		if !x.h.dtype.float() {
			continue
		}
		for e := range x.h.n {
			got, want := grads[k].h.at(e), c.difference(order, i, e)
			bound := gradRelative*max(math.Abs(got), math.Abs(want)) + gradFloor*(1+size)
			if d := math.Abs(got - want); !(d <= bound) {
				return fmt.Errorf("tensor.CheckGrad: order %d, input %d %v, element %v: gradient %.12g, differences %.12g (off by %.2g)",
					order, i, x.h.dims(), x.h.place(e), got, want, d)
			}
		}
		k++
	}
	return nil
}

// difference returns the derivative by element e of input i from four values.
func (c *gradCheck) difference(order, i, e int) float64 {
	at := &elems[float64](c.xs[i].h)[e]
	x := *at
	h := gradStep * max(1, math.Abs(x))
	eval := func(k float64) float64 {
		*at = x + k*h
		y, _ := c.value(order)
		return y.Item()
	}
	d := 8*(eval(1)-eval(-1)) - (eval(2) - eval(-2))
	*at = x
	return d / (12 * h)
}

// place returns the indices of element e.
func (h *header) place(e int) []int {
	ix := make([]int, h.rank)
	for a := int(h.rank) - 1; a >= 0; a-- {
		ix[a] = e % h.shape[a]
		e /= h.shape[a]
	}
	return ix
}
