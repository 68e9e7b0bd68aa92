package clothes

import (
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// Network is three blocks of convolutions, which see ever more of the picture
// at ever fewer places, and a layer that weighs what they found.
type Network struct {
	Block1, Block2, Block3 Block

	Flat    nn.Flatten
	Drop    nn.Dropout
	Classes nn.Linear
	Warmth  *nn.Temperature // nil: scores are as they are
}

// Convolutional makes a [Network] of the sizes that c asks for.
func Convolutional(c *Config) nn.Layer {
	return &Network{
		Block1:  newBlock(c.Width, c.Act()),
		Block2:  newBlock(2*c.Width, c.Act()),
		Block3:  newBlock(4*c.Width, c.Act()),
		Drop:    nn.Dropout{Rate: c.Dropout},
		Classes: nn.Linear{Out: len(c.Classes())},
	}
}

// BlockEnds names the first and the last hidden layer of a [Network].
func BlockEnds(*Config) []string { return []string{"block1", "block3"} }

// Forward maps pictures [N, H, W, C], of 8 × 8 pixels or more, to scores
// [N, classes].
func (n *Network) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	y := p.Apply(x, &n.Block1, &n.Block2, &n.Block3, &n.Flat, &n.Drop, &n.Classes)
	if n.Warmth == nil {
		return y
	}
	return p.Apply(y, n.Warmth)
}

// Block is a convolution, normalised, with half the rows and columns after it.
type Block struct {
	Conv nn.Conv2D
	Norm nn.BatchNorm
	Pool nn.MaxPool2D
}

func newBlock(out int, act nn.Act) Block {
	return Block{
		Conv: nn.Conv2D{Out: out, Kernel: 3, Pad: nn.Same, NoBias: true},
		Norm: nn.BatchNorm{Act: act},
		Pool: nn.MaxPool2D{Size: 2},
	}
}

// Forward maps x [N, H, W, C] to [N, H/2, W/2, Out].
func (b *Block) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	return p.Apply(x, &b.Conv, &b.Norm, &b.Pool)
}
