package photo

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"github.com/limpid-ml/limpid/format/picture"
)

// shirt is drawn as Fashion-MNIST has it: bright on black, 28 rows high.
func shirt() *Grey {
	g := newGrey(28, 28)
	for y := range 28 {
		from, to := 8, 20
		if y < 12 {
			from, to = 2, 26 // sleeves
		}
		for x := from; x < to; x++ {
			g.Pix[y*28+x] = 0.4 + 0.5*float32(y)/28
		}
	}
	return g
}

// paint draws g scale times as large into a canvas with room around, through
// f, which turns a brightness (0: background) into a colour.
func paint(g *Grey, scale, left, top, w, h int, f func(v float32) color.Color) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			sx, sy := (x-left)/scale, (y-top)/scale
			v := float32(0)
			if x >= left && y >= top && sx < g.Width && sy < g.Height {
				v = g.At(sx, sy)
			}
			img.Set(x, y, f(v))
		}
	}
	return img
}

// shade moves the grey of img evenly towards to, by nothing at the left edge and
// by the share most at the right one, or the other way round if width is below 0.
func shade(img *image.NRGBA, to float32, width int, most float32) *image.NRGBA {
	b := img.Bounds()
	for y := range b.Dy() {
		for x := range b.Dx() {
			by := most * float32(x) / float32(width)
			if width < 0 {
				by = most * float32(b.Dx()-x) / float32(-width)
			}
			v := float32(img.NRGBAAt(x, y).R)
			img.Set(x, y, color.Gray{uint8(v + by*(to-v))})
		}
	}
	return img
}

func negative(v float32) color.Color { return color.Gray{uint8(255 - 255*v)} }
func positive(v float32) color.Color { return color.Gray{uint8(255 * v)} }

// off is the largest difference between two images of one size.
func off(t *testing.T, a, b *Grey) float64 {
	t.Helper()
	if a.Width != b.Width || a.Height != b.Height {
		t.Fatalf("%d × %d, want %d × %d", a.Width, a.Height, b.Width, b.Height)
	}
	d := 0.0
	for i := range a.Pix {
		d = max(d, math.Abs(float64(a.Pix[i]-b.Pix[i])))
	}
	return d
}

func TestPrepareFindsTheObject(t *testing.T) {
	red := func(v float32) color.Color { // as dark as negative's grey
		y := 255 - 255*float64(v)
		if v == 0 {
			return color.White
		}
		return color.NRGBA{uint8(min(255, y*1.5)), uint8(max(0, (y-0.299*min(255, y*1.5)-0.114*y)/0.587)), uint8(y), 255}
	}
	cut := func(v float32) color.Color {
		if v == 0 {
			return color.NRGBA{9, 200, 9, 0}
		}
		return negative(v)
	}
	tests := []struct {
		name  string
		img   image.Image
		tol   float64
		steps []string
	}{
		{"its own size", paint(shirt(), 1, 0, 0, 28, 28, positive), 0.01, nil},
		{"ten times", paint(shirt(), 10, 0, 0, 280, 280, positive), 0.01, []string{"cropped", "scaled"}},
		{"photo on white", paint(shirt(), 10, 100, 40, 500, 700, negative), 0.01, []string{"inverted", "cropped it from 500 × 700 to the object's 240 × 280", "scaled it to 24 × 28"}},
		{"odd scale", paint(shirt(), 7, 31, 17, 333, 401, negative), 0.01, []string{"inverted", "cropped"}},
		{"on black", paint(shirt(), 9, 40, 60, 400, 400, positive), 0.01, []string{"cropped"}},
		{"on grey", paint(shirt(), 10, 100, 40, 500, 700, func(v float32) color.Color { return color.Gray{uint8(110 - 100*v)} }), 0.08, []string{"inverted", "cropped"}},
		{"light from the left", shade(paint(shirt(), 10, 100, 40, 500, 700, negative), 0, 500, 0.25), 0.09, []string{"inverted", "evened out", "cropped it from 500 × 700 to the object's 24"}},
		{"light on black", shade(paint(shirt(), 10, 100, 40, 500, 700, positive), 255, -500, 0.2), 0.09, []string{"evened out", "cropped it from 500 × 700 to the object's 24"}},
		{"coloured", paint(shirt(), 10, 100, 40, 500, 700, red), 0.02, []string{"colours grey", "inverted"}},
		{"transparent", paint(shirt(), 10, 100, 40, 500, 700, cut), 0.01, []string{"transparent", "inverted", "cropped"}},
	}
	for _, tt := range tests {
		p := Prepare(tt.img, 28)
		if d := off(t, p.Image, shirt()); d > tt.tol {
			t.Errorf("%s: off by %g\n%s", tt.name, d, draw(p.Image))
		}
		said := strings.Join(p.Steps, "; ")
		for _, s := range tt.steps {
			if !strings.Contains(said, s) {
				t.Errorf("%s: said %q, not %q", tt.name, said, s)
			}
		}
		if tt.steps == nil && said != "" {
			t.Errorf("%s: did %q, nothing was to be done", tt.name, said)
		}
		if p.Doubt != "" {
			t.Errorf("%s: doubts: %s", tt.name, p.Doubt)
		}
	}
}

// draw shows an image in a test's log.
func draw(g *Grey) string {
	var b strings.Builder
	for y := range g.Height {
		for x := range g.Width {
			b.WriteByte(" .:-=+*#%@"[min(9, int(g.At(x, y)*10))])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestPrepareDoubts(t *testing.T) {
	noise := image.NewGray(image.Rect(0, 0, 100, 100))
	for i := range noise.Pix {
		noise.Pix[i] = uint8(i * 7919 >> 3)
	}
	blank := image.NewGray(image.Rect(0, 0, 64, 48))
	faintly := paint(shirt(), 5, 50, 50, 300, 300, func(v float32) color.Color { return negative(v / 4) })
	if p := Prepare(noise, 28); !strings.Contains(p.Doubt, "not plain") {
		t.Errorf("noise: %q", p.Doubt)
	}
	if p := Prepare(blank, 28); !strings.Contains(p.Doubt, "blank") {
		t.Errorf("blank: %q", p.Doubt)
	}
	p := Prepare(faintly, 28)
	if !strings.Contains(strings.Join(p.Steps, ";"), "raised its contrast") {
		t.Errorf("faint: %q", p.Steps)
	}
	for i, v := range p.Image.Pix {
		if v < 0 || v > 1 || math.IsNaN(float64(v)) {
			t.Fatalf("pixel %d is %g", i, v)
		}
	}
}

func TestPrepareTakesAnySize(t *testing.T) {
	for _, s := range [][2]int{{1, 1}, {1, 500}, {500, 1}, {2, 3}, {27, 29}, {28, 27}, {1000, 30}} {
		for _, c := range []color.Color{color.White, color.Black, color.Gray{128}} {
			img := image.NewNRGBA(image.Rect(5, 7, 5+s[0], 7+s[1]))
			for y := img.Rect.Min.Y; y < img.Rect.Max.Y; y++ {
				for x := img.Rect.Min.X; x < img.Rect.Max.X; x++ {
					img.Set(x, y, c)
				}
			}
			p := Prepare(img, 28)
			if len(p.Image.Pix) != 28*28 {
				t.Fatalf("%v: %d pixels", s, len(p.Image.Pix))
			}
			for _, v := range p.Image.Pix {
				if v < 0 || v > 1 || math.IsNaN(float64(v)) {
					t.Fatalf("%v %v: pixel %g", s, c, v)
				}
			}
		}
	}
}

func TestResampleKeepsTheMean(t *testing.T) {
	g := newGrey(37, 53)
	var sum float64
	for i := range g.Pix {
		g.Pix[i] = float32(i*31%97) / 97
		sum += float64(g.Pix[i])
	}
	for _, s := range [][2]int{{1, 1}, {5, 9}, {37, 53}, {10, 50}} {
		r := resample(g, image.Rect(0, 0, 37, 53), s[0], s[1])
		var got float64
		for _, v := range r.Pix {
			got += float64(v)
		}
		if got, want := got/float64(len(r.Pix)), sum/float64(len(g.Pix)); math.Abs(got-want) > 1e-5 {
			t.Errorf("%v: mean %g, want %g", s, got, want)
		}
	}
}

// files encodes one image in the formats that Go can write.
func files(t *testing.T, img image.Image) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for name, encode := range map[string]func(b *bytes.Buffer) error{
		"png":  func(b *bytes.Buffer) error { return png.Encode(b, img) },
		"jpeg": func(b *bytes.Buffer) error { return jpeg.Encode(b, img, &jpeg.Options{Quality: 95}) },
		"gif":  func(b *bytes.Buffer) error { return gif.Encode(b, img, nil) },
		"bmp":  func(b *bytes.Buffer) error { return bmp.Encode(b, img) },
		"tiff": func(b *bytes.Buffer) error { return tiff.Encode(b, img, nil) },
	} {
		var b bytes.Buffer
		if err := encode(&b); err != nil {
			t.Fatal(name, err)
		}
		all[name] = b.Bytes()
	}
	return all
}

func TestOpenReadsTheFormats(t *testing.T) {
	img := paint(shirt(), 10, 100, 40, 500, 700, negative)
	for name, text := range files(t, img) {
		file := filepath.Join(t.TempDir(), "x.bin") // the content decides, not the name
		if err := os.WriteFile(file, text, 0o666); err != nil {
			t.Fatal(err)
		}
		got, err := Open(file)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := off(t, Prepare(got, 28).Image, shirt()); d > 0.1 {
			t.Errorf("%s: off by %g", name, d)
		}
	}
}

func FuzzPrepare(f *testing.F) {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 3, 3))); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("GIF89a"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if img, err := picture.Decode(bytes.NewReader(text)); err == nil {
			Prepare(img, 28)
		}
	})
}

// TestPaleOnTransparency: on white, a white shirt cut out of its picture would
// be gone.
func TestPaleOnTransparency(t *testing.T) {
	for _, c := range []struct {
		name   string
		ink    uint8
		onto   string
		invert bool
	}{
		{"white", 255, "put the transparent parts on black", false},
		{"light grey", 215, "put the transparent parts on black", false},
		{"grey", 120, "put the transparent parts on white", true},
		{"black", 0, "put the transparent parts on white", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			img := image.NewNRGBA(image.Rect(0, 0, 80, 80))
			for y := 20; y < 60; y++ {
				for x := 30; x < 50; x++ {
					img.Set(x, y, color.NRGBA{c.ink, c.ink, c.ink, 255})
				}
			}
			p := Prepare(img, 28)
			said := strings.Join(p.Steps, "; ")
			if !strings.Contains(said, c.onto) || strings.Contains(said, "inverted") != c.invert {
				t.Errorf("it says %q", said)
			}
			if middle := p.Image.At(14, 14); middle < .4 {
				t.Errorf("the object is %.2f bright in the middle, after %q", middle, said)
			}
			if corner := p.Image.At(0, 0); corner > .05 {
				t.Errorf("the background is %.2f bright", corner)
			}
			if p.Doubt != "" {
				t.Errorf("it doubts: %s", p.Doubt)
			}
		})
	}
}
