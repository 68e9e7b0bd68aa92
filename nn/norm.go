package nn

import (
	"fmt"

	"github.com/limpid-ml/limpid/tensor"
)

// BatchNorm gives each channel mean 0 and variance 1 over the batch and all
// places, then scales and shifts it. In inference, and where it is frozen, it
// uses running statistics: r ← (1−Momentum)·r + Momentum·batch, the variance
// divided by n − 1.
//
//	x    [..., C], at least two axes
//	out  [..., C] = Act((x − mean)/√(variance + Eps)·Weight + Bias)
//
// Source: Ioffe and Szegedy 2015, "Batch normalization".
type BatchNorm struct {
	Act      Act
	Eps      float64 // 0: 1e-5
	Momentum float64 // 0: 0.1
	NoAffine bool    // no Weight and Bias

	Weight, Bias            Param // [C], ones and zeros
	RunningMean, RunningVar State // [C], zeros and ones
}

// Forward normalises x.
func (l *BatchNorm) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	stay := p.Enter(l)
	if x.Rank() < 2 {
		p.wants("nn.BatchNorm", x, "at least two axes, the last the channels")
	}
	c := x.Dim(-1)
	gamma, beta := p.affine(&l.Weight, &l.Bias, l.NoAffine, c)
	kind, param := l.Act.split()
	eps := orElse(l.Eps, 1e-5)
	if !p.Training() {
		mean, variance := p.State(&l.RunningMean, Zeros, c), p.State(&l.RunningVar, Ones, c)
		return stay.Return(l.Act.rest(engine.Normalize(x, mean, variance, gamma, beta, eps, kind, param)))
	}
	y, mean, variance := engine.BatchNorm(x, gamma, beta, eps, kind, param)
	if n := x.Len() / max(c, 1); n > 1 {
		m := orElse(l.Momentum, 0.1)
		p.follow(&l.RunningMean, mean, m, 1)
		p.follow(&l.RunningVar, variance, m, float64(n)/float64(n-1))
	} else {
		p.lone = p.label()
	}
	return stay.Return(l.Act.rest(y))
}

// follow moves s towards scale·now by the share m.
func (p *Pass) follow(s *State, now tensor.Tensor, m, scale float64) {
	if s.shape[0] != now.Dim(0) {
		p.misfit(&s.variable, now.Shape())
	}
	if p.survey {
		m = 1
	}
	narrow, wide := p.moved(s)
	if narrow != nil {
		keep, take := float32(1-m), float32(m*scale)
		for i, v := range tensor.View[float32](now) {
			narrow[i] = keep*narrow[i] + take*v
		}
	} else if wide != nil {
		for i, v := range tensor.View[float64](now) {
			wide[i] = (1-m)*wide[i] + m*scale*v
		}
	}
}

// affine returns a normalisation's scale and shift, or no tensors.
func (p *Pass) affine(weight, bias *Param, none bool, c int) (gamma, beta tensor.Tensor) {
	if none {
		return tensor.Tensor{}, tensor.Tensor{}
	}
	return p.Param(weight, Ones, c), p.Param(bias, Zeros, c)
}

func orElse(v, ifZero float64) float64 {
	if v == 0 {
		return ifZero
	}
	return v
}

// LayerNorm gives each row of the last axis mean 0 and variance 1, then scales
// and shifts it.
//
//	x    [..., C]
//	out  [..., C] = (x − mean)/√(variance + Eps)·Weight + Bias
//
// With Groups it is group normalisation of [N, ..., C]: mean and variance are
// of each example's C/Groups channels over all places. With Groups = −1 each
// channel is a group: instance normalisation. With RMS it divides by the root of the mean square only, and
// has no Bias.
//
// Source: Ba et al. 2016, "Layer normalization"; Wu and He 2018, "Group
// normalization"; Ulyanov et al. 2016, "Instance normalization"; Zhang and Sennrich 2019, "Root mean square layer
// normalization".
type LayerNorm struct {
	Eps      float64 // 0: 1e-5
	NoAffine bool    // no Weight and Bias
	Groups   int     // 0: over the last axis alone; −1: each channel by itself
	RMS      bool

	Weight, Bias Param // [C], ones and zeros
}

// Forward normalises x.
func (l *LayerNorm) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	stay := p.Enter(l)
	if x.Rank() == 0 {
		p.wants("nn.LayerNorm", x, "at least one axis")
	}
	c, eps := x.Dim(-1), orElse(l.Eps, 1e-5)
	switch {
	case l.RMS:
		return stay.Return(l.rms(p, x, c, eps))
	case l.Groups != 0:
		return stay.Return(l.grouped(p, x, c, eps))
	}
	gamma, beta := p.affine(&l.Weight, &l.Bias, l.NoAffine, c)
	return stay.Return(engine.LayerNorm(x, gamma, beta, eps))
}

func (l *LayerNorm) rms(p *Pass, x tensor.Tensor, c int, eps float64) tensor.Tensor {
	size := x.Square().Mean(-1).Shift(eps).Sqrt().Unsqueeze(-1)
	y := x.Div(size)
	if l.NoAffine {
		return y
	}
	return y.Mul(p.Param(&l.Weight, Ones, c))
}

func (l *LayerNorm) grouped(p *Pass, x tensor.Tensor, c int, eps float64) tensor.Tensor {
	groups := l.Groups
	if groups == -1 {
		groups = c
	}
	if x.Rank() < 2 || groups < 1 || c%groups != 0 {
		p.wants("nn.LayerNorm", x, fmt.Sprintf("two axes at least, and channels that %d groups divide", l.Groups))
	}
	n, places, each := x.Dim(0), between(x, 1, x.Rank()-1), c/groups
	rows := x.Reshape(n, places, groups, each).Permute(0, 2, 1, 3).Reshape(n, groups, places*each)
	y := engine.LayerNorm(rows, tensor.Tensor{}, tensor.Tensor{}, eps)
	y = y.Reshape(n, groups, places, each).Permute(0, 2, 1, 3).Reshape(x.Shape()...)
	if l.NoAffine {
		return y
	}
	return y.Mul(p.Param(&l.Weight, Ones, c)).Add(p.Param(&l.Bias, Zeros, c))
}
