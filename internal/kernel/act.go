package kernel

import (
	"math"

	"github.com/limpid-ml/limpid/internal/backstage"
)

// activate is the twin of activateFast: it applies an epilogue's activation to
// a finished row.
func activate[T Float](act Act, param float64, row []T) {
	switch act {
	case backstage.None:
	case backstage.ReLU:
		for i, v := range row {
			row[i] = max(v, 0)
		}
	default:
		for i, v := range row {
			row[i] = T(activation(act, param, float64(v)))
		}
	}
}

func activation(act Act, a, x float64) float64 {
	sigmoid := 1 / (1 + math.Exp(-x))
	softplus := max(x, 0) + math.Log1p(math.Exp(-math.Abs(x)))
	switch act {
	case backstage.LeakyReLU:
		return max(x, 0) + a*min(x, 0)
	case backstage.Tanh:
		return math.Tanh(x)
	case backstage.Sigmoid:
		return sigmoid
	case backstage.GELU:
		return x * math.Erfc(-x/math.Sqrt2) / 2
	case backstage.GELUTanh:
		return x / (1 + math.Exp(-math.Sqrt(8/math.Pi)*(x+0.044715*x*x*x))) // x·(1 + tanh(half of it))/2
	case backstage.SiLU:
		return x * sigmoid
	case backstage.ELU:
		return max(x, 0) + a*math.Expm1(min(x, 0))
	case backstage.SELU:
		return 1.0507009873554804934193349852946 * (max(x, 0) + 1.6732632423543772848170429916717*math.Expm1(min(x, 0)))
	case backstage.Softplus:
		return softplus
	case backstage.Mish:
		return x * math.Tanh(softplus)
	case backstage.HardSwish:
		return x * min(max(x+3, 0), 6) / 6
	case backstage.Softsign:
		return x / (1 + math.Abs(x))
	}
	return x
}
