package metric

import (
	"math"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// several returns some scenes, changed by f.
func several(from, to int, f func(there []Truth, found []Detection) ([]Truth, []Detection)) *COCO {
	c := &COCO{}
	for i := from; i < to; i++ {
		there, found := f(scene(i))
		c.Add(found, there)
	}
	return c
}

func unchanged(there []Truth, found []Detection) ([]Truth, []Detection) { return there, found }

func TestCOCOLaws(t *testing.T) {
	base := several(201, 230, unchanged)
	for _, law := range []struct {
		name string
		f    func(there []Truth, found []Detection) ([]Truth, []Detection)
		same bool // or no better
	}{
		{"moved pictures", func(a []Truth, b []Detection) ([]Truth, []Detection) {
			for i := range a {
				a[i].Box = moved(a[i].Box, 64, -32)
			}
			for i := range b {
				b[i].Box = moved(b[i].Box, 64, -32)
			}
			return a, b
		}, true},
		{"scores scaled", func(a []Truth, b []Detection) ([]Truth, []Detection) {
			for i := range b {
				b[i].Score = math.Exp(b[i].Score)
			}
			return a, b
		}, true},
		{"labels renamed", func(a []Truth, b []Detection) ([]Truth, []Detection) {
			for i := range a {
				a[i].Label = 7 - a[i].Label
			}
			for i := range b {
				b[i].Label = 7 - b[i].Label
			}
			return a, b
		}, true},
		{"a class found that is nowhere", func(a []Truth, b []Detection) ([]Truth, []Detection) {
			return a, append(b, Detection{Box: at(0, 0, 50, 50), Label: 9, Score: 2})
		}, true},
		{"certain mistakes", func(a []Truth, b []Detection) ([]Truth, []Detection) {
			for l := range sceneClasses {
				b = append(b, Detection{Box: at(900, 900, 50, 50), Label: l, Score: 2})
			}
			return a, b
		}, false},
		{"half the detections lost", func(a []Truth, b []Detection) ([]Truth, []Detection) {
			for i := range b {
				if i%2 == 0 {
					b[i].Score = math.NaN()
				}
			}
			return a, b
		}, false},
	} {
		got, want := several(201, 230, law.f).Scores(), base.Scores()
		for i, g := range got.list() {
			w := want.list()[i]
			recall := i >= 6 // which mistakes do not lower, and losses may raise at few detections
			if law.same && math.Abs(g-w) > 1e-9 || !law.same && !recall && g > w+1e-9 {
				t.Errorf("%s: score %d is %g, was %g", law.name, i, g, w)
			}
		}
	}
}

func moved(b Box, dx, dy float64) Box { return Box{b.X1 + dx, b.Y1 + dy, b.X2 + dx, b.Y2 + dy} }

// Who finds everything has 1, whatever the sizes, numbers and crowds.
func TestCOCOOfThePerfect(t *testing.T) {
	c := several(300, 340, func(there []Truth, _ []Detection) ([]Truth, []Detection) {
		var found []Detection
		for k, o := range there {
			if !o.Crowd {
				found = append(found, Detection{o.Box, o.Label, 1 - float64(k)/100})
			}
		}
		return there, found
	})
	s := c.Scores()
	for _, v := range []float64{s.AP, s.AP50, s.AP75, s.APSmall, s.APMedium, s.APLarge, s.AR100, s.ARSmall} {
		if math.Abs(v-1) > 1e-9 {
			t.Errorf("scores %+v", s)
		}
	}
	if s.AR1 >= s.AR10 || s.AR10 > s.AR100 {
		t.Errorf("recall with 1, 10 and 100 detections: %g, %g, %g", s.AR1, s.AR10, s.AR100)
	}
	for _, k := range s.Classes {
		if k.Objects == 0 || k.AP50 < k.AP {
			t.Errorf("class %+v", k)
		}
	}
}

// With one class, labels do not matter; a stricter threshold is never easier.
func TestCOCOOfOneClass(t *testing.T) {
	one := several(400, 430, func(there []Truth, found []Detection) ([]Truth, []Detection) {
		for i := range there {
			there[i].Label = 3
		}
		for i := range found {
			found[i].Label = 3
		}
		return there, found
	})
	sameScores(t, "one class", one.Scores().list(), one.AnyClass().list())
	all := sweep([]*COCO{one}, 0, endless, most)[0]
	if !slices.IsSortedFunc(all.precision[:], func(a, b float64) int { return int(math.Copysign(1, b-a)) * btoi(a != b) }) {
		t.Errorf("precision by threshold: %v", all.precision)
	}
	if all.objects == 0 || all.recall[0] < all.recall[9] {
		t.Errorf("recall by threshold: %v", all.recall)
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// The caller's slices stay as they are.
func TestCOCOLeavesItsInput(t *testing.T) {
	there, found := scene(50)
	a, b := slices.Clone(there), slices.Clone(found)
	var c COCO
	c.Add(found, there)
	c.Scores()
	if !slices.Equal(a, there) || !slices.Equal(b, found) {
		t.Error("Add or Scores changed what it was given")
	}
}

// IoU of any two boxes: symmetric, unmoved by moving both, and GIoU no greater.
func TestBoxLaws(t *testing.T) {
	d := sceneDice(5)
	for range 300 {
		a, b := at(d.roll(50), d.roll(50), 1+d.roll(40), 1+d.roll(40)), at(d.roll(50), d.roll(50), 1+d.roll(40), 1+d.roll(40))
		iou, giou := a.IoU(b), a.GIoU(b)
		if iou != b.IoU(a) || giou != b.GIoU(a) || iou != moved(a, 8, 4).IoU(moved(b, 8, 4)) {
			t.Fatalf("%v and %v: not symmetric, or changed by moving", a, b)
		}
		if iou < 0 || iou > 1 || giou > iou || giou < -1 || (iou == 1) != (a == b) {
			t.Fatalf("%v and %v: IoU %g, GIoU %g", a, b, iou, giou)
		}
		// By counting pixels: edges are whole numbers.
		both, either := 0, 0
		for p := range 100 * 100 {
			x, y := float64(p%100)+.5, float64(p/100)+.5
			in := [2]bool{x > a.X1 && x < a.X2 && y > a.Y1 && y < a.Y2, x > b.X1 && x < b.X2 && y > b.Y1 && y < b.Y2}
			both, either = both+btoi(in[0] && in[1]), either+btoi(in[0] || in[1])
		}
		if want := float64(both) / float64(either); math.Abs(iou-want) > 1e-12 {
			t.Fatalf("%v and %v: IoU %g, pixels say %g", a, b, iou, want)
		}
	}
}

// The boundary score grows with the tolerance and takes the outlines the same
// way round either way.
func TestBoundaryLaws(t *testing.T) {
	s := readSegmented(t)
	n, h, w, c := s.Shape[0], s.Shape[1], s.Shape[2], s.Shape[3]
	truth, guess := labels(s.Truth), labels(s.Guess)
	for i, l := range truth {
		truth[i] = max(l, 0)
	}
	score := func(a, b []int, tolerance float64) float64 {
		m := BoundaryF{Tolerance: tolerance}.New()
		if err := m.Add(asLogits(a, n, h, w, c), tensor.Ints(b...).Reshape(n, h, w)); err != nil {
			t.Fatal(err)
		}
		return m.Result()
	}
	last := 0.
	for _, tolerance := range []float64{.5, 1, 1.5, 2, 4, 40} {
		a, b := score(guess, truth, tolerance), score(truth, guess, tolerance)
		if math.Abs(a-b) > 1e-12 || a < last {
			t.Errorf("within %g: %g, and %g the other way round; %g before", tolerance, a, b, last)
		}
		last = a
	}
}

// IoU of a confusion matrix by hand.
func TestConfusionIoU(t *testing.T) {
	c := Confusion{Matrix: [][]int{{5, 1, 0}, {2, 3, 0}, {0, 0, 0}}}
	for class, want := range []float64{5. / 8, 3. / 6, 0, 0} {
		if got := c.IoU(class); got != want {
			t.Errorf("class %d: %g, want %g", class, got, want)
		}
	}
	if got := c.Macro(c.IoU); got != (5./8+.5)/2 {
		t.Errorf("mean %g", got)
	}
	if got := c.Macro(c.IoU, 0); got != .5 {
		t.Errorf("mean without class 0: %g", got)
	}
}
