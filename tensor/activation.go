package tensor

import (
	"math"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/internal/kernel"
)

// Tanh returns the hyperbolic tangent.
func (x Tensor) Tanh() Tensor { return activate(x, backstage.Tanh, 0) }

// Sigmoid returns 1/(1 + e⁻ˣ).
func (x Tensor) Sigmoid() Tensor { return activate(x, backstage.Sigmoid, 0) }

// ReLU returns max(x, 0); its slope at 0 is 0.
func (x Tensor) ReLU() Tensor { return activate(x, backstage.ReLU, 0) }

// LeakyReLU returns x above 0 and slope·x below.
func (x Tensor) LeakyReLU(slope float64) Tensor { return activate(x, backstage.LeakyReLU, slope) }

// GELU returns x·Φ(x), where Φ is the normal distribution's: the exact form.
//
// Source: Hendrycks and Gimpel 2016, "Gaussian error linear units".
func (x Tensor) GELU() Tensor { return activate(x, backstage.GELU, 0) }

// Softplus returns log(1 + eˣ).
func (x Tensor) Softplus() Tensor { return activate(x, backstage.Softplus, 0) }

var opActs = [...]opDef{
	backstage.ReLU:      {name: "tensor.ReLU"},
	backstage.LeakyReLU: {name: "tensor.LeakyReLU"},
	backstage.Tanh:      {name: "tensor.Tanh"},
	backstage.Sigmoid:   {name: "tensor.Sigmoid"},
	backstage.GELU:      {name: "tensor.GELU"},
	backstage.GELUTanh:  {name: "tensor.GELUTanh"},
	backstage.SiLU:      {name: "tensor.SiLU"},
	backstage.ELU:       {name: "tensor.ELU"},
	backstage.SELU:      {name: "tensor.SELU"},
	backstage.Softplus:  {name: "tensor.Softplus"},
	backstage.Mish:      {name: "tensor.Mish"},
	backstage.HardSwish: {name: "tensor.HardSwish"},
	backstage.Softsign:  {name: "tensor.Softsign"},
}

var actKernels = [...]struct {
	act   kernel.UnaryOp
	slope kernel.BinaryOp // times a gradient; see seesOutput for its second operand
}{
	backstage.ReLU:      {kernel.ReLU, kernel.GradReLU},
	backstage.LeakyReLU: {kernel.LeakyReLU, kernel.GradLeaky},
	backstage.Tanh:      {kernel.Tanh, kernel.GradTanh},
	backstage.Sigmoid:   {kernel.Sigmoid, kernel.GradSigmoid},
	backstage.GELU:      {kernel.GELU, kernel.GradGELU},
	backstage.GELUTanh:  {kernel.GELUTanh, kernel.GradGELUTanh},
	backstage.SiLU:      {kernel.SiLU, kernel.GradSiLU},
	backstage.ELU:       {kernel.ELU, kernel.GradELU},
	backstage.SELU:      {kernel.SELU, kernel.GradSELU},
	backstage.Softplus:  {kernel.Softplus, kernel.GradSoftplus},
	backstage.Mish:      {kernel.Mish, kernel.GradMish},
	backstage.HardSwish: {kernel.HardSwish, kernel.GradHardSwish},
	backstage.Softsign:  {kernel.Softsign, kernel.GradSoftsign},
}

var opActGrad = opDef{name: "tensor.Activate's gradient"}

func init() { // here, for rules name operations
	for i := range opActs {
		opActs[i].grad = activateGrad
	}
	opActGrad.grad = actGradGrad
}

// activate applies an activation; param is LeakyReLU's slope or ELU's α.
func activate(x Tensor, act backstage.Act, param float64) Tensor {
	switch {
	case act == backstage.None:
		return x
	case act == backstage.ELU && param < 0: // no kernel knows its slope
		return activate(x, backstage.ReLU, 0).Add(x.Clamp(math.Inf(-1), 0).Exp().Shift(-1).Scale(param))
	}
	op := &opActs[act]
	h, s := home1(op.name, x)
	if !h.dtype.float() {
		mixed(op.name, x)
	}
	out := allocLike(s, h)
	mapUnary(actKernels[act].act, out.h, h, param, 0)
	if n := record(op, out, x); n != nil {
		n.ints[0], n.f[0] = int(act), param
	}
	return out
}

func activateGrad(n *node, dy Tensor) {
	act, v := backstage.Act(n.ints[0]), n.in[0]
	if seesOutput(act, n.f[0]) {
		v = n.out
	}
	n.give(0, actGrad(dy, v, act, n.f[0]))
}

// actGrad returns dy times the activation's slope. v is the activation's
// result if seesOutput, else its argument; they have one shape.
func actGrad(dy, v Tensor, act backstage.Act, param float64) Tensor {
	hd, hv, s := home2(opActGrad.name, dy, v)
	if hd.dtype != hv.dtype || !hd.dtype.float() {
		mixed(opActGrad.name, dy, v)
	}
	out := allocLike(s, hd)
	if k := actKernels[act].slope; hd.dtype == Float32 {
		kernel.Binary(k, elems[float32](out.h), elems[float32](hd), elems[float32](hv), param)
	} else {
		kernel.Binary(k, elems[float64](out.h), elems[float64](hd), elems[float64](hv), param)
	}
	if n := record(&opActGrad, out, dy, v); n != nil {
		n.ints[0], n.f[0] = int(act), param
	}
	return out
}

func actGradGrad(n *node, g Tensor) {
	act, param := backstage.Act(n.ints[0]), n.f[0]
	if n.needs(0) {
		n.give(0, actGrad(g, n.in[1], act, param))
	}
	if n.needs(1) {
		if bend := bendOf(act, n.in[1]); bend.h != nil {
			n.give(1, g.Mul(n.in[0]).Mul(bend))
		}
	}
}

// bendOf returns how an activation's slope, as actGrad computes it of v,
// changes with v; the zero Tensor if it does not.
func bendOf(act backstage.Act, v Tensor) Tensor {
	switch act {
	case backstage.Tanh: // 1 − y²
		return v.Scale(-2)
	case backstage.Sigmoid: // y − y²
		return v.Scale(-2).Shift(1)
	case backstage.ELU, backstage.SELU: // y + α below 0
		return constantOf(kernel.Step, v, 0, 0).Neg().Shift(1)
	case backstage.HardSwish: // (2x + 3)/6 from −3 to 3
		return inside01(v, -3, 3).Scale(1. / 3)
	case backstage.Softsign: // 1/(1 + |x|)²
		return v.Abs().Shift(1).Pow(-3).Mul(signs(v)).Scale(-2)
	case backstage.Softplus: // σ(x)
		s := v.Sigmoid()
		return s.Sub(s.Square())
	case backstage.SiLU:
		s := v.Sigmoid()
		return s.Sub(s.Square()).Mul(v.Mul(s.Scale(-2).Shift(1)).Shift(2))
	case backstage.GELU: // φ(x)·(2 − x²)
		const peak = 0.39894228040143267793994605993438 // φ(0) = 1/√(2π)
		x2 := v.Square()
		return x2.Scale(-.5).Exp().Mul(x2.Neg().Shift(2)).Scale(peak)
	case backstage.GELUTanh:
		return bendOfGELUTanh(v)
	case backstage.Mish:
		return bendOfMish(v)
	}
	return Tensor{}
}

// bendOfGELUTanh is the second derivative of x/2·(1 + tanh u), u = c·(x + k·x³).
func bendOfGELUTanh(x Tensor) Tensor {
	const c, k = 0.79788456080286535587989211986876, 0.044715 // c = √(2/π)
	x2 := x.Square()
	t := x.Mul(x2.Scale(c * k).Shift(c)).Tanh()
	u1, u2 := x2.Scale(3*c*k).Shift(c), x.Scale(6*c*k)
	t1 := t.Square().Neg().Shift(1)
	return t1.Mul(u1.Add(x.Mul(u2.Scale(.5).Sub(t.Mul(u1.Square())))))
}

// bendOfMish is the second derivative of x·t, t = tanh(softplus(x)).
func bendOfMish(x Tensor) Tensor {
	t, s := x.Softplus().Tanh(), x.Sigmoid()
	rest := t.Square().Neg().Shift(1)
	t1 := rest.Mul(s)
	t2 := rest.Mul(s.Sub(s.Square())).Sub(t.Mul(t1).Mul(s).Scale(2))
	return t1.Scale(2).Add(x.Mul(t2))
}
