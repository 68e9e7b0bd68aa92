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

// small is a chart whose plot is 101 by 101 pixels: a step of ten is ten pixels
// wide, the first one's middle at five.
func small(c Chart) *Chart {
	c.Width, c.Height = left+101+right, top+101+bottom
	return &c
}

// at is the pixel of a place in the plot of a small chart, from its upper left.
func at(img *image.RGBA, x, y int) color.RGBA { return img.RGBAAt(left+x, top+y) }

// mixed is a share of a colour over another.
func mixed(under, over color.RGBA, share float64) color.RGBA {
	mix := func(a, b uint8) uint8 { return uint8(float64(a)*(1-share) + float64(b)*share) }
	return color.RGBA{mix(under.R, over.R), mix(under.G, over.G), mix(under.B, over.B), 255}
}

// Values stand where one reckons on paper: the span is −5 to 105, so that 0, 50
// and 100 are 95, 50 and 5 pixels from above.
func TestDotsStandWhereTheyShould(t *testing.T) {
	nan := math.NaN()
	img := small(Chart{Steps: 10, Lines: []Line{{Values: []float64{0, nan, 50, nan, 100}, Colour: 3, Thin: true}}}).Draw()
	c := draw.Colour(3)
	for _, p := range []image.Point{{5, 95}, {25, 50}, {45, 5}} {
		if got := at(img, p.X, p.Y); got != c {
			t.Errorf("at %v is %v, want %v", p, got, c)
		}
	}
	if n := has(img, img.Rect, c); n != 3 {
		t.Errorf("%d pixels are drawn, want three dots", n)
	}
	wide := small(Chart{Steps: 10, Lines: []Line{{Values: []float64{0, nan, 50, nan, 100}, Colour: 3}}}).Draw()
	if n := has(wide, wide.Rect, c); n != 12 {
		t.Errorf("%d pixels are drawn, want three dots of two by two", n)
	}
}

// A line between two values passes half-way at half-way, and what is drawn later
// lies above.
func TestLinesAndTheirOrder(t *testing.T) {
	up, down := []float64{0, 100}, []float64{100, 0}
	img := small(Chart{Steps: 2, Lines: []Line{{Values: up, Colour: 0, Thin: true}, {Values: down, Colour: 1, Thin: true}}}).Draw()
	if got := at(img, 50, 50); got != draw.Colour(1) {
		t.Errorf("where they cross is %v", got)
	}
	if a, b := at(img, 25, 95), at(img, 25, 5); a != draw.Colour(0) || b != draw.Colour(1) {
		t.Errorf("at the left: %v below, %v above", a, b)
	}
}

// Tints are shares of their colours: marks of a whole height, strips, bands, and
// those that lie over each other.
func TestTints(t *testing.T) {
	low, high := slices.Repeat([]float64{0}, 10), slices.Repeat([]float64{100}, 10)
	img := small(Chart{Steps: 10, Bands: []Band{{low, high, 4}}, Marks: []Mark{{From: 2, To: 4, Colour: 2}, {From: 6, To: 8, Colour: 1, Strip: true}}}).Draw()
	marked := mixed(paper, draw.Colour(2), 0.22)
	for _, tt := range []struct {
		name string
		x, y int
		want color.RGBA
	}{
		{"paper above the band", 5, 1, paper}, {"band alone", 5, 52, mixed(paper, draw.Colour(4), 0.25)},
		{"mark above the band", 30, 1, marked}, {"band over the mark", 30, 52, mixed(marked, draw.Colour(4), 0.25)},
		{"first column of the mark", 20, 1, marked}, {"column before the mark", 19, 1, paper}, {"column after the mark", 40, 1, paper},
		{"strip", 70, 99, mixed(paper, draw.Colour(1), 0.9)}, {"above the strip", 70, 1, paper},
	} {
		if got := at(img, tt.x, tt.y); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// Later steps stand further right, greater values higher, and all within the
// plot.
func TestPlaneKeepsOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		steps := rapid.IntRange(1, 400).Draw(t, "steps")
		low := rapid.Float64Range(-1e6, 1e6).Draw(t, "low")
		p := &plane{plot: image.Rect(left, top, left+200, top+100), steps: steps, lowest: low, height: rapid.Float64Range(1e-3, 1e6).Draw(t, "height")}
		for i := range steps - 1 {
			if p.x(float64(i)) > p.x(float64(i+1)) {
				t.Fatalf("step %d is right of the next", i)
			}
		}
		a, b := rapid.Float64Range(-2e6, 2e6).Draw(t, "a"), rapid.Float64Range(-2e6, 2e6).Draw(t, "b")
		if a < b && p.y(a) < p.y(b) {
			t.Fatalf("%g is above %g", a, b)
		}
		for _, v := range []float64{a, math.Inf(1), math.Inf(-1), low, low + p.height} {
			if q := image.Pt(p.x(float64(steps-1)), p.y(v)); !q.In(p.plot) {
				t.Fatalf("%g stands at %v, outside of %v", v, q, p.plot)
			}
		}
		if p.y(low) != p.plot.Max.Y-1 || p.y(low+2*p.height) != p.plot.Min.Y {
			t.Fatal("the least value is not the lowest row, or one too great not the highest")
		}
	})
}

// A stroke leaves no hole: from each of its pixels but the last one comes to
// another beside it that is nearer to the end.
func TestStrokesHaveNoHoles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		place := rapid.IntRange(0, 39)
		x0, x1, y0, y1 := place.Draw(t, "x0"), place.Draw(t, "x1"), place.Draw(t, "y0"), place.Draw(t, "y1")
		x0, x1 = min(x0, x1), max(x0, x1)
		p := &plane{RGBA: image.NewRGBA(image.Rect(0, 0, 40, 40)), plot: image.Rect(0, 0, 40, 40)}
		p.stroke(x0, y0, x1, y1, 1, ink)
		x, y, seen := x0, y0, 1
		for x != x1 || y != y1 {
			sx, sy := sign(x1-x), sign(y1-y)
			switch {
			case p.RGBAAt(x+sx, y+sy) == ink:
				x, y = x+sx, y+sy
			case p.RGBAAt(x+sx, y) == ink:
				x += sx
			case p.RGBAAt(x, y+sy) == ink:
				y += sy
			default:
				t.Fatalf("a hole after %d, %d", x, y)
			}
			seen++
		}
		if n := has(p.RGBA, p.Rect, ink); n != seen || n != max(x1-x0, y1-y0, y0-y1)+1 {
			t.Fatalf("%d pixels, %d on the way", n, seen)
		}
	})
}

func sign(v int) int {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	}
	return 0
}

// Between two steps is the straight line, and beyond the steps nothing.
func TestBetween(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Float64Range(-9, 9).Draw(t, "a"), rapid.Float64Range(-9, 9).Draw(t, "b")
		values := make([]float64, 12)
		for i := range values {
			values[i] = a + b*float64(i)
		}
		at := rapid.Float64Range(-2, 14).Draw(t, "at")
		switch got := between(values, at); {
		case at < 0 || at >= 12:
			if !math.IsNaN(got) {
				t.Fatalf("%g beyond the steps", got)
			}
		case math.Abs(got-(a+b*min(at, 11))) > 1e-9:
			t.Fatalf("at %g is %g, want %g", at, got, a+b*at)
		}
	})
	if v := between([]float64{1, math.NaN()}, 0); v != 1 {
		t.Errorf("%g where a step is there and the next is not", v)
	}
	if v := between([]float64{1, math.NaN()}, 0.5); !math.IsNaN(v) {
		t.Errorf("%g half-way to a step that is not there", v)
	}
}

// Round values lie within, at equal steps of 1, 2 or 5 times a power of ten, and
// are at most a handful.
func TestRoundValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.Float64Range(-1e4, 1e4).Draw(t, "lo")
		hi := lo + rapid.Float64Range(1e-2, 1e5).Draw(t, "width")
		all := round(lo, hi)
		if len(all) < 2 || len(all) > 6 || all[0] < lo-1e-9 || all[len(all)-1] > hi+1e-9 {
			t.Fatalf("%v from %g to %g", all, lo, hi)
		}
		step := all[1] - all[0]
		digit := step / math.Pow(10, math.Floor(math.Log10(step*1.0001)))
		if math.Abs(digit-1) > 1e-3 && math.Abs(digit-2) > 1e-3 && math.Abs(digit-5) > 1e-3 {
			t.Fatalf("%v: steps of %g", all, step)
		}
		for i := 1; i < len(all); i++ {
			if math.Abs(all[i]-all[i-1]-step) > 1e-9*max(1, math.Abs(hi)) {
				t.Fatalf("%v: steps differ", all)
			}
		}
	})
}

// Six steps are named, evenly spread, and the legend names the lines that have a
// name.
func TestWords(t *testing.T) {
	var asked []int
	c := small(Chart{Steps: 60, Label: func(i int) string { asked = append(asked, i); return fmt.Sprint(i) }, Lines: []Line{{Values: ramp(60), Colour: 2}}})
	img := c.Draw()
	if !slices.Equal(asked, []int{5, 15, 25, 35, 45, 55}) {
		t.Errorf("labels of %v", asked)
	}
	legend := image.Rect(0, 28, c.Width, 40)
	if has(img, legend, draw.Colour(2)) != 0 {
		t.Error("a line without a name is in the legend")
	}
	c.Lines[0].Name = "it"
	if n := has(c.Draw(), legend, draw.Colour(2)); n != 18*3 {
		t.Errorf("%d pixels of the legend's line", n)
	}
	title := image.Rect(0, 0, c.Width, 28)
	if has(img, title, ink) != 0 {
		t.Error("no title, and something is written")
	}
	c.Title = "of steps"
	if has(c.Draw(), title, ink) == 0 {
		t.Error("the title is not written")
	}
}

// A stack holds each picture's pixels, one below the other.
func TestStackHoldsAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []*image.RGBA
		wide, high := 0, 0
		for k := range rapid.IntRange(0, 4).Draw(t, "pictures") {
			img := image.NewRGBA(image.Rect(0, 0, rapid.IntRange(1, 9).Draw(t, "w"), rapid.IntRange(1, 9).Draw(t, "h")))
			for i := range img.Pix {
				img.Pix[i] = uint8(50*k + i)
			}
			all, wide, high = append(all, img), max(wide, img.Rect.Dx()), high+img.Rect.Dy()
		}
		s := Stack(all...)
		if s.Rect != image.Rect(0, 0, wide, high) {
			t.Fatalf("%v, want %d by %d", s.Rect, wide, high)
		}
		y := 0
		for _, img := range all {
			for row := range img.Rect.Dy() {
				for x := range wide {
					if got, want := s.RGBAAt(x, y+row), img.RGBAAt(x, row); got != want {
						t.Fatalf("at %d, %d is %v, want %v", x, y+row, got, want)
					}
				}
			}
			y += img.Rect.Dy()
		}
	})
}

// The widest range that there is, the narrowest, and one side of a picture left
// out are drawn too.
func TestExtremes(t *testing.T) {
	for name, values := range map[string][]float64{
		"widest": {-math.MaxFloat64, math.MaxFloat64, 0}, "high": {math.MaxFloat64, math.MaxFloat64}, "low": {-math.MaxFloat64, 1},
		"narrowest": {1, math.Nextafter(1, 2)}, "least": {0, math.SmallestNonzeroFloat64},
	} {
		c := small(Chart{Steps: 3, Lines: []Line{{Values: values, Colour: 3}}, Bands: []Band{{values, values, 1}}})
		if img := c.Draw(); has(img, img.Rect, draw.Colour(3)) == 0 {
			t.Errorf("%s: nothing is drawn", name)
		}
	}
	for _, tt := range []struct{ w, h, width, height int }{{0, 0, 1000, 320}, {500, 0, 500, 320}, {0, 200, 1000, 200}} {
		if img := (&Chart{Steps: 3, Width: tt.w, Height: tt.h}).Draw(); img.Rect.Dx() != tt.width || img.Rect.Dy() != tt.height {
			t.Errorf("%d by %d is drawn as %v", tt.w, tt.h, img.Rect)
		}
	}
}
