package data

import (
	"fmt"

	"github.com/limpid-ml/limpid/tensor"
)

// CheckLabels returns an error that names the first example of a set in memory
// whose int32 label is outside 0…classes−1; −100 (ignored) is allowed. Sets
// whose examples would have to be read from files, or made, pass: [Check]
// reads them all.
func CheckLabels(set Dataset, classes int) error {
	if s, ok := set.(*Images); ok {
		return s.checkLabels(classes)
	}
	d, ok := set.(direct)
	if !ok || d.slow() {
		return nil
	}
	fx, fy := d.forms()
	if fy.none() || fy.dtype != tensor.Int32 {
		return nil
	}
	x, _ := newColumn(fx, 1)
	y, _ := newColumn(fy, 1)
	for i := range d.Len() {
		if err := d.write(i, x, y, 0); err != nil {
			return fmt.Errorf("data: check: example %d: %w", i, err)
		}
		if err := badLabel("label", y.i32, func(int) int { return i }, classes); err != nil {
			return err
		}
	}
	return nil
}
