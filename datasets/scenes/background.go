package scenes

import (
	"math"

	"github.com/limpid-ml/limpid/tensor"
)

// colour is red, green and blue, 0 to 1.
type colour [3]float64

func (a colour) mix(b colour, share float64) colour {
	for k := range a {
		a[k] += share * (b[k] - a[k])
	}
	return a
}

// anyColour draws a colour by hue, and by saturation and value between bounds.
func anyColour(r *tensor.Rand, s0, s1, v0, v1 float64) colour {
	h, s, v := 6*r.Float64(), s0+(s1-s0)*r.Float64(), v0+(v1-v0)*r.Float64()
	var c colour
	for k := range c {
		d := math.Abs(math.Mod(h+6-2*float64(k), 6) - 3) // distance from the channel's opposite
		c[k] = v * (1 - s + s*min(max(d-1, 0), 1))
	}
	return c
}

// pattern is a background's texture: a value of 0 to 1 at each place, in pixels.
type pattern func(y, x float64) float64

// The backgrounds. Those for training and those for the test have one kind in
// common, clouds; the others of the test are never seen before it.
var (
	seenKinds  = []func(r *tensor.Rand, side float64) pattern{clouds, stripes, checks, slope}
	otherKinds = []func(r *tensor.Rand, side float64) pattern{clouds, rings, weave, cells}
)

// clouds is value noise of three octaves, the coarsest a third of the picture.
//
// Source: Perlin 1985, "An image synthesizer".
func clouds(r *tensor.Rand, side float64) pattern {
	const n = 16
	grid := tensor.View[float32](r.Uniform(0, 1, n*n))
	at := func(y, x int) float64 { return float64(grid[(y&(n-1))*n+x&(n-1)]) }
	octave := func(y, x float64) float64 {
		y0, x0 := floor(y), floor(x)
		fy, fx := smooth(y-float64(y0)), smooth(x-float64(x0))
		up := at(y0, x0) + fx*(at(y0, x0+1)-at(y0, x0))
		down := at(y0+1, x0) + fx*(at(y0+1, x0+1)-at(y0+1, x0))
		return up + fy*(down-up)
	}
	cell := side / (2 + 2*r.Float64())
	return func(y, x float64) float64 {
		y, x = y/cell, x/cell
		return (4*octave(y, x) + 2*octave(2*y+5, 2*x+3) + octave(4*y+9, 4*x+7)) / 7
	}
}

func smooth(t float64) float64 { return t * t * (3 - 2*t) }

// turned returns a random direction.
func turned(r *tensor.Rand) (sin, cos float64) { return math.Sincos(2 * math.Pi * r.Float64()) }

// stripes is a wave across the picture, soft or hard.
func stripes(r *tensor.Rand, _ float64) pattern {
	sin, cos := turned(r)
	width, sharp := 4+12*r.Float64(), 1+6*r.Float64()
	return func(y, x float64) float64 { return wave((sin*y+cos*x)/width, sharp) }
}

// wave swings between 0 and 1, the more steeply the sharper.
func wave(t, sharp float64) float64 {
	return 0.5 + 0.5*min(max(sharp*math.Sin(math.Pi*t), -1), 1)
}

// checks is a turned chessboard.
func checks(r *tensor.Rand, _ float64) pattern {
	sin, cos := turned(r)
	width := 6 + 12*r.Float64()
	return func(y, x float64) float64 {
		u, v := (cos*x+sin*y)/width, (cos*y-sin*x)/width
		return float64((floor(u) + floor(v)) & 1)
	}
}

// slope goes from one colour to the other once.
func slope(r *tensor.Rand, side float64) pattern {
	sin, cos := turned(r)
	return func(y, x float64) float64 {
		return min(max(0.5+(sin*(y-side/2)+cos*(x-side/2))/side, 0), 1)
	}
}

// rings are waves around a point.
func rings(r *tensor.Rand, side float64) pattern {
	cy, cx := side*(2*r.Float64()-0.5), side*(2*r.Float64()-0.5)
	width, sharp := 4+10*r.Float64(), 1+4*r.Float64()
	return func(y, x float64) float64 { return wave(math.Hypot(y-cy, x-cx)/width, sharp) }
}

// weave is two waves, one across the other.
func weave(r *tensor.Rand, _ float64) pattern {
	sin, cos := turned(r)
	a, b := 3+8*r.Float64(), 3+8*r.Float64()
	return func(y, x float64) float64 {
		return wave((cos*x+sin*y)/a, 2)*0.5 + wave((cos*y-sin*x)/b, 2)*0.5
	}
}

// cells gives each place the shade of the nearest of some points.
//
// Source: Worley 1996, "A cellular texture basis function".
func cells(r *tensor.Rand, side float64) pattern {
	n := 10 + r.IntN(20)
	points := tensor.View[float32](r.Uniform(0, 1, 3*n))
	return func(y, x float64) float64 {
		best, shade := math.Inf(1), 0.
		for k := range n {
			dy, dx := y-side*float64(points[3*k]), x-side*float64(points[3*k+1])
			if d := dy*dy + dx*dx; d < best {
				best, shade = d, float64(points[3*k+2])
			}
		}
		return shade
	}
}

// canvas is a picture while it is painted.
type canvas struct {
	pix  []float64 // [side, side, 3], 0 to 1
	side int
}

// blend mixes a colour into a pixel.
func (c *canvas) blend(y, x int, by colour, share float64) {
	p := c.pix[(y*c.side+x)*3:][:3]
	for k := range p {
		p[k] += share * (by[k] - p[k])
	}
}

// background paints a texture in two colours, and litter on it.
func (c *canvas) background(r *tensor.Rand, kinds []func(*tensor.Rand, float64) pattern) {
	f := kinds[r.IntN(len(kinds))](r, float64(c.side))
	a, b := anyColour(r, 0, 0.8, 0.1, 1), anyColour(r, 0, 0.8, 0.1, 1)
	for y := range c.side {
		for x := range c.side {
			c.blend(y, x, a.mix(b, f(float64(y), float64(x))), 1)
		}
	}
	for range 4 + r.IntN(10) {
		c.litter(r)
	}
}

// litter paints a shape that is no garment: an ellipse, a slanted rectangle or
// a line.
func (c *canvas) litter(r *tensor.Rand) {
	sin, cos := turned(r)
	side := float64(c.side)
	cy, cx := side*r.Float64(), side*r.Float64()
	long, wide := side*(0.03+0.12*r.Float64()), side*(0.03+0.08*r.Float64())
	kind := r.IntN(3)
	if kind == 2 {
		long, wide = side*(0.1+0.4*r.Float64()), 0.5+r.Float64()
	}
	paint, share := anyColour(r, 0, 0.9, 0.05, 1), 0.5+0.5*r.Float64()
	reach := int(long+wide) + 1
	for y := max(int(cy)-reach, 0); y <= min(int(cy)+reach, c.side-1); y++ {
		for x := max(int(cx)-reach, 0); x <= min(int(cx)+reach, c.side-1); x++ {
			u, v := math.Abs(cos*(float64(x)-cx)+sin*(float64(y)-cy)), math.Abs(cos*(float64(y)-cy)-sin*(float64(x)-cx))
			inside := min(long-u, wide-v) // pixels to the edge
			if kind == 0 {
				inside = (1 - math.Hypot(u/long, v/wide)) * min(long, wide)
			}
			c.blend(y, x, paint, share*min(max(inside+0.5, 0), 1))
		}
	}
}

// grain adds what a camera would: light from one side, and noise.
func (c *canvas) grain(r *tensor.Rand) {
	sin, cos := turned(r)
	strength, amount := 0.15*r.Float64(), 0.01+0.03*r.Float64()
	noise := tensor.View[float32](r.Uniform(-amount*math.Sqrt(3), amount*math.Sqrt(3), len(c.pix)))
	for i := range c.pix {
		y, x := i/3/c.side, i/3%c.side
		light := 1 + strength*(sin*float64(2*y-c.side)+cos*float64(2*x-c.side))/float64(c.side)
		c.pix[i] = min(max(c.pix[i]*light+float64(noise[i]), 0), 1)
	}
}
