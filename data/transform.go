package data

import (
	"fmt"
	"math"
	"slices"

	"github.com/limpid-ml/limpid/tensor"
)

// Picture is an example's X while transforms change it: float32 values
// [H, W, C] in Pix, and what lies on it. A transform that moves pixels moves
// Mask and Objects along: Flip, Crop, Resize and Warp do, and what is built of
// them does too. One that only changes values writes Pix.
type Picture struct {
	Pix     []float32
	H, W, C int
	Mask    []int32  // [H, W], the label of each pixel, where Y is such a mask; else nil
	Objects []Object // those of [Example.WithObjects], in pixels of the picture

	spare     []float32
	spareMask []int32
	own       [2]surface // memory of pictures that have changed their size
	turn      int
	taps      []float64
	wide      []float32
}

// surface is memory for a picture and its mask.
type surface struct {
	pix  []float32
	mask []int32
}

// Transform changes a picture in place. r is the only source of chance; it
// follows from the loader's seed, the batch's number and the place in the
// batch, so the same run sees the same pictures at any number of workers.
// Several goroutines call a Transform at once.
type Transform func(r *tensor.Rand, p *Picture)

// frame points p at row of x: [H, W, C], [H, W] (C is 1) or [n] (H, C are 1),
// and at row of y if that is a mask of the same height and width.
func (p *Picture) frame(x, y *column, row int) error {
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
	p.Mask, p.Objects = nil, p.Objects[:0]
	if y != nil && y.maskOf(x) {
		p.Mask = y.i32[row*y.size : (row+1)*y.size]
	}
	return nil
}

// maskOf tells whether rows of c label the pixels of x's.
func (c *column) maskOf(x *column) bool {
	return c.dtype == tensor.Int32 && len(c.dims) == 2 && len(x.dims) >= 2 && c.dims[0] == x.dims[0] && c.dims[1] == x.dims[1]
}

// fresh gives p another size, and memory of its own for it, to be filled. It
// returns p as it was, which is valid until the next call but one.
func (p *Picture) fresh(h, w int) (old Picture) {
	old = *p
	p.turn ^= 1
	s := &p.own[p.turn]
	p.H, p.W = h, w
	s.pix = slices.Grow(s.pix[:0], h*w*p.C)[:h*w*p.C]
	p.Pix = s.pix
	if p.Mask != nil {
		s.mask = slices.Grow(s.mask[:0], h*w)[:h*w]
		p.Mask = s.mask
	}
	return old
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
		if r.Float64() < 0.5 {
			p.Flip()
		}
	}
}

// RandomCrop moves the picture by up to pad pixels each way, at random, as if
// it had been padded with its edge pixels and cropped. Edge pixels, and not
// zeros, because zero is no colour in particular once values are normalised;
// a mask is padded with −100, for nobody knows what is there.
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
	p.moveMask(dy, dx)
	p.moved(func(o Object) Object {
		o.X1, o.X2 = o.X1-float32(dx), o.X2-float32(dx)
		o.Y1, o.Y2 = o.Y1-float32(dy), o.Y2-float32(dy)
		return o
	})
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

// Jitter changes the colours of pictures at random, each amount drawn evenly
// from either side: what a Brightness of 0.2 adds is in [−0.2, 0.2], what a
// Contrast or a Saturation of 0.2 multiplies by is in [0.8, 1.2], Hue is turned
// by up to so many degrees. Saturation and Hue need three channels, red, green
// and blue, and leave others alone.
type Jitter struct{ Brightness, Contrast, Saturation, Hue float64 }

// Transform returns the transform. It panics with a [*tensor.Error] if a field
// is negative or not finite.
func (j Jitter) Transform() Transform {
	light, contrast := Brightness(j.Brightness), Contrast(j.Contrast)
	checkAmount("data.Jitter", j.Saturation)
	checkAmount("data.Jitter", j.Hue)
	return func(r *tensor.Rand, p *Picture) {
		light(r, p)
		contrast(r, p)
		by := 1 + j.Saturation*(2*r.Float64()-1)
		turn := j.Hue * math.Pi / 180 * (2*r.Float64() - 1)
		if p.C == 3 && (by != 1 || turn != 0) {
			p.recolour(by, turn)
		}
	}
}

// recolour scales each pixel's distance from its luma and turns it around the
// axis of greys, keeping the luma. Source of the axes: NTSC's YIQ.
func (p *Picture) recolour(by, turn float64) {
	sin, cos := math.Sincos(turn)
	c, s := float32(by*cos), float32(by*sin)
	for k := 0; k+2 < len(p.Pix); k += 3 {
		r, g, b := p.Pix[k], p.Pix[k+1], p.Pix[k+2]
		y := 0.299*r + 0.587*g + 0.114*b
		i := 0.5959*r - 0.2746*g - 0.3213*b
		q := 0.2115*r - 0.5227*g + 0.3112*b
		i, q = c*i-s*q, s*i+c*q
		p.Pix[k] = y + 0.956*i + 0.619*q
		p.Pix[k+1] = y - 0.272*i - 0.647*q
		p.Pix[k+2] = y - 1.106*i + 1.703*q
	}
}

func checkAmount(op string, amount float64) {
	if !(amount >= 0) || math.IsInf(amount, 0) {
		tensor.Fail(op, "amount is %g, want a finite number, 0 or more", amount)
	}
}
