package main

import (
	"testing"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

func TestSquaresAreWhatTheySay(t *testing.T) {
	set := squares{16, 5}
	for i := range set.Len() {
		e, err := set.At(i)
		if err != nil {
			t.Fatal(err)
		}
		area := e.Y.To(tensor.Float32).Clamp(0, 1).Sum().Item()
		height := e.More["size"].Max().Item()
		if want := (height - 1) * (height - 1); area != want {
			t.Errorf("square %d covers %g pixels, want %g", i, area, want)
		}
		if e.More["heat"].Max().Item() != 1 || e.More["mask"].Sum().Item() != 2 {
			t.Errorf("square %d has no centre", i)
		}
	}
}

func TestUNetKeepsTheSize(t *testing.T) {
	net, err := nn.Build(NewUNet(4, 2, 3), nn.Input(16, 16, 3))
	if err != nil {
		t.Fatal(err)
	}
	y, err := net.Predict(tensor.Zeros(3, 16, 16, 3))
	if err != nil || y.Dim(0) != 3 || y.Dim(1) != 16 || y.Dim(2) != 16 || y.Dim(3) != 4 {
		t.Errorf("result %v, error %v", y.Shape(), err)
	}
}

func TestBothLearn(t *testing.T) {
	set := squares{16, 8}
	if err := segment(t.Context(), NewUNet(4, 4, 8), set, 2); err != nil {
		t.Error(err)
	}
	d := NewDetector(3)
	d.Body = *NewUNet(8, 4)
	if err := detect(t.Context(), d, set, 2); err != nil {
		t.Error(err)
	}
}
