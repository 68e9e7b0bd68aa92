package loss

import "github.com/limpid-ml/limpid/tensor"

// GaussianNLL is −log of the density of the target under a normal distribution
// that the network gives by its mean μ and the logarithm of its variance, s,
// less the constant ½·log 2π: the mean of ½·(s + (t − μ)²·e^−s).
//
//	out     [..., 2]: μ, s
//	target  [...]
//
// Source: Nix and Weigend 1994, "Estimating the mean and variance of the target
// probability distribution".
func GaussianNLL(out, target tensor.Tensor) tensor.Tensor {
	const op = "loss.GaussianNLL"
	target = spread(op, out, target, 2, "a mean and the logarithm of a variance")
	mean, logVar := out.Slice(-1, 0, 1), out.Slice(-1, 1, 2)
	off := target.Sub(mean).Square().Mul(logVar.Neg().Exp())
	return meanOf(logVar.Add(off), 2*target.Len())
}

// Quantile is the pinball loss of quantiles: of each level q, the mean of
// q·(t − o) where the target lies above and (1 − q)·(o − t) where it lies
// below. It is least where the share q of all targets lies below the result;
// at 0.5, the median, it is half of [MAE].
//
//	out     [..., len(levels)]
//	target  [...]
//
// Source: Koenker and Bassett 1978, "Regression quantiles".
func Quantile(levels ...float64) Func {
	const op = "loss.Quantile"
	return func(out, target tensor.Tensor) tensor.Tensor {
		if len(levels) == 0 {
			tensor.Fail(op, "no levels; give some, such as 0.05, 0.5, 0.95")
		}
		for _, q := range levels {
			badSetting(op, "a level", q, q > 0 && q < 1, "one between 0 and 1")
		}
		target = spread(op, out, target, len(levels), "one value for each level")
		all := tensor.New(out, []int{len(levels)}, func(dst []float64) { copy(dst, levels) }).To(out.DType())
		d := target.Sub(out)
		return meanOf(d.Mul(all).Add(d.Neg().ReLU()), out.Len())
	}
}

// spread checks a result that says several things of each target, and returns
// the target as [..., 1] in the result's home.
func spread(op string, out, target tensor.Tensor, n int, what string) tensor.Tensor {
	if got := classes(op, out); got != n {
		tensor.Fail(op, "the last axis of the result %v has %d values; want %d: %s", out.Shape(), got, n, what)
	}
	return alike(op, out.Index(-1, 0), target).Unsqueeze(-1)
}
