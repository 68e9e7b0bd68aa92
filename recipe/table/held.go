package table

import (
	"math"
	"slices"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// Held keeps, as numbers beside the weights, what each method answered about
// each row that it had not seen, and the truth: what the intervals of answers
// come from, and what eval compares with without growing trees again. It
// computes nothing and learns nothing.
type Held struct {
	Rows, Out int

	Network, Linear, Trees nn.Param // [Rows, Out]
	Truth                  nn.Param // [Rows, 1]
}

// Forward returns x; it makes the places.
func (h *Held) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	for _, w := range []*nn.Param{&h.Network, &h.Linear, &h.Trees} {
		p.Param(w, nn.Zeros, h.Rows, h.Out)
	}
	p.Param(&h.Truth, nn.Zeros, h.Rows, 1)
	return x
}

// held is [Held] while a run fills it in.
type held struct {
	net           *nn.Net
	layer         *Held
	linear, trees [][]float64
	// middle is taken off the numbers that are stored: float32 has seven digits,
	// and numbers that lie far from 0 and close together differ in later ones.
	middle float64
}

func (h *held) build(rows, out int) (err error) {
	h.layer = &Held{Rows: rows, Out: out}
	h.linear, h.trees = make([][]float64, rows), make([][]float64, rows)
	h.net, err = nn.Build(h.layer, nn.Input(1), nn.Name("held"))
	return err
}

// note takes in what the other methods answer about row i.
func (h *held) note(i int, linear, trees []float64) { h.linear[i], h.trees[i] = linear, trees }

// set stores all answers.
func (h *held) set(network [][]float64, truth []float64) {
	put := func(w *nn.Param, rows [][]float64) {
		var flat []float32
		for _, row := range rows {
			for _, v := range row {
				flat = append(flat, float32(v-h.middle))
			}
		}
		w.Set(tensor.Of(flat, w.Value().Shape()...))
	}
	put(&h.layer.Network, network)
	put(&h.layer.Linear, h.linear)
	put(&h.layer.Trees, h.trees)
	all := make([][]float64, len(truth))
	for i, y := range truth {
		all[i] = []float64{y}
	}
	put(&h.layer.Truth, all)
}

// rows returns what is stored in w, a slice a row.
func (h *held) rows(w *nn.Param) [][]float64 {
	v := tensor.Data[float64](w.Value().To(tensor.Float64))
	for i := range v {
		v[i] += h.middle
	}
	n, out := w.Value().Dim(0), w.Value().Dim(1)
	all := make([][]float64, n)
	for i := range all {
		all[i] = v[i*out : (i+1)*out : (i+1)*out]
	}
	return all
}

// covered is the share of rows whose number the interval of an answer is to
// hold.
const covered = 0.9

// margin is how far the number may be off an answer, either way: that share of
// the rows held out were nearer.
//
// Source: Lei et al. 2018, "Distribution-free predictive inference for
// regression" (split conformal inference; here over the folds).
func (h *held) margin() float64 {
	answers, truth := h.rows(&h.layer.Network), h.rows(&h.layer.Truth)
	off := make([]float64, len(truth))
	for i := range truth {
		off[i] = math.Abs(answers[i][0] - truth[i][0])
	}
	slices.Sort(off)
	return off[min(len(off)-1, int(math.Ceil(covered*float64(len(off)+1)))-1)]
}
