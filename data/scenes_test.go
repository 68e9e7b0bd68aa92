package data

import (
	"context"
	"errors"
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

	"github.com/limpid-ml/limpid/format/boxes"
	"github.com/limpid-ml/limpid/tensor"
)

// cocoDir is the set of package format/boxes, twice: as COCO and as YOLO.
const (
	cocoDir = "../format/boxes/testdata/coco"
	yoloDir = "../format/boxes/testdata/yolo"
)

func TestBoxFolder(t *testing.T) {
	set, err := BoxFolder(cocoDir, 60, 41)
	if err != nil {
		t.Fatal(err)
	}
	e, err := set.At(0)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(e.X.Shape(), []int{60, 41, 3}) || e.Y.Valid() {
		t.Errorf("X %v, Y %v", e.X.Shape(), e.Y)
	}
	// The picture of 41×30 lies in rows 15 to 45.
	want := []Object{{X1: 3, Y1: 19, X2: 20, Y2: 40}, {X1: 10, Y1: 17, X2: 40, Y2: 27, Label: 2, Crowd: true}}
	if got := e.Objects(); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	f := set.Frame(0)
	for k, o := range set.Objects(0) {
		if back := f.Back(want[k]); apart(back, o) > 1e-4 {
			t.Errorf("%v came back as %v, want %v", want[k], back, o)
		}
	}
	x := tensor.View[float32](e.X)
	if x[0] != 1 || x[(20*41+5)*3] > .5 {
		t.Errorf("the corner is %g, the cat %g", x[0], x[(20*41+5)*3])
	}
	set.Background = color.Black
	if e, err = set.At(0); err != nil || tensor.View[float32](e.X)[0] != 0 {
		t.Errorf("on black: %v", err)
	}
}

func TestBoxFolderPaints(t *testing.T) {
	set, err := BoxFolder(cocoDir, 30, 41)
	if err != nil {
		t.Fatal(err)
	}
	set.Paint = true
	for b, err := range (&Loader{Data: Subset(set, []int{1, 0}), Batch: 2, Transform: RandomFlip(), Seed: 3}).Batches(t.Context(), 0, 4) {
		if err != nil {
			t.Fatal(err)
		}
		y := tensor.View[int32](b.Y)
		counts := map[int32]int{}
		for _, l := range y[:30*41] {
			counts[l]++
		}
		dog, cat := b.Objects(0)[0], b.Objects(0)[1]
		if dog.Label != 1 || cat.Label != 0 || counts[2] != 30*41-10*25-2*21+20 || counts[1] != 42 {
			t.Fatalf("labels %v, objects %v", counts, b.Objects(0))
		}
		if got := box(30, 41, func(r, c int) bool { return y[r*41+c] == 1 }); apart(got, cat) > 0 {
			t.Fatalf("the mask's cat is in %v, the box %v", got, cat)
		}
	}
}

// TestBoxesAreTheSameFromEachFormat and with any number of workers.
func TestBoxesAreTheSameFromEachFormat(t *testing.T) {
	text := func(dir string, workers int) (s string) {
		set, err := BoxFolder(dir, 32, 32)
		if err != nil {
			t.Fatal(err)
		}
		l := &Loader{Data: set, Batch: 2, Shuffle: true, Workers: workers, Transform: Compose(Crop{H: 24, W: 24}.Transform(), RandomFlip())}
		for b, err := range l.Batches(t.Context(), 0, 5) {
			if err != nil {
				t.Fatal(err)
			}
			for i := range b.N {
				for _, o := range b.Objects(i) {
					s += fmt.Sprintf("%.2f %.2f %.2f %.2f %d\n", o.X1, o.Y1, o.X2, o.Y2, o.Label)
				}
			}
			s += fmt.Sprint(tensor.View[float32](b.X)[:300])
		}
		return s
	}
	if a, b := text(cocoDir, 0), text(yoloDir, -1); a != b {
		t.Errorf("COCO's are\n%.300s\nYOLO's\n%.300s", a, b)
	}
}

func TestBoxFolderKeepsTheRest(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(yoloDir)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "labels/a.txt"), []byte("7 0 0 0 0\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	set, err := BoxFolder(dir, 8, 8)
	var faults *boxes.Faults
	if !errors.As(err, &faults) || set == nil || set.Len() != 2 {
		t.Errorf("%v, %v", set, err)
	}
	wantError(t, err, "a.txt", "line 1", "only 3 have names")
	_, err = BoxFolder(dir, 8, 0)
	wantError(t, err, "8×0")
}

func TestBoxParts(t *testing.T) {
	undivided, err := BoxParts(cocoDir, 8, 8, 1)
	if err != nil || !undivided.Dealt || undivided.Train.Len()+undivided.Validate.Len()+undivided.Test.Len() != 2 {
		t.Errorf("%+v, %v", undivided, err)
	}
	divided := t.TempDir()
	for _, part := range []string{"train", "valid"} {
		if err := os.CopyFS(filepath.Join(divided, part), os.DirFS(yoloDir)); err != nil {
			t.Fatal(err)
		}
	}
	yolo, ultra := divided, t.TempDir()
	for _, part := range []string{"train", "val"} {
		for _, kind := range []string{"images", "labels"} {
			if err := os.CopyFS(filepath.Join(ultra, kind, part), os.DirFS(filepath.Join(yoloDir, kind))); err != nil {
				t.Fatal(err)
			}
		}
	}
	coco := t.TempDir()
	text, err := os.ReadFile(filepath.Join(cocoDir, "annotations/instances.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"train2017", "val2017"} {
		if err := os.CopyFS(filepath.Join(coco, part), os.DirFS(filepath.Join(cocoDir, "images"))); err != nil {
			t.Fatal(err)
		}
		writePicture(t, filepath.Join(coco, "annotations/instances_"+part+".json"), func(w io.Writer) error { _, err := w.Write(text); return err })
	}
	for name, dir := range map[string]string{"yolo": yolo, "ultra": ultra, "coco": coco} {
		p, err := BoxParts(dir, 8, 8, 1)
		if err != nil {
			t.Fatal(name, err)
		}
		if p.Dealt || p.Validate.Len() != 2 || p.Train.Len()+p.Test.Len() != 2 || !strings.Contains(p.Validate.Files[0], "val") {
			t.Errorf("%s: %d, %d and %d pictures, %v", name, p.Train.Len(), p.Validate.Len(), p.Test.Len(), p.Validate.Files)
		}
	}
}

// maskSet writes pictures of 12×8 and masks of each kind.
func maskSet(t *testing.T, masks map[string]image.Image) string {
	t.Helper()
	dir := t.TempDir()
	for stem, mask := range masks {
		writePicture(t, filepath.Join(dir, "images", stem+".png"), func(w io.Writer) error { return png.Encode(w, fullOf(12, 8, color.White)) })
		writePicture(t, filepath.Join(dir, "masks", stem+".png"), func(w io.Writer) error { return png.Encode(w, mask) })
	}
	return dir
}

// grey is a mask with label 0 on the left half, right on the right.
func grey(right uint8) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, 12, 8))
	for i := range m.Pix {
		if i%12 >= 6 {
			m.Pix[i] = right
		}
	}
	return m
}

// paletted is the same through a palette.
func paletted(right uint8) *image.Paletted {
	m := image.NewPaletted(image.Rect(0, 0, 12, 8), color.Palette{color.Black, color.White, color.Gray{9}, color.NRGBA{1, 2, 3, 255}})
	for i := range m.Pix {
		if i%12 >= 6 {
			m.Pix[i] = right
		}
	}
	return m
}

// wide is the same with 16 bits.
func wide(right uint16) *image.Gray16 {
	m := image.NewGray16(image.Rect(0, 0, 12, 8))
	for y := range 8 {
		for x := 6; x < 12; x++ {
			m.SetGray16(x, y, color.Gray16{right})
		}
	}
	return m
}

func TestMaskFolder(t *testing.T) {
	rgb := fullOf(12, 8, color.RGBA{0, 0, 0, 255})
	for y := range 8 {
		for x := 6; x < 12; x++ {
			rgb.Set(x, y, color.RGBA{2, 2, 2, 255})
		}
	}
	dir := maskSet(t, map[string]image.Image{"a": grey(3), "b": paletted(2), "c": wide(7), "d": grey(255), "e": rgb})
	set, err := MaskFolder(dir, 4, 6)
	if err != nil {
		t.Fatal(err)
	}
	for i, right := range []int32{3, 2, 7, -100, 2} {
		e, err := set.At(i)
		if err != nil {
			t.Fatal(err)
		}
		for k, l := range tensor.View[int32](e.Y) {
			if want := int32(k%6/3) * right; l != want {
				t.Fatalf("%s: pixel %d is %d, want %d", set.Labels[i], k, l, want)
			}
		}
	}
	if err := Check(set, 8); err != nil {
		t.Error(err)
	}
	wantError(t, Check(set, 3), "2 of 5", "label 3", "label 7")
}

func TestBlackAndWhiteMasks(t *testing.T) {
	set, err := MaskFolder(maskSet(t, map[string]image.Image{"a": grey(255), "b": grey(0)}), 8, 12)
	if err != nil {
		t.Fatal(err)
	}
	e, err := set.At(0)
	if err != nil || e.Y.At(0, 0) != 0 || e.Y.At(0, 11) != 1 {
		t.Errorf("%v, %v", e.Y, err)
	}
	set.Values = map[uint8]int32{0: 4}
	_, err = set.At(0)
	wantError(t, err, "a.png", "value 255 at (6, 0)", "0→4")
}

func TestMasksAroundAndSizes(t *testing.T) {
	dir := maskSet(t, map[string]image.Image{"a": grey(1), "b": grey(1)})
	set, err := MaskFolder(dir, 12, 12)
	if err != nil {
		t.Fatal(err)
	}
	set.Fit = Inside
	e, err := set.At(0)
	if err != nil || e.Y.At(0, 0) != -100 || e.Y.At(6, 0) != 0 || e.Y.At(6, 11) != 1 {
		t.Errorf("%v, %v", e.Y, err)
	}
	writePicture(t, filepath.Join(dir, "masks/b.png"), func(w io.Writer) error { return png.Encode(w, image.NewGray(image.Rect(0, 0, 5, 5))) })
	_, err = last(&Loader{Data: set, Batch: 1}, context.Background(), 0, 2)
	wantError(t, err, "b.png", "5×5", "12×8")
	if got := set.Pick([]int{1}); got.Len() != 1 || got.Files[0] != set.Files[1] {
		t.Errorf("%v", got.Files)
	}
}

func TestMaskErrors(t *testing.T) {
	_, err := MaskFolder(t.TempDir(), 4, 4)
	wantError(t, err, "images", "masks")
	dir := maskSet(t, map[string]image.Image{"a": grey(1)})
	writePicture(t, filepath.Join(dir, "images/lost.png"), func(w io.Writer) error { return png.Encode(w, grey(0)) })
	_, err = MaskFolder(dir, 4, 4)
	wantError(t, err, "lost.png", "has no mask")
	dir = maskSet(t, map[string]image.Image{"a": fullOf(12, 8, color.RGBA{255, 0, 0, 255})})
	_, err = MaskFolder(dir, 4, 4)
	wantError(t, err, "a.png", "in colour", "palette")
	dir = maskSet(t, map[string]image.Image{"a": wide(300)})
	_, err = MaskFolder(dir, 4, 4)
	wantError(t, err, "label 300", "8 bits")
	dir = maskSet(t, map[string]image.Image{"a": grey(3)})
	if err := os.WriteFile(filepath.Join(dir, "classes.txt"), []byte("x\ny\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	set, err := MaskFolder(dir, 4, 4)
	if err != nil {
		t.Fatal(err)
	}
	_, err = set.At(0)
	wantError(t, err, "value 3", "want 0 to 1 for the 2 names")
}

// checker is n pictures of two classes; class b's are brighter.
func checker(t *testing.T, dir string, n int) {
	t.Helper()
	for i := range n {
		class := string(rune('a' + i%2))
		im := fullOf(6, 6, color.Gray{uint8(60 + 100*(i%2) + i)})
		writePicture(t, filepath.Join(dir, class, fmt.Sprintf("%02d.png", i)), func(w io.Writer) error { return png.Encode(w, im) })
	}
}

func TestImageParts(t *testing.T) {
	dir := t.TempDir()
	checker(t, dir, 40)
	p, err := ImageParts(dir, 4, 4, 1)
	if err != nil || !p.Dealt || p.Train.Len() != 28 || p.Validate.Len() != 6 || p.Test.Len() != 6 {
		t.Fatalf("%+v, %v", p, err)
	}
	for _, part := range []*Folder{p.Train, p.Validate, p.Test} {
		labels, err := Labels(part)
		if err != nil {
			t.Fatal(err)
		}
		if w := ClassWeights(labels, 2); math.Abs(w[0]-1) > 1e-9 || math.Abs(w[1]-1) > 1e-9 {
			t.Errorf("a part's classes weigh %v", w)
		}
	}
	divided := t.TempDir()
	checker(t, filepath.Join(divided, "train"), 20)
	checker(t, filepath.Join(divided, "Test"), 6)
	p, err = ImageParts(divided, 4, 4, 1)
	if err != nil || p.Dealt || p.Test.Len() != 6 || p.Train.Len() != 17 || p.Validate.Len() != 3 {
		t.Fatalf("%+v, %v", p, err)
	}
	_, err = ImageFolder(divided, 4, 4)
	wantError(t, err, "divided into Test, train", "ImageParts")
	checker(t, filepath.Join(divided, "Test", "c"), 2)
	if err := os.Rename(filepath.Join(divided, "Test", "c"), filepath.Join(divided, "Test", "cat")); err != nil {
		t.Fatal(err)
	}
	_, err = ImageParts(divided, 4, 4, 1)
	wantError(t, err, `class "cat" is not among the training classes a, b`)
}

func TestFolderLoads(t *testing.T) {
	dir := t.TempDir()
	checker(t, dir, 10)
	set, err := ImageFolder(dir, 5, 5)
	if err != nil {
		t.Fatal(err)
	}
	images, err := set.Load(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	want := take(t, &Loader{Data: set, Batch: 3, Shuffle: true}, 0, 8)
	for k, b := range take(t, &Loader{Data: images, Batch: 3, Shuffle: true}, 0, 8) {
		if !b.equal(want[k]) {
			t.Errorf("batch %d differs from the files'", k)
		}
	}
	for _, name := range []string{"a/broken.png", "b/torn.png"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("\x89PNG\r\n\x1a\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if set, err = ImageFolder(dir, 5, 5); err != nil {
		t.Fatal(err)
	}
	_, err = set.Load(context.Background())
	wantError(t, err, "2 of 12", "broken.png", "torn.png", "ends early")
	wantError(t, Check(set, 0), "2 of 12", "broken.png", "torn.png")
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if _, err := set.Load(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestFoldersInFoldersAndLinks(t *testing.T) {
	dir := t.TempDir()
	checker(t, dir, 4)
	checker(t, filepath.Join(dir, "a", "more"), 4)
	if err := os.Symlink(filepath.Join(dir, "b"), filepath.Join(dir, "c")); err != nil {
		t.Skip(err)
	}
	set, err := ImageFolder(dir, 4, 4)
	if err != nil || set.Len() != 2+4+2+2 || !slices.Equal(set.Classes, []string{"a", "b", "c"}) {
		t.Fatalf("%v, %v", set, err)
	}
	if err := os.Symlink(dir, filepath.Join(dir, "a", "loop")); err != nil {
		t.Fatal(err)
	}
	_, err = ImageFolder(dir, 4, 4)
	wantError(t, err, "does a link lead back")
}
