package speech

import (
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe/listen"
	"github.com/limpid-ml/limpid/tensor"
)

// blank is the label of no token.
const blank = 0

// Network is convolutions over time and frequency, which find sounds and leave a
// step for every 40 ms (20, for characters), a recurrent layer that runs over
// the steps both ways, and at each step a score for each token and for none.
type Network struct {
	Block1, Block2, Block3 block

	Drop nn.Dropout
	RNN  nn.GRU
	Head nn.Linear

	stride int // of Block2 over time
}

// block is a convolution and its normalisation.
type block struct {
	Conv nn.Conv2D
	Norm nn.BatchNorm
}

func newBlock(out, time, bands int) block {
	return block{
		Conv: nn.Conv2D{Out: out, Kernel: 3, StrideHW: [2]int{time, bands}, Pad: nn.Same, NoBias: true},
		Norm: nn.BatchNorm{Act: nn.ReLU},
	}
}

func newNetwork(c *Config, labels int) *Network {
	stride := 2
	if c.Tokens == characters {
		stride = 1
	}
	return &Network{
		Block1: newBlock(c.Width, 2, 2), Block2: newBlock(2*c.Width, stride, 2), Block3: newBlock(2*c.Width, 1, 2),
		Drop:   nn.Dropout{Rate: c.Dropout},
		RNN:    nn.GRU{Hidden: c.Hidden, Layers: c.Layers, Bidirectional: true, Dropout: c.Dropout},
		Head:   nn.Linear{Out: labels},
		stride: stride,
	}
}

// Forward maps spectrograms [N, T, listen.Width, 1] to logits [N, T/4, labels]
// (T/2, for characters). Frames past a clip's end are zeros, and so is their
// last value: of them the network sees nothing, whatever else is in the batch,
// and it is sure of the blank there, so that they add nothing to CTC.
func (n *Network) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	lens := x.Slice(2, listen.Bands, listen.Width).Sum(1, 2, 3).To(tensor.Int32)
	x = x.Slice(2, 0, listen.Bands)
	lens = halved(lens)
	x = n.run(p, &n.Block1, x, lens)
	if n.stride == 2 {
		lens = halved(lens)
	}
	x = n.run(p, &n.Block2, x, lens)
	x = n.run(p, &n.Block3, x, lens)
	x = p.Apply(x.Reshape(x.Dim(0), x.Dim(1), -1), &n.Drop)
	y, _ := n.RNN.Run(p, x, nn.Memory{}, lens)
	y = p.Apply(y, &n.Drop, &n.Head)
	return tensor.Where(within(lens, y.Dim(1), 1), y, silence(y))
}

// halved is how many steps a convolution with stride 2 leaves.
func halved(lens tensor.Tensor) tensor.Tensor { return lens.Shift(1).Scale(0.5) } // integers: rounded down

// run runs a block, and sets what is past a clip's end to 0.
func (n *Network) run(p *nn.Pass, b *block, x, lens tensor.Tensor) tensor.Tensor {
	x = p.Apply(x, &b.Conv, &b.Norm)
	return x.Mul(within(lens, x.Dim(1), 2).To(x.DType()))
}

// within is true where a step is within its clip: bool [N, steps, 1, …] with so
// many axes of 1.
func within(lens tensor.Tensor, steps, ones int) tensor.Tensor {
	m := nn.LengthMask(lens, steps)
	for range ones {
		m = m.Unsqueeze(-1)
	}
	return m
}

// silence are logits that are sure of the blank, of y's form.
func silence(y tensor.Tensor) tensor.Tensor {
	row := make([]float32, y.Dim(2))
	for i := range row {
		row[i] = -30
	}
	row[blank] = 30
	return tensor.Of(row, 1, 1, len(row)).To(y.DType()).BroadcastTo(y.Shape()...)
}

// ctc is the loss of logits [N, T, labels] against labels [N, L], of which 0, the
// blank, is padding.
func ctc(out, target tensor.Tensor) tensor.Tensor {
	lens, labels := make([]int, out.Dim(0)), make([]int, out.Dim(0))
	values, most := tensor.View[int32](target), target.Dim(1)
	for i := range lens {
		lens[i] = out.Dim(1)
		for labels[i] < most && values[i*most+labels[i]] != blank {
			labels[i]++
		}
	}
	return loss.CTC(out, tensor.Ints(lens...), target, tensor.Ints(labels...), blank)
}
