package plot

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/recipe/draw"
	"pgregory.net/rapid"
)

// has counts the pixels of a colour within a rectangle.
func has(img *image.RGBA, r image.Rectangle, c color.RGBA) (n int) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if img.RGBAAt(x, y) == c {
				n++
			}
		}
	}
	return n
}

func ramp(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = float64(i)
	}
	return out
}

// A rising line goes from the lower left to the upper right, and a legend names
// it.
func TestLineGoesWhereItShould(t *testing.T) {
	img := (&Chart{Title: "up", Steps: 50, Lines: []Line{{Name: "it", Values: ramp(50), Colour: 3}}, Label: func(i int) string { return fmt.Sprint(i) }}).Draw()
	if img.Rect != image.Rect(0, 0, 1000, 320) {
		t.Fatalf("size %v", img.Rect)
	}
	c := draw.Colour(3)
	plot := image.Rect(left, top, 1000-right, 320-bottom)
	middle := image.Pt((plot.Min.X+plot.Max.X)/2, (plot.Min.Y+plot.Max.Y)/2)
	for name, tt := range map[string]struct {
		r    image.Rectangle
		some bool
	}{
		"lower left":  {image.Rect(plot.Min.X, middle.Y, middle.X, plot.Max.Y), true},
		"upper right": {image.Rect(middle.X, plot.Min.Y, plot.Max.X, middle.Y), true},
		"upper left":  {image.Rect(plot.Min.X, plot.Min.Y, middle.X-30, middle.Y-30), false},
		"lower right": {image.Rect(middle.X+30, middle.Y+30, plot.Max.X, plot.Max.Y), false},
		"legend":      {image.Rect(0, 28, 200, 40), true},
	} {
		if got := has(img, tt.r, c) > 0; got != tt.some {
			t.Errorf("%s: drawn %v, want %v", name, got, tt.some)
		}
	}
	if has(img, image.Rect(0, 320-bottom, 1000, 320), ink) == 0 || has(img, image.Rect(0, 0, left, 320), ink) == 0 {
		t.Error("an axis has no words")
	}
}

// What is missing is not drawn: neither a line nor a band.
func TestGapsStayEmpty(t *testing.T) {
	values := ramp(60)
	for i := 20; i < 40; i++ {
		values[i] = math.NaN()
	}
	high := slices.Clone(values)
	for i := range high {
		high[i] += 20
	}
	img := (&Chart{Steps: 60, Lines: []Line{{Values: values, Colour: 0}}, Bands: []Band{{values, high, 1}}}).Draw()
	width := 1000 - left - right
	gap := image.Rect(left+width*21/60, top, left+width*39/60, 320-bottom)
	for y := gap.Min.Y; y < gap.Max.Y; y++ {
		for x := gap.Min.X; x < gap.Max.X; x++ {
			if c := img.RGBAAt(x, y); c != paper && c != faint {
				t.Fatalf("%v in the gap at %d, %d", c, x, y)
			}
		}
	}
	tinted := 0
	for x := left; x < left+width/4; x++ {
		for y := top; y < 320-bottom; y++ {
			if c := img.RGBAAt(x, y); c != paper && c != faint && c != draw.Colour(0) {
				tinted++
			}
		}
	}
	if tinted < 1000 {
		t.Errorf("%d pixels of the band", tinted)
	}
}

// A mark tints its steps from top to bottom, a strip the lower edge alone.
func TestMarks(t *testing.T) {
	base := func(marks ...Mark) *image.RGBA { return (&Chart{Steps: 100, Marks: marks}).Draw() }
	empty := base()
	width := 1000 - left - right
	x := left + width*45/100
	for name, tt := range map[string]struct {
		m            Mark
		atTop, below bool
	}{"whole": {Mark{From: 40, To: 50}, true, true}, "strip": {Mark{From: 40, To: 50, Strip: true}, false, true}, "elsewhere": {Mark{From: 80, To: 90}, false, false}} {
		img := base(tt.m)
		if got := img.RGBAAt(x, top+5) != empty.RGBAAt(x, top+5); got != tt.atTop {
			t.Errorf("%s: tinted at the top: %v", name, got)
		}
		if got := img.RGBAAt(x, 320-bottom-3) != empty.RGBAAt(x, 320-bottom-3); got != tt.below {
			t.Errorf("%s: tinted below: %v", name, got)
		}
	}
}

// Whatever the values are, it draws, and the same picture each time.
func TestAnyValuesAreDrawn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		odd := rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), 0, 1e300, -1e300, 1e-300})
		value := rapid.OneOf(rapid.Float64Range(-1e6, 1e6), odd)
		values := rapid.SliceOfN(value, 0, 20).Draw(t, "values")
		c := Chart{Steps: rapid.IntRange(0, 25).Draw(t, "steps"), Width: 200, Height: 120,
			Lines: []Line{{Name: "x", Values: values, Thin: true}}, Bands: []Band{{values, values, 2}},
			Marks: []Mark{{From: rapid.IntRange(-5, 30).Draw(t, "from"), To: rapid.IntRange(-5, 30).Draw(t, "to")}}}
		for i, v := range values { // bounds of a plot are finite
			if math.IsInf(v, 0) {
				values[i] = math.NaN()
			}
		}
		a, b := c.Draw(), c.Draw()
		if !slices.Equal(a.Pix, b.Pix) {
			t.Fatal("two pictures differ")
		}
	})
}

func TestRoundAndNumber(t *testing.T) {
	for _, tt := range []struct {
		lo, hi float64
		want   []float64
	}{{0, 10, []float64{0, 2, 4, 6, 8, 10}}, {-1, 1, []float64{-1, -0.5, 0, 0.5, 1}}, {310, 405, []float64{320, 340, 360, 380, 400}}} {
		if got := round(tt.lo, tt.hi); !slices.Equal(got, tt.want) {
			t.Errorf("%g to %g: %v, want %v", tt.lo, tt.hi, got, tt.want)
		}
	}
	for v, want := range map[float64]string{0: "0", 410: "410", 1.25: "1.25", 3e-6: "3.0e-06", -2e8: "-2.0e+08"} {
		if got := number(v); got != want {
			t.Errorf("%g: %q, want %q", v, got, want)
		}
	}
}

func TestStack(t *testing.T) {
	a, b := image.NewRGBA(image.Rect(0, 0, 4, 2)), image.NewRGBA(image.Rect(0, 0, 3, 5))
	a.SetRGBA(3, 1, ink)
	b.SetRGBA(2, 4, faint)
	s := Stack(a, b)
	if s.Rect != image.Rect(0, 0, 4, 7) || s.RGBAAt(3, 1) != ink || s.RGBAAt(2, 6) != faint {
		t.Errorf("got %v", s.Rect)
	}
}
