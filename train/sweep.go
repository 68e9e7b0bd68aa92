package train

import (
	"errors"
	"math"

	"github.com/limpid-ml/limpid/internal/kernel"
	"github.com/limpid-ml/limpid/internal/par"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/tensor"
)

// chunkSize is about how many weights a worker takes at a time.
const chunkSize = 1 << 14

// piece is part of a parameter. Its borders follow from sizes alone.
type piece struct {
	p        *param
	from, to int
	rule     optim.Rule
	rule64   optim.Rule64
	slots    [][]float32
	slots64  [][]float64
}

// job is what is done with all gradients.
type job uint8

const (
	measure  job = iota // sum up the squares
	collect             // sum += g
	rescale             // sum = g·factor
	bound               // sum = g within ±factor
	optimise            // move the weights
)

// sweep does a job with all parameters, on several cores: a [par.Task].
type sweep struct {
	u      *Updater
	chunks [][]piece
	parts  []float64 // of each chunk
	job    job
	factor float64 // of rescale, bound; of the learning rate in optimise
}

// plan cuts the parameters that learn into chunks, and makes their state.
func (u *Updater) plan() {
	if u.planned {
		return
	}
	s := &u.sweep
	s.chunks = s.chunks[:0]
	var chunk []piece
	room := chunkSize
	for i, p := range u.params {
		if !u.learns(i) {
			continue
		}
		p.open(u.ruleOf(p).Slots())
		for from, n := 0, p.value.Len(); from < n; {
			to := min(from+room, n)
			chunk = append(chunk, u.piece(p, from, to))
			if room -= to - from; room == 0 {
				s.chunks, chunk, room = append(s.chunks, chunk), nil, chunkSize
			}
			from = to
		}
	}
	if len(chunk) > 0 {
		s.chunks = append(s.chunks, chunk)
	}
	s.parts = make([]float64, len(s.chunks))
	u.planned = true
}

func (u *Updater) ruleOf(p *param) optim.Rule {
	if p.rule != nil {
		return p.rule
	}
	return u.rule
}

func (u *Updater) piece(p *param, from, to int) piece {
	c := piece{p: p, from: from, to: to, rule: u.ruleOf(p)}
	c.rule64, _ = c.rule.(optim.Rule64)
	for _, s := range p.slots {
		narrow, wide := engine.Memory(s)
		if narrow != nil {
			c.slots = append(c.slots, narrow[from:to])
		} else {
			c.slots64 = append(c.slots64, wide[from:to])
		}
	}
	return c
}

// run does one job with all parameters that the loss reaches.
func (s *sweep) run(j job, factor float64) {
	s.job, s.factor = j, factor
	par.Run(len(s.chunks), s)
}

// Do does the job with one chunk.
func (s *sweep) Do(chunk int) {
	total := 0.0
	for i := range s.chunks[chunk] {
		c := &s.chunks[chunk][i]
		if !c.p.given() {
			continue
		}
		if c.p.narrow.w != nil {
			total += work(s, c, &c.p.narrow)
		} else {
			total += work(s, c, &c.p.wide)
		}
	}
	s.parts[chunk] = total
}

// work does the job with one piece; it returns the sum of squares if that is
// the job.
func work[T kernel.Float](s *sweep, c *piece, m *memory[T]) float64 {
	g := m.g[c.from:c.to]
	switch s.job {
	case measure:
		return kernel.Reduce(kernel.SumSquares, g)
	case collect:
		kernel.Axpy(1, g, m.sum[c.from:c.to])
	case rescale:
		kernel.BinaryScalar(kernel.Mul, m.sum[c.from:c.to], g, T(s.factor), false)
	case bound:
		lo, hi := T(-s.factor), T(s.factor)
		sum := m.sum[c.from:c.to]
		for i, v := range g {
			sum[i] = min(max(v, lo), hi)
		}
	case optimise:
		c.update(s.factor)
	}
	return 0
}

// update moves the piece's weights; factor is the schedule's.
func (c *piece) update(factor float64) {
	p := c.p
	lr := c.rule.Rate() * factor * p.factor
	if p.narrow.w != nil {
		c.rule.Update(p.narrow.w[c.from:c.to], p.narrow.g[c.from:c.to], c.slots, p.steps, lr)
	} else {
		c.rule64.Update64(p.wide.w[c.from:c.to], p.wide.g[c.from:c.to], c.slots64, p.steps, lr)
	}
}

// norm returns the Euclidean length of the whole gradient: not finite if any
// element of it is not.
func (s *sweep) norm() float64 {
	s.run(measure, 0)
	total := 0.0
	for _, v := range s.parts {
		total += v
	}
	if n := math.Sqrt(total); !math.IsInf(n, 1) {
		return n
	}
	return s.careful()
}

// careful is norm for gradients whose squares overflow: in units of the
// largest element.
func (s *sweep) careful() float64 {
	top, total := 0.0, 0.0
	s.eachElement(func(v float64) { top = max(top, math.Abs(v)) })
	if math.IsInf(top, 1) || math.IsNaN(top) {
		return top
	}
	s.eachElement(func(v float64) { total += v / top * (v / top) })
	return top * math.Sqrt(total)
}

func (s *sweep) eachElement(f func(v float64)) {
	for _, p := range s.u.params {
		for _, v := range p.narrow.g {
			f(float64(v))
		}
		for _, v := range p.wide.g {
			f(v)
		}
	}
}

// toSums has every gradient lie in memory of ours, after a job that wrote it
// there.
func (u *Updater) toSums() {
	for _, p := range u.params {
		if p.given() {
			p.useSum()
		}
	}
}

func (u *Updater) learns(i int) bool { return u.frozen == nil || !u.frozen[i] }

func (u *Updater) openSums() {
	for i, p := range u.params {
		if u.learns(i) {
			p.openSum()
		}
	}
}

// clip bounds the elements of the gradient, whose length is norm, and then its
// length.
func (u *Updater) clip(norm float64) {
	if !(u.ClipValue > 0) && !(u.Clip > 0) {
		return
	}
	u.openSums()
	if u.ClipValue > 0 {
		u.sweep.run(bound, u.ClipValue)
		u.toSums()
		if u.Clip > 0 {
			norm = u.sweep.norm()
		}
	}
	if u.Clip > 0 && norm > u.Clip {
		u.sweep.run(rescale, u.Clip/norm)
		u.toSums()
	}
}

// reduce shows the gradients, which lie in our memory, to Reduce and takes
// back what it left.
func (u *Updater) reduce() error {
	u.reduced = u.reduced[:0]
	for i, p := range u.params {
		if u.learns(i) {
			u.reduced = append(u.reduced, p.sum)
		}
	}
	var err error
	if bad := tensor.Try(func() { err = u.Reduce(u.reduced) }); bad != nil || err != nil {
		return errors.Join(bad, err)
	}
	k := 0
	for i, p := range u.params {
		if !u.learns(i) {
			continue
		}
		if err := p.replace(u.reduced[k]); err != nil {
			return err
		}
		p.useSum()
		k++
	}
	return nil
}

// optimise moves the weights.
func (u *Updater) optimise(factor float64) {
	for _, p := range u.params {
		if p.given() {
			p.steps++
		}
	}
	u.sweep.run(optimise, factor)
}
