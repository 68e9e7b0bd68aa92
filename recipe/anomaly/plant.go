package anomaly

import (
	"math"
	"math/rand/v2"
	"slices"
)

// The planted faults. These parameters were fixed before any network was
// trained, and are the same for the validation part and the test part.
const (
	plantSeed  = 20_240_607
	plantShare = 0.25 // of the stretches of a part get one fault each
)

// fault is one kind: it changes a stretch, given the values around it.
type fault struct {
	name  string
	plant func(r *rand.Rand, values []float64, from, to int)
}

// faults are the kinds, each as often as any other.
var faults = []fault{
	{"stuck", func(r *rand.Rand, v []float64, from, to int) { // the value of one moment, for a third to two thirds of the stretch
		n := to - from
		k := min(n, max(2, n/3+r.IntN(n/3+1)))
		at := from + r.IntN(n-k+1)
		for i := at; i < at+k; i++ {
			v[i] = v[at]
		}
	}},
	{"level", func(r *rand.Rand, v []float64, from, to int) { // part of the sensor is covered, or it counts twice
		by := []float64{0.5, 1.7}[r.IntN(2)]
		scale(v, from, to, func(int) float64 { return by })
	}},
	{"drift", func(r *rand.Rand, v []float64, from, to int) { // from right to wrong within the stretch
		end := []float64{0.3, 2.2}[r.IntN(2)]
		scale(v, from, to, func(i int) float64 { return 1 + (end-1)*float64(i+1)/float64(to-from) })
	}},
	{"clock", func(r *rand.Rand, v []float64, from, to int) { // the stretch is some hours late or early
		n := to - from
		by := max(1, n/6+r.IntN(n/6+1)) * (1 - 2*r.IntN(2))
		was := slices.Clone(v[from:to])
		for i := range was {
			v[from+i] = was[((i-by)%n+n)%n]
		}
	}},
	{"burst", func(r *rand.Rand, v []float64, from, to int) { // three times as many, for a sixth of the stretch
		n := to - from
		at := from + n/3 + r.IntN(n/3+1)
		scale(v, at, min(to, at+max(1, n/6)), func(int) float64 { return 3 })
	}},
	{"reversed", func(_ *rand.Rand, v []float64, from, to int) { slices.Reverse(v[from:to]) }},
}

// scale multiplies values above the stretch's least by factors that change from
// step to step, so that series around 0 are stretched too.
func scale(v []float64, from, to int, by func(i int) float64) {
	low := min(0, slices.Min(v[from:to]))
	for i := from; i < to; i++ {
		v[i] = low + (v[i]-low)*by(i-from)
	}
}

// planted is a part of a series with faults in it.
type planted struct {
	values []float64 // the whole series, with the part's faults
	at     []int     // where its stretches begin
	kind   []int     // the fault of each, −1: none
}

// yes tells which stretches have a fault.
func (p *planted) yes() []bool {
	all := make([]bool, len(p.kind))
	for i, k := range p.kind {
		all[i] = k >= 0
	}
	return all
}

// plant puts faults into the stretches of a part, never in two that follow each
// other. What was there already stays, and counts as none. Where a fault changes
// nothing, as it may where all values are alike, the next kind is tried; a stretch
// of zeros stays as it is.
func (s *source) plant(from, to int) *planted {
	r := rand.New(rand.NewPCG(plantSeed, uint64(from)))
	p := &planted{values: slices.Clone(s.series.Values[0])}
	for at := max(from, s.Window); at+s.Window <= to; at += s.Window {
		p.at, p.kind = append(p.at, at), append(p.kind, -1)
	}
	count := int(math.Round(plantShare * float64(len(p.at))))
	next := 0
	for _, i := range r.Perm(len(p.at)) {
		beside := i > 0 && p.kind[i-1] >= 0 || i+1 < len(p.kind) && p.kind[i+1] >= 0
		if next >= count || beside {
			continue
		}
		for k := range faults {
			if kind := (next + k) % len(faults); p.spoil(r, kind, p.at[i], p.at[i]+s.Window) {
				p.kind[i] = kind
				next++
				break
			}
		}
	}
	return p
}

// spoil plants a fault and tells whether it changed anything.
func (p *planted) spoil(r *rand.Rand, kind, from, to int) bool {
	was := slices.Clone(p.values[from:to])
	faults[kind].plant(r, p.values, from, to)
	return !slices.Equal(was, p.values[from:to])
}
