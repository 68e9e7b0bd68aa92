package nn

import (
	"math"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/tensor"
)

// Act is an activation: a layer of its own, or a layer's Act field, where it
// is applied while the result is at hand. The zero Act is none. Mish,
// hard-swish and others that have no name here are a [Func].
type Act uint64

// The low byte is the kind, the rest the upper 56 bits of the parameter as a
// float64, so that an activation is a constant.
const actKind = 0xff

// The activations. At a kink the slope is 0.
const (
	// ReLU is max(x, 0).
	ReLU = Act(backstage.ReLU)
	// Tanh is the hyperbolic tangent.
	Tanh = Act(backstage.Tanh)
	// Sigmoid is 1/(1+e⁻ˣ).
	Sigmoid = Act(backstage.Sigmoid)
	// GELU is x·Φ(x), the exact form by erf.
	//
	// Source: Hendrycks and Gimpel 2016, "Gaussian error linear units".
	GELU = Act(backstage.GELU)
	// SiLU is x·Sigmoid(x), also known as swish.
	SiLU = Act(backstage.SiLU)
	// SELU is the self-normalising exponential unit.
	//
	// Source: Klambauer et al. 2017, "Self-normalizing neural networks".
	SELU = Act(backstage.SELU)
	// Softplus is log(1+eˣ).
	Softplus = Act(backstage.Softplus)
	// Softmax is eˣ over its sum along the last axis.
	Softmax = softmaxKind
)

// softmaxKind is not one of the fused activations: it looks at whole rows.
const softmaxKind = Act(0xf0)

// LeakyReLU is x where x > 0 and slope·x elsewhere.
func LeakyReLU(slope float64) Act { return withParam(backstage.LeakyReLU, slope) }

// ELU is x where x > 0 and alpha·(eˣ − 1) elsewhere.
//
// Source: Clevert et al. 2015, "Fast and accurate deep network learning by
// exponential linear units".
func ELU(alpha float64) Act { return withParam(backstage.ELU, alpha) }

// withParam rounds the parameter to 45 bits, far below float32's rounding.
func withParam(kind backstage.Act, v float64) Act {
	const half = (actKind + 1) / 2
	return Act((math.Float64bits(v)+half)&^actKind | uint64(kind))
}

// split returns what the fused operations take.
func (a Act) split() (kind backstage.Act, param float64) {
	if a&actKind == softmaxKind {
		return backstage.None, 0
	}
	return backstage.Act(a & actKind), math.Float64frombits(uint64(a &^ actKind))
}

// rest applies what a fused operation could not.
func (a Act) rest(y tensor.Tensor) tensor.Tensor {
	if a == Softmax {
		return y.Softmax(-1)
	}
	return y
}

func (a Act) rectifies() bool {
	switch k, _ := a.split(); k {
	case backstage.ReLU, backstage.LeakyReLU, backstage.GELU, backstage.SiLU, backstage.ELU:
		return true
	}
	return false
}

// Forward applies the activation to each element; Softmax to each row.
func (a Act) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	if a == Softmax {
		return x.Softmax(-1)
	}
	kind, param := a.split()
	if kind == backstage.None {
		return x
	}
	return engine.Activate(x, kind, param)
}
