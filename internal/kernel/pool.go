package kernel

import "math"

// PoolShape is the shape of a pooling of images [N, H, W, C] over windows of
// KH by KW into [N, OH, OW, C]. Windows may reach over the edges on all sides.
type PoolShape struct {
	N, H, W, C       int
	KH, KW           int
	StrideH, StrideW int
	PadTop, PadLeft  int
	OH, OW           int
	CountPad         bool // average: padding counts, up to PadTop and PadLeft, PadBottom and PadRight
	PadBottom        int  // matters for CountPad alone
	PadRight         int
}

// window returns the rows h0…h1-1 and columns w0…w1-1 of the image that output
// pixel oh, ow sees.
func (s *PoolShape) window(oh, ow int) (h0, h1, w0, w1 int) {
	h, w := oh*s.StrideH-s.PadTop, ow*s.StrideW-s.PadLeft
	return max(h, 0), min(h+s.KH, s.H), max(w, 0), min(w+s.KW, s.W)
}

// count returns what the average of output pixel oh, ow divides by.
func (s *PoolShape) count(oh, ow int) int {
	h0, h1, w0, w1 := s.window(oh, ow)
	if s.CountPad {
		h0, w0 = oh*s.StrideH-s.PadTop, ow*s.StrideW-s.PadLeft
		h1, w1 = min(h0+s.KH, s.H+s.PadBottom), min(w0+s.KW, s.W+s.PadRight)
	}
	return max((h1-h0)*(w1-w0), 1)
}

// place returns the channel, column, row and image of output number i.
func (s *PoolShape) place(i int) (c, ow, oh, n int) {
	return i % s.C, i / s.C % s.OW, i / s.C / s.OW % s.OH, i / s.C / s.OW / s.OH
}

// maxPoolGo computes outputs from…to-1.
func maxPoolGo[T Float](s *PoolShape, x, y []T, arg []int32, from, to int) {
	for i := from; i < to; i++ {
		c, ow, oh, n := s.place(i)
		best, found := T(math.Inf(-1)), -1
		h0, h1, w0, w1 := s.window(oh, ow)
		for h := h0; h < h1; h++ {
			for w := w0; w < w1; w++ {
				at := ((n*s.H+h)*s.W+w)*s.C + c
				if v := x[at]; found < 0 || v > best || v != v {
					best, found = v, at
				}
			}
		}
		y[i] = best
		if arg != nil {
			arg[i] = int32(found)
		}
	}
}

// maxPoolGradGo adds what outputs from…to-1 give.
func maxPoolGradGo[T Float](dy []T, arg []int32, dx []T, from, to int) {
	for i := from; i < to; i++ {
		if at := arg[i]; at >= 0 {
			dx[at] += dy[i]
		}
	}
}

// avgPoolGo computes outputs from…to-1.
func avgPoolGo[T Float](s *PoolShape, x, y []T, from, to int) {
	for i := from; i < to; i++ {
		c, ow, oh, n := s.place(i)
		var sum T
		h0, h1, w0, w1 := s.window(oh, ow)
		for h := h0; h < h1; h++ {
			for w := w0; w < w1; w++ {
				sum += x[((n*s.H+h)*s.W+w)*s.C+c]
			}
		}
		y[i] = sum * (1 / T(s.count(oh, ow)))
	}
}

// avgPoolGradGo adds what outputs from…to-1 give.
func avgPoolGradGo[T Float](s *PoolShape, dy, dx []T, from, to int) {
	for i := from; i < to; i++ {
		c, ow, oh, n := s.place(i)
		d := dy[i] * (1 / T(s.count(oh, ow)))
		h0, h1, w0, w1 := s.window(oh, ow)
		for h := h0; h < h1; h++ {
			for w := w0; w < w1; w++ {
				dx[((n*s.H+h)*s.W+w)*s.C+c] += d
			}
		}
	}
}

// MaxPool writes the greatest value of each window to y, and its flat index in
// x to arg unless that is nil. Of equal values the first counts; a NaN is
// greater than any number. A window with no pixel gives −Inf and index −1.
func MaxPool[T Float](s *PoolShape, x, y []T, arg []int32) {
	runPool(s, maxPooling, x, y, arg)
}

// MaxPoolGrad writes to dx the gradient for x of a MaxPool of that shape that
// gave arg, and whose result has the gradient dy.
func MaxPoolGrad[T Float](s *PoolShape, dy []T, arg []int32, dx []T) {
	runPool(s, maxPoolingGrad, dx, dy, arg)
}

// AvgPool writes the mean of each window to y; 0 for one with no pixel.
func AvgPool[T Float](s *PoolShape, x, y []T) { runPool(s, avgPooling, x, y, nil) }

// AvgPoolGrad writes to dx the gradient for x of an AvgPool of that shape
// whose result has the gradient dy.
func AvgPoolGrad[T Float](s *PoolShape, dy, dx []T) { runPool(s, avgPoolingGrad, dx, dy, nil) }

// Pick sets dst[i] = src[arg[i]], or 0 where arg[i] is negative.
func Pick[T Float](dst, src []T, arg []int32) {
	for i, at := range arg {
		dst[i] = 0
		if at >= 0 {
			dst[i] = src[at]
		}
	}
}
