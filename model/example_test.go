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
