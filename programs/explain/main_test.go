package main

import (
	"math"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

func small(t *testing.T) (*nn.Net, *CNN, tensor.Tensor) {
	t.Helper()
	m := &CNN{
		Body: nn.Sequential{&nn.Conv2D{Out: 4, Kernel: 3, Act: nn.Tanh}},
		Head: nn.Sequential{&nn.GlobalAvgPool{}, &nn.Linear{Out: 3}},
	}
	net, err := nn.Build(m, nn.Input(6, 6, 1), nn.Seed(2))
	if err != nil {
		t.Fatal(err)
	}
	return net, m, tensor.NewRand(1).Normal(0, 1, 1, 6, 6, 1)
}

// The attributions add up to the change of the score (Sundararajan et al.
// 2017).
func TestIntegratedIsComplete(t *testing.T) {
	net, _, x := small(t)
	base := tensor.Zeros(1, 6, 6, 1)
	a, err := Integrated(net, x, base, 1, 64)
	if err != nil {
		t.Fatal(err)
	}
	score := func(x tensor.Tensor) float64 {
		y, err := net.Predict(x)
		if err != nil {
			t.Fatal(err)
		}
		return y.At(0, 1)
	}
	got, want := a.Sum().Item(), score(x)-score(base)
	if math.Abs(got-want) > 1e-4*(1+math.Abs(want)) {
		t.Errorf("the attributions add up to %g, the score changes by %g", got, want)
	}
}

func TestBothGradCAMsAgree(t *testing.T) {
	net, m, x := small(t)
	a, err := GradCAM(net, m, x, 2)
	if err != nil {
		t.Fatal(err)
	}
	b, err := GradCAMAt(net, "body", x, 2)
	if err != nil {
		t.Fatal(err)
	}
	if d := a.Sub(b).Abs().Max().Item(); d > 1e-6 || a.Max().Item() == 0 {
		t.Errorf("they differ by %g, the map's greatest is %g", d, a.Max().Item())
	}
	if _, err := GradCAMAt(net, "nowhere", x, 2); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("a path that is not there: got %v", err)
	}
}

func TestMainRuns(*testing.T) { main() }
