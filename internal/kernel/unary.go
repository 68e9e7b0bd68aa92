package kernel

import (
	"math"

	"github.com/limpid-ml/limpid/internal/backstage"
)

// UnaryOp names a function of one number. a and b are the parameters of
// [Unary].
type UnaryOp uint8

// The functions of one number.
const (
	Neg UnaryOp = iota
	Abs
	Square
	Sqrt
	Rsqrt
	Recip
	Exp
	Log
	Log1p
	Expm1
	Sin
	Cos
	Tanh
	Sigmoid
	ReLU
	LeakyReLU // slope a below 0
	GELU      // exact, by erf
	GELUTanh
	SiLU
	ELU // a·(eˣ − 1) below 0
	SELU
	Softplus
	Mish
	HardSwish
	Softsign
	Erf
	Sign
	Step   // 1 above 0, else 0
	Scale  // a·x
	Shift  // x + a
	Pow    // xᵃ
	Clamp  // between a and b
	Affine // a·x + b
	unaryOps
)

// The constants of SELU. Source: Klambauer et al. 2017, "Self-normalizing
// neural networks".
const (
	seluScale = 1.0507009873554804934193349852946
	seluAlpha = 1.6732632423543772848170429916717
)

// Unary sets dst[i] to op(x[i]). dst may be x. Every function passes on what
// is not a number.
func Unary[T Float](op UnaryOp, dst, x []T, a, b float64) {
	dst = dst[:len(x)]
	switch {
	case op == Pow && a == 2:
		op = Square
	case op == Pow && a == -1:
		op = Recip
	case op == Sin || op == Cos:
		trigonometric(op, dst, x)
		return
	}
	if wide[T]() || !unaryVectors(op, as32(dst), as32(x), a, b) {
		unaryGo(op, dst, x, a, b)
	}
}

// widestAngle is the greatest argument whose sine there is a vector kernel for.
const widestAngle = 1e5

// trigonometric goes by blocks, so that one great argument, or what is not a
// number, costs its block only.
func trigonometric[T Float](op UnaryOp, dst, x []T) {
	for len(x) > 0 {
		n := min(len(x), reduceBlock)
		widest := max(Reduce(MaxOf, x[:n]), -Reduce(MinOf, x[:n]))
		if wide[T]() || !(widest <= widestAngle) || !unaryVectors(op, as32(dst[:n]), as32(x[:n]), 0, 0) {
			unaryGo(op, dst[:n], x[:n], 0, 0)
		}
		dst, x = dst[n:], x[n:]
	}
}

func unaryGo[T Float](op UnaryOp, dst, x []T, a, b float64) {
	for i, v := range x {
		dst[i] = T(unary(op, float64(v), a, b))
	}
}

func unary(op UnaryOp, x, a, b float64) float64 {
	switch op {
	case Neg:
		return -x
	case Abs:
		return math.Abs(x)
	case Square:
		return x * x
	case Recip:
		return 1 / x
	case ReLU:
		return max(x, 0)
	case Scale:
		return a * x
	case Shift:
		return x + a
	case Affine:
		return a*x + b
	case Clamp:
		return min(max(x, a), b)
	case Sign:
		return sign(x)
	case Step:
		return step(x)
	case LeakyReLU, GELU, GELUTanh, SiLU, ELU, SELU, Softplus, Mish, HardSwish, Softsign, Sigmoid, Tanh:
		return activation(unaryActs[op], a, x)
	}
	return transcendental(op, x, a)
}

// unaryActs tells which activation an operation is.
var unaryActs = [unaryOps]Act{
	LeakyReLU: backstage.LeakyReLU, Tanh: backstage.Tanh,
	Sigmoid: backstage.Sigmoid, GELU: backstage.GELU, GELUTanh: backstage.GELUTanh,
	SiLU: backstage.SiLU, ELU: backstage.ELU, SELU: backstage.SELU,
	Softplus: backstage.Softplus, Mish: backstage.Mish,
	HardSwish: backstage.HardSwish, Softsign: backstage.Softsign,
}

func transcendental(op UnaryOp, x, a float64) float64 {
	switch op {
	case Sqrt:
		return math.Sqrt(x)
	case Rsqrt:
		return 1 / math.Sqrt(x)
	case Exp:
		return math.Exp(x)
	case Log:
		return math.Log(x)
	case Log1p:
		return math.Log1p(x)
	case Expm1:
		return math.Expm1(x)
	case Sin:
		return math.Sin(x)
	case Cos:
		return math.Cos(x)
	case Erf:
		return math.Erf(x)
	}
	return math.Pow(x, a)
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x // 0, and what is not a number
}

func step(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x <= 0:
		return 0
	}
	return x
}
