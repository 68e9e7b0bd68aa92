package segment

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
)

// readAll reads every example of a task's three parts; the first error.
func readAll(task *recipe.Task) error {
	for _, set := range []data.Dataset{task.Fit.Data, task.Fit.Validate, task.Test} {
		for i := range set.Len() {
			if _, err := set.At(i); err != nil {
				return err
			}
		}
	}
	return nil
}

// Damaged and odd pictures and masks are each a clear error that names the
// file, when the folder is opened or when the picture is read; nothing panics.
func TestHostileFiles(t *testing.T) {
	write := func(t *testing.T, file string, body []byte) {
		if err := os.WriteFile(file, body, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	encoded := func(img image.Image) []byte {
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	big := encoded(image.NewGray(image.Rect(0, 0, 8, 8)))
	copy(big[16:], []byte{0, 0, 0x4e, 0x20, 0, 0, 0x4e, 0x20}) // 20,000 × 20,000, says the head
	deep := image.NewGray16(image.Rect(0, 0, 40, 44))
	deep.SetGray16(3, 3, color.Gray16{Y: 40000})
	colourful := image.NewRGBA(image.Rect(0, 0, 40, 44))
	colourful.SetRGBA(1, 1, color.RGBA{200, 10, 20, 255})
	for name, tt := range map[string]struct {
		file string
		body []byte
	}{
		"mask cut short":        {"masks/00.png", encoded(image.NewGray(image.Rect(0, 0, 40, 44)))[:40]},
		"mask of another size":  {"masks/00.png", encoded(image.NewGray(image.Rect(0, 0, 41, 44)))},
		"mask of one pixel":     {"masks/00.png", encoded(image.NewGray(image.Rect(0, 0, 1, 1)))},
		"mask in colour":        {"masks/00.png", encoded(colourful)},
		"mask of 16 bits":       {"masks/00.png", encoded(deep)},
		"mask that is text":     {"masks/00.png", []byte("a label")},
		"mask that is empty":    {"masks/00.png", nil},
		"mask that claims much": {"masks/00.png", big},
		"picture cut short":     {"images/00.png", encoded(image.NewGray(image.Rect(0, 0, 40, 44)))[:40]},
		"picture is empty":      {"images/00.png", nil},
		"picture claims much":   {"images/00.png", big},
		"picture is not UTF-8":  {"images/00.png", []byte{0xff, 0xfe, 0xfd}},
	} {
		dir := discs(t, 6, 1, 2)
		write(t, filepath.Join(dir, filepath.FromSlash(tt.file)), tt.body)
		task, err := Recipe.Open(owned(t, dir))
		if err == nil {
			err = readAll(task)
		}
		if err == nil || !strings.Contains(err.Error(), "00.png") {
			t.Errorf("%s: %v", name, err)
		}
	}
	lost := discs(t, 6, 1, 2)
	if err := os.Remove(filepath.Join(lost, "masks", "02.png")); err != nil {
		t.Fatal(err)
	}
	if _, err := Recipe.Open(owned(t, lost)); err == nil || !strings.Contains(err.Error(), "02.png") || !strings.Contains(err.Error(), "no mask") {
		t.Errorf("a mask is lost: %v", err)
	}
	twice := discs(t, 6, 1, 2)
	write(t, filepath.Join(twice, "masks", "02.bmp"), []byte("x"))
	if _, err := Recipe.Open(owned(t, twice)); err == nil || !strings.Contains(err.Error(), "02.bmp") {
		t.Errorf("two masks of a picture: %v", err)
	}
}

// A mask may be a palette, its colours are of no account; a picture may be
// transparent, of another format and of one pixel.
func TestOddFilesThatAreFine(t *testing.T) {
	dir := discs(t, 9, 1, 2)
	palette := image.NewPaletted(image.Rect(0, 0, 40, 44), color.Palette{color.Black, color.NRGBA{200, 10, 10, 90}, color.White})
	palette.SetColorIndex(5, 6, 1)
	palette.SetColorIndex(7, 7, 2)
	store(t, filepath.Join(dir, "masks", "00.png"), palette)
	clear := image.NewNRGBA(image.Rect(0, 0, 40, 44))
	clear.SetNRGBA(3, 3, color.NRGBA{255, 0, 0, 128})
	store(t, filepath.Join(dir, "images", "00.png"), clear)
	store(t, filepath.Join(dir, "images", "one.png"), image.NewGray(image.Rect(0, 0, 1, 1)))
	store(t, filepath.Join(dir, "masks", "one.png"), image.NewGray(image.Rect(0, 0, 1, 1)))
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewYCbCr(image.Rect(0, 0, 30, 50), image.YCbCrSubsampleRatio420), nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "images", "photo.JPG"), b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	store(t, filepath.Join(dir, "masks", "photo.png"), image.NewGray(image.Rect(0, 0, 30, 50)))
	task := opened(t, owned(t, dir))
	if err := readAll(task); err != nil {
		t.Error(err)
	}
	if n := task.Fit.Data.Len() + task.Fit.Validate.Len() + task.Test.Len(); n != 11 {
		t.Errorf("%d pictures, want 11", n)
	}
}

// Divided folders keep their parts; the classes are those of all masks.
func TestDividedFolders(t *testing.T) {
	dir, all := t.TempDir(), discs(t, 12, 1, 2)
	for i := range 12 {
		part := []string{"train", "train", "val", "test"}[i%4]
		for _, kind := range []string{"images", "masks"} {
			to := filepath.Join(dir, part, kind)
			if err := os.MkdirAll(to, 0o777); err != nil {
				t.Fatal(err)
			}
			name := fmt.Sprintf("%02d.png", i)
			if err := os.Rename(filepath.Join(all, kind, name), filepath.Join(to, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	c := owned(t, dir)
	task := opened(t, c)
	if task.Fit.Data.Len() != 6 || task.Fit.Validate.Len() != 3 || task.Test.Len() != 3 || len(classesOf(t, c)) != 3 {
		t.Errorf("%d, %d and %d pictures, classes %q", task.Fit.Data.Len(), task.Fit.Validate.Len(), task.Test.Len(), classesOf(t, c))
	}
	again := *c // as resume and eval open it: by what is known
	if task := opened(t, &again); task.Test.Len() != 3 || again.Known != c.Known {
		t.Errorf("opened again: %d pictures, known %s", task.Test.Len(), again.Known)
	}
}

// The same seed deals undivided pictures the same way, another one another.
func TestDealing(t *testing.T) {
	dir := discs(t, 20, 1, 2)
	files := func(seed string) []string { return opened(t, owned(t, dir, seed)).Test.(*kept).from.Files }
	if !slices.Equal(files("seed=3"), files("seed=3")) || slices.Equal(files("seed=3"), files("seed=4")) {
		t.Error("parts do not follow from the seed")
	}
	task := opened(t, owned(t, dir))
	seen := map[string]bool{}
	for _, set := range []data.Dataset{task.Fit.Data, task.Fit.Validate, task.Test} {
		for _, file := range set.(*kept).from.Files {
			if seen[file] {
				t.Errorf("%s is in two parts", file)
			}
			seen[file] = true
		}
	}
	if len(seen) != 20 {
		t.Errorf("%d of 20 pictures", len(seen))
	}
}

// Only training pictures are changed, and masks along with them.
func TestAugmentationMovesMasks(t *testing.T) {
	c := owned(t, discs(t, 8, 1, 2))
	task := opened(t, c)
	l := data.Loader{Data: task.Fit.Data, Batch: 2, Transform: task.Fit.Transform, Seed: 5}
	moved := 0
	for b, err := range l.Epoch(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		x, y := tensor.View[float32](b.X), tensor.View[int32](b.Y)
		right, on := 0, 0
		for i, l := range y {
			if l <= 0 {
				continue
			}
			on++
			if red := x[3*i] > x[3*i+2]; red == (l == 1) { // a disc is where its mask is, and of its colour
				right++
			}
		}
		if float64(right) < 0.9*float64(on) || on == 0 {
			t.Errorf("%d of %d pixels of masks lie on their discs", right, on)
		}
		e, err := task.Fit.Data.At(b.Index[0])
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(tensor.View[int32](e.Y), y[:len(y)/2]) {
			moved++
		}
	}
	if moved == 0 {
		t.Error("nothing was changed")
	}
}
