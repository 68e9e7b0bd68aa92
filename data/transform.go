package data

import (
	"fmt"
	"math"
	"slices"

	"github.com/limpid-ml/limpid/tensor"
)

// Picture is an example's X while transforms change it: float32 values
// [H, W, C] in Pix. A transform writes Pix; the size stays.
type Picture struct {
	Pix     []float32
	H, W, C int
	spare   []float32
}

// Transform changes a picture in place. r is the only source of chance; it
// follows from the loader's seed, the batch's number and the place in the
// batch, so the same run sees the same pictures at any number of workers.
// Several goroutines call a Transform at once.
type Transform func(r *tensor.Rand, p *Picture)

// frame points p at row of x: [H, W, C], [H, W] (C is 1) or [n] (H, C are 1).
func (p *Picture) frame(x *column, row int) error {
	if x.dtype != tensor.Float32 || len(x.dims) < 1 || len(x.dims) > 3 {
		return fmt.Errorf("X is %v: a Transform wants float32 [H, W, C]", x.form)
	}
	p.Pix = x.f32[row*x.size : (row+1)*x.size]
	p.H, p.W, p.C = 1, x.dims[0], 1
	if len(x.dims) > 1 {
		p.H, p.W = x.dims[0], x.dims[1]
	}
	if len(x.dims) == 3 {
		p.C = x.dims[2]
	}
	return nil
}

// copied returns a copy of Pix, valid until the next call.
func (p *Picture) copied() []float32 {
	p.spare = append(p.spare[:0], p.Pix...)
	return p.spare
}

// row returns row y of Pix.
func (p *Picture) row(y int) []float32 {
	n := p.W * p.C
	return p.Pix[y*n : (y+1)*n]
}

// Compose applies transforms one after the other.
func Compose(all ...Transform) Transform {
	all = slices.Clone(all)
	return func(r *tensor.Rand, p *Picture) {
		for _, t := range all {
			t(r, p)
		}
	}
}

// RandomFlip turns left and right around in half of the pictures.
func RandomFlip() Transform {
	return func(r *tensor.Rand, p *Picture) {
		if r.Float64() >= 0.5 {
			return
		}
		for y := range p.H {
			mirror(p.row(y), p.C)
		}
	}
}

// mirror reverses a row of pixels of c channels.
func mirror(row []float32, c int) {
	for a, b := 0, len(row)-c; a < b; a, b = a+c, b-c {
		for k := range c {
			row[a+k], row[b+k] = row[b+k], row[a+k]
		}
	}
}

// RandomCrop moves the picture by up to pad pixels each way, at random, as if
// it had been padded with its edge pixels and cropped. Edge pixels, and not
// zeros, because zero is no colour in particular once values are normalised.
func RandomCrop(pad int) Transform {
	if pad < 0 {
		tensor.Fail("data.RandomCrop", "pad is %d, want 0 or more pixels", pad)
	}
	return func(r *tensor.Rand, p *Picture) {
		dy, dx := r.IntN(2*pad+1)-pad, r.IntN(2*pad+1)-pad
		if dy != 0 || dx != 0 {
			p.move(dy, dx)
		}
	}
}

// move takes each pixel from dy rows below and dx columns right of it, or from
// the edge where there is none.
func (p *Picture) move(dy, dx int) {
	old, n := p.copied(), p.W*p.C
	for y := range p.H {
		from := old[clampInt(y+dy, p.H)*n:][:n]
		to := p.row(y)
		for x := range p.W {
			copy(to[x*p.C:(x+1)*p.C], from[clampInt(x+dx, p.W)*p.C:])
		}
	}
}

func clampInt(i, n int) int { return min(max(i, 0), n-1) }

// Normalize subtracts each channel's mean and divides by its deviation. It
// panics with a [*tensor.Error] if the two differ in length or a deviation is
// not above 0; applied to a picture of other channels, it does the same.
func Normalize(mean, deviation []float64) Transform {
	if len(mean) != len(deviation) || len(mean) == 0 {
		tensor.Fail("data.Normalize", "%d means and %d deviations, want one each a channel", len(mean), len(deviation))
	}
	scale, shift := make([]float32, len(mean)), make([]float32, len(mean))
	for k, d := range deviation {
		if !(d > 0) {
			tensor.Fail("data.Normalize", "deviation %g of channel %d, want above 0", d, k)
		}
		scale[k], shift[k] = float32(1/d), float32(-mean[k]/d)
	}
	return func(_ *tensor.Rand, p *Picture) {
		if p.C != len(scale) {
			tensor.Fail("data.Normalize", "the picture has %d channels, the means are %d", p.C, len(scale))
		}
		for i := range p.Pix {
			k := i % p.C
			p.Pix[i] = p.Pix[i]*scale[k] + shift[k]
		}
	}
}

// RandomErase paints, in half of the pictures, a rectangle at a random place
// over with the picture's mean; each side is up to the given share (0 to 1) of
// the picture's.
//
// Source: Zhong et al. 2020, "Random Erasing Data Augmentation".
func RandomErase(share float64) Transform {
	if !(share >= 0 && share <= 1) {
		tensor.Fail("data.RandomErase", "share is %g, want 0 to 1", share)
	}
	return func(r *tensor.Rand, p *Picture) {
		if r.Float64() >= 0.5 {
			return
		}
		h := r.IntN(int(share*float64(p.H)) + 1)
		w := r.IntN(int(share*float64(p.W)) + 1)
		p.paint(r.IntN(p.H-h+1), r.IntN(p.W-w+1), h, w, p.mean())
	}
}

func (p *Picture) paint(y0, x0, h, w int, v float32) {
	for y := y0; y < y0+h; y++ {
		row := p.row(y)[x0*p.C : (x0+w)*p.C]
		for i := range row {
			row[i] = v
		}
	}
}

func (p *Picture) mean() float32 {
	sum := 0.0
	for _, v := range p.Pix {
		sum += float64(v)
	}
	return float32(sum / float64(max(len(p.Pix), 1)))
}

// Brightness adds one random number in [−amount, amount] to all values.
func Brightness(amount float64) Transform {
	checkAmount("data.Brightness", amount)
	return func(r *tensor.Rand, p *Picture) {
		by := float32(amount * (2*r.Float64() - 1))
		for i := range p.Pix {
			p.Pix[i] += by
		}
	}
}

// Contrast scales the values around their mean by one random factor in
// [1 − amount, 1 + amount].
func Contrast(amount float64) Transform {
	checkAmount("data.Contrast", amount)
	return func(r *tensor.Rand, p *Picture) {
		by, mean := float32(1+amount*(2*r.Float64()-1)), p.mean()
		for i, v := range p.Pix {
			p.Pix[i] = mean + (v-mean)*by
		}
	}
}

func checkAmount(op string, amount float64) {
	if !(amount >= 0) || math.IsInf(amount, 0) {
		tensor.Fail(op, "amount is %g, want a finite number, 0 or more", amount)
	}
}

// Affine turns, zooms and moves pictures at random around their centre, each
// value drawn evenly; pixels are interpolated bilinearly, beyond the edge the
// edge's pixels go on.
type Affine struct {
	Rotate float64 // up to this angle either way, in degrees
	Scale  float64 // by a factor in [1 − Scale, 1 + Scale]; below 1
	Shift  float64 // up to this share of height and width each way
}

// Transform returns the transform. It panics with a [*tensor.Error] if a field
// is negative or Scale is not below 1.
func (a Affine) Transform() Transform {
	checkAmount("data.Affine", a.Rotate)
	checkAmount("data.Affine", a.Scale)
	checkAmount("data.Affine", a.Shift)
	if a.Scale >= 1 {
		tensor.Fail("data.Affine", "Scale is %g, want below 1: a factor of 0 leaves nothing to see", a.Scale)
	}
	return func(r *tensor.Rand, p *Picture) {
		angle := a.Rotate * math.Pi / 180 * (2*r.Float64() - 1)
		zoom := 1 + a.Scale*(2*r.Float64()-1)
		dy := a.Shift * float64(p.H) * (2*r.Float64() - 1)
		dx := a.Shift * float64(p.W) * (2*r.Float64() - 1)
		sin, cos := math.Sincos(angle)
		p.warp(cos/zoom, sin/zoom, dy, dx)
	}
}

// warp takes pixel (y, x) from where the inverse map puts it: the offset from
// the centre, less the shift, turned and scaled by [cos, sin].
func (p *Picture) warp(cos, sin, dy, dx float64) {
	old := Picture{Pix: p.copied(), H: p.H, W: p.W, C: p.C}
	cy, cx := float64(p.H-1)/2, float64(p.W-1)/2
	for y := range p.H {
		row := p.row(y)
		for x := range p.W {
			u, v := float64(y)-cy-dy, float64(x)-cx-dx
			old.sample(row[x*p.C:(x+1)*p.C], cy+cos*u+sin*v, cx+cos*v-sin*u)
		}
	}
}

// sample writes the value at (y, x) between pixels to dst.
func (p *Picture) sample(dst []float32, y, x float64) {
	y, x = min(max(y, 0), float64(p.H-1)), min(max(x, 0), float64(p.W-1))
	y0, x0 := int(y), int(x)
	fy, fx := float32(y-float64(y0)), float32(x-float64(x0))
	top, bottom := p.row(y0), p.row(min(y0+1, p.H-1))
	a, b := x0*p.C, min(x0+1, p.W-1)*p.C
	for k := range dst {
		t := top[a+k] + fx*(top[b+k]-top[a+k])
		u := bottom[a+k] + fx*(bottom[b+k]-bottom[a+k])
		dst[k] = t + fy*(u-t)
	}
}
