package clothes

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/format/picture"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// store writes a picture of one colour with a spot in it.
func store(t *testing.T, file string, w, h, at int, c color.Color) {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		img.Set(i%w, i/w, c)
	}
	img.Set(at%w, at/w%h, color.White)
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
}

// colours are classes to tell apart, of pictures of all sizes.
var colours = map[string]color.Color{"blue": color.NRGBA{20, 30, 200, 255}, "red": color.NRGBA{210, 40, 30, 255}, "faint": color.NRGBA{90, 160, 90, 120}}

// fill writes n pictures of each colour below dir.
func fill(t *testing.T, dir string, n int) {
	for name, c := range colours {
		for i := range n {
			store(t, filepath.Join(dir, name, fmt.Sprintf("%d.png", i)), 12+i%7*5, 10+i%5*9, 3*i, c)
		}
	}
}

// owned are settings for a user's own pictures.
func owned(dir string) *Config {
	c := defaultsFor(true)
	c.Data, c.Size, c.Width, c.Epochs, c.Batch, c.Activation = dir, 16, 4, 4, 10, "relu"
	return c
}

// A folder by class is dealt, learned in colour and answered without the folder.
func TestOwnPictures(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 20)
	c := owned(dir)
	task, err := kind.open(c)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(task.Classes, " "); got != "blue faint red" || kind.goals(c) != nil {
		t.Errorf("classes %s, goals %v", got, kind.goals(c))
	}
	if _, err := train.Fit(context.Background(), task.Net, task.Fit); err != nil {
		t.Fatal(err)
	}
	m, err := task.Examine(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if a, _ := m.Scores.Number("accuracy"); a < 0.9 {
		t.Errorf("accuracy %g on plain colours", a)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	bare := *c
	bare.Bare = true
	asked, err := kind.open(&bare)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "p.png")
	store(t, file, 90, 40, 7, colours["red"])
	img, err := picture.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	x, p := asked.Picture(img)
	y, err := task.Net.Predict(x.Unsqueeze(0))
	if err != nil {
		t.Fatal(err)
	}
	if chance := recipe.Softmax(tensor.Data[float32](y)); chance[2] < 0.5 || len(p.Steps) != 2 {
		t.Errorf("red is %v, steps %q", chance, p.Steps)
	}
}

// A picture given to be answered becomes the numbers that its file is as an
// example, whatever its form.
func TestOwnPictureIsLikeItsFile(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 20)
	c := owned(dir)
	task, err := kind.open(c)
	if err != nil {
		t.Fatal(err)
	}
	parts, err := data.ImageParts(dir, 16, 16, c.Seed)
	if err != nil {
		t.Fatal(err)
	}
	for i, file := range parts.Test.Files {
		img, err := picture.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		x, _ := task.Picture(img)
		e, err := task.Test.At(i)
		if err != nil {
			t.Fatal(err)
		}
		if d := x.Sub(e.X).Abs().Max().Item(); d > 1e-5 {
			t.Errorf("%s is off by %g", file, d)
		}
	}
}

// Each channel of the training pictures has mean 0 and deviation 1; grey ones
// have one channel; the division into folders is kept.
func TestOwnPicturesAreScaled(t *testing.T) {
	for _, grey := range []bool{false, true} {
		dir := t.TempDir()
		for _, part := range []string{"train", "test"} {
			for k, class := range []string{"a", "b"} {
				for i := range 10 {
					c := color.NRGBA{uint8(40*k + 9*i), uint8(40*k + 9*i), uint8(40*k + 9*i), 255}
					if !grey {
						c.R = 200
					}
					store(t, filepath.Join(dir, part, class, fmt.Sprint(i, ".png")), 16, 16, i, c)
				}
			}
		}
		c := owned(dir)
		task, err := kind.open(c)
		if err != nil {
			t.Fatal(err)
		}
		channels := map[bool]int{false: 3, true: 1}[grey]
		if task.Test.Len() != 20 || task.Fit.Data.Len()+task.Fit.Validate.Len() != 20 || c.own().Channels != channels || c.own().Dealt {
			t.Errorf("grey %v: %d for the test, %+v", grey, task.Test.Len(), c.own())
		}
		var sum, square, n float64
		for i := range task.Fit.Data.Len() {
			e, err := task.Fit.Data.At(i)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range tensor.Data[float32](e.X) {
				sum, square, n = sum+float64(v), square+float64(v)*float64(v), n+1
			}
		}
		if math.Abs(sum/n) > 1e-4 || math.Abs(square/n-1) > 1e-3 {
			t.Errorf("grey %v: mean %g, mean square %g", grey, sum/n, square/n)
		}
	}
}

// A run is measured on other pictures of the same classes, and says what does
// not fit.
func TestOwnPicturesElsewhere(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	fill(t, dir, 20)
	fill(t, other, 3)
	c := owned(dir)
	if _, err := kind.open(c); err != nil {
		t.Fatal(err)
	}
	elsewhere := *c
	elsewhere.Data = other
	task, err := kind.open(&elsewhere)
	if err != nil || task.Test.Len() != 9 || elsewhere.Known != c.Known {
		t.Fatalf("%v: %d pictures", err, task.Test.Len())
	}
	store(t, filepath.Join(other, "green", "1.png"), 9, 9, 0, color.Black)
	if _, err := kind.open(&elsewhere); err == nil || !strings.Contains(err.Error(), "the run learned blue, faint, red") {
		t.Errorf("another class: %v", err)
	}
	store(t, filepath.Join(dir, "green", "1.png"), 9, 9, 0, color.Black)
	store(t, filepath.Join(dir, "green", "2.png"), 9, 9, 0, color.Black)
	if _, err := kind.open(c); err == nil || !strings.Contains(err.Error(), "the run began with") {
		t.Errorf("a class that came later: %v", err)
	}
}

// An activation that is picked is kept with what is known of the pictures.
func TestPickForOwnPictures(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 12)
	c := owned(dir)
	c.Activation = "auto"
	if _, err := kind.open(c); err != nil {
		t.Fatal(err)
	}
	first := c.picked()
	if first == "" || c.own().Activation != first {
		t.Fatalf("picked %q, known %+v", first, c.own())
	}
	again := *c
	task, err := kind.open(&again)
	if err != nil || again.picked() != first || task.Pages != nil {
		t.Errorf("picked %q, then %q (%v)", first, again.picked(), err)
	}
}

func TestMistakesInOwnPictures(t *testing.T) {
	for want, mistake := range map[string]func(dir string){
		"one class":       func(dir string) { store(t, filepath.Join(dir, "a", "1.png"), 9, 9, 0, color.Black) },
		"has no pictures": func(dir string) { fill(t, dir, 3); os.Mkdir(filepath.Join(dir, "void"), 0o777) },
		"bad.png": func(dir string) {
			fill(t, dir, 9)
			os.WriteFile(filepath.Join(dir, "red", "bad.png"), []byte("x"), 0o666)
		},
		"too few":        func(dir string) { fill(t, dir, 1) },
		"for each class": func(dir string) { os.WriteFile(filepath.Join(dir, "a.txt"), nil, 0o666) },
		"not among the tr": func(dir string) {
			fill(t, filepath.Join(dir, "train"), 9)
			store(t, filepath.Join(dir, "test", "new", "1.png"), 9, 9, 0, color.Black)
		},
	} {
		dir := t.TempDir()
		mistake(dir)
		if _, err := kind.open(owned(dir)); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	a := &about{Classes: []string{"a", "b"}, Folder: "f"}
	many := data.Parts[*data.Folder]{Train: &data.Folder{Files: make([]string, 1<<20)}, Validate: &data.Folder{Files: make([]string, 9)}, Test: &data.Folder{Files: make([]string, 9)}}
	if err := a.check(many, 512); err == nil || !strings.Contains(err.Error(), "lower --set size") {
		t.Errorf("too much: %v", err)
	}
	a.Classes = make([]string, 300)
	if err := a.check(many, 8); err == nil || !strings.Contains(err.Error(), "300 classes") {
		t.Errorf("too many classes: %v", err)
	}
}
