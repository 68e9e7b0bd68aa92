package kernel

import (
	"math"

	"github.com/limpid-ml/limpid/internal/par"
)

// ResizeShape is the shape of a resizing of images [N, H, W, C] to
// [N, OH, OW, C]: bilinear with half-pixel centres, or the nearest pixel.
type ResizeShape struct {
	N, H, W, C, OH, OW int
	Nearest            bool
}

// tap is a pixel of an axis and its weight.
type tap struct {
	at     int
	weight float64
}

// taps returns the two pixels of an axis of length from that pixel i of to
// lies between.
func taps(i, from, to int, nearest bool) [2]tap {
	if nearest {
		return [2]tap{{min(i*from/to, from-1), 1}, {0, 0}}
	}
	p := max((float64(i)+.5)*float64(from)/float64(to)-.5, 0)
	low := min(int(math.Floor(p)), from-1)
	part := p - float64(low)
	return [2]tap{{low, 1 - part}, {min(low+1, from-1), part}}
}

type resizeJob struct {
	s        ResizeShape
	back     bool
	wide     bool
	x32, y32 []float32
	x64, y64 []float64
}

var resizeJobs pool[resizeJob]

// Resize computes y, the resized x.
func Resize[T Float](s *ResizeShape, x, y []T) { runResize(s, false, x, y) }

// ResizeGrad writes to dx the gradient for x of a resizing whose result has
// the gradient dy.
func ResizeGrad[T Float](s *ResizeShape, dy, dx []T) { runResize(s, true, dx, dy) }

func runResize[T Float](s *ResizeShape, back bool, x, y []T) {
	j := resizeJobs.take()
	j.s, j.back, j.wide = *s, back, wide[T]()
	if j.wide {
		j.x64, j.y64 = as64(x), as64(y)
	} else {
		j.x32, j.y32 = as32(x), as32(y)
	}
	par.Run(s.N, j)
	*j = resizeJob{}
	resizeJobs.put(j)
}

// Do does one image: windows of a gradient meet within an image only.
func (j *resizeJob) Do(n int) {
	s := &j.s
	in, out := s.H*s.W*s.C, s.OH*s.OW*s.C
	if j.wide {
		resizeImage(s, j.back, j.x64[n*in:][:in], j.y64[n*out:][:out])
	} else {
		resizeImage(s, j.back, j.x32[n*in:][:in], j.y32[n*out:][:out])
	}
}

func resizeImage[T Float](s *ResizeShape, back bool, x, y []T) {
	if back {
		clear(x)
	} else {
		clear(y)
	}
	for oh := range s.OH {
		rows := taps(oh, s.H, s.OH, s.Nearest)
		for ow := range s.OW {
			pixel := y[(oh*s.OW+ow)*s.C:][:s.C]
			cols := taps(ow, s.W, s.OW, s.Nearest)
			for _, r := range rows {
				for _, c := range cols {
					if weight := T(r.weight * c.weight); weight != 0 {
						blend(x[(r.at*s.W+c.at)*s.C:][:s.C], pixel, weight, back)
					}
				}
			}
		}
	}
}

// blend adds weight·x to y, or back.
func blend[T Float](x, y []T, weight T, back bool) {
	if back {
		x, y = y, x
	}
	Axpy(weight, x, y)
}
