package fashion

import (
	"github.com/limpid-ml/limpid/datasets/fashion"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// Network is four blocks of 3×3 convolutions, which see ever more of the
// picture at ever fewer places, and two layers that weigh what they found.
type Network struct {
	Block1, Block2, Block3, Block4 Block

	Flat    nn.Flatten
	Drop1   nn.Dropout
	Hidden  nn.Linear
	Drop2   nn.Dropout
	Classes nn.Linear
}

// newNetwork sets the sizes that c asks for.
func newNetwork(c *Config) *Network {
	return &Network{
		Block1:  newBlock(c.Width, true),
		Block2:  newBlock(2*c.Width, false),
		Block3:  newBlock(2*c.Width, true),
		Block4:  newBlock(4*c.Width, true),
		Drop1:   nn.Dropout{Rate: c.Dropout},
		Hidden:  nn.Linear{Out: c.Hidden, Act: nn.ReLU},
		Drop2:   nn.Dropout{Rate: c.Dropout},
		Classes: nn.Linear{Out: len(fashion.Classes)},
	}
}

// Forward maps pictures [N, 28, 28, 1] to scores [N, 10].
func (n *Network) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	return p.Apply(x, &n.Block1, &n.Block2, &n.Block3, &n.Block4,
		&n.Flat, &n.Drop1, &n.Hidden, &n.Drop2, &n.Classes)
}

// Block is a convolution, normalised, with half the rows and columns after it
// if it pools.
type Block struct {
	Conv nn.Conv2D
	Norm nn.BatchNorm
	Pool *nn.MaxPool2D
}

func newBlock(out int, pool bool) Block {
	b := Block{Conv: nn.Conv2D{Out: out, Kernel: 3, Pad: nn.Same, NoBias: true}, Norm: nn.BatchNorm{Act: nn.ReLU}}
	if pool {
		b.Pool = &nn.MaxPool2D{Size: 2}
	}
	return b
}

// Forward runs the block.
func (b *Block) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	if b.Pool == nil {
		return p.Apply(x, &b.Conv, &b.Norm)
	}
	return p.Apply(x, &b.Conv, &b.Norm, b.Pool)
}
