package scenes

// cutout is a garment without its background: h×w values 0 to 1, and whether
// each pixel is the garment's.
type cutout struct {
	shade []float64
	is    []bool
	h, w  int
}

// speck is how many pixels a part must have, or it is dirt.
const speck = 12

// cut finds the garment in a grey picture on black: the lit pixels but for
// specks, and what they enclose, for garments have black pixels inside.
func cut(pix []uint8, h, w int) cutout {
	c := cutout{shade: make([]float64, h*w), is: make([]bool, h*w), h: h, w: w}
	lit := make([]bool, h*w)
	for i, v := range pix {
		c.shade[i], lit[i] = float64(v)/255, v > 0
	}
	seen := make([]bool, h*w)
	for i := range lit {
		if part := flood(lit, seen, i, h, w); len(part) >= speck {
			for _, k := range part {
				c.is[k] = true
			}
		}
	}
	c.enclose()
	return c.trim()
}

// flood returns the places that hang together with i over their sides, as far
// as on, and marks them seen; none if i is not on, or seen already.
func flood(on, seen []bool, i, h, w int) (all []int) {
	push := func(k int) {
		if on[k] && !seen[k] {
			seen[k] = true
			all = append(all, k)
		}
	}
	push(i)
	for at := 0; at < len(all); at++ {
		k := all[at]
		if k%w > 0 {
			push(k - 1)
		}
		if k%w < w-1 {
			push(k + 1)
		}
		if k >= w {
			push(k - w)
		}
		if k < (h-1)*w {
			push(k + w)
		}
	}
	return all
}

// enclose adds all that cannot be reached from the picture's edge.
func (c *cutout) enclose() {
	off, outside := make([]bool, len(c.is)), make([]bool, len(c.is))
	for i, is := range c.is {
		off[i] = !is
	}
	for i := range c.is {
		y, x := i/c.w, i%c.w
		if y == 0 || x == 0 || y == c.h-1 || x == c.w-1 {
			flood(off, outside, i, c.h, c.w)
		}
	}
	for i := range c.is {
		c.is[i] = !outside[i]
	}
}

// trim cuts off the empty margins.
func (c *cutout) trim() cutout {
	y1, x1, y2, x2 := extent(c.is, c.h, c.w)
	t := cutout{h: max(y2-y1, 0), w: max(x2-x1, 0)}
	for y := y1; y < y2; y++ {
		t.shade = append(t.shade, c.shade[y*c.w+x1:y*c.w+x2]...)
		t.is = append(t.is, c.is[y*c.w+x1:y*c.w+x2]...)
	}
	return t
}

// extent returns the edges of what is on; all 0 if nothing is.
func extent(on []bool, h, w int) (y1, x1, y2, x2 int) {
	y1, x1 = h, w
	for i, is := range on {
		if is {
			y, x := i/w, i%w
			y1, x1, y2, x2 = min(y1, y), min(x1, x), max(y2, y+1), max(x2, x+1)
		}
	}
	if y2 == 0 {
		return 0, 0, 0, 0
	}
	return y1, x1, y2, x2
}

// sprite is a garment at the size it has in a scene: colour strength and
// coverage of each pixel, 0 to 1.
type sprite struct {
	shade, cover []float64
	h, w         int
}

// scaled draws the garment so many times as large, mirrored or not. Each pixel
// is the mean of 3×3 points, each read off linearly between the garment's
// pixels, so that neither edges nor weave are jagged.
func (c *cutout) scaled(by float64, mirrored bool) sprite {
	s := sprite{h: max(int(float64(c.h)*by+0.5), 1), w: max(int(float64(c.w)*by+0.5), 1)}
	s.shade, s.cover = make([]float64, s.h*s.w), make([]float64, s.h*s.w)
	const points = 3
	for y := range s.h {
		for x := range s.w {
			var shade, cover float64
			for k := range points * points {
				v := (float64(y) + (float64(k/points)+0.5)/points) * float64(c.h) / float64(s.h)
				u := (float64(x) + (float64(k%points)+0.5)/points) * float64(c.w) / float64(s.w)
				a, b := c.read(v-0.5, u-0.5)
				shade, cover = shade+a, cover+b
			}
			to := y*s.w + x
			if mirrored {
				to = y*s.w + s.w - 1 - x
			}
			if cover > 0 {
				s.shade[to] = shade / cover
			}
			s.cover[to] = cover / (points * points)
		}
	}
	return s
}

// read returns the garment's shade, weighed by how much of it is there, and
// that weight, between pixels.
func (c *cutout) read(y, x float64) (shade, cover float64) {
	y0, x0 := floor(y), floor(x)
	fy, fx := y-float64(y0), x-float64(x0)
	for k, weight := range [4]float64{(1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx} {
		yy, xx := y0+k/2, x0+k%2
		if yy >= 0 && yy < c.h && xx >= 0 && xx < c.w && c.is[yy*c.w+xx] {
			shade += weight * c.shade[yy*c.w+xx]
			cover += weight
		}
	}
	// Half covered is covered: the edge stays as sharp as the scale allows.
	if cover < 0.5 {
		return 0, 0
	}
	return shade / cover, 1
}

func floor(v float64) int {
	n := int(v)
	if float64(n) > v {
		n--
	}
	return n
}
