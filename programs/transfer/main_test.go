package main

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// TestNamesArePyTorchs holds a few of torchvision's names and shapes of
// resnet18, written down by hand.
func TestNamesArePyTorchs(t *testing.T) {
	net, err := nn.Build(newResNet(64, 1000), nn.Input(64, 64, 3))
	if err != nil {
		t.Fatal(err)
	}
	total, shapes := 0, map[string][]int{}
	for _, w := range net.Params() {
		total += w.Value().Len()
		shapes[w.Path()] = w.Value().Shape()
	}
	if total != 11689512 { // as torchvision's documentation says
		t.Errorf("%d parameters, want 11689512", total)
	}
	for name, want := range map[string][]int{
		"conv1.weight":                 {64, 7, 7, 3},
		"bn1.bias":                     {64},
		"layer1.1.conv2.weight":        {64, 3, 3, 64},
		"layer2.0.downsample.0.weight": {128, 1, 1, 64},
		"layer4.0.downsample.1.weight": {512},
		"fc.weight":                    {1000, 512},
	} {
		if !slices.Equal(shapes[name], want) {
			t.Errorf("%s has shape %v, want %v", name, shapes[name], want)
		}
	}
}

func TestRun(t *testing.T) {
	t.Chdir(t.TempDir())
	old, err := nn.Build(newResNet(2, 7), nn.Input(32, 32, 3), nn.Seed(9))
	if err != nil {
		t.Fatal(err)
	}
	if err := old.Save("resnet18.safetensors"); err != nil {
		t.Fatal(err)
	}
	paint(t, "flowers", 5, 4)
	m := newResNet(2, 5)
	if err := run(context.Background(), m, 32); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("flowers.safetensors"); err != nil {
		t.Error(err)
	}
	before := old.Weights()
	same := func(w *nn.Param) bool {
		return slices.Equal(tensor.Data[float32](w.Value()), tensor.Data[float32](before[w.Path()]))
	}
	if !same(&m.Conv1.Weight) {
		t.Error("the frozen first layer is not that of the file")
	}
	if b := m.Layer4[0].(*Block); same(&b.Conv1.Weight) {
		t.Error("the last stage did not learn")
	}
}

// paint makes a folder of pictures, each class of its own colour.
func paint(t *testing.T, dir string, classes, each int) {
	t.Helper()
	for c := range classes {
		folder := filepath.Join(dir, fmt.Sprint("class", c))
		if err := os.MkdirAll(folder, 0o777); err != nil {
			t.Fatal(err)
		}
		for i := range each {
			img := image.NewRGBA(image.Rect(0, 0, 40, 36))
			for k := range img.Pix {
				img.Pix[k] = uint8(k * (i + 3))
			}
			img.Set(1, 1, color.White)
			for y := range 18 {
				for x := range 40 {
					img.Set(x, y, color.RGBA{uint8(50 * c), uint8(255 - 50*c), 99, 255})
				}
			}
			f, err := os.Create(filepath.Join(folder, fmt.Sprint(i, ".png")))
			if err != nil {
				t.Fatal(err)
			}
			if err := png.Encode(f, img); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}
