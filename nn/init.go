package nn

import (
	"math"

	"github.com/limpid-ml/limpid/tensor"
)

// Init makes a parameter's first value on the heap. r depends on the network's
// seed and the parameter's path alone. shape is [Out, …, In] or [Out].
type Init func(r *tensor.Rand, shape []int) tensor.Tensor

// Zeros fills with 0.
func Zeros(r *tensor.Rand, shape []int) tensor.Tensor { return r.Uniform(0, 0, shape...) }

// Ones fills with 1.
func Ones(r *tensor.Rand, shape []int) tensor.Tensor { return r.Uniform(1, 1, shape...) }

// constantly fills with v.
func constantly(v float64) Init {
	return func(r *tensor.Rand, shape []int) tensor.Tensor { return r.Uniform(v, v, shape...) }
}

// He draws from N(0, 2/n), n the number of inputs of one output, which keeps
// the size of activations through layers with ReLU.
//
// Source: He et al. 2015, "Delving deep into rectifiers".
func He(r *tensor.Rand, shape []int) tensor.Tensor {
	in, _ := fans(shape)
	return r.Normal(0, math.Sqrt(2/in), shape...)
}

// Glorot draws uniformly from ±√(6/(inputs+outputs)), for layers with tanh,
// sigmoid or no activation.
//
// Source: Glorot and Bengio 2010, "Understanding the difficulty of training
// deep feedforward neural networks".
func Glorot(r *tensor.Rand, shape []int) tensor.Tensor {
	in, out := fans(shape)
	a := math.Sqrt(6 / (in + out))
	return r.Uniform(-a, a, shape...)
}

// Normal returns an Init that draws from N(0, std²).
func Normal(std float64) Init {
	return func(r *tensor.Rand, shape []int) tensor.Tensor { return r.Normal(0, std, shape...) }
}

// fans returns how many inputs one output of w [Out, …, In] has, and how many
// outputs one input.
func fans(shape []int) (in, out float64) {
	if len(shape) == 0 {
		return 1, 1
	}
	in, out = 1, float64(max(shape[0], 1))
	for i, d := range shape[1:] {
		in *= float64(max(d, 1))
		if i < len(shape)-2 { // the filter's window
			out *= float64(max(d, 1))
		}
	}
	return in, out
}

// recurrent draws uniformly from ±1/√hidden, PyTorch's choice for recurrent
// layers; gates is how many stand below each other in the first axis.
func recurrent(gates int) Init {
	return func(r *tensor.Rand, shape []int) tensor.Tensor {
		a := 1 / math.Sqrt(float64(max(shape[0]/gates, 1)))
		return r.Uniform(-a, a, shape...)
	}
}

// embedded is N(0, 1), PyTorch's choice for embeddings.
var embedded = Normal(1)

// LeCun draws from N(0, 1/n), n the number of inputs of one output: what SELU
// needs to keep mean 0 and variance 1 from layer to layer.
//
// Source: LeCun et al. 1998, "Efficient backprop"; Klambauer et al. 2017, "Self-normalizing neural networks".
func LeCun(r *tensor.Rand, shape []int) tensor.Tensor {
	in, _ := fans(shape)
	return r.Normal(0, 1/math.Sqrt(in), shape...)
}

// orDefault returns chosen, or what suits act if it is nil.
func orDefault(chosen Init, act Act) Init {
	switch {
	case chosen != nil:
		return chosen
	case act.rectifies():
		return He
	case act == SELU:
		return LeCun
	}
	return Glorot
}
