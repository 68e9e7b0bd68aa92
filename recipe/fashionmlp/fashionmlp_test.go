package fashionmlp

import (
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/clothes"
	"github.com/limpid-ml/limpid/tensor"
)

// The network has no convolution: pixels in another order, with its first
// weights in that order, would do as well. Its layers are as wide as was asked.
func TestNetworkIsFullyConnected(t *testing.T) {
	for _, w := range []int{1, 2, 7, 64} {
		net, err := nn.Build(network(&clothes.Config{Width: w}), nn.Input(28, 28, 1), nn.Seed(1))
		if err != nil {
			t.Fatal(err)
		}
		var shapes [][]int
		for _, p := range net.Params() {
			if s := p.Value().Shape(); len(s) > 1 {
				shapes = append(shapes, s)
			}
		}
		half := max(1, w/2)
		if want := [][]int{{w, 784}, {half, w}, {10, half}}; !slices.EqualFunc(shapes, want, slices.Equal) {
			t.Errorf("width %d: weights %v, want %v", w, shapes, want)
		}
		y, err := net.Predict(tensor.Zeros(3, 28, 28, 1))
		if err != nil || !slices.Equal(y.Shape(), []int{3, 10}) {
			t.Errorf("width %d: scores %v, %v", w, y.Shape(), err)
		}
	}
}

func TestDefaults(t *testing.T) {
	for _, full := range []bool{false, true} {
		c := defaults(full)
		if err := recipe.Check(&c); err != nil {
			t.Errorf("full %v: %v", full, err)
		}
	}
	c := defaults(true)
	c.Data = "/data"
	if g := Recipe.Targets(&c); g != nil {
		t.Errorf("a goal is set on the full data: %v", g)
	}
}
