package detect

import (
	"cmp"
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/model"
	"github.com/limpid-ml/limpid/tensor"
)

// matcher is what the network is compared with: it slides windows over a
// picture and correlates what is in them with the mean of each class, as one
// did before networks learned to see.
//
// Source: Duda and Hart 1973, "Pattern classification and scene analysis",
// section 7.4 (template matching).
type matcher struct {
	look    feature
	overlap float64     // of the suppression
	means   [][]float64 // of each class: grid×grid values, mean 0 and length 1; nil: there was no object
	windows [][2]float64
}

// grid is how many values a template has each way.
const grid = 8

// feature is what of a picture is compared.
type feature int

// The features.
const (
	brightness feature = iota
	either             // brightness, or its negative
	edges              // how steeply brightness changes, whichever way
)

var featureNames = []string{"brightness", "brightness or its negative", "edges"}

// plane is one value a pixel, summed up from the upper left corner, so that the
// mean over any rectangle takes four look-ups.
//
// Source: Crow 1984, "Summed-area tables for texture mapping".
type plane struct {
	sums []float64 // [h+1, w+1]
	h, w int
}

// planeOf makes a plane of a picture [H, W, 3].
func planeOf(x tensor.Tensor, look feature) *plane {
	v, h, w := tensor.View[float32](x), x.Dim(0), x.Dim(1)
	light := make([]float64, h*w)
	for i := range light {
		light[i] = 0.299*float64(v[3*i]) + 0.587*float64(v[3*i+1]) + 0.114*float64(v[3*i+2])
	}
	if look == edges {
		light = slopes(light, h, w)
	}
	p := &plane{make([]float64, (h+1)*(w+1)), h, w}
	for y := range h {
		row := 0.0
		for x := range w {
			row += light[y*w+x]
			p.sums[(y+1)*(w+1)+x+1] = p.sums[y*(w+1)+x+1] + row
		}
	}
	return p
}

// slopes returns how steep v is at each place.
func slopes(v []float64, h, w int) []float64 {
	out := make([]float64, len(v))
	for y := range h {
		for x := range w {
			dx := v[y*w+min(x+1, w-1)] - v[y*w+max(x-1, 0)]
			dy := v[min(y+1, h-1)*w+x] - v[max(y-1, 0)*w+x]
			out[y*w+x] = math.Hypot(dx, dy)
		}
	}
	return out
}

// mean returns the mean over pixels y1…y2, x1…x2, at least one of them.
func (p *plane) mean(y1, x1, y2, x2 int) float64 {
	y1, x1 = min(max(y1, 0), p.h-1), min(max(x1, 0), p.w-1)
	y2, x2 = min(max(y2, y1+1), p.h), min(max(x2, x1+1), p.w)
	s, n := p.sums, p.w+1
	return (s[y2*n+x2] - s[y1*n+x2] - s[y2*n+x1] + s[y1*n+x1]) / float64((y2-y1)*(x2-x1))
}

// read fills to with what is in a box, as grid×grid means, less their mean and
// divided by their length. It tells whether there is any contrast.
func (p *plane) read(b metric.Box, to []float64) bool {
	h, w := (b.Y2-b.Y1)/grid, (b.X2-b.X1)/grid
	for k := range to {
		y, x := b.Y1+float64(k/grid)*h, b.X1+float64(k%grid)*w
		to[k] = p.mean(int(y), int(x), int(y+h), int(x+w))
	}
	return unit(to)
}

// unit makes v's mean 0 and its length 1; false if it is even.
func unit(v []float64) bool {
	sum, square := 0.0, 0.0
	for _, a := range v {
		sum += a
	}
	for i := range v {
		v[i] -= sum / float64(len(v))
		square += v[i] * v[i]
	}
	if square < 1e-12 {
		return false
	}
	for i := range v {
		v[i] /= math.Sqrt(square)
	}
	return true
}

// learn takes in the objects of up to most examples.
func learn(ctx context.Context, set data.Dataset, classes, most int, look feature) (*matcher, error) {
	m := &matcher{look: look, overlap: 0.3, means: make([][]float64, classes)}
	var heights, forms []float64
	one := make([]float64, grid*grid)
	for i := range min(most, set.Len()) {
		e, err := set.At(i)
		if err := errors.Join(err, ctx.Err()); err != nil {
			return nil, err
		}
		p := planeOf(e.X, look)
		for _, o := range metric.Truths(e.Objects()) {
			if o.Crowd || o.Area() <= 0 || !p.read(o.Box, one) {
				continue
			}
			heights, forms = append(heights, o.Y2-o.Y1), append(forms, (o.X2-o.X1)/(o.Y2-o.Y1))
			m.add(o.Label, one)
		}
	}
	for _, mean := range m.means {
		unit(mean)
	}
	m.spread(heights, forms)
	return m, nil
}

// add sums v up in its class's mean.
func (m *matcher) add(label int, v []float64) {
	if m.means[label] == nil {
		m.means[label] = make([]float64, len(v))
	}
	for k, a := range v {
		m.means[label][k] += a
	}
}

// shares are the quantiles of heights and forms that windows have.
var shares = []float64{0.1, 0.37, 0.63, 0.9}

// spread chooses the windows: heights by forms, of quantiles of the objects'.
func (m *matcher) spread(heights, forms []float64) {
	slices.Sort(heights)
	slices.Sort(forms)
	for _, a := range shares {
		for _, b := range shares[1:] {
			if n := float64(len(heights) - 1); n >= 0 {
				h := heights[int(a*n)]
				m.windows = append(m.windows, [2]float64{h, h * forms[int((b+a)/2*n)]})
			}
		}
	}
}

// find returns what is like a class's mean in a picture.
func (m *matcher) find(x tensor.Tensor) []metric.Detection {
	p := planeOf(x, m.look)
	var all []metric.Detection
	one := make([]float64, grid*grid)
	for _, size := range m.windows {
		dy, dx := max(size[0]/6, 2), max(size[1]/6, 2)
		for y := 0.0; y+size[0] <= float64(p.h); y += dy {
			for x := 0.0; x+size[1] <= float64(p.w); x += dx {
				b := metric.Box{X1: x, Y1: y, X2: x + size[1], Y2: y + size[0]}
				if d, ok := m.name(p, b, one); ok {
					all = append(all, d)
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b metric.Detection) int { return cmp.Compare(b.Score, a.Score) })
	found := model.Suppress(all[:min(len(all), 400)], m.overlap, true)
	return found[:min(len(found), 30)]
}

// name returns the class whose mean is most like what is in a box.
func (m *matcher) name(p *plane, b metric.Box, one []float64) (d metric.Detection, ok bool) {
	if !p.read(b, one) {
		return d, false
	}
	d = metric.Detection{Box: b}
	for label, mean := range m.means {
		like := 0.0
		for k, v := range mean {
			like += v * one[k]
		}
		if m.look == either {
			like = math.Abs(like)
		}
		if like > d.Score {
			d.Score, d.Label = like, label
		}
	}
	return d, d.Score > 0
}

// tried is a way to match templates, and what it came to on validation data.
type tried struct {
	look    feature
	overlap float64
	map50   float64
}

// The matcher learns from so many pictures, and is tuned on so many.
const (
	mostLearned = 400
	mostTuned   = 100
)

// tune learns the matcher whose settings find most in the validation set.
func tune(ctx context.Context, learned, validate data.Dataset, classes int) (best *matcher, all []tried, err error) {
	top := math.Inf(-1)
	for look := range featureNames {
		m, err := learn(ctx, learned, classes, mostLearned, feature(look))
		if err != nil {
			return nil, nil, err
		}
		for _, overlap := range []float64{0.15, 0.3, 0.5} {
			m := *m
			m.overlap = overlap
			c, err := m.score(ctx, validate, mostTuned)
			if err != nil {
				return nil, nil, err
			}
			t := tried{feature(look), overlap, orZero(c.Scores().AP50)}
			if all = append(all, t); t.map50 > top {
				best, top = &m, t.map50
			}
		}
	}
	return best, all, nil
}

// score runs the matcher over up to most examples of a set.
func (m *matcher) score(ctx context.Context, set data.Dataset, most int) (*metric.COCO, error) {
	n := min(most, set.Len())
	found, there := make([][]metric.Detection, n), make([][]metric.Truth, n)
	faults := make([]error, n)
	workers := runtime.GOMAXPROCS(0)
	var running sync.WaitGroup
	for k := range workers {
		running.Go(func() {
			for i := k; i < n && ctx.Err() == nil; i += workers {
				e, err := set.At(i)
				if faults[i] = err; err == nil {
					found[i], there[i] = m.find(e.X), metric.Truths(e.Objects())
				}
			}
		})
	}
	running.Wait()
	var c metric.COCO
	for i := range n {
		c.Add(found[i], there[i])
	}
	return &c, errors.Join(append(faults, ctx.Err())...)
}

func orZero(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return v
}
