package data

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"sync"

	"github.com/limpid-ml/limpid/tensor"
)

// Batch is a number of examples. X and Y have N as their first axis. It is
// valid until the next one is asked for: then its memory is written again. X
// and Y, and what was cut out of them, panic when they are used later, unless
// they were made anew for this batch; [tensor.Tensor.Keep] copies them. Index
// is written again without a sign: clone it to keep it.
type Batch struct {
	X, Y  tensor.Tensor
	More  map[string]tensor.Tensor
	Index []int // of each example in the dataset
	N     int
}

// Loader cuts a dataset into batches. Batch n is a function of the fields and
// of n alone, whatever Workers is. Once set, the fields must not change; then
// several goroutines may loop over one Loader, each over batches of its own.
type Loader struct {
	Data      Dataset
	Batch     int       // examples a batch; 0 means 64
	Shuffle   bool      // a new order every epoch
	DropLast  bool      // leave out an epoch's last batch if it is short
	Seed      uint64    // of order and transforms
	Workers   int       // goroutines that prepare batches ahead; 0: what the data calls for, below 0: none
	Transform Transform // changes each X, float32 images, and what lies on it; nil: none

	// Weights say how often each example is drawn, relative to the others, in an
	// epoch of as many examples as there are; they shuffle. Nil: each once. See
	// [Balanced].
	Weights []float64
	// Mix changes a batch as a whole, after its transforms; nil: none. See
	// [Mixup].
	Mix BatchTransform

	// Collate joins examples; nil stacks them, and they must be alike but for
	// the number of their objects. See PadBatch. The loader sets Index and N.
	Collate func([]Example) (Batch, error)
}

func (l *Loader) size() int {
	if l.Batch == 0 {
		return 64
	}
	return l.Batch
}

// PerEpoch returns the number of batches an epoch has: 0 for an empty dataset.
func (l *Loader) PerEpoch() int {
	if l.Data == nil || l.Batch < 0 {
		return 0
	}
	n := l.Data.Len()
	if !l.DropLast {
		n += l.size() - 1
	}
	return n / l.size()
}

// Epoch loops over the batches of epoch e, counted from 0. See [Loader.Batches].
func (l *Loader) Epoch(ctx context.Context, e int) iter.Seq2[Batch, error] {
	per := l.PerEpoch()
	return l.Batches(ctx, e*per, (e+1)*per)
}

// Batches loops over the batches from, from+1, …, to−1; an epoch follows the
// one before. An error, the context's included, comes last, with no batch. No
// goroutine is left when the loop ends.
//
// A batch ends when the loop asks for the next, or finds that there is none:
// Keep what shall outlive it. That of a loop that is left by break lives on.
func (l *Loader) Batches(ctx context.Context, from, to int) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		if ctx == nil {
			yield(Batch{}, errors.New("data: loader: ctx is nil: pass context.Background()"))
			return
		}
		if err := l.check(from, to); err != nil {
			yield(Batch{}, err)
			return
		}
		if w := min(l.workers(), to-from); w > 0 {
			l.ahead(ctx, from, to, w, yield)
		} else {
			l.inline(ctx, from, to, yield)
		}
	}
}

// check returns every fault of the fields at once.
func (l *Loader) check(from, to int) error {
	var faults []error
	fault := func(format string, a ...any) { faults = append(faults, fmt.Errorf("data: loader: "+format, a...)) }
	if l.Batch < 0 {
		fault("Batch is %d, want at least 1 (0 means 64)", l.Batch)
	}
	if from < 0 || from > to {
		fault("batches %d to %d, want 0 ≤ from ≤ to", from, to)
	}
	switch {
	case l.Data == nil:
		fault("Data is nil: give it a Dataset")
	case l.Data.Len() == 0:
		fault("the dataset is empty: it has no example to make a batch of")
	case l.Batch >= 0 && l.PerEpoch() == 0:
		fault("DropLast drops everything: %d examples make no batch of %d; lower Batch or keep the last", l.Data.Len(), l.size())
	}
	if l.Data != nil {
		faults = append(faults, checkWeights(l.Weights, l.Data.Len()))
	}
	return errors.Join(faults...)
}

// workers returns how many goroutines to use. To look bytes up is quicker than
// to wake a worker; transforms take about as long as a small network's step;
// all else may read files.
func (l *Loader) workers() int {
	d, isDirect := l.Data.(direct)
	switch {
	case l.Workers != 0:
		return max(l.Workers, 0)
	case !isDirect || l.Collate != nil || d.slow():
		return runtime.GOMAXPROCS(0)
	case l.Transform != nil || l.Mix != nil:
		return 1
	}
	return 0
}

// inline makes each batch when it is asked for.
func (l *Loader) inline(ctx context.Context, from, to int, yield func(Batch, error) bool) {
	m, s := l.maker(ctx), &slot{}
	for n := from; n < to; n++ {
		if err := ctx.Err(); err != nil {
			yield(Batch{}, err)
			return
		}
		m.fill(s, n)
		if !s.deliver(yield) {
			return
		}
	}
}

// ahead has w workers prepare batches. Batch n goes through slot n modulo 2w,
// so each worker has one slot to fill while the loop holds another.
func (l *Loader) ahead(outer context.Context, from, to, w int, yield func(Batch, error) bool) {
	ctx, stop := context.WithCancel(outer)
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	slots := make([]slot, 2*w)
	for i := range slots {
		slots[i].full, slots[i].free = make(chan struct{}, 1), make(chan struct{}, 1)
		slots[i].free <- struct{}{}
	}
	for k := range w {
		running.Go(func() {
			m := l.maker(ctx)
			for n := from + k; n < to; n += w {
				if !m.fillNext(&slots[(n-from)%len(slots)], n) {
					return
				}
			}
		})
	}
	for n := from; n < to; n++ {
		s := &slots[(n-from)%len(slots)]
		if !s.await(ctx) {
			yield(Batch{}, outer.Err())
			return
		}
		if !s.deliver(yield) {
			return
		}
		s.free <- struct{}{}
	}
}

// slot is a place for one batch and its memory.
type slot struct {
	batch      Batch
	err        error
	panicked   any
	index      []int
	sizes      []*buffers // by form and number of rows: the usual, and a short last one
	full, free chan struct{}
}

// buffers are the memory of a batch of a given number of rows.
type buffers struct {
	x, y   *column
	xt, yt tensor.Tensor
	rows   int
}

// expire ends the tensors that were handed out.
func (b *buffers) expire() {
	b.xt = engine.Expire(b.xt)
	if b.y != nil {
		b.yt = engine.Expire(b.yt)
	}
}

func (b *buffers) ySame(y form) bool {
	if b.y == nil {
		return y.none()
	}
	return b.y.same(y)
}

// await waits for the slot's batch; false if ctx is done first.
func (s *slot) await(ctx context.Context) bool {
	if ctx.Err() != nil {
		return false
	}
	select {
	case <-s.full:
		return true
	case <-ctx.Done():
		return false
	}
}

// deliver hands the slot's batch to the loop, or its error or panic; it tells
// whether to go on.
func (s *slot) deliver(yield func(Batch, error) bool) bool {
	if s.panicked != nil {
		panic(s.panicked)
	}
	if s.err != nil {
		yield(Batch{}, s.err)
		return false
	}
	if !yield(s.batch, nil) {
		return false
	}
	for _, b := range s.sizes {
		b.expire()
	}
	return true
}

// memory returns buffers of the given forms and rows, made once.
func (s *slot) memory(x, y form, rows int) *buffers {
	for _, b := range s.sizes {
		if b.rows == rows && b.x.same(x) && b.ySame(y) {
			return b
		}
	}
	b := &buffers{rows: rows}
	b.x, b.xt = newColumn(x, rows)
	engine.Live(b.xt)
	if !y.none() {
		b.y, b.yt = newColumn(y, rows)
		engine.Live(b.yt)
	}
	s.sizes = append(s.sizes, b)
	return b
}
