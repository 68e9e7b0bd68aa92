package loss

import (
	"math"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/tensor"
)

var engine = backstage.OpenTensor[tensor.Tensor, tensor.Scope, tensor.Rand]()

// Func compares a network's result with its target and returns a scalar.
type Func func(out, target tensor.Tensor) tensor.Tensor

// ignored is the label of an example that does not count.
const ignored = -100

// alike panics unless out and target have one shape and one float type. It
// returns the target in out's home, so that what is made of it lives there.
func alike(op string, out, target tensor.Tensor) tensor.Tensor {
	wantFloat(op, out)
	if !sameShape(out, target) {
		tensor.Fail(op, "a loss never broadcasts, and the result is %v where the target is %v; reshape one of them", out.Shape(), target.Shape())
	}
	if out.DType() != target.DType() {
		tensor.Fail(op, "the result is %v and the target %v; convert the target with To(tensor.%s)", out.DType(), target.DType(), title(out.DType()))
	}
	if s := engine.Scope(out); s != nil {
		return engine.Adopt(s, target)
	}
	return target
}

func wantFloat(op string, out tensor.Tensor) {
	if !isFloat(out) {
		tensor.Fail(op, "the result is %v; a loss compares float32 or float64", out.DType())
	}
}

func isFloat(t tensor.Tensor) bool { return t.DType() <= tensor.Float64 }

// title is how the package tensor writes the name of a float type.
func title(d tensor.DType) string {
	if d == tensor.Float64 {
		return "Float64"
	}
	return "Float32"
}

func sameShape(a, b tensor.Tensor) bool { return a.Rank() == b.Rank() && leads(b, a) }

// leads tells whether the first axes of x are those of t.
func leads(t, x tensor.Tensor) bool {
	r := t.Rank()
	if r > x.Rank() {
		return false
	}
	for i := range r {
		if t.Dim(i) != x.Dim(i) {
			return false
		}
	}
	return true
}

// classes returns the length of the last axis.
func classes(op string, out tensor.Tensor) int {
	wantFloat(op, out)
	if out.Rank() == 0 {
		tensor.Fail(op, "the result is a scalar; its last axis holds the classes")
	}
	return out.Dim(-1)
}

// severalClasses is classes for losses that make no sense of one class.
func severalClasses(op string, out tensor.Tensor) int {
	c := classes(op, out)
	if c == 1 {
		tensor.Fail(op, "the result %v has one class, whose probability is always 1; use BCE for one answer of yes or no", out.Shape())
	}
	return c
}

// checkLabels panics unless labels holds one class, or -100, for each row.
func checkLabels(op string, out, labels tensor.Tensor, c int) {
	if labels.Rank() != out.Rank()-1 || !leads(labels, out) {
		tensor.Fail(op, "a loss never broadcasts: the result is %v, so the labels must have the same shape without the last axis, and they are %v", out.Shape(), labels.Shape())
	}
	if labels.DType() != tensor.Int32 {
		tensor.Fail(op, "the labels are %v; convert them with To(tensor.Int32)", labels.DType())
	}
	for i, l := range tensor.View[int32](labels) {
		if (l < 0 || int(l) >= c) && l != ignored {
			tensor.Fail(op, "label %d of example %d is outside 0…%d; number the classes from 0, or give the network more outputs (-100 leaves an example out)", l, i, c-1)
		}
	}
}

// meanOf is the sum of t over n, and 0 if n is.
func meanOf(t tensor.Tensor, n int) tensor.Tensor {
	return t.Sum().Scale(1 / float64(max(n, 1)))
}

// badSetting complains about a constructor's argument when the loss is used:
// by then an entry point returns it.
func badSetting(op, name string, v float64, ok bool, want string) {
	if !ok || math.IsNaN(v) || math.IsInf(v, 0) {
		tensor.Fail(op, "%s is %g; give %s", name, v, want)
	}
}
