package scenes

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// hues tells masks of neighbouring labels apart.
var hues = [10]color.NRGBA{
	{230, 25, 75, 255}, {60, 180, 75, 255}, {255, 225, 25, 255}, {0, 130, 200, 255}, {245, 130, 48, 255},
	{145, 30, 180, 255}, {70, 240, 240, 255}, {240, 50, 230, 255}, {210, 245, 60, 255}, {250, 190, 212, 255},
}

// TestSheet draws scenes, and below each its boxes and its mask, when LIMPID_SHEET
// names a folder for the pictures: to be looked at.
func TestSheet(t *testing.T) {
	dir := os.Getenv("LIMPID_SHEET")
	if dir == "" {
		t.Skip("LIMPID_SHEET names no folder")
	}
	set := Mini(Options{})
	for name, s := range map[string]*Scenes{"train": set.Train.(*Scenes), "test": set.Test.(*Scenes)} {
		const across, down, scale = 6, 3, 2
		cell := s.side * scale
		sheet := image.NewNRGBA(image.Rect(0, 0, across*cell, 2*down*cell))
		for i := range across * down {
			draw(t, sheet, s, i, i%across*cell, i/across*2*cell, scale)
		}
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("scenes-%s.png", name)))
		if err == nil {
			err = png.Encode(f, sheet)
		}
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// draw draws scene i at (x0, y0) and its boxes and mask below it.
func draw(t *testing.T, to *image.NRGBA, s *Scenes, i, x0, y0, scale int) {
	e, err := s.At(i)
	if err != nil {
		t.Fatal(err)
	}
	x, y := tensor.View[float32](e.X), tensor.View[int32](e.Y)
	cell := s.side * scale
	for p := range cell * cell {
		k := p/cell/scale*s.side + p%cell/scale
		var c color.NRGBA
		for ch, v := range []*uint8{&c.R, &c.G, &c.B} {
			*v = uint8(255*(float64(x[3*k+ch])*Deviation+Mean) + .5)
		}
		c.A = 255
		to.SetNRGBA(x0+p%cell, y0+p/cell, c)
		if y[k] > 0 {
			h := hues[y[k]-1]
			c = color.NRGBA{c.R/3 + h.R/3*2, c.G/3 + h.G/3*2, c.B/3 + h.B/3*2, 255}
		}
		to.SetNRGBA(x0+p%cell, y0+cell+p/cell, c)
	}
	for _, o := range e.Objects() {
		for v := int(o.X1) * scale; v < int(o.X2)*scale; v++ {
			to.SetNRGBA(x0+v, y0+cell+int(o.Y1)*scale, hues[o.Label])
			to.SetNRGBA(x0+v, y0+cell+int(o.Y2)*scale-1, hues[o.Label])
		}
		for v := int(o.Y1) * scale; v < int(o.Y2)*scale; v++ {
			to.SetNRGBA(x0+int(o.X1)*scale, y0+cell+v, hues[o.Label])
			to.SetNRGBA(x0+int(o.X2)*scale-1, y0+cell+v, hues[o.Label])
		}
	}
}
