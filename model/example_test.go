package model_test

import (
	"fmt"

	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/model"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

func show(l nn.Layer, in ...int) {
	net, err := nn.Build(l, nn.Input(in...), nn.Seed(1))
	if err != nil {
		fmt.Println(err)
		return
	}
	n := 0
	for _, p := range net.Params() {
		n += p.Value().Len()
	}
	fmt.Println(net.Params()[0].Path(), n)
}

func ExampleMLP() {
	show(model.MLP{Widths: []int{64, 64}, Classes: 10, Dropout: .2}.New(), 28, 28, 1)
	// Output: 1.weight 55050
}

func ExampleLeNet() {
	show(model.LeNet{Classes: 10, Pad: 2}.New(), 28, 28, 1)
	// Output: 0.weight 61706
}

func ExampleVGG() {
	show(model.VGG{Depth: 11, Width: 16, Norm: true, Small: true, Classes: 10}.New(), 32, 32, 3)
	// Output: features.0.weight 579786
}

func ExampleResNet() {
	show(model.ResNet{Depth: 20, Classes: 10}.New(), 32, 32, 3)
	// Output: conv1.weight 269722
}

func ExampleMobileNet() {
	show(model.MobileNet{Scale: .5, Small: true, Classes: 10}.New(), 32, 32, 3)
	// Output: features.0.0.weight 700490
}

func ExampleUNet() {
	show(model.UNet{Classes: 11, Width: 16, Levels: 3}.New(), 96, 96, 3)
	// Output: down.0.0.weight 482907
}

func ExampleCenterNet() {
	det := model.CenterNet{Classes: 10}.New()
	net, err := nn.Build(det, nn.Input(96, 96, 3))
	if err != nil {
		fmt.Println(err)
		return
	}
	// To train: train.Config{Objective: det.Objective, Collate: model.Collate, …}
	found, err := net.Predict(tensor.Zeros(1, 96, 96, 3))
	fmt.Println(found.Shape(), err)
	// Output: [1 100 6] <nil>
}

func ExampleSuppress() {
	found := []metric.Detection{
		{Box: metric.Box{X1: 1, Y1: 1, X2: 21, Y2: 21}, Label: 3, Score: .6},
		{Box: metric.Box{X1: 0, Y1: 0, X2: 20, Y2: 20}, Label: 3, Score: .9},
	}
	fmt.Println(model.Suppress(found, .5, false))
	// Output: [{{0 0 20 20} 3 0.9}]
}

// A residual block with squeeze-and-excitation, which is left out at times.
func ExampleStochasticDepth() {
	branch := nn.Sequential{
		&nn.Conv2D{Out: 16, Kernel: 3, Pad: nn.Same, NoBias: true}, &nn.BatchNorm{},
		&model.SqueezeExcite{Ratio: 4}, &model.StochasticDepth{Rate: .1},
	}
	show(&residual{branch}, 8, 8, 16)
	// Output: branch.0.weight 2484
}

type residual struct{ Branch nn.Sequential }

func (r *residual) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	return p.Apply(x, &r.Branch).Add(x)
}

func ExampleSqueezeExcite() {
	show(&model.SqueezeExcite{Ratio: 8}, 8, 8, 64)
	// Output: fc1.weight 1096
}

func ExampleDropBlock() {
	show(&nn.Sequential{&nn.Conv2D{Out: 8, Kernel: 3}, &model.DropBlock{Rate: .1, Size: 5}, &model.Upsample{Factor: 2}}, 16, 16, 1)
	// Output: 0.weight 80
}
