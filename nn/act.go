package nn

import (
	"math"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/tensor"
)

// Act is an activation: a layer of its own, or a layer's Act field, where it
// is applied while the result is at hand. The zero Act is none. One
// that has no name here is a [Func].
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
	// GELUTanh is GELU in the form by tanh, as GPT-2 and its like have it.
	GELUTanh = Act(backstage.GELUTanh)
	// Mish is x·tanh(Softplus(x)).
	//
	// Source: Misra 2019, "Mish: a self regularized non-monotonic activation
	// function".
	Mish = Act(backstage.Mish)
	// HardSwish is x·Clamp(x + 3, 0, 6)/6.
	//
	// Source: Howard et al. 2019, "Searching for MobileNetV3".
	HardSwish = Act(backstage.HardSwish)
	// Softsign is x/(1 + |x|).
	Softsign = Act(backstage.Softsign)
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
	case backstage.ReLU, backstage.LeakyReLU, backstage.GELU, backstage.GELUTanh, backstage.SiLU, backstage.ELU, backstage.Mish, backstage.HardSwish:
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

// PReLU is x where x > 0 and Weight·x elsewhere: a slope that is learned.
//
//	x    [..., C]
//
// Source: He et al. 2015, "Delving deep into rectifiers".
type PReLU struct {
	PerChannel bool    // a slope for each channel, not one for all
	Slope      float64 // at first; 0: 0.25

	Weight Param // [1] or [C]
}

// Forward applies the activation to each element.
func (l *PReLU) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	stay := p.Enter(l)
	n := 1
	if l.PerChannel {
		if x.Rank() == 0 {
			p.wants("nn.PReLU", x, "at least one axis, the last the channels")
		}
		n = x.Dim(-1)
	}
	w := p.Param(&l.Weight, constantly(orElse(l.Slope, .25)), n)
	return stay.Return(x.ReLU().Sub(x.Neg().ReLU().Mul(w)))
}

// GLU halves the channels: the first half, times the second one's activation.
// With SiLU for Act it is known as SwiGLU, up to the halves' order.
//
//	x    [..., 2·C]
//	out  [..., C] = x₁·Act(x₂)
//
// Source: Dauphin et al. 2017, "Language modeling with gated convolutional
// networks"; Shazeer 2020, "GLU variants improve transformer".
type GLU struct {
	Act Act // left out: Sigmoid
}

// Forward gates x.
func (l *GLU) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	stay := p.Enter(l)
	if x.Rank() == 0 || x.Dim(-1)%2 != 0 {
		p.wants("nn.GLU", x, "an even number of channels")
	}
	act := l.Act
	if act == 0 {
		act = Sigmoid
	}
	half := x.Split(-1, 2)
	return stay.Return(half[0].Mul(act.Forward(p, half[1])))
}
