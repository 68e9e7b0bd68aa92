package data

import (
	"fmt"
	"image"
	"image/color"
	"slices"
	"sync"

	"github.com/limpid-ml/limpid/format/picture"
)

// Fit says how a picture of any size comes to a given one.
type Fit uint8

// The ways to fit.
const (
	Cover   Fit = iota // scaled until it covers the size, and cut around its centre
	Inside             // scaled until it lies inside, centred on the background: nothing is cut or bent
	Stretch            // scaled on each axis by itself
)

// Reading says how a picture file becomes X: float32 [H, W, 3] (or 1), values
// 0 to 1. Change the fields before the first example is read.
type Reading struct {
	H, W       int
	Fit        Fit
	Grey       bool        // one channel, the luma, in place of red, green and blue
	Background color.Color // under what is transparent and around what is Inside; nil: white
}

func (r *Reading) channels() int {
	if r.Grey {
		return 1
	}
	return 3
}

func (r *Reading) check() error {
	if r.H < 1 || r.W < 1 {
		return fmt.Errorf("size %d×%d, want at least 1×1", r.H, r.W)
	}
	if r.H > maxPixels/r.W {
		return fmt.Errorf("size %d×%d, want at most %d pixels", r.H, r.W, maxPixels)
	}
	return nil
}

// maxPixels bounds an example's size.
const maxPixels = 1 << 27

// Frame says where a file's pixels came to lie in X: x in the file is at
// x·ScaleX + X in the example, and so for y.
type Frame struct{ ScaleX, ScaleY, X, Y float64 }

// To returns a box of the file's where it lies in the example.
func (f Frame) To(o Object) Object {
	o.X1, o.X2 = float32(float64(o.X1)*f.ScaleX+f.X), float32(float64(o.X2)*f.ScaleX+f.X)
	o.Y1, o.Y2 = float32(float64(o.Y1)*f.ScaleY+f.Y), float32(float64(o.Y2)*f.ScaleY+f.Y)
	return o
}

// Back returns a box of the example's where it lies in the file.
func (f Frame) Back(o Object) Object {
	o.X1, o.X2 = float32((float64(o.X1)-f.X)/f.ScaleX), float32((float64(o.X2)-f.X)/f.ScaleX)
	o.Y1, o.Y2 = float32((float64(o.Y1)-f.Y)/f.ScaleY), float32((float64(o.Y2)-f.Y)/f.ScaleY)
	return o
}

// place is how a picture is fitted: the part box of it fills out.
type place struct{ box, out image.Rectangle }

// place returns how a picture of h×w pixels is fitted.
func (r *Reading) place(h, w int) place {
	p := place{image.Rect(0, 0, w, h), image.Rect(0, 0, r.W, r.H)}
	switch r.Fit {
	case Cover:
		p.box = middle(w, h, r.W, r.H)
	case Inside:
		p.out = middle(r.W, r.H, w, h)
	}
	return p
}

// middle returns the largest rectangle of the form w×h in the middle of one of
// W×H, at least a pixel each way.
func middle(W, H, w, h int) image.Rectangle {
	cw, ch := W, H
	if W*h > H*w {
		cw = max((2*H*w+h)/(2*h), 1)
	} else {
		ch = max((2*W*h+w)/(2*w), 1)
	}
	x, y := (W-cw)/2, (H-ch)/2
	return image.Rect(x, y, x+cw, y+ch)
}

func (p place) frame() Frame {
	f := Frame{ScaleX: float64(p.out.Dx()) / float64(p.box.Dx()), ScaleY: float64(p.out.Dy()) / float64(p.box.Dy())}
	f.X = float64(p.out.Min.X) - float64(p.box.Min.X)*f.ScaleX
	f.Y = float64(p.out.Min.Y) - float64(p.box.Min.Y)*f.ScaleY
	return f
}

// desk is the memory that reading a file takes.
type desk struct {
	reader     picture.Reader
	sizer      picture.Sizer
	file, size picture.Raster
	fitted     []uint8
}

// out returns n bytes, the same ones while n is the same.
func (d *desk) out(n int) []uint8 {
	d.fitted = slices.Grow(d.fitted[:0], n)[:n]
	return d.fitted
}

// desks are shared by all datasets: a loader's workers each hold one at a time.
var desks = sync.Pool{New: func() any { return new(desk) }}

// bytes reads a file, fitted, to dst, [H, W, C]. It returns the size that the
// file's picture has.
func (r *Reading) bytes(d *desk, file string, dst []uint8) (h, w int, err error) {
	c := r.channels()
	if err := d.reader.Read(file, &d.file, c, r.Background); err != nil {
		return 0, 0, err
	}
	p := r.place(d.file.H, d.file.W)
	from := &d.file
	if p.box.Dx() != p.out.Dx() || p.box.Dy() != p.out.Dy() {
		d.sizer.Resize(&d.size, from, p.box, p.out.Dy(), p.out.Dx())
		from = &d.size
		p.box = image.Rect(0, 0, p.out.Dx(), p.out.Dy())
	}
	if p.out.Dx() < r.W || p.out.Dy() < r.H {
		r.paint(dst)
	}
	for y := range p.out.Dy() {
		src := from.Pix[((p.box.Min.Y+y)*from.W+p.box.Min.X)*c:]
		copy(dst[((p.out.Min.Y+y)*r.W+p.out.Min.X)*c:], src[:p.out.Dx()*c])
	}
	return d.file.H, d.file.W, nil
}

// paint fills dst with the background.
func (r *Reading) paint(dst []uint8) {
	var one picture.Raster
	one.Draw(image.NewRGBA(image.Rect(0, 0, 1, 1)), r.channels(), r.Background)
	for i := range dst {
		dst[i] = one.Pix[i%len(one.Pix)]
	}
}

// values reads a file, fitted, to dst as numbers 0 to 1.
func (r *Reading) values(file string, dst []float32) (h, w int, err error) {
	d := desks.Get().(*desk)
	defer desks.Put(d)
	fitted := d.out(len(dst))
	h, w, err = r.bytes(d, file, fitted)
	if err != nil {
		return h, w, fmt.Errorf("data: picture %w: replace or remove it", err)
	}
	for i, v := range fitted {
		dst[i] = unitByte[v]
	}
	return h, w, nil
}

// unitByte is v/255.
var unitByte = func() (t [256]float32) {
	for v := range t {
		t[v] = float32(v) / 255
	}
	return t
}()
