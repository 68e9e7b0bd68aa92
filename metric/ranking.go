package metric

import (
	"cmp"
	"math"
	"slices"

	"github.com/limpid-ml/limpid/tensor"
)

// AUC is the area under the receiver operating characteristic: how often a yes
// scores above a no, equal scores counting half. Results are logits [..., 1] of
// yes, or [..., 2] of no and yes; targets are as of [Accuracy]. It keeps every
// score. Without a yes or a no it is NaN.
//
// Source: Hanley and McNeil 1982, "The meaning and use of the area under a
// receiver operating characteristic (ROC) curve".
type AUC struct{}

// Name returns "auc".
func (AUC) Name() string { return "auc" }

// Better returns 1.
func (AUC) Better() int { return 1 }

// New returns an empty accumulator.
func (AUC) New() Accumulator { return &ranking{name: "auc", result: auc} }

// AveragePrecision sums the precision at each score, weighted with the step in
// recall there: the area under the precision-recall curve without
// interpolation. Results and targets are as of [AUC]. Without a yes it is NaN.
type AveragePrecision struct{}

// Name returns "average precision".
func (AveragePrecision) Name() string { return "average precision" }

// Better returns 1.
func (AveragePrecision) Better() int { return 1 }

// New returns an empty accumulator.
func (AveragePrecision) New() Accumulator {
	return &ranking{name: "average precision", result: averagePrecision}
}

// answer is a score and what was right.
type answer struct {
	score float64
	yes   bool
}

// ranking keeps all scores: a rank is known only at the end.
type ranking struct {
	name   string
	all    []answer
	result func(groups []tied) float64
}

func (r *ranking) Add(out, target tensor.Tensor) error {
	s, err := classified(r.name, out, target)
	if err != nil {
		return err
	}
	if s.c != 2 {
		return errTwoClasses(r.name, s.c)
	}
	s.each(func(row []float64, label int) {
		r.all = append(r.all, answer{row[1] - row[0], label == 1})
	})
	return nil
}

func (r *ranking) Result() float64 { return r.result(groups(r.all)) }

// tied counts the answers of one score.
type tied struct{ yes, no float64 }

// groups returns the answers by score, the highest first. The order of equal
// scores does not show.
func groups(all []answer) []tied {
	sorted := slices.Clone(all)
	slices.SortFunc(sorted, func(a, b answer) int { return cmp.Compare(b.score, a.score) })
	var g []tied
	for i, a := range sorted {
		if i == 0 || a.score != sorted[i-1].score {
			g = append(g, tied{})
		}
		if last := &g[len(g)-1]; a.yes {
			last.yes++
		} else {
			last.no++
		}
	}
	return g
}

func auc(groups []tied) float64 {
	var above, yes, no float64
	for _, g := range groups {
		above += g.no * (yes + g.yes/2)
		yes += g.yes
		no += g.no
	}
	return above / (yes * no)
}

func averagePrecision(groups []tied) float64 {
	var sum, yes, of float64
	for _, g := range groups {
		yes += g.yes
		of += g.yes + g.no
		sum += g.yes * yes / of
	}
	if yes == 0 {
		return math.NaN()
	}
	return sum / yes
}
