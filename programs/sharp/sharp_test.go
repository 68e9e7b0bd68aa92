package sharp

import (
	"math"
	"testing"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// The loss (1/N)·Σ(w·x − y)² has the Hessian 2·XᵀX/N; for these examples it is
// diagonal, with 2·(9 + 9)/4, 2·4/4 and 2·1/4.
func TestSharpnessOfALinearNetwork(t *testing.T) {
	net, err := nn.Build(&nn.Linear{Out: 1, NoBias: true}, nn.Input(3))
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.Of([]float32{3, 0, 0, -3, 0, 0, 0, 2, 0, 0, 0, 1}, 4, 3)
	y := tensor.Of([]float32{1, 2, 3, 4}, 4, 1)
	got, err := Sharpness(net, x, y, 30)
	if err != nil {
		t.Fatal(err)
	}
	if want := 9.0; math.Abs(got-want) > 1e-3 {
		t.Errorf("got %g, want %g", got, want)
	}
}

func TestSharpnessOfWrongShapes(t *testing.T) {
	net, err := nn.Build(&nn.Linear{Out: 1}, nn.Input(3))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Sharpness(net, tensor.Zeros(2, 4), tensor.Zeros(2, 1), 3); err == nil {
		t.Error("an input of another width gave no error")
	}
}
