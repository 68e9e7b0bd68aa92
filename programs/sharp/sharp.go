// Package sharp measures how curved the loss is: a second derivative.
package sharp

import (
	"math"

	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// Sharpness is the largest eigenvalue of the loss's Hessian, by power iteration.
func Sharpness(net *nn.Net, x, y tensor.Tensor, iterations int) (float64, error) {
	var v []tensor.Tensor
	r := tensor.NewRand(1)
	for _, w := range net.Params() {
		v = append(v, r.Normal(0, 1, w.Value().Shape()...))
	}
	eigen := 0.0
	for range iterations {
		norm := math.Sqrt(tensor.Dot(v, v).Item())
		for i := range v {
			v[i] = v[i].Scale(1 / norm)
		}
		err := net.Do(func(p *nn.Pass) error {
			ws := p.Params()
			g := tensor.Grad(loss.MSE(net.Forward(p, x), y), ws...)
			hv := tensor.Grad(tensor.Dot(g, v), ws...)
			eigen = tensor.Dot(hv, v).Item()
			for i := range v {
				v[i] = hv[i].Keep()
			}
			return nil
		}, nn.TrackParams())
		if err != nil {
			return 0, err
		}
	}
	return eigen, nil
}
