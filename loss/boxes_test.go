package loss

import (
	"math"
	"testing"

	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/tensor"
)

func TestBoxesByHand(t *testing.T) {
	box := func(v ...float32) T { return tensor.Of(v, len(v)/4, 4) }
	a := box(0, 0, 10, 10)
	for _, c := range []struct {
		name   string
		f      Func
		out, t T
		want   float64
	}{
		{"IoU of the same", IoU, a, a, 0},
		{"GIoU of the same", GIoU, a, a, 0},
		{"DIoU of the same", DIoU, a, a, 0},
		{"IoU of half", IoU, a, box(5, 0, 15, 10), 2. / 3},
		{"IoU apart", IoU, a, box(20, 0, 30, 10), 1},
		{"GIoU apart", GIoU, a, box(20, 0, 30, 10), 4. / 3},
		{"DIoU apart", DIoU, a, box(20, 0, 30, 10), 1.4},
		{"mean of two", IoU, box(0, 0, 10, 10, 0, 0, 10, 10), box(0, 0, 10, 10, 5, 0, 15, 10), 1. / 3},
		{"points", GIoU, box(3, 3, 3, 3), box(3, 3, 3, 3), 1},
		{"none", GIoU, tensor.Zeros(0, 4), tensor.Zeros(0, 4), 0},
	} {
		if got := c.f(c.out, c.t).Item(); math.Abs(got-c.want) > 1e-6 {
			t.Errorf("%s: %g, want %g", c.name, got, c.want)
		}
	}
}

// Boxes apart attract each other by GIoU and DIoU, not by IoU.
func TestBoxesApart(t *testing.T) {
	target := tensor.Of([]float32{20, 0, 30, 10}, 1, 4)
	for name, f := range map[string]Func{"IoU": IoU, "GIoU": GIoU, "DIoU": DIoU} {
		s := tensor.NewScope()
		x := s.Track(tensor.Of([]float32{0, 0, 10, 10}, 1, 4))
		slope := tensor.Grad(f(x, target), x)[0].At(0, 2) // of the edge that faces the target
		if attracts := slope < 0; attracts != (name != "IoU") {
			t.Errorf("%s: slope %g", name, slope)
		}
		s.Reset()
	}
}

func TestBoxesRefuse(t *testing.T) {
	for name, f := range map[string]Func{"IoU": IoU, "GIoU": GIoU, "DIoU": DIoU} {
		fails(t, name, func() { f(tensor.Zeros(2, 4), tensor.Zeros(4)) }, "loss."+name, "never broadcasts")
		fails(t, name, func() { f(tensor.Zeros(2, 5), tensor.Zeros(2, 5)) }, "loss."+name, "[..., 4]")
		fails(t, name, func() { f(tensor.Zeros(2, 4), tensor.Zeros(2, 4).To(tensor.Float64)) }, "To(tensor.Float32)")
	}
}

// Each class weighs the same: the loss of a small region missed is that of a
// large one missed.
func TestGeneralizedDiceWeighsClassesEvenly(t *testing.T) {
	labels := make([]int, 100)
	for i := range 10 {
		labels[i] = 1
	}
	target := tensor.Ints(labels...)
	missSmall := tensor.Full(0, 100).To(tensor.Int32).OneHot(2).Scale(40)
	missLarge := tensor.Full(1, 100).To(tensor.Int32).OneHot(2).Scale(40)
	a, b := GeneralizedDice(missSmall, target).Item(), GeneralizedDice(missLarge, target).Item()
	// w = 1 and 1/81: 1 − 2·90/81/((190)/81+10) and 1 − 2·10/(110+90/81)
	if math.Abs(a-(1-2*(90./81)/(190./81+10))) > 1e-5 || math.Abs(b-(1-20/(110+90./81))) > 1e-5 {
		t.Errorf("missing the small region costs %g, the large one %g", a, b)
	}
	none := tensor.Full(ignored, 100).To(tensor.Int32)
	if got := GeneralizedDice(missSmall, none).Item(); got != 0 {
		t.Errorf("nothing there: %g, want 0", got)
	}
}

// Losses of random boxes are those of the boxes' own measures, whatever the
// shape before the last axis, and do not change when both move.
func TestBoxLossesAreTheMeasures(t *testing.T) {
	r := tensor.NewRand(7)
	draw := func() (T, []metric.Box) {
		at, size := r.Uniform(0, 20, 30, 2), r.Uniform(1, 15, 30, 2)
		all := make([]metric.Box, 30)
		b := tensor.Concat(-1, at, at.Add(size))
		for i := range all {
			all[i] = metric.Box{X1: b.At(i, 0), Y1: b.At(i, 1), X2: b.At(i, 2), Y2: b.At(i, 3)}
		}
		return b, all
	}
	out, a := draw()
	target, b := draw()
	var iou, giou float64
	for i := range a {
		iou += (1 - a[i].IoU(b[i])) / 30
		giou += (1 - a[i].GIoU(b[i])) / 30
	}
	for name, c := range map[string]struct {
		f    Func
		want float64
	}{"IoU": {IoU, iou}, "GIoU": {GIoU, giou}} {
		for how, got := range map[string]float64{
			"as they are": c.f(out, target).Item(),
			"in rows":     c.f(out.Reshape(5, 3, 2, 4), target.Reshape(5, 3, 2, 4)).Item(),
			"exchanged":   c.f(target, out).Item(),
			"moved":       c.f(out.Shift(9), target.Shift(9)).Item(),
			"enlarged":    c.f(out.Scale(8), target.Scale(8)).Item(),
			"masked":      Masked(c.f, out, target, tensor.Full(1, 30)).Item(),
		} {
			if math.Abs(got-c.want) > 1e-5 {
				t.Errorf("%s, %s: %g, want %g", name, how, got, c.want)
			}
		}
	}
}
