package train

import (
	"github.com/limpid-ml/limpid/internal/kernel"
	"github.com/limpid-ml/limpid/tensor"
)

// finite tells whether all of t's numbers are; those of other types are.
func finite(t tensor.Tensor) bool {
	switch t.DType() {
	case tensor.Float32:
		return finiteAll(tensor.View[float32](t), nil)
	case tensor.Float64:
		return finiteAll(nil, tensor.View[float64](t))
	}
	return true
}

func finiteAll(narrow []float32, wide []float64) bool {
	return firstBad(narrow) < 0 && firstBad(wide) < 0
}

// firstBad returns the index of the first number that is not finite, or −1.
func firstBad[T kernel.Float](v []T) int {
	if !bad(kernel.Reduce(kernel.SumAbs, v)) {
		return -1
	}
	for i, x := range v {
		if x-x != 0 {
			return i
		}
	}
	return -1
}
