package metric

import (
	"fmt"

	"github.com/limpid-ml/limpid/tensor"
)

// MeanAveragePrecision is [COCO]'s score of a detector whose result is a table.
//
//	out     [N, K, 6]  x1, y1, x2, y2, score, label; rows whose score is not above 0 are padding
//	target  [N, M, 6]  x1, y1, x2, y2, label, flag; rows whose label is below 0 are padding
//
// flag is 0, 1 for a crowd, 2 for an object that need not be found. [Table]
// makes such a target.
type MeanAveragePrecision struct {
	IoU      float64 // .5, .55, … .95 alone; 0: the mean over all of them
	AnyClass bool    // labels do not matter
}

// Name returns "map", "map50" or "ap50_any_class", and so on.
func (m MeanAveragePrecision) Name() string {
	name := "map"
	if m.AnyClass {
		name = "ap"
	}
	if m.IoU != 0 {
		name += fmt.Sprintf("%.0f", 100*m.IoU)
	}
	if m.AnyClass {
		name += "_any_class"
	}
	return name
}

// Better returns 1.
func (MeanAveragePrecision) Better() int { return 1 }

// New returns an empty accumulator.
func (m MeanAveragePrecision) New() Accumulator { return &meanAveragePrecision{of: m} }

type meanAveragePrecision struct {
	COCO
	of MeanAveragePrecision
}

// at returns the place of the threshold, -1 if it is none of COCO's.
func (m MeanAveragePrecision) at() int {
	for i := range thresholds {
		if d := threshold(i) - m.IoU; d < 1e-9 && d > -1e-9 {
			return i
		}
	}
	return -1
}

func (a *meanAveragePrecision) Add(out, target tensor.Tensor) error {
	if a.of.IoU != 0 && a.of.at() < 0 {
		return fmt.Errorf("metric: %s: IoU is %g; want one of .5, .55, … .95, or 0 for their mean", a.of.Name(), a.of.IoU)
	}
	if !isTable(out) || !isTable(target) || out.Dim(0) != target.Dim(0) {
		return fmt.Errorf("metric: %s: the result is %v and the target %v; want tables [N, K, 6] of detections and [N, M, 6] of objects",
			a.of.Name(), out.Shape(), target.Shape())
	}
	if err := finite(a.of.Name(), floats(out), out.Dim(1)*6); err != nil {
		return err
	}
	n, there := out.Dim(0), floats(target)
	for i, found := range Found(out) {
		a.COCO.Add(found, truthsOf(there[i*len(there)/n:(i+1)*len(there)/n]))
	}
	return nil
}

func isTable(t tensor.Tensor) bool { return t.Rank() == 3 && t.Dim(2) == 6 }

// Found returns the detections of a table [N, K, 6] of each picture, without
// the padding.
func Found(table tensor.Tensor) [][]Detection {
	if !isTable(table) {
		tensor.Fail("metric.Found", "the table is %v; want [N, K, 6]", table.Shape())
	}
	n, v := table.Dim(0), floats(table)
	all := make([][]Detection, n)
	for i := range all {
		all[i] = detectionsOf(v[i*len(v)/n : (i+1)*len(v)/n])
	}
	return all
}

func detectionsOf(v []float64) (all []Detection) {
	for ; len(v) >= 6; v = v[6:] {
		if v[4] > 0 {
			all = append(all, Detection{Box{v[0], v[1], v[2], v[3]}, int(v[5]), v[4]})
		}
	}
	return all
}

func truthsOf(v []float64) (all []Truth) {
	for ; len(v) >= 6; v = v[6:] {
		if v[4] >= 0 {
			all = append(all, Truth{Box: Box{v[0], v[1], v[2], v[3]}, Label: int(v[4]), Crowd: v[5] == 1, Ignore: v[5] == 2})
		}
	}
	return all
}

func (a *meanAveragePrecision) Result() float64 {
	parts := []*COCO{&a.COCO}
	if !a.of.AnyClass {
		parts = a.classes()
	}
	all := sweep(parts, 0, endless, most)
	if a.of.IoU == 0 {
		return all.precision(0, thresholds)
	}
	i := a.of.at()
	return all.precision(i, i+1)
}

// Table returns what is there in each picture as the target of
// [MeanAveragePrecision], float32 [N, M, 6], padded to the most that one picture
// has.
func Table(pictures [][]Truth) tensor.Tensor {
	rows := 1
	for _, p := range pictures {
		rows = max(rows, len(p))
	}
	v := make([]float32, 0, len(pictures)*rows*6)
	for _, p := range pictures {
		for _, t := range p {
			v = append(v, float32(t.X1), float32(t.Y1), float32(t.X2), float32(t.Y2), float32(t.Label), t.flag())
		}
		for range rows - len(p) {
			v = append(v, 0, 0, 0, 0, ignored, 0)
		}
	}
	return tensor.Of(v, len(pictures), rows, 6)
}

func (t Truth) flag() float32 {
	switch {
	case t.Crowd:
		return 1
	case t.Ignore:
		return 2
	}
	return 0
}
