package metric

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/limpid-ml/limpid/tensor"
)

// Confusion counts how often each class was taken for each. Its zero value is
// ready for use: both as an [Accumulator], whose result is the accuracy, and,
// by pointer, as a [Metric] that counts into itself, to be read when the
// evaluation has ended. Results and targets are as of [Accuracy].
type Confusion struct {
	// Matrix[t][g] counts the rows of class t that were taken for class g. It
	// is nil before the first batch.
	Matrix [][]int
}

// Pair is a confusion of one class with another.
type Pair struct{ True, Guess, Count int }

// Name returns "accuracy", which the result is.
func (c *Confusion) Name() string { return "accuracy" }

// Better returns 1.
func (c *Confusion) Better() int { return 1 }

// New empties c and returns it.
func (c *Confusion) New() Accumulator {
	c.Matrix = nil
	return c
}

// Add counts a batch.
func (c *Confusion) Add(out, target tensor.Tensor) error {
	s, err := classified("confusion", out, target)
	if err != nil {
		return err
	}
	if c.Matrix == nil {
		c.Matrix = make([][]int, s.c)
		for i := range c.Matrix {
			c.Matrix[i] = make([]int, s.c)
		}
	}
	if len(c.Matrix) != s.c {
		return fmt.Errorf("metric: confusion: the result has %d classes, and batches before had %d", s.c, len(c.Matrix))
	}
	s.each(func(row []float64, label int) { c.Matrix[label][greatest(row)]++ })
	return nil
}

// Result returns the accuracy.
func (c *Confusion) Result() float64 {
	hit, of := 0, 0
	for t, row := range c.Matrix {
		hit += row[t]
		of += sum(row)
	}
	return float64(hit) / float64(of)
}

func sum(row []int) int {
	n := 0
	for _, v := range row {
		n += v
	}
	return n
}

// Pairs returns the n most frequent confusions, the most frequent first, and of
// equal ones those of the lower classes. It returns fewer if there are fewer.
func (c *Confusion) Pairs(n int) []Pair {
	var all []Pair
	for t, row := range c.Matrix {
		for g, count := range row {
			if t != g && count > 0 {
				all = append(all, Pair{t, g, count})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Pair) int { return cmp.Compare(b.Count, a.Count) })
	return all[:min(max(n, 0), len(all))]
}

// Precision returns which share of the rows taken for a class are of it; 0 if
// there are none.
func (c *Confusion) Precision(class int) float64 {
	hit, _, guesses := c.counts(class)
	return ratio(hit, guesses)
}

// Recall returns which share of the rows of a class were taken for it; 0 if
// there are none.
func (c *Confusion) Recall(class int) float64 {
	hit, rows, _ := c.counts(class)
	return ratio(hit, rows)
}

// F1 returns the harmonic mean of a class's precision and recall; 0 if both are.
func (c *Confusion) F1(class int) float64 {
	hit, rows, guesses := c.counts(class)
	return ratio(2*hit, rows+guesses)
}

// counts returns how many rows are of a class, how many were taken for it, and
// how many both: 0 of a class that is none.
func (c *Confusion) counts(class int) (hit, rows, guesses int) {
	if class < 0 || class >= len(c.Matrix) {
		return 0, 0, 0
	}
	for _, row := range c.Matrix {
		guesses += row[class]
	}
	return c.Matrix[class][class], sum(c.Matrix[class]), guesses
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// Macro returns the mean of a score over the classes that occur, among labels
// or guesses, but for those to leave out: c.Macro(c.F1).
func (c *Confusion) Macro(of func(class int) float64, but ...int) float64 {
	var total float64
	n := 0
	for class := range c.Matrix {
		if _, rows, guesses := c.counts(class); rows+guesses > 0 && !slices.Contains(but, class) {
			total += of(class)
			n++
		}
	}
	return total / float64(n)
}

// Micro returns the F1 score of all rows together, but for the classes to leave
// out: the harmonic mean of which share of the answers with the other classes
// were right, and which share of the rows of the other classes were found.
// Without classes to leave out it is the accuracy; NaN if nothing is left.
func (c *Confusion) Micro(but ...int) float64 {
	hit, rows, guesses := 0, 0, 0
	for class := range c.Matrix {
		if !slices.Contains(but, class) {
			h, r, g := c.counts(class)
			hit, rows, guesses = hit+h, rows+r, guesses+g
		}
	}
	return float64(2*hit) / float64(rows+guesses)
}
