package draw

import (
	"image"
	"image/color"
	"testing"

	"pgregory.net/rapid"
)

func TestEnlarged(t *testing.T) {
	from := plain(3, 2, black)
	from.SetRGBA(2, 1, red)
	to := Enlarged(from, 4)
	if to.Rect != image.Rect(0, 0, 12, 8) {
		t.Fatal(to.Rect)
	}
	for y := range 8 {
		for x := range 12 {
			if want := from.RGBAAt(x/4, y/4); to.RGBAAt(x, y) != want {
				t.Errorf("(%d, %d) is %v, want %v", x, y, to.RGBAAt(x, y), want)
			}
		}
	}
	if same := Enlarged(from, 0); same.Rect != from.Rect || same.RGBAAt(2, 1) != red {
		t.Error("a factor of 0 is no copy")
	}
	for _, c := range []struct{ w, h, least, want int }{{96, 96, 320, 4}, {320, 900, 320, 1}, {4000, 3000, 320, 1}, {1, 5, 320, 320}, {0, 0, 10, 10}} {
		if got := Factor(image.Pt(c.w, c.h), c.least); got != c.want {
			t.Errorf("%v: %d", c, got)
		}
	}
}

// Each box is where its mark is, in its class's colour, whatever the factor;
// pixels that are neither near an edge nor under words stay.
func TestBoxesLieWhereTheyAre(t *testing.T) {
	for factor := 1; factor <= 4; factor++ {
		from := plain(100, 80, white)
		to := Boxes(from, factor, []Mark{{X1: 20, Y1: 30, X2: 60, Y2: 70, Class: 3}})
		left, top, right, bottom := 20*factor, 30*factor, 60*factor-1, 70*factor-1
		for _, p := range []image.Point{{left, 50 * factor}, {right, 50 * factor}, {40 * factor, top}, {40 * factor, bottom}} {
			if to.RGBAAt(p.X, p.Y) != Colour(3) {
				t.Errorf("factor %d: %v is %v, want %v", factor, p, to.RGBAAt(p.X, p.Y), Colour(3))
			}
		}
		if to.RGBAAt(40*factor, 50*factor) != white || to.RGBAAt(5*factor, 5*factor) != white {
			t.Errorf("factor %d: pixels away from the box have changed", factor)
		}
	}
}

// Words of boxes on top of each other lie apart while there is room.
func TestWordsLieApart(t *testing.T) {
	d := board{to: plain(400, 300, white), factor: 1, text: 14}
	for k := range 4 {
		d.words(Mark{X1: 100, Y1: 100, X2: 200, Y2: 220, Class: k, Words: "ankle boot 91%"})
	}
	for a := range d.plates {
		for b := range a {
			if d.plates[a].Overlaps(d.plates[b]) {
				t.Errorf("words %d at %v lie on words %d at %v", a, d.plates[a], b, d.plates[b])
			}
		}
		if !d.plates[a].In(d.to.Rect) {
			t.Errorf("words %d are outside: %v", a, d.plates[a])
		}
	}
}

// Marks anywhere, of any size and number, in pictures of any, draw without a
// panic, and never change the picture they are drawn from.
func TestAnyMarks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 90).Draw(t, "w"), rapid.IntRange(1, 90).Draw(t, "h")
		from, at := plain(w, h, white), rapid.Float64Range(-200, 200)
		var marks []Mark
		for range rapid.IntRange(0, 6).Draw(t, "n") {
			marks = append(marks, Mark{at.Draw(t, "x1"), at.Draw(t, "y1"), at.Draw(t, "x2"), at.Draw(t, "y2"), rapid.IntRange(0, 99).Draw(t, "class"), "dress 7%"})
		}
		to := Boxes(from, rapid.IntRange(0, 3).Draw(t, "factor"), marks)
		if to.Rect.Dx()%w != 0 || to.Rect.Dy()%h != 0 {
			t.Fatalf("%v of %d×%d", to.Rect, w, h)
		}
		if !changed(from, white).Empty() {
			t.Fatal("the picture was drawn on")
		}
		for _, p := range []color.RGBA{to.RGBAAt(0, 0), to.RGBAAt(to.Rect.Max.X-1, to.Rect.Max.Y-1)} {
			if p.A != 255 {
				t.Fatalf("a corner is %v", p)
			}
		}
	})
}
