package model

import (
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// VGG stacks 3×3 convolutions, and halves the picture after each of five
// stages. Parameters are named as torchvision's, whose weights load.
//
// Source: Simonyan and Zisserman 2015, "Very deep convolutional networks for
// large-scale image recognition", table 1.
type VGG struct {
	Depth   int // layers with weights: 11, 13, 16 or 19; 0: 11
	Classes int
	Width   int     // channels of the first stage; 0: 64
	Norm    bool    // batch normalisation after each convolution
	Small   bool    // for pictures of 32×32: one linear layer on the mean of each channel
	Hidden  int     // width of the two hidden linear layers; 0: 4096
	Dropout float64 // after those
}

// vggStages is how many convolutions each stage has, by depth.
var vggStages = map[int][5]int{11: {1, 1, 2, 2, 2}, 13: {2, 2, 2, 2, 2}, 16: {2, 2, 3, 3, 3}, 19: {2, 2, 4, 4, 4}}

// vgg is named as torchvision's.
type vgg struct {
	Features   nn.Sequential
	Pool       nn.Layer
	Classifier nn.Sequential
}

// New makes the layers.
func (o VGG) New() nn.Layer {
	const op = "model.VGG"
	stages, ok := vggStages[orElse(o.Depth, 11)]
	switch {
	case !ok:
		return refuse(op, "Depth is %d; want 11, 13, 16 or 19", o.Depth)
	case o.Classes < 0 || o.Width < 0 || o.Hidden < 0 || !isShare(o.Dropout):
		return refuse(op, "Classes is %d, Width %d, Hidden %d, Dropout %g; want no negative number, and a share below 1", o.Classes, o.Width, o.Hidden, o.Dropout)
	}
	v := &vgg{}
	width := orElse(o.Width, 64)
	for i, n := range stages {
		for range n {
			v.Features = append(v.Features, o.conv(width<<min(i, 3))...)
		}
		v.Features = append(v.Features, &nn.MaxPool2D{Size: 2})
	}
	if o.Classes > 0 {
		o.head(v)
	}
	return v
}

func (o VGG) conv(out int) nn.Sequential {
	if o.Norm {
		return nn.Sequential{&nn.Conv2D{Out: out, Kernel: 3, Pad: nn.Same, Init: nn.He}, &nn.BatchNorm{Act: nn.ReLU}, same}
	}
	return nn.Sequential{&nn.Conv2D{Out: out, Kernel: 3, Pad: nn.Same, Act: nn.ReLU}, same}
}

func (o VGG) head(v *vgg) {
	if o.Small {
		v.Pool, v.Classifier = &nn.GlobalAvgPool{}, nn.Sequential{&nn.Linear{Out: o.Classes}}
		return
	}
	hidden := orElse(o.Hidden, 4096)
	v.Pool = &nn.Sequential{&nn.AvgPool2D{To: [2]int{7, 7}}, &nn.Flatten{ChannelsFirst: true}}
	v.Classifier = nn.Sequential{
		&nn.Linear{Out: hidden, Act: nn.ReLU}, same, &nn.Dropout{Rate: o.Dropout},
		&nn.Linear{Out: hidden, Act: nn.ReLU}, same, &nn.Dropout{Rate: o.Dropout},
		&nn.Linear{Out: o.Classes},
	}
}

// Forward returns logits [N, Classes], or features.
func (v *vgg) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	x = p.Apply(x, &v.Features)
	if v.Pool == nil {
		return x
	}
	return p.Apply(x, v.Pool, &v.Classifier)
}
