package segment

import (
	"github.com/limpid-ml/limpid/model"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// stride is how much smaller the U-Net's largest scale is than the picture: at
// half size it costs a quarter. Its scores are enlarged bilinearly. Enlarging
// them by weights of their own (a transposed convolution) was tried: for the
// first thousands of scenes it learned more slowly.
const stride = 2

func newNetwork(c *Config, classes int) nn.Layer {
	return model.UNet{Classes: classes, Width: c.Width, Levels: c.Levels, Stride: stride}.New()
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
