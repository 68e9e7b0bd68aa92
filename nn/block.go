package nn

import "github.com/limpid-ml/limpid/tensor"

// Residual adds what Body makes of x to x itself.
//
//	out = Act(Skip(x) + Body(x))
//
// With Drop it leaves Body out of an example with that probability while
// training: stochastic depth, see [DropPath].
//
// Source: He et al. 2016, "Deep residual learning for image recognition".
type Residual struct {
	Body Layer
	Skip Layer // brings x to Body's shape; left out: x itself
	Act  Act
	Drop float64 // 0 ≤ Drop < 1
}

// Forward runs both branches.
func (l *Residual) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	stay := p.Enter(l)
	p.rate("nn.Residual", l.Drop)
	if l.Body == nil {
		fail(&tensor.Error{Op: "nn.Residual", Layer: p.label(), Why: "it has no Body", Fix: "set Body to the layer that x is added to"})
	}
	y := p.Apply(x, l.Body)
	if l.Drop > 0 && p.Noisy() {
		y = y.Mul(p.mask(y, l.Drop, false))
	}
	if l.Skip != nil {
		x = p.Apply(x, l.Skip)
	}
	if !sameShape(x, y) {
		fail(&tensor.Error{Op: "nn.Residual", Layer: p.label(), Shapes: [][]int{x.Shape(), y.Shape()},
			Why: "the two branches have different shapes", Fix: "give Skip a layer that brings x to Body's shape: a convolution with Kernel 1, say"})
	}
	return stay.Return(l.Act.Forward(p, y.Add(x)))
}

func sameShape(x, y tensor.Tensor) bool {
	if x.Rank() != y.Rank() {
		return false
	}
	for i := range x.Rank() {
		if x.Dim(i) != y.Dim(i) {
			return false
		}
	}
	return true
}

// SqueezeExcite scales each channel by a factor that follows from all channels'
// means: two convolutions of one pixel, named as torchvision names them.
//
//	x    [N, H, W, C]
//	out  [N, H, W, C] = x·Gate(FC2(Act(FC1(mean of x))))
//
// Source: Hu et al. 2018, "Squeeze-and-excitation networks".
type SqueezeExcite struct {
	Hidden int // channels between; 0: C/16, at least 1
	Act    Act // left out: ReLU
	Gate   Act // left out: Sigmoid

	FC1 Conv2D `nn:"fc1"`
	FC2 Conv2D `nn:"fc2"`
}

// Forward scales x.
func (l *SqueezeExcite) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	stay := p.Enter(l)
	p.images("nn.SqueezeExcite", x)
	if p.build != nil {
		l.complete(x.Dim(3))
	}
	size := p.global("nn.SqueezeExcite", x, true, true)
	return stay.Return(x.Mul(p.Apply(size, &l.FC1, &l.FC2)))
}

// complete sets up the convolutions for c channels.
func (l *SqueezeExcite) complete(c int) {
	l.FC1.Kernel, l.FC2.Kernel, l.FC1.Out, l.FC2.Out = 1, 1, l.Hidden, c
	if l.Hidden == 0 {
		l.FC1.Out = max(c/16, 1)
	}
	if l.FC1.Act = l.Act; l.Act == 0 {
		l.FC1.Act = ReLU
	}
	if l.FC2.Act = l.Gate; l.Gate == 0 {
		l.FC2.Act = Sigmoid
	}
}
