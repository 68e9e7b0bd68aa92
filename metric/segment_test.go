package metric

import (
	"encoding/json"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// segmented is testdata/segment.json, which segment.py beside it makes.
type segmented struct {
	Shape                                 []int // N, H, W, C
	Truth, Guess                          []string
	IoU                                   []float64
	MIoU, No_background, Object, Accuracy float64
	Boundary                              map[string]float64
}

func readSegmented(t *testing.T) (s segmented) {
	t.Helper()
	text, err := os.ReadFile("testdata/segment.json")
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// labels reads a picture of digits; x is a pixel that is left out.
func labels(rows []string) (all []int) {
	for _, c := range strings.Join(rows, "") {
		if c == 'x' {
			all = append(all, ignored)
		} else {
			all = append(all, int(c-'0'))
		}
	}
	return all
}

// asLogits returns logits whose greatest are the labels.
func asLogits(labels []int, n, h, w, c int) T {
	return tensor.Ints(labels...).Reshape(n, h, w).OneHot(c).Scale(3).Shift(-1)
}

func TestSegmentationAgainstScikitLearnAndSciPy(t *testing.T) {
	s := readSegmented(t)
	n, h, w, c := s.Shape[0], s.Shape[1], s.Shape[2], s.Shape[3]
	out, target := asLogits(labels(s.Guess), n, h, w, c), tensor.Ints(labels(s.Truth)...).Reshape(n, h, w)
	wants := map[Metric]float64{
		MeanIoU{}: s.MIoU, MeanIoU{NoBackground: true}: s.No_background, ObjectIoU{}: s.Object, Accuracy{}: s.Accuracy,
	}
	for class, v := range s.IoU {
		wants[MeanIoU{}.Of(class)] = v
	}
	for name, v := range s.Boundary {
		tolerance, err := strconv.ParseFloat(name, 64)
		if err != nil {
			t.Fatal(err)
		}
		wants[BoundaryF{Tolerance: tolerance, NoBackground: tolerance > 3}] = v
	}
	wants[BoundaryF{}] = s.Boundary["1"]
	for m, want := range wants {
		whole, parts := m.New(), m.New()
		if err := whole.Add(out, target); err != nil {
			t.Fatal(m, err)
		}
		for i := range n {
			if err := parts.Add(out.Slice(0, i, i+1), target.Slice(0, i, i+1)); err != nil {
				t.Fatal(m, err)
			}
		}
		for how, got := range map[string]float64{"at once": whole.Result(), "one by one": parts.Result()} {
			if !(math.Abs(got-want) <= 1e-12) {
				t.Errorf("%s %+v, %s: got %.12f, want %.12f", m.Name(), m, how, got, want)
			}
		}
	}
}

func TestSegmentationLaws(t *testing.T) {
	s := readSegmented(t)
	n, h, w, c := s.Shape[0], s.Shape[1], s.Shape[2], s.Shape[3]
	truth := labels(s.Truth)
	perfect := make([]int, len(truth))
	for i, l := range truth {
		perfect[i] = max(l, 0)
	}
	out, target := asLogits(perfect, n, h, w, c), tensor.Ints(truth...).Reshape(n, h, w)
	nothing := tensor.Full(ignored, n, h, w).To(tensor.Int32)
	for _, m := range []Metric{MeanIoU{}, MeanIoU{NoBackground: true}, MeanIoU{}.Of(2), ObjectIoU{}, BoundaryF{}, BoundaryF{NoBackground: true, Tolerance: .5}} {
		if m.Better() != 1 || m.Name() == "" {
			t.Errorf("%T is named %q and better %d", m, m.Name(), m.Better())
		}
		a := m.New()
		if got := a.Result(); !math.IsNaN(got) {
			t.Errorf("%s of nothing is %g, want NaN", m.Name(), got)
		}
		if err := a.Add(out, target); err != nil {
			t.Fatal(err)
		}
		if got := a.Result(); got != 1 {
			t.Errorf("%s of what is there is %g, want 1", m.Name(), got)
		}
		if err := a.Add(out, nothing); err != nil {
			t.Fatal(err)
		}
		if got := a.Result(); got != 1 {
			t.Errorf("%s is %g after a batch without labels, want 1", m.Name(), got)
		}
		if err := a.Add(out, target.Reshape(n, w, h)); err == nil {
			t.Errorf("%s takes a target of another shape", m.Name())
		}
	}
}

func TestSegmentationErrors(t *testing.T) {
	out, target := tensor.Zeros(1, 2, 2, 3), tensor.Zeros(1, 2, 2).To(tensor.Int32)
	for _, c := range []struct {
		m           Metric
		out, target T
		want        string
	}{
		{BoundaryF{}, out.Reshape(4, 3), target.Flatten(), "logits [N, H, W, classes]"},
		{BoundaryF{Tolerance: -1}, out, target, "tolerance is -1"},
		{BoundaryF{}, out, target.To(tensor.Float32), "int32 labels"},
		{MeanIoU{}.Of(3), out, target, "classes are 0…2"},
	} {
		if err := c.m.New().Add(c.out, c.target); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.m.Name(), err, c.want)
		}
	}
}
