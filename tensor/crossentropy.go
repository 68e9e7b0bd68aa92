package tensor

import (
	"fmt"
	"slices"

	"github.com/limpid-ml/limpid/internal/kernel"
)

// ignored is the label of an example that does not count.
const ignored = -100

var opCrossEntropy = opDef{name: "CrossEntropy", grad: crossEntropyGrad}

// A cross-entropy's node keeps in aux the softmax of the logits, the labels,
// and what each row weighs in the mean (0 where ignored).
const (
	auxProb = iota
	auxLabels
	auxShares
)

// crossEntropy is the mean, over the rows of logits [..., C] whose label is not
// ignored, of −log softmax at the label; weights [C] of classes, or none, make
// it a weighted mean. smoothing ε moves ε of the target to all classes evenly.
// Where all labels are ignored it is 0.
func crossEntropy(logits, labels, weights Tensor, smoothing float64) Tensor {
	h, s := checkLabels(logits, labels, weights)
	rows := []int{labels.h.n}
	shares := alloc(s, h.dtype, rows)
	if h.dtype == Float32 {
		shareOut[float32](shares.h, labels.h, weights.h)
	} else {
		shareOut[float64](shares.h, labels.h, weights.h)
	}
	if smoothing != 0 {
		return smoothed(logits, labels, weights, shares, smoothing)
	}
	out, prob, each := alloc(s, h.dtype, nil), allocLike(s, h), alloc(s, h.dtype, rows)
	if h.dtype == Float32 {
		crossEntropyInto[float32](h, labels.h, shares.h, prob.h, each.h, out.h)
	} else {
		crossEntropyInto[float64](h, labels.h, shares.h, prob.h, each.h, out.h)
	}
	if n := record(&opCrossEntropy, out, logits); n != nil {
		n.save(auxProb, prob)
		n.save(auxLabels, constant(labels))
		n.save(auxShares, shares)
	}
	return out
}

// checkLabels panics unless there is one good label for each row.
func checkLabels(logits, labels, weights Tensor) (*header, *Scope) {
	const op = "tensor.CrossEntropy"
	h, hl, s := home2(op, logits, labels)
	r := int(h.rank)
	if !h.dtype.float() || hl.dtype != Int32 {
		fail(&Error{Op: op, Shapes: logits.shapes(labels), Why: fmt.Sprintf("it wants float logits and int32 labels, and these dtypes are %v and %v", h.dtype, hl.dtype), Fix: "convert the labels with To(tensor.Int32)"})
	}
	if r == 0 || !slices.Equal(h.shape[:r-1], hl.dims()) {
		fail(&Error{Op: op, Shapes: logits.shapes(labels), Why: "there must be one label for each row of logits", Fix: "logits are [..., C], labels [...]: losses never broadcast"})
	}
	c := h.shape[r-1]
	for i, l := range elems[int32](hl) {
		if uint32(l) >= uint32(c) && l != ignored {
			fail(&Error{Op: op, Shapes: logits.shapes(labels), Why: fmt.Sprintf("label %d of example %d is outside 0…%d", l, i, c-1),
				Fix: "number the classes from 0, or give the network more outputs; -100 leaves an example out"})
		}
	}
	return h, withBias(op, s, logits, weights, c)
}

// shareOut computes each row's share of the mean: its class's weight over the
// sum of the weights that count.
func shareOut[T kernel.Float](shares, labels, weights *header) {
	dst, w := elems[T](shares), optional[T](weights)
	var sum float64
	for i, l := range elems[int32](labels) {
		switch {
		case l < 0:
			dst[i] = 0
		case w != nil:
			dst[i] = w[l]
		default:
			dst[i] = 1
		}
		sum += float64(dst[i])
	}
	for i, v := range dst {
		if v != 0 {
			dst[i] = T(float64(v) / sum)
		}
	}
}

func crossEntropyInto[T kernel.Float](logits, labels, shares, prob, each, out *header) {
	losses := elems[T](each)
	kernel.CrossEntropy(losses, elems[T](prob), elems[T](logits), elems[int32](labels), labels.n, logits.shape[logits.rank-1])
	var sum float64
	for i, share := range elems[T](shares) {
		if share != 0 { // an ignored row may hold anything
			sum += float64(losses[i]) * float64(share)
		}
	}
	elems[T](out)[0] = T(sum)
}

func crossEntropyGrad(n *node, dy Tensor) {
	logits := n.in[0]
	if !n.walk.fresh {
		shares := constant(n.aux[auxShares]).Reshape(n.aux[auxLabels].h.dims()...).Unsqueeze(-1)
		target := targets(logits, n.aux[auxLabels], Tensor{}, n.aux[auxShares], 0)
		n.give(0, logits.Softmax(-1).Mul(shares).Sub(target).Mul(dy))
		return
	}
	dx := allocLike(n.scope, logits.h)
	if logits.h.dtype == Float32 {
		crossEntropyBack[float32](n, dx.h, dy.h)
	} else {
		crossEntropyBack[float64](n, dx.h, dy.h)
	}
	n.give(0, dx)
}

func crossEntropyBack[T kernel.Float](n *node, dx, dy *header) {
	shares := elems[T](n.aux[auxShares].h)
	if d := elems[T](dy)[0]; d != 1 {
		// The tape is used up: nobody reads the shares again.
		for i := range shares {
			shares[i] *= d
		}
	}
	kernel.CrossEntropyGrad(elems[T](dx), elems[T](n.aux[auxProb].h), elems[int32](n.aux[auxLabels].h), shares, len(shares), dx.shape[dx.rank-1])
}

// smoothed is the composed twin of crossEntropy, and its smoothed form.
func smoothed(logits, labels, weights, shares Tensor, smoothing float64) Tensor {
	return targets(logits, labels, weights, shares, smoothing).Mul(logits.LogSoftmax(-1)).Sum().Neg()
}

// targets returns, in the shape of logits, what each class's −log softmax
// weighs in the loss.
func targets(logits, labels, weights, shares Tensor, smoothing float64) Tensor {
	t := allocLike(logits.h.scope, logits.h)
	if logits.h.scope == nil {
		t = allocLike(shares.h.scope, logits.h)
	}
	if t.h.dtype == Float32 {
		targetsInto[float32](t.h, labels.h, weights.h, shares.h, smoothing)
	} else {
		targetsInto[float64](t.h, labels.h, weights.h, shares.h, smoothing)
	}
	return t
}

func targetsInto[T kernel.Float](t, labels, weights, shares *header, smoothing float64) {
	c := t.shape[t.rank-1]
	dst, w, row := elems[T](t), optional[T](weights), elems[T](shares)
	total := totalWeight(labels, w)
	for i, l := range elems[int32](labels) {
		to := dst[i*c : i*c+c]
		clear(to)
		if l < 0 {
			continue
		}
		if smoothing != 0 {
			for k := range to {
				to[k] = T(smoothing / float64(c) / total)
				if w != nil {
					to[k] *= w[k]
				}
			}
		}
		to[l] += T(1-smoothing) * row[i]
	}
}

// totalWeight is the sum of the weights of all labels that count.
func totalWeight[T kernel.Float](labels *header, weights []T) float64 {
	var sum float64
	for _, l := range elems[int32](labels) {
		switch {
		case l < 0:
		case weights != nil:
			sum += float64(weights[l])
		default:
			sum++
		}
	}
	return sum
}
