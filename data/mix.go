package data

import (
	"fmt"
	"math"

	"github.com/limpid-ml/limpid/tensor"
)

// BatchTransform changes a batch as a whole: X in place, Y in place or by
// another tensor. r follows from the loader's seed and the batch's number. It
// is called by one goroutine at a time for a batch, by several at once for
// several.
type BatchTransform func(r *tensor.Rand, b *Batch) error

// Mixup blends the batch's pictures in pairs, and their labels with them: X is
// λ·a + (1−λ)·b, Y the shares of the classes, float32 [N, Classes]. λ is drawn
// for each pair from Beta(Alpha, Alpha); with Alpha 0 from Beta(1, 1), evenly.
// Y must be int32 [N], labels 0…Classes−1.
//
// Source: Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization".
type Mixup struct {
	Alpha   float64
	Classes int
}

// CutMix lays a rectangle of one picture over another in pairs of the batch,
// both ways, and mixes their labels by area. X must be [N, H, W, C]; the rest is
// as in [Mixup].
//
// Source: Yun et al. 2019, "CutMix: Regularization Strategy to Train Strong
// Classifiers with Localizable Features".
type CutMix struct {
	Alpha   float64
	Classes int
}

// Transform returns the transform. It panics with a [*tensor.Error] if Alpha is
// negative or Classes below 1.
func (m Mixup) Transform() BatchTransform {
	checkMix("data.Mixup", m.Alpha, m.Classes)
	return pairwise(m.Classes, m.Alpha, func(_ *tensor.Rand, _ []int, a, b []float32, share float64) float64 {
		l := float32(share)
		for i, v := range a {
			w := b[i]
			a[i] = l*v + (1-l)*w
			b[i] = l*w + (1-l)*v
		}
		return share
	})
}

// Transform returns the transform. It panics with a [*tensor.Error] if Alpha is
// negative or Classes below 1.
func (m CutMix) Transform() BatchTransform {
	checkMix("data.CutMix", m.Alpha, m.Classes)
	return pairwise(m.Classes, m.Alpha, func(r *tensor.Rand, shape []int, a, b []float32, share float64) float64 {
		if len(shape) != 4 {
			tensor.Fail("data.CutMix", "X is %v, want [N, H, W, C]", shape)
		}
		h, w, c := shape[1], shape[2], shape[3]
		y0, y1 := stretch(r, h, math.Sqrt(1-share))
		x0, x1 := stretch(r, w, math.Sqrt(1-share))
		for y := y0; y < y1; y++ {
			for i := (y*w + x0) * c; i < (y*w+x1)*c; i++ {
				a[i], b[i] = b[i], a[i]
			}
		}
		return 1 - float64((y1-y0)*(x1-x0))/float64(h*w)
	})
}

// stretch returns a stretch of the given share of n around a random centre, cut
// where it ends.
func stretch(r *tensor.Rand, n int, share float64) (from, to int) {
	half := share * float64(n) / 2
	centre := r.Float64() * float64(n)
	return max(int(centre-half+0.5), 0), min(int(centre+half+0.5), n)
}

func checkMix(op string, alpha float64, classes int) {
	checkAmount(op, alpha)
	if classes < 1 {
		tensor.Fail(op, "Classes is %d, want the number of classes", classes)
	}
}

// pairwise deals the batch into pairs and has mix change each; mix returns the
// share that each keeps of itself.
func pairwise(classes int, alpha float64, mix func(r *tensor.Rand, shape []int, a, b []float32, share float64) float64) BatchTransform {
	if alpha == 0 {
		alpha = 1
	}
	return func(r *tensor.Rand, b *Batch) error {
		if b.X.DType() != tensor.Float32 {
			return fmt.Errorf("data: mix: X is %v, want float32", b.X.DType())
		}
		shares, err := sharesOf(b, classes)
		if err != nil {
			return err
		}
		shape := b.X.Shape()
		x, n := tensor.View[float32](b.X), b.X.Len()/max(b.N, 1)
		order := r.Perm(b.N)
		for k := 0; k+1 < b.N; k += 2 {
			i, j := order[k], order[k+1]
			keep := mix(r, shape, x[i*n:(i+1)*n], x[j*n:(j+1)*n], beta(r, alpha))
			blend(shares[i*classes:(i+1)*classes], shares[j*classes:(j+1)*classes], float32(keep))
		}
		b.Y = tensor.Of(shares, b.N, classes)
		return nil
	}
}

func blend(a, b []float32, keep float32) {
	for k, v := range a {
		w := b[k]
		a[k] = keep*v + (1-keep)*w
		b[k] = keep*w + (1-keep)*v
	}
}

// sharesOf returns the labels as shares, one for each.
func sharesOf(b *Batch, classes int) ([]float32, error) {
	if !b.Y.Valid() || b.Y.DType() != tensor.Int32 || b.Y.Rank() != 1 {
		return nil, fmt.Errorf("data: mix: Y is %v, want int32 [N], a label for each picture", whole(b.Y).form)
	}
	shares := make([]float32, b.N*classes)
	for i, l := range tensor.View[int32](b.Y) {
		if l < 0 || int(l) >= classes {
			return nil, fmt.Errorf("data: mix: example %d has the label %d, want 0 to %d", b.Index[i], l, classes-1)
		}
		shares[i*classes+int(l)] = 1
	}
	return shares, nil
}

// beta draws from Beta(a, a).
func beta(r *tensor.Rand, a float64) float64 {
	if a == 1 {
		return r.Float64()
	}
	x, y := gamma(r, a), gamma(r, a)
	if x+y == 0 { // both too small to tell: one of the ends, where a small a lies
		return float64(r.IntN(2))
	}
	return x / (x + y)
}

// gamma draws from Gamma(a, 1).
//
// Source: Marsaglia and Tsang 2000, "A simple method for generating gamma
// variables".
func gamma(r *tensor.Rand, a float64) float64 {
	if a < 1 {
		u := 1 - r.Float64() // above 0
		return gamma(r, a+1) * math.Pow(u, 1/a)
	}
	d := a - 1.0/3
	for {
		x := normal(r)
		v := 1 + x/math.Sqrt(9*d)
		if v <= 0 {
			continue
		}
		v *= v * v
		if u := 1 - r.Float64(); math.Log(u) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// normal draws from the standard normal (Box and Muller).
func normal(r *tensor.Rand) float64 {
	u := 1 - r.Float64()
	return math.Sqrt(-2*math.Log(u)) * math.Cos(2*math.Pi*r.Float64())
}
