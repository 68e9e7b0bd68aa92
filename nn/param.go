package nn

import (
	"fmt"
	"slices"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/tensor"
)

// engine is what tensor offers beyond its public API.
var engine = backstage.OpenTensor[tensor.Tensor, tensor.Scope, tensor.Rand]()

// Param is a learned tensor of a layer, a field by value. [Build] names it and
// gives it its first value; it enters a pass only by [Pass.Param] and
// [Pass.Use]. A layer that is copied after Build panics when it runs, for its
// copy would never learn.
type Param struct {
	variable
	filter bool // a convolution's filter: files hold it in PyTorch's order
}

// State is a running statistic of a layer, a field by value: saved with the
// parameters, and not trained.
type State struct{ variable }

// variable is what Param and State have in common.
type variable struct {
	self  *variable // itself once built; else: a copy, or not built
	path  string
	value tensor.Tensor
	shape []int
	index int // in the net that was built last
}

// Path returns the name in files and patterns, "conv1.weight"; "" before Build.
// A layer in several networks has the path of the one that was built last.
func (w *Param) Path() string { return w.path }

// Value returns the value, live: the next training step, Set or load writes
// into its memory. [tensor.Tensor.Keep] copies it as it is now. It is the zero
// Tensor before Build.
func (w *Param) Value() tensor.Tensor { return w.value }

// Set copies v's elements into the parameter's memory, so that what Value
// returned before shows them too. It panics if shapes or types differ, or
// before Build, and must not run while a pass does.
func (w *Param) Set(v tensor.Tensor) { w.set("nn.Param.Set", v) }

// Value returns the stored value, live: a training step that succeeds writes
// into its memory. [tensor.Tensor.Keep] copies it as it is now. It is the zero
// Tensor before Build.
func (s *State) Value() tensor.Tensor { return s.value }

func (w *variable) set(op string, v tensor.Tensor) {
	if !w.value.Valid() {
		fail(&tensor.Error{Op: op, Why: "the parameter has no value yet", Fix: "Build its network first"})
	}
	if v.DType() != w.value.DType() || !slices.Equal(v.Shape(), w.shape) {
		fail(&tensor.Error{Op: op, Shapes: [][]int{w.shape, v.Shape()},
			Why: fmt.Sprintf("%s is %v, the new value %v", w.path, w.value.DType(), v.DType()),
			Fix: "give it a value of its own shape and type"})
	}
	assign(w.value, v)
}

// assign copies src into the memory of the heap tensor dst.
func assign(dst, src tensor.Tensor) {
	if narrow, wide := engine.Memory(dst); narrow != nil {
		copy(narrow, tensor.View[float32](src))
	} else if wide != nil {
		copy(wide, tensor.View[float64](src))
	}
}

// fail panics with e, completed with the caller's place.
func fail(e *tensor.Error) {
	at := tensor.Try(func() { tensor.Fail(e.Op, "%s", e.Why) }).(*tensor.Error)
	e.At = at.At
	panic(e)
}

// fits tells whether the variable has the shape that its layer asks for.
func (w *variable) fits(shape []int) bool {
	if len(shape) != len(w.shape) {
		return false
	}
	for i, d := range shape {
		if w.shape[i] != d {
			return false
		}
	}
	return true
}

// misfit panics: the layer's input asks for another shape than Build found.
func (p *Pass) misfit(w *variable, shape []int) {
	fail(&tensor.Error{Op: "nn.Param", Layer: p.label(),
		Why: fmt.Sprintf("%s has shape %v, this input asks for %v", w.path, w.shape, shape),
		Fix: "give the network inputs of the size it was built with, or build it for this size"})
}

// unbuilt panics: w is not, or no longer, what a network owns.
func (p *Pass) unbuilt(w *variable) {
	if w.self != nil {
		fail(&tensor.Error{Op: "nn.Param", Layer: p.label(),
			Why: fmt.Sprintf("the layer of %s was copied after Build; the copy would never learn", w.path),
			Fix: "use pointers to layers: range over indices, let methods have pointer receivers"})
	}
	fail(&tensor.Error{Op: "nn.Param", Layer: p.label(),
		Why: "a parameter of this layer cannot be reached from the model's fields, so it would never learn or be saved",
		Fix: "make the layer a field, or an element of a slice or map of pointers; use pointer receivers, and range over indices rather than copies"})
}
