package metric

import (
	"fmt"

	"github.com/limpid-ml/limpid/tensor"
)

// Precision is the share of the rows taken for a class that are of it: the mean
// over the classes that occur, or of the class that [Precision.Of] names. It is
// 0 where no row was taken for a class. Results and targets are as of
// [Accuracy].
type Precision struct{ class int } // one more than the class; 0: all

// Of returns the precision of one class.
func (Precision) Of(class int) Precision { return Precision{class + 1} }

// Name returns "precision", with the class if there is one.
func (m Precision) Name() string { return named("precision", m.class) }

// Better returns 1.
func (Precision) Better() int { return 1 }

// New returns an empty accumulator.
func (m Precision) New() Accumulator {
	return &perClass{name: m.Name(), class: m.class, of: (*Confusion).Precision}
}

// Recall is the share of the rows of a class that were taken for it: the mean
// over the classes that occur, or of the class that [Recall.Of] names. It is 0
// where a class has no row. Results and targets are as of [Accuracy].
type Recall struct{ class int } // one more than the class; 0: all

// Of returns the recall of one class.
func (Recall) Of(class int) Recall { return Recall{class + 1} }

// Name returns "recall", with the class if there is one.
func (m Recall) Name() string { return named("recall", m.class) }

// Better returns 1.
func (Recall) Better() int { return 1 }

// New returns an empty accumulator.
func (m Recall) New() Accumulator {
	return &perClass{name: m.Name(), class: m.class, of: (*Confusion).Recall}
}

// F1 is the harmonic mean of precision and recall: the mean over the classes
// that occur, or of the class that [F1.Of] names. Results and targets are as of
// [Accuracy].
type F1 struct{ class int } // one more than the class; 0: all

// Of returns the F1 score of one class.
func (F1) Of(class int) F1 { return F1{class + 1} }

// Name returns "f1", with the class if there is one.
func (m F1) Name() string { return named("f1", m.class) }

// Better returns 1.
func (F1) Better() int { return 1 }

// New returns an empty accumulator.
func (m F1) New() Accumulator {
	return &perClass{name: m.Name(), class: m.class, of: (*Confusion).F1}
}

func named(name string, class int) string {
	if class == 0 {
		return name
	}
	return fmt.Sprintf("%s of class %d", name, class-1)
}

// perClass reads a score off a confusion matrix.
type perClass struct {
	Confusion
	name  string
	class int
	of    func(c *Confusion, class int) float64
}

func (p *perClass) Add(out, target tensor.Tensor) error {
	s, err := classified(p.name, out, target)
	if err != nil {
		return err
	}
	if p.class < 0 || p.class > s.c {
		return fmt.Errorf("metric: %s: the classes are 0…%d", p.name, s.c-1)
	}
	return p.Confusion.Add(out, target)
}

func (p *perClass) Result() float64 {
	switch {
	case p.class == 0 || p.Matrix == nil:
		return p.Macro(func(class int) float64 { return p.of(&p.Confusion, class) })
	default:
		return p.of(&p.Confusion, p.class-1)
	}
}
