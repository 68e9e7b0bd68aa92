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

func writePicture(t *testing.T, file string, encode func(io.Writer) error) {
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

func TestCoverCutsAroundTheCentre(t *testing.T) {
	im := fullOf(30, 10, color.RGBA{0, 0, 255, 255})
	for y := range 10 {
		for x := 10; x < 20; x++ {
			im.Set(x, y, color.RGBA{0, 255, 0, 255})
		}
	}
	for i, v := range values(cover(im, 10, 10)) {
		if want := float32(i % 3 % 2); v != want {
			t.Fatalf("element %d is %g, want %g", i, v, want)
		}
	}
}

func TestTransparentIsWhite(t *testing.T) {
	for i, v := range values(cover(fullOf(6, 6, color.Transparent), 2, 2)) {
		if v != 1 {
			t.Fatalf("element %d is %g", i, v)
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
