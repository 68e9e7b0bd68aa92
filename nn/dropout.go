package nn

import (
	"fmt"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/tensor"
)

// Dropout zeroes each element with probability Rate while training and scales
// the rest by 1/(1−Rate); in inference it does nothing.
//
// Source: Srivastava et al. 2014, "Dropout: a simple way to prevent neural
// networks from overfitting"; Tompson et al. 2015, "Efficient object
// localization using convolutional networks", for whole channels.
type Dropout struct {
	Rate float64 // 0 ≤ Rate < 1
	// Channels drops whole channels of an example: at all places of an image,
	// all steps of a sequence.
	Channels bool
}

// Forward drops elements of x, of any shape, if the pass is noisy.
func (l *Dropout) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	stay := p.Enter(l)
	p.rate("nn.Dropout", l.Rate)
	if !p.Noisy() || l.Rate == 0 {
		return stay.Return(x)
	}
	if l.Channels {
		return stay.Return(x.Mul(p.mask(x, l.Rate, true)))
	}
	return stay.Return(engine.Dropout(x, l.Rate, p.Rand()))
}

// rate panics unless v is a share to drop.
func (p *Pass) rate(layer string, v float64) {
	if !(v >= 0 && v < 1) {
		fail(&tensor.Error{Op: layer, Layer: p.label(), Why: fmt.Sprintf("Rate is %g, want a probability below 1", v),
			Fix: "set the share of elements to drop: 0.5, say"})
	}
}

// mask draws what an example of x is multiplied by, or each of its channels:
// 0 with probability rate, else 1/(1−rate).
func (p *Pass) mask(x tensor.Tensor, rate float64, channels bool) tensor.Tensor {
	rank := x.Rank()
	if rank < 2 {
		p.wants("nn.Dropout", x, "two axes at least: a batch, and channels")
	}
	shape := make([]int, rank)
	for i := range shape {
		shape[i] = 1
	}
	if shape[0] = x.Dim(0); channels {
		shape[rank-1] = x.Dim(-1)
	}
	return engine.Dropout(x.Full(1, shape...), rate, p.Rand())
}

// DropPath zeroes each example as a whole with probability Rate while training
// and scales the rest by 1/(1−Rate): at the end of a residual branch it is
// stochastic depth. See [Residual].
//
// Source: Huang et al. 2016, "Deep networks with stochastic depth".
type DropPath struct {
	Rate float64 // 0 ≤ Rate < 1
}

// Forward drops examples of x, of any shape, if the pass is noisy.
func (l *DropPath) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	stay := p.Enter(l)
	p.rate("nn.DropPath", l.Rate)
	if p.Noisy() && l.Rate > 0 {
		x = x.Mul(p.mask(x, l.Rate, false))
	}
	return stay.Return(x)
}

// DropBlock zeroes square blocks of each channel while training, so that about
// the share Rate goes, and scales the rest to keep the mean. On sequences the
// blocks are stretches of time.
//
//	x    [N, H, W, C], or [N, T, C]
//
// Source: Ghiasi et al. 2018, "DropBlock: a regularization method for
// convolutional networks".
type DropBlock struct {
	Rate float64 // 0 ≤ Rate < 1
	Size int     // of a block's side; 0: 7
}

// Forward drops blocks of x if the pass is noisy.
func (l *DropBlock) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	stay := p.Enter(l)
	p.rate("nn.DropBlock", l.Rate)
	p.natural("nn.DropBlock", "Size", l.Size)
	rank := x.Rank()
	if rank != 3 && rank != 4 {
		p.wants("nn.DropBlock", x, "the axes [N, H, W, C] or [N, T, C]")
	}
	if !p.Noisy() || l.Rate == 0 || x.Len() == 0 {
		return stay.Return(x)
	}
	shape := x.Shape()
	if rank == 3 {
		x = x.Unsqueeze(2)
	}
	return stay.Return(x.Mul(l.keep(p, x)).Reshape(shape...))
}

// keep is 0 in blocks around centres that are drawn where whole blocks fit,
// and the same number above 1 elsewhere.
func (l *DropBlock) keep(p *Pass, x tensor.Tensor) tensor.Tensor {
	n, h, w, c := x.Dim(0), x.Dim(1), x.Dim(2), x.Dim(3)
	size := l.Size
	if size == 0 {
		size = 7
	}
	kh, kw := min(size, h), min(size, w)
	gamma := l.Rate / float64(kh*kw) * float64(h*w) / float64((h-kh+1)*(w-kw+1))
	centres := p.Rand().Bernoulli(min(gamma, 1), n, h-kh+1, w-kw+1, c)
	around := centres.Pad(1, kh-1, kh-1).Pad(2, kw-1, kw-1)
	keep := engine.Pool(around, backstage.Pool{KH: kh, KW: kw, StrideH: 1, StrideW: 1}).Neg().Shift(1)
	left := max(keep.Mean().Item(), 1/float64(x.Len()))
	return keep.Scale(1 / left)
}

// GaussianNoise adds N(0, Std²) to each element while training.
type GaussianNoise struct {
	Std float64
}

// Forward adds noise to x, of any shape, if the pass is noisy.
func (l *GaussianNoise) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	stay := p.Enter(l)
	if p.Noisy() && l.Std != 0 {
		x = x.Add(p.normal("nn.GaussianNoise", l.Std, x.Shape()))
	}
	return stay.Return(x)
}

// normal draws N(0, std²) from the running layer's stream.
func (p *Pass) normal(layer string, std float64, shape []int) tensor.Tensor {
	if !(std >= 0) {
		fail(&tensor.Error{Op: layer, Layer: p.label(), Why: fmt.Sprintf("Std is %g, want at least 0", std), Fix: "set the noise's standard deviation: 0.1, say"})
	}
	return p.Rand().Normal(0, std, shape...)
}

// WeightNoise runs a layer with N(0, Std²) added to each of its parameters
// while training, drawn anew each time; what is learned is the parameter
// without it. Weights that several layers share are noisy here alone.
//
// Source: Murray and Edwards 1994, "Enhanced MLP performance and fault
// tolerance resulting from synaptic weight noise during training"; Graves
// 2011, "Practical variational inference for neural networks".
type WeightNoise struct {
	Layer Layer
	Std   float64
}

// Forward runs the layer on x.
func (l *WeightNoise) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	stay := p.Enter(l)
	outer := p.weightNoise
	p.weightNoise = l.Std
	y := p.Apply(x, l.Layer)
	p.weightNoise = outer
	return stay.Return(y)
}
