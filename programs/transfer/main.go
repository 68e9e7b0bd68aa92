// Transfer teaches a network that knows pictures a new task: first its head,
// then the rest at rates of their own.
package main

import (
	"context"
	"errors"
	"log"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// ResNet is ResNet-18, its fields named as PyTorch names its parts.
type ResNet struct {
	Conv1                          nn.Conv2D
	BN1                            nn.BatchNorm
	Pool                           nn.MaxPool2D
	Layer1, Layer2, Layer3, Layer4 nn.Sequential
	Mean                           nn.GlobalAvgPool
	FC                             nn.Linear
}

func newResNet(width, classes int) *ResNet {
	stage := func(out, stride int) nn.Sequential {
		return nn.Sequential{newBlock(out, stride), newBlock(out, 1)}
	}
	return &ResNet{
		Conv1:  nn.Conv2D{Out: width, Kernel: 7, Stride: 2, Pad: 3, NoBias: true},
		BN1:    nn.BatchNorm{Act: nn.ReLU},
		Pool:   nn.MaxPool2D{Size: 3, Stride: 2, Pad: 1},
		Layer1: stage(width, 1), Layer2: stage(2*width, 2), Layer3: stage(4*width, 2), Layer4: stage(8*width, 2),
		FC: nn.Linear{Out: classes},
	}
}

func (m *ResNet) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	return p.Apply(x, &m.Conv1, &m.BN1, &m.Pool, &m.Layer1, &m.Layer2, &m.Layer3, &m.Layer4, &m.Mean, &m.FC)
}

type Block struct {
	Conv1, Conv2 nn.Conv2D
	BN1, BN2     nn.BatchNorm
	Downsample   nn.Sequential // nil: identity
}

func newBlock(out, stride int) *Block {
	b := &Block{
		Conv1: nn.Conv2D{Out: out, Kernel: 3, Stride: stride, Pad: 1, NoBias: true},
		Conv2: nn.Conv2D{Out: out, Kernel: 3, Pad: 1, NoBias: true},
		BN1:   nn.BatchNorm{Act: nn.ReLU},
	}
	if stride != 1 {
		b.Downsample = nn.Sequential{&nn.Conv2D{Out: out, Kernel: 1, Stride: stride, NoBias: true}, &nn.BatchNorm{}}
	}
	return b
}

func (b *Block) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	h := p.Apply(x, &b.Conv1, &b.BN1, &b.Conv2, &b.BN2)
	if b.Downsample != nil {
		x = p.Apply(x, &b.Downsample)
	}
	return h.Add(x).ReLU()
}

func main() {
	if err := run(context.Background(), newResNet(64, 5), 224); err != nil {
		log.Fatal(err)
	}
}

// run trains on pictures of side×side pixels in the folder flowers.
func run(ctx context.Context, m *ResNet, side int) error {
	net, err := nn.Build(m, nn.Input(side, side, 3), nn.Seed(1))
	if err != nil {
		return err
	}
	if err := net.Load("resnet18.safetensors", nn.Skip("fc.*")); err != nil {
		return err
	}
	set, err := data.ImageFolder("flowers", side, side)
	if err != nil {
		return err
	}
	tr, va := data.Split(set, .8, 1)
	c := train.Config{
		Data: tr, Validate: va, Batch: 32, Epochs: 3,
		Loss: loss.CrossEntropy, Optimizer: optim.Adam{LR: 1e-3},
		Before: func(u *train.Updater) error {
			return errors.Join(u.Freeze("*"), u.Thaw("fc.*"))
		},
	}
	if _, err := train.Fit(ctx, net, c); err != nil {
		return err
	}
	c.Epochs, c.Optimizer = 10, optim.Adam{LR: 1e-4}
	c.Before = func(u *train.Updater) error {
		return errors.Join(
			u.Freeze("conv1.*"), u.Freeze("bn1.*"),
			u.Rate("layer1.*", .1),
			u.Rate("layer4.*", .5),
		)
	}
	if _, err := train.Fit(ctx, net, c); err != nil {
		return err
	}
	return net.Save("flowers.safetensors")
}
