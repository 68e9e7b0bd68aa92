package main

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/recipe"
)

// turnedJPEG is a picture, wider than high, that a camera held on its side
// took: its Exif segment asks for a quarter turn.
func turnedJPEG(t *testing.T) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 120, 60))
	for y := range 60 {
		for x := range 120 {
			c := color.RGBA{255, 255, 255, 255}
			if x > 20 && x < 100 && y > 20 && y < 40 {
				c = color.RGBA{150, 30, 40, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	exif := "Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
	head := append([]byte{0xff, 0xd8, 0xff, 0xe1, 0, byte(len(exif) + 2)}, exif...)
	return append(head, b.Bytes()[2:]...)
}

func TestPredict(t *testing.T) {
	w := newWorld(t)
	turned := w.file("turned.jpg", turnedJPEG(t))
	c, out, errs := call(t.Context(), "predict", w.run, turned, "--top", "0", "--json")
	if c != codeOK {
		t.Fatalf("exit %d: %s", c, errs)
	}
	var a predictAnswer
	if err := json.Unmarshal([]byte(out), &a); err != nil {
		t.Fatal(err)
	}
	p := a.Predictions[0]
	said := strings.Join(p.Steps, "; ")
	for _, want := range []string{"turned it upright", "colours grey", "inverted it", "from 60 × 120 to the object's"} {
		if !strings.Contains(said, want) || !strings.Contains(errs, want) {
			t.Errorf("does not say %q: %s", want, said)
		}
	}
	sum := 0.0
	for _, c := range p.Classes {
		sum += c.Probability
	}
	falls := slices.IsSortedFunc(p.Classes, func(a, b recipe.Chance) int { return int(math.Copysign(1, b.Probability-a.Probability)) })
	if len(p.Classes) != 10 || math.Abs(sum-1) > 1e-6 || p.Class != p.Classes[0].Class || !falls {
		t.Errorf("classes %v add up to %g", p.Classes, sum)
	}
	c, out, errs = call(t.Context(), "predict", w.run, turned, turned, "--top", "2")
	if c != codeOK || strings.Count(out, "turned.jpg") != 2 || strings.Count(out, "%") != 4 {
		t.Errorf("two pictures: exit %d\n%s%s", c, out, errs)
	}
}

func TestSoftmax(t *testing.T) {
	got := recipe.Softmax([]float32{1000, 1000, 998})
	want := []float64{0.46831, 0.46831, 0.06338}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-5 {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}
