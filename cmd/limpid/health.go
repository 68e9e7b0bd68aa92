package main

import (
	"math"
	"strings"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// healthEvery is the number of steps between two looks at the layers. A look
// copies the weights and walks over the activations once.
const healthEvery = 20

// health watches how much each layer's weights change in a step and how many
// of its units are silent. It is a train.Looker.
type health struct {
	layers []layerHealth
	params [][]*nn.Param // of each layer
	at     map[string]int
	before [][]float32 // the weights of each layer ahead of the step
	looked bool
	base   float64 // learning rate
}

// newHealth watches the layers of net that have parameters. base is the
// learning rate that a schedule multiplies.
func newHealth(net *nn.Net, base float64) *health {
	h := &health{at: map[string]int{}, base: base}
	for _, p := range net.Params() {
		path := "."
		if i := strings.LastIndex(p.Path(), "."); i >= 0 {
			path = p.Path()[:i]
		}
		i, known := h.at[path]
		if !known {
			i = len(h.layers)
			h.at[path] = i
			h.layers = append(h.layers, layerHealth{path: path, dead: -1})
			h.params = append(h.params, nil)
			h.before = append(h.before, nil)
		}
		h.params[i] = append(h.params[i], p)
	}
	return h
}

// Look keeps the weights ahead of every healthEvery-th step.
func (h *health) Look(step int) nn.Watcher {
	if step%healthEvery != 0 {
		return nil
	}
	h.looked = true
	for i := range h.layers {
		h.before[i] = h.before[i][:0]
		h.each(i, func(w float32) { h.before[i] = append(h.before[i], w) })
	}
	return h
}

// each calls f with the weights of layer i.
func (h *health) each(i int, f func(w float32)) {
	for _, p := range h.params[i] {
		for _, w := range tensor.View[float32](p.Value()) {
			f(w)
		}
	}
}

// Value counts the units of a layer that gave 0 in the whole batch.
func (h *health) Value(path string, _ int, y tensor.Tensor) {
	if i, ok := h.at[path]; ok && y.DType() == tensor.Float32 && y.Rank() > 1 {
		h.layers[i].dead = silent(tensor.View[float32](y), y.Dim(-1))
	}
}

// Grad takes no interest.
func (h *health) Grad(string, int, tensor.Tensor) {}

// silent returns the share of columns that are 0 in every row; −1 if any
// value is below 0, for then 0 means nothing.
func silent(y []float32, units int) float64 {
	if units == 0 || len(y) == 0 {
		return -1
	}
	alive := make([]bool, units)
	for at := 0; at < len(y); at += units {
		for j, v := range y[at : at+units] {
			if v < 0 {
				return -1
			}
			if v > 0 {
				alive[j] = true
			}
		}
	}
	n := 0
	for _, a := range alive {
		if !a {
			n++
		}
	}
	return float64(n) / float64(units)
}

// Observe measures the change after a step that Look chose.
func (h *health) Observe(_ *train.Updater, e train.Event) error {
	done, ok := e.(train.StepDone)
	if !ok || !h.looked {
		return nil
	}
	h.looked = false
	for i := range h.layers {
		var change, size float64
		at := 0
		h.each(i, func(w float32) {
			old := float64(h.before[i][at])
			change += (float64(w) - old) * (float64(w) - old)
			size += old * old
			at++
		})
		h.layers[i].update = math.Sqrt(change / max(size, 1e-30))
		if factor := done.Rate / h.base; factor > 1e-3 { // below, rounding is all there is
			h.layers[i].pace = h.layers[i].update / factor
		}
	}
	return nil
}
