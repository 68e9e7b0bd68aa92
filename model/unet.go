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
//	out  [N, H, W, Classes], or features [N, H/Stride, W/Stride, Width]
//
// Width 64 with 4 levels is the paper's: 31 million parameters. Width 24 with
// 3 levels and Stride 2 has 1 million, and takes 180 million multiply-adds for
// 96×96 pixels: a CPU can train it in minutes.
//
// Source: Ronneberger et al. 2015, "U-Net: convolutional networks for
// biomedical image segmentation".
type UNet struct {
	Classes  int
	Width    int     // channels at full size, doubled with each halving; 0: 32
	Levels   int     // 0: 4
	Stride   int     // of the first convolution; the logits are enlarged by it again; 0: 1
	Bilinear bool    // enlarge by interpolation, not by transposed convolution
	Dropout  float64 // of whole squares of the deepest level: see nn.DropBlock
}

// deepest is how many levels a U-Net may have.
const deepest = 10

// unet is a U-Net's layers.
type unet struct {
	Down []*nn.Sequential
	Mid  nn.Sequential
	Lift []nn.Layer // from level i+1 to i
	Up   []*nn.Sequential
	Head *nn.Conv2D
	pool nn.MaxPool2D

	enlarges bool
}

// New makes the layers.
func (o UNet) New() nn.Layer {
	width, levels := orElse(o.Width, 32), orElse(o.Levels, 4)
	if o.Classes < 0 || width < 1 || levels < 1 || levels > deepest || o.Stride < 0 || !isShare(o.Dropout) {
		return refuse("model.UNet", "Classes is %d, Width %d, Levels %d, Stride %d, Dropout %g; want no negative number, up to 10 levels and a share below 1",
			o.Classes, o.Width, o.Levels, o.Stride, o.Dropout)
	}
	u := &unet{pool: nn.MaxPool2D{Size: 2}, enlarges: o.Stride > 1}
	for i := range levels {
		u.Down = append(u.Down, twice(width<<i))
		u.Up = append(u.Up, twice(width<<i))
		if o.Bilinear {
			lift := nn.Sequential{&nn.Upsample{Factor: 2, Bilinear: true}, conv(width<<i, 1, 1), &nn.BatchNorm{}}
			u.Lift = append(u.Lift, &lift)
		} else {
			u.Lift = append(u.Lift, &nn.ConvTranspose2D{Out: width << i, Kernel: 2, Stride: 2})
		}
	}
	(*u.Down[0])[0].(*nn.Conv2D).Stride = o.Stride
	u.Mid = *twice(width << levels)
	if o.Dropout > 0 {
		u.Mid = append(u.Mid, &nn.DropBlock{Rate: o.Dropout, Size: 3})
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
	if x.Rank() != 4 {
		tensor.Fail("model.UNet", "x is %v; want pictures [N, H, W, C]", x.Shape())
	}
	h, w := x.Dim(1), x.Dim(2)
	var skips [deepest]tensor.Tensor // an array, so that a step allocates nothing
	for i, d := range u.Down {
		x = p.Apply(x, d)
		skips[i] = x
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
	x = p.Apply(x, u.Head)
	if u.enlarges {
		x = x.Resize(h, w)
	}
	return x
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
