package metric

import (
	"fmt"
	"math"

	"github.com/limpid-ml/limpid/tensor"
)

// IoU returns the share that the rows of a class and the rows taken for it have
// in common of both together; 0 if there are none.
//
// Source: Jaccard 1901.
func (c *Confusion) IoU(class int) float64 {
	hit, rows, guesses := c.counts(class)
	return ratio(hit, rows+guesses-hit)
}

// MeanIoU is the intersection over union of segmentation, counted over the
// pixels of all pictures: the mean over the classes that occur, among labels or
// guesses, or of the class that [MeanIoU.Of] names. Results are logits
// [N, H, W, C], targets int32 [N, H, W]; -100 leaves a pixel out. The share of
// pixels that are right is [Accuracy].
type MeanIoU struct {
	// NoBackground leaves class 0 out of the mean. Its pixels still count where
	// they are taken for another class.
	NoBackground bool
	class        int // one more than the class; 0: all
}

// Of returns the IoU of one class.
func (MeanIoU) Of(class int) MeanIoU { return MeanIoU{class: class + 1} }

// Name returns "miou", or "iou" with the class if there is one.
func (m MeanIoU) Name() string {
	if m.class == 0 {
		return "miou"
	}
	return named("iou", m.class)
}

// Better returns 1.
func (MeanIoU) Better() int { return 1 }

// New returns an empty accumulator.
func (m MeanIoU) New() Accumulator {
	p := &perClass{name: m.Name(), class: m.class, of: (*Confusion).IoU}
	if m.NoBackground {
		return &noBackground{p}
	}
	return p
}

// noBackground leaves class 0 out of a mean.
type noBackground struct{ *perClass }

func (n *noBackground) Result() float64 {
	c := Confusion{n.Matrix}
	return c.Macro(c.IoU, 0)
}

// ObjectIoU is the intersection over union of everything that is not the
// background, class 0, whatever class it is taken for. Results and targets are
// as of [MeanIoU].
type ObjectIoU struct{}

// Name returns "iou_object".
func (ObjectIoU) Name() string { return "iou_object" }

// Better returns 1.
func (ObjectIoU) Better() int { return 1 }

// New returns an empty accumulator.
func (ObjectIoU) New() Accumulator { return &objectIoU{} }

type objectIoU struct{ Confusion }

func (o *objectIoU) Result() float64 {
	both, either := 0, 0
	for t, row := range o.Matrix {
		for g, n := range row {
			if t > 0 && g > 0 {
				both += n
			}
			if t > 0 || g > 0 {
				either += n
			}
		}
	}
	if o.Matrix == nil {
		return math.NaN()
	}
	return ratio(both, either)
}

// BoundaryF says how well the outlines of a segmentation fit: the harmonic mean
// of the share of the outline found that lies on the true one and the share of
// the true one that was found, both within Tolerance. A pixel is on the outline
// of a class if it is of the class and one of its four neighbours, or what lies
// beyond the picture, is not. The score is the mean over the classes in a
// picture, among labels or guesses, then over the pictures that have any.
// Results and targets are as of [MeanIoU]; a pixel that is left out is of no
// class, and what is taken for one there does not count.
//
// Source: Csurka et al. 2013, "What is a good evaluation measure for semantic
// segmentation?"; Perazzi et al. 2016, DAVIS.
type BoundaryF struct {
	Tolerance    float64 // in pixels, between centres; 0: 0.75% of the diagonal, at least 1
	NoBackground bool    // class 0 has no outline of its own
}

// Name returns "boundary_f".
func (BoundaryF) Name() string { return "boundary_f" }

// Better returns 1.
func (BoundaryF) Better() int { return 1 }

// New returns an empty accumulator.
func (m BoundaryF) New() Accumulator { return &boundaryF{of: m} }

type boundaryF struct {
	of  BoundaryF
	sum float64
	n   int
}

func (b *boundaryF) Result() float64 { return b.sum / float64(b.n) }

func (b *boundaryF) Add(out, target tensor.Tensor) error {
	if out.Rank() != 4 {
		return fmt.Errorf("metric: boundary_f: the result is %v; want logits [N, H, W, classes]", out.Shape())
	}
	if !(b.of.Tolerance >= 0) {
		return fmt.Errorf("metric: boundary_f: the tolerance is %g pixels; want 0 or more", b.of.Tolerance)
	}
	s, err := classified("boundary_f", out, target)
	if err != nil {
		return err
	}
	h, w := out.Dim(1), out.Dim(2)
	guesses := make([]int, len(s.labels))
	for i, l := range s.labels {
		guesses[i] = ignored
		if l != ignored {
			guesses[i] = greatest(s.scores[i*s.c : i*s.c+s.c])
		}
	}
	for i := range out.Dim(0) {
		at := i * h * w
		b.picture(s.labels[at:at+h*w], guesses[at:at+h*w], h, w, s.c)
	}
	return nil
}

// picture adds one picture's score.
func (b *boundaryF) picture(labels, guesses []int, h, w, classes int) {
	tolerance := b.of.Tolerance
	if tolerance == 0 {
		tolerance = max(1, 0.0075*math.Hypot(float64(h), float64(w)))
	}
	first := 0
	if b.of.NoBackground {
		first = 1
	}
	var sum float64
	n := 0
	for c := first; c < classes; c++ {
		truth, guess := outline(labels, c, h, w), outline(guesses, c, h, w)
		if len(truth)+len(guess) == 0 {
			continue
		}
		n++
		p, r := within(guess, truth, tolerance, h, w), within(truth, guess, tolerance, h, w)
		if p+r > 0 {
			sum += 2 * p * r / (p + r)
		}
	}
	if n > 0 {
		b.sum += sum / float64(n)
		b.n++
	}
}

// outline returns the places of a class's outline, y·w + x.
func outline(labels []int, class, h, w int) (all []int) {
	is := func(y, x int) bool { return y >= 0 && y < h && x >= 0 && x < w && labels[y*w+x] == class }
	for i, l := range labels {
		y, x := i/w, i%w
		if l == class && !(is(y-1, x) && is(y+1, x) && is(y, x-1) && is(y, x+1)) {
			all = append(all, i)
		}
	}
	return all
}

// within returns the share of the places that lie no further than tolerance
// from one of others; 0 of none.
func within(places, others []int, tolerance float64, h, w int) float64 {
	on := make([]bool, h*w)
	for _, i := range others {
		on[i] = true
	}
	r, hit := int(tolerance), 0
	for _, i := range places {
		if near(on, i/w, i%w, h, w, r, tolerance*tolerance) {
			hit++
		}
	}
	return ratio(hit, len(places))
}

// near tells whether a place is on within the given squared distance of (y, x).
func near(on []bool, y, x, h, w, r int, squared float64) bool {
	for dy := -min(r, y); dy <= min(r, h-1-y); dy++ {
		for dx := -min(r, x); dx <= min(r, w-1-x); dx++ {
			if on[(y+dy)*w+x+dx] && float64(dy*dy+dx*dx) <= squared {
				return true
			}
		}
	}
	return false
}
