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
	drawn    []int      // of Weights, before it is shuffled
	objects  [][]Object // of the batch's rows
	inPlace  bool       // transforms have left a picture's size as it was
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
	} else {
		s.err = m.collate(s, n)
	}
	if s.err == nil && m.l.Mix != nil {
		engine.Seed(&m.rng, nil, m.l.Seed, mixStream|uint64(n), false)
		s.err = m.l.Mix(&m.rng, &s.batch)
	}
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
	if !m.l.Shuffle && m.l.Weights == nil {
		for i := from; i < to; i++ {
			s.index = append(s.index, i)
		}
		return
	}
	m.shuffle(n/m.per, total)
	s.index = append(s.index, m.order[from:to]...)
}

// The random streams of a loader's seed: one an epoch for its order, one a
// batch for its mix, one for each place in each batch.
const (
	orderStream = 1 << 63
	mixStream   = 1 << 62
)

// shuffle sets m.order to epoch's examples.
func (m *maker) shuffle(epoch, n int) {
	if m.epoch == epoch {
		return
	}
	m.epoch = epoch
	if m.order == nil {
		m.order = make([]int, n)
	}
	engine.Seed(&m.rng, nil, m.l.Seed, orderStream|uint64(epoch), false)
	if m.l.Weights != nil {
		m.draw(m.l.Weights)
		return
	}
	m.deal()
}

// deal sets m.order to a permutation (Fisher and Yates).
func (m *maker) deal() {
	for i := range m.order {
		j := m.rng.IntN(i + 1)
		m.order[i] = m.order[j]
		m.order[j] = i
	}
}

// direct writes the batch into the slot's memory. Examples are written to
// their own row of it, and transformed there, unless transforms change the
// pictures' size: then b lends a row, from which they move to out.
func (m *maker) direct(d direct, s *slot, n int) error {
	fx, fy := d.forms()
	rows := len(s.index)
	lend := m.l.Transform != nil && !m.inPlace
	b := s.memory(fx, fy, lent(lend, rows))
	boxes, _ := d.(boxed)
	out := b
	for row, i := range s.index {
		if d.slow() && m.ctx.Err() != nil {
			return m.ctx.Err()
		}
		at := row
		if lend || out != b {
			at = 0
		}
		if err := d.write(i, b.x, b.y, at); err != nil {
			return err
		}
		if err := m.pose(b, at, i, boxes); err != nil {
			return err
		}
		if m.l.Transform != nil {
			m.transform(row, n)
			if row == 0 {
				out = m.sized(s, b, fx, rows)
			}
			if err := settle(out, b, &m.picture, row, at, i); err != nil {
				return err
			}
		}
		m.keep(row)
	}
	s.batch = Batch{X: out.xt, Y: out.yt, Index: s.index, N: rows}
	if boxes != nil {
		s.batch.More = map[string]tensor.Tensor{}
		putObjects(s.batch.More, m.objects[:rows], true)
	}
	return nil
}

// lent is how many rows the examples are written to.
func lent(lend bool, rows int) int {
	if lend {
		return 1
	}
	return rows
}

// pose points m.picture at row at of b, and gives it its objects.
func (m *maker) pose(b *buffers, at, example int, boxes boxed) error {
	p := &m.picture
	p.Objects = p.Objects[:0]
	if m.l.Transform != nil {
		if err := p.frame(b.x, b.y, at); err != nil {
			return fmt.Errorf("data: example %d: %w", example, err)
		}
	}
	if boxes != nil {
		p.Objects = boxes.objects(example, p.Objects)
	}
	return nil
}

// transform changes m.picture. Its randomness follows from seed, batch n and
// the row in the batch.
func (m *maker) transform(row, n int) {
	engine.Seed(&m.rng, nil, m.l.Seed, uint64(n)<<24|uint64(row), false)
	m.l.Transform(&m.rng, &m.picture)
}

// keep stores the picture's objects as the row's.
func (m *maker) keep(row int) {
	for row >= len(m.objects) {
		m.objects = append(m.objects, nil)
	}
	m.objects[row] = append(m.objects[row][:0], m.picture.Objects...)
}

// sized returns memory for a batch of pictures of the size that transforms gave
// the first, and notes whether they changed it.
func (m *maker) sized(s *slot, b *buffers, fx form, rows int) *buffers {
	p, y := &m.picture, form{}
	if b.y != nil {
		y = b.y.form
	}
	h, w := extent(fx.dims)
	if m.inPlace = h == p.H && w == p.W; m.inPlace {
		return s.memory(fx, y, rows)
	}
	if p.Mask != nil {
		y = formOf([]int{p.H, p.W}, tensor.Int32)
	}
	return s.memory(formOf(p.dims(len(fx.dims)), tensor.Float32), y, rows)
}

// extent returns height and width of X's axes. See [Picture.frame].
func extent(dims []int) (h, w int) {
	if len(dims) == 1 {
		return 1, dims[0]
	}
	return dims[0], dims[1]
}

// dims returns the picture's axes, as many as X had.
func (p *Picture) dims(rank int) []int {
	switch rank {
	case 1:
		return []int{p.H * p.W * p.C}
	case 2:
		return []int{p.H, p.W * p.C}
	}
	return []int{p.H, p.W, p.C}
}

// settle puts the transformed picture, and Y, which lie in row at of b, into
// out's row.
func settle(out, b *buffers, p *Picture, row, at, example int) error {
	if h, w := extent(out.x.dims); h != p.H || w != p.W || len(p.Pix) != out.x.size {
		return fmt.Errorf("data: example %d is %d×%d after the transforms, the batch's first %d×%d: end them with data.Crop or data.Resize", example, p.H, p.W, h, w)
	}
	if to := out.x.f32[row*out.x.size:][:out.x.size]; &to[0] != &p.Pix[0] {
		copy(to, p.Pix)
	}
	if p.Mask != nil {
		if to := out.y.i32[row*out.y.size:][:out.y.size]; &to[0] != &p.Mask[0] {
			copy(to, p.Mask)
		}
	} else if out != b && out.y != nil {
		out.y.put(row, b.y, at)
	}
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
		if !e.X.Valid() {
			return fmt.Errorf("data: example %d has no X", i)
		}
		if m.l.Transform != nil {
			if e, err = m.changed(e, row, n, i); err != nil {
				return err
			}
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

// changed returns e with transformed copies of what transforms change.
func (m *maker) changed(e Example, row, n, example int) (Example, error) {
	b := &buffers{rows: 1}
	rank := e.X.Rank()
	b.x, _ = newColumn(whole(e.X).form, 1)
	from := whole(e.X)
	b.x.put(0, &from, 0)
	if y := whole(e.Y); y.maskOf(&from) {
		b.y, _ = newColumn(y.form, 1)
		b.y.put(0, &y, 0)
	}
	if err := m.pose(b, 0, example, nil); err != nil {
		return e, err
	}
	p := &m.picture
	if hasObjects(e.More) {
		p.Objects = append(p.Objects, e.Objects()...)
	}
	m.transform(row, n)
	e.X = tensor.Of(p.Pix, p.dims(rank)...)
	if p.Mask != nil {
		e.Y = tensor.Of(p.Mask, p.H, p.W)
	}
	if hasObjects(e.More) {
		e = e.WithObjects(p.Objects)
	}
	return e, nil
}
