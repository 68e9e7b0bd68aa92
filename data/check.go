package data

import (
	"context"
	"fmt"
	"math"

	"github.com/limpid-ml/limpid/tensor"
)

// ignored is the label that losses leave out.
const ignored = -100

// Check reads every example of set and returns an error that names the first
// with a NaN or an infinity, or with a label outside 0…classes−1; −100 (ignored)
// is allowed. With classes 0 labels are not looked at. An empty set is an
// error. Sets of files are read on all processors, and the error names all
// files that are broken.
func Check(set Dataset, classes int) error {
	if set == nil || set.Len() == 0 {
		return fmt.Errorf("data: check: the dataset is empty")
	}
	if s, ok := set.(*Images); ok {
		return s.checkLabels(classes) // every byte has a finite value
	}
	if d, ok := set.(direct); ok && d.slow() {
		return checkFiles(set, classes)
	}
	for i := range set.Len() {
		if err := checkAt(set, i, classes); err != nil {
			return err
		}
	}
	return nil
}

func checkFiles(set Dataset, classes int) error {
	err := every(context.Background(), set.Len(), func(i int) error {
		e, err := set.At(i)
		if err != nil {
			return err // it names the file
		}
		return checkExample(&e, i, classes)
	})
	if err != nil {
		return fmt.Errorf("data: check: %w", err)
	}
	return nil
}

func checkAt(set Dataset, i, classes int) error {
	e, err := set.At(i)
	if err != nil {
		return fmt.Errorf("data: check: example %d: %w", i, err)
	}
	return checkExample(&e, i, classes)
}

func (s *Images) checkLabels(classes int) error {
	if classes > 0 {
		return badLabel("label", s.labels, func(k int) int { return k }, classes)
	}
	return nil
}

func checkExample(e *Example, i, classes int) error {
	if err := checkFinite("X", whole(e.X), i); err != nil {
		return err
	}
	y := whole(e.Y)
	if classes > 0 && y.dtype == tensor.Int32 {
		if err := badLabel("label", y.i32, func(int) int { return i }, classes); err != nil {
			return err
		}
	}
	if err := checkFinite("Y", y, i); err != nil {
		return err
	}
	for _, name := range names([]Example{*e}) {
		if err := checkFinite(name, whole(e.More[name]), i); err != nil {
			return err
		}
	}
	return nil
}

func checkFinite(part string, c column, i int) error {
	for k, v := range c.f32 {
		if d := v - v; d != 0 { // NaN or infinite
			return notFinite(part, i, k, float64(v))
		}
	}
	for k, v := range c.f64 {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return notFinite(part, i, k, v)
		}
	}
	return nil
}

func notFinite(part string, i, k int, v float64) error {
	return fmt.Errorf("data: check: example %d: %s holds %g at element %d, want finite numbers: repair or leave out the example (data.Subset)", i, part, v, k)
}

// badLabel returns an error for the first label out of range; example tells
// whose it is.
func badLabel(part string, labels []int32, example func(k int) int, classes int) error {
	for k, l := range labels {
		if (l < 0 || int(l) >= classes) && l != ignored {
			return fmt.Errorf("data: check: example %d: %s %d, want 0 to %d for %d classes: correct it, or give the model more classes", example(k), part, l, classes-1, classes)
		}
	}
	return nil
}
