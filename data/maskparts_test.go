package data

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// masked writes a picture of one grey and its mask, whose left half has the
// value; both get the name.
func masked(t *testing.T, images, masks, name string, value uint8) {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 4, 2))
	for i := range m.Pix {
		if i%4 < 2 {
			m.Pix[i] = value
		}
	}
	for _, dir := range []string{images, masks} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, m); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// names are the parts' pictures below dir.
func namesOf(t *testing.T, dir string, sets ...*Masks) [][]string {
	t.Helper()
	all := make([][]string, len(sets))
	for k, s := range sets {
		for i, file := range s.Files {
			rel, err := filepath.Rel(dir, file)
			if err != nil {
				t.Fatal(err)
			}
			all[k] = append(all[k], filepath.ToSlash(rel))
			if stem := strings.TrimSuffix(filepath.Base(file), ".png"); !strings.Contains(s.Labels[i], stem) {
				t.Errorf("%s has the mask %s", file, s.Labels[i])
			}
		}
	}
	return all
}

func TestMaskPartsUndivided(t *testing.T) {
	dir := t.TempDir()
	for i := range 40 {
		masked(t, filepath.Join(dir, "images"), filepath.Join(dir, "masks"), fmt.Sprintf("%02d.png", i), 1)
	}
	p, err := MaskParts(dir, 4, 4, 7)
	if err != nil {
		t.Fatal(err)
	}
	if p.Train.Len() != 28 || p.Validate.Len() != 6 || p.Test.Len() != 6 || !p.Dealt {
		t.Errorf("%d, %d and %d pictures, dealt %v", p.Train.Len(), p.Validate.Len(), p.Test.Len(), p.Dealt)
	}
	first := namesOf(t, dir, p.Train, p.Validate, p.Test)
	all := slices.Concat(first...)
	slices.Sort(all)
	if len(slices.Compact(all)) != 40 {
		t.Error("a picture is in two parts, or in none")
	}
	again, err := MaskParts(dir, 4, 4, 7)
	if err != nil || !slices.Equal(first[2], namesOf(t, dir, again.Test)[0]) {
		t.Errorf("one seed deals in two ways: %v", err)
	}
	other, err := MaskParts(dir, 4, 4, 8)
	if err != nil || slices.Equal(first[2], namesOf(t, dir, other.Test)[0]) {
		t.Errorf("two seeds deal in one way: %v", err)
	}
}

// Folders of parts are kept, whether above images and masks or below them;
// what is missing is taken from train.
func TestMaskPartsDivided(t *testing.T) {
	above, below := t.TempDir(), t.TempDir()
	for part, n := range map[string]int{"train": 20, "valid": 3, "test": 4} {
		for i := range n {
			name := fmt.Sprintf("%s%d.png", part, i)
			masked(t, filepath.Join(above, part, "imgs"), filepath.Join(above, part, "labels"), name, 1)
			masked(t, filepath.Join(below, "images"), filepath.Join(below, "masks"), filepath.Join(part, name), 1)
		}
	}
	if err := os.WriteFile(filepath.Join(above, "classes.txt"), []byte("ground\r\ncat\r\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{above, below} {
		p, err := MaskParts(dir, 4, 4, 1)
		if err != nil {
			t.Fatal(err)
		}
		if p.Train.Len() != 20 || p.Validate.Len() != 3 || p.Test.Len() != 4 || p.Dealt {
			t.Errorf("%s: %d, %d and %d, dealt %v", dir, p.Train.Len(), p.Validate.Len(), p.Test.Len(), p.Dealt)
		}
		for k, names := range namesOf(t, dir, p.Train, p.Validate, p.Test) {
			for _, name := range names {
				if want := []string{"train", "valid", "test"}[k]; !strings.Contains(name, want+"/") && !strings.HasPrefix(name, want) {
					t.Errorf("%s is in part %d", name, k)
				}
			}
		}
		if dir == above && (!slices.Equal(p.Test.Classes, []string{"ground", "cat"}) || !slices.Equal(p.Train.Classes, p.Test.Classes)) {
			t.Errorf("classes %q and %q", p.Train.Classes, p.Test.Classes)
		}
	}
	if err := os.RemoveAll(filepath.Join(above, "valid")); err != nil {
		t.Fatal(err)
	}
	p, err := MaskParts(above, 4, 4, 1)
	if err != nil || p.Train.Len() != 17 || p.Validate.Len() != 3 || p.Test.Len() != 4 {
		t.Errorf("without validation: %v", err)
	}
	if names := namesOf(t, above, p.Validate)[0]; !strings.HasPrefix(names[0], "train/") {
		t.Errorf("validation is %q", names)
	}
}

// Black and white masks are so in every part, even if one happens to be black.
func TestMaskPartsTakeTheValuesOfTrain(t *testing.T) {
	dir := t.TempDir()
	for i := range 4 {
		masked(t, filepath.Join(dir, "train", "images"), filepath.Join(dir, "train", "masks"), fmt.Sprintf("%d.png", i), 255)
	}
	masked(t, filepath.Join(dir, "test", "images"), filepath.Join(dir, "test", "masks"), "t.png", 0)
	p, err := MaskParts(dir, 2, 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	if p.Test.Values[255] != 1 || p.Validate.Values[255] != 1 || p.Validate.Len() == 0 {
		t.Errorf("values %v and %v", p.Test.Values, p.Validate.Values)
	}
	counts, err := p.Train.Pixels(context.Background())
	if want := p.Train.Len() * 4; err != nil || counts[0] != want || counts[255] != want || counts[1] != 0 {
		t.Errorf("%d black and %d white pixels, want %d: %v", counts[0], counts[255], want, err)
	}
}

func TestMaskPartsRefuse(t *testing.T) {
	few, lost, broken := t.TempDir(), t.TempDir(), t.TempDir()
	for i := range 2 {
		masked(t, filepath.Join(few, "images"), filepath.Join(few, "masks"), fmt.Sprintf("%d.png", i), 1)
	}
	masked(t, filepath.Join(lost, "train", "images"), filepath.Join(lost, "train", "masks"), "a.png", 1)
	if err := os.Remove(filepath.Join(lost, "train", "masks", "a.png")); err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		masked(t, filepath.Join(broken, "images"), filepath.Join(broken, "masks"), fmt.Sprintf("%d.png", i), 1)
	}
	for dir, want := range map[string]string{
		few: "2 pictures are too few", lost: "has no mask", filepath.Join(few, "nowhere"): "nowhere", t.TempDir(): "want a folder images",
	} {
		if _, err := MaskParts(dir, 4, 4, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", dir, err, want)
		}
	}
	p, err := MaskParts(broken, 4, 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p.Train.Labels[0], []byte("no picture"), 0o666); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	if _, err := p.Train.Pixels(ctx); err == nil || !strings.Contains(err.Error(), filepath.Base(p.Train.Labels[0])) {
		t.Errorf("a broken mask: %v", err)
	}
	stop()
	if _, err := p.Train.Pixels(ctx); err == nil {
		t.Error("ended, and it goes on")
	}
}

// Names may have a byte order mark before them and any letters; what is not
// UTF-8 is refused with its line.
func TestNamesOfMasks(t *testing.T) {
	dir := t.TempDir()
	for i := range 4 {
		masked(t, filepath.Join(dir, "images"), filepath.Join(dir, "masks"), fmt.Sprintf("%d.png", i), 1)
	}
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, "classes.txt"), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("\ufeffGrund\r\nKätzchen\r\n")
	p, err := MaskParts(dir, 4, 4, 1)
	if err != nil || !slices.Equal(p.Train.Classes, []string{"Grund", "Kätzchen"}) {
		t.Errorf("%q: %v", p.Train.Classes, err)
	}
	write("ground\nK\xe4tzchen\n")
	if _, err := MaskParts(dir, 4, 4, 1); err == nil || !strings.Contains(err.Error(), "classes.txt") || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("latin-1: %v", err)
	}
}
