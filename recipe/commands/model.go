package commands

import (
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe/listen"
	"github.com/limpid-ml/limpid/tensor"
)

// frames is how much sound the network looks at: a second.
const frames = 100

// Network is four blocks of convolutions over time and frequency, the mean and the
// greatest of what they found over all of time, and a layer that weighs them.
type Network struct {
	Block1, Block2, Block3, Block4 block

	Sum   nn.Func `nn:"-"`
	Drop  nn.Dropout
	Words nn.Linear
}

// block is a convolution, normalised, with half the places after it.
type block struct {
	Conv nn.Conv2D
	Norm nn.BatchNorm
}

func newBlock(out, stride int) block {
	return block{
		Conv: nn.Conv2D{Out: out, Kernel: 3, Stride: stride, Pad: nn.Same, NoBias: true},
		Norm: nn.BatchNorm{Act: nn.ReLU},
	}
}

// Forward maps x [N, T, F, C] to [N, T/stride, F/stride, Out].
func (b *block) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	return p.Apply(x, &b.Conv, &b.Norm)
}

func newNetwork(c *Config, classes int) *Network {
	return &Network{
		Block1: newBlock(c.Width, 2), Block2: newBlock(2*c.Width, 1), Block3: newBlock(4*c.Width, 2), Block4: newBlock(4*c.Width, 2),
		Sum:   sum,
		Drop:  nn.Dropout{Rate: c.Dropout},
		Words: nn.Linear{Out: classes},
	}
}

// sum takes the mean and the greatest value over time, and keeps the bands apart:
// which of them a sound is in tells one word from another, when it is there does
// not. The mean is of much silence; the greatest is of the sound.
func sum(_ *nn.Pass, x tensor.Tensor) tensor.Tensor {
	return tensor.Concat(1, x.Mean(1).Flatten(), x.Max(1).Flatten())
}

// Forward maps spectrograms [N, frames, listen.Width, 1] to scores [N, classes].
func (n *Network) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	x = x.Slice(2, 0, listen.Bands)
	return p.Apply(x, &n.Block1, &n.Block2, &n.Block3, &n.Block4, n.Sum, &n.Drop, &n.Words)
}
