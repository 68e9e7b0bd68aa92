package data

import (
	"context"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"github.com/limpid-ml/limpid/tensor"
)

// fullOf is a picture of one colour.
func fullOf(w, h int, c color.Color) *image.RGBA {
	im := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			im.Set(x, y, c)
		}
	}
	return im
}

func writePicture(t testing.TB, file string, encode func(io.Writer) error) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := encode(f); err != nil {
		t.Fatal(err)
	}
}

// folder writes a picture of each kind into two classes.
func folder(t *testing.T) string {
	dir := t.TempDir()
	red := fullOf(8, 4, color.RGBA{255, 0, 0, 255})
	for name, encode := range map[string]func(io.Writer) error{
		"b/1.png":  func(w io.Writer) error { return png.Encode(w, red) },
		"b/2.jpg":  func(w io.Writer) error { return jpeg.Encode(w, red, nil) },
		"a/3.GIF":  func(w io.Writer) error { return gif.Encode(w, red, nil) },
		"a/4.bmp":  func(w io.Writer) error { return bmp.Encode(w, red) },
		"a/5.tiff": func(w io.Writer) error { return tiff.Encode(w, red, nil) },
		"a/.6.png": func(w io.Writer) error { return nil },
		"a/readme": func(w io.Writer) error { return nil },
	} {
		writePicture(t, filepath.Join(dir, name), encode)
	}
	writePicture(t, filepath.Join(dir, "notes.txt"), func(io.Writer) error { return nil })
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestImageFolder(t *testing.T) {
	set, err := ImageFolder(folder(t), 3, 5)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(set.Classes, []string{"a", "b"}) || set.Len() != 5 {
		t.Fatalf("classes %v, files %v", set.Classes, set.Files)
	}
	for i := range set.Len() {
		e, err := set.At(i)
		if err != nil {
			t.Fatal(err)
		}
		if want := i / 3; e.Y.Rank() != 0 || e.Y.Item() != float64(want) {
			t.Errorf("%s: label %v, want %d", set.Files[i], e.Y, want)
		}
		if !slices.Equal(e.X.Shape(), []int{3, 5, 3}) {
			t.Fatalf("%s: X %v", set.Files[i], e.X.Shape())
		}
		for k, v := range tensor.Data[float32](e.X) {
			if want := []float64{1, 0, 0}[k%3]; math.Abs(float64(v)-want) > .02 {
				t.Errorf("%s: element %d is %g, want %g", set.Files[i], k, v, want)
				break
			}
		}
	}
}

func TestImageFolderLoadsInParallel(t *testing.T) {
	set, err := ImageFolder(folder(t), 4, 4)
	if err != nil {
		t.Fatal(err)
	}
	want := take(t, &Loader{Data: set, Batch: 2, Shuffle: true, Workers: -1}, 0, 6)
	for k, b := range take(t, &Loader{Data: set, Batch: 2, Shuffle: true}, 0, 6) {
		if !b.equal(want[k]) {
			t.Errorf("batch %d differs", k)
		}
	}
}

// fitted reads a picture through a file.
func fitted(t *testing.T, r Reading, im image.Image) []float32 {
	t.Helper()
	file := filepath.Join(t.TempDir(), "x.png")
	writePicture(t, file, func(w io.Writer) error { return png.Encode(w, im) })
	out := make([]float32, r.H*r.W*r.channels())
	if _, _, err := r.values(file, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// thirds is red, green and blue side by side, 30×10.
func thirds() image.Image {
	im := fullOf(30, 10, color.RGBA{255, 0, 0, 255})
	for y := range 10 {
		for x := 10; x < 30; x++ {
			im.Set(x, y, color.RGBA{0, uint8(255 * (1 - x/20)), uint8(255 * (x / 20)), 255})
		}
	}
	return im
}

func TestCoverCutsAroundTheCentre(t *testing.T) {
	for i, v := range fitted(t, Reading{H: 10, W: 10}, thirds()) {
		if want := float32(i % 3 % 2); v != want {
			t.Fatalf("element %d is %g, want %g", i, v, want)
		}
	}
}

func TestInsideLiesOnTheBackground(t *testing.T) {
	got := fitted(t, Reading{H: 30, W: 30, Fit: Inside, Background: color.Black}, thirds())
	for y := range 30 {
		for x := range 30 {
			for k := range 3 {
				want := float32(0)
				if y >= 10 && y < 20 && x/10 == k {
					want = 1
				}
				if v := got[(y*30+x)*3+k]; v != want {
					t.Fatalf("(%d, %d, %d) is %g, want %g", y, x, k, v, want)
				}
			}
		}
	}
}

func TestStretchBends(t *testing.T) {
	got := fitted(t, Reading{H: 3, W: 3, Fit: Stretch, Grey: true}, thirds())
	for i, want := range []float32{.299, .587, .114} {
		for y := range 3 {
			if v := got[3*y+i]; math.Abs(float64(v-want)) > .003+.12*float64(i%2+1) {
				t.Errorf("(%d, %d) is %g, want about %g", y, i, v, want)
			}
		}
	}
}

func TestTransparentIsWhite(t *testing.T) {
	for i, v := range fitted(t, Reading{H: 2, W: 2}, fullOf(6, 6, color.Transparent)) {
		if v != 1 {
			t.Fatalf("element %d is %g", i, v)
		}
	}
}

func TestFramesLeadThereAndBack(t *testing.T) {
	for _, fit := range []Fit{Cover, Inside, Stretch} {
		r := Reading{H: 24, W: 40, Fit: fit}
		f := r.place(100, 50).frame()
		o := Object{X1: 3, Y1: 20, X2: 41, Y2: 77}
		got := f.Back(f.To(o))
		for _, d := range []float32{got.X1 - o.X1, got.Y1 - o.Y1, got.X2 - o.X2, got.Y2 - o.Y2} {
			if math.Abs(float64(d)) > 1e-4 {
				t.Errorf("fit %d: %v came back as %v", fit, o, got)
			}
		}
		centre := f.To(Object{X1: 25, Y1: 50, X2: 25, Y2: 50})
		if math.Abs(float64(centre.X1-20)) > 1 || math.Abs(float64(centre.Y1-12)) > 1 {
			t.Errorf("fit %d: the centre came to (%g, %g)", fit, centre.X1, centre.Y1)
		}
	}
}

func TestImageFolderErrors(t *testing.T) {
	empty := t.TempDir()
	_, err := ImageFolder(empty, 4, 4)
	wantError(t, err, empty, "no pictures", "folder for each class")
	_, err = ImageFolder(filepath.Join(empty, "gone"), 4, 4)
	wantError(t, err, "gone")
	_, err = ImageFolder(folder(t), 0, 4)
	wantError(t, err, "0×4")
	dir := folder(t)
	if err := os.Mkdir(filepath.Join(dir, "c"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err = ImageFolder(dir, 4, 4)
	wantError(t, err, `class "c"`)
}

func TestABrokenPictureIsNamed(t *testing.T) {
	dir := folder(t)
	whole, err := os.ReadFile(filepath.Join(dir, "b/1.png"))
	if err != nil {
		t.Fatal(err)
	}
	huge := slices.Clone(whole)
	copy(huge[16:], []byte{0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff})
	for name, content := range map[string][]byte{"text.png": []byte("no picture"), "torn.png": whole[:len(whole)/2], "huge.png": huge} {
		file := filepath.Join(dir, "b", name)
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
		set, err := ImageFolder(dir, 4, 4)
		if err != nil {
			t.Fatal(err)
		}
		_, err = last(&Loader{Data: set, Batch: 2}, context.Background(), 0, 3)
		wantError(t, err, file)
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
}
