package boxes

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawSet draws a set with boxes of whole pixels.
func drawSet(t *rapid.T) *Set {
	s := &Set{}
	for k := range rapid.IntRange(1, 4).Draw(t, "classes") {
		s.Classes = append(s.Classes, fmt.Sprintf("class %d & <b>", k))
	}
	for i := range rapid.IntRange(1, 4).Draw(t, "pictures") {
		p := Picture{File: fmt.Sprintf("p%d.png", i), W: rapid.IntRange(1, 50).Draw(t, "W"), H: rapid.IntRange(1, 50).Draw(t, "H")}
		for range rapid.IntRange(0, 4).Draw(t, "objects") {
			x1, y1 := rapid.IntRange(0, p.W-1).Draw(t, "x1"), rapid.IntRange(0, p.H-1).Draw(t, "y1")
			p.Objects = append(p.Objects, Object{
				X1: float64(x1), Y1: float64(y1), X2: float64(rapid.IntRange(x1+1, p.W).Draw(t, "x2")), Y2: float64(rapid.IntRange(y1+1, p.H).Draw(t, "y2")),
				Class: rapid.IntRange(0, len(s.Classes)-1).Draw(t, "class"),
			})
		}
		s.Pictures = append(s.Pictures, p)
	}
	return s
}

// store writes the pictures of a set to a folder.
func (s *Set) store(t *testing.T, dir string) {
	for _, p := range s.Pictures {
		file := filepath.Join(dir, p.File)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, image.NewPaletted(image.Rect(0, 0, p.W, p.H), color.Palette{color.Black})); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
}

func (s *Set) coco() string {
	var images, classes, annotations []string
	for k, name := range s.Classes {
		classes = append(classes, fmt.Sprintf(`{"id":%d,"name":%q}`, 3*k+2, name))
	}
	for i, p := range s.Pictures {
		images = append(images, fmt.Sprintf(`{"id":%d,"file_name":%q,"width":%d,"height":%d}`, i, p.File, p.W, p.H))
		for _, o := range p.Objects {
			annotations = append(annotations, fmt.Sprintf(`{"image_id":%d,"category_id":%d,"bbox":[%g,%g,%g,%g]}`, i, 3*o.Class+2, o.X1, o.Y1, o.X2-o.X1, o.Y2-o.Y1))
		}
	}
	return fmt.Sprintf(`{"images":[%s],"categories":[%s],"annotations":[%s]}`, strings.Join(images, ","), strings.Join(classes, ","), strings.Join(annotations, ","))
}

func (s *Set) voc(p Picture) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<annotation><filename>%s</filename><size><width>%d</width><height>%d</height></size>", p.File, p.W, p.H)
	for _, o := range p.Objects {
		b.WriteString("<object><name>")
		xml.EscapeText(&b, []byte(s.Classes[o.Class]))
		fmt.Fprintf(&b, "</name><bndbox><xmin>%g</xmin><ymin>%g</ymin><xmax>%g</xmax><ymax>%g</ymax></bndbox></object>", o.X1+1, o.Y1+1, o.X2, o.Y2)
	}
	return b.String() + "</annotation>"
}

func (s *Set) yolo(p Picture) string {
	var b strings.Builder
	w, h := float64(p.W), float64(p.H)
	for _, o := range p.Objects {
		fmt.Fprintf(&b, "%d %.10f %.10f %.10f %.10f\n", o.Class, (o.X1+o.X2)/2/w, (o.Y1+o.Y2)/2/h, (o.X2-o.X1)/w, (o.Y2-o.Y1)/h)
	}
	return b.String()
}

// TestWhatIsWrittenIsRead in each of the formats.
func TestWhatIsWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawSet(rt)
		dir := t.TempDir()
		s.store(t, filepath.Join(dir, "coco"))
		write(t, filepath.Join(dir, "coco/x.json"), s.coco())
		s.store(t, filepath.Join(dir, "voc/JPEGImages"))
		write(t, filepath.Join(dir, "voc/classes.txt"), strings.Join(s.Classes, "\n")+"\n")
		s.store(t, filepath.Join(dir, "yolo/images"))
		write(t, filepath.Join(dir, "yolo/classes.txt"), strings.Join(s.Classes, "\r\n"))
		for _, p := range s.Pictures {
			stem := strings.TrimSuffix(p.File, ".png")
			write(t, filepath.Join(dir, "voc/Annotations", stem+".xml"), s.voc(p))
			write(t, filepath.Join(dir, "yolo/labels", stem+".txt"), s.yolo(p))
		}
		for _, format := range []string{"coco", "voc", "yolo"} {
			got, err := Read(filepath.Join(dir, format), nil)
			if err != nil {
				rt.Fatalf("%s: %v", format, err)
			}
			if why := s.differs(got); why != "" {
				rt.Fatalf("%s: %s", format, why)
			}
		}
	})
}

// differs says how got is not s.
func (s *Set) differs(got *Set) string {
	if !slices.Equal(s.Classes, got.Classes) || len(s.Pictures) != len(got.Pictures) {
		return fmt.Sprintf("classes %q, %d pictures", got.Classes, len(got.Pictures))
	}
	for i, p := range s.Pictures {
		q := got.Pictures[i]
		if filepath.Base(q.File) != p.File || q.W != p.W || q.H != p.H || len(q.Objects) != len(p.Objects) {
			return fmt.Sprintf("picture %d is %+v, want %+v", i, q, p)
		}
		for k, o := range p.Objects {
			r := q.Objects[k]
			off := math.Max(math.Max(math.Abs(o.X1-r.X1), math.Abs(o.X2-r.X2)), math.Max(math.Abs(o.Y1-r.Y1), math.Abs(o.Y2-r.Y2)))
			if r.Class != o.Class || off > 1e-6 || math.Abs(r.Area-(o.X2-o.X1)*(o.Y2-o.Y1)) > 1e-4 {
				return fmt.Sprintf("object %d of picture %d is %+v, want %+v", k, i, r, o)
			}
		}
	}
	return ""
}

// pack is the inverse of unpack, by COCO's definition.
func pack(runs []int) string {
	var b []byte
	for i, v := range runs {
		if i > 2 {
			v -= runs[i-2]
		}
		for more := true; more; {
			c := v & 31
			v >>= 5
			more = !(v == 0 && c&16 == 0 || v == -1 && c&16 != 0)
			if more {
				c |= 32
			}
			b = append(b, byte(c+48))
		}
	}
	return string(b)
}

func TestRunsUnpack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		runs := rapid.SliceOf(rapid.IntRange(0, 1<<20)).Draw(t, "runs")
		got, err := unpack(pack(runs))
		if err != nil || !slices.Equal(got, runs) {
			t.Fatalf("%v became %v, %v", runs, got, err)
		}
	})
}

// TestOutlinesOfRuns: plain and packed runs are the same pixels, and Inside is
// what a walk down the columns finds.
func TestOutlinesOfRuns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, w := rapid.IntRange(1, 9).Draw(t, "h"), rapid.IntRange(1, 9).Draw(t, "w")
		mask := rapid.SliceOfN(rapid.Bool(), h*w, h*w).Draw(t, "mask") // by columns
		var runs []int
		now, n := false, 0
		for _, v := range mask {
			if v != now {
				runs = append(runs, n)
				now, n = v, 0
			}
			n++
		}
		runs = append(runs, n)
		plain, _ := json.Marshal(map[string]any{"size": []int{h, w}, "counts": runs})
		packed, _ := json.Marshal(map[string]any{"size": []int{h, w}, "counts": pack(runs)})
		for _, text := range [][]byte{plain, packed} {
			var o Object
			if err := o.outline(text, w, h); err != nil {
				t.Fatal(err)
			}
			got := make([]bool, h*w)
			o.Paint(h, w, 1, 1, 0, 0, func(y, x int) { got[x*h+y] = true })
			if !slices.Equal(got, mask) {
				t.Fatalf("%s paints %v, want %v", text, got, mask)
			}
		}
	})
}

// TestPolygonsFillByEvenAndOdd: a pixel is covered if a ray from its centre to
// the left crosses the edges an odd number of times.
func TestPolygonsFillByEvenAndOdd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(3, 7).Draw(t, "corners")
		p := make([]float64, 2*n)
		for i := range p {
			p[i] = float64(rapid.IntRange(-20, 120).Draw(t, "corner"))/10 + 0.013
		}
		var got, want [100]bool
		paintPolygon(p, 10, 10, 1, 1, 0, 0, func(y, x int) { got[10*y+x] = true })
		for i := range want {
			cx, cy := float64(i%10)+.5, float64(i/10)+.5
			for k := range n {
				j := (k + 1) % n
				x0, y0, x1, y1 := p[2*k], p[2*k+1], p[2*j], p[2*j+1]
				if (y0 <= cy) != (y1 <= cy) && x0+(cy-y0)/(y1-y0)*(x1-x0) <= cx {
					want[i] = !want[i]
				}
			}
		}
		if got != want {
			t.Fatalf("%v: got %v, want %v", p, got, want)
		}
	})
}

// TestFitCutsAndRefuses: what fit lets pass lies in the picture, and what lay
// in it is left alone.
func TestFitCutsAndRefuses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		edge := rapid.Float64Range(-10, 30)
		o := Object{X1: edge.Draw(t, "x1"), Y1: edge.Draw(t, "y1"), X2: edge.Draw(t, "x2"), Y2: edge.Draw(t, "y2")}
		before := o
		err := o.fit(20, 20)
		inside := before.X1 >= 0 && before.Y1 >= 0 && before.X2 <= 20 && before.Y2 <= 20 && before.X1 < before.X2 && before.Y1 < before.Y2
		far := min(before.X1, before.Y1) < -overhang || max(before.X2, before.Y2) > 20+overhang
		switch {
		case inside && (err != nil || o.X1 != before.X1 || o.Y2 != before.Y2):
			t.Fatalf("%+v became %+v, %v", before, o, err)
		case far && err == nil:
			t.Fatalf("%+v lies far out and passed", before)
		case err == nil && !(o.X1 >= 0 && o.X1 < o.X2 && o.X2 <= 20 && o.Y1 >= 0 && o.Y1 < o.Y2 && o.Y2 <= 20 && o.Area > 0):
			t.Fatalf("%+v became %+v", before, o)
		}
	})
}
