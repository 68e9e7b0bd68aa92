package network

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/datasets/digits"
	"github.com/limpid-ml/limpid/datasets/fashion"
	"github.com/limpid-ml/limpid/format/yamltree"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// The sets that limpid brings along come in their own parts and shapes.
func TestBroughtAlong(t *testing.T) {
	for set, want := range map[string]struct {
		shape       []int
		train, test int
		classes     []string
		first       data.Dataset
	}{
		"fashion": {[]int{28, 28, 1}, fashion.Mini().Train.Len(), 2000, fashion.Classes, fashion.Mini().Train},
		"digits":  {[]int{8, 8, 1}, 1257, 360, digits.Classes, digits.Load().Train},
	} {
		c := defaults()
		c.Set = set
		src, err := c.read()
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(src.shape, want.shape) || src.train.Len() != want.train || src.test.Len() != want.test || !slices.Equal(src.classes, want.classes) || src.outputs() != 10 {
			t.Errorf("%s: %+v", set, src)
		}
		a, errA := src.train.At(3)
		b, errB := want.first.At(3)
		if errA != nil || errB != nil || !slices.Equal(tensor.Data[float32](a.X), tensor.Data[float32](b.X)) {
			t.Errorf("%s: example 3 is another: %v, %v", set, errA, errB)
		}
		if want := set + " has 10 classes"; src.asks() != want {
			t.Errorf("%q, want %q", src.asks(), want)
		}
		img := image.NewGray(image.Rect(0, 0, 30, 40))
		img.SetGray(10, 10, color.Gray{255})
		if x, p := src.picture(img); !slices.Equal(x.Shape(), want.shape) || len(p.Steps) == 0 {
			t.Errorf("%s: a picture became %v by %q", set, x.Shape(), p.Steps)
		}
	}
}

// Of so many examples, those are taken that lie evenly in the set.
func TestExamples(t *testing.T) {
	c := defaults()
	all, err := c.read()
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int]int{0: all.train.Len(), 1: 1, 100: 100, 1 << 20: all.train.Len()} {
		c.Examples = n
		src, err := c.read()
		if err != nil || src.train.Len() != want || src.validate.Len() != all.validate.Len() || src.test.Len() != all.test.Len() {
			t.Errorf("examples %d: %d, %v", n, src.train.Len(), err)
		}
	}
	c.Examples = 10
	src, _ := c.read()
	got, _ := src.train.At(4)
	want, _ := all.train.At(4 * all.train.Len() / 10)
	if !slices.Equal(tensor.Data[float32](got.X), tensor.Data[float32](want.X)) {
		t.Error("example 4 of 10 is not that of four tenths")
	}
}

// A picture of any form is scaled until it covers the size, and cut around its
// middle: what is in its middle comes to lie in the middle.
func TestFitted(t *testing.T) {
	for _, c := range []struct{ w, h, width, height int }{
		{40, 40, 8, 8}, {80, 40, 8, 8}, {40, 80, 8, 8}, {40, 40, 12, 6}, {40, 40, 6, 12}, {8, 8, 8, 8}, {3, 3, 9, 9}, {400, 3, 8, 8}, {1, 1, 4, 4}, {100, 1, 5, 3},
	} {
		cfg := defaults()
		cfg.Width, cfg.Height = c.width, c.height
		img := image.NewNRGBA(image.Rect(5, 7, 5+c.w, 7+c.h)) // which need not begin at 0
		for y := range c.h {
			for x := range c.w {
				img.SetNRGBA(5+x, 7+y, color.NRGBA{uint8(255 * x / c.w), 128, uint8(255 * y / c.h), 255})
			}
		}
		x, p := cfg.fitted(img)
		if !slices.Equal(x.Shape(), []int{c.height, c.width, 3}) {
			t.Errorf("%+v: %v", c, x.Shape())
			continue
		}
		if same := c.w == c.width && c.h == c.height; (len(p.Steps) == 0) != same {
			t.Errorf("%+v: steps %q", c, p.Steps)
		}
		v := tensor.Data[float32](x)
		sum, green := [3]float64{}, true
		for i, u := range v {
			sum[i%3] += float64(u) / float64(len(v)/3)
			green = green && (i%3 != 1 || u > 0 && u < 0.02)
		}
		if !green {
			t.Errorf("%+v: the even green is not even", c)
		}
		if c.w >= 40 && c.h >= 40 && (sum[0] < -0.2 || sum[0] > 0.2 || sum[2] < -0.2 || sum[2] > 0.2) {
			t.Errorf("%+v: the means are %v, and the middle is 0", c, sum)
		}
		cfg.Grey = true
		if x, _ := cfg.fitted(img); !slices.Equal(x.Shape(), []int{c.height, c.width, 1}) {
			t.Errorf("%+v, grey: %v", c, x.Shape())
		}
	}
}

// csv writes a file and returns a configuration that learns from it.
func csv(t *testing.T, text, target string) *Config {
	t.Helper()
	file := filepath.Join(t.TempDir(), "t.csv")
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	c := defaults()
	c.Data, c.Target = file, target
	return c
}

// rowsOf writes n rows of a table by a function of their number.
func rowsOf(head string, n int, row func(i int) string) string {
	var b strings.Builder
	b.WriteString(head + "\n")
	for i := range n {
		b.WriteString(row(i) + "\n")
	}
	return b.String()
}

// Rows are dealt 70 : 15 : 15, each class by itself, those without an answer
// left out; the same seed deals the same.
func TestDealing(t *testing.T) {
	text := rowsOf("a,b,kind", 220, func(i int) string {
		kind := []string{"x", "x", "x", "y"}[i%4]
		if i >= 200 {
			kind = ""
		}
		return fmt.Sprintf("%d,%d,%s", i, i%7, kind)
	})
	c := csv(t, text, "kind")
	src, err := c.read()
	if err != nil {
		t.Fatal(err)
	}
	if src.train.Len() != 140 || src.validate.Len() != 30 || src.test.Len() != 30 || !slices.Equal(src.classes, []string{"x", "y"}) {
		t.Errorf("%d, %d, %d rows, classes %q", src.train.Len(), src.validate.Len(), src.test.Len(), src.classes)
	}
	for name, set := range map[string]data.Dataset{"train": src.train, "validate": src.validate, "test": src.test} {
		labels, err := data.Labels(set)
		if err != nil {
			t.Fatal(err)
		}
		ys := 0
		for _, l := range labels {
			ys += l
		}
		if share := float64(ys) / float64(len(labels)); share < 0.2 || share > 0.3 {
			t.Errorf("%s: a share of %.2f of y, want a quarter", name, share)
		}
	}
	again, err := c.read()
	if err != nil {
		t.Fatal(err)
	}
	a, _ := src.test.At(5)
	b, _ := again.test.At(5)
	if !slices.Equal(tensor.Data[float32](a.X), tensor.Data[float32](b.X)) {
		t.Error("the same seed deals otherwise")
	}
	c.Seed = 2
	other, err := c.read()
	if err != nil {
		t.Fatal(err)
	}
	differ := false
	for i := range other.test.Len() {
		a, _ := src.test.At(i)
		b, _ := other.test.At(i)
		differ = differ || !slices.Equal(tensor.Data[float32](a.X), tensor.Data[float32](b.X))
	}
	if !differ {
		t.Error("another seed deals the same")
	}
}

// A table without a target named learns its last column; a number is scaled by
// the training rows alone, and told in its own unit.
func TestTarget(t *testing.T) {
	text := rowsOf("a,price", 100, func(i int) string { return fmt.Sprintf("%d,%d", i, 1000+10*i) })
	src, err := csv(t, text, "").read()
	if err != nil {
		t.Fatal(err)
	}
	if src.classes != nil || src.encoder.Output.Column != "price" || src.outputs() != 1 || !strings.HasSuffix(src.asks(), " asks for a number") {
		t.Errorf("%+v", src)
	}
	e, err := src.train.At(0)
	if err != nil {
		t.Fatal(err)
	}
	if v := src.encoder.Value(e.Y.At(0)); v < 1000 || v > 1990 || int(v+.5)%10 != 0 {
		t.Errorf("the answer of row 0 is %v", v)
	}
}

// A table that cannot be learned from says why.
func TestTableFaults(t *testing.T) {
	for name, c := range map[string]struct{ text, target, want string }{
		"no such column": {"a,b\n1,2\n3,4\n", "c", `"c"`},
		"too few rows":   {"a,b\n1,2\n3,4\n", "b", "too few rows"},
		"no rows":        {"a,b\n", "b", ""},
		"ragged":         {"a,b\n1,2\n3\n", "b", "3"},
		"no column left": {"b\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n", "b", ""},
		"not UTF-8":      {"a,b\n1,\xff\n", "b", "UTF-8"},
		"empty":          {"", "b", ""},
		"no answers":     {"a,b\n1,\n2,\n3,\n", "b", ""},
	} {
		_, err := csv(t, c.text, c.target).read()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	c := defaults()
	c.Data = filepath.Join(t.TempDir(), "gone.csv")
	if _, err := c.read(); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "a folder of pictures by class or a CSV file") {
		t.Errorf("%v", err)
	}
}

// Values that are missing are filled in, in training and in what is asked.
func TestMissing(t *testing.T) {
	text := rowsOf("a,kind,y", 60, func(i int) string {
		a := fmt.Sprint(i)
		if i%10 == 0 {
			a = ""
		}
		return fmt.Sprintf("%s,%s,%d", a, []string{"u", "v", ""}[i%3], i)
	})
	c := csv(t, text, "y")
	n, err := yamltree.Parse("net.yaml", []byte("layers: [linear: 1]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := Read(n, c); err != nil {
		t.Fatal(err)
	}
	task, err := Recipe.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := train.Fit(context.Background(), task.Net, task.Fit); err != nil {
		t.Fatal(err)
	}
	a, err := task.Answer(context.Background(), &recipe.Question{Name: "q", In: strings.NewReader("kind,a\nu,3\nw,\n,\n")})
	if err != nil {
		t.Fatal(err)
	}
	rows := a.Value.([]row)
	if len(rows) != 3 || rows[2].Line != 4 || strings.Count(a.Text, "\n") != 3 {
		t.Errorf("%+v\n%s", rows, a.Text)
	}
	for _, r := range rows {
		if v := r.Answer.(float64); v != v {
			t.Errorf("line %d: %v", r.Line, v)
		}
	}
	for text, want := range map[string]string{"": "", "a\n1\n": `"kind"`, "a,kind\n": "no rows", "a,kind\nx,u\n": `"a"`} {
		if _, err := task.Answer(context.Background(), &recipe.Question{Name: "q", In: strings.NewReader(text)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// What a run keeps of its data comes back from the text that it keeps.
func TestKnown(t *testing.T) {
	c := csv(t, rowsOf("a,kind", 40, func(i int) string { return fmt.Sprintf("%d,%s", i, []string{"x", "y"}[i%2]) }), "kind")
	src, err := c.read()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.remember(src, 99); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	back := defaults()
	if err := recipe.Decode(text, back); err != nil {
		t.Fatal(err)
	}
	got, steps, err := back.recall()
	if err != nil || steps != 99 || !slices.Equal(got.classes, src.classes) || !slices.Equal(got.shape, src.shape) || !slices.Equal(got.encoder.Names(), src.encoder.Names()) {
		t.Errorf("%+v, %d, %v", got, steps, err)
	}
	back.Known = "{"
	if _, _, err := back.recall(); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("%v", err)
	}
}

// The words about a row are of its likeliest class, or the number.
func TestWords(t *testing.T) {
	s := &source{classes: []string{"a", "b"}}
	r := s.row([]float32{0, 2})
	if r.Answer != "b" || s.words(r) != "b (88.1%)" || len(r.Chance) != 2 {
		t.Errorf("%+v: %s", r, s.words(r))
	}
	n := &source{encoder: &data.Encoder{Output: &data.Input{Column: "y", Mean: 100, Deviation: 10}}}
	if r := n.row([]float32{1.5}); r.Answer != 115.0 || n.words(r) != "115" {
		t.Errorf("%+v", r)
	}
}

// Pictures can be changed while learning, rows of a table cannot.
func TestAugment(t *testing.T) {
	c := defaults()
	picture, table := &source{shape: []int{8, 8, 1}}, &source{shape: []int{5}}
	if f, err := c.augment(picture); f != nil || err != nil {
		t.Errorf("nothing was asked for: %v, %v", f != nil, err)
	}
	for _, change := range []func(c *Config){func(c *Config) { c.Flip = true }, func(c *Config) { c.Shift = 2 }, func(c *Config) { c.Erase = .3 }} {
		c := defaults()
		change(c)
		if f, err := c.augment(picture); f == nil || err != nil {
			t.Errorf("%+v: %v", c, err)
		}
		if _, err := c.augment(table); err == nil || !strings.Contains(err.Error(), "are for pictures") {
			t.Errorf("%+v of a table: %v", c, err)
		}
	}
}

// input takes one, two or three numbers.
func TestInput(t *testing.T) {
	for text, want := range map[string][3]int{"[64, 48]": {64, 48, 3}, "32": {32, 32, 3}, "[8]": {8, 8, 3}, "[8, 9, 1]": {8, 9, 1}, "[8, 9, 3]": {8, 9, 3}} {
		c, err := config(t, "data: x\ninput: "+text+"\nlayers: [flatten]\n")
		if err != nil || [3]int{c.Height, c.Width, c.channels()} != want {
			t.Errorf("%s: %+v, %v", text, c, err)
		}
	}
	for _, text := range []string{"[]", "[1, 2, 3, 4]", "[8, 9, 2]", "-3", "[8, -1]", "[0, 8]", "[2049, 8]", "x", "{a: 1}", "1.5", "''"} {
		if _, err := config(t, "input: "+text+"\nlayers: [flatten]\n"); err == nil || !strings.Contains(err.Error(), "input is the size") {
			t.Errorf("%s: %v", text, err)
		}
	}
	for text, want := range map[string][2]string{"fashion": {"fashion", ""}, "digits": {"digits", ""}, "/a/b": {"fashion", "/a/b"}, "c": {"fashion", "c"}} {
		c, err := config(t, "data: "+text+"\nlayers: [flatten]\n")
		if err != nil || [2]string{c.Set, c.Data} != want {
			t.Errorf("%s: %q, %q, %v", text, c.Set, c.Data, err)
		}
	}
}
