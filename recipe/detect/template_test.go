package detect

import (
	"context"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/tensor"
)

// grey makes a picture [h, w, 3] of values in rows.
func grey(h, w int, at func(y, x int) float32) tensor.Tensor {
	v := make([]float32, 0, h*w*3)
	for y := range h {
		for x := range w {
			v = append(v, at(y, x), at(y, x), at(y, x))
		}
	}
	return tensor.Of(v, h, w, 3)
}

// Means over rectangles are those of adding up, wherever the rectangle lies.
func TestMeansAreThoseOfAddingUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, w := rapid.IntRange(1, 9).Draw(t, "h"), rapid.IntRange(1, 9).Draw(t, "w")
		x := grey(h, w, func(y, x int) float32 { return float32((y*7+x*13)%11) - 5 })
		p := planeOf(x, brightness)
		edge := rapid.IntRange(-2, 11)
		y1, x1, y2, x2 := edge.Draw(t, "y1"), edge.Draw(t, "x1"), edge.Draw(t, "y2"), edge.Draw(t, "x2")
		got := p.mean(y1, x1, y2, x2)
		y1, x1 = min(max(y1, 0), h-1), min(max(x1, 0), w-1)
		sum, n := 0.0, 0.0
		for y := y1; y < min(max(y2, y1+1), h); y++ {
			for k := x1; k < min(max(x2, x1+1), w); k++ {
				sum += float64((y*7+k*13)%11) - 5
				n++
			}
		}
		if math.Abs(got-sum/n) > 1e-6 {
			t.Fatalf("mean %g, want %g", got, sum/n)
		}
	})
}

func TestSlopes(t *testing.T) {
	// A ramp of 2 a column and 3 a row; half of it at the edges, where a
	// neighbour is missing.
	v := make([]float64, 16)
	for i := range v {
		v[i] = 3*float64(i/4) + 2*float64(i%4)
	}
	got := slopes(v, 4, 4)
	if want := math.Hypot(4, 6); math.Abs(got[5]-want) > 1e-12 || math.Abs(got[0]-want/2) > 1e-12 {
		t.Errorf("inside %g, at the corner %g, want %g and half of it", got[5], got[0], want)
	}
}

func TestUnit(t *testing.T) {
	v := []float64{1, 2, 3, 10}
	if !unit(v) {
		t.Fatal("it is not even")
	}
	sum, square := 0.0, 0.0
	for _, a := range v {
		sum, square = sum+a, square+a*a
	}
	if math.Abs(sum) > 1e-12 || math.Abs(square-1) > 1e-12 {
		t.Errorf("mean %g, length² %g", sum/4, square)
	}
	if unit([]float64{3, 3, 3}) {
		t.Error("an even surface has contrast")
	}
}

// figures draws a bright cross (class 0) or a bright ring (class 1).
func figure(label int) data.Example {
	y0, x0 := 10+3*label, 20-5*label
	x := grey(48, 48, func(y, x int) float32 {
		u, v := y-y0, x-x0
		if u < 0 || v < 0 || u >= 16 || v >= 16 {
			return 0.1 * float32((y*31+x*17)%7)
		}
		cross := u/6 == 1 || v/6 == 1
		ring := u < 3 || v < 3 || u > 12 || v > 12
		if label == 0 && cross || label == 1 && ring {
			return 3
		}
		return -1
	})
	o := data.Object{X1: float32(x0), Y1: float32(y0), X2: float32(x0 + 16), Y2: float32(y0 + 16), Label: int32(label)}
	return data.Example{X: x}.WithObjects([]data.Object{o})
}

// set is examples in memory.
type set []data.Example

func (s set) Len() int                          { return len(s) }
func (s set) At(i int) (data.Example, error)    { return s[i], nil }
func (s set) truths(i int) (all []metric.Truth) { return metric.Truths(s[i].Objects()) }

// What was learned is found again, where it is and as what it is.
func TestTemplatesFindWhatTheyLearned(t *testing.T) {
	s := set{figure(0), figure(1)}
	for look := range featureNames {
		m, err := learn(context.Background(), s, 2, 10, feature(look))
		if err != nil {
			t.Fatal(err)
		}
		for i := range s {
			found := m.find(s[i].X)
			if len(found) == 0 || found[0].Label != i || found[0].IoU(s.truths(i)[0].Box) < 0.6 {
				t.Errorf("%s: example %d: %v, want %v", featureNames[look], i, found, s.truths(i))
			}
		}
	}
	best, tried, err := tune(context.Background(), s, s, 2)
	if err != nil || len(tried) != 9 {
		t.Fatalf("%d were tried: %v", len(tried), err)
	}
	for _, v := range tried {
		if v.map50 > tried[0].map50 && best.look == tried[0].look && best.overlap == tried[0].overlap {
			t.Errorf("%v is better than the best", v)
		}
	}
}

// A class without an object is never named, and pictures without objects
// teach nothing and are no error.
func TestTemplatesOfNothing(t *testing.T) {
	m, err := learn(context.Background(), set{{X: figure(0).X}}, 3, 10, brightness)
	if err != nil {
		t.Fatal(err)
	}
	if found := m.find(figure(0).X); len(found) != 0 {
		t.Errorf("found %v", found)
	}
	m, err = learn(context.Background(), set{figure(1)}, 3, 10, brightness)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range m.find(figure(1).X) {
		if d.Label != 1 {
			t.Errorf("named %d, which nobody showed", d.Label)
		}
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	if _, _, err := tune(stopped, set{figure(0)}, set{figure(0)}, 1); err == nil {
		t.Error("it went on after the end of its context")
	}
}
