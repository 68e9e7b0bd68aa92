package metric

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/data"
)

// sceneDice and scene are those of testdata/coco.py.
type sceneDice uint64

func (d *sceneDice) roll(n int) int {
	*d = *d*6364136223846793005 + 1442695040888963407
	return int(*d >> 33 % sceneDice(n))
}

const sceneClasses = 4

func at(x, y, w, h int) Box {
	return Box{float64(x), float64(y), float64(x + w), float64(y + h)}
}

func scene(seed int) (there []Truth, found []Detection) {
	d := sceneDice(seed)
	r := d.roll
	for range 4 {
		r(2)
	}
	for range r(8) {
		w := 4 + r(60)*(1+2*r(2))
		h := 4 + r(60)*(1+2*r(2))
		x, y := r(200), r(200)
		label, crowd := r(sceneClasses), r(10) == 0
		size := w * h * (60 + r(41)) / 100
		there = append(there, Truth{Box: at(x, y, w, h), Label: label, Size: float64(size), Crowd: crowd})
		for range r(3) {
			found = append(found, near4(r, x, y, w, h, label))
		}
	}
	extra := 120
	if seed%50 != 0 {
		extra = r(6)
	}
	for range extra {
		x, y, w, h := r(200), r(200), 4+r(120), 4+r(120)
		found = append(found, Detection{Box: at(x, y, w, h), Label: r(sceneClasses), Score: float64(r(50)) / 64})
	}
	return there, found
}

// near4 is an object moved by some pixels.
func near4(r func(int) int, x, y, w, h, label int) Detection {
	d := 1 + r(8)
	x, y, w, h = x+r(2*d+1)-d, y+r(2*d+1)-d, w+r(2*d+1)-d, h+r(2*d+1)-d
	if r(6) == 0 {
		label = r(sceneClasses)
	}
	return Detection{Box: at(x, y, max(w, 1), max(h, 1)), Label: label, Score: float64(20+r(40)) / 64}
}

func scenesFrom(from, to int) *COCO {
	c := &COCO{}
	for i := from; i < to; i++ {
		there, found := scene(i)
		c.Add(found, there)
	}
	return c
}

func (d Detections) list() []float64 {
	return []float64{d.AP, d.AP50, d.AP75, d.APSmall, d.APMedium, d.APLarge, d.AR1, d.AR10, d.AR100, d.ARSmall, d.ARMedium, d.ARLarge}
}

func TestCOCOAgainstPycocotools(t *testing.T) {
	var want struct {
		Whole, Any_class []float64
		Classes, Groups  [][]float64
		Single           [][]float64
	}
	text, err := os.ReadFile("testdata/coco.json")
	if err == nil {
		err = json.Unmarshal(text, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	all := scenesFrom(0, 1000)
	got := all.Scores()
	sameScores(t, "1,000 scenes", got.list(), want.Whole)
	sameScores(t, "any class", all.AnyClass().list(), want.Any_class)
	for i, c := range got.Classes {
		sameScores(t, fmt.Sprint("class ", c.Label), []float64{c.AP, c.AP50, c.AP75, c.AR100}, want.Classes[i])
	}
	for i, g := range want.Groups {
		sameScores(t, fmt.Sprint("group ", i), scenesFrom(25*i, 25*i+25).Scores().list(), g)
	}
	for i, s := range want.Single {
		if s != nil {
			got := scenesFrom(i, i+1).Scores()
			sameScores(t, fmt.Sprint("scene ", i), []float64{got.AP, got.AR100}, s)
		}
	}
}

// sameScores compares; -1 is how pycocotools writes NaN.
func sameScores(t *testing.T, name string, got, want []float64) {
	t.Helper()
	for i, g := range got {
		if w := want[i]; w == -1 && !math.IsNaN(g) || w != -1 && !(math.Abs(g-w) <= 1e-8) {
			t.Errorf("%s, score %d: got %.9f, want %.9f", name, i, g, w)
		}
	}
}

func TestCOCOByHand(t *testing.T) {
	a, b := at(0, 0, 10, 10), at(40, 40, 20, 20)
	for _, c := range []struct {
		name  string
		found []Detection
		there []Truth
		want  float64 // AP50
	}{
		{"all found", []Detection{{a, 0, .9}, {b, 1, .3}}, []Truth{{Box: a}, {Box: b, Label: 1}}, 1},
		{"nothing found", nil, []Truth{{Box: a}}, 0},
		{"found twice, later", []Detection{{a, 0, .9}, {a, 0, .8}}, []Truth{{Box: a}}, 1},
		{"another class", []Detection{{a, 1, .9}}, []Truth{{Box: a}}, 0},
		{"a mistake ahead", []Detection{{b, 0, .9}, {a, 0, .8}}, []Truth{{Box: a}}, .5},
		{"a crowd harms nobody", []Detection{{b, 0, .9}, {b, 0, .85}, {a, 0, .8}}, []Truth{{Box: a}, {Box: b, Crowd: true}}, 1},
		{"ignored once, then a mistake", []Detection{{b, 0, .9}, {b, 0, .85}, {a, 0, .8}}, []Truth{{Box: a}, {Box: b, Ignore: true}}, .5},
		{"nothing there", []Detection{{a, 0, .9}}, nil, math.NaN()},
		{"no score at all", []Detection{{a, 0, math.NaN()}}, []Truth{{Box: a}}, 0},
	} {
		var m COCO
		m.Add(c.found, c.there)
		if got := m.Scores().AP50; got != c.want && math.Abs(got-c.want) > 1e-12 && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("%s: AP50 %g, want %g", c.name, got, c.want)
		}
	}
}

// Scores do not depend on the order of pictures when no two scores are equal,
// nor on adding pictures with nothing in them.
func TestCOCOOrder(t *testing.T) {
	var up, down COCO
	for i := range 40 {
		there, found := scene(i)
		for k := range found {
			found[k].Score += float64(i*1000+k) * 1e-9
		}
		up.Add(found, there)
		up.Add(nil, nil)
		there, found = scene(39 - i)
		for k := range found {
			found[k].Score += float64((39-i)*1000+k) * 1e-9
		}
		slices.Reverse(found)
		down.Add(found, there)
	}
	sameScores(t, "other order", up.Scores().list(), down.Scores().list())
	if up.Len() != 80 {
		t.Errorf("%d pictures, want 80", up.Len())
	}
}

func TestBoxes(t *testing.T) {
	for _, c := range []struct {
		a, b      Box
		iou, giou float64
	}{
		{at(0, 0, 10, 10), at(0, 0, 10, 10), 1, 1},
		{at(0, 0, 10, 10), at(5, 0, 10, 10), 1. / 3, 1. / 3},
		{at(0, 0, 10, 10), at(20, 0, 10, 10), 0, -1. / 3},
		{at(0, 0, 4, 4), at(2, 2, 4, 4), 4. / 28, 4./28 - 8./36},
		{at(0, 0, 0, 0), at(3, 3, 0, 0), 0, -1},
		{Box{}, Box{}, 0, 0},
		{Box{5, 5, 1, 1}, at(0, 0, 10, 10), 0, 0}, // inside out
	} {
		for _, p := range [][2]Box{{c.a, c.b}, {c.b, c.a}} {
			if got := p[0].IoU(p[1]); math.Abs(got-c.iou) > 1e-15 {
				t.Errorf("IoU of %v and %v is %g, want %g", p[0], p[1], got, c.iou)
			}
			if got := p[0].GIoU(p[1]); math.Abs(got-c.giou) > 1e-15 {
				t.Errorf("GIoU of %v and %v is %g, want %g", p[0], p[1], got, c.giou)
			}
		}
	}
}

func TestTruths(t *testing.T) {
	got := Truths([]data.Object{{X1: 1, Y1: 2, X2: 3, Y2: 5, Label: 7, Difficult: true}, {Crowd: true}})
	if want := (Truth{Box: Box{1, 2, 3, 5}, Label: 7, Ignore: true}); got[0] != want || !got[1].Crowd || got[0].size() != 6 {
		t.Errorf("got %+v, want %+v first", got, want)
	}
}

// A curve by hand: two objects, one found first, then a mistake, then the other.
func TestCurveByHand(t *testing.T) {
	var c COCO
	there := []Truth{{Box: Box{0, 0, 10, 10}, Label: 1}, {Box: Box{20, 20, 30, 30}, Label: 2}}
	c.Add([]Detection{
		{Box{0, 0, 10, 10}, 1, .9}, {Box{40, 0, 50, 10}, 1, .8}, {Box{20, 20, 30, 28}, 1, .7}, // of the wrong class
	}, there)
	recall, precision := c.Curve(-1, .5)
	if want := []float64{.5, .5, 1}; !slices.Equal(recall, want) {
		t.Errorf("recall %v, want %v", recall, want)
	}
	for i, want := range []float64{1, .5, 2. / 3} {
		if math.Abs(precision[i]-want) > 1e-12 {
			t.Errorf("precision %v, want 1, 1/2, 2/3", precision)
		}
	}
	if r, p := c.Curve(1, .5); len(r) != 3 || r[2] != 1 || math.Abs(p[2]-1./3) > 1e-12 {
		t.Errorf("of class 1: %v, %v", r, p)
	}
	if r, _ := c.Curve(-1, .95); r[2] != .5 { // the third is .8 of its object
		t.Errorf("at .95: recall %v", r)
	}
	if r, p := c.Curve(7, .5); r != nil || p != nil {
		t.Errorf("of a class that is not there: %v, %v", r, p)
	}
	if r, _ := c.Curve(1, .52); r != nil {
		t.Errorf("at .52: %v", r)
	}
}
