package segment

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/tensor"
)

// trivial is what the scores are compared with: a way without learning but for
// means. What differs enough in colour from the picture's border is an object;
// pixels that touch make one object; its class is that whose mean picture is
// nearest to it.
type trivial struct {
	*seen
	method   string
	settings map[string]any
	searched [][]string // of the settings, by validation: rows of a table
}

// cells is the side of the pictures that objects are compared by.
const cells = 12

// figure is an object as it is compared: how bright it is in each cell of its
// box, as a share of its brightest; 0 beside it.
type figure [cells * cells]float64

// cutter is the way with its two settings.
type cutter struct {
	distance float64 // from the border's median colour; values are normalised
	least    int     // pixels of an object
	means    []figure
	there    []bool // whether training had the class
}

// What is tried of each setting.
var (
	distances = []float64{0.4, 0.7, 1, 1.4, 1.8, 2.4}
	leasts    = []int{12, 40, 120}
)

// Examples that the reference learns from and is tuned on.
const (
	taught = 400
	tuned  = 100
)

// reference makes the trivial way, chooses its settings on validation pictures
// and measures it on the test split.
func (j *job) reference(ctx context.Context) (*trivial, error) {
	c, err := teach(ctx, j.task.Fit.Data, len(j.known.Classes))
	if err != nil {
		return nil, err
	}
	t := &trivial{method: "colour threshold, nearest mean picture"}
	best, chosen := -1.0, *c
	for _, c.distance = range distances {
		for _, c.least = range leasts {
			both, err := c.try(ctx, firstOf(j.task.Fit.Validate, tuned))
			if err != nil {
				return nil, err
			}
			miou := both.Macro(both.IoU, 0)
			t.searched = append(t.searched, []string{fmt.Sprint(c.distance), fmt.Sprint(c.least), fmt.Sprintf("%.1f%%", 100*miou)})
			if miou > best {
				best, chosen = miou, *c
			}
		}
	}
	t.settings = map[string]any{"distance": chosen.distance, "least": chosen.least}
	t.seen, err = score(ctx, j.task.Test, j.known.Classes, func(x tensor.Tensor) (tensor.Tensor, error) { return chosen.answer(x), nil })
	return t, err
}

// firstOf is the first n examples of a set.
func firstOf(set data.Dataset, n int) data.Dataset {
	n = min(n, set.Len())
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return data.Subset(set, all)
}

// teach takes the mean picture of each class from what training masks mark.
func teach(ctx context.Context, set data.Dataset, classes int) (*cutter, error) {
	c := &cutter{means: make([]figure, classes), there: make([]bool, classes)}
	counts := make([]float64, classes)
	l := data.Loader{Data: firstOf(set, taught), Batch: 16}
	for b, err := range l.Epoch(ctx, 0) {
		if err != nil {
			return nil, err
		}
		h, w := b.X.Dim(1), b.X.Dim(2)
		x, y := tensor.View[float32](b.X), tensor.View[int32](b.Y)
		for i := range b.N {
			mask := y[i*h*w : (i+1)*h*w]
			for _, part := range connected(mask, w) {
				class := mask[part[0]]
				if class <= 0 || len(part) < leasts[0] {
					continue
				}
				f := figureOf(x[i*h*w*3:(i+1)*h*w*3], part, w)
				for k, v := range f {
					c.means[class][k] += v
				}
				counts[class]++
			}
		}
	}
	for k, n := range counts {
		c.there[k] = n > 0
		for q := range c.means[k] {
			c.means[k][q] /= max(n, 1)
		}
	}
	return c, nil
}

// connected returns the groups of pixels of one value that touch by a side, in
// order of their first pixels.
func connected[T comparable](of []T, w int) (all [][]int) {
	seen := make([]bool, len(of))
	for from := range of {
		if seen[from] {
			continue
		}
		part := []int{from}
		seen[from] = true
		for k := 0; k < len(part); k++ {
			i := part[k]
			for d, next := range [4]int{i - 1, i + 1, i - w, i + w} {
				beside := d == 0 && i%w == 0 || d == 1 && i%w == w-1
				if beside || next < 0 || next >= len(of) || seen[next] || of[next] != of[from] {
					continue
				}
				seen[next] = true
				part = append(part, next)
			}
		}
		all = append(all, part)
	}
	return all
}

// figureOf returns the figure of some pixels of a picture [H, W, 3].
func figureOf(x []float32, part []int, w int) (f figure) {
	x1, x2, y1, y2 := w, 0, math.MaxInt, 0
	for _, i := range part {
		x1, x2, y1, y2 = min(x1, i%w), max(x2, i%w+1), min(y1, i/w), max(y2, i/w+1)
	}
	var sums, counts figure
	for _, i := range part {
		at := (i/w-y1)*cells/(y2-y1)*cells + (i%w-x1)*cells/(x2-x1)
		sums[at] += 0.299*float64(x[3*i]) + 0.587*float64(x[3*i+1]) + 0.114*float64(x[3*i+2]) + 2 // from 0 on
		counts[at]++
	}
	top := 0.0
	for k := range f {
		if counts[k] > 0 {
			f[k] = sums[k] / counts[k]
		}
		top = max(top, f[k])
	}
	for k := range f {
		f[k] /= max(top, 1e-9)
	}
	return f
}

// try counts what is taken for what in a set.
func (c *cutter) try(ctx context.Context, set data.Dataset) (*metric.Confusion, error) {
	var both metric.Confusion
	l := data.Loader{Data: set, Batch: 16}
	for b, err := range l.Epoch(ctx, 0) {
		if err != nil {
			return nil, err
		}
		if err := both.Add(c.answer(b.X), b.Y); err != nil {
			return nil, err
		}
	}
	return &both, nil
}

// answer returns 1 for each pixel's class, [N, H, W, classes], of pictures
// [N, H, W, 3].
func (c *cutter) answer(x tensor.Tensor) tensor.Tensor {
	n, h, w, classes := x.Dim(0), x.Dim(1), x.Dim(2), len(c.means)
	out, pix := make([]float32, n*h*w*classes), tensor.Data[float32](x)
	for i := range n {
		for p, label := range c.labels(pix[i*h*w*3:(i+1)*h*w*3], w) {
			out[(i*h*w+p)*classes+label] = 1
		}
	}
	return tensor.Of(out, n, h, w, classes)
}

// labels returns the class of each pixel of a picture [H, W, 3].
func (c *cutter) labels(x []float32, w int) []int {
	border := borderColour(x, w)
	on, labels := make([]bool, len(x)/3), make([]int, len(x)/3)
	for i := range on {
		d := 0.0
		for k, v := range border {
			d += (float64(x[3*i+k]) - v) * (float64(x[3*i+k]) - v)
		}
		on[i] = d > c.distance*c.distance
	}
	for _, part := range connected(on, w) {
		if !on[part[0]] || len(part) < c.least {
			continue
		}
		class := c.nearest(figureOf(x, part, w))
		for _, i := range part {
			labels[i] = class
		}
	}
	return labels
}

// nearest returns the class whose mean figure is nearest.
func (c *cutter) nearest(f figure) (class int) {
	best := math.Inf(1)
	for k, m := range c.means {
		if !c.there[k] {
			continue
		}
		d := 0.0
		for q := range f {
			d += (f[q] - m[q]) * (f[q] - m[q])
		}
		if d < best {
			best, class = d, k
		}
	}
	return class
}

// borderColour is the median of each channel over the picture's outermost
// pixels.
func borderColour(x []float32, w int) (c [3]float64) {
	h := len(x) / 3 / w
	var all []int
	for i := range w {
		all = append(all, i, (h-1)*w+i)
	}
	for i := range h {
		all = append(all, i*w, i*w+w-1)
	}
	values := make([]float64, len(all))
	for k := range c {
		for q, i := range all {
			values[q] = float64(x[3*i+k])
		}
		slices.Sort(values)
		c[k] = values[len(values)/2]
	}
	return c
}
