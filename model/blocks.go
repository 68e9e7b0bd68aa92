package model

import (
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// ReLU6 is min(max(x, 0), 6), which stays exact in few bits.
//
// Source: Krizhevsky 2010, "Convolutional deep belief networks on CIFAR-10".
var ReLU6 = nn.Func(func(_ *nn.Pass, x tensor.Tensor) tensor.Tensor { return x.Clamp(0, 6) })

// SqueezeExcite weighs each channel of a picture by what all channels are on
// the mean: x·σ(W₂·ReLU(W₁·mean(x))). Its parameters are fc1 and fc2, as
// torchvision's.
//
//	x    [N, H, W, C]
//	out  [N, H, W, C]
//
// Source: Hu et al. 2018, "Squeeze-and-excitation networks".
type SqueezeExcite struct {
	Ratio int // channels for one in the middle; 0: 16

	FC1, FC2 nn.Conv2D

	mean nn.GlobalAvgPool
}

// Forward weighs the channels of x.
func (l *SqueezeExcite) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	if x.Rank() != 4 || l.Ratio < 0 {
		tensor.Fail("model.SqueezeExcite", "x is %v and Ratio %d; want pictures [N, H, W, C] and no negative number", x.Shape(), l.Ratio)
	}
	if l.FC1.Out == 0 { // at Build, which runs alone
		c := x.Dim(3)
		l.mean.KeepAxes = true
		l.FC1.Kernel, l.FC1.Act, l.FC1.Out = 1, nn.ReLU, max(c/orElse(l.Ratio, 16), 1)
		l.FC2.Kernel, l.FC2.Act, l.FC2.Out = 1, nn.Sigmoid, c
	}
	return x.Mul(p.Apply(x, &l.mean, &l.FC1, &l.FC2))
}

// StochasticDepth leaves a residual branch out, for each example with
// probability Rate, while training, and scales it by 1/(1−Rate) where it stays.
// It stands at the branch's end; in inference it does nothing.
//
//	x    [N, ...]
//	out  [N, ...]
//
// Source: Huang et al. 2016, "Deep networks with stochastic depth".
type StochasticDepth struct {
	Rate float64 // 0 ≤ Rate < 1
}

// Forward drops the branch x if the pass is noisy.
func (l *StochasticDepth) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	if !isShare(l.Rate) || x.Rank() == 0 {
		tensor.Fail("model.StochasticDepth", "Rate is %g and x %v; want a probability below 1, and examples along the first axis", l.Rate, x.Shape())
	}
	if !p.Noisy() || l.Rate == 0 {
		return x
	}
	n := x.Dim(0)
	stays := p.Rand().Bernoulli(1-l.Rate, n, 1).Scale(1 / (1 - l.Rate))
	if x.Rank() == 4 { // of pictures; Shape would allocate
		return x.Mul(stays.Reshape(n, 1, 1, 1))
	}
	return x.Reshape(n, -1).Mul(stays).Reshape(x.Shape()...)
}

// DropBlock zeroes squares of Size×Size places in each channel while training,
// so that about the share Rate is gone, and scales the rest up to the same sum.
// Unlike single places, squares cannot be guessed from their neighbours. In
// inference it does nothing.
//
//	x    [N, H, W, C]
//	out  [N, H, W, C]
//
// Source: Ghiasi et al. 2018, "DropBlock".
type DropBlock struct {
	Rate float64 // 0 ≤ Rate < 1
	Size int     // 0: 7; at most H and W
}

// Forward drops squares of x if the pass is noisy.
func (l *DropBlock) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	if !isShare(l.Rate) || l.Size < 0 || x.Rank() != 4 {
		tensor.Fail("model.DropBlock", "Rate is %g, Size %d, x %v; want a probability below 1, at least 1, and pictures [N, H, W, C]", l.Rate, l.Size, x.Shape())
	}
	if !p.Noisy() || l.Rate == 0 || x.Len() == 0 {
		return x
	}
	h, w := x.Dim(1), x.Dim(2)
	size := min(orElse(l.Size, 7), h, w)
	// As many corners as make the share, if squares did not overlap.
	corners := l.Rate * float64(h*w) / float64(size*size) / float64((h-size+1)*(w-size+1))
	hit := p.Rand().Bernoulli(min(corners, 1), x.Dim(0), h-size+1, w-size+1, x.Dim(3))
	hit = hit.Pad(1, size-1, size-1).Pad(2, size-1, size-1).MaxPool2D(size, 1)
	stays := hit.Neg().Shift(1)
	scale := float64(x.Len()) / (stays.Sum().Item() + 1e-6)
	return x.Mul(stays.Scale(scale))
}

// Upsample enlarges pictures by Factor, bilinearly with half-pixel centres.
//
//	x    [N, H, W, C]
//	out  [N, H·Factor, W·Factor, C]
type Upsample struct {
	Factor  int // 0: 2
	Nearest bool
}

// Forward enlarges x.
func (l *Upsample) Forward(_ *nn.Pass, x tensor.Tensor) tensor.Tensor {
	if x.Rank() != 4 || l.Factor < 0 {
		tensor.Fail("model.Upsample", "x is %v and Factor %d; want pictures [N, H, W, C] and at least 1", x.Shape(), l.Factor)
	}
	f := orElse(l.Factor, 2)
	return x.Resize(x.Dim(1)*f, x.Dim(2)*f, l.Nearest)
}
