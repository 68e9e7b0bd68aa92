package report

import (
	"encoding/xml"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// svg is what a test reads of a drawing.
type svg struct {
	Width   string   `xml:"width,attr"`
	Height  string   `xml:"height,attr"`
	ViewBox string   `xml:"viewBox,attr"`
	Label   string   `xml:"aria-label,attr"`
	Texts   []text   `xml:"text"`
	Lines   []line   `xml:"line"`
	Curves  []curve  `xml:"polyline"`
	Circles []circle `xml:"circle"`
	Rects   []rect   `xml:"rect"`
	Cells   []cell   `xml:"g"`
}

type text struct {
	Class  string  `xml:"class,attr"`
	X      float64 `xml:"x,attr"`
	Y      float64 `xml:"y,attr"`
	Anchor string  `xml:"text-anchor,attr"`
	Words  string  `xml:",chardata"`
}

type line struct {
	Class string  `xml:"class,attr"`
	X1    float64 `xml:"x1,attr"`
	X2    float64 `xml:"x2,attr"`
	Y1    float64 `xml:"y1,attr"`
	Y2    float64 `xml:"y2,attr"`
}

type curve struct {
	Class  string `xml:"class,attr"`
	Points string `xml:"points,attr"`
}

type circle struct {
	Class string  `xml:"class,attr"`
	X     float64 `xml:"cx,attr"`
	Y     float64 `xml:"cy,attr"`
	Title string  `xml:"title"`
}

type rect struct {
	Class   string  `xml:"class,attr"`
	X       float64 `xml:"x,attr"`
	Y       float64 `xml:"y,attr"`
	Width   float64 `xml:"width,attr"`
	Height  float64 `xml:"height,attr"`
	Opacity string  `xml:"fill-opacity,attr"`
}

type cell struct {
	Title string `xml:"title"`
	Rect  rect   `xml:"rect"`
	Text  *text  `xml:"text"`
}

// drawn reads a figure as strict XML.
func drawn(t *testing.T, f Figure) svg {
	t.Helper()
	var s svg
	if err := xml.Unmarshal([]byte(f.HTML), &s); err != nil {
		t.Fatalf("no XML: %v\n%s", err, f.HTML)
	}
	if s.ViewBox != fmt.Sprintf("0 0 %s %s", s.Width, s.Height) {
		t.Errorf("a box %q for %s × %s", s.ViewBox, s.Width, s.Height)
	}
	return s
}

// points reads a curve's points.
func (c curve) points(t *testing.T) (all [][2]float64) {
	t.Helper()
	for p := range strings.FieldsSeq(c.Points) {
		x, y, _ := strings.Cut(p, ",")
		a, err := strconv.ParseFloat(x, 64)
		b, err2 := strconv.ParseFloat(y, 64)
		if err != nil || err2 != nil || !isFinite(a) || !isFinite(b) {
			t.Fatalf("point %q", p)
		}
		all = append(all, [2]float64{a, b})
	}
	return all
}

// scale finds out what a chart's axis labels say: the value at a coordinate,
// by the two labels furthest apart.
func (s *svg) scale(t *testing.T, along func(text) (at float64, is bool)) func(at float64) float64 {
	t.Helper()
	type label struct{ at, value float64 }
	var all []label
	for _, w := range s.Texts {
		if at, is := along(w); is {
			v, err := strconv.ParseFloat(strings.TrimSuffix(w.Words, "%"), 64)
			if err != nil {
				t.Fatalf("label %q", w.Words)
			}
			if strings.HasSuffix(w.Words, "%") {
				v /= 100
			}
			all = append(all, label{at, v})
		}
	}
	if len(all) < 2 {
		t.Fatalf("%d labels", len(all))
	}
	slices.SortFunc(all, func(a, b label) int { return int(math.Copysign(1, a.at-b.at)) })
	a, b := all[0], all[len(all)-1]
	return func(at float64) float64 { return a.value + (at-a.at)/(b.at-a.at)*(b.value-a.value) }
}

func yLabel(w text) (float64, bool) { return w.Y - 4, w.Anchor == "end" }
func xLabel(h float64) func(w text) (float64, bool) {
	return func(w text) (float64, bool) { return w.X, w.Anchor == "middle" && math.Abs(w.Y-(h-23)) < 0.01 }
}

// What a reader takes from the axes is what was drawn, on any scale.
func TestLinesSayTheirValues(t *testing.T) {
	for _, tt := range []struct {
		name string
		c    Chart
		x, y []float64
	}{
		{"loss", Chart{}, []float64{1, 2, 3, 4}, []float64{2.3, 1.1, 0.7, 0.55}},
		{"share", Chart{Percent: true}, []float64{1, 2, 3}, []float64{0.5, 0.75, 0.8}},
		{"below 0", Chart{}, []float64{-5, 0, 5}, []float64{-30, 20, -10}},
		{"small", Chart{}, []float64{0.1, 0.2, 0.35}, []float64{1e-3, 5e-3, 2e-3}},
		{"other size", Chart{Width: 900, Height: 500}, []float64{1, 100, 200}, []float64{10, 20, 90}},
		{"steps", Chart{}, []float64{0, 5000, 10000}, []float64{1, 2, 3}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := drawn(t, Lines(tt.c, Line{X: tt.x, Y: tt.y}))
			height, _ := strconv.ParseFloat(s.Height, 64)
			width, _ := strconv.ParseFloat(s.Width, 64)
			if len(s.Curves) != 1 {
				t.Fatalf("%d curves", len(s.Curves))
			}
			points := s.Curves[0].points(t)
			if len(points) != len(tt.x) {
				t.Fatalf("%d points, want %d", len(points), len(tt.x))
			}
			toY, toX := s.scale(t, yLabel), s.scale(t, xLabel(height))
			spanX, spanY := slices.Max(tt.x)-slices.Min(tt.x), slices.Max(tt.y)-slices.Min(tt.y)
			for i, p := range points {
				if p[0] < 0 || p[0] > width || p[1] < 0 || p[1] > height {
					t.Errorf("point %v is off the picture of %g × %g", p, width, height)
				}
				if x, y := toX(p[0]), toY(p[1]); math.Abs(x-tt.x[i]) > spanX/200 || math.Abs(y-tt.y[i]) > spanY/150 {
					t.Errorf("(%g, %g) reads (%g, %g)", tt.x[i], tt.y[i], x, y)
				}
			}
		})
	}
}

// Values that are no numbers are left out; what is left is drawn where it
// would be without them.
func TestLinesLeaveOutWhatIsNoNumber(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	with := drawn(t, Lines(Chart{}, Line{X: []float64{1, 2, 3, 4, 5}, Y: []float64{1, nan, inf, -inf, 4}, Dots: true}))
	without := drawn(t, Lines(Chart{}, Line{X: []float64{1, 5}, Y: []float64{1, 4}, Dots: true}))
	if with.Curves[0] != without.Curves[0] {
		t.Errorf("got %q, want %q", with.Curves[0].Points, without.Curves[0].Points)
	}
	if !slices.Equal(with.Circles, without.Circles) || len(with.Circles) != 2 {
		t.Errorf("dots %v, want %v", with.Circles, without.Circles)
	}
}

// A chart of nothing, of a point, of a flat line or of nothing finite is a
// chart all the same, and every point is inside.
func TestLinesOfLittle(t *testing.T) {
	nan := math.NaN()
	for _, tt := range []struct {
		name   string
		line   Line
		points int
	}{
		{"nothing", Line{}, 0},
		{"one point", Line{X: []float64{3}, Y: []float64{0.25}}, 1},
		{"flat", Line{X: []float64{1, 2, 3}, Y: []float64{7, 7, 7}}, 3},
		{"flat at 0", Line{X: []float64{1, 2}, Y: []float64{0, 0}}, 2},
		{"upright", Line{X: []float64{2, 2}, Y: []float64{0, 1}}, 2},
		{"no numbers", Line{X: []float64{1, 2}, Y: []float64{nan, math.Inf(-1)}}, 0},
		{"huge", Line{X: []float64{1, 2}, Y: []float64{1e30, 3e30}}, 2},
	} {
		s := drawn(t, Lines(Chart{}, tt.line))
		points := s.Curves[0].points(t)
		if len(points) != tt.points {
			t.Errorf("%s: %d points, want %d", tt.name, len(points), tt.points)
		}
		for _, p := range points {
			if p[0] < 52 || p[0] > 428 || p[1] < 44 || p[1] > 240 {
				t.Errorf("%s: %v is outside the axes", tt.name, p)
			}
		}
		grid := 0
		for _, l := range s.Lines {
			if l.Class == "grid" {
				grid++
			}
		}
		if grid < 2 {
			t.Errorf("%s: %d grid lines: nobody could read a value", tt.name, grid)
		}
	}
}

// Several lines share the axes, each in a colour of its own that its name has
// too; a dashed one has no name and no colour.
func TestLinesTellApart(t *testing.T) {
	x := []float64{0, 1}
	s := drawn(t, Lines(Chart{Title: "two", X: "step"}, Line{Name: "training", X: x, Y: []float64{0, 1}}, Line{Name: "validation", X: x, Y: []float64{0, 2}}, Line{X: x, Y: []float64{0, 2}, Dash: true}))
	if s.Curves[0].Class == s.Curves[1].Class || s.Curves[2].Class != "dash" {
		t.Errorf("classes %q, %q, %q", s.Curves[0].Class, s.Curves[1].Class, s.Curves[2].Class)
	}
	keys := map[string]string{}
	end := 0.0
	for _, w := range s.Texts {
		if colour, ok := strings.CutPrefix(w.Class, "key "); ok {
			keys[w.Words] = colour
			if w.X < end {
				t.Errorf("the name %q at %g lies on the one before, to %g", w.Words, w.X, end)
			}
			end = w.X + 6*float64(len(w.Words))
		}
	}
	if len(keys) != 2 || keys["training"] != s.Curves[0].Class || keys["validation"] != s.Curves[1].Class {
		t.Errorf("names %v", keys)
	}
	if a, b := s.Curves[0].points(t), s.Curves[1].points(t); a[0] != b[0] || math.Abs((a[0][1]-a[1][1])*2-(b[0][1]-b[1][1])) > 0.3 {
		t.Errorf("%v and %v are not on the same axes", a, b)
	}
	if s.Label != "two" {
		t.Errorf("read aloud it is %q", s.Label)
	}
}

func TestBoundsOfTheAxis(t *testing.T) {
	zero, one := 0.0, 1.0
	s := drawn(t, Lines(Chart{MinY: &zero, MaxY: &one, Percent: true}, Line{X: []float64{0, 1}, Y: []float64{0.4, 0.5}}))
	var labels []string
	for _, w := range s.Texts {
		if w.Anchor == "end" {
			labels = append(labels, w.Words)
		}
	}
	if !slices.Equal(labels, []string{"0%", "20%", "40%", "60%", "80%", "100%"}) {
		t.Errorf("labels %q", labels)
	}
}

func TestNumber(t *testing.T) {
	for _, tt := range []struct {
		v    float64
		want string
	}{
		{0, "0"}, {math.Copysign(0, -1), "0"}, {1, "1"}, {-2.5, "-2.5"}, {0.123456, "0.1235"}, {1234, "1234"}, {12345.6, "1.235e+04"},
		{0.0001, "0.0001"}, {0.00001, "1.0e-05"}, {1e6, "1.0e+06"}, {-3e-9, "-3.0e-09"},
	} {
		if got := number(tt.v); got != tt.want {
			t.Errorf("%g: got %q, want %q", tt.v, got, tt.want)
		}
	}
}

// hostile are names that end a tag, an attribute or a page, were they not
// escaped.
var hostile = []string{
	`</svg><script>alert(1)</script>`, `" onload="alert(1)`, `' onclick='x`, `<!--`, `]]>`, `&lt;`, `a & b`, "ünï <©> 猫", `{{.Title}}`, "",
}

// Names that people give their classes come out as they are, whatever is in
// them, in each figure that shows names.
func TestHostileNamesComeOutAsTheyAre(t *testing.T) {
	for _, name := range hostile {
		s := drawn(t, Lines(Chart{Title: name, X: name}, Line{Name: name, X: []float64{1}, Y: []float64{1}}))
		if s.Label != name || s.Texts[0].Words != name {
			t.Errorf("title %q and %q, want %q", s.Label, s.Texts[0].Words, name)
		}
		s = drawn(t, Bars(name, []string{name}, []float64{1}, nil, func(float64) string { return name }))
		if s.Texts[1].Words != name || s.Texts[2].Words != name {
			t.Errorf("bars: %q, %q, want %q", s.Texts[1].Words, s.Texts[2].Words, name)
		}
		s = drawn(t, Confusion([]string{name, "b"}, [][]int{{3, 1}, {0, 2}}))
		if s.Texts[1].Words != name || s.Texts[2].Words != name || s.Cells[1].Title != name+" taken for b: 1 of 4" {
			t.Errorf("confusion: %q, %q, %q, want %q", s.Texts[1].Words, s.Texts[2].Words, s.Cells[1].Title, name)
		}
		var table struct {
			Rows []struct {
				Head []string `xml:"th"`
				Data []string `xml:"td"`
			} `xml:"tr"`
		}
		if err := xml.Unmarshal([]byte(Table([]string{name}, [][]string{{name, "x"}}).HTML), &table); err != nil {
			t.Fatalf("table: %v", err)
		}
		if table.Rows[0].Head[0] != name || table.Rows[1].Data[0] != name || table.Rows[1].Data[1] != "x" {
			t.Errorf("table %q, want %q", table.Rows, name)
		}
		var pre string
		if err := xml.Unmarshal([]byte(Listing(name).HTML), &pre); err != nil || pre != name {
			t.Errorf("listing %q, want %q: %v", pre, name, err)
		}
	}
}

var tag = regexp.MustCompile(`<[a-zA-Z/!][^>]*>`)

// Hostile words on a page leave its tags as harmless words do.
func TestHostileWordsAddNoTag(t *testing.T) {
	page := func(word string) []string {
		p := Page{Title: word, Lead: "l" + word, Facts: []Fact{{Name: word, Value: word, Note: "n" + word}},
			Sections: []Section{{Title: word, Text: []string{word}, Body: []Figure{Table([]string{word}, nil).Under("c" + word)}}}}
		var b strings.Builder
		if err := p.Write(&b); err != nil {
			t.Fatal(err)
		}
		return tag.FindAllString(b.String(), -1)
	}
	want := page("plain")
	for _, word := range hostile {
		if got := page(word); !slices.Equal(got, want) {
			t.Errorf("%q makes %d tags, want %d", word, len(got), len(want))
		}
	}
}

// With Log, y goes by powers of ten: 1000 is as far above 10 as 10 above 0.1,
// and what has no logarithm is left out.
func TestLogarithmicAxis(t *testing.T) {
	s := drawn(t, Lines(Chart{Log: true}, Line{X: []float64{1, 2, 3, 4, 5}, Y: []float64{.1, 10, 1000, 0, -3}, Dots: true}))
	if len(s.Circles) != 3 {
		t.Fatalf("%d points, want 3", len(s.Circles))
	}
	if a, b := s.Circles[0].Y-s.Circles[1].Y, s.Circles[1].Y-s.Circles[2].Y; math.Abs(a-b) > .2 || a < 10 {
		t.Errorf("steps of %g and %g", a, b)
	}
	var labels []string
	for _, text := range s.Texts {
		labels = append(labels, text.Words)
	}
	for _, want := range []string{"0.1", "10", "1000"} {
		if !slices.Contains(labels, want) {
			t.Errorf("labels %q lack %s", labels, want)
		}
	}
	tiny := drawn(t, Lines(Chart{Log: true}, Line{X: []float64{1, 2}, Y: []float64{1e-12, 1}}))
	if !slices.ContainsFunc(tiny.Texts, func(x text) bool { return x.Words == "1e-10" }) {
		t.Errorf("no label 1e-10: %+v", tiny.Texts)
	}
}

// Names that do not fit in a row go on in the next, and the figure grows; eight
// lines have eight colours.
func TestManyLines(t *testing.T) {
	var lines []Line
	for i := range 8 {
		lines = append(lines, Line{Name: fmt.Sprint("activation ", i), X: []float64{1, 2}, Y: []float64{0, float64(i)}})
	}
	s, one := drawn(t, Lines(Chart{}, lines...)), drawn(t, Lines(Chart{}, lines[:1]...))
	rows, classes := map[float64]bool{}, map[string]bool{}
	for _, x := range s.Texts {
		if strings.HasPrefix(x.Class, "key") {
			rows[x.Y], classes[x.Class] = true, true
			if end := x.X + 8*float64(len(x.Words)); end > 440 {
				t.Errorf("%q ends at %g", x.Words, end)
			}
		}
	}
	h, _ := strconv.Atoi(s.Height)
	less, _ := strconv.Atoi(one.Height)
	if len(rows) < 2 || len(classes) != 8 || h != less+16*(len(rows)-1) {
		t.Errorf("%d rows, %d colours, %d high, and %d for one line", len(rows), len(classes), h, less)
	}
}
