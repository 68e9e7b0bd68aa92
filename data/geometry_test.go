package data

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// scene is a picture with one bright rectangle, its mask and its box.
func scene(h, w int, o Object) Example {
	x, y := make([]float32, h*w*3), make([]int32, h*w)
	for i := range y {
		if r, c := i/w, i%w; r >= int(o.Y1) && r < int(o.Y2) && c >= int(o.X1) && c < int(o.X2) {
			y[i] = o.Label
			x[3*i], x[3*i+1], x[3*i+2] = 1, 1, 1
		}
	}
	return Example{X: tensor.Of(x, h, w, 3), Y: tensor.Of(y, h, w)}.WithObjects([]Object{o})
}

type scenes []Example

func (s scenes) Len() int                  { return len(s) }
func (s scenes) At(i int) (Example, error) { return s[i], nil }

// box returns the smallest box around the places where is holds.
func box(h, w int, is func(y, x int) bool) Object {
	o := Object{X1: float32(w), Y1: float32(h)}
	for y := range h {
		for x := range w {
			if is(y, x) {
				o.X1, o.Y1 = min(o.X1, float32(x)), min(o.Y1, float32(y))
				o.X2, o.Y2 = max(o.X2, float32(x+1)), max(o.Y2, float32(y+1))
			}
		}
	}
	return o
}

func apart(a, b Object) float64 {
	var most float64
	for _, d := range []float32{a.X1 - b.X1, a.Y1 - b.Y1, a.X2 - b.X2, a.Y2 - b.Y2} {
		most = max(most, math.Abs(float64(d)))
	}
	return most
}

// TestPicturesMasksAndBoxesStayInStep: after every transform the box lies
// around the bright pixels and around the labelled ones, to the pixel or two
// that interpolation blurs.
func TestPicturesMasksAndBoxesStayInStep(t *testing.T) {
	all := map[string]struct {
		t     Transform
		slack float64
	}{
		"flip":    {RandomFlip(), 0},
		"shift":   {RandomCrop(5), 0},
		"crop":    {Crop{H: 30, W: 28}.Transform(), 0},
		"beyond":  {Crop{H: 50, W: 60}.Transform(), 0},
		"part":    {Crop{H: 30, W: 28, Area: [2]float64{.7, 1}}.Transform(), 1.6},
		"resize":  {Resize(20, 60), 1.6},
		"affine":  {Affine{Scale: .2, Shift: .1}.Transform(), 1.6},
		"quarter": {func(_ *tensor.Rand, p *Picture) { p.Warp(Map{YX: 1, XY: -1}) }, .6},
		"all":     {Compose(RandomFlip(), Crop{H: 40, W: 36}.Transform(), Resize(33, 31), Affine{Scale: .1}.Transform(), Jitter{Brightness: .1, Hue: 5}.Transform()), 2},
	}
	var set scenes
	for i := range 24 {
		x, y := float32(12+i%5), float32(14+i%7)
		set = append(set, scene(40, 40, Object{X1: x, Y1: y, X2: x + 12, Y2: y + 8, Label: 3, Difficult: i%2 == 0}))
	}
	for name, c := range all {
		l := &Loader{Data: set, Batch: 4, Transform: c.t, Seed: 9}
		for b, err := range l.Epoch(context.Background(), 0) {
			if err != nil {
				t.Fatal(name, err)
			}
			checkStep(t, name, b, c.slack)
		}
	}
}

func checkStep(t *testing.T, name string, b Batch, slack float64) {
	t.Helper()
	h, w := b.X.Dim(1), b.X.Dim(2)
	x, y := tensor.View[float32](b.X), tensor.View[int32](b.Y)
	if !slices.Equal(b.Y.Shape(), []int{b.N, h, w}) {
		t.Fatalf("%s: X %v, Y %v", name, b.X.Shape(), b.Y.Shape())
	}
	for i := range b.N {
		objects := b.Objects(i)
		if len(objects) != 1 || objects[0].Label != 3 || objects[0].Difficult != (b.Index[i]%2 == 0) {
			t.Fatalf("%s: objects %+v", name, objects)
		}
		lit := box(h, w, func(r, c int) bool { return x[((i*h+r)*w+c)*3] > .5 })
		labelled := box(h, w, func(r, c int) bool { return y[(i*h+r)*w+c] == 3 })
		if apart(objects[0], lit) > slack || apart(objects[0], labelled) > slack {
			t.Fatalf("%s: box %v, bright %v, mask %v", name, objects[0], lit, labelled)
		}
	}
}

func TestBatchesWithObjectsDoNotDependOnWorkers(t *testing.T) {
	var set scenes
	for i := range 9 {
		set = append(set, scene(20, 20, Object{X1: 4, Y1: 5, X2: float32(9 + i), Y2: 12, Label: int32(i)}))
	}
	text := func(workers int) (s string) {
		l := &Loader{Data: set, Batch: 2, Shuffle: true, Workers: workers, Transform: Compose(Crop{H: 15, W: 15}.Transform(), Affine{Rotate: 30}.Transform())}
		for b, err := range l.Batches(context.Background(), 0, 9) {
			if err != nil {
				t.Fatal(err)
			}
			s += fmt.Sprint(b.Index, tensor.View[float32](b.X), tensor.View[int32](b.Y))
			for i := range b.N {
				s += fmt.Sprint(b.Objects(i))
			}
		}
		return s
	}
	if text(-1) != text(3) {
		t.Error("three workers made other batches than none")
	}
}

// TestPadBatchKeepsObjects: padding is no object of class 0.
func TestPadBatchKeepsObjects(t *testing.T) {
	a, b := scene(8, 9, Object{X2: 3, Y2: 3, Label: 2}), scene(5, 9, Object{X1: 1, X2: 3, Y2: 3})
	b = b.WithObjects(append(b.Objects(), Object{X1: 4, X2: 8, Y2: 5, Label: 1, Crowd: true}))
	batch, err := PadBatch([]Example{a, b})
	if err != nil {
		t.Fatal(err)
	}
	batch.N = 2
	if !slices.Equal(batch.X.Shape(), []int{2, 8, 9, 3}) || !slices.Equal(batch.Objects(0), a.Objects()) || !slices.Equal(batch.Objects(1), b.Objects()) {
		t.Errorf("X %v, objects %v and %v", batch.X.Shape(), batch.Objects(0), batch.Objects(1))
	}
}

func TestObjectsThatLeaveAreDropped(t *testing.T) {
	p := &Picture{Pix: make([]float32, 100), H: 10, W: 10, C: 1, Objects: []Object{
		{X1: 0, Y1: 0, X2: 3, Y2: 3, Label: 1}, {X1: 2, Y1: 2, X2: 8, Y2: 8, Label: 2}, {X1: 5, Y1: 5, X2: 9, Y2: 9, Label: 3},
	}}
	p.Crop(5, 5, 5, 5)
	if len(p.Objects) != 2 || p.Objects[0] != (Object{X2: 3, Y2: 3, Label: 2}) || p.Objects[1] != (Object{X2: 4, Y2: 4, Label: 3}) {
		t.Errorf("%+v", p.Objects)
	}
}

func TestWhatIsBeyondAMaskIsIgnored(t *testing.T) {
	p := &Picture{Pix: make([]float32, 4), H: 2, W: 2, C: 1, Mask: []int32{1, 2, 3, 4}}
	p.Crop(-1, 1, 3, 2)
	if !slices.Equal(p.Mask, []int32{-100, -100, 2, -100, 4, -100}) {
		t.Errorf("%v", p.Mask)
	}
}

// TestResizeKeepsTheMean and, to the size it has, everything.
func TestResizeKeepsTheMean(t *testing.T) {
	for _, s := range [][2]int{{3, 5}, {12, 10}, {24, 40}} {
		p := counted(12, 10, 2)
		want := p.mean()
		p.Resize(s[0], s[1])
		if p.H != s[0] || p.W != s[1] || len(p.Pix) != s[0]*s[1]*2 || math.Abs(float64(p.mean()-want)) > .05*float64(want) {
			t.Errorf("%v: mean %g, want %g", s, p.mean(), want)
		}
	}
}

func TestSizesMustAgree(t *testing.T) {
	odd := func(r *tensor.Rand, p *Picture) { p.Crop(0, 0, 1+r.IntN(3), 2) }
	_, err := last(&Loader{Data: numbered(40, 4, 4), Batch: 20, Transform: odd}, context.Background(), 0, 2)
	wantError(t, err, "after the transforms", "data.Crop")
}

// TestDirectSizes: a set in memory whose pictures change their size, with
// labels that are not masks.
func TestDirectSizes(t *testing.T) {
	l := &Loader{Data: numbered(7, 4, 4), Batch: 3, Transform: Compose(Crop{H: 2, W: 3}.Transform(), Resize(5, 6))}
	for _, b := range take(t, l, 0, 3) {
		for i, v := range b.x {
			if want := float32(b.y[i/30]); math.Abs(float64(v-want)) > 1e-5 || int(b.y[i/30]) != b.index[i/30] {
				t.Fatalf("element %d is %g, its label %g, its index %d", i, v, want, b.index[i/30])
			}
		}
	}
}

func TestJitterTurnsHue(t *testing.T) {
	p := &Picture{Pix: []float32{1, 0, 0, .5, .5, .5}, H: 1, W: 2, C: 3}
	p.recolour(1, 2*math.Pi/3)
	if luma := .299*p.Pix[0] + .587*p.Pix[1] + .114*p.Pix[2]; math.Abs(float64(luma)-.299) > .01 || p.Pix[0] > p.Pix[1] && p.Pix[0] > p.Pix[2] {
		t.Errorf("red turned by a third is %v, luma %g", p.Pix[:3], luma)
	}
	for _, v := range p.Pix[3:] {
		if math.Abs(float64(v)-.5) > 1e-3 {
			t.Errorf("grey became %v", p.Pix[3:])
		}
	}
	p = &Picture{Pix: []float32{1, .5, 0}, H: 1, W: 1, C: 3}
	p.recolour(0, 0)
	if p.Pix[0]-p.Pix[1] > 1e-5 || p.Pix[1]-p.Pix[2] > 1e-5 {
		t.Errorf("without saturation: %v", p.Pix)
	}
}

func TestGeometryMistakes(t *testing.T) {
	for name, f := range map[string]func(){
		"size": func() { Crop{}.Transform() }, "area": func() { Crop{H: 1, W: 1, Area: [2]float64{.5, .2}}.Transform() },
		"resize": func() { Resize(0, 1) }, "shear": func() { Affine{Shear: 90}.Transform() },
		"flat": func() { (&Picture{Pix: []float32{1}, H: 1, W: 1, C: 1}).Warp(Map{}) },
		"crop": func() { (&Picture{Pix: []float32{1}, H: 1, W: 1, C: 1}).Crop(0, 0, 0, 1) },
	} {
		if err := tensor.Try(f); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
