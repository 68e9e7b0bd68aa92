package main

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"github.com/limpid-ml/limpid/recipe"
)

const pictures = "../../format/picture/testdata"

// rare is a picture of a kind that is refused.
const rare = "cmyk.tif"

func TestPredictRefusesARareKind(t *testing.T) {
	c, out, errs := call(t.Context(), "predict", lookAt(t).run, filepath.Join(pictures, rare))
	if c != codeInput || out != "" {
		t.Errorf("exit %d, wrote %q", c, out)
	}
	mustSay(t, errs, rare, "rare kind", "save it as PNG")
}

// predicted asks the shared run about pictures.
func predicted(t *testing.T, files ...string) []prediction {
	t.Helper()
	c, out, errs := call(t.Context(), append([]string{"predict", lookAt(t).run, "--json", "--top=0"}, files...)...)
	if c != codeOK {
		t.Fatalf("%q: exit %d: %s", files, c, errs)
	}
	var a predictAnswer
	if err := json.Unmarshal([]byte(out), &a); err != nil {
		t.Fatal(err)
	}
	if len(a.Predictions) != len(files) {
		t.Fatalf("%d predictions for %d pictures", len(a.Predictions), len(files))
	}
	return a.Predictions
}

// TestPredictReadsEveryKind asks about a picture of every format, depth and
// way of colouring, which Pillow wrote, and reads what was done to it.
func TestPredictReadsEveryKind(t *testing.T) {
	entries, err := os.ReadDir(pictures)
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); ext != ".py" && ext != ".json" && e.Name() != rare {
			files = append(files, filepath.Join(pictures, e.Name()))
		}
	}
	if len(files) < 40 {
		t.Fatalf("%d pictures", len(files))
	}
	for i, p := range predicted(t, files...) {
		name, said := filepath.Base(files[i]), strings.Join(p.Steps, "; ")
		says := func(what string, want bool) {
			if strings.Contains(said, what) != want {
				t.Errorf("%s: %q is said: %v, want %v: %s", name, what, !want, want, said)
			}
		}
		has := func(words ...string) bool {
			return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(name, w) })
		}
		says("turned it upright", has("turned") && !has("turned1"))
		says("turned the colours grey", !has("grey", "bit.", "la."))
		says("put the transparent parts on white", has("rgba.png", "rgba16", "rgba.tif", "la.", "alpha", "clear")) // a BMP's fourth byte is padding
		checkChances(t, name, p)
	}
}

// checkChances fails unless there are ten probabilities, falling, of sum 1.
func checkChances(t *testing.T, name string, p prediction) {
	t.Helper()
	sum, last := 0.0, 2.0
	for _, c := range p.Classes {
		if c.Probability > last || c.Probability < 0 {
			t.Errorf("%s: %v is out of order", name, c)
		}
		sum, last = sum+c.Probability, c.Probability
	}
	if len(p.Classes) != 10 || math.Abs(sum-1) > 1e-6 || p.Class != p.Classes[0].Class {
		t.Errorf("%s: %d classes add up to %g, the first %q of %v", name, len(p.Classes), sum, p.Class, p.Classes)
	}
}

// greyBoot draws a boot on white into img.
func greyBoot(img draw.Image) draw.Image {
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	for _, part := range []image.Rectangle{image.Rect(50, 10, 80, 80), image.Rect(15, 50, 80, 80)} {
		draw.Draw(img, part, image.NewUniform(color.Gray{85}), image.Point{}, draw.Src)
	}
	return img
}

// TestPredictTakesTheSamePictureAlike: losslessly kept, a picture gives one
// answer whatever file it lies in and however its colours are stored.
func TestPredictTakesTheSamePictureAlike(t *testing.T) {
	w := lookAt(t).copy(t)
	at := image.Rect(0, 0, 100, 90)
	grey := greyBoot(image.NewGray(at))
	few := color.Palette{color.Black, color.White, color.Gray{85}, color.Gray{200}}
	var files []string
	for name, img := range map[string]image.Image{
		"grey.png": grey, "grey16.png": greyBoot(image.NewGray16(at)), "rgba.png": greyBoot(image.NewNRGBA(at)),
		"rgba16.png": greyBoot(image.NewNRGBA64(at)), "palette.png": greyBoot(image.NewPaletted(at, few)),
	} {
		files = append(files, w.file(name, encodePNG(t, img)))
	}
	for name, encode := range map[string]func(b *bytes.Buffer) error{
		"grey.bmp": func(b *bytes.Buffer) error { return bmp.Encode(b, grey) },
		"rgb.bmp":  func(b *bytes.Buffer) error { return bmp.Encode(b, greyBoot(image.NewRGBA(at))) },
		"grey.tif": func(b *bytes.Buffer) error { return tiff.Encode(b, grey, &tiff.Options{Compression: tiff.Deflate}) },
		"few.gif":  func(b *bytes.Buffer) error { return gif.Encode(b, greyBoot(image.NewPaletted(at, few)), nil) },
	} {
		var b bytes.Buffer
		if err := encode(&b); err != nil {
			t.Fatal(name, err)
		}
		files = append(files, w.file(name, b.Bytes()))
	}
	all := predicted(t, files...)
	for i, p := range all {
		if !slices.Equal(p.Classes, all[0].Classes) || !slices.Equal(p.Steps, all[0].Steps) || p.Doubt != "" {
			t.Errorf("%s: %v, %v, %q\nbut %s: %v, %v", files[i], p.Classes[:2], p.Steps, p.Doubt, files[0], all[0].Classes[:2], all[0].Steps)
		}
	}
	if !strings.Contains(strings.Join(all[0].Steps, ";"), "from 100 × 90 to the object's 65 × 70") {
		t.Errorf("did %q", all[0].Steps)
	}
}

// TestPredictOddSizes asks about pictures no camera takes.
func TestPredictOddSizes(t *testing.T) {
	w := lookAt(t).copy(t)
	for _, s := range []struct {
		w, h  int
		doubt bool
	}{{1, 1, true}, {2, 900, true}, {900, 2, true}, {28, 28, true}, {3000, 20, true}} {
		file := w.file("odd.png", pngOf(s.w, s.h))
		p := predicted(t, file)[0]
		checkChances(t, file, p)
		if (p.Doubt != "") != s.doubt {
			t.Errorf("%d × %d, all black: doubt %q", s.w, s.h, p.Doubt)
		}
	}
}

// TestPredictSaysWhatItDid, on standard error, a line a step, each with the
// picture's name.
func TestPredictSaysWhatItDid(t *testing.T) {
	w := lookAt(t)
	file := filepath.Join(pictures, "turned6.jpg")
	c, out, errs := call(t.Context(), "predict", w.run, file, "--top=3")
	if c != codeOK || strings.Count(out, "\n") != 3 || strings.Count(out, "%") != 3 {
		t.Fatalf("exit %d\n%s", c, out)
	}
	lines := strings.Split(strings.TrimSpace(errs), "\n")
	for _, l := range lines {
		if !strings.HasPrefix(l, file+": ") {
			t.Errorf("which picture? %q", l)
		}
	}
	if !strings.Contains(lines[0], "turned it upright") {
		t.Errorf("begins with %q", lines[0])
	}
	for _, l := range strings.Split(strings.TrimSpace(out), "\n") {
		if share := strings.Fields(l[strings.LastIndex(l, "%")-6:])[0]; !strings.HasSuffix(share, "%") {
			t.Errorf("line %q has no share", l)
		}
	}
}

// TestPredictAnswersBesideABadPicture, and tells of that one, too.
func TestPredictAnswersBesideABadPicture(t *testing.T) {
	w := lookAt(t).copy(t)
	fine, bad := w.file("fine.png", pngOf(30, 30)), w.file("bad.png", pngOf(30, 30)[:50])
	c, out, errs := call(t.Context(), "predict", w.run, fine, bad, fine, "--top=1")
	if c != codeInput || strings.Count(out, fine) != 2 || strings.Count(out, "%") != 2 || strings.Contains(out, bad) {
		t.Errorf("exit %d, %q: %s", c, out, errs)
	}
	mustSay(t, errs, "1 picture of 3 without an answer", "bad.png", "fix:")
	c, out, _ = call(t.Context(), "predict", w.run, fine, bad, fine, "--json")
	var a predictAnswer
	if err := json.Unmarshal([]byte(out), &a); err != nil || c != codeInput || len(a.Predictions) != 3 {
		t.Fatalf("exit %d, %v: %s", c, err, out)
	}
	for i, p := range a.Predictions {
		if failed := i == 1; (p.Error != "") != failed || (len(p.Classes) == 0) != failed {
			t.Errorf("picture %d: %+v", i, p)
		}
	}
}

// TestSoftmaxLaws: shares, unmoved by what is added to all scores, in their order.
func TestSoftmaxLaws(t *testing.T) {
	scores := []float32{-3, 0.5, 2, 2.5, -40, 0}
	p := recipe.Softmax(scores)
	moved := make([]float32, len(scores))
	for i := range scores {
		moved[i] = scores[i] + 64
	}
	sum := 0.0
	for i, q := range recipe.Softmax(moved) {
		sum += p[i]
		if math.Abs(q-p[i]) > 1e-12 {
			t.Errorf("score %g: %g, and %g when all are 64 more", scores[i], p[i], q)
		}
		for j := range scores {
			if scores[i] < scores[j] != (p[i] < p[j]) {
				t.Errorf("scores %g, %g have shares %g, %g", scores[i], scores[j], p[i], p[j])
			}
		}
	}
	if math.Abs(sum-1) > 1e-12 {
		t.Errorf("the shares add up to %g", sum)
	}
}

// TestRecipeWithoutPictures says so.
func TestRecipeWithoutPictures(t *testing.T) {
	withRecipe(t, plainRecipe("numbers", examples{example(1, 0, 0), example(0, 1, 1)}, two()))
	dir := t.TempDir()
	if c, _, errs := call(t.Context(), "train", "numbers", "--runs-dir", dir); c != codeOK {
		t.Fatalf("exit %d: %s", c, errs)
	}
	c, out, errs := call(t.Context(), "predict", "latest", filepath.Join(pictures, "rgb.png"), "--runs-dir", dir)
	if c != codeInput || out != "" {
		t.Errorf("exit %d, wrote %q", c, out)
	}
	mustSay(t, errs, "numbers cannot be asked", "another recipe")
}

// TestPictureOfOneColourIsDoubtful, whatever the colour.
func TestPictureOfOneColourIsDoubtful(t *testing.T) {
	w := lookAt(t).copy(t)
	for _, c := range []color.Color{color.White, color.Black, color.Gray{100}, color.RGBA{200, 30, 30, 255}, color.Transparent} {
		img := image.NewNRGBA(image.Rect(0, 0, 50, 40))
		for i := range 50 * 40 {
			img.Set(i%50, i/50, c)
		}
		if p := predicted(t, w.file("plain.png", encodePNG(t, img)))[0]; p.Doubt == "" {
			t.Errorf("%v: no doubt about %v", c, p.Class)
		}
	}
}
