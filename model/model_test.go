package model

import (
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

func TestResults(t *testing.T) {
	for _, c := range []struct {
		name  string
		model nn.Layer
		in    []int
		want  []int // of one example
	}{
		{"MLP", MLP{Widths: []int{7, 5}, Classes: 3, Norm: true, Dropout: .2}.New(), []int{4, 4, 1}, []int{3}},
		{"MLP without layers", MLP{Widths: []int{}, Classes: 3}.New(), []int{6}, []int{3}},
		{"MLP's features", MLP{Act: nn.Tanh}.New(), []int{6}, []int{128}},
		{"LeNet's features", LeNet{Act: nn.ReLU}.New(), []int{32, 32, 1}, []int{84}},
		{"VGG for small pictures", VGG{Width: 4, Small: true, Norm: true, Classes: 3}.New(), []int{32, 32, 3}, []int{3}},
		{"VGG's features", VGG{Width: 4}.New(), []int{64, 32, 3}, []int{2, 1, 32}},
		{"ResNet's features", ResNet{Width: 4}.New(), []int{64, 96, 3}, []int{2, 3, 32}},
		{"ResNet-50's features", ResNet{Depth: 50, Width: 2}.New(), []int{32, 32, 3}, []int{1, 1, 64}},
		{"ResNet-20's features", ResNet{Depth: 20, Width: 4}.New(), []int{32, 30, 3}, []int{8, 8, 16}},
		{"ResNet with everything", ResNet{Depth: 20, Width: 4, Classes: 3, SqueezeExcite: 4, Drop: .2, DropBlock: .1}.New(), []int{16, 16, 3}, []int{3}},
		{"MobileNet with everything", MobileNet{Scale: .25, Classes: 3, Small: true, Dropout: .2, SqueezeExcite: 4, Drop: .2}.New(), []int{16, 16, 3}, []int{3}},
		{"MobileNet's features", MobileNet{Scale: .25, Small: true}.New(), []int{32, 32, 3}, []int{8, 8, 1280}},
		{"UNet", UNet{Classes: 3, Width: 4, Levels: 2}.New(), []int{16, 24, 1}, []int{16, 24, 3}},
		{"UNet at odd sizes", UNet{Classes: 3, Width: 4, Levels: 3}.New(), []int{13, 23, 1}, []int{13, 23, 3}},
		{"UNet, bilinear", UNet{Classes: 3, Width: 4, Levels: 2, Bilinear: true, Dropout: .2}.New(), []int{11, 16, 3}, []int{11, 16, 3}},
		{"UNet at half the size", UNet{Classes: 3, Width: 4, Levels: 2, Stride: 2}.New(), []int{25, 16, 3}, []int{25, 16, 3}},
		{"UNet's features at half the size", UNet{Width: 4, Levels: 2, Stride: 2}.New(), []int{24, 16, 3}, []int{12, 8, 4}},
		{"UNet's features", UNet{Width: 4, Levels: 1}.New(), []int{8, 8, 1}, []int{8, 8, 4}},
	} {
		net, err := nn.Build(c.model, nn.Input(c.in...))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		y, err := net.Predict(tensor.Zeros(append([]int{2}, c.in...)...))
		if err != nil || !slices.Equal(y.Shape()[1:], c.want) {
			t.Errorf("%s: result %v, want [2 %v]; error %v", c.name, y.Shape(), c.want, err)
		}
	}
}

func TestBadOptionsAreErrorsOfBuild(t *testing.T) {
	for _, c := range []struct {
		model nn.Layer
		want  string
	}{
		{MLP{Classes: -1}.New(), "model.MLP: Classes is -1"},
		{MLP{Widths: []int{3, 0}}.New(), "Widths[1] is 0"},
		{LeNet{Pad: -2}.New(), "Pad -2"},
		{VGG{Depth: 12}.New(), "Depth is 12; want 11, 13, 16 or 19"},
		{VGG{Dropout: 1}.New(), "Dropout 1"},
		{ResNet{Depth: 19}.New(), "Depth is 19; want 18"},
		{ResNet{Drop: -.1}.New(), "Drop -0.1"},
		{MobileNet{Scale: -1}.New(), "Scale -1"},
		{UNet{Levels: 11}.New(), "Levels 11"},
		{UNet{Stride: -1}.New(), "Stride -1"},
	} {
		_, err := nn.Build(c.model, nn.Input(32, 32, 3))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}

// Stochastic depth rises from nothing at the first block to Drop at the last.
func TestDropRises(t *testing.T) {
	r := ResNet{Depth: 20, Width: 2, Drop: .4}.New().(*resnet)
	first, last := r.Layer1[0].(*basicBlock), r.Layer3[2].(*basicBlock)
	if first.drop != nil || last.drop.Rate != .4 || r.Layer2[1].(*basicBlock).drop.Rate != .2 {
		t.Errorf("rates %v, %v", first.drop, last.drop)
	}
	m := MobileNet{Drop: .16}.New().(*mobilenet)
	if got := m.Features[3].(*invertedResidual).drop.Rate; got < .0199 || got > .0201 { // the third of 17
		t.Errorf("MobileNet's third block has rate %g, want 0.02", got)
	}
}

func TestEights(t *testing.T) {
	// Values of Sandler et al.'s code at widths 0.25, 0.5, 0.75 and 1.4.
	for v, want := range map[float64]int{3: 8, 4: 8, 8: 8, 12: 16, 16: 16, 18: 24, 22.4: 24, 33.6: 32, 44.8: 48, 89.6: 88, 134.4: 136, 11: 16} {
		if got := eights(v); got != want {
			t.Errorf("%g becomes %d, want %d", v, got, want)
		}
	}
}
