package data

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// pixel is one place of a picture by another reckoning: plain arrays and
// indices, edges going on, −100 beyond a mask.
type pixel struct {
	values []float32
	label  int32
}

// pixelAt reads p beyond its edge, too.
func pixelAt(p *Picture, y, x int) pixel {
	q := pixel{label: -100}
	if y >= 0 && x >= 0 && y < p.H && x < p.W {
		q.label = p.Mask[y*p.W+x]
	}
	cy, cx := y, x
	if cy < 0 {
		cy = 0
	}
	if cy >= p.H {
		cy = p.H - 1
	}
	if cx < 0 {
		cx = 0
	}
	if cx >= p.W {
		cx = p.W - 1
	}
	for k := range p.C {
		q.values = append(q.values, p.Pix[(cy*p.W+cx)*p.C+k])
	}
	return q
}

// checkPixels holds every pixel of got against where it comes from.
func checkPixels(t *testing.T, what string, got, old *Picture, h, w int, from func(y, x int) (int, int)) {
	t.Helper()
	if got.H != h || got.W != w || len(got.Pix) != h*w*got.C || len(got.Mask) != h*w {
		t.Fatalf("%s: %d × %d, %d values, %d labels; want %d × %d", what, got.H, got.W, len(got.Pix), len(got.Mask), h, w)
	}
	for y := range h {
		for x := range w {
			sy, sx := from(y, x)
			want, is := pixelAt(old, sy, sx), pixelAt(got, y, x)
			if !slices.Equal(want.values, is.values) || want.label != is.label {
				t.Fatalf("%s: (%d, %d) is %v, want %v, that of (%d, %d)", what, y, x, is, want, sy, sx)
			}
		}
	}
}

// random returns a picture all of whose pixels differ, with a mask and objects.
func random(r *tensor.Rand, h, w, c int) *Picture {
	p := &Picture{H: h, W: w, C: c}
	for i := range h * w {
		p.Mask = append(p.Mask, int32(r.IntN(7)))
		for k := range c {
			p.Pix = append(p.Pix, float32(i*c+k)+float32(r.Float64()))
		}
	}
	for range r.IntN(5) {
		x, y := r.IntN(w), r.IntN(h)
		p.Objects = append(p.Objects, Object{X1: float32(x), Y1: float32(y), X2: float32(x + 1 + r.IntN(w-x)), Y2: float32(y + 1 + r.IntN(h-y)), Label: int32(r.IntN(9)), Crowd: r.IntN(2) == 0})
	}
	return p
}

func TestFlipAgainstLoops(t *testing.T) {
	r := tensor.NewRand(1)
	for range 100 {
		p := random(r, 1+r.IntN(9), 1+r.IntN(9), 1+r.IntN(4))
		old := p.clone()
		p.Flip()
		checkPixels(t, "Flip", p, old, old.H, old.W, func(y, x int) (int, int) { return y, old.W - 1 - x })
		for i, o := range p.Objects {
			was := old.Objects[i]
			if o.X1 != float32(old.W)-was.X2 || o.X2 != float32(old.W)-was.X1 || o.Y1 != was.Y1 || o.Y2 != was.Y2 || o.Label != was.Label || o.Crowd != was.Crowd {
				t.Fatalf("object %+v became %+v in a picture %d wide", was, o, old.W)
			}
		}
	}
}

func TestCropAgainstLoops(t *testing.T) {
	r := tensor.NewRand(2)
	for range 300 {
		p := random(r, 1+r.IntN(9), 1+r.IntN(9), 1+r.IntN(3))
		old := p.clone()
		y0, x0, h, w := r.IntN(20)-8, r.IntN(20)-8, 1+r.IntN(12), 1+r.IntN(12)
		p.Crop(y0, x0, h, w)
		what := fmt.Sprintf("%d × %d: Crop(%d, %d, %d, %d)", old.H, old.W, y0, x0, h, w)
		checkPixels(t, what, p, old, h, w, func(y, x int) (int, int) { return y0 + y, x0 + x })
		checkObjects(t, what, p, old, float64(-y0), float64(-x0))
	}
}

func TestMoveAgainstLoops(t *testing.T) {
	r := tensor.NewRand(3)
	for range 300 {
		p := random(r, 1+r.IntN(9), 1+r.IntN(9), 1+r.IntN(3))
		old := p.clone()
		dy, dx := r.IntN(15)-7, r.IntN(15)-7
		p.move(dy, dx)
		what := fmt.Sprintf("%d × %d: move(%d, %d)", old.H, old.W, dy, dx)
		checkPixels(t, what, p, old, old.H, old.W, func(y, x int) (int, int) { return y + dy, x + dx })
		checkObjects(t, what, p, old, float64(-dy), float64(-dx))
	}
}

// checkObjects counts the pixels of each object that are left after a shift.
func checkObjects(t *testing.T, what string, got, old *Picture, dy, dx float64) {
	t.Helper()
	var want []Object
	for _, o := range old.Objects {
		all, left := 0, 0
		for y := o.Y1; y < o.Y2; y++ {
			for x := o.X1; x < o.X2; x++ {
				all++
				if ny, nx := float64(y)+dy, float64(x)+dx; ny >= 0 && nx >= 0 && ny < float64(got.H) && nx < float64(got.W) {
					left++
				}
			}
		}
		if left == 0 || 4*left < all {
			continue
		}
		o.X1, o.X2 = float32(max(0, float64(o.X1)+dx)), float32(min(float64(got.W), float64(o.X2)+dx))
		o.Y1, o.Y2 = float32(max(0, float64(o.Y1)+dy)), float32(min(float64(got.H), float64(o.Y2)+dy))
		want = append(want, o)
	}
	if !slices.Equal(got.Objects, want) {
		t.Fatalf("%s: objects %+v became %+v, want %+v", what, old.Objects, got.Objects, want)
	}
}

// TestQuarterTurnAgainstLoops warps square pictures by quarter turns, which
// move pixels and mix none.
func TestQuarterTurnAgainstLoops(t *testing.T) {
	r := tensor.NewRand(4)
	for range 60 {
		n := 1 + r.IntN(9)
		p := random(r, n, n, 1+r.IntN(3))
		old := p.clone()
		p.Warp(Map{YX: 1, XY: -1}) // row v of the old, column −u
		near := p.clone()
		for i, v := range near.Pix { // what is between pixels by rounding is a pixel
			for _, o := range old.Pix {
				if math.Abs(float64(v-o)) < 1e-4 {
					near.Pix[i] = o
				}
			}
		}
		checkPixels(t, "a quarter turn", near, old, n, n, func(y, x int) (int, int) { return x, n - 1 - y })
		for i, o := range p.Objects {
			was := old.Objects[i]
			want := [4]float32{was.Y1, float32(n) - was.X2, was.Y2, float32(n) - was.X1}
			got := [4]float32{o.X1, o.Y1, o.X2, o.Y2}
			for k := range got {
				if math.Abs(float64(got[k]-want[k])) > 1e-4 {
					t.Fatalf("%d × %d: box %+v became %v, want %v", n, n, was, got, want)
				}
			}
		}
	}
}

// TestResizeByWholeTimes: enlarged by a whole number and made smaller by it
// again, even stretches keep their value; labels repeat.
func TestResizeByWholeTimes(t *testing.T) {
	r := tensor.NewRand(5)
	for range 40 {
		p := random(r, 1+r.IntN(6), 1+r.IntN(6), 1+r.IntN(3))
		old := p.clone()
		k := 2 + r.IntN(3)
		p.Resize(old.H*k, old.W*k)
		for y := range p.H {
			for x := range p.W {
				if p.Mask[y*p.W+x] != old.Mask[y/k*old.W+x/k] {
					t.Fatalf("label (%d, %d) is %d, want %d", y, x, p.Mask[y*p.W+x], old.Mask[y/k*old.W+x/k])
				}
			}
		}
		for i, o := range p.Objects {
			was, by := old.Objects[i], float32(k)
			if o.X1 != was.X1*by || o.Y1 != was.Y1*by || o.X2 != was.X2*by || o.Y2 != was.Y2*by {
				t.Fatalf("%d times: box %+v became %+v", k, was, o)
			}
		}
		lo, hi := slices.Min(old.Pix), slices.Max(old.Pix)
		for _, v := range p.Pix {
			if v < lo-1e-3 || v > hi+1e-3 {
				t.Fatalf("%g is out of %g to %g", v, lo, hi)
			}
		}
	}
}

// TestNormalizeAgainstLoops and back.
func TestNormalizeAgainstLoops(t *testing.T) {
	r := tensor.NewRand(6)
	mean, deviation := []float64{0.5, -2, 3}, []float64{0.25, 4, 1}
	p := random(r, 5, 6, 3)
	old := p.clone()
	Normalize(mean, deviation)(r, p)
	for i, v := range p.Pix {
		if want := (float64(old.Pix[i]) - mean[i%3]) / deviation[i%3]; math.Abs(float64(v)-want) > 1e-3 {
			t.Fatalf("value %d is %g, want %g", i, v, want)
		}
	}
	if !slices.Equal(p.Mask, old.Mask) || !slices.Equal(p.Objects, old.Objects) {
		t.Error("changed more than values")
	}
}

// TestValuesOnly: transforms of colour leave what lies on a picture alone.
func TestValuesOnly(t *testing.T) {
	for name, f := range map[string]Transform{
		"brightness": Brightness(1), "contrast": Contrast(0.5), "erase": RandomErase(0.7),
		"jitter": Jitter{Brightness: 1, Contrast: 0.5, Saturation: 0.5, Hue: 90}.Transform(),
	} {
		r := tensor.NewRand(7)
		changed := 0
		for range 30 {
			p := random(r, 1+r.IntN(8), 1+r.IntN(8), 3)
			old := p.clone()
			f(r, p)
			if p.H != old.H || p.W != old.W || !slices.Equal(p.Mask, old.Mask) || !slices.Equal(p.Objects, old.Objects) {
				t.Fatalf("%s moved something", name)
			}
			if !slices.Equal(p.Pix, old.Pix) {
				changed++
			}
		}
		if changed < 5 {
			t.Errorf("%s changed %d of 30 pictures", name, changed)
		}
	}
}

// TestEraseIsARectangle of one value, the mean of the picture.
func TestEraseIsARectangle(t *testing.T) {
	r := tensor.NewRand(8)
	for range 200 {
		p := random(r, 2+r.IntN(9), 2+r.IntN(9), 2)
		old := p.clone()
		RandomErase(0.6)(r, p)
		y1, x1, y2, x2 := p.H, p.W, -1, -1
		for y := range p.H {
			for x := range p.W {
				if !slices.Equal(pixelAt(p, y, x).values, pixelAt(old, y, x).values) {
					y1, x1, y2, x2 = min(y1, y), min(x1, x), max(y2, y), max(x2, x)
				}
			}
		}
		if y2 < 0 {
			continue
		}
		if h, w := y2-y1+1, x2-x1+1; float64(h) > 0.6*float64(p.H) || float64(w) > 0.6*float64(p.W) {
			t.Errorf("%d × %d of %d × %d are more than a share of 0.6", h, w, p.H, p.W)
		}
		for y := y1; y <= y2; y++ {
			for x := x1; x <= x2; x++ {
				for _, v := range pixelAt(p, y, x).values {
					if v != old.mean() {
						t.Fatalf("(%d, %d) is %g, want the mean %g", y, x, v, old.mean())
					}
				}
			}
		}
	}
}

// TestCropTransformSizes: what comes out has the size asked for, whatever goes in.
func TestCropTransformSizes(t *testing.T) {
	r := tensor.NewRand(9)
	for _, c := range []Crop{{H: 5, W: 7}, {H: 5, W: 7, Centre: true}, {H: 4, W: 4, Area: [2]float64{0.3, 1}}, {H: 1, W: 1}} {
		f := c.Transform()
		for range 80 {
			p := random(r, 1+r.IntN(14), 1+r.IntN(14), 1+r.IntN(3))
			was := fmt.Sprint(p.H, " × ", p.W)
			f(r, p)
			if p.H != c.H || p.W != c.W || len(p.Pix) != c.H*c.W*p.C || len(p.Mask) != c.H*c.W {
				t.Fatalf("%+v of %s: %d × %d", c, was, p.H, p.W)
			}
			for _, o := range p.Objects {
				if o.X1 < 0 || o.Y1 < 0 || o.X2 > float32(c.W) || o.Y2 > float32(c.H) || o.Area() <= 0 {
					t.Fatalf("%+v of %s: object %+v", c, was, o)
				}
			}
		}
	}
}
