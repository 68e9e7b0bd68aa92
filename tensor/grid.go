package tensor

import "github.com/limpid-ml/limpid/internal/kernel"

// grid says how operands of several strides are walked together. Axes that
// all operands walk as one are merged, and axes of length 1 left out.
type grid struct {
	n    int             // axes, outermost first
	dim  [maxRank]int    // their lengths
	step [3][maxRank]int // elements between neighbours of each operand; 0 where it is stretched
	at   [maxRank]int    // where the walk is
	pos  [3]int          // each operand's element there
}

// axis adds an axis of length d inside the others.
func (g *grid) axis(d, a, b, c int) {
	if d == 1 {
		return
	}
	if p := g.n - 1; p >= 0 && g.step[0][p] == a*d && g.step[1][p] == b*d && g.step[2][p] == c*d {
		g.dim[p] *= d
		g.step[0][p], g.step[1][p], g.step[2][p] = a, b, c
		return
	}
	g.dim[g.n] = d
	g.step[0][g.n], g.step[1][g.n], g.step[2][g.n] = a, b, c
	g.n++
}

// next moves on along the outer axes, those before axis inner; it reports
// whether there was a further place.
func (g *grid) next(inner int) bool {
	for a := inner - 1; a >= 0; a-- {
		g.at[a]++
		for k := range g.pos {
			g.pos[k] += g.step[k][a]
		}
		if g.at[a] < g.dim[a] {
			return true
		}
		g.at[a] = 0
		for k := range g.pos {
			g.pos[k] -= g.step[k][a] * g.dim[a]
		}
	}
	return false
}

// last returns the innermost axis's length and steps, 1 and zeros if there is
// no axis.
func (g *grid) last() (d, a, b, c int) {
	if g.n == 0 {
		return 1, 0, 0, 0
	}
	p := g.n - 1
	return g.dim[p], g.step[0][p], g.step[1][p], g.step[2][p]
}

// strides returns how many elements lie between neighbours along each axis.
func (h *header) strides() (s [maxRank]int) {
	step := 1
	for a := int(h.rank) - 1; a >= 0; a-- {
		s[a] = step
		step *= h.shape[a]
	}
	return s
}

// stretched returns h's strides seen from a shape of the given rank that h is
// broadcast to: 0 along the axes it is stretched over.
func (h *header) stretched(rank int) (s [maxRank]int) {
	lead := rank - int(h.rank)
	step := 1
	for a := int(h.rank) - 1; a >= 0; a-- {
		if d := h.shape[a]; d != 1 {
			s[a+lead] = step
			step *= d
		}
	}
	return s
}

// over sets g to walk up to three operands broadcast to out.
func (g *grid) over(out, x, y, z *header) {
	rank := int(out.rank)
	var c [maxRank]int
	a, b := x.stretched(rank), y.stretched(rank)
	if z != nil {
		c = z.stretched(rank)
	}
	for i, d := range out.dims() {
		g.axis(d, a[i], b[i], c[i])
	}
}

// move copies elements of src to dst, operands 0 and 1 of g.
func (g *grid) move(dst, src *header) {
	if dst.n == 0 || src.n == 0 {
		return
	}
	switch dst.dtype.size() {
	case 1:
		moveAll(g, elems[uint8](dst), elems[uint8](src))
	case 4:
		moveAll(g, elems[uint32](dst), elems[uint32](src))
	default:
		moveAll(g, elems[uint64](dst), elems[uint64](src))
	}
}

func moveAll[T any](g *grid, dst, src []T) {
	d, to, from, _ := g.last()
	if g.turned() {
		rows := g.dim[g.n-2]
		for more := true; more; more = g.next(g.n - 2) {
			kernel.Transpose(dst[g.pos[0]:][:d*rows], src[g.pos[1]:][:d*rows], d, rows)
		}
		return
	}
	for more := true; more; more = g.next(g.n - 1) {
		moveLine(dst[g.pos[0]:], src, g.pos[1], d, to, from)
	}
}

// turned tells whether the two inner axes are a whole matrix transposed.
func (g *grid) turned() bool {
	p := g.n - 1
	return p > 0 && g.step[0][p] == 1 && g.step[1][p-1] == 1 && g.step[1][p] == g.dim[p-1] && g.step[0][p-1] == g.dim[p]
}

// moveLine copies d elements, src from place at on, by their steps; from may
// be negative.
func moveLine[T any](dst, src []T, at, d, to, from int) {
	switch {
	case to == 1 && from == 1:
		copy(dst[:d], src[at:])
	case to == 1 && from == 0:
		kernel.Fill(dst[:d], src[at])
	case to == 1:
		for i := range dst[:d] {
			dst[i] = src[at+i*from]
		}
	default:
		for i := range d {
			dst[i*to] = src[at+i*from]
		}
	}
}
