package model

import "github.com/limpid-ml/limpid/nn"

// MLP is a multi-layer perceptron: the input flattened, then linear layers.
//
// Source: Rumelhart, Hinton and Williams 1986, "Learning representations by
// back-propagating errors".
type MLP struct {
	Widths  []int // of the hidden layers; nil: {128}, empty: none
	Classes int
	Act     nn.Act  // zero: ReLU
	Norm    bool    // batch normalisation before each activation
	Dropout float64 // after each activation
}

// New makes the layers.
func (o MLP) New() nn.Layer {
	const op = "model.MLP"
	if o.Classes < 0 || !isShare(o.Dropout) {
		return refuse(op, "Classes is %d and Dropout %g; want no negative number, and a share below 1", o.Classes, o.Dropout)
	}
	if o.Widths == nil {
		o.Widths = []int{128}
	}
	act := o.Act
	if act == 0 {
		act = nn.ReLU
	}
	net := nn.Sequential{&nn.Flatten{}}
	for i, w := range o.Widths {
		if w < 1 {
			return refuse(op, "Widths[%d] is %d; want at least 1", i, w)
		}
		if o.Norm {
			net = append(net, &nn.Linear{Out: w, NoBias: true, Init: nn.He}, &nn.BatchNorm{Act: act})
		} else {
			net = append(net, &nn.Linear{Out: w, Act: act})
		}
		if o.Dropout > 0 {
			net = append(net, &nn.Dropout{Rate: o.Dropout})
		}
	}
	if o.Classes > 0 {
		net = append(net, &nn.Linear{Out: o.Classes})
	}
	return &net
}

// LeNet is LeNet-5, with every map joined to every other and a plain last
// layer: 61,706 parameters for grey pictures of 32×32 and 10 classes. Pictures
// of 28×28 want Pad 2.
//
// Source: LeCun et al. 1998, "Gradient-based learning applied to document
// recognition".
type LeNet struct {
	Classes int
	Pad     int    // zeros around the picture
	Act     nn.Act // zero: Tanh, as in the paper
}

// New makes the layers.
func (o LeNet) New() nn.Layer {
	if o.Classes < 0 || o.Pad < 0 {
		return refuse("model.LeNet", "Classes is %d and Pad %d; want no negative number", o.Classes, o.Pad)
	}
	act := o.Act
	if act == 0 {
		act = nn.Tanh
	}
	net := nn.Sequential{
		&nn.Conv2D{Out: 6, Kernel: 5, Pad: o.Pad, Act: act},
		&nn.AvgPool2D{Size: 2},
		&nn.Conv2D{Out: 16, Kernel: 5, Act: act},
		&nn.AvgPool2D{Size: 2},
		&nn.Flatten{},
		&nn.Linear{Out: 120, Act: act},
		&nn.Linear{Out: 84, Act: act},
	}
	if o.Classes > 0 {
		net = append(net, &nn.Linear{Out: o.Classes})
	}
	return &net
}
