// Resnet trains a ResNet-20 on a folder of pictures: layers of one's own.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

type Block struct {
	Conv1, Conv2 nn.Conv2D
	BN1, BN2     nn.BatchNorm
	Down         *Shortcut // nil: identity
}
type Shortcut struct {
	Conv nn.Conv2D
	BN   nn.BatchNorm
}

func (s *Shortcut) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	return p.Apply(x, &s.Conv, &s.BN)
}

func newBlock(out, stride int) *Block {
	b := &Block{
		Conv1: nn.Conv2D{Out: out, Kernel: 3, Stride: stride, Pad: nn.Same, NoBias: true},
		Conv2: nn.Conv2D{Out: out, Kernel: 3, Pad: nn.Same, NoBias: true},
		BN1:   nn.BatchNorm{Act: nn.ReLU},
	}
	if stride != 1 {
		b.Down = &Shortcut{Conv: nn.Conv2D{Out: out, Kernel: 1, Stride: stride, NoBias: true}}
	}
	return b
}

func (b *Block) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	h := p.Apply(x, &b.Conv1, &b.BN1, &b.Conv2, &b.BN2)
	if b.Down != nil {
		x = p.Apply(x, b.Down)
	}
	return h.Add(x).ReLU()
}

func ResNet20(classes int) *nn.Sequential {
	net := nn.Sequential{
		&nn.Conv2D{Out: 16, Kernel: 3, Pad: nn.Same, NoBias: true},
		&nn.BatchNorm{Act: nn.ReLU},
	}
	for stage, width := range []int{16, 32, 64} {
		for i := range 3 {
			stride := 1
			if stage > 0 && i == 0 {
				stride = 2
			}
			net = append(net, newBlock(width, stride))
		}
	}
	net = append(net, &nn.GlobalAvgPool{}, &nn.Linear{Out: classes})
	return &net
}

func main() {
	net, err := nn.Build(ResNet20(10), nn.Input(32, 32, 3), nn.Seed(1))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(net.Summary())
	set, err := data.ImageFolder("cifar10", 32, 32)
	if err != nil {
		log.Fatal(err)
	}
	tr, va := data.Split(set, .9, 1)
	_, err = train.Fit(context.Background(), net, train.Config{
		Data: tr, Validate: va, Batch: 128, Epochs: 100,
		Transform: data.Compose(data.RandomCrop(4), data.RandomFlip()),
		Loss:      loss.CrossEntropy,
		Optimizer: optim.SGD{LR: .1, Momentum: .9, Nesterov: true, Decay: 5e-4},
		Schedule:  optim.Cosine(100 * tr.Len() / 128),
	})
	if err != nil {
		log.Fatal(err)
	}
}
