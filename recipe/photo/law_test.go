package photo

import (
	"image"
	"image/color"
	"math"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// TestAnEvenShadeIsNoObject: once the shade is taken away only rounding is
// left, which must not be blown up into a picture.
func TestAnEvenShadeIsNoObject(t *testing.T) {
	for _, size := range [][2]int{{12, 8}, {90, 60}, {28, 28}} {
		for _, step := range []int{1, 2, 3} {
			img := image.NewGray16(image.Rect(0, 0, size[0], size[1]))
			for y := range size[1] {
				for x := range size[0] {
					img.SetGray16(x, y, color.Gray16{uint16(9000 + 100*step*(x+y))})
				}
			}
			p := Prepare(img, 28)
			if said := strings.Join(p.Steps, "; "); strings.Contains(said, "raised its contrast") && size[0] != 28 {
				t.Errorf("%v, step %d: %s", size, step, said)
			}
			if p.Doubt == "" && size[0] != 28 {
				t.Errorf("%v, step %d: no doubt", size, step)
			}
		}
	}
}

// drawn paints one dark rectangle on white.
func drawn(w, h int, object image.Rectangle) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.Gray{255}
			if (image.Point{X: x, Y: y}).In(object) {
				c = color.Gray{40}
			}
			img.SetGray(x, y, c)
		}
	}
	return img
}

// TestTheObjectFillsTheFrame: its longer side does, the shorter one keeps the
// proportion and is centred, wherever in the picture it lay.
func TestTheObjectFillsTheFrame(t *testing.T) {
	r := tensor.NewRand(4)
	for range 60 {
		w, h := 60+r.IntN(200), 60+r.IntN(200)
		ow, oh := 20+r.IntN(w-30), 20+r.IntN(h-30)
		x, y := 3+r.IntN(w-ow-6), 3+r.IntN(h-oh-6)
		p := Prepare(drawn(w, h, image.Rect(x, y, x+ow, y+oh)), 28)
		box := lit(p.Image)
		scale := 28 / float64(max(ow, oh))
		wantW, wantH := max(1, math.Round(float64(ow)*scale)), max(1, math.Round(float64(oh)*scale))
		if float64(box.Dx()) != wantW || float64(box.Dy()) != wantH {
			t.Errorf("%d × %d of %d × %d: fills %v, want %g × %g", ow, oh, w, h, box, wantW, wantH)
		}
		if right, bottom := 28-box.Max.X, 28-box.Max.Y; abs(right-box.Min.X) > 1 || abs(bottom-box.Min.Y) > 1 {
			t.Errorf("%d × %d of %d × %d: lies at %v, not in the middle", ow, oh, w, h, box)
		}
	}
}

func abs(n int) int { return max(n, -n) }

// lit is the smallest rectangle around what is not black.
func lit(g *Grey) image.Rectangle {
	var box image.Rectangle
	for y := range g.Height {
		for x := range g.Width {
			if g.At(x, y) > 0.05 {
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return box
}

// TestNegativesAreAlike: a picture and its negative show the same object.
func TestNegativesAreAlike(t *testing.T) {
	r := tensor.NewRand(5)
	for range 20 {
		w, h := 40+r.IntN(100), 40+r.IntN(100)
		img := drawn(w, h, image.Rect(10, 12, 12+r.IntN(w-25)+1, 14+r.IntN(h-27)+1))
		negative := image.NewGray(img.Rect)
		for i, v := range img.Pix {
			negative.Pix[i] = 255 - v
		}
		a, b := Prepare(img, 28), Prepare(negative, 28)
		for i := range a.Image.Pix {
			if d := a.Image.Pix[i] - b.Image.Pix[i]; d > 1e-5 || d < -1e-5 {
				t.Fatalf("%d × %d: pixel %d is %g and %g", w, h, i, a.Image.Pix[i], b.Image.Pix[i])
			}
		}
		if said := strings.Join(a.Steps, ";"); !strings.Contains(said, "inverted") || strings.Contains(strings.Join(b.Steps, ";"), "inverted") {
			t.Errorf("dark on light: %s; light on dark: %v", said, b.Steps)
		}
	}
}

// TestMirroredIsMirrored: what is done to a picture does not know left from
// right.
func TestMirroredIsMirrored(t *testing.T) {
	img := paint(shirt(), 4, 30, 20, 180, 190, negative)
	mirrored := image.NewNRGBA(img.Rect)
	for y := range 190 {
		for x := range 180 {
			mirrored.Set(179-x, y, img.At(x, y))
		}
	}
	a, b := Prepare(img, 28).Image, Prepare(mirrored, 28).Image
	for y := range 28 {
		for x := range 28 {
			if d := a.At(x, y) - b.At(27-x, y); d > 1e-4 || d < -1e-4 {
				t.Fatalf("(%d, %d) is %g, mirrored %g", x, y, a.At(x, y), b.At(27-x, y))
			}
		}
	}
}

// TestResampleAgainstCounting takes means over areas pixel by sixtieth of a
// pixel.
func TestResampleAgainstCounting(t *testing.T) {
	const w, h, tw, th = 6, 10, 4, 3
	g := newGrey(w, h)
	r := tensor.NewRand(6)
	for i := range g.Pix {
		g.Pix[i] = float32(r.Float64())
	}
	got := resample(g, image.Rect(0, 0, w, h), tw, th)
	for y := range th {
		for x := range tw {
			var sum float64
			const fine = 12 // divides into both steps: 6/4 and 10/3 of a pixel
			n := 0
			for sy := y * h * fine / th; sy < (y+1)*h*fine/th; sy++ {
				for sx := x * w * fine / tw; sx < (x+1)*w*fine/tw; sx++ {
					sum += float64(g.At(sx/fine, sy/fine))
					n++
				}
			}
			if want := sum / float64(n); math.Abs(float64(got.At(x, y))-want) > 1e-6 {
				t.Errorf("(%d, %d) is %g, want %g", x, y, got.At(x, y), want)
			}
		}
	}
}

func TestExtent(t *testing.T) {
	for _, tt := range []struct {
		counts   []int
		few      int
		from, to int
	}{
		{[]int{0, 0, 3, 0, 4, 0}, 0, 2, 5}, {[]int{1, 0, 3, 4, 1}, 1, 2, 4}, {[]int{5}, 0, 0, 1}, {[]int{0, 0}, 0, 2, 0}, {nil, 0, 0, 0},
	} {
		if from, to := extent(tt.counts, tt.few); from != tt.from || to != tt.to {
			t.Errorf("%v, more than %d: %d to %d, want %d to %d", tt.counts, tt.few, from, to, tt.from, tt.to)
		}
	}
}

func TestBorderMedian(t *testing.T) {
	g := newGrey(5, 4)
	for i := range g.Pix {
		g.Pix[i] = 0.25
	}
	g.Pix[6], g.Pix[7] = 1, 1 // inside: not of the border
	if got := borderMedian(g); math.Abs(float64(got)-0.25) > 1.0/255 {
		t.Errorf("got %g, want 0.25", got)
	}
	for x := range 5 { // 5 of 14 are not half
		g.Pix[x] = 0.9
	}
	if got := borderMedian(g); math.Abs(float64(got)-0.25) > 1.0/255 {
		t.Errorf("5 of 14 are lighter: got %g, want 0.25", got)
	}
	seen := map[image.Point]int{}
	border(g, func(x, y int, _ float32) { seen[image.Pt(x, y)]++ })
	if len(seen) != 14 {
		t.Errorf("the border of 5 × 4 has %d pixels, want 14", len(seen))
	}
	for p, n := range seen {
		if n != 1 {
			t.Errorf("%v is on the border %d times", p, n)
		}
	}
}
