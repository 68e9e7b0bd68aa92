package train

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// rehearse runs the network on the first batch as inference, so that data which
// do not fit are found before anything is written.
func (f *fitting) rehearse() error {
	var all []error
	if err := f.tryOut(f.loader); err != nil {
		all = append(all, fmt.Errorf("train.Fit: Data: %w", err))
	}
	classes := f.classes
	if f.c.Validate != nil {
		if err := f.tryOut(f.eval.loader(f.c.Validate)); err != nil {
			all = append(all, fmt.Errorf("train.Fit: Validate: %w", err))
		}
	}
	f.classes = classes
	return errors.Join(all...)
}

// tryOut runs the network on a loader's first batch, and looks at all labels
// that lie in memory.
func (f *fitting) tryOut(l data.Loader) error {
	f.classes = 0
	for b, err := range l.Batches(context.Background(), 0, 1) {
		if err == nil {
			err = f.tryBatch(b)
		}
		if err != nil {
			return err
		}
	}
	if f.classes == 0 {
		return nil
	}
	return data.CheckLabels(l.Data, f.classes)
}

func (f *fitting) tryBatch(b data.Batch) error {
	if err := finiteX(b); err != nil {
		return err
	}
	if f.c.Objective != nil {
		return nil // it may do more than to compute
	}
	return f.net.Do(func(p *nn.Pass) error {
		out := f.net.Forward(p, b.X)
		if isLabels(out, b.Y) && f.refuses(out, b.Y) {
			f.classes = out.Dim(-1)
		}
		if err := f.labelsIn(b); err != nil {
			return err
		}
		f.c.Loss(out, b.Y)
		return nil
	})
}

// refuses tells whether the loss takes y for numbers of classes: it does not
// take one that is too large. Losses that compare other numbers do.
func (f *fitting) refuses(out, y tensor.Tensor) (no bool) {
	defer func() {
		if recover() != nil {
			no = true
		}
	}()
	all := make([]int, y.Len())
	for i := range all {
		all[i] = out.Dim(-1)
	}
	f.c.Loss(out, tensor.Ints(all...).Reshape(y.Shape()...))
	return false
}

// inspect looks at a batch ahead of its step.
func (f *fitting) inspect(b data.Batch) error {
	err := finiteX(b)
	if err == nil {
		err = f.labelsIn(b)
	}
	if err != nil {
		return fmt.Errorf("train.Fit: step %d: %w", f.u.steps+1, err)
	}
	return nil
}

// finiteX names the example whose X is not finite.
func finiteX(b data.Batch) error { return finitePart("X", b.X, b) }

func finitePart(name string, t tensor.Tensor, b data.Batch) error {
	if !t.Valid() {
		return nil
	}
	at := -1
	switch t.DType() {
	case tensor.Float32:
		at = firstBad(tensor.View[float32](t))
	case tensor.Float64:
		at = firstBad(tensor.View[float64](t))
	}
	if at < 0 {
		return nil
	}
	return fmt.Errorf("%s holds a number that is not finite in its %s: want finite numbers; repair or leave out the example (data.Check finds them all, data.Subset leaves out)", exampleAt(t, at, b), name)
}

// exampleAt names the example that element at of a batch's t belongs to.
func exampleAt(t tensor.Tensor, at int, b data.Batch) string {
	if t.Rank() == 0 || t.Dim(0) != b.N || len(b.Index) != b.N || t.Len() == 0 {
		return fmt.Sprintf("one of the examples %v", b.Index)
	}
	return fmt.Sprintf("example %d", b.Index[at/(t.Len()/b.N)])
}

// labelsIn names the example whose label is not one of the classes.
func (f *fitting) labelsIn(b data.Batch) error {
	if f.classes == 0 || !b.Y.Valid() || b.Y.DType() != tensor.Int32 {
		return nil
	}
	for i, l := range tensor.View[int32](b.Y) {
		if (l < 0 || int(l) >= f.classes) && l != ignored {
			return fmt.Errorf("%s has label %d, and the network has the classes 0 to %d: correct the label, or give the last layer more outputs", exampleAt(b.Y, i, b), l, f.classes-1)
		}
	}
	return nil
}

// explain adds to a failed step's error what the data say about it.
func (f *fitting) explain(err error) error {
	var d *DivergedError
	if errors.As(err, &d) {
		d.Why += f.suspects()
		return err
	}
	return fmt.Errorf("train.Fit: step %d: %w", f.u.steps+1, err)
}

// suspects names what in the batch is not finite.
func (f *fitting) suspects() string {
	err := finitePart("Y", f.batch.Y, f.batch)
	for _, name := range slices.Sorted(maps.Keys(f.batch.More)) {
		if err == nil {
			err = finitePart(fmt.Sprintf("More[%q]", name), f.batch.More[name], f.batch)
		}
	}
	if err == nil {
		return ""
	}
	return "; " + err.Error()
}
