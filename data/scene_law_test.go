package data

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/tensor"
)

// drawPicture draws a picture with a mask and boxes.
func drawPicture(t *rapid.T) *Picture {
	p := &Picture{H: rapid.IntRange(1, 12).Draw(t, "H"), W: rapid.IntRange(1, 12).Draw(t, "W"), C: rapid.IntRange(1, 3).Draw(t, "C")}
	for i := range p.H * p.W {
		p.Mask = append(p.Mask, int32(i%5))
		for k := range p.C {
			p.Pix = append(p.Pix, float32(i*3+k))
		}
	}
	for range rapid.IntRange(0, 3).Draw(t, "objects") {
		x, y := rapid.IntRange(0, p.W-1).Draw(t, "x"), rapid.IntRange(0, p.H-1).Draw(t, "y")
		p.Objects = append(p.Objects, Object{X1: float32(x), Y1: float32(y), X2: float32(rapid.IntRange(x+1, p.W).Draw(t, "x2")), Y2: float32(rapid.IntRange(y+1, p.H).Draw(t, "y2")), Label: int32(x)})
	}
	return p
}

// clone is a picture of its own.
func (p *Picture) clone() *Picture {
	return &Picture{Pix: slices.Clone(p.Pix), Mask: slices.Clone(p.Mask), Objects: slices.Clone(p.Objects), H: p.H, W: p.W, C: p.C}
}

func (p *Picture) equal(q *Picture) bool {
	return p.H == q.H && p.W == q.W && slices.Equal(p.Pix, q.Pix) && slices.Equal(p.Mask, q.Mask) && slices.Equal(p.Objects, q.Objects)
}

func TestFlippingTwiceIsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPicture(t)
		q := p.clone()
		q.Flip()
		if p.W > 1 && q.equal(p) {
			t.Fatal("a flip does nothing")
		}
		q.Flip()
		if !q.equal(p) {
			t.Fatalf("%+v came back as %+v", p, q)
		}
	})
}

// TestWhatChangesNothing: the identity, the same size, and the whole.
func TestWhatChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPicture(t)
		for name, f := range map[string]func(q *Picture){
			"warp": func(q *Picture) { q.Warp(Map{YY: 1, XX: 1}) }, "resize": func(q *Picture) { q.Resize(q.H, q.W) },
			"crop": func(q *Picture) { q.Crop(0, 0, q.H, q.W) }, "move": func(q *Picture) { q.move(0, 0) },
		} {
			q := p.clone()
			f(q)
			if !q.equal(p) {
				t.Fatalf("%s: %+v became %+v", name, p, q)
			}
		}
	})
}

// TestACropOfACropIsACrop, as long as nothing is cut away between.
func TestACropOfACropIsACrop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPicture(t)
		p.Objects = nil // those cut away in the first do not come back
		y, x := rapid.IntRange(-3, p.H-1).Draw(t, "y"), rapid.IntRange(-3, p.W-1).Draw(t, "x")
		h, w := rapid.IntRange(1, p.H).Draw(t, "h"), rapid.IntRange(1, p.W).Draw(t, "w")
		a, b := p.clone(), p.clone()
		a.Crop(-3, -3, p.H+6, p.W+6)
		a.Crop(y+3, x+3, h, w)
		b.Crop(y, x, h, w)
		if y+h <= p.H+3 && x+w <= p.W+3 && !a.equal(b) {
			t.Fatalf("%d %d %d %d: %+v and %+v", y, x, h, w, a, b)
		}
	})
}

// TestBoxesStayInThePicture through any chain of transforms, with an area, and
// labels stay those there were.
func TestBoxesStayInThePicture(t *testing.T) {
	all := []Transform{
		RandomFlip(), RandomCrop(3), Crop{H: 6, W: 7}.Transform(), Crop{H: 5, W: 5, Area: [2]float64{.2, 1}}.Transform(), Resize(8, 3),
		Affine{Rotate: 90, Scale: .5, Shift: .3, Shear: 30}.Transform(), Jitter{Brightness: .5, Contrast: .5, Saturation: .5, Hue: 90}.Transform(), RandomErase(.5),
	}
	rapid.Check(t, func(t *rapid.T) {
		p := drawPicture(t)
		known := map[int32]bool{}
		for _, o := range p.Objects {
			known[o.Label] = true
		}
		r := tensor.NewRand(rapid.Uint64().Draw(t, "seed"))
		for _, k := range rapid.SliceOfN(rapid.IntRange(0, len(all)-1), 1, 5).Draw(t, "chain") {
			all[k](r, p)
		}
		if len(p.Pix) != p.H*p.W*p.C || len(p.Mask) != p.H*p.W {
			t.Fatalf("%d×%d×%d with %d values, %d labels", p.H, p.W, p.C, len(p.Pix), len(p.Mask))
		}
		for _, o := range p.Objects {
			if !(o.X1 >= 0 && o.X1 < o.X2 && o.X2 <= float32(p.W) && o.Y1 >= 0 && o.Y1 < o.Y2 && o.Y2 <= float32(p.H)) || !known[o.Label] {
				t.Fatalf("%+v in %d×%d", o, p.H, p.W)
			}
		}
		for _, l := range p.Mask {
			if (l < 0 || l > 4) && l != ignored {
				t.Fatalf("label %d", l)
			}
		}
	})
}

// TestObjectsSurviveBatches: what an example has is what its batch's row has.
func TestObjectsSurviveBatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var set scenes
		for range rapid.IntRange(1, 5).Draw(t, "examples") {
			p := drawPicture(t)
			set = append(set, Example{X: tensor.Zeros(3, 3, 1)}.WithObjects(p.Objects))
		}
		for b, err := range (&Loader{Data: set, Batch: len(set), Workers: -1}).Batches(t.Context(), 0, 1) {
			if err != nil {
				t.Fatal(err)
			}
			for i, e := range set {
				if !slices.Equal(b.Objects(i), e.Objects()) {
					t.Fatalf("%v became %v", e.Objects(), b.Objects(i))
				}
			}
		}
	})
}

// TestBoxesLieOnTheirPixels: one bright rectangle, in files of any size, fitted
// in any way.
func TestBoxesLieOnTheirPixels(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w, h := rapid.IntRange(24, 60).Draw(rt, "w"), rapid.IntRange(24, 60).Draw(rt, "h")
		x, y := rapid.IntRange(w/4, w/2).Draw(rt, "x"), rapid.IntRange(h/4, h/2).Draw(rt, "y")
		m := fullOf(w, h, color.Black)
		for yy := y; yy < y+h/4; yy++ {
			for xx := x; xx < x+w/4; xx++ {
				m.Set(xx, yy, color.White)
			}
		}
		dir := t.TempDir()
		writePicture(t, filepath.Join(dir, "images/a.png"), func(wr io.Writer) error { return png.Encode(wr, m) })
		line := fmt.Sprintf("0 %.8f %.8f %.8f %.8f\n", (float64(x)+float64(w/4)/2)/float64(w), (float64(y)+float64(h/4)/2)/float64(h), float64(w/4)/float64(w), float64(h/4)/float64(h))
		writePicture(t, filepath.Join(dir, "labels/a.txt"), func(wr io.Writer) error { _, err := io.WriteString(wr, line); return err })
		set, err := BoxFolder(dir, rapid.IntRange(24, 50).Draw(rt, "H"), rapid.IntRange(24, 50).Draw(rt, "W"))
		if err != nil {
			rt.Fatal(err)
		}
		set.Fit = rapid.SampledFrom([]Fit{Cover, Inside, Stretch}).Draw(rt, "fit")
		set.Background, set.Paint = color.Black, true
		e, err := set.At(0)
		if err != nil {
			rt.Fatal(err)
		}
		if len(e.Objects()) != 1 {
			rt.Skip("cut away")
		}
		o := e.Objects()[0]
		pix, mask := tensor.View[float32](e.X), tensor.View[int32](e.Y)
		lit := box(set.H, set.W, func(r, c int) bool { return pix[(r*set.W+c)*3] > .5 })
		labelled := box(set.H, set.W, func(r, c int) bool { return mask[r*set.W+c] == 1 })
		if apart(o, lit) > 1.6 || apart(o, labelled) > 1 {
			rt.Fatalf("box %+v, bright %+v, mask %+v", o, lit, labelled)
		}
		if back := set.Frame(0).Back(o); set.Fit != Cover && apart(back, set.Objects(0)[0]) > 1e-3 {
			rt.Fatalf("back in the file it is %+v, want %+v", back, set.Objects(0)[0])
		}
	})
}

// TestEncodedTablesAreStandard: over the training rows numbers have mean 0 and
// deviation 1, and each category one place.
func TestEncodedTablesAreStandard(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 30).Draw(t, "rows")
		var b strings.Builder
		b.WriteString("v,k\n")
		for range n {
			fmt.Fprintf(&b, "%d,%s\n", rapid.IntRange(-1000, 1000).Draw(t, "v"), rapid.SampledFrom([]string{"red", "green", "blue"}).Draw(t, "k"))
		}
		table, err := ParseTable(strings.NewReader(b.String()), "x.csv", TableOptions{})
		if err != nil {
			t.Fatal(err)
		}
		enc, err := table.Fit(Encoding{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		set, err := enc.Dataset(table, nil)
		if err != nil {
			t.Fatal(err)
		}
		var mean, square float64
		for i := range n {
			e, _ := set.At(i)
			row := tensor.Data[float32](e.X)
			mean += float64(row[0]) / float64(n)
			square += float64(row[0]) * float64(row[0]) / float64(n)
			var places float32
			for _, v := range row[1:] {
				places += v
			}
			if places != 1 || len(row) != len(enc.Names()) {
				t.Fatalf("row %d is %v", i, row)
			}
		}
		if math.Abs(mean) > 1e-5 || math.Abs(square-1) > 1e-4 && square > 1e-12 {
			t.Fatalf("mean %g, variance %g", mean, square)
		}
	})
}

// TestPartsDoNotOverlap, of pictures, boxes and rows alike.
func TestPartsDoNotOverlap(t *testing.T) {
	dir := t.TempDir()
	checker(t, dir, 30)
	for seed := range uint64(5) {
		p, err := ImageParts(dir, 4, 4, seed)
		if err != nil {
			t.Fatal(err)
		}
		all := slices.Concat(p.Train.Files, p.Validate.Files, p.Test.Files)
		slices.Sort(all)
		if len(all) != 30 || len(slices.Compact(all)) != 30 {
			t.Fatalf("seed %d: %d files", seed, len(all))
		}
		again, err := ImageParts(dir, 4, 4, seed)
		if err != nil || !slices.Equal(p.Test.Files, again.Test.Files) {
			t.Fatalf("seed %d deals otherwise a second time: %v", seed, err)
		}
	}
}

// TestPartOf knows the usual names.
func TestPartOf(t *testing.T) {
	for name, want := range map[string]string{"train": "train", "Training": "train", "val": "val", "valid": "val", "DEV": "val", "test": "test", "tests": "", "": "", "cat": ""} {
		if got := PartOf(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]int{"instances_train2017.json": 0, "val.json": 1, "a_test-1.json": 2, "train.txt": -1, "instances.json": -1} {
		if got := partOf(name); got != want {
			t.Errorf("%q is %d, want %d", name, got, want)
		}
	}
}

// TestPickIsTheSameSet with fewer pictures.
func TestPickIsTheSameSet(t *testing.T) {
	dir := t.TempDir()
	checker(t, dir, 6)
	folder, err := ImageFolder(dir, 3, 3)
	if err != nil {
		t.Fatal(err)
	}
	folder.Grey = true
	boxes, err := BoxFolder(cocoDir, 9, 9)
	if err != nil {
		t.Fatal(err)
	}
	for name, pair := range map[string][2]Dataset{"folder": {folder, folder.Pick([]int{4, 1})}, "boxes": {boxes, boxes.Pick([]int{1, 0})}} {
		order := []int{4, 1}
		if name == "boxes" {
			order = []int{1, 0}
		}
		for k, i := range order {
			a, err1 := pair[0].At(i)
			b, err2 := pair[1].At(k)
			if err1 != nil || err2 != nil || !slices.Equal(tensor.View[float32](a.X), tensor.View[float32](b.X)) || !slices.Equal(a.Objects(), b.Objects()) {
				t.Errorf("%s: %v, %v", name, err1, err2)
			}
		}
		if _, err := pair[1].At(2); err == nil {
			t.Errorf("%s has a third example", name)
		}
	}
}

// TestMasksFollowTheirPictures through every fit: the picture is its own mask.
func TestMasksFollowTheirPictures(t *testing.T) {
	dir := t.TempDir()
	m := image.NewGray(image.Rect(0, 0, 30, 20))
	for i := range m.Pix {
		m.Pix[i] = uint8(i % 30 / 10)
	}
	bright := image.NewGray(m.Rect)
	for i, v := range m.Pix {
		bright.Pix[i] = 100 * v
	}
	writePicture(t, filepath.Join(dir, "images/a.png"), func(w io.Writer) error { return png.Encode(w, bright) })
	writePicture(t, filepath.Join(dir, "masks/a.png"), func(w io.Writer) error { return png.Encode(w, m) })
	if err := os.WriteFile(filepath.Join(dir, "classes.txt"), []byte("left\nmiddle\nright\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, fit := range []Fit{Cover, Inside, Stretch} {
		set, err := MaskFolder(dir, 13, 17)
		if err != nil {
			t.Fatal(err)
		}
		set.Fit, set.Grey = fit, true
		e, err := set.At(0)
		if err != nil || len(set.Classes) != 3 {
			t.Fatal(err)
		}
		x, wrong := tensor.View[float32](e.X), 0
		for i, l := range tensor.View[int32](e.Y) {
			if l != ignored && math.Abs(float64(x[i])*2.55-float64(l)) > .5 {
				wrong++
			}
		}
		if wrong > 13 {
			t.Errorf("fit %d: %d of %d labels are not their pixels'", fit, wrong, 13*17)
		}
	}
}
