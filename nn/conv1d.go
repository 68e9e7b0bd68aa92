package nn

import (
	"fmt"

	"github.com/limpid-ml/limpid/tensor"
)

// Conv1D slides filters over sequences.
//
//	x    [N, T, C]
//	out  [N, T', Out]   T' = (T + 2·Pad − Dilation·(Kernel−1) − 1)/Stride + 1, rounded down
//
// With Causal it pads the past alone, by Dilation·(Kernel−1) zeros: a result
// sees its own step and those before it, and with stride 1 T' is T.
//
// Source: van den Oord et al. 2016, "WaveNet", for the causal, dilated form.
type Conv1D struct {
	Out      int
	Kernel   int
	Stride   int // 0: 1
	Pad      int // zeros at each end, or Same
	Dilation int // 0: 1
	Groups   int // 0: 1; C and Out are multiples of it
	Causal   bool
	NoBias   bool
	Act      Act
	Init     Init // of Weight; left out: by Act
	BiasInit Init // left out: Zeros

	Weight Param // [Out, Kernel, C/Groups]; in files [Out, C/Groups, Kernel]
	Bias   Param // [Out]
}

// Forward convolves x.
func (l *Conv1D) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	stay := p.Enter(l)
	if p.build != nil || x.Rank() != 3 {
		l.check(p, x)
	}
	n, t, c, groups := x.Dim(0), x.Dim(1), x.Dim(2), max(l.Groups, 1)
	o := window([2]int{1, l.Kernel}, 1, [2]int{1, l.Stride}, 0, [2]int{0, l.Pad}, 1, [2]int{1, l.Dilation})
	if l.Causal {
		o.PadLeft = o.DilW * (l.Kernel - 1)
	}
	o.Groups = groups
	w := p.Param(&l.Weight, orDefault(l.Init, l.Act), l.Out, l.Kernel, c/groups)
	b := p.bias(&l.Bias, l.NoBias, l.BiasInit, l.Out)
	kind, param := l.Act.split()
	y := engine.Conv(x.Reshape(n, 1, t, c), w.Reshape(l.Out, 1, l.Kernel, c/groups), b, o, kind, param)
	if p.build != nil {
		p.work(n, y.Len(), l.Kernel*c/groups)
	}
	return stay.Return(l.Act.rest(y.Reshape(n, y.Dim(2), l.Out)))
}

func (l *Conv1D) check(p *Pass, x tensor.Tensor) {
	p.sequences("nn.Conv1D", x)
	p.positive("nn.Conv1D", "Out", l.Out)
	p.sliding("nn.Conv1D", [2]int{1, l.Kernel}, [2]int{1, l.Stride}, [2]int{1, l.Dilation}, [2]int{0, l.Pad})
	p.grouped("nn.Conv1D", l.Groups, x.Dim(2), l.Out)
	if l.Causal && l.Pad != 0 {
		fail(&tensor.Error{Op: "nn.Conv1D", Layer: p.label(), Why: fmt.Sprintf("Causal pads by itself, and Pad is %d", l.Pad), Fix: "leave Pad out"})
	}
	l.Weight.filter = true
}

// sequences panics unless x is [N, T, C].
func (p *Pass) sequences(layer string, x tensor.Tensor) {
	if x.Rank() != 3 {
		p.wants(layer, x, "three axes: [N, T, C]")
	}
}

// MaxPool1D takes the largest value of each window of a sequence.
//
//	x    [N, T, C]
//	out  [N, T', C]   T' = (T + 2·Pad − Size)/Stride + 1, rounded down, or up with Ceil
//
// With To the result has that many steps, whatever T is.
type MaxPool1D struct {
	Size   int
	Stride int // 0: Size
	Pad    int // at each end, or Same
	Ceil   bool
	To     int // steps of the result
}

// Forward pools x.
func (l *MaxPool1D) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	stay := p.Enter(l)
	return stay.Return(p.pool1D("nn.MaxPool1D", x, pool1D{l.Size, l.Stride, l.Pad, l.To, l.Ceil, false, false}))
}

// AvgPool1D takes the mean of each window of a sequence; sizes as
// [MaxPool1D]'s.
type AvgPool1D struct {
	Size   int
	Stride int // 0: Size
	Pad    int // at each end, or Same
	Ceil   bool
	To     int // steps of the result
	// SkipPad leaves padding out of the mean. Otherwise it counts as zeros.
	SkipPad bool
}

// Forward pools x.
func (l *AvgPool1D) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	stay := p.Enter(l)
	return stay.Return(p.pool1D("nn.AvgPool1D", x, pool1D{l.Size, l.Stride, l.Pad, l.To, l.Ceil, true, l.SkipPad}))
}

// pool1D is a pooling over time.
type pool1D struct {
	size, stride, pad, to int
	ceil, avg, skip       bool
}

// pool1D pools x as images of one row.
func (p *Pass) pool1D(layer string, x tensor.Tensor, o pool1D) tensor.Tensor {
	p.sequences(layer, x)
	n, t, c := x.Dim(0), x.Dim(1), x.Dim(2)
	row := x.Reshape(n, 1, t, c)
	if o.to != 0 {
		return p.adaptive(layer, row, [2]int{1, o.to}, o.avg).Reshape(n, o.to, c)
	}
	w := p.pooling(layer, [2]int{1, o.size}, [2]int{1, o.stride}, [2]int{0, o.pad}, o.ceil)
	w.Avg, w.CountPad = o.avg, !o.skip
	y := engine.Pool(row, w)
	return y.Reshape(n, y.Dim(2), c)
}
