// Package model holds ready architectures for pictures.
//
// Each is a struct of options whose zero value is the usual choice; New makes
// the layers of it, for nn.Build:
//
//	net, err := nn.Build(model.ResNet{Depth: 18, Classes: 10}.New(), nn.Input(224, 224, 3))
//
// An option that makes no sense is an error of nn.Build. Where torchvision has
// the architecture, the parameters have its names and shapes, so that its
// weights load. With Classes 0 there is no head: the result is the features.
//
// Pictures are [N, H, W, C].
//
// train and all above it may import model.
package model

import (
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// refuse returns a layer that fails when nn.Build runs it, which returns the
// complaint as an error.
func refuse(op, format string, a ...any) nn.Layer {
	return nn.Func(func(*nn.Pass, tensor.Tensor) tensor.Tensor {
		tensor.Fail(op, format, a...)
		return tensor.Tensor{}
	})
}

// same passes x on. It keeps the numbers of a Sequential as PyTorch's are where
// an activation is part of the layer before.
var same = nn.Func(func(_ *nn.Pass, x tensor.Tensor) tensor.Tensor { return x })

// orElse returns v, or the usual value if v is left out.
func orElse(v, usual int) int {
	if v == 0 {
		return usual
	}
	return v
}

// isShare tells whether v can be a probability of leaving something out.
func isShare(v float64) bool { return v >= 0 && v < 1 }

// conv is a convolution without bias that keeps the size, for normalisation
// follows.
func conv(out, kernel, stride int) *nn.Conv2D {
	return &nn.Conv2D{Out: out, Kernel: kernel, Stride: stride, Pad: nn.Same, NoBias: true, Init: nn.He}
}

// convNorm is a convolution, batch normalisation and ReLU.
func convNorm(out, kernel, stride int) nn.Sequential {
	return nn.Sequential{conv(out, kernel, stride), &nn.BatchNorm{Act: nn.ReLU}}
}
