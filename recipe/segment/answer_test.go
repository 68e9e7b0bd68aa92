package segment

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/draw"
)

// asked shows a picture to a task.
func asked(t *testing.T, task *recipe.Task, img image.Image) *recipe.Answer {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	a, err := task.Answer(t.Context(), &recipe.Question{Name: "it.png", In: &b})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Pictures of any size are answered in their own size; the shares of all
// classes add up to 1.
func TestAnswersOfAnySize(t *testing.T) {
	c := tiny(t)
	c.Bare = true
	task := opened(t, c)
	for _, size := range []image.Point{{64, 64}, {1, 1}, {3, 200}, {211, 97}, {400, 20}} {
		img := image.NewNRGBA(image.Rectangle{Max: size})
		for i := range img.Pix {
			img.Pix[i] = uint8(i * i >> 3)
		}
		a := asked(t, task, img)
		f := a.Value.(*found)
		sum, pixels := f.Background, 0
		for _, p := range f.Classes {
			sum += p.Share
			pixels += p.Pixels
			if p.Sure < 0 || p.Sure > 1 || p.Box[0] >= p.Box[2] || p.Box[3] > size.Y || !strings.Contains(a.Text, p.Class) {
				t.Errorf("%v: %+v in %q", size, p, a.Text)
			}
		}
		if math.Abs(sum-1) > 1e-9 || f.Width != size.X || f.Height != size.Y || pixels > size.X*size.Y {
			t.Errorf("%v: shares add up to %g: %+v", size, sum, f)
		}
		if b := a.Picture.Bounds(); b.Dx() < size.X || b.Dy() < size.Y {
			t.Errorf("%v: drawn %v", size, b)
		}
		m := a.Labels.(*image.Paletted)
		if m.Rect.Size() != size {
			t.Errorf("%v: labels %v", size, m.Rect)
		}
		for _, v := range m.Pix {
			if int(v) >= len(classesOf(t, c)) {
				t.Fatalf("%v: label %d", size, v)
			}
		}
		if told := len(a.Steps) > 0; told != (max(size.X, size.Y) != 64) {
			t.Errorf("%v: steps %q", size, a.Steps)
		}
	}
	if _, err := task.Answer(t.Context(), &recipe.Question{Name: "odd.png", In: strings.NewReader("no picture")}); err == nil || !strings.Contains(err.Error(), "odd.png") {
		t.Errorf("no picture: %v", err)
	}
}

// The settings of an answer are taken.
func TestAnswerOptions(t *testing.T) {
	c := tiny(t)
	c.Bare = true
	task := opened(t, c)
	img := image.NewGray(image.Rect(0, 0, 100, 100))
	for kv, ok := range map[string]bool{"look=96": true, "tint=0.9": true, "look=-1": false, "tint=2": false} {
		key, value, _ := strings.Cut(kv, "=")
		if err := recipe.Set(task.Options, key, value); (err == nil) != ok {
			t.Errorf("%s: %v", kv, err)
		}
	}
	if a := asked(t, task, img); len(a.Steps) != 1 || !strings.Contains(a.Steps[0], "96 × 96") {
		t.Errorf("steps %q", a.Steps)
	}
}

// Where a picture has the input's size, each pixel is that of the input; where
// it is larger, edges lie where they lie in the input.
func TestEnlarge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		side, classes := rapid.IntRange(1, 9).Draw(t, "side"), rapid.IntRange(2, 4).Draw(t, "classes")
		chance := make([]float32, side*side*classes)
		for i := range side * side {
			chance[i*classes+rapid.IntRange(0, classes-1).Draw(t, "class")] = 1
		}
		l, sure := enlarge(chance, side, classes, draw.Place{Box: image.Rect(0, 0, side, side), W: side, H: side})
		for i, v := range l.Of {
			if chance[i*classes+int(v)] != 1 || sure[i] != 1 {
				t.Fatalf("pixel %d is %d with %g", i, v, sure[i])
			}
		}
	})
	// the left half is class 1, of a picture that fills the upper half of 4×4
	chance := make([]float32, 4*4*2)
	for i := range 16 {
		chance[2*i+1] = float32(1 - i%4/2)
		chance[2*i] = 1 - chance[2*i+1]
	}
	l, _ := enlarge(chance, 4, 2, draw.Place{Box: image.Rect(0, 0, 4, 2), W: 40, H: 20})
	for i, v := range l.Of {
		if want := int32(0); (i%40 < 20) != (v == want+1) {
			t.Fatalf("pixel %d, %d is %d", i%40, i/40, v)
		}
	}
}

func TestColoursOfClasses(t *testing.T) {
	for s, want := range map[string]color.RGBA{"#e6194b": {0xe6, 0x19, 0x4b, 255}, "": {}, "#12": {}, "#gggggg": {}, "0123456": {}} {
		if got := parseColour(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
	for k := range 12 {
		if c := draw.Colour(k); parseColour(draw.Hex(c)) != c {
			t.Errorf("colour %d does not come back", k)
		}
	}
}

func TestWordsOfAnAnswer(t *testing.T) {
	f := &found{Classes: []part{{Class: "bag", Share: 0.25, Sure: 0.9}}, Background: 0.75, nothing: background}
	if got := f.write(); got != "bag         25.0% of the picture,  90% sure\nbackground  75.0%\n" {
		t.Errorf("%q", got)
	}
	if f.doubt() != "" || (&found{}).doubt() == "" || (&found{Classes: []part{{Sure: 0.4}}}).doubt() == "" {
		t.Error("doubts")
	}
}

func TestWordsOfLayers(t *testing.T) {
	for path, want := range map[string]string{"mid": "the bottom", "down.0": "down, scale 1", "up.2": "up, scale 3", "down.0.1": "", "lift.0": "", "": ""} {
		if got := wordsOf(path); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
	if got := largest([]float64{1, 5, 3, 5}, 2); len(got) != 2 || got[0] != 1 || got[1] != 3 {
		t.Errorf("%v", got)
	}
	if got := evenly(10, 4); len(got) != 4 || got[3] != 7 || len(evenly(2, 9)) != 2 {
		t.Errorf("%v", got)
	}
}

func TestDifference(t *testing.T) {
	names := []string{"background", "bag", "coat", "dress"}
	truth := &draw.Labels{W: 5, H: 1, Of: []int32{0, 1, 1, 3, ignored}}
	got := difference(truth, &draw.Labels{W: 5, H: 1, Of: []int32{0, 1, 2, 0, 2}}, names)
	if got != "not found: dress; and is not there: coat" {
		t.Errorf("%q", got)
	}
	if got := difference(truth, truth2(truth), names); got != "" {
		t.Errorf("the same: %q", got)
	}
}

// truth2 is labels with a guess where there is none.
func truth2(l *draw.Labels) *draw.Labels {
	of := append([]int32{}, l.Of...)
	of[4] = 1
	return &draw.Labels{W: l.W, H: l.H, Of: of}
}
