package segment

import (
	"github.com/limpid-ml/limpid/model"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// stride is how much smaller the U-Net's largest scale is than the picture: at
// half size it costs a quarter.
const stride = 2

// Network is a U-Net at half size, whose scores are enlarged bilinearly, and a
// few filters at full size that correct them: what something is takes many
// filters and little sharpness, where it ends takes the opposite.
//
// Enlarging the scores by weights of their own (a transposed convolution) was
// tried instead: for the first thousands of scenes it learned more slowly. The
// correction starts from nothing, so that it cannot slow the start down.
type Network struct {
	Coarse nn.Layer  // features at half size
	Scores nn.Conv2D // of the classes there
	Guide  nn.Conv2D // what of the features the fine filters see
	Look   nn.Conv2D // at the picture itself
	Seen   nn.BatchNorm
	Fine   nn.Conv2D
	Sharp  nn.BatchNorm
	Repair nn.Conv2D // what is added to the enlarged scores
}

// Filters at full size.
const guides, looks, fines = 12, 8, 16

func newNetwork(c *Config, classes int) nn.Layer {
	return &Network{
		Coarse: model.UNet{Width: c.Width, Levels: c.Levels, Stride: stride}.New(),
		Scores: nn.Conv2D{Out: classes, Kernel: 1},
		Guide:  nn.Conv2D{Out: guides, Kernel: 1},
		Look:   nn.Conv2D{Out: looks, Kernel: 3, Pad: nn.Same, NoBias: true},
		Seen:   nn.BatchNorm{Act: nn.ReLU},
		Fine:   nn.Conv2D{Out: fines, Kernel: 3, Pad: nn.Same, NoBias: true},
		Sharp:  nn.BatchNorm{Act: nn.ReLU},
		Repair: nn.Conv2D{Out: classes, Kernel: 1, Init: nn.Zeros},
	}
}

// Forward maps pictures [N, H, W, 3] to scores [N, H, W, classes].
func (n *Network) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	h, w := x.Dim(1), x.Dim(2)
	features := p.Apply(x, n.Coarse)
	scores := p.Apply(features, &n.Scores).Resize(h, w)
	guide := p.Apply(features, &n.Guide).Resize(h, w)
	fine := tensor.Concat(-1, guide, p.Apply(x, &n.Look, &n.Seen))
	return scores.Add(p.Apply(fine, &n.Fine, &n.Sharp, &n.Repair))
}

// chances returns each pixel's probabilities [N, H, W, classes] for pictures
// [N, H, W, 3]; with mirror, the mean of theirs and of their mirror images'.
func chances(net *nn.Net, x tensor.Tensor, mirror bool) (tensor.Tensor, error) {
	y, err := net.Predict(x)
	if err != nil {
		return y, err
	}
	y = y.Softmax(-1)
	if !mirror {
		return y, nil
	}
	z, err := net.Predict(x.Flip(2))
	if err != nil {
		return y, err
	}
	return y.Add(z.Softmax(-1).Flip(2)).Scale(0.5), nil
}

// decide returns the class of a pixel with these probabilities: an object's, if
// it is likelier than not that there is one, even if nobody knows which. The
// likeliest class of all would be the background wherever the network sees a
// garment and wavers between three.
func decide(chance []float32) (class int) {
	if chance[0] > 0.5 {
		return 0
	}
	class = 1
	for k, v := range chance[1:] {
		if v > chance[class] {
			class = k + 1
		}
	}
	return class
}

// decided returns 1 for the class that is decided on and 0 for others, for
// probabilities [N, H, W, classes].
func decided(chance tensor.Tensor) tensor.Tensor {
	c := chance.Dim(-1)
	p := tensor.Data[float32](chance)
	out := make([]float32, len(p))
	for i := 0; i < len(p); i += c {
		out[i+decide(p[i:i+c])] = 1
	}
	return tensor.Of(out, chance.Shape()...)
}
