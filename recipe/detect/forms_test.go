package detect

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/report"
	"github.com/limpid-ml/limpid/tensor"
)

// thingsOf is what is in each of n pictures: its size and its blocks.
func thingsOf(n int) (sizes []image.Point, at [][]image.Rectangle) {
	r := tensor.NewRand(8)
	for range n {
		w, h := 70+r.IntN(40), 70+r.IntN(40)
		sizes = append(sizes, image.Pt(w, h))
		at = append(at, []image.Rectangle{image.Rect(0, 0, 20, 16).Add(image.Pt(r.IntN(w-20), r.IntN(20))), image.Rect(0, 0, 14, 22).Add(image.Pt(r.IntN(w-14), 40+r.IntN(8)))})
	}
	return sizes, at
}

func write(t *testing.T, file string, text []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o666); err != nil {
		t.Fatal(err)
	}
}

// asCOCO, asVOC and asYOLO write the same pictures and boxes in three forms.
func asCOCO(t *testing.T, dir string, n int) {
	sizes, at := thingsOf(n)
	type object = map[string]any
	set := map[string][]object{"categories": {{"id": 1, "name": "red"}, {"id": 2, "name": "blue"}}}
	for i, s := range sizes {
		name := fmt.Sprintf("%03d.png", i)
		write(t, filepath.Join(dir, "images", name), asPNG(t, blocks(s.X, s.Y, at[i])))
		set["images"] = append(set["images"], object{"id": i, "file_name": name, "width": s.X, "height": s.Y})
		for k, b := range at[i] {
			set["annotations"] = append(set["annotations"], object{"id": 2*i + k, "image_id": i, "category_id": 1 + k, "bbox": []int{b.Min.X, b.Min.Y, b.Dx(), b.Dy()}})
		}
	}
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "annotations.json"), text)
}

func asVOC(t *testing.T, dir string, n int) {
	sizes, at := thingsOf(n)
	write(t, filepath.Join(dir, "classes.txt"), []byte("red\nblue\n"))
	for i, s := range sizes {
		name := fmt.Sprintf("%03d", i)
		write(t, filepath.Join(dir, "JPEGImages", name+".png"), asPNG(t, blocks(s.X, s.Y, at[i])))
		var b strings.Builder
		fmt.Fprintf(&b, "<annotation><filename>%s.png</filename><size><width>%d</width><height>%d</height></size>", name, s.X, s.Y)
		for k, r := range at[i] {
			fmt.Fprintf(&b, "<object><name>%s</name><bndbox><xmin>%d</xmin><ymin>%d</ymin><xmax>%d</xmax><ymax>%d</ymax></bndbox></object>",
				[]string{"red", "blue"}[k], r.Min.X+1, r.Min.Y+1, r.Max.X, r.Max.Y)
		}
		write(t, filepath.Join(dir, "Annotations", name+".xml"), []byte(b.String()+"</annotation>"))
	}
}

func asYOLO(t *testing.T, dir string, n int) {
	sizes, at := thingsOf(n)
	write(t, filepath.Join(dir, "classes.txt"), []byte("red\nblue\n"))
	for i, s := range sizes {
		name := fmt.Sprintf("%03d", i)
		write(t, filepath.Join(dir, "images", name+".png"), asPNG(t, blocks(s.X, s.Y, at[i])))
		var b strings.Builder
		for k, r := range at[i] {
			w, h := float64(s.X), float64(s.Y)
			fmt.Fprintf(&b, "%d %.9f %.9f %.9f %.9f\n", k, float64(r.Min.X+r.Max.X)/2/w, float64(r.Min.Y+r.Max.Y)/2/h, float64(r.Dx())/w, float64(r.Dy())/h)
		}
		write(t, filepath.Join(dir, "labels", name+".txt"), []byte(b.String()))
	}
}

// The same boxes in three forms make the same examples, dealt alike.
func TestThreeForms(t *testing.T) {
	var all []*work
	for _, form := range []func(t *testing.T, dir string, n int){asCOCO, asVOC, asYOLO} {
		dir := t.TempDir()
		form(t, dir, 20)
		all = append(all, opened(t, small(func(c *Config) { c.Data = dir })))
	}
	for k, w := range all[1:] {
		if !slices.Equal(w.classes, []string{"red", "blue"}) {
			t.Errorf("form %d: classes %q", k+1, w.classes)
		}
		for p, parts := range [][2]data.Dataset{{all[0].parts.Train, w.parts.Train}, {all[0].parts.Validate, w.parts.Validate}, {all[0].parts.Test, w.parts.Test}} {
			if parts[0].Len() != parts[1].Len() {
				t.Fatalf("form %d, part %d: %d pictures, want %d", k+1, p, parts[1].Len(), parts[0].Len())
			}
			for i := range parts[0].Len() {
				sameExample(t, parts[0], parts[1], i)
			}
		}
	}
}

func sameExample(t *testing.T, a, b data.Dataset, i int) {
	t.Helper()
	x, err := a.At(i)
	if err != nil {
		t.Fatal(err)
	}
	y, err := b.At(i)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(tensor.View[float32](x.X), tensor.View[float32](y.X)) {
		t.Fatalf("picture %d differs", i)
	}
	p, q := x.Objects(), y.Objects()
	if len(p) != len(q) {
		t.Fatalf("picture %d: %d boxes, want %d", i, len(q), len(p))
	}
	for k := range p {
		for _, d := range []float32{p[k].X1 - q[k].X1, p[k].Y1 - q[k].Y1, p[k].X2 - q[k].X2, p[k].Y2 - q[k].Y2} {
			if d > 1e-3 || d < -1e-3 || p[k].Label != q[k].Label {
				t.Errorf("picture %d: box %+v, want %+v", i, q[k], p[k])
			}
		}
	}
}

// html is all that a section shows.
func html(s report.Section) string {
	text := s.Title + "\n" + strings.Join(s.Text, "\n")
	for _, f := range s.Body {
		text += "\n" + string(f.HTML) + f.Caption
	}
	return text
}

// Each part of the report shows what it is about, with the figures that were
// measured, also where the network has learned nothing.
func TestPages(t *testing.T) {
	w := opened(t, small(nil))
	m, err := w.measure(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	all, err := w.pages(context.Background(), m)
	if err != nil {
		t.Fatal(err)
	}
	objects := 0
	for i := range w.parts.Test.Len() {
		e, err := w.parts.Test.At(i)
		if err != nil {
			t.Fatal(err)
		}
		objects += len(e.Objects())
	}
	for title, want := range map[string][]string{
		"What is there, and what was found": {"30% sure", "pictures large", "test picture 7"},
		"How well each class is found":      {"mean over the classes", "whatever the class", fmt.Sprintf("<td>%d</td>", objects)},
		"Few and sure, or all and doubtful": {"precision, whatever the class", "the network", "templates"},
		"The most confident mistakes":       {"a wrong name", "a thing missed", fmt.Sprintf("Of %d things", objects)},
		"What is taken for what":            {"ankle boot", "trousers"},
		"Where it sees centres":             {"pictures large", "4 × 4 pixels"},
		"How a detector without anchors learns": {"Focal loss for dense object detection", "softmax over the 10 classes", "what an answer costs",
			"Generalized intersection over union", "Objects as points", "Feature pyramid networks"},
		"What it is compared with":     {"brightness or its negative", "edges", "AP50 on validation"},
		"How the settings were chosen": {"AP50 of any class", searched[0][0]},
	} {
		k := slices.IndexFunc(all, func(s report.Section) bool { return s.Title == title })
		if k < 0 {
			t.Errorf("there is no section %q", title)
			continue
		}
		text := html(all[k])
		for _, words := range want {
			if !strings.Contains(text, words) {
				t.Errorf("%q does not say %q", title, words)
			}
		}
		if strings.Contains(strings.Join(all[k].Text, ""), "NaN") || strings.Contains(text, ">NaN") {
			t.Errorf("%q holds what is no number", title)
		}
	}
}

// The scores are those of the metric over the same detections, and of the
// templates the same measures.
func TestMeasure(t *testing.T) {
	w := opened(t, small(nil))
	m, err := w.measure(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var c metric.COCO
	for i := range w.parts.Test.Len() {
		e, err := w.parts.Test.At(i)
		if err != nil {
			t.Fatal(err)
		}
		y, err := w.net.Predict(tensor.Stack(0, e.X))
		if err != nil {
			t.Fatal(err)
		}
		c.Add(metric.Found(y)[0], metric.Truths(e.Objects()))
	}
	want := c.Scores()
	for name, v := range map[string]float64{"map50": want.AP50, "map": want.AP} {
		if got, _ := m.Scores.Number(name); got-v > 1e-3 || v-got > 1e-3 {
			t.Errorf("%s is %g, want %g", name, got, v)
		}
	}
	reference := m.Reference.(map[string]any)["template_matching"].(recipe.Scores)
	for _, name := range []string{"map50", "map", "ap50_any_class"} {
		for _, s := range []recipe.Scores{m.Scores, reference} {
			if v, ok := s.Number(name); !ok || v < 0 || v > 1 {
				t.Errorf("%s is %v", name, s[name])
			}
		}
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	if _, err := w.measure(stopped); err == nil {
		t.Error("it measured after the end of its context")
	}
}

// A heat map's peaks are its detections' scores.
func TestHeatOfAPicture(t *testing.T) {
	w := opened(t, small(nil))
	e, err := w.parts.Test.At(0)
	if err != nil {
		t.Fatal(err)
	}
	m, err := w.heat(e.X)
	if err != nil {
		t.Fatal(err)
	}
	if m.h != 16 || m.w != 16 || len(m.p) != 256 {
		t.Fatalf("%d×%d cells", m.h, m.w)
	}
	for i, p := range m.p {
		if p < 0 || p > 1 || m.label[i] < 0 || m.label[i] > 9 {
			t.Errorf("cell %d: %g of %d", i, p, m.label[i])
		}
	}
	found, err := w.find(e.X)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range found {
		if !slices.ContainsFunc(m.p, func(p float64) bool { return p >= d.Score-1e-5 }) {
			t.Errorf("%v is surer than any cell", d)
		}
	}
}
