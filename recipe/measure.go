package recipe

import (
	"context"
	"math"

	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// Measured is what a task made of its test split.
type Measured struct {
	Scores    Scores
	Examples  int     // how many were read; 0: those of the task's Test
	Confusion [][]int // rows: true classes; nil: it is no classifier
	// Reference says what the scores are compared with; nil: the goals' bounds.
	Reference any
	// Story is what the recipe has to say of its run, in lines of text that
	// train prints ahead of the result; "": nothing.
	Story string

	Labels []int       // of a classifier: the true class of each example
	Chance [][]float64 // and the probabilities it gave
}

// Examine measures the task on its test split.
func (t *Task) Examine(ctx context.Context) (*Measured, error) {
	if t.Measure != nil {
		return t.Measure(ctx)
	}
	return Classify(ctx, t)
}

// Classify measures t.Net as a classifier of t.Test: "accuracy", and "loss",
// the mean cross-entropy over the examples.
func Classify(ctx context.Context, t *Task) (*Measured, error) {
	var c metric.Confusion
	var seen answers
	scores, err := train.Evaluate(ctx, t.Net, t.Test, loss.CrossEntropy, &c, &seen)
	if err != nil {
		return nil, err
	}
	m := &Measured{Scores: Scores{}, Confusion: c.Matrix, Labels: seen.labels, Chance: seen.chance}
	for name, v := range scores {
		if name != seen.Name() {
			m.Scores[name] = v
		}
	}
	return m, nil
}

// answers is a metric that keeps what a classifier said.
type answers struct {
	labels []int
	chance [][]float64
}

// Name returns "answers".
func (*answers) Name() string { return "answers" }

// Better returns 1.
func (*answers) Better() int { return 1 }

// New returns a itself, emptied.
func (a *answers) New() metric.Accumulator {
	*a = answers{}
	return a
}

// Add keeps the probabilities of a batch of logits [N, C] and labels [N].
func (a *answers) Add(out, target tensor.Tensor) error {
	c := out.Dim(-1)
	logits := tensor.Data[float32](out)
	for i, label := range tensor.Data[int32](target) {
		a.labels = append(a.labels, int(label))
		a.chance = append(a.chance, Softmax(logits[i*c:(i+1)*c]))
	}
	return nil
}

// Result returns how many answers there are.
func (a *answers) Result() float64 { return float64(len(a.labels)) }

// Softmax turns a row of scores into probabilities.
func Softmax(logits []float32) []float64 {
	top, sum := math.Inf(-1), 0.0
	for _, v := range logits {
		top = max(top, float64(v))
	}
	p := make([]float64, len(logits))
	for i, v := range logits {
		p[i] = math.Exp(float64(v) - top)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}
