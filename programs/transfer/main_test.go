package main

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/model"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

func TestRun(t *testing.T) {
	t.Chdir(t.TempDir())
	old, err := nn.Build(model.ResNet{Depth: 18, Classes: 7, Width: 2}.New(), nn.Input(32, 32, 3), nn.Seed(9))
	if err != nil {
		t.Fatal(err)
	}
	if err := old.Save("resnet18.safetensors"); err != nil {
		t.Fatal(err)
	}
	paint(t, "flowers", 5, 4)
	small := model.ResNet{Depth: 18, Classes: 5, Width: 2}
	if err := run(t.Context(), small, 32); err != nil {
		t.Fatal(err)
	}
	learned, err := nn.Build(small.New(), nn.Input(32, 32, 3))
	if err != nil {
		t.Fatal(err)
	}
	if err := learned.Load("flowers.safetensors"); err != nil {
		t.Fatal(err)
	}
	before, after := old.Weights(), learned.Weights()
	for name, frozen := range map[string]bool{
		"conv1.weight": true, "bn1.running_mean": true, "layer1.0.conv1.weight": false, "layer4.1.conv2.weight": false,
	} {
		same := slices.Equal(tensor.Data[float32](before[name]), tensor.Data[float32](after[name]))
		if same != frozen {
			t.Errorf("%s is as in the file: %v, want %v", name, same, frozen)
		}
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
