package probe

import "github.com/limpid-ml/limpid/tensor"

// DeadUnits reads, for each layer, the share of its units (of the last axis:
// channels of an image) that are 0 for every example of the step, as "dead".
// A unit that stays so learns nothing any more. Layers that gave a value below
// 0 are left out, for there 0 means nothing.
//
// Source: Lu et al. 2019, "Dying ReLU and initialization".
type DeadUnits struct {
	Match string // paths of the layers; empty: all
}

// Sample asks for the layers' results.
func (d DeadUnits) Sample(s *Sample) {
	var all table[units]
	s.Values(d.Match, func(path string, y tensor.Tensor) {
		if y.Rank() < 2 || y.Len() == 0 {
			return
		}
		switch u := all.get(path); y.DType() {
		case tensor.Float32:
			count(u, tensor.View[float32](y), y.Dim(-1))
		case tensor.Float64:
			count(u, tensor.View[float64](y), y.Dim(-1))
		}
	})
	s.After(func() {
		all.each(func(path string, u *units) {
			if len(u.alive) > 0 && !u.signed {
				s.Report(path, "dead", u.dead())
			}
		})
	})
}

// units notes which units of a layer were ever above 0.
type units struct {
	alive  []bool
	signed bool // some value was below 0
}

// count looks at rows of n units.
func count[F float32 | float64](u *units, y []F, n int) {
	for len(u.alive) < n {
		u.alive = append(u.alive, false)
	}
	for ; len(y) > 0 && !u.signed; y = y[n:] {
		for j, v := range y[:n] {
			if v < 0 {
				u.signed = true
			} else if v != 0 { // NaN too: whatever it is, it is not dead
				u.alive[j] = true
			}
		}
	}
}

func (u *units) dead() float64 {
	n := 0
	for _, a := range u.alive {
		if !a {
			n++
		}
	}
	return float64(n) / float64(len(u.alive))
}
