package loss

import (
	"encoding/json"
	"maps"
	"math"
	"os"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// golden is one case of testdata/torch.json, boxes.json or forecast.json, which
// the scripts of those names beside them make.
type golden struct {
	Shape       []int
	Out         []float64
	TargetShape []int `json:"target_shape"`
	Target      []float64
	Labels      []int
	Mask        []bool
	MaskShape   []int `json:"mask_shape"`
	Loss        float64
	Grad        []float64
	Second      []float64
}

func readGolden(t *testing.T) map[string]golden {
	t.Helper()
	all := map[string]golden{}
	for _, file := range []string{"testdata/torch.json", "testdata/boxes.json", "testdata/forecast.json"} {
		var g struct{ Cases map[string]golden }
		text, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(text, &g)
		}
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(all, g.Cases)
	}
	return all
}

var goldenWeights = []float64{.5, 2, 1, 0, 3}

var goldenLosses = map[string]Func{
	"mse":                    MSE,
	"mse 3 axes":             MSE,
	"mae":                    MAE,
	"huber":                  Huber(.75),
	"cross-entropy":          CrossEntropy,
	"cross-entropy ignoring": CrossEntropy,
	"cross-entropy shares":   CrossEntropy,
	"smooth":                 SmoothCrossEntropy(.1),
	"smooth shares":          SmoothCrossEntropy(.1),
	"weighted":               WeightedCrossEntropy(goldenWeights...),
	"weighted shares":        WeightedCrossEntropy(goldenWeights...),
	"bce":                    BCE,
	"weighted bce":           WeightedBCE(2.5),
	"kl":                     KL,
	"dice":                   Dice,
	"dice shares":            Dice,
	"dice single":            Dice,
	"focal":                  Focal(.25, 2),
	"focal fraction":         Focal(1, .5),
	"focal yes no":           Focal(.25, 2),
	"focal 0":                Focal(.5, 0),
	"center focal":           CenterFocal(2, 4),
	"center focal none":      CenterFocal(2, 4),
	"generalized dice":       GeneralizedDice,
	"generalized dice share": GeneralizedDice,
	"iou":                    IoU,
	"giou":                   GIoU,
	"diou":                   DIoU,
	"gaussian":               GaussianNLL,
	"gaussian rows":          GaussianNLL,
	"quantile":               Quantile(.125, .5, .75),
	"quantile one":           Quantile(.9375),
	"masked rows":            MAE,
	"masked elements":        MSE,
	"masked labels":          CrossEntropy,
}

// target returns the case's target, floats of the type d.
func (g *golden) target(d tensor.DType) tensor.Tensor {
	if g.Labels != nil {
		return tensor.Ints(g.Labels...).Reshape(g.TargetShape...)
	}
	return tensor.Of(g.Target, g.TargetShape...).To(d)
}

// loss returns the case's loss as a function of out and target.
func (g *golden) loss(f Func) Func {
	if g.Mask == nil {
		return f
	}
	mask := tensor.Of(g.Mask, g.MaskShape...)
	return func(out, target tensor.Tensor) tensor.Tensor { return Masked(f, out, target, mask) }
}

// weighing is the r of torch.py.
func weighing(shape []int, n int, d tensor.DType) tensor.Tensor {
	r := make([]float64, n)
	for i := range r {
		r[i] = float64(i*7%11-5) / 5
	}
	return tensor.Of(r, shape...).To(d)
}

func TestLossesAgainstPyTorch(t *testing.T) {
	cases := readGolden(t)
	if len(cases) != len(goldenLosses) {
		t.Errorf("%d golden cases, %d here", len(cases), len(goldenLosses))
	}
	for name, f := range goldenLosses {
		g := cases[name]
		for d, bound := range map[tensor.DType]float64{tensor.Float32: 1e-5, tensor.Float64: 1e-12} {
			s := tensor.NewScope()
			x := s.Track(tensor.Of(g.Out, g.Shape...).To(d))
			y := g.loss(f)(x, g.target(d))
			near(t, name, "loss", d, y, []float64{g.Loss}, bound)
			dx := tensor.Grad(y, x)[0]
			near(t, name, "gradient", d, dx, g.Grad, bound)
			if dx.Tracked() {
				ddx := tensor.Grad(dx.Mul(weighing(g.Shape, len(g.Out), d)).Sum(), x)[0]
				near(t, name, "second-order gradient", d, ddx, g.Second, 4*bound)
			}
			s.Reset()
			x = s.Track(tensor.Of(g.Out, g.Shape...).To(d))
			near(t, name, "gradient of Backward", d, s.Backward(g.loss(f)(x, g.target(d)), x)[0], g.Grad, bound)
		}
	}
}

// near compares up to a share of the greatest magnitude.
func near(t *testing.T, name, what string, d tensor.DType, got tensor.Tensor, want []float64, bound float64) {
	t.Helper()
	var off, size float64
	for i, v := range tensor.Data[float64](got.Detach().To(tensor.Float64)) {
		off, size = math.Max(off, math.Abs(v-want[i])), math.Max(size, math.Abs(want[i]))
	}
	if !(off <= bound*size) && off != 0 || got.Len() != len(want) || got.DType() != d {
		t.Errorf("%s: %s of %v is off by %.2g, the greatest is %.2g", name, what, d, off, size)
	}
}

// Every loss against central differences, by its target too where that is one
// of floats that it is differentiable by.
func TestGradients(t *testing.T) {
	for name, g := range readGolden(t) {
		f := g.loss(goldenLosses[name])
		x, target := tensor.Of(g.Out, g.Shape...), g.target(tensor.Float64)
		if err := tensor.CheckGrad(func(in ...tensor.Tensor) tensor.Tensor { return f(in[0], target) }, x); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"mse", "huber", "cross-entropy shares", "smooth shares", "weighted shares", "weighted bce", "dice shares", "gaussian", "quantile", "masked rows"} {
		g := readGolden(t)[name]
		f := g.loss(goldenLosses[name])
		if err := tensor.CheckGrad(func(in ...tensor.Tensor) tensor.Tensor { return f(in[0], in[1]) }, tensor.Of(g.Out, g.Shape...), g.target(tensor.Float64)); err != nil {
			t.Errorf("%s, by both: %v", name, err)
		}
	}
}
