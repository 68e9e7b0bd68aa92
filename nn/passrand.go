package nn

import "github.com/limpid-ml/limpid/tensor"

// Rand returns the random stream of the layer that runs. What it draws follows
// from the pass's seed, step and part, the layer's path and the number of this
// call, so it is the same at any number of threads and after a resume.
func (p *Pass) Rand() *tensor.Rand {
	f := p.randFrame()
	if !f.seeded {
		engine.Seed(&f.rand, p.scope, p.seed, f.stream(), p.net.wide)
		f.seeded = true
	}
	return &f.rand
}

// randFrame returns the nearest frame with a path: layers that the walk does
// not know draw from the stream of the one that runs them.
func (p *Pass) randFrame() *frame {
	i := p.depth - 1
	for !p.frames[i].known {
		i--
	}
	return p.frames[i]
}

func (f *frame) stream() uint64 {
	s := uint64(0)
	if f.place != nil {
		s = f.place.stream
	}
	return mix(mix(s, uint64(f.visit.ordinal)), uint64(f.call))
}

// mix joins two words into one (the finaliser of SplitMix64).
//
// Source: Steele, Lea and Flood 2014, "Fast splittable pseudorandom number
// generators".
func mix(a, b uint64) uint64 {
	z := a*0x9e3779b97f4a7c15 + b + 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// hash turns a path into a stream (FNV-1a).
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// Recompute returns f(x) and keeps nothing of the way there: f runs again when
// a gradient is asked for, with the same random numbers. Less memory, a third
// more time.
func (p *Pass) Recompute(x tensor.Tensor, f func(tensor.Tensor) tensor.Tensor) tensor.Tensor {
	r := &rerun{p: p}
	return engine.Recompute(p.scope, engine.Adopt(p.scope, x), f, r.before, r.after)
}

// rerun puts a pass back to where a recomputed part began.
type rerun struct {
	p     *Pass
	from  counters // where the part began
	back  counters // where the pass was when the part ran again
	again bool
}

// counters is what the random numbers of a pass follow from.
type counters struct {
	calls [][]int32
	frame frame
	noise float64 // of weights
}

func (p *Pass) counters() counters {
	c := counters{frame: *p.randFrame(), noise: p.weightNoise}
	for _, v := range p.visits[:p.met] {
		c.calls = append(c.calls, append([]int32(nil), v.calls...))
	}
	return c
}

// restore sets the calls back; networks met since then count from 0.
func (p *Pass) restore(c counters) {
	p.weightNoise = c.noise
	for i, v := range p.visits[:p.met] {
		if i < len(c.calls) {
			copy(v.calls, c.calls[i])
		} else {
			clear(v.calls)
		}
	}
}

func (r *rerun) before(again bool) {
	p := r.p
	if r.again = again; !again {
		r.from = p.counters()
		return
	}
	r.back = p.counters()
	p.restore(r.from)
	f, depth := p.frame(), p.depth-1
	*f = r.from.frame
	f.depth, f.applied, f.known, f.mark = depth, false, true, engine.Mark(p.scope)
	f.before = engine.SetLayer(p.scope, p.label())
	p.replaying++
}

func (r *rerun) after() {
	if !r.again {
		return
	}
	p := r.p
	f := p.top()
	engine.SetLayer(p.scope, f.before)
	p.depth = f.depth
	p.restore(r.back)
	p.replaying--
}
