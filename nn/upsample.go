package nn

import (
	"fmt"

	"github.com/limpid-ml/limpid/tensor"
)

// Upsample enlarges images or sequences: each place is repeated, or, with
// Bilinear, values between places are interpolated, with half-pixel centres.
//
//	x    [N, H, W, C], or [N, T, C]
//	out  [N, H·Factor, W·Factor, C] or [N, T·Factor, C], or of the size To
//
// With To it may make things smaller too; it does not smooth them first.
type Upsample struct {
	Factor   int
	FactorHW [2]int // rows and columns apart
	To       [2]int // rows and columns of the result; of a sequence, To[0] steps
	Bilinear bool
}

// Forward enlarges x.
func (l *Upsample) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	stay := p.Enter(l)
	r := x.Rank()
	if r != 3 && r != 4 {
		p.wants("nn.Upsample", x, "the axes [N, H, W, C] or [N, T, C]")
	}
	f := pair(l.Factor, l.FactorHW)
	to := l.To
	if to == [2]int{} {
		p.positive("nn.Upsample", "Factor", min(f[0], f[1]))
		to = [2]int{x.Dim(1) * f[0], x.Dim(2) * f[1]}
	} else if r == 3 {
		to[1] = 1
	}
	if min(to[0], to[1]) < 1 {
		fail(&tensor.Error{Op: "nn.Upsample", Layer: p.label(), Shapes: [][]int{x.Shape()}, Why: fmt.Sprintf("the result would have %d × %d places", to[0], to[1]),
			Fix: "set To to at least 1 row and 1 column"})
	}
	if r == 3 {
		y := x.Unsqueeze(2).Resize(to[0], 1, !l.Bilinear)
		return stay.Return(y.Squeeze(2))
	}
	return stay.Return(x.Resize(to[0], to[1], !l.Bilinear))
}
