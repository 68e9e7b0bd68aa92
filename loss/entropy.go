package loss

import (
	"math"

	"github.com/limpid-ml/limpid/tensor"
)

// CrossEntropy is the mean, over the rows of the logits out [..., C], of −log
// softmax at the row's class. The target is either
//
//   - int32 labels [...]: classes from 0 to C−1, or −100 for a row that does
//     not count, or
//   - shares [..., C] of the logits' type: how much of the row is of each
//     class; the loss is then −Σ share·log softmax.
//
// Where no row counts it is 0.
func CrossEntropy(out, target tensor.Tensor) tensor.Tensor {
	return crossEntropy("loss.CrossEntropy", out, target, nil, 0)
}

// SmoothCrossEntropy is [CrossEntropy] against targets of which the share ε is
// spread evenly over all classes.
//
// Source: Szegedy et al. 2016, "Rethinking the Inception architecture".
func SmoothCrossEntropy(epsilon float64) Func {
	const op = "loss.SmoothCrossEntropy"
	return func(out, target tensor.Tensor) tensor.Tensor {
		badSetting(op, "ε", epsilon, epsilon >= 0 && epsilon <= 1, "a number from 0 to 1")
		return crossEntropy(op, out, target, nil, epsilon)
	}
}

// WeightedCrossEntropy is [CrossEntropy] in which class c weighs weights[c].
// Of labels it is the weighted mean; of shares each term has its class's
// weight, and the mean is over the rows, as in PyTorch.
func WeightedCrossEntropy(weights ...float64) Func {
	const op = "loss.WeightedCrossEntropy"
	w := &classWeights{narrow: tensor.Of(narrow(weights)), wide: tensor.Of(weights)}
	return func(out, target tensor.Tensor) tensor.Tensor {
		for _, v := range weights {
			badSetting(op, "a weight", v, v >= 0, "numbers of at least 0")
		}
		return crossEntropy(op, out, target, w, 0)
	}
}

// classWeights are the weights [C] in both types.
type classWeights struct{ narrow, wide tensor.Tensor }

func narrow(v []float64) []float32 {
	n := make([]float32, len(v))
	for i := range v {
		n[i] = float32(v[i])
	}
	return n
}

// of returns the weights in out's type; none if w is nil.
func (w *classWeights) of(op string, out tensor.Tensor, c int) tensor.Tensor {
	if w == nil {
		return tensor.Tensor{}
	}
	if w.wide.Len() != c {
		tensor.Fail(op, "there are %d weights for %d classes; give one for each class", w.wide.Len(), c)
	}
	if out.DType() == tensor.Float64 {
		return w.wide
	}
	return w.narrow
}

func crossEntropy(op string, out, target tensor.Tensor, weights *classWeights, smoothing float64) tensor.Tensor {
	c := severalClasses(op, out)
	w := weights.of(op, out, c)
	if !isFloat(target) || target.Rank() == out.Rank()-1 {
		checkLabels(op, out, target, c)
		return engine.CrossEntropy(out, target, w, smoothing)
	}
	target = alike(op, out, target)
	if smoothing != 0 {
		target = target.Scale(1 - smoothing).Shift(smoothing / float64(c))
	}
	if weights != nil {
		target = target.Mul(w)
	}
	return meanOf(target.Mul(out.LogSoftmax(-1)).Neg(), out.Len()/max(c, 1))
}

// tiny is the least normal float32.
const tiny = 0x1p-126

// KL is the Kullback-Leibler divergence from the log-probabilities out
// [..., C] to the probabilities target [..., C]: Σ t·(log t − out) over the
// classes, and the mean over the rows. A class of probability 0 adds nothing.
func KL(out, target tensor.Tensor) tensor.Tensor {
	c := severalClasses("loss.KL", out)
	target = alike("loss.KL", out, target)
	logs := target.Clamp(tiny, math.MaxFloat32).Log()
	return meanOf(target.Mul(logs.Sub(out)), out.Len()/max(c, 1))
}
