package look

import (
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/format/picture"
)

const (
	cocoDir = "../../format/boxes/testdata/coco"
	yoloDir = "../../format/boxes/testdata/yolo"
)

func copied(t *testing.T, to, from string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// masked writes a picture and its mask, of labels 0 and label.
func masked(t *testing.T, dir string, seed int, label uint8) {
	t.Helper()
	name := fmt.Sprintf("%02d.png", seed)
	writePNG(t, filepath.Join(dir, "images", name), drawn(seed, 20, 10))
	m := image.NewGray(image.Rect(0, 0, 20, 10))
	for i := range 100 {
		m.Pix[i] = label
	}
	writePNG(t, filepath.Join(dir, "masks", name), m)
}

// TestKindsAndParts: each kind is found out, divided or not.
func TestKindsAndParts(t *testing.T) {
	for name, c := range map[string]struct {
		make     func(dir string)
		kind     string
		examples int
		parts    []string
		classes  []string
	}{
		"flat": {func(dir string) {
			for i := range 3 {
				writePNG(t, filepath.Join(dir, fmt.Sprintf("%d.png", i)), drawn(i, 9, 9))
			}
			write1(t, filepath.Join(dir, "settings.json"), func(w io.Writer) error { _, err := w.Write([]byte("{}")); return err })
		}, "pictures", 3, nil, nil},
		"classes": {func(dir string) {
			for i := range 4 {
				writePNG(t, filepath.Join(dir, string(rune('a'+i%2)), "deeper", fmt.Sprintf("%d.png", i)), drawn(i, 9, 9))
			}
		}, "pictures by class", 4, nil, []string{"a", "b"}},
		"parts of classes": {func(dir string) {
			for i, part := range []string{"test", "Train", "valid"} {
				writePNG(t, filepath.Join(dir, part, "10", "x.png"), drawn(i, 9, 9))
				writePNG(t, filepath.Join(dir, part, "9", "x.png"), drawn(i+5, 9, 9))
			}
		}, "pictures by class", 6, []string{"Train", "valid", "test"}, []string{"9", "10"}},
		"parts of boxes": {func(dir string) {
			copied(t, filepath.Join(dir, "train"), yoloDir)
			copied(t, filepath.Join(dir, "val"), yoloDir)
		}, "pictures with boxes", 4, []string{"train", "val"}, []string{"cat", "dog", "red bus"}},
		"parts of masks": {func(dir string) {
			masked(t, filepath.Join(dir, "train"), 1, 3)
			masked(t, filepath.Join(dir, "test"), 2, 12)
		}, "pictures with masks", 2, []string{"train", "test"}, []string{"0", "3", "12"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			c.make(dir)
			r, err := At(t.Context(), dir, Options{})
			if err != nil {
				t.Fatal(err)
			}
			var parts, classes []string
			for _, p := range r.Parts {
				parts = append(parts, p.Name)
			}
			for _, k := range r.Classes {
				classes = append(classes, k.Name)
			}
			if r.Kind != c.kind || r.Examples != c.examples || !slices.Equal(parts, c.parts) || !slices.Equal(classes, c.classes) {
				t.Errorf("%s, %d, parts %q, classes %q", r.Kind, r.Examples, parts, classes)
			}
			if _, err := r.Sheet(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestNamesOfMasks come from classes.txt.
func TestNamesOfMasks(t *testing.T) {
	dir := t.TempDir()
	masked(t, dir, 1, 1)
	masked(t, dir, 2, 2)
	if err := os.WriteFile(filepath.Join(dir, "classes.txt"), []byte("ground\nroad\ncar\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := At(t.Context(), dir, Options{})
	if err != nil || len(r.Classes) != 3 || r.Classes[1].Name != "ground" || r.Classes[1].Share != .5 {
		t.Errorf("%+v, %v", r.Classes, err)
	}
}

// TestCopiesAreFound whatever a program did to them on the way: written as JPEG
// of middling quality, at other sizes, a little brighter.
func TestCopiesAreFound(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir := t.TempDir()
		seed := rapid.IntRange(1, 200).Draw(rt, "seed")
		m := drawn(seed, 64, 48)
		writePNG(t, filepath.Join(dir, "train", "x", "a.png"), m)
		switch rapid.IntRange(0, 2).Draw(rt, "change") {
		case 0:
			q := rapid.IntRange(40, 95).Draw(rt, "quality")
			write1(t, filepath.Join(dir, "test", "x", "b.jpg"), func(w io.Writer) error { return jpeg.Encode(w, m, &jpeg.Options{Quality: q}) })
		case 1:
			writePNG(t, filepath.Join(dir, "test", "x", "b.png"), smaller(m, rapid.IntRange(40, 90).Draw(rt, "w"), rapid.IntRange(30, 80).Draw(rt, "h")))
		case 2:
			by := uint8(rapid.IntRange(1, 6).Draw(rt, "brighter"))
			for i := range m.Pix {
				if i%4 != 3 {
					m.Pix[i] += min(by, 255-m.Pix[i])
				}
			}
			writePNG(t, filepath.Join(dir, "test", "x", "b.png"), m)
		}
		r, err := At(t.Context(), dir, Options{})
		if err != nil {
			rt.Fatal(err)
		}
		if len(r.Twins) != 1 || !r.Twins[0].Across || r.Twins[0].Torn || r.Twins[0].Exact {
			rt.Fatalf("twins %+v", r.Twins)
		}
	})
}

// TestBandsCoverTheHash: hashes that differ in as many bits as they may still
// share a band.
func TestBandsCoverTheHash(t *testing.T) {
	var all uint64
	width := 0
	for _, b := range bands {
		all |= (1<<b.width - 1) << b.from
		width += b.width
	}
	if all != ^uint64(0) || width != 64 {
		t.Fatalf("the bands cover %x with %d bits", all, width)
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Uint64().Draw(t, "hash"), uint64(0)
		b = a
		for range maxBits {
			b ^= 1 << rapid.IntRange(0, 63).Draw(t, "bit")
		}
		if bits.OnesCount64(a^b) > maxBits {
			t.Fatal("too many bits")
		}
		for _, c := range bands {
			if a>>c.from&(1<<c.width-1) == b>>c.from&(1<<c.width-1) {
				return
			}
		}
		t.Fatalf("%x and %x share no band", a, b)
	})
}

// TestHashSaysWhereItGetsBrighter from left to right.
func TestHashSaysWhereItGetsBrighter(t *testing.T) {
	var up, down picture.Raster
	m := image.NewGray(image.Rect(0, 0, hashSide+1, hashSide))
	for i := range m.Pix {
		m.Pix[i] = uint8(20 * (i % (hashSide + 1)))
	}
	up.Draw(m, 3, nil)
	for i := range m.Pix {
		m.Pix[i] = 255 - m.Pix[i]
	}
	down.Draw(m, 3, nil)
	if hash(up.Pix) != ^uint64(0) || hash(down.Pix) != 0 {
		t.Errorf("%x and %x", hash(up.Pix), hash(down.Pix))
	}
}

func TestSheetsAreBounded(t *testing.T) {
	dir := t.TempDir()
	for i := range 30 {
		writePNG(t, filepath.Join(dir, fmt.Sprintf("class %02d", i%10), fmt.Sprintf("%d.png", i)), drawn(i, 9, 7))
	}
	r, err := At(t.Context(), dir, Options{Rows: 4, Columns: 2})
	if err != nil {
		t.Fatal(err)
	}
	img, err := r.Sheet()
	if err != nil || img.Bounds().Max != image.Pt(gap+2*(thumb+gap), gap+4*(labelled+thumb+gap)) {
		t.Errorf("%v, %v", img.Bounds(), err)
	}
}

// TestSheetsShowBoxesAndMasks: what is drawn on a picture is in its class's
// colour.
func TestSheetsShowBoxesAndMasks(t *testing.T) {
	count := func(img image.Image, c color.RGBA) (n int) {
		for y := range img.Bounds().Dy() {
			for x := range img.Bounds().Dx() {
				if img.At(x, y) == c {
					n++
				}
			}
		}
		return n
	}
	r, err := At(t.Context(), cocoDir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	img, err := r.Sheet()
	if err != nil {
		t.Fatal(err)
	}
	for class := range 3 {
		if n := count(img, hue(class+1)); n < 50 {
			t.Errorf("class %d has %d pixels of its colour", class, n)
		}
	}
	dir := t.TempDir()
	m := image.NewGray(image.Rect(0, 0, 8, 8))
	writePNG(t, filepath.Join(dir, "images/a.png"), m)
	for i := range m.Pix {
		m.Pix[i] = uint8(i / 32 * 2)
	}
	writePNG(t, filepath.Join(dir, "masks/a.png"), m)
	if r, err = At(t.Context(), dir, Options{}); err != nil {
		t.Fatal(err)
	}
	if img, err = r.Sheet(); err != nil {
		t.Fatal(err)
	}
	h := hue(2)
	if n := count(img, color.RGBA{h.R / 2, h.G / 2, h.B / 2, 255}); n != thumb*thumb/2 {
		t.Errorf("label 2 tints %d pixels, want %d", n, thumb*thumb/2)
	}
}

// TestHuesDiffer for the first dozens of classes.
func TestHuesDiffer(t *testing.T) {
	seen := map[color.RGBA]int{}
	for k := range 24 {
		c := hue(k)
		if other, ok := seen[c]; ok {
			t.Errorf("%d and %d are both %v", other, k, c)
		}
		if max(c.R, c.G, c.B) < 200 {
			t.Errorf("%d is dark: %v", k, c)
		}
		seen[c] = k
	}
}

func TestAdvice(t *testing.T) {
	for name, c := range map[string]struct {
		r    Report
		want string
	}{
		"names":  {Report{Classes: []Class{{Name: "Cat", Examples: 50}, {Name: "cat ", Examples: 50}}}, `"Cat" and "cat " are two classes`},
		"few":    {Report{Classes: []Class{{Name: "a", Examples: 3}}}, "fewer than 20 examples of a"},
		"absent": {Report{Classes: []Class{{Name: "a", Examples: 30, ByPart: map[string]int{"train": 30}}}, Parts: []Part{{"train", 30}, {"test", 5}}}, "no examples of a in test"},
		"grey":   {Report{Examples: 9, Modes: []Count{{"png, colour", 5}, {"png, grey 16", 4}}}, "4 of 9 pictures are grey"},
		"uneven": {Report{Imbalance: 9}, "9.0 times"},
		"blank":  {Report{Blank: []string{"x"}}, "1 picture is of one colour"},
	} {
		c.r.advise()
		if len(c.r.Advice) != 1 || !strings.Contains(c.r.Advice[0], c.want) {
			t.Errorf("%s: %q, want %q", name, c.r.Advice, c.want)
		}
	}
}

func TestLongListsAreCut(t *testing.T) {
	r := &Report{Path: "x", Kind: "pictures"}
	for i := range 25 {
		r.Blank = append(r.Blank, fmt.Sprint("file", i))
	}
	if text := r.String(); !strings.Contains(text, "and 15 more") || strings.Contains(text, "file12") {
		t.Error(text)
	}
	r = &Report{Sizes: []Size{{1, 1, 9}}}
	for i := range 9 {
		r.Modes = append(r.Modes, Count{fmt.Sprint("mode", i), 1})
	}
	if text := r.String(); !strings.Contains(text, "mode5 (1); 3 other kinds\n") {
		t.Error(text)
	}
	r.Blank = slices.Repeat([]string{"file9"}, 25)
	if got := list(r.Blank); !strings.HasSuffix(got, "file9 and 15 more") {
		t.Error(got)
	}
}
