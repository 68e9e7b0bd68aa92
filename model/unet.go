package model

import (
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// UNet labels every pixel: it halves the picture Levels times while widening
// it, then enlarges it again, each time joined with what it was on the way
// down. Batch normalisation follows each convolution, and edges are padded, so
// that the result has the picture's size, whatever that is.
//
//	x    [N, H, W, C]
//	out  [N, H, W, Classes], or features [N, H, W, Width]
//
// Width 64 with 4 levels is the paper's: 31 million parameters; 16 with 3
// levels has 0.5 million and suits pictures of 96×96 on a CPU.
//
// Source: Ronneberger et al. 2015, "U-Net: convolutional networks for
// biomedical image segmentation".
type UNet struct {
	Classes  int
	Width    int     // channels at full size, doubled with each halving; 0: 32
	Levels   int     // 0: 4
	Bilinear bool    // enlarge by interpolation, not by transposed convolution
	Dropout  float64 // of whole squares of the deepest level: see DropBlock
}

// unet is a U-Net's layers.
type unet struct {
	Down []*nn.Sequential
	Mid  nn.Sequential
	Lift []nn.Layer // from level i+1 to i
	Up   []*nn.Sequential
	Head *nn.Conv2D
	pool nn.MaxPool2D
}

// New makes the layers.
func (o UNet) New() nn.Layer {
	width, levels := orElse(o.Width, 32), orElse(o.Levels, 4)
	if o.Classes < 0 || width < 1 || levels < 1 || levels > 10 || !isShare(o.Dropout) {
		return refuse("model.UNet", "Classes is %d, Width %d, Levels %d, Dropout %g; want no negative number, up to 10 levels and a share below 1",
			o.Classes, o.Width, o.Levels, o.Dropout)
	}
	u := &unet{pool: nn.MaxPool2D{Size: 2}}
	for i := range levels {
		u.Down = append(u.Down, twice(width<<i))
		u.Up = append(u.Up, twice(width<<i))
		if o.Bilinear {
			lift := nn.Sequential{&Upsample{}, conv(width<<i, 1, 1), &nn.BatchNorm{}}
			u.Lift = append(u.Lift, &lift)
		} else {
			u.Lift = append(u.Lift, &nn.ConvTranspose2D{Out: width << i, Kernel: 2, Stride: 2})
		}
	}
	u.Mid = *twice(width << levels)
	if o.Dropout > 0 {
		u.Mid = append(u.Mid, &DropBlock{Rate: o.Dropout, Size: 3})
	}
	if o.Classes > 0 {
		u.Head = &nn.Conv2D{Out: o.Classes, Kernel: 1}
	}
	return u
}

// twice is two convolutions, each normalised.
func twice(out int) *nn.Sequential {
	s := append(convNorm(out, 3, 1), convNorm(out, 3, 1)...)
	return &s
}

// Forward returns logits, or features, of each pixel.
func (u *unet) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	var skips []tensor.Tensor
	for _, d := range u.Down {
		x = p.Apply(x, d)
		skips = append(skips, x)
		x = p.Apply(x, &u.pool)
	}
	x = p.Apply(x, &u.Mid)
	for i := len(u.Up) - 1; i >= 0; i-- {
		skip := skips[i]
		x = fit(p.Apply(x, u.Lift[i]), skip.Dim(1), skip.Dim(2))
		x = p.Apply(tensor.Concat(-1, skip, x), u.Up[i])
	}
	if u.Head == nil {
		return x
	}
	return p.Apply(x, u.Head)
}

// fit adds the row and the column of zeros that halving an odd size has lost.
func fit(x tensor.Tensor, h, w int) tensor.Tensor {
	if h > x.Dim(1) {
		x = x.Pad(1, 0, h-x.Dim(1))
	}
	if w > x.Dim(2) {
		x = x.Pad(2, 0, w-x.Dim(2))
	}
	return x
}
