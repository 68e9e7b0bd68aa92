package model

import (
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// ReLU6 is min(max(x, 0), 6), which stays exact in few bits.
//
// Source: Krizhevsky 2010, "Convolutional deep belief networks on CIFAR-10".
var ReLU6 = nn.Func(func(_ *nn.Pass, x tensor.Tensor) tensor.Tensor { return x.Clamp(0, 6) })

// squeeze returns a squeeze-and-excitation of c channels with one in the middle
// for each ratio of them.
func squeeze(c, ratio int) *nn.SqueezeExcite { return &nn.SqueezeExcite{Hidden: max(c/ratio, 1)} }
