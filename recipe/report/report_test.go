package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image"
	"image/color"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// figures are one of each kind, with words that HTML must not take for its own.
func figures() map[string]Figure {
	nan := math.NaN()
	return map[string]Figure{
		"lines":     Lines(Chart{Title: "a < b & c", X: "<x>"}, Line{Name: "<i>", X: []float64{1, 2, 3}, Y: []float64{1, nan, 4}, Dots: true}, Line{X: []float64{1, 3}, Y: []float64{0, math.Inf(1)}, Dash: true}),
		"none":      Lines(Chart{}),
		"flat":      Lines(Chart{Percent: true}, Line{X: []float64{1}, Y: []float64{0.5}}),
		"bars":      Bars("<b>", []string{"a&b", "c"}, []float64{3, -1}, []float64{1, 0}, number),
		"no bars":   Bars("", nil, nil, nil, number),
		"confusion": Confusion([]string{"<a>", "b"}, [][]int{{5, 2}, {0, 0}}),
		"table":     Table([]string{"<a>"}, [][]string{{"b & c"}, {}}),
		"listing":   Listing("a <b>\n"),
		"pictures":  Pictures(false, []Picture{{Image: image.NewGray(image.Rect(0, 0, 2, 2)), Bold: "<b>", Text: "\"t\"", Hint: "'h'"}}),
	}
}

// wellFormed fails unless text is XML.
func wellFormed(t *testing.T, name, text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
	}
}

func TestFiguresAreWellFormed(t *testing.T) {
	for name, f := range figures() {
		text := string(f.HTML)
		wellFormed(t, name, text)
		for _, bad := range []string{"NaN", "Inf", "<i>", "<x>", "<a>", "<b>"} {
			if strings.Contains(text, bad) && (name != "pictures" || bad != "<b>") {
				t.Errorf("%s holds %s:\n%s", name, bad, text)
			}
		}
	}
}

// A page needs nothing but itself: no script, and nothing from elsewhere.
func TestPageIsWhole(t *testing.T) {
	p := Page{Title: "a & b", Lead: "<lead>", Facts: []Fact{{"x", "1%", "good", Good}}}
	for name, f := range figures() {
		p.Sections = append(p.Sections, Section{Title: name, Text: []string{"words <"}, Body: []Figure{f.Under("below & under")}})
	}
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if bad := regexp.MustCompile(`(?i)<script|<link|@import|src="[^d]|href=|url\(`).FindString(text); bad != "" {
		t.Errorf("the page holds %q", bad)
	}
	for _, want := range []string{"a &amp; b", "&lt;lead&gt;", "below &amp; under", "data:image/png;base64,", `class="fact good"`, "prefers-color-scheme"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func TestTicks(t *testing.T) {
	for _, tt := range []struct {
		lo, hi float64
		whole  bool
		want   []float64
	}{
		{0, 1, false, []float64{0, 0.2, 0.4, 0.6, 0.8, 1}},
		{0, 10, false, []float64{0, 2, 4, 6, 8, 10}},
		{1, 3, true, []float64{1, 2, 3}},
		{-3, 3, false, []float64{-2, 0, 2}},
		{0.101, 0.149, false, []float64{0.11, 0.12, 0.13, 0.14}},
	} {
		got := ticks(tt.lo, tt.hi, tt.whole)
		if !slices.EqualFunc(got, tt.want, func(a, b float64) bool { return math.Abs(a-b) < 1e-9 }) {
			t.Errorf("%g to %g: got %v, want %v", tt.lo, tt.hi, got, tt.want)
		}
	}
	for _, scale := range []float64{1e-9, 1, 3e7} { // few enough to read, and some, on any scale
		for _, hi := range []float64{1.0, 1.7, 2.3, 4.4, 7.9} {
			if n := len(ticks(0, hi*scale, false)); n < 2 || n > 6 {
				t.Errorf("0 to %g: %d ticks", hi*scale, n)
			}
		}
	}
}

func TestImage(t *testing.T) {
	for _, tt := range []struct {
		name string
		x    tensor.Tensor
		want color.RGBA // of the last pixel
	}{
		{"grey", tensor.Of([]float32{-1, 0, 0, 1}, 2, 2, 1), color.RGBA{255, 255, 255, 255}},
		{"colour", tensor.Of([]float32{0, 0, 0, 10, 5, 0}, 1, 2, 3), color.RGBA{255, 127, 0, 255}},
		{"two channels", tensor.Of([]float32{0, 4, 4, 0}, 1, 2, 2), color.RGBA{127, 127, 127, 255}},
		{"flat", tensor.Of([]float32{7, 7}, 1, 2, 1), color.RGBA{128, 128, 128, 255}},
	} {
		img := Image(tt.x)
		b := img.Bounds()
		if got := img.At(b.Max.X-1, b.Max.Y-1); got != tt.want || b.Dy() != tt.x.Dim(0) || b.Dx() != tt.x.Dim(1) {
			t.Errorf("%s: %v at the end of %v, want %v", tt.name, got, b, tt.want)
		}
	}
	if Image(tensor.Zeros(4)) != nil || Image(tensor.Zeros(0, 2, 1)) != nil {
		t.Error("made a picture of what is none")
	}
}
