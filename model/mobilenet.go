package model

import (
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// MobileNet is MobileNetV2: residual blocks that are wide inside and narrow at
// their ends, with depthwise convolutions, for few multiplications. Parameters
// are named as torchvision's, whose weights load, without SqueezeExcite.
//
//	features  [N, H/32, W/32, 1280], or [N, H/4, W/4, 1280] if Small
//
// Source: Sandler et al. 2018, "MobileNetV2: inverted residuals and linear
// bottlenecks", table 2.
type MobileNet struct {
	Classes int
	Scale   float64 // of all widths; 0: 1
	Small   bool    // for pictures of 32×32: the first three halvings are left out
	Dropout float64 // before the last layer; 0.2 in torchvision

	SqueezeExcite int     // ratio of one in each block; 0: none
	Drop          float64 // rate of stochastic depth at the last block; it rises evenly from the first
}

// mobileStages is the paper's table 2: widening inside, channels, blocks and
// stride of each stage.
var mobileStages = []struct{ expand, out, blocks, stride int }{
	{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1},
}

// mobilenet is named as torchvision's.
type mobilenet struct {
	Features   nn.Sequential
	Classifier nn.Sequential
	mean       nn.GlobalAvgPool
}

// New makes the layers.
func (o MobileNet) New() nn.Layer {
	scale := o.Scale
	if scale == 0 {
		scale = 1
	}
	if o.Classes < 0 || !(scale > 0 && scale <= 64) || !isShare(o.Dropout) || o.SqueezeExcite < 0 || !isShare(o.Drop) {
		return refuse("model.MobileNet", "Classes is %d, Scale %g, Dropout %g, SqueezeExcite %d, Drop %g; want no negative number, a scale up to 64 and shares below 1",
			o.Classes, o.Scale, o.Dropout, o.SqueezeExcite, o.Drop)
	}
	first := 2
	if o.Small {
		first = 1
	}
	in := eights(32 * scale)
	net := &mobilenet{Features: nn.Sequential{relu6(conv(in, 3, first))}}
	for s, stage := range mobileStages {
		for i := range stage.blocks {
			stride := 1
			if i == 0 && !(o.Small && s < 3) {
				stride = stage.stride
			}
			out := eights(float64(stage.out) * scale)
			net.Features = append(net.Features, o.block(in, out, stage.expand, stride, len(net.Features)-1))
			in = out
		}
	}
	net.Features = append(net.Features, relu6(conv(eights(1280*max(scale, 1)), 1, 1)))
	if o.Classes > 0 {
		net.Classifier = nn.Sequential{&nn.Dropout{Rate: o.Dropout}, &nn.Linear{Out: o.Classes}}
	}
	return net
}

// relu6 is a convolution, normalisation and ReLU6.
func relu6(c *nn.Conv2D) *nn.Sequential { return &nn.Sequential{c, &nn.BatchNorm{}, ReLU6} }

// eights rounds a width to a multiple of 8, never down by more than a tenth.
func eights(v float64) int {
	n := max(8, int(v+4)/8*8)
	if float64(n) < 0.9*v {
		n += 8
	}
	return n
}

// block makes the inverted residual of that number, of 17.
func (o MobileNet) block(in, out, expand, stride, number int) nn.Layer {
	b := &invertedResidual{adds: stride == 1 && in == out}
	if expand > 1 {
		b.Conv = append(b.Conv, relu6(conv(in*expand, 1, 1)))
	}
	depthwise := conv(in*expand, 3, stride)
	depthwise.Groups = in * expand
	b.Conv = append(b.Conv, relu6(depthwise))
	if o.SqueezeExcite > 0 {
		b.Conv = append(b.Conv, squeeze(in*expand, o.SqueezeExcite))
	}
	b.Conv = append(b.Conv, conv(out, 1, 1), &nn.BatchNorm{})
	if o.Drop > 0 && b.adds {
		b.drop = &nn.DropPath{Rate: o.Drop * float64(number) / 16}
	}
	return b
}

type invertedResidual struct {
	Conv nn.Sequential
	adds bool
	drop *nn.DropPath
}

func (b *invertedResidual) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	y := p.Apply(x, &b.Conv)
	if b.drop != nil {
		y = p.Apply(y, b.drop)
	}
	if b.adds {
		return y.Add(x)
	}
	return y
}

// Forward returns logits [N, Classes], or features.
func (m *mobilenet) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	x = p.Apply(x, &m.Features)
	if m.Classifier == nil {
		return x
	}
	return p.Apply(x, &m.mean, &m.Classifier)
}
