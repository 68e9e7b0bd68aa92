package probe

import (
	"math"

	"github.com/limpid-ml/limpid/tensor"
)

// GradNorms reads the length of the loss's gradient by each layer's result, as
// "grad", the last layer first. Where it shrinks from layer to layer on the
// way back, the first layers learn slowly; where it grows, training may blow
// up.
//
// Source: Hochreiter et al. 2001, "Gradient flow in recurrent nets".
type GradNorms struct {
	Match string // paths of the layers; empty: all
}

// Sample asks for the layers' gradients.
func (n GradNorms) Sample(s *Sample) {
	var all table[float64] // sums of squares
	s.Grads(n.Match, func(path string, g tensor.Tensor) { *all.get(path) += squares(g) })
	s.After(func() {
		all.each(func(path string, sum *float64) { s.Report(path, "grad", math.Sqrt(*sum)) })
	})
}
