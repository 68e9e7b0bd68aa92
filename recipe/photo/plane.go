package photo

// plane is a brightness that changes evenly over an image: a background that
// light falls on from one side. x and y are from -0.5 to 0.5.
type plane struct{ mean, dx, dy float32 }

func (p plane) at(g *Grey, x, y int) float32 {
	return p.mean + p.dx*place(x, g.Width) + p.dy*place(y, g.Height)
}

// place is where pixel i of n lies, from -0.5 to 0.5.
func place(i, n int) float32 { return (float32(i) + 0.5 - float32(n)/2) / float32(n) }

// slope is the difference between its darkest and its brightest corner.
func (p plane) slope() float32 { return max(p.dx, -p.dx) + max(p.dy, -p.dy) }

// fits tells how much a border pixel may differ from the background in each
// round of the search for it: what differs more is object.
var fits = [...]float32{0.25, 0.15, different, different}

// backdrop returns the plane that most of g's border lies in, and the share of
// the border that does not.
func backdrop(g *Grey) (p plane, unlike float64) {
	p = plane{mean: borderMedian(g)}
	total, near := 0, 0
	for _, most := range fits {
		var n normal
		total, near = 0, 0
		border(g, func(x, y int, v float32) {
			total++
			if d := v - p.at(g, x, y); d < most && d > -most {
				near++
				n.add(place(x, g.Width), place(y, g.Height), v)
			}
		})
		if next, ok := n.solve(); ok {
			p = next
		}
	}
	return p, 1 - float64(near)/float64(total)
}

// normal holds the sums of a least-squares fit of v = a + b·x + c·y.
type normal struct{ n, x, y, xx, xy, yy, v, vx, vy float64 }

func (s *normal) add(x32, y32, v32 float32) {
	x, y, v := float64(x32), float64(y32), float64(v32)
	s.n++
	s.x += x
	s.y += y
	s.xx += x * x
	s.xy += x * y
	s.yy += y * y
	s.v += v
	s.vx += v * x
	s.vy += v * y
}

// solve returns the plane, or false if the points do not say enough: they lie
// in a line, or there are few.
func (s *normal) solve() (plane, bool) {
	if s.n < 8 {
		return plane{}, false
	}
	xx, xy, yy := s.xx-s.x*s.x/s.n, s.xy-s.x*s.y/s.n, s.yy-s.y*s.y/s.n
	vx, vy := s.vx-s.v*s.x/s.n, s.vy-s.v*s.y/s.n
	det := xx*yy - xy*xy
	if det < 1e-3*s.n*s.n/144 { // a twelfth is the variance of an even spread
		return plane{}, false
	}
	dx, dy := (vx*yy-vy*xy)/det, (vy*xx-vx*xy)/det
	return plane{float32((s.v - dx*s.x - dy*s.y) / s.n), float32(dx), float32(dy)}, true
}
