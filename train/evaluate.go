package train

import (
	"context"
	"fmt"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// evalBatch is how many examples Evaluate takes at a time.
const evalBatch = 64

// ignored is the label that losses leave out.
const ignored = -100

// Evaluate runs net on every example as inference and returns "loss", the mean
// over the examples (over the labels, where they are int32 and some are −100,
// ignored), and each metric by its name. Without metrics, and with int32
// labels, it returns "accuracy". loss may be nil: then there is no "loss".
//
// The error names the example where data cannot be read, and wraps ctx's.
func Evaluate(ctx context.Context, net *nn.Net, set data.Dataset, loss loss.Func, metrics ...metric.Metric) (map[string]float64, error) {
	if net == nil {
		return nil, fmt.Errorf("train.Evaluate: the network is nil: build it with nn.Build, and look at its error")
	}
	if err := checkContext("Evaluate", ctx); err != nil {
		return nil, err
	}
	e := &evaluation{net: net, metrics: metrics}
	if loss != nil {
		e.measure = func(_ *nn.Pass, out tensor.Tensor, b data.Batch) tensor.Tensor { return loss(out, b.Y) }
	}
	var scores map[string]float64
	err := try(func() (err error) {
		scores, err = e.run(ctx, set)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("train.Evaluate: %w", err)
	}
	return scores, nil
}

// evaluation measures a network on a set.
type evaluation struct {
	net     *nn.Net
	metrics []metric.Metric
	collate func([]data.Example) (data.Batch, error)
	// measure returns a batch's loss; nil: none is wanted. direct says that it
	// runs the network itself.
	measure func(p *nn.Pass, out tensor.Tensor, b data.Batch) tensor.Tensor
	direct  bool

	sums   []metric.Accumulator // in step with metrics
	loss   float64
	weight float64
	begun  bool
}

func (e *evaluation) run(ctx context.Context, set data.Dataset) (map[string]float64, error) {
	e.sums, e.begun, e.loss, e.weight = nil, false, 0, 0
	l := e.loader(set)
	for b, err := range l.Epoch(ctx, 0) {
		if err == nil {
			err = e.net.Do(func(p *nn.Pass) error { return e.add(p, b) })
		}
		if err != nil {
			return nil, err
		}
	}
	return e.scores(), nil
}

func (e *evaluation) loader(set data.Dataset) data.Loader {
	return data.Loader{Data: set, Batch: evalBatch, Collate: e.collate}
}

// add takes in a batch.
func (e *evaluation) add(p *nn.Pass, b data.Batch) error {
	var out tensor.Tensor
	if !e.direct || len(e.metrics) > 0 { // an Objective runs the network itself
		out = e.net.Forward(p, b.X)
	}
	if !e.begun {
		e.begin(out, b)
	}
	if e.measure != nil {
		w := countLabels(b)
		if v := e.measure(p, out, b).Item(); w > 0 {
			e.loss += v * w
			e.weight += w
		}
	}
	for i, s := range e.sums {
		if err := s.Add(out, b.Y); err != nil {
			return fmt.Errorf("metric %s: %w", e.metrics[i].Name(), err)
		}
	}
	return nil
}

// begin chooses the metrics when the first batch is seen.
func (e *evaluation) begin(out tensor.Tensor, b data.Batch) {
	e.begun = true
	if e.metrics == nil && out.Valid() && isLabels(out, b.Y) && within(b.Y, out.Dim(-1)) {
		e.metrics = []metric.Metric{metric.Accuracy{}}
	}
	for _, m := range e.metrics {
		e.sums = append(e.sums, m.New())
	}
}

// isLabels tells whether y may hold a class for each row of out.
func isLabels(out, y tensor.Tensor) bool {
	return y.Valid() && y.DType() == tensor.Int32 && out.Rank() == y.Rank()+1 && out.Dim(-1) > 1
}

// within tells whether labels are below classes, or ignored.
func within(labels tensor.Tensor, classes int) bool {
	for _, l := range tensor.View[int32](labels) {
		if (l < 0 || int(l) >= classes) && l != ignored {
			return false
		}
	}
	return true
}

// countLabels returns what a batch's mean loss stands for: its examples, or
// its labels that are not ignored.
func countLabels(b data.Batch) float64 {
	if !b.Y.Valid() || b.Y.DType() != tensor.Int32 {
		return float64(b.N)
	}
	n := 0
	for _, l := range tensor.View[int32](b.Y) {
		if l != ignored {
			n++
		}
	}
	return float64(n)
}

func (e *evaluation) scores() map[string]float64 {
	all := map[string]float64{}
	if e.measure != nil && e.weight > 0 {
		all["loss"] = e.loss / e.weight
	}
	for i, m := range e.metrics {
		all[m.Name()] = e.sums[i].Result()
	}
	return all
}
