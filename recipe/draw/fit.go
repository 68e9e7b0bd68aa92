package draw

import (
	"image"
	"image/color"

	"github.com/limpid-ml/limpid/format/picture"
	"github.com/limpid-ml/limpid/tensor"
)

// Place says where in a network's input a picture lies.
type Place struct {
	Box  image.Rectangle // the pixels of the input that the picture fills
	W, H int             // of the picture
}

// Back returns where a point of the input, in pixels from its upper left
// corner, lies in the picture.
func (p Place) Back(x, y float64) (float64, float64) {
	return (x - float64(p.Box.Min.X)) * float64(p.W) / float64(p.Box.Dx()), (y - float64(p.Box.Min.Y)) * float64(p.H) / float64(p.Box.Dy())
}

// To returns where a point of the picture lies in the input.
func (p Place) To(x, y float64) (float64, float64) {
	return x*float64(p.Box.Dx())/float64(p.W) + float64(p.Box.Min.X), y*float64(p.Box.Dy())/float64(p.H) + float64(p.Box.Min.Y)
}

// Fit makes a picture of any size an input [h, w, 3], values 0 to 1: scaled
// until it lies inside, in the middle, with around around it and behind what
// is transparent (nil: white). It is how [data.Inside] reads files.
func Fit(img image.Image, h, w int, around color.Color) (tensor.Tensor, Place) {
	var whole, small picture.Raster
	whole.Draw(img, 3, around)
	p := Place{Box: inside(w, h, whole.W, whole.H), W: whole.W, H: whole.H}
	from := &whole
	if p.Box.Dx() != whole.W || p.Box.Dy() != whole.H {
		new(picture.Sizer).Resize(&small, &whole, image.Rect(0, 0, whole.W, whole.H), p.Box.Dy(), p.Box.Dx())
		from = &small
	}
	x := backdrop(h, w, around)
	for y := range p.Box.Dy() {
		to := x[((p.Box.Min.Y+y)*w+p.Box.Min.X)*3:]
		for i, v := range from.Pix[y*from.W*3 : (y+1)*from.W*3] {
			to[i] = float32(v) / 255
		}
	}
	return tensor.Of(x, h, w, 3), p
}

// inside returns the largest rectangle of the form w×h in the middle of one of
// W×H, at least a pixel each way.
func inside(W, H, w, h int) image.Rectangle {
	cw, ch := W, H
	if W*h > H*w {
		cw = max((2*H*w+h)/(2*h), 1)
	} else {
		ch = max((2*W*h+w)/(2*w), 1)
	}
	x, y := (W-cw)/2, (H-ch)/2
	return image.Rect(x, y, x+cw, y+ch)
}

// backdrop returns [h, w, 3] values of one colour.
func backdrop(h, w int, c color.Color) []float32 {
	var one picture.Raster
	one.Draw(image.NewRGBA(image.Rect(0, 0, 1, 1)), 3, c)
	x := make([]float32, h*w*3)
	for i := range x {
		x[i] = float32(one.Pix[i%3]) / 255
	}
	return x
}
