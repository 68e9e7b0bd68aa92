package prose

import (
	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/tensor"
)

// still is a rule that leaves the weights as they are, or nearly.
type still = optim.SGD

// batchOf stacks examples, the first of which has the number at.
func batchOf(x, y []tensor.Tensor, at int) data.Batch {
	b := data.Batch{X: tensor.Stack(0, x...), Y: tensor.Stack(0, y...), N: len(x)}
	for i := range x {
		b.Index = append(b.Index, at+i)
	}
	return b
}
