package metric

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// foundTable puts detections into a table [N, K, 6].
func foundTable(pictures [][]Detection) T {
	rows := 1
	for _, p := range pictures {
		rows = max(rows, len(p))
	}
	v := make([]float64, 6*rows*len(pictures))
	for i, p := range pictures {
		for k, d := range p {
			copy(v[6*(i*rows+k):], []float64{d.X1, d.Y1, d.X2, d.Y2, d.Score, float64(d.Label)})
		}
	}
	return tensor.Of(v, len(pictures), rows, 6).To(tensor.Float32)
}

// The scores of tables are those of COCO, which pycocotools agrees with.
func TestMeanAveragePrecision(t *testing.T) {
	var c COCO
	var found [][]Detection
	var there [][]Truth
	for i := 100; i < 140; i++ {
		b, a := scene(i)
		for k := range b {
			b[k].Size = 0
			b[k].Ignore = !b[k].Crowd && k%5 == 0
		}
		for k := range a {
			a[k].Score += 1. / 64 // 0 is padding
		}
		found, there = append(found, a), append(there, b)
		c.Add(a, b)
	}
	all, any := c.Scores(), c.AnyClass()
	for _, m := range []struct {
		MeanAveragePrecision
		name string
		want float64
	}{
		{MeanAveragePrecision{}, "map", all.AP},
		{MeanAveragePrecision{IoU: .5}, "map50", all.AP50},
		{MeanAveragePrecision{IoU: .75}, "map75", all.AP75},
		{MeanAveragePrecision{AnyClass: true}, "ap_any_class", any.AP},
		{MeanAveragePrecision{IoU: .5, AnyClass: true}, "ap50_any_class", any.AP50},
	} {
		if m.Name() != m.name || m.Better() != 1 {
			t.Errorf("name %q, want %q", m.Name(), m.name)
		}
		a := m.New()
		if got := a.Result(); !math.IsNaN(got) {
			t.Errorf("%s of nothing is %g, want NaN", m.name, got)
		}
		for i := 0; i < len(found); i += 8 {
			if err := a.Add(foundTable(found[i:i+8]), Table(there[i:i+8])); err != nil {
				t.Fatal(err)
			}
		}
		if got := a.Result(); math.Abs(got-m.want) > 1e-12 {
			t.Errorf("%s: %g, want %g", m.name, got, m.want)
		}
	}
}

func TestMeanAveragePrecisionErrors(t *testing.T) {
	table := tensor.Zeros(2, 3, 6)
	bad := tensor.Full(math.NaN(), 2, 3, 6)
	for _, c := range []struct {
		m           MeanAveragePrecision
		out, target T
		want        string
	}{
		{MeanAveragePrecision{}, tensor.Zeros(2, 3, 5), table, "tables [N, K, 6]"},
		{MeanAveragePrecision{}, table, tensor.Zeros(1, 3, 6), "tables [N, K, 6]"},
		{MeanAveragePrecision{IoU: .52}, table, table, "one of .5, .55"},
		{MeanAveragePrecision{}, bad, table, "example 0 is NaN"},
	} {
		if err := c.m.New().Add(c.out, c.target); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}

func TestFound(t *testing.T) {
	_, all := scene(3)
	for i := range all {
		all[i].Score++
	}
	got := Found(foundTable([][]Detection{all, nil}))
	if len(got) != 2 || !slices.Equal(got[0], all) || got[1] != nil {
		t.Errorf("got %v, want %v", got, all)
	}
	if err := tensor.Try(func() { Found(tensor.Zeros(3, 6)) }); err == nil {
		t.Error("no error of a table of rank 2")
	}
}

func ExampleCOCO() {
	var c COCO
	c.Add(
		[]Detection{{Box{10, 10, 30, 32}, 0, .9}, {Box{50, 50, 60, 60}, 1, .4}},
		[]Truth{{Box: Box{10, 10, 30, 30}, Label: 0}, {Box: Box{80, 50, 90, 60}, Label: 1}},
	)
	s := c.Scores()
	fmt.Printf("AP50 %.2f, of class 0 %.2f, of class 1 %.2f\n", s.AP50, s.Classes[0].AP50, s.Classes[1].AP50)
	// Output: AP50 0.50, of class 0 1.00, of class 1 0.00
}
