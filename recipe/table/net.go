package table

import (
	"math"

	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/baseline"
	"github.com/limpid-ml/limpid/tensor"
)

// Network is several small networks side by side, which see the same rows and
// differ in their first weights and in what dropout takes: their mean answers
// better than any of them. Each is a straight line from the inputs to the
// answer, and two hidden layers that add what is not straight.
//
//	x    [N, inputs]
//	out  [N, Members, Out]
//
// Source: Lakshminarayanan et al. 2017, "Simple and scalable predictive
// uncertainty estimation using deep ensembles"; Gorishniy et al. 2025, "TabM:
// advancing tabular deep learning with parameter-efficient ensembling", for
// members trained as one; Cheng et al. 2016, "Wide & deep learning for
// recommender systems", for the straight line.
type Network struct {
	Members, Width, Out int

	First    nn.Linear // of all members, one after the other
	Drop     nn.Dropout
	Second   Side
	Last     Side
	Straight nn.Linear
}

// newNetwork makes the layers.
func newNetwork(members, width, out int, dropout float64) *Network {
	return &Network{
		Members: members, Width: width, Out: out,
		First:    nn.Linear{Out: members * width, Act: nn.SiLU, Init: nn.He},
		Drop:     nn.Dropout{Rate: dropout},
		Second:   Side{Members: members, Out: width},
		Last:     Side{Members: members, Out: out},
		Straight: nn.Linear{Out: members * out, Init: nn.Zeros},
	}
}

// Forward answers for rows, a member after the other.
func (n *Network) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	rows := x.Dim(0)
	h := p.Apply(x, &n.First, &n.Drop)
	h = h.Reshape(rows, n.Members, n.Width).Permute(1, 0, 2)
	h = n.Second.Forward(p, h)
	h = n.Drop.Forward(p, nn.SiLU.Forward(p, h))
	y := n.Last.Forward(p, h).Permute(1, 0, 2)
	return y.Add(n.Straight.Forward(p, x).Reshape(rows, n.Members, n.Out))
}

// Side is a linear layer for each member.
//
//	x    [Members, N, In]
//	out  [Members, N, Out]
type Side struct {
	Members, Out int

	Weight nn.Param // [Members, In, Out]
	Bias   nn.Param // [Members, 1, Out]
}

// Forward acts on x's last axis.
func (l *Side) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	in := x.Dim(-1)
	w := p.Param(&l.Weight, nn.Normal(math.Sqrt(2/float64(in))), l.Members, in, l.Out)
	return x.MatMul(w).Add(p.Param(&l.Bias, nn.Zeros, l.Members, 1, l.Out))
}

// classLoss is each member's cross-entropy, their mean.
func classLoss(out, target tensor.Tensor) tensor.Tensor {
	n, k := out.Dim(0), out.Dim(1)
	labels := make([]int32, 0, n*k)
	for _, y := range tensor.Data[int32](target) {
		for range k {
			labels = append(labels, y)
		}
	}
	return loss.CrossEntropy(out.Reshape(n*k, out.Dim(2)), tensor.Of(labels, n*k))
}

// numberLoss is each member's squared error, their mean.
func numberLoss(out, target tensor.Tensor) tensor.Tensor {
	return out.Sub(target.Unsqueeze(1)).Square().Mean()
}

// means are the members' mean answers: numbers, or the classes' probabilities.
// out is [N, Members, Out].
func means(out tensor.Tensor, classes int) [][]float64 {
	n, members, width := out.Dim(0), out.Dim(1), out.Dim(2)
	v := tensor.Data[float32](out)
	all := make([][]float64, n)
	for i := range all {
		all[i] = make([]float64, width)
		for m := range members {
			row := v[(i*members+m)*width:][:width]
			if classes == 0 {
				all[i][0] += float64(row[0]) / float64(members)
				continue
			}
			for k, p := range recipe.Softmax(row) {
				all[i][k] += p / float64(members)
			}
		}
	}
	return all
}

// joint is the loss of the members' mean answer, as [baseline.Loss] has it: what
// settings are chosen by.
type joint struct{ classes int }

// Name returns "joint loss".
func (joint) Name() string { return "joint loss" }

// Better returns −1.
func (joint) Better() int { return -1 }

// New returns an empty sum.
func (j joint) New() metric.Accumulator { return &jointSum{joint: j} }

// jointSum adds up losses.
type jointSum struct {
	joint
	sum float64
	n   int
}

// Add takes a batch in.
func (j *jointSum) Add(out, target tensor.Tensor) error {
	y := tensor.Data[float64](target.To(tensor.Float64))
	for i, a := range means(out, j.classes) {
		j.sum += baseline.Loss(a, y[i], j.classes)
		j.n++
	}
	return nil
}

// Result returns the mean.
func (j *jointSum) Result() float64 { return j.sum / float64(j.n) }
