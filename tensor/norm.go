package tensor

import (
	"math"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/internal/kernel"
)

// A normalisation's node keeps in aux the mean and 1/√(variance + ε) of each
// group. Backward uses the kernels; a gradient that is itself recorded is
// composed of plain operations.
const (
	auxMean = iota
	auxRstd
)

var (
	opBatchNorm = opDef{name: "BatchNorm", grad: batchNormGrad}
	opLayerNorm = opDef{name: "LayerNorm", grad: layerNormGrad}
)

// batchNorm gives each channel of x [..., C] mean 0 and variance 1, then
// applies act(· gamma + beta). mean and variance are the batch's, untracked.
func batchNorm(x, gamma, beta Tensor, eps float64, act backstage.Act, param float64) (y, mean, variance Tensor) {
	if !seesOutput(act, param) {
		y, mean, variance = batchNorm(x, gamma, beta, eps, backstage.None, 0)
		return activate(y, act, param), mean, variance
	}
	h, s := normHome("tensor.BatchNorm", x, gamma, beta)
	c := h.shape[h.rank-1]
	out, saved := allocLike(s, h), alloc(s, h.dtype, []int{c})
	mean, variance = alloc(s, h.dtype, []int{c}), alloc(s, h.dtype, []int{c})
	if h.dtype == Float32 {
		batchNormInto[float32](h, gamma.h, beta.h, mean.h, variance.h, saved.h, out.h, eps, act, param)
	} else {
		batchNormInto[float64](h, gamma.h, beta.h, mean.h, variance.h, saved.h, out.h, eps, act, param)
	}
	if n := record(&opBatchNorm, out, x, gamma, beta); n != nil {
		n.keepAct(act, param)
		n.f[1] = eps
		n.save(auxMean, constant(mean))
		n.save(auxRstd, saved)
	}
	return out, mean, variance
}

func batchNormInto[T kernel.Float](x, gamma, beta, mean, variance, rstd, out *header, eps float64, act backstage.Act, param float64) {
	c := mean.n
	rows := x.n / max(c, 1)
	kernel.NormStatsCols(elems[T](mean), elems[T](variance), elems[T](x), rows, c)
	inverseRoot(elems[T](rstd), elems[T](variance), eps)
	kernel.NormCols(elems[T](out), elems[T](x), elems[T](mean), elems[T](rstd), optional[T](gamma), optional[T](beta), rows, c, act, param)
}

func inverseRoot[T kernel.Float](dst, variance []T, eps float64) {
	for i, v := range variance {
		dst[i] = T(1 / math.Sqrt(float64(v)+eps))
	}
}

// optional returns the elements of an operand that may be left out.
func optional[T any](h *header) []T {
	if h == nil {
		return nil
	}
	return elems[T](h)
}

// normHome checks the operands of a normalisation over channels.
func normHome(op string, x, gamma, beta Tensor) (*header, *Scope) {
	h, s := home1(op, x)
	if h.rank == 0 || !h.dtype.float() {
		fail(&Error{Op: op, Shapes: x.shapes(), Why: "normalisation wants floats with channels as the last axis, not " + h.dtype.String(), Fix: "convert with To, or Unsqueeze an axis"})
	}
	c := h.shape[h.rank-1]
	s = withBias(op, s, x, gamma, c)
	return h, withBias(op, s, x, beta, c)
}

func batchNormGrad(n *node, dy Tensor) {
	dz := n.beforeAct(dy)
	if n.walk.fresh {
		n.normBackward(dz, true)
		return
	}
	x := n.in[0]
	c := x.h.shape[x.h.rank-1]
	rows := x.Reshape(-1, c)
	if x.h.n == 0 {
		rows = x.Reshape(0, c)
	}
	center := rows.Sub(rows.Mean(0))
	rstd := center.Square().Mean(0).Shift(n.f[1]).Pow(-.5)
	n.composed(dz.Reshape(rows.h.dims()...), center.Mul(rstd), rstd, true)
}

// composed gives the gradients of a normalisation in plain operations: dz the
// gradient of the result, unit the normalised x, both as matrices; rstd lines
// up with the statistics, which are over columns or rows.
func (n *node) composed(dz, unit, rstd Tensor, cols bool) {
	if n.needs(1) {
		n.give(1, dz.Mul(unit).Sum(0))
	}
	if n.needs(2) {
		n.give(2, dz.Sum(0))
	}
	if !n.needs(0) {
		return
	}
	d := dz
	if n.in[1].h != nil {
		d = dz.Mul(n.in[1])
	}
	axis := b2i(!cols)
	mean := func(t Tensor) Tensor { return t.Mean(axis).Unsqueeze(axis) }
	d = d.Sub(mean(d)).Sub(unit.Mul(mean(d.Mul(unit)))).Mul(rstd)
	n.give(0, d.Reshape(n.in[0].h.dims()...))
}

// normBackward gives the gradients of a normalisation by one kernel.
func (n *node) normBackward(dz Tensor, cols bool) {
	x := n.in[0].h
	c := []int{x.shape[x.rank-1]}
	dx := allocLike(n.scope, x)
	dgamma, dbeta := alloc(n.scope, x.dtype, c), alloc(n.scope, x.dtype, c)
	if x.dtype == Float32 {
		normGradInto[float32](n, dz.h, dx.h, dgamma.h, dbeta.h, cols)
	} else {
		normGradInto[float64](n, dz.h, dx.h, dgamma.h, dbeta.h, cols)
	}
	n.give(0, dx)
	n.give(1, dgamma)
	n.give(2, dbeta)
}

func normGradInto[T kernel.Float](n *node, dz, dx, dgamma, dbeta *header, cols bool) {
	x, c := n.in[0].h, dgamma.n
	mean, rstd := elems[T](n.aux[auxMean].h), elems[T](n.aux[auxRstd].h)
	f := kernel.NormColsGrad[T]
	if !cols {
		f = kernel.NormRowsGrad[T]
	}
	f(elems[T](dx), elems[T](dgamma), elems[T](dbeta), elems[T](dz), elems[T](x), mean, rstd, optional[T](n.in[1].h), x.n/max(c, 1), c)
}

// normalize does what batchNorm does with statistics given as constants.
func normalize(x, mean, variance, gamma, beta Tensor, eps float64, act backstage.Act, param float64) Tensor {
	if !seesOutput(act, param) {
		return activate(normalize(x, mean, variance, gamma, beta, eps, backstage.None, 0), act, param)
	}
	h, s := normHome("tensor.Normalize", x, gamma, beta)
	c := h.shape[h.rank-1]
	s = withBias("tensor.Normalize", s, x, mean, c)
	s = withBias("tensor.Normalize", s, x, variance, c)
	out, rstd := allocLike(s, h), alloc(s, h.dtype, []int{c})
	if h.dtype == Float32 {
		normalizeInto[float32](h, mean.h, variance.h, gamma.h, beta.h, rstd.h, out.h, eps, act, param)
	} else {
		normalizeInto[float64](h, mean.h, variance.h, gamma.h, beta.h, rstd.h, out.h, eps, act, param)
	}
	if n := record(&opNormalize, out, x, gamma, beta); n != nil {
		n.keepAct(act, param)
		n.save(auxMean, constant(mean))
		n.save(auxRstd, rstd)
	}
	return out
}

var opNormalize = opDef{name: "Normalize", grad: normalizeGrad}

func normalizeInto[T kernel.Float](x, mean, variance, gamma, beta, rstd, out *header, eps float64, act backstage.Act, param float64) {
	inverseRoot(elems[T](rstd), elems[T](variance), eps)
	c := rstd.n
	kernel.NormCols(elems[T](out), elems[T](x), elems[T](mean), elems[T](rstd), optional[T](gamma), optional[T](beta), x.n/max(c, 1), c, act, param)
}

func normalizeGrad(n *node, dy Tensor) {
	x, gamma := n.in[0], n.in[1]
	mean, rstd := constant(n.aux[auxMean]), constant(n.aux[auxRstd])
	dz := n.beforeAct(dy)
	if n.needs(0) {
		scale := rstd
		if gamma.h != nil {
			scale = rstd.Mul(gamma)
		}
		n.give(0, dz.Mul(scale))
	}
	if n.needs(1) {
		n.give(1, asRows(dz.Mul(x.Sub(mean).Mul(rstd))).Sum(0))
	}
	if n.needs(2) {
		n.give(2, asRows(dz).Sum(0))
	}
}

// constant returns t untracked, in a scope with a header of its own: the walk
// frees what its nodes saved, one node after the other.
func constant(t Tensor) Tensor {
	if t.h.scope == nil {
		return t
	}
	return alias(t.h, t.h.dims())
}

// layerNorm gives each row of the last axis of x [..., C] mean 0 and variance
// 1, then scales by gamma and shifts by beta.
func layerNorm(x, gamma, beta Tensor, eps float64) Tensor {
	h, s := normHome("tensor.LayerNorm", x, gamma, beta)
	rows := []int{mul(h.shape[:h.rank-1])}
	out, mean, rstd := allocLike(s, h), alloc(s, h.dtype, rows), alloc(s, h.dtype, rows)
	if h.dtype == Float32 {
		layerNormInto[float32](h, gamma.h, beta.h, mean.h, rstd.h, out.h, eps)
	} else {
		layerNormInto[float64](h, gamma.h, beta.h, mean.h, rstd.h, out.h, eps)
	}
	if n := record(&opLayerNorm, out, x, gamma, beta); n != nil {
		n.keepAct(backstage.None, 0)
		n.f[1] = eps
		n.save(auxMean, mean)
		n.save(auxRstd, rstd)
	}
	return out
}

func layerNormInto[T kernel.Float](x, gamma, beta, mean, rstd, out *header, eps float64) {
	rows, c := mean.n, x.shape[x.rank-1]
	kernel.NormStatsRows(elems[T](mean), elems[T](rstd), elems[T](x), rows, c)
	inverseRoot(elems[T](rstd), elems[T](rstd), eps)
	kernel.NormRows(elems[T](out), elems[T](x), elems[T](mean), elems[T](rstd), optional[T](gamma), optional[T](beta), rows, c, backstage.None, 0)
}

func layerNormGrad(n *node, dy Tensor) {
	if n.walk.fresh {
		n.normBackward(dy, false)
		return
	}
	rows := asRows(n.in[0])
	if n.in[0].h.rank == 1 {
		rows = n.in[0].Unsqueeze(0)
	}
	center := rows.Sub(rows.Mean(1).Unsqueeze(1))
	rstd := center.Square().Mean(1).Unsqueeze(1).Shift(n.f[1]).Pow(-.5)
	n.composed(dy.Reshape(rows.h.dims()...), center.Mul(rstd), rstd, false)
}
