package loss

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// padded makes a batch of labels.
func padded(labels ...[]int) (all, lens tensor.Tensor) {
	longest := 1
	for _, row := range labels {
		longest = max(longest, len(row))
	}
	var flat, sizes []int
	for _, row := range labels {
		sizes = append(sizes, len(row))
		flat = append(append(flat, row...), make([]int, longest-len(row))...)
	}
	return tensor.Ints(flat...).Reshape(len(labels), longest), tensor.Ints(sizes...)
}

// enumerated is the loss of one example by its definition: every way to give
// each step a class, kept if it spells the labels.
func enumerated(logits tensor.Tensor, labels []int, blank int) tensor.Tensor {
	t, c := logits.Dim(0), logits.Dim(1)
	var taps []int
	paths := 0
	path := make([]int, t)
	var walk func(at int)
	walk = func(at int) {
		if at < t {
			for path[at] = range c {
				walk(at + 1)
			}
			return
		}
		var said []int
		for i, k := range path {
			if k != blank && (i == 0 || path[i-1] != k) {
				said = append(said, k)
			}
		}
		if fmt.Sprint(said) == fmt.Sprint(labels) {
			paths++
			for i, k := range path {
				taps = append(taps, i*c+k)
			}
		}
	}
	walk(0)
	each := logits.LogSoftmax(-1).Reshape(t*c).Take(0, tensor.Ints(taps...)).Reshape(paths, t).Sum(1)
	return each.LogSumExp(0).Neg()
}

func minSteps(labels []int) int {
	n := len(labels)
	for i := 1; i < len(labels); i++ {
		if labels[i] == labels[i-1] {
			n++
		}
	}
	return n
}

// spelled are label lists of two classes up to length n.
func spelled(n int, classes ...int) (all [][]int) {
	all = [][]int{{}}
	for from := 0; n > 0; n-- {
		to := len(all)
		for _, l := range all[from:to] {
			for _, k := range classes {
				all = append(all, append(append([]int{}, l...), k))
			}
		}
		from = to
	}
	return all
}

// TestCTCIsTheSumOverAlignments: value, gradient and second-order gradient, of
// every label list that up to six steps can spell, with any class as blank.
func TestCTCIsTheSumOverAlignments(t *testing.T) {
	for steps := 1; steps <= 6; steps++ {
		for blank := range 3 {
			for _, labels := range spelled(min(steps, 3), (blank+1)%3, (blank+2)%3) {
				if minSteps(labels) > steps {
					continue
				}
				x0 := tensor.NewRand(uint64(steps*100+len(labels))).Normal(0, 2, 1, steps, 3).To(tensor.Float64)
				flat, lens := padded(labels)
				var got, want [3]tensor.Tensor
				for i, f := range []func(x tensor.Tensor) tensor.Tensor{
					func(x tensor.Tensor) tensor.Tensor { return CTC(x, tensor.Ints(steps), flat, lens, blank) },
					func(x tensor.Tensor) tensor.Tensor {
						return enumerated(x.Reshape(steps, 3), labels, blank).Scale(1 / float64(max(len(labels), 1)))
					},
				} {
					x := tensor.NewScope().Track(x0)
					y := f(x)
					dx := tensor.Grad(y, x)[0]
					ddx := tensor.Grad(dx.Mul(weighing([]int{1, steps, 3}, steps*3, tensor.Float64)).Sum(), x)[0]
					*[]*[3]tensor.Tensor{&got, &want}[i] = [3]tensor.Tensor{y, dx, ddx}
				}
				x := tensor.NewScope()
				fast := x.Track(x0)
				quick := x.Backward(CTC(fast, tensor.Ints(steps), flat, lens, blank), fast)[0]
				for i, pair := range [][2]tensor.Tensor{{got[0], want[0]}, {got[1], want[1]}, {got[2], want[2]}, {quick, want[1]}} {
					if d := pair[0].Detach().Keep().Sub(pair[1].Detach().Keep()).Abs().Max().Item(); !(d < 1e-11) {
						t.Errorf("%d steps, labels %v, blank %d: order %d is off by %g", steps, labels, blank, i, d)
					}
				}
			}
		}
	}
}

func TestCTCEqualsPyTorchs(t *testing.T) {
	var file struct {
		Cases map[string]struct {
			Shape        []int
			Out, Grad    []float64
			Lens, Labels []int
			LabelLens    []int `json:"label_lens"`
			Blank        int
			Loss         float64
		}
	}
	text, err := os.ReadFile("testdata/ctc.json")
	if err == nil {
		err = json.Unmarshal(text, &file)
	}
	if err != nil || len(file.Cases) < 6 {
		t.Fatal(err, len(file.Cases))
	}
	for name, g := range file.Cases {
		for d, bound := range map[tensor.DType]float64{tensor.Float32: 1e-5, tensor.Float64: 1e-12} {
			s := tensor.NewScope()
			f := func(x tensor.Tensor) tensor.Tensor {
				n := len(g.Lens)
				return CTC(x, tensor.Ints(g.Lens...), tensor.Ints(g.Labels...).Reshape(n, len(g.Labels)/n), tensor.Ints(g.LabelLens...), g.Blank)
			}
			x := s.Track(tensor.Of(g.Out, g.Shape...).To(d))
			y := f(x)
			near(t, name, "loss", d, y, []float64{g.Loss}, bound)
			near(t, name, "recorded gradient", d, tensor.Grad(y, x)[0], g.Grad, 4*bound)
			near(t, name, "gradient", d, s.Backward(y, x)[0], g.Grad, 4*bound)
			if d == tensor.Float64 && name != "long" {
				if err := tensor.CheckGrad(func(in ...tensor.Tensor) tensor.Tensor { return f(in[0]) }, tensor.Of(g.Out, g.Shape...)); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
}

// TestCTCOfBackwardOverAGradient: what Backward makes of a recorded gradient.
func TestCTCOfBackwardOverAGradient(t *testing.T) {
	labels, lens := padded([]int{1, 1}, []int{2})
	var got [2]tensor.Tensor
	for i := range got {
		s := tensor.NewScope()
		x := s.Track(tensor.NewRand(3).Normal(0, 1, 2, 4, 3).To(tensor.Float64))
		z := tensor.Grad(CTC(x, tensor.Ints(4, 3), labels, lens), x)[0].Square().Sum()
		if i == 0 {
			got[i] = tensor.Grad(z, x)[0]
		} else {
			got[i] = s.Backward(z, x)[0]
		}
	}
	if d := got[0].Keep().Sub(got[1].Keep()).Abs().Max().Item(); !(d < 1e-13) {
		t.Error("off by", d)
	}
}

// TestCTCEdges: steps past an example's end do not matter, nor padding labels;
// sure and impossible probabilities; no examples; no steps.
func TestCTCEdges(t *testing.T) {
	x := tensor.NewRand(1).Normal(0, 1, 1, 5, 4)
	labels, lens := padded([]int{2, 3})
	want := CTC(x.Slice(1, 0, 4), tensor.Ints(4), labels, lens).Item()
	if got := CTC(x, tensor.Ints(4), tensor.Ints(2, 3, -7).Reshape(1, 3), lens).Item(); got != want {
		t.Errorf("with padding %g, without %g", got, want)
	}
	sure := tensor.Of([]float32{0, 1e4, 0, 1e4, 0, 0, 0, 0, 1e4}, 1, 3, 3)
	labels, lens = padded([]int{1, 2})
	if got := CTC(sure, tensor.Ints(3), labels, lens).Item(); got != 0 {
		t.Errorf("a sure spelling costs %g", got)
	}
	if got := CTC(sure.Neg(), tensor.Ints(3), labels, lens).Item(); math.IsNaN(got) || got < 1e3 {
		t.Errorf("a spelling that is all but impossible costs %g", got)
	}
	none, zero := padded()
	s := tensor.NewScope()
	empty := s.Track(tensor.Zeros(0, 5, 4))
	if g := s.Backward(CTC(empty, tensor.Ints(), none, zero), empty)[0]; g.Len() != 0 {
		t.Error(g)
	}
	labels, lens = padded([]int{}, []int{})
	if got := CTC(tensor.Zeros(2, 0, 4), tensor.Ints(0, 0), labels, lens).Item(); got != 0 {
		t.Errorf("nothing in no steps costs %g", got)
	}
	s = tensor.NewScope()
	one := s.Track(tensor.Zeros(2, 1, 4).To(tensor.Float64))
	labels, lens = padded([]int{}, []int{1})
	f := func(in ...tensor.Tensor) tensor.Tensor { return CTC(in[0], tensor.Ints(0, 1), labels, lens) }
	if err := tensor.CheckGrad(f, one.Keep()); err != nil {
		t.Error(err)
	}
}

func TestCTCComplains(t *testing.T) {
	x := tensor.Zeros(2, 3, 4)
	labels, lens := padded([]int{1}, []int{2, 2})
	for _, c := range []struct {
		logits, steps, labels, lens tensor.Tensor
		blank                       int
		want                        string
	}{
		{x, tensor.Ints(3, 2), labels, lens, 0, "example 1 has 2 steps, too few for its 2 labels (with 1 pairs of equal neighbours), which take at least 3"},
		{x, tensor.Ints(0, 3), labels, lens, 0, "example 0 has 0 steps, too few for its 1 labels, which take at least 1"},
		{x, tensor.Ints(3, 4), labels, lens, 0, "example 1 has 4 steps, and there is room for 3"},
		{x, tensor.Ints(3, 3), labels, lens, 2, "label 0 of example 1 is 2; labels are from 0 to 3, and 2 is the blank"},
		{x, tensor.Ints(3, 3), labels, lens, 4, "blank is 4, outside 0…3"},
		{x, tensor.Ints(3, 3), labels, tensor.Ints(1), 0, "the numbers of labels are int32 [1], want int32 [2]"},
		{x, tensor.Ints(3, 3), labels.To(tensor.Float32), lens, 0, "the labels are float32 [2 2], want int32 [N, L] with 2 examples"},
		{x.Flatten(), tensor.Ints(3, 3), labels, lens, 0, "the logits are [2 12], want [N, T, C]"},
		{x, tensor.Ints(3, 3), tensor.Ints(1, 9).Reshape(2, 1), tensor.Ints(1, 1), 0, "label 0 of example 1 is 9"},
	} {
		fails(t, "CTC", func() { CTC(c.logits, c.steps, c.labels, c.lens, c.blank) }, "loss.CTC:", c.want)
	}
}

func BenchmarkCTC(b *testing.B) { // speech: 16 clips of 200 steps, 30 characters each
	x := tensor.NewRand(1).Normal(0, 1, 16, 200, 29)
	labels := tensor.NewRand(2).Uniform(1, 28, 16, 30).To(tensor.Int32)
	steps, lens := tensor.Full(200, 16).To(tensor.Int32), tensor.Full(30, 16).To(tensor.Int32)
	for b.Loop() {
		s := tensor.NewScope()
		in := s.Track(x)
		s.Backward(CTC(in, steps, labels, lens), in)
	}
}
