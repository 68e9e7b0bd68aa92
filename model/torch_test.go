package model

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/format/safetensors"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

type T = tensor.Tensor

// torchvision is testdata/torchvision.json, which torchvision.py beside it
// makes.
type torchvision struct {
	Counts map[string]int
	Cases  map[string]torchCase
}

// torchCase is a network with weights by fill, and what it predicts.
type torchCase struct {
	Shape []int   // of the input, [N, H, W, C]
	Names [][]any // name, then shape in PyTorch's layout
	Y     []float64
}

func readTorchvision(t *testing.T) (tv torchvision) {
	t.Helper()
	text, err := os.ReadFile("testdata/torchvision.json")
	if err == nil {
		err = json.Unmarshal(text, &tv)
	}
	if err != nil {
		t.Fatal(err)
	}
	return tv
}

// fill is that of torchvision.py.
func fill(shape []int, k int, name string) []float64 {
	n, fan := 1, 1
	for i, d := range shape {
		n *= d
		if i > 0 {
			fan *= d
		}
	}
	scale, shift := 1., 0.
	if len(shape) >= 2 {
		scale = math.Sqrt(24 / float64(fan))
	} else if strings.HasSuffix(name, "running_var") || !strings.Contains(name, "bias") && !strings.Contains(name, "mean") {
		shift = 1
	}
	v := make([]float64, n)
	for i := range v {
		v[i] = float64(float32((float64((i*7919+k*104729)%2003)/2003-.5)*scale + shift))
	}
	return v
}

// weights writes a file of the weights that torchvision.py gave a network.
func weights(t *testing.T, names [][]any) string {
	t.Helper()
	all := map[string]T{}
	for k, entry := range names {
		name, shape := entry[0].(string), make([]int, len(entry)-1)
		for i, d := range entry[1:] {
			shape[i] = int(d.(float64))
		}
		all[name] = tensor.Of(fill(shape, k, name), shape...)
	}
	file := filepath.Join(t.TempDir(), "weights.safetensors")
	f, err := os.Create(file)
	if err == nil {
		err = safetensors.Write(f, all, nil)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func build(t *testing.T, model any, o ...nn.Option) *nn.Net {
	t.Helper()
	net, err := nn.Build(model, o...)
	if err != nil {
		t.Fatal(err)
	}
	return net
}

// loaded builds a network in float64 with the case's weights and returns its
// result for the case's input.
func (c *torchCase) loaded(t *testing.T, name string, l nn.Layer, run func(p *nn.Pass, x T) T) []float64 {
	t.Helper()
	n, h, w, ch := c.Shape[0], c.Shape[1], c.Shape[2], c.Shape[3]
	net := build(t, l, nn.Input(h, w, ch), nn.Float64)
	if err := net.Load(weights(t, c.Names)); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if got, want := len(net.Weights()), len(c.Names); got != want {
		t.Errorf("%s: %d tensors, want %d", name, got, want)
	}
	x := tensor.Of(fill([]int{n, ch, h, w}, 1, "x"), n, ch, h, w).Scale(2*math.Sqrt(float64(ch*h*w)/24)).Permute(0, 2, 3, 1)
	var y []float64
	err := net.Do(func(p *nn.Pass) error {
		y = tensor.Data[float64](run(p, x))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return y
}

// agree compares every step-th element of y.
func (c *torchCase) agree(t *testing.T, name string, y []float64, step int) {
	t.Helper()
	off, size := 0., 0.
	for i, v := range c.Y {
		off, size = max(off, math.Abs(y[i*step]-v)), max(size, math.Abs(v))
	}
	if (len(y)+step-1)/step != len(c.Y) || !(off <= 1e-8*size) {
		t.Errorf("%s: %d elements, every %d of %d, off by %g of %g", name, len(c.Y), step, len(y), off, size)
	}
}

// Each network loads a state_dict of torchvision's and predicts what
// torchvision does.
func TestAgainstTorchvision(t *testing.T) {
	cases := readTorchvision(t).Cases
	models := map[string]nn.Layer{
		"resnet18":       ResNet{Depth: 18, Width: 8, Classes: 5}.New(),
		"resnet50":       ResNet{Depth: 50, Width: 8, Classes: 5}.New(),
		"mobilenet":      MobileNet{Scale: .25, Classes: 5}.New(),
		"vgg11":          VGG{Depth: 11, Width: 4, Hidden: 12, Classes: 5}.New(),
		"vgg16 norm":     VGG{Depth: 16, Width: 4, Hidden: 12, Classes: 5, Norm: true}.New(),
		"squeeze-excite": squeeze(6, 2),
	}
	if len(models) != len(cases) {
		t.Errorf("%d cases, want %d", len(models), len(cases))
	}
	for name, m := range models {
		c := cases[name]
		c.agree(t, name, c.loaded(t, name, m, func(p *nn.Pass, x T) T {
			y := p.Apply(x, m)
			if y.Rank() == 4 {
				y = y.Permute(0, 3, 1, 2)
			}
			return y
		}), 1)
	}
}

// What torchvision lacks is compared with PyTorch twins.
func TestAgainstTwins(t *testing.T) {
	var twins struct{ Cases map[string]torchCase }
	text, err := os.ReadFile("testdata/twins.json")
	if err == nil {
		err = json.Unmarshal(text, &twins)
	}
	if err != nil {
		t.Fatal(err)
	}
	det := CenterNet{Classes: 3, Width: 4, Levels: 2}.New()
	for name, m := range map[string]nn.Layer{
		"resnet20":      ResNet{Depth: 20, Width: 4, Classes: 3, SqueezeExcite: 2}.New(),
		"unet":          UNet{Width: 4, Levels: 2, Classes: 3}.New(),
		"unet bilinear": UNet{Width: 4, Levels: 2, Classes: 3, Bilinear: true}.New(),
		"unet halved":   UNet{Width: 4, Levels: 2, Classes: 3, Stride: 2}.New(),
		"centernet":     det,
	} {
		c := twins.Cases[name]
		y := c.loaded(t, name, m, func(p *nn.Pass, x T) T {
			if name == "centernet" {
				m := det.Maps(p, x)
				return tensor.Concat(-1, m.Heat, m.Size, m.Offset)
			}
			return p.Apply(x, m)
		})
		c.agree(t, name, y, max(1, len(y)/300))
	}
}

// Parameters at full size are as many as torchvision's, and as published.
func TestParameterCounts(t *testing.T) {
	tv := readTorchvision(t)
	for _, c := range []struct {
		name   string
		model  nn.Layer
		want   int // 0: torchvision's of that name
		h, w   int
		inputs int
		heavy  bool
	}{
		{"resnet18", ResNet{Classes: 1000}.New(), 0, 32, 32, 3, true},
		{"resnet34", ResNet{Depth: 34, Classes: 1000}.New(), 0, 32, 32, 3, true},
		{"resnet50", ResNet{Depth: 50, Classes: 1000}.New(), 0, 32, 32, 3, true},
		{"mobilenet", MobileNet{Classes: 1000}.New(), 0, 32, 32, 3, true},
		{"mobilenet 0.5", MobileNet{Classes: 1000, Scale: .5}.New(), 0, 32, 32, 3, true},
		{"vgg11", VGG{Classes: 1000}.New(), 0, 32, 32, 3, true},
		// He et al., table 6: 0.27, 0.46, 0.66, 0.85 and 1.7 million.
		{"resnet20", ResNet{Depth: 20, Classes: 10}.New(), 269722, 8, 8, 3, false},
		{"resnet32", ResNet{Depth: 32, Classes: 10}.New(), 464154, 8, 8, 3, false},
		{"resnet44", ResNet{Depth: 44, Classes: 10}.New(), 658586, 8, 8, 3, false},
		{"resnet56", ResNet{Depth: 56, Classes: 10}.New(), 853018, 8, 8, 3, false},
		{"resnet110", ResNet{Depth: 110, Classes: 10}.New(), 1727962, 8, 8, 3, true},
		// 784·128 + 128 + 128·10 + 10.
		{"mlp", MLP{Classes: 10}.New(), 101770, 28, 28, 1, false},
		// Zhang et al., "Dive into deep learning", section 7.6.
		{"lenet", LeNet{Classes: 10}.New(), 61706, 32, 32, 1, false},
		{"lenet padded", LeNet{Classes: 10, Pad: 2}.New(), 61706, 28, 28, 1, false},
		// The paper's network, 31,030,658 with biases; normalisation has two
		// parameters a channel in their place.
		{"unet", UNet{Classes: 2, Width: 64}.New(), 31030658 + 2*(64+128+256+512)*2 + 2*1024, 16, 16, 1, true},
	} {
		if c.heavy && os.Getenv("LIMPID_LONG") == "" {
			continue // seconds each, of initialisation
		}
		want := c.want
		if want == 0 {
			want = tv.Counts[c.name]
		}
		if got := count(build(t, c.model, nn.Input(c.h, c.w, c.inputs))); got != want {
			t.Errorf("%s has %d parameters, want %d", c.name, got, want)
		}
	}
}

func count(net *nn.Net) (n int) {
	for _, p := range net.Params() {
		n += p.Value().Len()
	}
	return n
}
