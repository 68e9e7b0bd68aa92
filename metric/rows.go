package metric

import (
	"fmt"
	"math"
	"slices"

	"github.com/limpid-ml/limpid/tensor"
)

// ignored is the label of an example that does not count.
const ignored = -100

// floats returns t's elements as float64, whatever its type.
func floats(t tensor.Tensor) []float64 {
	if t.DType() == tensor.Float64 {
		return tensor.View[float64](t)
	}
	return tensor.View[float64](t.Detach().To(tensor.Float64))
}

// finite refuses a NaN, which is neither right nor wrong.
func finite(name string, v []float64, perExample int) error {
	for i, x := range v {
		if math.IsNaN(x) {
			return fmt.Errorf("metric: %s: the result of example %d is NaN; the network has diverged, or its input was NaN", name, i/max(perExample, 1))
		}
	}
	return nil
}

// scored is a batch of a classifier: scores [N, C], and of each row its label,
// or ignored.
type scored struct {
	scores []float64
	labels []int
	c      int
}

// classified reads a batch: logits or probabilities [..., C], and labels, which
// are int32 [...], or shares [..., C] whose greatest is the label. A single
// output, C = 1, is a logit of yes against no: it becomes two classes, and the
// target is 0 or 1, or -100, in either shape.
func classified(name string, out, target tensor.Tensor) (scored, error) {
	shape, want := out.Shape(), target.Shape()
	if len(shape) == 0 || out.DType() > tensor.Float64 {
		return scored{}, fmt.Errorf("metric: %s: the result is %v %v, want float logits [..., classes]", name, out.DType(), shape)
	}
	c := shape[len(shape)-1]
	s := scored{scores: floats(out), c: c}
	if err := finite(name, s.scores, c); err != nil {
		return scored{}, err
	}
	rows, values := slices.Equal(want, shape[:len(shape)-1]), slices.Equal(want, shape)
	var err error
	switch {
	case c == 1 && (rows || values):
		s.labels, err = yesNo(name, target)
		s.scores, s.c = twoClasses(s.scores), 2
	case rows && target.DType() == tensor.Int32:
		s.labels, err = labelsOf(name, tensor.View[int32](target), c)
	case values && target.DType() <= tensor.Float64:
		s.labels, err = mostOf(name, floats(target), c)
	default:
		err = fmt.Errorf("metric: %s: the result is %v and the target %v %v; want int32 labels %v, or shares %v",
			name, shape, target.DType(), want, shape[:len(shape)-1], shape)
	}
	return s, err
}

// twoClasses sets 0, the logit of no, before each logit of yes.
func twoClasses(yes []float64) []float64 {
	both := make([]float64, 2*len(yes))
	for i, v := range yes {
		both[2*i+1] = v
	}
	return both
}

func labelsOf(name string, labels []int32, c int) ([]int, error) {
	all := make([]int, len(labels))
	for i, l := range labels {
		if (l < 0 || int(l) >= c) && l != ignored {
			return nil, fmt.Errorf("metric: %s: label %d of example %d is outside 0…%d; number the classes from 0 (-100 leaves an example out)", name, l, i, c-1)
		}
		all[i] = int(l)
	}
	return all, nil
}

// yesNo reads answers of 0 and 1 of any type.
func yesNo(name string, target tensor.Tensor) ([]int, error) {
	v := floats(target)
	all := make([]int, len(v))
	for i, x := range v {
		if x != 0 && x != 1 && x != ignored {
			return nil, fmt.Errorf("metric: %s: the target of example %d is %g; want 1 for yes and 0 for no (-100 leaves an example out)", name, i, x)
		}
		all[i] = int(x)
	}
	return all, nil
}

// mostOf returns of each row of shares the place of the greatest.
func mostOf(name string, shares []float64, c int) ([]int, error) {
	all := make([]int, len(shares)/max(c, 1))
	for i := range all {
		row, sum := shares[i*c:i*c+c], 0.
		for _, v := range row {
			sum += v
		}
		if !(math.Abs(sum-1) <= 1e-3) {
			return nil, fmt.Errorf("metric: %s: the target's shares of example %d sum up to %g, want 1; for several answers of yes or no, use Binary", name, i, sum)
		}
		all[i] = greatest(row)
	}
	return all, nil
}

// greatest returns the place of the greatest number, the first of equal ones.
func greatest(row []float64) int {
	best := 0
	for i, v := range row {
		if v > row[best] {
			best = i
		}
	}
	return best
}

// each calls f for every row that counts.
func (s *scored) each(f func(row []float64, label int)) {
	for i, l := range s.labels {
		if l != ignored {
			f(s.scores[i*s.c:i*s.c+s.c], l)
		}
	}
}
