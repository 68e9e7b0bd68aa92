package data

import (
	"math"
	"slices"

	"github.com/limpid-ml/limpid/format/picture"
	"github.com/limpid-ml/limpid/tensor"
)

// visible is the share of an object's box that must be left in the picture; an
// object of which less is left is dropped.
const visible = 0.25

// moved has f move the objects, clips them to the picture, and drops those of
// which too little is left.
func (p *Picture) moved(f func(Object) Object) {
	kept := p.Objects[:0]
	for _, o := range p.Objects {
		o = f(o)
		whole := o.Area()
		o.X1, o.X2 = min(max(o.X1, 0), float32(p.W)), min(max(o.X2, 0), float32(p.W))
		o.Y1, o.Y2 = min(max(o.Y1, 0), float32(p.H)), min(max(o.Y2, 0), float32(p.H))
		if left := o.Area(); left > 0 && left >= visible*whole {
			kept = append(kept, o)
		}
	}
	p.Objects = kept
}

// Flip turns left and right around.
func (p *Picture) Flip() {
	for y := range p.H {
		mirror(p.row(y), p.C)
		if p.Mask != nil {
			slices.Reverse(p.Mask[y*p.W : (y+1)*p.W])
		}
	}
	w := float32(p.W)
	for i, o := range p.Objects {
		p.Objects[i].X1, p.Objects[i].X2 = w-o.X2, w-o.X1
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

// Crop leaves the h×w pixels from row y and column x on. Beyond the picture its
// edge goes on, in the mask −100. It panics with a [*tensor.Error] if h or w is
// below 1.
func (p *Picture) Crop(y, x, h, w int) {
	if h < 1 || w < 1 {
		tensor.Fail("data.Picture.Crop", "%d×%d pixels, want at least 1×1", h, w)
	}
	old := p.fresh(h, w)
	inside := x >= 0 && x+w <= old.W
	for i := range h {
		to, from := p.row(i), old.row(clampInt(y+i, old.H))
		if inside {
			copy(to, from[x*p.C:])
			continue
		}
		for j := range w {
			copy(to[j*p.C:(j+1)*p.C], from[clampInt(x+j, old.W)*p.C:])
		}
	}
	if p.Mask != nil {
		shiftMask(p, &old, y, x)
	}
	p.moved(func(o Object) Object {
		o.X1, o.X2 = o.X1-float32(x), o.X2-float32(x)
		o.Y1, o.Y2 = o.Y1-float32(y), o.Y2-float32(y)
		return o
	})
}

// moveMask is move for the mask.
func (p *Picture) moveMask(dy, dx int) {
	if p.Mask == nil {
		return
	}
	p.spareMask = append(p.spareMask[:0], p.Mask...)
	old := Picture{Mask: p.spareMask, H: p.H, W: p.W}
	shiftMask(p, &old, dy, dx)
}

// shiftMask takes p's mask from old's, from row y and column x on.
func shiftMask(p, old *Picture, y, x int) {
	for i := range p.H {
		for j := range p.W {
			p.Mask[i*p.W+j] = old.label(y+i, x+j)
		}
	}
}

// label returns the mask at (y, x), −100 outside.
func (p *Picture) label(y, x int) int32 {
	if y < 0 || x < 0 || y >= p.H || x >= p.W {
		return ignored
	}
	return p.Mask[y*p.W+x]
}

// Resize scales the picture to h×w pixels, without aliasing; a mask takes the
// label nearest to each new pixel's centre. It panics with a [*tensor.Error] if
// h or w is below 1. See [picture.Sizer].
func (p *Picture) Resize(h, w int) {
	if h < 1 || w < 1 {
		tensor.Fail("data.Picture.Resize", "%d×%d pixels, want at least 1×1", h, w)
	}
	if h == p.H && w == p.W {
		return
	}
	old := p.fresh(h, w)
	p.scaleAcross(&old)
	p.scaleDown(old.H)
	if p.Mask != nil {
		for y := range h {
			for x := range w {
				p.Mask[y*w+x] = old.Mask[nearest(y, old.H, h)*old.W+nearest(x, old.W, w)]
			}
		}
	}
	sy, sx := float32(h)/float32(old.H), float32(w)/float32(old.W)
	for i, o := range p.Objects {
		p.Objects[i].X1, p.Objects[i].X2, p.Objects[i].Y1, p.Objects[i].Y2 = o.X1*sx, o.X2*sx, o.Y1*sy, o.Y2*sy
	}
}

// nearest returns the old pixel that the centre of new pixel i lies on.
func nearest(i, old, new int) int { return min((2*i+1)*old/(2*new), old-1) }

// scaleAcross writes the rows of old, p.W wide, to p.wide.
func (p *Picture) scaleAcross(old *Picture) {
	n, c := p.W*p.C, p.C
	p.wide = slices.Grow(p.wide[:0], old.H*n)[:old.H*n]
	for x := range p.W {
		first, weights := picture.Taps(p.taps, old.W, p.W, x)
		p.taps = weights
		for y := range old.H {
			row := old.row(y)
			for k := range c {
				var sum float32
				for i, w := range weights {
					sum += float32(w) * row[(first+i)*c+k]
				}
				p.wide[y*n+x*c+k] = sum
			}
		}
	}
}

// scaleDown makes p of p.wide's rows.
func (p *Picture) scaleDown(rows int) {
	n := p.W * p.C
	for y := range p.H {
		first, weights := picture.Taps(p.taps, rows, p.H, y)
		p.taps = weights
		to := p.row(y)
		clear(to)
		for i, w := range weights {
			from := p.wide[(first+i)*n:][:n]
			for k, v := range from {
				to[k] += float32(w) * v
			}
		}
	}
}

// Resize scales each picture to h×w pixels. See [Picture.Resize].
func Resize(h, w int) Transform {
	if h < 1 || w < 1 {
		tensor.Fail("data.Resize", "%d×%d pixels, want at least 1×1", h, w)
	}
	return func(_ *tensor.Rand, p *Picture) { p.Resize(h, w) }
}

// Crop cuts H×W pixels out of each picture, at a random place.
type Crop struct {
	H, W   int
	Centre bool // always from the middle
	// Area, if set, takes a part of between Area[0] and Area[1] of the picture's
	// area instead, of up to 4:3 or 3:4 times the form of H×W, and scales it.
	Area [2]float64
}

// Transform returns the transform. It panics with a [*tensor.Error] if the size
// is below 1×1 or Area is not 0 < Area[0] ≤ Area[1] ≤ 1. A picture smaller than
// H×W is cut as if its edges went on.
//
// Source of Area: Szegedy et al. 2015, "Going deeper with convolutions".
func (c Crop) Transform() Transform {
	if c.H < 1 || c.W < 1 {
		tensor.Fail("data.Crop", "%d×%d pixels, want at least 1×1", c.H, c.W)
	}
	if c.Area != [2]float64{} && !(c.Area[0] > 0 && c.Area[0] <= c.Area[1] && c.Area[1] <= 1) {
		tensor.Fail("data.Crop", "Area is %v, want two shares above 0, up to 1, the smaller first", c.Area)
	}
	return func(r *tensor.Rand, p *Picture) {
		h, w := c.H, c.W
		if c.Area != [2]float64{} {
			h, w = c.part(r, p)
		}
		y, x := (p.H-h)/2, (p.W-w)/2
		if !c.Centre {
			y, x = somewhere(r, p.H-h), somewhere(r, p.W-w)
		}
		if h != p.H || w != p.W {
			p.Crop(y, x, h, w)
		}
		p.Resize(c.H, c.W)
	}
}

// somewhere draws from 0 to n, or from n to 0.
func somewhere(r *tensor.Rand, n int) int {
	if n < 0 {
		return -r.IntN(1 - n)
	}
	return r.IntN(n + 1)
}

// part draws the size of a part to cut.
func (c Crop) part(r *tensor.Rand, p *Picture) (h, w int) {
	area := float64(p.H*p.W) * (c.Area[0] + (c.Area[1]-c.Area[0])*r.Float64())
	form := float64(c.W) / float64(c.H) * math.Exp(math.Log(4.0/3)*(2*r.Float64()-1))
	h = int(math.Sqrt(area/form) + 0.5)
	w = int(math.Sqrt(area*form) + 0.5)
	return min(max(h, 1), p.H), min(max(w, 1), p.W)
}

// Affine turns, zooms and moves pictures at random around their centre, each
// value drawn evenly; pixels are interpolated bilinearly, beyond the edge the
// edge's pixels go on. A mask takes the nearest label, −100 beyond the edge; a
// box becomes the one around its four turned corners.
type Affine struct {
	Rotate float64 // up to this angle either way, in degrees
	Scale  float64 // by a factor in [1 − Scale, 1 + Scale]; below 1
	Shift  float64 // up to this share of height and width each way
	Shear  float64 // rows slide by up to the tangent of this angle either way, in degrees; below 90
}

// Transform returns the transform. It panics with a [*tensor.Error] if a field
// is negative or out of range.
func (a Affine) Transform() Transform {
	checkAmount("data.Affine", a.Rotate)
	checkAmount("data.Affine", a.Scale)
	checkAmount("data.Affine", a.Shift)
	checkAmount("data.Affine", a.Shear)
	if a.Scale >= 1 {
		tensor.Fail("data.Affine", "Scale is %g, want below 1: a factor of 0 leaves nothing to see", a.Scale)
	}
	if a.Shear >= 90 {
		tensor.Fail("data.Affine", "Shear is %g degrees, want below 90", a.Shear)
	}
	return func(r *tensor.Rand, p *Picture) {
		angle := a.Rotate * math.Pi / 180 * (2*r.Float64() - 1)
		zoom := 1 + a.Scale*(2*r.Float64()-1)
		dy := a.Shift * float64(p.H) * (2*r.Float64() - 1)
		dx := a.Shift * float64(p.W) * (2*r.Float64() - 1)
		slide := 0.0
		if a.Shear > 0 {
			slide = math.Tan(a.Shear * math.Pi / 180 * (2*r.Float64() - 1))
		}
		sin, cos := math.Sincos(angle)
		cos, sin = cos/zoom, sin/zoom
		p.Warp(Map{YY: cos - slide*sin, YX: sin, XY: -sin - slide*cos, XX: cos, DY: dy, DX: dx})
	}
}

// Map is an affine map from places in a new picture to places in the old one,
// around their centres: with (u, v) the row and column of a new pixel less the
// centre's and less (DY, DX), the old one is at row YY·u + YX·v and column
// XY·u + XX·v from the centre.
type Map struct{ YY, YX, XY, XX, DY, DX float64 }

// Warp takes each pixel from where the map puts it. It panics with a
// [*tensor.Error] if the map flattens the picture.
func (p *Picture) Warp(m Map) {
	det := m.YY*m.XX - m.YX*m.XY
	if !(math.Abs(det) > 1e-12) || math.IsInf(det, 0) {
		tensor.Fail("data.Picture.Warp", "%+v flattens the picture, want a map that can be undone", m)
	}
	old := Picture{Pix: p.copied(), H: p.H, W: p.W, C: p.C}
	if p.Mask != nil {
		p.spareMask = append(p.spareMask[:0], p.Mask...)
		old.Mask = p.spareMask
	}
	cy, cx := float64(p.H-1)/2, float64(p.W-1)/2
	for y := range p.H {
		row := p.row(y)
		for x := range p.W {
			u, v := float64(y)-cy-m.DY, float64(x)-cx-m.DX
			fy, fx := cy+m.YY*u+m.YX*v, cx+m.XY*u+m.XX*v
			old.sample(row[x*p.C:(x+1)*p.C], fy, fx)
			if p.Mask != nil {
				p.Mask[y*p.W+x] = old.label(int(math.Floor(fy+0.5)), int(math.Floor(fx+0.5)))
			}
		}
	}
	p.moved(func(o Object) Object { return m.box(o, float64(p.H)/2, float64(p.W)/2, det) })
}

// box returns the box around o's corners where the inverse of m puts them; the
// centre is counted in edges of pixels.
func (m Map) box(o Object, cy, cx, det float64) Object {
	var ys, xs [4]float64
	for k := range 4 {
		y, x := float64(o.Y1), float64(o.X1)
		if k&1 == 1 {
			x = float64(o.X2)
		}
		if k&2 == 2 {
			y = float64(o.Y2)
		}
		y, x = y-cy, x-cx
		ys[k] = (m.XX*y-m.YX*x)/det + cy + m.DY
		xs[k] = (m.YY*x-m.XY*y)/det + cx + m.DX
	}
	o.Y1, o.Y2 = float32(slices.Min(ys[:])), float32(slices.Max(ys[:]))
	o.X1, o.X2 = float32(slices.Min(xs[:])), float32(slices.Max(xs[:]))
	return o
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
