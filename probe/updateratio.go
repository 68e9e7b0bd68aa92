package probe

import (
	"math"

	"github.com/limpid-ml/limpid/tensor"
)

// UpdateRatio reads, for each layer that has parameters, the length of the
// change that the step made to them over their length before, as "update".
// About 0.001 is usual; far below it the layer hardly learns, far above it
// it is thrown about. A layer whose parameters were all 0 has no reading.
type UpdateRatio struct {
	Match string // paths of the layers; empty: all
}

// Sample copies the parameters ahead of the step, and compares after it.
func (u UpdateRatio) Sample(s *Sample) {
	for _, l := range s.Layers(u.Match) {
		before := make([]tensor.Tensor, len(l.Params))
		for i, w := range l.Params {
			before[i] = w.Value().Scale(1)
		}
		s.After(func() {
			var change, size float64
			for i, w := range l.Params {
				change += squares(w.Value().Sub(before[i]))
				size += squares(before[i])
			}
			if size > 0 {
				s.Report(l.Path, "update", math.Sqrt(change/size))
			}
		})
	}
}
