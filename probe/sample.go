package probe

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// Sample is one training step as instruments see it. Its methods may be called
// in Instrument.Sample and in the functions given to them.
//
// In a pattern * stands for any characters, dots too, as in path.Match; the
// empty pattern matches everything.
type Sample struct {
	step    int
	updater *train.Updater

	values   []hook
	grads    []hook
	after    []func()
	readings []Reading
	seen     []string // paths of the layers that ran, in that order
	err      error
}

// hook is a function that wants to be shown what matches.
type hook struct {
	match string
	show  func(path string, t tensor.Tensor)
	used  bool
}

func newSample(step int, u *train.Updater) *Sample { return &Sample{step: step, updater: u} }

// Step returns the step's number, the first is 1.
func (s *Sample) Step() int { return s.step }

// Values has f called with the result of each layer whose path matches, when
// the layer returns: several times if it runs several times, the parts of a
// split step one after the other. The tensor is valid during the call. Where a
// step runs other networks too, a generator in its critic's step, their layers
// are shown as well, under paths of their own that may be the same.
func (s *Sample) Values(match string, f func(path string, y tensor.Tensor)) {
	if s.valid(match) {
		s.values = append(s.values, hook{match: match, show: f})
	}
}

// Grads is like [Sample.Values] for the loss's gradient by the layer's result.
// Layers through which nothing learns have none.
func (s *Sample) Grads(match string, f func(path string, g tensor.Tensor)) {
	if s.valid(match) {
		s.grads = append(s.grads, hook{match: match, show: f})
	}
}

// Layer is a layer that has parameters of its own.
type Layer struct {
	Path   string // "." for the model itself
	Params []*nn.Param
}

// Layers returns the layers that have parameters and whose path matches, in
// the order of the network's parameters, which hold their values from before
// the step until it is done.
func (s *Sample) Layers(match string) []Layer {
	if !s.valid(match) || s.updater == nil {
		return nil
	}
	var found table[Layer]
	var known []string
	for _, w := range s.updater.Net.Params() {
		at := "."
		if i := strings.LastIndexByte(w.Path(), '.'); i >= 0 {
			at = w.Path()[:i]
		}
		if !slices.Contains(known, at) {
			known = append(known, at)
		}
		if matches(match, at) {
			l := found.get(at)
			l.Path, l.Params = at, append(l.Params, w)
		}
	}
	if len(found.order) == 0 {
		s.refuse(match, "layer with parameters", known)
	}
	var all []Layer
	found.each(func(_ string, l *Layer) { all = append(all, *l) })
	return all
}

// After has f called when the step is done: parameters hold their new values,
// and all that Values and Grads asked for was shown. It is not called if the
// step fails.
func (s *Sample) After(f func()) { s.after = append(s.after, f) }

// Report sends a reading of this step.
func (s *Sample) Report(path, name string, value float64) {
	s.readings = append(s.readings, Reading{s.step, path, name, value})
}

func (s *Sample) valid(match string) bool {
	if _, err := path.Match(match, ""); err != nil {
		s.err = cmp.Or(s.err, fmt.Errorf("probe: the pattern %q is malformed: * stands for any characters, ? for one, [a-z] for a range", match))
		return false
	}
	return true
}

func matches(pattern, name string) bool {
	if pattern == "" {
		return true
	}
	ok, _ := path.Match(pattern, name) // valid has seen the pattern
	return ok
}

// refuse notes that nothing known matches a pattern.
func (s *Sample) refuse(match, what string, known []string) {
	there := "there is none"
	if len(known) > 0 {
		there = "there are " + strings.Join(known, ", ")
	}
	s.err = cmp.Or(s.err, fmt.Errorf("probe: no %s matches %q: %s", what, match, there))
}

// watcher returns what is to watch the pass: nil if nobody wants to.
func (s *Sample) watcher() nn.Watcher {
	if len(s.values) == 0 && len(s.grads) == 0 {
		return nil
	}
	return (*eye)(s)
}

// eye is a sample in its pass.
type eye Sample

// Value shows a layer's result to who wants it.
func (e *eye) Value(path string, _ int, y tensor.Tensor) {
	if !slices.Contains(e.seen, path) {
		e.seen = append(e.seen, path)
	}
	show(e.values, path, y)
}

// Grad shows a gradient to who wants it.
func (e *eye) Grad(path string, _ int, g tensor.Tensor) { show(e.grads, path, g) }

func show(hooks []hook, path string, t tensor.Tensor) {
	for i := range hooks {
		if h := &hooks[i]; matches(h.match, path) {
			h.used = true
			h.show(path, t)
		}
	}
}

// finish runs what waits for the step's end.
func (s *Sample) finish() error {
	for _, h := range s.values {
		if !h.used && h.match != "" {
			s.refuse(h.match, "layer that ran", s.seen)
		}
	}
	for _, f := range s.after {
		f()
	}
	return s.err
}
