package draw

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/tensor"
)

// A picture lies where Place says, and around it is the colour asked for.
func TestFit(t *testing.T) {
	for _, c := range []struct{ w, h int }{{96, 96}, {200, 100}, {37, 64}, {5, 3}, {1, 500}, {500, 1}, {1, 1}} {
		x, p := Fit(plain(c.w, c.h, red), 96, 96, color.Black)
		v := tensor.Data[float32](x)
		for i := range 96 * 96 {
			want := float32(0)
			if (image.Point{X: i % 96, Y: i / 96}).In(p.Box) {
				want = 1
			}
			if v[3*i] != want || v[3*i+1] != 0 {
				t.Fatalf("%d×%d: pixel %d, %d is %v; box %v", c.w, c.h, i%96, i/96, v[3*i:3*i+3], p.Box)
			}
		}
		if p.W != c.w || p.H != c.h || p.Box.Empty() || max(p.Box.Dx(), p.Box.Dy()) != 96 {
			t.Errorf("%d×%d: %+v", c.w, c.h, p)
		}
	}
}

// What a point of the picture is in the input, and back, is the same point;
// the corners of the picture are those of its box.
func TestPlacesThereAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 3000).Draw(t, "w"), rapid.IntRange(1, 3000).Draw(t, "h")
		p := Place{Box: inside(rapid.IntRange(8, 200).Draw(t, "W"), rapid.IntRange(8, 200).Draw(t, "H"), w, h), W: w, H: h}
		x, y := rapid.Float64Range(0, 3000).Draw(t, "x"), rapid.Float64Range(0, 3000).Draw(t, "y")
		bx, by := p.Back(p.To(x, y))
		if math.Abs(bx-x) > 1e-6 || math.Abs(by-y) > 1e-6 {
			t.Fatalf("%g, %g came back as %g, %g by %+v", x, y, bx, by, p)
		}
		if cx, cy := p.To(float64(w), float64(h)); math.Abs(cx-float64(p.Box.Max.X)) > 1e-6 || math.Abs(cy-float64(p.Box.Max.Y)) > 1e-6 {
			t.Fatalf("the corner is at %g, %g of %+v", cx, cy, p)
		}
	})
}

// It is what training reads from a file that is fitted inside.
func TestFitIsHowFilesAreRead(t *testing.T) {
	dir := t.TempDir()
	for i, size := range []image.Point{{61, 40}, {20, 33}, {48, 48}} {
		m := image.NewNRGBA(image.Rectangle{Max: size})
		for k := range m.Pix {
			m.Pix[k] = uint8(k*k>>4 + 7*k)
		}
		if err := os.MkdirAll(filepath.Join(dir, "a"), 0o777); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(filepath.Join(dir, "a", fmt.Sprintf("%d.png", i)))
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, m); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		set, err := data.ImageFolder(dir, 48, 48)
		if err != nil {
			t.Fatal(err)
		}
		set.Fit = data.Inside
		e, err := set.At(i)
		if err != nil {
			t.Fatal(err)
		}
		x, _ := Fit(m, 48, 48, nil)
		if d := x.Sub(e.X).Abs().Max().Item(); d > 1e-6 {
			t.Errorf("%v: off by %g", size, d)
		}
	}
}
