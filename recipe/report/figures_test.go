package report

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

func decimals(v float64) string { return fmt.Sprintf("%.2f", v) }

// Bars are as long as their values, from a common 0, whatever their sign.
func TestBarsAreAsLongAsTheirValues(t *testing.T) {
	for _, values := range [][]float64{{1, 2, 3}, {-1, 2, -4}, {-3, -1}, {0, 5}, {1e-6, 2e-6}, {7}} {
		names := make([]string, len(values))
		for i := range names {
			names[i] = fmt.Sprint("bar ", i)
		}
		s := drawn(t, Bars("bars", names, values, nil, decimals))
		if len(s.Rects) != len(values) {
			t.Fatalf("%v: %d bars", values, len(s.Rects))
		}
		longest := 0
		for i, v := range values {
			if math.Abs(v) > math.Abs(values[longest]) {
				longest = i
			}
		}
		unit := s.Rects[longest].Width / math.Abs(values[longest])
		zero := s.Rects[longest].X
		if values[longest] < 0 {
			zero += s.Rects[longest].Width
		}
		for i, r := range s.Rects {
			if want := max(0.5, math.Abs(values[i])*unit); math.Abs(r.Width-want) > 0.15 {
				t.Errorf("%v: bar %d is %g long, want %g", values, i, r.Width, want)
			}
			end := r.X
			if values[i] < 0 {
				end += r.Width
			}
			if math.Abs(end-zero) > 0.15 {
				t.Errorf("%v: bar %d begins at %g, want %g", values, i, end, zero)
			}
			if i > 0 && r.Y < s.Rects[i-1].Y+s.Rects[i-1].Height {
				t.Errorf("%v: bar %d lies on the one before", values, i)
			}
			if name, words := s.Texts[1+2*i], s.Texts[2+2*i]; name.Words != names[i] || words.Words != decimals(values[i]) {
				t.Errorf("%v: bar %d says %q and %q", values, i, name.Words, words.Words)
			}
		}
	}
}

// Spreads are drawn about the bars' ends, and stay inside the picture.
func TestBarsSpread(t *testing.T) {
	s := drawn(t, Bars("", []string{"a", "b", "c"}, []float64{4, 2, 1}, []float64{1, 0}, decimals))
	if len(s.Lines) != 1 {
		t.Fatalf("%d spreads, want one: of 0 and of none there is none", len(s.Lines))
	}
	unit, l := s.Rects[1].Width/2, s.Lines[0]
	end := s.Rects[0].X + s.Rects[0].Width
	if math.Abs(l.X1-(end-unit)) > 0.2 || math.Abs(l.X2-(end+unit)) > 0.2 {
		t.Errorf("from %g to %g, want %g either way of %g", l.X1, l.X2, unit, end)
	}
	if width, _ := strconv.ParseFloat(s.Width, 64); l.X2 > width {
		t.Errorf("to %g, and the picture ends at %g", l.X2, width)
	}
	if s.Texts[2].X < l.X2 {
		t.Errorf("the value at %g is struck through up to %g", s.Texts[2].X, l.X2)
	}
}

// Long names have the room they need.
func TestNamesHaveRoom(t *testing.T) {
	long := strings.Repeat("long ", 10)
	s := drawn(t, Bars("", []string{long, "b"}, []float64{1, 2}, nil, decimals))
	if w := s.Texts[1]; w.X < 6*float64(len(long)) {
		t.Errorf("a name of %d letters ends at %g", len(long), w.X)
	}
	c := drawn(t, Confusion([]string{long, "b"}, [][]int{{1, 0}, {0, 1}}))
	if c.Texts[1].X < 6*float64(len(long)) || c.Cells[0].Rect.X < c.Texts[1].X {
		t.Errorf("a name ends at %g, the cells begin at %g", c.Texts[1].X, c.Cells[0].Rect.X)
	}
}

// Each cell of a confusion matrix lies in its row and column and says its
// count; the diagonal has a colour of its own; more is darker.
func TestConfusionCells(t *testing.T) {
	classes := []string{"a", "b", "c"}
	counts := [][]int{{8, 2, 0}, {1, 1, 8}, {0, 0, 0}}
	s := drawn(t, Confusion(classes, counts))
	if len(s.Cells) != 9 {
		t.Fatalf("%d cells, want 9", len(s.Cells))
	}
	dark := func(i, j int) float64 {
		v, err := strconv.ParseFloat(s.Cells[3*i+j].Rect.Opacity, 64)
		if err != nil || v < 0 || v > 1 {
			t.Errorf("cell %d, %d: opacity %q", i, j, s.Cells[3*i+j].Rect.Opacity)
		}
		return v
	}
	for i, row := range counts {
		total := row[0] + row[1] + row[2]
		for j, n := range row {
			c := s.Cells[3*i+j]
			if want := fmt.Sprintf("%s taken for %s: %d of %d", classes[i], classes[j], n, total); c.Title != want {
				t.Errorf("cell %d, %d says %q, want %q", i, j, c.Title, want)
			}
			if n == 0 != (c.Text == nil) || c.Text != nil && c.Text.Words != fmt.Sprint(n) {
				t.Errorf("cell %d, %d shows %+v, want %d", i, j, c.Text, n)
			}
			if want := map[bool]string{true: "bar s0", false: "bar s1"}[i == j]; c.Rect.Class != want {
				t.Errorf("cell %d, %d is %q, want %q", i, j, c.Rect.Class, want)
			}
			if c.Rect.X != s.Cells[j].Rect.X || c.Rect.Y != s.Cells[3*i].Rect.Y {
				t.Errorf("cell %d, %d lies at %g, %g", i, j, c.Rect.X, c.Rect.Y)
			}
			dark(i, j)
		}
	}
	if !(dark(0, 0) > dark(1, 1)) || !(dark(1, 2) > dark(0, 1)) || !(dark(0, 1) > dark(0, 2)) {
		t.Errorf("more is not darker: %g %g, %g %g %g", dark(0, 0), dark(1, 1), dark(1, 2), dark(0, 1), dark(0, 2))
	}
	for j, n := range s.Texts[2:] { // names of columns turn about their place, and are no test of x
		if j%2 == 1 && n.Words != classes[(j+1)/2] {
			t.Errorf("row %d is called %q", j, n.Words)
		}
	}
}

// Words on a dark cell are light in both settings, those on a light cell as
// the page's.
func TestConfusionWordsCanBeRead(t *testing.T) {
	s := drawn(t, Confusion([]string{"a", "b"}, [][]int{{99, 1}, {50, 50}}))
	for k, want := range []string{"out", "in", "out", "in"} {
		if got := s.Cells[k].Text.Class; got != want {
			t.Errorf("cell %d, opacity %s: %q, want %q", k, s.Cells[k].Rect.Opacity, got, want)
		}
	}
}

var address = regexp.MustCompile(`src="data:image/png;base64,([^"]*)"`)

// A picture on the page is the image that was given, pixel by pixel.
func TestPicturesAreKept(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 3, 2))
	for i := range 6 {
		img.SetRGBA(i%3, i/3, color.RGBA{uint8(40 * i), uint8(255 - 40*i), 7, 255})
	}
	f := Pictures(false, []Picture{{Image: img, Bold: "b", Text: "t", Hint: "h"}, {Image: img}})
	all := address.FindAllStringSubmatch(string(f.HTML), -1)
	if len(all) != 2 {
		t.Fatalf("%d pictures, want 2", len(all))
	}
	raw, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(all[0][1], "&#43;", "+"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		r, g, b, _ := got.At(i%3, i/3).RGBA()
		if have := (color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 255}); have != img.RGBAAt(i%3, i/3) {
			t.Errorf("pixel %d is %v, want %v", i, have, img.RGBAAt(i%3, i/3))
		}
	}
	if n := strings.Count(string(f.HTML), "<b>"); n != 1 {
		t.Errorf("%d bold lines, want 1: the second picture has no words", n)
	}
	if small := string(Pictures(true, nil).HTML); !strings.Contains(small, `class="pictures small"`) || strings.Contains(string(f.HTML), "small") {
		t.Errorf("small pictures: %s", small)
	}
}

func TestPictureOfNoPixels(t *testing.T) {
	f := Pictures(false, []Picture{{Image: image.NewGray(image.Rect(0, 0, 0, 0)), Bold: "none"}})
	if text := string(f.HTML); !strings.Contains(text, `src=""`) || !strings.Contains(text, "none") {
		t.Errorf("got %s", text)
	}
}

// An image keeps the order of brightness, and reaches black and white.
func TestImageKeepsTheOrder(t *testing.T) {
	values := tensor.NewRand(5).Normal(3, 20, 6, 5, 1)
	img := Image(values)
	pix := tensor.Data[float32](values)
	grey := func(i int) uint8 { r, _, _, _ := img.At(i%5, i/5).RGBA(); return uint8(r >> 8) }
	black, white := false, false
	for i := range pix {
		black, white = black || grey(i) == 0, white || grey(i) == 255
		for k := range pix {
			if pix[i] < pix[k] && grey(i) > grey(k) {
				t.Fatalf("%g is lighter than %g", pix[i], pix[k])
			}
		}
	}
	if !black || !white {
		t.Errorf("black %v, white %v", black, white)
	}
	whole := Image(tensor.Of([]uint8{0, 255}, 1, 2, 1))
	if r, _, _, _ := whole.At(1, 0).RGBA(); r != 0xffff {
		t.Errorf("of bytes: %x", r)
	}
}

// The page has one colour for each name in both settings, and no figure asks
// for a colour that is not there.
func TestColoursOfBothSettings(t *testing.T) {
	light, rest, ok := strings.Cut(pageText, "@media (prefers-color-scheme: dark)")
	if !ok {
		t.Fatal("there is no dark setting")
	}
	dark, _, _ := strings.Cut(rest, "}")
	names := func(css string) map[string]string {
		all := map[string]string{}
		for _, m := range regexp.MustCompile(`--([a-z0-9]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(css, -1) {
			all[m[1]] = m[2]
		}
		return all
	}
	l, d := names(light), names(dark)
	if len(l) < 10 || len(l) != len(d) {
		t.Fatalf("%d colours in light, %d in dark", len(l), len(d))
	}
	for name, colour := range l {
		if d[name] == "" || d[name] == colour {
			t.Errorf("%s is %s in light, %q in dark", name, colour, d[name])
		}
	}
	for _, m := range regexp.MustCompile(`var\(--([a-z0-9]+)\)`).FindAllStringSubmatch(pageText, -1) {
		if m[1] != "c" && l[m[1]] == "" { // c is what a class s0 to s5 sets
			t.Errorf("a rule asks for the colour %s", m[1])
		}
	}
	for setting, c := range map[string]map[string]string{"light": l, "dark": d} {
		for _, ink := range []string{"ink", "soft", "good", "bad", "c0", "c1"} {
			if r := contrast(t, c[ink], c["card"]); r < 4.5 {
				t.Errorf("%s: %s on a card has a contrast of %.1f, want 4.5", setting, ink, r)
			}
		}
	}
}

// contrast is the ratio of two colours' brightness.
//
// Source: WCAG 2.2, "relative luminance" and "contrast ratio".
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	luminance := func(colour string) float64 {
		v, err := strconv.ParseUint(colour[1:], 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		linear := func(c uint64) float64 {
			s := float64(c&255) / 255
			if s <= 0.04045 {
				return s / 12.92
			}
			return math.Pow((s+0.055)/1.055, 2.4)
		}
		return 0.2126*linear(v>>16) + 0.7152*linear(v>>8) + 0.0722*linear(v)
	}
	hi, lo := luminance(a), luminance(b)
	if hi < lo {
		hi, lo = lo, hi
	}
	return (hi + 0.05) / (lo + 0.05)
}

// A table has each cell once, in its row.
func TestTableKeepsItsOrder(t *testing.T) {
	var table struct {
		Rows []struct {
			Head []string `xml:"th"`
			Data []string `xml:"td"`
		} `xml:"tr"`
	}
	if err := xml.Unmarshal([]byte(Table([]string{"a", "b"}, [][]string{{"1", "2"}, {"3"}, nil}).HTML), &table); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(table.Rows); got != "[{[a b] []} {[] [1 2]} {[] [3]} {[] []}]" {
		t.Errorf("got %s", got)
	}
}

// A column with a sentence is set as text from its head to its last row, short
// cells too; others are not.
func TestTableSetsColumnsOfSentencesAsText(t *testing.T) {
	long := "move training pictures by up to so many pixels"
	text := string(Table([]string{"key", "value", "help"}, [][]string{{"shift", "1", long}, {"lr", "2", "rate"}}).HTML)
	for _, want := range []string{`<th class="words">help</th>`, `<td class="words">` + long + "</td>", `<td class="words">rate</td>`} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %s: %s", want, text)
		}
	}
	if n := strings.Count(text, "words"); n != 3 {
		t.Errorf("%d cells are text, want 3: %s", n, text)
	}
	if !strings.Contains(pageText, " .words {") {
		t.Error("the page has no rule for sentences")
	}
}

// Large pictures keep their form: the page does not cut them square.
func TestLargePictures(t *testing.T) {
	f := string(Large([]Picture{{Image: image.NewRGBA(image.Rect(0, 0, 9, 2)), Text: "two & more"}}).HTML)
	if !strings.HasPrefix(f, `<div class="pictures large">`) || strings.Count(f, "<img") != 1 || !strings.Contains(f, "two &amp; more") {
		t.Error(f)
	}
	if !strings.Contains(pageText, ".pictures.large img { aspect-ratio: auto;") {
		t.Error("the page cuts large pictures square")
	}
}
