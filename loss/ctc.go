package loss

import (
	"fmt"
	"math"
	"sync"

	"github.com/limpid-ml/limpid/internal/par"
	"github.com/limpid-ml/limpid/tensor"
)

// CTC is −log of the probability that the logits spell the labels, if each
// label may take any number of steps and blanks may stand between: the sum
// over all alignments. Of each example it is divided by the number of labels
// (at least 1); the loss is the mean over the examples.
//
//	logits     [N, T, C]
//	lens       [N] int32: how many of the T steps an example has
//	labels     [N, L] int32, from 0 to C−1 but for the blank
//	labelLens  [N] int32: how many of the L labels an example has; 0 is none
//
// blank is the class of no label, 0 if left out. Labels that the steps are too
// few for (each takes one, and a blank must part equal neighbours) are an
// error that names the example.
//
// Source: Graves et al. 2006, "Connectionist temporal classification".
func CTC(logits, lens, labels, labelLens tensor.Tensor, blank ...int) tensor.Tensor {
	c := &ctc{}
	if len(blank) > 0 {
		c.blank = blank[0]
	}
	c.read(logits, lens, labels, labelLens)
	share := make([]float64, c.n)
	for i := range share {
		share[i] = 1 / (float64(max(len(c.labels[i]), 1)) * float64(c.n))
	}
	each := tensor.Op{Name: "loss.CTC", Forward: c.forward, Backward: c.backward}.Apply(logits.LogSoftmax(-1))
	return each.Mul(tensor.Of(share, c.n).To(logits.DType())).Sum()
}

// ctc is what the logits are to spell.
type ctc struct {
	n, t, c int
	blank   int
	lens    []int
	labels  [][]int32
	longest int
}

func (c *ctc) read(logits, lens, labels, labelLens tensor.Tensor) {
	const op = "loss.CTC"
	wantFloat(op, logits)
	if logits.Rank() != 3 {
		tensor.Fail(op, "the logits are %v, want [N, T, C]", logits.Shape())
	}
	c.n, c.t, c.c = logits.Dim(0), logits.Dim(1), logits.Dim(2)
	if c.blank < 0 || c.blank >= c.c {
		tensor.Fail(op, "blank is %d, outside 0…%d", c.blank, c.c-1)
	}
	if labels.DType() != tensor.Int32 || labels.Rank() != 2 || labels.Dim(0) != c.n {
		tensor.Fail(op, "the labels are %v %v, want int32 [N, L] with %d examples", labels.DType(), labels.Shape(), c.n)
	}
	c.lens = lengths("steps", lens, c.n, c.t)
	all := tensor.View[int32](labels)
	for i, l := range lengths("labels", labelLens, c.n, labels.Dim(1)) {
		row := all[i*labels.Dim(1):][:l]
		c.labels = append(c.labels, append([]int32(nil), row...))
		c.longest = max(c.longest, l)
		c.possible(i)
	}
}

// lengths returns the lengths of n examples, of which each is at most most.
func lengths(of string, t tensor.Tensor, n, most int) []int {
	const op = "loss.CTC"
	if t.DType() != tensor.Int32 || t.Rank() != 1 || t.Dim(0) != n {
		tensor.Fail(op, "the numbers of %s are %v %v, want int32 [%d], one for each example", of, t.DType(), t.Shape(), n)
	}
	out := make([]int, n)
	for i, l := range tensor.View[int32](t) {
		if l < 0 || int(l) > most {
			tensor.Fail(op, "example %d has %d %s, and there is room for %d", i, l, of, most)
		}
		out[i] = int(l)
	}
	return out
}

// possible panics unless example i's steps can spell its labels.
func (c *ctc) possible(i int) {
	labels, repeats := c.labels[i], 0
	for k, l := range labels {
		if l < 0 || int(l) >= c.c || int(l) == c.blank {
			tensor.Fail("loss.CTC", "label %d of example %d is %d; labels are from 0 to %d, and %d is the blank", k, i, l, c.c-1, c.blank)
		}
		if k > 0 && labels[k-1] == l {
			repeats++
		}
	}
	if need := len(labels) + repeats; need > c.lens[i] {
		tensor.Fail("loss.CTC", "example %d has %d steps, too few for its %d labels%s, which take at least %d; use a smaller stride, or leave the example out",
			i, c.lens[i], len(labels), equalPairs(repeats), need)
	}
}

func equalPairs(repeats int) string {
	if repeats == 0 {
		return ""
	}
	return fmt.Sprintf(" (with %d pairs of equal neighbours)", repeats)
}

// forward returns −log of the probability of each example, of log-softmaxes.
func (c *ctc) forward(in ...tensor.Tensor) tensor.Tensor {
	if in[0].DType() == tensor.Float64 {
		return tensor.New(in[0], []int{c.n}, func(out []float64) { runCTC(c, tensor.View[float64](in[0]), out, nil, nil) })
	}
	return tensor.New(in[0], []int{c.n}, func(out []float32) { runCTC(c, tensor.View[float32](in[0]), out, nil, nil) })
}

// backward uses a fast pass back, or, where the gradient itself is recorded,
// plain operations, which have gradients of any order.
func (c *ctc) backward(_, gy tensor.Tensor, in []tensor.Tensor, _ []bool) []tensor.Tensor {
	if in[0].Slice(0, 0, 0).Tracked() {
		return tensor.VJP(c.composed(in[0]), gy, in[0])
	}
	return []tensor.Tensor{tensor.Op{Name: "loss.CTC's gradient", Forward: c.gradient}.Apply(in[0], gy)}
}

func (c *ctc) gradient(in ...tensor.Tensor) tensor.Tensor {
	shape := []int{c.n, c.t, c.c}
	if in[0].DType() == tensor.Float64 {
		return tensor.New(in[0], shape, func(out []float64) {
			runCTC(c, tensor.View[float64](in[0]), nil, out, tensor.View[float64](in[1]))
		})
	}
	return tensor.New(in[0], shape, func(out []float32) {
		runCTC(c, tensor.View[float32](in[0]), nil, out, tensor.View[float32](in[1]))
	})
}

// ctcTask is the passes of all examples: losses, or gradients weighed by gy.
type ctcTask[T float32 | float64] struct {
	*ctc
	logp, losses, grads, gy []T
}

func runCTC[T float32 | float64](c *ctc, logp, losses, grads, gy []T) {
	par.Run(c.n, &ctcTask[T]{c, logp, losses, grads, gy})
}

// lattice holds the log-probabilities of an example's partial alignments:
// forward[t][s], of all that end at step t in state s, and the same from the
// end, without step t. State 2k+1 is label k, the even ones are blanks.
type lattice struct{ forward, ahead, next []float64 }

var lattices = sync.Pool{New: func() any { return new(lattice) }}

func room(x *[]float64, n int) []float64 {
	if cap(*x) < n {
		*x = make([]float64, n)
	}
	return (*x)[:n]
}

// Do does one example.
func (k *ctcTask[T]) Do(i int) {
	l := lattices.Get().(*lattice)
	defer lattices.Put(l)
	steps, states := k.lens[i], 2*len(k.labels[i])+1
	logp := k.logp[i*k.t*k.c:][:k.t*k.c]
	alpha := room(&l.forward, steps*states)
	total := forwardCTC(k.ctc, i, logp, alpha)
	if k.losses != nil {
		k.losses[i] = T(-total)
		return
	}
	grad := k.grads[i*k.t*k.c:][:k.t*k.c]
	clear(grad)
	backCTC(k.ctc, i, logp, alpha, room(&l.ahead, states), room(&l.next, states), total, grad, float64(k.gy[i]))
}

// class returns what state s of labels shows.
func (c *ctc) class(labels []int32, s int) int {
	if s%2 == 0 {
		return c.blank
	}
	return int(labels[s/2])
}

// skips tells whether state s may follow s−2: a label after another one.
func skips(labels []int32, s int) bool {
	return s%2 == 1 && s > 1 && labels[s/2] != labels[s/2-1]
}

// forwardCTC fills alpha [steps, states] and returns the log-probability of
// all alignments.
func forwardCTC[T float32 | float64](c *ctc, i int, logp []T, alpha []float64) float64 {
	labels, steps := c.labels[i], c.lens[i]
	states := 2*len(labels) + 1
	if steps == 0 {
		return 0 // no labels in no steps
	}
	none := math.Inf(-1)
	for t := range steps {
		row, now := logp[t*c.c:], alpha[t*states:][:states]
		for s := range now {
			from := none
			switch {
			case t == 0 && s < 2:
				from = 0
			case t > 0:
				before := alpha[(t-1)*states:][:states]
				from = before[s]
				if s > 0 {
					from = logAdd(from, before[s-1])
				}
				if skips(labels, s) {
					from = logAdd(from, before[s-2])
				}
			}
			now[s] = from + float64(row[c.class(labels, s)])
		}
	}
	last := alpha[(steps-1)*states:][:states]
	if states == 1 {
		return last[0]
	}
	return logAdd(last[states-1], last[states-2])
}

// backCTC subtracts from grad [T, C] the probability of each class at each
// step among all alignments, times weight.
func backCTC[T float32 | float64](c *ctc, i int, logp []T, alpha, ahead, next []float64, total float64, grad []T, weight float64) {
	labels, steps := c.labels[i], c.lens[i]
	states := len(ahead)
	for t := steps - 1; t >= 0; t-- {
		for s := range ahead {
			switch {
			case t == steps-1 && s >= states-2:
				ahead[s] = 0
			case t == steps-1:
				ahead[s] = math.Inf(-1)
			default: // next is ahead with its step's own probability
				ahead[s] = next[s]
				if s+1 < states {
					ahead[s] = logAdd(ahead[s], next[s+1])
				}
				if s+2 < states && skips(labels, s+2) {
					ahead[s] = logAdd(ahead[s], next[s+2])
				}
			}
		}
		row, to := logp[t*c.c:], grad[t*c.c:]
		for s, a := range alpha[t*states:][:states] {
			k := c.class(labels, s)
			if p := math.Exp(a + ahead[s] - total); p > 0 {
				to[k] -= T(weight * p)
			}
			next[s] = ahead[s] + float64(row[k])
		}
	}
}

// logAdd is log(eᵃ + eᵇ).
func logAdd(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if math.IsInf(b, -1) {
		return a
	}
	return a + math.Log1p(math.Exp(b-a))
}

// unlikely stands for log 0 in plain operations, where −∞ would have no slope.
const unlikely = -1e30

// composed is forward in plain operations, all examples at once.
func (c *ctc) composed(logp tensor.Tensor) tensor.Tensor {
	states := 2*c.longest + 1
	show, skip, start, end := c.masks(states)
	alive := func(t int) tensor.Tensor {
		on := make([]bool, c.n)
		for i, l := range c.lens {
			on[i] = t < l
		}
		return tensor.Of(on, c.n, 1)
	}
	never := logp.Full(unlikely, c.n, states)
	shift := func(x tensor.Tensor, by int) tensor.Tensor {
		if by >= states {
			return never
		}
		return tensor.Concat(1, never.Slice(1, 0, by), x.Slice(1, 0, states-by))
	}
	alpha := never
	for t := range c.t {
		seen := logp.Index(1, t).Gather(1, show)
		if t == 0 {
			alpha = tensor.Where(start, seen, never)
			continue
		}
		from := tensor.Stack(2, alpha, shift(alpha, 1), tensor.Where(skip, shift(alpha, 2), never)).LogSumExp(2)
		alpha = tensor.Where(alive(t), from.Add(seen), alpha)
	}
	loss := tensor.Where(end, alpha, never).LogSumExp(1).Neg()
	return tensor.Where(alive(0).Squeeze(1), loss, loss.Full(0, c.n))
}

// masks returns, [N, states] each: the class of a state, whether it may follow
// the one before the one before, and whether an alignment may start or end
// there.
func (c *ctc) masks(states int) (show, skip, start, end tensor.Tensor) {
	class, over, first, last := make([]int32, c.n*states), make([]bool, c.n*states), make([]bool, c.n*states), make([]bool, c.n*states)
	for i, labels := range c.labels {
		for s := range states {
			at := i*states + s
			class[at] = int32(c.blank)
			if s > 2*len(labels) {
				continue
			}
			class[at], over[at] = int32(c.class(labels, s)), skips(labels, s)
			first[at], last[at] = s < 2, s >= 2*len(labels)-1
		}
	}
	return tensor.Of(class, c.n, states), tensor.Of(over, c.n, states), tensor.Of(first, c.n, states), tensor.Of(last, c.n, states)
}
