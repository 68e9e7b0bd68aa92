package nn

import (
	"fmt"
	"math"
	"sync"

	"github.com/limpid-ml/limpid/tensor"
)

// Positions adds to each place of a sequence what tells where it is: waves of
// many lengths, or, with Learned, a row of Weight.
//
//	x    [N, T, D]
//	out  [N, T, D]   wave 2i of place t is sin(t/10000^(2i/D)), wave 2i+1 cos
//
// Source: Vaswani et al. 2017, "Attention is all you need".
type Positions struct {
	Learned bool
	Max     int  // places that are learned; 0: as many as Build's input has
	Init    Init // of Weight; left out: N(0, 0.02²)

	Weight Param // [Max, D]
}

// Forward adds the places from 0 on.
func (l *Positions) Forward(p *Pass, x tensor.Tensor) tensor.Tensor { return l.At(p, x, 0) }

// At adds the places from on, for a sequence that comes in stretches.
func (l *Positions) At(p *Pass, x tensor.Tensor, from int) tensor.Tensor {
	stay := p.Enter(l)
	p.sequences("nn.Positions", x)
	t, d := x.Dim(1), x.Dim(2)
	if !l.Learned {
		if d%2 != 0 {
			p.wants("nn.Positions", x, "an even number of channels: waves come in pairs")
		}
		return stay.Return(x.Add(tableOf(x, wavesKind, d, from, from+t)))
	}
	if p.build != nil && l.Max == 0 {
		l.Max = t
	}
	if from < 0 || from+t > l.Max {
		fail(&tensor.Error{Op: "nn.Positions", Layer: p.label(), Shapes: [][]int{x.Shape()}, Why: fmt.Sprintf("places %d to %d, and %d are learned", from, from+t, l.Max),
			Fix: "set Max to the longest sequence, or leave Learned out"})
	}
	init := l.Init
	if init == nil {
		init = placed
	}
	w := p.Param(&l.Weight, init, l.Max, d)
	return stay.Return(x.Add(w.Slice(0, from, from+t)))
}

var placed = Normal(.02)

// rotated turns pairs of x [N, Heads, T, D], channel i with i + D/2, by the
// angle t/10000^(2i/D) of place t, counted from from.
func rotated(x tensor.Tensor, from int) tensor.Tensor {
	t, d := x.Dim(2), x.Dim(3)
	sin, cos := tableOf(x, sinKind, d, from, from+t), tableOf(x, cosKind, d, from, from+t)
	a, b := x.Slice(3, 0, d/2), x.Slice(3, d/2, d)
	return tensor.Concat(3, a.Mul(cos).Sub(b.Mul(sin)), b.Mul(cos).Add(a.Mul(sin)))
}

// The tables of waves.
const (
	wavesKind = iota // [T, D]: sines and cosines, one after the other
	sinKind          // [T, D/2]
	cosKind
)

// tableKey names a table, which follows from it but for its length.
type tableKey struct {
	kind, d int
	wide    bool
}

// tables holds what was computed; a table only grows.
var tables = struct {
	sync.Mutex
	at map[tableKey]tensor.Tensor
}{at: map[tableKey]tensor.Tensor{}}

// tableOf returns places from…to−1 of a table, in x's type and home.
func tableOf(x tensor.Tensor, kind, d, from, to int) tensor.Tensor {
	t := wholeTable(x, kind, d, to)
	if s := engine.Scope(x); s != nil {
		t = engine.Adopt(s, t)
	}
	return t.Slice(0, from, to)
}

// wholeTable returns a table of at least upto places, in x's type.
func wholeTable(x tensor.Tensor, kind, d, upto int) tensor.Tensor {
	k := tableKey{kind, d, x.DType() == tensor.Float64}
	tables.Lock()
	defer tables.Unlock()
	t := tables.at[k]
	if !t.Valid() || t.Dim(0) < upto {
		t = waves(kind, d, max(2*upto, 64)).To(x.DType())
		tables.at[k] = t
	}
	return t
}

func waves(kind, d, places int) tensor.Tensor {
	var v []float64
	for t := range places {
		for i := range d / 2 {
			sin, cos := math.Sincos(float64(t) * math.Pow(10000, -2*float64(i)/float64(d)))
			switch kind {
			case wavesKind:
				v = append(v, sin, cos)
			case sinKind:
				v = append(v, sin)
			default:
				v = append(v, cos)
			}
		}
	}
	return tensor.Of(v, places, len(v)/places)
}
