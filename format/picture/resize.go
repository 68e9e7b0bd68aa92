package picture

import "image"

// Sizer resizes, and keeps its memory from one picture to the next. Each new
// pixel is the mean, weighted by a triangle, of the old ones under it and
// beside it; made smaller, a picture does not alias.
//
// Source: the triangle ("bilinear") filter with support that grows with the
// scale, as in Pillow, whose bytes it gives.
type Sizer struct {
	mid  Raster
	x, y taps
}

// bits is the precision of a weight: 32 less 8 of a byte and 2 to spare.
const bits = 22

// Resize makes to the part of from that lies in box, at h×w pixels.
func (s *Sizer) Resize(to, from *Raster, box image.Rectangle, h, w int) {
	s.x.set(box.Dx(), w)
	s.y.set(box.Dy(), h)
	s.mid.reset(box.Dy(), w, from.C)
	for y := range box.Dy() {
		src := from.Pix[((box.Min.Y+y)*from.W+box.Min.X)*from.C:]
		s.across(s.mid.Pix[y*w*from.C:(y+1)*w*from.C], src, from.C)
	}
	to.reset(h, w, from.C)
	for y := range h {
		s.down(to.Pix[y*w*from.C:(y+1)*w*from.C], y)
	}
}

// across makes one row shorter or longer.
func (s *Sizer) across(dst, src []uint8, c int) {
	for x, at := range s.x.from {
		weights := s.x.of(x)
		for k := range c {
			sum := int64(1) << (bits - 1)
			i := at*c + k
			for _, w := range weights {
				sum += int64(w) * int64(src[i])
				i += c
			}
			dst[x*c+k] = byteOf(sum)
		}
	}
}

// down makes row y of the rows of mid.
func (s *Sizer) down(dst []uint8, y int) {
	weights, n := s.y.of(y), len(dst)
	src := s.mid.Pix[s.y.from[y]*n:]
	for i := range dst {
		sum := int64(1) << (bits - 1)
		j := i
		for _, w := range weights {
			sum += int64(w) * int64(src[j])
			j += n
		}
		dst[i] = byteOf(sum)
	}
}

func byteOf(sum int64) uint8 { return uint8(min(max(sum>>bits, 0), 255)) }

// taps says which old pixels make each new one along an axis, and their
// weights.
type taps struct {
	old, new int
	from, to []int // the weights of pixel i are all[to[i]:to[i+1]], of pixels from[i], …
	all      []int32
	one      []float64
}

func (t *taps) of(i int) []int32 { return t.all[t.to[i]:t.to[i+1]] }

// set computes the weights, once for pictures of one size.
func (t *taps) set(old, new int) {
	if t.old == old && t.new == new {
		return
	}
	t.old, t.new = old, new
	t.from, t.to, t.all = t.from[:0], append(t.to[:0], 0), t.all[:0]
	for i := range new {
		first, weights := Taps(t.one, old, new, i)
		t.from, t.one = append(t.from, first), weights
		for _, w := range weights {
			t.all = append(t.all, int32(w*(1<<bits)+0.5))
		}
		t.to = append(t.to, len(t.all))
	}
}

// Taps returns the first of the old pixels that make new pixel i along an axis
// of old pixels resized to new ones, and the weights of it and those after it,
// which add up to 1. They are written to buf's memory if there is room.
func Taps(buf []float64, old, new, i int) (first int, weights []float64) {
	scale := float64(old) / float64(new)
	support := max(scale, 1)
	centre := (float64(i) + 0.5) * scale
	first = max(int(centre-support+0.5), 0)
	last := min(int(centre+support+0.5), old)
	weights = buf[:0]
	var sum float64
	for x := first; x < last; x++ {
		d := (float64(x) + 0.5 - centre) / support
		w := max(1-max(d, -d), 0)
		weights = append(weights, w)
		sum += w
	}
	for k := range weights {
		weights[k] /= sum
	}
	return first, weights
}
