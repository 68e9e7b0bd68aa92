package loss

import "github.com/limpid-ml/limpid/tensor"

// Dice is one minus the overlap of what is predicted and what is there, for
// segmentation. Of each class c, over all rows of the batch,
//
//	D = (2·Σ p·t + 1)/(Σ p + Σ t + 1)
//
// where p is the softmax of the logits out [..., C]; the loss is the mean of
// 1 − D over the classes that are present. The target is int32 labels [...], of
// which −100 leaves a row out, or shares [..., C]. A single class, C = 1, takes
// the sigmoid instead, and shares. Where nothing is present the loss is 0.
//
// Source: Milletari et al. 2016, "V-Net"; Sudre et al. 2017.
func Dice(out, target tensor.Tensor) tensor.Tensor {
	p, t, c := regions("loss.Dice", out, target)
	return dice(p, t, c)
}

// regions returns the shares predicted and those there, [N, C]; rows that are
// left out are 0 in both.
func regions(op string, out, target tensor.Tensor) (p, t tensor.Tensor, c int) {
	c = classes(op, out)
	p = probabilities(out, c)
	if target.DType() == tensor.Int32 {
		checkLabels(op, out, target, c)
		labels := tensor.View[int32](target)
		target = oneHot(out, labels, c)
		p = p.Mul(counted(out, labels))
	} else {
		target = alike(op, out, target)
	}
	return p.Reshape(-1, c), target.Reshape(-1, c), c
}

func probabilities(out tensor.Tensor, c int) tensor.Tensor {
	if c == 1 {
		return out.Sigmoid()
	}
	return out.Softmax(-1)
}

// dice is the loss of p and t [N, C].
func dice(p, t tensor.Tensor, c int) tensor.Tensor {
	there := t.Sum(0)
	both := p.Mul(t).Sum(0).Scale(2).Shift(1)
	either := p.Sum(0).Add(there).Shift(1)
	share := presence(there.Detach(), c)
	return both.Div(either).Neg().Shift(1).Mul(share).Sum()
}

// GeneralizedDice is one minus the overlap of all classes at once, of which each
// weighs as much as any other whatever its size: with the weights w of a class
// that has n rows 1/n², and 0 of one that has none,
//
//	1 − 2·Σ w·Σ p·t / Σ w·Σ (p + t)
//
// Results and targets are as of [Dice]. Where nothing is present the loss is 0.
//
// Source: Sudre et al. 2017, "Generalised Dice overlap as a deep learning loss
// function for highly unbalanced segmentations".
func GeneralizedDice(out, target tensor.Tensor) tensor.Tensor {
	p, t, c := regions("loss.GeneralizedDice", out, target)
	there := t.Sum(0).Detach()
	least := 0.
	for i := range c {
		if n := there.At(i); n > 0 && (least == 0 || n < least) {
			least = n
		}
	}
	if least == 0 {
		return p.Sum().Scale(0)
	}
	// Weights as shares of the greatest: 1/n² of a large picture is far below
	// what float32 adds up well.
	some := there.Full(0).Less(there).To(there.DType())
	w := there.Maximum(there.Full(least)).Pow(-2).Scale(least * least).Mul(some)
	both := p.Mul(t).Sum(0).Mul(w).Sum().Scale(2)
	either := p.Sum(0).Add(t.Sum(0)).Mul(w).Sum()
	return both.Div(either).Neg().Shift(1)
}

// presence weighs the classes of which there is anything evenly, and the others
// with 0.
func presence(there tensor.Tensor, c int) tensor.Tensor {
	n := 0
	for i := range c {
		if there.At(i) > 0 {
			n++
		}
	}
	some := there.Full(0).Less(there)
	return some.To(there.DType()).Scale(1 / float64(max(n, 1)))
}

// oneHot returns labels as shares [..., C] of out's shape, type and home; a row
// that does not count is all 0.
func oneHot(out tensor.Tensor, labels []int32, c int) tensor.Tensor {
	if out.DType() == tensor.Float64 {
		return tensor.New(out, out.Shape(), func(dst []float64) { fillOneHot(dst, labels, c) })
	}
	return tensor.New(out, out.Shape(), func(dst []float32) { fillOneHot(dst, labels, c) })
}

func fillOneHot[T float32 | float64](dst []T, labels []int32, c int) {
	clear(dst)
	for i, l := range labels {
		if l != ignored {
			dst[i*c+int(l)] = 1
		}
	}
}

// counted is 1 for rows that count and 0 for others, [..., 1].
func counted(out tensor.Tensor, labels []int32) tensor.Tensor {
	shape := out.Shape()
	shape[len(shape)-1] = 1
	return tensor.New(out, shape, func(dst []bool) {
		for i, l := range labels {
			dst[i] = l != ignored
		}
	}).To(out.DType())
}

// Focal is cross-entropy that cares less for examples the network is already
// sure of: the mean of −α·(1 − p)^γ·log p, where p is the probability of what
// is there. The target is either
//
//   - int32 labels [...] for logits [..., C], −100 left out: p is the softmax
//     at the label, and α one factor for all, or
//   - floats in the logits' shape, 1 for yes and 0 for no: p is the sigmoid of
//     the logit or of its negative, and no has the factor 1 − α, as in the
//     paper. What lies between 0 and 1 is a mixture of both terms.
//
// The paper has α = 0.25, γ = 2.
//
// Source: Lin et al. 2017, "Focal loss for dense object detection".
func Focal(alpha, gamma float64) Func {
	const op = "loss.Focal"
	return func(out, target tensor.Tensor) tensor.Tensor {
		badSetting(op, "α", alpha, alpha >= 0, "a number of at least 0")
		badSetting(op, "γ", gamma, gamma >= 0, "a number of at least 0")
		if target.DType() == tensor.Int32 {
			return focalLabels(op, out, target, alpha, gamma)
		}
		badSetting(op, "α", alpha, alpha <= 1, "a number from 0 to 1, the share of yes")
		target = alike(op, out, target)
		yes := focalTerm(out.Neg().Softplus().Neg(), gamma).Scale(alpha)
		no := focalTerm(out.Softplus().Neg(), gamma).Scale(1 - alpha)
		return meanOf(target.Mul(yes).Add(target.Neg().Shift(1).Mul(no)), out.Len())
	}
}

// focalTerm is −(1 − p)^γ·log p. 1 − p is kept off 0, where a fractional power
// has no slope.
func focalTerm(logP tensor.Tensor, gamma float64) tensor.Tensor {
	rest := logP.Exp().Neg().Shift(1).Clamp(1e-12, 1)
	return rest.Pow(gamma).Mul(logP).Neg()
}

func focalLabels(op string, out, target tensor.Tensor, alpha, gamma float64) tensor.Tensor {
	c := severalClasses(op, out)
	checkLabels(op, out, target, c)
	labels := tensor.View[int32](target)
	n := 0
	for _, l := range labels {
		if l != ignored {
			n++
		}
	}
	at := tensor.New(out, []int{len(labels), 1}, func(dst []int32) {
		for i, l := range labels {
			dst[i] = max(l, 0)
		}
	})
	logP := out.LogSoftmax(-1).Reshape(len(labels), c).Gather(1, at)
	counts := counted(out, labels).Reshape(-1, 1)
	return meanOf(focalTerm(logP, gamma).Mul(counts).Scale(alpha), n)
}

// CenterFocal is the focal loss of heat maps, logits out and target of one
// shape, with p the sigmoid of the logit. Where the target Y is 1, a centre, a
// pixel adds −(1 − p)^α·log p; elsewhere −(1 − Y)^β·p^α·log(1 − p), so that near
// a centre little is asked. The sum is divided by the number of centres, if
// there are any. The paper has α = 2, β = 4.
//
// Source: Law and Deng 2018, "CornerNet", equation 1; Zhou et al. 2019,
// "Objects as points".
func CenterFocal(alpha, beta float64) Func {
	const op = "loss.CenterFocal"
	return func(out, target tensor.Tensor) tensor.Tensor {
		badSetting(op, "α", alpha, alpha >= 0, "a number of at least 0")
		badSetting(op, "β", beta, beta >= 0, "a number of at least 0")
		target = alike(op, out, target)
		peak := target.Detach()
		centre := peak.Eq(peak.Full(1)).To(out.DType())
		far := peak.Neg().Shift(1).Pow(beta).Mul(centre.Neg().Shift(1))
		yes := focalTerm(out.Neg().Softplus().Neg(), alpha)
		no := focalTerm(out.Softplus().Neg(), alpha)
		return meanOf(centre.Mul(yes).Add(far.Mul(no)), int(centre.Sum().Item()))
	}
}
