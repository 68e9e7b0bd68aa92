package data

import (
	"context"
	"fmt"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/tensor"
)

var engine = backstage.OpenTensor[tensor.Tensor, tensor.Scope, tensor.Rand]()

// maker makes batches, one at a time: a loop or a worker has one.
type maker struct {
	l        *Loader
	ctx      context.Context
	per      int
	order    []int
	epoch    int // of order; −1: none yet
	rng      tensor.Rand
	picture  Picture
	examples []Example
}

func (l *Loader) maker(ctx context.Context) *maker {
	return &maker{l: l, ctx: ctx, per: l.PerEpoch(), epoch: -1}
}

// fillNext waits for the slot to be free and fills it; false to stop.
func (m *maker) fillNext(s *slot, n int) bool {
	select {
	case <-s.free:
	case <-m.ctx.Done():
		return false
	}
	m.fill(s, n)
	s.full <- struct{}{}
	return s.err == nil && s.panicked == nil
}

// fill makes batch n in s. A *tensor.Error becomes the batch's error; any
// other panic is kept for the loop's goroutine.
func (m *maker) fill(s *slot, n int) {
	defer m.caught(s)
	m.choose(s, n)
	if d, ok := m.l.Data.(direct); ok && m.l.Collate == nil {
		s.err = m.direct(d, s, n)
		return
	}
	s.err = m.collate(s, n)
}

func (m *maker) caught(s *slot) {
	switch p := recover().(type) {
	case nil:
	case *tensor.Error:
		s.err = fmt.Errorf("data: %w", p)
	default:
		s.panicked = p
	}
}

// choose sets s.index to the examples of batch n.
func (m *maker) choose(s *slot, n int) {
	total, size := m.l.Data.Len(), m.l.size()
	from := n % m.per * size
	to := min(from+size, total)
	s.index = s.index[:0]
	if !m.l.Shuffle {
		for i := from; i < to; i++ {
			s.index = append(s.index, i)
		}
		return
	}
	m.shuffle(n/m.per, total)
	s.index = append(s.index, m.order[from:to]...)
}

// The random streams of a loader's seed: one an epoch for its order, one for
// each place in each batch.
const orderStream = 1 << 63

// shuffle sets m.order to epoch's permutation of 0…n−1 (Fisher and Yates).
func (m *maker) shuffle(epoch, n int) {
	if m.epoch == epoch {
		return
	}
	m.epoch = epoch
	if m.order == nil {
		m.order = make([]int, n)
	}
	engine.Seed(&m.rng, nil, m.l.Seed, orderStream|uint64(epoch), false)
	for i := range m.order {
		j := m.rng.IntN(i + 1)
		m.order[i] = m.order[j]
		m.order[j] = i
	}
}

// direct writes the batch into the slot's memory.
func (m *maker) direct(d direct, s *slot, n int) error {
	fx, fy := d.forms()
	b := s.memory(fx, fy, len(s.index))
	for row, i := range s.index {
		d.write(i, b.x, b.y, row)
		if m.l.Transform == nil {
			continue
		}
		if err := m.transform(b.x, row, row, n, i); err != nil {
			return err
		}
	}
	s.batch = Batch{X: b.xt, Y: b.yt, Index: s.index, N: len(s.index)}
	return nil
}

// transform changes row at of x in place. Its randomness follows from seed,
// batch n and the row in the batch.
func (m *maker) transform(x *column, at, row, n, example int) error {
	if err := m.picture.frame(x, at); err != nil {
		return fmt.Errorf("data: example %d: %w", example, err)
	}
	engine.Seed(&m.rng, nil, m.l.Seed, uint64(n)<<24|uint64(row), false)
	m.l.Transform(&m.rng, &m.picture)
	return nil
}

// collate fetches the batch's examples and joins them.
func (m *maker) collate(s *slot, n int) error {
	m.examples = m.examples[:0]
	for row, i := range s.index {
		if err := m.ctx.Err(); err != nil {
			return err
		}
		e, err := m.l.Data.At(i)
		if err != nil {
			return fmt.Errorf("data: example %d: %w", i, err)
		}
		if e.X, err = m.changed(e.X, row, n, i); err != nil {
			return err
		}
		m.examples = append(m.examples, e)
	}
	join := m.l.Collate
	if join == nil {
		join = func(all []Example) (Batch, error) { return stack(all, s.index) }
	}
	b, err := join(m.examples)
	if err != nil {
		return err
	}
	b.Index, b.N = s.index, len(s.index)
	s.batch = b
	return nil
}

// changed returns a transformed copy of x.
func (m *maker) changed(x tensor.Tensor, row, n, example int) (tensor.Tensor, error) {
	if !x.Valid() {
		return x, fmt.Errorf("data: example %d has no X", example)
	}
	if m.l.Transform == nil {
		return x, nil
	}
	from := whole(x)
	to, t := newColumn(from.form, 1)
	to.put(0, &from, 0)
	if err := m.transform(to, 0, row, n, example); err != nil {
		return x, err
	}
	return t.Reshape(from.dims...), nil
}
