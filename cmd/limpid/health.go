package main

import (
	"strings"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/probe"
	"github.com/limpid-ml/limpid/train"
)

// healthEvery is the number of steps between two looks at the layers. A look
// copies the weights and walks over the activations once.
const healthEvery = 20

// health watches how much each layer's weights change in a step and how many
// of its units are silent.
type health struct {
	*probe.Probe
	layers []layerHealth
	at     map[string]int
	base   float64 // learning rate
}

// newHealth watches the layers of net that have parameters. base is the
// learning rate that a schedule multiplies.
func newHealth(net *nn.Net, base float64) *health {
	h := &health{Probe: probe.Every(healthEvery, probe.DeadUnits{}, probe.UpdateRatio{}), at: map[string]int{}, base: base}
	for _, p := range net.Params() {
		path := "."
		if i := strings.LastIndex(p.Path(), "."); i >= 0 {
			path = p.Path()[:i]
		}
		if _, known := h.at[path]; !known {
			h.at[path] = len(h.layers)
			h.layers = append(h.layers, layerHealth{path: path, dead: -1})
		}
	}
	return h
}

// Observe takes in what the probe read of a step.
func (h *health) Observe(u *train.Updater, e train.Event) error {
	if err := h.Probe.Observe(u, e); err != nil {
		return err
	}
	done, ok := e.(train.StepDone)
	read := h.Latest()
	if !ok || len(read) == 0 || read[0].Step != done.Step {
		return nil
	}
	for i := range h.layers {
		h.layers[i].dead = -1
	}
	for _, r := range read {
		if i, ok := h.at[r.Path]; ok {
			h.layers[i].take(r, done.Rate/h.base)
		}
	}
	return nil
}

// take notes a reading; factor is that of the learning rate.
func (l *layerHealth) take(r probe.Reading, factor float64) {
	switch r.Name {
	case "dead":
		l.dead = r.Value
	case "update":
		l.update = r.Value
		if factor > 1e-3 { // below, rounding is all there is
			l.pace = l.update / factor
		}
	}
}
