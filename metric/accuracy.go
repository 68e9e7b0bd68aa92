package metric

import (
	"fmt"
	"slices"

	"github.com/limpid-ml/limpid/tensor"
)

// Accuracy is the share of rows whose greatest logit is the label's, the first
// of equal ones. Results are [..., C]; targets int32 labels [...], of which -100
// does not count, or shares [..., C]. Of a single output, C = 1, yes is a logit
// above 0.
type Accuracy struct{}

// Name returns "accuracy".
func (Accuracy) Name() string { return "accuracy" }

// Better returns 1.
func (Accuracy) Better() int { return 1 }

// New returns an empty accumulator.
func (Accuracy) New() Accumulator { return &hits{name: "accuracy", k: 1} }

// TopK is the share of rows whose label is among the K greatest logits. Of
// equal ones the first comes first. Results and targets are as of [Accuracy].
type TopK struct{ K int }

// Name returns "top-5", say.
func (t TopK) Name() string { return fmt.Sprintf("top-%d", t.K) }

// Better returns 1.
func (TopK) Better() int { return 1 }

// New returns an empty accumulator.
func (t TopK) New() Accumulator { return &hits{name: t.Name(), k: t.K} }

// hits counts rows whose label is among the k greatest.
type hits struct {
	name       string
	k, hit, of int
}

func (h *hits) Add(out, target tensor.Tensor) error {
	s, err := classified(h.name, out, target)
	if err != nil {
		return err
	}
	if h.k < 1 || h.k > s.c {
		return fmt.Errorf("metric: %s: want K from 1 to the number of classes, %d", h.name, s.c)
	}
	s.each(func(row []float64, label int) {
		h.of++
		if before(row, label) < h.k {
			h.hit++
		}
	})
	return nil
}

func (h *hits) Result() float64 { return float64(h.hit) / float64(h.of) }

// before counts what stands before a class in order of score.
func before(row []float64, class int) int {
	n := 0
	for i, v := range row {
		if v > row[class] || v == row[class] && i < class {
			n++
		}
	}
	return n
}

// Binary is the share of right answers of yes or no, each element of the result
// being a logit by itself: yes is above 0. The target has the result's shape
// and is 1 for yes and 0 for no, in any type; -100 does not count.
type Binary struct{}

// Name returns "binary accuracy".
func (Binary) Name() string { return "binary accuracy" }

// Better returns 1.
func (Binary) Better() int { return 1 }

// New returns an empty accumulator.
func (Binary) New() Accumulator { return &answers{} }

type answers struct{ hit, of int }

func (a *answers) Add(out, target tensor.Tensor) error {
	if !slices.Equal(out.Shape(), target.Shape()) {
		return fmt.Errorf("metric: binary accuracy: the result is %v and the target %v; want one answer for each logit", out.Shape(), target.Shape())
	}
	labels, err := yesNo("binary accuracy", target)
	if err != nil {
		return err
	}
	logits := floats(out)
	if err := finite("binary accuracy", logits, 1); err != nil {
		return err
	}
	for i, l := range labels {
		if l == ignored {
			continue
		}
		a.of++
		if (logits[i] > 0) == (l == 1) {
			a.hit++
		}
	}
	return nil
}

func (a *answers) Result() float64 { return float64(a.hit) / float64(a.of) }
