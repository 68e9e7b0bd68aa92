package look

import (
	"encoding/json"
	"flag"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/format/picture"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// drawn is a picture that no other seed's is like.
func drawn(seed, w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	s := float64(seed*seed + 1)
	for y := range h {
		for x := range w {
			u, v := float64(x)/float64(w), float64(y)/float64(h)
			p := func(k float64) uint8 {
				return uint8(127 + 120*math.Sin(s*k+(3+math.Mod(s, 7))*u*k+(2+math.Mod(s*k, 5))*v))
			}
			m.SetRGBA(x, y, color.RGBA{p(1), p(1.7), p(2.3), 255})
		}
	}
	return m
}

func write1(t *testing.T, file string, encode func(w io.Writer) error) {
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

func writePNG(t *testing.T, file string, m image.Image) {
	t.Helper()
	write1(t, file, func(w io.Writer) error { return png.Encode(w, m) })
}

// smaller is m at w×h.
func smaller(m image.Image, w, h int) image.Image {
	var from, to picture.Raster
	var s picture.Sizer
	from.Draw(m, 3, nil)
	s.Resize(&to, &from, image.Rect(0, 0, from.W, from.H), h, w)
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		out.SetRGBA(i%w, i/w, color.RGBA{to.Pix[3*i], to.Pix[3*i+1], to.Pix[3*i+2], 255})
	}
	return out
}

// bad is a set with everything that can be wrong with it.
func bad(t *testing.T) string {
	dir := filepath.Join(t.TempDir(), "bad")
	for i := range 24 {
		writePNG(t, filepath.Join(dir, "train/cat", string(rune('a'+i))+".png"), drawn(i, 60, 40))
	}
	for i := range 5 {
		writePNG(t, filepath.Join(dir, "train/dog", string(rune('a'+i))+".png"), drawn(30+i, 40, 40))
		writePNG(t, filepath.Join(dir, "test/cat", string(rune('a'+i))+".png"), drawn(40+i, 60, 40))
	}
	writePNG(t, filepath.Join(dir, "train/cat/zz.png"), drawn(3, 60, 40))                                                       // d.png again
	writePNG(t, filepath.Join(dir, "test/cat/small.png"), smaller(drawn(5, 60, 40), 48, 32))                                    // f.png, smaller
	write1(t, filepath.Join(dir, "train/dog/zz.jpg"), func(w io.Writer) error { return jpeg.Encode(w, drawn(7, 60, 40), nil) }) // cat/h.png
	writePNG(t, filepath.Join(dir, "train/dog/blank.png"), image.NewGray(image.Rect(0, 0, 9, 9)))
	write1(t, filepath.Join(dir, "train/cat/torn.png"), func(w io.Writer) error { _, err := w.Write([]byte("\x89PNG\r\n\x1a\n")); return err })
	return dir
}

func TestLookFindsEverything(t *testing.T) {
	r, err := At(t.Context(), bad(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Kind != "pictures by class" || r.Examples != 38 || len(r.Broken) != 1 || r.Broken[0].File != "train/cat/torn.png" || !slices.Equal(r.Blank, []string{"train/dog/blank.png"}) {
		t.Errorf("%+v", r)
	}
	want := []Twins{
		{[]string{"test/cat/small.png", "train/cat/f.png"}, false, true, false},
		{[]string{"train/cat/h.png", "train/dog/zz.jpg"}, false, false, true},
		{[]string{"train/cat/d.png", "train/cat/zz.png"}, true, false, false},
	}
	for i, w := range want {
		if i >= len(r.Twins) || !slices.Equal(r.Twins[i].Files, w.Files) || r.Twins[i].Exact != w.Exact || r.Twins[i].Across != w.Across || r.Twins[i].Torn != w.Torn {
			t.Errorf("twins %d are not %+v among %+v", i, w, r.Twins)
		}
	}
	if len(r.Twins) != len(want) {
		t.Errorf("twins %+v", r.Twins)
	}
	if len(r.Classes) != 2 || r.Classes[0].Examples != 31 || r.Classes[1].ByPart["train"] != 7 || math.Abs(r.Imbalance-31.0/7) > 1e-9 {
		t.Errorf("classes %+v, imbalance %g", r.Classes, r.Imbalance)
	}
	golden(t, "bad", strings.ReplaceAll(r.String(), filepath.ToSlash(r.Path), "bad"))
}

// golden compares text with testdata/name.golden.
func golden(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}

func TestReportsAreJSON(t *testing.T) {
	r, err := At(t.Context(), bad(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var again Report
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	if again.String() != r.String() {
		t.Errorf("through JSON it says\n%s", again.String())
	}
}

func TestNothingSpeaksAgainstAGoodSet(t *testing.T) {
	dir := t.TempDir()
	for i := range 44 {
		writePNG(t, filepath.Join(dir, string(rune('a'+i%2)), string(rune('A'+i))+".png"), drawn(i, 30, 30))
	}
	r, err := At(t.Context(), dir, Options{})
	if err != nil || len(r.Advice) != 0 || len(r.Twins) != 0 {
		t.Errorf("%v, %v", r, err)
	}
	if !strings.Contains(r.String(), "Nothing speaks against") || !strings.Contains(r.String(), "all 30×30") {
		t.Error(r)
	}
}

func TestLookAtBoxes(t *testing.T) {
	r, err := At(t.Context(), "../../format/boxes/testdata/coco", Options{})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "boxes", r.String())
	img, err := r.Sheet()
	if err != nil {
		t.Fatal(err)
	}
	if img.Bounds().Dy() != gap+3*(labelled+thumb+gap) || img.Bounds().Dx() != gap+2*(thumb+gap) {
		t.Errorf("the sheet is %v", img.Bounds())
	}
	whole, err := At(t.Context(), "../../format/boxes/testdata/coco/annotations/instances.json", Options{})
	if err != nil || whole.Examples != 2 {
		t.Errorf("%v, %v", whole, err)
	}
}

func TestLookAtBoxFaults(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../format/boxes/testdata/yolo")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "labels/a.txt"), []byte("9 0 0 0 0\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := At(t.Context(), dir, Options{})
	if err != nil || len(r.Broken) != 1 || !strings.Contains(r.Broken[0].Why, "line 1") || r.Examples != 2 {
		t.Errorf("%v, %v", r, err)
	}
}

func TestLookAtMasks(t *testing.T) {
	dir := t.TempDir()
	for i := range 4 {
		name := string(rune('a'+i)) + ".png"
		writePNG(t, filepath.Join(dir, "images", name), drawn(i, 20, 10))
		m := image.NewGray(image.Rect(0, 0, 20, 10))
		for k := range 50 {
			m.Pix[k] = uint8(i)
		}
		writePNG(t, filepath.Join(dir, "masks", name), m)
	}
	writePNG(t, filepath.Join(dir, "masks", "d.png"), image.NewGray(image.Rect(0, 0, 3, 3)))
	r, err := At(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Examples != 3 || len(r.Broken) != 1 || !strings.Contains(r.Broken[0].Why, "3×3") || len(r.Classes) != 3 || math.Abs(r.Classes[2].Share-50.0/600) > 1e-9 {
		t.Errorf("%+v", r)
	}
	if _, err := r.Sheet(); err != nil {
		t.Error(err)
	}
}

func TestLookAtATable(t *testing.T) {
	r, err := At(t.Context(), "../testdata/people.csv", Options{Table: TableOptions{Target: "city"}})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "people", r.String())
	if _, err := r.Sheet(); err == nil {
		t.Error("a table has a contact sheet")
	}
	if r, err = At(t.Context(), "../testdata/people.csv", Options{Table: TableOptions{Target: "cities"}}); err == nil || !strings.Contains(err.Error(), "no column") {
		t.Errorf("%v, %v", r, err)
	}
	if r, err = At(t.Context(), "../testdata/people.csv", Options{Table: TableOptions{Target: "spends"}}); err != nil || r.Classes != nil {
		t.Errorf("numbers became classes: %v, %v", r, err)
	}
	file := filepath.Join(t.TempDir(), "x.csv")
	if err := os.WriteFile(file, []byte("a,b\n1,2\n1,2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if r, err = At(t.Context(), file, Options{}); err != nil || !strings.Contains(r.String(), "1 rows are there before") {
		t.Errorf("%v, %v", r, err)
	}
}

func TestLookErrors(t *testing.T) {
	for _, c := range []struct{ path, want string }{{t.TempDir(), "nothing to look at"}, {"testdata/gone", "gone"}, {"../../format/picture/testdata/rgb.png", "name the folder"}} {
		if _, err := At(t.Context(), c.path, Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.path, err)
		}
	}
}

func TestWriteSheet(t *testing.T) {
	r, err := At(t.Context(), bad(t), Options{Columns: 5})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "sheet.png")
	if err := r.WriteSheet(file); err != nil {
		t.Fatal(err)
	}
	if keep := os.Getenv("LOOK_SHEET"); keep != "" {
		text, _ := os.ReadFile(file)
		if err := os.WriteFile(keep, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	i, err := picture.Inspect(file)
	if err != nil || i.W != gap+5*(thumb+gap) || i.H != gap+2*(labelled+thumb+gap) {
		t.Errorf("%+v, %v", i, err)
	}
}
