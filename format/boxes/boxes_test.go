package boxes

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// wantError fails unless err says all of words.
func wantError(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", words)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q lacks %q", err, w)
		}
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// copyDir copies a folder of testdata to where it may be changed.
func copyDir(t *testing.T, from string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestTheFormatsAgree: testdata has one set three times.
func TestTheFormatsAgree(t *testing.T) {
	type row struct {
		file           string
		class          string
		x1, y1, x2, y2 float64
	}
	want := []row{
		{"a.png", "cat", 3, 4, 20, 25}, {"a.png", "red bus", 10, 2, 40, 12},
		{"b.png", "dog", 0, 0, 41, 30}, {"b.png", "cat", 7, 8, 9, 29},
	}
	for _, dir := range []string{"coco", "voc", "yolo", "coco/annotations/instances.json", "yolo/images"} {
		set, err := Read(filepath.Join("testdata", dir), nil)
		if err != nil {
			t.Fatal(dir, err)
		}
		if !slices.Equal(set.Classes, []string{"cat", "dog", "red bus"}) {
			t.Errorf("%s: classes %q", dir, set.Classes)
		}
		i := 0
		for _, p := range set.Pictures {
			if p.W != 41 || p.H != 30 {
				t.Errorf("%s: %s is %d×%d", dir, p.File, p.W, p.H)
			}
			for _, o := range p.Objects {
				got := row{filepath.Base(p.File), set.Classes[o.Class], round(o.X1), round(o.Y1), round(o.X2), round(o.Y2)}
				if i >= len(want) || got != want[i] {
					t.Errorf("%s: object %d is %v", dir, i, got)
				}
				i++
			}
		}
		if i != len(want) {
			t.Errorf("%s: %d objects, want %d", dir, i, len(want))
		}
	}
}

// round takes back what six digits of a share lose.
func round(v float64) float64 { return math.Round(v*1000) / 1000 }

// TestMasksAreCOCOs: runs as pycocotools paints them; polygons, of which it
// counts pixels that the edge touches and we those whose centre is inside, to
// the pixels along the edge.
func TestMasksAreCOCOs(t *testing.T) {
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden []struct {
		Mask string
		Area int
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	set, err := Read("testdata/coco", nil)
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	for _, p := range set.Pictures {
		for _, o := range p.Objects {
			bits, _ := hex.DecodeString(golden[i].Mask)
			differ, area := 0, 0
			got := make([]bool, p.W*p.H)
			o.Paint(p.H, p.W, 1, 1, 0, 0, func(y, x int) { got[y*p.W+x] = true })
			for k, v := range got {
				if v {
					area++
				}
				if v != (bits[k/8]>>(7-k%8)&1 == 1) {
					differ++
				}
			}
			slack := 0
			if i == 0 {
				slack = 30
			}
			if differ > slack || math.Abs(float64(area-golden[i].Area)) > float64(slack) || math.Abs(o.Area-float64(golden[i].Area)) > .5 {
				t.Errorf("object %d: %d pixels differ, area %d, %g said, want %d", i, differ, area, o.Area, golden[i].Area)
			}
			if o.Outlined() != (i < 3) || o.Crowd != (i == 1) {
				t.Errorf("object %d: outlined %v, crowd %v", i, o.Outlined(), o.Crowd)
			}
			i++
		}
	}
}

// TestPaintScales: a grid of other size sees the same shape.
func TestPaintScales(t *testing.T) {
	o := Object{X1: 2, Y1: 1, X2: 4, Y2: 3}
	var got []int
	o.Paint(4, 12, 2, 1, 1, 0, func(y, x int) { got = append(got, y*12+x) })
	if want := []int{17, 18, 19, 20, 29, 30, 31, 32}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	r := &Runs{H: 2, W: 2, Ends: []int{1, 3, 4}}
	got = nil
	r.paint(4, 4, 2, 2, 0, 0, func(y, x int) { got = append(got, y*4+x) })
	if want := []int{2, 3, 6, 7, 8, 9, 12, 13}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestCOCOFaults(t *testing.T) {
	const head = `{"images":[{"id":1,"file_name":"a.png","width":41,"height":30}],"categories":[{"id":1,"name":"cat"}],"annotations":[`
	for _, c := range []struct{ text, want string }{
		{`{"images":[`, "line 1"},
		{"{\n\"images\":[\n{\"id\":\"x\"}]}", "line 3"},
		{"{\"images\":\n\n[\"\xff\"]}", "line 3: not UTF-8"},
		{`{}`, "names no images"},
		{`[1]`, "cannot unmarshal"},
		{strings.Replace(head, `"id":1,"file_name"`, `"file_name"`, 1) + `{"id":5,"image_id":9,"category_id":1,"bbox":[1,1,1,1]}]}`, "no image of id 9"},
		{head + `{"id":5,"image_id":1,"category_id":2,"bbox":[1,1,1,1]}]}`, "annotations[0] (id 5): there is no category of id 2"},
		{head + `{"image_id":1,"category_id":1,"bbox":[1,1,1]}]}`, "bbox has 3 numbers"},
		{head + `{"image_id":1,"category_id":1,"bbox":[30,1,30,4]}]}`, "reaches out of the picture of 41×30"},
		{head + `{"image_id":1,"category_id":1,"bbox":[3,1,0,4]}]}`, "has no area"},
		{head + `{"image_id":1,"category_id":1,"bbox":[3,1,-2,4]}]}`, "has no area"},
		{head + `{"image_id":1,"category_id":1,"bbox":[3,1,2,4],"segmentation":[[1,2,3]]}]}`, "polygon of 3 numbers"},
		{head + `{"image_id":1,"category_id":1,"bbox":[3,1,2,4],"segmentation":[[1,2,3,4,1e200,6]]}]}`, "corner at 1e+200"},
		{head + `{"image_id":1,"category_id":1,"bbox":[3,1,2,4],"segmentation":{"size":[1,2],"counts":"11"}}]}`, "its size is [1 2]"},
		{head + `{"image_id":1,"category_id":1,"bbox":[3,1,2,4],"segmentation":{"size":[30,41],"counts":[5,900000]}}]}`, "do not add up"},
		{head + `{"image_id":1,"category_id":1,"bbox":[3,1,2,4],"segmentation":{"size":[30,41],"counts":"~"}}]}`, "character 0"},
		{head + `{"image_id":1,"category_id":1,"bbox":[3,1,2,4],"segmentation":{"size":[30,41],"counts":[5]}}]}`, "add up to 5"},
		{strings.Replace(head, `{"id":1,"name":"cat"}`, `{"id":1,"name":"cat"},{"id":2,"name":"cat"}`, 1) + `]}`, `"cat" is named twice`},
		{strings.Replace(head, `{"id":1,"name":"cat"}`, `{"id":1,"name":"cat"},{"id":1,"name":"dog"}`, 1) + `]}`, "id 1 is there twice"},
		{strings.Replace(head, `"a.png"`, `"../../a.png"`, 1) + `]}`, "not a file below"},
		{strings.Replace(head, `"a.png"`, `"gone.png"`, 1) + `]}`, "gone.png"},
	} {
		file := filepath.Join(copyDir(t, "testdata/coco/images"), "x.json")
		write(t, file, c.text)
		_, err := ReadCOCO(file, nil)
		wantError(t, err, c.want, "x.json")
	}
	_, err := ReadCOCO("testdata/coco/annotations/instances.json", []string{"cat", "dog"})
	wantError(t, err, `"red bus" is not one of cat, dog`)
}

// TestFaultsLeaveTheRest: one bad box does not cost the others.
func TestFaultsLeaveTheRest(t *testing.T) {
	dir := copyDir(t, "testdata/yolo")
	write(t, filepath.Join(dir, "labels/a.txt"), "0 .5 .5 .1 .1\n1 2 2 .1 .1\n")
	write(t, filepath.Join(dir, "images/c.png"), "no picture")
	set, err := Read(dir, nil)
	var faults *Faults
	if !errors.As(err, &faults) || len(faults.All) != 2 {
		t.Fatalf("%v", err)
	}
	wantError(t, err, "a.txt", "line 2", "reaches out", "c.png", "2 faults")
	if len(set.Pictures) != 2 || len(set.Pictures[0].Objects) != 1 {
		t.Errorf("%+v", set)
	}
}

func TestVOCFaults(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "no <annotation>"},
		{"<annotation>\n\n<size>", "line 3"},
		{"<other/>", "annotation"},
		{"<annotation><object><name>cat</name></object></annotation>", "no <bndbox>"},
		{"<annotation><object><bndbox><xmin>2</xmin><ymin>2</ymin><xmax>5</xmax><ymax>5</ymax></bndbox></object></annotation>", "no <name>"},
		{"<annotation><object><name>cat</name><bndbox><xmin>2</xmin><ymin>2</ymin><xmax>50</xmax><ymax>5</ymax></bndbox></object></annotation>", "object 1 (cat): the box from (1, 1) to (50, 5) reaches out"},
		{"<annotation><object><name>cat</name><bndbox><xmin>x</xmin></bndbox></object></annotation>", "invalid syntax"},
		{"<annotation>\xff</annotation>", "not UTF-8"},
	} {
		dir := copyDir(t, "testdata/voc")
		write(t, filepath.Join(dir, "Annotations/a.xml"), c.text)
		_, err := Read(dir, nil)
		wantError(t, err, c.want, "a.xml")
	}
	dir := copyDir(t, "testdata/voc")
	if err := os.Remove(filepath.Join(dir, "JPEGImages/b.png")); err != nil {
		t.Fatal(err)
	}
	_, err := Read(dir, nil)
	wantError(t, err, "b.xml", `"b.png" is not there`)
	write(t, filepath.Join(dir, "classes.txt"), "dog\ncat\n")
	_, err = Read(dir, nil)
	wantError(t, err, `"red bus" is not one of dog, cat`)
}

func TestYOLOFaults(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"0 1 2 3", "got 4 fields"}, {"x 1 1 1 1", `class "x"`}, {"-1 1 1 1 1", `class "-1"`}, {"3 .5 .5 .1 .1", "only 3 have names"},
		{"0 a .5 .1 .1", `"a" is no number`}, {"0 nan .5 .1 .1", "finite"}, {"0 .5 .5 0 .1", "no area"}, {"0 .5 .5 .1 .1\n\n0", "line 3"},
		{"0 .1 .1 .2 .1 .9", "got 6 fields"},
	} {
		dir := copyDir(t, "testdata/yolo")
		write(t, filepath.Join(dir, "labels/b.txt"), c.text)
		_, err := Read(dir, nil)
		wantError(t, err, c.want, "b.txt")
	}
	for text, want := range map[string]string{"names: [a, a]": "named twice", "names: {0: a, 2: b}": "1 is missing", "names: [": "data.yaml", "names: [a, '']": "has no name", "names: 3": "data.yaml"} {
		dir := copyDir(t, "testdata/yolo")
		write(t, filepath.Join(dir, "data.yaml"), text)
		_, err := Read(dir, nil)
		wantError(t, err, want)
	}
}

func TestYOLOPolygonsAndNames(t *testing.T) {
	dir := copyDir(t, "testdata/yolo")
	write(t, filepath.Join(dir, "labels/a.txt"), "1 .1 .2 .5 .2 .5 .8\n")
	write(t, filepath.Join(dir, "data.yaml"), "names: [x, y, z]\n")
	set, err := Read(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	o := set.Pictures[0].Objects[0]
	if !o.Outlined() || round(o.X1) != 4.1 || round(o.Y2) != 24 || !slices.Equal(set.Classes, []string{"x", "y", "z"}) {
		t.Errorf("%+v, %v", o, set.Classes)
	}
	write(t, filepath.Join(dir, "data.yaml"), "train: images\n")
	if set, err = Read(dir, nil); err != nil || !slices.Equal(set.Classes, []string{"0", "1"}) {
		t.Errorf("without names: %v, %v", set, err)
	}
}

func TestReadErrors(t *testing.T) {
	empty := t.TempDir()
	_, err := Read(empty, nil)
	wantError(t, err, empty, "no boxes found", "COCO", "VOC", "YOLO")
	_, err = Read(filepath.Join(empty, "gone"), nil)
	wantError(t, err, "gone")
	write(t, filepath.Join(empty, "settings.json"), "{}")
	if _, err = Read(empty, nil); In(empty) {
		t.Error("any JSON is taken for COCO's")
	}
	wantError(t, err, "no boxes found")
	for _, dir := range []string{"coco", "voc", "yolo"} {
		if !In(filepath.Join("testdata", dir)) {
			t.Errorf("there are boxes in %s", dir)
		}
	}
	write(t, filepath.Join(empty, "a.json"), `{"images":[]}`)
	write(t, filepath.Join(empty, "b.json"), `{"images":[]}`)
	_, err = Read(empty, nil)
	wantError(t, err, "2 COCO files", "name one")
}

func FuzzCOCO(f *testing.F) {
	text, err := os.ReadFile("testdata/coco/annotations/instances.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	dir := f.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/coco/images")); err != nil {
		f.Fatal(err)
	}
	file := filepath.Join(dir, "x.json")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
		set, err := ReadCOCO(file, nil)
		checkSet(t, set, err)
	})
}

func FuzzVOC(f *testing.F) {
	text, err := os.ReadFile("testdata/voc/Annotations/a.xml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	dir := f.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/voc")); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(filepath.Join(dir, "Annotations/a.xml"), text, 0o644); err != nil {
			t.Fatal(err)
		}
		set, err := ReadVOC(dir, nil)
		checkSet(t, set, err)
	})
}

func FuzzYOLO(f *testing.F) {
	f.Add("1 .1 .2 .5 .2 .5 .8\n0 .5 .5 .1 .1\n")
	f.Fuzz(func(t *testing.T, text string) {
		r := &yoloReader{faults: &Faults{}}
		for line := range strings.Lines(text) {
			if o, err := r.object(strings.Fields(line), 40, 30); err == nil {
				checkObject(t, &o, 30, 40)
			}
		}
	})
}

// checkSet: what is read can be used.
func checkSet(t *testing.T, set *Set, err error) {
	var faults *Faults
	if err != nil && !errors.As(err, &faults) {
		return
	}
	for _, p := range set.Pictures {
		for i := range p.Objects {
			if o := &p.Objects[i]; o.Class >= len(set.Classes) {
				t.Fatalf("class %d of %d", o.Class, len(set.Classes))
			} else if p.W < 1<<12 && p.H < 1<<12 {
				checkObject(t, o, p.H, p.W)
			}
		}
	}
}

func checkObject(t *testing.T, o *Object, h, w int) {
	if !(o.X1 >= 0 && o.X1 < o.X2 && o.X2 <= float64(w) && o.Y1 >= 0 && o.Y1 < o.Y2 && o.Y2 <= float64(h)) {
		t.Fatalf("%+v in %d×%d", o, w, h)
	}
	o.Paint(16, 16, 16/float64(w), 16/float64(h), 0, 0, func(y, x int) {
		if y < 0 || x < 0 || y >= 16 || x >= 16 {
			t.Fatalf("painted (%d, %d)", y, x)
		}
	})
}
