package detect

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/draw"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// small are settings with which opening takes no time.
func small(change func(c *Config)) *Config {
	c := defaults(false)
	c.Size, c.Width, c.Scenes, c.Tests, c.Batch, c.Epochs = 64, 4, 16, 8, 8, 1
	if change != nil {
		change(&c)
	}
	return &c
}

func opened(t *testing.T, c *Config) *work {
	t.Helper()
	w, err := start(c)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// asPNG is a picture's file.
func asPNG(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// blocks is a grey picture with blocks in it, red ones (class 0) and blue.
func blocks(w, h int, at []image.Rectangle) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			v := uint8(90 + (x*7+y*13)%50)
			img.SetRGBA(x, y, color.RGBA{v, v, v, 255})
			for k, r := range at {
				if (image.Point{X: x, Y: y}).In(r) {
					img.SetRGBA(x, y, []color.RGBA{{220, 20, 20, 255}, {20, 20, 220, 255}}[k%2])
				}
			}
		}
	}
	return img
}

// ownFolder writes n pictures of several forms and their COCO file.
func ownFolder(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	type any = map[string]interface{}
	coco := map[string][]any{"categories": {{"id": 7, "name": "red"}, {"id": 9, "name": "blue"}}}
	r := tensor.NewRand(3)
	for i := range n {
		w, h := 60+r.IntN(60), 60+r.IntN(60)
		at := []image.Rectangle{image.Rect(0, 0, 22, 18).Add(image.Pt(r.IntN(w-24), r.IntN(h/2-20))), image.Rect(0, 0, 16, 24).Add(image.Pt(r.IntN(w-20), h/2+r.IntN(h/2-26)))}
		name := fmt.Sprintf("%03d.png", i)
		if err := os.WriteFile(filepath.Join(dir, name), asPNG(t, blocks(w, h, at)), 0o666); err != nil {
			t.Fatal(err)
		}
		coco["images"] = append(coco["images"], any{"id": i, "file_name": name, "width": w, "height": h})
		for k, b := range at {
			coco["annotations"] = append(coco["annotations"], any{"id": 2*i + k, "image_id": i, "category_id": 7 + 2*k,
				"iscrowd": 0, "area": b.Dx() * b.Dy(), "bbox": []int{b.Min.X, b.Min.Y, b.Dx(), b.Dy()}})
		}
	}
	text, err := json.Marshal(coco)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "annotations.json"), text, 0o666); err != nil {
		t.Fatal(err)
	}
	return dir
}

// The goals are those of the defaults: any other setting but seed and
// checkpoints is held to nothing, nor is a user's own data.
func TestGoals(t *testing.T) {
	c := defaults(false)
	if len(goals(&c)) != 3 {
		t.Fatalf("%v", goals(&c))
	}
	c.Seed, c.Every = 9, 5
	if len(goals(&c)) != 3 {
		t.Error("a seed changes the goals")
	}
	c.Width++
	if goals(&c) != nil {
		t.Error("another width has goals")
	}
	own := defaults(true)
	own.Data = "/data"
	if goals(&own) != nil {
		t.Error("somebody's own data have goals")
	}
}

// Whoever trains on files of their own gets a network that finds what is in
// them, is asked without the files, and answers in the file's own pixels.
func TestOwnPictures(t *testing.T) {
	c := defaults(true)
	c.Data = ownFolder(t, 60)
	c.Size, c.Width, c.Epochs, c.Batch, c.LR = 64, 8, 14, 4, 0.01
	w := opened(t, &c)
	if !slices.Equal(w.classes, []string{"red", "blue"}) || !w.parts.Dealt || w.parts.Train.Len() != 42 || w.parts.Test.Len() != 9 {
		t.Fatalf("classes %v, %d and %d pictures", w.classes, w.parts.Train.Len(), w.parts.Test.Len())
	}
	if _, err := train.Fit(context.Background(), w.net, w.task.Fit); err != nil {
		t.Fatal(err)
	}
	m, err := w.measure(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if v, _ := m.Scores.Number("map50"); v < 0.7 {
		t.Errorf("AP50 is %.3f: it has learned too little", v)
	}
	sections, err := w.pages(context.Background(), m)
	if err != nil || len(sections) != 8 {
		t.Errorf("%d sections: %v", len(sections), err)
	}
	bare := c
	bare.Bare = true
	bare.Data = filepath.Join(c.Data, "gone")
	b := opened(t, &bare)
	if b.parts.Train != nil || !slices.Equal(b.classes, w.classes) {
		t.Fatalf("a bare task has data, or other classes: %v", b.classes)
	}
	file := filepath.Join(t.TempDir(), "w.safetensors")
	if err := errors.Join(w.net.Save(file), b.net.Load(file)); err != nil {
		t.Fatal(err)
	}
	at := []image.Rectangle{image.Rect(20, 30, 130, 120), image.Rect(300, 40, 380, 160)}
	a, err := b.answer(context.Background(), &recipe.Question{In: bytes.NewReader(asPNG(t, blocks(400, 200, at)))})
	if err != nil {
		t.Fatal(err)
	}
	seen := a.Value.(finds)
	if seen.Width != 400 || seen.Height != 200 || len(seen.Things) == 0 {
		t.Fatalf("%+v", seen)
	}
	for k, name := range w.classes {
		if !slices.ContainsFunc(seen.Things, func(f found) bool { return f.Class == name && near(f.Box, at[k]) > 0.5 }) {
			t.Errorf("no %s at %v: %+v", name, at[k], seen.Things)
		}
	}
	if a.Picture.Bounds().Size() != image.Pt(800, 400) || !strings.Contains(a.Text, "left") {
		t.Errorf("a picture of %v; %q", a.Picture.Bounds(), a.Text)
	}
}

func near(b [4]float64, r image.Rectangle) float64 {
	return metric.Box{X1: b[0], Y1: b[1], X2: b[2], Y2: b[3]}.IoU(metric.Box{X1: float64(r.Min.X), Y1: float64(r.Min.Y), X2: float64(r.Max.X), Y2: float64(r.Max.Y)})
}

// The first reading and every later one give the same example, which is what
// predict makes of the file.
func TestPicturesAreKept(t *testing.T) {
	c := small(func(c *Config) { c.Data = ownFolder(t, 20) })
	w := opened(t, c)
	set := w.parts.Train.(*pictures)
	for i := range set.Len() {
		a, err := set.At(i)
		if err != nil {
			t.Fatal(err)
		}
		b, err := set.At(i)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(tensor.View[float32](a.X), tensor.View[float32](b.X)) || !reflect.DeepEqual(a.Objects(), b.Objects()) {
			t.Fatalf("picture %d differs when it is read again", i)
		}
		f, err := os.Open(set.set.Files[i])
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		x, place := draw.Fit(img, c.Size, c.Size, around)
		for k, v := range tensor.View[float32](x) {
			if d := (float64(v)-mean)/deviation - float64(tensor.View[float32](a.X)[k]); math.Abs(d) > 1e-5 {
				t.Fatalf("picture %d: value %d is off by %g", i, k, d)
			}
		}
		o := a.Objects()[0]
		b1 := back(place, metric.Box{X1: float64(o.X1), Y1: float64(o.Y1), X2: float64(o.X2), Y2: float64(o.Y2)})
		if want := set.set.Objects(i)[0]; math.Abs(b1.X1-float64(want.X1)) > 1e-3 || math.Abs(b1.Y2-float64(want.Y2)) > 1e-3 {
			t.Errorf("picture %d: the box came back as %v, want %v", i, b1, want)
		}
	}
	if _, err := set.At(set.Len()); err == nil {
		t.Error("there is a picture past the last")
	}
}

// Pictures of any size have an answer whose boxes lie in them; what is no
// picture has an error.
func TestAnswersOfAnySize(t *testing.T) {
	w := opened(t, small(nil))
	w.options.Sure = 0.05
	for _, size := range []image.Point{{1, 1}, {3, 700}, {900, 40}, {64, 64}, {333, 222}} {
		a, err := w.answer(context.Background(), &recipe.Question{In: bytes.NewReader(asPNG(t, blocks(size.X, size.Y, nil)))})
		if err != nil {
			t.Fatal(err)
		}
		f := a.Value.(finds)
		if f.Width != size.X || f.Height != size.Y || a.Picture == nil {
			t.Errorf("%v: %+v", size, f)
		}
		for _, x := range f.Things {
			if b := x.Box; b[0] < 0 || b[1] < 0 || b[2] > float64(size.X) || b[3] > float64(size.Y) || b[0] > b[2] || b[1] > b[3] {
				t.Errorf("%v: box %v", size, b)
			}
		}
		text, err := json.Marshal(a.Value)
		if err != nil || !strings.HasPrefix(string(text), fmt.Sprintf(`{"width":%d,"height":%d,"things":[`, size.X, size.Y)) {
			t.Errorf("%s, %v", text, err)
		}
		if square := size == (image.Point{64, 64}); square != (len(a.Steps) == 0) {
			t.Errorf("%v: steps %q", size, a.Steps)
		}
	}
	if _, err := w.answer(context.Background(), &recipe.Question{In: strings.NewReader("no picture")}); err == nil {
		t.Error("text is a picture")
	}
	w.options.Sure = 0.99
	a, err := w.answer(context.Background(), &recipe.Question{In: bytes.NewReader(asPNG(t, blocks(80, 80, nil)))})
	if err != nil || !strings.Contains(a.Text, "nothing") || a.Doubt == "" {
		t.Errorf("%+v, %v", a, err)
	}
}

// What is wrong with a user's data is said before training, with its place.
func TestWrongData(t *testing.T) {
	empty := t.TempDir()
	bare := ownFolder(t, 20)
	if err := os.WriteFile(filepath.Join(bare, "annotations.json"), []byte(`{"images":[{"id":1,"file_name":"000.png","width":60,"height":60}],"annotations":[],"categories":[{"id":1,"name":"a"}]}`), 0o666); err != nil {
		t.Fatal(err)
	}
	broken := ownFolder(t, 20)
	for i := range 20 {
		file := filepath.Join(broken, fmt.Sprintf("%03d.png", i))
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, text[:len(text)-30], 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for dir, want := range map[string]string{empty: empty, bare: "", broken: ".png"} {
		_, err := open(small(func(c *Config) { c.Data = dir }))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", dir, err)
		}
	}
	if _, err := open(small(func(c *Config) { c.Data, c.Bare, c.Known = "x", true, `{"classes":[]}` })); err == nil {
		t.Error("a run that knows no classes answers")
	}
}

// raw runs a transform on values from 0 to 1.
func TestRaw(t *testing.T) {
	p := data.Picture{Pix: []float32{-2, 0, 2}, H: 1, W: 3, C: 1}
	raw(func(_ *tensor.Rand, p *data.Picture) {
		if p.Pix[0] != 0 || p.Pix[1] != 0.5 || p.Pix[2] != 1 {
			t.Errorf("%v", p.Pix)
		}
	})(tensor.NewRand(1), &p)
	if !slices.Equal(p.Pix, []float32{-2, 0, 2}) {
		t.Errorf("came back as %v", p.Pix)
	}
}

// A run of seconds learns to see that there is something: far better than
// templates, though not yet what.
func TestQuickLearns(t *testing.T) {
	c := defaults(false)
	for _, kv := range Recipe.Quick {
		key, value, _ := strings.Cut(kv, "=")
		if err := recipe.Set(&c, key, value); err != nil {
			t.Fatal(err)
		}
	}
	w := opened(t, &c)
	if _, err := train.Fit(context.Background(), w.net, w.task.Fit); err != nil {
		t.Fatal(err)
	}
	m, err := w.measure(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	v, _ := m.Scores.Number("ap50_any_class")
	templates := m.Reference.(map[string]any)["template_matching"].(recipe.Scores)
	if plain, _ := templates.Number("ap50_any_class"); v < 0.1 || v < 2*plain {
		t.Errorf("AP50 of any class is %.3f, of templates %.3f", v, plain)
	}
	sections, err := w.pages(context.Background(), m)
	if err != nil || len(sections) != 9 {
		t.Errorf("%d sections: %v", len(sections), err)
	}
	for _, s := range sections {
		if s.Title == "" || len(s.Text) == 0 && len(s.Body) == 0 {
			t.Errorf("section %q is empty", s.Title)
		}
	}
}
