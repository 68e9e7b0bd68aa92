// Package op adds an operation to the library from outside.
package op

import (
	"math"

	"github.com/limpid-ml/limpid/tensor"
)

// Mish with a loop of one's own forward, and a rule in the library's operations.
var mish = tensor.Op{
	Name: "mish",
	Forward: func(in ...tensor.Tensor) tensor.Tensor {
		if in[0].DType() == tensor.Float64 {
			return each[float64](in[0])
		}
		return each[float32](in[0])
	},
	Backward: func(y, gy tensor.Tensor, in []tensor.Tensor, need []bool) []tensor.Tensor {
		x := in[0]
		t := x.Softplus().Tanh()
		d := t.Add(x.Mul(x.Sigmoid()).Mul(t.Square().Neg().Shift(1)))
		return []tensor.Tensor{gy.Mul(d)}
	},
}

// each is for float32, which networks use, and for float64, which checks do.
func each[F float32 | float64](x tensor.Tensor) tensor.Tensor {
	src := tensor.View[F](x)
	return tensor.New(x, x.Shape(), func(dst []F) {
		for i, v := range src {
			dst[i] = v * F(math.Tanh(math.Log1p(math.Exp(float64(v)))))
		}
	})
}

func Mish(x tensor.Tensor) tensor.Tensor { return mish.Apply(x) }

func Check() error {
	return tensor.CheckGrad(func(xs ...tensor.Tensor) tensor.Tensor { return Mish(xs[0]).Sum() },
		tensor.NewRand(1).Normal(0, 1, 3, 5).To(tensor.Float64))
}
