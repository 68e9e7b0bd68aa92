package main

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// The paper's network has 0.27 million parameters (He et al. 2016, table 6).
func TestParameters(t *testing.T) {
	net, err := nn.Build(ResNet20(10), nn.Input(32, 32, 3))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, w := range net.Params() {
		n += w.Value().Len()
	}
	if n < 265_000 || n > 275_000 {
		t.Errorf("%d parameters", n)
	}
	y, err := net.Predict(tensor.Zeros(2, 32, 32, 3))
	if err != nil || y.Dim(0) != 2 || y.Dim(1) != 10 {
		t.Errorf("result %v, error %v", y.Shape(), err)
	}
}

func TestMainRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("it trains for seconds")
	}
	t.Chdir(t.TempDir())
	for class, c := range map[string]color.RGBA{"cat": {200, 100, 0, 255}, "ship": {0, 80, 220, 255}} {
		for _, name := range []string{"1.png", "2.png", "3.png"} {
			img := image.NewRGBA(image.Rect(0, 0, 32, 32))
			for i := range 32 * 16 {
				img.Set(i%32, i/32, c)
			}
			if err := write(filepath.Join("cifar10", class, name), img); err != nil {
				t.Fatal(err)
			}
		}
	}
	main()
}

func write(file string, img image.Image) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return err
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	return png.Encode(f, img)
}
