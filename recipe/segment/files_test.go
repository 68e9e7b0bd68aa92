package segment

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// store writes a picture.
func store(t *testing.T, file string, img image.Image) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// discs are n pictures of all forms with a red or a blue disc on grey, and
// masks in which the discs have the values.
func discs(t *testing.T, n int, red, blue uint8) string {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		w, h := 40+7*(i%5), 44+5*(i%3)
		img, mask := image.NewRGBA(image.Rect(0, 0, w, h)), image.NewGray(image.Rect(0, 0, w, h))
		cx, cy, r := 15+i%10, 18+i%7, 9+i%4
		ink, value := color.RGBA{230, 20, 30, 255}, red
		if i%2 == 1 {
			ink, value = color.RGBA{30, 20, 230, 255}, blue
		}
		for p := range w * h {
			x, y := p%w, p/w
			img.SetRGBA(x, y, color.RGBA{120, 125, 118, 255})
			if (x-cx)*(x-cx)+(y-cy)*(y-cy) <= r*r {
				img.SetRGBA(x, y, ink)
				mask.SetGray(x, y, color.Gray{value})
			}
		}
		store(t, filepath.Join(dir, "images", fmt.Sprintf("%02d.png", i)), img)
		store(t, filepath.Join(dir, "masks", fmt.Sprintf("%02d.png", i)), mask)
	}
	return dir
}

// owned returns settings for files of one's own.
func owned(t *testing.T, dir string, more ...string) *Config {
	t.Helper()
	c := defaults(true)
	for _, kv := range append([]string{"data=" + dir, "side=64", "width=4", "levels=1", "batch=4"}, more...) {
		key, value, _ := strings.Cut(kv, "=")
		if err := recipe.Set(&c, key, value); err != nil {
			t.Fatal(err)
		}
	}
	return &c
}

// It learns a user's own masks, and answers with their names for a picture of
// another size, when the data are gone.
func TestOwnFiles(t *testing.T) {
	dir := discs(t, 24, 1, 2)
	if err := os.WriteFile(filepath.Join(dir, "classes.txt"), []byte("ground\nred\nblue\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	c := owned(t, dir, "epochs=30", "width=8", "lr=0.02", "zoom=0", "jitter=0", "mirror=false")
	task := opened(t, c)
	if !slices.Equal(classesOf(t, c), []string{"ground", "red", "blue"}) || task.Test.Len() < 3 {
		t.Fatalf("known %q, %d for the test", c.Known, task.Test.Len())
	}
	if _, err := train.Fit(t.Context(), task.Net, task.Fit); err != nil {
		t.Fatal(err)
	}
	m, err := task.Examine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if miou, _ := m.Scores.Number("miou"); miou < 0.7 {
		t.Errorf("mean IoU %g: %v", miou, m.Scores)
	}
	if all, err := task.Sections(t.Context(), m); err != nil || len(all) == 0 {
		t.Errorf("%d sections: %v", len(all), err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	bare := *c
	bare.Bare = true
	lone := opened(t, &bare)
	file := filepath.Join(t.TempDir(), "w")
	if err := task.Net.Save(file); err != nil {
		t.Fatal(err)
	}
	if err := lone.Net.Load(file); err != nil {
		t.Fatal(err)
	}
	img := image.NewRGBA(image.Rect(0, 0, 90, 60))
	for p := range 90 * 60 {
		x, y := p%90, p/90
		img.SetRGBA(x, y, color.RGBA{120, 125, 118, 255})
		if (x-40)*(x-40)+(y-30)*(y-30) <= 16*16 {
			img.SetRGBA(x, y, color.RGBA{30, 20, 230, 255})
		}
	}
	a := asked(t, lone, img)
	f := a.Value.(*found)
	if len(f.Classes) == 0 || f.Classes[0].Class != "blue" || f.Classes[0].Share < 0.1 || f.Classes[0].Share > 0.2 {
		t.Errorf("found %+v, want blue on 15%%", f)
	}
}

func TestNamesOfClasses(t *testing.T) {
	for _, c := range []struct {
		values  []int
		classes string // joined
		want    map[uint8]int32
	}{
		{[]int{0, 1, 2}, "background,class 1,class 2", map[uint8]int32{0: 0, 1: 1, 2: 2}},
		{[]int{0, 1, 255}, "background,object", map[uint8]int32{0: 0, 1: 1, 255: ignored}},
		{[]int{0, 255}, "background,object", map[uint8]int32{0: 0, 255: 1}},
		{[]int{0, 85, 170, 255}, "background,class 85,class 170,class 255", map[uint8]int32{0: 0, 85: 1, 170: 2, 255: 3}},
		{[]int{0, 3, 15, 255}, "background,class 3,class 15", map[uint8]int32{0: 0, 3: 1, 15: 2, 255: ignored}},
		{[]int{1, 2, 3}, "background,class 1,class 2,class 3", map[uint8]int32{0: 0, 1: 1, 2: 2, 3: 3}},
		{[]int{0}, "background", map[uint8]int32{0: 0}},
	} {
		k := known{Values: map[uint8]int32{}}
		k.name(c.values)
		if strings.Join(k.Classes, ",") != c.classes || fmt.Sprint(k.Values) != fmt.Sprint(c.want) {
			t.Errorf("%v: %q, %v", c.values, k.Classes, k.Values)
		}
	}
	if k := knownScenes(); len(k.Colours) != 11 || k.Colours[0] != "" || k.Colours[1] == k.Colours[2] {
		t.Errorf("colours %q", k.Colours)
	}
}

// Black and white masks, masks without names and masks with a value that is
// left out are all taken, and the same in every part.
func TestValuesOfMasks(t *testing.T) {
	for _, v := range []struct {
		red, blue uint8
		classes   int
	}{{255, 255, 2}, {1, 2, 3}, {100, 200, 3}} {
		c := owned(t, discs(t, 12, v.red, v.blue))
		task := opened(t, c)
		if names := classesOf(t, c); len(names) != v.classes {
			t.Errorf("%d and %d: classes %q", v.red, v.blue, names)
		}
		if strings.Contains(c.Known, c.Data) {
			t.Errorf("the data's place is in what is known: %s", c.Known)
		}
		seen := map[int32]bool{}
		for _, set := range []interface{ Len() int }{task.Fit.Data, task.Fit.Validate, task.Test} {
			k := set.(*kept)
			for i := range k.Len() {
				e, err := k.At(i)
				if err != nil {
					t.Fatal(err)
				}
				for _, l := range tensor.View[int32](e.Y) {
					seen[l] = true
				}
			}
		}
		if !seen[ignored] || !seen[0] || !seen[int32(v.classes-1)] || seen[int32(v.classes)] {
			t.Errorf("%d and %d: labels %v", v.red, v.blue, seen)
		}
	}
}

// What is kept is what was read, bit for bit, and a caller's own.
func TestKept(t *testing.T) {
	c := owned(t, discs(t, 8, 1, 2))
	k := opened(t, c).Fit.Data.(*kept)
	for i := range k.Len() {
		first, err1 := k.At(i)
		raw, err2 := k.from.At(i)
		again, err3 := k.At(i)
		if err1 != nil || err2 != nil || err3 != nil {
			t.Fatal(err1, err2, err3)
		}
		want := raw.X.Shift(-0.5).Scale(4)
		if first.X.Sub(want).Abs().Max().Item() > 1e-6 || again.X.Sub(first.X).Abs().Max().Item() != 0 {
			t.Errorf("picture %d differs", i)
		}
		if !slices.Equal(tensor.View[int32](first.Y), tensor.View[int32](raw.Y)) || !slices.Equal(tensor.View[int32](again.Y), tensor.View[int32](raw.Y)) {
			t.Errorf("mask %d differs", i)
		}
		tensor.View[float32](again.X)[0] = 99
		if e, err := k.At(i); err != nil || e.X.At(0, 0, 0) == 99 {
			t.Error("what is kept was changed")
		}
	}
	for _, i := range []int{-1, k.Len()} {
		if _, err := k.At(i); err == nil {
			t.Errorf("picture %d is no error", i)
		}
	}
	k.room.Store(0)
	full := newKept(k.from)
	full.room.Store(0)
	if e, err := full.At(0); err != nil || !e.X.Valid() || full.all[0].Load() != nil {
		t.Errorf("without room: %v", err)
	}
}

// What cannot be learned from is refused, by name.
func TestFilesAreRefused(t *testing.T) {
	write := func(dir, names string) string {
		if err := os.WriteFile(filepath.Join(dir, "classes.txt"), []byte(names), 0o666); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	broken := discs(t, 6, 1, 2)
	if err := os.WriteFile(filepath.Join(broken, "masks", "03.png"), []byte("no picture"), 0o666); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ dir, want string }{
		"no folder":     {filepath.Join(t.TempDir(), "nowhere"), "nowhere"},
		"empty folder":  {t.TempDir(), "images"},
		"one value":     {discs(t, 6, 0, 0), "all masks hold the value 0"},
		"too few names": {write(discs(t, 6, 1, 2), "ground\nred"), "classes.txt has 2 names"},
		"a name twice":  {write(discs(t, 6, 1, 2), "ground\nred\nred"), "lines 2 and 3"},
		"no name":       {write(discs(t, 6, 1, 2), "ground\n\nred"), "line 2"},
		"broken mask":   {broken, "03.png"},
	} {
		task, err := Recipe.Open(owned(t, tt.dir))
		if err == nil || task != nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}
