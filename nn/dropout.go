package nn

import (
	"fmt"

	"github.com/limpid-ml/limpid/tensor"
)

// Dropout zeroes each element with probability Rate while training and scales
// the rest by 1/(1−Rate); in inference it does nothing.
//
// Source: Srivastava et al. 2014, "Dropout: a simple way to prevent neural
// networks from overfitting".
type Dropout struct {
	Rate float64 // 0 ≤ Rate < 1
}

// Forward drops elements of x, of any shape, if the pass is noisy.
func (l *Dropout) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	stay := p.Enter(l)
	if !(l.Rate >= 0 && l.Rate < 1) {
		fail(&tensor.Error{Op: "nn.Dropout", Layer: p.label(), Why: fmt.Sprintf("Rate is %g, want a probability below 1", l.Rate),
			Fix: "set the share of elements to drop: 0.5, say"})
	}
	if p.Noisy() && l.Rate > 0 {
		x = engine.Dropout(x, l.Rate, p.Rand())
	}
	return stay.Return(x)
}
