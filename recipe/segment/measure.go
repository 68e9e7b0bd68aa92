package segment

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
)

// seen is what a way of segmenting made of a set.
type seen struct {
	scores    recipe.Scores
	confusion metric.Confusion // of pixels
	each      []float64        // of each example, the mean IoU of the classes in it
}

// scorer sums up scores over batches of results [N, H, W, classes].
type scorer struct {
	confusion metric.Confusion
	sums      map[string]metric.Accumulator
	each      []float64
}

func newScorer() *scorer {
	s := &scorer{sums: map[string]metric.Accumulator{}}
	for _, m := range []metric.Metric{metric.MeanIoU{NoBackground: true}, metric.ObjectIoU{}, metric.BoundaryF{NoBackground: true}} {
		s.sums[m.Name()] = m.New()
	}
	return s
}

func (s *scorer) add(out, target tensor.Tensor) error {
	for _, a := range s.sums {
		if err := a.Add(out, target); err != nil {
			return err
		}
	}
	if err := s.confusion.Add(out, target); err != nil {
		return err
	}
	for i := range out.Dim(0) {
		var one metric.Confusion
		if err := one.Add(out.Slice(0, i, i+1), target.Slice(0, i, i+1)); err != nil {
			return err
		}
		s.each = append(s.each, one.Macro(one.IoU))
	}
	return nil
}

// result returns the scores, classes' by their names.
func (s *scorer) result(classes []string) *seen {
	r := &seen{scores: recipe.Scores{}, confusion: s.confusion, each: s.each}
	for name, a := range s.sums {
		r.scores[name] = a.Result()
	}
	r.scores["accuracy_pixel"] = s.confusion.Result()
	by := map[string]float64{}
	for k, name := range classes {
		by[name] = s.confusion.IoU(k)
	}
	r.scores["iou_by_class"] = by
	return r
}

// score measures a way to segment, a function from pictures to 1 for the
// class of each pixel, [N, H, W, classes],
// on a set.
func score(ctx context.Context, set data.Dataset, classes []string, way func(x tensor.Tensor) (tensor.Tensor, error)) (*seen, error) {
	const batch = 16
	s := newScorer()
	l := data.Loader{Data: set, Batch: batch}
	for b, err := range l.Epoch(ctx, 0) {
		if err != nil {
			return nil, err
		}
		out, err := way(b.X)
		if err != nil {
			return nil, err
		}
		if err := s.add(out, b.Y); err != nil {
			return nil, err
		}
	}
	return s.result(classes), nil
}

// measure reads the test split: by the network, and by the reference.
func (j *job) measure(ctx context.Context) (*recipe.Measured, error) {
	var err error
	j.seen, err = score(ctx, j.task.Test, j.known.Classes, func(x tensor.Tensor) (tensor.Tensor, error) {
		chance, err := chances(j.task.Net, x, j.config.Mirror)
		if err != nil {
			return chance, err
		}
		return decided(chance), nil
	})
	if err != nil {
		return nil, err
	}
	if j.trivial, err = j.reference(ctx); err != nil {
		return nil, err
	}
	ref := map[string]any{"method": j.trivial.method, "settings": j.trivial.settings}
	for _, name := range []string{"miou", "iou_object", "boundary_f"} {
		ref[name] = j.trivial.scores[name]
	}
	return &recipe.Measured{Scores: j.seen.scores, Reference: ref, Story: j.story()}, nil
}

// story tells what a terminal shows of the scores.
func (j *job) story() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-14s %6s   %s\n", "class", "IoU", "most often taken for")
	for k, name := range j.known.Classes {
		fmt.Fprintf(&b, "%-14s %5.1f%%   %s\n", name, 100*j.seen.confusion.IoU(k), j.takenFor(k))
	}
	miou, _ := j.seen.scores.Number("miou")
	edge, _ := j.seen.scores.Number("boundary_f")
	ref, _ := j.trivial.scores.Number("miou")
	fmt.Fprintf(&b, "mean IoU without the background %s, of the reference (%s) %s; outlines that fit (boundary F) %s\n",
		recipe.Format("miou", miou), j.trivial.method, recipe.Format("miou", ref), recipe.Format("boundary_f", edge))
	return b.String()
}

// takenFor says what a class's pixels are most often taken for.
func (j *job) takenFor(class int) string {
	row := j.seen.confusion.Matrix[class]
	total, worst := 0, -1
	for k, n := range row {
		total += n
		if k != class && n > 0 && (worst < 0 || n > row[worst]) {
			worst = k
		}
	}
	if worst < 0 {
		return "nothing else"
	}
	return fmt.Sprintf("%s (%.1f%% of its pixels)", j.known.Classes[worst], 100*float64(row[worst])/float64(total))
}

// order lists the examples of the test split, those that came out worst first.
func (r *seen) order() []int {
	all := make([]int, len(r.each))
	for i := range all {
		all[i] = i
	}
	slices.SortStableFunc(all, func(a, b int) int { return cmp.Compare(r.each[a], r.each[b]) })
	return all
}
