package metric

import (
	"github.com/limpid-ml/limpid/data"
)

// Box is an upright rectangle: left, top, right and bottom edge, in pixels.
type Box struct{ X1, Y1, X2, Y2 float64 }

// Area returns the box's area, 0 if it is turned inside out.
func (b Box) Area() float64 { return max(b.X2-b.X1, 0) * max(b.Y2-b.Y1, 0) }

// Inter returns the area that a and b share.
func (a Box) Inter(b Box) float64 {
	w, h := min(a.X2, b.X2)-max(a.X1, b.X1), min(a.Y2, b.Y2)-max(a.Y1, b.Y1)
	if w <= 0 || h <= 0 {
		return 0
	}
	return w * h
}

// IoU returns the share that a and b have in common of what they cover
// together, 0 to 1; of two empty boxes 0.
//
// Source: Jaccard 1901.
func (a Box) IoU(b Box) float64 {
	inter := a.Inter(b)
	return quotient(inter, a.Area()+b.Area()-inter)
}

// GIoU returns the IoU less the share of the smallest box around both that
// neither covers: -1 to 1, and telling near from far where nothing is shared.
//
// Source: Rezatofighi et al. 2019, "Generalized intersection over union".
func (a Box) GIoU(b Box) float64 {
	inter := a.Inter(b)
	union := a.Area() + b.Area() - inter
	hull := Box{min(a.X1, b.X1), min(a.Y1, b.Y1), max(a.X2, b.X2), max(a.Y2, b.Y2)}.Area()
	return quotient(inter, union) - quotient(hull-union, hull)
}

func quotient(a, b float64) float64 {
	if b <= 0 {
		return 0
	}
	return a / b
}

// Detection is an object that a network found.
type Detection struct {
	Box
	Label int     // the class, from 0
	Score float64 // how sure the network is; only the order counts
}

// Truth is an object that is there.
type Truth struct {
	Box
	Label  int
	Size   float64 // the object's own area in pixels, by which it is small or large; 0: the box's
	Crowd  bool    // a group in one box: any number of detections in it neither count nor harm
	Ignore bool    // one object that need not be found: a detection of it does not count
}

// size returns the area that decides to which range of sizes t belongs.
func (t Truth) size() float64 {
	if t.Size != 0 {
		return t.Size
	}
	return t.Area()
}

// Truths returns a picture's objects as what is there. Difficult ones need not
// be found.
func Truths(objects []data.Object) []Truth {
	all := make([]Truth, len(objects))
	for i, o := range objects {
		all[i] = Truth{
			Box:   Box{float64(o.X1), float64(o.Y1), float64(o.X2), float64(o.Y2)},
			Label: int(o.Label), Crowd: o.Crowd, Ignore: o.Difficult,
		}
	}
	return all
}
