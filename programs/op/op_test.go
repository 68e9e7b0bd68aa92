package op

import (
	"math"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

func TestMishHasTwoOrdersOfDerivatives(t *testing.T) {
	if err := Check(); err != nil {
		t.Error(err)
	}
}

func TestMish(t *testing.T) {
	x := []float32{-20, -1, 0, .5, 3, 40}
	got := tensor.Data[float32](Mish(tensor.Of(x)))
	for i, v := range x {
		want := float64(v) * math.Tanh(math.Log1p(math.Exp(float64(v))))
		if math.Abs(float64(got[i])-want) > 1e-6*(1+math.Abs(want)) {
			t.Errorf("Mish(%g): got %g, want %g", v, got[i], want)
		}
	}
}
