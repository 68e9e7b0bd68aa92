package picture

import (
	"fmt"
	"image"
	"image/color"
)

// OpenLabels reads a picture whose pixels are numbers, a label each: the
// places in a palette, or greys, as they are stored. Greys of 1, 2 and 4 bits
// are not stretched. A picture in colour, and a grey of 16 bits above 255, are
// errors.
func OpenLabels(file string) (*image.Gray, error) {
	img, err := Open(file)
	if err != nil {
		return nil, err
	}
	b := img.Bounds()
	out := image.NewGray(image.Rect(0, 0, b.Dx(), b.Dy()))
	switch m := img.(type) {
	case *image.Paletted:
		for y := range b.Dy() {
			copy(out.Pix[y*out.Stride:], m.Pix[y*m.Stride:][:b.Dx()])
		}
	case *image.Gray:
		for y := range b.Dy() {
			copy(out.Pix[y*out.Stride:], m.Pix[y*m.Stride:][:b.Dx()])
		}
		return out, unscale(file, out)
	case *image.Gray16:
		return out, narrow(file, m, out)
	default:
		return out, greys(file, img, out)
	}
	return out, nil
}

// unscale undoes what the decoder does to greys of 1, 2 and 4 bits: it
// stretches them to 8.
func unscale(file string, m *image.Gray) error {
	i, err := Inspect(file)
	if err != nil || i.Bits == 0 || i.Bits >= 8 {
		return err
	}
	step := uint8(255 / (1<<i.Bits - 1))
	for k := range m.Pix {
		m.Pix[k] /= step
	}
	return nil
}

func narrow(file string, m *image.Gray16, out *image.Gray) error {
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			v := m.Gray16At(m.Rect.Min.X+x, m.Rect.Min.Y+y).Y
			if v > 255 {
				return fmt.Errorf("%q: the label %d at (%d, %d), want at most 255: save it with 8 bits", file, v, x, y)
			}
			out.Pix[y*out.Stride+x] = uint8(v)
		}
	}
	return nil
}

// greys takes a picture of three equal channels.
func greys(file string, img image.Image, out *image.Gray) error {
	b := img.Bounds()
	for y := range b.Dy() {
		for x := range b.Dx() {
			c := color.NRGBAModel.Convert(img.At(b.Min.X+x, b.Min.Y+y)).(color.NRGBA)
			if c.R != c.G || c.G != c.B {
				return fmt.Errorf("%q is in colour at (%d, %d): want a label for each pixel: save it with a palette or as greys", file, x, y)
			}
			out.Pix[y*out.Stride+x] = c.R
		}
	}
	return nil
}
